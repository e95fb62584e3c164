"""An agency as the list has it on one day, and what a name was found to mean."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from registry.tables import SINCE_EVER


class How(StrEnum):
    """What a name turned out to be."""

    AGENCY = "agency"
    GROUP = "group"
    UNDEFINED = "undefined"
    AMBIGUOUS = "ambiguous"
    EXPIRED = "expired"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Known:
    """An agency as the directory knows it. `former`: names it bore; `coming`: names it will bear;
    `successors`: who took over when it ended."""

    id: int
    name: str
    level: str = ""
    aliases: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    valid_from: date = SINCE_EVER
    valid_to: date | None = None
    former: tuple[str, ...] = ()
    coming: tuple[str, ...] = ()
    successors: tuple[int, ...] = ()

    def valid(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True)
class Proposal:
    """A name that may have been meant; `distance` counts the letters that differ."""

    name: str
    distance: int


@dataclass(frozen=True)
class Match:
    """What one name means on one day.

    `agencies`: the one meant, the members of a group, or those an ambiguous name may mean.
    `group`: the group's own name. `note`: a Vietnamese remark where the spelling differs, or
    the name is no longer the name, so that a person sees it. `ended`: the agency that bore the
    name, where another has taken over. `proposals`: near misses, nearest first, never taken by
    themselves.
    """

    text: str
    how: How
    agencies: tuple[Known, ...] = ()
    group: str = ""
    note: str = ""
    proposals: tuple[Proposal, ...] = ()
    ended: Known | None = None

    @property
    def found(self) -> bool:
        return self.how in (How.AGENCY, How.GROUP)

    @property
    def name(self) -> str:
        """The agency's own name; a group, or what is not known, as written."""
        return self.agencies[0].name if self.how is How.AGENCY else self.text
