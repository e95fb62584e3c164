"""The figures against a slow and obvious count of the same rows."""

from collections import defaultdict
from datetime import date, datetime, time, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session

from registry.clock import moment_of
from registry.database import Database
from registry.types import DutyKind, DutyState, NoticeKind, NoticeState, Part
from reports.status import FIGURES, Counts, status, to_contract, unreachable
from tests.reports.build import Builder

TODAY = date(2027, 9, 20)
PERIOD = (date(2027, 9, 10), date(2027, 9, 25))


def at(day: date) -> datetime:
    return moment_of(day, time(8))


near = st.integers(-15, 15).map(lambda days: TODAY + timedelta(days=days))
histories = st.fixed_dictionaries(
    {
        "agency": st.integers(0, 2),
        "directive": st.integers(0, 1),
        "kind": st.sampled_from(DutyKind),
        "state": st.sampled_from(DutyState),
        "opens_on": near,
        "due_on": near,
        "done_on": near,
        "received": st.booleans(),
        "obstacle": st.booleans(),
        "extension": st.booleans(),
        "undone": st.booleans(),
    }
)


def slow_count(rows: list[dict[str, Any]], *, period: bool, soon_days: int) -> Counts:
    """The definitions once more, one duty at a time."""
    figures: dict[str, int] = defaultdict(int)
    for row in rows:
        begun = PERIOD[0] <= row["due_on"] <= PERIOD[1] if period else row["opens_on"] <= TODAY
        if not begun or row["kind"] != DutyKind.DEADLINE or row["state"] == DutyState.CANCELLED:
            continue
        figures["total"] += 1
        if row["state"] == DutyState.DONE:
            figures["done_on_time" if row["done_on"] <= row["due_on"] else "done_late"] += 1
            continue
        figures["open"] += 1
        if row["state"] == DutyState.SUBMITTED:
            figures["submitted"] += 1
            continue
        days = (row["due_on"] - TODAY).days
        figures["overdue"] += days < 0
        figures["due_soon"] += 0 <= days <= soon_days
        reacted = row["received"] or row["obstacle"] or row["extension"] or row["undone"]
        figures["not_started"] += not reacted
    return Counts(**figures)


def put(build: Builder, rows: list[dict[str, Any]]) -> tuple[list[int], list[int]]:
    agencies = [build.agency(f"Cơ quan {n}") for n in range(3)]
    directives = [build.directive(f"{n}/KH") for n in range(2)]
    tasks = [build.task(each, agencies[0]) for each in directives]
    contact = build.contact()
    for row in rows:
        task, agency = tasks[row["directive"]], agencies[row["agency"]]
        duty = build.duty(
            task, agency, row["due_on"],
            kind=row["kind"], opens_on=row["opens_on"],
            received_at=at(TODAY) if row["received"] else None,
        )  # fmt: skip
        if row["undone"]:
            build.completion(duty, at(TODAY), undone_at=at(TODAY))
        if row["obstacle"]:
            build.obstacle(duty, "vướng", at(TODAY))
            build.obstacle(duty, "vướng nữa", at(TODAY), closed_at=at(TODAY))
        if row["extension"]:
            build.extension(duty, contact, row["due_on"], at(TODAY))
        if row["state"] == DutyState.DONE:
            build.done(duty, at(row["done_on"]))
        duty.state = row["state"]
    build.session.flush()
    return [each.id or 0 for each in agencies], [each.id or 0 for each in directives]


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    rows=st.lists(histories, max_size=25),
    period=st.booleans(),
    directive=st.sampled_from([None, 0, 1]),
    only=st.sampled_from([None, (), (0,), (0, 2)]),
    soon_days=st.integers(0, 12),
)
def test_figures_are_those_of_the_slow_count(
    database: Database,
    rows: list[dict[str, Any]],
    period: bool,
    directive: int | None,
    only: tuple[int, ...] | None,
    soon_days: int,
) -> None:
    with Session(database._writer) as session:
        build = Builder(session)
        agencies, directives = put(build, rows)
        found = status(
            session, TODAY,
            agency_ids=None if only is None else [agencies[n] for n in only],
            directive_id=None if directive is None else directives[directive],
            period=PERIOD if period else None,
            soon_days=soon_days,
        )  # fmt: skip
        wanted = [
            row
            for row in rows
            if (directive is None or row["directive"] == directive)
            and (only is None or row["agency"] in only)
        ]
        assert found.totals == slow_count(wanted, period=period, soon_days=soon_days)
        by_agency = {row.agency_id: row.counts for row in found.rows}
        for n, key in enumerate(agencies):
            mine = [row for row in wanted if row["agency"] == n]
            assert by_agency.get(key, Counts()) == slow_count(
                mine, period=period, soon_days=soon_days
            )
        totals = found.totals
        assert totals.total == totals.done_on_time + totals.done_late + totals.open
        assert max(totals.overdue + totals.due_soon, totals.not_started) <= totals.open
        assert len(found.overdue) == totals.overdue
        assert [line.due_on for line in found.overdue] == sorted(
            line.due_on for line in found.overdue
        )
        session.rollback()


def test_the_due_day_itself_is_not_late(build: Builder) -> None:
    agency = build.agency()
    duty = build.duty(build.task(build.directive(), agency), agency, TODAY)
    assert status(build.session, TODAY).totals.overdue == 0
    late = status(build.session, TODAY + timedelta(days=1))
    assert late.totals.overdue == 1
    assert [(line.duty_id, line.late_days) for line in late.overdue] == [(duty.id, 1)]


def test_updates_and_tasks_without_a_day_are_counted_apart(build: Builder) -> None:
    agency, other = build.agency(), build.agency("Sở Nội vụ")
    plan = build.directive()
    always = build.task(plan, agency)
    build.duty(always, agency, TODAY, kind=DutyKind.UPDATE)
    build.duty(always, agency, TODAY, kind=DutyKind.UPDATE, state=DutyState.DONE)
    build.part(build.task(plan, agency), other, Part.LEAD)
    build.part(build.task(plan), agency, Part.COORDINATE)
    build.task(plan, agency, ended_at=at(TODAY))
    build.task(build.directive("2/KH", ended_at=at(TODAY)), agency)
    found = status(build.session, TODAY)
    assert (found.totals, found.updates, found.waiting) == (Counts(), 1, 2)
    assert {row.agency: row.waiting for row in found.rows} == {"Sở Y tế": 1, "Sở Nội vụ": 1}


def test_worst_agencies_first(build: Builder) -> None:
    task = build.task(build.directive())
    owed = {"An": (0, 1), "Bình": (2, 2), "Cường": (1, 9), "Dung": (1, 1), "Em": (0, 0)}
    for name, (late, early) in owed.items():
        agency = build.agency(name)
        for days in [-1] * late + [40] * early:
            build.duty(task, agency, TODAY + timedelta(days=days), opens_on=TODAY)
    rows = status(build.session, TODAY).rows
    assert [row.agency for row in rows] == ["Bình", "Dung", "Cường", "An", "Em"]


def test_agencies_in_force_have_a_row(build: Builder) -> None:
    build.agency("Còn")
    build.agency("Hết", valid_to=TODAY - timedelta(days=1))
    owing = build.agency("Hết mà còn nợ", valid_to=TODAY - timedelta(days=1))
    task = build.task(build.directive())
    build.duty(task, owing, TODAY)
    named = [row.agency for row in status(build.session, TODAY).rows]
    assert named == ["Hết mà còn nợ", "Còn"]
    narrowed = status(build.session, TODAY, directive_id=task.directive_id)
    assert [row.agency for row in narrowed.rows] == ["Hết mà còn nợ"]


def test_the_contract(build: Builder) -> None:
    agency = build.agency()
    build.duty(build.task(build.directive(), agency), agency, TODAY - timedelta(days=1))
    data = to_contract(status(build.session, TODAY))
    figures = {
        "total": 1, "done_on_time": 0, "done_late": 0, "open": 1,
        "due_soon": 0, "overdue": 1, "not_started": 1, "submitted": 0,
    }  # fmt: skip
    assert data["totals"] == figures
    (row,) = data["agencies"]
    assert row["agency"] == "Sở Y tế"
    assert {name: row[name] for name in figures} == figures
    assert tuple(figures) == FIGURES
    assert data["not_started_tasks"] == {"part": 1, "whole": 1}
    assert data["completion_rate"] == {"part": 0, "whole": 1}
    assert data["update_rate"] == {"part": 0, "whole": 1}


def test_urges_stand_beside_what_is_overdue(build: Builder) -> None:
    agency = build.agency()
    duty = build.duty(build.task(build.directive(), agency), agency, TODAY - timedelta(days=9))
    subscription, _ = build.focal(agency)
    for day in (3, 4):
        build.notice(
            duty, subscription, at(TODAY - timedelta(days=day)),
            kind=NoticeKind.URGE, state=NoticeState.SENT,
        )  # fmt: skip
    assert [line.urges for line in status(build.session, TODAY).overdue] == [2]


def test_who_cannot_be_reached(build: Builder) -> None:
    task = build.task(build.directive())
    gone, now = at(TODAY), TODAY + timedelta(days=3)

    def owing(name: str, *days: int) -> Any:
        agency = build.agency(name)
        for each in days:
            build.duty(task, agency, TODAY + timedelta(days=each))
        return agency

    build.focal(owing("Có đầu mối", 3))
    build.subscription(owing("Có nhóm", 3), contact_id=build.contact(chat_kind="group").id)
    owing("Không ai", -4, 3, 9)
    owing("Chỉ còn quá hạn", -1)
    build.agency("Không có việc")
    left, _ = build.focal(owing("Đã thôi", 3))
    left.ended_at = gone
    _, blocked = build.focal(owing("Đã chặn", 3))
    blocked.closed_at = gone
    shut = build.contact(chat_kind="group", closed_at=gone)
    build.subscription(owing("Nhóm đã đóng", 3), contact_id=shut.id)
    forgotten = build.person("", erased_at=gone)
    build.contact(forgotten)
    build.subscription(owing("Đã xoá", 3), person_id=forgotten.id)
    second = build.person("Hai máy")
    build.contact(second, closed_at=gone)
    build.contact(second)
    build.subscription(owing("Còn một máy", 3), person_id=second.id)
    build.subscription(None, person_id=second.id)
    build.session.flush()
    found = {row.agency: row for row in unreachable(build.session, TODAY)}
    assert set(found) == {
        "Không ai", "Chỉ còn quá hạn", "Đã thôi", "Đã chặn", "Nhóm đã đóng", "Đã xoá",
    }  # fmt: skip
    nobody = found["Không ai"]
    assert (nobody.open, nobody.overdue, nobody.next_due) == (3, 1, now)
    assert found["Chỉ còn quá hạn"].next_due is None
    assert next(iter(found)) == "Không ai"
