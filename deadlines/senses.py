"""What a target can come to, and how its words are read: units, ordinals, hours, contexts."""

import re
from dataclasses import dataclass
from datetime import date, time, timedelta

from deadlines.grammar import Target
from deadlines.periods import Unit
from deadlines.phrases import Atom
from deadlines.rules import (
    Fixed,
    On,
    Once,
    Rule,
    World,
)

ONE_DAY = timedelta(days=1)


NOWHERE = World()  # plain days need no calendar


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


UNITS = {
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


WEEKDAYS = {"hai": 0, "ba": 1, "tư": 2, "năm": 3, "sáu": 4, "bảy": 5} | {
    str(day + 2): day for day in range(6)
}


_LIST_ITEM = re.compile(
    r"ngày làm việc|ngày|tuần|quý|0?6 tháng(?: (?P<first>đầu) năm)?|nửa năm|0?9 tháng|tháng|năm"
)


def unit_of(word: str) -> Unit | None:
    return UNITS.get(word.removeprefix("0"))


def ordinal_of(word: str) -> int:
    """1, 2, 3 … and -1 for the last."""
    return _WORDS.get(word) or int(re.sub(r"\D", "", word) or 1)


def units(atom: Atom) -> list[tuple[Unit, tuple[int, ...]]]:
    """The periods an "every" names, each with the numbers it is limited to."""
    found: list[tuple[Unit, tuple[int, ...]]] = []
    for text in (atom.get("bare"), atom.get("list"), atom.get("unit")):
        for match in _LIST_ITEM.finditer(text):
            word = match[0].removesuffix(" đầu năm")
            unit = unit_of(word)
            if unit:
                found.append((unit, (1,) if match["first"] and unit is Unit.HALF else ()))
    if atom.kind == "half":
        found.append((Unit.HALF, (1 if atom.get("which") == "đầu" else 2,)))
    if atom.kind == "nine":
        found.append((Unit.NINE, ()))
    if atom.kind == "quarters":
        found.append((Unit.QUARTER, tuple(numbers_in(atom.get("q")))))
    return found


_CONTEXTS = frozenset({"every", "often", "half", "nine", "unit", "quarters"})


def context_of(target: Target) -> list[tuple[Unit, tuple[int, ...]]]:
    """The periods a day belongs to, said after it or before it."""
    said = [
        units(atom)
        for atom in target.quals
        if atom.kind in ("every", "often", "half", "nine", "quarters") and not year_of(atom)
    ]
    if said:  # "ngày 15/6 hằng năm đối với báo cáo 6 tháng": of the half-year
        return max(said, key=lambda found: bool(found) and found[0][0] is not Unit.YEAR)
    before = [one for one in target.prefix if one.kind in _CONTEXTS and not year_of(one.main)]
    for one in before:
        one.used = True
    return [found for one in before for found in units(one.main)]


def year_of(atom: Atom) -> int:
    short = atom.number("yy")
    return atom.number("y") or atom.number("y2") or (2000 + short if short else 0)


def numbers_in(text: str) -> list[int]:
    roman = {"i": 1, "ii": 2, "iii": 3, "iv": 4}
    return [roman.get(word) or int(word) for word in re.findall(r"\d+|\b[iv]+\b", text)]


def is_strict(target: Target) -> bool:
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
    if atom.get("part") in ("chiều", "tối", "pm") and hours < 12:
        hours += 12
    return time(23, 59) if hours >= 24 else time(hours, minutes)


def strength_of(target: Target, bound: int, free: int) -> int:
    return bound if target.bound or target.time else free


def range_kind(target: Target) -> str:
    return "range" if target.ranged else ""


def last_day(rule: Rule) -> date:
    """The day a one-time rule names, less one for "trước"; working days count as the last."""
    if isinstance(rule, Fixed):
        return rule.day - ONE_DAY if rule.before else rule.day
    if isinstance(rule, Once):
        if isinstance(rule.point, On):
            return rule.point.find(rule.period, NOWHERE)
        return rule.period.last
    return date.max
