"""Until when an answer asks for more time, and why: pure, and in doubt no day but several."""

import re
from dataclasses import dataclass
from datetime import date

from deadlines.calendar import WorkCalendar
from deadlines.chat import NoDay, read_day, read_front
from deadlines.text import clean, fold

# What an answer says before its reason: how it asks, for which duty, until when. With marks where
# a word without them could begin the reason ("chờ số liệu", "đo đạc").
_ASKING = re.compile(
    r"(?:/?gia ?h[aạ]n|xin|đề nghị|de nghi|cho phép|cho phep|được|duoc|thêm|them|lùi|lui|dời|doi"
    r"|đầu việc|dau viec|việc|viec|nhiệm vụ|nhiem vu|s[oố](?= ?\d)|đến hết|den het|đến|den|tới|toi"
    r"|sang|hết|het|hoặc|hoac|hay(?= ?\d)|ngày|ngay|tháng|thang|năm|nam|vì|do|l[yýií] do"
    r"|\d{1,2} ?[/.-] ?\d{1,2}(?: ?[/.-] ?\d{4})?|#?\d{1,9}|[,:;.-])(?=\W|$)\W*"
)
_WORD = re.compile(r"^\W*(?:xin\s+)?gia\s?h[aạ]n\b\W*", re.IGNORECASE)
# "15/12 hoặc 20/12": not for us to choose.
_EITHER = re.compile(r"\d[\d/.-]* (?:hoac|hay)(?: la)?(?: ngay)? \d{1,2} ?[/.-] ?\d")


@dataclass(frozen=True, slots=True)
class AskedDay:
    """`days`: the day meant; several where it is not clear which, none where none was named.
    `reason`: as typed, "" where none was given."""

    days: tuple[date, ...]
    reason: str


def asked_day(
    text: str, named: date | None, today: date, due: date, calendar: WorkCalendar | None = None
) -> AskedDay:
    """Read "đến tuần sau nữa vì mưa lũ". `named`: the day the grammar found in the text; `due`: the
    duty's present day, from which "thêm 10 ngày" may count as well as from `today`."""
    said = _WORD.sub("", clean(text))
    front = read_front(said, today, calendar)
    if front is None:
        return AskedDay(_named(said, named, today, calendar), reason_of(said))
    if not front.length:
        return AskedDay((front.day,), reason_of(front.rest))
    later = read_front(said, max(due, today), calendar)
    both = {front.day} | ({later.day} if later is not None and due >= today else set())
    meant = tuple(sorted(day for day in both if day > due))
    return AskedDay(meant or (front.day,), reason_of(front.rest))


def names_day(text: str, named: date | None, today: date | None) -> bool:
    """Whether an answer says until when, or for how long."""
    if named is not None or today is None:
        return named is not None
    return read_front(_WORD.sub("", clean(text)), today) is not None


def _named(
    said: str, named: date | None, today: date, calendar: WorkCalendar | None
) -> tuple[date, ...]:
    """A day as documents write it; the calendar's reading where the grammar found none."""
    found = read_day(said, today, calendar)
    if isinstance(found, NoDay):
        if found.ambiguous and (named is None or _EITHER.search(fold(said))):
            return found.choices
        return (named,) if named is not None else ()
    return (named or found,)


def reason_of(text: str) -> str:
    """The reason in an answer that asks for time: what is left when asking, number and day are
    taken from its front."""
    words = clean(text)
    small = words.casefold()
    start = 0
    while (found := _ASKING.match(small, start)) is not None and found.end() > start:
        start = found.end()
    return words[start:].strip(" ,.:-")
