"""Cells of a file before anybody knows what they mean."""

from dataclasses import dataclass

from deadlines.text import clean
from intake.errors import IntakeError

# No plan is longer; it also keeps a list of its tasks within what one SQL statement may name.
MAX_ROWS = 20_000


@dataclass(frozen=True)
class Row:
    """One row: the line of the file (from 1) and its cells, cleaned, with line breaks kept."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Grid:
    """One sheet, with the ends of blank columns and blank last rows left out."""

    name: str
    rows: list[Row]


def tidy(cell: str) -> str:
    """A cell's text: NFC, single blanks, one line break where there were any."""
    lines = (clean(line) for line in cell.splitlines())
    return "\n".join(line for line in lines if line)


def check_length(rows: int) -> None:
    """Raises IntakeError for a table that is too long."""
    if rows > MAX_ROWS:
        raise IntakeError(f"Bảng có hơn {MAX_ROWS} dòng; hãy chia nhỏ tệp.")
