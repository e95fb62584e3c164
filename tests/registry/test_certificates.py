"""What was erased of a person is proved, and the proof tells nobody whose it was."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path

import pytest
from docx import Document
from sqlmodel import Session, col, select

from registry import audit, certificates, erasing, files, people
from registry.certificates import Certificate
from registry.database import Database
from registry.notices import put_text
from registry.tables import (
    Agency,
    AuditEvent,
    CalendarFeed,
    Contact,
    Inbound,
    Objection,
    Person,
    Question,
    Ranking,
    Subscription,
    Upload,
)
from registry.types import InboundState, NoticeKind, Role
from reports.papers.body import Office
from reports.papers.certificate_word import write_certificate
from reports.render import Renderer
from tests.fakes.databases import fresh

NOW = datetime(2027, 1, 5, 1, 30, tzinfo=UTC)
NAME = "Vũ Thị Lan"
TRACES = (NAME, "501", "tin riêng", "bao cao rieng", "Thị")


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = fresh(tmp_path)
    database.write_now(_lived, tmp_path / "files")
    yield database
    database.close()


def _lived(session: Session, folder: Path) -> None:
    """Somebody who left a trace in every place there is."""
    agency = Agency(name="Sở Y tế", key="so y te", created_at=NOW)
    lan, minh = Person(name=NAME, created_at=NOW), Person(name="Phan Minh", created_at=NOW)
    session.add_all([agency, lan, minh])
    session.flush()
    mine = Contact(person_id=lan.id, channel="telegram", address="501", title=NAME, created_at=NOW)
    group = Contact(channel="telegram", address="-7", chat_kind="group", created_at=NOW)
    ranking = Ranking(period="2026-Q4", preview_on=date(2027, 1, 4), publish_on=date(2027, 1, 8),
                      created_at=NOW)  # fmt: skip
    session.add_all([mine, group, ranking])
    session.flush()
    held = Subscription(key=f"p{lan.id}|{agency.id}|focal", person_id=lan.id, agency_id=agency.id,
                        role=Role.FOCAL, since=NOW)  # fmt: skip
    session.add_all([
        held,
        Question(contact_id=mine.id, sender="501", kind="which", expires_at=NOW),
        Question(contact_id=group.id, sender="501", kind="which", expires_at=NOW),
        Question(contact_id=group.id, sender="502", kind="which", expires_at=NOW),
        Inbound(channel="telegram", update_key="1", sender="501", raw='{"text": "tin riêng"}',
                received_at=NOW, state=InboundState.HANDLED, handled_at=NOW),
        Upload(contact_id=mine.id, person_id=lan.id, name="bao cao rieng.docx", text="tin riêng",
               at=NOW, next_at=NOW),
        CalendarFeed(token_hash="x", person_id=lan.id, created_at=NOW),  # noqa: S106 -- no secret
        Objection(ranking_id=ranking.id, agency_id=agency.id, person_id=lan.id, at=NOW,
                  text=f"Chưa đúng số liệu. {NAME} đề nghị xem lại, Thị trấn vẫn thiếu"),
        Objection(ranking_id=ranking.id, agency_id=agency.id, person_id=minh.id, at=NOW,
                  text=f"Như ý kiến của {NAME}"),
    ])  # fmt: skip
    files.keep(session, folder, f"{NAME}.pdf", b"x" * 777, "application/pdf", NOW, days=None,
               person_id=lan.id)  # fmt: skip
    audit.record(session, NOW, "ranking.objected", str(ranking.id), lan.id, NAME)
    put_text(session, NoticeKind.ALERT, "a", f"{NAME} đã nêu ý kiến", NOW, contact_id=group.id)


def erased(db: Database, **more: object) -> Certificate:
    def now(session: Session) -> Certificate:
        contact = people.find_contact(session, "telegram", "501")
        assert contact is not None
        made = erasing.erase(session, contact, NOW, **more)  # type: ignore[arg-type]
        erasing.finish_erasing(session, NOW + erasing.LONGEST_WAIT)
        return made

    return db.write_now(now)


def test_every_place_is_counted_and_named(db: Database) -> None:
    made = erased(db, in_backups=date(2027, 7, 11))
    assert made.rows == {
        "auditevent": 1, "calendarfeed": 1, "contact": 1, "inbound": 1, "notice": 1,
        "objection": 2, "person": 1, "question": 2, "storedfile": 1, "subscription": 1, "upload": 1,
    }  # fmt: skip
    assert made.files == ((1, 777),)
    assert made.remains["objection"] == 1
    said = Renderer(None).render("replies/erasure", made=made).plain
    parts = (
        "2 câu trợ lý đang hỏi",
        "1 tệp đã gửi kèm",
        "số 1 (777 byte)",
        "08 giờ 30 ngày 05/01/2027",
        "chính người có dữ liệu",
        "11/7/2027",
        made.digest,
    )
    for words in parts:
        assert words in said, said
    assert "không kèm tên: " in said


def test_no_certificate_says_whose_it_is(db: Database) -> None:
    made = erased(db, by="desk", order="Đơn ngày 04/01/2027")
    renderer = Renderer(None)
    paper = Document(BytesIO(write_certificate(made, Office("Ban Chỉ đạo"), renderer)))
    written = "\n".join(each.text for each in paper.paragraphs)
    assert made.digest in written
    assert "Đơn ngày 04/01/2027" in written
    told = (written, renderer.render("replies/erasure", made=made).plain,
            renderer.render("replies/xoadulieu_done", made=made).plain,
            *db.read_now(lambda s: [row.data for row in s.exec(select(AuditEvent))]))  # fmt: skip
    for text in told:
        assert not [word for word in TRACES if word in text], text


def test_what_agencies_objected_stays_without_the_name(db: Database) -> None:
    erased(db)
    texts = db.read_now(lambda s: s.exec(select(Objection.text).order_by(col(Objection.id))).all())
    assert texts == [
        "Chưa đúng số liệu. (đã xóa) đề nghị xem lại, Thị trấn vẫn thiếu",
        "Như ý kiến của (đã xóa)",
    ]
    kept = db.read_now(lambda s: s.exec(select(Question.sender)).all())
    assert kept == ["502"], "what somebody else was asked in the group"


def test_a_certificate_is_found_again_and_one_that_was_changed_is_not(db: Database) -> None:
    made = erased(db, order="Đơn ngày 04/01/2027", in_backups=date(2027, 7, 11))
    for code in (made.code, made.digest, f" {made.code.upper()} "):
        assert db.read_now(certificates.find, code) == made
    for code in ("", made.code[:8], "0" * 16, "%" * 16, made.code[:-1] + "g"):
        assert db.read_now(certificates.find, code) is None
    assert db.read_now(audit.verify).broken is None

    def forge(session: Session) -> None:
        event = session.exec(select(AuditEvent).where(AuditEvent.what == certificates.EVENT)).one()
        event.data = event.data.replace("777", "7")
        session.add(event)

    db.write_now(forge)
    assert db.read_now(certificates.find, made.code) is None


def test_a_group_has_one_too(db: Database) -> None:
    def group(session: Session) -> Certificate:
        contact = people.find_contact(session, "telegram", "-7")
        assert contact is not None
        return erasing.erase(session, contact, NOW)

    made = db.write_now(group)
    assert (made.subject, made.rows) == ("contact:2", {"contact": 1, "question": 2})
    assert "cuộc trò chuyện mã 2" in Renderer(None).render("replies/erasure", made=made).plain


def test_every_place_has_words(db: Database) -> None:
    """Nothing that erasing counts is left out of what is said of it."""
    made = erased(db)
    places = {"attempt", "extension", "obstacle", "completion", "admission", *made.rows}
    whole = replace(made, rows=dict.fromkeys(sorted(places), 41), remains={})
    said = Renderer(None).render("replies/erasure", made=whole).plain
    assert said.count("41") == len(places) - 1, "all but the person's own name are counted"
