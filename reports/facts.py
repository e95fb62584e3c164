"""What is known of a duty at one moment, gathered for everything that speaks of duties.

A constant number of queries whatever the number of duties (per `reports.around.CHUNK` of them).
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache

from sqlalchemy import or_
from sqlmodel import Session, col, select

from deadlines import Once, WorkCalendar, data_window, describe, period_of, rule_from_json
from deadlines.text import fold
from registry.clock import local_day
from registry.heirs import plain_period
from registry.tables import Agency, Directive, Duty, Task
from registry.types import DutyKind, DutyState
from reports.around import (
    Around,
    CompletionFacts,
    ExtensionFacts,
    ObstacleFacts,
    chunks,
    look_around,
)
from reports.vietnamese import short_day

HORIZON_DAYS = 30

# Kinds of deadline that come back with a period, whose reports follow the report regime's windows.
_PERIODIC = frozenset(
    {"monthly", "quarterly", "semiannual", "nine_month", "annual", "multi", "relative"}
)
_REPORT = re.compile(r"(?<!he thong )(?<!thong tin )\bbao cao\b")


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


def load_facts(
    session: Session, duty_ids: Iterable[int], today: date, calendar: WorkCalendar
) -> dict[int, DutyFacts]:
    """The facts of these duties by id, in the order given; ids that are not there are left out."""
    wanted = list(dict.fromkeys(duty_ids))
    found: dict[int, DutyFacts] = {}
    for part in chunks(wanted):
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
    around = look_around(session, [(duty, directive) for duty, _, directive, _ in rows])
    days = _Days(today, calendar)
    return {
        duty.id or 0: _facts(duty, task, directive, agency, around, days)
        for duty, task, directive, agency in rows
    }


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
    duty: Duty, task: Task, directive: Directive, agency: Agency, around: Around, days: _Days
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
