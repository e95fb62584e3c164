"""Reads a Vietnamese deadline: text -> rule -> days, with how sure the reading is."""

import re
from dataclasses import replace
from datetime import date, timedelta
from functools import lru_cache
from itertools import islice, pairwise
from typing import Any

from deadlines.calendar import WorkCalendar
from deadlines.choice import choose
from deadlines.describe import describe, explain
from deadlines.meaning import joined
from deadlines.periods import MONTHS, Unit
from deadlines.reading import Reading
from deadlines.rules import (
    After,
    Anchors,
    AnyOf,
    Daily,
    Every,
    Fixed,
    On,
    Once,
    Open,
    Relative,
    Rule,
    Weekly,
    World,
)
from deadlines.rules import (
    inclusive as inclusively,
)
from deadlines.words import words

__all__ = ["Reading", "read"]

_CALENDAR = WorkCalendar()
_MANY = 4
# Longer texts are sentences, which seldom come twice.
_SHORT = 300
_HORIZON = timedelta(days=60_000)
_FIRST, _LAST = date(1900, 1, 1), date(2190, 1, 1)

# Why no day can be given, by kind.
_WHY = {
    "ongoing": "việc thường xuyên, không có ngày đến hạn",
    "event": "chờ sự kiện, chưa có ngày để tính",
    "per_plan": "theo văn bản hoặc kế hoạch khác, cần tra ngày ở đó",
    "ambiguous": "nêu chu kỳ nhưng không nêu điểm bắt đầu",
    "relative": "chờ mốc để tính",
    "unread": "không đọc được thời hạn",
}


def read(
    text: str,
    reference: date,
    *,
    inclusive: bool = False,
    document_date: date | None = None,
    calendar: WorkCalendar | None = None,
    anchors: Anchors | None = None,
) -> Reading:
    """The deadline that a text states, seen from the day `reference`. Never raises on any text.

    `inclusive` lets "trước ngày D" include D. `document_date` is the day of signing: it gives the
    year of "15/3" and starts terms "kể từ ngày ký". `anchors` holds the days of other events
    ("receipt", "event", or the words of the phrase) or the rules of a section ("mục 2"). A term
    whose anchor is not given counts from the reference.
    """
    signed = document_date or reference
    calendar = calendar or _CALENDAR
    if anchors is None and len(text) <= _SHORT:
        return _remembered(text, reference, inclusive, signed, calendar)
    return _read(text, reference, inclusive, signed, World(calendar, anchors or {}))


@lru_cache(maxsize=2048)
def _remembered(
    text: str, reference: date, inclusive: bool, signed: date, calendar: WorkCalendar
) -> Reading:
    """A plan says "Tháng 12" in a hundred rows: read it once."""
    return _read(text, reference, inclusive, signed, World(calendar))


def _read(text: str, reference: date, inclusive: bool, signed: date, given: World) -> Reading:
    base = min(max(signed, _FIRST), _LAST)
    known: dict[str, Any] = {"document": base, "receipt": reference, "event": reference}
    world = World(given.calendar, known | dict(given.anchors))
    found = words(text)
    choice = None if _DATELINE.fullmatch(text) else choose(found, base)
    if choice is None:
        return Reading(text, "unread", explain=_sentence(_WHY["unread"]))
    picked, span = choice[0], found.span(*choice[1:])
    rule = _quoted(joined(picked.rules), text[slice(*span)])
    rule = inclusively(rule) if inclusive else rule
    kind = picked.kind or kind_of(rule)
    due = upcoming(rule, reference, world)
    readings = () if picked.sure else tuple(dict.fromkeys((rule, *picked.others)))
    return Reading(
        text=text,
        kind=kind,
        rule=rule,
        due=due,
        time=rule.time,
        sure=picked.sure,
        readings=readings,
        explain=_explain(rule, kind, due, world.calendar) + _doubt(rule, readings),
        span=span,
        reason="" if due else _WHY.get(kind, ""),
        reference_text=_hangs_on(rule),
    )


def _quoted(rule: Rule, words_: str) -> Rule:
    """An open rule quotes the text as it was written."""
    return replace(rule, reference=words_) if isinstance(rule, Open) else rule


def _hangs_on(rule: Rule) -> str:
    match rule:
        case Open():
            return rule.reference
        case Relative():
            return rule.label
    return ""


def _sentence(words_: str) -> str:
    return words_[:1].upper() + words_[1:]


def _explain(rule: Rule, kind: str, due: tuple[date, ...], calendar: WorkCalendar) -> str:
    if due:
        return explain(rule, due[0], calendar)
    why = _WHY.get(kind, "đã qua, không còn ngày đến hạn")
    return f"{explain(rule)}: {why}"


def _doubt(rule: Rule, readings: tuple[Rule, ...]) -> str:
    """What else the text could mean, for a person to choose."""
    if not readings:
        return ""
    parts = rule.rules if isinstance(rule, AnyOf) else (rule,)
    others = [describe(one) for one in readings if one is not rule and one not in parts]
    if not others:
        return " [chưa chắc chắn, cần người xác nhận]"
    return f" [chưa chắc chắn; cũng có thể là: {' | '.join(others[:3])}]"


def upcoming(rule: Rule, reference: date, world: World, count: int = _MANY) -> tuple[date, ...]:
    """The next due days of a rule, on or after the reference."""
    until = reference + min(_HORIZON, date.max - reference)
    return tuple(one.due for one in islice(rule.occur(reference, until, world), count))


# "Kon Tum, ngày 25 tháng 01 năm 2024": where and when a document was signed.
_PLACE = r"(?!(?:Ngày|Trước|Báo|Gửi|Xong|Hạn|Hoàn|Từ|Đến)\b)[A-ZĐÀ-Ỹ][^\W\d_]{0,9}\.?"
_DATELINE = re.compile(
    rf"\s*{_PLACE}(?:[ -]{_PLACE}){{0,4}}\s?,\s{{0,3}}ngày\s{{1,3}}\d{{1,2}}\s{{1,3}}tháng"
    r"\s{1,3}\d{1,2}\s{1,3}năm\s{1,3}\d{4}\s*"
)


# --- Kinds -------------------------------------------------------------------------------------

_ONCE = {
    Unit.MONTH: "month",
    Unit.QUARTER: "quarter",
    Unit.HALF: "semiannual",
    Unit.NINE: "nine_month",
    Unit.YEAR: "year",
}
_EVERY = {
    Unit.MONTH: "monthly",
    Unit.QUARTER: "quarterly",
    Unit.HALF: "semiannual",
    Unit.NINE: "nine_month",
    Unit.YEAR: "annual",
}


def kind_of(rule: Rule) -> str:  # noqa: PLR0911 - one branch per shape
    """The kind of a reading by the shape of its rule."""
    match rule:
        case Fixed():
            return "fixed"
        case Once():
            return _ONCE[rule.period.unit]
        case Every():
            return _EVERY[rule.unit] if not _monthly_of_year(rule) else "annual"
        case Weekly():
            return "weekly"
        case Daily():
            return "daily"
        case Relative() | After():
            return "relative"
        case AnyOf():
            return _kind_of_several(rule)
    return rule.reason


def _monthly_of_year(rule: Every) -> bool:
    return rule.unit in (Unit.MONTH, Unit.QUARTER) and len(rule.which) == 1


def _kind_of_several(rule: AnyOf) -> str:
    kinds = {kind_of(one) for one in rule.rules}
    if kinds == {"annual"}:
        months = sorted(_months(rule))
        gaps = {after - before for before, after in pairwise(months)}
        if len(months) > 2 and gaps == {3}:
            return "quarterly"
        if len(months) == 2 and gaps == {6}:
            return "semiannual"
    if len(kinds) == 1:
        return kinds.pop()
    return "nine_month" if "nine_month" in kinds else "multi"


def _months(rule: AnyOf) -> list[int]:
    """The month of the year of each yearly day."""
    months = []
    for one in rule.rules:
        if isinstance(one, Every) and isinstance(one.point, On):
            start = (one.which[0] - 1) * MONTHS[one.unit] if one.which else 0
            months.append((start + (one.point.month or MONTHS[one.unit]) - 1) % 12)
    return months
