"""Which period a report is asked for, and what the period is called in a document. Pure."""

import re
from datetime import date

from deadlines.periods import PER_YEAR, Period, Unit, data_window, period_of
from deadlines.text import clean, fold

# What `dondoc report` calls each kind of report; the order is that of help.
UNITS: dict[str, Unit] = {
    "monthly": Unit.MONTH,
    "quarterly": Unit.QUARTER,
    "half-year": Unit.HALF,
    "nine-month": Unit.NINE,
    "year": Unit.YEAR,
}
EXAMPLES: dict[Unit, str] = {
    Unit.MONTH: "2026-09 hoặc “tháng 9/2026”",
    Unit.QUARTER: "2026-Q3 hoặc “quý 3/2026”",
    Unit.HALF: "2026-H1 hoặc “6 tháng đầu năm 2026”",
    Unit.NINE: "2026-9M hoặc “9 tháng năm 2026”",
    Unit.YEAR: "2026 hoặc “năm 2026”",
}
NAMES: dict[Unit, str] = {
    Unit.MONTH: "tháng",
    Unit.QUARTER: "quý",
    Unit.HALF: "6 tháng",
    Unit.NINE: "9 tháng",
    Unit.YEAR: "năm",
}
_NUMERALS = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")
_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "dau": 1, "cuoi": 2}

_Y = r"(?:\s*(?:[/.-]|nam)?\s*(?P<y>\d{4}))"
_NTH = r"(?P<n>iv|i{1,3}|0?[1-4])"
_HALF = r"(?P<n>iv|i{1,2}|0?[12]|dau|cuoi)"
_MONTH = r"(?P<n>1[0-2]|0?[1-9])"
_QUARTER_WORD = r"(?:quy|q)\.?\s*"
_FORMS: tuple[tuple[Unit, str], ...] = (
    (Unit.QUARTER, rf"{_QUARTER_WORD}{_NTH}{_Y}?"),
    (Unit.QUARTER, rf"(?P<y>\d{{4}})\s*[/. -]?\s*{_QUARTER_WORD}{_NTH}"),
    (Unit.HALF, rf"(?:0?6|sau) thang(?: (?P<n>dau|cuoi))?(?: nam)?{_Y}?"),
    (Unit.HALF, rf"(?:nua|ban) (?:nam )?(?P<n>dau|cuoi)(?: nam)?{_Y}?"),
    (Unit.HALF, rf"h{_HALF}{_Y}?"),
    (Unit.HALF, rf"(?P<y>\d{{4}})\s*[/. -]?\s*h{_HALF}"),
    (Unit.NINE, rf"(?:0?9|chin) thang(?: dau)?(?: nam)?{_Y}?"),
    (Unit.NINE, rf"9m{_Y}?"),
    (Unit.NINE, r"(?P<y>\d{4})\s*[/. -]?\s*9m"),
    (Unit.MONTH, rf"(?:thang|t)\s*{_MONTH}{_Y}?"),
    (Unit.MONTH, rf"{_MONTH}\s*[/.-]\s*(?P<y>\d{{4}})"),
    (Unit.MONTH, rf"(?P<y>\d{{4}})\s*[/.-]\s*{_MONTH}"),
    (Unit.YEAR, r"(?:ca )?(?:nam )?(?P<y>\d{4})"),
)
_PATTERNS = tuple((unit, re.compile(form)) for unit, form in _FORMS)
# With the kind already said ("report quarterly --period 3"), a bare number is enough.
_BARE = re.compile(r"(?P<n>iv|i{1,3}|\d{1,2}|dau|cuoi)(?:\s*[/. -]?\s*(?P<y>\d{4}))?")
_BARE_YEAR = re.compile(r"(?P<y>\d{4})")
_WHICH: dict[str, Unit] = {
    "thang": Unit.MONTH,
    "quy": Unit.QUARTER,
    "nua nam": Unit.HALF,
    "9 thang": Unit.NINE,
    "nam": Unit.YEAR,
}
_RELATIVE = re.compile(
    r"(?P<u>thang|quy|nua nam|9 thang|nam)\s+(?P<w>nay|hien tai|truoc|vua qua|roi|ngoai)"
)
_FILLER = re.compile(r"^(?:bao cao|ky|cua|ve|cho|trong)\s+|[ .?!]+$")


class NoPeriod(ValueError):
    """The words name no period; the text is one Vietnamese line that says what to write."""


def read_period(words: str, today: date, unit: Unit | None = None) -> Period:
    """The period meant by "quý 3/2026", "2026-Q3", "quý này", "6 tháng đầu năm" …

    Without a year the latest such period that has begun by `today`. Without words the latest one
    of the unit (a quarter, if none is said) whose figures have closed. Raises NoPeriod.
    """
    text = _tidy(words)
    if not text:
        return latest_closed(unit or Unit.QUARTER, today)
    found = (
        _relative(text, today) or _key(words) or _spelled(text, today) or _bare(text, unit, today)
    )
    if found is None:
        raise NoPeriod(f"Không đọc được kỳ báo cáo “{clean(words)[:60]}”; {_say(unit)}")
    if unit is not None and found.unit is not unit:
        raise NoPeriod(
            f"“{clean(words)[:60]}” không phải là kỳ báo cáo {NAMES[unit]}; {_say(unit)}"
        )
    return found


def latest_closed(unit: Unit, today: date) -> Period:
    """The latest period of a unit whose figures have closed (Nghị định 09/2019/NĐ-CP, Điều 12): on
    the 24th of September the third quarter, on the first day of September still the second."""
    period = Period.holding(unit, today)
    window = data_window(period.key)
    return period if window is not None and window[1] < today else _before(period)


def name_of(period: Period) -> str:
    """ "quý III năm 2026", "tháng 9 năm 2026", "6 tháng đầu năm 2026", "9 tháng năm 2026"."""
    match period.unit:
        case Unit.MONTH:
            return f"tháng {period.index} năm {period.year}"
        case Unit.QUARTER:
            return f"quý {roman(period.index)} năm {period.year}"
        case Unit.HALF:
            return f"6 tháng {'đầu' if period.index == 1 else 'cuối'} năm {period.year}"
        case Unit.NINE:
            return f"9 tháng đầu năm {period.year}"
        case _:
            return f"năm {period.year}"


def roman(number: int) -> str:
    """1 to 12 as the numerals of quarters and headings."""
    return _NUMERALS[number - 1]


def _tidy(words: str) -> str:
    text, before = fold(clean(words)).strip(" \"'“”"), ""
    while text != before:
        text, before = _FILLER.sub("", text), text
    return text


def _key(words: str) -> Period | None:
    """A key as the database writes it: 2026-Q3, 2026-09, 2026-H1, 2026-9M, 2026."""
    text = clean(words).upper()
    return _sane(period_of(text)) if re.fullmatch(r"[\dQHM-]+", text) else None


def _relative(text: str, today: date) -> Period | None:
    found = _RELATIVE.fullmatch(text)
    if found is None:
        return None
    period = Period.holding(_WHICH[found["u"]], today)
    return period if found["w"] in ("nay", "hien tai") else _before(period)


def _spelled(text: str, today: date) -> Period | None:
    for unit, pattern in _PATTERNS:
        if found := pattern.fullmatch(text):
            return _made(unit, found, today)
    return None


def _bare(text: str, unit: Unit | None, today: date) -> Period | None:
    if unit is None:
        return None
    pattern = _BARE_YEAR if unit in (Unit.NINE, Unit.YEAR) else _BARE
    found = pattern.fullmatch(text)
    return _made(unit, found, today) if found else None


def _made(unit: Unit, found: re.Match[str], today: date) -> Period | None:
    said = found.groupdict()
    word = said.get("n") or "1"
    index = _ROMAN.get(word) or (int(word) if word.isdigit() else 0)
    if not 1 <= index <= PER_YEAR[unit]:
        return None
    if said.get("y"):
        return _sane(Period(unit, int(said["y"]), index))
    period = Period(unit, today.year, index)
    return period if period.first <= today else Period(unit, today.year - 1, index)


def _sane(period: Period | None) -> Period | None:
    return period if period is not None and 1990 <= period.year <= 2200 else None


def _before(period: Period) -> Period:
    if period.index > 1:
        return Period(period.unit, period.year, period.index - 1)
    return Period(period.unit, period.year - 1, PER_YEAR[period.unit])


def _say(unit: Unit | None) -> str:
    if unit is not None:
        return f"hãy viết như {EXAMPLES[unit]}."
    return "hãy viết như “quý 3/2026”, “tháng 9/2026”, “6 tháng đầu năm 2026” hoặc “năm 2026”."
