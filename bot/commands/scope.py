"""What a question about figures is about: an agency, a directive, a period, in any order."""

import re
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session, select

from deadlines.periods import Period, Unit
from deadlines.text import clean, fold
from registry.agencies import How, Match, resolve
from registry.tables import Directive

_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4}
_YEAR = r"(?:\s*(?:/|-|nam)?\s*(?P<year>20\d\d))?"
_PERIODS: tuple[tuple[re.Pattern[str], Unit], ...] = (
    (re.compile(rf"\b(?:quy|q)\s*\.?\s*(?P<n>iv|i{{1,3}}|[1-4])\b{_YEAR}"), Unit.QUARTER),
    (re.compile(rf"\bthang\s*(?P<n>1[0-2]|0?[1-9])\b{_YEAR}"), Unit.MONTH),
    (re.compile(rf"\b6 thang (?P<n>dau|cuoi) nam\b{_YEAR}"), Unit.HALF),
    (re.compile(rf"\b(?P<n>9) thang(?: dau nam)?\b{_YEAR}"), Unit.NINE),
    (re.compile(r"\bnam (?P<year>20\d\d)\b"), Unit.YEAR),
)
_CURRENT: tuple[tuple[re.Pattern[str], Unit], ...] = (
    (re.compile(r"\bthang (?:nay|hien tai)\b"), Unit.MONTH),
    (re.compile(r"\bquy (?:nay|hien tai)\b"), Unit.QUARTER),
    (re.compile(r"\bnam (?:nay|hien tai)\b"), Unit.YEAR),
)
_NUMBER = re.compile(r"\S*\d\S*\s*/\s*\S+|/\S+-\S+")
_BEFORE = re.compile(r"(?:cua|tai|trong|ve|van ban|so|co quan|don vi|ky)\s+")
_BEHIND = re.compile(r"\s+(?:trong|cua|ve)$")
# Words of the question itself: "tình hình thực hiện chung thế nào".
_ASKING = re.compile(
    r"(?:^| )(?:the nao|ra sao|nhu the nao|hien nay|bay gio|chung|thuc hien|a)[ ?]*$"
)


@dataclass(frozen=True, slots=True)
class Scope:
    """What was asked for; `unknown` is the part that means nothing we know."""

    period: Period | None = None
    directive: Directive | None = None
    agency: Match | None = None
    unknown: str = ""


def read_scope(session: Session, words: str, today: date) -> Scope:
    """Read "Sở Y tế quý 3", "134/KH-UBND", "tháng này". A period without a year is this year's."""
    period, rest = _period(clean(words), today)
    directive = None
    if (found := _NUMBER.search(rest)) is not None:
        directive = _directive(session, found[0])
        if directive is None:
            return Scope(period, unknown=found[0])
        rest = rest[: found.start()] + rest[found.end() :]
    names = _names(rest)
    if not names[-1]:
        return Scope(period, directive)
    matches = [resolve(session, name, today) for name in names]
    match = next((each for each in matches if each.how == How.AGENCY), matches[0])
    return Scope(period, directive, match, "" if match.how == How.AGENCY else names[0])


def _names(text: str) -> list[str]:
    """What may be meant as a name: the words as they stand, then without one filler after another.
    As they stand first, because "Sở" typed without marks reads like "số", and "Tài" like "tại"."""
    words = clean(text).strip(" ,;:.?")
    while (asking := _ASKING.search(fold(words))) is not None:
        words = words[: asking.start()].strip(" ,;:.?")
    while (behind := _BEHIND.search(fold(words))) is not None:
        words = words[: behind.start()].strip(" ,;:.")
    names = [words]
    while words and (before := _BEFORE.match(fold(words) + " ")) is not None:
        words = words[before.end() :].strip(" ,;:.")
        names.append(words)
    return names


def _directive(session: Session, number: str) -> Directive | None:
    wanted = fold(number).replace(" ", "")
    rows = session.exec(select(Directive)).all()
    return next((row for row in rows if fold(row.number).replace(" ", "") == wanted), None)


def _period(text: str, today: date) -> tuple[Period | None, str]:
    folded = fold(text)
    for pattern, unit in _CURRENT:
        if found := pattern.search(folded):
            return Period.holding(unit, today), _without(text, found)
    for pattern, unit in _PERIODS:
        if found := pattern.search(folded):
            year = int(found["year"] or today.year)
            index = _index(found.groupdict().get("n") or "1", unit)
            return Period(unit, year, index), _without(text, found)
    return None, text


def _index(word: str, unit: Unit) -> int:
    if unit == Unit.HALF:
        return 1 if word == "dau" else 2
    if unit == Unit.NINE:
        return 1
    return _ROMAN.get(word) or int(word)


def _without(text: str, found: re.Match[str]) -> str:
    return clean(f"{text[: found.start()]} {text[found.end() :]}")
