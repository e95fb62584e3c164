"""The directive a person means by its number. Numbers begin again every year, so one may be
several; then, and where nothing fits, the answer names the choices."""

import re
from collections.abc import Sequence
from datetime import date

from rapidfuzz import fuzz
from sqlalchemy import ColumnElement, or_
from sqlmodel import Session, col, select

from deadlines.text import clean
from registry.citing import number_key
from registry.directive_changes import label
from registry.people import Refused
from registry.tables import Directive, Duty, Task, TaskAgency

_ID = re.compile(r"#(\d{1,9})")
_YEAR = re.compile(r"(?:\s*@\s*|\s+nam\s+|\s+năm\s+)(\d{4})$", re.IGNORECASE)
_PROPOSED = 3
_NEAR = 75


def concerning(agencies: frozenset[int]) -> ColumnElement[bool]:
    """Tasks in which one of these agencies has a part, or what became of one in another's hands."""
    named = select(TaskAgency.task_id).where(col(TaskAgency.agency_id).in_(agencies))
    owed = select(Duty.task_id).where(col(Duty.agency_id).in_(agencies))
    return or_(col(Task.id).in_(named), col(Task.id).in_(owed))


def concerned_by(session: Session, directive_id: int, agencies: frozenset[int]) -> bool:
    """Whether one of these agencies has a part in the directive."""
    mine = select(Task.id).where(Task.directive_id == directive_id, concerning(agencies))
    return session.exec(mine.limit(1)).first() is not None


def directive_named(
    session: Session,
    text: str,
    issued: date | None = None,
    within: frozenset[int] | None = None,
) -> Directive:
    """The one directive with this number: "12/KH-UBND", of a year "12/KH-UBND@2026", or "#3".
    `issued`: its day. `within`: for whoever sees only what concerns these agencies, other
    directives are as if they were not there. Raises Refused in one line that names the choices."""
    wanted = clean(text).strip(" .,;:“”\"'")
    query = select(Directive).order_by(col(Directive.id))
    if within is not None:
        mine = select(Task.directive_id).where(concerning(within))
        query = query.where(col(Directive.id).in_(mine))
    rows = session.exec(query).all()
    found = _matching(rows, wanted, issued)
    if len(found) == 1:
        return found[0]
    if found:
        choices = "; ".join(f"{_short(one, found)} ({_when(one)})" for one in found)
        raise Refused(f"Có {len(found)} văn bản số {wanted}: {choices}. Hãy ghi rõ một văn bản.")
    near = _near(rows, wanted)
    list_of = " Xem danh sách: /vanban" if within is None else ""
    meant = f" Có phải: {'; '.join(near)}?" if near else list_of
    raise Refused(f"Không có văn bản số {wanted or '(trống)'} trong hệ thống.{meant}")


def _matching(rows: Sequence[Directive], wanted: str, issued: date | None) -> list[Directive]:
    if by_id := _ID.fullmatch(wanted):
        return [one for one in rows if one.id == int(by_id[1])]
    year = _YEAR.search(wanted)
    number = number_key(wanted[: year.start()] if year else wanted)
    return [
        one
        for one in rows
        if number
        and number_key(one.number) == number
        and (year is None or (one.issued_on is not None and one.issued_on.year == int(year[1])))
        and (issued is None or one.issued_on == issued)
    ]


def _short(one: Directive, among: Sequence[Directive]) -> str:
    """What picks it out of its namesakes."""
    years = [each.issued_on.year for each in among if each.issued_on]
    if one.issued_on is not None and years.count(one.issued_on.year) == 1:
        return f"{one.number}@{one.issued_on.year}"
    return f"#{one.id}"


def _when(one: Directive) -> str:
    issued = f"ngày {one.issued_on:%d/%m/%Y}" if one.issued_on else "không rõ ngày"
    return f"{one.issuer}, {issued}" if one.issuer else issued


def _near(rows: Sequence[Directive], wanted: str) -> list[str]:
    """Numbers that begin like this one or differ in a letter, those in force first."""
    number = number_key(wanted)
    if not number:
        return []
    scored = [
        (one.ended_at is not None, -_alike(number, number_key(one.number)), label(one))
        for one in rows
        if one.number and _alike(number, number_key(one.number)) >= _NEAR
    ]
    return list(dict.fromkeys(name for _ended, _score, name in sorted(scored)))[:_PROPOSED]


def _alike(wanted: str, number: str) -> float:
    return 100.0 if number.startswith(f"{wanted}/") else fuzz.ratio(wanted, number)
