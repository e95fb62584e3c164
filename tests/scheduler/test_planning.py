"""Planning at work, on a real database: what is stored, withdrawn, and wanted again."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, select

from deadlines.calendar import WorkCalendar
from registry import claiming, duties, notices, outbox, people, urging
from registry.clock import local_day, moment_of
from registry.database import Database
from registry.notices import PlannedNotice
from registry.people import Actor
from registry.tables import Agency, Contact, Directive, Duty, Extension, Notice, Subscription
from registry.types import DutyKind, NoticeKind, NoticeState, Role
from registry.urging import Rungs
from scheduler.ladder import Ladder
from scheduler.plan import Policy
from scheduler.planning import Rehearsed, note_policy, plan_changed, rehearse
from tests.reports.build import Builder

POLICY, CALENDAR = Policy(), WorkCalendar()
START = datetime(2024, 5, 15, 1, tzinfo=UTC)
DUE = date(2024, 6, 14)
ACTOR = Actor(None, "Lan", ((Role.FOCAL, 1),))


@dataclass
class Office:
    """One agency with a focal point and one duty, due on 14/6/2024."""

    db: Database
    duty_id: int
    subscription_id: int
    contact_id: int

    def plan(self, now: datetime, *, daily: bool = False) -> int:
        return self.db.write_now(plan_changed, POLICY, CALENDAR, now, daily=daily)

    def on_duty(self, change: Callable[..., Any], *args: Any) -> Any:
        def run(session: Session) -> Any:
            return change(session, session.get_one(Duty, self.duty_id), *args)

        return self.db.write_now(run)

    def done(self, now: datetime) -> None:
        self.on_duty(duties.complete, ACTOR, "fake", duties.Evidence(), now)

    def undo(self, now: datetime) -> None:
        self.on_duty(duties.undo, ACTOR, now)

    def leave(self, now: datetime) -> None:
        self.db.write_now(lambda s: people.unsubscribe(s, s.get_one(Contact, self.contact_id), now))

    def steps(self, *states: NoticeState) -> list[str]:
        """The steps in these states (queued, if none is named), by their days."""
        wanted = states or (NoticeState.QUEUED,)
        rows = self.db.read_now(
            lambda s: s.exec(
                select(Notice)
                .where(col(Notice.state).in_(wanted), Notice.duty_id == self.duty_id)
                .order_by(col(Notice.due_at))
            ).all()
        )
        return [("u" if row.kind == NoticeKind.URGE else "") + row.step for row in rows]

    def deliver(self, now: datetime) -> list[str]:
        """Send what is due; the steps told."""
        told: list[str] = []

        def run(session: Session) -> None:
            for batch in claiming.claim(session, now, channels=("telegram",)):
                rows = [item.notice for item in batch.items]
                attempt = outbox.open_attempt(session, batch.contact.id or 0, rows, "…", now)
                outbox.sent(session, attempt, rows, (), "m", now)
                told.extend(row.step for row in rows)

        self.db.write_now(run)
        return told


@pytest.fixture
def office(db: Database) -> Office:
    def make(session: Session) -> Office:
        build = Builder(session, START)
        agency = build.agency()
        duty = build.duty(build.task(build.directive(), agency), agency, DUE)
        person = build.person()
        contact = build.contact(person)
        bound = people.bind(session, contact, "Lan", Role.FOCAL, agency.id, START, "1")
        return Office(db, duty.id or 0, bound.subscription.id or 0, contact.id or 0)

    return db.write_now(make)


def at(day: date, clock: time = time(9)) -> datetime:
    return moment_of(day, clock)


def test_planning_twice_adds_nothing(office: Office) -> None:
    assert office.plan(START) == 4
    assert office.plan(START) == 0
    office.db.write_now(lambda s: s.execute(Duty.__table__.update().values(plan_due=True)))  # type: ignore[attr-defined]
    assert office.plan(START + timedelta(days=1)) == 0
    assert office.steps() == ["10", "5", "2", "0"]


def test_only_what_changed_is_looked_at(office: Office) -> None:
    office.plan(START)
    flags = office.db.read_now(
        lambda s: [*s.exec(select(Duty.plan_due)), *s.exec(select(Subscription.plan_due))]
    )
    assert flags == [False, False]


def test_urges_are_found_day_by_day(office: Office) -> None:
    office.plan(START)
    assert office.plan(at(date(2024, 6, 15)), daily=False) == 0
    assert office.plan(at(date(2024, 6, 15)), daily=True) == 1
    assert office.plan(at(date(2024, 6, 15)), daily=True) == 0
    # After three weeks of standing still every missed urge is there, to be folded into one message.
    assert office.plan(at(date(2024, 7, 5)), daily=True) == 4
    assert office.steps()[-5:] == ["u1", "u2", "u3", "u4", "u5"]


def test_an_extension_is_planned_anew(office: Office) -> None:
    office.plan(START)
    office.deliver(at(date(2024, 5, 31)))

    def extend(session: Session) -> None:
        build = Builder(session, START)
        duty = session.get_one(Duty, office.duty_id)
        contact = session.get_one(Contact, office.contact_id)
        extension = build.extension(duty, contact, date(2024, 6, 28), START)
        duties.grant_extension(session, extension, ACTOR, date(2024, 6, 28), at(date(2024, 6, 10)))

    office.db.write_now(extend)
    assert office.steps() == []
    assert office.steps(NoticeState.WITHDRAWN) == ["5", "2", "0"]
    office.plan(at(date(2024, 6, 10)))
    # T-10 before 28/6 is 14/6: it lies ahead of the day on which the extension was granted.
    assert office.steps() == ["10", "5", "2", "0"]
    kept = office.db.read_now(lambda s: s.exec(select(Extension)).one())
    assert (kept.old_due_on, kept.new_due_on) == (DUE, date(2024, 6, 28))


def test_a_day_moved_there_and_back_is_reminded_of(office: Office) -> None:
    office.plan(START)

    def move(session: Session, day: date, now: datetime) -> None:
        duty = session.get_one(Duty, office.duty_id)
        duty.due_on, duty.since, duty.plan_due = day, now, True
        session.add(duty)
        notices.withdraw(session, office.duty_id, now, "moved")

    for day, now in ((date(2024, 7, 26), START), (DUE, START + timedelta(hours=1))):
        office.db.write_now(move, day, now)
        office.plan(now)
    assert office.steps() == ["10", "5", "2", "0"]


def test_done_withdraws_and_undone_wants_again(office: Office) -> None:
    office.plan(START)
    office.deliver(at(date(2024, 5, 31)))
    office.done(at(date(2024, 6, 1)))
    assert office.steps() == []
    office.undo(at(date(2024, 6, 3)))
    assert office.steps() == ["5", "2", "0"]
    assert office.plan(at(date(2024, 6, 3))) == 0


def test_undone_on_the_last_day_is_reminded_of_at_once(office: Office) -> None:
    """Done the evening before, so that the reminder at 08:00 was withdrawn; taken back at 09:00."""
    office.plan(START)
    office.deliver(at(date(2024, 6, 13)))
    office.done(at(date(2024, 6, 13), time(20)))
    office.undo(at(DUE))
    office.plan(at(DUE))
    assert office.deliver(at(DUE)) == ["0"]


def test_undone_after_the_day_is_urged(office: Office) -> None:
    office.plan(START)
    office.deliver(at(DUE))
    office.plan(at(date(2024, 6, 17), time(0, 5)), daily=True)
    office.done(at(date(2024, 6, 17), time(7)))
    office.undo(at(date(2024, 6, 17), time(10)))
    office.plan(at(date(2024, 6, 17), time(10)))
    assert office.deliver(at(date(2024, 6, 18))) == ["1"]


def test_what_may_have_been_told_is_not_wanted_again(office: Office) -> None:
    office.plan(START)
    now = at(date(2024, 5, 31))

    def doubt(session: Session) -> None:
        (batch,) = claiming.claim(session, now, channels=("telegram",))
        rows = [item.notice for item in batch.items]
        attempt = outbox.open_attempt(session, batch.contact.id or 0, rows, "…", now)
        outbox.doubted(session, attempt, rows, now + timedelta(days=1), now, "timeout")

    office.db.write_now(doubt)
    office.done(now)
    office.undo(now + timedelta(days=2))
    office.plan(now + timedelta(days=2))
    assert office.steps() == ["5", "2", "0"]


def test_leaving_withdraws_and_coming_back_plans(office: Office) -> None:
    office.plan(START)
    office.leave(START)
    assert office.steps() == []
    assert office.plan(START) == 0

    def back(session: Session) -> None:
        contact = session.get_one(Contact, office.contact_id)
        agency = session.exec(select(Agency)).one()
        people.bind(session, contact, "Lan", Role.FOCAL, agency.id, at(date(2024, 6, 8)), "1")

    office.db.write_now(back)
    office.plan(at(date(2024, 6, 8)))
    assert office.steps() == ["2", "0"]


def test_a_change_of_hours_replans_and_keeps_what_was_put_off(office: Office) -> None:
    office.plan(START)
    snooze = at(date(2024, 6, 10), time(8))

    def put_off(session: Session) -> None:
        notices.put_off(session, office.duty_id, [office.subscription_id], snooze, START)
        notices.put_planned(
            session,
            [
                PlannedNotice(
                    f"{notices.SNOOZE_KEY}1", NoticeKind.REMINDER, "hẹn", office.duty_id,
                    office.subscription_id, snooze,
                )
            ],
        )  # fmt: skip

    def quiet(session: Session) -> None:
        row = session.get_one(Subscription, office.subscription_id)
        row.quiet_from, row.quiet_to, row.plan_due = time(7), time(9), True
        session.add(row)
        notices.drop_planned(session, office.subscription_id)

    office.db.write_now(put_off)
    assert office.steps() == ["hẹn", "2", "0"]
    office.db.write_now(quiet)
    office.plan(START)
    assert office.steps() == ["hẹn", "2", "0"]
    hours = office.db.read_now(
        lambda s: s.exec(select(Notice.due_at).where(Notice.step == "0")).one()
    )
    assert hours == at(DUE, time(9))


def test_closed_duties_are_left_alone(office: Office) -> None:
    office.done(START)
    assert office.plan(START) == 0


# -- rehearsal ------------------------------------------------------------------------------------


def _rehearse(db: Database, first: date, last: date, **more: Any) -> list[Rehearsed]:
    return db.read_now(rehearse, POLICY, CALENDAR, first, last, **more)


def test_rehearsal_lists_whom_nobody_reaches(office: Office) -> None:
    def alone(session: Session) -> None:
        build = Builder(session, START)
        build._next["duty"] = 200
        other = build.agency("Sở Xây dựng")
        build.duty(build.task(build.directive("13/KH"), other), other, DUE)

    office.db.write_now(alone)
    rows = _rehearse(office.db, date(2024, 6, 10), date(2024, 6, 14))
    assert [(row.agency, row.channel, row.step) for row in rows] == [
        ("Sở Xây dựng", None, "2"),
        ("Sở Y tế", "telegram", "2"),
        ("Sở Xây dựng", None, "0"),
        ("Sở Y tế", "telegram", "0"),
    ]
    assert rows[0].at == at(date(2024, 6, 12), time(8))


def test_rehearsal_of_a_closed_contact_has_no_channel(office: Office) -> None:
    office.db.write_now(
        lambda s: people.close_contact(s, s.get_one(Contact, office.contact_id), "blocked", START)
    )
    rows = _rehearse(office.db, date(2024, 6, 14), date(2024, 6, 14))
    assert [row.channel for row in rows] == [None]


def test_rehearsal_counts_urges_only_if_asked(office: Office) -> None:
    first, last = date(2024, 6, 15), date(2024, 6, 30)
    assert _rehearse(office.db, first, last) == []
    rows = _rehearse(office.db, first, last, if_silent=True)
    assert [row.step for row in rows] == ["u1", "u2", "u3"]


def test_rehearsal_stores_nothing(office: Office) -> None:
    _rehearse(office.db, date(2024, 5, 15), date(2024, 12, 31), if_silent=True)
    assert office.steps() == []


def test_rehearsal_says_what_planning_does(office: Office) -> None:
    office.plan(START)
    stored = office.db.read_now(
        lambda s: s.exec(select(Notice.due_at, Notice.step).order_by(col(Notice.due_at))).all()
    )
    rows = _rehearse(office.db, date(2024, 5, 15), date(2024, 6, 30))
    assert [(row.at, row.step) for row in rows] == [tuple(each) for each in stored]


def test_update_requests_have_their_own_steps(office: Office) -> None:
    def turn(session: Session) -> None:
        duty = session.get_one(Duty, office.duty_id)
        duty.kind = DutyKind.UPDATE
        session.add(duty)

    office.db.write_now(turn)
    office.plan(at(date(2024, 7, 1)), daily=True)
    assert office.steps() == ["5", "0"]


# -- planning done over ---------------------------------------------------------------------------


def _again(office: Office, policy: Policy, now: datetime) -> bool:
    """Whether a policy was found changed; then everything is planned by it."""
    changed = office.db.write_now(note_policy, policy, now)
    office.db.write_now(plan_changed, policy, CALENDAR, now, daily=True)
    return changed


def test_another_policy_replans_what_lies_ahead(office: Office) -> None:
    assert _again(office, POLICY, START)
    assert not _again(office, POLICY, START)
    office.deliver(at(date(2024, 5, 31)))
    assert office.steps() == ["5", "2", "0"]
    other = replace(POLICY, leads=(7, 2, 0), at=time(9))
    assert _again(office, other, at(date(2024, 6, 3)))
    assert office.steps() == ["7", "2", "0"]
    assert office.steps(NoticeState.WITHDRAWN) == ["5"]
    hours = office.db.read_now(
        lambda s: s.exec(select(Notice.due_at).where(Notice.step == "0")).one()
    )
    assert hours == at(DUE, time(9))
    # And back again: what was withdrawn is wanted once more, what was sent stays sent.
    assert _again(office, POLICY, at(date(2024, 6, 3)))
    assert office.steps() == ["5", "2", "0"]
    assert office.steps(NoticeState.SENT) == ["10"]


def test_received_withdraws_urges_for_a_while_and_asks_again(office: Office) -> None:
    monday = date(2024, 6, 17)
    office.plan(at(monday, time(0, 5)), daily=True)
    office.deliver(at(monday))
    office.on_duty(duties.receive, ACTOR, at(monday, time(10)))
    for day in (monday, date(2024, 6, 18), date(2024, 6, 19)):
        office.plan(at(day, time(11)), daily=True)
    assert office.steps() == ["uagain-2024-06-24", "u3"]
    # An obstacle is an answer as well: they are asked again so long after that.
    office.on_duty(duties.hinder, ACTOR, "thiếu kinh phí", at(date(2024, 6, 19), time(12)))
    office.plan(at(date(2024, 6, 19), time(12)))
    assert office.steps() == ["uagain-2024-06-26"]
    assert office.deliver(at(date(2024, 6, 26))) == ["again-2024-06-26"]


def _bound(office: Office, role: Role, agency: int | None = None) -> int:
    def run(session: Session) -> int:
        build = Builder(session, START)
        build._next["contact"] = 6000 + len(session.exec(select(Contact)).all())
        person = build.person(str(role))
        contact = build.contact(person)
        held = people.bind(session, contact, str(role), role, agency, START, "1")
        return held.subscription.id or 0

    return office.db.write_now(run)


def _rungs(office: Office) -> list[tuple[str, date]]:
    rows = office.db.read_now(
        lambda s: s.exec(
            select(Notice).where(col(Notice.step).in_(["leader", "member", "staff"]))
            .order_by(col(Notice.due_at))
        ).all()
    )  # fmt: skip
    return [(row.step, local_day(row.due_at)) for row in rows if row.state == NoticeState.QUEUED]


def test_each_rung_is_told_on_its_day(office: Office) -> None:
    agency = office.db.read_now(lambda s: s.exec(select(Agency.id)).one())
    _bound(office, Role.LEADER, agency)
    _bound(office, Role.MEMBER, agency)
    _bound(office, Role.MEMBER)  # Of the whole committee: in charge of no agency.
    _bound(office, Role.ADMIN)
    office.plan(at(date(2024, 6, 15)), daily=True)
    expected = [
        ("leader", date(2024, 6, 19)), ("member", date(2024, 6, 21)), ("staff", date(2024, 6, 28)),
    ]  # fmt: skip
    assert _rungs(office) == expected
    assert office.plan(at(date(2024, 6, 15)), daily=True) == 0

    def own(session: Session) -> int:
        directive = session.exec(select(Directive)).one()
        return urging.set_rungs(
            session, directive, Rungs(member=4, staff=0), ACTOR, at(date(2024, 6, 15))
        )

    assert office.db.write_now(own) == 1
    office.plan(at(date(2024, 6, 15)))
    assert _rungs(office) == [("leader", date(2024, 6, 19)), ("member", date(2024, 6, 20))]


def test_a_rung_set_after_its_day_is_told_the_next_morning(office: Office) -> None:
    agency = office.db.read_now(lambda s: s.exec(select(Agency.id)).one())
    _bound(office, Role.MEMBER, agency)
    late = replace(POLICY, ladder=Ladder(member=0))
    _again(office, late, at(date(2024, 6, 25)))
    assert _rungs(office) == []
    now = at(date(2024, 6, 27), time(10))
    _again(office, POLICY, now)
    assert _rungs(office) == [("member", date(2024, 6, 28))]
    _again(office, POLICY, now + timedelta(hours=2))
    assert _rungs(office) == [("member", date(2024, 6, 28))]
    assert "member" in office.deliver(at(date(2024, 6, 28)))
    office.plan(at(date(2024, 7, 5)), daily=True)
    assert _rungs(office) == []


def test_staff_who_bind_later_are_not_told_of_old_steps(office: Office) -> None:
    office.plan(at(date(2024, 7, 5)), daily=True)
    build_at = at(date(2024, 7, 5), time(10))

    def bind(session: Session) -> None:
        build = Builder(session, build_at)
        build._next["contact"] = 7000
        person = build.person("Thảo")
        people.bind(session, build.contact(person), "Thảo", Role.STAFF, None, build_at, "1")

    office.db.write_now(bind)
    office.plan(build_at)
    assert _rungs(office) == []
