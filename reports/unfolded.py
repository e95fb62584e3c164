"""A figure unfolded to the duties behind it, a page at a time, and which part of a directive a
number means."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, case, func, select
from sqlmodel import Session, col

from deadlines.text import fold
from registry.lookup import concerning
from registry.tables import Agency, Directive, Duty, Task, TaskAgency
from registry.types import UNFINISHED, DutyKind, DutyState
from reports.around import urged_days
from reports.asking import OF_TASKS
from reports.counting import Scope, never_ending, parts, without_day

PAGE = 10
_HEAD = re.compile(
    r"(?:(?:muc|phan|chuong|nhom)\s+)?(?P<n>[ivxlc]+|\d+|[a-z])(?P<more>(?:\.\d+)*)(?=[.):/\s-]|$)"
)
_ROMAN = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}


@dataclass(frozen=True, slots=True)
class Listed:
    """One duty, or one task of an agency (`number` None) that has no day. `late_days`: calendar
    days overdue, or by which it was done late. `deadline_text`: what the directive says."""

    number: int | None
    title: str
    agency: str
    due_on: date | None
    state: DutyState
    done_on: date | None = None
    late_days: int = 0
    urges: int = 0
    is_update: bool = False
    deadline_text: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """Some of what a figure counts: `count` of `whole` altogether, page `number` of `pages`."""

    lines: tuple[Listed, ...]
    count: int
    whole: int
    number: int
    pages: int


def unfold(
    session: Session, scope: Scope, figures: Sequence[str], number: int, size: int = PAGE
) -> Page:
    """Page `number` of what these figures count; the last one where there are fewer. Duties that
    several figures count are meant where several are named."""
    if OF_TASKS & set(figures):
        return _tasks(session, scope, figures[0], number, size)
    return _duties(session, scope, figures, number, size)


def _duties(session: Session, scope: Scope, figures: Sequence[str], number: int, size: int) -> Page:
    kind = DutyKind.UPDATE if "updates" in figures else DutyKind.DEADLINE
    counted = dict(parts(scope))
    counted["done"] = col(Duty.state) == DutyState.DONE
    counted["updates"] = col(Duty.state).in_(UNFINISHED)
    mine = scope.duties(kind)
    meant = [counted[name] for name in figures]
    connection = session.connection()
    count, whole = connection.execute(
        select(func.sum(case((_all(meant), 1), else_=0)), func.count(col(Duty.id))).where(*mine)
    ).one()
    number, pages = _page(int(count or 0), number, size)
    rows = list(
        connection.execute(
            select(
                col(Duty.id), col(Duty.number), col(Task.title), col(Agency.name), col(Duty.due_on),
                col(Duty.state), col(Duty.done_on), col(Task.deadline_text),
            )
            .join(Task, col(Task.id) == col(Duty.task_id))
            .join(Agency, col(Agency.id) == col(Duty.agency_id))
            .where(*mine, *meant)
            .order_by(col(Duty.due_on), col(Duty.number))
            .offset((number - 1) * size)
            .limit(size)
        )
    )  # fmt: skip
    urged = urged_days(session, [row[0] or 0 for row in rows])
    lines = [
        Listed(
            row[1], row[2], row[3], row[4], row[5], row[6],
            _late(row[4], row[5], row[6], scope.today), len(urged.get(row[0] or 0, ())),
            kind == DutyKind.UPDATE, row[7],
        )
        for row in rows
    ]  # fmt: skip
    return Page(tuple(lines), int(count or 0), int(whole), number, pages)


def _all(conditions: Iterable[ColumnElement[bool]]) -> ColumnElement[bool]:
    found = list(conditions)
    first = found[0]
    for other in found[1:]:
        first = first & other
    return first


def _late(due_on: date, state: DutyState, done_on: date | None, today: date) -> int:
    end = today if state == DutyState.OPEN else done_on or due_on
    return max((end - due_on).days, 0)


def _tasks(session: Session, scope: Scope, figure: str, number: int, size: int) -> Page:
    conditions = without_day() if figure == "waiting" else never_ending()
    chosen = (
        select(col(Task.title), col(Agency.name), col(Task.deadline_text))
        .join(TaskAgency, col(TaskAgency.task_id) == col(Task.id))
        .join(Directive, col(Directive.id) == col(Task.directive_id))
        .join(Agency, col(Agency.id) == col(TaskAgency.agency_id))
        .where(*conditions, *scope.leads())
    )
    connection = session.connection()
    count = connection.execute(select(func.count()).select_from(chosen.subquery())).scalar_one()
    number, pages = _page(count, number, size)
    rows = connection.execute(
        chosen.order_by(col(Task.directive_id), col(Task.position), col(Task.id), col(Agency.key))
        .offset((number - 1) * size)
        .limit(size)
    )
    lines = tuple(
        Listed(None, title, agency, None, DutyState.OPEN, deadline_text=phrase)
        for title, agency, phrase in rows
    )
    return Page(lines, count, count, number, pages)


def _page(count: int, number: int, size: int) -> tuple[int, int]:
    pages = max(1, -(-count // size))
    return min(max(number, 1), pages), pages


# -- parts of directives --------------------------------------------------------------------------


def sections(
    session: Session, directive_id: int | None, within: frozenset[int] | None = None
) -> list[str]:
    """The parts of one directive, or of all in force, in their order. `within`: only those in which
    one of these agencies has a task."""
    query = (
        select(col(Task.section))
        .join(Directive, col(Directive.id) == col(Task.directive_id))
        .where(col(Task.section) != "")
        .group_by(col(Task.section))
        .order_by(func.min(col(Task.directive_id)), func.min(col(Task.position)))
    )
    if directive_id is not None:
        query = query.where(col(Task.directive_id) == directive_id)
    else:
        query = query.where(col(Directive.ended_at).is_(None))
    if within is not None:
        query = query.where(concerning(within))
    return [row[0] for row in session.connection().execute(query)]


def numbered(known: Iterable[str], number: str) -> frozenset[str]:
    """Those of the parts that bear a number: "II" is that of "II. HẠ TẦNG" and of "Mục 2: …"."""
    wanted = section_number(number)
    return frozenset(each for each in known if wanted and section_number(each) == wanted)


def section_number(text: str) -> str:
    """ "II.1) Hạ tầng" -> "2.1"; "" where a part bears no number."""
    found = _HEAD.match(fold(text))
    if found is None:
        return ""
    return f"{_value(found['n'])}{found['more']}"


def _value(numeral: str) -> str:
    """A Roman numeral as a number; a letter stays, "c" and the like being letters of their own."""
    if not set(numeral) <= set(_ROMAN) or numeral in ("l", "c"):
        return numeral
    values = [_ROMAN[each] for each in numeral]
    after = [*values[1:], 0]
    return str(sum(-one if one < then else one for one, then in zip(values, after, strict=True)))
