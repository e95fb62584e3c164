"""What each figure counts, as conditions on duties: written once, so that a count and the list of
duties behind it cannot disagree. The meaning in words is the docstring of `reports/status.py`.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Self, cast

from sqlalchemy import ColumnElement, and_, func, literal_column, not_, or_, select
from sqlalchemy.orm import Mapped
from sqlmodel import col

from registry.tables import Duty, Task, TaskAgency
from registry.types import UNFINISHED, DutyKind, DutyState, Part

SOON_DAYS = 10


@dataclass(frozen=True, slots=True)
class Scope:
    """What is counted, on a local day. None: not limited in that way; an empty `agency_ids` means
    no agency. `period`: the duties due in it, both days included. `sections`: parts of directives,
    as they are written. `coordinating`: duties of the tasks in which these agencies are named, one
    by one, as coordinating, instead of their own."""

    today: date
    soon_days: int = SOON_DAYS
    agency_ids: frozenset[int] | None = None
    directive_id: int | None = None
    period: tuple[date, date] | None = None
    sections: frozenset[str] | None = None
    coordinating: bool = False

    def of(self, agency_ids: Collection[int]) -> Self:
        """The same for these agencies."""
        return replace(self, agency_ids=frozenset(agency_ids))

    @property
    def whole(self) -> bool:
        """No directive, part or period is named: every agency in force has its row."""
        return self.directive_id is None and self.period is None and self.sections is None

    @property
    def tallied(self) -> bool:
        """Only days or agencies are named: what is closed need not be looked at row by row."""
        return self.directive_id is None and self.sections is None and not self.coordinating

    def duties(self, kind: DutyKind) -> list[ColumnElement[bool]]:
        """The duties of one kind that count, whatever has become of them."""
        return [col(Duty.state) != DutyState.CANCELLED, *self.within(kind)]

    def within(self, kind: DutyKind | None) -> list[ColumnElement[bool]]:
        """The duties of one kind, or of any, that would count, were they not cancelled."""
        return [self.days(), *self.besides_days(kind)]

    def besides_days(self, kind: DutyKind | None) -> list[ColumnElement[bool]]:
        """The same on whatever days."""
        return [
            *([] if kind is None else [col(Duty.kind) == kind]),
            *self._of_tasks(col(Duty.task_id)),
            *(
                [col(Duty.task_id).in_(self._coordinated())]
                if self.coordinating
                else self.agencies(col(Duty.agency_id))
            ),
        ]

    def leads(self) -> list[ColumnElement[bool]]:
        """Conditions on (task, its agency), for what has no duty to count."""
        if self.coordinating:
            mine: list[ColumnElement[bool]] = [col(TaskAgency.task_id).in_(self._coordinated())]
        else:
            mine = self.agencies(col(TaskAgency.agency_id))
        return [*self._of_tasks(col(TaskAgency.task_id)), *mine]

    def agencies(self, column: Mapped[Any]) -> list[ColumnElement[bool]]:
        return [] if self.agency_ids is None else [column.in_(sorted(self.agency_ids))]

    def days(self) -> ColumnElement[bool]:
        if self.period is None:
            return col(Duty.opens_on) <= self.today
        return col(Duty.due_on).between(*self.period)

    def days_in_passing(self) -> ColumnElement[bool]:
        """The same, worded so that SQLite does not look for the days by an index of their own: what
        is counted in the order of another index need not be sorted."""
        if self.period is None:
            return self.days()
        first, last = self.period
        return not_(or_(col(Duty.due_on) < first, col(Duty.due_on) > last))

    def _of_tasks(self, column: Mapped[Any]) -> list[ColumnElement[bool]]:
        if self.directive_id is None and self.sections is None:
            return []
        tasks = select(col(Task.id))
        if self.directive_id is not None:
            tasks = tasks.where(col(Task.directive_id) == self.directive_id)
        if self.sections is not None:
            tasks = tasks.where(col(Task.section).in_(sorted(self.sections)))
        return [column.in_(tasks)]

    def _coordinated(self) -> Any:
        return select(col(TaskAgency.task_id)).where(
            col(TaskAgency.part) == Part.COORDINATE,
            col(TaskAgency.via_group).is_(False),
            *self.agencies(col(TaskAgency.agency_id)),
        )


def _is(state: DutyState) -> ColumnElement[bool]:
    """Worded as the partial indexes are, whatever the driver does with values."""
    return col(Duty.state) == literal_column(f"'{state.value}'")


OWED = _is(DutyState.OPEN)
SUBMITTED = _is(DutyState.SUBMITTED)
DONE = _is(DutyState.DONE)


def in_time() -> ColumnElement[bool]:
    """Of what is done; done without a day cannot be shown to be in time. The tally's triggers say
    the same (registry/tally.py)."""
    return func.coalesce(col(Duty.done_on), date.max) <= col(Duty.due_on)


def of_owed(scope: Scope) -> Mapping[str, ColumnElement[bool]]:
    """Which of the open duties each of their figures counts."""
    due, today = col(Duty.due_on), scope.today
    soon = today + timedelta(days=scope.soon_days)
    return {
        "due_soon": and_(due >= today, due <= soon),
        "overdue": due < today,
        "not_started": ~reacted(),
    }


def parts(scope: Scope) -> Mapping[str, ColumnElement[bool]]:
    """Which of the duties with a day each figure counts, by its name in `status.Counts`."""
    return {
        "total": col(Duty.state) != DutyState.CANCELLED,
        "done_on_time": and_(DONE, in_time()),
        "done_late": and_(DONE, ~in_time()),
        "open": col(Duty.state).in_(UNFINISHED),
        "submitted": SUBMITTED,
        **{name: and_(OWED, condition) for name, condition in of_owed(scope).items()},
    }


def reacted() -> ColumnElement[bool]:
    """Whether the agency has said anything about the duty."""
    return cast("ColumnElement[bool]", col(Duty.reacted))


def without_day() -> list[ColumnElement[bool]]:
    """What is waiting: an agency leads the task and has no duty of it yet."""
    return [cast("ColumnElement[bool]", col(TaskAgency.waiting))]


def never_ending() -> list[ColumnElement[bool]]:
    """Work that goes on: an agency leads a task that has no day by its nature."""
    return [cast("ColumnElement[bool]", col(TaskAgency.ongoing))]
