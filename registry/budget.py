"""What a messenger's tariff allows one bot, and how much of it is used.

Months are those of Asia/Ho_Chi_Minh. A message counts when the messenger took it, or may have taken
it; people and groups count while they are bound and can be reached.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import ColumnElement, exists
from sqlmodel import Session, col, func, or_, select

from registry.clock import local_day, moment_of
from registry.tables import Attempt, Contact, Subscription
from registry.types import AttemptOutcome

# The message is through, or nobody knows that it is not.
TOOK = (AttemptOutcome.SENT, AttemptOutcome.UNCERTAIN)


@dataclass(frozen=True, slots=True)
class Tariff:
    """What one bot may do: messages a calendar month, people, groups. 0: no limit."""

    messages: int = 0
    users: int = 0
    groups: int = 0


@dataclass(frozen=True, slots=True)
class Budget:
    """A month's messages of one bot. `limit` 0: no limit."""

    limit: int
    used: int

    @property
    def left(self) -> int | None:
        """None without a limit."""
        return max(self.limit - self.used, 0) if self.limit else None

    @property
    def share(self) -> float:
        """The part used, 0 without a limit; above 1 where more went out than the limit."""
        return self.used / self.limit if self.limit else 0.0


@dataclass(frozen=True, slots=True)
class Usage:
    """How one bot stands on a day: this month's messages, people and groups bound to it now."""

    channel: str
    month: date
    budget: Budget
    users: int
    groups: int
    tariff: Tariff


def month_of(now: datetime) -> date:
    """The first day of the local month a moment lies in."""
    return local_day(now).replace(day=1)


def used(session: Session, channel: str, month: date) -> int:
    """Messages the channel took, or may have taken, in the month that begins on `month`."""
    after = (month + timedelta(days=31)).replace(day=1)
    return session.exec(
        select(func.count())
        .select_from(Contact)
        .join(Attempt, col(Attempt.contact_id) == col(Contact.id))
        .where(
            Contact.channel == channel,
            col(Attempt.opened_at) >= moment_of(month, time.min),
            col(Attempt.opened_at) < moment_of(after, time.min),
            col(Attempt.outcome).in_(TOOK),
        )
    ).one()


def budget_of(session: Session, channel: str, limit: int, now: datetime) -> Budget:
    """This month's budget; without a limit nothing is counted."""
    return Budget(limit, used(session, channel, month_of(now)) if limit else 0)


def _bound() -> ColumnElement[bool]:
    """Whether a contact is subscribed to anything, itself or through its person."""
    return exists().where(
        col(Subscription.ended_at).is_(None),
        or_(
            col(Subscription.contact_id) == col(Contact.id),
            col(Subscription.person_id) == col(Contact.person_id),
        ),
    )


def bound(session: Session, channel: str, chat_kind: str) -> list[int]:
    """The live contacts of one kind that are bound to the channel, by id."""
    rows = session.exec(
        select(Contact.id).where(
            Contact.channel == channel,
            Contact.chat_kind == chat_kind,
            col(Contact.closed_at).is_(None),
            _bound(),
        )
    ).all()
    return [each for each in rows if each is not None]


def usage(session: Session, channel: str, tariff: Tariff, now: datetime) -> Usage:
    return Usage(
        channel,
        month_of(now),
        Budget(tariff.messages, used(session, channel, month_of(now))),
        len(bound(session, channel, "private")),
        len(bound(session, channel, "group")),
        tariff,
    )


def full(session: Session, channel: str, tariff: Tariff, chat_kind: str, contact: int) -> bool:
    """Whether one more chat does not fit; one that is bound already always does."""
    most = tariff.groups if chat_kind == "group" else tariff.users
    if not most:
        return False
    there = bound(session, channel, chat_kind)
    return contact not in there and len(there) >= most


def usages(session: Session, tariffs: Mapping[str, Tariff], now: datetime) -> list[Usage]:
    """How each bot with a tariff stands."""
    return [usage(session, channel, tariff, now) for channel, tariff in tariffs.items()]
