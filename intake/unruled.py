"""Tables without ruled lines: a header is known by its words, columns by the white space that runs
down between them. Prose has neither, so it makes no table."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from intake.columns import PLAN_COLUMNS, Header, read_header
from intake.flat import flat
from intake.grid import Row, check_length
from intake.outline import marker
from intake.printed import Glyph, cell_text, runs

_TITLE = re.compile(r"noi dung|nhiem vu|cong viec|dau viec")
_OTHER = re.compile(
    r"chu tri|thuc hien|thoi (?:han|gian)|tien do|don vi|co quan|hoan thanh|\bhan\b"
)
# A header takes no more printed lines, and white space narrower than this is between words.
_HEADER_LINES = 4
_LEAST_GUTTER = 2.0
# Fewer lines below a header show no columns.
_LEAST_LINES = 4
_FEWEST_COLUMNS = 3
# Lines of headings in a row, and lines looked at before columns must show.
_MOST_ACROSS = 2
_MOST_UNCLEAR = 14
_ALIGNED = 2.0
_CENTRED = 14.0


@dataclass(frozen=True)
class _Printed:
    """One printed line: its letters, and where its words stand."""

    glyphs: list[Glyph]
    words: list[tuple[float, float]]
    text: str
    base: float


@dataclass(frozen=True)
class Found:
    """A table on a page: its top, its rows, the letters it holds."""

    top: float
    rows: list[Row]
    glyphs: list[Glyph]


@dataclass
class Unruled:
    """Finds such tables page by page. A table that reaches the foot of a page may go on at the top
    of the next without a header."""

    _bounds: list[float] = field(default_factory=list)

    def tables(self, page: int, glyphs: Sequence[Glyph]) -> list[Found]:
        """The tables on a page, from top to bottom."""
        lines = [_printed(run) for run in runs(glyphs)]
        lines = [line for line in lines if line.words]
        found: list[Found] = []
        start = 0
        if self._bounds:
            start = _respecting(lines, 0, self._bounds)
            found += _table(page, lines[:start], self._bounds)
        if start < len(lines):
            self._bounds = []
        while start < len(lines):
            end, bounds = _region(lines, start)
            if not bounds:
                start += 1
                continue
            found += _table(page, lines[start:end], bounds)
            self._bounds = bounds if end == len(lines) else []
            start = end
        return found


def _printed(run: list[Glyph]) -> _Printed:
    words: list[tuple[float, float]] = []
    open_ = False
    for glyph in run:
        if glyph.text.isspace():
            open_ = False
        elif open_:
            words[-1] = (words[-1][0], max(words[-1][1], glyph.right))
        else:
            words.append((glyph.left, glyph.right))
            open_ = True
    return _Printed(run, words, flat("".join(glyph.text for glyph in run)), run[0].base)


# --- Where a table is -----------------------------------------------------------------------------


def _region(lines: list[_Printed], start: int) -> tuple[int, list[float]]:
    """Where a table ends whose header begins at `start`, and where its columns begin. Headings
    across the table show no columns and are passed over while lines in columns follow."""
    words = " ".join(line.text for line in lines[start : start + _HEADER_LINES])
    if not (_TITLE.search(words) and _OTHER.search(lines[start].text)):
        return start, []
    body: list[_Printed] = []
    best: tuple[int, list[float]] = (start, [])
    across = 0
    for end, line in enumerate(lines[start:], start=start + 1):
        bounds = _bounds([*body, line]) if len(body) + 1 >= _LEAST_LINES else []
        whole = len(bounds) >= max(len(best[1]), _FEWEST_COLUMNS)
        if whole and _header([*body, line], bounds) is not None:
            best, across = (end, bounds), 0
        elif best[1] or (body and marker(line.text.strip()) and _plain(line)):
            across += 1
            if across > _MOST_ACROSS or not _plain(line):
                break
            continue
        elif len(body) > _MOST_UNCLEAR:
            break
        body.append(line)
    return best


def _plain(line: _Printed) -> bool:
    """Whether a line is running text, with no white space such as parts columns."""
    return all(two[0] - one[1] < _CENTRED / 2 for one, two in pairwise(line.words))


def _respecting(lines: Sequence[_Printed], start: int, bounds: list[float]) -> int:
    """The first line from `start` on that crosses a column's border."""
    for place in range(start, len(lines)):
        if any(_crosses(line_word, bounds) for line_word in lines[place].words):
            return place
        if lines[place].words[0][0] < bounds[0] - _CENTRED:
            return place
    return len(lines)


def _crosses(word: tuple[float, float], bounds: list[float]) -> bool:
    return any(word[0] < bound - _LEAST_GUTTER < word[1] - 1 for bound in bounds[1:])


def _bounds(lines: Sequence[_Printed]) -> list[float]:
    """Where columns begin: behind white space that runs down all the lines, where words are
    aligned or the white space is wide."""
    covered = sorted(word for line in lines for word in line.words)
    if not covered:
        return []
    found = [covered[0][0]]
    right = covered[0][1]
    for left, end in covered[1:]:
        gap = left - right
        if gap >= _LEAST_GUTTER and (gap >= _CENTRED or _aligned(lines, right, left)):
            found.append(left)
        right = max(right, end)
    return found if len(found) >= _FEWEST_COLUMNS else []


def _aligned(lines: Sequence[_Printed], right: float, left: float) -> bool:
    """Whether most lines that have words behind the white space begin them at one place."""
    firsts = [
        min(word[0] for word in line.words if word[0] > right)
        for line in lines
        if any(word[0] > right for word in line.words)
    ]
    there = sum(abs(first - left) <= _ALIGNED for first in firsts)
    return there >= 2 and 2 * there >= len(firsts)


# --- Its rows -------------------------------------------------------------------------------------


def _column(bounds: list[float], left: float) -> int:
    return max(0, bisect_right(bounds, left + _LEAST_GUTTER) - 1)


def _header(lines: Sequence[_Printed], bounds: list[float]) -> Header | None:
    """What the first row of the lines says, where it is a header of tasks."""
    rows = _rows(lines, bounds)
    if len(rows) < 2:
        return None
    header = read_header(_cells(rows[0], bounds), PLAN_COLUMNS)
    tells = "title" in header.places and {"lead", "deadline"} & set(header.places)
    return header if tells and len(header.places) >= _FEWEST_COLUMNS else None


def _rows(lines: Sequence[_Printed], bounds: list[float]) -> list[list[_Printed]]:
    """Lines row by row: a row begins at a number in the first column, or behind a wider gap."""
    gaps = [above.base - below.base for above, below in pairwise(lines)]
    usual = min((gap for gap in gaps if gap > 2), default=0.0)
    numbered = sum(_numbered(line, bounds) for line in lines) >= 2
    rows: list[list[_Printed]] = []
    for place, line in enumerate(lines):
        wide = place > 0 and gaps[place - 1] > 1.25 * usual
        if not rows or _numbered(line, bounds) or (wide and (not numbered or _spans(line, bounds))):
            rows.append([])
        rows[-1].append(line)
    return rows


def _numbered(line: _Printed, bounds: list[float]) -> bool:
    """Whether the first column holds a number or letter of a list."""
    border = bounds[1] - _LEAST_GUTTER
    first = "".join(glyph.text for glyph in line.glyphs if glyph.left < border)
    return re.fullmatch(r"\s*(?:\d{1,3}(?:\.\d{1,2})*|[IVX]+|[A-ZĐ])[.)]?\s*", first) is not None


def _spans(line: _Printed, bounds: list[float]) -> bool:
    return any(_crosses(word, bounds) for word in line.words)


def _cells(row: Sequence[_Printed], bounds: list[float]) -> list[str]:
    cells: list[list[Glyph]] = [[] for _bound in bounds]
    for line in row:
        if _spans(line, bounds):
            # A heading across the table.
            cells[0] += line.glyphs
            continue
        for glyph in line.glyphs:
            cells[_column(bounds, glyph.left)].append(glyph)
    return [cell_text(held) if held else "" for held in cells]


def _table(page: int, lines: Sequence[_Printed], bounds: list[float]) -> list[Found]:
    if not lines:
        return []
    rows = [Row(page, tuple(_cells(row, bounds))) for row in _rows(lines, bounds)]
    check_length(len(rows))
    held = [glyph for line in lines for glyph in line.glyphs]
    return [Found(max(glyph.top for glyph in held), rows, held)]
