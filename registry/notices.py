"""What is to be told: notices come in here, are withdrawn, wanted again, and found again.

How they are claimed and sent is `registry/outbox.py`.
"""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_, update
from sqlmodel import Session, col, select

from registry.database import Renew, insert_new
from registry.tables import (
    Attempt,
    AttemptNotice,
    Contact,
    Notice,
)
from registry.types import AttemptOutcome, NoticeKind, NoticeState

_FRESH: dict[str, Any] = {
    "state": NoticeState.QUEUED,
    "tries": 0,
    "uncertain": 0,
    "payload": "",
    "reason": "",
}
SNOOZED = "snoozed"
SNOOZE_KEY = "snooze:"

# What was withdrawn and certainly never told is wanted again when planning asks for it: a duty that
# is open again, a holder who came back, a day that was moved to and fro. A snooze stays as wished.
_WANTED_AGAIN = Renew(
    key="key",
    columns=("state", "due_at", "next_at", "closed_at", "reason"),
    where=and_(
        col(Notice.state) == NoticeState.WITHDRAWN,
        col(Notice.uncertain) == 0,
        or_(col(Notice.reason) != SNOOZED, col(Notice.key).startswith(SNOOZE_KEY)),
    ),
)


@dataclass(frozen=True, slots=True)
class PlannedNotice:
    """A notice as planning wants it. `key` is its identity: planning it twice changes nothing."""

    key: str
    kind: NoticeKind
    step: str
    duty_id: int
    subscription_id: int
    due_at: datetime


def put_planned(session: Session, planned: Iterable[PlannedNotice]) -> int:
    """Store planned notices that are not there yet, and want again those that had been withdrawn
    untold; return how many came in."""
    return insert_new(
        session,
        Notice,
        (
            {
                "key": each.key,
                "kind": each.kind,
                "step": each.step,
                "duty_id": each.duty_id,
                "subscription_id": each.subscription_id,
                "due_at": each.due_at,
                "next_at": each.due_at,
                "closed_at": None,
                **_FRESH,
            }
            # Neighbours in the queue's index are written together.
            for each in sorted(planned, key=lambda each: each.due_at)
        ),
        renew=_WANTED_AGAIN,
    )


def put_text(  # noqa: PLR0913 -- the parts of one message
    session: Session,
    kind: NoticeKind,
    key: str,
    html: str,
    due_at: datetime,
    *,
    contact_id: int | None = None,
    subscription_id: int | None = None,
    duty_id: int | None = None,
    buttons: Sequence[Sequence[tuple[str, str]]] = (),
    file_id: int | None = None,
) -> None:
    """Queue a message that carries its own text, for a contact or for a subscription. file_id: the
    :class:`StoredFile` that goes with it."""
    if contact_id is None and subscription_id is None:
        raise ValueError("a text needs somebody to go to")
    payload: dict[str, Any] = {"html": html, "buttons": buttons}
    if file_id is not None:
        payload["file"] = file_id
    insert_new(
        session,
        Notice,
        [
            {
                "key": key,
                "kind": kind,
                "step": "",
                "duty_id": duty_id,
                "contact_id": contact_id,
                "subscription_id": subscription_id,
                "due_at": due_at,
                "next_at": due_at,
                **_FRESH,
                "payload": json.dumps(payload, ensure_ascii=False),
            }
        ],
    )


def put_word(
    session: Session, duty_id: int, completion_id: int, subscription_id: int, now: datetime
) -> None:
    """Queue word of a completion for a subscription; it joins that morning's other news."""
    insert_new(
        session,
        Notice,
        [
            {
                "key": f"{NoticeKind.COMPLETION}:{completion_id}:{subscription_id}",
                "kind": NoticeKind.COMPLETION,
                "step": "",
                "duty_id": duty_id,
                "subscription_id": subscription_id,
                "due_at": now,
                "next_at": now,
                **_FRESH,
            }
        ],
    )


def put_edit(session: Session, attempt_id: int, why: str, now: datetime) -> None:
    """Queue the rewriting of a message that was sent; once for each reason."""
    attempt = session.get_one(Attempt, attempt_id)
    insert_new(
        session,
        Notice,
        [
            {
                "key": f"edit:{attempt_id}:{why}",
                "kind": NoticeKind.EDIT,
                "step": "",
                "contact_id": attempt.contact_id,
                "due_at": now,
                "next_at": now,
                **_FRESH,
                "payload": json.dumps({"attempt": attempt_id}),
            }
        ],
    )


def payload_of(notice: Notice) -> dict[str, Any]:
    """What the notice carries; empty where everything is derived at sending."""
    data: dict[str, Any] = json.loads(notice.payload) if notice.payload else {}
    return data


def withdraw(session: Session, duty_id: int, now: datetime, reason: str) -> None:
    """Reminders and urges of the duty that have not gone out are no longer wanted."""
    withdraw_all(session, [duty_id], now, reason)


def withdraw_all(session: Session, duty_ids: Sequence[int], now: datetime, reason: str) -> None:
    """As :func:`withdraw`, for several duties."""
    set_state(
        session,
        and_(
            col(Notice.duty_id).in_(duty_ids),
            col(Notice.kind).in_([NoticeKind.REMINDER, NoticeKind.URGE]),
            col(Notice.state) == NoticeState.QUEUED,
        ),
        state=NoticeState.WITHDRAWN,
        closed_at=now,
        reason=reason,
    )


def withdraw_word(session: Session, duty_id: int, now: datetime) -> list[int]:
    """Take back word of a completion that has not gone out; return the subscriptions that have
    already been told and need a correction."""
    set_state(
        session,
        and_(
            col(Notice.duty_id) == duty_id,
            col(Notice.kind) == NoticeKind.COMPLETION,
            col(Notice.state) == NoticeState.QUEUED,
        ),
        state=NoticeState.WITHDRAWN,
        closed_at=now,
        reason="undone",
    )
    told = session.exec(
        select(Notice.subscription_id)
        .where(
            Notice.duty_id == duty_id,
            Notice.kind == NoticeKind.COMPLETION,
            col(Notice.state).in_([NoticeState.SENT, NoticeState.SENDING, NoticeState.UNCERTAIN]),
        )
        .distinct()
    ).all()
    return [each for each in told if each is not None]


def revive(session: Session, duty_id: int, now: datetime) -> None:
    """A completion was taken back: what it withdrew and still lies ahead is wanted again."""
    set_state(
        session,
        and_(
            col(Notice.duty_id) == duty_id,
            col(Notice.state) == NoticeState.WITHDRAWN,
            col(Notice.reason) == "done",
            col(Notice.due_at) > now,
        ),
        state=NoticeState.QUEUED,
        closed_at=None,
        reason="",
    )


def drop_planned(session: Session, subscription_id: int) -> None:
    """Forget what is queued for a subscription whose preferences changed: it is planned anew. What
    its holder put off stays: planning knows nothing of it."""
    queued = session.exec(
        select(Notice).where(
            Notice.subscription_id == subscription_id,
            col(Notice.kind).in_([NoticeKind.REMINDER, NoticeKind.URGE]),
            Notice.state == NoticeState.QUEUED,
            ~col(Notice.key).startswith(SNOOZE_KEY),
            ~exists().where(col(AttemptNotice.notice_id) == col(Notice.id)),
        )
    ).all()
    for notice in queued:
        session.delete(notice)
    session.flush()


def put_off(
    session: Session,
    duty_id: int,
    subscription_ids: Collection[int],
    until: datetime,
    now: datetime,
) -> None:
    """Snooze: reminders of the duty that were to come before `until` are withdrawn."""
    set_state(
        session,
        and_(
            col(Notice.duty_id) == duty_id,
            col(Notice.subscription_id).in_(list(subscription_ids)),
            col(Notice.kind).in_([NoticeKind.REMINDER, NoticeKind.URGE]),
            col(Notice.state) == NoticeState.QUEUED,
            col(Notice.due_at) < until,
        ),
        state=NoticeState.WITHDRAWN,
        closed_at=now,
        reason=SNOOZED,
    )


def set_state(session: Session, which: ColumnElement[bool], **values: Any) -> int:
    """Change the notices a condition names; return how many."""
    result = session.execute(update(Notice).where(which).values(**values))
    return int(result.rowcount)  # type: ignore[attr-defined]


# -- looking ---------------------------------------------------------------------------------------


def queued_after(session: Session, start: str, since: datetime) -> list[datetime]:
    """When notices whose key begins so were put in after that moment. `start` ends in ":"."""
    return list(
        session.exec(
            select(Notice.due_at)
            .where(
                col(Notice.key) >= start,
                col(Notice.key) < f"{start[:-1]};",
                col(Notice.due_at) > since,
            )
            .order_by(col(Notice.due_at))
        ).all()
    )


def duties_of_message(session: Session, contact_id: int, message_id: str) -> list[int]:
    """The duties a sent message spoke of, so that a reply to it finds them."""
    rows = session.exec(
        select(Notice.duty_id)
        .join(AttemptNotice, col(AttemptNotice.notice_id) == col(Notice.id))
        .join(Attempt, col(Attempt.id) == col(AttemptNotice.attempt_id))
        .where(Attempt.contact_id == contact_id, Attempt.message_id == message_id)
        .distinct()
    ).all()
    return [each for each in rows if each is not None]


def keys_of_message(session: Session, contact_id: int, message_id: str) -> list[str]:
    """What a sent message told, by the keys of its notices."""
    rows = session.exec(
        select(Notice.key)
        .join(AttemptNotice, col(AttemptNotice.notice_id) == col(Notice.id))
        .join(Attempt, col(Attempt.id) == col(AttemptNotice.attempt_id))
        .where(Attempt.contact_id == contact_id, Attempt.message_id == message_id)
    ).all()
    return list(rows)


@dataclass(frozen=True, slots=True)
class Menu:
    """The last message to a chat that asked about duties: of one duty, to be answered by a digit.
    `last`: nothing else has been said there since."""

    duty_id: int
    at: datetime
    last: bool


def last_menu(session: Session, contact_id: int) -> Menu | None:
    """The menu a digit typed in this chat can mean; None where the last message about duties spoke
    of several, and offered no digits."""
    told = (AttemptOutcome.SENT, AttemptOutcome.UNCERTAIN)
    asking = (NoticeKind.REMINDER, NoticeKind.URGE)

    def newest(*kinds: ColumnElement[bool]) -> Attempt | None:
        return session.exec(
            select(Attempt)
            .join(AttemptNotice, col(AttemptNotice.attempt_id) == col(Attempt.id))
            .join(Notice, col(Notice.id) == col(AttemptNotice.notice_id))
            .where(Attempt.contact_id == contact_id, col(Attempt.outcome).in_(told), *kinds)
            .order_by(col(Attempt.opened_at).desc(), col(Attempt.id).desc())
            .limit(1)
        ).first()

    menu = newest(col(Notice.kind).in_(asking))
    if menu is None:
        return None
    rows = session.exec(
        select(Notice.duty_id, Notice.kind)
        .join(AttemptNotice)
        # A line that asks for a sign of life under a reminder leaves its digits as they are.
        .where(AttemptNotice.attempt_id == menu.id, Notice.kind != NoticeKind.HEARTBEAT)
        .distinct()
    ).all()
    spoken_of = {duty for duty, _ in rows}
    if len(spoken_of) != 1 or any(kind not in asking for _, kind in rows):
        return None
    latest = newest(col(Notice.kind) != NoticeKind.EDIT)
    return Menu(spoken_of.pop() or 0, menu.opened_at, latest is None or latest.id == menu.id)


def editable(
    session: Session, duty_id: int, channels: Collection[str], since: datetime
) -> list[int]:
    """Attempts whose message about the duty can still be rewritten."""
    rows = session.exec(
        select(Attempt.id)
        .join(AttemptNotice)
        .join(Notice)
        .join(Contact, col(Contact.id) == col(Attempt.contact_id))
        .where(
            Notice.duty_id == duty_id,
            col(Notice.kind).in_([NoticeKind.REMINDER, NoticeKind.URGE]),
            Attempt.outcome == AttemptOutcome.SENT,
            Attempt.message_id != "",
            col(Attempt.opened_at) > since,
            col(Contact.channel).in_(list(channels)),
            col(Contact.closed_at).is_(None),
        )
        .distinct()
    ).all()
    return [each for each in rows if each is not None]
