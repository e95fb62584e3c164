"""A rehearsal says what planning will put in, stores nothing, and names what is odd."""

import io
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path

import openpyxl
import pytest
from sqlmodel import Session, col, func, select

from deadlines.calendar import WorkCalendar, tet
from registry.budget import Tariff
from registry.clock import local_day, moment_of
from registry.database import Database
from registry.tables import Duty, Notice
from registry.types import Role
from reports.rehearsal import page_count, write_xlsx
from scheduler.briefing import When
from scheduler.plan import Policy
from scheduler.planning import plan_changed
from scheduler.rehearsal import Rules, off_duties, rehearse_all
from tests.fakes.databases import fresh
from tests.reports.build import Builder

CALENDAR = WorkCalendar()
FIRST, LAST = date(2026, 11, 23), date(2026, 12, 31)
NOW = moment_of(FIRST, time(7))
OFF = When("off", time(8))
RULES = Rules(Policy(), CALENDAR, OFF, OFF, None, {"zalo": Tariff(3)})


@pytest.fixture
def build(tmp_path: Path) -> Iterator[Builder]:
    db: Database = fresh(tmp_path)
    with Session(db._writer) as session:
        yield Builder(session, now=NOW - timedelta(days=60))
        session.rollback()
    db.close()


def scene(build: Builder) -> None:
    health, lost = build.agency("Sở Y tế"), build.agency("Sở Nội vụ")
    person = build.person("Nguyễn Thị An")
    build.contact(person, channel="zalo")
    build.subscription(health, person_id=person.id)
    build.subscription(health, person_id=person.id, role=Role.OFFICER)
    task = build.task(build.directive(), health)
    for due in (date(2026, 12, 4), date(2026, 12, 18), date(2026, 11, 12)):
        build.duty(task, health, due, opens_on=date(2026, 9, 1))
    build.duty(task, lost, date(2026, 12, 6), opens_on=date(2026, 9, 1))


def test_it_is_what_planning_puts_in(build: Builder) -> None:
    scene(build)
    session = build.session
    plan = rehearse_all(session, RULES, FIRST, LAST, NOW)
    assert session.exec(select(func.count()).select_from(Notice)).one() == 0
    now = NOW
    while local_day(now) <= LAST:
        plan_changed(session, Policy(), CALENDAR, now, daily=True)
        now += timedelta(days=1)
    rows = session.exec(
        select(Notice.due_at, Duty.number)
        .join(Duty, col(Duty.id) == col(Notice.duty_id))
        .where(col(Notice.due_at) >= NOW, col(Notice.due_at) < moment_of(LAST, time.max))
    ).all()
    told = {
        (one.at, number)
        for one in plan.messages
        if one.channel
        for _, numbers in one.what
        for number in numbers
    }
    assert told == set(rows)
    # Two subscriptions of one person, and several duties of a morning, are one message.
    moments = [one.at for one in plan.messages if one.channel]
    assert len(moments) == len(set(moments))


def test_who_is_not_reached_and_what_a_month_costs(build: Builder) -> None:
    scene(build)
    plan = rehearse_all(build.session, RULES, FIRST, LAST, NOW)
    assert plan.unreachable == (("Sở Nội vụ", 1),)
    assert [(off.day, off.last_safe) for off in plan.off_duties] == [
        (date(2026, 12, 6), date(2026, 12, 4))
    ]
    december = next(one for one in plan.spending if one.month == date(2026, 12, 1))
    assert december.limit == 3
    assert december.over == (december.planned > 3)
    assert sum(one.planned for one in plan.spending) == len(plan.sure)


def test_what_was_told_is_not_rehearsed_again(build: Builder) -> None:
    scene(build)
    plan_changed(build.session, Policy(), CALENDAR, NOW, daily=True)
    later = NOW + timedelta(days=20)
    before = rehearse_all(build.session, RULES, local_day(later), LAST, later)
    assert all(one.at >= later for one in before.messages)


def test_what_comes_by_the_calendar_joins_the_morning(build: Builder) -> None:
    scene(build)
    member = build.person("Lê Thị Mai")
    build.contact(member)
    build.subscription(None, person_id=member.id, role=Role.MEMBER)
    monday = When("mon", time(8))
    rules = Rules(Policy(), CALENDAR, monday, monday, 1)
    plan = rehearse_all(build.session, rules, FIRST, LAST, NOW)
    briefs = [one for one in plan.messages if one.to == "Lê Thị Mai"]
    assert len(briefs) == 6
    asked = [
        one for one in plan.messages if any(step.startswith("hỏi còn") for step, _ in one.what)
    ]
    assert [local_day(one.at) for one in asked] == [date(2026, 12, 1)]


def test_the_sheet_holds_every_line(build: Builder) -> None:
    scene(build)
    plan = rehearse_all(build.session, RULES, FIRST, LAST, NOW)
    book = openpyxl.load_workbook(io.BytesIO(write_xlsx(plan)))
    sheet = book["Tin sẽ gửi"]
    assert sheet.max_row == 4 + len(plan.messages)
    assert {cell.value for cell in sheet["D"][4:]} == {one.to for one in plan.messages}
    notes = " ".join(str(cell.value) for cell in book["Cần lưu ý"]["B"])
    assert "Sở Nội vụ" in notes
    assert "ngày nghỉ" in notes
    assert page_count(plan) == -(-len(plan.messages) // 25)


@pytest.mark.parametrize("year", range(2027, 2032))
def test_days_around_a_tet_that_is_not_announced(year: int) -> None:
    def due(day: date) -> Duty:
        known = datetime(2026, 1, 1, tzinfo=NOW.tzinfo)
        return Duty(
            number=1, task_id=1, agency_id=1, period="", opens_on=day, due_on=day,
            first_due_on=day, since=known, created_at=known,
        )  # fmt: skip

    first, last = date(year, 1, 1), date(year, 12, 31)
    working = CALENDAR.last_working(tet(year) - timedelta(days=4))
    (found,) = off_duties([due(working)], CALENDAR, first, last)
    assert found.unsure
    confirmed = WorkCalendar(confirmed=[year])
    assert off_duties([due(working)], confirmed, first, last) == []
    (found,) = off_duties([due(tet(year))], confirmed, first, last)
    assert not found.unsure
    assert found.last_safe < tet(year)
