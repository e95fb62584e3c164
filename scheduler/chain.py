"""The quarterly chain: when agencies' periodic reports to the standing agency fall due, it has a
report of its own to write. Which drafts it is to be handed, and when.

A deadline belongs to the chain when its reports are addressed to the standing agency, or when the
same directive makes the standing agency sum the period up ("tổng hợp, báo cáo sau 03 ngày").
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlmodel import Session, col, select

from deadlines import Period, data_window, period_of
from deadlines.calendar import WorkCalendar
from deadlines.text import fold
from registry.agencies import Directory
from registry.clock import local_day, moment_of
from registry.tables import Duty, Mark, Task
from registry.types import DutyKind, DutyState
from reports.facts import is_periodic_report

# A draft that could not be made on its evening (the process was down, nobody of the staff was
# connected) is still of use while the days to report run.
CATCH_UP = timedelta(days=3)
# No holiday is longer, with the weekends around it.
HOLIDAY = timedelta(days=14)
# The kind of deadline that hangs on others: the standing agency's own report.
_DERIVED = "relative"
_MARK = "draft:"
_ANY_STANDING = "co quan thuong truc"
_BETWEEN = re.compile(r"[;,\n]+")


@dataclass(frozen=True, slots=True, order=True)
class Deadline:
    """A day on which reports of a period are due, extensions left aside."""

    due_on: date
    period_key: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft to hand over. `key` names it for ever: one draft for each period and deadline."""

    period: Period
    due_on: date
    key: str


@dataclass(frozen=True, slots=True)
class Evening:
    """When a deadline's draft is made: at `hour` (local) of its day; where that is a day off, at
    `opens` of the next working day, since nobody signs before."""

    hour: time
    opens: time
    calendar: WorkCalendar

    def of(self, due_on: date) -> datetime:
        day = self.calendar.forward(due_on, 0)
        return moment_of(day, self.hour if day == due_on else self.opens)


def drafts_due(
    deadlines: Iterable[Deadline], now: datetime, evening: Evening, made: Collection[str]
) -> list[Draft]:
    """The drafts to be made `now`: their deadline's evening has come, at most three days ago, and
    they are not among the keys already `made`. Pure."""
    found: dict[str, Draft] = {}
    for one in sorted(set(deadlines)):
        period = period_of(one.period_key)
        begins = evening.of(one.due_on)
        if period is None or data_window(period.key) is None:
            continue
        key = key_of(period, one.due_on)
        if key not in made and begins <= now < begins + CATCH_UP:
            found.setdefault(key, Draft(period, one.due_on, key))
    return list(found.values())


def key_of(period: Period, due_on: date) -> str:
    """What marks a draft as made."""
    return f"{_MARK}{period.key}:{due_on.isoformat()}"


def drafts_counting(
    session: Session, due_on: date, since: datetime
) -> list[tuple[Period, datetime]]:
    """Drafts handed over since a moment that count what is due on a day: each period once, with
    the moment of its latest draft."""
    made = session.exec(
        select(Mark)
        .where(col(Mark.name).startswith(_MARK), col(Mark.at) >= since)
        .order_by(col(Mark.at))
    )
    known = ((period_of(mark.name.split(":")[1]), mark.at) for mark in made)
    latest = {
        period: at for period, at in known if period and period.first <= due_on <= period.last
    }
    return list(latest.items())


def report_deadlines(session: Session, now: datetime, standing_agency: str) -> list[Deadline]:
    """Days of the last weeks on which reports to the standing agency were due. `standing_agency`:
    its name as the settings have it, or ""."""
    today = local_day(now)
    rows = session.exec(
        select(col(Duty.first_due_on), col(Duty.period), col(Duty.task_id))
        .where(
            Duty.kind == DutyKind.DEADLINE,
            Duty.state != DutyState.CANCELLED,
            col(Duty.first_due_on).between(today - CATCH_UP - HOLIDAY, today),
        )
        .distinct()
    ).all()
    tasks = _reports(session, {task_id for _, _, task_id in rows})
    if not tasks:
        return []
    standing = _Standing(Directory.on(session, today), standing_agency)
    summed_up = _summed_up(session, standing.agency_id)
    return sorted(
        {
            Deadline(due_on, period)
            for due_on, period, task_id in rows
            if (task := tasks.get(task_id)) is not None
            if standing.named_in(task.send_to) or (task.directive_id, period) in summed_up
        }
    )


def _reports(session: Session, task_ids: Collection[int]) -> dict[int, Task]:
    """Those of the tasks that ask for a report each period, but for what sums others up."""
    rows = session.exec(
        select(Task).where(col(Task.id).in_(sorted(task_ids)), Task.kind != _DERIVED)
    ).all()
    return {
        task.id or 0: task
        for task in rows
        if is_periodic_report(task.kind, task.title, task.deliverable)
    }


class _Standing:
    """The standing agency, as addressees may be spelled."""

    def __init__(self, directory: Directory, name: str) -> None:
        self._directory = directory
        self._name = fold(name).strip()
        match = directory.resolve(name) if self._name else None
        known = match.agencies if match is not None and match.found else ()
        self.agency_id = known[0].id if len(known) == 1 else None

    def named_in(self, addressees: str) -> bool:
        folded = f" {fold(addressees)} "
        if _ANY_STANDING in folded:
            return True
        if self._name and re.search(rf"\b{re.escape(self._name)}\b", folded):
            return True
        return self.agency_id is not None and any(
            self._means_it(part) for part in _BETWEEN.split(addressees) if part.strip()
        )

    def _means_it(self, part: str) -> bool:
        agencies = self._directory.find(part).agencies
        return len(agencies) == 1 and agencies[0].id == self.agency_id


def _summed_up(session: Session, agency_id: int | None) -> set[tuple[int, str]]:
    """(directive, period) of what the standing agency itself reports on after others."""
    if agency_id is None:
        return set()
    rows = session.exec(
        select(Task.directive_id, Duty.period)
        .join(Duty, col(Duty.task_id) == col(Task.id))
        .where(
            Duty.agency_id == agency_id,
            Duty.state != DutyState.CANCELLED,
            Task.kind == _DERIVED,
        )
        .distinct()
    ).all()
    return {(directive, period) for directive, period in rows}
