"""Where everything stands: the one read model behind /status, digests, reports and the dashboard.

What is counted, on a given day (local, Asia/Ho_Chi_Minh):

- A duty counts when a directive names its day (kind deadline), it is not cancelled, and its period
  has begun (`opens_on` <= today). Asked for a period of days, the duties whose due day lies in it
  count instead, whether or not their own period has begun.
- done_on_time: done, and `done_on` <= `due_on`, the day after any extension granted.
  done_late: done, but later than that.
- open: not done. overdue: open and the due day has ended (`due_on` < today). due_soon: open, not
  overdue, due within `soon_days` calendar days. not_started: open, and nobody of the agency has
  reacted at all (not received, no obstacle, no extension asked, never reported done).
- total = done_on_time + done_late + open. overdue, due_soon and not_started are parts of open.
- Counted apart, never in the total: updates, the open requests to update a task without a day;
  waiting, the tasks an agency leads that have no due day yet and no duty.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select
from sqlalchemy.orm import Mapped
from sqlmodel import Session, col

from registry.tables import (
    Agency,
    Completion,
    Directive,
    Duty,
    Extension,
    Obstacle,
    Task,
    TaskAgency,
)
from registry.types import DutyKind, DutyState, Part
from reports.facts import urged_days
from reports.reach import Silence, reached, silences

SOON_DAYS = 10
MONTH = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Counts:
    """The figures; their meaning is the module's docstring."""

    total: int = 0
    done_on_time: int = 0
    done_late: int = 0
    open: int = 0
    due_soon: int = 0
    overdue: int = 0
    not_started: int = 0

    @property
    def done(self) -> int:
        return self.done_on_time + self.done_late

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(*(getattr(self, name) + getattr(other, name) for name in FIGURES))


FIGURES = tuple(each.name for each in fields(Counts))


@dataclass(frozen=True, slots=True)
class AgencyRow:
    """One agency's figures."""

    agency_id: int
    agency: str
    counts: Counts
    updates: int = 0
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class OverdueLine:
    """One overdue duty; `late_days` are calendar days, `urges` the days it was urged on."""

    duty_id: int
    number: int
    title: str
    agency_id: int
    agency: str
    due_on: date
    late_days: int
    urges: int


@dataclass(frozen=True, slots=True)
class Status:
    """The figures of one day: `rows` with the agency that needs most attention first, `overdue`
    with the longest overdue first. `period` and `directive` say what was asked for."""

    today: date
    soon_days: int
    totals: Counts
    rows: tuple[AgencyRow, ...]
    overdue: tuple[OverdueLine, ...]
    updates: int
    waiting: int
    period: tuple[date, date] | None = None
    directive: str = ""


@dataclass(frozen=True, slots=True)
class Unreachable:
    """An agency that owes something and that no message can reach. `next_due`: its next open due
    day from today on, None where all are overdue. `why`: what keeps it from being reached."""

    agency_id: int
    agency: str
    open: int
    overdue: int
    next_due: date | None
    why: Silence = Silence.NEVER


@dataclass(frozen=True, slots=True)
class _Scope:
    """What was asked for."""

    today: date
    agency_ids: frozenset[int] | None
    directive_id: int | None
    period: tuple[date, date] | None

    def duties(self, kind: DutyKind) -> list[ColumnElement[bool]]:
        conditions = [
            col(Duty.kind) == kind,
            col(Duty.state) != DutyState.CANCELLED,
            self._days(),
            *self.agencies(col(Duty.agency_id)),
        ]
        if self.directive_id is not None:
            conditions.append(col(Duty.task_id).in_(self._tasks()))
        return conditions

    def _days(self) -> ColumnElement[bool]:
        if self.period is None:
            return col(Duty.opens_on) <= self.today
        return col(Duty.due_on).between(*self.period)

    def agencies(self, column: Mapped[Any]) -> list[ColumnElement[bool]]:
        return [] if self.agency_ids is None else [column.in_(sorted(self.agency_ids))]

    def _tasks(self) -> Any:
        return select(col(Task.id)).where(col(Task.directive_id) == self.directive_id)


def status(
    session: Session,
    today: date,
    *,
    agency_ids: Collection[int] | None = None,
    directive_id: int | None = None,
    period: tuple[date, date] | None = None,
    soon_days: int = SOON_DAYS,
) -> Status:
    """The figures of `today`, for some agencies, one directive, or the duties due in a period
    (both days included). Every agency in force has a row, unless a directive or period is named.

    An empty `agency_ids` means no agency, not all of them.
    """
    scope = _Scope(
        today, None if agency_ids is None else frozenset(agency_ids), directive_id, period
    )
    counts = _counts(session, scope, soon_days)
    updates = _updates(session, scope)
    waiting = {} if period else _waiting(session, scope)
    concerned = set(counts) | set(updates) | set(waiting)
    rows = [
        AgencyRow(key, name, counts.get(key, Counts()), updates.get(key, 0), waiting.get(key, 0))
        for key, name in _agencies(session, scope, concerned).items()
    ]
    return Status(
        today=today,
        soon_days=soon_days,
        totals=sum((row.counts for row in rows), Counts()),
        rows=tuple(sorted(rows, key=_worst_first)),
        overdue=_overdue(session, scope),
        updates=sum(updates.values()),
        waiting=sum(waiting.values()),
        period=period,
        directive=_directive(session, directive_id),
    )


def to_contract(figures: Status) -> dict[str, Any]:
    """What `dondoc status --json` writes: {"totals": {...}, "agencies": [{"agency": ..., ...}]}."""
    return {
        "today": figures.today.isoformat(),
        "totals": _plain(figures.totals),
        "agencies": [{"agency": row.agency, **_plain(row.counts)} for row in figures.rows],
        "updates": figures.updates,
        "waiting": figures.waiting,
    }


def unreachable(session: Session, today: date, spent: Collection[str] = ()) -> list[Unreachable]:
    """Agencies with open duties and no subscription that has a live contact, the most urgent first.
    spent: channels that may send nothing more this month.

    An open duty of any kind counts once its period has begun or it falls due within a month: there
    is still time to find somebody.
    """
    near = or_(col(Duty.opens_on) <= today, col(Duty.due_on) <= today + MONTH)
    ahead = case((col(Duty.due_on) >= today, col(Duty.due_on)))
    late = case((col(Duty.due_on) < today, 1), else_=0)
    rows = session.connection().execute(
        select(col(Agency.id), col(Agency.name), func.count(), func.sum(late), func.min(ahead))
        .join(Duty, col(Duty.agency_id) == col(Agency.id))
        .where(col(Duty.state) == DutyState.OPEN, near, ~reached(spent))
        .group_by(col(Agency.id), col(Agency.name), col(Agency.key))
        .order_by(func.min(col(Duty.due_on)), col(Agency.key))
    )
    found = [(key or 0, name, count, over, due) for key, name, count, over, due in rows]
    why = silences(session, [row[0] for row in found], spent)
    return [Unreachable(*row, why=why[row[0]]) for row in found]


def _plain(counts: Counts) -> dict[str, int]:
    return {name: getattr(counts, name) for name in FIGURES}


def _worst_first(row: AgencyRow) -> tuple[object, ...]:
    """Most overdue, then the largest part overdue, then what is about to be, then by name."""
    counts = row.counts
    return (
        -counts.overdue,
        -counts.overdue / max(counts.total, 1),
        -counts.due_soon,
        -counts.not_started,
        -counts.open,
        row.agency,
        row.agency_id,
    )


# -- queries --------------------------------------------------------------------------------------


def _number_of(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0))


def _counts(session: Session, scope: _Scope, soon_days: int) -> dict[int, Counts]:
    due, today = col(Duty.due_on), scope.today
    done = col(Duty.state) == DutyState.DONE
    is_open = col(Duty.state) == DutyState.OPEN
    # Done without a day cannot be shown to be in time.
    in_time = func.coalesce(col(Duty.done_on), date.max) <= due
    soon = today + timedelta(days=soon_days)
    figures: Mapping[str, ColumnElement[int]] = {
        "total": func.count(),
        "done_on_time": _number_of(and_(done, in_time)),
        "done_late": _number_of(and_(done, ~in_time)),
        "open": _number_of(is_open),
        "due_soon": _number_of(and_(is_open, due >= today, due <= soon)),
        "overdue": _number_of(and_(is_open, due < today)),
        "not_started": _number_of(and_(is_open, col(Duty.received_at).is_(None), ~reacted())),
    }
    rows = session.connection().execute(
        select(col(Duty.agency_id), *(figures[name] for name in FIGURES))
        .where(*scope.duties(DutyKind.DEADLINE))
        .group_by(col(Duty.agency_id))
    )
    return {row[0]: Counts(*(int(value) for value in row[1:])) for row in rows}


def reacted() -> ColumnElement[bool]:
    """Whether the agency has answered anything about the duty besides "đã nhận"."""
    return or_(
        *(
            exists().where(col(table.duty_id) == col(Duty.id))
            for table in (Obstacle, Extension, Completion)
        )
    )


def _updates(session: Session, scope: _Scope) -> dict[int, int]:
    rows = session.connection().execute(
        select(col(Duty.agency_id), func.count())
        .where(*scope.duties(DutyKind.UPDATE), col(Duty.state) == DutyState.OPEN)
        .group_by(col(Duty.agency_id))
    )
    return _by_agency(rows)


def _by_agency(rows: Iterable[Any]) -> dict[int, int]:
    return {row[0]: row[1] for row in rows}


def _waiting(session: Session, scope: _Scope) -> dict[int, int]:
    query = (
        select(col(TaskAgency.agency_id), func.count())
        .join(Task, col(Task.id) == col(TaskAgency.task_id))
        .join(Directive, col(Directive.id) == col(Task.directive_id))
        .where(*without_day(), *scope.agencies(col(TaskAgency.agency_id)))
        .group_by(col(TaskAgency.agency_id))
    )
    if scope.directive_id is not None:
        query = query.where(col(Task.directive_id) == scope.directive_id)
    return _by_agency(session.connection().execute(query))


def leads_in_force() -> list[ColumnElement[bool]]:
    """Conditions on (task, directive, its agency): led by the agency, nothing of it ended."""
    return [
        col(TaskAgency.part) == Part.LEAD,
        col(Task.ended_at).is_(None),
        col(Directive.ended_at).is_(None),
    ]


def without_day() -> list[ColumnElement[bool]]:
    """What is waiting: an agency leads the task and has no duty of it yet."""
    duty = exists().where(
        col(Duty.task_id) == col(TaskAgency.task_id),
        col(Duty.agency_id) == col(TaskAgency.agency_id),
    )
    return [*leads_in_force(), ~duty]


def _agencies(session: Session, scope: _Scope, concerned: set[int]) -> dict[int, str]:
    """Names of the agencies that get a row, in order of their folded names."""
    wanted: ColumnElement[bool] = col(Agency.id).in_(sorted(concerned))
    if scope.directive_id is None and scope.period is None:
        in_force = and_(
            col(Agency.valid_from) <= scope.today,
            or_(col(Agency.valid_to).is_(None), col(Agency.valid_to) >= scope.today),
        )
        wanted = or_(wanted, in_force)
    rows = session.connection().execute(
        select(col(Agency.id), col(Agency.name))
        .where(wanted, *scope.agencies(col(Agency.id)))
        .order_by(col(Agency.key), col(Agency.id))
    )
    return {key or 0: name for key, name in rows}


def _overdue(session: Session, scope: _Scope) -> tuple[OverdueLine, ...]:
    found: list[Any] = list(
        session.connection().execute(
            select(
                col(Duty.id).label("duty_id"), col(Duty.number), col(Task.title),
                col(Duty.agency_id), col(Agency.name).label("agency"), col(Duty.due_on),
            )
            .join(Task, col(Task.id) == col(Duty.task_id))
            .join(Agency, col(Agency.id) == col(Duty.agency_id))
            .where(
                *scope.duties(DutyKind.DEADLINE),
                col(Duty.state) == DutyState.OPEN,
                col(Duty.due_on) < scope.today,
            )
            .order_by(col(Duty.due_on), col(Duty.number))
        )
    )  # fmt: skip
    urged = urged_days(session, [row.duty_id for row in found])
    return tuple(
        OverdueLine(
            **row._asdict(),
            late_days=(scope.today - row.due_on).days,
            urges=len(urged.get(row.duty_id, ())),
        )
        for row in found
    )


def _directive(session: Session, directive_id: int | None) -> str:
    directive = session.get(Directive, directive_id) if directive_id is not None else None
    return (directive.number or directive.title) if directive else ""
