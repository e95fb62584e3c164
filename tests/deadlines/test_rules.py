"""Rules in the small: keys, windows, wire form, the exam's line."""

import json
from datetime import date

import pytest

from deadlines import (
    AnyOf,
    Every,
    Fixed,
    Unit,
    Weekly,
    WorkCalendar,
    data_window,
    explain,
    occurrences,
    rule_from_json,
    rule_to_json,
    to_rrule,
)
from deadlines.exam import answer_line
from deadlines.rules import After, On, Relative, WorkingDay

YEAR = (date(2026, 1, 1), date(2026, 12, 31))


def keys(rule: object) -> list[str]:
    return [one.period_key for one in occurrences(rule, *YEAR)]  # type: ignore[arg-type]


def test_period_keys_name_the_period_reported_not_the_day() -> None:
    assert keys(Every(Unit.QUARTER, On(4, 10))) == ["2025-Q4", "2026-Q1", "2026-Q2", "2026-Q3"]
    assert keys(Every(Unit.HALF)) == ["2026-H1", "2026-H2"]
    assert keys(Every(Unit.NINE)) == ["2026-9M"]
    assert keys(Every(Unit.YEAR, On(13, 20))) == ["2025"]
    assert keys(Fixed(date(2026, 3, 5))) == ["2026-03-05"]
    assert keys(Weekly((4,)))[:2] == ["2026-W01", "2026-W02"]


def test_one_day_of_two_periods_is_due_once_for_the_longer() -> None:
    both = AnyOf((Every(Unit.MONTH), Every(Unit.QUARTER)))
    assert keys(both)[:4] == ["2026-01", "2026-02", "2026-Q1", "2026-04"]


def test_two_days_of_one_period_have_keys_of_their_own() -> None:
    both = AnyOf((Every(Unit.MONTH, On(1, 15)), Every(Unit.MONTH, On(1, 30))))
    assert keys(both)[:3] == ["2026-01", "2026-01#2", "2026-02"]


@pytest.mark.parametrize(
    ("key", "window"),
    [
        ("2026-09", (date(2026, 8, 15), date(2026, 9, 14))),
        ("2026-Q3", (date(2026, 6, 15), date(2026, 9, 14))),
        ("2026-H1", (date(2025, 12, 15), date(2026, 6, 14))),
        ("2026-H2", (date(2026, 6, 15), date(2026, 12, 14))),
        ("2026", (date(2025, 12, 15), date(2026, 12, 14))),
        ("2026-Q3#2", (date(2026, 6, 15), date(2026, 9, 14))),
        ("2026-W10", None),
        ("2026-03-05", None),
        ("2026-13", None),
    ],
)
def test_data_windows_of_the_report_regime(key: str, window: tuple[date, date] | None) -> None:
    assert data_window(key) == window


def test_explain_names_a_day_off_and_the_last_working_day_before() -> None:
    rule = Every(Unit.QUARTER, On(0, 25), before=True)
    assert explain(rule) == "trước ngày 25 của tháng cuối mỗi quý"
    text = explain(rule, date(2027, 9, 24), WorkCalendar())
    assert text.endswith("→ chậm nhất hết thứ Sáu 24/9/2027")
    off = explain(Fixed(date(2025, 11, 23)), date(2025, 11, 23), WorkCalendar())
    assert off.endswith(
        "chậm nhất hết Chủ nhật 23/11/2025 (ngày nghỉ: Chủ nhật; "
        "ngày làm việc cuối cùng trước đó: thứ Sáu 21/11/2025)"
    )


def test_a_term_waits_for_its_anchor() -> None:
    term = Relative(5, "working", "receipt", "nhận được văn bản")
    assert occurrences(term, *YEAR) == []
    found = occurrences(term, *YEAR, anchors={"receipt": date(2026, 2, 12)})
    assert [one.due for one in found] == [date(2026, 2, 26)]  # Tết lies between


def test_a_derived_rule_moves_with_its_parent() -> None:
    parent = Every(Unit.QUARTER, On(0, 25), before=True)
    found = occurrences(After(parent, 3), *YEAR)
    assert [f"{one.due:%d/%m}" for one in found] == ["28/03", "28/06", "28/09", "28/12"]
    assert found[0].period_key == "2026-Q1"


@pytest.mark.parametrize(
    ("rule", "rrule"),
    [
        (
            Every(Unit.QUARTER, On(0, 25), before=True),
            "FREQ=MONTHLY;BYMONTH=3,6,9,12;BYMONTHDAY=24",
        ),
        (Every(Unit.MONTH), "FREQ=MONTHLY;BYMONTHDAY=-1"),
        (Every(Unit.MONTH, On(1, 30)), "FREQ=MONTHLY;BYMONTHDAY=28,29,30;BYSETPOS=-1"),
        (Every(Unit.YEAR, On(12, 15)), "FREQ=MONTHLY;BYMONTH=12;BYMONTHDAY=15"),
        (Weekly((4,)), "FREQ=WEEKLY;BYDAY=FR"),
        (Every(Unit.MONTH, WorkingDay(1, -1)), None),
        (Fixed(date(2026, 3, 5)), None),
    ],
)
def test_rrule(rule: Every | Weekly | Fixed, rrule: str | None) -> None:
    assert to_rrule(rule) == rrule


def test_json_is_versioned_and_refuses_other_shapes() -> None:
    text = rule_to_json(Fixed(date(2026, 3, 5), before=True))
    assert json.loads(text)["v"] == 1
    for bad in ('{"v": 2, "rule": {}}', '{"v": 1}', "[]", '{"v": 1, "rule": {"type": "x"}}'):
        with pytest.raises(ValueError, match="deadline rule"):
            rule_from_json(bad)


def test_exam_line() -> None:
    answer = answer_line({"text": "trước 16h00 ngày 20/12/2025", "reference": "2025-11-22"})
    assert answer == {
        "text": "trước 16h00 ngày 20/12/2025",
        "kind": "fixed",
        "due": ["2025-12-20"],
        "time": "16:00",
        "sure": True,
        "explain": "trước 16h00 ngày 20/12/2025 → trước 16h00 thứ Bảy 20/12/2025 "
        "(ngày nghỉ: Thứ Bảy; ngày làm việc cuối cùng trước đó: thứ Sáu 19/12/2025)",
    }
    for bad in ({}, {"text": "x"}, {"text": "x", "reference": "22/11/2025"}):
        with pytest.raises(ValueError, match=r"text|reference"):
            answer_line(bad)
