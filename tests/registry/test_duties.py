"""What happens to a duty: done, undone, amended, extended; two writers; the day that counts."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, select

from registry import duties
from registry.clock import local_day
from registry.database import Database
from registry.duties import Evidence
from registry.people import Actor, Refused
from registry.tables import AuditEvent, Completion, Duty, Extension, Notice, Request, Subscription
from registry.types import DutyState, NoticeKind, NoticeState, Part, RequestState, Role
from tests.fakes.databases import fresh
from tests.reports.build import Builder

DUE = date(2027, 1, 15)
DAY = timedelta(days=1)
NOW = datetime(2027, 1, 12, 2, tzinfo=UTC)
LATE = datetime(2027, 1, 20, 2, tzinfo=UTC)
LAN = Actor(1, "Lan", ((Role.FOCAL, 1),))
NUMBER = 101


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
    for days, state in ((-5, NoticeState.SENT), (2, NoticeState.QUEUED), (3, NoticeState.QUEUED)):
        build.notice(duty, subscription, NOW + days * DAY, state=state)


def duty_of(session: Session) -> Duty:
    duty = duties.by_number(session, NUMBER)
    assert duty is not None
    return duty


def complete(session: Session, now: datetime = NOW, evidence: Evidence = Evidence()) -> Completion:  # noqa: B008 -- frozen
    return duties.complete(session, duty_of(session), LAN, "telegram", evidence, now)


def states(db: Database) -> list[str]:
    return list(db.read_now(lambda s: s.exec(select(Notice.state).order_by(Notice.id)).all()))  # type: ignore[arg-type]


def duty(db: Database) -> Duty:
    return db.read_now(duty_of)


def test_done(db: Database) -> None:
    db.write_now(complete)
    assert (duty(db).state, duty(db).done_on, duty(db).closed_at) == ("done", local_day(NOW), NOW)
    assert states(db) == ["sent", "withdrawn", "withdrawn"]
    events = db.read_now(lambda s: s.exec(select(AuditEvent.what)).all())
    assert list(events) == ["duty.done"]


@pytest.mark.parametrize(
    ("told", "written", "counted"),
    [
        (NOW, None, date(2027, 1, 12)),
        (LATE, None, date(2027, 1, 20)),
        (LATE, date(2027, 1, 14), date(2027, 1, 14)),  # signed in time, told late: in time
        (LATE, date(2027, 1, 16), date(2027, 1, 16)),  # signed late
        (NOW, date(2027, 2, 1), date(2027, 1, 12)),  # no report is of the future
        (datetime(2027, 1, 15, 16, 59, tzinfo=UTC), None, DUE),  # 23:59 local
        (datetime(2027, 1, 15, 17, 0, tzinfo=UTC), None, DUE + DAY),  # midnight local
    ],
)
def test_the_day_that_counts(
    db: Database, told: datetime, written: date | None, counted: date
) -> None:
    db.write_now(complete, told, Evidence("45/BC-SYT", written))
    assert duty(db).done_on == counted
    kept = db.read_now(lambda s: s.exec(select(Completion)).one())
    assert (kept.at, kept.document_date, kept.document_number) == (told, written, "45/BC-SYT")


def test_evidence_added_later(db: Database) -> None:
    def amend(session: Session, evidence: Evidence) -> bool:
        completion = duties.standing_completion(session, duty_of(session))
        assert completion is not None
        return duties.amend(session, completion, evidence, LATE + DAY)

    db.write_now(complete, LATE)
    assert db.write_now(amend, Evidence("45/BC-SYT"))
    assert not db.write_now(amend, Evidence("46/BC-SYT", DUE)), "another document's day"
    assert db.write_now(amend, Evidence("45/BC-SYT", DUE)), "the day is new"
    assert not db.write_now(amend, Evidence(day=NOW.date())), "the day stays"
    kept = db.read_now(lambda s: s.exec(select(Completion)).one())
    assert (kept.document_number, kept.document_date) == ("45/BC-SYT", DUE)
    assert duty(db).done_on == DUE, "the report was signed in time"


def test_undone(db: Database) -> None:
    db.write_now(complete)
    db.write_now(lambda s: duties.undo(s, duty_of(s), LAN, NOW + DAY))
    again = duty(db)
    assert (again.state, again.done_on, again.closed_at) == (DutyState.OPEN, None, None)
    assert (again.since, again.plan_due) == (NOW + DAY, True)
    assert states(db) == ["sent", "queued", "queued"]
    kept = db.read_now(lambda s: s.exec(select(Completion)).one())
    assert kept.undone_at == NOW + DAY
    assert db.read_now(lambda s: duties.standing_completion(s, duty_of(s))) is None


def test_what_cannot_be(db: Database) -> None:
    with pytest.raises(Refused, match="chưa được báo xong"):
        db.write_now(lambda s: duties.undo(s, duty_of(s), LAN, NOW))
    db.write_now(complete)
    with pytest.raises(Refused, match="không còn mở"):
        db.write_now(complete)
    assert len(db.read_now(lambda s: s.exec(select(Completion)).all())) == 1


def test_done_again_after_undoing_keeps_both(db: Database) -> None:
    db.write_now(complete)
    db.write_now(lambda s: duties.undo(s, duty_of(s), LAN, NOW))
    db.write_now(complete, LATE)
    kept = db.read_now(lambda s: s.exec(select(Completion)).all())
    assert [each.undone_at is None for each in kept] == [False, True]
    assert duty(db).done_on == local_day(LATE)


def test_what_was_done_last(db: Database) -> None:
    db.write_now(complete)
    ask = duties.last_done_by
    assert [d.number for d in db.read_now(ask, LAN, NOW + DAY)] == [NUMBER]
    assert db.read_now(ask, LAN, NOW + (duties.UNDO_DAYS + 1) * DAY) == []
    assert db.read_now(ask, Actor(2, "Minh"), NOW) == []


def test_received_once(db: Database) -> None:
    assert db.write_now(lambda s: duties.receive(s, duty_of(s), LAN, NOW))
    assert not db.write_now(lambda s: duties.receive(s, duty_of(s), LAN, NOW + DAY))
    assert duty(db).received_at == NOW


def test_extension(db: Database) -> None:
    def ask(session: Session, day: date) -> int:
        contact = Builder(session, NOW).contact(address=f"a{day}")
        return (
            duties.ask_extension(session, duty_of(session), LAN, contact, day, "lý do", NOW).id or 0
        )

    with pytest.raises(Refused, match="phải sau hạn hiện nay"):
        db.write_now(ask, DUE)
    first, second = db.write_now(ask, DUE + 7 * DAY), db.write_now(ask, DUE + 14 * DAY)
    requests = db.read_now(lambda s: {r.id: r.state for r in s.exec(select(Request))})
    assert requests == {first: RequestState.REFUSED, second: RequestState.ASKED}

    def grant(session: Session) -> None:
        extension = session.get_one(Extension, second)
        duties.grant_extension(session, extension, LAN, DUE + 10 * DAY, NOW)

    db.write_now(grant)
    moved = duty(db)
    assert (moved.due_on, moved.first_due_on) == (DUE + 10 * DAY, DUE)
    assert (moved.since, moved.plan_due) == (NOW, True)
    assert states(db) == ["sent", "withdrawn", "withdrawn"]
    kept = db.read_now(lambda s: s.get_one(Extension, second))
    assert (kept.old_due_on, kept.proposed_on, kept.new_due_on) == (
        DUE, DUE + 14 * DAY, DUE + 10 * DAY,
    )  # fmt: skip


def test_an_extension_never_brings_a_day_nearer(db: Database) -> None:
    """A later directive moved the duty's day on while the request waited."""

    def asked(session: Session) -> int:
        request = duties.ask_extension(
            session,
            duty_of(session),
            LAN,
            Builder(session, NOW).contact(address="a"),
            DUE + 7 * DAY,
            "",
            NOW,
        )
        duty_of(session).due_on = DUE + 30 * DAY
        return request.id or 0

    def grant(session: Session, number: int, day: date) -> None:
        duties.grant_extension(session, session.get_one(Extension, number), LAN, day, NOW)

    number = db.write_now(asked)
    with pytest.raises(Refused, match="Hạn hiện nay của đầu việc"):
        db.write_now(grant, number, DUE + 7 * DAY)
    assert duty(db).due_on == DUE + 30 * DAY
    db.write_now(grant, number, DUE + 37 * DAY)
    kept = db.read_now(lambda s: s.get_one(Extension, number))
    assert (kept.old_due_on, kept.new_due_on) == (DUE + 30 * DAY, DUE + 37 * DAY)


async def test_two_answers_at_once_count_once(db: Database) -> None:
    """Two processes, twenty times: whoever comes second is refused."""
    other = Database(db.url)

    async def attempt(one: Database) -> bool:
        try:
            await one.write(complete)
        except Refused:
            return False
        return True

    for _ in range(20):
        won = await asyncio.gather(attempt(db), attempt(other), attempt(db))
        assert sum(won) == 1
        await db.write(lambda s: duties.undo(s, duty_of(s), LAN, NOW))
    assert len(db.read_now(lambda s: s.exec(select(Completion)).all())) == 20
    other.close()


def test_open_duties_by_urgency(db: Database) -> None:
    def more(session: Session) -> int:
        build = Builder(session, NOW)
        build._next["duty"] = 200
        agency = build.agency("Sở Xây dựng")
        task = build.task(build.directive("13/KH"), agency)
        build.duty(task, agency, DUE + DAY)
        build.duty(task, agency, DUE - DAY)
        build.duty(task, agency, DUE + 90 * DAY, opens_on=DUE + 60 * DAY)
        build.duty(task, agency, DUE, state=DutyState.DONE)
        return agency.id or 0

    agency_id = db.write_now(more)
    found = db.read_now(duties.open_of, frozenset({agency_id}), NOW.date())
    assert [each.due_on for each in found] == [DUE - DAY, DUE + DAY]
    assert db.read_now(duties.open_of, frozenset[int](), NOW.date()) == []


def test_who_coordinates(db: Database) -> None:
    """Named one by one; not the lead itself, not a member of a group of fifty."""

    def ask(session: Session) -> list[str]:
        build = Builder(session, NOW)
        mine = duty_of(session)
        task, lead = duties.titled(session, mine)
        named, grouped = build.agency("Sở Nội vụ"), build.agency("Sở Xây dựng")
        build.part(task, named, Part.COORDINATE)
        build.part(task, grouped, Part.COORDINATE, via_group=True)
        build.part(task, lead, Part.COORDINATE)
        return [agency.name for agency in duties.coordinating(session, mine, local_day(NOW))]

    assert db.write_now(ask) == ["Sở Nội vụ"]


def test_obstacles(db: Database) -> None:
    raised = db.write_now(lambda s: duties.hinder(s, duty_of(s), LAN, "thiếu kinh phí", NOW))
    assert (raised.text, raised.at, raised.closed_at) == ("thiếu kinh phí", NOW, None)
    assert duty(db).state == DutyState.OPEN
    assert states(db) == ["sent", "queued", "queued"]


def test_only_what_concerns_the_duty_is_withdrawn(db: Database) -> None:
    def other(session: Session) -> None:
        build = Builder(session, NOW)
        build._next.update(duty=200, notice=50)
        mine = duty_of(session)
        task, agency = duties.titled(session, mine)
        held = session.exec(select(Subscription)).one()
        build.notice(build.duty(task, agency, DUE + DAY), held, NOW + DAY)
        build.notice(mine, held, NOW + DAY, kind=NoticeKind.ALERT)

    db.write_now(other)
    db.write_now(complete)
    assert states(db)[3:] == ["queued", "queued"]
