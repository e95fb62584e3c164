"""Months, quarters, half-years and the like: where they begin and end, and the points in them.

Also the data windows of the report regime (Nghị định 09/2019/NĐ-CP, Điều 12): the days whose
figures a report of a period covers.
"""

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Self


class Unit(StrEnum):
    """How long a period is. NINE is the nine months from January, reviewed once a year."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    HALF = "half"
    NINE = "nine"
    YEAR = "year"


MONTHS = {Unit.MONTH: 1, Unit.QUARTER: 3, Unit.HALF: 6, Unit.NINE: 9, Unit.YEAR: 12}
PER_YEAR = {Unit.MONTH: 12, Unit.QUARTER: 4, Unit.HALF: 2, Unit.NINE: 1, Unit.YEAR: 1}


def clamped(year: int, month: int, day: int) -> date:
    """The day of a month, or the month's last day where it has no such day."""
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    return date(year, month, min(day, calendar.monthrange(year, month)[1]))


@dataclass(frozen=True, order=True)
class Period:
    """One month, quarter, half-year, nine months or year; `index` counts from 1 in the year."""

    unit: Unit
    year: int
    index: int = 1

    @property
    def start_month(self) -> int:
        """Number of the first month in the year."""
        return (self.index - 1) * MONTHS[self.unit] + 1

    @property
    def first(self) -> date:
        return date(self.year, self.start_month, 1)

    @property
    def last(self) -> date:
        return clamped(self.year, self.start_month + MONTHS[self.unit] - 1, 31)

    @property
    def key(self) -> str:
        """A name that stays the same for ever: 2026-09, 2026-Q3, 2026-H1, 2026-9M, 2026."""
        match self.unit:
            case Unit.MONTH:
                return f"{self.year:04}-{self.index:02}"
            case Unit.QUARTER:
                return f"{self.year:04}-Q{self.index}"
            case Unit.HALF:
                return f"{self.year:04}-H{self.index}"
            case Unit.NINE:
                return f"{self.year:04}-9M"
            case _:
                return f"{self.year:04}"

    def month(self, number: int) -> tuple[int, int]:
        """Year and month of the period's `number`-th month; 0 is its last, larger runs past it."""
        month = self.start_month - 1 + (number or MONTHS[self.unit])
        return self.year + (month - 1) // 12, (month - 1) % 12 + 1

    def day(self, number: int, day: int) -> date:
        """A day of the `number`-th month, clamped to the month's length."""
        return clamped(*self.month(number), day)

    def next(self) -> Self:
        if self.index < PER_YEAR[self.unit]:
            return type(self)(self.unit, self.year, self.index + 1)
        return type(self)(self.unit, self.year + 1, 1)

    @classmethod
    def holding(cls, unit: Unit, day: date) -> Self:
        """The period of this unit that a day lies in (NINE: the one of the day's year)."""
        index = 1 if unit is Unit.NINE else (day.month - 1) // MONTHS[unit] + 1
        return cls(unit, day.year, index)

    @classmethod
    def between(cls, unit: Unit, start: date, until: date) -> Iterator[Self]:
        """The periods that meet these days, in order."""
        if start > until:
            return
        period = cls.holding(unit, start)
        while period.first <= until:
            yield period
            if period.year >= date.max.year:
                return
            period = period.next()


_KEY = re.compile(r"(\d{4})(?:-(?:Q([1-4])|H([12])|(9)M|(\d\d)))?(?:[#/].*)?")


def period_of(key: str) -> Period | None:
    """The period a key names, or None for a day, a week or anything else."""
    match = _KEY.fullmatch(key)
    if match is None or not int(match[1]):
        return None
    year = int(match[1])
    if match[2]:
        return Period(Unit.QUARTER, year, int(match[2]))
    if match[3]:
        return Period(Unit.HALF, year, int(match[3]))
    if match[4]:
        return Period(Unit.NINE, year)
    if match[5]:
        month = int(match[5])
        return Period(Unit.MONTH, year, month) if 1 <= month <= 12 else None
    return Period(Unit.YEAR, year)


def data_window(period_key: str) -> tuple[date, date] | None:
    """The first and last day whose figures a report of this period covers.

    Nghị định 09/2019/NĐ-CP, Điều 12: from the 15th of the month before the period to the 14th of
    its last month (a year: 15/12 to 14/12). None where the decree names no window (days, weeks).
    Nine months are not in the decree; they follow the same cut-offs.
    """
    period = period_of(period_key)
    if period is None or period.year <= date.min.year:
        return None
    before = period.first - timedelta(days=1)
    return before.replace(day=15), period.last.replace(day=14)
