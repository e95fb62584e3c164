"""Agencies in order of how much they do on time. The formula stands in docs/so-lieu.md; it is pure,
and every number it gives is one of `reports/status.py`."""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from reports.status import AgencyRow

# Of fewer settled duties a share says little.
MINIMUM = 3


@dataclass(frozen=True, slots=True)
class Ranked:
    """One agency: `on_time` of `settled` duties (done, or overdue) were done on time. `place` is
    shared by equal shares; None where there are too few."""

    agency_id: int
    agency: str
    place: int | None
    on_time: int
    settled: int
    done_late: int
    overdue: int


@dataclass(frozen=True, slots=True)
class Ranking:
    """`ranked`: best first, equals by name; `apart`: with fewer than `minimum` settled duties."""

    ranked: tuple[Ranked, ...]
    apart: tuple[Ranked, ...]
    minimum: int = MINIMUM

    def of(self, agency_id: int) -> Ranked | None:
        """The line of one agency."""
        both = (*self.ranked, *self.apart)
        return next((one for one in both if one.agency_id == agency_id), None)


def rank(rows: Iterable[AgencyRow], minimum: int = MINIMUM) -> Ranking:
    """Order agencies by done_on_time / (done_on_time + done_late + overdue). What is open and not
    overdue says nothing yet, and counts neither way."""
    lines = [_line(row) for row in rows]
    lines = [line for line in lines if line.settled]
    enough = [line for line in lines if line.settled >= minimum]
    shares = sorted((_share(line) for line in enough), reverse=True)
    placed = [_placed(line, shares.index(_share(line)) + 1) for line in enough]
    few = [line for line in lines if line.settled < minimum]
    return Ranking(
        tuple(sorted(placed, key=lambda line: (line.place or 0, line.agency))),
        tuple(sorted(few, key=lambda line: line.agency)),
        minimum,
    )


def _line(row: AgencyRow) -> Ranked:
    counts = row.counts
    settled = counts.done + counts.overdue
    return Ranked(
        row.agency_id, row.agency, None, counts.done_on_time, settled, counts.done_late,
        counts.overdue,
    )  # fmt: skip


def _share(line: Ranked) -> Fraction:
    return Fraction(line.on_time, line.settled)


def _placed(line: Ranked, place: int) -> Ranked:
    return Ranked(
        line.agency_id, line.agency, place, line.on_time, line.settled, line.done_late, line.overdue
    )
