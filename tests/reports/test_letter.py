"""The urging letter: what it lists, its words, and its form as a file."""

import io
import os
from dataclasses import replace
from datetime import date, datetime, time
from pathlib import Path

import pytest
from docx import Document
from docx.enum.section import WD_ORIENT
from sqlmodel import Session

from deadlines.calendar import WorkCalendar
from registry.clock import moment_of
from registry.types import DutyKind, DutyState, NoticeKind, NoticeState, Role
from reports.papers.body import Office, Paragraph
from reports.papers.letter import Letter, body_of, file_name, load_letter, table_of, to_contract
from reports.papers.letter_word import write_letter
from reports.render import Renderer
from tests.reports.build import Builder

NOW = moment_of(date(2027, 9, 20), time(10, 30))
OFFICE = Office(
    "Ban Chỉ đạo chuyển đổi số tỉnh Hải Lam", "Sở Khoa học và Công nghệ", "UBND tỉnh Hải Lam",
    "Hải Lam",
)  # fmt: skip
GOLDEN = Path(__file__).parent / "golden_papers" / "letter.txt"


def at(day: date) -> datetime:
    return moment_of(day, time(8))


@pytest.fixture
def letter(session: Session, build: Builder, calendar: WorkCalendar) -> Letter:
    agency, other = build.agency("Sở <Y tế> & Dược"), build.agency("Sở Nội vụ")
    focal, _ = build.focal(agency)
    member = build.subscription(agency, person_id=build.person("Bí thư").id, role=Role.MEMBER)
    plan = build.directive("106/KH-BCĐ", issued_on=date(2027, 2, 5))
    task = build.task(plan, agency, title="Báo cáo quý III [khẩn] <b>", ordinal="2")
    late = build.duty(task, agency, date(2027, 8, 31), number=118)
    build.duty(task, agency, date(2027, 9, 15), number=119, first_due_on=date(2027, 9, 1))
    build.duty(task, agency, date(2027, 9, 20), number=120)
    build.duty(task, agency, date(2027, 9, 10), number=121, kind=DutyKind.UPDATE)
    build.duty(task, agency, date(2027, 9, 11), number=122, state=DutyState.DONE)
    build.duty(task, other, date(2027, 9, 11), number=123)
    for day in (date(2027, 9, 6), date(2027, 9, 1), date(2027, 9, 13)):
        build.notice(late, focal, at(day), kind=NoticeKind.URGE, state=NoticeState.SENT)
    doubt = at(date(2027, 9, 15))
    build.notice(late, focal, doubt, kind=NoticeKind.URGE, state=NoticeState.UNCERTAIN)
    # Word to the member in charge is no urge of the agency.
    build.notice(late, member, doubt, kind=NoticeKind.URGE, state=NoticeState.SENT)
    build.obstacle(late, "thiếu kinh phí", at(date(2027, 9, 2)))
    return load_letter(session, agency.id or 0, NOW, calendar)


def _words(letter: Letter, renderer: Renderer) -> str:
    lines = []
    for block in body_of(letter, OFFICE, renderer):
        if isinstance(block, Paragraph):
            lines.append(block.text)
        else:
            lines.extend(" | ".join(row) for row in (block.head, *block.rows))
    return "\n".join(lines) + "\n"


def test_it_lists_what_is_overdue_with_the_day_of_each_urge(letter: Letter) -> None:
    assert [facts.number for facts in letter.duties] == [118, 119]
    rows = to_contract(letter)["duties"]
    assert rows[0]["urged_on"] == ["2027-09-01", "2027-09-06", "2027-09-13"]
    assert rows[1]["urged_on"] == []
    assert letter.most_urged == 3
    assert file_name(letter) == "Dự thảo công văn đôn đốc Sở <Y tế> & Dược 20.9.2027.docx"


def test_words_are_the_golden_ones(letter: Letter, renderer: Renderer) -> None:
    said = _words(letter, renderer)
    if os.environ.get("DONDOC_GOLDEN"):
        GOLDEN.write_text(said, encoding="utf-8")
    assert GOLDEN.read_text(encoding="utf-8") == said


def test_the_form_of_a_letter(letter: Letter, renderer: Renderer) -> None:
    document = Document(io.BytesIO(write_letter(letter, OFFICE, renderer)))
    head = [p.text for cell in document.tables[0].rows[0].cells for p in cell.paragraphs]
    assert head[:2] == ["UBND TỈNH HẢI LAM", "SỞ KHOA HỌC VÀ CÔNG NGHỆ"]
    assert "V/v đôn đốc nhiệm vụ quá hạn" in head
    assert "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM" in head
    said = [p.text for p in document.paragraphs]
    assert "Kính gửi: Sở <Y tế> & Dược." in said
    assert not any("BÁO CÁO" in line for line in said), "a letter has no title"
    table = document.tables[1]
    assert table.rows[1].cells[1].text == "Báo cáo quý III [khẩn] <b> (số 118)"
    assert table.rows[1].cells[5].text.replace("\xa0", " ") == (
        "Lần 1: 01/9/2027; Lần 2: 06/9/2027; Lần 3: 13/9/2027"
    )
    assert "gia hạn từ 01/9/2027" in table.rows[2].cells[3].text
    foot = [p.text for cell in document.tables[-1].rows[0].cells for p in cell.paragraphs]
    assert foot[0] == "Nơi nhận:"
    assert len(document.sections) == 1


def test_a_long_list_is_an_annex(letter: Letter, renderer: Renderer) -> None:
    many = replace(letter, duties=letter.duties * 6)
    document = Document(io.BytesIO(write_letter(many, Office("Ban Chỉ đạo"), renderer)))
    assert [s.orientation for s in document.sections] == [WD_ORIENT.PORTRAIT, WD_ORIENT.LANDSCAPE]
    assert any("Phụ lục kèm theo" in p.text for p in document.paragraphs)
    assert len(document.tables[-1].rows) == 13
    assert any("[tên cơ quan ban hành]" in p.text for p in document.paragraphs)


def test_nothing_overdue_lists_nothing(session: Session, calendar: WorkCalendar) -> None:
    agency = Builder(session).agency()
    empty = load_letter(session, agency.id or 0, NOW, calendar)
    assert empty.duties == ()
    assert table_of(empty).rows == ()
