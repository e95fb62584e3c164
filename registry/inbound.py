"""Updates from messengers: stored before they are confirmed, handled once, blanked when old."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlmodel import Session, col, func, select

from registry.database import insert_new
from registry.tables import Inbound
from registry.types import InboundState

# What people wrote is kept only as long as a failed handling may need it
# (Luật Bảo vệ dữ liệu cá nhân 91/2025/QH15, Điều 3).
KEEP_RAW = timedelta(days=7)
MAX_TRIES = 3


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


def oldest_new(session: Session, channels: Collection[str]) -> Inbound | None:
    """The update to be handled next; those of a messenger that is switched off wait."""
    return session.exec(
        select(Inbound)
        .where(Inbound.state == InboundState.NEW, col(Inbound.channel).in_(list(channels)))
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


def forget_old(session: Session, now: datetime) -> int:
    """Blank the text of updates handled long enough ago; their keys stay, so that a messenger that
    repeats itself is still recognised."""
    result = session.execute(
        update(Inbound)
        .where(
            col(Inbound.state) != InboundState.NEW,
            col(Inbound.handled_at) < now - KEEP_RAW,
            col(Inbound.raw) != "",
        )
        .values(raw="")
    )
    return int(result.rowcount)  # type: ignore[attr-defined]
