"""What triggers count and note, after any changes, against the rows looked at one by one: the
tally, what is kept in columns, and the figures made from them."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from registry.database import Database
from registry.tables import (
    Completion,
    Directive,
    Duty,
    Extension,
    Obstacle,
    Tally,
    Task,
    TaskAgency,
)
from registry.tally import Faults, faults, recount
from registry.types import UNFINISHED, DutyKind, DutyState, Part
from reports.counting import Scope
from reports.status import Counts, status_of
from reports.unfolded import unfold
from tests.fakes.databases import ended, fresh
from tests.reports.build import Builder

TODAY = date(2027, 9, 20)
NOW = datetime(2027, 9, 20, 1, tzinfo=UTC)
# Month ends, a month's first days, years' ends: where whole months and single days meet.
DAYS = [
    date(2026, 12, 31), date(2027, 1, 1), date(2027, 8, 31), date(2027, 9, 1),
    date(2027, 9, 19), TODAY, date(2027, 9, 21), date(2027, 9, 30), date(2027, 10, 1),
    date(2028, 2, 29),
]  # fmt: skip
days = st.sampled_from(DAYS)
duties, agencies, tasks = st.integers(0, 30), st.integers(0, 2), st.integers(0, 3)
_SET = {
    "state": st.sampled_from(DutyState), "done_on": st.none() | days, "due_on": days,
    "opens_on": days, "kind": st.sampled_from(DutyKind), "received_at": st.none() | st.just(NOW),
}  # fmt: skip
changes = st.one_of(
    st.tuples(st.just("duty"), tasks, agencies, days, days),
    st.tuples(st.just("done"), duties, days),
    *(st.tuples(st.just("set"), duties, st.just(name), value) for name, value in _SET.items()),
    st.tuples(st.just("agency"), duties, agencies),
    st.tuples(st.just("task"), duties, tasks),
    st.tuples(st.just("all"), agencies, st.sampled_from(DutyState)),
    st.tuples(st.sampled_from(["obstacle", "completion", "extension"]), duties),
    st.tuples(st.just("pass obstacles"), duties, duties),
    st.tuples(st.sampled_from(["no obstacles", "gone"]), duties),
    st.tuples(st.just("end task"), tasks, st.booleans()),
    st.tuples(st.just("task kind"), tasks, st.sampled_from(["ongoing", "quarterly"])),
    st.tuples(st.just("end directive"), st.integers(0, 1), st.booleans()),
    st.tuples(st.just("lead"), tasks, agencies),
    st.tuples(st.just("no lead"), tasks, agencies),
    st.tuples(st.just("no directive")),
)
scopes = st.builds(
    Scope,
    st.sampled_from([TODAY, date(2027, 9, 30), date(2027, 1, 1)]),
    agency_ids=st.none() | st.frozensets(st.integers(1, 3), max_size=2),
    directive_id=st.sampled_from([None, None, 1]),
    period=st.none() | st.tuples(days, days),
)


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    made = fresh(tmp_path_factory.mktemp("tally"))
    yield made
    ended(made)


class Desk:
    """Two directives of two tasks each, three agencies, and whatever becomes of their duties."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.build = Builder(session)
        self.agencies = [self.build.agency(f"Cơ quan {n}", id=n + 1) for n in range(3)]
        self.plans = [self.build.directive(f"{n}/KH", id=n + 1) for n in range(2)]
        self.tasks = [self.build.task(self.plans[n // 2], id=n + 1) for n in range(4)]
        self.contact = self.build.contact()

    def one(self, number: int) -> Duty | None:
        found = self.session.exec(select(Duty).order_by(col(Duty.id))).all()
        return found[number % len(found)] if found else None

    def carry_out(self, verb: str, *told: Any) -> None:
        given: list[Any] = list(told)
        if verb in _OF_DUTIES:
            given[0] = self.one(told[0])
            if given[0] is None:
                return
        _VERBS[verb](self, *given)
        self.session.flush()
        self.session.expire_all()

    def owe(self, task: int, agency: int, opens: date, due: date) -> None:
        if self.task(task) is not None:
            self.build.duty(self.tasks[task], self.agencies[agency], due, opens_on=opens)

    def task(self, number: int) -> Task | None:
        return self.session.get(Task, number + 1)

    def done(self, duty: Duty, day: date) -> None:
        duty.state, duty.done_on = DutyState.DONE, day
        self.build.completion(duty, NOW)

    def set(self, duty: Duty, name: str, value: Any) -> None:
        setattr(duty, name, value)

    def to_task(self, duty: Duty, task: int) -> None:
        if self.task(task) is not None:
            duty.task_id = task + 1

    def all(self, agency: int, state: DutyState) -> None:
        mine = update(Duty).where(col(Duty.agency_id) == agency + 1)
        self.session.execute(mine.values(state=state, done_on=TODAY))

    def lead(self, task: int, agency: int) -> None:
        known = self.session.get(TaskAgency, (task + 1, agency + 1, Part.LEAD))
        if self.task(task) is not None and known is None:
            self.build.part(self.tasks[task], self.agencies[agency], Part.LEAD)

    def no_lead(self, task: int, agency: int) -> None:
        found = self.session.get(TaskAgency, (task + 1, agency + 1, Part.LEAD))
        if found is not None:
            self.session.delete(found)

    def pass_obstacles(self, duty: Duty, other: int) -> None:
        to = self.one(other)
        mine = update(Obstacle).where(col(Obstacle.duty_id) == duty.id)
        self.session.execute(mine.values(duty_id=to.id if to else duty.id))

    def change_task(self, task: int, **values: Any) -> None:
        self.session.execute(update(Task).where(col(Task.id) == task + 1).values(**values))

    def end_directive(self, number: int, end: bool) -> None:
        mine = update(Directive).where(col(Directive.id) == number + 1)
        self.session.execute(mine.values(ended_at=NOW if end else None))


_VERBS: dict[str, Callable[..., Any]] = {
    "duty": Desk.owe,
    "done": Desk.done,
    "set": Desk.set,
    "agency": lambda _desk, duty, agency: setattr(duty, "agency_id", agency + 1),
    "task": Desk.to_task,
    "all": Desk.all,
    "obstacle": lambda desk, duty: desk.build.obstacle(duty, "vướng", NOW),
    "completion": lambda desk, duty: desk.build.completion(duty, NOW, undone_at=NOW),
    "extension": lambda desk, duty: desk.build.extension(duty, desk.contact, TODAY, NOW),
    "pass obstacles": Desk.pass_obstacles,
    "no obstacles": lambda desk, duty: desk.session.execute(
        delete(Obstacle).where(col(Obstacle.duty_id) == duty.id)
    ),
    "gone": lambda desk, duty: desk.session.delete(duty),
    "end task": lambda desk, task, end: desk.change_task(task, ended_at=NOW if end else None),
    "task kind": lambda desk, task, kind: desk.change_task(task, kind=kind),
    "end directive": Desk.end_directive,
    "lead": Desk.lead,
    "no lead": Desk.no_lead,
    "no directive": lambda desk: desk.session.execute(
        delete(Directive).where(col(Directive.id) == 2)
    ),
}
_OF_DUTIES = {
    "done", "set", "agency", "task", "obstacle", "completion", "extension", "pass obstacles",
    "no obstacles", "gone",
}  # fmt: skip


def counted(session: Session, scope: Scope) -> list[tuple[Duty, Task, bool]]:
    """The duties that count, their tasks, and whether anything was said about each."""
    said = {
        each
        for table in (Obstacle, Extension, Completion)
        for each in session.exec(select(table.duty_id)).all()
    }
    rows = session.exec(select(Duty, Task).join(Task)).all()
    return [
        (duty, task, duty.received_at is not None or duty.id in said)
        for duty, task in rows
        if duty.state != DutyState.CANCELLED
        and (scope.agency_ids is None or duty.agency_id in scope.agency_ids)
        and (scope.directive_id is None or task.directive_id == scope.directive_id)
        and (
            duty.opens_on <= scope.today
            if scope.period is None
            else scope.period[0] <= duty.due_on <= scope.period[1]
        )
    ]


def slow(rows: list[tuple[Duty, Task, bool]], scope: Scope) -> Counts:
    figures: Counter[str] = Counter(total=len(rows))
    for duty, _task, said in rows:
        left = (duty.due_on - scope.today).days
        if duty.state == DutyState.DONE:
            late = duty.done_on is None or duty.done_on > duty.due_on
            figures["done_late" if late else "done_on_time"] += 1
            continue
        figures["open"] += 1
        figures["submitted"] += duty.state == DutyState.SUBMITTED
        if duty.state == DutyState.OPEN:
            figures["overdue"] += left < 0
            figures["due_soon"] += 0 <= left <= scope.soon_days
            figures["not_started"] += not said
    return Counts(**figures)


def waiting(session: Session, scope: Scope) -> tuple[int, int]:
    """Tasks without a day and those that never end, by leading agency."""
    owing = set(session.exec(select(Duty.task_id, Duty.agency_id)).all())
    leads = [
        (part, task)
        for part, task, plan in session.exec(
            select(TaskAgency, Task, Directive)
            .join(Task, col(Task.id) == TaskAgency.task_id)
            .join(Directive, col(Directive.id) == Task.directive_id)
        ).all()
        if task.ended_at is None and plan.ended_at is None and part.part == Part.LEAD
        and (scope.agency_ids is None or part.agency_id in scope.agency_ids)
        and (scope.directive_id is None or task.directive_id == scope.directive_id)
    ]  # fmt: skip
    without = [1 for part, _ in leads if (part.task_id, part.agency_id) not in owing]
    return len(without), len([1 for _, task in leads if task.kind == "ongoing"])


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(done=st.lists(changes, min_size=1, max_size=30), scope=scopes)
def test_whatever_becomes_of_duties_is_counted(
    db: Database, done: list[tuple[Any, ...]], scope: Scope
) -> None:
    with Session(db._writer) as session:
        desk = Desk(session)
        for each in (("duty", 0, 0, DAYS[0], DAYS[4]), ("duty", 2, 1, DAYS[3], DAYS[7]), *done):
            desk.carry_out(*each)
        assert not faults(session)
        rows = counted(session, scope)
        mine = [row for row in rows if row[0].kind == DutyKind.DEADLINE]
        found = status_of(session, scope)
        assert found.totals == slow(mine, scope)
        by_agency = {row.agency_id: row.counts for row in found.rows}
        for key in (1, 2, 3):
            its = [row for row in mine if row[0].agency_id == key]
            assert by_agency.get(key, Counts()) == slow(its, scope)
        asked = [row for row in rows if row[0].kind == DutyKind.UPDATE]
        open_ones = [1 for duty, _, _ in asked if duty.state in UNFINISHED]
        assert (found.updates_asked, found.updates) == (len(asked), len(open_ones))
        idle = {task.id for _, task, _ in mine} - {
            task.id for duty, task, said in mine if said or duty.state != DutyState.OPEN
        }
        assert found.tasks == len({task.id for _, task, _ in mine})
        assert found.tasks_not_started == len(idle)
        if scope.period is None:
            assert (found.waiting, found.ongoing) == waiting(session, scope)
        assert unfold(session, scope, ("done",), 1).count == found.totals.done
        session.rollback()


def test_what_was_counted_wrongly_is_found_and_counted_anew(db: Database) -> None:
    with Session(db._writer) as session:
        desk = Desk(session)
        for each in (("duty", 0, 0, DAYS[0], DAYS[4]), ("duty", 2, 1, DAYS[3], DAYS[7]),
                     ("lead", 1, 1), ("task kind", 1, "ongoing"), ("done", 0, TODAY)):  # fmt: skip
            desk.carry_out(*each)
        assert faults(session) == Faults(0, 0)
        session.execute(update(Tally).values(on_time=7))
        session.execute(update(Duty).values(reacted=True))
        session.execute(update(TaskAgency).values(waiting=False, ongoing=False))
        assert faults(session) == Faults(10, 3)
        recount(session)
        assert not faults(session)
        session.execute(delete(Tally).where(col(Tally.span) == "ever"))
        assert faults(session) == Faults(2, 0)
        recount(session)
        assert not faults(session)
        session.rollback()
