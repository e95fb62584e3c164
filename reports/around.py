"""What stands about duties in other tables: difficulties, days asked for, results, urges, names.

One query for each of these, whatever the number of duties (per :data:`CHUNK` of them).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import or_
from sqlmodel import Session, col, func, select

from registry.clock import local_day
from registry.people import ACTING
from registry.tables import (
    Agency,
    AuditEvent,
    Completion,
    Directive,
    Duty,
    Extension,
    Notice,
    Obstacle,
    Person,
    Renaming,
    Request,
    StoredFile,
    Subscription,
    TaskAgency,
)
from registry.types import NoticeKind, NoticeState, Part, RequestState
from reports.oddities import oddities

CHUNK = 5000


@dataclass(frozen=True, slots=True)
class ObstacleFacts:
    """A difficulty raised and not yet closed."""

    text: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ExtensionFacts:
    """A later day asked for and not yet decided; `request_id` is what staff type to decide."""

    request_id: int
    proposed_on: date
    reason: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CompletionFacts:
    """The completion in force: who reported it, when, and the document that proves it. odd: what is
    odd about that document, in words; files: how many came with the report."""

    by: str
    at: datetime
    document_number: str
    document_date: date | None
    note: str
    odd: str = ""
    files: int = 0


@dataclass(frozen=True, slots=True)
class Around:
    """What stands in other tables about a set of duties, by duty id (task id, number)."""

    coordinating: dict[int, dict[int, str]]
    obstacles: dict[int, list[ObstacleFacts]]
    extensions: dict[int, ExtensionFacts]
    completions: dict[int, CompletionFacts]
    urged_on: dict[int, set[date]]
    received_by: dict[int, str]
    former: dict[int, str]


def look_around(session: Session, given: Sequence[tuple[Duty, Directive]]) -> Around:
    """What there is about these duties, each with the directive it comes from."""
    duties = [duty for duty, _ in given]
    ids = [duty.id or 0 for duty in duties]
    answered = _answered(session, ids)
    received = [duty.number for duty in duties if duty.received_at]
    return Around(
        coordinating=_coordinating(session, sorted({duty.task_id for duty in duties})),
        obstacles=_obstacles(session, answered) if answered else {},
        extensions=_extensions(session, answered) if answered else {},
        completions=_completions(session, answered) if answered else {},
        urged_on=urged_days(session, ids),
        received_by=_receivers(session, received) if received else {},
        former=_former(session, duties) | _renamed(session, given),
    )


def _answered(session: Session, ids: Sequence[int]) -> list[int]:
    """Those that somebody has said anything about: most duties of a morning are none of them. Asked
    of the database, whose triggers know (`registry.tally`), as a row held here may not."""
    said = select(Duty.id).where(col(Duty.id).in_(ids), col(Duty.reacted))
    return [each or 0 for each in session.exec(said)]


def urged_days(session: Session, duty_ids: Iterable[int]) -> dict[int, set[date]]:
    """The local days on which urges about these duties reached somebody of their agency.

    An urge that was only perhaps delivered does not count: the record must not say more than is
    certain. Nor does word to the member in charge: it is no urge of the agency.
    """
    days: dict[int, set[date]] = defaultdict(set)
    for part in chunks(list(duty_ids)):
        rows = session.exec(
            select(Notice.duty_id, func.coalesce(Notice.closed_at, Notice.due_at))
            .join(Duty, col(Duty.id) == col(Notice.duty_id))
            .join(Subscription, col(Subscription.id) == col(Notice.subscription_id))
            .where(
                col(Notice.duty_id).in_(part),
                Notice.kind == NoticeKind.URGE,
                Notice.state == NoticeState.SENT,
                col(Subscription.role).in_(ACTING),
                or_(
                    col(Subscription.agency_id) == col(Duty.agency_id),
                    col(Subscription.agency_id) == col(Duty.former_agency_id),
                ),
            )
            .distinct()
        ).all()
        for duty_id, at in rows:
            days[duty_id or 0].add(local_day(at))
    return days


def chunks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    """Parts that one statement takes."""
    for start in range(0, len(ids), CHUNK):
        yield ids[start : start + CHUNK]


def _former(session: Session, duties: Sequence[Duty]) -> dict[int, str]:
    """The agency that ended and that the directive named, by duty id."""
    passed = {duty.id or 0: duty.former_agency_id for duty in duties if duty.former_agency_id}
    ids = set(passed.values())
    if not ids:
        return {}
    rows = session.exec(select(Agency.id, Agency.name).where(col(Agency.id).in_(ids))).all()
    names = dict(rows)
    return {duty_id: names[agency] for duty_id, agency in passed.items() if agency in names}


def _renamed(session: Session, duties: Sequence[tuple[Duty, Directive]]) -> dict[int, str]:
    """The name an agency bore when the directive was issued, where it has another now."""
    ids = {duty.agency_id for duty, _directive in duties if duty.former_agency_id is None}
    rows = session.exec(
        select(Renaming)
        .where(col(Renaming.agency_id).in_(ids), col(Renaming.applied_at).is_not(None))
        .order_by(col(Renaming.day).desc())
    ).all()
    found: dict[int, str] = {}
    for row in rows:
        for duty, directive in duties:
            issued = directive.issued_on or local_day(directive.created_at)
            if duty.agency_id == row.agency_id and issued < row.day:
                found[duty.id or 0] = row.old_name
    return found


def _coordinating(session: Session, task_ids: Sequence[int]) -> dict[int, dict[int, str]]:
    names: dict[int, dict[int, str]] = defaultdict(dict)
    for task_id, agency_id, name in session.exec(
        select(TaskAgency.task_id, TaskAgency.agency_id, Agency.name)
        .join(Agency, col(Agency.id) == col(TaskAgency.agency_id))
        .where(
            col(TaskAgency.task_id).in_(task_ids),
            TaskAgency.part == Part.COORDINATE,
            col(TaskAgency.via_group).is_(False),
        )
        .order_by(col(Agency.key))
    ).all():
        names[task_id][agency_id] = name
    return names


def _obstacles(session: Session, ids: Sequence[int]) -> dict[int, list[ObstacleFacts]]:
    raised: dict[int, list[ObstacleFacts]] = defaultdict(list)
    for obstacle, name in session.exec(
        select(Obstacle, Person.name)
        .join(Person, col(Person.id) == col(Obstacle.person_id), isouter=True)
        .where(col(Obstacle.duty_id).in_(ids), col(Obstacle.closed_at).is_(None))
        .order_by(col(Obstacle.at).desc(), col(Obstacle.id).desc())
    ).all():
        raised[obstacle.duty_id].append(ObstacleFacts(obstacle.text, name or "", obstacle.at))
    return raised


def _extensions(session: Session, ids: Sequence[int]) -> dict[int, ExtensionFacts]:
    rows = session.exec(
        select(Extension, Request, Person.name)
        .join(Request, col(Request.id) == col(Extension.request_id))
        .join(Person, col(Person.id) == col(Request.person_id), isouter=True)
        .where(col(Extension.duty_id).in_(ids), Request.state == RequestState.ASKED)
        .order_by(col(Request.id))
    ).all()
    return {
        extension.duty_id: ExtensionFacts(
            extension.request_id,
            extension.proposed_on,
            extension.reason,
            name or "",
            request.asked_at,
        )
        for extension, request, name in rows
    }


def _completions(session: Session, ids: Sequence[int]) -> dict[int, CompletionFacts]:
    with_files = (
        select(col(StoredFile.completion_id), func.count().label("files"))
        .join(Completion, col(Completion.id) == col(StoredFile.completion_id))
        .where(col(Completion.duty_id).in_(ids), col(StoredFile.expires_at).is_(None))
        .group_by(col(StoredFile.completion_id))
        .subquery()
    )
    rows = session.exec(
        select(Completion, Person.name, func.coalesce(with_files.c.files, 0))
        .join(Person, col(Person.id) == col(Completion.person_id), isouter=True)
        .join(with_files, with_files.c.completion_id == col(Completion.id), isouter=True)
        .where(col(Completion.duty_id).in_(ids), col(Completion.undone_at).is_(None))
        .order_by(col(Completion.at), col(Completion.id))
    ).all()
    return {
        done.duty_id: CompletionFacts(
            name or "",
            done.at,
            done.document_number,
            done.document_date,
            done.note,
            oddities(done.flags),
            files,
        )
        for done, name, files in rows
    }


def _receivers(session: Session, numbers: Sequence[int]) -> dict[int, str]:
    """Who said "đã nhận", from the journal, by the duty's number."""
    rows = session.exec(
        select(AuditEvent.subject, Person.name)
        .join(Person, col(Person.id) == col(AuditEvent.person_id), isouter=True)
        .where(
            AuditEvent.what == "duty.received",
            col(AuditEvent.subject).in_([str(number) for number in numbers]),
        )
        .order_by(col(AuditEvent.id))
    ).all()
    return {int(subject): name or "" for subject, name in rows}
