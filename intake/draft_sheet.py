"""The drafts of a directive as an Excel sheet for a person to correct, and back again.

A row is known by its key, made of what a person does not change (its line and sentence), so rows
may be sorted, dropped and added in between.
"""

import hashlib
import io
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from deadlines import describe
from intake.columns import Column
from intake.drafts import Draft, DraftTask
from intake.errors import IntakeError
from intake.grid import Row, tidy
from intake.sheets import Table, find_table
from intake.source import Source
from intake.task_rows import TaskRow
from intake.xlsx_files import read_xlsx

ADDED = "bổ sung"
SHEET = "Nhiệm vụ dự thảo"
# The longest text a cell of Excel holds, with room for what it adds.
_MOST_LETTERS = 32_000
_LONGEST_TITLE = 4_000
_MOST_ADDED = 500
_DAYS_SHOWN = 4
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


@dataclass(frozen=True)
class _Shown:
    """One column: its header, its width in letters, and the field of a row it is read back to
    ("" for what a person only reads)."""

    header: str
    width: int
    field: str = ""


_COLUMNS = (
    _Shown("Mã", 11, "key"),
    _Shown("Dòng", 7),
    _Shown("Mục", 10),
    _Shown("Nội dung nhiệm vụ", 52, "title"),
    _Shown("Sản phẩm", 24, "deliverable"),
    _Shown("Thời hạn", 24, "deadline"),
    _Shown("Được hiểu là", 26),
    _Shown("Cơ quan chủ trì", 28, "lead"),
    _Shown("Cơ quan phối hợp", 28, "coordinate"),
    _Shown("Nơi nhận báo cáo", 24, "send_to"),
    _Shown("Câu gốc", 52),
    _Shown("Lưu ý", 40),
)
_NEEDED = frozenset({"key", "title"})
_READ = tuple(
    Column(one.field, one.header, (one.header,), required=one.field in _NEEDED)
    for one in _COLUMNS
    if one.field
)
_EDITED = tuple(one.field for one in _READ if one.field != "key")
_GUIDE = (
    "Sửa trực tiếp các ô nền trắng; xoá cả dòng để bỏ nhiệm vụ; thêm dòng mới (để trống cột Mã) "
    "để bổ sung nhiệm vụ. Không sửa cột Mã. Nhiều cơ quan trong một ô cách nhau bằng dấu chấm phẩy."
)
_ANOTHER = (
    "mã “{key}” không có trong văn bản này: bảng của văn bản khác hoặc đã cũ; "
    "hãy xuất lại bảng rồi sửa"
)


# --- Out ------------------------------------------------------------------------------------------


def write_sheet(draft: Draft, source: Source) -> bytes:
    """An .xlsx of the drafts, one row for each row of the source. `draft` is that of `source`."""
    from openpyxl import Workbook  # noqa: PLC0415 -- heavy, as in intake.xlsx_files

    book = Workbook()
    sheet: Any = book.active
    sheet.title = SHEET
    sheet.append([])
    sheet.append([])
    header = [one.header for one in _COLUMNS]
    header[1] = source.unit.capitalize()
    _put(sheet, 1, [f"Nhiệm vụ dự thảo từ tệp {source.file}"])
    _put(sheet, 2, [_GUIDE])
    _put(sheet, 3, header)
    tasks = {task.place: task for task in draft.tasks}
    told = defaultdict(list)
    for problem in draft.problems:
        told[problem.line].append(problem)
    for place, (key, row) in enumerate(zip(keys(source.rows), source.rows, strict=True)):
        task = tasks.get(place)
        notes = task.messages if task else told[row.line]
        words = [f"{'Phải sửa' if one.blocking else 'Lưu ý'}: {one.message}" for one in notes]
        _put(sheet, place + 4, _cells(key, row, task, words))
    _dress(sheet, len(source.rows) + 3)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _cells(key: str, row: TaskRow, task: DraftTask | None, notes: list[str]) -> list[str]:
    return [
        key,
        str(row.line) if row.line else "",
        row.where,
        row.title,
        row.deliverable,
        row.deadline,
        _understood(task) if task else "",
        row.lead,
        row.coordinate,
        row.send_to,
        row.source,
        "\n".join(notes),
    ]


def _understood(task: DraftTask) -> str:
    """How a deadline is read, with its next days."""
    rule = task.reading.rule
    days = task.reading.due[:_DAYS_SHOWN]
    shown = ", ".join(f"{day:%d/%m/%Y}" for day in days)
    more = ", …" if len(task.reading.due) > len(days) else ""
    words = describe(rule) if rule is not None else task.reading.explain
    return f"{words}: {shown}{more}" if shown else words


def _put(sheet: Any, line: int, values: Sequence[str]) -> None:
    """Write cells as text: what begins with "=" or "+" is no formula here."""
    for place, value in enumerate(values, start=1):
        cell = sheet.cell(line, place)
        cell.value = _fitting(value)
        cell.data_type = "s"
        cell.quotePrefix = value[:1] in {"=", "+", "-", "@"}


def _fitting(text: str) -> str:
    return _UNPRINTABLE.sub("", text)[:_MOST_LETTERS]


def _dress(sheet: Any, last: int) -> None:
    from openpyxl.styles import Alignment, Border, Font, PatternFill, Side  # noqa: PLC0415
    from openpyxl.utils import get_column_letter  # noqa: PLC0415

    thin = Side(style="thin", color="BFBFBF")
    edge = Border(left=thin, right=thin, top=thin, bottom=thin)
    head, fixed = PatternFill("solid", fgColor="D9E2F3"), PatternFill("solid", fgColor="F2F2F2")
    for place, column in enumerate(_COLUMNS, start=1):
        sheet.column_dimensions[get_column_letter(place)].width = column.width
        edited = column.field in _EDITED
        for line in range(3, last + 1):
            cell = sheet.cell(line, place)
            quoted = cell.quotePrefix
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            cell.border = edge
            if line == 3:
                cell.font, cell.fill = Font(bold=True), head
            elif not edited:
                cell.fill = fixed
            cell.quotePrefix = quoted
    sheet["A1"].font = Font(bold=True, size=13)
    sheet["A2"].font = Font(italic=True)
    sheet.freeze_panes = "E4"
    sheet.auto_filter.ref = f"A3:{get_column_letter(len(_COLUMNS))}{max(last, 4)}"
    sheet.print_title_rows = "3:3"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True


def keys(rows: Sequence[TaskRow]) -> list[str]:
    """A short key for each row, of what nobody edits. Rows of one sentence also say how many they
    are, so that a sheet older than a dropped row is recognised."""
    digests = [_digest(row) for row in rows]
    many = Counter(digests)
    met: Counter[str] = Counter()
    found: list[str] = []
    for digest in digests:
        met[digest] += 1
        of = f"-{met[digest]}/{many[digest]}" if many[digest] > 1 else ""
        found.append(f"{digest}{of}")
    return found


def _digest(row: TaskRow) -> str:
    told = "\n".join((str(row.line), row.where, row.section, row.ordinal, row.source))
    # With a letter in front no spreadsheet takes it for a number or a day.
    return f"N{hashlib.sha256(told.encode()).hexdigest()[:8]}"


# --- Back -----------------------------------------------------------------------------------------


def read_sheet(data: bytes, source: Source) -> Source:
    """The source as a person corrected it: cells changed, rows gone, rows added behind the others.

    Raises IntakeError, with the row of the sheet, for what cannot be meant.
    """
    table = find_table(read_xlsx(data), _READ)
    old = dict(zip(keys(source.rows), source.rows, strict=True))
    kept: dict[str, TaskRow] = {}
    added: list[TaskRow] = []
    for row in table.rows:
        cells = dict(_edited(table, row))
        key = "".join(table.cell(row, "key").split())
        if key and key not in old:
            raise IntakeError(_ANOTHER.format(key=key), row.line)
        if not any(cells.values()):
            continue
        _check(cells, row.line)
        if key and key not in kept:
            kept[key] = _changed(old[key], cells)
        else:
            # A copied row is a new task until its words say otherwise.
            added.append(_new(cells))
    if len(added) > _MOST_ADDED:
        raise IntakeError(f"Bảng thêm hơn {_MOST_ADDED} dòng; hãy kiểm tra lại bảng.")
    if not kept and not added:
        raise IntakeError("Bảng không còn nhiệm vụ nào; hãy giữ lại ít nhất một dòng.")
    rows = (*(kept[key] for key in old if key in kept), *added)
    if rows == source.rows:
        return source
    return replace(source, rows=rows, names=_named(source, rows))


def _edited(table: Table, row: Row) -> Iterator[tuple[str, str]]:
    """The cells of the columns that are still there, by field."""
    for field in _EDITED:
        if field in table.header.places:
            yield field, table.cell(row, field)


def _check(cells: dict[str, str], line: int) -> None:
    title = cells.get("title", "")
    if not title.strip(" -.…"):
        raise IntakeError(
            "thiếu nội dung nhiệm vụ; hãy ghi nội dung, hoặc xoá cả dòng để bỏ nhiệm vụ", line
        )
    if len(title) > _LONGEST_TITLE:
        raise IntakeError(f"nội dung nhiệm vụ dài hơn {_LONGEST_TITLE} chữ; hãy rút gọn", line)


def _changed(row: TaskRow, cells: dict[str, str]) -> TaskRow:
    """The row with what differs from what was shown; the rest keeps its very letters."""
    new: dict[str, Any] = {
        field: _one_line(field, cell)
        for field, cell in cells.items()
        if tidy(_fitting(getattr(row, field))) != cell
    }
    return replace(row, **new)


def _new(cells: dict[str, str]) -> TaskRow:
    blank = TaskRow(0, "", "", ADDED, "", "", "", "", "", "")
    new: dict[str, Any] = {field: _one_line(field, cell) for field, cell in cells.items()}
    return replace(blank, **new)


def _one_line(field: str, cell: str) -> str:
    """Only cells of names may hold line breaks: they part names there."""
    return cell if field in {"lead", "coordinate", "send_to"} else " ".join(cell.split())


def _named(source: Source, rows: Sequence[TaskRow]) -> tuple[str, ...]:
    """Every name written, with those a person added."""
    cells = (cell for row in rows for cell in (row.lead, row.coordinate, row.send_to) if cell)
    return tuple(dict.fromkeys((*source.names, *cells)))
