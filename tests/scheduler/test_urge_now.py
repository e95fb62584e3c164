"""Urging by a person's word: whom it reaches, and nobody twice a day."""

from datetime import UTC, date, datetime, time, timedelta

from sqlmodel import Session, col, select

from registry.clock import moment_of
from registry.database import Database
from registry.tables import Agency, Contact, Duty, Notice, Subscription
from registry.types import DutyKind, DutyState, NoticeKind, NoticeState, Role
from scheduler.urge_now import Wave, overdue, send, wave
from tests.reports.build import Builder

START = datetime(2024, 5, 15, 1, tzinfo=UTC)
TODAY = date(2024, 7, 2)
AT = moment_of(TODAY, time(9))


def _scene(session: Session) -> dict[str, int]:
    """Two agencies with people, one without; a duty of each is overdue, one is not, one is done."""
    build = Builder(session, START)
    ids: dict[str, int] = {}
    directive = build.directive()
    for name in ("Sở Y tế", "Sở Xây dựng", "Sở Nội vụ"):
        agency = build.agency(name)
        task = build.task(directive, agency)
        ids[name] = agency.id or 0
        ids[f"late {name}"] = build.duty(task, agency, date(2024, 6, 14)).id or 0
        if name != "Sở Nội vụ":
            build.focal(agency, f"Lan {name}")
    health = session.get_one(Duty, ids["late Sở Y tế"])
    agency_id, task_id = health.agency_id, health.task_id
    for word, more in (
        ("ahead", {"due_on": date(2024, 8, 1)}),
        ("update", {"due_on": date(2024, 6, 20), "kind": DutyKind.UPDATE}),
        ("done", {"due_on": date(2024, 6, 21), "state": DutyState.DONE}),
    ):
        row = Duty(
            number=build._number("duty"), task_id=task_id, agency_id=agency_id, period=word,
            opens_on=START.date(), first_due_on=date(2024, 6, 14), since=START, created_at=START,
            **more,
        )  # fmt: skip
        ids[word] = build._add(row).id
    health_agency = session.get_one(Agency, agency_id)
    leader = build.person("Bình")
    build.contact(leader)
    for role in (Role.LEADER, Role.OFFICER):  # Held twice: told once.
        build.subscription(health_agency, person_id=leader.id, role=role)
    member = build.person("Thành viên")
    build.contact(member)
    build.subscription(health_agency, person_id=member.id, role=Role.MEMBER)
    return ids


def _notices(session: Session) -> list[Notice]:
    return list(session.exec(select(Notice).order_by(col(Notice.id))).all())


def test_what_is_overdue(db: Database) -> None:
    ids = db.write_now(_scene)
    late = [ids["late Sở Y tế"], ids["late Sở Xây dựng"], ids["late Sở Nội vụ"]]
    assert db.read_now(overdue, TODAY) == late
    assert db.read_now(overdue, TODAY, ids["Sở Xây dựng"]) == [late[1]]
    assert db.read_now(overdue, date(2024, 6, 14)) == []


def test_everybody_of_the_agency_once_and_who_cannot_be_reached(db: Database) -> None:
    ids = db.write_now(_scene)
    asked = [*db.read_now(overdue, TODAY), ids["done"]]
    one: Wave = db.read_now(wave, asked, AT)
    assert [len(each.now) for each in one.urged] == [2, 1, 0]
    assert [each.duty.id for each in one.unreached] == [ids["late Sở Nội vụ"]]
    assert one.people == 3
    assert len(one.notices) == 3


def test_not_twice_a_day_whoever_urged(db: Database) -> None:
    ids = db.write_now(_scene)
    duty = ids["late Sở Xây dựng"]

    def plan(session: Session, state: NoticeState, at: datetime) -> None:
        (holder,) = (
            each
            for each in session.exec(select(Subscription)).all()
            if each.agency_id == ids["Sở Xây dựng"]
        )
        session.add(
            Notice(
                key=f"urge:{duty}:{at}", kind=NoticeKind.URGE, step="2", duty_id=duty,
                subscription_id=holder.id, due_at=at, next_at=at, state=state,
                closed_at=at if state == NoticeState.SENT else None,
            )
        )  # fmt: skip

    yesterday = AT - timedelta(days=1)
    db.write_now(plan, NoticeState.SENT, yesterday)
    assert len(db.read_now(wave, [duty], AT).notices) == 1
    db.write_now(plan, NoticeState.QUEUED, AT + timedelta(days=1))
    assert len(db.read_now(wave, [duty], AT).notices) == 1
    db.write_now(plan, NoticeState.SENT, AT - timedelta(hours=1))
    again = db.read_now(wave, [duty], AT)
    assert (again.notices, len(again.spared)) == ((), 1)


def test_a_closed_chat_reaches_nobody(db: Database) -> None:
    ids = db.write_now(_scene)

    def close(session: Session) -> None:
        for contact in session.exec(select(Contact)).all():
            contact.closed_at = START
            session.add(contact)

    db.write_now(close)
    one = db.read_now(wave, [ids["late Sở Y tế"]], AT)
    assert one.urged[0].unreached
    assert one.notices == ()


def test_sending_twice_is_once(db: Database) -> None:
    ids = db.write_now(_scene)

    def run(session: Session) -> None:
        one = wave(session, [ids["late Sở Y tế"]], AT)
        send(session, one)
        send(session, one)
        send(session, wave(session, [ids["late Sở Y tế"]], AT + timedelta(hours=3)))

    db.write_now(run)
    rows = db.read_now(_notices)
    assert [(row.kind, row.step) for row in rows] == [(NoticeKind.URGE, "nhac")] * 2
