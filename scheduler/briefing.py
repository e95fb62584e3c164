"""What a weekly brief says, and when. Pure: the same week gives the same brief.

A committee member: one number, two risks, one thanks, one call to make. The standing agency: what
fell due, what comes, who is silent, what waits for it.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Literal

from deadlines.calendar import WorkCalendar
from reports.brief_words import Call, MemberBrief, Risk, StaffBrief, Thanks
from reports.briefs import WEEK, DutyLine, Raised, Week

DAY = timedelta(days=1)
Weekday = Literal["off", "mon", "tue", "wed", "thu", "fri"]
_DAYS: dict[str, int] = {"mon": 0, "tue": 1, "wed": 2, "thu": 3, "fri": 4}
# A duty nobody has touched so near to its day is worth a call.
NEAR = 3


@dataclass(frozen=True, slots=True)
class When:
    """A weekday and an hour (local)."""

    weekday: Weekday
    at: time


def brief_day(today: date, when: When, calendar: WorkCalendar) -> date | None:
    """The day of this week on which the brief goes out: the weekday, or the next working day after
    it; None where it is switched off, or the rest of the week is free."""
    if when.weekday == "off":
        return None
    monday = today - timedelta(days=today.weekday())
    day = calendar.forward(monday + timedelta(days=_DAYS[when.weekday]), 0)
    return day if day < monday + WEEK else None


def for_member(week: Week) -> MemberBrief:
    """The brief of one portfolio."""
    return MemberBrief(
        today=week.today,
        counts=week.counts,
        done_lately=sum(_lately(line, week.today) for line in week.lines),
        risks=_two(_risks(week)),
        thanks=_thanks(week),
        call=_call(week),
    )


def horizon(today: date, calendar: WorkCalendar) -> date:
    """The day before which duties come: seven days on, and the days off that follow at once. What
    falls due in the week of Tết must be done before it."""
    return calendar.forward(today + WEEK, 0)


def for_staff(week: Week, until: date | None = None) -> StaffBrief:
    """The digest of the whole committee. `until`: see :func:`horizon`; None: seven days."""
    today = week.today
    end = until or today + WEEK
    fell = [line for line in week.lines if today - WEEK <= line.due_on < today]
    comes = [line for line in week.lines if not line.done and today <= line.due_on < end]
    quiet = [line for line in week.lines if _late(line, today) and not line.started]
    return StaffBrief(
        today=today,
        counts=week.counts,
        fell=len(fell),
        fell_open=tuple(line for line in fell if not line.done),
        comes=_by_day(comes),
        silent=_by_agency(quiet),
        raised=tuple(week.raised),
        unreachable=tuple(row.agency for row in week.silent),
        holiday=end > today + WEEK,
    )


# -- choosing --------------------------------------------------------------------------------------


def _late(line: DutyLine, today: date) -> bool:
    return not line.done and line.due_on < today


def _lately(line: DutyLine, today: date) -> bool:
    return line.done_on is not None and today - WEEK <= line.done_on < today


def _risks(week: Week) -> list[Risk]:
    """Every risk, the gravest first, one of a kind for each agency: what is longest overdue, then
    difficulties without an answer, agencies out of reach, and what is near and not begun."""
    today = week.today
    late = sorted((x for x in week.lines if _late(x, today)), key=lambda x: (x.due_on, x.number))
    near = sorted((x for x in week.lines if _near(x, week)), key=lambda x: (x.due_on, x.number))
    found = [
        *(_of_line("overdue", line, (today - line.due_on).days) for line in late),
        *(_of_raised(one, today) for one in week.raised),
        *(Risk("unreachable", row.agency_id, row.agency, count=row.open) for row in week.silent),
        *(_of_line("near", line, (line.due_on - today).days) for line in near),
    ]
    once: dict[tuple[str, int], Risk] = {}
    for risk in found:
        once.setdefault((risk.kind, risk.agency_id), risk)
    return list(once.values())


def _near(line: DutyLine, week: Week) -> bool:
    soon = week.today + timedelta(days=week.soon_days)
    return not line.done and not line.started and week.today <= line.due_on <= soon


def _of_line(kind: Literal["overdue", "near"], line: DutyLine, days: int) -> Risk:
    return Risk(kind, line.agency_id, line.agency, line.number, line.title, days)


def _of_raised(one: Raised, today: date) -> Risk:
    days = (today - one.on).days
    return Risk("obstacle", one.agency_id, one.agency, one.number, one.text, days)


def _two(risks: Sequence[Risk]) -> tuple[Risk, ...]:
    """The gravest, and the gravest of another kind: two of one kind say the same twice."""
    if not risks:
        return ()
    first, rest = risks[0], risks[1:]
    other = next((one for one in rest if one.kind != first.kind), None)
    second = other or next(iter(rest), None)
    return (first,) if second is None else (first, second)


def _thanks(week: Week) -> Thanks | None:
    """The agency with the most done in time in the last seven days; of equals the first by name."""
    counts: dict[tuple[str, int], int] = defaultdict(int)
    for line in week.lines:
        if _lately(line, week.today) and line.done_on is not None and line.done_on <= line.due_on:
            counts[line.agency, line.agency_id] += 1
    if not counts:
        return None
    (agency, _), count = min(counts.items(), key=lambda item: (-item[1], item[0]))
    return Thanks(agency, count)


def _call(week: Week) -> Call | None:
    """Whom to call: who holds others up, else who is longest overdue, else who has begun nothing
    though the day is near."""
    late = [line for line in week.lines if _late(line, week.today)]
    blocking = [line for line in late if _holds_up(line, week)]
    if late:
        line = min(blocking or late, key=lambda each: (each.due_on, each.number))
        days = (week.today - line.due_on).days
        why: Literal["blocks", "overdue"] = "blocks" if blocking else "overdue"
        return Call(why, line.agency_id, line.agency, line.number, line.title, days)
    near = [line for line in week.lines if _near(line, week)]
    urgent = [line for line in near if (line.due_on - week.today).days <= NEAR]
    if not urgent:
        return None
    line = min(urgent, key=lambda each: (each.due_on, each.number))
    days = (line.due_on - week.today).days
    return Call("near", line.agency_id, line.agency, line.number, line.title, days)


def _holds_up(line: DutyLine, week: Week) -> bool:
    """Whether a report that sums this period up still waits, with another agency."""
    return not line.derived and any(
        directive == line.directive_id and period == line.period and agency != line.agency_id
        for directive, period, agency in week.awaited
    )


def _by_day(lines: Iterable[DutyLine]) -> tuple[tuple[date, int, int], ...]:
    """(day, duties, agencies), in order."""
    days: dict[date, list[DutyLine]] = defaultdict(list)
    for line in lines:
        days[line.due_on].append(line)
    return tuple(
        (day, len(mine), len({line.agency_id for line in mine}))
        for day, mine in sorted(days.items())
    )


def _by_agency(lines: Iterable[DutyLine]) -> tuple[tuple[str, int], ...]:
    """(agency, duties), the most first."""
    counts: dict[tuple[str, int], int] = defaultdict(int)
    for line in lines:
        counts[line.agency, line.agency_id] += 1
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return tuple((agency, count) for (agency, _), count in ordered)
