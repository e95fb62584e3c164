"""The monthly question whether a focal point still is one: who is asked, who has not answered.

Anything a person writes or presses is an answer: it shows that somebody is there.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import Session, col, func, select

from registry.clock import local_day
from registry.database import insert_new
from registry.tables import Agency, Attempt, AttemptNotice, Contact, Notice, Person, Subscription
from registry.types import AttemptOutcome, NoticeKind, NoticeState, Role

# The step of a notice whose reader is asked for an answer.
ASKED = "asked"
_TOLD = (NoticeState.SENT, NoticeState.UNCERTAIN)
# Who was asked longer ago has been asked again since.
LOOK_BACK = timedelta(days=70)
MONTH = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class FocalPoint:
    """A person who is focal point somewhere and can be reached: by which channel first, and when
    last heard of (the moment they were bound, if never since)."""

    person_id: int
    subscription_id: int
    channel: str
    heard_at: datetime


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A focal point who was asked for a word and gave none."""

    person_id: int
    name: str
    agencies: tuple[str, ...]
    asked_on: date


def focal_points(session: Session) -> list[FocalPoint]:
    """Everybody who is to be asked, once each. Group chats are not persons."""
    rows = session.exec(
        select(Subscription, Contact)
        .join(Contact, col(Contact.person_id) == col(Subscription.person_id))
        .where(
            Subscription.role == Role.FOCAL,
            col(Subscription.ended_at).is_(None),
            Contact.chat_kind == "private",
        )
        .order_by(col(Subscription.id), col(Contact.rank), col(Contact.id))
    ).all()
    heard: dict[int, datetime] = {}
    first: dict[int, tuple[Subscription, Contact]] = {}
    for held, contact in rows:
        person = held.person_id or 0
        heard[person] = max(contact.last_inbound_at or held.since, heard.get(person, held.since))
        if contact.closed_at is None:
            first.setdefault(person, (held, contact))
    return [
        FocalPoint(person, held.id or 0, contact.channel, heard[person])
        for person, (held, contact) in first.items()
    ]


def put(
    session: Session, month: date, asked: Iterable[tuple[FocalPoint, bool]], at: datetime
) -> int:
    """Queue the question for these, with whether an answer is asked for; once a month."""
    return insert_new(
        session,
        Notice,
        [
            {
                "key": f"{NoticeKind.HEARTBEAT}:{month:%Y-%m}:{point.person_id}",
                "kind": NoticeKind.HEARTBEAT,
                "step": ASKED if answer else "",
                "subscription_id": point.subscription_id,
                "due_at": at,
                "next_at": at,
                "state": NoticeState.QUEUED,
                "tries": 0,
                "uncertain": 0,
                "payload": "",
                "reason": "",
            }
            for point, answer in asked
        ],
    )


def agencies_of(session: Session, person_id: int) -> list[str]:
    """The agencies somebody is focal point of."""
    rows = session.exec(
        select(Agency.name)
        .join(Subscription, col(Subscription.agency_id) == col(Agency.id))
        .where(
            Subscription.person_id == person_id,
            Subscription.role == Role.FOCAL,
            col(Subscription.ended_at).is_(None),
        )
        .order_by(col(Agency.key))
    ).all()
    return list(rows)


def just_asked(session: Session, contact_id: int) -> bool:
    """Whether the last message to the chat asked this and nothing else."""
    last = session.exec(
        select(func.max(Attempt.id))
        .join(AttemptNotice, col(AttemptNotice.attempt_id) == col(Attempt.id))
        .join(Notice, col(Notice.id) == col(AttemptNotice.notice_id))
        .where(
            Attempt.contact_id == contact_id,
            col(Attempt.outcome).in_([AttemptOutcome.SENT, AttemptOutcome.UNCERTAIN]),
            Notice.kind != NoticeKind.EDIT,
        )
    ).one()
    kinds = session.exec(
        select(Notice.kind).join(AttemptNotice).where(AttemptNotice.attempt_id == last)
    ).all()
    return set(kinds) == {NoticeKind.HEARTBEAT}


def unanswered(session: Session, now: datetime) -> list[Unanswered]:
    """Focal points who were asked for an answer and have said nothing since, whenever that was."""
    first = f"{NoticeKind.HEARTBEAT}:{now - LOOK_BACK - MONTH:%Y-%m}"
    rows = session.exec(
        select(Subscription.person_id, func.max(Notice.closed_at))
        .join(Notice, col(Notice.subscription_id) == col(Subscription.id))
        .where(
            # By their keys, which are in order, not among all that was ever told.
            col(Notice.key).between(first, f"{NoticeKind.HEARTBEAT};"),
            Notice.step == ASKED,
            col(Notice.state).in_(_TOLD),
            col(Notice.closed_at) > now - LOOK_BACK,
        )
        .group_by(col(Subscription.person_id))
    ).all()
    found = []
    for person_id, asked_at in rows:
        if person_id is None or asked_at is None:
            continue
        agencies = agencies_of(session, person_id)
        if agencies and not _heard_since(session, person_id, asked_at):
            name = session.get_one(Person, person_id).name
            found.append(Unanswered(person_id, name, tuple(agencies), local_day(asked_at)))
    return sorted(found, key=lambda one: (one.asked_on, one.agencies))


def _heard_since(session: Session, person_id: int, at: datetime) -> bool:
    found = session.exec(
        select(Contact.id).where(Contact.person_id == person_id, col(Contact.last_inbound_at) > at)
    ).first()
    return found is not None
