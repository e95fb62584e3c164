"""/dientap: what would be sent in the days to come; nothing is sent and nothing stored."""

import re
from datetime import date, timedelta

from bot.rehearsals import Order, ask
from bot.talk import Talk
from deadlines.periods import Period, Unit
from deadlines.text import clean, fold
from registry.people import Refused
from reports.papers.period import NoPeriod, read_period

DEFAULT = timedelta(days=30)
_PAGE = re.compile(r"(?:^|[\s,;]+)trang (?P<page>\d{1,4})$")
_NEXT = re.compile(r"(?P<unit>thang|quy|nam) (?:sau|toi)")
_UNITS = {"thang": Unit.MONTH, "quy": Unit.QUARTER, "nam": Unit.YEAR}
_YEAR = re.compile(r"\b2\d{3}\b")


def run(talk: Talk, rest: str) -> None:
    """ "/dientap quý 4", "/dientap tháng 12 trang 2"; without a period the next 30 days."""
    if not talk.private:
        talk.say("private_only")
        return
    text = clean(rest)
    page = _PAGE.search(fold(text))
    words = text[: page.start()] if page else text
    first, last = span_of(words, talk.today)
    order = Order(
        talk.known_contact().id or 0, first.isoformat(), last.isoformat(),
        int(page["page"]) if page else 0,
    )  # fmt: skip
    # The answer is worked out beside the writer, and follows within seconds.
    ask(talk.session, str(talk.inbound.id), order, talk.now)


def span_of(words: str, today: date) -> tuple[date, date]:
    """The days meant, never before today. Raises Refused for words that name no period, or one that
    is over."""
    if not words.strip():
        return today, today + DEFAULT
    try:
        period = _period(words, today)
    except NoPeriod as error:
        raise Refused(str(error)) from None
    if period.last < today:
        raise Refused(
            "Kỳ này đã qua nên không có gì để diễn tập; hãy ghi kỳ đang tới, ví dụ “quý 4”."
        )
    return max(period.first, today), period.last


def _period(words: str, today: date) -> Period:
    """The period named, or, without a year, the next such period that is not over."""
    if ahead := _NEXT.fullmatch(fold(clean(words))):
        unit = _UNITS[ahead["unit"]]
        return Period.holding(unit, Period.holding(unit, today).last + timedelta(days=1))
    found = read_period(words, today)
    if found.last < today and not _YEAR.search(words):
        return Period(found.unit, found.year + 1, found.index)
    return found
