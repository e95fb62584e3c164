"""What staff make of a reported result: confirmed, given back with a reason, or given back by
mistake. Each is one function inside the caller's transaction and leaves an audit row."""

from datetime import datetime

from sqlmodel import Session, col, select

from registry import acceptance
from registry.audit import record
from registry.duties import Evidence, counted_day, standing_completion
from registry.notices import revive, withdraw
from registry.people import Actor, Refused
from registry.tables import Completion, Directive, Duty, Task
from registry.types import DutyState


def accept(session: Session, duty: Duty, actor: Actor, now: datetime) -> Completion:
    """Confirm the result that waits: the duty is done, and counts from the day it was reported (or
    from the report's own date), however long the confirmation took. Raises Refused where nothing
    waits."""
    completion = standing_completion(session, duty)
    if duty.state != DutyState.SUBMITTED or completion is None:
        raise Refused(f"Đầu việc {duty.number} không có kết quả nào đang chờ xác nhận.")
    completion.accepted_at, completion.accepted_by = now, actor.person_id
    session.add(completion)
    _close(session, duty, completion, now)
    record(
        session, now, "duty.accepted", str(duty.number), actor.person_id, actor.name,
        counted=str(duty.done_on),
    )  # fmt: skip
    return completion


def give_back(
    session: Session, duty: Duty, actor: Actor, reason: str, now: datetime
) -> Completion:  # fmt: skip
    """The result is not what was owed: the duty is open again, its day unchanged, and its notices
    are planned anew. The completion stays with the reason and counts as nothing. Raises Refused."""
    completion = standing_completion(session, duty)
    if duty.state not in (DutyState.DONE, DutyState.SUBMITTED) or completion is None:
        raise Refused(f"Đầu việc {duty.number} chưa được báo xong nên không có gì để trả lại.")
    if _ended(session, duty):
        raise Refused(
            f"Văn bản giao đầu việc {duty.number} đã kết thúc nên không trả lại được kết quả."
        )
    completion.undone_at, completion.undone_by = now, actor.person_id
    completion.returned_for = reason
    session.add(completion)
    duty.state, duty.done_on, duty.closed_at = DutyState.OPEN, None, None
    duty.since, duty.plan_due = now, True
    session.add(duty)
    revive(session, duty.id or 0, now)
    record(session, now, "duty.returned", str(duty.number), actor.person_id, actor.name)
    return completion


def keep_after_all(session: Session, duty: Duty, actor: Actor, now: datetime) -> Completion:
    """The result was given back by mistake: it stands again as it stood. Raises Refused where
    nothing was given back, or the agency has reported anew since."""
    completion = last_returned(session, duty)
    if completion is None:
        raise Refused(f"Đầu việc {duty.number} không có kết quả nào vừa bị trả lại.")
    completion.undone_at = completion.undone_by = None
    completion.returned_for = ""
    session.add(completion)
    if completion.accepted_at is None and acceptance.needed(session, duty):
        duty.state = DutyState.SUBMITTED
        session.add(duty)
        withdraw(session, duty.id or 0, now, "done")
    else:
        _close(session, duty, completion, now)
    record(session, now, "duty.return_undone", str(duty.number), actor.person_id, actor.name)
    return completion


def last_returned(session: Session, duty: Duty) -> Completion | None:
    """The latest completion of an open duty, if staff gave it back."""
    if duty.state != DutyState.OPEN:
        return None
    latest = session.exec(
        select(Completion).where(Completion.duty_id == duty.id).order_by(col(Completion.id).desc())
    ).first()
    return latest if latest is not None and latest.returned_for else None


def waiting(session: Session) -> list[tuple[Duty, Completion]]:
    """Every result that waits to be confirmed, the longest waiting first."""
    rows = session.exec(
        select(Duty, Completion)
        .join(Completion, col(Completion.duty_id) == col(Duty.id))
        .where(Duty.state == DutyState.SUBMITTED, col(Completion.undone_at).is_(None))
        .order_by(col(Completion.at), col(Completion.id))
    ).all()
    return list({duty.id: (duty, done) for duty, done in rows}.values())


def _close(session: Session, duty: Duty, completion: Completion, now: datetime) -> None:
    duty.state = DutyState.DONE
    duty.done_on = counted_day(Evidence(day=completion.document_date), completion.at)
    duty.closed_at = now
    session.add(duty)
    withdraw(session, duty.id or 0, now, "done")


def _ended(session: Session, duty: Duty) -> bool:
    task = session.get_one(Task, duty.task_id)
    directive = session.get_one(Directive, task.directive_id)
    return task.ended_at is not None or directive.ended_at is not None
