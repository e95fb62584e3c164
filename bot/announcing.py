"""Word of a directive's changes to the focal points: one message each, naming what changed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session, col, select

from intake.importing import ImportReport
from registry.concerned import by_agency, focal_points, receivers
from registry.expand import DutyChange
from registry.notices import put_text
from registry.tables import Agency, Duty, Task
from registry.types import NoticeKind
from reports.render import Renderer

# As many tasks as are named with their titles; of the rest, the numbers.
NAMED = 12


@dataclass(frozen=True)
class Cause:
    """Why duties changed. `what`: "corrected", "ended", "replaced", "reopened"; `directive` and
    `later` are numbers, `note` what the person added; `key` names the event."""

    what: str
    directive: str
    key: str
    later: str = ""
    note: str = ""


@dataclass
class _Row:
    """One change, and the numbers of later periods of the same task to which the same happened: a
    monthly report is one line, not twelve."""

    change: DutyChange
    title: str
    later: list[int] = field(default_factory=list)


def _rows(changes: Iterable[DutyChange], titles: Mapping[int, str]) -> list[_Row]:
    found: dict[tuple[int, str, str, bool], _Row] = {}
    for one in sorted(changes, key=lambda each: (each.new, each.number)):
        title = titles.get(one.number, "")
        alike = (one.agency_id, one.what, title, one.old != one.new)
        if alike in found:
            found[alike].later.append(one.number)
        else:
            found[alike] = _Row(one, title)
    return list(found.values())


def announce(
    session: Session,
    renderer: Renderer,
    changes: Iterable[DutyChange],
    cause: Cause,
    now: datetime,
    *,
    besides: int | None = None,
) -> int:
    """Queue the word, in the caller's transaction; how many people will hear. `besides`: the person
    who did it needs no telling. `now` is aware."""
    mine = by_agency(changes)
    titles = _titles(session, [one.number for each in mine.values() for one in each])
    names = _names(session, mine)
    told = 0
    for (person_id, _contact), held in receivers(focal_points(session, mine)).items():
        if person_id is not None and person_id == besides:
            continue
        agencies = list(dict.fromkeys(one.agency_id or 0 for one in held))
        rows = _rows([one for agency_id in agencies for one in mine[agency_id]], titles)
        text = renderer.render(
            "replies/directive_changed",
            cause=cause,
            agencies=[names[agency_id] for agency_id in agencies],
            rows=rows[:NAMED],
            rest=[n for row in rows[NAMED:] for n in (row.change.number, *row.later)],
        )
        put_text(
            session, NoticeKind.ALERT, f"{cause.key}:{held[0].id}", text.html, now,
            subscription_id=held[0].id,
        )  # fmt: skip
        told += 1
    return told


def _titles(session: Session, numbers: list[int]) -> dict[int, str]:
    rows = session.exec(
        select(Duty.number, Task.title)
        .join(Task, col(Task.id) == col(Duty.task_id))
        .where(col(Duty.number).in_(numbers))
    )
    return dict(rows.all())


def _names(session: Session, agency_ids: Mapping[int, object]) -> dict[int, str]:
    rows = session.exec(select(Agency).where(col(Agency.id).in_(list(agency_ids)))).all()
    return {row.id or 0: row.name for row in rows}


def announce_import(
    session: Session,
    renderer: Renderer,
    report: ImportReport,
    now: datetime,
    *,
    besides: int | None = None,
) -> int:
    """Word of what a corrected directive changed about duties known before; how many will hear."""
    if report.result is None or report.expansion is None:
        return 0
    facts, directive_id = report.draft.directive, report.result.directive_id
    name = facts.number or facts.title or facts.source_name
    cause = Cause("corrected", name, f"directive:{directive_id}:{now.isoformat()}")
    return announce(session, renderer, report.expansion.changes, cause, now, besides=besides)
