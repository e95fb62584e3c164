"""Vắng mặt: who is away from an agency, when, and who stands in."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import Session, col, select, update

from registry.audit import record
from registry.clock import local_day
from registry.people import ACTING, Actor
from registry.tables import Absence, Subscription
from registry.types import Role

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Away:
    """Days on which subscriptions of one person at one agency rest; `deputy` is the subscription
    that hears instead, None where nobody does. `since`: when it was said."""

    subscriptions: frozenset[int]
    deputy: int | None
    first_on: date
    last_on: date
    since: datetime

    def covers(self, day: date) -> bool:
        return self.first_on <= day <= self.last_on


def begin(
    session: Session,
    actor: Actor,
    deputies: Mapping[int, int | None],
    days: tuple[date, date],
    now: datetime,
) -> list[Absence]:
    """The actor is away from these agencies (each with the person who stands in) from the first day
    to the last; what was said before and is not over is replaced."""
    end(session, actor, now)
    rows = [
        Absence(
            person_id=actor.person_id or 0,
            agency_id=agency_id,
            deputy_id=deputy_id,
            first_on=days[0],
            last_on=days[1],
            created_at=now,
        )
        for agency_id, deputy_id in deputies.items()
    ]
    session.add_all(rows)
    session.flush()
    for row in rows:
        record(
            session, now, "absence.begun", str(row.id), actor.person_id, actor.name,
            agency=row.agency_id, deputy=row.deputy_id, first=row.first_on, last=row.last_on,
        )  # fmt: skip
    _plan_again(session, actor.person_id or 0, set(deputies))
    return rows


def end(session: Session, actor: Actor, now: datetime) -> list[Absence]:
    """The actor is back: what is not over ends; days that were stay on record."""
    rows = current(session, actor.person_id or 0, local_day(now))
    for row in rows:
        row.last_on = min(row.last_on, local_day(now) - DAY)
        row.ended_at = now
        session.add(row)
        record(session, now, "absence.ended", str(row.id), actor.person_id, actor.name)
    session.flush()
    _plan_again(session, actor.person_id or 0, {row.agency_id for row in rows})
    return rows


def current(session: Session, person_id: int, today: date) -> list[Absence]:
    """What the person has said of today or of days to come."""
    return list(
        session.exec(
            select(Absence)
            .where(
                Absence.person_id == person_id,
                Absence.last_on >= today,
                col(Absence.ended_at).is_(None),
            )
            .order_by(col(Absence.id))
        ).all()
    )


def away(session: Session, agency_ids: Collection[int]) -> list[Away]:
    """Who is, was or will be away from these agencies, as planning needs it."""
    rows = session.exec(
        select(Absence)
        .where(col(Absence.agency_id).in_(agency_ids), Absence.first_on <= Absence.last_on)
        .order_by(col(Absence.id))
    ).all()
    if not rows:
        return []
    held = _held(session, {row.agency_id for row in rows})
    return [
        Away(
            frozenset(held.get((row.agency_id, row.person_id), ())),
            next(iter(held.get((row.agency_id, row.deputy_id or 0), ())), None),
            row.first_on,
            row.last_on,
            row.created_at,
        )
        for row in rows
    ]


def _held(session: Session, agency_ids: Collection[int]) -> dict[tuple[int, int], list[int]]:
    """Live subscriptions by agency and person, the weightiest role first."""
    rows: Sequence[Subscription] = session.exec(
        select(Subscription).where(
            col(Subscription.agency_id).in_(agency_ids),
            col(Subscription.role).in_(ACTING),
            col(Subscription.person_id).is_not(None),
            col(Subscription.ended_at).is_(None),
        )
    ).all()
    found: dict[tuple[int, int], list[int]] = {}
    for row in sorted(rows, key=lambda one: (ACTING.index(Role(one.role)), one.id or 0)):
        found.setdefault((row.agency_id or 0, row.person_id or 0), []).append(row.id or 0)
    return found


def _plan_again(session: Session, person_id: int, agency_ids: Collection[int]) -> None:
    session.execute(
        update(Subscription)
        .where(
            col(Subscription.person_id) == person_id, col(Subscription.agency_id).in_(agency_ids)
        )
        .values(plan_due=True)
    )
