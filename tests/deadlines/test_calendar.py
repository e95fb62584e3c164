"""Working days: weekends, holidays, swapped days, and an administrator's table."""

from datetime import date

import pytest

from deadlines import DayOff, WorkCalendar
from deadlines.calendar import SWAPS, tet

CALENDAR = WorkCalendar()


@pytest.mark.parametrize(
    ("day", "working"),
    [
        (date(2026, 1, 2), False),  # swapped for Saturday 10/01, missing in the package
        (date(2026, 1, 10), True),
        (date(2025, 4, 26), True),
        (date(2025, 5, 2), False),
        (date(2026, 2, 16), False),
        (date(2026, 2, 23), True),
        (date(2026, 9, 1), False),
        (date(2025, 11, 22), False),
        (date(2025, 11, 24), True),
    ],
)
def test_working_days(day: date, working: bool) -> None:
    assert CALENDAR.is_working(day) is working
    assert (CALENDAR.name_of(day) is None) is working


def test_names_are_vietnamese() -> None:
    assert CALENDAR.name_of(date(2025, 11, 23)) == "Chủ nhật"
    assert CALENDAR.name_of(date(2026, 2, 17)) == "Tết Nguyên Đán"
    assert CALENDAR.name_of(date(2026, 1, 2)) == "Nghỉ hoán đổi, làm bù ngày 10/01/2026"


def test_lead_times_never_fall_into_tet() -> None:
    assert CALENDAR.back(date(2026, 2, 24), 1) == date(2026, 2, 23)
    assert CALENDAR.back(date(2026, 2, 24), 2) == date(2026, 2, 13)
    assert CALENDAR.forward(date(2026, 2, 13), 1) == date(2026, 2, 23)


def test_counting_zero_gives_the_day_itself_if_it_is_worked() -> None:
    assert CALENDAR.back(date(2025, 11, 21), 0) == date(2025, 11, 21)
    assert CALENDAR.last_working(date(2025, 11, 23)) == date(2025, 11, 21)
    assert CALENDAR.forward(date(2025, 11, 22), 0) == date(2025, 11, 24)
    with pytest.raises(ValueError, match="never negative"):
        CALENDAR.back(date(2025, 11, 21), -1)


def test_an_administrators_table_wins() -> None:
    mine = WorkCalendar(
        [DayOff(date(2027, 2, 3), working=False, reason="Nghỉ Tết")], confirmed=[2027]
    )
    assert mine.name_of(date(2027, 2, 3)) == "Nghỉ Tết"
    assert mine.is_confirmed(2027)
    assert not CALENDAR.is_confirmed(2027)
    assert WorkCalendar({date(2026, 1, 10): False}).is_working(date(2026, 1, 10)) is False
    assert WorkCalendar({date(2026, 1, 2): True}).is_working(date(2026, 1, 2)) is True


def test_every_swap_has_a_source_and_trades_a_workday_for_a_weekend() -> None:
    for swap in SWAPS:
        assert swap.source
        assert swap.off.weekday() < 5 <= swap.work.weekday()
        assert not CALENDAR.is_working(swap.off)
        assert CALENDAR.is_working(swap.work)


def test_tet() -> None:
    assert [tet(year) for year in (2025, 2026, 2027)] == [
        date(2025, 1, 29),
        date(2026, 2, 17),
        date(2027, 2, 6),
    ]
