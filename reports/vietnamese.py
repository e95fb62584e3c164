"""Days, hours, figures and names as Vietnamese administration writes them. Pure functions; the
templates know them as filters (`FILTERS`).

Dates follow Nghị định 30/2020/NĐ-CP: days below 10 and the months 1 and 2 take a leading zero.
"""

import re
import unicodedata
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from deadlines.describe import WEEKDAYS
from registry.clock import local

_BLANKS = re.compile(r"\s+")
_JOINER = "\u200d"
# Control characters, direction marks and invisible signs let a name pretend to be another one, or
# turn the line round; the zero-width joiner stays, because emoji are built with it.
_UNSEEN = dict.fromkeys(
    [
        *range(0x20), *range(0x7F, 0xA0), 0xAD, 0x061C, 0x180E,
        *range(0x200B, 0x200D), *range(0x200E, 0x2010), *range(0x202A, 0x202F),
        *range(0x2060, 0x2070), 0xFEFF,
    ]
)  # fmt: skip
_HALVES = re.compile("[\ud800-\udfff]")


def one_line(text: str) -> str:
    """Foreign text made safe to stand in a line: NFC, single blanks, nothing invisible, no control
    characters, no half of a surrogate pair, and no mark that would sit on what stands before it."""
    if text.isascii() and text.isprintable() and "  " not in text:
        return text
    seen = _BLANKS.sub(" ", _BLANKS.sub(" ", text).translate(_UNSEEN))
    line = unicodedata.normalize("NFC", _HALVES.sub("\ufffd", seen))
    # U+0338 after ">" would be composed to "≯" and break the tag.
    return f"◌{line}" if line and unicodedata.category(line[0]).startswith("M") else line


def units(text: str) -> int:
    """Length in UTF-16 units, which is how messengers count."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def cut(text: str, room: int) -> str:
    """The text on one line in at most `room` units, cut at the end of a word with "…"."""
    # A title of a whole book is not worth reading to its end.
    start = text[: 40 * room + 400]
    line = one_line(start).strip()
    if len(start) == len(text) and units(line) <= room:
        return line
    end, used = 0, 1
    while end < len(line) and used + units(line[end]) <= room:
        used += units(line[end])
        end += 1
    head = line[:end]
    if not line[end : end + 1].isspace() and " " in head[room // 2 :]:
        head = head[: head.rindex(" ")]
    return _whole(head, line).rstrip(" ,;:.–-(") + "…"


def _whole(head: str, line: str) -> str:
    """The head without a letter whose marks, or an emoji whose other half, were cut off."""
    end = len(head)
    while 0 < end < len(line) and (
        unicodedata.combining(line[end]) or _JOINER in (line[end], line[end - 1])
    ):
        end -= 1
    return line[:end] or head


def upper_first(text: str) -> str:
    """The text with a capital first letter; the rest stays as it is."""
    return text[:1].upper() + text[1:]


# -- days and hours -------------------------------------------------------------------------------


def short_day(day: date) -> str:
    """24/9/2027, 05/02/2027."""
    month = f"{day.month:02}" if day.month < 3 else str(day.month)
    return f"{day.day:02}/{month}/{day.year}"


def weekday(day: date) -> str:
    """thứ Sáu; Chủ nhật."""
    return WEEKDAYS[day.weekday()]


def long_day(day: date) -> str:
    """thứ Sáu, 24/9/2027."""
    return f"{weekday(day)}, {short_day(day)}"


def clock(hour: time | datetime) -> str:
    """08 giờ 00. A moment is read on the Vietnamese clock; a naive one raises ValueError."""
    if isinstance(hour, datetime):
        hour = local(hour).time()
    return f"{hour:%H} giờ {hour:%M}"


def moment(at: datetime) -> str:
    """08 giờ 00 ngày 24/9/2027, on the Vietnamese clock. A naive moment raises ValueError."""
    return f"{clock(at)} ngày {short_day(local(at).date())}"


def days_left(days: int) -> str:
    """còn 5 ngày; hôm nay là hạn cuối; quá hạn 3 ngày."""
    if days < 0:
        return f"quá hạn {-days} ngày"
    return f"còn {days} ngày" if days else "hôm nay là hạn cuối"


# -- figures --------------------------------------------------------------------------------------


def num(number: int) -> str:
    """1.902.270."""
    return f"{number:,}".replace(",", ".")


def percent(part: int, whole: int) -> str:
    """33,3 %; of nothing: "–". Says 0 % only of none and 100 % only of all."""
    if whole == 0:
        return "–"
    exact = Decimal(100 * part) / Decimal(whole)
    tenths = exact.quantize(Decimal("0.1"), ROUND_HALF_UP)
    if 0 < part < whole:
        tenths = min(max(tenths, Decimal("0.1")), Decimal("99.9"))
    return f"{tenths:f}".removesuffix(".0").replace(".", ",") + " %"


def share(part: int, whole: int) -> str:
    """A figure with its denominator: 7/21 (33,3 %)."""
    return f"{num(part)}/{num(whole)} ({percent(part, whole)})"


FILTERS: dict[str, Callable[..., Any]] = {
    "clock": clock,
    "cut": cut,
    "day": long_day,
    "days_left": days_left,
    "moment": moment,
    "num": num,
    "percent": percent,
    "share": share,
    "short_day": short_day,
    "upper_first": upper_first,
    "weekday": weekday,
}
