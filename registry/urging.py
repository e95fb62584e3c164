"""What urging needs to know of the tables: a directive's own ladder, and when an agency was last
heard of."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, func, or_, select, update

from registry.audit import record
from registry.people import Actor
from registry.tables import Directive, Duty, Extension, Obstacle, Request, Task
from registry.types import DutyState


@dataclass(frozen=True, slots=True)
class Rungs:
    """A directive's own ladder, in working days overdue; 0: never; None: as the settings say."""

    leader: int | None = None
    member: int | None = None
    staff: int | None = None

    @property
    def own(self) -> bool:
        return any(each is not None for each in (self.leader, self.member, self.staff))


def rungs_of(directive: Directive) -> Rungs:
    return Rungs(directive.leader_after, directive.member_after, directive.staff_after)


def set_rungs(
    session: Session, directive: Directive, rungs: Rungs, actor: Actor, now: datetime
) -> int:
    """Give the directive this ladder. Its open duties are planned anew; returns how many."""
    directive.leader_after, directive.member_after = rungs.leader, rungs.member
    directive.staff_after = rungs.staff
    session.add(directive)
    session.flush()
    tasks = select(Task.id).where(Task.directive_id == directive.id)
    changed = session.execute(
        update(Duty)
        .where(col(Duty.task_id).in_(tasks), col(Duty.state) == DutyState.OPEN)
        .values(plan_due=True)
    )
    record(
        session, now, "directive.ladder", directive.number or directive.key, actor.person_id,
        actor.name, leader=rungs.leader, member=rungs.member, staff=rungs.staff,
    )  # fmt: skip
    return int(changed.rowcount)  # type: ignore[attr-defined]


def own_rungs(session: Session, task_ids: Collection[int]) -> dict[int, Rungs]:
    """By task: the ladders of those directives that have one of their own."""
    rows = session.exec(
        select(Task.id, Directive.leader_after, Directive.member_after, Directive.staff_after)
        .join(Directive, col(Directive.id) == col(Task.directive_id))
        .where(
            col(Task.id).in_(task_ids),
            or_(
                col(Directive.leader_after).is_not(None),
                col(Directive.member_after).is_not(None),
                col(Directive.staff_after).is_not(None),
            ),
        )
    ).all()
    return {task_id or 0: Rungs(*days) for task_id, *days in rows}


def last_heard(session: Session, received: Mapping[int, datetime]) -> dict[int, datetime]:
    """By duty, of those received: when somebody last said something of it (received, a difficulty,
    an extension asked for). `received`: when each was received."""
    heard = dict(received)
    ids = list(received)
    asked = (
        select(Extension.duty_id, func.max(Request.asked_at))
        .join(Request, col(Request.id) == col(Extension.request_id))
        .where(col(Extension.duty_id).in_(ids))
        .group_by(col(Extension.duty_id))
    )
    raised = (
        select(Obstacle.duty_id, func.max(Obstacle.at))
        .where(col(Obstacle.duty_id).in_(ids))
        .group_by(col(Obstacle.duty_id))
    )
    for rows in (session.exec(asked).all(), session.exec(raised).all()) if ids else ():
        for duty_id, at in rows:
            heard[duty_id] = max(heard[duty_id], at)
    return heard
