"""What a deadline phrase means: frozen rules that expand to last on-time days.

A rule holds the day a text names; `before` says that the day itself is already late ("trước
ngày 25" holds 25, due 24), so that "sau 03 ngày" can count from the named day. Nothing here reads
text or a clock.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import date, time, timedelta
from heapq import merge
from itertools import groupby
from typing import Any, TypeVar, cast

from deadlines.calendar import WorkCalendar
from deadlines.periods import MONTHS, Period, Unit, clamped

# Fields are called `time`, which would hide the type of that name.
Clock = time
_DAY = timedelta(days=1)
# Years are computed once per calendar, so the plain one is shared.
_CALENDAR = WorkCalendar()

Anchors = Mapping[str, "date | tuple[Rule, ...]"]


@dataclass(frozen=True, order=True)
class Occurrence:
    """One due day: `period_key` names it for ever in its rule, `due` is the last on-time day."""

    due: date
    period_key: str


@dataclass(frozen=True)
class World:
    """What a rule may look at when it expands: the calendar, and the days of its anchors.

    Anchors: "document" (ban hành, ký), "receipt" (nhận được), "event" or the name that the rule
    carries; "parents" or a section's name ("mục 2") holds the rules of other deadlines.
    """

    calendar: WorkCalendar = _CALENDAR
    anchors: Anchors = field(default_factory=dict)


# --- Points: where in a period the named day lies --------------------------------------------


@dataclass(frozen=True)
class On:
    """A day of the period's `month`-th month (0 the last, past the length: months after it)."""

    month: int = 0
    day: int = 31

    def find(self, period: Period, _world: World) -> date:
        return period.day(self.month, self.day)


@dataclass(frozen=True)
class WorkingDay:
    """The `nth` working day of the period's `month`-th month; -1 is the last one."""

    month: int = 0
    nth: int = -1

    def find(self, period: Period, world: World) -> date:
        if self.nth < 0:
            after = period.day(self.month, 31) + _DAY
            return world.calendar.back(after, -self.nth)
        return world.calendar.forward(period.day(self.month, 1) - _DAY, self.nth)


@dataclass(frozen=True)
class FromEnd:
    """So many days after the period's end (negative: before it)."""

    days: int
    working: bool = False

    def find(self, period: Period, world: World) -> date:
        return _count(period.last, self.days, "working" if self.working else "day", world)


@dataclass(frozen=True)
class NthWeekday:
    """The `nth` such weekday (0 = Monday) of the period's `month`-th month; -1 is the last."""

    weekday: int
    month: int = 1
    nth: int = 1

    def find(self, period: Period, _world: World) -> date:
        if self.nth < 0:
            last = period.day(self.month, 31)
            return last - timedelta(days=(last.weekday() - self.weekday) % 7)
        first = period.day(self.month, 1)
        gap = (self.weekday - first.weekday()) % 7
        return min(first + timedelta(days=gap + 7 * (self.nth - 1)), period.day(self.month, 31))


Point = On | WorkingDay | FromEnd | NthWeekday
END = On()


# --- Rules -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fixed:
    """One named day."""

    day: date
    before: bool = False
    time: Clock | None = None

    def occur(self, start: date, until: date, _world: World) -> Iterator[Occurrence]:
        yield from _within([(self.day.isoformat(), _late(self.day, self))], start, until)


@dataclass(frozen=True)
class Once:
    """A point of one named period: "Tháng 12/2025", "đầu quý II/2026"."""

    period: Period
    point: Point = END
    before: bool = False
    time: Clock | None = None

    def occur(self, start: date, until: date, world: World) -> Iterator[Occurrence]:
        day = _late(self.point.find(self.period, world), self)
        yield from _within([(self.period.key, day)], start, until)


@dataclass(frozen=True)
class Every:
    """A point of every period of a unit, or only of the periods numbered in `which`."""

    unit: Unit
    point: Point = END
    which: tuple[int, ...] = ()
    before: bool = False
    time: Clock | None = None

    def occur(self, start: date, until: date, world: World) -> Iterator[Occurrence]:
        reach = self._reach()
        for period in Period.between(self.unit, _less(start, reach), _plus(until, reach)):
            if self.which and period.index not in self.which:
                continue
            day = _late(self.point.find(period, world), self)
            if day > until:
                break
            if day >= start:
                yield Occurrence(day, period.key)

    def _reach(self) -> timedelta:
        """How far a due day may lie from its period, with room for holidays."""
        if isinstance(self.point, FromEnd):
            return timedelta(days=2 * abs(self.point.days) + 60)
        return timedelta(days=31 * (max(self.point.month - MONTHS[self.unit], 0) + 1))


@dataclass(frozen=True)
class Weekly:
    """These weekdays (0 = Monday) of every week."""

    weekdays: tuple[int, ...] = (6,)
    before: bool = False
    time: Clock | None = None

    def occur(self, start: date, until: date, _world: World) -> Iterator[Occurrence]:
        first = min(self.weekdays)
        for ordinal in range(start.toordinal(), min(until, date.max - _DAY).toordinal() + 1):
            due = date.fromordinal(ordinal)
            named = due + _DAY if self.before else due
            if named.weekday() in self.weekdays:
                year, week, _ = named.isocalendar()
                suffix = "" if named.weekday() == first else f"/{named.weekday() + 1}"
                yield Occurrence(due, f"{year:04}-W{week:02}{suffix}")


@dataclass(frozen=True)
class Daily:
    """Every day, or every working day; where said, only from `first` to `last`."""

    working: bool = False
    time: Clock | None = None
    first: date | None = None
    last: date | None = None

    def occur(self, start: date, until: date, world: World) -> Iterator[Occurrence]:
        start, until = max(start, self.first or start), min(until, self.last or until)
        for ordinal in range(start.toordinal(), until.toordinal() + 1):
            day = date.fromordinal(ordinal)
            if not self.working or world.calendar.is_working(day):
                yield Occurrence(day, day.isoformat())


@dataclass(frozen=True)
class Relative:
    """So many days, working days, weeks, months or years after an anchor (negative: before it).

    The anchor's own day is not counted (Bộ luật Dân sự 2015, Điều 147). Without a day for the
    anchor there is no due day yet.
    """

    count: int
    unit: str = "day"
    anchor: str = "receipt"
    label: str = ""
    before: bool = False
    time: Clock | None = None

    def occur(self, start: date, until: date, world: World) -> Iterator[Occurrence]:
        known = world.anchors.get(self.label) or world.anchors.get(self.anchor)
        if isinstance(known, date):
            day = _late(_count(known, self.count, self.unit, world), self)
            yield from _within([(known.isoformat(), day)], start, until)
        elif known:
            parent = AnyOf(known)
            yield from After(parent, self.count, self.unit, self.time).occur(start, until, world)


@dataclass(frozen=True)
class After:
    """So many days after each day that another rule names; it moves when that rule moves."""

    rule: "Rule"
    count: int
    unit: str = "day"
    time: Clock | None = None

    def occur(self, start: date, until: date, world: World) -> Iterator[Occurrence]:
        reach = timedelta(days=31 * abs(self.count) + 31)
        for one in named(self.rule).occur(_less(start, reach), _plus(until, reach), world):
            day = _count(one.due, self.count, self.unit, world)
            if day > until:
                break
            if day >= start:
                yield Occurrence(day, one.period_key)


@dataclass(frozen=True)
class AnyOf:
    """Several deadlines of one task. A day that two of them name is due once, for the longer
    period: a month's report that is also the quarter's is the quarter's."""

    rules: tuple["Rule", ...]

    @property
    def time(self) -> Clock | None:
        times = {one.time for one in self.rules}
        return times.pop() if len(times) == 1 else None

    def occur(self, start: date, until: date, world: World) -> Iterator[Occurrence]:
        streams = (
            self._keyed(number, rule.occur(start, until, world))
            for number, rule in enumerate(self.rules)
        )
        for _, same in groupby(merge(*streams), key=lambda one: one.due):
            yield max(same, key=lambda one: _span(one.period_key))

    def _keyed(self, number: int, days: Iterator[Occurrence]) -> Iterator[Occurrence]:
        """Keys of a rule that shares its periods with an earlier one are told apart."""
        twin = any(_same_keys(self.rules[number], one) for one in self.rules[:number])
        for one in days:
            yield Occurrence(one.due, f"{one.period_key}#{number + 1}") if twin else one


@dataclass(frozen=True)
class Open:
    """No day can be computed: `reason` is a kind ("ongoing", "event", "per_plan"), `reference`
    the words that say what it hangs on."""

    reason: str
    reference: str = ""

    @property
    def time(self) -> None:
        return None

    def occur(self, _start: date, _until: date, _world: World) -> Iterator[Occurrence]:
        yield from ()


Rule = Fixed | Once | Every | Weekly | Daily | Relative | After | AnyOf | Open
_R = TypeVar("_R")


def occurrences(
    rule: Rule,
    start: date,
    until: date,
    calendar: WorkCalendar | None = None,
    anchors: Anchors | None = None,
) -> list[Occurrence]:
    """The due days of a rule from `start` to `until`, both included, in order."""
    world = World(calendar or _CALENDAR, anchors or {})
    return list(rule.occur(start, until, world))


def named(rule: _R) -> _R:
    """The rule that ends on the day the text names, even where the text says "trước"."""
    return _with_before(rule, before=False)


def inclusive(rule: _R) -> _R:
    """The rule as a committee reads it that lets "trước ngày D" include D."""
    return _with_before(rule, before=False)


def _with_before(rule: _R, *, before: bool) -> _R:
    if isinstance(rule, AnyOf):
        return cast("_R", AnyOf(tuple(_with_before(one, before=before) for one in rule.rules)))
    if is_dataclass(rule) and any(one.name == "before" for one in fields(rule)):
        return cast("_R", replace(cast("Any", rule), before=before))
    return rule


def _late(day: date, rule: Fixed | Once | Every | Relative) -> date:
    return _less(day, _DAY) if rule.before else day


def _within(days: list[tuple[str, date]], start: date, until: date) -> Iterator[Occurrence]:
    yield from (Occurrence(day, key) for key, day in days if start <= day <= until)


def _same_keys(one: Rule, other: Rule) -> bool:
    if isinstance(one, Every) and isinstance(other, Every):
        shared = not one.which or not other.which or set(one.which) & set(other.which)
        return one.unit == other.unit and bool(shared)
    if isinstance(one, Fixed | Once) and isinstance(other, Fixed | Once):
        return False
    return type(one) is type(other)


def _span(key: str) -> int:
    """Orders period keys by the length of their period."""
    for rank, mark in enumerate(("9M", "H", "Q")):
        if mark in key:
            return 5 - rank
    return 6 if len(key) == 4 else 2 if len(key) == 7 else 1


def _less(day: date, gap: timedelta) -> date:
    return day - gap if day - date.min > gap else date.min


def _plus(day: date, gap: timedelta) -> date:
    return day + gap if date.max - day > gap else date.max


def _count(day: date, count: int, unit: str, world: World) -> date:
    """Counts from a day that is itself not counted (Điều 147, 148)."""
    if unit == "working":
        step = world.calendar.forward if count >= 0 else world.calendar.back
        return step(day, abs(count)) if count else day
    if unit in ("month", "year"):
        return clamped(day.year, day.month + count * (12 if unit == "year" else 1), day.day)
    if unit == "hour":
        return day + timedelta(days=-(-count // 24) if count % 24 == 0 or count > 24 else 0)
    return day + timedelta(days=count * (7 if unit == "week" else 1))
