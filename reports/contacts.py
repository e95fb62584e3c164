"""Which agencies hang by one thread, or by none: whom messages reach, and who is still there."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import and_, case, func, or_, select
from sqlmodel import Session, col

from registry.clock import local_day
from registry.heartbeats import unanswered
from registry.people import ACTING
from registry.tables import Absence, Agency, Contact, Duty, Person, Subscription
from registry.types import DutyState
from reports.reach import Silence, silences
from reports.render import Rendered, Renderer

SHOWN = 30


@dataclass(frozen=True, slots=True)
class Live:
    """Somebody (or a group) of an agency that messages reach. `asked_on`: asked then for a word and
    silent since; `away_until`: away today."""

    name: str
    person_id: int | None = None
    asked_on: date | None = None
    away_until: date | None = None


@dataclass(frozen=True, slots=True)
class ContactRow:
    """An agency that owes something. `why`: what keeps it from being reached, if anything."""

    agency_id: int
    agency: str
    open: int
    overdue: int
    live: tuple[Live, ...] = ()
    why: Silence | None = None

    @property
    def thin(self) -> bool:
        """Nobody, one, or several of whom none is known to be there."""
        return len(self.live) <= 1 or all(one.asked_on or one.away_until for one in self.live)


def thin_contacts(session: Session, now: datetime, spent: Collection[str] = ()) -> list[ContactRow]:
    """Agencies with open duties and no, or only one, live contact; those with none first. spent:
    channels that may send nothing more this month."""
    today = local_day(now)
    owing = _owing(session, today)
    live = _live(session, [row[0] for row in owing], spent, _quiet_people(session, now))
    why = silences(session, [row[0] for row in owing if row[0] not in live], spent)
    rows = [
        ContactRow(key, name, count, late, tuple(live.get(key, ())), why.get(key))
        for key, name, count, late in owing
    ]
    return sorted((row for row in rows if row.thin), key=lambda row: (len(row.live), -row.overdue))


def contacts(renderer: Renderer, rows: Sequence[ContactRow], today: date) -> Rendered:
    """The answer to /lienlac."""
    parts = ([row for row in rows if not row.live], [row for row in rows if row.live])
    return renderer.render(
        "messages/contacts",
        today=today,
        nobody=parts[0][:SHOWN],
        nobody_rest=len(parts[0][SHOWN:]),
        few=parts[1][:SHOWN],
        few_rest=len(parts[1][SHOWN:]),
    )


_Quiet = Mapping[int, tuple[date | None, date | None]]


def _quiet_people(session: Session, now: datetime) -> _Quiet:
    """By person: since when they owe a word, until when they are away."""
    today = local_day(now)
    asked = {one.person_id: one.asked_on for one in unanswered(session, now)}
    rows = session.connection().execute(
        select(col(Absence.person_id), func.max(col(Absence.last_on)))
        .where(col(Absence.first_on) <= today, col(Absence.last_on) >= today)
        .group_by(col(Absence.person_id))
    )
    away: dict[int, date] = {row[0]: row[1] for row in rows}
    return {key: (asked.get(key), away.get(key)) for key in {*asked, *away}}


def _owing(session: Session, today: date) -> list[tuple[int, str, int, int]]:
    late = case((col(Duty.due_on) < today, 1), else_=0)
    rows = session.connection().execute(
        select(col(Agency.id), col(Agency.name), func.count(), func.sum(late))
        .join(Duty, col(Duty.agency_id) == col(Agency.id))
        .where(col(Duty.state) == DutyState.OPEN)
        .group_by(col(Agency.id), col(Agency.name), col(Agency.key))
        .order_by(col(Agency.key))
    )
    return [(key or 0, name, count, int(over)) for key, name, count, over in rows]


def _live(
    session: Session, agency_ids: Collection[int], spent: Collection[str], quiet: _Quiet
) -> dict[int, list[Live]]:
    person = and_(
        col(Contact.person_id).is_not(None),
        col(Contact.person_id) == col(Subscription.person_id),
    )
    rows = session.connection().execute(
        select(
            col(Subscription.agency_id), col(Subscription.person_id), col(Contact.id),
            col(Person.name), col(Contact.title),
        )
        .join(Contact, or_(col(Contact.id) == col(Subscription.contact_id), person))
        .join(Person, col(Person.id) == col(Subscription.person_id), isouter=True)
        .where(
            col(Subscription.agency_id).in_(list(agency_ids)),
            col(Subscription.role).in_(ACTING),
            col(Subscription.ended_at).is_(None),
            col(Contact.closed_at).is_(None),
            col(Contact.channel).not_in(list(spent)),
            col(Person.erased_at).is_(None),
        )
        .order_by(col(Subscription.id))
    )  # fmt: skip
    found: dict[int, dict[tuple[int | None, int | None], Live]] = {}
    for agency_id, person_id, contact_id, name, title in rows:
        key = (person_id, None if person_id is not None else contact_id)
        asked, away = quiet.get(person_id or 0, (None, None))
        one = Live(name or title or "nhóm", person_id, asked, away)
        found.setdefault(agency_id or 0, {}).setdefault(key, one)
    return {agency: list(mine.values()) for agency, mine in found.items()}
