"""The drafts as an Excel sheet: out, corrected by a person, and back onto the source."""

import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from intake.draft_sheet import read_sheet, write_sheet
from intake.errors import IntakeError
from intake.importing import ImportOrder, draft_of, import_agencies
from intake.papers import read_pasted
from intake.source import Source, read_source, source_of
from registry.agencies import Directory
from registry.database import Database

DATA = Path(__file__).parent / "data"
NOW = datetime(2026, 1, 6, 2, tzinfo=UTC)
TODAY = date(2026, 1, 6)
ORDER = ImportOrder("12/KH-BCĐ", date(2026, 1, 5))
FILES = sorted(
    path
    for path in (DATA / "directives").iterdir()
    if path.suffix in {".txt", ".md", ".pdf", ".docx", ".xlsx"}
)
TEXT = """Số: 5/TB-UBND
Hà Tĩnh, ngày 05 tháng 01 năm 2026
THÔNG BÁO
Kết luận cuộc họp
1. Sở Y tế rà soát quy chế, báo cáo trước ngày 01/4/2026. Sở Tài chính bố trí kinh phí; Sở Nội vụ \
hướng dẫn các đơn vị, hoàn thành trong tháng 5/2026.
2. Giao Sở Ngoại vụ xây dựng kế hoạch đón khách.
"""


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'test.db'}")
    database.migrate(NOW)
    import_agencies(database, DATA / "co-quan.csv", NOW)
    yield database
    database.close()


def _source(db: Database, text: str = TEXT) -> Source:
    directory = db.read_now(Directory.on, TODAY)
    return source_of(read_pasted(text), "kết luận.txt", directory, TODAY)


def _sheet(db: Database, source: Source) -> bytes:
    return write_sheet(draft_of(db, source, ORDER), source)


def _edited(data: bytes, edit: Callable[[Any], None]) -> bytes:
    book = load_workbook(io.BytesIO(data))
    edit(book.active)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _columns(sheet: Any) -> dict[str, int]:
    return {cell.value: cell.column for cell in sheet[3]}


def _set(line: int, **cells: object) -> Callable[[Any], None]:
    names = {
        "key": "Mã",
        "title": "Nội dung nhiệm vụ",
        "deadline": "Thời hạn",
        "lead": "Cơ quan chủ trì",
        "send_to": "Nơi nhận báo cáo",
    }

    def edit(sheet: Any) -> None:
        columns = _columns(sheet)
        for name, value in cells.items():
            sheet.cell(line, columns[names[name]]).value = value

    return edit


@pytest.mark.parametrize("path", [*FILES, DATA / "ke-hoach.csv"], ids=lambda path: path.name)
def test_there_and_back_changes_nothing(db: Database, path: Path) -> None:
    source = read_source(path, db.read_now(Directory.on, TODAY), TODAY)
    data = _sheet(db, source)
    assert read_sheet(data, source) is source
    # Also after Excel, or a program like it, wrote the file again.
    assert read_sheet(_edited(data, lambda _sheet: None), source) is source


def test_what_a_person_sees(db: Database) -> None:
    source = _source(db)
    book = load_workbook(io.BytesIO(_sheet(db, source)))
    sheet: Any = book.active
    columns = _columns(sheet)
    rows = {
        name: [sheet.cell(line, at).value for line in (4, 5, 6, 7)] for name, at in columns.items()
    }
    assert rows["Cơ quan chủ trì"] == ["Sở Y tế", "Sở Tài chính", "Sở Nội vụ", "Sở Ngoại vụ"]
    assert rows["Được hiểu là"][0] == "trước ngày 01/4/2026: 31/03/2026"
    assert rows["Câu gốc"][0] == "Sở Y tế rà soát quy chế, báo cáo trước ngày 01/4/2026."
    assert rows["Dòng"] == ["5", "5", "5", "6"]
    assert "Phải sửa: không nhận ra cơ quan thực hiện “Sở Ngoại vụ”" in rows["Lưu ý"][3]
    assert sheet.freeze_panes == "E4"
    assert sheet.auto_filter.ref == "A3:L7"
    assert sheet.cell(4, 4).alignment.wrap_text
    assert len(set(rows["Mã"])) == 4


def test_corrections_come_back(db: Database) -> None:
    source = _source(db)

    def edit(sheet: Any) -> None:
        _set(4, deadline=date(2026, 4, 15), lead="Sở Y tế; Sở Tài chính")(sheet)
        _set(8, title="Tổng hợp chung", deadline="31/5/2026", lead="Sở Y tế")(sheet)
        sheet.delete_rows(5)

    read = read_sheet(_edited(_sheet(db, source), edit), source)
    told = [(row.where, row.title[:14], row.deadline, row.lead) for row in read.rows]
    first, _dropped, third, fourth = source.rows
    assert told == [
        (first.where, first.title[:14], "15/4/2026", "Sở Y tế; Sở Tài chính"),
        (third.where, third.title[:14], third.deadline, third.lead),
        (fourth.where, fourth.title[:14], fourth.deadline, fourth.lead),
        ("bổ sung", "Tổng hợp chung", "31/5/2026", "Sở Y tế"),
    ]
    assert read.rows[1] == third
    # A second round begins where the first ended.
    assert read_sheet(_sheet(db, read), read) is read


def test_sorting_keeps_every_row_its_own(db: Database) -> None:
    source = _source(db)

    def edit(sheet: Any) -> None:
        rows = [[cell.value for cell in row] for row in sheet.iter_rows(4, 7)]
        for line, row in enumerate(reversed(rows), start=4):
            for place, value in enumerate(row, start=1):
                sheet.cell(line, place).value = value

    assert read_sheet(_edited(_sheet(db, source), edit), source) is source


def test_a_copied_row_is_a_new_task(db: Database) -> None:
    source = _source(db)

    def edit(sheet: Any) -> None:
        for place in range(1, 13):
            sheet.cell(8, place).value = sheet.cell(7, place).value
        _set(8, lead="Sở Y tế")(sheet)

    read = read_sheet(_edited(_sheet(db, source), edit), source)
    assert [row.lead for row in read.rows[3:]] == ["Sở Ngoại vụ", "Sở Y tế"]
    assert read.rows[4].where == "bổ sung"


def test_what_is_left_out_of_the_sheet_stays_as_it_was(db: Database) -> None:
    source = _source(db)

    def edit(sheet: Any) -> None:
        sheet.delete_cols(_columns(sheet)["Nơi nhận báo cáo"])
        sheet.delete_cols(_columns(sheet)["Câu gốc"])

    assert read_sheet(_edited(_sheet(db, source), edit), source) is source


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (_set(5, title=None), "Dòng 5: thiếu nội dung nhiệm vụ"),
        (_set(8, lead="Sở Y tế"), "Dòng 8: thiếu nội dung nhiệm vụ"),
        (_set(6, key="N0"), "Dòng 6: mã “N0” không có trong văn bản này"),
        (_set(5, title="a" * 5000), "Dòng 5: nội dung nhiệm vụ dài hơn"),
        (_set(5, deadline="=TODAY()"), "Dòng 5: Ô chứa công thức chưa có kết quả"),
        (lambda sheet: sheet.delete_rows(4, 9), "Bảng không còn nhiệm vụ nào"),
        (lambda sheet: sheet.delete_cols(1), "thiếu cột “Mã”"),
    ],
)
def test_nonsense_is_refused_with_its_row(
    db: Database, edit: Callable[[Any], None], message: str
) -> None:
    source = _source(db)
    with pytest.raises(IntakeError) as refused:
        read_sheet(_edited(_sheet(db, source), edit), source)
    assert message in str(refused.value)


def test_a_sheet_of_another_directive_is_refused(db: Database) -> None:
    other = _source(db, TEXT.replace("Sở Y tế rà soát", "Sở Y tế xây dựng"))
    with pytest.raises(IntakeError, match="không có trong văn bản này"):
        read_sheet(_sheet(db, other), _source(db))


@pytest.mark.parametrize("data", [b"", b"PK", b"abc", b"%PDF-1.4"])
def test_no_sheet_at_all(db: Database, data: bytes) -> None:
    with pytest.raises(IntakeError):
        read_sheet(data, _source(db))


def test_a_workbook_without_tasks(db: Database) -> None:
    out = io.BytesIO()
    Workbook().save(out)
    with pytest.raises(IntakeError):
        read_sheet(out.getvalue(), _source(db))


@pytest.mark.parametrize("words", ["=1+1", "+84 gọi", "@SUM(A1)", "-2 việc", '=HYPERLINK("x")'])
def test_words_are_never_formulas(db: Database, words: str) -> None:
    source = _source(db)
    changed = source.with_rows([replace(source.rows[0], title=words)])
    data = _sheet(db, changed)
    sheet: Any = load_workbook(io.BytesIO(data)).active
    cell = sheet.cell(4, 4)
    assert (cell.data_type, cell.value, bool(cell.quotePrefix)) == ("s", words, True)
    assert read_sheet(data, changed) is changed
