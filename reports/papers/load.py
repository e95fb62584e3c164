"""The read model of a period, from the database: a constant number of queries."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlmodel import Session, col

from deadlines.periods import Period, data_window
from registry.clock import local_day, moment_of
from registry.tables import (
    Agency,
    Completion,
    Directive,
    Duty,
    Extension,
    Obstacle,
    Person,
    Request,
    StoredFile,
    Task,
    TaskAgency,
)
from registry.themes import theme_for
from registry.types import UNFINISHED, DutyKind, DutyState
from reports.counting import SOON_DAYS, never_ending, reacted, without_day
from reports.facts import directive_name, is_periodic_report
from reports.oddities import oddities
from reports.papers.model import Apart, Difficulty, Later, Line, PeriodReport, Silent
from reports.status import unreachable

_DAY = timedelta(days=1)


def load_report(
    session: Session, period: Period, now: datetime, *, soon_days: int = SOON_DAYS
) -> PeriodReport:
    """The report of a period as things stand `now` (aware). Raises ValueError for a period whose
    data window lies outside the calendar."""
    today = local_day(now)
    window = data_window(period.key)
    if window is None:
        raise ValueError(f"no data window for {period.key}")
    asked = _Asked(period, window, today, soon_days)
    found = asked.lines(session)
    inside = [line for line in found if period.first <= line.due_on <= period.last]
    return PeriodReport(
        period=period,
        window=window,
        at=now,
        today=today,
        soon_days=soon_days,
        lines=tuple(inside),
        carried=tuple(line for line in found if line.carried),
        moved_out=_numbers(line for line in found if asked.moved_out(line)),
        waiting=_apart(session, without_day()),
        ongoing=_apart(session, never_ending()),
        difficulties=asked.difficulties(session),
        extensions=asked.extensions(session),
        silent=_silent([line for line in found if asked.awaited(line)], today),
        reports_ahead=_numbers(line for line in found if asked.ahead(line)),
        unreachable=tuple(unreachable(session, today)),
    )


def _numbers(lines: Iterable[Line]) -> tuple[int, ...]:
    return tuple(sorted(line.number for line in lines))


class _Asked:
    """What was asked for, and the conditions it makes."""

    def __init__(
        self, period: Period, window: tuple[date, date], today: date, soon_days: int
    ) -> None:
        self.period = period
        self.window = window
        self.today = today
        self.soon = today + timedelta(days=soon_days)

    # -- duties -----------------------------------------------------------------------------------

    def lines(self, session: Session) -> list[Line]:
        """Every duty the report may speak of, in the order of the directives."""
        mine = self._concerned()
        proof = _documents(session, mine)
        rows = session.execute(
            select(Duty, Task, Directive, col(Agency.name), reacted())
            .join(Task, col(Task.id) == col(Duty.task_id))
            .join(Directive, col(Directive.id) == col(Task.directive_id))
            .join(Agency, col(Agency.id) == col(Duty.agency_id))
            .where(mine)
            .order_by(
                col(Directive.issued_on), col(Directive.id), col(Task.position), col(Task.id),
                col(Duty.due_on), col(Agency.key), col(Duty.number),
            )
        ).all()  # fmt: skip
        names: dict[int, str] = {}
        made = []
        for duty, task, directive, agency, answered in rows:
            name = names.setdefault(task.directive_id, directive_name(directive))
            made.append(self._line(duty, task, (name, agency), bool(answered), proof))
        return made

    def _concerned(self) -> ColumnElement[bool]:
        """Due in the period, extended out of it, carried into it, or named by it."""
        inside = (self.period.first, self.period.last)
        named = or_(
            col(Duty.period) == self.period.key, col(Duty.period).like(f"{self.period.key}#%")
        )
        return and_(
            col(Duty.state) != DutyState.CANCELLED,
            or_(
                col(Duty.due_on).between(*inside),
                col(Duty.first_due_on).between(*inside),
                self._carried(),
                named,
            ),
        )

    def _carried(self) -> ColumnElement[bool]:
        first = self.period.first
        return and_(
            col(Duty.kind) == DutyKind.DEADLINE,
            col(Duty.due_on) < first,
            or_(
                and_(col(Duty.state).in_(UNFINISHED), col(Duty.due_on) < self.today),
                and_(col(Duty.state) == DutyState.DONE, col(Duty.done_on) >= first),
            ),
        )

    def _is_carried(self, duty: Duty) -> bool:
        first = self.period.first
        if duty.kind != DutyKind.DEADLINE or duty.due_on >= first:
            return False
        if duty.state in UNFINISHED:
            return duty.due_on < self.today
        return duty.done_on is not None and duty.done_on >= first

    def _line(
        self,
        duty: Duty,
        task: Task,
        names: tuple[str, str],
        answered: bool,
        proof: dict[int, "_Proof"],
    ) -> Line:
        is_open = duty.state in UNFINISHED
        end = self.today if duty.state == DutyState.OPEN else duty.done_on or duty.due_on
        document = proof.get(duty.id or 0) if duty.state != DutyState.OPEN else None
        document = document or _Proof()
        return Line(
            id=duty.id or 0,
            number=duty.number,
            kind=duty.kind,
            task_id=duty.task_id,
            title=task.title,
            section=task.section,
            ordinal=task.ordinal,
            directive_id=task.directive_id,
            directive=names[0],
            agency_id=duty.agency_id,
            agency=names[1],
            period=duty.period,
            due_on=duty.due_on,
            first_due_on=duty.first_due_on,
            state=duty.state,
            done_on=duty.done_on,
            reacted=duty.received_at is not None or answered or not is_open,
            reports=is_periodic_report(task.kind, task.title, task.deliverable),
            late_days=max((end - duty.due_on).days, 0),
            due_soon=duty.state == DutyState.OPEN and self.today <= duty.due_on <= self.soon,
            document_number=document.number,
            document_date=document.day,
            odd=oddities(document.flags),
            files=document.files,
            carried=self._is_carried(duty),
        )

    def moved_out(self, line: Line) -> bool:
        """The day was in the period, and an extension put it behind its end."""
        first = line.first_due_on
        inside = self.period.first <= first <= self.period.last
        return inside and line.due_on > self.period.last and not line.is_update

    def _asked_report(self, line: Line) -> bool:
        if line.state != DutyState.OPEN or line.is_update or not line.reports:
            return False
        named = line.period.split("#", maxsplit=1)[0] == self.period.key
        return named or self.period.first <= line.due_on <= self.period.last

    def awaited(self, line: Line) -> bool:
        """A report of the period that is not here although its day has come."""
        return self._asked_report(line) and line.due_on <= self.today

    def ahead(self, line: Line) -> bool:
        return self._asked_report(line) and line.due_on > self.today

    # -- what happened ----------------------------------------------------------------------------

    def _in_window(self, column: Any) -> ColumnElement[bool]:
        first, last = self.window
        return and_(column >= moment_of(first, time.min), column < moment_of(last + _DAY, time.min))

    def difficulties(self, session: Session) -> tuple[Difficulty, ...]:
        """Obstacles of duties due in the period or carried into it, and whatever was raised within
        the data window."""
        mine = or_(
            self._in_window(col(Obstacle.at)),
            col(Duty.due_on).between(self.period.first, self.period.last),
            and_(self._carried(), col(Obstacle.closed_at).is_(None)),
        )
        rows = session.execute(
            select(Obstacle, col(Duty.number), col(Task.title), col(Agency.name), col(Person.name))
            .join(Duty, col(Duty.id) == col(Obstacle.duty_id))
            .join(Person, col(Person.id) == col(Obstacle.owner_id), isouter=True)
            .join(Task, col(Task.id) == col(Duty.task_id))
            .join(Agency, col(Agency.id) == col(Duty.agency_id))
            .where(col(Duty.state) != DutyState.CANCELLED, mine)
            .order_by(col(Obstacle.closed_at).is_not(None), col(Obstacle.at), col(Obstacle.id))
        ).all()
        return tuple(
            Difficulty(
                each.id or 0,
                number,
                title,
                agency,
                each.text,
                local_day(each.at),
                local_day(each.closed_at) if each.closed_at else None,
                each.resolution,
                theme_for(each.theme, each.text).name,
                owner or "",
                each.due_on,
            )
            for each, number, title, agency, owner in rows
        )

    def extensions(self, session: Session) -> tuple[Later, ...]:
        """Extensions asked for within the data window, or on a duty that is or was due in the
        period."""
        inside = (self.period.first, self.period.last)
        rows = session.execute(
            select(Extension, col(Request.state), col(Duty.number), col(Agency.name))
            .join(Request, col(Request.id) == col(Extension.request_id))
            .join(Duty, col(Duty.id) == col(Extension.duty_id))
            .join(Agency, col(Agency.id) == col(Duty.agency_id))
            .where(
                col(Duty.state) != DutyState.CANCELLED,
                or_(
                    self._in_window(col(Request.asked_at)),
                    col(Duty.due_on).between(*inside),
                    col(Duty.first_due_on).between(*inside),
                ),
            )
            .order_by(col(Request.id))
        ).all()
        return tuple(
            Later(
                each.request_id,
                number,
                agency,
                state,
                each.old_due_on,
                each.new_due_on,
                each.proposed_on,
            )
            for each, state, number, agency in rows
        )


class _Proof(NamedTuple):
    """The document that proves a completion, what is odd about it, and how many files came."""

    number: str = ""
    day: date | None = None
    flags: str = ""
    files: int = 0


def _documents(session: Session, mine: ColumnElement[bool]) -> dict[int, _Proof]:
    """The document that proves each completion in force, by duty."""
    rows = session.execute(
        select(
            col(Completion.duty_id), col(Completion.document_number),
            col(Completion.document_date), col(Completion.flags), func.count(col(StoredFile.id)),
        )
        .join(Duty, col(Duty.id) == col(Completion.duty_id))
        .join(
            StoredFile,
            and_(
                col(StoredFile.completion_id) == col(Completion.id),
                col(StoredFile.expires_at).is_(None),
            ),
            isouter=True,
        )
        .where(mine, col(Completion.undone_at).is_(None))
        .group_by(
            col(Completion.id), col(Completion.duty_id), col(Completion.document_number),
            col(Completion.document_date), col(Completion.flags), col(Completion.at),
        )
        .order_by(col(Completion.at), col(Completion.id))
    ).all()  # fmt: skip
    return {duty_id: _Proof(*rest) for duty_id, *rest in rows}


def _apart(session: Session, conditions: list[ColumnElement[bool]]) -> tuple[Apart, ...]:
    rows = session.execute(
        select(
            col(Task.id), col(Task.title), col(Task.directive_id), col(Agency.id), col(Agency.name)
        )
        .join(TaskAgency, col(TaskAgency.task_id) == col(Task.id))
        .join(Directive, col(Directive.id) == col(Task.directive_id))
        .join(Agency, col(Agency.id) == col(TaskAgency.agency_id))
        .where(*conditions)
        .order_by(col(Task.directive_id), col(Task.position), col(Task.id), col(Agency.key))
    ).all()
    return tuple(
        Apart(task or 0, title, directive, agency or 0, name)
        for task, title, directive, agency, name in rows
    )


def _silent(lines: list[Line], today: date) -> tuple[Silent, ...]:
    """By agency, the longest overdue first."""
    owed: dict[int, list[Line]] = defaultdict(list)
    for line in lines:
        owed[line.agency_id].append(line)
    rows = [
        Silent(
            key,
            mine[0].agency,
            _numbers(mine),
            max((today - line.due_on).days for line in mine),
        )
        for key, mine in owed.items()
    ]
    return tuple(sorted(rows, key=lambda row: (-row.late_days, row.agency, row.agency_id)))
