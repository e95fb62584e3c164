"""Tables in files, as rows of text with the line they stand on. READERS says which file endings
are read and by what."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from intake.columns import HEADER_ROWS, Column, Header, listed, read_header
from intake.csv_files import read_csv
from intake.errors import IntakeError, unreadable
from intake.grid import Grid, Row
from intake.secrecy import REFUSED, secrecy_mark
from intake.xlsx_files import read_xlsx

MAX_BYTES = 20 * 1024 * 1024

READERS: dict[str, Callable[[bytes], list[Grid]]] = {
    ".csv": read_csv,
    ".xlsx": read_xlsx,
}


@dataclass(frozen=True)
class Table:
    """The rows below a header, and what the header says."""

    header: Header
    rows: list[Row]

    def cell(self, row: Row, field: str) -> str:
        """The text of a row under a field, "" where the table has no such column."""
        place = self.header.places.get(field)
        return row.cells[place] if place is not None and place < len(row.cells) else ""


def read_table(path: Path, columns: Sequence[Column]) -> Table:
    """The first table of a file whose header names the required columns.

    Raises IntakeError, in one Vietnamese line, for any file that holds none.
    """
    return find_table(read_grids(path), columns)


def read_grids(path: Path) -> list[Grid]:
    """The sheets of a file. Raises IntakeError, in one Vietnamese line."""
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise unreadable(path.name, READERS)
    grids = reader(content_of(path))
    _refuse_secret(path, grids)
    return grids


def find_tables(grids: Sequence[Grid], columns: Sequence[Column]) -> list[tuple[Grid, Table]]:
    """The table of each sheet that has a whole header, at least one; raises as
    :func:`find_table`."""
    whole = [
        grid
        for grid in grids
        if any(not header.missing(columns) for _place, header, _depth in headers(grid, columns))
    ]
    held = whole or list(grids)[:1]
    if not whole:
        return [(held[0] if held else Grid("", []), find_table(grids, columns))]
    return [(grid, find_table([grid], columns)) for grid in held]


def find_table(grids: Sequence[Grid], columns: Sequence[Column]) -> Table:
    """The first grid with a whole header; else an IntakeError that names what is missing."""
    best: tuple[int, int | None, list[str]] = (0, None, [])
    for grid in grids:
        for place, header, depth in headers(grid, columns):
            missing = header.missing(columns)
            if not missing:
                whole, rows = _fuller(grid, columns, place, (header, depth))
                return Table(whole, _below(grid, place, rows))
            if len(header.places) > max(1, best[0]):
                best = (len(header.places), grid.rows[place].line, missing)
    if all(not grid.rows for grid in grids):
        raise IntakeError("Tệp không có dữ liệu; hãy kiểm tra lại tệp đã chọn.")
    required = [one.label for one in columns if one.required]
    if best[1] is None:
        names = "”, “".join(required)
        raise IntakeError(
            f"Không tìm thấy dòng tiêu đề trong {HEADER_ROWS} dòng đầu; cần các cột “{names}”."
        )
    names = "”, “".join(best[2])
    raise IntakeError(f"Dòng tiêu đề thiếu cột “{names}”; hãy thêm cột rồi nhập lại.", best[1])


def _fuller(
    grid: Grid, columns: Sequence[Column], place: int, found: tuple[Header, int]
) -> tuple[Header, int]:
    """A header with the row below it, where the two say more than the one."""
    header, depth = found
    for at, other, deep in headers(grid, columns):
        if at == place and deep > depth and len(other.places) > len(header.places):
            return other, deep
    return found


def _refuse_secret(path: Path, grids: Sequence[Grid]) -> None:
    if secrecy_mark(path.stem):
        raise IntakeError(REFUSED)
    for row in (row for grid in grids for row in grid.rows):
        if any(secrecy_mark(cell) for cell in row.cells if cell):
            raise IntakeError(REFUSED, row.line)


def content_of(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise IntakeError(
                f"Tệp lớn hơn {MAX_BYTES // 1024 // 1024} MB; hãy chia nhỏ hoặc bỏ hình ảnh."
            )
        content = path.read_bytes()
    except OSError as error:
        raise IntakeError(
            f"Không mở được tệp “{path.name}”; hãy kiểm tra đường dẫn và quyền đọc."
        ) from error
    if not content.strip():
        raise IntakeError("Tệp không có dữ liệu; hãy kiểm tra lại tệp đã chọn.")
    return content


def headers(grid: Grid, columns: Sequence[Column]) -> Iterator[tuple[int, Header, int]]:
    """Each of the first rows as a header, alone and with the row below it: where it stands, what it
    says, how many rows it takes."""
    rows = grid.rows[:HEADER_ROWS]
    for place, row in enumerate(rows):
        header = read_header(row.cells, columns)
        yield place, header, 1
        if place + 1 < len(rows) and header.places and _stands_over(header, row, rows[place + 1]):
            yield place, read_header(_stacked(row, rows[place + 1], columns), columns), 2


def _stands_over(header: Header, upper: Row, lower: Row) -> bool:
    """Whether the row below may be the second of the header: a task has a title of its own."""
    title = header.places.get("title", header.places.get("name"))
    below = lower.cells[title] if title is not None and title < len(lower.cells) else ""
    return title is None or below in {"", upper.cells[title]}


def _stacked(upper: Row, lower: Row, columns: Sequence[Column]) -> list[str]:
    """Two rows of one header, where "Cơ quan" stands over "Chủ trì" and "Phối hợp", or "Thời gian"
    over "Bắt đầu" and "Hoàn thành"."""
    found: list[str] = []
    over = ""
    for above, below in zip_longest(upper.cells, lower.cells, fillvalue=""):
        # Merged across, the upper cell holds for those on its right.
        over = above or (over if below else "")
        alone = not over or not below or below == over or listed(below, columns)
        found.append((below or over) if alone else f"{over} {below}")
    return found


def _below(grid: Grid, place: int, depth: int) -> list[Row]:
    """The rows under the header, without blank ones, the header again (it is repeated on each
    printed page) and a line that only numbers the columns."""
    headers = [row.cells for row in grid.rows[place : place + depth]]
    rows = [
        row for row in grid.rows[place + depth :] if any(row.cells) and row.cells not in headers
    ]
    return rows[1:] if rows and numbers_columns(rows[0]) else rows


def numbers_columns(row: Row) -> bool:
    marks = [cell.strip("() ") for cell in row.cells if cell]
    numbers = [mark for mark in marks if mark.isdigit() or (len(mark) == 1 and mark.isalpha())]
    return len(marks) >= 3 and len(numbers) == len(marks)
