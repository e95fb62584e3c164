"""Every documented error of a Zalo Official Account, and what it means to a message."""

from datetime import UTC, datetime

import pytest

from bot.channels.zalo_oa_errors import (
    ERRORS,
    ROWS,
    Means,
    OaLost,
    OaRefused,
    as_send_error,
    meaning,
)

MORNING = datetime(2026, 11, 20, 2, tzinfo=UTC)  # 09:00 in Viet Nam
# What the reference says each code asks for: (codes, auth, closed, permanent, waits).
CASES = [
    ("-216 -220 -124", True, False, False, False),
    ("-14002 -14003 -14014", True, False, False, False),
    ("-32", False, False, False, True),
    ("-211 -115 -144", False, False, False, True),
    ("-213 -217 -218 -227 -244", False, True, False, False),
    ("-230 -232", False, True, False, False),
    ("-234 -133", False, False, False, True),
    ("-100 -200", False, False, False, False),
    ("-201 -210 -233 -111 -132 -1121 -1124", False, False, True, False),
    ("-204 -205 -209 -212 -219 -221 -223 -224 -235 -240 -242", True, False, False, False),
    ("-248 -403 -237", False, False, True, False),
    ("-249 -109", True, False, False, False),
    ("-320 -321 -136 -137 -135 -1351", True, False, False, False),
    ("-101 -102 -103 -104 -105 -117 -120 -131 -146 -126 -127", True, False, False, False),
    ("-108 -114 -118 -119 -139 -140 -141", False, True, False, False),
    ("-9999", False, False, False, True),
]
FLAT = [(int(code), *rest) for codes, *rest in CASES for code in codes.split()]


@pytest.mark.parametrize(("code", "auth", "closed", "permanent", "waits"), FLAT)
def test_each_code_means_what_the_reference_says(
    code: int, auth: bool, closed: bool, permanent: bool, waits: bool
) -> None:
    error = as_send_error(OaRefused(code, "Words of Zalo"), MORNING)
    assert (error.auth, error.closed, error.permanent) == (auth, closed, permanent)
    assert (error.retry_after is not None) == waits
    assert not error.uncertain
    assert error.exhausted == (code in (-211, -115, -144))
    assert str(code) in error.text
    assert "Words of Zalo" in error.text


def test_no_code_stands_twice_and_each_says_what_to_do() -> None:
    assert len(ERRORS) == sum(len(codes) for codes, *_ in ROWS)
    for code, row in ERRORS.items():
        assert row.says, code
        assert row.advice, code
    assert meaning(-14999).means is Means.HALT
    assert meaning(-1).means is Means.PASSING


@pytest.mark.parametrize(
    ("hour", "minute", "hours"),
    [(15, 30, 7 + 35 / 60), (17, 0, 6 + 5 / 60), (22, 59, 6 / 60), (23, 5, 24.0)],
)
def test_what_the_night_keeps_goes_out_in_the_morning(hour: int, minute: int, hours: float) -> None:
    """06:05 in Viet Nam is 23:05 of the day before in UTC."""
    now = datetime(2026, 11, 20, hour, minute, tzinfo=UTC)
    error = as_send_error(OaRefused(-133, ""), now)
    assert error.retry_after == pytest.approx(hours * 3600)


@pytest.mark.parametrize("sent", [False, True])
def test_a_lost_answer_is_doubtful_only_where_the_request_had_left(sent: bool) -> None:
    error = as_send_error(OaLost("máy chủ ngắt kết nối", sent=sent), MORNING)
    assert error.uncertain == sent
    assert (error.permanent, error.auth, error.closed) == (False,) * 3
