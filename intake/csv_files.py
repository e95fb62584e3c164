"""Tables in text files: finds the encoding and the delimiter by itself."""

import csv
import io

from intake.columns import AGENCY_COLUMNS, HEADER_ROWS, TASK_COLUMNS, read_header
from intake.errors import IntakeError
from intake.grid import Grid, Row, check_length, tidy

DELIMITERS = ",;\t"
_BOMS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_NOT_TEXT = (b"PK\x03\x04", b"%PDF", b"\xd0\xcf\x11\xe0", b"\x89PNG", b"\xff\xd8\xff")
_UNREADABLE = "Không đọc được tệp {}; hãy lưu lại dạng UTF-8 hoặc {}."


def read_csv(content: bytes) -> list[Grid]:
    """The one table of a .csv file: UTF-8, UTF-16 or Windows-1258; `,` `;` or tab."""
    if content.startswith(_NOT_TEXT):
        raise IntakeError("Tệp mang tên .csv nhưng không phải tệp chữ; hãy lưu lại đúng định dạng.")
    text = decode(content)
    if "\0" in text:
        raise _unreadable(".csv")
    try:
        grids = [Grid("csv", _rows(text, delimiter)) for delimiter in DELIMITERS]
    except csv.Error as error:
        raise _unreadable(".csv") from error
    return [max(grids, key=_recognised)]


def decode(content: bytes, ending: str = ".csv") -> str:
    """The text of a file that names no encoding: UTF-8, UTF-16 or Windows-1258.

    Raises IntakeError for what is none of them."""
    for encoding in _encodings(content):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise _unreadable(ending)


def _unreadable(ending: str) -> IntakeError:
    other = ".xlsx" if ending == ".csv" else ".docx"
    return IntakeError(_UNREADABLE.format(ending, other))


def _encodings(content: bytes) -> tuple[str, ...]:
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            return (encoding,)
    # UTF-16 without a mark: every other byte of plain letters is zero.
    if content[1:200:2].count(0) > 60:
        return ("utf-16-le",)
    if content[:200:2].count(0) > 60:
        return ("utf-16-be",)
    return ("utf-8", "cp1258")


def _rows(text: str, delimiter: str) -> list[Row]:
    """The records with the line each begins on (a quoted cell may hold line breaks)."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows: list[Row] = []
    line = 1
    for record in reader:
        rows.append(Row(line, tuple(tidy(cell) for cell in record)))
        line = reader.line_num + 1
        check_length(len(rows))
    return rows


def _recognised(grid: Grid) -> int:
    """The most headers any of the first rows holds: the right delimiter shows most of them."""
    headers = (
        read_header(row.cells, columns)
        for row in grid.rows[:HEADER_ROWS]
        for columns in (TASK_COLUMNS, AGENCY_COLUMNS)
    )
    return max((len(header.places) for header in headers), default=0)
