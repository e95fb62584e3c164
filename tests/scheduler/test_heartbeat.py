"""When focal points are asked whether they still are, and of whom an answer is asked."""

from datetime import date, time, timedelta

import pytest

from deadlines.calendar import WorkCalendar
from registry.clock import moment_of
from registry.heartbeats import FocalPoint, Unanswered
from scheduler.heartbeat import day_due, given_up, wanted

CALENDAR = WorkCalendar()
DUE = date(2026, 12, 1)
NOW = moment_of(DUE, time.min)


@pytest.mark.parametrize(
    ("today", "nth", "day"),
    [
        (date(2026, 11, 1), 1, None),
        (date(2026, 11, 2), 1, date(2026, 11, 2)),
        (date(2026, 11, 9), 1, date(2026, 11, 2)),
        (date(2026, 11, 10), 1, None),
        (date(2026, 11, 4), 3, date(2026, 11, 4)),
        (date(2026, 11, 3), 3, None),
        (date(2027, 1, 1), 1, None),
        (date(2027, 1, 4), 1, date(2027, 1, 4)),
    ],
)
def test_the_first_working_days_of_a_month(today: date, nth: int, day: date | None) -> None:
    assert day_due(today, nth, CALENDAR) == day


def point(person: int, days: int, channel: str = "telegram") -> FocalPoint:
    return FocalPoint(person, person, channel, NOW - timedelta(days=days))


@pytest.mark.parametrize(
    ("one", "saving", "expected"),
    [
        (point(1, 3), (), [False]),
        (point(1, 89), (), [False]),
        (point(1, 0), (), []),
        (point(1, -3), (), []),
        (point(1, 90), (), [True]),
        (point(1, 3, "zalo"), ("zalo",), []),
        (point(1, 90, "zalo"), ("zalo",), [True]),
        (point(1, 3, "zalo-2"), ("zalo",), [False]),
    ],
)
def test_who_is_asked(one: FocalPoint, saving: tuple[str, ...], expected: list[bool]) -> None:
    found = wanted([one], DUE, timedelta(days=90), saving)
    assert [answer for _, answer in found] == expected


def test_an_answer_has_ten_working_days() -> None:
    asked = Unanswered(1, "Nguyễn Thị An", ("Sở Y tế",), date(2026, 12, 1))
    assert given_up([asked], date(2026, 12, 15), 10, CALENDAR) == []
    assert given_up([asked], date(2026, 12, 16), 10, CALENDAR) == [asked]
