"""Tasks become duties: one for each lead agency and due day, a rolling horizon ahead.

Expanding twice adds nothing: a duty is one (task, agency, period). Tasks without a day of their own
("thường xuyên", "theo Kế hoạch số …") get a periodic update duty instead. What waits for an event
gets none until its day is known, and says so.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Literal, NamedTuple

from sqlalchemy import insert
from sqlmodel import Session, col, func, select

from deadlines import Open, Relative, Rule, WorkCalendar, occurrences, rule_from_json
from deadlines.rules import AnyOf, Daily, Fixed, Occurrence, Once
from registry.clock import local_day
from registry.heirs import Heirs, plain_period
from registry.tables import Agency, Directive, Duty, Mark, Task, TaskAgency
from registry.types import DutyKind, DutyState, Part

HORIZON_DAYS = 400
# A week's report over the horizon is 57 duties; more than this is a mistake worth a look.
MOST_PER_TASK = 150
_LAST_NUMBER = "duty.number"
# Numbers of three digits cannot be taken for the answers 1 to 5, for counts or for days.
_BEFORE_FIRST = 100
# Kinds of deadlines without a day that still ask for a word now and then.
UPDATED_KINDS = frozenset({"ongoing", "per_plan"})
_DAY = timedelta(days=1)
FAR = date(2100, 1, 1)


@dataclass(frozen=True)
class Trouble:
    """A task that could not be expanded as it stands; `message` is one Vietnamese line."""

    task_id: int
    message: str


What = Literal["moved", "cancelled", "reopened", "carried", "merged", "kept"]


@dataclass(frozen=True)
class DutyChange:
    """What became of one duty, with its day before and after. "carried": to a later directive;
    "merged": into a duty that was carried to its place; "kept": though its directive ended."""

    number: int
    agency_id: int
    what: What
    old: date
    new: date


@dataclass(frozen=True)
class Expansion:
    """`added`: new duties, `late` of them overdue from the start; `moved`, `cancelled`, `reopened`:
    duties that a changed task no longer has so, or has again; `changes` names these."""

    added: int = 0
    moved: int = 0
    cancelled: int = 0
    troubles: tuple[Trouble, ...] = ()
    late: int = 0
    reopened: int = 0
    changes: tuple[DutyChange, ...] = ()

    def __add__(self, other: "Expansion") -> "Expansion":
        return Expansion(
            self.added + other.added,
            self.moved + other.moved,
            self.cancelled + other.cancelled,
            (*self.troubles, *other.troubles),
            self.late + other.late,
            self.reopened + other.reopened,
            (*self.changes, *other.changes),
        )


@dataclass(frozen=True)
class Terms:
    """What an expansion needs besides the tasks. `today` is local, `now` aware; `update_rule` says
    when tasks without a day are asked for a word (None: never)."""

    today: date
    now: datetime
    calendar: WorkCalendar = field(default_factory=WorkCalendar)
    update_rule: Rule | None = None
    horizon_days: int = HORIZON_DAYS

    @property
    def until(self) -> date:
        return self.today + timedelta(days=self.horizon_days)


class Slot(NamedTuple):
    """What one agency owes for one period."""

    task_id: int
    agency_id: int
    period: str


class Owed(NamedTuple):
    """When it is owed, and as what."""

    opens_on: date
    due_on: date
    due_time: Any
    kind: DutyKind
    former_agency_id: int | None = None


@dataclass
class Plan:
    """What is owed, and what a person should know. `claims`: each slot as the directive gave it ->
    the slot as it is owed now, another where its agency has ended and somebody took over.
    `waiting`: those for which a person must name somebody."""

    today: date
    heirs: Heirs
    owed: dict[Slot, Owed] = field(default_factory=dict)
    claims: dict[Slot, Slot] = field(default_factory=dict)
    waiting: dict[Slot, Owed] = field(default_factory=dict)
    troubles: list[Trouble] = field(default_factory=list)

    def missing(self, known: set[Slot]) -> dict[Slot, Owed]:
        """What nobody owes yet. Of several that merged, one duty is owed for each period."""
        new = {
            slot for claim, slot in self.claims.items() if claim not in known and slot not in known
        }
        return {slot: owed for slot, owed in self.owed.items() if slot in new}

    def wanted(self, duty: Duty) -> Owed | None:
        """What stands behind a stored duty, if anything does. One that waits for a person to name
        a successor is still owed."""
        here = self.slot(duty)
        if here in self.owed or duty.state is DutyState.CANCELLED:
            return self.owed.get(here)
        places = [
            here._replace(agency_id=one or 0) for one in (duty.agency_id, duty.former_agency_id)
        ]
        found = [each[one] for one in places for each in (self.owed, self.waiting) if one in each]
        return found[0] if found else None

    def slot(self, duty: Duty) -> Slot:
        """What a stored duty is owed for now. What is cancelled keeps its place: it may have been
        folded into a successor's."""
        agency_id = duty.agency_id
        if duty.state is not DutyState.CANCELLED:
            day = max(self.today, duty.due_on)
            agency_id = self.heirs.holder(agency_id, day, duty.task_id) or agency_id
        return Slot(duty.task_id, agency_id, plain_period(duty.period))


def expand(session: Session, terms: Terms, task_ids: Iterable[int] | None = None) -> Expansion:
    """Add the duties that are missing up to the horizon, for these tasks or all live ones."""
    tasks = live(session, task_ids)
    plan = plan_owed(session, tasks, terms, terms.until)
    missing = plan.missing(known_slots(session, tasks))
    added = _insert(session, missing, terms.now)
    late = sum(owed.due_on < terms.today for owed in missing.values())
    return Expansion(added=added, late=late, troubles=tuple(plan.troubles))


def due_days(
    session: Session, task_ids: Iterable[int], calendar: WorkCalendar, ahead: timedelta
) -> dict[int, list[date]]:
    """The due days of live tasks from their directive's day on, whoever owes them; single days
    however far, others as far `ahead`. Empty where a deadline has no day."""
    tasks = live(session, task_ids)
    siblings = _sections(session, tasks)
    found: dict[int, list[date]] = {}
    for task, directive in tasks:
        start = directive.issued_on or local_day(directive.created_at)
        rule = rule_from_json(task.rule) if task.rule else None
        if rule is None or task.kind in UPDATED_KINDS or isinstance(rule, (Open, Daily)):
            found[task.id or 0] = []
            continue
        last = FAR if _happens_once(rule) else start + ahead
        anchors = _anchors(start, task, siblings)
        days = occurrences(rule, start, last, calendar, anchors)
        found[task.id or 0] = [one.due for one in days]
    return found


# --- What is owed --------------------------------------------------------------------------------

_Tasks = Sequence[tuple[Task, Directive]]


def live(session: Session, task_ids: Iterable[int] | None) -> _Tasks:
    """Tasks that have not ended, of directives in force, in the directives' order."""
    live = (
        select(Task, Directive)
        .join(Directive)
        .where(col(Task.ended_at).is_(None), col(Directive.ended_at).is_(None))
        .order_by(col(Directive.id), col(Task.position), col(Task.id))
    )
    if task_ids is not None:
        live = live.where(col(Task.id).in_(list(task_ids)))
    return session.exec(live).all()


def _leads(session: Session, tasks: _Tasks) -> dict[int, list[Agency]]:
    rows = session.exec(
        select(TaskAgency.task_id, Agency)
        .join(Agency)
        .where(TaskAgency.part == Part.LEAD)
        .where(col(TaskAgency.task_id).in_([task.id for task, _directive in tasks]))
        .order_by(col(Agency.id))
    )
    leads: dict[int, list[Agency]] = defaultdict(list)
    for task_id, agency in rows:
        leads[task_id].append(agency)
    return leads


def plan_owed(session: Session, tasks: _Tasks, terms: Terms, until: date) -> Plan:
    """What is owed for these tasks up to a day, whether or not it is stored yet."""
    plan = Plan(terms.today, Heirs.of(session))
    leads = _leads(session, tasks)
    siblings = _sections(session, tasks)
    for task, directive in tasks:
        agencies = leads.get(task.id or 0, [])
        rule, trouble = _rule(task, terms.update_rule)
        if agencies and rule is not None:
            start = _start(directive, terms)
            anchors = _anchors(start, task, siblings)
            last = FAR if _happens_once(rule) else until
            found = _within(
                occurrences(rule, start, last, terms.calendar, anchors), task, directive, terms
            )
            trouble = trouble or _too_few(rule, found) or _too_many(found)
            periods = _opened(found, start)[-MOST_PER_TASK:]
            _owe(plan, task, agencies, periods)
        if agencies and trouble:
            plan.troubles.append(Trouble(task.id or 0, trouble))
    return plan


def _rule(task: Task, update_rule: Rule | None) -> tuple[Rule | None, str]:
    """The rule a task's duties follow, and what a person should know where there is none."""
    if task.kind in UPDATED_KINDS:
        return update_rule, ""
    rule = rule_from_json(task.rule) if task.rule else None
    if rule is None or isinstance(rule, Open):
        return None, "chờ một sự kiện; chưa có ngày để nhắc"
    if isinstance(rule, Daily):
        return None, "thời hạn hằng ngày: không tạo đầu việc theo từng ngày"
    return rule, ""


def _happens_once(rule: Rule) -> bool:
    """A day that comes once is owed however far ahead it lies; only what recurs needs a horizon."""
    if isinstance(rule, AnyOf):
        return all(_happens_once(each) for each in rule.rules)
    return isinstance(rule, (Fixed, Once))


def _within(
    found: list[Occurrence], task: Task, directive: Directive, terms: Terms
) -> list[Occurrence]:
    """The occurrences the directive still asks for. A word on a past quarter is no use to anybody,
    so requests to update begin today."""
    first = directive.owed_from or date.min
    if task.kind in UPDATED_KINDS:
        first = max(first, terms.today)
    last = directive.owed_until or date.max
    return [one for one in found if first <= one.due <= last]


def _start(directive: Directive, terms: Terms) -> date:
    return directive.issued_on or min(terms.today, local_day(directive.created_at))


def _too_few(rule: Rule, found: list[Occurrence]) -> str:
    waits = isinstance(rule, Relative) and not found
    return "chưa biết ngày làm mốc tính thời hạn; chưa có ngày để nhắc" if waits else ""


def _too_many(found: list[Occurrence]) -> str:
    if len(found) <= MOST_PER_TASK:
        return ""
    return f"có {len(found)} kỳ hạn; chỉ tạo đầu việc cho {MOST_PER_TASK} kỳ gần nhất"


def _opened(found: list[Occurrence], start: date) -> list[tuple[Occurrence, date]]:
    """Each occurrence with the first day its period concerns: the day after the one before it."""
    opens = [start, *(one.due + _DAY for one in found[:-1])]
    return list(zip(found, opens, strict=False))


def _owe(
    plan: Plan, task: Task, agencies: list[Agency], periods: list[tuple[Occurrence, date]]
) -> None:
    update = task.kind in UPDATED_KINDS
    clock = None if update or not task.rule else rule_from_json(task.rule).time
    kind = DutyKind.UPDATE if update else DutyKind.DEADLINE
    for agency in agencies:
        given_to = agency.id or 0
        orphaned = False
        for one, opens in periods:
            holder = plan.heirs.holder(given_to, max(plan.today, one.due), task.id or 0)
            claim = Slot(task.id or 0, given_to, one.period_key)
            if holder is None and agency.valid_to is not None and one.due > agency.valid_to:
                orphaned = True
                plan.waiting[claim] = Owed(opens, one.due, clock, kind)
                continue
            slot = claim._replace(agency_id=holder or given_to)
            former = given_to if slot != claim else None
            plan.claims[claim] = slot
            if former is None or slot not in plan.owed:
                plan.owed[slot] = Owed(opens, one.due, clock, kind, former)
        if orphaned:
            message = (
                f"“{agency.name}” hết hiệu lực từ sau ngày {agency.valid_to:%d/%m/%Y}; "
                "cần giao lại các kỳ sau ngày đó"
            )
            plan.troubles.append(Trouble(task.id or 0, message))


# --- Anchors of derived deadlines ----------------------------------------------------------------

_Siblings = dict[int, list[Task]]


def _sections(session: Session, tasks: _Tasks) -> _Siblings:
    """All tasks of the directives that hold a derived deadline."""
    derived = {task.directive_id for task, _directive in tasks if '"relative"' in task.rule}
    found: _Siblings = defaultdict(list)
    if derived:
        mine = select(Task).where(col(Task.directive_id).in_(derived))
        for task in session.exec(mine.where(col(Task.ended_at).is_(None))).all():
            found[task.directive_id].append(task)
    return found


def _anchors(start: date, task: Task, siblings: _Siblings) -> dict[str, Any]:
    """The day of issue, for which the day of receipt is taken too (no copy tells that day), and the
    deadlines of the sections that a derived deadline hangs on."""
    anchors: dict[str, Any] = {"document": start, "receipt": start}
    if '"relative"' not in task.rule:
        return anchors
    for label in _labels(rule_from_json(task.rule)):
        number = label.split()[-1].casefold()
        rules = tuple(
            rule_from_json(one.rule)
            for one in siblings.get(task.directive_id, [])
            if one.id != task.id and one.rule and _stands_in(one, number)
        )
        if rules:
            anchors[label] = rules
    return anchors


def _labels(rule: Rule) -> list[str]:
    if isinstance(rule, AnyOf):
        return [label for one in rule.rules for label in _labels(one)]
    return [rule.label] if isinstance(rule, Relative) and rule.label else []


def _stands_in(task: Task, number: str) -> bool:
    places = [*task.section.split(" / "), task.ordinal]
    marks = [place.split()[0].rstrip(".:)").casefold() for place in places if place.split()]
    return any(mark == number or mark.startswith(f"{number}.") for mark in marks)


# --- Rows ----------------------------------------------------------------------------------------


def known_slots(session: Session, tasks: _Tasks) -> set[Slot]:
    """What is owed already, under the agency that owes it and the one it was given to."""
    rows = session.exec(
        select(Duty.task_id, Duty.agency_id, Duty.former_agency_id, Duty.period).where(
            col(Duty.task_id).in_([task.id for task, _directive in tasks])
        )
    )
    return {
        Slot(task_id, each, plain_period(period))
        for task_id, agency_id, former_id, period in rows
        for each in (agency_id, former_id)
        if each is not None
    }


def _insert(session: Session, missing: dict[Slot, Owed], now: datetime) -> int:
    if not missing:
        return 0
    ordered = sorted(missing, key=lambda slot: missing[slot].due_on)
    first = _last_number(session) + 1
    rows = [
        {
            **slot._asdict(),
            **missing[slot]._asdict(),
            "number": number,
            "first_due_on": missing[slot].due_on,
            "state": DutyState.OPEN,
            "plan_due": True,
            "since": now,
            "created_at": now,
        }
        for number, slot in enumerate(ordered, start=first)
    ]
    session.merge(Mark(name=_LAST_NUMBER, value=str(first + len(rows) - 1), at=now))
    session.flush()
    # What is there was read in this same transaction, so a plain batch is enough, and ten times
    # faster than one statement that names every value.
    session.connection().execute(insert(Duty), rows)
    return len(rows)


def _last_number(session: Session) -> int:
    """A number is never given twice, not even after its duty was erased."""
    mark = session.get(Mark, _LAST_NUMBER)
    highest = session.exec(select(func.max(Duty.number))).one() or 0
    return max(_BEFORE_FIRST, highest, int(mark.value) if mark else 0)
