"""A page's letters and ruled lines as paragraphs and tables in reading order."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from deadlines.text import clean
from intake.frames import Edge, frames
from intake.outline import marker
from intake.paper import Block, Paragraph, TableBlock
from intake.printed import TERMINAL, Glyph, joined, runs
from intake.unruled import Unruled

_PAGE_NUMBER = re.compile(r"[-–\s]*(?:trang\s+)?\d{1,4}(?:\s*/\s*\d{1,4})?[-–\s]*", re.IGNORECASE)
# Points of nothing between two columns; justified lines stretch their blanks less.
_COLUMN_GAP = 22
# How many times the line's usual blank one between two columns is, at the least.
_WIDER = 1.7


@dataclass(frozen=True)
class Line:
    """One printed line."""

    page: int
    text: str
    left: float
    right: float
    top: float
    bottom: float


def page_parts(
    number: int, glyphs: list[Glyph], flat: list[Edge], upright: list[Edge], unruled: Unruled
) -> list[Line | TableBlock]:
    """The page's lines and tables from top to bottom. `unruled`: one for all pages of a file."""
    tables = [frame for frame in frames(flat, upright) if frame.is_table]
    inside: dict[int, list[Glyph]] = defaultdict(list)
    outside: list[Glyph] = []
    for glyph in glyphs:
        held = next((at for at, frame in enumerate(tables) if frame.holds(glyph)), None)
        (outside if held is None else inside[held]).append(glyph)
    placed: list[tuple[float, Line | TableBlock]] = []
    for found in unruled.tables(number, outside):
        placed.append((found.top, TableBlock(number, tuple(found.rows))))
        taken = set(map(id, found.glyphs))
        outside = [glyph for glyph in outside if id(glyph) not in taken]
    lowest = float("inf")
    for line in _lines(number, outside):
        lowest = min(lowest, line.top)
        placed.append((lowest, line))
    for at, frame in enumerate(tables):
        rows = frame.rows(number, inside[at])
        if rows:
            placed.append((max(frame.ys), TableBlock(number, tuple(rows))))
    # Python keeps the order of what stands at one height, so that columns of a head stay apart.
    return [part for _top, part in sorted(placed, key=lambda one: -one[0])]


def _lines(number: int, glyphs: Sequence[Glyph]) -> list[Line]:
    """Letters as printed lines from top to bottom; where two columns stand side by side (the head
    and the foot of every official letter), first the left one."""
    done: list[Line] = []
    left: list[Line] = []
    right: list[Line] = []
    column = 0.0
    for run in runs(glyphs):
        row = _row(number, run, column)
        if column and any(one.left < column - 8 and one.right > column + 8 for one in row):
            done += [*left, *right]
            left, right, column = [], [], 0.0
        if not column:
            row = _row(number, run, 0.0)
            if len(row) < 2:
                done += row
                continue
            column = row[1].left
        left += [one for one in row if one.left < column - 4]
        right += [one for one in row if one.left >= column - 4]
    return [*done, *left, *right]


def _row(number: int, run: list[Glyph], column: float) -> list[Line]:
    """What one printed line holds side by side, without page numbers."""
    parts = [_line(number, part) for part in _gapped(run, column)]
    return [one for one in parts if one.text and not _PAGE_NUMBER.fullmatch(one.text)]


def _line(number: int, part: list[Glyph]) -> Line:
    drawn = [one for one in part if not one.text.isspace()] or part
    return Line(
        number,
        clean("".join(glyph.text for glyph in part)),
        drawn[0].left,
        max(one.right for one in drawn),
        max(one.top for one in drawn),
        min(one.bottom for one in drawn),
    )


def _gapped(run: list[Glyph], column: float) -> Iterator[list[Glyph]]:
    """What stands side by side: parted where nothing is drawn for long, and where a word begins
    just where the right column does."""
    part: list[Glyph] = []
    blanks = _blanks(run)
    known = sorted(blanks.values())
    usual = known[len(known) // 2] if len(known) > 2 else 0.0
    for place, glyph in enumerate(run):
        blank = blanks.get(place, 0.0)
        # A word of running text may begin there too, behind a blank like all others.
        begins = blank > _WIDER * usual and column and abs(glyph.left - column) < 3
        if part and (blank > _COLUMN_GAP or begins):
            yield part
            part = []
        part.append(glyph)
    if part:
        yield part


def _blanks(run: Sequence[Glyph]) -> dict[int, float]:
    """How much white stands before each letter that begins a word, by its place in the line."""
    found: dict[int, float] = {}
    last: Glyph | None = None
    spaced = False
    for place, glyph in enumerate(run):
        if glyph.text.isspace():
            spaced = True
            continue
        if spaced and last is not None:
            found[place] = glyph.left - last.right
        last, spaced = glyph, False
    return found


# --- Lines to paragraphs --------------------------------------------------------------------------


def paragraphs(parts: list[Line | TableBlock]) -> list[Block]:
    """Printed lines as paragraphs: one ends where a line stops short, where the next begins with a
    marker or is pushed in, or where the gap is wide. A page break ends none by itself."""
    lines = [one for one in parts if isinstance(one, Line)]
    margins = _margins(lines)
    blocks: list[Block] = []
    held: list[Line] = []
    for part in parts:
        if isinstance(part, TableBlock):
            blocks += _flush(held)
            held = []
            blocks.append(part)
        elif held and _goes_on(held[-1], part, " ".join(one.text for one in held), margins):
            held.append(part)
        else:
            blocks += _flush(held)
            held = [part]
    return [*blocks, *_flush(held)]


def _flush(held: list[Line]) -> list[Block]:
    text = ""
    for line in held:
        text = joined(text, line.text)
    return [Paragraph(held[0].page, clean(text))] if held else []


def _margins(lines: list[Line]) -> tuple[float, float]:
    """Where most long lines begin and end."""
    if not lines:
        return 0.0, 0.0
    widest = max(one.right - one.left for one in lines)
    long = [one for one in lines if one.right - one.left > widest * 0.7]
    lefts, rights = sorted(one.left for one in long), sorted(one.right for one in long)
    return lefts[len(lefts) // 4], rights[(len(rights) * 3) // 4]


def _goes_on(before: Line, line: Line, text: str, margins: tuple[float, float]) -> bool:
    left, right = margins
    if marker(line.text) or (line.top > before.top + 2 and line.page == before.page):
        return False
    height = max(before.top - before.bottom, 6.0)
    if line.page == before.page and before.bottom - line.top > 1.6 * height:
        return False
    if line.text[0].islower() and not TERMINAL.search(text):
        return True
    full = before.right > right - 0.12 * (right - left)
    pushed = line.left > left + 14
    if line.page == before.page and abs(line.top - before.top) < height / 2:
        return False
    return full and not pushed
