"""Cells of a file before anybody knows what they mean."""

from dataclasses import dataclass

from deadlines.text import clean


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
