"""When a reminder goes out: days worked out by hand, then the laws that hold for all of them."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deadlines import read
from deadlines.calendar import WorkCalendar
from registry.clock import local, moment_of
from registry.notices import PlannedNotice
from registry.types import DutyKind, NoticeKind, Role
from scheduler.ladder import ABOVE, OWN_ROLES, Heard, Ladder
from scheduler.plan import (
    COMMITTEE,
    DutyView,
    Planner,
    Policy,
    SubscriptionView,
    after_quiet,
    timetable,
)

CALENDAR = WorkCalendar()
POLICY = Policy()
EARLY = datetime(2023, 1, 2, tzinfo=UTC)
DUE = date(2024, 6, 14)


def duty(
    due_on: date,
    *,
    kind: DutyKind = DutyKind.DEADLINE,
    since: datetime = EARLY,
    of: int = 1,
    fresh: bool = False,
) -> DutyView:
    return DutyView(7, of, kind, due_on, since, fresh)


def holder(
    role: Role = Role.FOCAL,
    *,
    since: datetime = EARLY,
    extra: tuple[int, ...] = (),
    quiet: tuple[time, time] | None = None,
    at: int = 1,
) -> SubscriptionView:
    start, end = quiet or (None, None)
    return SubscriptionView(3, at, role, since, extra, start, end)


def planned(
    duties: Iterable[DutyView] | DutyView,
    holders: Iterable[SubscriptionView] | SubscriptionView,
    now: datetime = EARLY,
    policy: Policy = POLICY,
) -> list[PlannedNotice]:
    duties = [duties] if isinstance(duties, DutyView) else duties
    holders = [holders] if isinstance(holders, SubscriptionView) else holders
    return list(Planner(policy, CALENDAR, now).plan(duties, holders))


def told(notices: Iterable[PlannedNotice]) -> list[tuple[str, str]]:
    """(step, local moment), urges as "u1"."""
    return [
        (
            each.step if each.kind == NoticeKind.REMINDER else f"u{each.step}",
            f"{local(each.due_at):%Y-%m-%d %H:%M}",
        )
        for each in sorted(notices, key=lambda each: each.due_at)
    ]


def mornings(*days: str) -> list[tuple[str, str]]:
    """("10", "2024-05-31 08:00") for "10 2024-05-31"."""
    return [(step, f"{day} 08:00") for step, day in (each.split() for each in days)]


# -- days worked out by hand ----------------------------------------------------------------------

# "trước ngày 15 của tháng cuối cùng của quý": the 14th. 14/9 and 14/12/2024 are Saturdays, so the
# Friday before counts; 2/9 and 3/9/2024 are days off.
QUARTERS = {
    date(2024, 6, 14): ["10 2024-05-31", "5 2024-06-07", "2 2024-06-12", "0 2024-06-14"],
    date(2024, 9, 14): ["10 2024-08-28", "5 2024-09-06", "2 2024-09-11", "0 2024-09-13"],
    date(2024, 12, 14): ["10 2024-11-29", "5 2024-12-06", "2 2024-12-11", "0 2024-12-13"],
    date(2025, 3, 14): ["10 2025-02-28", "5 2025-03-07", "2 2025-03-12", "0 2025-03-14"],
}


def test_the_last_month_of_the_quarter() -> None:
    due = read("trước ngày 15 của tháng cuối cùng của quý", date(2024, 5, 15)).due
    assert list(due) == list(QUARTERS)
    for day, expected in QUARTERS.items():
        assert told(planned(duty(day), holder())) == mornings(*expected)


@pytest.mark.parametrize(
    ("due_on", "expected"),
    [
        # Tết 2024: 8/2 to 14/2 off. Ten working days before 20/2 is 30/1.
        (date(2024, 2, 20), ["10 2024-01-30", "5 2024-02-06", "2 2024-02-16", "0 2024-02-20"]),
        # Due on mùng 2 Tết 2025 (30/1): the last working day before is Friday 24/1.
        (date(2025, 1, 30), ["10 2025-01-10", "5 2025-01-17", "2 2025-01-22", "0 2025-01-24"]),
        # 29/4/2024 was swapped for Saturday 4/5, which is worked; 18/4 (Giỗ Tổ) is off.
        (date(2024, 5, 6), ["10 2024-04-17", "5 2024-04-25", "2 2024-05-03", "0 2024-05-06"]),
        # New Year's Day.
        (date(2025, 1, 1), ["10 2024-12-17", "5 2024-12-24", "2 2024-12-27", "0 2024-12-31"]),
    ],
)
def test_days_off_do_not_count(due_on: date, expected: list[str]) -> None:
    assert told(planned(duty(due_on), holder())) == mornings(*expected)


@pytest.mark.parametrize(
    ("due_on", "seen_on", "expected"),
    [
        (date(2024, 6, 14), date(2024, 6, 14), []),
        (date(2024, 6, 14), date(2024, 6, 15), ["u1 2024-06-17"]),
        (date(2024, 6, 14), date(2024, 6, 18), ["u1 2024-06-17", "u2 2024-06-19"]),
        # After the third working day every week, the urge that comes next being planned ahead.
        (
            date(2024, 6, 14),
            date(2024, 7, 1),
            ["u1 2024-06-17", "u2 2024-06-19", "u3 2024-06-26", "u4 2024-07-03"],
        ),
        # A due day on a Saturday, and a week that falls on New Year's Day.
        (
            date(2024, 12, 14),
            date(2024, 12, 31),
            ["u1 2024-12-16", "u2 2024-12-18", "u3 2024-12-25", "u4 2025-01-02"],
        ),
        # Over Tết 2026 (14/2 to 22/2 off) the Mondays 16/2 and 23/2 fall together: told once.
        (
            date(2026, 1, 28),
            date(2026, 2, 23),
            [
                "u1 2026-01-29", "u2 2026-02-02", "u3 2026-02-09", "u4 2026-02-23", "u5 2026-03-02",
            ],
        ),
    ],
)  # fmt: skip
def test_urges(due_on: date, seen_on: date, expected: list[str]) -> None:
    notices = planned(duty(due_on), holder(), moment_of(seen_on, time(0, 5)))
    urges = [each for each in notices if each.kind == NoticeKind.URGE]
    assert told(urges) == mornings(*expected)


@pytest.mark.parametrize(
    ("role", "steps"),
    [
        (Role.FOCAL, ["10", "5", "2", "0", "u1", "u2"]),
        (Role.OFFICER, ["10", "5", "2", "0", "u1", "u2"]),
        (Role.LEADER, ["0", "uleader"]),
        (Role.MEMBER, ["umember"]),
        (Role.STAFF, ["ustaff"]),
        (Role.ADMIN, []),
    ],
)
def test_what_each_role_hears(role: Role, steps: list[str]) -> None:
    now = moment_of(date(2024, 6, 17), time(12))
    notices = planned(duty(date(2024, 6, 14)), holder(role), now)
    assert [step for step, _ in told(notices)] == steps


# Due on Friday 14/6/2024; the 17th is the first working day after it, the 21st the fifth.
OVERDUE = moment_of(date(2024, 7, 1), time(0, 5))


@pytest.mark.parametrize(
    ("role", "ladder", "expected"),
    [
        (Role.LEADER, Ladder(), ["uleader 2024-06-19", "u3 2024-06-26", "u4 2024-07-03"]),
        # A rung between two urges has a morning of its own, and hears what follows.
        (Role.LEADER, Ladder(leader=2), ["uleader 2024-06-18", "u2 2024-06-19", "u3 2024-06-26",
                                         "u4 2024-07-03"]),
        (Role.LEADER, Ladder(leader=1), ["uleader 2024-06-17", "u2 2024-06-19", "u3 2024-06-26",
                                         "u4 2024-07-03"]),
        (Role.LEADER, Ladder(leader=0), []),
        (Role.MEMBER, Ladder(), ["umember 2024-06-21"]),
        (Role.MEMBER, Ladder(member=0), []),
        (Role.STAFF, Ladder(), ["ustaff 2024-06-28"]),
        (Role.STAFF, Ladder(staff=15), ["ustaff 2024-07-05"]),
    ],
)  # fmt: skip
def test_the_ladder(role: Role, ladder: Ladder, expected: list[str]) -> None:
    at = COMMITTEE if role == Role.STAFF else 1
    late = replace(duty(DUE), ladder=ladder)
    policy = replace(POLICY, ladder=Ladder(leader=9, member=9, staff=9))
    assert _urged(planned(late, holder(role, at=at), OVERDUE, policy)) == mornings(*expected)
    # Without a ladder of its own a directive's duties follow the policy's.
    policy = replace(POLICY, ladder=ladder)
    assert _urged(planned(duty(DUE), holder(role, at=at), OVERDUE, policy)) == mornings(*expected)


def test_nobody_above_the_agency_is_told_in_time_or_of_updates() -> None:
    for role in (Role.MEMBER, Role.STAFF):
        assert planned(duty(DUE), holder(role, extra=(15, 3))) == []
        update = duty(DUE, kind=DutyKind.UPDATE)
        assert planned(update, holder(role), OVERDUE) == []


def test_above_the_agency_a_step_is_not_made_up_for_but_a_duty_opened_again_is_told() -> None:
    later = moment_of(date(2024, 6, 25), time(9))
    assert planned(duty(DUE), holder(Role.MEMBER, since=later), OVERDUE) == []
    again = planned(duty(DUE, since=later), holder(Role.MEMBER), OVERDUE)
    assert told(again) == mornings("umember 2024-06-26")


def _urged(notices: Iterable[PlannedNotice]) -> list[tuple[str, str]]:
    return told(each for each in notices if each.kind == NoticeKind.URGE)


@pytest.mark.parametrize(
    ("heard", "days", "expected"),
    [
        # Never heard of, or no pauses: every urge.
        (None, 5, ["u1 2024-06-17", "u2 2024-06-19", "u3 2024-06-26", "u4 2024-07-03"]),
        ("2024-06-17 09:00", 0, ["u1 2024-06-17", "u2 2024-06-19", "u3 2024-06-26",
                                 "u4 2024-07-03"]),
        # Received after the first urge: the second is left out, and on the fifth working day they
        # are asked again.
        ("2024-06-17 09:00", 5, ["u1 2024-06-17", "uagain-2024-06-24 2024-06-24", "u3 2024-06-26",
                                 "u4 2024-07-03"]),
        ("2024-06-17 07:45", 5, ["uagain-2024-06-24 2024-06-24", "u3 2024-06-26",
                                 "u4 2024-07-03"]),
        # The pause ends on a day of urging anyway: they are asked once.
        ("2024-06-19 10:00", 5, ["u1 2024-06-17", "u2 2024-06-19",
                                 "uagain-2024-06-26 2024-06-26", "u4 2024-07-03"]),
        # Received on the last day: the pause holds, the question comes when it is over.
        ("2024-06-14 16:00", 3, ["uagain-2024-06-19 2024-06-19", "u3 2024-06-26", "u4 2024-07-03"]),
        ("2024-06-14 16:00", 2, ["uagain-2024-06-18 2024-06-18", "u2 2024-06-19", "u3 2024-06-26",
                                 "u4 2024-07-03"]),
        # Received long before: over by then.
        ("2024-06-03 08:00", 5, ["u1 2024-06-17", "u2 2024-06-19", "u3 2024-06-26",
                                 "u4 2024-07-03"]),
    ],
)  # fmt: skip
def test_received_quiets_and_is_asked_about_again(
    heard: str | None, days: int, expected: list[str]
) -> None:
    at = (
        moment_of(date.fromisoformat(heard[:10]), time.fromisoformat(heard[11:])) if heard else None
    )
    policy = replace(POLICY, received_days=days)
    one = replace(duty(DUE), heard=Heard(at, at) if at else None)
    for role in (Role.FOCAL, Role.OFFICER):
        notices = planned(one, holder(role), OVERDUE, policy)
        assert _urged(notices) == mornings(*expected)
        reminders = [each for each in notices if each.kind == NoticeKind.REMINDER]
        assert told(reminders) == mornings(*QUARTERS[DUE]), "deadline reminders are never quieted"
    ladder = planned(duty(DUE), holder(Role.LEADER), OVERDUE, policy)
    assert planned(one, holder(Role.LEADER), OVERDUE, policy) == ladder


def test_requests_for_an_update_are_not_urged() -> None:
    now = moment_of(date(2024, 7, 31), time(12))
    notices = planned(duty(date(2024, 6, 14), kind=DutyKind.UPDATE), holder(), now)
    assert told(notices) == mornings("5 2024-06-07", "0 2024-06-14")


def test_extra_leads_are_added() -> None:
    notices = planned(duty(date(2024, 6, 14)), holder(extra=(15, 3, 2)))
    assert [step for step, _ in told(notices)] == ["15", "10", "5", "3", "2", "0"]
    leader = planned(duty(date(2024, 6, 14)), holder(Role.LEADER, extra=(3,)))
    assert [step for step, _ in told(leader)] == ["3", "0"]


def test_only_the_agency_concerned() -> None:
    assert planned(duty(date(2024, 6, 14), of=2), holder(at=1)) == []


@pytest.mark.parametrize(
    ("quiet", "clock"),
    [
        ((time(6), time(9)), "09:00"),
        ((time(18), time(8, 30)), "08:30"),
        ((time(18), time(7)), "08:00"),
        ((time(9), time(11)), "08:00"),
        ((time(8), time(8)), "08:00"),
        ((time(7), time(16, 59)), "16:59"),
        # Quiet for the whole working day: the last-day reminder must not wait for the night.
        ((time(6), time(22)), "08:00"),
        ((time(0), time(23, 59)), "08:00"),
    ],
)
def test_quiet_hours(quiet: tuple[time, time], clock: str) -> None:
    notices = planned(duty(date(2024, 6, 14)), holder(quiet=quiet))
    assert {moment.split()[1] for _, moment in told(notices)} == {clock}


@pytest.mark.parametrize(
    ("since", "seen", "expected"),
    [
        # Steps before it came are not made up for.
        ("2024-06-05 10:00", "2024-06-05", [("5", "2024-06-07 08:00"), ("2", "2024-06-12 08:00"),
                                            ("0", "2024-06-14 08:00")]),
        ("2024-06-07 08:00", "2024-06-07", [("5", "2024-06-07 08:00"), ("2", "2024-06-12 08:00"),
                                            ("0", "2024-06-14 08:00")]),
        # On the last day, after the hour: at once.
        ("2024-06-14 08:01", "2024-06-14", [("0", "2024-06-14 08:01")]),
        ("2024-06-14 20:30", "2024-06-14", [("0", "2024-06-14 20:30")]),
        # After the day: the urge whose turn it is comes on the next working morning.
        ("2024-06-15 09:00", "2024-06-15", [("u1", "2024-06-17 08:00")]),
        ("2024-06-17 09:00", "2024-06-17", [("u1", "2024-06-18 08:00"),
                                            ("u2", "2024-06-19 08:00")]),
        ("2024-06-20 09:00", "2024-06-20", [("u2", "2024-06-21 08:00"),
                                            ("u3", "2024-06-26 08:00")]),
        # The next one comes as soon anyway.
        ("2024-06-18 09:00", "2024-06-18", [("u2", "2024-06-19 08:00")]),
    ],
)  # fmt: skip
def test_what_came_late(since: str, seen: str, expected: list[tuple[str, str]]) -> None:
    moment = moment_of(date.fromisoformat(since[:10]), time.fromisoformat(since[11:]))
    now = moment_of(date.fromisoformat(seen), time(23))
    assert told(planned(duty(DUE, since=moment), holder(), now)) == expected
    assert told(planned(duty(DUE), holder(since=moment), now)) == expected


@pytest.mark.parametrize(
    ("since", "expected"),
    [
        # Made on Monday 3/6: T-10 has gone by, it is made known on Tuesday.
        ("2024-06-03 10:00", ["10 2024-06-04", "5 2024-06-07", "2 2024-06-12", "0 2024-06-14"]),
        # Made the day before T-5, after T-10: T-5 itself makes it known.
        ("2024-06-06 10:00", ["5 2024-06-07", "2 2024-06-12", "0 2024-06-14"]),
        # Made on a Saturday: the next working morning.
        ("2024-06-08 10:00", ["5 2024-06-10", "2 2024-06-12", "0 2024-06-14"]),
    ],
)
def test_a_new_duty_that_is_near_is_made_known(since: str, expected: list[str]) -> None:
    moment = moment_of(date.fromisoformat(since[:10]), time.fromisoformat(since[11:]))
    new = duty(DUE, since=moment, fresh=True)
    assert told(planned(new, holder())) == mornings(*expected)
    # Who binds later, or has just been given more time, is not told of steps gone by.
    ahead = [each for each in expected if not each.endswith(("06-04", "06-10"))]
    assert told(planned(duty(DUE, since=moment), holder())) == mornings(*ahead)
    later = moment + timedelta(minutes=1)
    assert told(planned(new, holder(since=later))) == mornings(*ahead)


def test_what_came_after_the_last_safe_day_waits_for_its_urge() -> None:
    """Due on Saturday 14/12/2024, and made that very Saturday."""
    saturday = moment_of(date(2024, 12, 14), time(9))
    assert planned(duty(date(2024, 12, 14), since=saturday), holder(), saturday) == []
    after = saturday + timedelta(days=1)
    notices = planned(duty(date(2024, 12, 14), since=saturday), holder(), after)
    assert told(notices) == mornings("u1 2024-12-16")


def test_timetable_names_the_last_safe_day() -> None:
    table = timetable(date(2024, 12, 14), (2, 0), POLICY, CALENDAR, date(2024, 12, 1))
    assert table.safe_day == date(2024, 12, 13)
    assert table.reminders == ((2, date(2024, 12, 11)), (0, date(2024, 12, 13)))
    assert table.urges == ()


# -- laws -----------------------------------------------------------------------------------------

DAYS = st.dates(date(2024, 1, 2), date(2027, 12, 31))
CLOCKS = st.times().map(lambda at: at.replace(microsecond=0))
MOMENTS = st.builds(moment_of, st.dates(date(2023, 6, 1), date(2028, 3, 31)), CLOCKS)
LEADS = st.sets(st.integers(1, 60), max_size=5).map(lambda days: (*sorted(days, reverse=True), 0))
URGES = st.sets(st.integers(1, 20), min_size=1, max_size=4).map(lambda days: tuple(sorted(days)))
HOURS = st.times(time(7, 30), time(16, 59)).map(lambda at: at.replace(second=0, microsecond=0))
RUNGS = st.integers(0, 25)
LADDERS = st.builds(Ladder, RUNGS, RUNGS, RUNGS)
POLICIES = st.builds(
    Policy, leads=LEADS, update_leads=LEADS, urges=URGES, ladder=LADDERS,
    received_days=st.integers(0, 15), at=HOURS,
)  # fmt: skip
QUIET = st.none() | st.tuples(CLOCKS, CLOCKS)
SPEAKING = st.sampled_from([Role.FOCAL, Role.OFFICER, Role.LEADER])
ANYBODY = st.sampled_from(list(Role))
EXTRA = st.sets(st.integers(0, 60), max_size=4).map(tuple)
KINDS = st.sampled_from(list(DutyKind))
DUTIES = st.builds(
    lambda one, heard, ladder: replace(one, heard=heard, ladder=ladder),
    st.builds(duty, DAYS, kind=KINDS, since=MOMENTS, fresh=st.booleans()),
    st.none() | st.builds(lambda a, b: Heard(min(a, b), max(a, b)), MOMENTS, MOMENTS),
    st.none() | LADDERS,
)
HOLDERS = st.builds(holder, ANYBODY, since=MOMENTS, extra=EXTRA, quiet=QUIET)
many = settings(max_examples=150, deadline=None)

TET = {
    date(2024, 2, 8) + timedelta(days=n) for n in range(7)
} | {
    date(2025, 1, 25) + timedelta(days=n) for n in range(9)
} | {
    date(2026, 2, 14) + timedelta(days=n) for n in range(9)
} | {
    date(2027, 2, 5) + timedelta(days=n) for n in range(5)
}  # fmt: skip


@many
@given(DUTIES, HOLDERS, POLICIES, MOMENTS)
def test_the_same_in_gives_the_same_out(
    one: DutyView, held: SubscriptionView, policy: Policy, now: datetime
) -> None:
    first = planned(one, held, now, policy)
    assert planned(one, held, now, policy) == first
    keys = [each.key for each in first]
    assert len(set(keys)) == len(keys)


@many
@given(DUTIES, HOLDERS, POLICIES, MOMENTS)
def test_only_on_working_days_and_within_hours(
    one: DutyView, held: SubscriptionView, policy: Policy, now: datetime
) -> None:
    safe_day = CALENDAR.last_working(one.due_on)
    since = max(one.since, held.since)
    for each in planned(one, held, now, policy):
        here = local(each.due_at)
        assert CALENDAR.is_working(here.date())
        assert here.date() not in TET
        assert each.due_at >= since
        if each.due_at == since and here.date() == safe_day:
            continue  # It came on the last day itself, and is told at once.
        assert policy.opens <= here.time() < policy.closes


@many
@given(DUTIES, HOLDERS, POLICIES, MOMENTS)
def test_reminders_come_before_urges_after(
    one: DutyView, held: SubscriptionView, policy: Policy, now: datetime
) -> None:
    safe_day = CALENDAR.last_working(one.due_on)
    notices = planned(one, held, now, policy)
    reminders = [each for each in notices if each.kind == NoticeKind.REMINDER]
    urges = [each for each in notices if each.kind == NoticeKind.URGE]
    for each in reminders:
        day = local(each.due_at).date()
        assert day == safe_day if each.step == "0" else day < safe_day
    assert all(local(each.due_at).date() > one.due_on for each in urges)
    numbered = [each for each in urges if each.step.isdecimal()]
    in_order = sorted(numbered, key=lambda each: int(each.step))
    days = [local(each.due_at).date() for each in in_order]
    assert days == sorted(set(days)), "one urge a morning, in the order of their numbers"
    if one.kind == DutyKind.UPDATE:
        assert not urges


@many
@given(DUTIES, HOLDERS, POLICIES)
def test_the_last_day_is_always_reminded_of_while_there_is_time(
    one: DutyView, held: SubscriptionView, policy: Policy
) -> None:
    held = replace(held, role=Role.LEADER if held.role not in OWN_ROLES else held.role)
    since = max(one.since, held.since)
    steps = [each.step for each in planned(one, held, since, policy) if each.kind == "reminder"]
    in_time = local(since).date() <= CALENDAR.last_working(one.due_on)
    assert steps.count("0") == (1 if in_time else 0)


@many
@given(DUTIES, HOLDERS, POLICIES, MOMENTS)
def test_own_leads_take_nothing_away(
    one: DutyView, held: SubscriptionView, policy: Policy, now: datetime
) -> None:
    one = replace(one, fresh=False)  # Which step makes a new duty known depends on the leads.
    plain = SubscriptionView(
        held.id, held.agency_id, held.role, held.since, (), held.quiet_from, held.quiet_to
    )
    assert set(planned(one, plain, now, policy)) <= set(planned(one, held, now, policy))


@many
@given(DUTIES, HOLDERS, POLICIES, MOMENTS, st.integers(0, 60))
def test_looking_again_later_only_adds(
    one: DutyView, held: SubscriptionView, policy: Policy, now: datetime, days: int
) -> None:
    now = max(now, one.since, held.since)
    before = set(planned(one, held, now, policy))
    assert before <= set(planned(one, held, now + timedelta(days=days), policy))


@many
@given(DUTIES, HOLDERS, MOMENTS)
def test_an_overdue_duty_always_has_its_next_urge(
    one: DutyView, held: SubscriptionView, now: datetime
) -> None:
    now = max(now, one.since, held.since)
    if one.kind == DutyKind.UPDATE or local(now).date() <= one.due_on:
        return
    ladder = one.ladder or POLICY.ladder
    if held.role not in OWN_ROLES or (held.role == Role.LEADER and not ladder.leader):
        return
    ahead = [each for each in planned(one, held, now) if each.kind == NoticeKind.URGE]
    assert any(each.due_at > now - timedelta(days=1) for each in ahead)


@many
@given(DUTIES, HOLDERS, POLICIES, MOMENTS)
def test_each_rung_comes_on_its_day_and_above_the_agency_once(
    one: DutyView, held: SubscriptionView, policy: Policy, now: datetime
) -> None:
    """Whatever was received: "đã nhận" quiets nobody on the ladder."""
    notices = planned(one, held, now, policy)
    assert planned(replace(one, heard=None), held, now, policy) == notices or (
        held.role in (Role.FOCAL, Role.OFFICER)
    )
    urges = [each for each in notices if each.kind == NoticeKind.URGE]
    if held.role in (Role.FOCAL, Role.OFFICER) or not urges:
        return
    days = (one.ladder or policy.ladder).after(held.role)
    assert days, "a rung that is switched off hears nothing"
    first = min(local(each.due_at).date() for each in urges)
    assert first >= CALENDAR.forward(one.due_on, days)
    if held.role in ABOVE:
        assert [each.step for each in notices] == [str(held.role)]


@many
@given(DUTIES, HOLDERS, POLICIES, MOMENTS)
def test_in_the_pause_nobody_is_urged_and_reminders_stay(
    one: DutyView, held: SubscriptionView, policy: Policy, now: datetime
) -> None:
    silent = planned(replace(one, heard=None), held, now, policy)
    notices = planned(one, held, now, policy)
    assert [each for each in notices if each.kind == NoticeKind.REMINDER] == [
        each for each in silent if each.kind == NoticeKind.REMINDER
    ]
    if one.heard is None or held.role not in (Role.FOCAL, Role.OFFICER):
        return
    resumes = CALENDAR.forward(local(one.heard.last_at).date(), policy.received_days)
    for each in notices:
        if each.kind == NoticeKind.URGE and policy.received_days:
            assert each.due_at <= one.heard.received_at or local(each.due_at).date() >= resumes


@given(CLOCKS, QUIET)
def test_quiet_hours_only_ever_delay(clock: time, quiet: tuple[time, time] | None) -> None:
    moved = after_quiet(clock, holder(quiet=quiet))
    assert moved >= clock


def test_next_week_s_report_is_not_spoken_of_while_this_week_s_is_owed() -> None:
    since = datetime(2026, 11, 20, 1, tzinfo=UTC)
    friday = date(2026, 12, 11)
    duty = DutyView(7, 1, DutyKind.DEADLINE, friday, since, opens_on=date(2026, 12, 5))
    holder = SubscriptionView(3, 1, Role.FOCAL, since)
    planned = Planner(Policy(), WorkCalendar(), since).plan([duty], [holder])
    days = {notice.step: local(notice.due_at).date() for notice in planned}
    assert days == {"2": date(2026, 12, 9), "0": friday}
