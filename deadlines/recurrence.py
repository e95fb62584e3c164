"""Rules in the words of RFC 5545 (RRULE), where it has words for them.

A strict "trước" is written out as the day before, because a calendar shows the last on-time day.
Working days and terms that wait for an anchor have no form: RFC 5545 knows no public holidays.
"""

from deadlines.periods import MONTHS, PER_YEAR, Unit
from deadlines.rules import Daily, Every, FromEnd, NthWeekday, On, Rule, Weekly

_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


def to_rrule(rule: Rule) -> str | None:
    """The RRULE value ("FREQ=MONTHLY;BYMONTHDAY=24"), or None where RFC 5545 cannot say it."""
    if isinstance(rule, Daily):
        return None if rule.working or rule.last else "FREQ=DAILY"
    if isinstance(rule, Weekly):
        shift = 1 if rule.before else 0
        names = (_DAYS[(day - shift) % 7] for day in sorted(rule.weekdays))
        return "FREQ=WEEKLY;BYDAY=" + ",".join(names)
    if isinstance(rule, Every):
        return _every(rule)
    return None


def _every(rule: Every) -> str | None:
    match rule.point:
        case On(month, day):
            return _monthly(rule, month, _by_month_day(day, before=rule.before), day)
        case FromEnd(days, False):
            return _from_end(rule, days - rule.before)
        case NthWeekday(weekday, month, nth) if not rule.before and nth in (-1, 1, 2, 3, 4):
            return _monthly(rule, month, f"BYDAY={nth:+}{_DAYS[weekday]}".replace("+", ""), 2)
    return None


def _by_month_day(day: int, *, before: bool) -> str | None:
    """The due day within its month, as BYMONTHDAY; clamped days need a set."""
    if day == 1 and before:
        return "BYMONTHDAY=-1"
    if day <= 28:
        return f"BYMONTHDAY={day - before}"
    if day == 31:
        return f"BYMONTHDAY={-2 if before else -1}"
    if before:
        return None
    days = ",".join(str(one) for one in range(28, day + 1))
    return f"BYMONTHDAY={days};BYSETPOS=-1"


def _from_end(rule: Every, days: int) -> str | None:
    if days == 0:
        return _monthly(rule, 0, "BYMONTHDAY=-1", 31)
    if 0 < days <= 28:
        return _monthly(rule, MONTHS[rule.unit] + 1, f"BYMONTHDAY={days}", 2)
    if -27 <= days < 0:
        return _monthly(rule, 0, f"BYMONTHDAY={days - 1}", 2)
    return None


def _monthly(rule: Every, month: int, days: str | None, named_day: int) -> str | None:
    if days is None:
        return None
    if named_day == 1 and rule.before:
        month = (month or MONTHS[rule.unit]) - 1
        month = 12 if month == 0 and rule.unit is Unit.YEAR else month
    length = MONTHS[rule.unit]
    starts = [(index - 1) * length for index in rule.which or range(1, PER_YEAR[rule.unit] + 1)]
    offset = length if month == 0 and not (named_day == 1 and rule.before) else month
    months = sorted({(start + offset - 1) % 12 + 1 for start in starts})
    if len(months) == 12:
        return f"FREQ=MONTHLY;{days}"
    return f"FREQ=MONTHLY;BYMONTH={','.join(map(str, months))};{days}"
