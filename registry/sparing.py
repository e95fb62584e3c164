"""How a messenger with a monthly limit is spared: what waits for a day's digest, what goes to its
reader's other messenger, what waits for the next month. Whether it must be: `scheduler/thrift.py`.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, case, exists, or_, update
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from registry.budget import TOOK
from registry.claiming import LAST_STEP, SENT_ON, owner_contact
from registry.tables import Attempt, AttemptNotice, Contact, Notice, Person, Subscription
from registry.types import AttemptOutcome, NoticeKind, NoticeState

# Told together once a day where a bot must save, unless it is a last day's reminder.
GATHERED = (
    NoticeKind.REMINDER, NoticeKind.URGE, NoticeKind.COMPLETION, NoticeKind.HEARTBEAT,
)  # fmt: skip
# What is meant for one chat, and serves its reader as well in another one.
_ANYWHERE = (NoticeKind.ANSWER, NoticeKind.PART, NoticeKind.ALERT, NoticeKind.DRAFT)
# Why a notice waits: for tomorrow's digest, for next month's messages.
FOR_THE_DIGEST = "digest"
FOR_THE_MONTH = "month"


@dataclass(frozen=True, slots=True)
class Look:
    """What is due now and would go to one of `bots`, when `channels` are what can send."""

    bots: Collection[str]
    channels: Collection[str]
    now: datetime


def hold_back(session: Session, saving: Look, since: datetime, until: datetime) -> int:
    """On bots that must save: who had a message since `since` (the beginning of the local day)
    hears early reminders, urges and news from `until` on. Returns how many notices wait."""
    if not saving.bots:
        return 0
    known = aliased(Notice)
    had_one = exists().where(
        col(Attempt.contact_id) == col(Contact.id),
        col(Attempt.opened_at) >= since,
        col(Attempt.outcome).in_([*TOOK, AttemptOutcome.OPEN]),
        col(AttemptNotice.attempt_id) == col(Attempt.id),
        col(AttemptNotice.notice_id) == col(known.id),
        col(known.kind).in_(GATHERED),
    )
    gathered = and_(
        col(Notice.kind).in_(GATHERED),
        or_(col(Notice.kind) != NoticeKind.REMINDER, col(Notice.step) != LAST_STEP),
    )
    return _postpone(session, saving, until, FOR_THE_DIGEST, gathered, had_one)


def send_on(session: Session, spent: Look) -> int:
    """Answers and alerts for a chat on a bot that may send nothing more go to the same person's
    chat on a messenger that may. Returns how many."""
    if not spent.bots:
        return 0
    here, other = aliased(Contact), aliased(Contact)
    instead = (
        select(other.id)
        .where(
            col(other.person_id) == col(here.person_id),
            col(other.chat_kind) == "private",
            col(other.closed_at).is_(None),
            col(other.channel).in_(list(spent.channels)),
        )
        .order_by(col(other.rank), col(other.id))
        .limit(1)
        .scalar_subquery()
    )
    rows = session.exec(
        select(Notice.id, here.channel, instead)
        .join(here, col(here.id) == col(Notice.contact_id))
        .where(
            Notice.state == NoticeState.QUEUED,
            col(Notice.next_at) <= spent.now,
            col(Notice.kind).in_(_ANYWHERE),
            col(here.chat_kind) == "private",
            col(here.channel).in_(list(spent.bots)),
            instead.is_not(None),
        )
    ).all()
    for notice_id, channel, contact_id in rows:
        session.execute(
            update(Notice)
            .where(col(Notice.id) == notice_id)
            .values(contact_id=contact_id, reason=f"{SENT_ON}:{channel}")
        )
    return len(rows)


def lay_by(session: Session, spent: Look, until: datetime) -> int:
    """What can go nowhere but to a bot that may send nothing more is looked at again at `until`.
    Returns how many notices wait."""
    return _postpone(session, spent, until, FOR_THE_MONTH) if spent.bots else 0


def _postpone(
    session: Session, look: Look, until: datetime, why: str, *which: ColumnElement[bool]
) -> int:
    found = session.exec(
        select(Notice.id)
        .select_from(Notice)
        .join(Subscription, col(Subscription.id) == col(Notice.subscription_id), isouter=True)
        .join(Contact, col(Contact.id) == owner_contact(look.channels))
        .where(
            Notice.state == NoticeState.QUEUED,
            col(Notice.next_at) <= look.now,
            col(Contact.channel).in_(list(look.bots)),
            *which,
        )
    ).all()
    # What was sent on keeps saying where it came from.
    sent_on = col(Notice.reason).startswith(SENT_ON)
    session.execute(
        update(Notice)
        .where(col(Notice.id).in_(found))
        .values(next_at=until, reason=case((sent_on, col(Notice.reason)), else_=why))
    )
    return len(found)


def waiting_people(
    session: Session, spent: str, channels: Collection[str]
) -> list[tuple[str, bool]]:
    """Who can be told nothing while a bot may send nothing more: (name, whether a group)."""
    other = aliased(Contact)
    elsewhere = exists().where(
        col(other.person_id) == col(Contact.person_id),
        col(other.closed_at).is_(None),
        col(other.channel).in_(list(channels)),
    )
    held = exists().where(
        col(Subscription.ended_at).is_(None),
        or_(
            col(Subscription.contact_id) == col(Contact.id),
            col(Subscription.person_id) == col(Contact.person_id),
        ),
    )
    rows = session.exec(
        select(Contact.title, Contact.chat_kind, Person.name)
        .join(Person, col(Person.id) == col(Contact.person_id), isouter=True)
        .where(Contact.channel == spent, col(Contact.closed_at).is_(None), held, ~elsewhere)
        .order_by(col(Person.name), col(Contact.id))
    ).all()
    return [(name or title, kind == "group") for title, kind, name in rows]
