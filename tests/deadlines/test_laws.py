"""What holds for every rule, every text and every day."""

from datetime import date, time, timedelta
from itertools import pairwise
from time import perf_counter

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from deadlines import (
    After,
    AnyOf,
    Daily,
    Every,
    Fixed,
    Once,
    Period,
    Relative,
    Rule,
    Unit,
    Weekly,
    describe,
    occurrences,
    read,
    rule_from_json,
    rule_to_json,
    to_rrule,
)
from deadlines.chat import read_day
from deadlines.periods import MONTHS, PER_YEAR
from deadlines.rules import END, FromEnd, NthWeekday, On, WorkingDay

DAYS = st.dates(date(2010, 1, 1), date(2060, 12, 31))
UNITS = st.sampled_from([Unit.MONTH, Unit.QUARTER, Unit.HALF, Unit.NINE, Unit.YEAR])
# An hour makes the named day itself count, so "trước" and an hour never meet in one rule.
MANNERS = st.sampled_from([(False, None), (True, None), (False, time(16, 30))])
FRAGMENTS = st.sampled_from(
    [
        "trước",
        "ngày",
        "25",
        "tháng",
        "cuối",
        "quý",
        "hằng",
        "năm",
        "sau",
        "khi",
        "kết",
        "thúc",
        "05",
        "ngày",
        "làm",
        "việc",
        "kể",
        "từ",
        "15/3",
        "31/02",
        "2025",
        "III/2024",
        "thứ",
        "năm",
        "tuần",
        "đầu",
        "đến",
        "hết",
        ";",
        ".",
        ",",
        "(",
        ")",
        "-",
        "/",
        ":",
        "chậm",
        "nhất",
        "14h00",
        "mục",
        "2",
        "theo",
        "kế",
        "hoạch",
        "số",
        "106/KH-UBND",
        "Tết",
        "6",
        "tháng",
        "9",
        "quý",
        "I,",
        "II",
        "và",
        "báo",
        "cáo",
        "99",
        "00",
        "giờ",
        "mỗi",
        "một",
        "lần",
    ]
)


@st.composite
def recurring(draw: st.DrawFn) -> Every:
    """Rules of periods in the one form that the reader gives them."""
    unit = draw(UNITS)
    before, at = draw(MANNERS)
    length = MONTHS[unit]
    month = draw(st.integers(1, length + 3))
    day = draw(st.integers(1, 31))
    whole = month == length and unit is not Unit.YEAR and unit is not Unit.MONTH
    month = 0 if whole else month
    if day == 31 and month in (0, length):
        return Every(unit, END, (), before, at)
    return Every(unit, On(month, day), (), before, at)


@st.composite
def pointed(draw: st.DrawFn) -> Every:
    """Rules of working days, of days around a period's end, and of weekdays in a month."""
    unit = draw(UNITS)
    before, at = draw(MANNERS)
    nth = draw(st.sampled_from([-1, 1, 2, 3, 10]))
    month = 1 if unit is Unit.MONTH else draw(st.sampled_from([0, 1]))
    days = draw(st.integers(-60, 90).filter(bool))
    return draw(
        st.sampled_from(
            [
                Every(unit, WorkingDay(month, nth), (), before, at),
                Every(unit, FromEnd(days, draw(st.booleans())), (), before=False, time=at),
                Every(
                    Unit.MONTH,
                    NthWeekday(draw(st.integers(0, 6)), draw(st.integers(1, 2)), min(nth, 4)),
                    (),
                    before,
                    at,
                ),
            ]
        )
    )


@st.composite
def once(draw: st.DrawFn) -> Fixed | Once:
    before, at = draw(MANNERS)
    if draw(st.booleans()):
        return Fixed(draw(st.dates(date(2026, 1, 1), date(2060, 12, 31))), before, at)
    unit = draw(UNITS)
    index = draw(st.integers(1, PER_YEAR[unit]))
    return Once(Period(unit, draw(st.integers(2026, 2060)), index), END, before, at)


def weekly() -> st.SearchStrategy[Weekly]:
    days = st.lists(st.integers(0, 6), min_size=1, max_size=3, unique=True)
    return st.builds(lambda days, manner: Weekly(tuple(sorted(days)), *manner), days, MANNERS)


def terms() -> st.SearchStrategy[Relative]:
    anchors = st.sampled_from(
        [
            ("receipt", "nhận được văn bản"),
            ("document", "ban hành văn bản"),
            ("event", "nghiệm thu"),
        ]
    )
    return st.builds(
        lambda count, unit, anchor: Relative(count, unit, *anchor),
        st.integers(1, 120),
        st.sampled_from(["day", "working", "week", "month"]),
        anchors,
    )


PLAIN = st.one_of(recurring(), pointed(), once(), weekly(), terms(), st.just(Daily()))
RULES: st.SearchStrategy[Rule] = st.one_of(
    PLAIN,
    st.builds(After, recurring(), st.integers(1, 30)),
    st.builds(lambda rules: AnyOf(tuple(rules)), st.lists(recurring(), min_size=2, max_size=3)),
)


@given(PLAIN)
@settings(max_examples=400)
def test_reading_a_description_gives_the_same_rule(rule: Rule) -> None:
    assert read(describe(rule), date(2025, 11, 22)).rule == rule


@given(recurring(), st.integers(1, 30))
def test_a_derived_rule_reads_back_too(rule: Every, count: int) -> None:
    after = After(rule, count)
    assert read(describe(after), date(2025, 11, 22)).rule == after


@given(RULES)
def test_json_keeps_every_rule(rule: Rule) -> None:
    assert rule_from_json(rule_to_json(rule)) == rule


@given(RULES, DAYS)
def test_no_due_day_before_its_reference_and_none_twice(rule: Rule, start: date) -> None:
    found = occurrences(rule, start, start + timedelta(days=800))
    assert all(start <= one.due <= start + timedelta(days=800) for one in found)
    assert [one.due for one in found] == sorted({one.due for one in found})
    assert len({one.period_key for one in found}) == len(found)


@given(st.integers(1, 31), st.booleans(), DAYS)
def test_clamping_never_skips_a_month(day: int, before: bool, start: date) -> None:
    rule = Every(Unit.MONTH, On(1, day), (), before)
    found = occurrences(rule, start, start + timedelta(days=1500))
    gaps = [(later.due - early.due).days for early, later in pairwise(found)]
    assert set(gaps) <= set(range(27, 33))
    assert len(found) >= 48


@given(st.integers(1, 31), DAYS)
def test_strict_truoc_is_the_day_before_the_inclusive_reading(day: int, start: date) -> None:
    phrase = f"trước ngày {day:02} hằng tháng"
    strict, inclusive = read(phrase, start).rule, read(phrase, start, inclusive=True).rule
    assert strict is not None
    assert inclusive is not None
    until = start + timedelta(days=400)
    late = [one.due for one in occurrences(strict, start, until)]
    named = [one.due for one in occurrences(inclusive, start + timedelta(days=1), until)]
    assert late[: len(named)] == [one - timedelta(days=1) for one in named][: len(late)]


@given(st.one_of(recurring(), pointed(), weekly()), DAYS)
def test_rrule_agrees_with_dateutil(rule: Rule, start: date) -> None:
    text = to_rrule(rule)
    if text is None:
        return
    until = start + timedelta(days=1100)
    from_dateutil = rrulestr(f"DTSTART:{start:%Y%m%d}T000000\nRRULE:{text};UNTIL={until:%Y%m%d}")
    # dateutil yields DTSTART only if it fits the rule, which is what is wanted here.
    assert [one.date() for one in from_dateutil] == [
        one.due for one in occurrences(rule, start, until)
    ]


@given(st.text(max_size=200), DAYS)
def test_any_text_gives_a_result(text: str, day: date) -> None:
    reading = read(text, day)
    assert all(one >= day for one in reading.due)
    read_day(text, day)


@given(st.lists(FRAGMENTS, max_size=14), DAYS)
@settings(max_examples=600)
def test_any_heap_of_deadline_words_gives_a_result(words: list[str], day: date) -> None:
    text = " ".join(words)
    reading = read(text, day)
    assert all(one >= day for one in reading.due)
    assert len(reading.due) <= 4
    assert 0 <= reading.span[0] <= reading.span[1] <= len(text)
    assert reading.rule is None or rule_from_json(rule_to_json(reading.rule)) == reading.rule
    read_day(text, day)


@given(st.sampled_from([date.min, date(1, 3, 1), date(9999, 1, 1), date.max]), FRAGMENTS)
def test_the_ends_of_time_break_nothing(day: date, word: str) -> None:
    read(f"trước ngày 25 {word} hằng tháng", day)
    read(f"trong thời hạn 30 {word} kể từ ngày ký", day)


@pytest.mark.parametrize(
    "piece",
    [
        "1 ",
        "15 / ",
        "ngày 15/3/2025 và ",
        "ngày 15, ",
        "trước ngày ",
        "hằng tháng, quý, ",
        "Quyết định của Ủy ban nhân dân ",
        "05 ngày làm việc kể từ ngày ",
        "sau khi kết thúc ",
        "((((",
        "a",
    ],
)
def test_noise_takes_time_in_proportion_to_its_length(piece: str) -> None:
    """40 kB in far less than a backtracking pattern would need (bench/ measures 100 kB)."""
    text = (piece * 40_000)[:40_000]
    start = perf_counter()
    read(text, date(2025, 11, 22))
    assert perf_counter() - start < 5
