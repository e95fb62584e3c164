"""What is known of an agency: its names and days, who came before and after, who answers for it,
what it owes. Names of people and messengers, never an address."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session, col, func, select

from registry.agencies import Directory, Known
from registry.heirs import predecessors
from registry.people import ACTING
from registry.tables import Agency, Contact, Duty, Person, Renaming, Subscription, Succession
from registry.types import DutyState, Role
from reports.status import Counts, status

UNGROUPED = "Chưa xếp khối"


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody who answers for an agency, or follows it for the committee; no `channels` means that
    nothing reaches them."""

    name: str
    role: Role
    channels: tuple[str, ...]

    @property
    def own(self) -> bool:
        """Whether they are of the agency and receive its reminders."""
        return self.role in ACTING


@dataclass(frozen=True, slots=True)
class Neighbour:
    """An agency before or after this one, with its last day and its figures of its own time."""

    name: str
    ended: date | None
    counts: Counts


@dataclass(frozen=True, slots=True)
class Card:
    """`renamed`: (old name, new name, first day). `counts` are the agency's own, `together` with
    all it took over from."""

    id: int
    name: str
    level: str
    aliases: tuple[str, ...]
    groups: tuple[str, ...]
    valid_from: date
    valid_to: date | None
    renamed: tuple[tuple[str, str, date], ...]
    before: tuple[Neighbour, ...]
    after: tuple[str, ...]
    holders: tuple[Holder, ...]
    open: int
    overdue: int
    counts: Counts
    together: Counts


@dataclass(frozen=True, slots=True)
class AgencyLine:
    """An agency with the number of people and groups that receive its reminders and can be reached.
    `following`: members of the committee who follow it and can be reached; they answer for nothing
    and hear only of what has long been overdue."""

    name: str
    live: int
    valid_to: date | None = None
    following: int = 0


@dataclass(frozen=True, slots=True)
class GroupCard:
    """A group, with its agencies in force in the order of their names."""

    name: str
    agencies: tuple[AgencyLine, ...]


def load_card(session: Session, agency_id: int, today: date) -> Card:
    """Everything about one agency. Raises NoResultFound for an id that is not there."""
    agency = session.get_one(Agency, agency_id)
    directory = Directory.on(session, today)
    known = directory.known(agency_id)
    own, late = _owed(session, agency_id, today)
    ids = predecessors(session, agency_id)
    figures = {
        row.agency_id: row.counts
        for row in status(session, today, agency_ids=[agency_id, *ids]).rows
    }
    return Card(
        id=agency_id,
        name=agency.name,
        level=agency.level,
        aliases=known.aliases,
        groups=known.groups,
        valid_from=agency.valid_from,
        valid_to=agency.valid_to,
        renamed=_renamed(session, agency_id),
        before=tuple(_neighbour(session, one, figures) for one in ids),
        after=_after(session, agency_id),
        holders=_holders(session, agency_id),
        open=own,
        overdue=late,
        counts=figures.get(agency_id, Counts()),
        together=sum(figures.values(), Counts()),
    )


def load_groups(session: Session, today: date) -> list[GroupCard]:
    """All agencies in force, by group; an agency of several groups stands in each."""
    directory = Directory.on(session, today)
    live = _live(session)
    parted: dict[str, list[Known]] = defaultdict(list)
    for one in directory.agencies:
        for group in one.groups or (UNGROUPED,):
            parted[group].append(one)
    return [
        GroupCard(
            group,
            tuple(
                AgencyLine(one.name, live[one.id, True], one.valid_to, live[one.id, False])
                for one in parted[group]
            ),
        )
        for group in sorted(parted, key=lambda name: (name == UNGROUPED, name))
    ]


def _owed(session: Session, agency_id: int, today: date) -> tuple[int, int]:
    """How many duties are open, and how many of them are overdue."""
    rows = session.exec(
        select(Duty).where(
            Duty.agency_id == agency_id, Duty.state == DutyState.OPEN, Duty.opens_on <= today
        )
    ).all()
    return len(rows), sum(duty.due_on < today for duty in rows)


def _renamed(session: Session, agency_id: int) -> tuple[tuple[str, str, date], ...]:
    rows = session.exec(
        select(Renaming).where(Renaming.agency_id == agency_id).order_by(col(Renaming.day))
    ).all()
    return tuple((row.old_name, row.new_name, row.day) for row in rows)


def _neighbour(session: Session, agency_id: int, figures: dict[int, Counts]) -> Neighbour:
    agency = session.get_one(Agency, agency_id)
    return Neighbour(agency.name, agency.valid_to, figures.get(agency_id, Counts()))


def _after(session: Session, agency_id: int) -> tuple[str, ...]:
    rows = session.exec(
        select(Agency.name)
        .join(Succession, col(Succession.successor_id) == col(Agency.id))
        .where(Succession.agency_id == agency_id)
        .order_by(col(Succession.main).desc(), col(Agency.key))
    ).all()
    return tuple(rows)


def _holders(session: Session, agency_id: int) -> tuple[Holder, ...]:
    rows = session.exec(
        select(Subscription).where(
            Subscription.agency_id == agency_id, col(Subscription.ended_at).is_(None)
        )
    ).all()
    order = list(Role)
    found = [_holder(session, row) for row in rows]
    return tuple(sorted(found, key=lambda one: (order.index(one.role), one.name)))


def _holder(session: Session, row: Subscription) -> Holder:
    mine = (
        col(Contact.person_id) == row.person_id
        if row.person_id is not None
        else col(Contact.id) == row.contact_id
    )
    contacts = session.exec(select(Contact).where(mine).order_by(col(Contact.rank))).all()
    person = session.get(Person, row.person_id) if row.person_id is not None else None
    name = person.name if person else next((one.title for one in contacts if one.title), "nhóm")
    channels = [one.channel for one in contacts if one.closed_at is None]
    return Holder(name, row.role, tuple(dict.fromkeys(channels)))


def _live(session: Session) -> Counter[tuple[int, bool]]:
    """How many of an agency's subscriptions a message reaches: (agency, is it one of its own?)."""
    people = select(Contact.person_id).where(col(Contact.closed_at).is_(None))
    chats = select(Contact.id).where(col(Contact.closed_at).is_(None))
    rows = session.exec(
        select(Subscription.agency_id, Subscription.role, func.count())
        .where(
            col(Subscription.ended_at).is_(None),
            col(Subscription.person_id).in_(people.where(col(Contact.person_id).is_not(None)))
            | col(Subscription.contact_id).in_(chats),
        )
        .group_by(col(Subscription.agency_id), col(Subscription.role))
    ).all()
    found: Counter[tuple[int, bool]] = Counter()
    for agency, role, count in rows:
        if agency is not None:
            found[agency, role in ACTING] += count
    return found
