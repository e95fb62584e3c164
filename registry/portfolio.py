"""Whose agencies are whose: the portfolio of a committee member, who may see what, and which member
a name means."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz.distance import OSA
from sqlmodel import Session, col, select

from deadlines.text import clean, fold
from registry.people import Actor
from registry.tables import Person, Subscription
from registry.types import Role

_TITLE = re.compile(
    r"^(?:(?:thanh vien|uy vien|dong chi|d/c|ong|ba|anh|chi|pho|chu tich|giam doc)\.?\s+)+"
)
# A name may differ by this share of its letters and still be proposed.
_FAR = 0.25
_LONG = 2


@dataclass(frozen=True, slots=True)
class Member:
    """A member of the committee. `agencies`: their portfolio; None: the whole committee."""

    person_id: int
    name: str
    agencies: frozenset[int] | None


def members(session: Session) -> list[Member]:
    """Everybody who is subscribed as a member, by name."""
    rows = session.exec(
        select(col(Person.id), col(Person.name), col(Subscription.agency_id))
        .join(Subscription, col(Subscription.person_id) == col(Person.id))
        .where(
            Subscription.role == Role.MEMBER,
            col(Subscription.ended_at).is_(None),
            col(Person.erased_at).is_(None),
        )
        .order_by(col(Person.name), col(Person.id))
    ).all()
    names: dict[int, str] = {}
    held: dict[int, set[int | None]] = {}
    for person_id, name, agency_id in rows:
        names[person_id or 0] = name
        held.setdefault(person_id or 0, set()).add(agency_id)
    return [Member(key, name, _portfolio(held[key])) for key, name in names.items()]


def _portfolio(held: set[int | None]) -> frozenset[int] | None:
    """Agencies by name; a member to whom none is assigned stands for the whole committee."""
    named = frozenset(each for each in held if each is not None)
    return named or None


def visible(actor: Actor) -> frozenset[int] | None:
    """The agencies whose figures somebody may see where they ask; None: all of them."""
    mine = _held(actor)
    if actor.place is None:
        return mine
    return actor.place if mine is None else mine & actor.place


def _held(actor: Actor) -> frozenset[int] | None:
    if actor.is_staff:
        return None
    mine = actor.agencies(Role.MEMBER, Role.LEADER)
    if Role.MEMBER in actor.roles and not actor.agencies(Role.MEMBER):
        return None
    return mine


def named(known: Sequence[Member], text: str) -> list[Member]:
    """Members a name means: their full name, or its last words ("ông Hà", "Minh Hà"); marks count
    only where somebody bears the name with just these. Several where it is unclear."""
    said = clean(text)
    title = _TITLE.match(fold(said))
    said = said[title.end() :] if title else said
    words = fold(said).split()
    if not words:
        return []
    found = [one for one in known if fold(one.name).split()[-len(words) :] == words]
    whole = [one for one in found if len(fold(one.name).split()) == len(words)]
    found = whole or found
    same = [one for one in found if clean(one.name).casefold().endswith(said.casefold())]
    return same or found


def near(known: Sequence[Member], text: str) -> list[tuple[Member, int]]:
    """Members whose name differs by few letters, with how many, nearest first."""
    title = _TITLE.match(fold(text))
    said = fold(text)[title.end() :] if title else fold(text)
    words = len(said.split())
    if words < _LONG:
        return []
    scored = [(OSA.distance(said, " ".join(fold(one.name).split()[-words:])), one) for one in known]
    most = max(1, round(len(said) * _FAR))
    return [(one, int(far)) for far, one in sorted(scored, key=lambda each: each[0]) if far <= most]
