"""Directives with what is owed under each: read models of /vanban and `dondoc directives`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import and_, case, func
from sqlmodel import Session, col, select

from registry.directive_changes import label
from registry.tables import Citation, Directive, Duty, Task
from registry.types import UNFINISHED, DutyKind, DutyState


@dataclass(frozen=True, slots=True)
class DirectiveCounts:
    """Live tasks, and duties by state. Open and overdue count what has begun and is not only asked
    for a word; `ahead`: open, of periods that have not begun; `updates`: open words asked for."""

    tasks: int = 0
    open: int = 0
    done: int = 0
    overdue: int = 0
    ahead: int = 0
    updates: int = 0
    cancelled: int = 0


@dataclass(frozen=True, slots=True)
class DirectiveLine:
    """One directive. `replaced_by`: the number of the one that took its place, "" if none did."""

    id: int
    label: str
    number: str
    kind: str
    title: str
    issuer: str
    issued_on: date | None
    ended_at: datetime | None
    replaced_by: str
    counts: DirectiveCounts


@dataclass(frozen=True, slots=True)
class TaskLine:
    """One task of a directive, with its duties counted as in :class:`DirectiveCounts`."""

    id: int
    place: str
    title: str
    deadline: str
    lead: str
    ended: bool
    counts: DirectiveCounts


@dataclass(frozen=True, slots=True)
class CitedLine:
    """A document it cites; `known`: how it is called here, "" where it is not."""

    number: str
    kind: str
    issued_on: date | None
    known: str


@dataclass(frozen=True, slots=True)
class DirectiveStory:
    """Everything /vanban N says of a directive; `replaces`: those whose place it took."""

    line: DirectiveLine
    signer: str
    source_name: str
    ended_note: str
    tasks: tuple[TaskLine, ...]
    citations: tuple[CitedLine, ...]
    replaces: tuple[str, ...]


def directives(session: Session, today: date, *, ended: bool = False) -> list[DirectiveLine]:
    """The directives in force (with `ended`, all of them), the newest first."""
    query = select(Directive)
    if not ended:
        query = query.where(col(Directive.ended_at).is_(None))
    rows = session.exec(query).all()
    names = _labels(session)
    tasks, duties = _task_counts(session), _duty_counts(session, today, by_task=False)
    found = [_line(row, names, tasks.get(row.id or 0, 0), duties.get(row.id or 0)) for row in rows]
    return sorted(found, key=lambda one: (one.issued_on or date.min, one.id), reverse=True)


def story(session: Session, directive: Directive, today: date) -> DirectiveStory:
    """One directive with its tasks in its own order."""
    mine = directive.id or 0
    names = _labels(session)
    tasks = _tasks(session, mine, today)
    duties = _duty_counts(session, today, by_task=False, directive_id=mine)
    live = sum(not one.ended for one in tasks)
    earlier = select(Directive).where(Directive.replaced_by == mine).order_by(col(Directive.id))
    cited = select(Citation).where(Citation.directive_id == mine).order_by(col(Citation.id))
    return DirectiveStory(
        _line(directive, names, live, duties.get(mine)),
        directive.signer,
        directive.source_name,
        directive.ended_note,
        tuple(tasks),
        tuple(
            CitedLine(one.number, one.kind, one.issued_on, names.get(one.cited_id or 0, ""))
            for one in session.exec(cited)
        ),
        tuple(label(one) for one in session.exec(earlier)),
    )


def _labels(session: Session) -> dict[int, str]:
    return {row.id or 0: label(row) for row in session.exec(select(Directive)).all()}


def _line(
    row: Directive, names: Mapping[int, str], tasks: int, counts: Sequence[int] | None
) -> DirectiveLine:
    return DirectiveLine(
        row.id or 0, label(row), row.number, row.kind, row.title, row.issuer, row.issued_on,
        row.ended_at, names.get(row.replaced_by or 0, ""),
        DirectiveCounts(tasks, *(counts or ())),
    )  # fmt: skip


def _task_counts(session: Session) -> dict[int, int]:
    rows = session.exec(
        select(Task.directive_id, func.count())
        .where(col(Task.ended_at).is_(None))
        .group_by(col(Task.directive_id))
    )
    return dict(rows.all())


def _duty_counts(
    session: Session, today: date, *, by_task: bool, directive_id: int | None = None
) -> dict[int, tuple[int, ...]]:
    """Counts in the order of the fields of :class:`DirectiveCounts`, by directive or by task."""
    state, due, dated = col(Duty.state), col(Duty.due_on), col(Duty.kind) == DutyKind.DEADLINE
    begun = col(Duty.opens_on) <= today
    # A result that waits to be confirmed is not done, and not overdue either.
    is_open = state.in_(UNFINISHED)
    wanted = (
        and_(is_open, begun, dated),
        and_(state == DutyState.DONE, dated),
        and_(state == DutyState.OPEN, begun, dated, due < today),
        and_(is_open, ~begun),
        and_(is_open, begun, ~dated),
        state == DutyState.CANCELLED,
    )
    key = col(Task.id) if by_task else col(Task.directive_id)
    sums = [func.sum(case((condition, 1), else_=0)) for condition in wanted]
    query = session.connection().execute(
        select(key, *sums)
        .join(Duty, col(Duty.task_id) == col(Task.id))
        .where(col(Task.directive_id) == directive_id if directive_id else True)
        .group_by(key)
    )
    found: dict[int, tuple[int, ...]] = {}
    for row in query:
        found[row[0] or 0] = tuple(map(int, row[1:]))
    return found


def _tasks(session: Session, directive_id: int, today: date) -> list[TaskLine]:
    counts = _duty_counts(session, today, by_task=True, directive_id=directive_id)
    mine = select(Task).where(Task.directive_id == directive_id)
    rows = session.exec(mine.order_by(col(Task.position), col(Task.id))).all()
    return [
        TaskLine(
            row.id or 0,
            ", ".join(filter(None, (row.section, row.ordinal))),
            row.title,
            row.deadline_text,
            row.lead_text,
            row.ended_at is not None,
            DirectiveCounts(0, *counts.get(row.id or 0, ())),
        )
        for row in rows
    ]
