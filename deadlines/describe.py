"""Rules in Vietnamese: the phrase that states the rule, and what it comes to from a given day.

:func:`describe` writes what :func:`deadlines.reader.read` reads back as the same rule; tests hold
the two together.
"""

from datetime import date

from deadlines.calendar import WorkCalendar
from deadlines.periods import MONTHS, Period, Unit
from deadlines.rules import (
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
    Relative,
    Rule,
    Weekly,
    WorkingDay,
)

WEEKDAYS = ("thứ Hai", "thứ Ba", "thứ Tư", "thứ Năm", "thứ Sáu", "thứ Bảy", "Chủ nhật")
ROMAN = ("", "I", "II", "III", "IV")
UNITS = {
    Unit.DAY: "ngày",
    Unit.WEEK: "tuần",
    Unit.MONTH: "tháng",
    Unit.QUARTER: "quý",
    Unit.HALF: "6 tháng",
    Unit.NINE: "9 tháng",
    Unit.YEAR: "năm",
}
COUNTED = {
    "day": "ngày",
    "working": "ngày làm việc",
    "week": "tuần",
    "month": "tháng",
    "year": "năm",
    "hour": "giờ",
}
_ANCHORS = {
    "receipt": "nhận được văn bản",
    "document": "ban hành văn bản",
}


def date_text(day: date) -> str:
    """A date as Nghị định 30/2020 writes it: a leading 0 only before days, January and February."""
    return f"{day.day:02}/{_month(day.month)}/{day.year}"


def _month(number: int) -> str:
    return f"{number:02}" if number < 3 else str(number)


def day_text(day: date) -> str:
    """Weekday and date: "thứ Sáu 24/9/2027"."""
    return f"{WEEKDAYS[day.weekday()]} {date_text(day)}"


def explain(
    rule: Rule,
    due: date | None = None,
    calendar: WorkCalendar | None = None,
) -> str:
    """The rule in words, and with a due day what it comes to.

    "trước ngày 25 của tháng cuối quý → chậm nhất hết thứ Sáu 24/9/2027"; a due day off is named
    with its reason and the last working day before it.
    """
    words = describe(rule)
    if due is None:
        return words
    at = rule.time
    words += f" → trước {at:%Hh%M} {day_text(due)}" if at else f" → chậm nhất hết {day_text(due)}"
    why = calendar.name_of(due) if calendar else None
    return f"{words} ({_day_off(rule, due, why, calendar)})" if calendar and why else words


def _day_off(rule: Rule, due: date, why: str, calendar: WorkCalendar) -> str:
    """Why the due day is off, the safe day, and where the law lets a term run on."""
    safe = day_text(calendar.last_working(due))
    note = f"ngày nghỉ: {why}; ngày làm việc cuối cùng trước đó: {safe}"
    if isinstance(rule, Relative) and rule.count > 0:
        later = day_text(calendar.forward(due, 0))
        note += f"; nếu áp dụng khoản 5 Điều 148 Bộ luật Dân sự thì hết {later}"
    return note


def describe(rule: Rule) -> str:  # noqa: PLR0911 - one branch per shape
    """The rule as an administration would write it."""
    match rule:
        case Fixed():
            return f"{_bound(rule)} ngày {date_text(rule.day)}"
        case Once():
            return _once(rule)
        case Every():
            return _every(rule)
        case Weekly():
            days = ", ".join(WEEKDAYS[one] for one in rule.weekdays)
            return f"{_bound(rule)} {days} hằng tuần"
        case Daily():
            at = f"trước {rule.time:%Hh%M} " if rule.time else ""
            return at + ("hằng ngày làm việc" if rule.working else "hằng ngày") + _between(rule)
        case Relative():
            return _relative(rule)
        case After():
            sign = "sau" if rule.count >= 0 else "trước"
            unit = COUNTED[rule.unit]
            return f"{sign} {abs(rule.count):02} {unit} theo thời hạn: {describe(rule.rule)}"
        case AnyOf():
            return "; ".join(describe(one) for one in rule.rules)
        case Open():
            return rule.reference or _OPEN.get(rule.reason, "chưa xác định được ngày")


_OPEN = {
    "ongoing": "thường xuyên",
    "event": "khi có yêu cầu",
    "per_plan": "theo kế hoạch",
}


def _bound(rule: Fixed | Every | Weekly | Once) -> str:
    if rule.time:
        return f"trước {rule.time:%Hh%M}"
    return "trước" if rule.before else "chậm nhất"


_EDGES = {On(1, 1): "đầu", On(1, 15): "giữa", On(2, 15): "giữa", On(6, 31): "giữa"}


def _once(rule: Once) -> str:
    edge = _EDGES.get(rule.point) if isinstance(rule.point, On) else None
    if edge and not rule.before and not rule.time:
        return f"{edge} {_period(rule.period)}"
    return f"{_at(rule)} {_period(rule.period)}".strip() if rule.point != On() else _whole(rule)


def _whole(rule: Once) -> str:
    if rule.time:
        return f"trước {rule.time:%Hh%M} ngày cuối cùng của {_period(rule.period)}"
    if rule.before:
        return f"trước ngày cuối cùng của {_period(rule.period)}"
    return f"trong {_period(rule.period)}"


def _period(period: Period) -> str:
    match period.unit:
        case Unit.MONTH:
            return f"tháng {_month(period.index)}/{period.year}"
        case Unit.QUARTER:
            return f"quý {ROMAN[period.index]}/{period.year}"
        case Unit.HALF:
            return f"6 tháng {'đầu' if period.index == 1 else 'cuối'} năm {period.year}"
        case Unit.NINE:
            return f"9 tháng đầu năm {period.year}"
        case _:
            return f"năm {period.year}"


def _every(rule: Every) -> str:
    if rule.which:
        return _numbered(rule)
    unit = UNITS[rule.unit]
    if rule.point == On():
        if not rule.before and not rule.time:
            return f"hằng {unit}" if rule.unit not in (Unit.HALF, Unit.NINE) else f"định kỳ {unit}"
        return f"{_bound(rule)} ngày cuối cùng của {_each(rule.unit)}"
    if isinstance(rule.point, On) and rule.unit is Unit.YEAR and rule.point.month:
        later = "hằng năm" if rule.point.month <= 12 else "năm sau"
        month = (rule.point.month - 1) % 12 + 1
        return f"{_bound(rule)} ngày {rule.point.day:02} tháng {_month(month)} {later}"
    return f"{_at(rule)} {_each(rule.unit)}"


def _each(unit: Unit) -> str:
    return f"kỳ {UNITS[unit]}" if unit in (Unit.HALF, Unit.NINE) else f"mỗi {UNITS[unit]}"


def _numbered(rule: Every) -> str:
    """Some periods of the year only: each said in full."""
    parts = []
    for index in rule.which:
        point = rule.point
        if isinstance(point, On):
            start = (index - 1) * MONTHS[rule.unit]
            month = start + (point.month or MONTHS[rule.unit])
            day = f"{_bound(rule)} ngày {point.day:02} tháng {_month((month - 1) % 12 + 1)}"
            later = " năm sau" if month > 12 else " hằng năm"
            parts.append(f"{day}{later} đối với báo cáo {_numbered_unit(rule.unit, index)}")
        else:
            parts.append(f"{_at(rule)} {_numbered_unit(rule.unit, index)} hằng năm")
    return " và ".join(parts)


def _numbered_unit(unit: Unit, index: int) -> str:
    match unit:
        case Unit.HALF:
            return f"6 tháng {'đầu' if index == 1 else 'cuối'} năm"
        case Unit.QUARTER:
            return f"quý {ROMAN[index]}"
        case Unit.MONTH:
            return f"tháng {_month(index)}"
        case _:
            return UNITS[unit]


def _at(rule: Every | Once) -> str:
    """The point, up to the words that name the period."""
    length = MONTHS[rule.period.unit if isinstance(rule, Once) else rule.unit]
    match rule.point:
        case On(month, day):
            return f"{_bound(rule)} ngày {day:02}{_month_of(month, length)}"
        case WorkingDay(month, nth):
            which = "cuối cùng" if nth == -1 else f"thứ {nth}"
            return f"{_bound(rule)} ngày làm việc {which}{_month_of(month, length)}"
        case FromEnd(days, working):
            side = "sau khi kết thúc" if days >= 0 else "trước khi kết thúc"
            unit = "ngày làm việc" if working else "ngày"
            return f"{_bound(rule)} {abs(days):02} {unit} {side}"
        case NthWeekday(weekday, month, nth):
            which = "cuối cùng" if nth == -1 else f"tuần thứ {nth}"
            return f"{_bound(rule)} {WEEKDAYS[weekday]} {which}{_month_of(month, length)}"


def _month_of(month: int, length: int) -> str:
    """The month within its period, ready for "quý" or "mỗi quý" to follow."""
    if length == 1:
        later = f" của tháng thứ {month - 1} sau khi kết thúc"
        return {0: " của", 1: " của", 2: " tháng sau của"}.get(month, later)
    if month == 0:
        return " của tháng cuối"
    if month > length:
        return f" của tháng thứ {month - length} sau khi kết thúc"
    return f" của tháng thứ {month}"


def _between(rule: Daily) -> str:
    if rule.first is None or rule.last is None:
        return ""
    return f" từ ngày {rule.first:%d/%m/%Y} đến ngày {rule.last:%d/%m/%Y}"


def _relative(rule: Relative) -> str:
    label = rule.label or _ANCHORS.get(rule.anchor, rule.anchor)
    amount = f"{abs(rule.count):02} {COUNTED[rule.unit]}"
    if rule.anchor == "parents":
        return f"sau {amount} theo thời gian quy định tại {label}"
    if rule.count < 0:
        return f"chậm nhất {amount} trước khi {label}"
    return f"trong thời hạn {amount} kể từ ngày {label}"
