"""What each figure counts, as conditions on duties: written once, so that a count and the list of
duties behind it cannot disagree. The meaning in words is the docstring of `reports/status.py`.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Self

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Mapped
from sqlmodel import col

from registry.tables import Completion, Directive, Duty, Extension, Obstacle, Task, TaskAgency
from registry.types import UNFINISHED, DutyKind, DutyState, Part

SOON_DAYS = 10
ONGOING = "ongoing"


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

    def duties(self, kind: DutyKind) -> list[ColumnElement[bool]]:
        """The duties of one kind that count, whatever has become of them."""
        return [
            col(Duty.kind) == kind,
            col(Duty.state) != DutyState.CANCELLED,
            self._days(),
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
            return [*self._of_tasks(col(Task.id)), col(Task.id).in_(self._coordinated())]
        return [*self._of_tasks(col(Task.id)), *self.agencies(col(TaskAgency.agency_id))]

    def agencies(self, column: Mapped[Any]) -> list[ColumnElement[bool]]:
        return [] if self.agency_ids is None else [column.in_(sorted(self.agency_ids))]

    def _days(self) -> ColumnElement[bool]:
        if self.period is None:
            return col(Duty.opens_on) <= self.today
        return col(Duty.due_on).between(*self.period)

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


def parts(scope: Scope) -> Mapping[str, ColumnElement[bool]]:
    """Which of the duties with a day each figure counts, by its name in `status.Counts`."""
    due, today = col(Duty.due_on), scope.today
    done = col(Duty.state) == DutyState.DONE
    owed = col(Duty.state) == DutyState.OPEN
    # Done without a day cannot be shown to be in time.
    in_time = func.coalesce(col(Duty.done_on), date.max) <= due
    soon = today + timedelta(days=scope.soon_days)
    return {
        "total": col(Duty.state) != DutyState.CANCELLED,
        "done_on_time": and_(done, in_time),
        "done_late": and_(done, ~in_time),
        "open": col(Duty.state).in_(UNFINISHED),
        "due_soon": and_(owed, due >= today, due <= soon),
        "overdue": and_(owed, due < today),
        "not_started": and_(owed, col(Duty.received_at).is_(None), ~reacted()),
        "submitted": col(Duty.state) == DutyState.SUBMITTED,
    }


def reacted() -> ColumnElement[bool]:
    """Whether the agency has answered anything about the duty besides "đã nhận"."""
    return or_(
        *(
            exists().where(col(table.duty_id) == col(Duty.id))
            for table in (Obstacle, Extension, Completion)
        )
    )


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


def never_ending() -> list[ColumnElement[bool]]:
    """Work that goes on: an agency leads a task that has no day by its nature."""
    return [*leads_in_force(), col(Task.kind) == ONGOING]
