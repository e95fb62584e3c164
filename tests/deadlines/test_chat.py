"""What people type when they ask for an extension or name a day."""

from datetime import date

import pytest

from deadlines.chat import Front, NoDay, read_day, read_front

WEDNESDAY = date(2026, 11, 18)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("mai", date(2026, 11, 19)),
        ("ngày mai ạ", date(2026, 11, 19)),
        ("ngày mốt", date(2026, 11, 20)),
        ("hôm nay", WEDNESDAY),
        ("3 ngày nữa", date(2026, 11, 21)),
        ("ba ngày nữa", date(2026, 11, 21)),
        ("xin thêm 3 ngày", date(2026, 11, 21)),
        ("05 ngày làm việc", date(2026, 11, 26)),  # 24/11 is a day off
        ("2 tuần nữa", date(2026, 12, 2)),
        ("thứ 6", date(2026, 11, 20)),
        ("t6", date(2026, 11, 20)),
        ("thứ tư", date(2026, 11, 25)),
        ("thứ hai", date(2026, 11, 23)),
        ("thứ 6 tuần sau", date(2026, 11, 27)),
        ("lùi sang thứ 5 tuần sau nhé", date(2026, 11, 26)),
        ("thu sau tuan sau", date(2026, 11, 27)),
        ("cuối tuần này", date(2026, 11, 20)),
        ("cuối tuần sau", date(2026, 11, 27)),
        ("tuần tới", date(2026, 11, 27)),
        ("sang tuần", date(2026, 11, 27)),
        ("cuối tháng", date(2026, 11, 30)),
        ("cuoi thang", date(2026, 11, 30)),
        ("hết tháng này", date(2026, 11, 30)),
        ("tuần sau nữa", date(2026, 12, 4)),
        ("cho em đến tuần sau nữa", date(2026, 12, 4)),
        ("thu 2 tuan sau nua", date(2026, 11, 30)),
        ("đầu tuần tới nữa", date(2026, 11, 30)),
        ("10 ngày nữa", date(2026, 11, 28)),
        ("nửa tháng nữa", date(2026, 12, 3)),
        ("tháng sau", date(2026, 12, 31)),
        ("đến tháng sau nữa", date(2027, 1, 31)),
        ("ngày 5 tháng sau nữa", date(2027, 1, 5)),
        ("cuối quý sau nữa", date(2027, 6, 30)),
        ("đầu tháng sau", date(2026, 12, 1)),
        ("mồng 5 tháng sau", date(2026, 12, 5)),
        ("ngày 25", date(2026, 11, 25)),
        ("ngày 10", date(2026, 12, 10)),
        ("quý sau", date(2027, 3, 31)),
        ("cuối quý", date(2026, 12, 31)),
        ("cuối năm", date(2026, 12, 31)),
        ("20/12", date(2026, 12, 20)),
        ("15/3", date(2027, 3, 15)),
        ("20/12/2026", date(2026, 12, 20)),
        ("xin gia hạn đến 20/12", date(2026, 12, 20)),
        ("đến hết tháng 12 ạ", date(2026, 12, 31)),
        ("trước ngày 25/11", date(2026, 11, 24)),
        ("trước Tết", date(2027, 2, 5)),
    ],
)
def test_one_day(text: str, day: date) -> None:
    assert read_day(text, WEDNESDAY) == day


@pytest.mark.parametrize(
    "text",
    ["", "abc", "sau Tết", "31/11", "32/1", "thứ 2 tuần này", "hằng tháng", "x" * 500,
     "vài ngày nữa", "lần nữa", "2-3 tuần nữa"],
)  # fmt: skip
def test_no_day(text: str) -> None:
    assert isinstance(read_day(text, WEDNESDAY), NoDay)


def test_on_a_saturday_the_weekend_is_the_day_after_or_a_week_on() -> None:
    saturday = date(2026, 11, 21)
    assert read_day("cuối tuần này", saturday) == date(2026, 11, 22)
    assert read_day("cuối tuần", saturday) == NoDay((date(2026, 11, 27),))


@pytest.mark.parametrize(
    ("text", "day", "rest", "length"),
    [
        ("tuần sau nữa vì mưa lũ", date(2026, 12, 4), "vì mưa lũ", False),
        ("2 tuần nữa chờ số liệu quý 4", date(2026, 12, 2), "chờ số liệu quý 4", False),
        ("thêm 10 ngày, thiếu người", date(2026, 11, 28), "thiếu người", True),
        ("thêm một tháng vì chưa có dự toán", date(2026, 12, 18), "vì chưa có dự toán", True),
        ("đầu tháng sau", date(2026, 12, 1), "", False),
    ],
)
def test_a_day_at_the_front_leaves_the_reason(
    text: str, day: date, rest: str, length: bool
) -> None:
    assert read_front(text, WEDNESDAY) == Front(day, rest, length)


@pytest.mark.parametrize(
    "text",
    ["20/12 vì mưa", "thêm 10 ngày đến 20/12", "cuối tháng 12", "thứ 5 hoặc thứ 6", "", "x "],
)
def test_what_a_document_could_say_is_not_taken_from_the_front(text: str) -> None:
    assert read_front(text, WEDNESDAY) is None
