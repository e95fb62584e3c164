"""What happens to a duty: received, done, undone, hindered, extended. Each change is one function
that runs inside the caller's transaction, leaves an audit row, and tells the outbox what no longer
needs saying.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import Session, col, select

from deadlines.describe import date_text
from registry import acceptance
from registry.audit import record
from registry.clock import local_day
from registry.heirs import Heirs
from registry.notices import revive, withdraw, withdraw_all
from registry.people import Actor, Refused
from registry.proof import flags_of
from registry.tables import (
    Agency,
    Completion,
    Contact,
    Duty,
    Extension,
    Obstacle,
    Request,
    Task,
    TaskAgency,
)
from registry.types import DutyState, Part, RequestKind, RequestState

UNDO_DAYS = 30
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Evidence:
    """What an answer says of the report: its number and date as in Nghị định 30/2020/NĐ-CP."""

    number: str = ""
    day: date | None = None
    note: str = ""


def by_number(session: Session, number: int) -> Duty | None:
    """The duty with the number people type. Who changes it next needs no lock of the row: no other
    write goes on beside this one (`engines.py`), and a look must not take any."""
    return session.exec(select(Duty).where(Duty.number == number)).first()


def open_of(session: Session, agencies: frozenset[int], today: date) -> list[Duty]:
    """Open duties of the agencies whose period has begun, most urgent first."""
    if not agencies:
        return []
    return list(
        session.exec(
            select(Duty)
            .where(
                col(Duty.agency_id).in_(agencies),
                Duty.state == DutyState.OPEN,
                Duty.opens_on <= today,
            )
            .order_by(col(Duty.due_on), col(Duty.number))
        ).all()
    )


def counted_day(evidence: Evidence, now: datetime) -> date:
    """The day a completion counts from: the report's own date where it is given and not in the
    future, else the day of the answer. A report signed in time is in time, however late the bot
    hears of it; the log keeps both days."""
    today = local_day(now)
    return evidence.day if evidence.day is not None and evidence.day <= today else today


def standing_completion(session: Session, duty: Duty) -> Completion | None:
    """The completion in force, None if there is none or it was taken back."""
    return session.exec(
        select(Completion)
        .where(Completion.duty_id == duty.id, col(Completion.undone_at).is_(None))
        .order_by(col(Completion.id).desc())
    ).first()


def complete(
    session: Session, duty: Duty, actor: Actor, channel: str, evidence: Evidence, now: datetime
) -> Completion:
    """Close the duty, or hand its result in where staff confirm it (what staff report themselves is
    confirmed by that); what was queued about it is withdrawn. The duty must be open."""
    if duty.state != DutyState.OPEN:
        raise Refused(f"Đầu việc {duty.number} không còn mở.")
    completion = Completion(
        duty_id=duty.id or 0,
        person_id=actor.person_id,
        channel=channel,
        at=now,
        document_number=evidence.number,
        document_date=evidence.day,
        note=evidence.note,
        flags=flags_of(session, duty, evidence.number, evidence.day),
    )
    session.add(completion)
    if not actor.is_staff and acceptance.needed(session, duty):
        duty.state = DutyState.SUBMITTED
    else:
        duty.state = DutyState.DONE
        duty.done_on = counted_day(evidence, now)
        duty.closed_at = now
    session.add(duty)
    withdraw(session, duty.id or 0, now, "done")
    session.flush()
    record(
        session, now, "duty.done", str(duty.number), actor.person_id, actor.name,
        number=evidence.number, day=str(evidence.day or ""), counted=str(duty.done_on or ""),
    )  # fmt: skip
    return completion


def amend(session: Session, completion: Completion, evidence: Evidence, now: datetime) -> bool:
    """Add the report's number or date to a completion that lacked them; False if nothing is new.
    The day of another document than the one recorded is not this one's."""
    if evidence.number and completion.document_number not in ("", evidence.number):
        return False
    number = evidence.number if not completion.document_number else ""
    day = evidence.day if completion.document_date is None else None
    if not number and day is None:
        return False
    completion.document_number = number or completion.document_number
    completion.document_date = day or completion.document_date
    duty = session.get_one(Duty, completion.duty_id)
    completion.flags = flags_of(session, duty, completion.document_number, completion.document_date)
    session.add(completion)
    if duty.state == DutyState.DONE:
        duty.done_on = counted_day(Evidence(day=completion.document_date), completion.at)
        session.add(duty)
    record(session, now, "duty.evidence", str(duty.number), completion.person_id, number=number)
    return True


def undo(session: Session, duty: Duty, actor: Actor, now: datetime) -> Completion:
    """Take the standing completion back: the duty is open again and what had been withdrawn with it
    is wanted again. Raises Refused where there is nothing to undo."""
    completion = standing_completion(session, duty)
    if duty.state not in (DutyState.DONE, DutyState.SUBMITTED) or completion is None:
        raise Refused(f"Đầu việc {duty.number} chưa được báo xong nên không có gì để hoàn tác.")
    completion.undone_at, completion.undone_by = now, actor.person_id
    session.add(completion)
    duty.state, duty.done_on, duty.closed_at = DutyState.OPEN, None, None
    duty.since, duty.plan_due = now, True
    session.add(duty)
    revive(session, duty.id or 0, now)
    record(session, now, "duty.undone", str(duty.number), actor.person_id, actor.name)
    return completion


def last_done_by(session: Session, actor: Actor, now: datetime) -> list[Duty]:
    """Duties this person reported done in their latest answer, while undoing still makes sense."""
    latest = session.exec(
        select(Completion.at)
        .where(
            Completion.person_id == actor.person_id,
            col(Completion.undone_at).is_(None),
            col(Completion.at) > now - timedelta(days=UNDO_DAYS),
        )
        .order_by(col(Completion.id).desc())
    ).first()
    if latest is None:
        return []
    return list(
        session.exec(
            select(Duty)
            .join(Completion)
            .where(
                Completion.person_id == actor.person_id,
                Completion.at == latest,
                col(Completion.undone_at).is_(None),
                col(Duty.state).in_([DutyState.DONE, DutyState.SUBMITTED]),
            )
            .order_by(col(Duty.number))
        ).all()
    )


def receive(session: Session, duty: Duty, actor: Actor, now: datetime) -> bool:
    """ "Đã nhận": somebody is on it; False if that was known."""
    if duty.received_at is not None:
        return False
    duty.received_at, duty.plan_due = now, True
    session.add(duty)
    record(session, now, "duty.received", str(duty.number), actor.person_id, actor.name)
    return True


def heard_of(session: Session, duty: Duty) -> None:
    """A word on a received duty keeps its urges away for some days: they are planned anew."""
    if duty.received_at is not None:
        duty.plan_due = True
        session.add(duty)


def hinder(session: Session, duty: Duty, actor: Actor, text: str, now: datetime) -> Obstacle:
    """Record a difficulty on the duty."""
    obstacle = Obstacle(duty_id=duty.id or 0, person_id=actor.person_id, text=text, at=now)
    session.add(obstacle)
    heard_of(session, duty)
    session.flush()
    record(session, now, "obstacle.raised", str(duty.number), actor.person_id, actor.name)
    return obstacle


def ask_extension(
    session: Session, duty: Duty, actor: Actor, contact: Contact, day: date, reason: str,
    now: datetime,
) -> Request:  # fmt: skip
    """Ask for a later day; an earlier request on the same duty still undecided is replaced."""
    if day <= duty.due_on:
        raise Refused(
            f"Ngày xin gia hạn phải sau hạn hiện nay ({date_text(duty.due_on)}). "
            f"Ví dụ: giahan {duty.number} {date_text(duty.due_on + timedelta(days=7))} lý do…"
        )
    for old in _asked(session, duty):
        old.state, old.decided_at = RequestState.REFUSED, now
        session.add(old)
    request = Request(
        kind=RequestKind.EXTENSION,
        contact_id=contact.id or 0,
        person_id=actor.person_id,
        asked_at=now,
    )
    session.add(request)
    session.flush()
    extension = Extension(
        request_id=request.id or 0,
        duty_id=duty.id or 0,
        reason=reason,
        old_due_on=duty.due_on,
        proposed_on=day,
    )
    session.add(extension)
    heard_of(session, duty)
    record(
        session, now, "extension.asked", str(duty.number), actor.person_id, actor.name,
        request=request.id, day=str(day),
    )  # fmt: skip
    return request


def _asked(session: Session, duty: Duty) -> list[Request]:
    return list(
        session.exec(
            select(Request)
            .join(Extension)
            .where(Extension.duty_id == duty.id, Request.state == RequestState.ASKED)
        ).all()
    )


def grant_extension(
    session: Session, extension: Extension, actor: Actor, day: date, now: datetime, note: str = ""
) -> Duty:
    """Move the duty's day; the old one stays in the extension. Its notices are planned anew. The
    day may have moved since it was asked for (a later directive, a corrected one): what counts is
    the duty's day now, and it never comes nearer. `note`: what staff said with it. Raises
    Refused."""
    duty = session.get_one(Duty, extension.duty_id)
    if day <= duty.due_on:
        raise Refused(
            f"Hạn hiện nay của đầu việc {duty.number} là {date_text(duty.due_on)}; ngày gia hạn "
            f"phải sau ngày đó. Trả lời: duyệt {extension.request_id} "
            f"{date_text(duty.due_on + timedelta(days=7))}, "
            f"hoặc từ chối {extension.request_id} lý do…"
        )
    extension.old_due_on, extension.new_due_on = duty.due_on, day
    extension.decision = note
    duty.due_on, duty.since, duty.plan_due = day, now, True
    session.add(extension)
    session.add(duty)
    withdraw(session, duty.id or 0, now, "extended")
    record(
        session, now, "extension.granted", str(duty.number), actor.person_id, actor.name,
        old=str(extension.old_due_on), new=str(day), note=bool(note),
    )  # fmt: skip
    return duty


def refuse_extension(
    session: Session, extension: Extension, actor: Actor, why: str, now: datetime
) -> None:
    """Note that staff said no, and `why` ("" if they did not say). The words stay with the request:
    a journal's row could never again be rid of a name in them."""
    duty = session.get_one(Duty, extension.duty_id)
    extension.decision = why
    session.add(extension)
    record(
        session, now, "extension.refused", str(duty.number), actor.person_id, actor.name,
        request=extension.request_id, reason=bool(why),
    )  # fmt: skip


def cancel(session: Session, owed: Sequence[Duty], note: str, now: datetime) -> None:
    """These duties are no longer owed; `note` says why, in Vietnamese. What waits to be told of
    them and what was asked about them is closed. The caller records who decided it."""
    for start in range(0, len(owed), _CHUNK):
        part = owed[start : start + _CHUNK]
        for duty in part:
            duty.state, duty.closed_at, duty.closed_note = DutyState.CANCELLED, now, note
            session.add(duty)
        ids = [duty.id or 0 for duty in part]
        asked = select(Request).join(Extension).where(col(Extension.duty_id).in_(ids))
        for request in session.exec(asked.where(Request.state == RequestState.ASKED)):
            request.state, request.decided_at = RequestState.REFUSED, now
            session.add(request)
        withdraw_all(session, ids, now, "cancelled")
    session.flush()


def coordinating(session: Session, duty: Duty, today: date) -> list[Agency]:
    """Agencies that coordinate and are named one by one; for those that have ended, whoever took
    over. Members of a group ("các sở, ban, ngành") are left out: word of every completion would
    drown fifty offices."""
    named = session.exec(
        select(TaskAgency.agency_id)
        .where(
            TaskAgency.task_id == duty.task_id,
            TaskAgency.part == Part.COORDINATE,
            col(TaskAgency.via_group).is_(False),
        )
        .order_by(col(TaskAgency.agency_id))
    ).all()
    heirs = Heirs.of(session)
    held = {heirs.holder(one, today, duty.task_id) or one for one in named}
    return [session.get_one(Agency, one) for one in sorted(held - {duty.agency_id})]


def titled(session: Session, duty: Duty) -> tuple[Task, Agency]:
    """The duty's task and agency, for an answer that names them."""
    return session.get_one(Task, duty.task_id), session.get_one(Agency, duty.agency_id)
