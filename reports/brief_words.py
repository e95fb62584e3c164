"""The weekly briefs in words. What they are about is chosen in `scheduler/briefing.py`."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from registry.types import Role
from reports.briefs import Desk, DutyLine, Raised
from reports.render import Rendered, Renderer
from reports.status import Counts

LISTED = 5


@dataclass(frozen=True, slots=True)
class Risk:
    """One thing that may go wrong. `days`: overdue, since it was raised, or left."""

    kind: Literal["overdue", "obstacle", "unreachable", "near"]
    agency_id: int
    agency: str
    number: int = 0
    text: str = ""
    days: int = 0
    count: int = 0


@dataclass(frozen=True, slots=True)
class Thanks:
    agency: str
    count: int


@dataclass(frozen=True, slots=True)
class Call:
    """A call worth making. `name`, `role`: whom, where somebody is known."""

    why: Literal["blocks", "overdue", "near"]
    agency_id: int
    agency: str
    number: int
    title: str
    days: int
    name: str = ""
    role: Role | None = None


@dataclass(frozen=True, slots=True)
class MemberBrief:
    """One morning's brief of a portfolio. `done_lately`: in the last seven days."""

    today: date
    counts: Counts
    done_lately: int
    risks: tuple[Risk, ...]
    thanks: Thanks | None
    call: Call | None


@dataclass(frozen=True, slots=True)
class StaffBrief:
    """One morning's digest for the standing agency. `comes`: (day, duties, agencies). `holiday`:
    days off follow the seven days, and what falls due on them is listed too."""

    today: date
    counts: Counts
    fell: int
    fell_open: tuple[DutyLine, ...]
    comes: tuple[tuple[date, int, int], ...]
    silent: tuple[tuple[str, int], ...]
    raised: tuple[Raised, ...]
    unreachable: tuple[str, ...]
    holiday: bool = False


def brief_member(renderer: Renderer, brief: MemberBrief, *, whole: bool) -> Rendered:
    """To a member of the committee; `whole`: their portfolio is every agency."""
    return renderer.render("messages/brief_member", b=brief, whole=whole)


def brief_staff(renderer: Renderer, brief: StaffBrief, desk: Desk) -> Rendered:
    """To the staff of the standing agency."""
    return renderer.render("messages/brief_staff", b=brief, desk=desk, listed=LISTED)
