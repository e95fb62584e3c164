"""Who takes over from an agency that ended. Pure; read from the database once, asked often.

What an agency that ended leaves open goes to its only successor, to the main one of several, or to
whoever a person gave the task to. Where nobody is named, nobody is guessed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Self

from sqlmodel import Session, col, select

from registry.tables import Agency, Inheritance, Succession

# Set between a period and the agency it was given to, where the successor has a duty of its own
# for the same period that is closed already.
_OF = "~"


@dataclass(frozen=True)
class Heirs:
    """`ends`: the last day of agencies that end; `next`: who takes over from them as a whole;
    `given`: who was given one task of theirs, by (task, agency)."""

    ends: Mapping[int, date]
    next: Mapping[int, int]
    given: Mapping[tuple[int, int], int]

    @classmethod
    def of(cls, session: Session) -> Self:
        ended = session.exec(select(Agency).where(col(Agency.valid_to).is_not(None))).all()
        parted: dict[int, list[Succession]] = {}
        for row in session.exec(select(Succession)).all():
            parted.setdefault(row.agency_id, []).append(row)
        following = {agency: _whole(rows) for agency, rows in parted.items()}
        return cls(
            {one.id or 0: one.valid_to for one in ended if one.valid_to is not None},
            {agency: one for agency, one in following.items() if one is not None},
            {
                (row.task_id, row.agency_id): row.successor_id
                for row in session.exec(select(Inheritance)).all()
            },
        )

    def ended(self, agency_id: int, day: date) -> bool:
        """Whether the agency's last day lies before `day`."""
        return agency_id in self.ends and self.ends[agency_id] < day

    def holder(self, agency_id: int, day: date, task_id: int = 0) -> int | None:
        """Who stands, on a day, for an agency in one of its tasks (0: as a whole): itself while it
        lasts, then its successors one after the other. None where a person must say."""
        seen: set[int] = set()
        while self.ended(agency_id, day):
            seen.add(agency_id)
            heir = self.given.get((task_id, agency_id)) or self.next.get(agency_id)
            if heir is None or heir in seen:
                return None
            agency_id = heir
        return agency_id


def predecessors(session: Session, agency_id: int) -> list[int]:
    """Every agency that this one has taken over from, directly or not; for figures that are to be
    compared with those of years before."""
    before: dict[int, list[int]] = {}
    for row in session.exec(select(Succession)).all():
        before.setdefault(row.successor_id, []).append(row.agency_id)
    found: list[int] = []
    waiting = [agency_id]
    while waiting:
        for one in sorted(before.get(waiting.pop(0), [])):
            if one not in found and one != agency_id:
                found.append(one)
                waiting.append(one)
    return found


def _whole(rows: list[Succession]) -> int | None:
    named = [row.successor_id for row in rows if row.main or len(rows) == 1]
    return named[0] if len(named) == 1 else None


def plain_period(period: str) -> str:
    """A duty's period as its task has it."""
    return period.partition(_OF)[0]


def period_of_former(period: str, agency_id: int) -> str:
    """The period of a duty taken over beside a closed one of one's own."""
    return f"{period}{_OF}{agency_id}"
