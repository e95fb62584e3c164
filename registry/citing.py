"""Documents that a directive cites, tied to the directives known here, whichever came in first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlmodel import Session, col, delete, select

from deadlines.text import fold
from registry.tables import Citation, Directive


@dataclass(frozen=True)
class Cited:
    """A document as another one names it. `issued_on` is None where its day is not told, `line`
    where that is not known; `directive_id`: the directive known here that it is, or None;
    `replaces`: the other one says that it takes its place."""

    number: str
    kind: str = ""
    issued_on: date | None = None
    line: int | None = None
    directive_id: int | None = None
    replaces: bool = False


def number_key(number: str) -> str:
    """A document number without case, marks and blanks, to be compared."""
    return "".join(fold(number).split())


def resolved(session: Session, cited: Iterable[Cited], besides: int | None = None) -> list[Cited]:
    """The documents, each with the directive known here that it is. `besides`: the directive that
    cites them, which is never meant by its own words."""
    asked = list(cited)
    if not asked:
        return []
    known = [one for one in _directives(session) if one.id != besides]
    return [replace(one, directive_id=_only(one, known)) for one in asked]


def write(session: Session, directive: Directive, cited: Sequence[Cited]) -> None:
    """Put these in the place of the citations stored before, and tie what others cite to this
    directive where they mean it."""
    mine = directive.id or 0
    session.connection().execute(delete(Citation).where(col(Citation.directive_id) == mine))
    for one in resolved(session, cited, mine):
        session.add(
            Citation(
                directive_id=mine,
                number=one.number,
                kind=one.kind,
                issued_on=one.issued_on,
                line=one.line,
                cited_id=one.directive_id,
            )
        )
    _tie(session, directive)
    session.flush()


def _tie(session: Session, directive: Directive) -> None:
    """What others cite under this number: it may have waited for this directive, and what seemed
    clear may now mean either of two."""
    number = number_key(directive.number)
    known = _directives(session)
    stored = session.exec(select(Citation).where(col(Citation.directive_id) != directive.id))
    for row in stored:
        if number_key(row.number) != number and row.cited_id != directive.id:
            continue
        row.cited_id = _only(Cited(row.number, row.kind, row.issued_on), known)
        session.add(row)


def _directives(session: Session) -> list[Directive]:
    return list(session.exec(select(Directive).where(Directive.number != "")))


def _only(cited: Cited, known: Sequence[Directive]) -> int | None:
    """The one directive that is meant; of several that may be, none is picked."""
    number = number_key(cited.number)
    same = [one for one in known if number_key(one.number) == number]
    meant = [one for one in same if _may_be(cited.issued_on, one.issued_on)]
    return meant[0].id if len(meant) == 1 else None


def _may_be(cited: date | None, issued: date | None) -> bool:
    """Numbers begin again every year, and bodies of one kind number alike: only the day decides."""
    return cited is None or issued is None or cited == issued
