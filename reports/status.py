"""Where everything stands: the one read model behind /status, digests, reports and the dashboard.

What is counted, on a given day (local, Asia/Ho_Chi_Minh):

- A duty counts when a directive names its day (kind deadline), it is not cancelled, and its period
  has begun (`opens_on` <= today). Asked for a period of days, the duties whose due day lies in it
  count instead, whether or not their own period has begun.
- done_on_time: done, and `done_on` <= `due_on`, the day after any extension granted.
  done_late: done, but later than that.
- open: not done. submitted: reported done, and staff have not confirmed the result yet. Of the
  rest of open: overdue: the due day has ended (`due_on` < today). due_soon: not overdue, due within
  `soon_days` calendar days. not_started: nobody of the agency has reacted at all (not received, no
  obstacle, no extension asked, never reported done).
- total = done_on_time + done_late + open. The others are parts of open.
- tasks: those with a duty that counts; of these not started: no duty of theirs is done, and every
  one of them is not_started.
- Counted apart, never in the total: updates, the open requests to update a task without a day;
  updates_asked and updated, all such requests of the days asked for, and those answered; waiting,
  the tasks an agency leads that have no due day yet and no duty; ongoing, those that never end.
- completion_rate: done of total. update_rate: duties the agencies have said something about (total
  less not_started) and updates given, of total and updates asked for.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, fields
from datetime import date, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlmodel import Session, col

from registry.tables import Agency, Directive, Duty, Task, TaskAgency
from registry.types import DutyKind, DutyState
from reports import closed
from reports.around import urged_days
from reports.counting import (
    OWED,
    SOON_DAYS,
    SUBMITTED,
    Scope,
    never_ending,
    of_owed,
    without_day,
)
from reports.reach import Silence, reached, silences

MONTH = timedelta(days=30)


class Share(NamedTuple):
    """A rate with what it is made of: `part` of `whole`."""

    part: int
    whole: int


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
    submitted: int = 0

    @property
    def done(self) -> int:
        return self.done_on_time + self.done_late

    @property
    def completion_rate(self) -> Share:
        return Share(self.done, self.total)

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
    ongoing: int = 0
    updates_asked: int = 0

    @property
    def updated(self) -> int:
        return self.updates_asked - self.updates

    @property
    def update_rate(self) -> Share:
        return _update_rate(self.counts, self.updates, self.updates_asked)


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
    ongoing: int = 0
    updates_asked: int = 0
    tasks: int = 0
    tasks_not_started: int = 0

    @property
    def updated(self) -> int:
        return self.updates_asked - self.updates

    @property
    def update_rate(self) -> Share:
        return _update_rate(self.totals, self.updates, self.updates_asked)


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
    return status_of(
        session,
        Scope(
            today,
            soon_days,
            None if agency_ids is None else frozenset(agency_ids),
            directive_id,
            period,
        ),
    )


def status_of(session: Session, scope: Scope, *, overdue: int | None = None) -> Status:
    """As :func:`status`, for whatever a scope names. `overdue`: how many overdue duties are wanted,
    the longest overdue; all of them if None."""
    counts, updates = _counts(session, scope)
    timeless = scope.period is None
    waiting = _led(session, scope, without_day()) if timeless else {}
    ongoing = _led(session, scope, never_ending()) if timeless else {}
    concerned = {*counts, *updates, *waiting, *ongoing}
    rows = [
        AgencyRow(
            key,
            name,
            counts.get(key, Counts()),
            updates.get(key, (0, 0))[1],
            waiting.get(key, 0),
            ongoing.get(key, 0),
            updates.get(key, (0, 0))[0],
        )
        for key, name in _agencies(session, scope, concerned).items()
    ]
    tasks, idle = _tasks(session, scope)
    return Status(
        today=scope.today,
        soon_days=scope.soon_days,
        totals=sum((row.counts for row in rows), Counts()),
        rows=tuple(sorted(rows, key=_worst_first)),
        overdue=_overdue(session, scope, overdue),
        updates=sum(row.updates for row in rows),
        waiting=sum(waiting.values()),
        period=scope.period,
        directive=_directive(session, scope.directive_id),
        ongoing=sum(ongoing.values()),
        updates_asked=sum(row.updates_asked for row in rows),
        tasks=tasks,
        tasks_not_started=idle,
    )


def to_contract(figures: Status) -> dict[str, Any]:
    """What `dondoc status --json` writes: {"totals": {...}, "agencies": [{"agency": ..., ...}]}."""
    return {
        "today": figures.today.isoformat(),
        "totals": _plain(figures.totals),
        "agencies": [
            {
                "agency": row.agency,
                **_plain(row.counts),
                "waiting": row.waiting,
                "ongoing": row.ongoing,
                "completion_rate": row.counts.completion_rate._asdict(),
                "update_rate": row.update_rate._asdict(),
            }
            for row in figures.rows
        ],
        "updates": figures.updates,
        "waiting": figures.waiting,
        "ongoing": figures.ongoing,
        "tasks": figures.tasks,
        "not_started_tasks": Share(figures.tasks_not_started, figures.tasks)._asdict(),
        "completion_rate": figures.totals.completion_rate._asdict(),
        "update_rate": figures.update_rate._asdict(),
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


def _update_rate(counts: Counts, updates: int, asked: int) -> Share:
    told = counts.total - counts.not_started + asked - updates
    return Share(told, counts.total + asked)


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
    return func.count(case((condition, 1)))


def _counts(session: Session, scope: Scope) -> tuple[dict[int, Counts], dict[int, tuple[int, int]]]:
    """By agency: the figures, and the updates asked for, with those of them still open."""
    done = closed.by_agency(session, scope)
    waits = _submitted(session, scope)
    owed = {
        (kind, key): figures
        for kind in DutyKind
        for key, figures in _owed(session, scope, kind).items()
    }
    counts, updates = {}, {}
    for kind, key in {*done, *waits, *owed}:
        good, late = done.get((kind, key), (0, 0))
        still, soon, over, idle = owed.get((kind, key), (0, 0, 0, 0))
        submitted = waits.get((kind, key), 0)
        unfinished = still + submitted
        total = good + late + unfinished
        if total and kind == DutyKind.UPDATE:
            updates[key] = (total, unfinished)
        elif total:
            counts[key] = Counts(total, good, late, unfinished, soon, over, idle, submitted)
    return counts, updates


def _owed(session: Session, scope: Scope, kind: DutyKind) -> dict[int, tuple[int, int, int, int]]:
    """By agency: open duties, and of these those due soon, overdue and not started."""
    counted = of_owed(scope)
    rows = session.connection().execute(
        select(
            col(Duty.agency_id),
            func.count(),
            *(_number_of(counted[name]) for name in ("due_soon", "overdue", "not_started")),
        )
        .where(*scope.besides_days(kind), scope.days_in_passing(), OWED)
        .group_by(col(Duty.agency_id))
    )
    return {row[0]: (row[1], row[2], row[3], row[4]) for row in rows}


def _submitted(session: Session, scope: Scope) -> dict[tuple[DutyKind, int], int]:
    rows = session.connection().execute(
        select(col(Duty.kind), col(Duty.agency_id), func.count())
        .where(*scope.within(None), SUBMITTED)
        .group_by(col(Duty.kind), col(Duty.agency_id))
    )
    return {(row[0], row[1]): row[2] for row in rows}


def _tasks(session: Session, scope: Scope) -> tuple[int, int]:
    """How many tasks the duties belong to, and of how many of these nothing is done or answered."""
    mine = [*scope.besides_days(DutyKind.DEADLINE), scope.days_in_passing()]
    task = col(Duty.task_id)
    idle = func.min(case((of_owed(scope)["not_started"], 1), else_=0)).label("idle")
    owed = select(task.label("task"), idle).where(*mine, OWED).group_by(task).subquery()
    waits = select(task.label("task")).where(*mine, SUBMITTED).distinct().subquery()
    connection = session.connection()
    open_, waiting = select(owed.c.task, owed.c.idle), select(waits.c.task)
    if scope.tallied and scope.agency_ids is None and scope.period is None:
        every = closed.begun(scope.today)
        number: int = connection.execute(select(every.number)).scalar_one()
        done: frozenset[int] = frozenset()
        open_, waiting = (
            open_.where(~every.has(owed.c.task)),
            waiting.where(~every.has(waits.c.task)),
        )
    else:
        done = closed.tasks(session, scope)
        number = len(done)
    submitted = {row[0] for row in connection.execute(waiting)} - done
    fresh = {row[0]: row[1] for row in connection.execute(open_)}
    fresh = {key: one for key, one in fresh.items() if key not in done and key not in submitted}
    return number + len(submitted) + len(fresh), sum(fresh.values())


def _led(
    session: Session, scope: Scope, conditions: Iterable[ColumnElement[bool]]
) -> dict[int, int]:
    rows = session.connection().execute(
        select(col(TaskAgency.agency_id), func.count())
        .where(*conditions, *scope.leads())
        .group_by(col(TaskAgency.agency_id))
    )
    return {row[0]: row[1] for row in rows}


def _agencies(session: Session, scope: Scope, concerned: set[int]) -> dict[int, str]:
    """Names of the agencies that get a row, in order of their folded names."""
    in_force = and_(
        col(Agency.valid_from) <= scope.today,
        or_(col(Agency.valid_to).is_(None), col(Agency.valid_to) >= scope.today),
    )
    # All of them are fewer than what it costs to name the wanted ones in a statement.
    rows = session.connection().execute(
        select(col(Agency.id), col(Agency.name), in_force.label("in_force")).order_by(
            col(Agency.key), col(Agency.id)
        )
    )
    every = scope.whole and not scope.coordinating
    named = None if scope.coordinating else scope.agency_ids
    return {
        key or 0: name
        for key, name, still in rows
        if (key in concerned or (every and still)) and (named is None or key in named)
    }


def _with_a_day() -> ColumnElement[bool]:
    """Worded so that SQLite does not look for the kind first and sort what it finds."""
    return func.coalesce(col(Duty.kind), DutyKind.UPDATE) == DutyKind.DEADLINE


def _overdue(session: Session, scope: Scope, most: int | None = None) -> tuple[OverdueLine, ...]:
    # Which ones first, from an index that has them in this order; then what they are.
    late = (
        select(col(Duty.id))
        .where(*scope.within(None), _with_a_day(), OWED, of_owed(scope)["overdue"])
        .order_by(col(Duty.due_on), col(Duty.number))
        .limit(most)
        .subquery()
    )
    found: list[Any] = list(
        session.connection().execute(
            select(
                col(Duty.id).label("duty_id"), col(Duty.number), col(Task.title),
                col(Duty.agency_id), col(Agency.name).label("agency"), col(Duty.due_on),
            )
            .join(late, late.c.id == col(Duty.id))
            .join(Task, col(Task.id) == col(Duty.task_id))
            .join(Agency, col(Agency.id) == col(Duty.agency_id))
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
