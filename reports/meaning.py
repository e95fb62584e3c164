"""What a question about figures comes to on a day, for somebody who may see so much: the duties it
counts, and the words that say how it was understood."""

from dataclasses import dataclass
from datetime import date

from sqlmodel import Session, col, select

from registry.lookup import concerned_by
from registry.portfolio import members
from registry.tables import Agency, AgencyGroup, AgencyGroupMember, Directive
from reports.asking import Ask
from reports.counting import Scope
from reports.unfolded import numbered, sections

# What somebody may see: agencies, or (None) all of them.
Visible = frozenset[int] | None


@dataclass(frozen=True, slots=True)
class Meaning:
    """`title`: whose figures, "" for the whole committee's; `directive`, `period`, `words`: what
    else limits them."""

    scope: Scope
    title: str
    words: tuple[str, ...] = ()
    directive: str = ""

    @property
    def period(self) -> tuple[date, date] | None:
        return self.scope.period


def mean(
    session: Session, ask: Ask, today: date, soon_days: int, visible: Visible
) -> Meaning | None:
    """None where somebody may not see it, or where what it names is no longer there. Coordinating
    agencies may see the duties they have a part in."""
    whose = _whose(session, ask)
    if whose is None:
        return None
    title, agencies = whose
    if visible is not None:
        if agencies is not None and not agencies <= visible:
            return None
        agencies = visible if agencies is None else agencies
        if not title and len(agencies) == 1:
            title = _name(session, next(iter(agencies)))
    directive = session.get(Directive, ask.directive) if ask.directive is not None else None
    if ask.directive is not None and not _told_of(session, directive, visible):
        return None
    scope = Scope(
        today,
        soon_days,
        agencies,
        ask.directive,
        (ask.period.first, ask.period.last) if ask.period is not None else None,
        numbered(sections(session, ask.directive, visible), ask.section) if ask.section else None,
        ask.coordinating,
    )
    number = (directive.number or directive.title) if directive is not None else ""
    return Meaning(scope, title, _words(ask, scope), number)


def _told_of(session: Session, directive: Directive | None, visible: Visible) -> bool:
    """Whether there is such a directive for somebody who may see so much."""
    if directive is None:
        return False
    return visible is None or concerned_by(session, directive.id or 0, visible)


def _whose(session: Session, ask: Ask) -> tuple[str, frozenset[int] | None] | None:
    for key, look in (
        (ask.agency, _agency),
        (ask.group, _group),
        (ask.member, _member),
    ):
        if key is not None:
            return look(session, key)
    return "", None


_Whose = tuple[str, frozenset[int] | None] | None


def _agency(session: Session, key: int) -> _Whose:
    return (_name(session, key), frozenset({key})) if session.get(Agency, key) else None


def _group(session: Session, key: int) -> _Whose:
    group = session.get(AgencyGroup, key)
    if group is None:
        return None
    rows = session.exec(
        select(col(AgencyGroupMember.agency_id)).where(AgencyGroupMember.group_id == key)
    ).all()
    return group.name, frozenset(rows)


def _member(session: Session, key: int) -> _Whose:
    found = next((one for one in members(session) if one.person_id == key), None)
    return (f"phần {found.name} phụ trách", found.agencies) if found is not None else None


def _name(session: Session, key: int) -> str:
    return session.get_one(Agency, key).name


def _words(ask: Ask, scope: Scope) -> tuple[str, ...]:
    said = []
    if ask.coordinating:
        whole = scope.agency_ids is None
        said.append("nhiệm vụ có cơ quan phối hợp" if whole else "nhiệm vụ phối hợp")
    if scope.sections is not None:
        said.append(f"mục {ask.section} ({'; '.join(sorted(scope.sections))})")
    return tuple(said)
