"""Targets that name a period: its end binds, or its start or middle where it says so."""

from collections.abc import Callable
from dataclasses import replace
from datetime import time, timedelta
from itertools import pairwise

from deadlines.grammar import Target
from deadlines.periods import MONTHS, PER_YEAR, Period, Unit
from deadlines.phrases import Atom
from deadlines.rules import END, Daily, Every, Fixed, On, Once, Open, Point, Rule, Weekly
from deadlines.senses import (
    NOTHING,
    ONE_DAY,
    UNITS,
    Scene,
    Sense,
    hour,
    last_day,
    numbers_in,
    ordinal_of,
    range_kind,
    strength_of,
    unit_of,
    units,
    year_of,
)


def periods_of(atom: Atom, year: int) -> list[Period]:
    if atom.get("nexty"):
        year += 0 if year_of(atom) else 1
    match atom.kind:
        case "months":
            return _listed(Unit.MONTH, year, numbers_in(atom.get("m")))
        case "quarters":
            return _listed(Unit.QUARTER, year, numbers_in(atom.get("q")))
        case "half":
            return [Period(Unit.HALF, year, 1 if atom.get("which") == "đầu" else 2)]
        case "nine":
            return [Period(Unit.NINE, year)]
    return [Period(Unit.YEAR, year)]


def _listed(unit: Unit, year: int, numbers: list[int]) -> list[Period]:
    """Periods under one year, said last: in "quý IV, quý I/2027" the first is of 2026."""
    drops = [after < before for before, after in pairwise(numbers)]
    return [Period(unit, year - sum(drops[place:]), one) for place, one in enumerate(numbers)]


def read_period(target: Target, scene: Scene) -> Sense:
    """A month, quarter, half-year or year: its last day; "trước" it, the day before its first."""
    atom = target.main
    strength = _period_strength(target, scene)
    if atom.get("next"):
        return _whole(target, [Period(Unit.YEAR, scene.base.year + 1)], strength)
    if target.quals:
        return _yearly(target, strength)
    target.ranged = target.ranged or "-" in atom.get("q")
    year = year_of(atom)
    if atom.get("onward"):
        return _onward(year, strength)
    if year or atom.get("nexty"):
        return _whole(target, periods_of(atom, year or scene.base.year), strength)
    periods = periods_of(atom, scene.base.year)
    late = [one for one in periods if one.last < scene.base]
    if not late or len(late) < len(periods):
        live = [one for one in periods if one not in late]
        found = _whole(target, live, strength)
        return found if not late else replace(found, sure=True)
    later = [replace(one, year=one.year + 1) for one in periods]
    found = _whole(target, later, strength)
    others = _whole(target, periods, strength).rules
    return replace(found, sure=False, others=(*found.rules, *others))


def _onward(year: int, strength: int) -> Sense:
    """ "Năm 2026 và các năm tiếp theo": the end of each, as far as one can see."""
    rules = tuple(Once(Period(Unit.YEAR, one)) for one in range(year, year + _ONWARD))
    return Sense(rules, strength, "annual", sure=False, others=rules[:1])


_ONWARD = 10


def _yearly(target: Target, strength: int) -> Sense:
    """The same month, quarter or half of every year."""
    periods = periods_of(target.main, 2000)
    if target.ranged:
        periods = periods[-1:]
    at = hour(target)
    early = target.bound == "before" and at is None
    point: Point = On(1, 1) if early else END
    rules = tuple(Every(one.unit, point, (one.index,), early, at) for one in periods)
    return Sense(rules, max(strength, 75), "annual" if len(rules) == 1 else "")


def _whole(target: Target, periods: list[Period], strength: int) -> Sense:
    at = hour(target)
    if target.ranged:
        periods = periods[-1:]
    if target.bound == "before" and at is None:
        rules: tuple[Rule, ...] = tuple(Fixed(one.first, before=True) for one in periods)
        return Sense(rules, strength, range_kind(target) or _KINDS[periods[0].unit])
    rules = tuple(Once(one, END, time=at) for one in periods)
    return Sense(rules, strength, range_kind(target))


_KINDS = {
    Unit.MONTH: "month",
    Unit.QUARTER: "quarter",
    Unit.HALF: "semiannual",
    Unit.NINE: "nine_month",
    Unit.YEAR: "year",
}


def _period_strength(target: Target, scene: Scene) -> int:
    bound = bool(target.bound or target.time) or scene.line.startswith(("trong ", "cả ", "hết "))
    said = scene.line[target.main.start :].startswith(("trong ", "hết "))
    first = target.main.start == 0 or scene.line[: target.main.start].endswith("; ")
    if bound or said or first or target.ranged:
        return 70 if target.kind != "year" else 66
    return {"months": 55, "quarters": 55, "half": 45, "nine": 45}.get(target.kind, 25)


def read_years(target: Target, scene: Scene) -> Sense:
    period = Period(Unit.YEAR, target.main.number("y"))
    strength = 66 if target.start == 0 or target.bound else 24
    _ = scene
    return Sense((Once(period),), strength, "range")


def read_every(target: Target, scene: Scene) -> Sense:
    atom = target.main
    found = units(atom)
    if not found:
        return NOTHING
    times = atom.get("times")
    if times.isdigit() and int(times) > 1:
        return _several_times(found[0][0], int(times))
    if atom.get("k"):
        return _stepped(found[0][0], atom.number("k"), 75)
    years = target.qual("years")
    if years is not None and found[0][0] in (Unit.YEAR, Unit.HALF, Unit.QUARTER):
        return _in_years(target, found[0][0], years)
    return _one_review(target, scene, found) or _each(target, found)


def _in_years(target: Target, unit: Unit, years: Atom) -> Sense:
    """Every period of a few named years."""
    first, last = min(numbers_in(years.get("y0"))), years.number("y")
    if not 0 <= last - first <= _MANY_YEARS:
        return NOTHING
    rules = tuple(
        Once(Period(unit, year, index), time=hour(target))
        for year in range(first, last + 1)
        for index in range(1, PER_YEAR[unit] + 1)
    )
    kinds = {Unit.YEAR: "annual", Unit.HALF: "semiannual", Unit.QUARTER: "quarterly"}
    return Sense(rules, 76, kinds[unit])


_MANY_YEARS = 30


def _each(target: Target, found: list[tuple[Unit, tuple[int, ...]]]) -> Sense:
    """Every period in a list. The last day of a week may be its Sunday or its Friday."""
    atom, at = target.main, hour(target)
    strength = 75 if atom.get("each") or atom.kind == "often" else 44
    working = "làm việc" in atom.get("list")
    rules = tuple(_plain(unit, which, at, working=working) for unit, which in found)
    weekly = any(unit is Unit.WEEK for unit, _ in found)
    # "trước" with no day before "hằng tháng" means that the day itself was not read.
    # "Quý" and no more may be cut off ("Quý | III/2024").
    alone = len(found) == 1 and not any(map(atom.get, ("each", "report", "bare", "times")))
    alone = alone and atom.kind == "every"
    sure = not weekly and not alone and (target.bound != "before" or at is not None)
    others = (Weekly((6,), time=at), Weekly((4,), time=at)) if weekly else rules
    return Sense(rules, 96 if at else strength, sure=sure, others=others)


def _one_review(
    target: Target, scene: Scene, found: list[tuple[Unit, tuple[int, ...]]]
) -> Sense | None:
    """ "tổng kết năm", "sơ kết 6 tháng đầu năm" alone: this year's."""
    report = target.main.get("report")
    if not report:
        return None
    if [unit for unit, _ in found] == [Unit.YEAR] and "báo cáo" not in report:
        period = Period(Unit.YEAR, scene.base.year)
        return Sense((Once(period, END, time=hour(target)),), 42)
    if not all(which for _, which in found):
        return None
    periods = [Period(unit, scene.base.year, which[0]) for unit, which in found]
    if periods[0].last < scene.base:
        periods = [replace(one, year=one.year + 1) for one in periods]
    return _whole(target, periods, 44)


def _plain(unit: Unit, which: tuple[int, ...], at: time | None, *, working: bool) -> Rule:
    if unit is Unit.DAY:
        return Daily(working, at)
    if unit is Unit.WEEK:
        return Weekly((6,), time=at)
    return Every(unit, END, which, time=at)


def _several_times(unit: Unit, times: int) -> Sense:
    """ "2 lần/năm": spread evenly is a guess."""
    even = {(Unit.YEAR, 2): Unit.HALF, (Unit.YEAR, 4): Unit.QUARTER, (Unit.YEAR, 12): Unit.MONTH}
    rule = _plain(even.get((unit, times), unit), (), None, working=False)
    return Sense(
        (rule,), 74, "ambiguous", sure=False, others=(rule, _plain(unit, (), None, working=False))
    )


def _stepped(unit: Unit, step: int, strength: int) -> Sense:
    """Every so many periods: plain where that is a period of its own, else its phase is unknown."""
    if step == 1:
        return Sense((_plain(unit, (), None, working=False),), strength, sure=unit != Unit.WEEK)
    same = {3: Unit.QUARTER, 6: Unit.HALF, 12: Unit.YEAR}.get(step) if unit is Unit.MONTH else None
    if unit is Unit.QUARTER and step == 2:
        same = Unit.HALF
    if same:
        return Sense((Every(same),), strength)
    return Sense(
        (Open("ambiguous", "chu kỳ không nêu điểm bắt đầu"),), strength, "ambiguous", False
    )


def read_everyn(target: Target, scene: Scene) -> Sense:
    _ = scene
    unit = UNITS[target.main.get("unit")]
    return _stepped(unit, target.main.number("k"), 72)


def read_position(target: Target, scene: Scene) -> Sense:
    """The start, middle or end of a period (Bộ luật Dân sự 2015, Điều 146)."""
    named = target.qual("months", "quarters", "half", "nine", "year")
    if named is not None:
        return _named_position(target, scene, named)
    unit = unit_of(target.main.get("unit"))
    each = bool(target.main.get("each"))
    if unit is Unit.WEEK:
        return _week_position(target, scene, each=each)
    if unit is None or unit not in MONTHS:
        return NOTHING
    strength, at = strength_of(target, 78, 64), hour(target)
    point = _AT[target.main.get("at")](unit)
    if each:
        return Sense((Every(unit, point, time=at),), strength)
    if target.qual("every", "often"):
        beside = any(one.start < target.main.start for one in target.quals)
        return Sense((Every(unit, point, time=at),), 44 if beside else strength)
    period = Period.holding(unit, scene.base)
    rule = Once(period, point, time=at)
    if last_day(rule) < scene.base or target.qual("next"):
        rule = Once(period.next(), point, time=at)
    return Sense((rule,), strength, range_kind(target))


def _named_position(target: Target, scene: Scene, named: Atom) -> Sense:
    """ "cuối quý I/2026", "giữa tháng 6", "cuối quý I hằng năm"."""
    at, place = hour(target), _AT[target.main.get("at")]
    year = year_of(named)
    every = target.qual("every", "often")
    periods = periods_of(named, year or scene.base.year)
    if not year and every is not None and every.get("list") == "năm":
        yearly = [Every(one.unit, place(one.unit), (one.index,), time=at) for one in periods]
        return Sense(tuple(yearly), 80, "annual")
    if not year and periods[-1].last < scene.base:
        periods = [replace(one, year=one.year + 1) for one in periods]
    rules = tuple(Once(one, place(one.unit), time=at) for one in periods)
    kind = range_kind(target) or _KINDS[periods[0].unit]
    return Sense(rules, strength_of(target, 78, 64), kind)


def _week_position(target: Target, scene: Scene, *, each: bool) -> Sense:
    day = {"đầu": 0, "giữa": 2}.get(target.main.get("at"), 4)
    if each or target.qual("every"):
        return Sense((Weekly((day,), time=hour(target)),), 70, sure=False)
    monday = scene.base - timedelta(days=scene.base.weekday())
    found = monday + timedelta(days=day)
    return Sense((Fixed(found if found >= scene.base else found + 7 * ONE_DAY),), 50, sure=False)


def _start(_any: Unit) -> Point:
    return On(1, 1)


def _middle(unit: Unit) -> Point:
    return {
        Unit.MONTH: On(1, 15),
        Unit.QUARTER: On(2, 15),
        Unit.HALF: On(3, 31),
        Unit.NINE: On(5, 15),
        Unit.YEAR: On(6, 31),
    }[unit]


def _end(_any: Unit) -> Point:
    return END


_AT: dict[str, Callable[[Unit], Point]] = {
    "đầu": _start,
    "giữa": _middle,
    "cuối": _end,
    "thượng tuần": lambda _any: On(1, 10),
    "trung tuần": lambda _any: On(1, 20),
    "hạ tuần": _end,
    "nửa đầu": _middle,
    "nửa cuối": _end,
}


def read_next_period(target: Target, scene: Scene) -> Sense:
    unit = unit_of(target.main.get("unit"))
    if unit is Unit.WEEK:
        sunday = scene.base + timedelta(days=13 - scene.base.weekday())
        return Sense((Fixed(sunday),), strength_of(target, 60, 15), sure=False)
    if unit not in MONTHS:
        return NOTHING
    period = Period.holding(unit, scene.base).next()
    return replace(_whole(target, [period], strength_of(target, 62, 15)), sure=False)


def read_this_period(target: Target, scene: Scene) -> Sense:
    word = target.main.get("unit") or target.main.get("unit2")
    unit = unit_of(word)
    if unit is Unit.WEEK:
        sunday = scene.base + timedelta(days=6 - scene.base.weekday())
        return Sense((Fixed(sunday),), strength_of(target, 60, 40), sure=False)
    if unit not in MONTHS:
        return NOTHING
    sense_ = _whole(target, [Period.holding(unit, scene.base)], strength_of(target, 62, 40))
    return sense_ if target.bound != "before" else replace(sense_, sure=False)


def read_halfmonth(target: Target, _scene: Scene) -> Sense:
    """Twice a month: its middle and its end, most likely."""
    at = hour(target)
    rules: tuple[Rule, ...] = (Every(Unit.MONTH, On(1, 15), time=at), Every(Unit.MONTH, time=at))
    return Sense(rules, 74, "ambiguous", sure=False, others=rules)


def read_monthof(target: Target, _scene: Scene) -> Sense:
    """ "tháng cuối quý" alone: the whole of that month."""
    unit = unit_of(target.main.get("unit"))
    if unit is None or unit not in MONTHS:
        return NOTHING
    number = max(ordinal_of(target.main.get("ord")), 0)
    if target.main.get("next"):
        number = (number or MONTHS[unit]) + MONTHS[unit]
    point = END if number in (0, MONTHS[unit]) else On(number, 31)
    sure = target.main.start == 0 or bool(target.bound)
    rule = Every(unit, point, time=hour(target))
    return Sense((rule,), strength_of(target, 62, 40), sure=sure, others=(rule,))


def read_unit(target: Target, scene: Scene) -> Sense:
    """A bare "quý" is only a context, but "đến hết quý" is the end of this one."""
    unit = unit_of(target.main.get("unit"))
    before = scene.line[: target.main.start]
    if target.bound != "until" or not before.endswith("hết ") or unit not in MONTHS:
        return NOTHING
    return Sense((Once(Period.holding(unit, scene.base), time=hour(target)),), 62, sure=False)
