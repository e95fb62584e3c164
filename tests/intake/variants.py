"""The example table as other offices would send it: other programs, encodings and habits."""

import csv
import io
import unicodedata
from collections.abc import Callable
from pathlib import Path

from openpyxl import Workbook

DATA = Path(__file__).parent / "data"
_TONES = "\u0300\u0301\u0303\u0309\u0323"


def records(name: str = "ke-hoach.csv") -> list[list[str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def as_csv(rows: list[list[str]], delimiter: str = ",") -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return text.getvalue()


def windows_1258(text: str) -> bytes:
    """As Excel on an old Vietnamese Windows writes it: tone marks behind their letters."""
    found = []
    for letter in unicodedata.normalize("NFC", text):
        parts = unicodedata.normalize("NFD", letter)
        tones = "".join(one for one in parts if one in _TONES)
        rest = "".join(one for one in parts if one not in _TONES)
        found.append(unicodedata.normalize("NFC", rest) + tones)
    return "".join(found).encode("cp1258")


def workbook(fill: Callable[[Workbook], None]) -> bytes:
    book = Workbook()
    fill(book)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _letterhead(rows: list[list[str]]) -> list[list[str]]:
    return [
        ["UBND TỈNH MINH GIANG", "", "", "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"],
        ["BAN CHỈ ĐẠO CHUYỂN ĐỔI SỐ"],
        [],
        ["PHỤ LỤC NHIỆM VỤ (kèm theo Kế hoạch số 12/KH-BCĐ)"],
        [],
        *rows,
    ]


def _shuffled(rows: list[list[str]]) -> list[list[str]]:
    width = len(rows[0])
    order = [5, 4, 2, 3, 7, 6, 1, 0]
    return [[(row + [""] * width)[place] for place in order] for row in rows]


def _shouted(rows: list[list[str]]) -> list[list[str]]:
    left = "MỤC|STT|NOI DUNG NHIEM VU|Sản phẩm đầu ra"
    right = "THỜI HẠN\n(dự kiến)|Đơn vị chủ trì|PHỐI HỢP|Nơi nhận"
    return [f"{left}|{right}".split("|"), *rows[1:]]


def _merged_sections(book: Workbook) -> None:
    """Section rows merged across the table, a section column dropped, days as real dates."""
    sheet = book.active
    assert sheet is not None
    book.create_sheet("Ghi chú").append(["không có bảng nào ở đây"])
    for row in _letterhead([records()[0][1:]]):
        sheet.append(row)
    for row in records()[1:]:
        if row[0]:
            sheet.append([row[0]])
            line = sheet.max_row
            sheet.merge_cells(start_row=line, end_row=line, start_column=1, end_column=7)
        else:
            sheet.append([int(row[1]), *row[2:]])


VARIANTS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "utf-8": (".csv", lambda: as_csv(records()).encode()),
    "utf-8 with a mark": (".csv", lambda: as_csv(records()).encode("utf-8-sig")),
    "utf-16": (".csv", lambda: as_csv(records(), "\t").encode("utf-16")),
    "utf-16 without a mark": (".csv", lambda: as_csv(records(), "\t").encode("utf-16-le")),
    "semicolons in Windows-1258": (".csv", lambda: windows_1258(as_csv(records(), ";"))),
    "decomposed letters": (
        ".csv",
        lambda: unicodedata.normalize("NFD", as_csv(records())).encode(),
    ),
    "header in row 6": (".csv", lambda: as_csv(_letterhead(records())).encode()),
    "columns in another order": (".CSV", lambda: as_csv(_shuffled(records())).encode()),
    "other headers": (".csv", lambda: as_csv(_shouted(records())).encode()),
    "unix line ends": (".csv", lambda: as_csv(records()).replace("\r\n", "\n").encode()),
    "workbook": (".xlsx", lambda: workbook(_merged_sections)),
}
