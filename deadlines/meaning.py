"""Targets into rules: which day of which period a candidate names, and how sure that is."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, time, timedelta

from deadlines.calendar import tet
from deadlines.grammar import Target
from deadlines.periods import MONTHS, PER_YEAR, Period, Unit, clamped
from deadlines.phrases import Atom
from deadlines.rules import (
    END,
    After,
    AnyOf,
    Daily,
    Every,
    Fixed,
    FromEnd,
    NthWeekday,
    On,
    Once,
    Open,
    Point,
    Relative,
    Rule,
    Weekly,
    WorkingDay,
    World,
)

_DAY = timedelta(days=1)
_NOWHERE = World()  # plain days need no calendar


@dataclass(frozen=True)
class Sense:
    """What one target comes to. `strength` orders candidates of one text; 0 is no deadline."""

    rules: tuple[Rule, ...]
    strength: int
    kind: str = ""
    sure: bool = True
    others: tuple[Rule, ...] = ()


@dataclass(frozen=True)
class Scene:
    """What a target is read against: the line, and the day years and terms are counted from."""

    line: str
    base: date


NOTHING = Sense((), 0)

# These carry their own end.
_SPANS = frozenset({"years", "drange", "holiday"})

_UNITS = {
    "ngày": Unit.DAY,
    "ngày làm việc": Unit.DAY,
    "tuần": Unit.WEEK,
    "tháng": Unit.MONTH,
    "quý": Unit.QUARTER,
    "6 tháng": Unit.HALF,
    "nửa năm": Unit.HALF,
    "học kỳ": Unit.HALF,
    "9 tháng": Unit.NINE,
    "năm": Unit.YEAR,
    "năm học": Unit.YEAR,
}
_WORDS = {
    "đầu": 1, "nhất": 1, "thứ nhất": 1, "đầu tiên": 1, "giữa": 2, "thứ hai": 2, "hai": 2,
    "thứ ba": 3, "ba": 3, "thứ tư": 4, "thứ năm": 5, "thứ sáu": 6, "thứ bảy": 7, "cuối": -1,
    "cuối cùng": -1,
}  # fmt: skip
_WEEKDAYS = {"hai": 0, "ba": 1, "tư": 2, "năm": 3, "sáu": 4, "bảy": 5} | {
    str(day + 2): day for day in range(6)
}
_LIST_ITEM = re.compile(
    r"ngày làm việc|ngày|tuần|quý|0?6 tháng(?: (?P<first>đầu) năm)?|nửa năm|0?9 tháng|tháng|năm"
)


def sense(target: Target, scene: Scene) -> Sense:
    """What a target comes to; :data:`NOTHING` where it names no deadline."""
    found = _sense(target, scene)
    return replace(found, sure=False) if found.sure and _in_passing(target, scene) else found


def _in_passing(target: Target, scene: Scene) -> bool:
    """Whether a day or period stands loose inside a sentence, so that it may be no deadline."""
    if target.bound or target.time or target.ranged or target.quals:
        return False
    if target.kind not in ("date", "months", "quarters", "half", "nine", "year", "years"):
        return False
    if scene.line[target.main.start :].startswith(("trong ", "hết ")):
        return False
    return len(scene.line[: target.start].split()) > _LOOSE and not _COLUMN.search(
        scene.line[: target.start]
    )


# So many words before a loose day and nothing that binds it: perhaps only mentioned.
_LOOSE = 4
# … unless it stands in a column of its own.
_COLUMN = re.compile(r"[:;\t|(-] $")


def _sense(target: Target, scene: Scene) -> Sense:
    if target.bound == "asof":
        return NOTHING
    spans = target.kind in _SPANS or "-" in target.main.get("days")
    if target.bound == "since" and not target.ranged and not spans:
        return NOTHING
    return _READERS[target.kind](target, scene)


# --- Units and ordinals ------------------------------------------------------------------------


def _unit(word: str) -> Unit | None:
    return _UNITS.get(word.removeprefix("0"))


def _ordinal(word: str) -> int:
    """1, 2, 3 … and -1 for the last."""
    return _WORDS.get(word) or int(re.sub(r"\D", "", word) or 1)


def units(atom: Atom) -> list[tuple[Unit, tuple[int, ...]]]:
    """The periods an "every" names, each with the numbers it is limited to."""
    found = []
    for text in (atom.get("bare"), atom.get("list"), atom.get("unit")):
        for match in _LIST_ITEM.finditer(text):
            word = match[0].removesuffix(" đầu năm")
            unit = _unit(word)
            if unit:
                found.append((unit, (1,) if match["first"] and unit is Unit.HALF else ()))
    if atom.kind == "half":
        found.append((Unit.HALF, (1 if atom.get("which") == "đầu" else 2,)))
    if atom.kind == "nine":
        found.append((Unit.NINE, ()))
    if atom.kind == "quarters":
        found.append((Unit.QUARTER, tuple(_numbers(atom.get("q")))))
    return found


_CONTEXTS = frozenset({"every", "often", "half", "nine", "unit", "quarters"})


def _context(target: Target) -> list[tuple[Unit, tuple[int, ...]]]:
    """The periods a day belongs to, said after it or before it."""
    said = [
        units(atom)
        for atom in target.quals
        if atom.kind in ("every", "often", "half", "nine", "quarters") and not _year(atom)
    ]
    if said:  # "ngày 15/6 hằng năm đối với báo cáo 6 tháng": of the half-year
        return max(said, key=lambda found: bool(found) and found[0][0] is not Unit.YEAR)
    before = [one for one in target.prefix if one.kind in _CONTEXTS and not _year(one.main)]
    for one in before:
        one.used = True
    return [found for one in before for found in units(one.main)]


def _year(atom: Atom) -> int:
    short = atom.number("yy")
    return atom.number("y") or atom.number("y2") or (2000 + short if short else 0)


def _numbers(text: str) -> list[int]:
    roman = {"i": 1, "ii": 2, "iii": 3, "iv": 4}
    return [roman.get(word) or int(word) for word in re.findall(r"\d+|\b[iv]+\b", text)]


def _strict(target: Target) -> bool:
    """ "trước ngày D" leaves D out; "trước 14h00 ngày D" names an hour of D itself."""
    return target.bound == "before" and hour(target) is None


def hour(target: Target) -> time | None:
    """The hour of day that a target names."""
    atom = target.time
    if atom is None or atom.kind == "parttime":
        return None
    if atom.get("close"):
        return time(17, 0)
    if atom.get("noon"):
        return time(11, 30)
    hours, minutes = atom.number("h"), atom.number("m") + (30 if atom.get("half") else 0)
    if atom.get("part") in ("chiều", "tối") and hours < 12:
        hours += 12
    return time(23, 59) if hours >= 24 else time(hours, minutes)


def _strength(target: Target, bound: int, free: int) -> int:
    return bound if target.bound or target.time else free


# --- Named days --------------------------------------------------------------------------------


def _date(target: Target, scene: Scene) -> Sense:
    atom = target.main
    year = _year(atom)
    days, months = _numbers(atom.get("days") or atom.get("d")), _numbers(atom.get("m"))
    before, at = _strict(target), hour(target)
    if not year:
        year = _said_year(target)
    if year:
        named = [clamped(year, month, day) for month in months for day in days]
        real = all(one.day == day for one, day in zip(named, days * len(months), strict=False))
        rules = tuple(Fixed(day, before, at) for day in named)
        return Sense(rules, _strength(target, 100, 60), _range(target), sure=real)
    points = [(month, day) for month in months for day in days]
    recurring = _recurring_date(target, points)
    if recurring:
        rules = tuple(_finish(one, before, at) for one in recurring)
        return Sense(rules, _strength(target, 100, 90), _range(target))
    return _rolled(
        [
            (lambda year, one=one: Fixed(clamped(year, *one), before, at))  # type: ignore[misc]
            for one in points
        ],
        scene,
        _strength(target, 100, 60),
        _range(target),
    )


def _range(target: Target) -> str:
    return "range" if target.ranged else ""


def _said_year(target: Target) -> int:
    """The year a qualifier or the report before the day names ("6 tháng đầu năm 2025")."""
    for atom in target.quals:
        if atom.kind == "year" and _year(atom):
            return _year(atom)
        if atom.kind in ("half", "nine", "quarters", "months") and _year(atom):
            return _year(atom) + _spills(atom, target.main)
    return 0


def _spills(atom: Atom, day: Atom) -> int:
    """1 where a day after the period can only lie in the next year."""
    months = {"nine": 9, "half": 6 if atom.get("which") == "đầu" else 12}.get(atom.kind, 0)
    if atom.kind == "quarters":
        months = 3 * max(_numbers(atom.get("q")))
    return 1 if months == 12 and day.number("m") < 6 else 0


def _recurring_date(target: Target, points: list[tuple[int, int]]) -> list[Every]:
    """A day and month of every year: of the year, or of the half-year or quarter it reports."""
    if target.recurs:
        return [Every(Unit.YEAR, On(month, day)) for month, day in points]
    later = target.qual("next")
    if later is not None and later.get("unit") == "năm":
        context = _context(target)
        if context and context[0][0] in (Unit.HALF, Unit.NINE, Unit.QUARTER):
            unit, which = context[0]
            number = which[0] if which else PER_YEAR[unit]
            return [_of_period(unit, number, month + 12, day) for month, day in points]
        return [Every(Unit.YEAR, On(12 + month, day)) for month, day in points]
    this = target.qual("this", "unit")
    if this is not None and this.get("unit") == "năm":
        return [Every(Unit.YEAR, On(month, day)) for month, day in points]
    if target.kind == "datelist" and len({month for month, _ in points}) > 2:
        return [Every(Unit.YEAR, On(month, day)) for month, day in points]
    context = _context(target)
    if not context or context[0][0] in (Unit.DAY, Unit.WEEK):
        return []
    unit, which = context[0]
    return [_placed(unit, which, month, day) for month, day in points]


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


def _rolled(
    makers: list[Callable[[int], Rule]], scene: Scene, strength: int, kind: str = ""
) -> Sense:
    """A day without a year: the first that is not past, counted from the base day."""
    rules, others, sure = [], [], True
    for make in makers:
        now, later = make(scene.base.year), make(scene.base.year + 1)
        if _last(now) >= scene.base:
            rules.append(now)
        else:
            rules.append(later)
            others.append(now)
            sure = False
    return Sense(tuple(rules), strength, kind, sure, tuple(others))


def _last(rule: Rule) -> date:
    """The day a one-time rule names, less one for "trước"; working days count as the last."""
    if isinstance(rule, Fixed):
        return rule.day - _DAY if rule.before else rule.day
    if isinstance(rule, Once):
        if isinstance(rule.point, On):
            return rule.point.find(rule.period, _NOWHERE)
        return rule.period.last
    return date.max


def _drange(target: Target, scene: Scene) -> Sense:
    target.ranged = True
    return _date(target, scene)


def _doms(target: Target, scene: Scene) -> Sense:
    atom = target.main
    if atom.get("last"):
        days = [31]
    elif atom.get("first"):
        days = [1]
    else:
        days = _numbers(atom.get("days"))
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
    before, at = _strict(target), hour(target)
    months = target.qual("months")
    strength = _strength(target, 100, 90)
    kind = _range(target)
    if months is not None and not target.qual("monthof"):
        return _days_of_months(target, scene, days, months)
    named = target.qual("quarters", "half", "nine", "year")
    if named is not None and _year(named):
        period = _periods(named, _year(named))[-1]
        month = _month_number(target, period.unit, first=days[0].nth > 0 or days[0].day == 1)
        rules = [Once(period, one.at(month, period.unit), before, at) for one in days]
        return Sense(tuple(_day_or_once(one) for one in rules), strength, kind)
    now = target.qual("thisperiod")
    if now is not None and now.get("unit") in ("tháng", "quý", "năm"):
        period = Period.holding(_UNITS[now.get("unit")], scene.base)
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
        ) and not _context(target)
        if unsure:
            return Sense(tuple(every[:1]), strength, "ambiguous", sure=False, others=tuple(every))
        return Sense(tuple(every), strength, kind)
    return _lone_days(target, scene, days)


def _places(target: Target, day: _Day) -> list[tuple[Unit, int, tuple[int, ...]]]:
    """Unit, month within it, and which of the year, for a day of a month."""
    context = _context(target)
    for atom in target.quals:
        match atom.kind:
            case "monthof":
                return _month_of(target, atom, context)
            case "monthafter":
                unit = _unit(atom.get("unit")) or Unit.QUARTER
                return [(unit, MONTHS[unit] + _ordinal(atom.get("n")), ())]
            case "nextmonthof":
                unit = _unit(atom.get("unit")) or (context[0][0] if context else Unit.MONTH)
                return [(unit, MONTHS[unit] + 1, ())] if unit in MONTHS else []
            case "next":
                return _next(atom, context)
            case "this" | "unit" | "thisperiod":
                word = atom.get("unit") or atom.get("unit2")
                unit = _unit(word) or (context[0][0] if context else Unit.QUARTER)
                if unit is Unit.MONTH and context and context[0][0] not in (Unit.MONTH, Unit.DAY):
                    if "báo cáo" not in word and target.qual("every") and unit in MONTHS:
                        continue
                if unit in MONTHS:
                    return [(unit, _edge_month(unit, day), ())]
            case "position":
                unit = _unit(atom.get("unit")) or Unit.MONTH
                if unit in MONTHS:
                    return [(unit, 1 if atom.get("at") == "đầu" else 0, ())]
    return [(unit, _edge_month(unit, day), which) for unit, which in context if unit in MONTHS]


def _edge_month(unit: Unit, day: _Day) -> int:
    """A day of a whole quarter or year: first days lie in its first month, others in its last."""
    if unit is Unit.MONTH:
        return 1
    first = day.nth > 0 or day.from_end is not None or (day.day == 1 and not day.edge)
    return 1 if first else 0


def _month_of(
    target: Target, atom: Atom, context: list[tuple[Unit, tuple[int, ...]]]
) -> list[tuple[Unit, int, tuple[int, ...]]]:
    unit = _unit(atom.get("unit"))
    number = _ordinal(atom.get("ord"))
    if unit is None:
        known = [one for one in context if one[0] in MONTHS]
        guess: list[tuple[Unit, tuple[int, ...]]] = [
            (Unit.QUARTER, ()),
            (Unit.HALF, ()),
            (Unit.YEAR, ()),
        ]
        return [(one, max(number, 0), which) for one, which in known or guess]
    month = max(number, 0)
    later = target.qual("next")
    if atom.get("next") or (later is not None and _unit(later.get("unit")) == unit):
        month = (month or MONTHS[unit]) + MONTHS[unit]
    return [(unit, month, ())]


def _next(
    atom: Atom, context: list[tuple[Unit, tuple[int, ...]]]
) -> list[tuple[Unit, int, tuple[int, ...]]]:
    unit = _unit(atom.get("unit"))
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
        number = _ordinal(atom.get("ord"))
        return max(number, 0)
    return 1 if first or unit is Unit.MONTH else 0


def _days_of_months(target: Target, scene: Scene, days: list[_Day], months: Atom) -> Sense:
    before, at = _strict(target), hour(target)
    strength = _strength(target, 100, 80)
    numbers = _numbers(months.get("m"))
    context = _context(target)
    if _year(months):
        rules = [
            Once(Period(Unit.MONTH, _year(months), month), one.at(1, Unit.MONTH), before, at)
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
    return _rolled(
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
        return Fixed(rule.point.find(rule.period, _NOWHERE), rule.before, rule.time)
    return rule


def _lone_days(target: Target, scene: Scene, days: list[_Day]) -> Sense:
    """ "trước ngày 25" and no more: the next such day, or every month's."""
    before, at = _strict(target), hour(target)
    monthly = tuple(Every(Unit.MONTH, one.at(1, Unit.MONTH), (), before, at) for one in days)
    if len(days) > 1 or days[0].nth or days[0].edge or target.ranged:
        return Sense(monthly, _strength(target, 60, 12), _range(target), sure=False, others=monthly)
    day = _coming(scene.base, days[0].day, before)
    fixed = Fixed(day, before, at)
    strength = _strength(target, 58, 10)
    return Sense((fixed,), strength, "ambiguous", sure=False, others=(fixed, *monthly))


def _coming(base: date, day: int, before: bool) -> date:
    """The first such day of a month that is not past."""
    for months in range(4):
        found = clamped(base.year, base.month + months, day)
        if (found - _DAY if before else found) >= base:
            return found
    return base


def _nwork(target: Target, scene: Scene) -> Sense:
    nth = _ordinal(target.main.get("ord"))
    week = next((one for one in target.quals if one.get("unit") == "tuần"), None)
    weekly = any(unit is Unit.WEEK for unit, _ in _context(target))
    if week is not None or weekly:
        day = 4 if nth < 0 else min(nth, 5) - 1
        return Sense((Weekly((day,), _strict(target), hour(target)),), 95)
    return _in_period(target, scene, [_Day(nth=nth)])


def _nfirst(target: Target, scene: Scene) -> Sense:
    number, work = target.main.number("n"), bool(target.main.get("work"))
    if not 1 <= number <= 200:
        return NOTHING
    first = _Day(nth=number) if work else _Day(day=min(number, 31))
    return _in_period(target, scene, [replace(first, from_end=(number, work))])


def _nlast(target: Target, scene: Scene) -> Sense:
    day = _Day(nth=-1) if target.main.get("work") else _Day(day=31, edge=True)
    return _in_period(target, scene, [day])


def _weekday(target: Target, scene: Scene) -> Sense:
    atom = target.main
    word = atom.get("w") or atom.get("w2")
    day = _WEEKDAYS[word] if word else 6
    before, at = _strict(target), hour(target)
    week = target.qual("weekof")
    if week is not None:
        point = NthWeekday(day, 1, _ordinal(week.get("ord")))
        return Sense((Every(Unit.MONTH, point, (), before, at),), _strength(target, 100, 90))
    this = target.qual("thisperiod")
    if this is not None and this.get("unit") == "tuần":
        monday = scene.base - timedelta(days=scene.base.weekday())
        return Sense((Fixed(monday + timedelta(days=day), before, at),), 90)
    strength = _strength(target, 100, 90 if target.quals or _context(target) else 30)
    sure = bool(target.quals or _context(target))
    return Sense((Weekly((day,), before, at),), strength, sure=sure or bool(target.bound))


def _nthweekday(target: Target, scene: Scene) -> Sense:
    atom = target.main
    day = 6 if atom.get("sun") else _WEEKDAYS[atom.get("w")]
    nth = _ordinal(atom.get("ord"))
    before, at = _strict(target), hour(target)
    months = target.qual("months")
    if months is not None and _year(months):
        rules = tuple(
            Once(Period(Unit.MONTH, _year(months), one), NthWeekday(day, 1, nth), before, at)
            for one in _numbers(months.get("m"))
        )
        return Sense(rules, 95)
    month = 2 if (one := target.qual("next")) and one.get("unit") == "tháng" else 1
    return Sense((Every(Unit.MONTH, NthWeekday(day, month, nth), (), before, at),), 95)


def _week_place(atom: Atom) -> tuple[Unit, int]:
    """The period of a week's month, and the month within it."""
    rest = atom.get("rest")
    if "quý" in rest:
        return Unit.QUARTER, 1 if "đầu" in rest else 0
    unit = _unit(atom.get("unit")) or Unit.MONTH
    if rest:
        return unit, MONTHS[unit] + 1
    return unit, 0 if unit is not Unit.MONTH and _ordinal(atom.get("ord")) < 0 else 1


def _weekof(target: Target, scene: Scene) -> Sense:
    """A week of a month: days 1-7, 8-14 …; its Friday or Sunday are other readings."""
    nth = _ordinal(target.main.get("ord"))
    if not -1 <= nth <= 5 or nth == 0:
        return NOTHING
    before, at = _strict(target), hour(target)
    unit, month = _week_place(target.main)
    whole = nth in (-1, 5) and month in (0, 1)
    point: Point = END if whole else On(month, 31 if nth in (-1, 5) else 7 * nth)
    others = tuple(NthWeekday(day, month, nth) for day in (6, 4))
    months = target.qual("months")
    strength = _strength(target, 92, 75)
    if months is None:
        return Sense(
            (Every(unit, point, (), before, at),),
            strength,
            "ambiguous",
            sure=False,
            others=tuple(Every(unit, one, (), before, at) for one in (point, *others)),
        )
    period = _periods(months, _year(months) or scene.base.year)[-1]
    if not _year(months) and period.last < scene.base:
        period = replace(period, year=period.year + 1)
    return Sense(
        (Once(period, point, before, at),),
        strength,
        "ambiguous",
        sure=False,
        others=tuple(Once(period, one, before, at) for one in (point, *others)),
    )


def _day(target: Target, scene: Scene) -> Sense:
    day = scene.base + (_DAY if target.main.get("tomorrow") else timedelta())
    return Sense((Fixed(day, time=hour(target)),), _strength(target, 70, 20), sure=False)


def _lunar(target: Target, scene: Scene) -> Sense:
    """Lunar days are not converted: named as such, for a person to fill in."""
    _ = scene
    return Sense((Open("lunar", "ngày âm lịch"),), _strength(target, 70, 30), "event")


# --- Terms that count --------------------------------------------------------------------------

_FROM = re.compile(
    r"^ (?:làm việc )?(?:\( [^()]{1,40} \) )?(?:, |và )?(?:(?:được )?(?:kể |tính )(?:kể )?từ|từ|sau|là kể từ)"
    r"(?P<hinge>(?: (?:ngày|khi|lúc|thời điểm|từ|sau|được|thời hạn))*)(?P<label>(?: [^\s,;.:]+){0,14})"
)
_UPTO = re.compile(
    r"^ (?:làm việc )?(?:, )?(?:trước|so với)(?P<hinge>(?: (?:khi|ngày|thời điểm|lúc|so với|hạn|với))*)(?P<label>(?: [^\s,;.:]+){0,14})"
)
_PERIOD_END = re.compile(
    r"^ (?:ngày |khi |thời điểm )?(?P<end>(?:kết thúc|hết|cuối cùng của|cuối|ngày cuối|đóng)(?: (?:của|mỗi|hằng|từng|kỳ|thời gian|ngày|các|kỳ báo cáo|báo cáo|thời hạn|khóa sổ|niên độ|kế toán|cùng))* )?"
    r"(?P<unit>0?6 tháng|9 tháng|tháng|quý|năm|tuần|kỳ)(?P<tail>(?: \S+){0,5})"
)
_REVERSED = re.compile(
    r"(?P<side>trước|sau)(?: (?:khi|ngày|thời điểm))*(?P<label> (?:kết thúc|hết) (?:\S+ ){1,6})(?:(?:là|chậm nhất|muộn nhất|không quá|tối đa|ít nhất|tối thiểu|,|trước|trong|vòng) ){0,3}$"
)
_TERM = re.compile(
    r"(?:trong vòng|trong thời hạn|thời hạn|trong thời gian|thời gian|trong|sau|sau khi|không quá|không quá là|tối đa|chậm nhất|muộn nhất|hạn|trước|vòng|chậm nhất là|muộn nhất là|chậm nhất sau|là|ít nhất|tối thiểu|quá)(?: (?:là|không quá|tối đa|khoảng|sau|trong|ít nhất|trước))* $"
)
_LEADING = re.compile(r"(?:ít nhất|tối thiểu|trước) (?:là )?$")
_DATE_LABEL = re.compile(
    r"^ (?:ngày )?(?P<d>\d{1,2}) (?:/|tháng|-) (?P<m>\d{1,2}) (?:/|năm|-) (?P<y>\d{4})"
)
COUNTED = {
    "ngày": "day",
    "ngày làm việc": "working",
    "ngày ( làm việc )": "working",
    "tuần": "week",
    "tháng": "month",
    "năm": "year",
    "giờ": "hour",
    "giờ làm việc": "hour",
    "tiếng": "hour",
    "h": "hour",
    "phút": "hour",
}
_RECEIPT = re.compile(r"\bnhận\b|tiếp nhận|\bđến\b")
_DOCUMENT = re.compile(
    r"^ (?:được )?(?:ký|ban hành|công bố|phát hành|văn bản này|quyết định này|thông báo này|thông tư này|công văn này|kế hoạch này)"
)


def _count(target: Target, scene: Scene) -> Sense:
    atom = target.main
    number, unit = atom.number("n"), COUNTED[atom.get("u")]
    if atom.get("u") == "phút":
        number = 0
    if number > 400:
        return NOTHING
    ahead = scene.line[atom.end : atom.end + 200]
    behind = scene.line[max(0, atom.start - 90) : atom.start]
    if unit == "day" and ahead.startswith(" làm việc"):
        unit = "working"
    found = _after_section(target, number, unit, ahead, behind)
    found = found or _from_anchor(target, number, unit, ahead)
    found = found or _up_to(target, number, unit, ahead)
    return found or _loose(target, number, unit, ahead, behind)


def _after_section(target: Target, number: int, unit: str, ahead: str, behind: str) -> Sense | None:
    match = re.match(r" (?:\S+ ){0,10}?(?P<at>mục [\da-zđ]+(?: \. \d+)*)(?!\S)", ahead)
    if match is None or not re.search(r"(?:sau|trong vòng|chậm nhất|không quá) $", behind):
        return None
    rule = Relative(number, unit, "parents", match["at"], time=hour(target))
    return Sense((rule,), 96, "relative")


def _from_anchor(target: Target, number: int, unit: str, ahead: str) -> Sense | None:
    straight = _PERIOD_END.match(ahead)
    if straight and (straight["end"] or "").startswith("kết thúc"):
        return _period_term(target, straight, number, unit)
    match = _FROM.match(ahead)
    if match is None:
        return None
    label, at = match["label"], hour(target)
    day = _DATE_LABEL.match(label)
    if day:
        start = clamped(int(day["y"]), min(int(day["m"]), 12), max(int(day["d"]), 1))
        return Sense((After(Fixed(start), number, unit, at),), 96, "relative")
    ended = _PERIOD_END.match(label)
    if ended and (ended["end"] or "kết thúc" in match["hinge"]):
        return _period_term(target, ended, number, unit)
    target.end += match.end() if len(match.group()) < 120 else 0
    words = label.strip()
    if _RECEIPT.search(label):
        return Sense((Relative(number, unit, "receipt", words, time=at),), 96, "relative")
    if _DOCUMENT.match(label):
        return Sense((Relative(number, unit, "document", words, time=at),), 96, "relative")
    rule = Relative(number, unit, "event", words, time=at)
    return Sense((rule,), 94, "relative", sure=False, others=(rule,))


def _up_to(target: Target, number: int, unit: str, ahead: str) -> Sense | None:
    match = _UPTO.match(ahead)
    if match is None:
        return None
    label, at = match["label"], hour(target)
    day = _DATE_LABEL.match(label)
    if day:
        start = clamped(int(day["y"]), min(int(day["m"]), 12), max(int(day["d"]), 1))
        return Sense((After(Fixed(start), -number, unit, at),), 96, "relative")
    ended = _PERIOD_END.match(label)
    if ended and ended["end"]:
        return _period_term(target, ended, -number, unit)
    if not label.strip():
        return None
    target.end += match.end() if len(match.group()) < 120 else 0
    rule = Relative(-number, unit, "upcoming", label.strip(), time=at)
    return Sense((rule,), 94, "event")


def _loose(target: Target, number: int, unit: str, ahead: str, behind: str) -> Sense | None:
    """A term whose anchor stands before it, or is not said at all."""
    turned = _REVERSED.search(behind)
    if turned:
        ended = _PERIOD_END.match(turned["label"].rstrip())
        if ended:
            signed = -number if turned["side"] == "trước" else number
            return _period_term(target, ended, signed, unit)
        return Sense((Relative(-number, unit, "upcoming", turned["label"].strip()),), 60, "event")
    if ahead.startswith((" nữa", " tới")) and target.main.get("u") != "năm":
        return Sense((Relative(number, unit, "receipt"),), 60, "relative", sure=False)
    if not _TERM.search(behind) or _LEADING.search(behind):
        return NOTHING
    if unit in ("month", "year") and not re.search(r"(?:vòng|hạn|sau|quá) $", behind):
        return NOTHING
    rule = Relative(number, unit, "receipt", time=hour(target))
    return Sense((rule,), 80, "relative", sure=False, others=(rule,))


def _period_term(target: Target, ended: re.Match[str], number: int, unit: str) -> Sense:
    """So many days after or before a period ends."""
    before, at = False, hour(target)
    if unit not in ("day", "working", "week", "month"):
        return NOTHING
    if unit in ("week", "month"):
        number, unit = number * (7 if unit == "week" else 30), "day"
    point = FromEnd(number, unit == "working")
    word = ended["unit"].removeprefix("0")
    tail = ended["tail"]
    year = re.match(r"(?: (?:/|năm))* ((?:19|20|21)\d\d)(?!\S)", tail)
    index = re.match(r" (\d{1,2}) (?:/|năm|-) ((?:19|20|21)\d\d)", tail)
    period = _UNITS.get(word)
    if period is None:
        context = [one for one, _ in _context(target) if one in MONTHS]
        if not context:
            every = tuple(Every(one, point) for one in (Unit.QUARTER, Unit.HALF, Unit.YEAR))
            return Sense(every[:1], 90, "ambiguous", sure=False, others=every)
        return Sense(tuple(Every(one, point, (), before, at) for one in context), 97)
    if period in (Unit.WEEK, Unit.DAY):
        day = (6 + number) % 7
        return Sense((Weekly((day,), before, at),), 90)
    if index and period in (Unit.MONTH, Unit.QUARTER) and int(index[1]) <= PER_YEAR[period]:
        one = Period(period, int(index[2]), int(index[1]))
        return Sense((Once(one, point, before, at),), 97)
    half = re.match(r" (?P<which>đầu|cuối)(?: của)? năm (?P<y>(?:19|20|21)\d\d)(?!\S)", tail)
    if half and period in (Unit.HALF, Unit.NINE):
        number_ = 2 if half["which"] == "cuối" and period is Unit.HALF else 1
        return Sense((Once(Period(period, int(half["y"]), number_), point, before, at),), 97)
    if year and period is Unit.YEAR:
        return Sense((Once(Period(period, int(year[1])), point, before, at),), 97)
    which: tuple[int, ...] = ()
    if period is Unit.HALF and tail.startswith(" đầu"):
        which = (1,)
    elif period is Unit.HALF and tail.startswith(" cuối"):
        which = (2,)
    units_ = [(period, which)]
    more = re.match(r"(?: (?:,|và|hoặc|/|kỳ))+ (tháng|quý|0?6 tháng|năm)(?!\S)", tail)
    if more and _unit(more[1]):
        units_.append((_UNITS[more[1].removeprefix("0")], ()))
    return Sense(tuple(Every(one, point, two, before, at) for one, two in units_), 97)


def _tplus(target: Target, scene: Scene) -> Sense:
    _ = scene
    unit = "working" if target.main.get("work") else "day"
    rule = Relative(target.main.number("n"), unit, "receipt", time=hour(target))
    return Sense((rule,), 90, "relative", sure=False, others=(rule,))


# --- Periods -----------------------------------------------------------------------------------


def _periods(atom: Atom, year: int) -> list[Period]:
    if atom.get("nexty"):
        year += 0 if _year(atom) else 1
    match atom.kind:
        case "months":
            return [Period(Unit.MONTH, year, one) for one in _numbers(atom.get("m"))]
        case "quarters":
            return [Period(Unit.QUARTER, year, one) for one in _numbers(atom.get("q"))]
        case "half":
            return [Period(Unit.HALF, year, 1 if atom.get("which") == "đầu" else 2)]
        case "nine":
            return [Period(Unit.NINE, year)]
    return [Period(Unit.YEAR, year)]


def _period(target: Target, scene: Scene) -> Sense:
    """A month, quarter, half-year or year: its last day; "trước" it, the day before its first."""
    atom = target.main
    strength = _period_strength(target, scene)
    if atom.get("next"):
        return _whole(target, [Period(Unit.YEAR, scene.base.year + 1)], strength)
    if target.quals:
        return _yearly(target, strength)
    target.ranged = target.ranged or "-" in atom.get("q")
    year = _year(atom)
    if year or atom.get("nexty"):
        return _whole(target, _periods(atom, year or scene.base.year), strength)
    periods = _periods(atom, scene.base.year)
    late = [one for one in periods if one.last < scene.base]
    if not late or len(late) < len(periods):
        live = [one for one in periods if one not in late]
        found = _whole(target, live, strength)
        return found if not late else replace(found, sure=True)
    later = [replace(one, year=one.year + 1) for one in periods]
    found = _whole(target, later, strength)
    others = _whole(target, periods, strength).rules
    return replace(found, sure=False, others=(*found.rules, *others))


def _yearly(target: Target, strength: int) -> Sense:
    """The same month, quarter or half of every year."""
    periods = _periods(target.main, 2000)
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
        return Sense(rules, strength, _range(target) or _KINDS[periods[0].unit])
    rules = tuple(Once(one, END, time=at) for one in periods)
    return Sense(rules, strength, _range(target))


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
    if bound or said or target.main.start == 0 or target.ranged:
        return 70 if target.kind != "year" else 66
    return {"months": 55, "quarters": 55, "half": 45, "nine": 45}.get(target.kind, 25)


def _years(target: Target, scene: Scene) -> Sense:
    period = Period(Unit.YEAR, target.main.number("y"))
    strength = 66 if target.start == 0 or target.bound else 24
    _ = scene
    return Sense((Once(period),), strength, "range")


def _every(target: Target, scene: Scene) -> Sense:
    atom = target.main
    found = units(atom)
    at = hour(target)
    if not found:
        return NOTHING
    report = atom.get("report")
    if report and [one for one, _ in found] == [Unit.YEAR] and "báo cáo" not in report:
        period = Period(Unit.YEAR, scene.base.year)
        return Sense((Once(period, END, time=at),), 42)
    strength = 75 if atom.get("each") or atom.kind == "often" else 44
    strength = 96 if at else strength
    if report and all(which for _, which in found):
        periods = [Period(unit, scene.base.year, which[0]) for unit, which in found]
        if periods[0].last < scene.base:
            periods = [replace(one, year=one.year + 1) for one in periods]
        return _whole(target, periods, strength)
    times = atom.get("times")
    if times.isdigit() and int(times) > 1:
        return _several_times(found[0][0], int(times))
    rules = tuple(_plain(unit, which, at, "làm việc" in atom.get("list")) for unit, which in found)
    sure = not any(unit is Unit.WEEK for unit, _ in found)
    sure = sure and (target.bound != "before" or at is not None)
    weekly = any(unit is Unit.WEEK for unit, _ in found)
    others = (Weekly((6,), time=at), Weekly((4,), time=at)) if weekly else rules
    if atom.get("k"):
        return _stepped(found[0][0], atom.number("k"), strength)
    return Sense(rules, strength, sure=sure, others=others)


def _plain(unit: Unit, which: tuple[int, ...], at: time | None, working: bool) -> Rule:
    if unit is Unit.DAY:
        return Daily(working, at)
    if unit is Unit.WEEK:
        return Weekly((6,), time=at)
    return Every(unit, END, which, time=at)


def _several_times(unit: Unit, times: int) -> Sense:
    """ "2 lần/năm": spread evenly is a guess."""
    even = {(Unit.YEAR, 2): Unit.HALF, (Unit.YEAR, 4): Unit.QUARTER, (Unit.YEAR, 12): Unit.MONTH}
    rule = _plain(even.get((unit, times), unit), (), None, working=False)
    return Sense((rule,), 74, "ambiguous", sure=False, others=(rule, _plain(unit, (), None, False)))


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


def _everyn(target: Target, scene: Scene) -> Sense:
    _ = scene
    unit = _UNITS[target.main.get("unit")]
    return _stepped(unit, target.main.number("k"), 72)


def _position(target: Target, scene: Scene) -> Sense:
    """The start, middle or end of a period (Bộ luật Dân sự 2015, Điều 146)."""
    atom = target.main
    at = hour(target)
    month = atom.get("at")
    named = target.qual("months", "quarters", "half", "nine", "year")
    strength = _strength(target, 78, 64)
    if named is not None:
        year = _year(named)
        every = target.qual("every", "often")
        if not year and every is not None and every.get("list") == "năm":
            return Sense(
                tuple(
                    Every(one.unit, _AT[month](one.unit), (one.index,), time=at)
                    for one in _periods(named, scene.base.year)
                ),
                80,
                "annual",
            )
        periods = _periods(named, year or scene.base.year)
        if not year and periods[-1].last < scene.base:
            periods = [replace(one, year=one.year + 1) for one in periods]
        rules = tuple(Once(one, _AT[month](one.unit), time=at) for one in periods)
        return Sense(rules, strength, _range(target) or _KINDS[periods[0].unit])
    unit = _unit(atom.get("unit"))
    if unit is None:
        return NOTHING
    if unit is Unit.WEEK:
        return _week_position(target, scene, each=bool(atom.get("each")))
    if unit not in MONTHS:
        return NOTHING
    point = _AT[month](unit)
    if atom.get("each") or target.qual("every", "often"):
        return Sense((Every(unit, point, time=at),), strength)
    period = Period.holding(unit, scene.base)
    later = target.qual("next")
    rule = Once(period, point, time=at)
    if _last(rule) < scene.base or later is not None:
        rule = Once(period.next(), point, time=at)
    return Sense((rule,), strength, _range(target))


def _week_position(target: Target, scene: Scene, *, each: bool) -> Sense:
    day = {"đầu": 0, "giữa": 2}.get(target.main.get("at"), 4)
    if each or target.qual("every"):
        return Sense((Weekly((day,), time=hour(target)),), 70, sure=False)
    monday = scene.base - timedelta(days=scene.base.weekday())
    found = monday + timedelta(days=day)
    return Sense((Fixed(found if found >= scene.base else found + 7 * _DAY),), 50, sure=False)


def _start(_unit: Unit) -> Point:
    return On(1, 1)


def _middle(unit: Unit) -> Point:
    return {
        Unit.MONTH: On(1, 15),
        Unit.QUARTER: On(2, 15),
        Unit.HALF: On(3, 31),
        Unit.NINE: On(5, 15),
        Unit.YEAR: On(6, 31),
    }[unit]


def _end(_unit: Unit) -> Point:
    return END


_AT: dict[str, Callable[[Unit], Point]] = {
    "đầu": _start,
    "giữa": _middle,
    "cuối": _end,
    "thượng tuần": lambda _unit: On(1, 10),
    "trung tuần": lambda _unit: On(1, 20),
    "hạ tuần": _end,
    "nửa đầu": _middle,
    "nửa cuối": _end,
}


def _next_period(target: Target, scene: Scene) -> Sense:
    unit = _unit(target.main.get("unit"))
    if unit is Unit.WEEK:
        sunday = scene.base + timedelta(days=13 - scene.base.weekday())
        return Sense((Fixed(sunday),), _strength(target, 60, 15), sure=False)
    if unit not in MONTHS:
        return NOTHING
    period = Period.holding(unit, scene.base).next()
    return replace(_whole(target, [period], _strength(target, 62, 15)), sure=False)


def _this_period(target: Target, scene: Scene) -> Sense:
    word = target.main.get("unit") or target.main.get("unit2")
    unit = _unit(word)
    if unit is Unit.WEEK:
        sunday = scene.base + timedelta(days=6 - scene.base.weekday())
        return Sense((Fixed(sunday),), _strength(target, 60, 40), sure=False)
    if unit not in MONTHS:
        return NOTHING
    sense_ = _whole(target, [Period.holding(unit, scene.base)], _strength(target, 62, 40))
    return sense_ if target.bound != "before" else replace(sense_, sure=False)


def _nothing(_target: Target, _scene: Scene) -> Sense:
    return NOTHING


def _holiday(target: Target, scene: Scene) -> Sense:
    """Days around Tết and the public holidays."""
    atom = target.main
    if atom.get("after") or target.bound == "since":
        return Sense((Open("event", "sau kỳ nghỉ lễ, Tết"),), 60, "event")
    if not _TET_YEARS[0] <= (_year(atom) or scene.base.year) < _TET_YEARS[1]:
        return NOTHING
    before = target.bound == "before"
    day = _festival(atom, _year(atom) or scene.base.year)
    if not _year(atom) and (day - _DAY if before else day) < scene.base:
        day = _festival(atom, scene.base.year + 1)
    rule = Fixed(day, before, hour(target))
    return Sense((rule,), _strength(target, 80, 22), sure=before, others=(rule,))


def _festival(atom: Atom, year: int) -> date:
    if atom.get("eve"):
        return tet(year) - _DAY * (31 - atom.number("eve"))
    if atom.get("new"):
        return tet(year) + _DAY * (atom.number("d") - 1)
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

_READERS: dict[str, Callable[[Target, Scene], Sense]] = {
    "date": _date,
    "datelist": _date,
    "drange": _drange,
    "doms": _doms,
    "nwork": _nwork,
    "nfirst": _nfirst,
    "nlast": _nlast,
    "weekday": _weekday,
    "nthweekday": _nthweekday,
    "weekof": _weekof,
    "day": _day,
    "lunar": _lunar,
    "holiday": _holiday,
    "count": _count,
    "tplus": _tplus,
    "months": _period,
    "quarters": _period,
    "half": _period,
    "nine": _period,
    "year": _period,
    "years": _years,
    "every": _every,
    "often": _every,
    "everyn": _everyn,
    "position": _position,
    "next": _next_period,
    "thisperiod": _this_period,
    "unit": _nothing,
}


def joined(rules: tuple[Rule, ...]) -> Rule:
    """One rule of several."""
    flat: list[Rule] = []
    for rule in rules:
        for one in rule.rules if isinstance(rule, AnyOf) else (rule,):
            if one not in flat:
                flat.append(one)
    flat = _one_week(flat)
    return flat[0] if len(flat) == 1 else AnyOf(tuple(flat))


def _one_week(rules: list[Rule]) -> list[Rule]:
    """Weekdays of one hour are one weekly rule."""
    weekly = [one for one in rules if isinstance(one, Weekly)]
    if len(weekly) < 2 or len({(one.before, one.time) for one in weekly}) > 1:
        return rules
    days = tuple(sorted({day for one in weekly for day in one.weekdays}))
    rest = [one for one in rules if not isinstance(one, Weekly)]
    return [replace(weekly[0], weekdays=days), *rest]
