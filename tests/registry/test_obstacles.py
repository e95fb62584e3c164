"""Difficulties: taken, answered, raised again, overdue; what they are about."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session, select

from registry import duties, erasing, obstacles
from registry.clock import local_day
from registry.database import Database
from registry.people import Actor, Refused
from registry.tables import Contact, Duty, Extension, Obstacle
from registry.themes import THEMES, theme_for, theme_in, theme_named, theme_of
from registry.types import DutyState, Role
from tests.fakes.databases import fresh
from tests.reports.build import Builder

NOW = datetime(2027, 1, 12, 2, tzinfo=UTC)
DAY = timedelta(days=1)
DUE = date(2027, 1, 19)
LAN = Actor(1, "Lan", ((Role.FOCAL, 1),))
THAO = Actor(2, "Thảo", ((Role.STAFF, None),))


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = fresh(tmp_path)
    database.write_now(_one)
    yield database
    database.close()


def _one(session: Session) -> None:
    build = Builder(session, NOW - 7 * DAY)
    agency = build.agency()
    _subscription, contact = build.focal(agency, "Nguyễn Thị Lan")
    build.person("Đỗ Thị Thảo")
    duty = build.duty(build.task(build.directive(), agency), agency, date(2027, 2, 15))
    raised = duties.hinder(session, duty, LAN, "Nguyễn Thị Lan báo: thiếu kinh phí", NOW)
    obstacles.begin(session, raised, DUE)
    build.extension(duty, contact, date(2027, 3, 1), NOW, reason="Nguyễn Thị Lan nghỉ phép")


def the_one(session: Session) -> Obstacle:
    found = obstacles.find(session, 1)
    assert found is not None
    return found


def answer(db: Database, words: str, now: datetime = NOW) -> None:
    db.write_now(lambda s: obstacles.answer(s, the_one(s), THAO, words, now))


def test_taken_answered_and_raised_again(db: Database) -> None:
    assert db.write_now(lambda s: obstacles.take(s, the_one(s), THAO, NOW))
    assert not db.write_now(lambda s: obstacles.take(s, the_one(s), THAO, NOW))
    answer(db, "Đã bố trí")
    with pytest.raises(Refused):
        answer(db, "Lần nữa")
    db.write_now(lambda s: obstacles.raise_again(s, the_one(s), LAN, "chưa về", DUE + 7 * DAY, NOW))
    answer(db, "Đã chuyển tiền", NOW + DAY)
    found = db.read_now(lambda s: the_one(s).model_dump())
    days = [local_day(moment) for moment in (NOW, NOW + DAY)]
    first, second = (f"{day.day}/{day.month}/{day.year}" for day in days)
    assert found["resolution"] == f"Ngày {first}: Đã bố trí\nNgày {second}: Đã chuyển tiền"
    assert found["text"].endswith(f"\nNgày {first}: chưa về")
    assert found["closed_at"] == NOW + DAY
    assert found["owner_id"] == found["answered_by"] == THAO.person_id


def test_raised_again_only_where_it_was_answered_and_the_duty_is_open(db: Database) -> None:
    with pytest.raises(Refused, match="đang được xử lý"):
        db.write_now(lambda s: obstacles.raise_again(s, the_one(s), LAN, "", None, NOW))
    answer(db, "Đã bố trí")
    db.write_now(lambda s: setattr(s.get_one(Duty, 1), "state", DutyState.DONE))
    with pytest.raises(Refused, match="không còn mở"):
        db.write_now(lambda s: obstacles.raise_again(s, the_one(s), LAN, "", None, NOW))


def test_an_answer_owed_is_told_of_once_a_week(db: Database) -> None:
    def told(day: int) -> int:
        now = NOW + day * DAY
        return len(db.write_now(lambda s: obstacles.overdue(s, now)))

    last = (DUE - local_day(NOW)).days
    assert [told(n) for n in (last, last + 1, last + 2, last + 7, last + 8)] == [0, 1, 0, 0, 1]
    answer(db, "Xong")
    assert told(last + 30) == 0


def test_names_go_from_free_words_with_the_person(db: Database) -> None:
    def erase(session: Session) -> None:
        contact = session.exec(select(Contact).where(Contact.person_id == 1)).one()
        erasing.erase(session, contact, NOW)

    db.write_now(erase)
    texts = db.read_now(lambda s: (the_one(s).text, s.exec(select(Extension.reason)).one()))
    assert texts == ("(đã xóa) báo: thiếu kinh phí", "(đã xóa) nghỉ phép")


@pytest.mark.parametrize(
    ("text", "theme"),
    [
        ("chưa có kinh phí thuê đơn vị", "kinh phí"),
        ("thiếu người, cán bộ kiêm nhiệm", "nhân lực"),
        ("phần mềm không kết nối được", "hạ tầng, kết nối"),
        ("chưa có số liệu của xã", "dữ liệu"),
        ("chưa có văn bản hướng dẫn của bộ", "văn bản hướng dẫn"),
        ("các sở chưa gửi ý kiến phối hợp", "phối hợp"),
        ("đấu thầu gói thầu số 2 chưa xong", "đấu thầu, mua sắm"),
        ("trời mưa", "khác"),
        ("", "khác"),
        ("CHUA CO KINH PHI", "kinh phí"),
    ],
)
def test_themes_by_words(text: str, theme: str) -> None:
    assert theme_in(text).name == theme


def test_themes_by_name() -> None:
    for theme in THEMES:
        assert theme_named(theme.name) is theme
        assert theme_of(theme.key) is theme
    assert theme_named("mua sắm") is theme_named("đấu thầu")
    assert theme_named("linh tinh") is None
    assert theme_for("", "thiếu kinh phí").key == "money"
    assert theme_for("data", "thiếu kinh phí").key == "data"


@given(st.text())
def test_any_text_has_a_theme(text: str) -> None:
    assert theme_in(text) in THEMES


@pytest.mark.parametrize(
    ("flat", "number"), [("vm5", 5), ("vm 5", 5), ("vm-12", 12), ("5", None), ("vm", None)]
)
def test_numbers_of_their_own(flat: str, number: int | None) -> None:
    assert obstacles.number_in(flat) == number
