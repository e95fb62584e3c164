"""The papers as files: their form, their words, and that the sheet counts what the report says."""

import io
import os
import re
import shutil
import subprocess
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from docx import Document
from docx.enum.section import WD_ORIENT
from docx.oxml.ns import qn

from deadlines.periods import Period, Unit
from registry.types import DutyKind, DutyState
from reports.papers.body import Office, Paragraph, Table, body_of, title_of
from reports.papers.contract import to_contract
from reports.papers.load import load_report
from reports.papers.model import FIGURES as FIGURE_NAMES
from reports.papers.model import Line, PeriodReport
from reports.papers.sheet import (
    BY_AGENCY,
    BY_DIRECTIVE,
    DATA,
    FIGURES,
    HEAD_ROW,
    SUMMARY,
    write_xlsx,
)
from reports.papers.word import write_docx
from reports.render import Renderer
from tests.reports.build import Builder
from tests.reports.papers_scene import NOW, OFFICE, QUARTER, TODAY, report

GOLDEN = Path(__file__).parent / "golden_papers" / "report.txt"
SOFFICE = shutil.which("soffice")


@pytest.fixture
def quarter(build: Builder) -> PeriodReport:
    return report(build)


@pytest.fixture
def empty(build: Builder) -> PeriodReport:
    return load_report(build.session, QUARTER, NOW)


def words_of(blocks: list[Paragraph | Table]) -> str:
    """The body as plain text: paragraphs as they stand, tables with a bar between cells."""
    lines = []
    for block in blocks:
        if isinstance(block, Paragraph):
            lines.append(block.text)
        else:
            lines.extend(" | ".join(row) for row in (block.head, *block.rows))
    return "\n".join(lines) + "\n"


def opened(content: bytes) -> Any:
    return Document(io.BytesIO(content))


def all_text(document: Any) -> str:
    return "\n".join(text_of(node) for node in document.element.body.iter(qn("w:p")))


def text_of(element: Any) -> str:
    return "".join(node.text or "" for node in element.iter(qn("w:t"), qn("w:instrText")))


# -- words ----------------------------------------------------------------------------------------


def test_the_body_is_the_golden_one(quarter: PeriodReport, renderer: Renderer) -> None:
    text = words_of(body_of(quarter, OFFICE, renderer))
    if os.environ.get("DONDOC_GOLDEN"):
        GOLDEN.write_text(text, encoding="utf-8")
    assert GOLDEN.read_text(encoding="utf-8") == text


def test_a_quarter_without_anything_says_so(empty: PeriodReport, renderer: Renderer) -> None:
    text = words_of(body_of(empty, OFFICE, renderer))
    assert "Trong kỳ không có đầu việc nào đến hạn." in text
    assert "Không có nhiệm vụ nào chưa triển khai (0/0 (–))" in text
    assert write_docx(empty, Office("Ban Chỉ đạo"), renderer)
    assert write_xlsx(empty, Office("Ban Chỉ đạo"))


def test_nothing_is_invented(quarter: PeriodReport, renderer: Renderer) -> None:
    """Without settings every unknown is a bracket; assessment and proposals always are."""
    text = all_text(opened(write_docx(quarter, Office("Ban Chỉ đạo"), renderer)))
    for prompt in ("[TÊN CƠ QUAN CHỦ QUẢN]", "[TÊN CƠ QUAN BAN HÀNH]", "[địa danh]",
                   "[tên cơ quan, người nhận báo cáo]", "[Họ và tên người ký]"):  # fmt: skip
        assert prompt in text
    assert len(re.findall(r"\[Người soạn thảo ghi: ", text)) == 3


@pytest.mark.parametrize(
    ("period", "words"),
    [
        (Period(Unit.MONTH, 2027, 9), "tháng 9 năm 2027"),
        (Period(Unit.HALF, 2027, 2), "6 tháng cuối năm 2027"),
        (Period(Unit.NINE, 2027), "9 tháng đầu năm 2027"),
        (Period(Unit.YEAR, 2027), "năm 2027"),
    ],
)
def test_every_kind_of_period_has_its_name(
    build: Builder, renderer: Renderer, period: Period, words: str
) -> None:
    found = load_report(build.session, period, NOW)
    assert title_of(found, OFFICE).endswith(words)
    nine = ", áp dụng mốc chốt theo Điều 12" in words_of(body_of(found, OFFICE, renderer))
    assert nine == (period.unit is Unit.NINE), "the decree names no nine months"


# -- .docx ----------------------------------------------------------------------------------------


def test_page_and_type_are_those_of_the_decree(quarter: PeriodReport, renderer: Renderer) -> None:
    document = opened(write_docx(quarter, OFFICE, renderer))
    page, annex = document.sections
    assert (round(page.page_width.mm), round(page.page_height.mm)) == (210, 297)
    assert 20 <= round(page.top_margin.mm) <= 25
    assert 20 <= round(page.bottom_margin.mm) <= 25
    assert 30 <= round(page.left_margin.mm) <= 35
    assert 15 <= round(page.right_margin.mm) <= 20
    assert annex.orientation == WD_ORIENT.LANDSCAPE
    assert (round(annex.page_width.mm), round(annex.page_height.mm)) == (297, 210)
    normal = document.styles["Normal"]
    assert normal.font.name == "Times New Roman"
    assert 13 <= normal.font.size.pt <= 14
    assert normal.element.rPr.rFonts.get(qn("w:eastAsia")) == "Times New Roman"


def test_pages_are_numbered_on_top_but_for_the_first(
    quarter: PeriodReport, renderer: Renderer
) -> None:
    document = opened(write_docx(quarter, OFFICE, renderer))
    for section in document.sections:
        assert section.different_first_page_header_footer
        assert "PAGE" in text_of(section.header._element)
        assert not text_of(section.first_page_header._element)
    assert document.sections[0].header.paragraphs[0].alignment == 1
    annex = document.sections[1]._sectPr.find(qn("w:pgNumType"))
    assert annex.get(qn("w:start")) == "1", "an annex counts its own pages"


def test_letterhead_and_foot(quarter: PeriodReport, renderer: Renderer) -> None:
    document = opened(write_docx(quarter, OFFICE, renderer))
    left, right = document.tables[0].rows[0].cells
    assert [p.text for p in left.paragraphs if p.text] == [
        "UBND TỈNH NAM LĨNH", "SỞ KHOA HỌC VÀ CÔNG NGHỆ", "Số:      /BC-…", "DỰ THẢO",
    ]  # fmt: skip
    motto = right.paragraphs
    assert motto[0].text == "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"
    assert motto[1].text == "Độc lập - Tự do - Hạnh phúc"
    assert all(run.bold for paragraph in motto[:2] for run in paragraph.runs)
    assert 12 <= motto[0].runs[0].font.size.pt <= 13
    assert 13 <= motto[1].runs[0].font.size.pt <= 14
    place = right.paragraphs[-1]
    assert place.text == "Nam Lĩnh, ngày      tháng      năm 2027"
    assert all(run.italic for run in place.runs)
    foot = document.tables[-2].rows[0].cells
    assert foot[0].text.startswith("Nơi nhận:\n- Như trên;")
    assert "kính báo cáo./." in all_text(document)
    assert document.core_properties.title.startswith("Kết quả thực hiện nhiệm vụ")


def test_the_annex_lists_every_duty(quarter: PeriodReport, renderer: Renderer) -> None:
    document = opened(write_docx(quarter, OFFICE, renderer))
    annex = document.tables[-1]
    cells = [
        [text_of(cell) for cell in row.findall(qn("w:tc"))]
        for row in annex._tbl.findall(qn("w:tr"))
    ]
    listed = {int(row[1]) for row in cells[1:] if len(row) > 1}
    assert listed == {line.number for line in (*quarter.lines, *quarter.carried)}
    assert annex._tbl.findall(qn("w:tr"))[0].find(qn("w:trPr")).find(qn("w:tblHeader")) is not None
    hostile = next(row for row in cells if "<b>Tân Lập</b>" in " ".join(row))
    assert "UBND xã <b>Tân Lập</b> & Phú" in hostile


def line(number: int, **more: Any) -> Line:
    known: dict[str, Any] = {
        "id": number, "number": number, "kind": DutyKind.DEADLINE, "task_id": number % 500,
        "title": f"Nhiệm vụ {number} về chuyển đổi số trên địa bàn tỉnh", "section": "",
        "ordinal": "", "directive_id": number % 40, "directive": f"Kế hoạch số {number % 40}",
        "agency_id": number % 60, "agency": f"Cơ quan {number % 60}", "period": "",
        "due_on": TODAY, "first_due_on": TODAY, "state": DutyState.OPEN, "done_on": None,
        "reacted": False, "reports": True, "late_days": 0, "due_soon": True,
    }  # fmt: skip
    return Line(**known | more)


def test_thousands_of_duties_are_written(empty: PeriodReport, renderer: Renderer) -> None:
    big = replace(empty, lines=tuple(line(n) for n in range(101, 3101)))
    assert len(opened(write_docx(big, OFFICE, renderer)).tables[-1]._tbl.tr_lst) == 3041
    write_xlsx(big, OFFICE)


def test_control_characters_and_books_do_no_harm(empty: PeriodReport, renderer: Renderer) -> None:
    nasty = line(
        7, title="a\x00\x0b\ud800 b" * 30_000, agency="\x1b[31m\u202eđỏ]]>", section="\x07"
    )
    found = replace(empty, lines=(nasty,))
    assert opened(write_docx(found, OFFICE, renderer))
    assert openpyxl.load_workbook(io.BytesIO(write_xlsx(found, OFFICE)))


# -- .xlsx ----------------------------------------------------------------------------------------


def test_the_sheet_holds_data_as_data(quarter: PeriodReport) -> None:
    book = openpyxl.load_workbook(io.BytesIO(write_xlsx(quarter, OFFICE)))
    assert book.sheetnames == [SUMMARY, BY_AGENCY, BY_DIRECTIVE, DATA]
    sheet = book[DATA]
    rows = {row[1].value: row for row in sheet.iter_rows(min_row=HEAD_ROW + 1)}
    assert set(rows) == {each.number for each in (*quarter.lines, *quarter.carried)}
    assert all(row[6].is_date for row in rows.values()), "dates are dates"
    assert sheet.auto_filter.ref == f"A{HEAD_ROW}:P{HEAD_ROW + len(rows)}"
    assert sheet.freeze_panes == f"D{HEAD_ROW + 1}"
    for each in book.worksheets:
        assert (each.page_setup.orientation, each.page_setup.paperSize) == ("landscape", 9)
        assert each.sheet_properties.pageSetUpPr.fitToPage
        assert each.page_setup.fitToWidth == 1
    assert sheet.print_title_rows == f"${HEAD_ROW}:${HEAD_ROW}"
    marked = [rule.formula[0] for area in sheet.conditional_formatting for rule in area.rules]
    assert {'"Quá hạn"', '"Sắp đến hạn"', '"Không"'} <= set(marked)


def test_text_is_never_a_formula(quarter: PeriodReport) -> None:
    book = openpyxl.load_workbook(io.BytesIO(write_xlsx(quarter, OFFICE)))
    risky = [cell for row in book[DATA].iter_rows() for cell in row
             if isinstance(cell.value, str) and cell.value.startswith("=")]  # fmt: skip
    assert risky, "the scene has a title that begins like a formula"
    assert all(cell.data_type == "s" and cell.quotePrefix for cell in risky)
    formulas = [
        cell
        for name in (SUMMARY, BY_AGENCY, BY_DIRECTIVE)
        for row in book[name].iter_rows()
        for cell in row
        if cell.data_type == "f"
    ]
    assert sum("COUNTIFS" in cell.value for cell in formulas) > 100


def test_hostile_names_do_not_reach_a_formula(empty: PeriodReport) -> None:
    """COUNTIFS reads *, ? and <> in a name as patterns, so formulas count by codes."""
    names = ["*", "<>", "=1+1", '"),1)', "Sở ~?"]
    lines = tuple(line(n, agency=name, agency_id=n) for n, name in enumerate(names, start=1))
    book = openpyxl.load_workbook(io.BytesIO(write_xlsx(replace(empty, lines=lines), OFFICE)))
    for row in book[BY_AGENCY].iter_rows(min_row=HEAD_ROW + 1):
        for cell in row:
            if cell.data_type == "f":
                assert not any(name in str(cell.value) for name in names[2:])


def recalculated(content: bytes, folder: Path) -> Any:
    """The workbook as LibreOffice computes it."""
    (folder / "a.xlsx").write_bytes(content)
    made = folder / "out"
    subprocess.run(
        [SOFFICE or "soffice", f"-env:UserInstallation=file://{folder}/profile", "--headless",
         "--convert-to", "xlsx", "--outdir", str(made), str(folder / "a.xlsx")],
        capture_output=True, timeout=100, check=False,
    )  # fmt: skip
    if not (made / "a.xlsx").exists():
        pytest.skip("this LibreOffice has no spreadsheets")
    return openpyxl.load_workbook(made / "a.xlsx", data_only=True)


def cells_of(sheet: Any) -> list[list[Any]]:
    rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=HEAD_ROW + 1)]
    return [row for row in rows if any(value is not None for value in row)]


@pytest.mark.skipif(SOFFICE is None, reason="needs LibreOffice")
def test_the_formulas_count_what_the_report_says(quarter: PeriodReport, tmp_path: Path) -> None:
    book = recalculated(write_xlsx(quarter, OFFICE), tmp_path)
    totals = quarter.totals
    summary = {row[0]: row[1:3] for row in cells_of(book[SUMMARY])}
    for (head, _), name in zip(FIGURES, FIGURE_ORDER, strict=True):
        assert summary[head][0] == len(totals[name]), head
    for head, rate in (
        ("Tỷ lệ hoàn thành", totals.completion_rate),
        ("Tỷ lệ cập nhật", totals.update_rate),
    ):
        assert summary[head] == [rate.part, rate.whole]
    overdue = sum(each.is_open for each in quarter.carried)
    assert summary["Kỳ trước chuyển sang, còn quá hạn"] == [overdue, len(quarter.carried)]
    sums = [len(totals[name]) for name in FIGURE_ORDER]
    for sheet, rows in ((BY_AGENCY, quarter.agencies), (BY_DIRECTIVE, quarter.directives)):
        table = cells_of(book[sheet])
        assert [row[1] for row in table] == [*(row.name for row in rows), "Tổng cộng"]
        for row, cells in zip(rows, table, strict=False):
            counted = [len(row.figures[name]) for name in FIGURE_ORDER]
            assert cells[2 : 2 + len(counted)] == counted
        assert table[-1][2 : 2 + len(sums)] == sums


FIGURE_ORDER = (
    "total", "done_on_time", "done_late", "open", "overdue", "due_soon", "not_started",
    "submitted", "updates", "updated",
)  # fmt: skip


# -- JSON -----------------------------------------------------------------------------------------


def test_the_contract_unfolds_to_duties(quarter: PeriodReport) -> None:
    data = to_contract(quarter)
    assert data["period"] == "2027-Q3"
    assert data["data_window"] == ["2027-06-15", "2027-09-14"]
    for name in FIGURE_NAMES:
        assert data["totals"][name] == len(data["duties"][name]) == len(quarter.totals[name])
    assert data["not_started_tasks"] == {"part": 2, "whole": 4}
    assert data["completion_rate"] == {"part": 5, "whole": 15}
    assert {row["agency"] for row in data["not_reported"]} == {row.agency for row in quarter.silent}
    assert data["today"] == date(2027, 9, 24).isoformat()
