"""What a corrected file would change in a directive that is stored: added, changed, gone.

Reads only. Storing the same file afterwards does exactly what was told here: both ask
:func:`registry.directives.match`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from sqlmodel import Session, col, func, select

from deadlines import WorkCalendar
from registry.directives import (
    AgencyPart,
    DirectiveFacts,
    TaskFacts,
    differs,
    find,
    match,
)
from registry.expand import HORIZON_DAYS, due_days
from registry.tables import Agency, Directive, Duty, Task
from registry.types import DutyState, Part

# As many days of a deadline as a draft tells.
SHOWN_DAYS = 4

Field = Literal[
    "title", "section", "deadline", "lead", "coordinate", "deliverable", "send_to", "ended"
]


@dataclass(frozen=True)
class FieldChange:
    """What one field of a task was and what it becomes; "" stands for nothing."""

    field: Field
    old: str
    new: str


@dataclass(frozen=True)
class TaskChange:
    """A task that stays, with what is new about it. `title` is the one known before, `line` where
    the file says it; `old_due`, `new_due`: its next due days, empty where the deadline has none."""

    task_id: int
    title: str
    section: str
    ordinal: str
    line: int | None
    fields: tuple[FieldChange, ...]
    old_due: tuple[date, ...] = ()
    new_due: tuple[date, ...] = ()


@dataclass(frozen=True)
class TaskNamed:
    """A task that comes in (`task_id` None, `line` in the file) or that the file does not name any
    more (`open` of its duties are still owed)."""

    task_id: int | None
    title: str
    section: str
    ordinal: str
    deadline: str
    lead: str
    line: int | None
    due: tuple[date, ...] = ()
    open: int = 0


@dataclass(frozen=True)
class Difference:
    """A file against what is stored. `directive_id` is None where the directive is not known yet;
    then everything is added."""

    directive_id: int | None
    added: tuple[TaskNamed, ...] = ()
    changed: tuple[TaskChange, ...] = ()
    gone: tuple[TaskNamed, ...] = ()
    unchanged: int = 0

    @property
    def fresh(self) -> bool:
        """The directive comes in for the first time."""
        return self.directive_id is None

    @property
    def nothing(self) -> bool:
        """The file says what is stored."""
        return not (self.added or self.changed or self.gone)


def difference(
    session: Session,
    directive: DirectiveFacts,
    tasks: Sequence[TaskFacts],
    *,
    due: Mapping[str, Sequence[date]] | None = None,
    calendar: WorkCalendar | None = None,
) -> Difference:
    """Compare the tasks of a file with those stored. `due`: the due days of the file's tasks by
    their keys, as the draft reads them."""
    row = find(session, directive)
    found = match(session, row, tasks)
    new_due = {key: tuple(days)[:SHOWN_DAYS] for key, days in (due or {}).items()}
    altered = [
        (task, old)
        for task, old in found.pairs
        if old is not None and differs(old, task, found.parts[old.id or 0])
    ]
    shown = [old.id or 0 for _task, old in altered] + [old.id or 0 for old in found.gone]
    old_due = _days(session, row, shown, calendar or WorkCalendar())
    still_open = _open(session, [old.id or 0 for old in found.gone])
    names = _names(session)
    return Difference(
        directive_id=row.id if row is not None else None,
        added=tuple(
            _added(task, new_due.get(task.key, ())) for task, old in found.pairs if old is None
        ),
        changed=tuple(
            TaskChange(
                task_id=old.id or 0,
                title=old.title,
                section=old.section,
                ordinal=old.ordinal,
                line=task.source_line,
                fields=tuple(_fields(old, task, found.parts[old.id or 0], names)),
                old_due=old_due.get(old.id or 0, ()),
                new_due=new_due.get(task.key, ()),
            )
            for task, old in altered
        ),
        gone=tuple(
            _gone(old, old_due.get(old.id or 0, ()), still_open.get(old.id or 0, 0))
            for old in found.gone
        ),
        unchanged=sum(old is not None for _task, old in found.pairs) - len(altered),
    )


def _days(
    session: Session, directive: Directive | None, task_ids: list[int], calendar: WorkCalendar
) -> dict[int, tuple[date, ...]]:
    if directive is None or not task_ids:
        return {}
    days = due_days(session, task_ids, calendar, timedelta(days=HORIZON_DAYS))
    return {task_id: tuple(found[:SHOWN_DAYS]) for task_id, found in days.items()}


def _names(session: Session) -> dict[int, str]:
    rows = session.exec(select(Agency.id, Agency.name).order_by(col(Agency.key)))
    return {agency_id or 0: name for agency_id, name in rows}


def _added(task: TaskFacts, due: tuple[date, ...]) -> TaskNamed:
    return TaskNamed(
        None, task.title, task.section, task.ordinal, task.deadline_text, task.lead_text,
        task.source_line, due,
    )  # fmt: skip


def _gone(task: Task, due: tuple[date, ...], still_open: int) -> TaskNamed:
    return TaskNamed(
        task.id, task.title, task.section, task.ordinal, task.deadline_text, task.lead_text,
        task.source_line, due, still_open,
    )  # fmt: skip


def _open(session: Session, task_ids: list[int]) -> dict[int, int]:
    """How many duties of each task are still owed."""
    rows = session.exec(
        select(Duty.task_id, func.count())
        .where(col(Duty.task_id).in_(task_ids), Duty.state == DutyState.OPEN)
        .group_by(col(Duty.task_id))
    )
    return dict(rows.all())


# --- Fields --------------------------------------------------------------------------------------


def _fields(
    old: Task, new: TaskFacts, parts: frozenset[AgencyPart], names: Mapping[int, str]
) -> list[FieldChange]:
    """Every field that differs, the most telling first; never empty for a task that differs."""
    texts: tuple[tuple[Field, str, str], ...] = (
        ("title", old.title, new.title),
        ("deadline", old.deadline_text, new.deadline_text),
        ("section", _place(old.section, old.ordinal), _place(new.section, new.ordinal)),
        ("deliverable", old.deliverable, new.deliverable),
        ("send_to", old.send_to, new.send_to),
    )
    found = [FieldChange(field, was, now) for field, was, now in texts if was != now]
    if old.deadline_text == new.deadline_text and (old.rule, old.kind) != (new.rule, new.kind):
        # The same words, read otherwise: the office counts differently, or the reader learnt.
        found.append(FieldChange("deadline", old.deadline_text, new.deadline_text))
    if old.ended_at is not None:
        found.append(FieldChange("ended", "", ""))
    return [*found, *_agencies(old, new, parts, names)]


def _place(section: str, ordinal: str) -> str:
    return ", ".join(filter(None, (section, ordinal)))


def _agencies(
    old: Task, new: TaskFacts, parts: frozenset[AgencyPart], names: Mapping[int, str]
) -> list[FieldChange]:
    """As worded where the words differ; where the same words mean others now, only these."""
    found: list[FieldChange] = []
    sides: tuple[tuple[Field, Part, str, str], ...] = (
        ("lead", Part.LEAD, old.lead_text, new.lead_text),
        ("coordinate", Part.COORDINATE, old.coordinate_text, new.coordinate_text),
    )
    for field, part, was, now in sides:
        if was != now:
            found.append(FieldChange(field, was, now))
            continue
        before = {one for one in parts if one.part is part}
        after = {one for one in new.agencies if one.part is part}
        if before != after:
            left = _named(before - after, names)
            found.append(FieldChange(field, left, _named(after - before, names)))
    return found


def _named(parts: set[AgencyPart], names: Mapping[int, str]) -> str:
    return "; ".join(sorted(names.get(one.agency_id, "") for one in parts))
