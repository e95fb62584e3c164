"""Directives in Word files: paragraphs and tables in order, with what Word numbers by itself.

Numbers and bullets of automatic lists are no text in the file, and directives live by them, so they
are counted here. Deleted text of tracked changes is left out, inserted text is in.
"""

import io
import re
from collections.abc import Iterator
from typing import Any

from intake.errors import IntakeError
from intake.grid import MAX_ROWS, Row, check_length, tidy
from intake.packages import broken, check_package
from intake.paper import (
    PLAIN,
    SUPERSCRIPTS,
    Block,
    Options,
    Paper,
    Paragraph,
    Progress,
    TableBlock,
    paper,
)
from intake.secrecy import REFUSED, secrecy_mark
from intake.text_files import row_cells

_MAIN = "word/document.xml"
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_SKIPPED = {f"{_W}del", f"{_W}moveFrom", f"{_W}instrText", _FALLBACK, f"{_W}pPr", f"{_W}rPr"}
_BOX = f"{_W}txbxContent"
_BODY = f"{_W}body"
_TEXT = re.compile(rb"<w:t(?: [^>]*)?>([^<]*)</w:t>|</w:p>")
_MARKED = re.compile(r"word/(?:header|footer|footnotes|endnotes)\d*\.xml|docProps/core\.xml")
_ROMAN = ((10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))
_MOST_COLUMNS = 60
_TOLD_EVERY = 50


def read_docx(content: bytes, options: Options = PLAIN) -> Paper:
    """A .docx file; `line` counts paragraphs and rows. Raises IntakeError, in one line, for what is
    no such file, is locked, damaged, too big, or bears a secrecy mark in its margins."""
    # Heavy, and needed by nothing else.
    from docx import Document  # noqa: PLC0415

    with check_package(content, _MAIN, ".docx") as package:
        types = package.read("[Content_Types].xml")
        if b"macroEnabled" in types:
            raise IntakeError("Tệp chứa macro nên không mở; hãy lưu lại dạng .docx không có macro.")
        for name in package.namelist():
            if _MARKED.fullmatch(name) and _bears_mark(package.read(name)):
                raise IntakeError(REFUSED)
    try:
        document = Document(io.BytesIO(content))
        reader = _Reader(document, options.progress)
        return paper(list(reader.blocks(document.element.body)), "đoạn")
    except IntakeError:
        raise
    # A damaged file fails inside lxml and python-docx in any way there is.
    except Exception as error:
        raise broken(".docx") from error


def _bears_mark(part: bytes) -> bool:
    """Whether a header or footer holds a paragraph that is a secrecy mark."""
    text = "".join(
        found[1].decode("utf-8", "replace") if found[1] is not None else "\n"
        for found in _TEXT.finditer(part)
    )
    return secrecy_mark(text) is not None


class _Reader:
    """Walks the body once, counting paragraphs and lists."""

    def __init__(self, document: Any, progress: Progress | None) -> None:
        self._progress = progress
        self._lists = _Lists(document)
        self._notes = _footnotes(document)
        self._line = 0
        self._in_rows = False

    def blocks(self, body: Any) -> Iterator[Block]:
        rows: list[Row] = []
        for block in self._parts(body):
            if isinstance(block, Row):
                rows.append(block)
                continue
            if rows:
                yield TableBlock(rows[0].line, tuple(rows))
                rows = []
            yield block
        if rows:
            yield TableBlock(rows[0].line, tuple(rows))

    def _parts(self, body: Any) -> Iterator[Block | Row]:
        """Paragraphs, tables, and rows drawn with tabs."""
        whole = len(body)
        for place, element in enumerate(body):
            if self._progress and body.tag == _BODY and place % _TOLD_EVERY == 0:
                self._progress(place, whole)
            if element.tag == f"{_W}p":
                yield from self._paragraph(element)
            elif element.tag == f"{_W}tbl":
                yield self._table(element)
            elif element.tag == f"{_W}sdt":
                for content in element.iter(f"{_W}sdtContent"):
                    yield from self._parts(content)
        for mark, text in self._notes.items():
            yield Paragraph(self._line, f"{mark} {text}")

    def _paragraph(self, element: Any) -> Iterator[Paragraph | Row]:
        self._line += 1
        boxes: list[str] = []
        text = self._lists.label(element) + _text(element, boxes)
        for one in (*boxes, *text.split("\n")):
            cells = row_cells(one, inside=self._in_rows) if "\t" in one else None
            self._in_rows = cells is not None or (self._in_rows and not one.strip())
            if cells:
                yield Row(self._line, cells)
                continue
            tidied = tidy(one).replace("\n", " ")
            if tidied:
                yield Paragraph(self._line, tidied)

    def _table(self, element: Any) -> TableBlock:
        start = self._line + 1
        rows: list[Row] = []
        above: dict[int, str] = {}
        for row in element.iter(f"{_W}tr"):
            if _inside(row, element):
                continue
            self._line += 1
            cells = self._cells(row, above)
            rows.append(Row(self._line, tuple(cells)))
            check_length(len(rows) if len(rows) <= MAX_ROWS else MAX_ROWS + 1)
        return TableBlock(start, tuple(rows))

    def _cells(self, row: Any, above: dict[int, str]) -> list[str]:
        """The cells of a row; a cell merged downwards is repeated in each row it spans."""
        cells: list[str] = [""] * _skipped(row)
        for cell in row.iter(f"{_W}tc"):
            if next(cell.iterancestors(f"{_W}tr")) is not row:
                continue
            place, span = len(cells), _span(cell)
            merged = cell.find(f"{_W}tcPr/{_W}vMerge")
            goes_on = merged is not None and merged.get(f"{_W}val", "continue") == "continue"
            text = above.get(place, "") if goes_on else self._cell(cell)
            if merged is None:
                above.pop(place, None)
            else:
                above[place] = text
            cells += [text, *[""] * (span - 1)]
            if len(cells) > _MOST_COLUMNS:
                break
        return cells[:_MOST_COLUMNS]

    def _cell(self, cell: Any) -> str:
        lines: list[str] = []
        for element in cell.iter(f"{_W}p"):
            boxes: list[str] = []
            text = self._lists.label(element) + _text(element, boxes)
            lines += [*boxes, text]
        return tidy("\n".join(lines))


def _inside(row: Any, table: Any) -> bool:
    """Whether a row belongs to a table within this one."""
    return next(row.iterancestors(f"{_W}tbl")) is not table


def _span(cell: Any) -> int:
    span = cell.find(f"{_W}tcPr/{_W}gridSpan")
    return min(_MOST_COLUMNS, max(1, int(span.get(f"{_W}val", "1")))) if span is not None else 1


def _skipped(row: Any) -> int:
    before = row.find(f"{_W}trPr/{_W}gridBefore")
    return min(_MOST_COLUMNS, int(before.get(f"{_W}val", "0"))) if before is not None else 0


def _text(element: Any, boxes: list[str]) -> str:
    """The text of a paragraph; that of text boxes in it goes to `boxes`."""
    parts: list[str] = []
    for child in element:
        if child.tag in _SKIPPED:
            continue
        if child.tag == _BOX:
            boxes += [_text(inner, boxes) for inner in child.iter(f"{_W}p")]
        elif child.tag == f"{_W}t":
            parts.append(child.text or "")
        elif child.tag == f"{_W}tab":
            parts.append("\t" if child.getparent().tag == f"{_W}r" else "")
        elif child.tag in {f"{_W}br", f"{_W}cr"}:
            parts.append("\n")
        elif child.tag == f"{_W}noBreakHyphen":
            parts.append("-")
        elif child.tag == f"{_W}footnoteReference":
            parts.append(_superscript(child.get(f"{_W}id", "0")))
        else:
            parts.append(_text(child, boxes))
    return "".join(parts)


def _superscript(number: str) -> str:
    return "".join(SUPERSCRIPTS[int(digit)] for digit in number if digit.isdigit())


def _footnotes(document: Any) -> dict[str, str]:
    for relation in document.part.rels.values():
        if relation.reltype.endswith("/footnotes") and not relation.is_external:
            from docx.oxml import parse_xml  # noqa: PLC0415

            root = parse_xml(relation.target_part.blob)
            return {
                _superscript(note.get(f"{_W}id", "")): tidy(_text(note, [])).replace("\n", " ")
                for note in root
                if note.get(f"{_W}type") is None and note.get(f"{_W}id", "").isdigit()
            }
    return {}


class _Lists:
    """Counts automatic lists as Word does."""

    def __init__(self, document: Any) -> None:
        self._levels: dict[str, dict[int, tuple[str, str, int]]] = {}
        self._of: dict[str, str] = {}
        self._counts: dict[str, dict[int, int]] = {}
        self._styles: dict[str, tuple[str, int]] = {}
        part = next(
            (
                one.target_part
                for one in document.part.rels.values()
                if one.reltype.endswith("/numbering") and not one.is_external
            ),
            None,
        )
        if part is not None:
            self._read(part.element)
            self._read_styles(document.styles.element)

    def label(self, element: Any) -> str:
        """What Word puts before the paragraph: "1. ", "a) ", "- ", or ""."""
        numbered = self._numbered(element)
        if numbered is None:
            return ""
        number, level = numbered
        levels = self._levels.get(self._of.get(number, ""), {})
        if level not in levels:
            return ""
        form, text, _start = levels[level]
        if form == "bullet":
            return "+ " if level else "- "
        if form == "none":
            return ""
        counts = self._counts.setdefault(self._of[number], {})
        counts[level] = counts.get(level, levels[level][2] - 1) + 1
        for deeper in [one for one in counts if one > level]:
            del counts[deeper]
        label = re.sub(r"%(\d)", lambda found: self._count(counts, levels, int(found[1]) - 1), text)
        return f"{label} "

    def _count(
        self, counts: dict[int, int], levels: dict[int, tuple[str, str, int]], level: int
    ) -> str:
        form, _text, start = levels.get(level, ("decimal", "", 1))
        return _formed(counts.setdefault(level, start), form)

    def _numbered(self, element: Any) -> tuple[str, int] | None:
        properties = element.find(f"{_W}pPr")
        if properties is None:
            return None
        own = _number_of(properties)
        style = properties.find(f"{_W}pStyle")
        styled = self._styles.get(style.get(f"{_W}val", "")) if style is not None else None
        if own is None:
            return styled
        number, level = own
        if number == "0":
            return None
        return (number, level) if number else ((styled[0], level) if styled else None)

    def _read(self, root: Any) -> None:
        for abstract in root.iter(f"{_W}abstractNum"):
            levels: dict[int, tuple[str, str, int]] = {}
            for level in abstract.iter(f"{_W}lvl"):
                levels[int(level.get(f"{_W}ilvl", "0"))] = (
                    _value(level, "numFmt", "decimal"),
                    _value(level, "lvlText", ""),
                    int(_value(level, "start", "1")),
                )
            self._levels[abstract.get(f"{_W}abstractNumId")] = levels
        for number in root.iter(f"{_W}num"):
            self._of[number.get(f"{_W}numId")] = _value(number, "abstractNumId", "")

    def _read_styles(self, root: Any) -> None:
        for style in root.iter(f"{_W}style"):
            properties = style.find(f"{_W}pPr")
            found = _number_of(properties) if properties is not None else None
            if found and found[0]:
                self._styles[style.get(f"{_W}styleId")] = found


def _number_of(properties: Any) -> tuple[str, int] | None:
    numbered = properties.find(f"{_W}numPr")
    if numbered is None:
        return None
    return _value(numbered, "numId", ""), int(_value(numbered, "ilvl", "0"))


def _value(element: Any, name: str, default: str) -> str:
    found = element.find(f"{_W}{name}")
    return found.get(f"{_W}val", default) if found is not None else default


def _formed(count: int, form: str) -> str:
    match form:
        case "lowerLetter" | "upperLetter":
            letter = chr(ord("a") + (count - 1) % 26)
            return letter.upper() if form == "upperLetter" else letter
        case "lowerRoman" | "upperRoman":
            roman = _roman(count)
            return roman.upper() if form == "upperRoman" else roman
        case "decimalZero":
            return f"{count:02d}"
        case _:
            return str(count)


def _roman(count: int) -> str:
    text = ""
    for value, letters in _ROMAN:
        while count >= value and len(text) < 12:
            text, count = text + letters, count - value
    return text
