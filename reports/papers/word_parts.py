"""Small pieces of Word: fonts, borders, fields, long tables. What python-docx has no words for.

Tables are written as XML at once: python-docx looks the whole table through for every cell, which
takes minutes for an annex of a few thousand duties.
"""

import html
import re
from typing import Any

from docx.enum.section import WD_ORIENT, WD_SECTION
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Mm, Pt

from reports.papers.body import Table

__all__ = [
    "WD_ALIGN_PARAGRAPH", "WD_ORIENT", "WD_SECTION", "Mm", "Pt", "add_runs", "add_table",
    "bare_table", "boxed", "line_under", "page_field", "restart_numbers", "set_font",
    "unbroken",
]  # fmt: skip

FONT = "Times New Roman"
_MARK = re.compile(r"(</?[bi]>|\[[^\[\]\n]*\])")
_TWIPS_PER_MM = 1440 / 25.4


def set_font(style: Any, points: float) -> None:
    """Times New Roman for every script, black, Vietnamese."""
    style.font.name, style.font.size = FONT, Pt(points)
    properties = style.element.get_or_add_rPr()
    fonts = properties.rFonts
    for name in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{name}"), None)
    for name in ("ascii", "hAnsi", "eastAsia", "cs"):
        fonts.set(qn(f"w:{name}"), FONT)
    language = OxmlElement("w:lang")
    language.set(qn("w:val"), "vi-VN")
    language.set(qn("w:eastAsia"), "vi-VN")
    properties.append(language)


def add_runs(paragraph: Any, text: str, points: float | None = None) -> None:
    """Text with the tags b and i; what stands in [square brackets] is for a person to fill, and is
    set in italics on a grey ground so that it cannot be overlooked."""
    bold = italic = False
    for piece in filter(None, _MARK.split(text)):
        if piece in ("<b>", "</b>"):
            bold = piece == "<b>"
        elif piece in ("<i>", "</i>"):
            italic = piece == "<i>"
        else:
            prompt = piece.startswith("[")
            run = paragraph.add_run(_kept(html.unescape(piece)))
            run.bold, run.italic = bold or None, italic or prompt or None
            if points:
                run.font.size = Pt(points)
            if prompt:
                _shade(run._r.get_or_add_rPr(), "D9D9D9")  # noqa: SLF001 -- has no other door


def _kept(text: str) -> str:
    """A figure and its % stay on one line."""
    return text.replace(" %", "\u00a0%")


def line_under(paragraph: Any, left: float, right: float) -> None:
    """A thin rule under an empty paragraph, so many millimetres short on each side."""
    form = paragraph.paragraph_format
    form.left_indent, form.right_indent, form.first_line_indent = Mm(left), Mm(right), Mm(0)
    form.space_before = form.space_after = Pt(0)
    form.line_spacing = Pt(3)
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    border = parse_xml(
        f'<w:pBdr {nsdecls("w")}><w:bottom w:val="single" w:sz="6" w:space="0" w:color="000000"/>'
        "</w:pBdr>"
    )
    _insert(paragraph._p.get_or_add_pPr(), border)  # noqa: SLF001


def boxed(paragraph: Any, left: float, right: float) -> None:
    """A frame round a paragraph."""
    form = paragraph.paragraph_format
    form.left_indent, form.right_indent = Mm(left), Mm(right)
    sides = "".join(
        f'<w:{side} w:val="single" w:sz="8" w:space="2" w:color="000000"/>'
        for side in ("top", "left", "bottom", "right")
    )
    _insert(paragraph._p.get_or_add_pPr(), parse_xml(f"<w:pBdr {nsdecls('w')}>{sides}</w:pBdr>"))  # noqa: SLF001


def page_field(paragraph: Any, points: float) -> None:
    """The number of the page."""
    run = paragraph.add_run()
    run.font.size = Pt(points)
    for kind in ("begin", "separate", "end"):
        mark = OxmlElement("w:fldChar")
        mark.set(qn("w:fldCharType"), kind)
        run._r.append(mark)  # noqa: SLF001
        if kind == "begin":
            code = OxmlElement("w:instrText")
            code.text = "PAGE"
            run._r.append(code)  # noqa: SLF001


def restart_numbers(section: Any) -> None:
    """Pages of this section count from 1."""
    kind = OxmlElement("w:pgNumType")
    kind.set(qn("w:start"), "1")
    section._sectPr.insert_element_before(kind, "w:cols", "w:titlePg", "w:docGrid")  # noqa: SLF001


def unbroken(row: Any) -> None:
    """A row that stays on one page."""
    row._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))  # noqa: SLF001


def bare_table(document: Any, widths: tuple[float, ...]) -> Any:
    """A table without borders, its columns so many millimetres wide."""
    table = document.add_table(rows=1, cols=len(widths))
    table.autofit = False
    zero = 'w:w="0" w:type="dxa"'
    margins = f"<w:tblCellMar {nsdecls('w')}><w:left {zero}/><w:right {zero}/></w:tblCellMar>"
    properties = table._tbl.tblPr  # noqa: SLF001 -- has no other door
    properties.insert_element_before(parse_xml(margins), "w:tblLook")
    for cell, width in zip(table.rows[0].cells, widths, strict=True):
        cell.width = Mm(width)
    for column, width in zip(table.columns, widths, strict=True):
        column.width = Mm(width)
    return table


def add_table(document: Any, table: Table, width: float, points: float) -> None:
    """A ruled table `width` millimetres wide; its head is repeated on every page, no row is broken
    across pages. A row of one cell spans the table."""
    whole = sum(table.widths)
    twips = [round(width * _TWIPS_PER_MM * each / whole) for each in table.widths]
    rows = [_row(table.head, twips, frozenset(), points, bold=True, head=True)]
    rows.extend(
        _row(cells, twips, table.left, points, bold=number in table.bold)
        for number, cells in enumerate(table.rows)
    )
    grid = "".join(f'<w:gridCol w:w="{each}"/>' for each in twips)
    borders = "".join(
        f'<w:{side} w:val="single" w:sz="4" w:space="0" w:color="000000"/>'
        for side in ("top", "left", "bottom", "right", "insideH", "insideV")
    )
    element = parse_xml(
        f'<w:tbl {nsdecls("w")}><w:tblPr><w:tblW w:w="{sum(twips)}" w:type="dxa"/>'
        f'<w:tblBorders>{borders}</w:tblBorders><w:tblLayout w:type="fixed"/>'
        '<w:tblCellMar><w:left w:w="57" w:type="dxa"/><w:right w:w="57" w:type="dxa"/>'
        "</w:tblCellMar>"
        f"</w:tblPr><w:tblGrid>{grid}</w:tblGrid>{''.join(rows)}</w:tbl>"
    )
    document.element.body.insert_element_before(element, "w:sectPr")


def _row(
    cells: tuple[str, ...], twips: list[int], left: frozenset[int], points: float, *,
    bold: bool = False, head: bool = False,
) -> str:  # fmt: skip
    spans = len(cells) == 1 < len(twips)
    made = "".join(
        _cell(
            text,
            sum(twips) if spans else twips[number],
            "left" if spans or number in left else "center",
            points,
            bold=bold,
            span=len(twips) if spans else 1,
        )
        for number, text in enumerate(cells)
    )
    repeat = "<w:tblHeader/>" if head else ""
    return f"<w:tr><w:trPr><w:cantSplit/>{repeat}</w:trPr>{made}</w:tr>"


def _cell(text: str, width: int, align: str, points: float, *, bold: bool, span: int) -> str:
    weight = "<w:b/>" if bold else ""
    spanned = f'<w:gridSpan w:val="{span}"/>' if span > 1 else ""
    keep = "<w:keepNext/>" if span > 1 else ""
    return (
        f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>{spanned}<w:vAlign w:val="center"/>'
        f"</w:tcPr><w:p><w:pPr>{keep}"
        '<w:spacing w:before="20" w:after="20" w:line="240" w:lineRule="auto"/>'
        f'<w:ind w:firstLine="0"/><w:jc w:val="{align}"/></w:pPr><w:r><w:rPr>{weight}'
        f'<w:sz w:val="{round(2 * points)}"/><w:szCs w:val="{round(2 * points)}"/></w:rPr>'
        f'<w:t xml:space="preserve">{html.escape(text, quote=False)}</w:t></w:r></w:p></w:tc>'
    )


def _shade(properties: Any, colour: str) -> None:
    shade = OxmlElement("w:shd")
    shade.set(qn("w:val"), "clear")
    shade.set(qn("w:color"), "auto")
    shade.set(qn("w:fill"), colour)
    properties.append(shade)


# What may stand before a paragraph's borders (ECMA-376, 17.3.1.26); Word refuses another order.
_BEFORE_BORDERS = ("pStyle", "keepNext", "keepLines", "pageBreakBefore", "framePr",
                   "widowControl", "numPr", "suppressLineNumbers")  # fmt: skip


def _insert(properties: Any, border: Any) -> None:
    place = 0
    for number, child in enumerate(properties):
        if child.tag in {qn(f"w:{name}") for name in _BEFORE_BORDERS}:
            place = number + 1
    properties.insert(place, border)
