"""Which period people mean, however they write it."""

from datetime import date

import pytest

from deadlines.periods import Unit
from reports.papers.period import EXAMPLES, NoPeriod, latest_closed, name_of, read_period, roman

TODAY = date(2026, 9, 24)


@pytest.mark.parametrize(
    ("words", "key"),
    [
        ("quý 3/2026", "2026-Q3"),
        ("2026-Q3", "2026-Q3"),
        ("2026-q3", "2026-Q3"),
        ("2026Q3", "2026-Q3"),
        ("Q3 2026", "2026-Q3"),
        ("q3-2026", "2026-Q3"),
        ("Quý III năm 2026", "2026-Q3"),
        ("QUÝ III/2026", "2026-Q3"),
        ("quy 3", "2026-Q3"),
        ("báo cáo quý 2", "2026-Q2"),
        ("quý 4", "2025-Q4"),
        ("quý này", "2026-Q3"),
        ("quý trước", "2026-Q2"),
        ("tháng 9", "2026-09"),
        ("tháng 09/2026", "2026-09"),
        ("9/2026", "2026-09"),
        ("2026-09", "2026-09"),
        ("T9/2026", "2026-09"),
        ("tháng trước", "2026-08"),
        ("tháng 12", "2025-12"),
        ("6 tháng đầu năm 2026", "2026-H1"),
        ("6 tháng cuối năm 2025", "2025-H2"),
        ("6 tháng năm 2026", "2026-H1"),
        ("2026-H1", "2026-H1"),
        ("9 tháng", "2026-9M"),
        ("9 tháng đầu năm 2026", "2026-9M"),
        ("2026-9M", "2026-9M"),
        ("năm 2026", "2026"),
        ("2026", "2026"),
        ("năm ngoái", "2025"),
        ("", "2026-Q3"),
    ],
)
def test_spellings(words: str, key: str) -> None:
    assert read_period(words, TODAY).key == key


@pytest.mark.parametrize(
    ("words", "unit", "key"),
    [
        ("3", Unit.QUARTER, "2026-Q3"),
        ("III/2026", Unit.QUARTER, "2026-Q3"),
        ("9", Unit.MONTH, "2026-09"),
        ("đầu", Unit.HALF, "2026-H1"),
        ("2025", Unit.NINE, "2025-9M"),
        ("2025", Unit.YEAR, "2025"),
        ("", Unit.MONTH, "2026-09"),
        ("", Unit.HALF, "2026-H1"),
        ("", Unit.YEAR, "2025"),
    ],
)
def test_with_the_kind_said_less_is_enough(words: str, unit: Unit, key: str) -> None:
    if unit is Unit.NINE:
        words = f"{words}-9M"
    assert read_period(words, TODAY, unit).key == key


@pytest.mark.parametrize(
    ("words", "unit"),
    [
        ("hôm qua", None),
        ("quý 5", None),
        ("tháng 13", None),
        ("quý 3/0001", None),
        ("năm 9999", None),
        ("x" * 5000, None),
        ("2026-09", Unit.QUARTER),
        ("quý 3", Unit.MONTH),
        ("2026", Unit.QUARTER),
    ],
)
def test_what_is_no_such_period_is_refused_with_an_example(words: str, unit: Unit | None) -> None:
    with pytest.raises(NoPeriod) as refused:
        read_period(words, TODAY, unit)
    assert "hãy viết như" in str(refused.value)
    assert len(str(refused.value)) < 250


def test_the_latest_closed_period_follows_the_cut_off_day() -> None:
    assert latest_closed(Unit.QUARTER, date(2026, 9, 14)).key == "2026-Q2"
    assert latest_closed(Unit.QUARTER, date(2026, 9, 15)).key == "2026-Q3"
    assert latest_closed(Unit.MONTH, date(2026, 1, 10)).key == "2025-12"
    assert latest_closed(Unit.NINE, date(2026, 3, 1)).key == "2025-9M"


def test_names_are_read_back() -> None:
    for words in ("2026-Q3", "2026-09", "2026-H1", "2026-H2", "2026-9M", "2026"):
        period = read_period(words, TODAY)
        assert read_period(name_of(period), TODAY) == period
    assert roman(12) == "XII"
    assert set(EXAMPLES) == {Unit.MONTH, Unit.QUARTER, Unit.HALF, Unit.NINE, Unit.YEAR}
