"""Updates from messengers: stored before they are confirmed, handled once, blanked when old."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from sqlmodel import Session, col, func, select

from registry.database import insert_new
from registry.tables import Inbound
from registry.types import InboundState

MAX_TRIES = 3
# Outcomes: a wrong invite code, and the one message of a flood that was answered with a word of it.
BAD_CODE = "bad_code"
FLOOD = "flood"
# Who may still be counted as a flood or as guessing is remembered for so long, even if erased.
WATCHED = timedelta(hours=1)
_MANY = 10
# Of a flood so many are passed over in one transaction.
_AT_ONCE = 200


def store(session: Session, channel: str, updates: Iterable[tuple[str, str]], now: datetime) -> int:
    """Store (key, raw JSON) pairs that are new on the channel; return how many were."""
    return insert_new(
        session,
        Inbound,
        (
            {
                "channel": channel,
                "update_key": key,
                "raw": raw,
                "received_at": now,
                "sender": "",
                "state": InboundState.NEW,
                "tries": 0,
                "outcome": "",
            }
            for key, raw in updates
        ),
    )


def oldest_new(
    session: Session, channels: Collection[str], passed: Collection[int] = ()
) -> Inbound | None:
    """The update to be handled next, but for those passed by; those of a messenger that is switched
    off wait."""
    waiting = [col(Inbound.state) == InboundState.NEW, col(Inbound.channel).in_(list(channels))]
    if passed:
        waiting.append(col(Inbound.id).not_in(list(passed)))
    return session.exec(
        select(Inbound)
        .where(*waiting)
        .order_by(col(Inbound.id))
        .limit(1)  # `first` alone would load every update that waits
    ).first()


def take(session: Session, inbound_id: int) -> Inbound | None:
    """The update, for whoever handles it in this transaction; None where another process has done
    so or is at it."""
    return session.exec(
        select(Inbound)
        .where(Inbound.id == inbound_id, Inbound.state == InboundState.NEW)
        .with_for_update(skip_locked=True)
    ).first()


def lately(session: Session, row: Inbound) -> list[tuple[datetime, str]]:
    """When the sender of this update said something before, within :data:`WATCHED`, and what came
    of it; without what was passed over."""
    rows = session.exec(
        select(Inbound.received_at, Inbound.outcome).where(
            Inbound.channel == row.channel,
            Inbound.sender == row.sender,
            col(Inbound.received_at) > row.received_at - WATCHED,
            col(Inbound.id) < row.id,
        )
    ).all()
    return [(at, outcome) for at, outcome in rows]


def pass_over(row: Inbound) -> None:
    """One of too many: not answered, not kept, not counted."""
    row.state, row.raw, row.sender = InboundState.IGNORED, "", ""


def behind(session: Session, row: Inbound) -> list[Inbound]:
    """Updates of the same messenger that wait behind this one, for whoever handles them in this
    transaction."""
    return list(
        session.exec(
            select(Inbound)
            .where(
                Inbound.state == InboundState.NEW,
                Inbound.channel == row.channel,
                col(Inbound.id) > row.id,
            )
            .order_by(col(Inbound.id))
            .limit(_AT_ONCE)
            .with_for_update(skip_locked=True)
        ).all()
    )


def watched(session: Session, channel: str, sender: str, now: datetime) -> bool:
    """Whether forgetting this sender now would forget guesses at codes, or a flood."""
    said = session.exec(
        select(Inbound.outcome).where(
            Inbound.channel == channel,
            Inbound.sender == sender,
            col(Inbound.received_at) > now - WATCHED,
        )
    ).all()
    return len(said) > _MANY or any(outcome in (BAD_CODE, FLOOD) for outcome in said)


def waiting(session: Session) -> int:
    """How many stored updates are not handled yet."""
    return session.exec(
        select(func.count()).select_from(Inbound).where(Inbound.state == InboundState.NEW)
    ).one()


def failed_once(session: Session, inbound_id: int, error: str, now: datetime) -> bool:
    """Handling raised: count it; after MAX_TRIES the update is set aside. True when set aside."""
    inbound = session.get_one(Inbound, inbound_id)
    inbound.tries += 1
    inbound.outcome = error
    if inbound.tries >= MAX_TRIES:
        inbound.state, inbound.handled_at = InboundState.FAILED, now
    session.add(inbound)
    return inbound.tries >= MAX_TRIES
