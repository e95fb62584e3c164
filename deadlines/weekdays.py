"""Targets that name a weekday, or a week of a month."""

from dataclasses import replace
from datetime import timedelta

from deadlines.grammar import Target
from deadlines.periods import MONTHS, Period, Unit
from deadlines.phrases import Atom
from deadlines.rules import END, Every, Fixed, NthWeekday, On, Once, Point, Weekly
from deadlines.senses import (
    NOTHING,
    WEEKDAYS,
    Scene,
    Sense,
    context_of,
    hour,
    is_strict,
    numbers_in,
    ordinal_of,
    strength_of,
    unit_of,
    year_of,
)
from deadlines.spans import periods_of

_EACH = ("mỗi ", "hằng ", "mỗi ngày ", "vào các ngày ")


def read_weekday(target: Target, scene: Scene) -> Sense:
    atom = target.main
    word = atom.get("w") or atom.get("w2")
    day = WEEKDAYS[word] if word else 6
    before, at = is_strict(target), hour(target)
    week = target.qual("weekof")
    if week is not None:
        point = NthWeekday(day, 1, ordinal_of(week.get("ord")))
        return Sense((Every(Unit.MONTH, point, (), before, at),), strength_of(target, 100, 90))
    this = target.qual("thisperiod")
    if this is not None and this.get("unit") == "tuần":
        monday = scene.base - timedelta(days=scene.base.weekday())
        return Sense((Fixed(monday + timedelta(days=day), before, at),), 90)
    each = scene.line[: target.start].endswith(_EACH)
    weekly = Weekly((day,), before, at)
    every = bool(target.quals or context_of(target)) or each
    strength = strength_of(target, 100, 90 if every else 30)
    if every:
        return Sense((weekly,), strength)
    coming = scene.base + timedelta(days=(day - scene.base.weekday()) % 7)
    return Sense((weekly,), strength, sure=False, others=(weekly, Fixed(coming, before, at)))


def read_nthweekday(target: Target, _scene: Scene) -> Sense:
    atom = target.main
    day = 6 if atom.get("sun") else WEEKDAYS[atom.get("w")]
    nth = ordinal_of(atom.get("ord"))
    before, at = is_strict(target), hour(target)
    months = target.qual("months")
    if months is not None and year_of(months):
        rules = tuple(
            Once(Period(Unit.MONTH, year_of(months), one), NthWeekday(day, 1, nth), before, at)
            for one in numbers_in(months.get("m"))
        )
        return Sense(rules, 95)
    quarter = any(one.get("unit") == "quý" for one in target.quals)
    if quarter:
        point = NthWeekday(day, 0 if nth < 0 else 1, nth)
        return Sense((Every(Unit.QUARTER, point, (), before, at),), 95)
    month = 2 if (one := target.qual("next")) and one.get("unit") == "tháng" else 1
    return Sense((Every(Unit.MONTH, NthWeekday(day, month, nth), (), before, at),), 95)


def _week_place(atom: Atom) -> tuple[Unit, int]:
    """The period of a week's month, and the month within it."""
    rest = atom.get("rest")
    if "quý" in rest:
        return Unit.QUARTER, 1 if "đầu" in rest else 0
    unit = unit_of(atom.get("unit")) or Unit.MONTH
    if rest:
        return unit, MONTHS[unit] + 1
    return unit, 0 if unit is not Unit.MONTH and ordinal_of(atom.get("ord")) < 0 else 1


def read_weekof(target: Target, scene: Scene) -> Sense:
    """A week of a month: days 1-7, 8-14 …; its Friday or Sunday are other readings."""
    nth = ordinal_of(target.main.get("ord"))
    if not -1 <= nth <= 5 or nth == 0:
        return NOTHING
    before, at = is_strict(target), hour(target)
    unit, month = _week_place(target.main)
    whole = nth in (-1, 5) and month in (0, 1)
    point: Point = END if whole else On(month, 31 if nth in (-1, 5) else 7 * nth)
    others = tuple(NthWeekday(day, month, nth) for day in (6, 4))
    months = target.qual("months")
    strength = strength_of(target, 92, 75)
    if months is None:
        return Sense(
            (Every(unit, point, (), before, at),),
            strength,
            "ambiguous",
            sure=False,
            others=tuple(Every(unit, one, (), before, at) for one in (point, *others)),
        )
    return replace(_week_of_named(target, scene, months, point, others), strength=strength)


def _week_of_named(
    target: Target, scene: Scene, months: Atom, point: Point, others: tuple[Point, ...]
) -> Sense:
    """ "tuần 3 tháng 6", of one year or, with "hằng năm", of each."""
    before, at = is_strict(target), hour(target)
    year = year_of(months)
    periods = periods_of(months, year or scene.base.year)
    every = target.qual("every", "often")
    if not year and every is not None and every.get("list") == "năm":
        yearly = [Every(Unit.MONTH, point, (one.index,), before, at) for one in periods]
        return Sense(tuple(yearly), 75, "ambiguous", sure=False, others=tuple(yearly))
    if not year and periods[-1].last < scene.base:
        periods = [replace(one, year=one.year + 1) for one in periods]
    rules = tuple(Once(one, point, before, at) for one in periods)
    readings = tuple(Once(periods[-1], one, before, at) for one in (point, *others))
    return Sense(rules, 75, "ambiguous", sure=False, others=readings)
