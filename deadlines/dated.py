"""Targets that name a day of a month of the year: dates, Tết and the public holidays."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, time, timedelta

from deadlines.calendar import tet
from deadlines.grammar import Target
from deadlines.periods import MONTHS, PER_YEAR, Unit, clamped
from deadlines.phrases import Atom
from deadlines.rules import After, Every, Fixed, On, Open, Rule
from deadlines.senses import (
    NOTHING,
    ONE_DAY,
    Scene,
    Sense,
    context_of,
    hour,
    is_strict,
    last_day,
    numbers_in,
    range_kind,
    strength_of,
    year_of,
)


def read_date(target: Target, scene: Scene) -> Sense:
    atom = target.main
    year = year_of(atom)
    days, months = numbers_in(atom.get("days") or atom.get("d")), numbers_in(atom.get("m"))
    before, at = is_strict(target), hour(target)
    if not year:
        year = _said_year(target)
    if year:
        named = [clamped(year, month, day) for month in months for day in days]
        real = all(one.day == day for one, day in zip(named, days * len(months), strict=False))
        days_ = tuple(Fixed(day, before, at) for day in named)
        return Sense(days_, strength_of(target, 100, 60), range_kind(target), sure=real)
    points = [(month, day) for month in months for day in days]
    recurring = _recurring_date(target, points)
    rules = tuple(_finish(one, before, at) for one in recurring)
    if rules and not _one_quarter(recurring, scene):
        return Sense(rules, strength_of(target, 100, 90), range_kind(target))
    once = rolled(
        [
            (lambda year, one=one: Fixed(clamped(year, *one), before, at))  # type: ignore[misc]
            for one in points
        ],
        scene,
        strength_of(target, 100, 90 if rules else 60),
        range_kind(target),
    )
    return replace(once, sure=False, others=(*once.rules, *rules)) if rules else once


_QUARTER = re.compile(r"quý [1-4]\b")
_REPEATED = re.compile(r"\b(?:hằng|mỗi|định kỳ|các năm)\b")


def _one_quarter(recurring: list[Every], scene: Scene) -> bool:
    """ "Báo cáo quý I: chậm nhất ngày 30/4" alone: this year's report, or that of every year."""
    if len(recurring) != 1 or recurring[0].unit is not Unit.QUARTER:
        return False
    return len(_QUARTER.findall(scene.line)) == 1 and not _REPEATED.search(scene.line)


def _said_year(target: Target) -> int:
    """The year a qualifier or the report before the day names ("6 tháng đầu năm 2025")."""
    for atom in target.quals:
        if atom.kind == "year" and year_of(atom):
            return year_of(atom)
        if atom.kind in ("half", "nine", "quarters", "months") and year_of(atom):
            return year_of(atom) + _spills(atom, target.main)
    return 0


def _spills(atom: Atom, day: Atom) -> int:
    """1 where a day after the period can only lie in the next year."""
    months = {"nine": 9, "half": 6 if atom.get("which") == "đầu" else 12}.get(atom.kind, 0)
    if atom.kind == "quarters":
        months = 3 * max(numbers_in(atom.get("q")))
    return 1 if months == 12 and day.number("m") < 6 else 0


def _recurring_date(target: Target, points: list[tuple[int, int]]) -> list[Every]:
    """A day and month of every year: of the year, or of the half-year or quarter it reports."""
    later = target.qual("next")
    if later is not None and later.get("unit") == "năm" and not target.recurs:
        return [_in_next_year(target, month, day) for month, day in points]
    if _is_yearly(target, points):
        return [Every(Unit.YEAR, On(month, day)) for month, day in points]
    context = context_of(target)
    if not context or context[0][0] in (Unit.DAY, Unit.WEEK):
        return []
    unit, which = context[0]
    return [_placed(unit, which, month, day) for month, day in points]


def _is_yearly(target: Target, points: list[tuple[int, int]]) -> bool:
    """ "15/12 của năm báo cáo", or a day of three months and more."""
    this = target.qual("this", "unit")
    of_year = this is not None and this.get("unit") == "năm"
    many = target.kind == "datelist" and len({month for month, _ in points}) > 2
    return target.recurs or of_year or many


def _in_next_year(target: Target, month: int, day: int) -> Every:
    context = context_of(target)
    if context and context[0][0] in (Unit.HALF, Unit.NINE, Unit.QUARTER):
        unit, which = context[0]
        return _of_period(unit, which[0] if which else PER_YEAR[unit], month + 12, day)
    return Every(Unit.YEAR, On(12 + month, day))


def _placed(unit: Unit, which: tuple[int, ...], month: int, day: int) -> Every:
    if unit in (Unit.HALF, Unit.QUARTER):
        length = MONTHS[unit]
        number = which[0] if which else _reported(unit, month)
        end = number * length
        return _of_period(unit, number, month if month > end - length else month + 12, day)
    if unit is Unit.NINE:
        return Every(unit, On(month, day))
    return Every(Unit.YEAR, On(month, day))


def _reported(unit: Unit, month: int) -> int:
    """Which half-year or quarter a report of this month covers: its own near its end, else the
    one before."""
    length = MONTHS[unit]
    number = (month - 1) // length + 1
    late = (month - 1) % length + 1 > length // 2
    return number if late else (number - 1 or PER_YEAR[unit])


def _of_period(unit: Unit, number: int, month: int, day: int) -> Every:
    start = (number - 1) * MONTHS[unit]
    return Every(unit, On(month - start, day), (number,))


def _finish(rule: Every, before: bool, at: time | None) -> Every:
    return replace(rule, before=before, time=at)


def rolled(
    makers: list[Callable[[int], Rule]], scene: Scene, strength: int, kind: str = ""
) -> Sense:
    """A day without a year: the first that is not past, counted from the base day."""
    rules, others, sure = [], [], True
    for make in makers:
        now, later = make(scene.base.year), make(scene.base.year + 1)
        if last_day(now) >= scene.base:
            rules.append(now)
        else:
            rules.append(later)
            others.append(now)
            sure = False
    return Sense(tuple(rules), strength, kind, sure, tuple(others))


def read_drange(target: Target, scene: Scene) -> Sense:
    target.ranged = True
    return read_date(target, scene)


def read_day_word(target: Target, scene: Scene) -> Sense:
    day = scene.base + (ONE_DAY if target.main.get("tomorrow") else timedelta())
    return Sense((Fixed(day, time=hour(target)),), strength_of(target, 70, 20), sure=False)


def read_lunar(target: Target, scene: Scene) -> Sense:
    """Lunar days are not converted: named as such, for a person to fill in."""
    _ = scene
    return Sense((Open("lunar", "ngày âm lịch"),), strength_of(target, 70, 30), "event")


def read_holiday(target: Target, scene: Scene) -> Sense:
    """Days around Tết and the public holidays."""
    atom = target.main
    if atom.get("after") or target.bound == "since":
        return Sense((Open("event", "sau kỳ nghỉ lễ, Tết"),), 60, "event")
    if not _TET_YEARS[0] <= (year_of(atom) or scene.base.year) < _TET_YEARS[1]:
        return NOTHING
    before = target.bound == "before"
    day = _festival(atom, year_of(atom) or scene.base.year)
    if not year_of(atom) and (day - ONE_DAY if before else day) < scene.base:
        day = _festival(atom, scene.base.year + 1)
    rule: Rule = Fixed(day, before, hour(target))
    ahead = _DAYS_AHEAD.match(scene.line, target.main.end) if before else None
    if ahead:
        rule = After(Fixed(day), -int(ahead[1]), time=hour(target))
        return Sense((rule,), 80, "relative", sure=False, others=(rule,))
    return Sense((rule,), strength_of(target, 80, 22), sure=before, others=(rule,))


# "Trước Tết Nguyên đán 10 ngày".
_DAYS_AHEAD = re.compile(r" (?:(?:ít nhất|tối thiểu|khoảng|là) ){0,2}(\d{1,2}) ngày(?!\S)")


def _festival(atom: Atom, year: int) -> date:
    if atom.get("eve"):
        return tet(year) - ONE_DAY * (31 - atom.number("eve"))
    if atom.get("new"):
        return tet(year) + ONE_DAY * (atom.number("d") - 1)
    if atom.get("tet"):
        return tet(year)
    return date(year, *_FESTIVALS.get(atom.get("name"), (1, 1)))


# Years whose Tết the calendar package knows.
_TET_YEARS = (1930, 2090)


_FESTIVALS = {
    "quốc khánh": (9, 2),
    "quốc tế lao động": (5, 1),
    "giải phóng miền nam": (4, 30),
}
