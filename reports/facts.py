"""What is known of a duty at one moment, gathered for everything that speaks of duties.

A constant number of queries whatever the number of duties (per :data:`CHUNK` of them).
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache

from sqlalchemy import or_
from sqlmodel import Session, col, func, select

from deadlines import Once, WorkCalendar, data_window, describe, period_of, rule_from_json
from deadlines.text import fold
from registry.clock import local_day
from registry.heirs import plain_period
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
    Task,
    TaskAgency,
)
from registry.types import DutyKind, DutyState, NoticeKind, NoticeState, Part, RequestState
from reports.oddities import oddities
from reports.vietnamese import short_day

CHUNK = 5000
HORIZON_DAYS = 30

# Kinds of deadline that come back with a period, whose reports follow the report regime's windows.
_PERIODIC = frozenset(
    {"monthly", "quarterly", "semiannual", "nine_month", "annual", "multi", "relative"}
)
_REPORT = re.compile(r"(?<!he thong )(?<!thong tin )\bbao cao\b")


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
class DutyFacts:
    """One duty as of `today`. Days are local, moments UTC; "" stands for what is not known.

    `reading`: the deadline's rule in words. `first_due_on`: the day before it was moved, None if it
    never was. `last_safe`: the last working day on or before the due day; `off_reason`: why the due
    day is a day off, None on a working day. `days_left` counts calendar days and is negative when
    overdue, `working_days_left` the working days after today up to the due day. `late_days`:
    calendar days between the due day and the completion (or today, while open), 0 if not late.
    `urges`: days on which the agency was urged, named in `urged_on`; `urge_number`: the number an
    urge sent today bears.
    `data_window`: the days a periodic report's figures cover (Nghị định 09/2019/NĐ-CP, Điều 12).
    `former`: under which name the directive gave it, where the agency has since merged or changed
    its name.
    """

    id: int
    number: int
    kind: DutyKind
    task_id: int
    agency_id: int
    agency: str
    title: str
    deliverable: str
    directive: str
    directive_number: str
    directive_issued_on: date | None
    directive_title: str
    section: str
    ordinal: str
    coordinating: str
    send_to: str
    deadline_text: str
    reading: str
    period_words: str
    opens_on: date
    due_on: date
    due_time: time | None
    first_due_on: date | None
    last_safe: date
    off_reason: str | None
    days_left: int
    working_days_left: int
    state: DutyState
    received_at: datetime | None
    received_by: str
    done_on: date | None
    late_days: int
    obstacles: tuple[ObstacleFacts, ...]
    extension: ExtensionFacts | None
    completion: CompletionFacts | None
    urges: int
    urge_number: int
    data_window: tuple[date, date] | None
    former: str = ""
    urged_on: tuple[date, ...] = ()

    @property
    def is_open(self) -> bool:
        return self.state == DutyState.OPEN

    @property
    def submitted(self) -> bool:
        """Reported done, and waiting until staff confirm the result."""
        return self.state == DutyState.SUBMITTED

    @property
    def overdue(self) -> bool:
        """Open, and the due day has ended."""
        return self.is_open and self.days_left < 0

    @property
    def is_update(self) -> bool:
        return self.kind == DutyKind.UPDATE

    @property
    def place(self) -> str:
        """Where in the directive the task stands: "I. Chỉ đạo, điều hành; số thứ tự 2"."""
        ordinal = f"số thứ tự {self.ordinal}" if self.ordinal else ""
        return "; ".join(filter(None, (self.section, ordinal)))


@dataclass(frozen=True, slots=True)
class _Around:
    """What stands in other tables about a set of duties, by duty id (task id, number)."""

    coordinating: dict[int, dict[int, str]]
    obstacles: dict[int, list[ObstacleFacts]]
    extensions: dict[int, ExtensionFacts]
    completions: dict[int, CompletionFacts]
    urged_on: dict[int, set[date]]
    received_by: dict[int, str]
    former: dict[int, str]


def load_facts(
    session: Session, duty_ids: Iterable[int], today: date, calendar: WorkCalendar
) -> dict[int, DutyFacts]:
    """The facts of these duties by id, in the order given; ids that are not there are left out."""
    wanted = list(dict.fromkeys(duty_ids))
    found: dict[int, DutyFacts] = {}
    for part in _chunks(wanted):
        found |= _load(session, part, today, calendar)
    return {duty_id: found[duty_id] for duty_id in wanted if duty_id in found}


def open_duties(
    session: Session,
    agency_ids: Collection[int],
    today: date,
    calendar: WorkCalendar,
    horizon_days: int = HORIZON_DAYS,
) -> list[DutyFacts]:
    """What the agencies owe now, the longest overdue first, then by due day: open duties whose
    period has begun, or that fall due within `horizon_days` calendar days."""
    ids = session.exec(
        select(Duty.id)
        .where(
            col(Duty.agency_id).in_(list(agency_ids)),
            Duty.state == DutyState.OPEN,
            or_(
                col(Duty.opens_on) <= today,
                col(Duty.due_on) <= today + timedelta(days=horizon_days),
            ),
        )
        .order_by(col(Duty.due_on), col(Duty.kind), col(Duty.number))
    ).all()
    return list(load_facts(session, (each for each in ids if each), today, calendar).values())


def urged_days(session: Session, duty_ids: Iterable[int]) -> dict[int, set[date]]:
    """The local days on which urges about these duties reached somebody of their agency.

    An urge that was only perhaps delivered does not count: the record must not say more than is
    certain. Nor does word to the member in charge: it is no urge of the agency.
    """
    days: dict[int, set[date]] = defaultdict(set)
    for part in _chunks(list(duty_ids)):
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


def _chunks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), CHUNK):
        yield ids[start : start + CHUNK]


def _load(
    session: Session, duty_ids: Sequence[int], today: date, calendar: WorkCalendar
) -> dict[int, DutyFacts]:
    rows = session.exec(
        select(Duty, Task, Directive, Agency)
        .join(Task, col(Task.id) == col(Duty.task_id))
        .join(Directive, col(Directive.id) == col(Task.directive_id))
        .join(Agency, col(Agency.id) == col(Duty.agency_id))
        .where(col(Duty.id).in_(duty_ids))
    ).all()
    around = _around(session, duty_ids, [duty for duty, _, _, _ in rows])
    around.former.update(_renamed(session, [(duty, directive) for duty, _, directive, _ in rows]))
    days = _Days(today, calendar)
    return {
        duty.id or 0: _facts(duty, task, directive, agency, around, days)
        for duty, task, directive, agency in rows
    }


# -- the tables around ----------------------------------------------------------------------------


def _around(session: Session, ids: Sequence[int], duties: Sequence[Duty]) -> _Around:
    return _Around(
        coordinating=_coordinating(session, sorted({duty.task_id for duty in duties})),
        obstacles=_obstacles(session, ids),
        extensions=_extensions(session, ids),
        completions=_completions(session, ids),
        urged_on=urged_days(session, ids),
        received_by=_receivers(session, [duty.number for duty in duties if duty.received_at]),
        former=_former(session, duties),
    )


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


# -- one duty -------------------------------------------------------------------------------------


class _Days:
    """Counts days from today, once for each due day."""

    def __init__(self, today: date, calendar: WorkCalendar) -> None:
        self.today = today
        self.calendar = calendar
        self._left: dict[date, int] = {}

    def working_left(self, due_on: date) -> int:
        if due_on not in self._left:
            ahead = range(1, (due_on - self.today).days + 1)
            self._left[due_on] = sum(
                self.calendar.is_working(self.today + timedelta(days=n)) for n in ahead
            )
        return self._left[due_on]

    def late(self, duty: Duty, completion: CompletionFacts | None) -> int:
        """Calendar days; of a result that waits to be confirmed, up to the day it would count."""
        if duty.state == DutyState.SUBMITTED and completion is not None:
            told = local_day(completion.at)
            end = min(completion.document_date or told, told)
        else:
            end = self.today if duty.state == DutyState.OPEN else duty.done_on or duty.due_on
        return max((end - duty.due_on).days, 0)


def _facts(
    duty: Duty, task: Task, directive: Directive, agency: Agency, around: _Around, days: _Days
) -> DutyFacts:
    duty_id = duty.id or 0
    urged = around.urged_on.get(duty_id, set())
    reported = duty.state in (DutyState.DONE, DutyState.SUBMITTED)
    completion = around.completions.get(duty_id) if reported else None
    return DutyFacts(
        id=duty_id,
        number=duty.number,
        kind=duty.kind,
        task_id=duty.task_id,
        agency_id=duty.agency_id,
        agency=agency.name,
        title=task.title,
        deliverable=task.deliverable,
        directive=directive_name(directive),
        directive_number=directive.number,
        directive_issued_on=directive.issued_on,
        directive_title=directive.title,
        section=task.section,
        ordinal=task.ordinal,
        coordinating=task.coordinate_text or _others(around.coordinating, duty),
        send_to=task.send_to,
        deadline_text=task.deadline_text,
        reading=_reading(task.rule),
        period_words=_period_words(duty.period),
        opens_on=duty.opens_on,
        due_on=duty.due_on,
        due_time=duty.due_time,
        first_due_on=duty.first_due_on if duty.first_due_on != duty.due_on else None,
        last_safe=days.calendar.last_working(duty.due_on),
        off_reason=days.calendar.name_of(duty.due_on),
        days_left=(duty.due_on - days.today).days,
        working_days_left=days.working_left(duty.due_on),
        state=duty.state,
        received_at=duty.received_at,
        received_by=around.received_by.get(duty.number, ""),
        done_on=duty.done_on,
        late_days=days.late(duty, completion),
        obstacles=tuple(around.obstacles.get(duty_id, ())),
        extension=around.extensions.get(duty_id),
        completion=completion,
        urges=len(urged),
        urge_number=len([day for day in urged if day < days.today]) + 1,
        data_window=_window(duty, task),
        former=around.former.get(duty_id, ""),
        urged_on=tuple(sorted(urged)),
    )


def _others(coordinating: dict[int, dict[int, str]], duty: Duty) -> str:
    named = coordinating.get(duty.task_id, {})
    return "; ".join(name for key, name in named.items() if key != duty.agency_id)


@lru_cache(maxsize=4096)
def _reading(rule: str) -> str:
    try:
        return describe(rule_from_json(rule)) if rule else ""
    except ValueError:
        return ""


def _period_words(key: str) -> str:
    """ "quý III/2026"; "" for an occurrence that is a day or a week."""
    period = period_of(plain_period(key))
    return describe(Once(period)).removeprefix("trong ") if period else ""


def is_periodic_report(kind: str, title: str, deliverable: str) -> bool:
    """Whether a task asks for a report each period, as far as its words tell."""
    return kind in _PERIODIC and _REPORT.search(fold(f"{title}. {deliverable}")) is not None


def directive_name(directive: Directive) -> str:
    """ "Kế hoạch số 106/KH-BCĐ ngày 26/4/2024"; without a number, what else names it."""
    day = f"ngày {short_day(directive.issued_on)}" if directive.issued_on else ""
    if directive.number:
        return " ".join(filter(None, (directive.kind or "Văn bản", "số", directive.number, day)))
    name = directive.title or directive.kind or directive.source_name or "Văn bản chưa có số"
    return " ".join(filter(None, (name, day)))


def _window(duty: Duty, task: Task) -> tuple[date, date] | None:
    """Only a report that comes back each period has one, and never one that closes after the day
    the report is due."""
    if not is_periodic_report(task.kind, task.title, task.deliverable):
        return None
    window = data_window(plain_period(duty.period))
    return window if window and window[1] <= duty.due_on else None
