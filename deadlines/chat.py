"""Days as people type them in a chat: "mai", "thứ 6 tuần sau", "3 ngày nữa", "20/12", "quý sau".

Here a phrase names ONE day to come. "tháng sau" is the coming month, not every month's next; a
bare weekday is the next one. What a document may say ("trước ngày 15/12/2025") is read too.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from deadlines.calendar import WorkCalendar
from deadlines.periods import Period, Unit, clamped
from deadlines.reader import read
from deadlines.words import words

_DAY = timedelta(days=1)
_CALENDAR = WorkCalendar()


@dataclass(frozen=True)
class NoDay:
    """No single day could be read: `choices` holds the days meant if there are several."""

    choices: tuple[date, ...] = ()

    @property
    def ambiguous(self) -> bool:
        return bool(self.choices)


_WEEKDAYS = {"hai": 0, "ba": 1, "tư": 2, "năm": 3, "sáu": 4, "bảy": 5}
_WEEKDAYS |= {str(number + 2): number for number in range(6)}
_UNITS = {"tuần": Unit.WEEK, "tháng": Unit.MONTH, "quý": Unit.QUARTER, "năm": Unit.YEAR}
_NEXT = r"(?:sau|tới|kế tiếp|tiếp theo|tiếp)"
_THIS = r"(?:này|nay)"
_WEEKDAY = r"(?:thứ (?P<w>hai|ba|tư|năm|sáu|bảy|[2-7])|t (?P<w2>[2-7])|(?P<sun>chủ nhật|cn))"

_Found = date | tuple[date, ...] | None
_Reader = Callable[[re.Match[str], date, WorkCalendar], _Found]


def _shift(days: int) -> _Reader:
    return lambda _match, today, _calendar: today + timedelta(days=days)


def _count(match: re.Match[str], today: date, calendar: WorkCalendar) -> _Found:
    number, unit = int(match["n"]), match["u"]
    if number > 400:
        return None
    match unit:
        case "ngày làm việc":
            return calendar.forward(today, number) if number else today
        case "tuần":
            return today + timedelta(weeks=number)
        case "tháng":
            return clamped(today.year, today.month + number, today.day)
        case "năm":
            return clamped(today.year + number, today.month, today.day)
    return today + timedelta(days=number)


def _weekday(match: re.Match[str], today: date, _calendar: WorkCalendar) -> _Found:
    """A weekday of this week, of the next, or the next to come. "này" that is past has no day."""
    word = match["w"] or match["w2"]
    day = _WEEKDAYS[word] if word else 6
    monday = today - timedelta(days=today.weekday())
    which = match["which"] or ""
    if which.startswith("tuần") and not which.endswith(("này", "nay")):
        return monday + timedelta(days=7 + day)
    this = monday + timedelta(days=day)
    if which:
        return this if this >= today else None
    return this if this > today else this + timedelta(days=7)


def _weekend(match: re.Match[str], today: date, calendar: WorkCalendar) -> _Found:
    """The last working day of a week; on a weekend "cuối tuần" could mean this one or the next."""
    monday = today - timedelta(days=today.weekday())
    later = match["which"] is not None and not match["which"].endswith(("này", "nay"))
    friday = calendar.last_working(monday + timedelta(days=11 if later else 4))
    if friday >= today:
        return friday
    return monday + timedelta(days=6) if match["which"] else (friday + 7 * _DAY,)


def _period(match: re.Match[str], today: date, calendar: WorkCalendar) -> _Found:
    """The start, middle or end of this or the coming week, month, quarter or year."""
    unit = _UNITS[match["unit"]]
    which = match["which"] or ""
    later = bool(which) and not which.endswith(("này", "nay"))
    at = match["at"] or "cuối"
    if unit is Unit.WEEK:
        monday = today - timedelta(days=today.weekday()) + timedelta(days=7 if later else 0)
        day = monday + timedelta(days={"đầu": 0, "giữa": 2}.get(at, 4))
        return calendar.last_working(day) if at == "cuối" else day
    period = Period.holding(unit, today)
    found = _point(period.next() if later else period, at)
    if found < today:
        return None if which else _point(period.next(), at)
    return found


def _point(period: Period, at: str) -> date:
    if at == "đầu":
        return period.first
    if at == "giữa":
        middle = {Unit.MONTH: (1, 15), Unit.QUARTER: (2, 15), Unit.YEAR: (6, 30)}[period.unit]
        return period.day(*middle)
    return period.last


def _month_day(match: re.Match[str], today: date, _calendar: WorkCalendar) -> _Found:
    """ "mùng 5 tháng sau", "ngày 20": of the coming month where it is past."""
    day = int(match["d"])
    if not 1 <= day <= 31:
        return None
    which = match["which"] or ""
    if which.endswith(("này", "nay")):
        found = clamped(today.year, today.month, day)
        return found if found >= today else None
    if which:
        return clamped(today.year, today.month + 1, day)
    found = clamped(today.year, today.month, day)
    return found if found >= today else clamped(today.year, today.month + 1, day)


def _next_working(_match: re.Match[str], today: date, calendar: WorkCalendar) -> _Found:
    return calendar.forward(today, 1)


_UNIT = r"(?P<unit>tuần|tháng|quý|năm)"
_WEEK = rf"(?P<which>tuần (?:{_NEXT}|{_THIS})|{_THIS}|{_NEXT})"
_CLOSE = r"(?: (?:nhé|nha|ạ|ak|được không|được ko|đi|em|anh|chị|thôi|\.|!|\?|xin|cho|giúp|với))*"
_OPEN = (
    r"(?:(?:xin|cho|em|anh|chị|đơn|vị|gia|hạn|lùi|dời|hoãn|nhắc|lại|hẹn|chậm|nhất|đến|tới|hết|vào|"
    r"ngày|là|sang|trước|khoảng|tầm|để|trong|sẽ|xong|nộp|gửi|báo|cáo|thêm|ý|sau|còn|mới|:|,) )*?"
)

PHRASES: tuple[tuple[str, _Reader], ...] = (
    (r"hôm nay|trong ngày|trong ngày hôm nay|bữa nay|chiều nay|tối nay|sáng nay|nay", _shift(0)),
    (r"(?:ngày |sáng |chiều |tối |trưa )?mai|bữa sau|hôm sau", _shift(1)),
    (r"(?:ngày |sáng |chiều )?(?:mốt|kia)|(?:ngày|sáng|chiều) kia", _shift(2)),
    (r"ngày kìa", _shift(3)),
    (r"ngày làm việc (?:tới|tiếp theo|sau|kế tiếp)", _next_working),
    (r"(?P<n>\d{1,3}) (?P<u>ngày làm việc|ngày|tuần|tháng|năm|hôm)(?: (?:nữa|tới|sau))?", _count),
    (r"t \+ (?P<n>\d{1,3})(?P<u>)", _count),
    (
        rf"(?:(?:sáng|chiều|tối) )?{_WEEKDAY}(?: {_WEEK})?",
        _weekday,
    ),
    (rf"cuối tuần(?: (?P<which>{_THIS}|{_NEXT}))?", _weekend),
    (rf"(?:(?P<at>đầu|giữa|cuối) )?{_UNIT} (?P<which>{_NEXT}|{_THIS})", _period),
    (r"(?P<at>đầu|giữa|cuối|hết) (?P<unit>tuần|tháng|quý|năm)(?P<which>)", _period),
    (r"(?P<at>)(?P<which>sang|qua) (?P<unit>tuần|tháng|quý|năm)", _period),
    (rf"(?:ngày |mùng )?(?P<d>\d{{1,2}}) tháng (?P<which>{_NEXT}|{_THIS})", _month_day),
    (r"(?:ngày|mùng|hôm) (?P<d>\d{1,2})(?P<which>)", _month_day),
)  # fmt: skip
_TABLE = [(re.compile(rf"{_OPEN}(?:{pattern}){_CLOSE}"), reader) for pattern, reader in PHRASES]
_LONGEST = 200


def read_day(text: str, today: date, calendar: WorkCalendar | None = None) -> date | NoDay:
    """The one day that a person means, on or after `today` (local), or why there is none."""
    if len(text) > _LONGEST:
        return NoDay()
    calendar = calendar or _CALENDAR
    line = words(text).line
    for pattern, reader in _TABLE:
        match = pattern.fullmatch(line)
        if match:
            return _answer(reader(match, today, calendar))
    return _formal(text, today, calendar)


def _answer(found: _Found) -> date | NoDay:
    if isinstance(found, date):
        return found
    return NoDay(found or ())


_DAY_MONTH = re.compile(r"(\d{1,2})\s*[/.-]\s*(\d{1,2})(?!\d)")


def _exists(text: str) -> bool:
    """Whether every "31/11" in a text is a day that some year has."""
    return all(
        1 <= int(match[2]) <= 12 and int(match[1]) <= clamped(2024, int(match[2]), 31).day
        for match in _DAY_MONTH.finditer(text)
    )


def _formal(text: str, today: date, calendar: WorkCalendar) -> date | NoDay:
    """What a document could say: a day, a month, a quarter that ends once."""
    if not _exists(text):
        return NoDay()
    reading = read(text, today, calendar=calendar)
    single = reading.kind in (
        "fixed",
        "range",
        "month",
        "quarter",
        "semiannual",
        "nine_month",
        "year",
    )
    if not reading.due or not single:
        return NoDay(reading.due[:2] if reading.kind == "ambiguous" else ())
    return reading.due[0] if len(reading.due) == 1 else NoDay(reading.due)
