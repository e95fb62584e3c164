"""Figures as a picture for a phone: a bar for each agency, its parts told apart by words, order and
hatching, so that it can be read in grey and by those who do not see colours.

Drawing takes about a second of a processor: call it in a thread, outside any transaction.
"""

import io
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reports.status import AgencyRow, Counts, Status
from reports.vietnamese import cut, num, one_line, percent, short_day

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 1080
MOST_AGENCIES = 20
# Of an agency's name: what fits over its bar on one line.
_NAME = 50
_DPI = 200
_ROW = 96
_ABOVE, _BELOW = 400, 96
_FONT = "DejaVu Sans"
_INK, _FAINT = "#1a1a1a", "#555555"
# Points by which hatching is drawn.
_HATCH = 0.6


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a bar. `colour` is dark enough on white where `light` is False, so that its number
    is written in white."""

    name: str
    colour: str
    hatch: str
    light: bool = False


PIECES: tuple[Piece, ...] = (
    Piece("Xong đúng hạn", "#1b7837", ""),
    Piece("Xong quá hạn", "#a6dba0", "....", light=True),
    Piece("Còn thời gian", "#d9e6f2", "", light=True),
    Piece("Sắp đến hạn", "#fdd87c", "////", light=True),
    Piece("Quá hạn", "#b2182b", "xx"),
)


def pieces_of(counts: Counts) -> tuple[int, int, int, int, int]:
    """The parts of a bar, in the order of :data:`PIECES`; together they are the total. What is
    open and neither due soon nor overdue has time left, or waits to be confirmed."""
    rest = counts.open - counts.due_soon - counts.overdue
    return counts.done_on_time, counts.done_late, rest, counts.due_soon, counts.overdue


def draw_status(figures: Status, title: str, words: Sequence[str] = ()) -> bytes:
    """The picture as PNG, 1080 pixels wide. `title`: whose figures; `words`: what limits them."""
    rows = [row for row in figures.rows if row.counts.total]
    figure = build(figures, title, words, rows[:MOST_AGENCIES], len(rows[MOST_AGENCIES:]))
    data = io.BytesIO()
    figure.savefig(data, format="png", dpi=_DPI, metadata={"Software": None})
    return data.getvalue()


def build(
    figures: Status, title: str, words: Sequence[str], rows: Sequence[AgencyRow], rest: int
) -> "Figure":
    """The drawing itself; a `Figure` of its own, no state is shared between threads."""
    from matplotlib.figure import Figure  # noqa: PLC0415 -- heavy, and seldom needed

    logging.getLogger("matplotlib").setLevel(logging.WARNING)
    height = _ABOVE + _ROW * max(len(rows), 2) + _BELOW
    figure = Figure(figsize=(WIDTH / _DPI, height / _DPI), dpi=_DPI, facecolor="white")
    _head(figure, height, figures, title, words)
    _legend(figure, height, figures.totals)
    room = _ROW * max(len(rows), 2) / height
    _bars(figure.add_axes((0.04, _BELOW / height, 0.92, room)), rows)
    _foot(figure, height, figures, rest)
    return figure


def _say(figure: "Figure", height: int, x: float, y: int, text: str, **look: Any) -> None:
    """Text whose top is `y` pixels below the picture's top."""
    known: dict[str, Any] = {"color": _INK, "fontfamily": _FONT, "parse_math": False, "va": "top"}
    figure.text(x, 1 - y / height, one_line(text), **known | look)


def _head(figure: "Figure", height: int, figures: Status, title: str, words: Sequence[str]) -> None:
    totals = figures.totals
    _say(figure, height, 0.04, 34, "Tình hình thực hiện nhiệm vụ", fontsize=13, fontweight="bold")
    _say(figure, height, 0.04, 84, cut(title, 62), fontsize=9.5, fontweight="bold")
    said = [f"Tính đến ngày {short_day(figures.today)}", *words]
    _say(figure, height, 0.04, 124, cut("; ".join(said), 84), fontsize=7, color=_FAINT)
    done = f"hoàn thành {num(totals.done)} ({percent(totals.done, totals.total)})"
    late = f"quá hạn {num(totals.overdue)} ({percent(totals.overdue, totals.total)})"
    line = f"Tổng số {num(totals.total)} việc: {done}, {late}"
    _say(figure, height, 0.04, 158, line, fontsize=8.5)


def _legend(figure: "Figure", height: int, totals: Counts) -> None:
    """What each part means, with its sum, in the order in which the parts stand."""
    from matplotlib.patches import Rectangle  # noqa: PLC0415 -- heavy, and seldom needed

    places = ((0.04, 214), (0.36, 214), (0.68, 214), (0.04, 268), (0.36, 268))
    for piece, count, (x, y) in zip(PIECES, pieces_of(totals), places, strict=True):
        patch = Rectangle(
            (x, 1 - (y + 30) / height), 0.045, 30 / height, transform=figure.transFigure,
            facecolor=piece.colour, hatch=piece.hatch, edgecolor=_edge(piece), linewidth=0.6,
        )  # fmt: skip
        patch.set_hatch_linewidth(_HATCH)
        figure.add_artist(patch)
        _say(figure, height, x + 0.055, y + 2, f"{piece.name}: {num(count)}", fontsize=7.5)
    note = "Mỗi thanh là toàn bộ việc của một cơ quan; cơ quan cần quan tâm nhất đứng trước."
    _say(figure, height, 0.04, 326, note, fontsize=6.3, color=_FAINT)


def _edge(piece: Piece) -> str:
    return "#333333" if piece.light else "white"


def _bars(axes: "Axes", rows: Sequence[AgencyRow]) -> None:
    axes.set_xlim(0, 1)
    axes.set_ylim(max(len(rows), 2), 0)
    axes.axis("off")
    if not rows:
        _write(axes, 0, 0.5, "Không có việc nào trong phạm vi này.", fontsize=9)
    for place, row in enumerate(rows):
        _bar(axes, place, row)


def _write(axes: "Axes", x: float, y: float, text: str, **look: Any) -> None:
    known: dict[str, Any] = {"color": _INK, "fontfamily": _FONT, "parse_math": False}
    axes.text(x, y, one_line(text), **known | look)


def _bar(axes: "Axes", place: int, row: AgencyRow) -> None:
    """A bar as wide as the picture, so that a small agency is read as well as a large one; what it
    is a share of stands above it."""
    counts = row.counts
    late = f"quá hạn {num(counts.overdue)}/{num(counts.total)} việc"
    said = late if counts.overdue else f"{num(counts.total)} việc"
    _write(axes, 0, place + 0.34, cut(row.agency, _NAME), fontsize=7.5, va="bottom")
    _write(axes, 1, place + 0.34, said, fontsize=7.5, va="bottom", ha="right")
    left = 0.0
    for piece, count in zip(PIECES, pieces_of(counts), strict=True):
        if not count:
            continue
        width = count / counts.total
        (patch,) = axes.barh(
            place + 0.66, width, height=0.46, left=left, color=piece.colour, hatch=piece.hatch,
            edgecolor=_edge(piece), linewidth=0.6,
        )  # fmt: skip
        patch.set_hatch_linewidth(_HATCH)
        if width > 0.02 * len(num(count)) + 0.015:
            _number(axes, left + width / 2, place + 0.66, count, piece)
        left += width


def _number(axes: "Axes", x: float, y: float, count: int, piece: Piece) -> None:
    """On its own ground, or the hatching would run through it."""
    ground = {"facecolor": piece.colour, "edgecolor": "none", "pad": 1.0}
    _write(
        axes, x, y, num(count), fontsize=7, va="center", ha="center", fontweight="bold",
        color=_INK if piece.light else "white", bbox=ground if piece.hatch else None,
    )  # fmt: skip


def _foot(figure: "Figure", height: int, figures: Status, rest: int) -> None:
    lines = []
    if rest:
        lines.append(f"… và {num(rest)} cơ quan khác có ít việc cần quan tâm hơn.")
    if figures.tasks:
        share = f"{num(figures.tasks_not_started)}/{num(figures.tasks)}"
        lines.append(f"Chưa triển khai: {share} nhiệm vụ.")
    for number, line in enumerate(lines):
        _say(figure, height, 0.04, height - _BELOW + 22 + 30 * number, line, fontsize=7)
