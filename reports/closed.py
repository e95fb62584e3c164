"""Closed work, from the tally where that knows, else from its rows.

A day lies in a month, a month in "ever", so the closed duties of any days are a few cells: those of
a period are its whole months and the days left over; those whose period has begun are all there
ever were, less the few that were done before it.
"""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, and_, case, exists, func, select, union_all
from sqlmodel import Session, col

from registry.tables import Duty, Tally
from registry.types import About, DutyKind, Span
from reports.counting import DONE, Scope, in_time

_DAY = timedelta(days=1)
Cells = tuple[Span, date, date]
_EVER: Cells = (Span.EVER, date.min, date.min)
_COUNT = col(Tally.on_time) + col(Tally.late)


def by_agency(session: Session, scope: Scope) -> dict[tuple[DutyKind, int], tuple[int, int]]:
    """How many are done on time and late, by kind and agency."""
    query = _from_tally(scope) if scope.tallied else _from_rows(scope)
    rows = session.connection().execute(query)
    return {(row[0], row[1]): (int(row[2]), int(row[3])) for row in rows}


def _from_rows(scope: Scope) -> Any:
    good = func.count(case((in_time(), 1)))
    return (
        select(col(Duty.kind), col(Duty.agency_id), good, func.count() - good)
        .where(*scope.within(None), DONE)
        .group_by(col(Duty.kind), col(Duty.agency_id))
    )


def _from_tally(scope: Scope) -> Any:
    cells: list[Any] = [
        select(
            col(Tally.kind).label("kind"), col(Tally.about_id).label("about_id"),
            (sign * col(Tally.on_time)).label("good"), (sign * col(Tally.late)).label("late"),
        ).where(_in(About.AGENCY, each), *scope.agencies(col(Tally.about_id)))
        for sign, counted in _signed(scope)
        for each in counted
    ]  # fmt: skip
    found = union_all(*cells).subquery()
    return select(
        found.c.kind, found.c.about_id, func.sum(found.c.good), func.sum(found.c.late)
    ).group_by(found.c.kind, found.c.about_id)


def tasks(session: Session, scope: Scope) -> frozenset[int]:
    """The tasks with a duty that counts and is done."""
    if scope.tallied and scope.agency_ids is None and scope.period is not None:
        query = select(_together(_within(*scope.period)).c.about_id).distinct()
    else:
        mine = scope.within(DutyKind.DEADLINE)
        query = select(col(Duty.task_id)).where(*mine, DONE).distinct()
    return frozenset(session.connection().execute(query).scalars())


@dataclass(frozen=True, slots=True)
class Begun:
    """Of all tasks, those with anything done in a period that has begun: how many they are, and
    whether a task is one of them. They are never listed: it may be all tasks there ever were."""

    number: ColumnElement[int]
    ahead: Select[Any] | None

    def has(self, task: ColumnElement[int]) -> ColumnElement[bool]:
        known = exists().where(_DONE_EVER, col(Tally.about_id) == task)
        return known if self.ahead is None else and_(known, task.not_in(self.ahead))


def begun(today: date) -> Begun:
    """All tasks with anything done, less those of which nothing done has begun."""
    number = select(func.count()).where(_DONE_EVER).scalar_subquery()
    later = _ahead(today)
    if not later:
        return Begun(number, None)
    cells = _together(later)
    each = select(cells.c.about_id, func.sum(cells.c.count).label("count"))
    sums = each.group_by(cells.c.about_id).subquery()
    ahead = (
        select(col(Tally.about_id))
        .join(sums, and_(_DONE_EVER, sums.c.about_id == col(Tally.about_id)))
        .where(sums.c.count >= _COUNT)
    )
    none = select(func.count()).select_from(ahead.subquery()).scalar_subquery()
    return Begun(number - none, ahead)


def _together(cells: Sequence[Cells]) -> Subquery:
    """The tasks counted by these cells, some of them more than once."""
    return union_all(
        *(
            select(col(Tally.about_id).label("about_id"), _COUNT.label("count")).where(
                _in(About.TASK, each), _COUNT > 0
            )
            for each in cells
        )
    ).subquery()


def _in(about: About, cells: Cells) -> ColumnElement[bool]:
    span, first, last = cells
    day = col(Tally.first_on)
    return and_(
        col(Tally.about) == about,
        col(Tally.span) == span,
        # One cell is found by its key, where a range would be looked through.
        day == first if first == last else day.between(first, last),
    )


_DONE_EVER = and_(_in(About.TASK, _EVER), _COUNT > 0)


# -- which cells ----------------------------------------------------------------------------------


def _signed(scope: Scope) -> list[tuple[int, list[Cells]]]:
    if scope.period is not None:
        # No cell at all is a query that cannot be written.
        return [(1, _within(*scope.period))]
    return [(1, [_EVER]), (-1, _ahead(scope.today))]


def _ahead(today: date) -> list[Cells]:
    """Periods that open after today: the rest of this month, and the months to come."""
    end = _month_end(today)
    found: list[Cells] = []
    if today < end:
        found.append((Span.OPENS_DAY, today + _DAY, end))
    if end < date.max:
        found.append((Span.OPENS_MONTH, end + _DAY, date.max))
    return found


def _within(first: date, last: date) -> list[Cells]:
    """Due days from first to last: whole months, and days at both ends. Never none at all: what
    ends before it begins finds nothing."""
    begin = _ordinal(first) + (first.day > 1)
    end = _ordinal(last) - (last != _month_end(last))
    if begin > end:
        return [(Span.DUE_DAY, first, last)]
    months = _month(begin), _month(end)
    found: list[Cells] = [(Span.DUE_MONTH, *months)]
    if first < months[0]:
        found.append((Span.DUE_DAY, first, months[0] - _DAY))
    if _month_end(months[1]) < last:
        found.append((Span.DUE_DAY, _month_end(months[1]) + _DAY, last))
    return found


def _ordinal(day: date) -> int:
    return day.year * 12 + day.month - 1


def _month(ordinal: int) -> date:
    return date(ordinal // 12, ordinal % 12 + 1, 1)


def _month_end(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])
