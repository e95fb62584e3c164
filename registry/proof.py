"""Whether a document named as proof looks like one: its number by Nghị định 30/2020/NĐ-CP (Phụ lục
I, mục II.3, and Phụ lục III) or, of bodies of the Party, by Hướng dẫn 36-HD/VPTW; its issuer
against the agency; its date against the duty. What is odd is said, never refused: people mistype,
and one agency may report through another.
"""

import re
from collections.abc import Iterable
from datetime import date
from enum import StrEnum

from sqlmodel import Session, select

from deadlines.text import fold
from registry.naming import ABBREVIATIONS
from registry.tables import Agency, AgencyAlias, Directive, Duty, Renaming, Task


class Flag(StrEnum):
    """form: not a number as documents bear it. year: a legal document's number lacks its year, an
    administrative one's has one, or it is not the year of the date. issuer: the abbreviation is not
    the agency's. late: dated after the due day. early: dated before the directive was issued."""

    FORM = "form"
    YEAR = "year"
    ISSUER = "issuer"
    LATE = "late"
    EARLY = "early"


# Kinds of administrative documents (Phụ lục III); a letter (công văn) bears its issuer at once.
_KINDS = frozenset(
    ("NQ", "QĐ", "CT", "QC", "QYĐ", "TC", "TB", "HD", "CTR", "KH", "PA", "ĐA", "DA", "BC", "BB",
     "TTR", "HĐ", "CĐ", "BGN", "BTT", "GUQ", "GM", "GGT", "GNP", "PG", "PC", "PB")
)  # fmt: skip
# Kinds of legal documents, whose numbers bear a year (Nghị định 78/2025/NĐ-CP); resolutions and
# decisions may be either.
_LEGAL = frozenset({"L", "PL", "NĐ", "TT", "TTLT", "NQLT"})
_EITHER = frozenset({"NQ", "QĐ", "CT", "L"})
_NO_KIND = "CV"
_STATE = re.compile(r"(?P<n>\d{1,6})[A-Z]?/(?:(?P<year>\d{4})/)?(?P<rest>[^\W\d_][^/]*)")
_PARTY = re.compile(r"(?P<n>\d{1,6})-(?P<kind>[^\W\d_]+)/(?P<issuer>[^/]+)")
_NOT_LETTERS = re.compile(r"[^A-ZĐ]")
_HEAD = re.compile(r"[^aeiouy]*")


def flags_of(session: Session, duty: Duty, number: str, day: date | None) -> str:
    """What is odd about the document that proves a duty done, as it is stored ("form,issuer")."""
    found = [*_of_number(number, day, _names(session, duty))] if number else []
    if day is not None and day > duty.due_on:
        found.append(Flag.LATE)
    issued = _issued(session, duty)
    if day is not None and issued is not None and day < issued:
        found.append(Flag.EARLY)
    return ",".join(found)


def read_flags(stored: str) -> tuple[Flag, ...]:
    """The flags as they were stored; what a later version may know is left out."""
    known = set(Flag)
    return tuple(Flag(each) for each in stored.split(",") if each in known)


def _of_number(number: str, day: date | None, names: Iterable[str]) -> list[Flag]:
    upper = re.sub(r"\s", "", number).upper()
    found: list[Flag] = []
    party, state = _PARTY.fullmatch(upper), _STATE.fullmatch(upper)
    if party is not None:
        issuers = [party["issuer"]]
    elif state is not None:
        found, issuers = _state(state, day)
    else:
        return [Flag.FORM]
    if issuers and not any(issued_by(each, name) for each in issuers for name in names):
        found.append(Flag.ISSUER)
    return found


def _state(match: re.Match[str], day: date | None) -> tuple[list[Flag], list[str]]:
    """What is odd about a number like 45/BC-SYT, and the parts that may name its issuer."""
    parts = [part for part in match["rest"].split("-") if part]
    kind, year = parts[0], match["year"]
    known = kind in _KINDS | _LEGAL
    found: list[Flag] = []
    if kind == _NO_KIND or len(parts) < 2:
        found.append(Flag.FORM)
    if (year is None and kind in _LEGAL - _EITHER) or (
        year is not None and (kind not in _LEGAL | _EITHER or (day and day.year != int(year)))
    ):
        found.append(Flag.YEAR)
    return found, parts[1:] if known or kind == _NO_KIND else parts


def issued_by(symbol: str, name: str) -> bool:
    """Whether an abbreviation in a number may stand for an agency: its name's initials, in order,
    some of them perhaps left out ("SKHCN" of Sở Khoa học và Công nghệ), or the name itself."""
    letters = fold(_NOT_LETTERS.sub("", symbol.upper()))
    whole = fold(name)
    if not letters or letters == re.sub(r"[^a-z]", "", whole):
        return bool(letters)
    words = [part for word in re.findall(r"[a-z0-9]+", whole) for part in _spelled(word)]
    heads = "".join(_head(word) for word in words)
    # "Công an" signs as CAT where the list leaves "tỉnh" out.
    return len(letters) >= 2 and any(_within(letters, each) for each in (heads, f"{heads}t"))


def _spelled(word: str) -> list[str]:
    return fold(ABBREVIATIONS[word]).split() if word in ABBREVIATIONS else [word]


def _head(word: str) -> str:
    """The letters a word may be shortened to; a word without vowels is an abbreviation itself."""
    found = _HEAD.match(word)
    return found[0] if found is not None and found[0] else word[:1]


def _within(letters: str, heads: str) -> bool:
    """Whether the letters stand in the heads in this order, beginning with the first."""
    if letters[0] != heads[:1]:
        return False
    rest = iter(heads)
    return all(letter in rest for letter in letters)


def _names(session: Session, duty: Duty) -> list[str]:
    """Every name and spelling of the agency that owes the duty, and of the one that owed it."""
    ids = [each for each in (duty.agency_id, duty.former_agency_id) if each is not None]
    found: list[str] = []
    for agency_id in ids:
        found.append(session.get_one(Agency, agency_id).name)
        found += session.exec(
            select(AgencyAlias.alias).where(AgencyAlias.agency_id == agency_id)
        ).all()
        found += session.exec(
            select(Renaming.old_name).where(Renaming.agency_id == agency_id)
        ).all()
    return found


def _issued(session: Session, duty: Duty) -> date | None:
    task = session.get_one(Task, duty.task_id)
    directive = session.get_one(Directive, task.directive_id)
    return directive.issued_on
