"""Until when an Official Account may write to somebody."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.channels.zalo_oa_window import window

WROTE = datetime(2026, 11, 16, 2, tzinfo=UTC)
FORMERLY = datetime(2025, 11, 17, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("later", "is_open", "left"),
    [
        (timedelta(0), True, None),
        (48 * HOUR - timedelta(seconds=1), True, None),
        (48 * HOUR, True, 0),
        (7 * 24 * HOUR - timedelta(seconds=1), True, 0),
        (7 * 24 * HOUR, False, 0),
    ],
)
def test_free_for_two_days_open_for_seven(
    later: timedelta, is_open: bool, left: int | None
) -> None:
    found = window(WROTE, WROTE + later, sent_since=40)
    assert found.is_open(WROTE + later) == is_open
    assert found.free_left == left
    assert found.free_until == WROTE + 48 * HOUR
    assert found.open_until == WROTE + 168 * HOUR


@pytest.mark.parametrize(("sent", "left"), [(0, 8), (7, 1), (8, 0), (12, 0)])
def test_eight_were_free_until_the_end_of_2025(sent: int, left: int) -> None:
    assert window(FORMERLY, FORMERLY + HOUR, sent).free_left == left


def test_new_year_comes_in_viet_nam_first() -> None:
    eve = datetime(2025, 12, 31, 16, 59, 59, tzinfo=UTC)
    assert window(eve - HOUR, eve, 8).free_left == 0
    assert window(eve - HOUR, eve + timedelta(seconds=1), 8).free_left is None


def test_somebody_who_never_wrote_has_no_window() -> None:
    found = window(None, WROTE)
    assert (found.free_until, found.open_until, found.free_left) == (None, None, 0)
    assert not found.is_open(WROTE)
