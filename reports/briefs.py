"""What the weekly briefs are made of: the duties, difficulties and silences of some agencies, seen
on one morning. What is chosen of it for a reader is decided in `scheduler/briefing.py`.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlmodel import Session, col

from deadlines.calendar import WorkCalendar
from registry.clock import local_day
from registry.tables import (
    Agency,
    Duty,
    Obstacle,
    Person,
    Request,
    Subscription,
    Task,
)
from registry.types import DutyKind, DutyState, RequestState, Role
from reports.counting import SOON_DAYS, reacted
from reports.status import Counts, Unreachable, status, unreachable

WEEK = timedelta(days=7)
AHEAD = timedelta(days=14)
# The kind of deadline that hangs on others' reports.
DERIVED = "relative"


@dataclass(frozen=True, slots=True)
class DutyLine:
    """One duty. `started`: somebody of the agency has said something about it."""

    number: int
    title: str
    agency_id: int
    agency: str
    directive_id: int
    period: str
    derived: bool
    due_on: date
    done_on: date | None
    started: bool

    @property
    def done(self) -> bool:
        return self.done_on is not None


@dataclass(frozen=True, slots=True)
class Raised:
    """A difficulty without an answer."""

    number: int
    agency_id: int
    agency: str
    text: str
    on: date


@dataclass(frozen=True, slots=True)
class DayOff:
    """A working weekday that is free, or (`worked`) a weekend day that is worked."""

    day: date
    reason: str
    worked: bool = False


@dataclass(frozen=True, slots=True)
class Week:
    """Everything a brief may speak of. `lines`: duties open now, and those done or due in the last
    seven days. `awaited`: (directive, period, agency) of open reports that sum others up."""

    today: date
    soon_days: int
    counts: Counts
    lines: tuple[DutyLine, ...]
    raised: tuple[Raised, ...]
    silent: tuple[Unreachable, ...]
    awaited: frozenset[tuple[int, str, int]]


@dataclass(frozen=True, slots=True)
class Desk:
    """What only the standing agency is told of: requests that wait for it (how many, since when),
    focal points who owe a word, days off ahead."""

    requests: int
    oldest: date | None
    unanswered: int
    days_off: tuple[DayOff, ...]
    unconfirmed: tuple[int, ...]


def load_week(
    session: Session,
    today: date,
    agency_ids: Collection[int] | None,
    soon_days: int = SOON_DAYS,
    spent: Collection[str] = (),
) -> Week:
    """The week as it stands this morning, for some agencies (None: all of them)."""
    figures = status(session, today, agency_ids=agency_ids, soon_days=soon_days)
    silent = unreachable(session, today, spent)
    return Week(
        today,
        soon_days,
        figures.totals,
        _lines(session, today, agency_ids),
        _raised(session, agency_ids),
        tuple(row for row in silent if agency_ids is None or row.agency_id in agency_ids),
        _awaited(session),
    )


def load_desk(session: Session, now: datetime, calendar: WorkCalendar, unanswered: int) -> Desk:
    """What waits on the standing agency's own desk. unanswered: focal points who owe a word."""
    today = local_day(now)
    count, oldest = (
        session.connection()
        .execute(
            select(func.count(), func.min(col(Request.asked_at))).where(
                col(Request.state) == RequestState.ASKED
            )
        )
        .one()
    )
    free, unsure = days_off(calendar, today, today + AHEAD)
    return Desk(count, local_day(oldest) if oldest else None, unanswered, free, unsure)


def days_off(
    calendar: WorkCalendar, first: date, last: date
) -> tuple[tuple[DayOff, ...], tuple[int, ...]]:
    """Weekdays off and weekend days worked between two days, both included; and the years among
    them whose official notice of days off is not known yet."""
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    free = tuple(
        DayOff(day, calendar.name_of(day) or "", worked=calendar.is_working(day))
        for day in days
        if calendar.is_working(day) == (day.weekday() >= 5)
    )
    unsure = sorted({day.year for day in days if not calendar.is_confirmed(day.year)})
    return free, tuple(unsure)


def who_answers(session: Session, agency_id: int) -> tuple[str, Role] | None:
    """Whom to call: the agency's leader if one is known here, else its focal point."""
    rows = session.connection().execute(
        select(col(Person.name), col(Subscription.role))
        .join(Subscription, col(Subscription.person_id) == col(Person.id))
        .where(
            col(Subscription.agency_id) == agency_id,
            col(Subscription.role).in_([Role.LEADER, Role.FOCAL]),
            col(Subscription.ended_at).is_(None),
            col(Person.erased_at).is_(None),
        )
        .order_by(col(Subscription.id))
    )
    found = [(name, Role(role)) for name, role in rows]
    return next((one for one in found if one[1] is Role.LEADER), next(iter(found), None))


def _mine(agency_ids: Collection[int] | None) -> list[ColumnElement[bool]]:
    return [] if agency_ids is None else [col(Duty.agency_id).in_(sorted(agency_ids))]


def _lines(
    session: Session, today: date, agency_ids: Collection[int] | None
) -> tuple[DutyLine, ...]:
    still_open = and_(
        col(Duty.state) == DutyState.OPEN,
        or_(col(Duty.opens_on) <= today, col(Duty.due_on) <= today + WEEK),
    )
    lately = or_(
        col(Duty.done_on).between(today - WEEK, today),
        col(Duty.due_on).between(today - WEEK, today),
    )
    done = and_(col(Duty.state) == DutyState.DONE, lately)
    said = reacted()
    rows = session.connection().execute(
        select(
            col(Duty.number), col(Task.title), col(Duty.agency_id), col(Agency.name),
            col(Task.directive_id), col(Duty.period), col(Task.kind), col(Duty.due_on),
            col(Duty.state), col(Duty.done_on), said,
        )
        .join(Task, col(Task.id) == col(Duty.task_id))
        .join(Agency, col(Agency.id) == col(Duty.agency_id))
        .where(
            col(Duty.kind) == DutyKind.DEADLINE, or_(still_open, done), *_mine(agency_ids)
        )
        .order_by(col(Duty.due_on), col(Duty.number))
    )  # fmt: skip
    return tuple(
        DutyLine(
            number, title, agency_id, agency, directive_id, period, kind == DERIVED, due_on,
            done_on if state == DutyState.DONE else None, bool(started),
        )
        for number, title, agency_id, agency, directive_id, period, kind, due_on, state, done_on,
        started in rows
    )  # fmt: skip


def _raised(session: Session, agency_ids: Collection[int] | None) -> tuple[Raised, ...]:
    rows = session.connection().execute(
        select(
            col(Duty.number), col(Duty.agency_id), col(Agency.name), col(Obstacle.text),
            col(Obstacle.at),
        )
        .join(Duty, col(Duty.id) == col(Obstacle.duty_id))
        .join(Agency, col(Agency.id) == col(Duty.agency_id))
        .where(
            col(Obstacle.closed_at).is_(None),
            col(Duty.state) == DutyState.OPEN,
            *_mine(agency_ids),
        )
        .order_by(col(Obstacle.at), col(Obstacle.id))
    )  # fmt: skip
    return tuple(
        Raised(number, agency_id, agency, text, local_day(at))
        for number, agency_id, agency, text, at in rows
    )


def _awaited(session: Session) -> frozenset[tuple[int, str, int]]:
    rows = session.connection().execute(
        select(col(Task.directive_id), col(Duty.period), col(Duty.agency_id))
        .join(Task, col(Task.id) == col(Duty.task_id))
        .where(col(Task.kind) == DERIVED, col(Duty.state) == DutyState.OPEN)
    )
    return frozenset((directive, period, agency) for directive, period, agency in rows)
