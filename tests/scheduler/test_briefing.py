"""What a weekly brief says, and when: the same week gives the same brief."""

from dataclasses import replace
from datetime import date, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deadlines.calendar import WorkCalendar
from reports.briefs import DutyLine, Raised, Week
from reports.status import Counts, Unreachable
from scheduler.briefing import Weekday, When, brief_day, for_member, for_staff, horizon

CALENDAR = WorkCalendar()
TODAY = date(2026, 11, 23)
DAY = timedelta(days=1)
LINE = DutyLine(101, "Việc", 1, "Sở Y tế", 1, "2026-Q4", False, TODAY, None, started=True)
WEEK = Week(TODAY, 10, Counts(), (), (), (), frozenset())


@pytest.mark.parametrize(
    ("today", "weekday", "expected"),
    [
        (date(2026, 11, 23), "mon", date(2026, 11, 23)),
        (date(2026, 11, 27), "mon", date(2026, 11, 23)),
        (date(2026, 11, 27), "fri", date(2026, 11, 27)),
        # 31 August 2026 is a swapped day off, 1 and 2 September are holidays.
        (date(2026, 8, 31), "mon", date(2026, 9, 3)),
        # A Friday that is free has no working day of its week after it.
        (date(2027, 1, 1), "fri", None),
        (date(2026, 11, 23), "off", None),
    ],
)
def test_the_day_of_the_brief(today: date, weekday: Weekday, expected: date | None) -> None:
    assert brief_day(today, When(weekday, time(8)), CALENDAR) == expected


def late(number: int, days: int, agency: int = 1, **more: object) -> DutyLine:
    name = f"Cơ quan {agency}"
    return replace(
        LINE, number=number, due_on=TODAY - days * DAY, agency_id=agency, agency=name, **more
    )  # type: ignore[arg-type]


def test_the_call_goes_to_who_holds_others_up() -> None:
    week = replace(WEEK, lines=(late(1, 30), late(2, 5, agency=2, directive_id=9)))
    call = for_member(week).call
    assert call is not None
    assert (call.why, call.number, call.days) == ("overdue", 1, 30)
    call = for_member(replace(week, awaited=frozenset({(9, "2026-Q4", 3)}))).call
    assert call is not None
    assert (call.why, call.number, call.agency_id) == ("blocks", 2, 2)
    # An agency's own summing up does not wait for itself.
    call = for_member(replace(week, awaited=frozenset({(9, "2026-Q4", 2)}))).call
    assert call is not None
    assert call.why == "overdue"


def test_nothing_overdue_but_near_and_untouched() -> None:
    near = replace(LINE, due_on=TODAY + 3 * DAY, started=False)
    call = for_member(replace(WEEK, lines=(near,))).call
    assert call is not None
    assert (call.why, call.days) == ("near", 3)
    for line in (replace(near, started=True), replace(near, due_on=TODAY + 4 * DAY)):
        assert for_member(replace(WEEK, lines=(line,))).call is None


def test_two_risks_of_different_kinds() -> None:
    raised = Raised(7, 4, "Cơ quan 4", "thiếu kinh phí", TODAY - DAY)
    lost = Unreachable(5, "Cơ quan 5", 2, 0, TODAY)
    week = replace(
        WEEK, lines=(late(1, 30), late(2, 5, agency=2)), raised=(raised,), silent=(lost,)
    )
    assert [risk.kind for risk in for_member(week).risks] == ["overdue", "obstacle"]
    week = replace(week, raised=())
    assert [risk.kind for risk in for_member(week).risks] == ["overdue", "unreachable"]
    week = replace(week, silent=())
    assert [risk.number for risk in for_member(week).risks] == [1, 2]
    assert for_member(WEEK).risks == ()


def test_thanks_for_what_was_in_time_last_week() -> None:
    done = [
        late(1, 1, 1, done_on=TODAY - DAY),
        late(2, 1, 2, done_on=TODAY - 2 * DAY),
        late(3, 1, 2, done_on=TODAY - 7 * DAY),
        late(4, 9, 3, done_on=TODAY - 8 * DAY),
        late(5, 9, 3, done_on=TODAY - DAY),
        late(6, 9, 3, done_on=TODAY),
    ]
    brief = for_member(replace(WEEK, lines=tuple(done)))
    assert brief.thanks is not None
    assert (brief.thanks.agency, brief.thanks.count) == ("Cơ quan 2", 2)
    assert brief.done_lately == 4
    assert for_member(replace(WEEK, lines=(done[3], done[4]))).thanks is None


def test_the_digest_of_staff() -> None:
    lines = (
        late(1, 7), late(2, 1, done_on=TODAY - DAY), late(3, 8, started=False), late(4, 0),
        late(5, -6, agency=2), late(6, -7), late(7, 0, done_on=TODAY),
    )  # fmt: skip
    digest = for_staff(replace(WEEK, lines=lines))
    assert (digest.fell, [line.number for line in digest.fell_open]) == (2, [1])
    assert digest.comes == ((TODAY, 1, 1), (TODAY + 6 * DAY, 1, 1))
    assert digest.silent == (("Cơ quan 1", 1),)
    assert not digest.holiday


def test_what_falls_due_in_the_holiday_that_follows_is_said_before_it() -> None:
    today = date(2027, 2, 1)  # Tết is on Saturday, the office opens again on Thursday
    until = horizon(today, CALENDAR)
    line = replace(late(1, 0), due_on=date(2027, 2, 8), done_on=None)
    digest = for_staff(replace(WEEK, today=today, lines=(line,)), until)
    assert (until, digest.holiday) == (date(2027, 2, 11), True)
    assert digest.comes == ((date(2027, 2, 8), 1, 1),)
    assert for_staff(replace(WEEK, today=today, lines=(line,))).comes == ()


_LINES = st.lists(
    st.builds(
        late, st.integers(1, 50), st.integers(-20, 40), st.integers(1, 4),
        started=st.booleans(), derived=st.booleans(),
        done_on=st.none() | st.dates(TODAY - 20 * DAY, TODAY),
    ),
    max_size=12,
)  # fmt: skip


@given(_LINES, st.randoms())
def test_a_brief_does_not_hang_on_the_order_and_never_blames_what_is_done(
    lines: list[DutyLine], random: object
) -> None:
    mixed = list({line.number: line for line in lines}.values())
    brief = for_member(replace(WEEK, lines=tuple(mixed)))
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert for_member(replace(WEEK, lines=tuple(mixed))) == brief
    done = {line.number for line in mixed if line.done}
    assert not done & {risk.number for risk in brief.risks}
    assert brief.call is None or brief.call.number not in done
    assert len(brief.risks) <= 2
