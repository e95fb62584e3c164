"""Which drafts are due on an evening: a pure decision, and where its deadlines come from."""

from collections.abc import Iterator
from datetime import date, time, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session

from deadlines.calendar import WorkCalendar
from registry.clock import moment_of
from registry.tables import AgencyAlias
from registry.types import DutyState
from scheduler.chain import Deadline, Evening, drafts_due, key_of, report_deadlines
from tests.fakes.databases import fresh
from tests.reports.build import Builder

DUE = date(2027, 9, 24)
HOUR = time(17, 30)
EVENING = moment_of(DUE, HOUR)
Q3 = Deadline(DUE, "2027-Q3")
AT = Evening(HOUR, time(8), WorkCalendar())
STANDING = "Sở Khoa học và Công nghệ"


@pytest.mark.parametrize(
    ("after", "count"),
    [
        (timedelta(minutes=-1), 0),
        (timedelta(0), 1),
        (timedelta(hours=6), 1),
        (timedelta(days=2, hours=23), 1),
        (timedelta(days=3), 0),
    ],
)
def test_from_the_evening_on_for_three_days(after: timedelta, count: int) -> None:
    assert len(drafts_due([Q3], EVENING + after, AT, [])) == count


def test_a_deadline_on_a_day_off_waits_for_the_next_working_morning() -> None:
    tet = Deadline(date(2027, 2, 6), "2027-02")
    back = moment_of(WorkCalendar().forward(tet.due_on, 0), time(8))
    assert drafts_due([tet], moment_of(tet.due_on, HOUR), AT, []) == []
    assert len(drafts_due([tet], back, AT, [])) == 1


def test_once_for_each_period_and_day() -> None:
    both = [Q3, Q3, Deadline(DUE, "2027-Q3#2"), Deadline(DUE, "2027-09"),
            Deadline(DUE - timedelta(days=1), "2027-Q3")]  # fmt: skip
    found = drafts_due(both, EVENING, AT, [])
    assert [draft.key for draft in found] == [
        "draft:2027-Q3:2027-09-23", "draft:2027-09:2027-09-24", "draft:2027-Q3:2027-09-24",
    ]  # fmt: skip
    made = [draft.key for draft in found]
    assert drafts_due(both, EVENING, AT, made) == []
    assert key_of(found[0].period, found[0].due_on) == found[0].key


@pytest.mark.parametrize("key", ["2027-W38", "2027-09-24", "lần 1", ""])
def test_weeks_and_days_have_no_report(key: str) -> None:
    assert drafts_due([Deadline(DUE, key)], EVENING, AT, []) == []


@pytest.fixture
def build(tmp_path: Path) -> Iterator[Builder]:
    db = fresh(tmp_path)
    with Session(db._writer) as session:
        yield Builder(session)
        session.rollback()
    db.close()


def owe(build: Builder, send_to: str, **more: object) -> None:
    known = {"title": "Báo cáo kết quả quý", "kind": "quarterly", "send_to": send_to}
    task = build.task(build.directive(), **(known | more))
    build.duty(task, build.agency(f"Cơ quan {task.id}"), DUE, period="2027-Q3")


@pytest.mark.parametrize(
    ("send_to", "asked"),
    [
        (STANDING, True),
        ("sở khoa học và công nghệ", True),
        ("Văn phòng UBND tỉnh; Sở KH&CN", True),
        ("Cơ quan Thường trực Ban Chỉ đạo", True),
        ("về Sở Khoa học và Công nghệ trước 16 giờ", True),
        ("Văn phòng UBND tỉnh", False),
        ("", False),
    ],
)
def test_reports_to_the_standing_agency(build: Builder, send_to: str, asked: bool) -> None:
    agency = build.agency(STANDING)
    build.session.add(AgencyAlias(agency_id=agency.id or 0, alias="Sở KH&CN", key="so kh&cn"))
    owe(build, send_to)
    assert report_deadlines(build.session, EVENING, STANDING) == ([Q3] if asked else [])


def test_only_periodic_reports_count(build: Builder) -> None:
    owe(build, STANDING, kind="fixed")
    owe(build, STANDING, title="Xây dựng nền tảng")
    assert report_deadlines(build.session, EVENING, STANDING) == []


def test_what_the_standing_agency_sums_up_needs_no_addressee(build: Builder) -> None:
    """ "Tổng hợp, báo cáo Chủ tịch sau 03 ngày": the parents' last day is the evening."""
    plan = build.directive()
    standing = build.agency(STANDING)
    parent = build.task(plan, title="Báo cáo quý", kind="quarterly")
    build.duty(parent, build.agency(), DUE, period="2027-Q3")
    own = build.task(plan, title="Tổng hợp, báo cáo Chủ tịch", kind="relative")
    duty = build.duty(own, standing, DUE + timedelta(days=3), period="2027-Q3")
    assert report_deadlines(build.session, EVENING, STANDING) == [Q3]
    assert report_deadlines(build.session, EVENING + timedelta(days=18), "") == []
    duty.state = DutyState.CANCELLED
    build.session.flush()
    assert report_deadlines(build.session, EVENING, STANDING) == []


def test_an_extension_of_one_agency_is_no_deadline_of_the_committee(build: Builder) -> None:
    owe(build, STANDING)
    task = build.task(build.directive(), title="Báo cáo", kind="quarterly", send_to=STANDING)
    late = DUE + timedelta(days=2)
    build.duty(task, build.agency("Muộn"), late, first_due_on=DUE, period="2027-Q3")
    assert report_deadlines(build.session, moment_of(late, HOUR), STANDING) == [Q3]
