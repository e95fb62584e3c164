"""Ruled lines in the picture of a page: where tables are drawn."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from intake.frames import Edge

_DARK = 140
# A rule is longer than this and no thicker than that, in points.
_SHORTEST = 24.0
_THICKEST = 5.0
# No taller than a letter, and how near the end of a stroke is to the rule it touches.
_STROKE = 8.0
_TOUCHING = 2.0

# A dark stretch: the row of pixels it lies in, its first pixel and the one behind its last.
_Run = tuple[int, int, int]


def ruled_lines(picture: Any, scale: float) -> tuple[list[Edge], list[Edge]]:
    """The horizontal and the upright lines of a grey Pillow image, in points, y downwards; `scale`:
    points a pixel."""
    least, most = int(_SHORTEST / scale), max(3, int(_THICKEST / scale))
    flat = _edges(_runs(picture, least), most, scale)
    upright = _edges(_runs(_on_its_side(picture), int(_STROKE / scale)), most, scale)
    return flat, [one for one in upright if one.end - one.start > _SHORTEST or _parts(one, flat)]


def _parts(upright: Edge, flat: list[Edge]) -> bool:
    """Whether a short stroke runs from rule to rule, as between two cells of a header; a letter
    does not."""
    return all(
        any(
            abs(one.at - end) < _TOUCHING
            and one.start - _TOUCHING < upright.at < one.end + _TOUCHING
            for one in flat
        )
        for end in (upright.start, upright.end)
    )


def without_lines(picture: Any) -> Any:
    """The picture with its ruled lines painted over: they are read as letters otherwise."""
    least = int(_SHORTEST * picture.height / 842)
    plain = picture.copy()
    for run in _merged(_runs(picture, least)):
        if run[1] - run[0] < 16:
            plain.paste(255, (run[2], run[0] - 1, run[3], run[1] + 2))
    for run in _merged(_runs(_on_its_side(picture), least)):
        if run[1] - run[0] < 16:
            plain.paste(255, (run[0] - 1, run[2], run[1] + 2, run[3]))
    return plain


def _on_its_side(picture: Any) -> Any:
    from PIL import Image  # noqa: PLC0415 -- heavy, and only scans need it

    return picture.transpose(Image.Transpose.TRANSPOSE)


def _runs(picture: Any, least: int) -> Iterator[_Run]:
    """Dark stretches of at least so many pixels, row by row. Bytes are searched, not pixels: a page
    has nine million of them."""
    dark = picture.point(lambda value: 1 if value < _DARK else 0)
    width, data = picture.width, dark.tobytes()
    pattern = re.compile(rb"\x01{%d,}" % max(least, 8))
    for row in range(picture.height):
        for found in pattern.finditer(data[row * width : (row + 1) * width]):
            yield row, found.start(), found.end()


def _merged(runs: Iterable[_Run]) -> list[tuple[int, int, int, int]]:
    """Stretches that lie upon each other as one: first row, last row, first and last pixel."""
    open_: list[tuple[int, int, int, int]] = []
    done: list[tuple[int, int, int, int]] = []
    for row, start, end in runs:
        done += [one for one in open_ if one[1] < row - 2]
        open_ = [one for one in open_ if one[1] >= row - 2]
        touching = [one for one in open_ if one[2] <= end and start <= one[3]]
        open_ = [one for one in open_ if one not in touching]
        tops, starts, ends = (
            [one[0] for one in touching],
            [one[2] for one in touching],
            [one[3] for one in touching],
        )
        open_.append((min([row, *tops]), row, min([start, *starts]), max([end, *ends])))
    return [*done, *open_]


def _edges(runs: Iterable[_Run], most: int, scale: float) -> list[Edge]:
    """Stretches no thicker than a line; one that lies askew is cut where it leaves its row."""
    found: list[Edge] = []
    for top, bottom, start, end in _merged(runs):
        if bottom - top <= most or (bottom - top) < 0.03 * (end - start):
            found.append(Edge((top + bottom) / 2 * scale, start * scale, end * scale))
    return found
