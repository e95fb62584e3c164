"""When focal points are asked whether they still are, and whom an answer is asked of. Pure."""

from collections.abc import Collection, Iterable
from datetime import date, time, timedelta

from deadlines.calendar import WorkCalendar
from registry.clock import moment_of
from registry.heartbeats import FocalPoint, Unanswered

# Missed by an outage, it is still worth asking for so long.
CATCH_UP = timedelta(days=7)


def day_due(today: date, nth: int, calendar: WorkCalendar) -> date | None:
    """The day of this month's question, its `nth` working day; None unless it came lately."""
    day = calendar.forward(today.replace(day=1) - timedelta(days=1), nth)
    return day if day <= today <= day + CATCH_UP else None


def wanted(
    points: Iterable[FocalPoint], day: date, unheard: timedelta, saving: Collection[str]
) -> list[tuple[FocalPoint, bool]]:
    """Who is asked for the question of `day`, and of whom an answer is asked: not heard of for so
    long. Who has been heard of since has answered; on bots that must save (`saving`) only those are
    asked who owe an answer."""
    morning = moment_of(day, time.min)
    asked = [
        (point, point.heard_at <= morning - unheard) for point in points if point.heard_at < morning
    ]
    return [(point, answer) for point, answer in asked if answer or point.channel not in saving]


def given_up(
    rows: Iterable[Unanswered], today: date, days: int, calendar: WorkCalendar
) -> list[Unanswered]:
    """Those whose time to answer, so many working days, has run out."""
    return [row for row in rows if calendar.forward(row.asked_on, days) < today]
