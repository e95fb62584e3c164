"""Duties: one for each lead agency and due day, numbered by day, never twice."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, select

from deadlines import (
    AnyOf,
    Daily,
    Every,
    Fixed,
    Open,
    Relative,
    Rule,
    Unit,
    Weekly,
    rule_to_json,
)
from deadlines.rules import On
from registry.agency_list import AgencyRow, load
from registry.database import Database
from registry.directives import AgencyPart, DirectiveFacts, TaskFacts, store
from registry.expand import MOST_PER_TASK, Expansion, Terms, expand
from registry.revise import revise
from registry.tables import Duty
from registry.types import DutyKind, DutyState, Part
from tests.fakes.databases import fresh

NOW = datetime(2026, 1, 5, 2, tzinfo=UTC)
ISSUED = date(2026, 1, 5)
TERMS = Terms(date(2026, 1, 5), NOW, update_rule=Every(Unit.QUARTER))
QUARTERLY = Every(Unit.QUARTER, On(0, 15), before=True, time=time(16))


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = fresh(tmp_path)
    rows = [AgencyRow("Sở Y tế"), AgencyRow("Sở Tài chính"), AgencyRow("UBND xã An Bình")]
    database.write_now(load, rows, NOW)
    yield database
    database.close()


def _task(key: str, rule: Rule | None, kind: str = "fixed", agencies: int = 1) -> TaskFacts:
    parts = tuple(AgencyPart(one, Part.LEAD) for one in range(1, agencies + 1))
    text = rule_to_json(rule) if rule is not None else ""
    return TaskFacts(key, f"Việc {key}", kind=kind, rule=text, agencies=parts)


def _store(db: Database, *tasks: TaskFacts, issued: date | None = ISSUED) -> tuple[int, ...]:
    directive = DirectiveFacts("1/KH-BCĐ", issued, digest="x")
    result = db.write_now(store, directive, list(tasks), NOW)
    return result.added + result.changed


def _duties(db: Database) -> list[Duty]:
    def read(session: Session) -> list[Duty]:
        return list(session.exec(select(Duty).order_by(Duty.number)).all())  # type: ignore[arg-type]

    return db.read_now(read)


def test_one_duty_for_each_lead_and_due_day(db: Database) -> None:
    _store(db, _task("q", QUARTERLY, "quarterly", agencies=2))
    assert db.write_now(expand, TERMS).added == 8
    mine = [duty for duty in _duties(db) if duty.agency_id == 1]
    assert [duty.due_on for duty in mine] == [
        date(2026, 3, 14),
        date(2026, 6, 14),
        date(2026, 9, 14),
        date(2026, 12, 14),
    ]
    assert [duty.period for duty in mine[:2]] == ["2026-Q1", "2026-Q2"]
    assert [duty.opens_on for duty in mine[:2]] == [ISSUED, date(2026, 3, 15)]
    assert {(duty.due_time, duty.kind, duty.state) for duty in mine} == {
        (time(16), DutyKind.DEADLINE, DutyState.OPEN)
    }
    assert all(duty.first_due_on == duty.due_on and duty.plan_due for duty in mine)


def test_numbers_follow_the_days_and_are_never_used_again(db: Database) -> None:
    _store(db, _task("late", Fixed(date(2026, 12, 1))), _task("q", QUARTERLY, agencies=3))
    db.write_now(expand, TERMS)
    duties = _duties(db)
    assert [duty.number for duty in duties] == list(range(101, 101 + len(duties)))
    assert [duty.due_on for duty in duties] == sorted(duty.due_on for duty in duties)
    last = duties[-1]
    db.write_now(lambda session: session.delete(session.get(Duty, last.id)))
    db.write_now(expand, TERMS)
    assert _duties(db)[-1].number == last.number + 1


def test_expanding_again_adds_only_what_the_horizon_brings(db: Database) -> None:
    _store(db, _task("q", QUARTERLY))
    first = db.write_now(expand, replace(TERMS, horizon_days=100)).added
    assert db.write_now(expand, replace(TERMS, horizon_days=100)) == Expansion()
    second = db.write_now(expand, TERMS).added
    assert (first, second) == (1, 3)
    assert _duties(db)[1].opens_on == date(2026, 3, 15)


@pytest.mark.parametrize("kind", ["ongoing", "per_plan"])
def test_tasks_without_a_day_are_asked_for_a_word(db: Database, kind: str) -> None:
    _store(db, _task("o", None, kind))
    db.write_now(expand, TERMS)
    duties = _duties(db)
    assert {duty.kind for duty in duties} == {DutyKind.UPDATE}
    assert [duty.due_on for duty in duties][:2] == [date(2026, 3, 31), date(2026, 6, 30)]


def test_without_an_update_rule_nobody_is_asked(db: Database) -> None:
    _store(db, _task("o", None, "ongoing"))
    assert db.write_now(expand, replace(TERMS, update_rule=None)) == Expansion()


@pytest.mark.parametrize(
    ("rule", "kind", "word"),
    [
        (None, "event", "sự kiện"),
        (Open("event", "khi có yêu cầu"), "event", "sự kiện"),
        (Daily(), "daily", "hằng ngày"),
        (Relative(5, anchor="event", label="họp"), "relative", "mốc"),
    ],
)
def test_what_has_no_day_yet_is_told(db: Database, rule: Rule | None, kind: str, word: str) -> None:
    ids = _store(db, _task("e", rule, kind))
    result = db.write_now(expand, TERMS)
    assert result.added == 0
    assert [one.task_id for one in result.troubles] == list(ids)
    assert word in result.troubles[0].message


def test_a_task_that_nobody_leads_is_silent(db: Database) -> None:
    _store(db, _task("p", None, "per_plan", agencies=0))
    assert db.write_now(expand, TERMS) == Expansion()


@pytest.mark.parametrize("anchor", ["document", "receipt"])
def test_days_counted_from_the_issue(db: Database, anchor: str) -> None:
    _store(db, _task("r", Relative(3, anchor=anchor), "relative"))
    db.write_now(expand, TERMS)
    assert [duty.due_on for duty in _duties(db)] == [date(2026, 1, 8)]


def test_a_derived_deadline_follows_its_section(db: Database) -> None:
    parent = replace(_task("2", Fixed(date(2026, 2, 1), before=True)), section="2. Các sở")
    derived = _task("3", Relative(3, anchor="parents", label="mục 2"), "relative")
    _store(db, parent, derived)
    db.write_now(expand, TERMS)
    assert [duty.due_on for duty in _duties(db)] == [date(2026, 1, 31), date(2026, 2, 4)]


def test_too_many_periods_are_capped_and_told(db: Database) -> None:
    _store(db, _task("w", Weekly((4,)), "weekly"), issued=date(2020, 1, 1))
    result = db.write_now(expand, TERMS)
    assert result.added == MOST_PER_TASK
    assert str(MOST_PER_TASK) in result.troubles[0].message
    assert _duties(db)[-1].due_on > TERMS.today
    assert db.write_now(expand, TERMS).added == 0


def test_duties_end_with_their_agency(db: Database) -> None:
    db.write_now(load, [AgencyRow("Sở Y tế", valid_to=date(2026, 6, 30))], NOW)
    _store(db, _task("q", QUARTERLY))
    result = db.write_now(expand, TERMS)
    assert result.added == 2
    assert "hết hiệu lực" in result.troubles[0].message


def test_a_changed_deadline_moves_open_duties_only(db: Database) -> None:
    ids = _store(db, _task("q", QUARTERLY, agencies=3))
    db.write_now(expand, TERMS)

    def settle(session: Session) -> None:
        done, extended = (session.get(Duty, one) for one in (1, 2))
        assert done is not None
        assert extended is not None
        done.state = DutyState.DONE
        extended.due_on += timedelta(days=7)

    db.write_now(settle)
    _store(db, _task("q", replace(QUARTERLY, point=On(0, 20)), agencies=3))
    result = db.write_now(revise, TERMS, ids)
    duties = {duty.id: duty for duty in _duties(db)}
    assert (result.added, result.cancelled) == (0, 0)
    assert (duties[1].due_on, duties[1].first_due_on) == (date(2026, 3, 14), date(2026, 3, 14))
    assert (duties[2].due_on, duties[2].first_due_on) == (date(2026, 3, 21), date(2026, 3, 19))
    assert (duties[3].due_on, duties[3].first_due_on) == (date(2026, 3, 19), date(2026, 3, 19))


def test_a_changed_lead_passes_the_duty_on(db: Database) -> None:
    rule = Fixed(date(2026, 6, 30))
    ids = _store(db, _task("f", rule))
    db.write_now(expand, TERMS)
    other = replace(_task("f", rule), agencies=(AgencyPart(2, Part.LEAD),))
    _store(db, other)
    result = db.write_now(revise, TERMS, ids)
    assert (result.added, result.cancelled) == (1, 1)
    _store(db, _task("f", rule))
    db.write_now(revise, TERMS, ids)
    assert [(duty.agency_id, duty.state) for duty in _duties(db)] == [
        (1, DutyState.OPEN),
        (2, DutyState.CANCELLED),
    ]


def test_several_deadlines_of_one_task(db: Database) -> None:
    _store(db, _task("m", AnyOf((Every(Unit.MONTH), Every(Unit.QUARTER))), "multi"))
    db.write_now(expand, TERMS)
    duties = _duties(db)
    assert len({duty.due_on for duty in duties}) == len(duties)
    assert "2026-Q1" in {duty.period for duty in duties}


def test_a_province_is_expanded_once(db: Database) -> None:
    agencies = [AgencyRow(f"UBND xã Số {number}") for number in range(50)]
    db.write_now(load, agencies, NOW)
    _store(db, *(_task(str(number), QUARTERLY, agencies=53) for number in range(100)))
    terms = replace(TERMS, horizon_days=450)
    assert db.write_now(expand, terms).added == 100 * 53 * 5
    assert db.write_now(expand, terms).added == 0
