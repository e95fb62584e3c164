"""What may go out at which moment."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deadlines.calendar import WorkCalendar
from registry.clock import local, moment_of
from registry.types import NoticeKind
from scheduler.hours import allowed, next_opening, quiet_until
from scheduler.plan import Policy

CALENDAR, POLICY = WorkCalendar(), Policy()
MOMENTS = st.integers(0, 4 * 365 * 1440).map(
    lambda minutes: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)


def at(text: str) -> datetime:
    day, clock = text.split()
    return moment_of(date.fromisoformat(day), time.fromisoformat(clock))


@pytest.mark.parametrize(
    ("moment", "door"),
    [
        ("2024-06-14 07:29", "last call"),
        ("2024-06-14 07:30", "open"),
        ("2024-06-14 12:00", "open"),
        ("2024-06-14 16:59", "open"),
        ("2024-06-14 17:00", "last call"),
        ("2024-06-14 20:59", "last call"),
        ("2024-06-14 21:00", "answers"),
        ("2024-06-14 05:59", "answers"),
        ("2024-06-14 06:00", "last call"),
        ("2024-06-15 09:00", "last call"),  # a Saturday: nothing has its last safe day there
        ("2024-05-04 09:00", "open"),  # a Saturday worked instead of 29/4
        ("2024-04-29 09:00", "last call"),
        ("2025-01-29 09:00", "last call"),  # Tết
    ],
)
def test_doors(moment: str, door: str) -> None:
    only = allowed(at(moment), POLICY, CALENDAR)
    if door == "open":
        assert only is None
        return
    assert only is not None
    assert NoticeKind.ANSWER in only.kinds
    assert not {NoticeKind.REMINDER, NoticeKind.URGE, NoticeKind.ALERT} & set(only.kinds)
    midnight = at(f"{moment[:10]} 00:00")
    assert only.last_day_since == (midnight if door == "last call" else None)


@pytest.mark.parametrize(
    ("moment", "opens"),
    [
        ("2024-06-14 06:00", "2024-06-14 07:30"),
        ("2024-06-14 09:00", "2024-06-14 09:00"),
        ("2024-06-14 17:00", "2024-06-17 07:30"),
        ("2024-06-15 09:00", "2024-06-17 07:30"),
        ("2024-02-07 18:00", "2024-02-15 07:30"),  # over Tết
    ],
)
def test_next_opening(moment: str, opens: str) -> None:
    assert next_opening(at(moment), POLICY, CALENDAR) == at(opens)


@given(MOMENTS)
def test_the_next_opening_is_open_and_nothing_before_it_is(moment: datetime) -> None:
    opening = next_opening(moment, POLICY, CALENDAR)
    assert opening >= moment
    assert allowed(opening, POLICY, CALENDAR) is None
    if opening > moment:
        assert allowed(moment, POLICY, CALENDAR) is not None
        assert allowed(opening - timedelta(seconds=1), POLICY, CALENDAR) is not None


@pytest.mark.parametrize(
    ("moment", "quiet", "ends"),
    [
        ("2024-06-14 12:00", ("11:30", "13:30"), "2024-06-14 13:30"),
        ("2024-06-14 11:29", ("11:30", "13:30"), None),
        ("2024-06-14 13:30", ("11:30", "13:30"), None),
        ("2024-06-14 19:00", ("18:00", "08:30"), "2024-06-15 08:30"),
        ("2024-06-14 03:00", ("18:00", "08:30"), "2024-06-14 08:30"),
        ("2024-06-14 08:30", ("18:00", "08:30"), None),
        ("2024-06-14 08:00", ("08:00", "08:00"), None),
    ],
)
def test_quiet_until(moment: str, quiet: tuple[str, str], ends: str | None) -> None:
    start, end = map(time.fromisoformat, quiet)
    assert quiet_until(at(moment), start, end) == (at(ends) if ends else None)
    assert quiet_until(at(moment), None, end) is None


@given(MOMENTS, st.times(), st.times())
def test_quiet_hours_end_within_a_day_and_outside_themselves(
    moment: datetime, start: time, end: time
) -> None:
    until = quiet_until(moment, start, end)
    if until is not None:
        assert moment < until <= moment + timedelta(days=1)
        assert local(until).time() == end
        assert quiet_until(until, start, end) is None


def test_naive_moments_are_refused() -> None:
    with pytest.raises(ValueError, match="naive"):
        allowed(datetime(2024, 6, 14, 9), POLICY, CALENDAR)  # noqa: DTZ001 -- refused
