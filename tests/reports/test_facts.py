from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import Session

from deadlines import Every, Unit, WorkCalendar, rule_to_json
from deadlines.rules import On
from registry.clock import moment_of
from registry.tables import Agency, Duty
from registry.types import DutyKind, DutyState, NoticeKind, NoticeState, Part, RequestState
from reports.facts import DutyFacts, load_facts, open_duties
from reports.why import load_why
from tests.reports.build import Builder

TODAY = date(2027, 9, 20)


def at(day: date, hour: int = 8) -> datetime:
    return moment_of(day, time(hour))


def facts_of(build: Builder, calendar: WorkCalendar, duty: Duty) -> DutyFacts:
    build.session.flush()
    return load_facts(build.session, [duty.id or 0], TODAY, calendar)[duty.id or 0]


@pytest.fixture
def duty(build: Builder) -> Duty:
    agency = build.agency()
    return build.duty(build.task(build.directive(), agency), agency, date(2027, 9, 24))


@pytest.mark.parametrize(
    ("due", "left", "working", "safe", "off"),
    [
        (date(2027, 9, 20), 0, 0, date(2027, 9, 20), None),
        (date(2027, 9, 21), 1, 1, date(2027, 9, 21), None),
        (date(2027, 9, 24), 4, 4, date(2027, 9, 24), None),
        (date(2027, 9, 26), 6, 4, date(2027, 9, 24), "Chủ nhật"),
        (date(2027, 9, 17), -3, 0, date(2027, 9, 17), None),
        (date(2027, 10, 2), 12, 9, date(2027, 10, 1), "Thứ Bảy"),
    ],
)
def test_days(
    due: date, left: int, working: int, safe: date, off: str | None, build: Builder, duty: Duty,
    calendar: WorkCalendar,
) -> None:  # fmt: skip
    duty.due_on = due
    facts = facts_of(build, calendar, duty)
    assert (facts.days_left, facts.working_days_left) == (left, working)
    assert (facts.last_safe, facts.off_reason) == (safe, off)


def test_lateness(build: Builder, duty: Duty, calendar: WorkCalendar) -> None:
    assert facts_of(build, calendar, duty).late_days == 0
    duty.due_on = date(2027, 9, 17)
    late = facts_of(build, calendar, duty)
    assert (late.overdue, late.late_days) == (True, 3)
    build.done(duty, at(date(2027, 9, 18)))
    done = facts_of(build, calendar, duty)
    assert (done.overdue, done.late_days) == (False, 1)


def test_urges_count_days_and_keep_their_number_all_day(
    build: Builder, duty: Duty, calendar: WorkCalendar
) -> None:
    agency = build.session.get_one(Agency, duty.agency_id)
    other = build.agency("Sở Nội vụ")
    mine = [build.subscription(agency) for _ in range(2)]
    theirs = build.subscription(other)
    more: dict[str, Any] = {"kind": NoticeKind.URGE, "state": NoticeState.SENT}

    def counted() -> tuple[int, int]:
        facts = facts_of(build, calendar, duty)
        return facts.urges, facts.urge_number

    assert counted() == (0, 1)
    for subscription in mine:
        build.notice(duty, subscription, at(date(2027, 9, 6)), **more)
    build.notice(duty, theirs, at(date(2027, 9, 7)), **more)
    build.notice(
        duty, mine[0], at(date(2027, 9, 8)), kind=NoticeKind.URGE, state=NoticeState.UNCERTAIN
    )
    build.notice(duty, mine[0], at(date(2027, 9, 8)), kind=NoticeKind.URGE)
    build.notice(duty, mine[0], at(date(2027, 9, 9)), state=NoticeState.SENT)
    assert counted() == (1, 2)
    # The first of today's urges is out; the second one must bear the same number.
    build.notice(duty, mine[0], at(TODAY), **more)
    assert counted() == (2, 2)
    # Just after midnight here it is still yesterday in UTC.
    build.notice(duty, mine[1], at(date(2027, 9, 13), 0), **more)
    build.notice(duty, mine[1], at(date(2027, 9, 13), 23), **more)
    assert counted() == (3, 3)


def test_what_was_answered(build: Builder, duty: Duty, calendar: WorkCalendar) -> None:
    person = build.person("Nguyễn Thị An")
    contact = build.contact(person)
    build.received(duty, person, at(date(2027, 9, 10)))
    build.obstacle(duty, "cũ", at(date(2027, 9, 11)), closed_at=at(date(2027, 9, 12)))
    build.obstacle(duty, "thiếu tiền", at(date(2027, 9, 13)), person_id=person.id)
    build.obstacle(duty, "thiếu người", at(date(2027, 9, 14)))
    build.extension(
        duty, contact, date(2027, 9, 30), at(date(2027, 9, 14)), state=RequestState.REFUSED
    )
    asked = build.extension(duty, contact, date(2027, 10, 5), at(date(2027, 9, 15)), reason="mưa")
    first = build.done(duty, at(date(2027, 9, 16)), person_id=person.id, document_number="1/BC")
    first.undone_at = at(date(2027, 9, 16), 9)
    build.done(
        duty, at(date(2027, 9, 17)), person_id=person.id,
        document_number="2/BC", document_date=date(2027, 9, 17),
    )  # fmt: skip
    facts = facts_of(build, calendar, duty)
    assert facts.received_by == "Nguyễn Thị An"
    assert [one.text for one in facts.obstacles] == ["thiếu người", "thiếu tiền"]
    assert facts.obstacles[1].by == "Nguyễn Thị An"
    assert facts.extension is not None
    assert (facts.extension.request_id, facts.extension.reason) == (asked.request_id, "mưa")
    assert facts.completion is not None
    assert (facts.completion.document_number, facts.completion.by) == ("2/BC", "Nguyễn Thị An")


def test_the_source_is_named(build: Builder, calendar: WorkCalendar) -> None:
    agency, other = build.agency(), build.agency("Sở Nội vụ")
    many = build.agency("Sở Tài chính")
    named = build.directive("106/KH-BCĐ", issued_on=date(2027, 4, 6))
    blank = build.directive("", kind="", title="", issued_on=None, source_name="ke-hoach.xlsx")
    nothing = build.directive("", kind="", title="", issued_on=None)
    task = build.task(named, agency, section="II", ordinal="3")
    build.part(task, other, Part.COORDINATE)
    build.part(task, agency, Part.COORDINATE)
    build.part(task, many, Part.COORDINATE, via_group=True)
    facts = facts_of(build, calendar, build.duty(task, agency, TODAY))
    assert facts.directive == "Kế hoạch số 106/KH-BCĐ ngày 06/4/2027"
    assert facts.place == "II; số thứ tự 3"
    assert facts.coordinating == "Sở Nội vụ"
    for directive, name in ((blank, "ke-hoach.xlsx"), (nothing, "Văn bản chưa có số")):
        duty = build.duty(build.task(directive), agency, TODAY)
        assert facts_of(build, calendar, duty).directive == name


THIRD_QUARTER = (date(2027, 6, 15), date(2027, 9, 14))
SEPTEMBER = (date(2027, 8, 15), date(2027, 9, 14))
QUARTERLY = rule_to_json(Every(Unit.QUARTER, On(0, 25), before=True))


@pytest.mark.parametrize(
    ("kind", "title", "period", "due", "window"),
    [
        ("quarterly", "Báo cáo kết quả", "2027-Q3", date(2027, 9, 24), THIRD_QUARTER),
        ("monthly", "Gửi báo cáo tháng", "2027-09", date(2027, 9, 20), SEPTEMBER),
        ("quarterly", "Họp giao ban", "2027-Q3", date(2027, 9, 24), None),
        ("quarterly", "Vận hành Hệ thống thông tin báo cáo", "2027-Q3", date(2027, 9, 24), None),
        ("quarter", "Báo cáo đánh giá", "2027-Q3", date(2027, 9, 30), None),
        ("quarterly", "Báo cáo kết quả", "2027-Q3", date(2027, 9, 10), None),
        ("fixed", "Báo cáo kết quả", "2027-09-24", date(2027, 9, 24), None),
    ],
)  # fmt: skip
def test_the_figures_of_a_periodic_report_have_a_window(
    kind: str, title: str, period: str, due: date, window: object, build: Builder,
    calendar: WorkCalendar,
) -> None:  # fmt: skip
    agency = build.agency()
    task = build.task(build.directive(), agency, kind=kind, title=title, rule=QUARTERLY)
    facts = facts_of(build, calendar, build.duty(task, agency, due, period=period))
    assert facts.data_window == window
    assert facts.reading == "trước ngày 25 của tháng cuối mỗi quý"


def test_a_rule_nobody_can_read_says_nothing(build: Builder, calendar: WorkCalendar) -> None:
    agency = build.agency()
    task = build.task(build.directive(), agency, rule='{"v": 99}')
    assert facts_of(build, calendar, build.duty(task, agency, TODAY)).reading == ""


def test_order_and_gaps(build: Builder, duty: Duty, calendar: WorkCalendar) -> None:
    task = build.task(build.directive("2/KH"))
    ids = [build.duty(task, build.agency(f"Xã {n}"), TODAY).id or 0 for n in range(5)]
    wanted = [ids[3], 999_999, ids[0], duty.id or 0, ids[3]]
    assert list(load_facts(build.session, wanted, TODAY, calendar)) == [ids[3], ids[0], duty.id]
    assert load_facts(build.session, [], TODAY, calendar) == {}


def test_open_duties_by_urgency(build: Builder, calendar: WorkCalendar) -> None:
    agency, other = build.agency(), build.agency("Sở Nội vụ")
    task = build.task(build.directive(), agency)

    def owe(days: int, opens: int = -30, **more: Any) -> int:
        due = TODAY + timedelta(days=days)
        opens_on = TODAY + timedelta(days=opens)
        return build.duty(task, more.pop("agency", agency), due, opens_on=opens_on, **more).number

    soon, late, far = owe(5), owe(-9), owe(80, opens=-1)
    ahead = owe(30, opens=10)
    owe(31, opens=1)
    owe(1, state=DutyState.DONE)
    owe(1, state=DutyState.CANCELLED)
    theirs = owe(2, agency=other)
    update = owe(5, kind=DutyKind.UPDATE)
    numbers = [
        facts.number for facts in open_duties(build.session, [agency.id or 0], TODAY, calendar)
    ]
    assert numbers == [late, soon, update, ahead, far]
    both = open_duties(build.session, {agency.id or 0, other.id or 0}, TODAY, calendar)
    assert theirs in [facts.number for facts in both]
    assert open_duties(build.session, [], TODAY, calendar) == []


def queries(session: Session, ids: list[int], calendar: WorkCalendar) -> int:
    seen: list[str] = []

    def watch(*args: Any) -> None:
        seen.append(args[2])

    engine = session.get_bind()
    session.expire_all()
    event.listen(engine, "before_cursor_execute", watch)
    load_facts(session, ids, TODAY, calendar)
    event.remove(engine, "before_cursor_execute", watch)
    return len(seen)


def test_queries_do_not_grow_with_duties(build: Builder, calendar: WorkCalendar) -> None:
    agency = build.agency()
    task = build.task(build.directive(), agency)
    ids = []
    for n in range(60):
        duty = build.duty(task, agency, TODAY + timedelta(days=n))
        build.obstacle(duty, "vướng", at(TODAY))
        build.completion(duty, at(TODAY), person_id=build.person().id)
        ids.append(duty.id or 0)
    assert queries(build.session, ids, calendar) == queries(build.session, ids[:1], calendar) <= 8


def test_the_story_of_a_duty(build: Builder, duty: Duty, calendar: WorkCalendar) -> None:
    person = build.person("Nguyễn Thị An")
    contact = build.contact(person)
    group = build.contact(None, chat_kind="group", title="Nhóm Sở Y tế", channel="zalo")
    agency = build.session.get_one(Agency, duty.agency_id)
    mine = build.subscription(agency, person_id=person.id)
    other = build.subscription(agency, contact_id=group.id)
    for subscription, to in ((mine, contact), (other, group)):
        notice = build.notice(duty, subscription, at(date(2027, 9, 10)), state=NoticeState.SENT)
        build.attempt(notice, to, at(date(2027, 9, 10)))
        build.notice(duty, subscription, at(date(2027, 9, 22)))
    build.notice(duty, mine, at(date(2027, 9, 1)), state=NoticeState.WITHDRAWN)
    build.received(duty, person, at(date(2027, 9, 11)))
    build.extension(
        duty, contact, date(2027, 9, 30), at(date(2027, 9, 12)),
        state=RequestState.APPROVED, new_due_on=date(2027, 9, 29),
    )  # fmt: skip
    done = build.completion(duty, at(date(2027, 9, 14)), person_id=person.id)
    done.undone_at = at(date(2027, 9, 15))
    build.obstacle(duty, "thiếu người", at(date(2027, 9, 13)))
    build.session.flush()
    story = load_why(build.session, duty.id or 0, TODAY, calendar)
    assert story is not None
    assert [(one.to, one.channel, one.certain) for one in story.told] == [
        ("Nguyễn Thị An", "telegram", True),
        ("Nhóm Sở Y tế", "zalo", True),
    ]
    assert [(one.before, one.recipients) for one in story.planned] == [(2, 2)]
    kinds = [one.kind for one in story.answers]
    assert kinds == ["received", "extension", "obstacle", "done", "undone"]
    assert story.answers[1].day == date(2027, 9, 29)
    assert load_why(build.session, 999_999, TODAY, calendar) is None
