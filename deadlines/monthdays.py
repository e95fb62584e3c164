"""Targets that name a day of the month, and the period that month lies in."""

from dataclasses import dataclass, replace
from datetime import date

from deadlines.dated import rolled
from deadlines.grammar import Target
from deadlines.periods import MONTHS, Period, Unit, clamped
from deadlines.phrases import Atom
from deadlines.rules import Every, Fixed, FromEnd, On, Once, Point, Rule, Weekly, WorkingDay
from deadlines.senses import (
    NOTHING,
    NOWHERE,
    ONE_DAY,
    UNITS,
    Scene,
    Sense,
    context_of,
    hour,
    is_strict,
    numbers_in,
    ordinal_of,
    range_kind,
    strength_of,
    unit_of,
    year_of,
)
from deadlines.spans import periods_of


def read_doms(target: Target, scene: Scene) -> Sense:
    atom = target.main
    if atom.get("last"):
        days = [31]
    elif atom.get("first"):
        days = [1]
    else:
        days = numbers_in(atom.get("days"))
    if not all(1 <= day <= 31 for day in days):
        return NOTHING
    if target.ranged or "-" in atom.get("days"):
        days = days[-1:]
    edge = bool(atom.get("last"))
    return _in_period(target, scene, [_Day(day, edge=edge) for day in days])


@dataclass(frozen=True)
class _Day:
    """A day before its period is known. `edge`: the last or first day of whatever the period is."""

    day: int = 0
    nth: int = 0
    edge: bool = False
    from_end: tuple[int, bool] | None = None

    def at(self, month: int, unit: Unit) -> Point:
        if self.from_end is not None and month == MONTHS[unit] + 1:
            return FromEnd(*self.from_end)
        if self.nth:
            return WorkingDay(month, self.nth)
        return On(0 if month == MONTHS[unit] and self.day == 31 else month, self.day)


def _in_period(target: Target, scene: Scene, days: list[_Day]) -> Sense:
    """A day of a month, placed in the period that the words around it name."""
    before, at = is_strict(target), hour(target)
    months = target.qual("months")
    strength = strength_of(target, 100, 90)
    kind = range_kind(target)
    if months is not None and not target.qual("monthof"):
        return _days_of_months(target, scene, days, months)
    named = target.qual("quarters", "half", "nine", "year")
    if named is not None and year_of(named):
        period = periods_of(named, year_of(named))[-1]
        month = _month_number(target, period.unit, first=days[0].nth > 0 or days[0].day == 1)
        rules = [Once(period, one.at(month, period.unit), before, at) for one in days]
        return Sense(tuple(_day_or_once(one) for one in rules), strength, kind)
    now = target.qual("thisperiod")
    if now is not None and now.get("unit") in ("tháng", "quý", "năm"):
        period = Period.holding(UNITS[now.get("unit")], scene.base)
        month = _edge_month(period.unit, days[0])
        rules = [Once(period, one.at(month, period.unit), before, at) for one in days]
        return Sense(tuple(_day_or_once(one) for one in rules), strength, kind)
    places = _places(target, days[0])
    if places:
        every = [
            Every(unit, one.at(month, unit), which, before, at)
            for unit, month, which in places
            for one in days
        ]
        unsure = any(
            one.kind == "monthof" and one.get("unit").startswith("kỳ") for one in target.quals
        ) and not context_of(target)
        if unsure:
            return Sense(tuple(every[:1]), strength, "ambiguous", sure=False, others=tuple(every))
        return Sense(tuple(every), strength, kind)
    return _lone_days(target, scene, days)


Place = tuple[Unit, int, tuple[int, ...]]
Context = list[tuple[Unit, tuple[int, ...]]]


def _places(target: Target, day: _Day) -> list[Place]:
    """Unit, month within it, and which of the year, for a day of a month."""
    context = context_of(target)
    for atom in target.quals:
        found = _said_place(target, atom, context, day)
        if found is not None:
            return found
    return [(unit, _edge_month(unit, day), which) for unit, which in context if unit in MONTHS]


def _said_place(  # noqa: PLR0911 - one branch per kind of qualifier
    target: Target, atom: Atom, context: Context, day: _Day
) -> list[Place] | None:
    """The place that one qualifier gives; None where it gives none."""
    match atom.kind:
        case "monthof":
            return _month_of(target, atom, context)
        case "monthafter":
            unit = unit_of(atom.get("unit")) or Unit.QUARTER
            return [(unit, MONTHS[unit] + ordinal_of(atom.get("n")), ())]
        case "afterend":
            unit = unit_of(atom.get("unit")) or Unit.MONTH
            return [(unit, MONTHS[unit] + 1, ())]
        case "nextmonthof":
            unit = unit_of(atom.get("unit")) or (context[0][0] if context else Unit.MONTH)
            return [(unit, MONTHS[unit] + 1, ())] if unit in MONTHS else []
        case "next":
            return _next(atom, context)
        case "this" | "unit" | "thisperiod":
            return _own_period(target, atom, context, day)
        case "position":
            unit = unit_of(atom.get("unit")) or Unit.MONTH
            return [(unit, int(atom.get("at") == "đầu"), ())] if unit in MONTHS else None
    return None


def _own_period(target: Target, atom: Atom, context: Context, day: _Day) -> list[Place] | None:
    """ "ngày 20 của tháng", "của quý báo cáo"."""
    unit = unit_of(atom.get("unit") or atom.get("unit2"))
    unit = unit or (context[0][0] if context else Unit.QUARTER)
    longer = bool(context) and context[0][0] not in (Unit.MONTH, Unit.DAY)
    if unit not in MONTHS or (unit is Unit.MONTH and longer and target.qual("every")):
        return None
    return [(unit, _edge_month(unit, day), ())]


def _edge_month(unit: Unit, day: _Day) -> int:
    """A day of a whole quarter or year: first days lie in its first month, others in its last."""
    if unit is Unit.MONTH:
        return 1
    first = day.nth > 0 or day.from_end is not None or (day.day == 1 and not day.edge)
    return 1 if first else 0


def _month_of(target: Target, atom: Atom, context: Context) -> list[Place]:
    unit = unit_of(atom.get("unit"))
    number = ordinal_of(atom.get("ord"))
    if unit is None:
        known = [one for one in context if one[0] in MONTHS]
        guess: Context = [
            (Unit.QUARTER, ()),
            (Unit.HALF, ()),
            (Unit.YEAR, ()),
        ]
        return [(one, max(number, 0), which) for one, which in known or guess]
    month = max(number, 0)
    later = target.qual("next")
    if atom.get("next") or (later is not None and unit_of(later.get("unit")) == unit):
        month = (month or MONTHS[unit]) + MONTHS[unit]
    limited = [which for one, which in context if one is unit and which]
    return [(unit, month, limited[0] if limited else ())]


def _next(atom: Atom, context: Context) -> list[Place]:
    unit = unit_of(atom.get("unit"))
    if (
        unit is Unit.MONTH
        and context
        and context[0][0]
        in (
            Unit.QUARTER,
            Unit.HALF,
            Unit.NINE,
            Unit.YEAR,
        )
    ):
        return [(one, MONTHS[one] + 1, which) for one, which in context if one in MONTHS]
    if unit is None:
        return [(one, MONTHS[one] + 1, which) for one, which in context if one in MONTHS]
    return [(unit, MONTHS[unit] + 1, ())] if unit in MONTHS else []


def _month_number(target: Target, unit: Unit, *, first: bool) -> int:
    atom = target.qual("monthof")
    if atom is not None:
        number = ordinal_of(atom.get("ord"))
        return max(number, 0)
    return 1 if first or unit is Unit.MONTH else 0


def _days_of_months(target: Target, scene: Scene, days: list[_Day], months: Atom) -> Sense:
    before, at = is_strict(target), hour(target)
    strength = strength_of(target, 100, 80)
    numbers = numbers_in(months.get("m"))
    context = context_of(target)
    if year_of(months):
        rules = [
            Once(Period(Unit.MONTH, year_of(months), month), one.at(1, Unit.MONTH), before, at)
            for month in numbers
            for one in days
        ]
        return Sense(tuple(_day_or_once(one) for one in rules), strength)
    if context or len(numbers) > 1:
        every = [
            Every(Unit.MONTH, one.at(1, Unit.MONTH), (month,), before, at)
            for month in numbers
            for one in days
        ]
        return Sense(tuple(every), strength)
    return rolled(
        [
            (
                lambda year, month=month, one=one: _day_or_once(  # type: ignore[misc]
                    Once(Period(Unit.MONTH, year, month), one.at(1, Unit.MONTH), before, at)
                )
            )
            for month in numbers
            for one in days
        ],
        scene,
        strength,
    )


def _day_or_once(rule: Once) -> Rule:
    """A plain day of a period is that day."""
    if isinstance(rule.point, On) and rule.point.day != 31:
        return Fixed(rule.point.find(rule.period, NOWHERE), rule.before, rule.time)
    return rule


def _month_before(target: Target) -> Target | None:
    """The one month said just before a day: "trong tháng 5, chậm nhất ngày 20"."""
    last = target.prefix[-1] if len(target.prefix) == 1 else None
    if last is None or last.kind != "months" or last.clause != target.clause or last.ranged:
        return None
    plain = not last.quals and len(numbers_in(last.main.get("m"))) == 1
    return last if plain and target.bound else None


def _lone_days(target: Target, scene: Scene, days: list[_Day]) -> Sense:
    """ "trước ngày 25" and no more: the next such day, or every month's."""
    named = _month_before(target)
    if named is not None:
        named.used = True
        found = _days_of_months(target, scene, days, named.main)
        # "báo cáo tháng 4 trước ngày 05" may well mean the month after.
        inside = scene.line[named.main.start :].startswith("trong ") or named.bound == "until"
        return found if inside else replace(found, sure=False, others=found.rules)
    before, at = is_strict(target), hour(target)
    monthly = tuple(Every(Unit.MONTH, one.at(1, Unit.MONTH), (), before, at) for one in days)
    if len(days) > 1 or days[0].nth or days[0].edge or target.ranged:
        return Sense(
            monthly, strength_of(target, 60, 12), range_kind(target), sure=False, others=monthly
        )
    day = _coming(scene.base, days[0].day, before)
    fixed = Fixed(day, before, at)
    strength = strength_of(target, 58, 10)
    return Sense((fixed,), strength, "ambiguous", sure=False, others=(fixed, *monthly))


def _coming(base: date, day: int, before: bool) -> date:
    """The first such day of a month that is not past."""
    for months in range(4):
        found = clamped(base.year, base.month + months, day)
        if (found - ONE_DAY if before else found) >= base:
            return found
    return base


def read_nwork(target: Target, scene: Scene) -> Sense:
    nth = ordinal_of(target.main.get("ord"))
    week = next((one for one in target.quals if one.get("unit") == "tuần"), None)
    weekly = any(unit is Unit.WEEK for unit, _ in context_of(target))
    if week is not None or weekly:
        day = 4 if nth < 0 else min(nth, 5) - 1
        return Sense((Weekly((day,), is_strict(target), hour(target)),), 95)
    return _in_period(target, scene, [_Day(nth=nth)])


def read_nfirst(target: Target, scene: Scene) -> Sense:
    number, work = target.main.number("n"), bool(target.main.get("work"))
    if not 1 <= number <= 200:
        return NOTHING
    first = _Day(nth=number) if work else _Day(day=min(number, 31))
    return _in_period(target, scene, [replace(first, from_end=(number, work))])


def read_nlast(target: Target, scene: Scene) -> Sense:
    day = _Day(nth=-1) if target.main.get("work") else _Day(day=31, edge=True)
    found = _in_period(target, scene, [day])
    # "trước 10 ngày cuối tháng": before the last of them, or before the first?
    return replace(found, sure=False, others=found.rules) if is_strict(target) else found
