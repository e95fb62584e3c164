"""The case tables: lines of `kind | days | text`, and the days written out from their notation.

The notation is expanded here, apart from the product's own rules, so that a fault there shows:
`M:5,20` each month, `Q:3/24` a month of the quarter / day, `Y:6/14,12/14` month/day each year,
`Y:3/1-1` the day before it, `W:4` weekday 0-6, `D` daily, `E:Q-5` days from the quarter's end,
or plain ISO days; `@16:00` an hour of day. A line `# ref DAY` sets the reference of those after it.
"""

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Case:
    text: str
    kind: str
    reference: date
    due: tuple[date, ...]
    time: str | None


def cases(name: str) -> list[Case]:
    found, reference = [], date(2025, 11, 22)
    for line in (HERE / name).read_text(encoding="utf-8").splitlines():
        if line.startswith("# ref "):
            reference = date.fromisoformat(line.removeprefix("# ref ").split()[0])
        elif line.strip() and not line.startswith("#"):
            kind, days, text = (part.strip() for part in line.split(" | ", 2))
            words = days.split()
            times = [word[1:] for word in words if word.startswith("@")]
            due = _due([word for word in words if not word.startswith("@")], reference)
            found.append(Case(text, kind, reference, due, times[0] if times else None))
    return found


def _due(words: list[str], reference: date) -> tuple[date, ...]:
    days = {day for word in words for day in _expand(word, reference.year) if day >= reference}
    return tuple(sorted(days)[:4])


def _day(year: int, month: int, day: int) -> date:
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    return date(year, month, min(day, calendar.monthrange(year, month)[1]))


def _expand(word: str, year: int) -> Iterator[date]:
    if word == "D":
        yield from (date(year, 1, 1) + timedelta(days=n) for n in range(800))
        return
    if ":" not in word:
        yield date.fromisoformat(word)
        return
    letter, _, rest = word.partition(":")
    years = range(year, year + 6)
    if letter == "E":
        length = {"M": 1, "Q": 3, "H": 6, "Y": 12}[rest[0]]
        for start in (y * 12 + m for y in range(year - 1, year + 6) for m in range(0, 12, length)):
            last = _day(start // 12, start % 12 + length, 31)
            yield last + timedelta(days=int(rest[1:]))
        return
    for part in rest.split(","):
        item, _, minus = part.partition("-")
        less = timedelta(days=int(minus or 0))
        numbers = [int(number) for number in item.split("/")]
        if letter == "W":
            first = date(year, 1, 1)
            first += timedelta(days=(numbers[0] - first.weekday()) % 7)
            yield from (first + timedelta(weeks=n) - less for n in range(110))
        elif letter == "M":
            yield from (_day(y, m, numbers[0]) - less for y in years for m in range(1, 13))
        elif letter == "Q":
            months = range(numbers[0], 13, 3)
            yield from (_day(y, m, numbers[1]) - less for y in years for m in months)
        else:
            yield from (_day(y, numbers[0], numbers[1]) - less for y in years)
