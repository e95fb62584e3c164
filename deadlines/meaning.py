"""Targets into rules: which day of which period a candidate names, and how sure that is."""

from collections.abc import Callable
from dataclasses import replace

from deadlines.dated import read_date, read_day_word, read_drange, read_holiday, read_lunar
from deadlines.grammar import Target
from deadlines.monthdays import read_doms, read_nfirst, read_nlast, read_nwork
from deadlines.rules import (
    AnyOf,
    Rule,
    Weekly,
)
from deadlines.senses import NOTHING, Scene, Sense
from deadlines.spans import (
    read_every,
    read_everyn,
    read_halfmonth,
    read_monthof,
    read_next_period,
    read_period,
    read_position,
    read_this_period,
    read_unit,
    read_years,
)
from deadlines.terms import read_count, read_nextday, read_tplus
from deadlines.weekdays import read_nthweekday, read_weekday, read_weekof

# These carry their own end.
_SPANS = frozenset({"years", "drange", "holiday"})


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
    if target.kind == "year" and target.start == 0:  # "Năm 2025, toàn tỉnh có …"
        return scene.line[target.end : target.end + 80].count(" ") > 2 * _LOOSE
    before = scene.line[max(0, target.start - 60) : target.start]
    return len(before.split()) > _LOOSE and not before.endswith(_COLUMN)


# So many words before a loose day and nothing that binds it: perhaps only mentioned.
_LOOSE = 4


# … unless it stands in a column of its own.
_COLUMN = (": ", "; ", "| ", "( ", "- ")


def _sense(target: Target, scene: Scene) -> Sense:
    if target.bound == "asof":
        return NOTHING
    spans = target.kind in _SPANS or "-" in target.main.get("days")
    if target.bound == "since" and not target.ranged and not spans:
        return NOTHING
    return _READERS[target.kind](target, scene)


_READERS: dict[str, Callable[[Target, Scene], Sense]] = {
    "date": read_date,
    "datelist": read_date,
    "drange": read_drange,
    "doms": read_doms,
    "nwork": read_nwork,
    "nfirst": read_nfirst,
    "nlast": read_nlast,
    "weekday": read_weekday,
    "nthweekday": read_nthweekday,
    "weekof": read_weekof,
    "day": read_day_word,
    "lunar": read_lunar,
    "holiday": read_holiday,
    "count": read_count,
    "tplus": read_tplus,
    "months": read_period,
    "quarters": read_period,
    "half": read_period,
    "nine": read_period,
    "year": read_period,
    "years": read_years,
    "every": read_every,
    "often": read_every,
    "everyn": read_everyn,
    "position": read_position,
    "next": read_next_period,
    "thisperiod": read_this_period,
    "unit": read_unit,
    "halfmonth": read_halfmonth,
    "monthof": read_monthof,
    "nextday": read_nextday,
}


def joined(rules: tuple[Rule, ...]) -> Rule:
    """One rule of several."""
    parts = (rule.rules if isinstance(rule, AnyOf) else (rule,) for rule in rules)
    flat = _one_week(list(dict.fromkeys(one for part in parts for one in part)))
    return flat[0] if len(flat) == 1 else AnyOf(tuple(flat))


def _one_week(rules: list[Rule]) -> list[Rule]:
    """Weekdays of one hour are one weekly rule."""
    weekly = [one for one in rules if isinstance(one, Weekly)]
    if len(weekly) < 2 or len({(one.before, one.time) for one in weekly}) > 1:
        return rules
    days = tuple(sorted({day for one in weekly for day in one.weekdays}))
    rest = [one for one in rules if not isinstance(one, Weekly)]
    return [replace(weekly[0], weekdays=days), *rest]
