"""Files as they come: programs, encodings, merged cells, damage, and marks of secrecy."""

import zipfile
from datetime import date, datetime, time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from intake.columns import AGENCY_COLUMNS, TASK_COLUMNS, read_header
from intake.csv_files import read_csv
from intake.errors import IntakeError
from intake.secrecy import secrecy_mark
from intake.sheets import MAX_BYTES, Table, read_table
from intake.task_rows import TaskRow, task_rows
from intake.xlsx_files import read_xlsx
from tests.intake.variants import DATA, VARIANTS, as_csv, records, workbook

HEADER = ["TT", "Nhiệm vụ", "Thời hạn", "Cơ quan chủ trì"]


def _read(tmp_path: Path, content: bytes, ending: str = ".csv") -> Table:
    path = tmp_path / f"bang{ending}"
    path.write_bytes(content)
    return read_table(path, TASK_COLUMNS)


def _facts(rows: list[TaskRow]) -> list[tuple[str, ...]]:
    return [
        (row.where, row.section, row.title, row.deadline, row.lead, row.coordinate, row.send_to)
        for row in rows
    ]


@pytest.mark.parametrize("name", VARIANTS)
def test_the_same_table_in_any_dress(tmp_path: Path, name: str) -> None:
    ending, content = VARIANTS[name]
    expected = task_rows(read_table(DATA / "ke-hoach.csv", TASK_COLUMNS))
    found = task_rows(_read(tmp_path, content(), ending))
    assert _facts(found) == _facts(expected)
    assert [row.where for row in found] == ["I.1", "I.2", "II.1", "II.2", "II.3"]
    assert found[0].section == "I. THỂ CHẾ SỐ"


def test_lines_are_those_of_the_file(tmp_path: Path) -> None:
    rows = [HEADER, ["1", "một\nhai\nba", "Tháng 1", "Sở A"], [], ["2", "bốn", "Tháng 2", "Sở A"]]
    assert [row.line for row in task_rows(_read(tmp_path, as_csv(rows).encode()))] == [2, 6]


@pytest.mark.parametrize(
    ("ordinals", "sections"),
    [
        ("I 1* 2* II 1*", ["I x", "I x", "II x"]),
        ("I A 1* B 1* II 1*", ["I x / A x", "I x / B x", "II x"]),
        ("A I 1* II 1* B I 1*", ["A x / I x", "A x / II x", "B x / I x"]),
        ("1 1.1* 1.2* 2 2.1*", ["1 x", "1 x", "2 x"]),
        ("A 1* B 1* C 1* D 1*", ["A x", "B x", "C x", "D x"]),
        ("H 1* I 1*", ["H x", "I x"]),
    ],
)
def test_sections_nest_as_they_first_appear(
    tmp_path: Path, ordinals: str, sections: list[str]
) -> None:
    """A star marks the rows that order something."""
    rows = [
        [one[:-1], "x", "Tháng 1", "Sở A"] if one.endswith("*") else [one, "x", "", ""]
        for one in ordinals.split()
    ]
    found = task_rows(_read(tmp_path, as_csv([HEADER, *rows]).encode()))
    assert [row.section for row in found] == sections


def test_a_header_repeated_on_each_page_and_column_numbers_are_no_tasks(tmp_path: Path) -> None:
    task = ["1", "Việc", "Tháng 1", "Sở A"]
    rows = [HEADER, ["(1)", "(2)", "(3)", "(4)"], task, HEADER, ["2", *task[1:]]]
    found = task_rows(_read(tmp_path, as_csv(rows).encode()))
    assert [row.ordinal for row in found] == ["1", "2"]


def test_a_header_of_two_rows(tmp_path: Path) -> None:
    rows = [
        ["STT", "Nhiệm vụ", "Thời gian", "", "Cơ quan", ""],
        ["", "", "Bắt đầu", "Kết thúc", "Chủ trì", "Phối hợp"],
        ["1", "Việc", "1/5/2026", "30/6/2026", "Sở A", "Sở B"],
    ]
    (task,) = task_rows(_read(tmp_path, as_csv(rows).encode()))
    assert (task.line, task.deadline, task.lead, task.coordinate) == (
        3,
        "30/6/2026",
        "Sở A",
        "Sở B",
    )


@pytest.mark.parametrize(
    ("cells", "places"),
    [
        ("Mục|TT|Nhiệm vụ|Kết quả thực hiện|Thời gian hoàn thành|Cơ quan thực hiện",
         "section ordinal title deliverable deadline lead"),
        ("stt|noi dung|dau ra|tien do|don vi chu tri|phoi hop",
         "ordinal title deliverable deadline lead coordinate"),
        ("STT|Nội dung công việc|Sản phẩm|Thời gian thực hiện|Cơ quan, đơn vị chủ trì|Nơi nhận",
         "ordinal title deliverable deadline lead send_to"),
        ("TT|Nhiệm vụ trọng tâm|Sản phẩm dự kiến|Hạn nộp (ngày)|Chủ trì tham mưu|Cùng phối hợp",
         "ordinal title deliverable deadline lead coordinate"),
    ],
)  # fmt: skip
def test_headers_in_many_words(cells: str, places: str) -> None:
    header = read_header(cells.split("|"), TASK_COLUMNS)
    assert sorted(header.places, key=lambda field: header.places[field]) == places.split()
    assert header.ignored == ()


def test_of_two_headers_that_say_the_same_the_clearer_is_taken() -> None:
    cells = ["Nhiệm vụ", "Tiến độ", "Thời gian hoàn thành", "Cơ quan thực hiện", "Cơ quan chủ trì"]
    header = read_header(cells, TASK_COLUMNS)
    assert (header.places["deadline"], header.places["lead"]) == (2, 4)
    assert {left for left, _used in header.ignored} == {"Tiến độ", "Cơ quan thực hiện"}


def test_headers_of_the_list_of_agencies() -> None:
    header = read_header(["Khối", "CAP", "ten co quan", "Tên viết tắt"], AGENCY_COLUMNS)
    assert header.places == {"groups": 0, "level": 1, "name": 2, "aliases": 3}


# --- Workbooks -----------------------------------------------------------------------------------


def _fill(rows: list[list[object]], *merges: str) -> bytes:
    def fill(book: Workbook) -> None:
        sheet = book.active
        assert sheet is not None
        for row in rows:
            sheet.append(row)
        for merge in merges:
            sheet.merge_cells(merge)

    return workbook(fill)


def test_merged_cells_hold_for_every_row_they_span(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        list(HEADER),
        [1, "Việc một", "Tháng 6", "Sở A"],
        [2, "Việc hai", None, None],
        [3, "Việc ba", "Tháng 7", None],
    ]
    found = task_rows(_read(tmp_path, _fill(rows, "C2:C3", "D2:D4"), ".xlsx"))
    assert [(row.deadline, row.lead) for row in found] == [
        ("Tháng 6", "Sở A"),
        ("Tháng 6", "Sở A"),
        ("Tháng 7", "Sở A"),
    ]


def test_days_and_numbers_of_a_workbook_read_as_people_see_them(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        list(HEADER),
        [1.0, "a", date(2026, 6, 30), "Sở A"],
        [2, "b", datetime.combine(date(2026, 6, 30), time(16, 30)), "Sở A"],
    ]
    found = task_rows(_read(tmp_path, _fill(rows), ".xlsx"))
    assert [(row.ordinal, row.deadline) for row in found] == [
        ("1", "30/6/2026"),
        ("2", "16:30 ngày 30/6/2026"),
    ]


def test_a_formula_that_was_never_calculated_is_told(tmp_path: Path) -> None:
    rows: list[list[object]] = [list(HEADER), [1, "=A1&B1", "Tháng 6", "Sở A"]]
    with pytest.raises(IntakeError, match=r"^Dòng 2: .*công thức"):
        _read(tmp_path, _fill(rows), ".xlsx")


def test_a_formula_in_a_text_file_is_plain_text(tmp_path: Path) -> None:
    rows = [HEADER, ["1", '=HYPERLINK("x")', "Tháng 6", "Sở A"]]
    assert task_rows(_read(tmp_path, as_csv(rows).encode()))[0].title == '=HYPERLINK("x")'


def test_the_first_sheet_that_is_shown_and_has_a_header(tmp_path: Path) -> None:
    def fill(book: Workbook) -> None:
        first = book.active
        assert first is not None
        first.append(HEADER)
        first.append([1, "ẩn", "Tháng 1", "Sở A"])
        first.sheet_state = "hidden"
        book.create_sheet("Bìa").append(["KẾ HOẠCH"])
        second = book.create_sheet("Phụ lục")
        second.append(HEADER)
        second.append([1, "hiện", "Tháng 1", "Sở A"])

    assert [row.title for row in task_rows(_read(tmp_path, workbook(fill), ".xlsx"))] == ["hiện"]


def test_a_cell_far_below_does_not_matter(tmp_path: Path) -> None:
    def fill(book: Workbook) -> None:
        sheet = book.active
        assert sheet is not None
        sheet.append(HEADER)
        sheet.append([1, "a", "Tháng 1", "Sở A"])
        sheet["A90000"] = " "

    assert len(task_rows(_read(tmp_path, workbook(fill), ".xlsx"))) == 1


# --- What is refused -----------------------------------------------------------------------------

_TASK_CSV = as_csv(records()).encode()


@pytest.mark.parametrize(
    ("ending", "content", "words"),
    [
        (".pdf", b"%PDF-1.7", "Chưa đọc được loại tệp “.pdf”; đọc được các loại: "),
        (".docx", b"PK\x03\x04", "Chưa đọc được"),
        ("", b"x", "vì tên không có đuôi"),
        (".csv", b"", "không có dữ liệu"),
        (".csv", b"\r\n \r\n", "không có dữ liệu"),
        (".csv", b"\xef\xbb\xbf", "không có dữ liệu"),
        (".csv", b"PK\x03\x04\x00\x00", "không phải tệp chữ"),
        (".csv", b"\x00\x01\x02" * 50, "Không đọc được"),
        (".csv", b'a,"' + b"x" * 200_000, "Không đọc được"),
        (".csv", "một,hai\nba,bốn\n".encode(), "Không tìm thấy dòng tiêu đề"),
        (".csv", "TT,Nhiệm vụ,Thời hạn\n1,a,b\n".encode(), "thiếu cột “Cơ quan thực hiện”"),
        (".csv", ("x\n" * 40).encode() + _TASK_CSV, "Không tìm thấy dòng tiêu đề trong 30 dòng"),
        (".xlsx", b"PK\x03\x04 broken", "Không đọc được tệp .xlsx"),
        (".xlsx", _TASK_CSV, "Không đọc được tệp .xlsx"),
        (".xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "kiểu cũ"),
        (
            ".xlsx",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
            "mật khẩu",
        ),
        (".xlsx", _fill([]), "không có dữ liệu"),
        (".csv", b"x" * (MAX_BYTES + 1), "lớn hơn 20 MB"),
        (".csv", b"a,b\n" * 20_001, "hơn 20000 dòng"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_line(
    tmp_path: Path, ending: str, content: bytes, words: str
) -> None:
    with pytest.raises(IntakeError) as refusal:
        _read(tmp_path, content, ending)
    assert words in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(IntakeError, match="Không mở được"):
        read_table(tmp_path / "khong-co.csv", TASK_COLUMNS)


def test_a_workbook_without_its_parts_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w") as package:
        package.writestr("xl/workbook.xml", "<broken")
    with pytest.raises(IntakeError, match="Không đọc được"):
        read_table(path, TASK_COLUMNS)


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for number in range(4):
            package.writestr(f"xl/{number}.xml", bytes(100 * 1024 * 1024))
    with pytest.raises(IntakeError, match="quá nhiều dữ liệu"):
        read_table(path, TASK_COLUMNS)


@given(st.binary(max_size=400))
def test_any_bytes_give_a_table_or_a_refusal(content: bytes) -> None:
    for reader in (read_csv, read_xlsx):
        try:
            reader(content)
        except IntakeError as refusal:
            assert refusal.message  # noqa: PT017 -- either outcome is right


# --- Secrecy -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "MẬT",
        "TỐI MẬT",
        "Tuyệt mật.",
        "[MẬT]",
        "Độ mật: Mật",
        "ĐỘ MẬT: TỐI MẬT",
        "MẬT Số: 12/KH-BCĐ",
        "Phụ lục (MẬT)",
        "Tài liệu TUYỆT MẬT của tỉnh",
        "M\u00e2\u0323t",
        "dòng đầu\nMẬT\ndòng cuối",
    ],
)
def test_secrecy_marks(line: str) -> None:
    assert secrecy_mark(line) is not None


@pytest.mark.parametrize(
    "line",
    [
        "cảnh báo lỗ hổng bảo mật",
        "BẢO MẬT THÔNG TIN",
        "CÔNG TÁC BẢO VỆ BÍ MẬT NHÀ NƯỚC",
        "Bảo vệ bí mật nhà nước",
        "mật độ dân số",
        "MẬT ĐỘ DÂN SỐ",
        "Mật khẩu",
        "văn bản mật không gửi qua mạng",
        "trừ các văn bản mật",
        "",
    ],
)
def test_words_that_only_speak_of_secrecy(line: str) -> None:
    assert secrecy_mark(line) is None


@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
def test_a_marked_file_is_refused_wherever_the_mark_stands(tmp_path: Path, ending: str) -> None:
    rows = [["TUYỆT MẬT"], HEADER, ["1", "a", "Tháng 1", "Sở A"]]
    content = as_csv(rows).encode() if ending == ".csv" else _fill([list(row) for row in rows])
    with pytest.raises(IntakeError, match="độ mật"):
        _read(tmp_path, content, ending)
    path = tmp_path / "ke hoach (MẬT).csv"
    path.write_bytes(_TASK_CSV)
    with pytest.raises(IntakeError, match="độ mật"):
        read_table(path, TASK_COLUMNS)
