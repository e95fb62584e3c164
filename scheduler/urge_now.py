"""Urging by a person's word: whom it would reach now, and whom it already has today.

The same person is not urged twice a day about the same duty, whether the plan or a person did it.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlmodel import Session, col, or_, select

from registry.clock import local_day, moment_of
from registry.notices import PlannedNotice, put_planned
from registry.tables import Contact, Duty, Notice, Subscription
from registry.types import DutyKind, DutyState, NoticeKind, NoticeState
from scheduler.ladder import OWN_ROLES

BY_WORD = "nhac"
_TOLD = (NoticeState.SENT, NoticeState.SENDING, NoticeState.UNCERTAIN)
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Urged:
    """What urging one open duty comes to: the people who will hear of it now, and those who have
    been (or are being) urged about it that day anyway. Neither: nobody can be reached."""

    duty: Duty
    now: tuple[int, ...]
    today: tuple[int, ...]

    @property
    def unreached(self) -> bool:
        return not self.now and not self.today


@dataclass(frozen=True, slots=True)
class Wave:
    """One round of urging. `people`: how many different ones hear of it."""

    urged: tuple[Urged, ...]
    notices: tuple[PlannedNotice, ...]
    people: int

    @property
    def told(self) -> list[Urged]:
        return [each for each in self.urged if each.now]

    @property
    def spared(self) -> list[Urged]:
        """Whose people have all been urged that day."""
        return [each for each in self.urged if each.today and not each.now]

    @property
    def unreached(self) -> list[Urged]:
        return [each for each in self.urged if each.unreached]


def overdue(session: Session, today: date, agency_id: int | None = None) -> list[int]:
    """The open overdue duties of an agency, or of all, the longest overdue first."""
    query = select(Duty.id).where(
        Duty.state == DutyState.OPEN, Duty.kind == DutyKind.DEADLINE, Duty.due_on < today
    )
    if agency_id is not None:
        query = query.where(Duty.agency_id == agency_id)
    return [each or 0 for each in session.exec(query.order_by(col(Duty.due_on), col(Duty.number)))]


def wave(session: Session, duty_ids: Sequence[int], at: datetime) -> Wave:
    """What urging these duties at `at` comes to; those no longer open are left out. Reads only."""
    duties = [duty for part in _parts(duty_ids) for duty in _open(session, part)]
    holders = _holders(session, {duty.agency_id for duty in duties})
    told = _told_that_day(session, [duty.id or 0 for duty in duties], local_day(at))
    urged: list[Urged] = []
    notices: list[PlannedNotice] = []
    people: set[int] = set()
    for duty in duties:
        known = told.get(duty.id or 0, set())
        mine = holders.get(duty.agency_id, {})
        fresh = {who: holder for who, holder in mine.items() if who not in known}
        urged.append(Urged(duty, tuple(fresh), tuple(who for who in mine if who in known)))
        notices.extend(_notice(duty, holder, at) for holder in fresh.values())
        people |= set(fresh)
    return Wave(tuple(urged), tuple(notices), len(people))


def send(session: Session, one: Wave) -> None:
    """Queue it."""
    put_planned(session, one.notices)


def _parts(ids: Sequence[int]) -> list[Sequence[int]]:
    return [ids[start : start + _CHUNK] for start in range(0, len(ids), _CHUNK)]


def _open(session: Session, ids: Sequence[int]) -> list[Duty]:
    rows = session.exec(
        select(Duty)
        .where(col(Duty.id).in_(ids), Duty.state == DutyState.OPEN)
        .order_by(col(Duty.due_on), col(Duty.number))
    )
    return list(rows.all())


def _notice(duty: Duty, holder: Subscription, at: datetime) -> PlannedNotice:
    key = f"{BY_WORD}:{duty.id}:{holder.id}:{local_day(at)}"
    return PlannedNotice(key, NoticeKind.URGE, BY_WORD, duty.id or 0, holder.id or 0, at)


def _who(subscription: Subscription) -> int:
    """A person, or (below zero) a group's chat."""
    return subscription.person_id or -(subscription.contact_id or 0)


def _holders(session: Session, agencies: Collection[int]) -> dict[int, dict[int, Subscription]]:
    """By agency: everybody of it who can be reached, each once however they are bound."""
    rows = session.exec(
        select(Subscription)
        .join(
            Contact,
            or_(
                col(Contact.id) == col(Subscription.contact_id),
                col(Contact.person_id) == col(Subscription.person_id),
            ),
        )
        .where(
            col(Subscription.agency_id).in_(agencies),
            col(Subscription.role).in_(OWN_ROLES),
            col(Subscription.ended_at).is_(None),
            col(Contact.closed_at).is_(None),
        )
        .order_by(col(Subscription.id))
        .distinct()
    ).all()
    found: dict[int, dict[int, Subscription]] = defaultdict(dict)
    for row in sorted(rows, key=lambda each: OWN_ROLES.index(each.role)):
        found[row.agency_id or 0].setdefault(_who(row), row)
    return found


def _told_that_day(session: Session, duty_ids: Sequence[int], day: date) -> dict[int, set[int]]:
    """By duty: who was urged about it on that local day, or is to be."""
    begin = moment_of(day, time.min)
    end = begin + timedelta(days=1)
    found: dict[int, set[int]] = defaultdict(set)
    for part in _parts(duty_ids):
        rows = session.exec(
            select(Notice, Subscription)
            .join(Subscription, col(Subscription.id) == col(Notice.subscription_id))
            .where(
                col(Notice.duty_id).in_(part),
                Notice.kind == NoticeKind.URGE,
                or_(
                    col(Notice.state).in_(_TOLD) & (col(Notice.closed_at) >= begin),
                    col(Notice.state).in_(_TOLD) & col(Notice.closed_at).is_(None),
                    (col(Notice.state) == NoticeState.QUEUED) & (col(Notice.due_at) < end),
                ),
            )
        ).all()
        for notice, subscription in rows:
            if notice.closed_at is None or notice.closed_at < end:
                found[notice.duty_id or 0].add(_who(subscription))
    return found
