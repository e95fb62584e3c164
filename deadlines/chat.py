"""Days as people type them in a chat: "mai", "thứ 6 tuần sau", "3 ngày nữa", "20/12", "quý sau".

Here a phrase names ONE day to come. "tháng sau" is the coming month, not every month's next, and
"tháng sau nữa" the one after it; a bare weekday is the next one. What a document may say ("trước
ngày 15/12/2025") is read too.
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
_NEXT = r"(?:sau|tới|kế tiếp|tiếp theo|tiếp)(?: nữa)?"
_THIS = r"(?:này|nay)"
_WEEKDAY = r"(?:thứ (?P<w>hai|ba|tư|năm|sáu|bảy|[2-7])|t (?P<w2>[2-7])|(?P<sun>chủ nhật|cn))"

_Found = date | tuple[date, ...] | None
_Reader = Callable[[re.Match[str], date, WorkCalendar], _Found]


def _shift(days: int) -> _Reader:
    return lambda _match, today, _calendar: today + timedelta(days=days)


def _half_month(_match: re.Match[str], today: date, _calendar: WorkCalendar) -> _Found:
    return today + timedelta(days=15)


def _ahead(which: str | None) -> int:
    """How many weeks, months … after this one "này", "sau" and "sau nữa" are."""
    if not which or which.endswith(("này", "nay")):
        return 0
    return 2 if which.endswith("nữa") else 1


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
    if which.startswith("tuần") and (weeks := _ahead(which)):
        return monday + timedelta(days=7 * weeks + day)
    this = monday + timedelta(days=day)
    if which:
        return this if this >= today else None
    return this if this > today else this + timedelta(days=7)


def _weekend(match: re.Match[str], today: date, calendar: WorkCalendar) -> _Found:
    """The last working day of a week; on a weekend "cuối tuần" could mean this one or the next."""
    monday = today - timedelta(days=today.weekday())
    friday = calendar.last_working(monday + timedelta(days=4 + 7 * _ahead(match["which"])))
    if friday >= today:
        return friday
    return monday + timedelta(days=6) if match["which"] else (friday + 7 * _DAY,)


def _period(match: re.Match[str], today: date, calendar: WorkCalendar) -> _Found:
    """The start, middle or end of this or the coming week, month, quarter or year."""
    unit = _UNITS[match["unit"]]
    which = match["which"] or ""
    later = _ahead(which)
    at = match["at"] or "cuối"
    if unit is Unit.WEEK:
        monday = today - timedelta(days=today.weekday()) + timedelta(days=7 * later)
        day = monday + timedelta(days={"đầu": 0, "giữa": 2}.get(at, 4))
        return calendar.last_working(day) if at == "cuối" else day
    period = Period.holding(unit, today)
    for _ in range(later):
        period = period.next()
    found = _point(period, at)
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
        return clamped(today.year, today.month + _ahead(which), day)
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
    (r"nửa tháng(?: (?:nữa|tới))?", _half_month),
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
# "Hai tuần", but not "hai tuần nữa": it does not say from when.
_LENGTH = re.compile(r"(?:\d{1,3} (?:ngày làm việc|ngày|tuần|tháng|năm|hôm)|nửa tháng)$")
_AGAIN = re.compile(r"\bnữa\b")
# What cannot begin the reason behind a day, because it goes on with the day.
_GOES_ON = re.compile(
    r"[\d/+-]|(?:nữa|sau|tới|này|nay|kế|tiếp|năm|tháng|quý|tuần|ngày|hoặc|hay|đến|trước|và)\b"
)
_MOST_WORDS = 20


@dataclass(frozen=True)
class Front:
    """The day at the front of an answer, and the words behind it. `length`: only how long was said
    ("thêm 10 ngày"), not from when; the day counts from the day it was read on."""

    day: date
    rest: str
    length: bool = False


def read_front(text: str, today: date, calendar: WorkCalendar | None = None) -> Front | None:
    """The day that the first words name as people type it ("tuần sau nữa vì mưa lũ"); the longest
    such words count. None where they name none, and for days a document could name ("20/12")."""
    typed = text[: 8 * _LONGEST].split()
    for size in range(min(len(typed), _MOST_WORDS), 0, -1):
        head = " ".join(typed[:size])
        behind = " ".join(typed[size:])
        if behind and not head.endswith((",", ";", ".", ":")) and _goes_on(behind):
            continue
        line = words(head.rstrip(" ,;.:")).line
        found = _by_table(line, today, calendar or _CALENDAR)
        if isinstance(found, date):
            return Front(found, behind, _LENGTH.search(line) is not None)
    return None


def _goes_on(behind: str) -> bool:
    return _GOES_ON.match(words(behind[:_LONGEST]).line) is not None


def _by_table(line: str, today: date, calendar: WorkCalendar) -> _Found:
    """What a phrase of the table says: a day, days, or that there is none (an empty tuple); None
    where no phrase is the whole line."""
    for pattern, reader in _TABLE:
        match = pattern.fullmatch(line)
        if match:
            return reader(match, today, calendar) or ()
    return None


def read_day(text: str, today: date, calendar: WorkCalendar | None = None) -> date | NoDay:
    """The one day that a person means, on or after `today` (local), or why there is none."""
    if len(text) > _LONGEST:
        return NoDay()
    calendar = calendar or _CALENDAR
    line = words(text).line
    found = _by_table(line, today, calendar)
    if isinstance(found, date):
        return found
    if found is not None:
        return NoDay(found)
    # No document says so, and its reader would take "tuần sau nữa" for "tuần sau".
    return NoDay() if _AGAIN.search(line) else _formal(text, today, calendar)


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
