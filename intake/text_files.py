"""Directives as plain text or Markdown, also text pasted into a chat.

A file may hold a paragraph a line, or lines broken at some width; tables as rows of tabs or with
pipes. A page break inside a paragraph leaves blank lines in the middle of a sentence.
"""

import re
from collections.abc import Iterator

from deadlines.text import clean
from intake.csv_files import decode
from intake.errors import IntakeError
from intake.grid import Row, check_length, tidy
from intake.outline import marker
from intake.paper import PLAIN, Block, Options, Paper, Paragraph, TableBlock, paper

_NOT_TEXT = (b"PK\x03\x04", b"%PDF", b"\xd0\xcf\x11\xe0", b"\x89PNG", b"\xff\xd8\xff", b"{\\rtf")
_WRONG = "Tệp mang tên .txt nhưng không phải tệp chữ; hãy gửi đúng tệp gốc (.docx, .pdf)."
_TAG = re.compile(r"</?(?:ul|ol|li|p|br|b|i|u|em|strong|sup|sub|div|span)\b[^>]*>", re.IGNORECASE)
_EMPHASIS = re.compile(r"\*{2,3}|(?<!\w)[*_](?=\S)|(?<=\S)[*_](?!\w)")
_HASHES = re.compile(r"^\s{0,3}#{1,6}\s+")
_RULE = re.compile(r"\s*(?:[-*_=]\s*){3,}")
_PIPE_RULE = re.compile(r"\s*\|?(?:\s*:?-{2,}:?\s*\|)+\s*(?::?-{2,}:?\s*)?")
_TERMINAL = re.compile(r"""[.;:!?…]["')\]*”]*\s*$|/\./?\s*$""")
# Lines shorter than this were ended on purpose, not by the width of the page.
_WRAPPED = 0.75
_LEAST_WIDTH = 50
_MOST_WIDTH = 140


def read_text(content: bytes, _options: Options = PLAIN) -> Paper:
    """A .txt or .md file, in UTF-8, UTF-16 or Windows-1258; the longest is read at once. Raises
    IntakeError for others."""
    if content.startswith(_NOT_TEXT):
        raise IntakeError(_WRONG)
    text = decode(content, ".txt")
    if "\0" in text:
        raise IntakeError(_WRONG)
    return read_lines(text.splitlines())


def read_lines(lines: list[str]) -> Paper:
    """The paper of these lines; the first is line 1."""
    return paper(list(_blocks(lines)), "dòng")


def _blocks(lines: list[str]) -> Iterator[Block]:
    width = _width(lines)
    rows: list[Row] = []
    held: list[Paragraph] = []
    last = ""
    for number, raw in enumerate(lines, start=1):
        cells = row_cells(raw, inside=bool(rows))
        if cells is not None:
            yield from _flushed(held)
            if any(cells):
                rows.append(Row(number, cells))
                check_length(len(rows))
            continue
        if raw.strip():
            yield from _table(rows)
        text = _plain(raw)
        if text and held and _goes_on(held[-1].text, text, last, width):
            held[-1] = Paragraph(held[-1].line, f"{held[-1].text} {text}")
        elif text:
            yield from _flushed(held)
            held.append(Paragraph(number, text))
        last = raw
    yield from _flushed(held)
    yield from _table(rows)


def _flushed(held: list[Paragraph]) -> list[Paragraph]:
    done = list(held)
    held.clear()
    return done


def _table(rows: list[Row]) -> list[TableBlock]:
    done = [TableBlock(rows[0].line, tuple(rows))] if rows else []
    rows.clear()
    return done


def _width(lines: list[str]) -> int:
    """The width at which the file breaks its lines, 0 where a line is a paragraph."""
    sizes = sorted(len(line.rstrip()) for line in lines if len(line.strip()) > 20)
    if not sizes or sizes[-1] > _MOST_WIDTH:
        return 0
    return max(_LEAST_WIDTH, sizes[int(len(sizes) * 0.9)])


def _goes_on(before: str, text: str, last: str, width: int) -> bool:
    """Whether a line goes on with the paragraph before it."""
    blank = not last.strip()
    if marker(text):
        return False
    if width and not blank and text[0].islower():
        return True
    full = not blank and bool(width) and len(last.rstrip()) >= width * _WRAPPED
    if before.endswith(";") and full and marker(before):
        # Items bear markers here: what has none goes on with the item above.
        return True
    if _TERMINAL.search(before):
        return False
    if text[0].islower():
        return True
    # Columns of a head, drawn with blanks.
    apart = re.search(r"\S\s{4,}\S", last) is not None
    return full and not apart


def row_cells(raw: str, *, inside: bool) -> tuple[str, ...] | None:
    """The cells of a line of a table, () for the rule under a header, None for other lines."""
    if _PIPE_RULE.fullmatch(raw) and "|" in raw:
        return ()
    stripped = raw.strip()
    if stripped.startswith("|") and stripped.count("|") >= 3:
        return tuple(_cell(cell) for cell in stripped.strip("|").split("|"))
    if raw.count("\t") < 2:
        return None
    cells = tuple(_cell(cell) for cell in raw.split("\t"))
    filled = sum(1 for cell in cells if cell)
    # Tabs before a lone text only push it to the right.
    return cells if filled > 1 or (filled and (cells[0] or inside)) else None


def _cell(text: str) -> str:
    text = re.sub(r"<br\s*/?>", "\n", text, flags=re.IGNORECASE)
    return tidy(_EMPHASIS.sub("", _TAG.sub(" ", text)))


def _plain(raw: str) -> str:
    if _RULE.fullmatch(raw):
        return ""
    bullet = re.match(r"\s*\*\s+(?=\S)", raw)
    text = f"- {raw[bullet.end() :]}" if bullet else raw
    return clean(_EMPHASIS.sub("", _TAG.sub(" ", _HASHES.sub("", text))))
