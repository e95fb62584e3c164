"""Letters with their places on a page, and the lines of print they make."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from deadlines.text import clean
from intake.grid import tidy
from intake.outline import marker

TERMINAL = re.compile(r"""[.;:!?…]["')\]*”]*\s*$""")
_HYPHEN = re.compile(r"[A-ZĐ\d]-$")
_YEAR_CUT = re.compile(r"\d/\d{1,2}/\d{1,3}$|/\d{1,3}$")


class Glyph(NamedTuple):
    """One letter, the box it takes up, and the line it stands on; y grows upwards. A tuple: a long
    file has half a million."""

    text: str
    left: float
    bottom: float
    right: float
    top: float
    base: float

    @property
    def middle(self) -> tuple[float, float]:
        return (self.left + self.right) / 2, (self.bottom + self.top) / 2


def runs(glyphs: Sequence[Glyph]) -> Iterator[list[Glyph]]:
    """Letters line by line, each from left to right. A file may draw them in any order: letters of
    a substitute font come after all others."""
    run: list[Glyph] = []
    for glyph in sorted(glyphs, key=lambda one: (-one.base, one.left)):
        if run and run[0].base - glyph.base > max(2.0, 0.25 * (run[0].top - run[0].bottom)):
            yield _in_order(run)
            run = []
        run.append(glyph)
    if run:
        yield _in_order(run)


def _in_order(run: list[Glyph]) -> list[Glyph]:
    """From left to right, with a blank where letters stand apart and none was drawn."""
    found: list[Glyph] = []
    for glyph in sorted(run, key=lambda one: one.left):
        last = found[-1] if found else None
        if last is not None and not last.text.isspace() and not glyph.text.isspace():
            gap = glyph.left - last.right
            if gap > 0.14 * (glyph.top - glyph.bottom):
                found.append(glyph._replace(text=" ", left=last.right, right=glyph.left))
        found.append(glyph)
    return found


def cell_text(glyphs: list[Glyph]) -> str:
    lines = ["".join(glyph.text for glyph in run) for run in runs(glyphs)]
    return tidy(_unbroken([clean(line) for line in lines if line.strip()]))


def _unbroken(lines: Sequence[str]) -> str:
    """Lines of a cell as text: only bullets and numbers begin a line of their own."""
    text = ""
    for line in lines:
        starts = line.startswith(("-", "+", "•")) or (
            marker(line) is not None and TERMINAL.search(text)
        )
        text = f"{text}\n{line}" if text and starts else joined(text, line)
    return text


def joined(text: str, line: str) -> str:
    """Two printed lines as one; narrow columns cut "KH-|BCĐ" and "20/12/202|3"."""
    cut = _HYPHEN.search(text) or (_YEAR_CUT.search(text) and line[:1].isdigit())
    return f"{text}{line}" if cut else f"{text} {line}".strip()
