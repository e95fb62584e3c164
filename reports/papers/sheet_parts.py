"""Cells and pages of a workbook, in the look of an office's table."""

from collections.abc import Sequence
from copy import copy
from datetime import date
from math import ceil
from typing import Any
from weakref import WeakKeyDictionary

from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.formatting.rule import CellIsRule
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter as letter

__all__ = [
    "day", "filtered", "fit", "formula", "head", "heading", "letter", "marks", "number", "page",
    "text",
]  # fmt: skip

FONT = "Times New Roman"
SIZE = 11
_LINE = 15
_THIN = Side(style="thin", color="000000")
_RULED = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)
_WORDS = Alignment(vertical="center", wrap_text=True)
_MIDDLE = Alignment(horizontal="center", vertical="center", wrap_text=True)
_LEFT = Alignment(vertical="center")
_PLAIN, _BOLD = Font(name=FONT, size=SIZE), Font(name=FONT, size=SIZE, bold=True)
_ITALIC = Font(name=FONT, size=SIZE, italic=True)
_TITLE = Font(name=FONT, size=14, bold=True)
_HEAD_FILL = PatternFill("solid", fgColor="D9E1F2")
# Cells with formulas and patterns are read by their beginning; text that begins so is marked.
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "'")


def text(
    sheet: Any, place: str, words: str, *, ruled: bool = False, bold: bool = False,
    italic: bool = False, span: int = 1,
) -> None:  # fmt: skip
    """Words, never a formula; a cell that begins like one keeps Excel from reading it so."""
    cell = sheet[place]
    words = ILLEGAL_CHARACTERS_RE.sub("", words)
    cell.value = words
    cell.data_type = "s"
    font = _BOLD if bold else _ITALIC if italic else _PLAIN
    _look(cell, font, _WORDS if ruled or span > 1 else _LEFT, "General", ruled=ruled)
    if words.startswith(_DANGEROUS):
        cell.quotePrefix = True
    if span > 1:
        sheet.merge_cells(start_row=cell.row, end_row=cell.row, start_column=1, end_column=span)


def number(sheet: Any, place: str, value: int) -> None:
    _centred(sheet[place], value, "0")


def day(sheet: Any, place: str, value: date) -> None:
    """A date as a date, so that it sorts and filters."""
    _centred(sheet[place], value, "dd/mm/yyyy")


def formula(sheet: Any, place: str, words: str, form: str = "0", *, bold: bool = False) -> None:
    """A formula of our own."""
    _centred(sheet[place], words, form, bold=bold)


def _centred(cell: Any, value: Any, form: str, *, bold: bool = False) -> None:
    cell.value = value
    _look(cell, _BOLD if bold else _PLAIN, _MIDDLE, form, ruled=True)


# openpyxl looks every style up anew for every cell, which is most of the time a table takes. A look
# is made once for each workbook, then copied.
_looks: WeakKeyDictionary[Any, dict[tuple[int, int, str, bool], Any]] = WeakKeyDictionary()


def _look(cell: Any, font: Font, alignment: Alignment, form: str, *, ruled: bool) -> None:
    known = _looks.setdefault(cell.parent.parent, {})
    key = (id(font), id(alignment), form, ruled)
    if key not in known:
        cell.font, cell.alignment, cell.number_format = font, alignment, form
        if ruled:
            cell.border = _RULED
        known[key] = copy(cell._style)  # noqa: SLF001 -- the only way to copy a look
    cell._style = copy(known[key])  # noqa: SLF001


def heading(sheet: Any, title: str, as_of: str, columns: int) -> None:
    """Two lines over the table."""
    text(sheet, "A1", title, bold=True)
    sheet["A1"].font = _TITLE
    text(sheet, "A2", as_of, italic=True)
    for row in (1, 2):
        sheet.merge_cells(start_row=row, end_row=row, start_column=1, end_column=columns)


def head(sheet: Any, row: int, names: Sequence[str]) -> None:
    for column, name in enumerate(names, start=1):
        cell = sheet.cell(row=row, column=column, value=name)
        cell.font, cell.alignment, cell.border, cell.fill = _BOLD, _MIDDLE, _RULED, _HEAD_FILL
    sheet.row_dimensions[row].height = (3 if len(names) > 4 else 1.5) * _LINE


def fit(sheet: Any, row: int, cells: Sequence[tuple[str, float]]) -> None:
    """Make a row high enough for these words in columns so many characters wide: no program does
    it by itself for a file that it did not write. At most what a sheet's row may be."""
    lines = max(ceil(len(words) / width) for words, width in cells)
    sheet.row_dimensions[row].height = min(_LINE * max(lines, 1) + 3, 400)


def filtered(sheet: Any, area: str) -> None:
    sheet.auto_filter.ref = area


def marks(sheet: Any, area: str, colours: Sequence[tuple[str, str]]) -> None:
    """Cells that say one of these words get its ground; the word itself is the sign."""
    for word, colour in colours:
        fill = PatternFill("solid", bgColor=colour)
        rule = CellIsRule(  # type: ignore[no-untyped-call]
            operator="equal", formula=[f'"{word}"'], fill=fill
        )
        sheet.conditional_formatting.add(area, rule)


def page(
    sheet: Any, widths: Sequence[float], rows: int, columns: int, *, freeze: str = "",
    landscape: bool = True,
) -> None:  # fmt: skip
    """A4, as wide as the page, the head on every page, pages numbered."""
    for column, width in enumerate(widths, start=1):
        sheet.column_dimensions[letter(column)].width = width
    if freeze:
        sheet.freeze_panes = freeze
        sheet.print_title_rows = f"{int(freeze[1:]) - 1}:{int(freeze[1:]) - 1}"
    setup = sheet.page_setup
    setup.paperSize = sheet.PAPERSIZE_A4
    setup.orientation = "landscape" if landscape else "portrait"
    setup.fitToWidth, setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.print_options.horizontalCentered = True
    margins = sheet.page_margins
    margins.left = margins.right = 0.5
    margins.top, margins.bottom, margins.footer = 0.6, 0.8, 0.4
    sheet.oddFooter.center.text = "Trang &P/&N"
    sheet.oddFooter.center.font = FONT
    sheet.print_area = f"A1:{letter(columns)}{rows}"
