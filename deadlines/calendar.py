"""Which days are worked in Vietnam: weekends, public holidays, and the days swapped by notice.

Public holidays come from the `holidays` package. It lists swapped days off but not the Saturdays
worked in return, and misses some swaps, so they stand in a table here, each with its source. An
administrator's overrides win over both.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

import holidays

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Swap:
    """A working day given free, and the weekend day worked instead."""

    off: date
    work: date
    source: str


SWAPS = (
    Swap(date(2024, 4, 29), date(2024, 5, 4), "gói holidays 0.109: nghỉ thay ngày 04/05/2024"),
    Swap(date(2025, 5, 2), date(2025, 4, 26), "gói holidays 0.109: nghỉ thay ngày 26/04/2025"),
    Swap(date(2026, 1, 2), date(2026, 1, 10), "Công văn 12729/VPCP-KGVX ngày 25/12/2025"),
    Swap(date(2026, 8, 31), date(2026, 8, 22), "gói holidays 0.109: nghỉ thay ngày 22/08/2026"),
)

# Years whose official notice of days off is known. In later years Tết and the swaps are estimates.
CONFIRMED = frozenset({2022, 2023, 2024, 2025, 2026})

_WEEKEND = {5: "Thứ Bảy", 6: "Chủ nhật"}
# Spellings of the package that are not those of the Labour Code (Điều 112).
_NAMES = {
    "Ngày Giỗ Tổ Hùng Vương": "Giỗ Tổ Hùng Vương (10/3 âm lịch)",
    "Ngày Chiến thắng": "Ngày Chiến thắng 30/4",
    "Ngày Quốc tế Lao động": "Ngày Quốc tế lao động 01/5",
    "Quốc khánh": "Quốc khánh 02/9",
}


@dataclass(frozen=True)
class DayOff:
    """One line of an administrator's table: a day declared worked or free, and why."""

    day: date
    working: bool
    reason: str = ""


Overrides = Mapping[date, bool] | Iterable[DayOff]


def _lines(overrides: Overrides) -> list[DayOff]:
    if isinstance(overrides, Mapping):
        return [DayOff(day, working) for day, working in overrides.items()]
    return list(overrides)


class WorkCalendar:
    """Tells working days from days off, and counts in them. Days are local (Asia/Ho_Chi_Minh).

    `overrides`: day -> True (worked, làm bù) or False (off), or :class:`DayOff` lines.
    `confirmed`: further years whose official days off an administrator has entered.
    """

    def __init__(self, overrides: Overrides = (), confirmed: Iterable[int] = ()) -> None:
        self._overrides = {line.day: line for line in _lines(overrides)}
        self._confirmed = CONFIRMED | frozenset(confirmed)
        self._off: dict[int, dict[date, str]] = {}

    def is_confirmed(self, year: int) -> bool:
        """Whether the official notice of this year's days off is in the tables."""
        return year in self._confirmed

    def is_working(self, day: date) -> bool:
        return day not in self._days_off(day.year)

    def name_of(self, day: date) -> str | None:
        """Why the day is off, in Vietnamese; None on a working day."""
        return self._days_off(day.year).get(day)

    def back(self, day: date, n: int) -> date:
        """The n-th working day before `day`; for n = 0 the day itself or the last one before."""
        return self._step(day, n, -_DAY)

    def forward(self, day: date, n: int) -> date:
        """The n-th working day after `day`; for n = 0 the day itself or the next one after."""
        return self._step(day, n, _DAY)

    def last_working(self, day: date) -> date:
        """The day itself if worked, else the last working day before it."""
        return self.back(day, 0)

    def _step(self, day: date, n: int, step: timedelta) -> date:
        if n < 0:
            raise ValueError("n counts working days and is never negative")
        for _ in range(n):
            day += step
            while not self.is_working(day):
                day += step
        while n == 0 and not self.is_working(day):
            day += step
        return day

    def _days_off(self, year: int) -> dict[date, str]:
        if year not in self._off:
            self._off[year] = self._build(year)
        return self._off[year]

    def _build(self, year: int) -> dict[date, str]:
        off = _weekends(year) | _holidays(year)
        for swap in SWAPS:
            if swap.off.year == year:
                off[swap.off] = f"Nghỉ hoán đổi, làm bù ngày {swap.work:%d/%m/%Y}"
            off.pop(swap.work, None)
        for line in self._overrides.values():
            if line.day.year != year:
                continue
            if line.working:
                off.pop(line.day, None)
            else:
                off[line.day] = line.reason or off.get(line.day) or "Ngày nghỉ"
        return off


def _weekends(year: int) -> dict[date, str]:
    first = date(year, 1, 1).toordinal()
    last = date(year, 12, 31).toordinal()
    days = map(date.fromordinal, range(first, last + 1))
    return {day: _WEEKEND[day.weekday()] for day in days if day.weekday() in _WEEKEND}


def _holidays(year: int) -> dict[date, str]:
    return {
        day: _NAMES.get(name, name)
        for day, name in holidays.country_holidays("VN", years=year, language="vi").items()
        if day.year == year
    }


@lru_cache(maxsize=256)
def tet(year: int) -> date:
    """The first day of the lunar year that begins in this year (mùng 1 Tết)."""
    for day, name in holidays.country_holidays(
        "VN", years=year, language="vi", observed=False
    ).items():
        if name == "Tết Nguyên Đán":
            return day
    raise ValueError(f"no Tết known in {year}")
