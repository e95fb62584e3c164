"""Tables in Excel workbooks. Read as a stream; merged cells are read beside it, because a merged
agency or deadline holds for every row it spans."""

import io
import re
import warnings
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any
from xml.etree import ElementTree as ET  # nosec B405

from intake.errors import IntakeError
from intake.grid import MAX_ROWS, Grid, Row, check_length, tidy

MAX_UNPACKED = 300 * 1024 * 1024
MAX_COLUMNS = 60

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_MERGE = re.compile(rb'mergeCell\s+ref="([A-Z]+)(\d+):([A-Z]+)(\d+)"')
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_UNREADABLE = "Không đọc được tệp .xlsx (tệp hỏng); hãy mở bằng Excel rồi lưu lại."


def read_xlsx(content: bytes) -> list[Grid]:
    """All sheets of a workbook that are not hidden, in their order."""
    _check(content)
    try:
        merges = _merges(content)
        values = _sheets(content, values=True)
        if _has_formulas(content):
            _check_formulas(values, _sheets(content, values=False))
    except IntakeError:
        raise
    # A damaged workbook fails in openpyxl in any way there is: missing parts, bad XML, bad numbers.
    except Exception as error:
        raise IntakeError(_UNREADABLE) from error
    return [Grid(name, _filled(rows, merges.get(name, []))) for name, rows in values.items()]


def _check(content: bytes) -> None:
    if content.startswith(_OLE):
        if _ENCRYPTED in content:
            raise IntakeError("Tệp đặt mật khẩu; hãy bỏ mật khẩu rồi nhập lại.")
        raise IntakeError("Tệp Excel kiểu cũ (.xls); hãy lưu lại dạng .xlsx.")
    if not zipfile.is_zipfile(io.BytesIO(content)):
        raise IntakeError(_UNREADABLE)
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        entries = package.infolist()
    if any(entry.flag_bits & 1 for entry in entries):
        raise IntakeError("Tệp đặt mật khẩu; hãy bỏ mật khẩu rồi nhập lại.")
    if sum(entry.file_size for entry in entries) > MAX_UNPACKED:
        raise IntakeError("Tệp chứa quá nhiều dữ liệu; hãy chỉ giữ bảng nhiệm vụ.")


_Cells = dict[int, list[str]]


def _sheets(content: bytes, *, values: bool) -> dict[str, _Cells]:
    from openpyxl import load_workbook  # noqa: PLC0415 -- heavy, and a running bot reads no sheets

    with warnings.catch_warnings():
        # openpyxl warns of drawings and extensions it leaves out; none of them is text.
        warnings.simplefilter("ignore")
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=values)
        try:
            shown = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
            return {sheet.title: _cells(sheet) for sheet in shown}
        finally:
            book.close()


def _cells(sheet: Any) -> _Cells:
    # The stored size of a sheet is often wrong; without it openpyxl counts by itself.
    sheet.reset_dimensions()
    rows: _Cells = {}
    for line, values in enumerate(sheet.iter_rows(values_only=True, max_col=MAX_COLUMNS), start=1):
        cells = [tidy(_text(value)) for value in values]
        if any(cells):
            rows[line] = cells
        check_length(len(rows))
    return rows


def _text(value: object) -> str:
    """A cell as a person reads it: days in the Vietnamese order, whole numbers without ".0"."""
    match value:
        case None:
            return ""
        case datetime():
            clock = f"{value:%H:%M} ngày " if value.time() != time() else ""
            return f"{clock}{value.day}/{value.month}/{value.year}"
        case date():
            return f"{value.day}/{value.month}/{value.year}"
        case float() if value.is_integer():
            return str(int(value))
        case _:
            # Excel writes a carriage return within a cell in this way.
            return str(value).replace("_x000D_", "")


def _has_formulas(content: bytes) -> bool:
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        return any(
            re.search(rb"<(?:\w+:)?f[ >]", package.read(name)) is not None
            for name in package.namelist()
            if name.startswith("xl/worksheets/") and name.endswith(".xml")
        )


def _check_formulas(values: dict[str, _Cells], formulas: dict[str, _Cells]) -> None:
    """A formula that was never calculated has no value; its cell must not pass for an empty one."""
    for name, rows in formulas.items():
        for line, cells in rows.items():
            known = values[name].get(line, [])
            for place, cell in enumerate(cells):
                empty = place >= len(known) or not known[place]
                if cell.startswith("=") and empty:
                    raise IntakeError(
                        "Ô chứa công thức chưa có kết quả; hãy mở bằng Excel, lưu lại rồi nhập.",
                        line,
                    )


def _merges(content: bytes) -> dict[str, list[tuple[int, int, int]]]:
    """By sheet: column (from 0), first and last line of each range merged over several lines."""
    from openpyxl.utils import column_index_from_string  # noqa: PLC0415 -- as in _sheets

    with zipfile.ZipFile(io.BytesIO(content)) as package:
        found = {}
        for name, part in _parts(package):
            ranges = _MERGE.findall(package.read(part))
            found[name] = [
                (column_index_from_string(left.decode()) - 1, int(top), int(bottom))
                for left, top, _right, bottom in ranges
                if int(top) < int(bottom)
            ]
    return found


def _parts(package: zipfile.ZipFile) -> Iterator[tuple[str, str]]:
    """The name of each sheet and the file in the package that holds it."""
    links = ET.fromstring(package.read("xl/_rels/workbook.xml.rels"))  # noqa: S314 -- expat itself bounds what entities unfold to  # nosec B314
    targets = {link.get("Id"): link.get("Target", "") for link in links}
    book = ET.fromstring(package.read("xl/workbook.xml"))  # noqa: S314 -- as above  # nosec B314
    for sheet in book.iter():
        target = targets.get(sheet.get(_RELATION))
        if sheet.tag.endswith("}sheet") and target:
            part = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
            if part in package.namelist():
                yield sheet.get("name", ""), part


def _filled(rows: _Cells, merges: list[tuple[int, int, int]]) -> list[Row]:
    """The rows with each merged value repeated on the lines its range spans."""
    for column, top, bottom in merges:
        value = rows.get(top, [])[column : column + 1]
        if not value or not value[0]:
            continue
        for line in range(top + 1, min(bottom, top + MAX_ROWS) + 1):
            if line in rows:
                rows[line].extend([""] * (column + 1 - len(rows[line])))
                rows[line][column] = rows[line][column] or value[0]
    return [Row(line, tuple(cells)) for line, cells in sorted(rows.items())]
