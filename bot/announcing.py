"""Word of a directive's changes to the focal points: one message each, naming what changed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from intake.importing import ImportReport
from registry.concerned import by_agency, focal_points, receivers
from registry.expand import DutyChange
from registry.notices import put_text
from registry.tables import Agency, Duty, Task
from registry.types import NoticeKind
from reports.render import Renderer

# As many duties as are named with their titles; of the rest, the numbers.
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
        rows = [one for agency_id in agencies for one in mine[agency_id]]
        text = renderer.render(
            "replies/directive_changed",
            cause=cause,
            agencies=[names[agency_id] for agency_id in agencies],
            rows=[{"change": one, "title": titles.get(one.number, "")} for one in rows[:NAMED]],
            rest=[one.number for one in rows[NAMED:]],
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
