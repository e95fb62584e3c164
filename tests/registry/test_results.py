"""Results that wait, are confirmed, given back, and given back by mistake."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, select

from registry import acceptance, duties, results
from registry.clock import local_day
from registry.database import Database
from registry.duties import Evidence
from registry.people import Actor, Refused
from registry.tables import AuditEvent, Completion, Directive, Duty, Notice, Task
from registry.types import DutyKind, NoticeState, Role
from reports.status import status
from tests.fakes.databases import fresh
from tests.reports.build import Builder

DUE = date(2027, 1, 15)
DAY = timedelta(days=1)
NOW = datetime(2027, 1, 12, 2, tzinfo=UTC)
LATE = datetime(2027, 1, 20, 2, tzinfo=UTC)
LAN = Actor(1, "Lan", ((Role.FOCAL, 1),))
THAO = Actor(1, "Thảo", ((Role.STAFF, None),))


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = fresh(tmp_path)
    database.write_now(_one_duty)
    yield database
    database.close()


def _one_duty(session: Session) -> None:
    build = Builder(session, NOW - 7 * DAY)
    agency = build.agency()
    subscription, _contact = build.focal(agency, "Lan")
    duty = build.duty(build.task(build.directive(), agency), agency, DUE)
    build.notice(duty, subscription, NOW + 2 * DAY, state=NoticeState.QUEUED)
    session.get_one(Directive, 1).acceptance = True


def duty_of(session: Session) -> Duty:
    return session.get_one(Duty, 1)


def report(session: Session, now: datetime = NOW, who: Actor = LAN) -> Completion:
    return duties.complete(session, duty_of(session), who, "telegram", Evidence(), now)


def notice(db: Database) -> str:
    return str(db.read_now(lambda s: s.exec(select(Notice.state)).one()))


def state(db: Database) -> tuple[str, date | None]:
    return db.read_now(lambda s: (str(duty_of(s).state), duty_of(s).done_on))


def act(db: Database, what: Callable[..., object], now: datetime = LATE, *more: str) -> None:
    db.write_now(lambda s: what(s, duty_of(s), THAO, *more, now))


def test_it_waits_and_nobody_is_reminded(db: Database) -> None:
    db.write_now(report)
    assert state(db) == ("submitted", None)
    assert notice(db) == "withdrawn"
    assert [d.number for d, _ in db.read_now(results.waiting)] == [101]
    found = db.read_now(lambda s: status(s, local_day(LATE))).totals
    assert (found.total, found.open, found.submitted, found.overdue) == (1, 1, 1, 0)


def test_confirmed_late_it_counts_from_the_day_it_was_reported(db: Database) -> None:
    db.write_now(report)
    act(db, results.accept)
    assert state(db) == ("done", local_day(NOW))
    totals = db.read_now(lambda s: status(s, local_day(LATE))).totals
    assert (totals.done_on_time, totals.open, totals.submitted) == (1, 0, 0)
    with pytest.raises(Refused):
        act(db, results.accept)


def test_given_back_it_counts_as_nothing_and_a_new_report_counts_from_its_own_day(
    db: Database,
) -> None:
    db.write_now(report)
    act(db, results.give_back, NOW + DAY, "thiếu số liệu")
    assert state(db) == ("open", None)
    assert notice(db) == "queued"
    assert db.read_now(lambda s: duty_of(s).due_on) == DUE
    assert db.read_now(lambda s: duty_of(s).plan_due)
    open_now = db.read_now(lambda s: status(s, local_day(LATE))).totals
    assert (open_now.overdue, open_now.not_started) == (1, 0)
    db.write_now(lambda s: report(s, LATE))
    act(db, results.accept)
    totals = db.read_now(lambda s: status(s, local_day(LATE))).totals
    assert (totals.done_on_time, totals.done_late) == (0, 1)
    whats = db.read_now(lambda s: s.exec(select(AuditEvent.what).order_by(AuditEvent.id)).all())  # type: ignore[arg-type]
    assert list(whats) == ["duty.done", "duty.returned", "duty.done", "duty.accepted"]


@pytest.mark.parametrize(("needed", "expected"), [(True, "submitted"), (False, "done")])
def test_given_back_by_mistake_it_stands_as_it_stood(
    db: Database, needed: bool, expected: str
) -> None:
    db.write_now(lambda s: setattr(s.get_one(Directive, 1), "acceptance", needed))
    db.write_now(report)
    act(db, results.give_back, NOW + DAY, "nhầm")
    act(db, results.keep_after_all, NOW + DAY)
    assert state(db)[0] == expected
    assert notice(db) == "withdrawn"
    with pytest.raises(Refused):
        act(db, results.keep_after_all)


def test_a_newer_report_leaves_nothing_to_keep(db: Database) -> None:
    db.write_now(report)
    act(db, results.give_back, NOW + DAY, "thiếu")
    db.write_now(lambda s: report(s, NOW + DAY))
    with pytest.raises(Refused):
        act(db, results.keep_after_all)


def test_the_one_who_reported_may_take_it_back(db: Database) -> None:
    db.write_now(report)
    db.write_now(lambda s: duties.undo(s, duty_of(s), LAN, NOW))
    assert state(db) == ("open", None)
    assert db.read_now(lambda s: results.last_returned(s, duty_of(s))) is None


def test_what_staff_report_needs_no_confirmation(db: Database) -> None:
    db.write_now(lambda s: report(s, NOW, THAO))
    assert state(db)[0] == "done"


def test_nothing_is_given_back_that_was_not_reported_or_whose_directive_ended(
    db: Database,
) -> None:
    with pytest.raises(Refused, match="chưa được báo xong"):
        act(db, results.give_back, NOW, "thiếu")
    db.write_now(report)
    db.write_now(lambda s: setattr(s.get_one(Directive, 1), "ended_at", NOW))
    with pytest.raises(Refused, match="đã kết thúc"):
        act(db, results.give_back, NOW, "thiếu")


@pytest.mark.parametrize(
    ("directive", "task", "kind", "expected"),
    [
        (False, None, DutyKind.DEADLINE, False),
        (True, None, DutyKind.DEADLINE, True),
        (True, False, DutyKind.DEADLINE, False),
        (False, True, DutyKind.DEADLINE, True),
        (True, True, DutyKind.UPDATE, False),
    ],
)
def test_who_needs_confirmation(
    db: Database, directive: bool, task: bool | None, kind: DutyKind, expected: bool
) -> None:
    def needed(session: Session) -> bool:
        duty = duty_of(session)
        duty.kind = kind
        acceptance.mark_directive(session, session.get_one(Directive, 1), directive, THAO, NOW)
        session.get_one(Task, 1).acceptance = task
        return acceptance.needed(session, duty)

    assert db.write_now(needed) is expected


def test_evidence_added_while_waiting_does_not_close_it(db: Database) -> None:
    db.write_now(report)

    def add(session: Session) -> bool:
        standing = duties.standing_completion(session, duty_of(session))
        assert standing is not None
        evidence = Evidence("45/BC-STC", local_day(NOW) - DAY)
        return duties.amend(session, standing, evidence, NOW)

    assert db.write_now(add)
    assert state(db) == ("submitted", None)
    assert db.read_now(lambda s: s.exec(select(Completion.flags)).one()) == "issuer"
    act(db, results.accept)
    assert state(db) == ("done", local_day(NOW) - DAY)
