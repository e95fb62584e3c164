"""Which results count only once staff have confirmed them: a mark on the directive, or on one task.
Without a mark a report of completion closes its duty at once."""

from datetime import datetime

from sqlmodel import Session

from registry.audit import record
from registry.people import Actor
from registry.tables import Directive, Duty, Task
from registry.types import DutyKind


def needed(session: Session, duty: Duty) -> bool:
    """Whether a report on this duty waits to be confirmed. An update never does: it is word, not
    work."""
    if duty.kind != DutyKind.DEADLINE:
        return False
    task = session.get_one(Task, duty.task_id)
    if task.acceptance is not None:
        return task.acceptance
    return session.get_one(Directive, task.directive_id).acceptance


def mark_task(session: Session, task: Task, on: bool, actor: Actor, now: datetime) -> None:
    """From now on results of this task (do not) need to be confirmed, whatever its directive says.
    What waits already goes on waiting."""
    task.acceptance = on
    session.add(task)
    record(
        session, now, "task.acceptance", f"task:{task.id}", actor.person_id, actor.name, on=on
    )  # fmt: skip


def mark_directive(
    session: Session, directive: Directive, on: bool, actor: Actor, now: datetime
) -> None:  # fmt: skip
    """The same for every task of a directive without a mark of its own."""
    directive.acceptance = on
    session.add(directive)
    record(
        session, now, "directive.acceptance", directive.number or directive.key, actor.person_id,
        actor.name, on=on,
    )  # fmt: skip
