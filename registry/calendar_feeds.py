"""Subscribed calendars: whoever holds the link reads the duties of one agency, or of one person's
agencies as they are bound at that moment. Only the link's hash is kept."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from registry import marks
from registry.audit import record
from registry.tables import Agency, CalendarFeed, Person, Subscription
from registry.types import Role

TOKEN_BYTES = 24
# Phones, computers and a lost link or two; the oldest ends when there would be more.
MOST_LIVE = 5
NAMESPACE = "calendar"


@dataclass(frozen=True, slots=True)
class Scope:
    """What a calendar shows: whose name it bears, and the agencies (None: all of them)."""

    title: str
    agency_ids: frozenset[int] | None


def make(
    session: Session,
    now: datetime,
    *,
    person_id: int | None = None,
    agency_id: int | None = None,
    made_by: int | None = None,
) -> str:
    """A new feed of a person or of an agency. Returns its token, which is never shown again.
    Raises ValueError unless it is for exactly one of them."""
    if (person_id is None) == (agency_id is None):
        raise ValueError("a calendar is a person's or an agency's")
    live = _live(session, person_id, agency_id)
    for old in live[: max(len(live) - MOST_LIVE + 1, 0)]:
        old.ended_at = now
        session.add(old)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    feed = CalendarFeed(
        token_hash=_hash(token), person_id=person_id, agency_id=agency_id, created_at=now
    )
    session.add(feed)
    session.flush()
    namespace(session, now)
    record(session, now, "calendar.made", str(feed.id), made_by or person_id, agency=agency_id)
    return token


def find(session: Session, token: str) -> CalendarFeed | None:
    """The live feed behind a token."""
    return session.exec(
        select(CalendarFeed).where(
            CalendarFeed.token_hash == _hash(token), col(CalendarFeed.ended_at).is_(None)
        )
    ).first()


def revoke(
    session: Session,
    now: datetime,
    *,
    person_id: int | None = None,
    agency_id: int | None = None,
    by: int | None = None,
) -> int:
    """End every feed of a person, or of an agency; how many were live."""
    live = _live(session, person_id, agency_id)
    for feed in live:
        feed.ended_at = now
        session.add(feed)
        record(session, now, "calendar.ended", str(feed.id), by or person_id)
    return len(live)


def scope_of(session: Session, feed: CalendarFeed) -> Scope | None:
    """What the feed shows now; None where its person is bound to nothing any more."""
    if feed.agency_id is not None:
        agency = session.get_one(Agency, feed.agency_id)
        return Scope(agency.name, frozenset({feed.agency_id}))
    person = session.get(Person, feed.person_id)
    if person is None or person.erased_at is not None:
        return None
    rows = session.exec(
        select(Subscription.role, Subscription.agency_id).where(
            Subscription.person_id == person.id, col(Subscription.ended_at).is_(None)
        )
    ).all()
    if any(role in (Role.STAFF, Role.ADMIN) for role, _ in rows):
        return Scope("mọi cơ quan", None)
    held = frozenset(agency for _, agency in rows if agency is not None)
    names = session.exec(
        select(Agency.name).where(col(Agency.id).in_(held)).order_by(col(Agency.key))
    ).all()
    return Scope(", ".join(names), held) if held else None


def namespace(session: Session, now: datetime) -> str:
    """What makes the ids of this installation's events differ from every other's; made once."""
    mark = marks.get(session, NAMESPACE)
    if mark is not None and mark.value:
        return mark.value
    made = secrets.token_hex(8)
    marks.put(session, NAMESPACE, made, now)
    return made


def known_namespace(session: Session) -> str:
    """The same where it has been made; "" where nobody has asked for a calendar yet."""
    mark = marks.get(session, NAMESPACE)
    return mark.value if mark is not None else ""


def _live(session: Session, person_id: int | None, agency_id: int | None) -> list[CalendarFeed]:
    """Oldest first."""
    mine = (
        CalendarFeed.person_id == person_id
        if person_id is not None
        else CalendarFeed.agency_id == agency_id
    )
    return list(
        session.exec(
            select(CalendarFeed)
            .where(mine, col(CalendarFeed.ended_at).is_(None))
            .order_by(col(CalendarFeed.id))
        ).all()
    )


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
