"""Calendars as programs read them: written, parsed back, compared."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from icalendar import Calendar, Component
from sqlmodel import Session

from deadlines.calendar import WorkCalendar
from registry import duties
from registry.clock import LOCAL, moment_of
from registry.people import Actor
from registry.tables import Duty
from registry.types import DutyKind, DutyState
from reports.calendar_feed import Ringing, entries, feed
from reports.render import Renderer
from tests.reports.build import Builder

TODAY = date(2027, 9, 20)
RINGING = Ringing((10, 5, 2, 0), (5, 0), time(8))


@pytest.fixture
def owed(build: Builder) -> Duty:
    """A duty due on a Sunday, so that its last safe day is the Friday before."""
    health = build.agency("Sở Y tế")
    plan = build.directive("106/KH-BCĐ", issued_on=date(2027, 2, 5))
    task = build.task(
        plan, health, title="Báo cáo kết quả; gồm: số liệu, phụ lục\\n" + "rất dài " * 60,
        deadline_text="trong ngày 26/9/2027", ordinal="7",
    )  # fmt: skip
    return build.duty(task, health, date(2027, 9, 26), number=127)


def written(
    session: Session, renderer: Renderer, calendar: WorkCalendar, agencies: list[int] | None = None
) -> bytes:
    found = entries(session, agencies, TODAY, calendar)
    return feed(renderer, found, "Sở Y tế", "abc", RINGING, calendar)


def events(text: bytes) -> list[Component]:
    parsed = Calendar.from_ical(text)
    assert parsed.errors == []
    assert parsed["version"] == "2.0"
    assert parsed["prodid"]
    for event in parsed.walk("VEVENT"):
        assert event.errors == []
    return list(parsed.walk("VEVENT"))


def test_an_event_says_what_is_owed_and_when(
    owed: Duty, session: Session, renderer: Renderer, calendar: WorkCalendar
) -> None:
    text = written(session, renderer, calendar, [owed.agency_id])
    [event] = events(text)
    assert event["uid"] == f"viec-{owed.id}@abc.dondoc"
    assert event.decoded("dtstart") == date(2027, 9, 26)
    assert event.decoded("dtend") == date(2027, 9, 27)
    assert type(event.decoded("dtstart")) is date, "all day"
    assert event["summary"].startswith("#127 Báo cáo kết quả; gồm: số liệu")
    said = str(event["description"])
    assert "106/KH-BCĐ" in said
    assert "số thứ tự 7" in said
    assert "trong ngày 26/9/2027" in said
    assert "xong 127" in said
    assert event["status"] == "CONFIRMED"
    assert event["transp"] == "TRANSPARENT"


def test_lines_are_folded_and_ended_as_the_standard_asks(
    owed: Duty, session: Session, renderer: Renderer, calendar: WorkCalendar
) -> None:
    text = written(session, renderer, calendar)
    assert owed.number
    lines = text.split(b"\r\n")
    assert lines[-1] == b""
    assert b"\n" not in b"".join(lines)
    assert max(map(len, lines)) <= 75
    text.decode("utf-8")
    for line in lines:
        assert line.decode("utf-8") is not None, "no letter is cut in two"


def test_alarms_ring_at_the_leads_before_the_last_safe_day(
    owed: Duty, session: Session, renderer: Renderer, calendar: WorkCalendar
) -> None:
    [event] = events(written(session, renderer, calendar))
    midnight = datetime.combine(owed.due_on, time.min, LOCAL)
    rings = [midnight + alarm.decoded("trigger") for alarm in event.walk("VALARM")]
    days = [calendar.back(date(2027, 9, 24), lead) for lead in RINGING.leads]
    assert rings == [datetime.combine(day, time(8), LOCAL) for day in days]
    for alarm in event.walk("VALARM"):
        assert alarm["action"] == "DISPLAY"
        assert alarm["description"]


def test_updates_ring_less(
    owed: Duty, session: Session, renderer: Renderer, calendar: WorkCalendar
) -> None:
    owed.kind = DutyKind.UPDATE
    session.add(owed)
    session.flush()
    [event] = events(written(session, renderer, calendar))
    assert len(event.walk("VALARM")) == 2
    assert event["summary"].startswith("#127 Cập nhật tiến độ: ")


def test_what_is_done_is_marked_and_silent(
    build: Builder, owed: Duty, session: Session, renderer: Renderer, calendar: WorkCalendar
) -> None:
    [before] = events(written(session, renderer, calendar))
    build.done(owed, moment_of(TODAY, time(9)), document_number="45/BC-SYT")
    [event] = events(written(session, renderer, calendar))
    assert event["summary"].startswith("✔ đã xong #127")
    assert "số 45/BC-SYT" in event["description"]
    assert event.walk("VALARM") == []
    assert event["uid"] == before["uid"]
    assert event["status"] == "CONFIRMED"


def test_what_is_cancelled_says_so(
    owed: Duty, session: Session, renderer: Renderer, calendar: WorkCalendar
) -> None:
    owed.state, owed.closed_at = DutyState.CANCELLED, moment_of(TODAY, time(9))
    session.add(owed)
    session.flush()
    [event] = events(written(session, renderer, calendar))
    assert event["status"] == "CANCELLED"
    assert event["summary"].startswith("✖ đã thôi #127")
    assert event.walk("VALARM") == []


def test_a_moved_day_is_a_later_revision_of_the_same_event(
    build: Builder, owed: Duty, session: Session, renderer: Renderer, calendar: WorkCalendar
) -> None:
    _, contact = build.focal(build.agency("Sở Nội vụ"))
    [before] = events(written(session, renderer, calendar))
    for hours, day in ((1, date(2027, 10, 15)), (2, date(2027, 10, 20))):
        now = owed.created_at + timedelta(hours=hours)
        asked = build.extension(owed, contact, day, now)
        duties.grant_extension(session, asked, Actor(None, ""), day, now)
        session.flush()
        [after] = events(written(session, renderer, calendar))
        assert after["uid"] == before["uid"]
        assert after.decoded("dtstart") == day
        assert after["sequence"] > before["sequence"]
        assert after.decoded("last-modified") > before.decoded("last-modified")
        assert after.decoded("last-modified").tzinfo is not None
        before = after
    assert "đã được gia hạn" in before["description"]


def test_the_same_facts_give_the_same_bytes_whatever_the_day(
    owed: Duty, session: Session, renderer: Renderer, calendar: WorkCalendar
) -> None:
    first = written(session, renderer, calendar)
    later = entries(session, None, TODAY + timedelta(days=30), calendar)
    assert owed.id == later[0].facts.id
    assert feed(renderer, later, "Sở Y tế", "abc", RINGING, calendar) == first


def test_whose_duties_are_shown(
    build: Builder, owed: Duty, session: Session, renderer: Renderer, calendar: WorkCalendar
) -> None:
    trade = build.agency("Sở Công Thương")
    task = build.task(build.directive("7/KH-BCĐ"), trade, title="Việc của Công Thương")
    other = build.duty(task, trade, date(2027, 10, 1), number=128)
    mine = events(written(session, renderer, calendar, [owed.agency_id]))
    assert [each["uid"] for each in mine] == [f"viec-{owed.id}@abc.dondoc"]
    both = events(written(session, renderer, calendar))
    assert [each["summary"].rpartition(" – ")[2] for each in both] == ["Sở Y tế", "Sở Công Thương"]
    assert written(session, renderer, calendar, []).count(b"BEGIN:VEVENT") == 0
    assert other.number == 128


def test_what_is_long_past_goes_unless_it_is_still_owed(
    build: Builder, session: Session, calendar: WorkCalendar
) -> None:
    health = build.agency("Sở Y tế")
    task = build.task(build.directive("7/KH-BCĐ"), health)
    days = [
        date(2026, 1, 5),
        date(2026, 2, 5),
        date(2027, 9, 1),
        date(2027, 9, 2),
        date(2029, 1, 1),
    ]
    made = [build.duty(task, health, day, period=str(day)) for day in days]
    build.done(made[0], datetime(2026, 1, 4, tzinfo=UTC))
    made[2].state = DutyState.CANCELLED
    session.add(made[2])
    session.flush()
    shown = [each.facts.due_on for each in entries(session, None, TODAY, calendar)]
    assert shown == [days[1], days[3]]


def test_of_too_many_the_nearest_are_shown(
    build: Builder, session: Session, calendar: WorkCalendar
) -> None:
    health = build.agency("Sở Y tế")
    task = build.task(build.directive("7/KH-BCĐ"), health)
    for days in range(-9, 10, 3):
        day = TODAY + timedelta(days=days)
        build.duty(task, health, day, period=str(day))
    found = entries(session, None, TODAY, calendar, most=3)
    assert [(each.facts.due_on - TODAY).days for each in found] == [-3, 0, 3]
