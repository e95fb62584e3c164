"""When focal points are asked whether they still are, and whom an answer is asked of. Pure."""

from collections.abc import Collection, Iterable
from datetime import date, datetime, timedelta

from deadlines.calendar import WorkCalendar
from registry.heartbeats import FocalPoint, Unanswered

# Missed by an outage, it is still worth asking for so long.
CATCH_UP = timedelta(days=7)


def month_due(today: date, nth: int, calendar: WorkCalendar) -> date | None:
    """The month (its first day) whose question is due: its `nth` working day has come, at most a
    week ago."""
    month = today.replace(day=1)
    day = calendar.forward(month - timedelta(days=1), nth)
    return month if day <= today <= day + CATCH_UP else None


def wanted(
    points: Iterable[FocalPoint], now: datetime, unheard: timedelta, saving: Collection[str]
) -> list[tuple[FocalPoint, bool]]:
    """Who is asked, and of whom an answer is asked: not heard of for so long. On bots that must
    save (`saving`) only those are asked."""
    asked = [(point, point.heard_at <= now - unheard) for point in points]
    return [(point, answer) for point, answer in asked if answer or point.channel not in saving]


def given_up(
    rows: Iterable[Unanswered], today: date, days: int, calendar: WorkCalendar
) -> list[Unanswered]:
    """Those whose time to answer, so many working days, has run out."""
    return [row for row in rows if calendar.forward(row.asked_on, days) < today]
