"""Whose duties a change touches, and which focal points are to hear of it."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from registry.expand import DutyChange
from registry.people import ACTING
from registry.tables import Agency, Subscription
from registry.types import Role

# A number that went into another is no news of its own, and what is kept has not changed.
_SILENT = frozenset({"merged", "kept"})


@dataclass(frozen=True)
class Concerned:
    """Agencies by name whose duties change, how many focal points will be told, and the agencies
    among them that have none."""

    agencies: tuple[str, ...] = ()
    people: int = 0
    unreached: tuple[str, ...] = ()


def concerned(session: Session, changes: Iterable[DutyChange]) -> Concerned:
    """Who would be told of these changes."""
    ids = set(by_agency(changes))
    if not ids:
        return Concerned()
    points = focal_points(session, ids)
    rows = session.exec(select(Agency).where(col(Agency.id).in_(ids)).order_by(col(Agency.key)))
    names = {row.id or 0: row.name for row in rows}
    return Concerned(
        tuple(names.values()),
        len(receivers(points)),
        tuple(name for agency_id, name in names.items() if not points.get(agency_id)),
    )


def by_agency(changes: Iterable[DutyChange]) -> dict[int, list[DutyChange]]:
    """The changes an agency hears of, in order of their numbers."""
    found: dict[int, list[DutyChange]] = defaultdict(list)
    for one in sorted(changes, key=lambda each: each.number):
        if one.what not in _SILENT:
            found[one.agency_id].append(one)
    return found


def focal_points(session: Session, agency_ids: Collection[int]) -> dict[int, list[Subscription]]:
    """The live subscriptions of focal points, by agency; where it has none, of whoever answers."""
    found: dict[int, list[Subscription]] = defaultdict(list)
    rows = session.exec(
        select(Subscription)
        .where(
            col(Subscription.agency_id).in_(list(agency_ids)),
            col(Subscription.role).in_(ACTING),
            col(Subscription.ended_at).is_(None),
        )
        .order_by(col(Subscription.id))
    )
    for row in rows:
        found[row.agency_id or 0].append(row)
    return {
        agency_id: [one for one in held if one.role is Role.FOCAL] or held
        for agency_id, held in found.items()
    }


def receivers(
    points: Mapping[int, Sequence[Subscription]],
) -> dict[tuple[int | None, int | None], list[Subscription]]:
    """The same by person (or group chat): whoever stands for two agencies is told once."""
    found: dict[tuple[int | None, int | None], list[Subscription]] = defaultdict(list)
    for subscriptions in points.values():
        for one in subscriptions:
            found[one.person_id, one.contact_id if one.person_id is None else None].append(one)
    return found
