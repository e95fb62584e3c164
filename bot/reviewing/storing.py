"""Storing what was reviewed, and telling those who now owe something: one message a person."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from registry import people
from registry.directives import ImportResult
from registry.notices import put_text
from registry.tables import Agency, Directive, Duty, Subscription, Task, TaskAgency
from registry.types import DutyKind, DutyState, NoticeKind, Part, Role
from reports.render import Renderer

MOST_NAMED = 12
MOST_LISTED = 6


@dataclass
class Told:
    """`people`: how many will be told; `silent`: agencies that owe something and have nobody who
    can be told."""

    people: int = 0
    silent: list[str] = field(default_factory=list)


@dataclass
class _Owed:
    """What one agency owes by the new tasks: rows for the message."""

    agency: Agency
    lead: list[dict[str, Any]] = field(default_factory=list)
    coordinate: list[dict[str, Any]] = field(default_factory=list)


def tell_agencies(
    session: Session,
    renderer: Renderer,
    result: ImportResult,
    now: datetime,
    *,
    besides: int | None = None,
) -> Told:
    """Queue one message for each focal point that names the agency's new duties.

    Agencies that only coordinate are told where they are named one by one, not by a group.
    `besides`: the person who stored it and need not be told. Goes out within working hours.
    """
    directive = session.get_one(Directive, result.directive_id)
    owed = _owed(session, result.added)
    told = Told()
    by_holder: dict[tuple[int | None, int | None], list[tuple[Subscription, _Owed]]]
    by_holder = defaultdict(list)
    for each in owed.values():
        focal = _focal_points(session, each.agency)
        if each.lead and not any(people.has_contact(session, one) for one in focal):
            told.silent.append(each.agency.name)
        for one in focal:
            by_holder[one.person_id, one.contact_id].append((one, each))
    for (person_id, _contact), held in by_holder.items():
        if person_id is not None and person_id == besides:
            continue
        _tell(session, renderer, directive, held, now)
        told.people += 1
    told.silent.sort()
    return told


def _tell(
    session: Session,
    renderer: Renderer,
    directive: Directive,
    held: Sequence[tuple[Subscription, _Owed]],
    now: datetime,
) -> None:
    text = renderer.render(
        "replies/new_duties",
        directive=directive,
        agencies=[_shown(owed) for _subscription, owed in held],
    )
    first = held[0][0]
    put_text(
        session,
        NoticeKind.ALERT,
        f"new:{directive.id}:{first.id}:{now.isoformat()}",
        text.html,
        now,
        subscription_id=first.id,
    )


def _shown(owed: _Owed) -> dict[str, Any]:
    return {
        "name": owed.agency.name,
        "lead": owed.lead[:MOST_NAMED],
        "more": max(0, len(owed.lead) - MOST_NAMED),
        "coordinate": owed.coordinate[:MOST_NAMED],
        "more_coordinate": max(0, len(owed.coordinate) - MOST_NAMED),
    }


def _focal_points(session: Session, agency: Agency) -> list[Subscription]:
    """The agency's focal points; where it has none, whoever answers for it."""
    held = people.agency_subscriptions(session, agency.id or 0)
    focal = [one for one in held if one.role == Role.FOCAL]
    return focal or [one for one in held if one.role in (Role.OFFICER, Role.LEADER)]


def _owed(session: Session, task_ids: Iterable[int]) -> dict[int, _Owed]:
    """By agency: the tasks it leads, each with its next duty, and those it helps with."""
    ids = list(task_ids)
    tasks = session.exec(
        select(Task).where(col(Task.id).in_(ids)).order_by(col(Task.position))
    ).all()
    parts = session.exec(select(TaskAgency).where(col(TaskAgency.task_id).in_(ids))).all()
    agencies = {one.id: one for one in session.exec(select(Agency)).all()}
    duties: dict[tuple[int, int], list[Duty]] = defaultdict(list)
    open_ones = select(Duty).where(col(Duty.task_id).in_(ids), Duty.state == DutyState.OPEN)
    for duty in session.exec(open_ones.order_by(col(Duty.due_on), col(Duty.number))).all():
        duties[duty.task_id, duty.agency_id].append(duty)
    found: dict[int, _Owed] = {}
    by_task: dict[int, list[TaskAgency]] = defaultdict(list)
    for part in parts:
        by_task[part.task_id].append(part)
    for task in tasks:
        for part in by_task[task.id or 0]:
            own = found.setdefault(part.agency_id, _Owed(agencies[part.agency_id]))
            if part.part == Part.LEAD:
                own.lead.append(_row(task, duties[task.id or 0, part.agency_id]))
            elif not part.via_group:
                own.coordinate.append({"title": task.title})
    return {key: one for key, one in found.items() if one.lead or one.coordinate}


def _row(task: Task, duties: Sequence[Duty]) -> dict[str, Any]:
    first = duties[0] if duties else None
    return {
        "title": task.title,
        "number": first.number if first else None,
        "due": first.due_on if first else None,
        "is_update": first is not None and first.kind == DutyKind.UPDATE,
        "more": max(0, len(duties) - 1),
    }


def few_duties(session: Session, task_ids: Iterable[int]) -> list[dict[str, Any]]:
    """The new duties with their numbers, where they are few enough to be named in an answer."""
    mine = select(Duty, Agency).join(Agency, col(Agency.id) == Duty.agency_id)
    mine = mine.where(col(Duty.task_id).in_(list(task_ids)))
    rows = session.exec(mine.order_by(col(Duty.due_on), col(Duty.number)).limit(MOST_LISTED + 1))
    found = [
        {"number": duty.number, "agency": agency.name, "due_on": duty.due_on}
        for duty, agency in rows.all()
    ]
    return found if len(found) <= MOST_LISTED else []
