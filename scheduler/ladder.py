"""The ladder of urging: focal points and officers from the first urge on, then the agency's leader,
the committee's member in charge of the agency, and the standing agency, rung after rung.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from deadlines.calendar import WorkCalendar
from registry.clock import local
from registry.people import ACTING
from registry.types import Role

# The latest working day a rung may wait for.
LATEST_RUNG = 120
# One urge: its step (a number, or a rung's name) and its day.
Step = tuple[str, date]


@dataclass(frozen=True, slots=True)
class Ladder:
    """On which working day after the due day each rung first hears of a duty; 0: never."""

    leader: int = 3
    member: int = 5
    staff: int = 10

    def after(self, rung: Role) -> int:
        """The working day of one rung."""
        return {Role.LEADER: self.leader, Role.MEMBER: self.member, Role.STAFF: self.staff}[rung]

    @property
    def climbs(self) -> bool:
        """Whether no rung comes before one below it."""
        days = [each for each in (self.leader, self.member, self.staff) if each]
        return days == sorted(days)


@dataclass(frozen=True, slots=True)
class RoleSteps:
    """Which steps a role is told of. leads: None means all of them. rung: the role's place on the
    ladder, None for those who hear every urge until they say that they are on it. once: told on the
    rung's own day and not again (figures tell them the rest)."""

    leads: frozenset[int] | None = None
    rung: Role | None = None
    once: bool = False


# Leaders hear of a duty when it is nearly too late, and again once it is.
ROLE_STEPS: Mapping[Role, RoleSteps] = {
    Role.FOCAL: RoleSteps(),
    Role.OFFICER: RoleSteps(),
    Role.LEADER: RoleSteps(leads=frozenset({0}), rung=Role.LEADER),
    Role.MEMBER: RoleSteps(leads=frozenset(), rung=Role.MEMBER, once=True),
    Role.STAFF: RoleSteps(leads=frozenset(), rung=Role.STAFF, once=True),
}
# Whoever belongs to the agency: urges to them are the agency's urges, and only those are numbered.
OWN_ROLES = ACTING
# Rungs above the agency, told once.
ABOVE = frozenset(role for role, steps in ROLE_STEPS.items() if steps.once)


def told_as(step: str, role: Role | None) -> Role | None:
    """The rung an urge of this step is told as to a holder of the role; None below the ladder."""
    if step in ABOVE:
        return Role(step)
    return Role.LEADER if role == Role.LEADER else None


def climbed(urges: tuple[Step, ...], rung_day: date, steps: RoleSteps) -> list[Step]:
    """What a rung hears of the agency's urges: its own day, and (unless once) all that follow."""
    own = (str(steps.rung), rung_day)
    # The rung's own day comes under the rung's name even where an urge falls on it: whether one
    # does is not known from the beginning, and planning twice must give the same.
    return [own] if steps.once else [own, *(step for step in urges if step[1] > rung_day)]


@dataclass(frozen=True, slots=True)
class Heard:
    """When an agency said that it is on a duty, and when it last said anything of it."""

    received_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Pause:
    """After "đã nhận" at `begins`, and each later answer, nobody asks again until `resumes`."""

    begins: datetime
    resumes: date

    @classmethod
    def after(cls, heard: "Heard | None", days: int, calendar: WorkCalendar) -> "Pause | None":
        """None where nothing was said, or the setting makes no pauses. What was left out in an
        earlier pause stays left out in a later one."""
        if heard is None or not days:
            return None
        return cls(heard.received_at, calendar.forward(local(heard.last_at).date(), days))

    def silences(self, at: datetime) -> bool:
        """Whether an urge at this moment would fall into the pause."""
        return at > self.begins and local(at).date() < self.resumes

    def asked_again(self, urges: list[Step], due_on: date) -> list[Step]:
        """The urges, and where the pause ends after the due day one on that day, which asks what
        became of it."""
        if self.resumes <= due_on:
            return urges
        others = [step for step in urges if step[1] != self.resumes]
        again = (f"again-{self.resumes}", self.resumes)
        return sorted([*others, again], key=lambda step: step[1])
