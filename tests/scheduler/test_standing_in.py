"""Who hears what while somebody is away: nothing is lost, nothing comes twice."""

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.absences import Away
from registry.clock import local_day, moment_of
from registry.notices import PlannedNotice
from registry.types import NoticeKind
from scheduler.standing_in import stand_in

DAY = date(2026, 12, 21)
LONG_AGO = moment_of(date(2026, 12, 1), time(9))


def notice(
    sub: int, day: date = DAY, step: str = "5", kind: NoticeKind = NoticeKind.REMINDER
) -> PlannedNotice:
    key = f"{kind}:7:{sub}:2026-12-31:{step}"
    return PlannedNotice(key, kind, step, 7, sub, moment_of(day, time(8)))


def away(sub: int, deputy: int | None, since: datetime = LONG_AGO) -> Away:
    return Away(frozenset({sub}), deputy, DAY, DAY + timedelta(days=4), since)


def told(planned: list[PlannedNotice]) -> list[tuple[int, str]]:
    return sorted((each.subscription_id, each.step) for each in planned)


@pytest.mark.parametrize(
    ("planned", "absences", "expected"),
    [
        ([notice(1)], [away(1, 2)], [(2, "5")]),
        ([notice(1), notice(2)], [away(1, 2)], [(2, "5")]),
        ([notice(1, step="0")], [away(1, 2)], [(1, "0"), (2, "0")]),
        ([notice(1)], [away(1, None)], []),
        ([notice(1, step="0")], [away(1, None)], [(1, "0")]),
        ([notice(1, step="2", kind=NoticeKind.URGE)], [away(1, 2)], [(2, "2")]),
        ([notice(1, step="2", kind=NoticeKind.URGE)], [away(1, None)], [(1, "2")]),
        # The deputy is away as well: as if there were none.
        ([notice(1, step="0")], [away(1, 2), away(2, 1)], [(1, "0")]),
        # What fell due before it was said has come to the one who is away.
        ([notice(1)], [away(1, 2, moment_of(DAY, time(9)))], []),
        ([notice(1, DAY - timedelta(days=1))], [away(1, 2)], [(1, "5")]),
        ([notice(1, DAY + timedelta(days=5))], [away(1, 2)], [(1, "5")]),
    ],
)
def test_who_hears(
    planned: list[PlannedNotice], absences: list[Away], expected: list[tuple[int, str]]
) -> None:
    assert told(stand_in(planned, absences)) == expected


_SUBS = st.integers(1, 3)
_NOTICES = st.lists(
    st.builds(
        notice,
        _SUBS,
        st.dates(DAY - timedelta(days=3), DAY + timedelta(days=8)),
        st.sampled_from(["0", "2", "5"]),
        st.sampled_from([NoticeKind.REMINDER, NoticeKind.URGE]),
    ),
    max_size=12,
    unique_by=lambda each: each.key,
)
_AWAY = st.lists(st.builds(away, _SUBS, st.none() | st.integers(1, 4)), max_size=3)


@given(_NOTICES, _AWAY)
def test_nothing_comes_twice_and_no_last_day_is_lost(
    planned: list[PlannedNotice], absences: list[Away]
) -> None:
    after = stand_in(planned, absences)
    assert len({each.key for each in after}) == len(after)
    keys = {each.key for each in after}
    assert all(each.key in keys for each in planned if each.key.startswith("reminder")
               and each.step == "0")  # fmt: skip
    for each in planned:
        day = local_day(each.due_at)
        if not any(each.subscription_id in one.subscriptions and one.covers(day)
                   for one in absences):  # fmt: skip
            assert each.key in keys
    # An urge is always heard by somebody.
    urged = {each.step for each in planned if each.kind == NoticeKind.URGE}
    assert urged == {each.step for each in after if each.kind == NoticeKind.URGE}


@given(_NOTICES)
def test_nobody_away_changes_nothing(planned: list[PlannedNotice]) -> None:
    assert stand_in(planned, []) == planned
