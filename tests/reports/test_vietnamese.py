from datetime import UTC, date, datetime, time, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports import vietnamese as vn

FRIDAY = date(2027, 9, 24)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (vn.long_day(FRIDAY), "thứ Sáu, 24/9/2027"),
        (vn.long_day(date(2027, 9, 26)), "Chủ nhật, 26/9/2027"),
        (vn.long_day(date(2027, 9, 27)), "thứ Hai, 27/9/2027"),
        (vn.short_day(date(2027, 2, 5)), "05/02/2027"),
        (vn.short_day(date(2027, 1, 31)), "31/01/2027"),
        (vn.short_day(date(2027, 3, 1)), "01/3/2027"),
        (vn.weekday(FRIDAY), "thứ Sáu"),
        (vn.clock(time(8)), "08 giờ 00"),
        (vn.clock(time(16, 30)), "16 giờ 30"),
        (vn.clock(datetime(2027, 9, 24, 1, 5, tzinfo=UTC)), "08 giờ 05"),
        (vn.moment(datetime(2027, 9, 23, 17, 0, tzinfo=UTC)), "00 giờ 00 ngày 24/9/2027"),
        (vn.days_left(5), "còn 5 ngày"),
        (vn.days_left(0), "hôm nay là hạn cuối"),
        (vn.days_left(-3), "quá hạn 3 ngày"),
        (vn.num(1902270), "1.902.270"),
        (vn.num(999), "999"),
        (vn.percent(7, 21), "33,3 %"),
        (vn.percent(1, 8), "12,5 %"),
        (vn.percent(21, 21), "100 %"),
        (vn.percent(0, 21), "0 %"),
        (vn.percent(0, 0), "–"),
        (vn.percent(9999, 10000), "99,9 %"),
        (vn.percent(1, 100000), "0,1 %"),
        (vn.percent(5, 1000), "0,5 %"),
        (vn.share(7, 21), "7/21 (33,3 %)"),
        (vn.upper_first("đã nhận"), "Đã nhận"),
        (vn.cut("một hai ba bốn", 9), "một hai…"),
        (vn.cut("một hai ba bốn", 11), "một hai ba…"),
        (vn.cut("một hai, ba", 9), "một hai…"),
        (vn.cut("  một\n hai ", 7), "một hai"),
        (vn.cut("ưưưưưư", 4), "ưưư…"),
        (vn.cut("", 4), ""),
    ],
)  # fmt: skip
def test_words(said: str, expected: str) -> None:
    assert said == expected


def test_moments_need_a_zone() -> None:
    with pytest.raises(ValueError, match="naive"):
        vn.moment(datetime(2027, 9, 24, 8))  # noqa: DTZ001
    east = timezone(timedelta(hours=9))
    assert vn.clock(datetime(2027, 9, 24, 10, tzinfo=east)) == "08 giờ 00"


@given(st.text(alphabet=st.characters(codec=None)), st.integers(1, 80))
def test_a_cut_text_fits_and_stays_one_line(text: str, room: int) -> None:
    said = vn.cut(text, room)
    assert vn.units(said) <= room
    assert "\n" not in said
    assert said == vn.cut(said, room)


def test_a_cut_never_parts_a_letter_from_its_marks() -> None:
    family = "👨\u200d👩\u200d👧"
    assert vn.cut(f"{family}{family}", 12) == f"{family}…"
    assert vn.cut("e\u0323\u0302\u0301" * 5, 6).rstrip("…")[-1] != "e"
