"""The read model of a period against a slow and obvious count of the same rows."""

from datetime import date, datetime, time, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session

from deadlines.periods import Period, Unit
from registry.clock import moment_of
from registry.database import Database
from registry.types import UNFINISHED, DutyKind, DutyState, Part, RequestState
from reports.papers.load import load_report
from reports.papers.model import FIGURES, Figures, PeriodReport
from reports.status import Share, status
from tests.reports.build import Builder

TODAY = date(2027, 9, 24)
NOW = moment_of(TODAY, time(17, 30))
QUARTER = Period(Unit.QUARTER, 2027, 3)
PERIODS = [
    QUARTER,
    Period(Unit.MONTH, 2027, 9),
    Period(Unit.MONTH, 2027, 12),
    Period(Unit.HALF, 2027, 1),
    Period(Unit.NINE, 2027),
    Period(Unit.YEAR, 2027),
]


def at(day: date) -> datetime:
    return moment_of(day, time(8))


days = st.integers(-320, 130).map(lambda n: TODAY + timedelta(days=n))
near = st.integers(-20, 20).map(lambda n: TODAY + timedelta(days=n))
some_day = st.one_of(near, days)
histories = st.fixed_dictionaries(
    {
        "agency": st.integers(0, 2),
        "task": st.integers(0, 3),
        "kind": st.sampled_from([DutyKind.DEADLINE, DutyKind.DEADLINE, DutyKind.UPDATE]),
        "state": st.sampled_from(DutyState),
        "due_on": some_day,
        "first_due_on": some_day,
        "done_on": st.one_of(st.none(), some_day),
        "period": st.sampled_from(["", "", "2027-Q3", "2027-09", "2027-Q3#2", "2027"]),
        "received": st.booleans(),
        "obstacle": st.one_of(st.none(), some_day),
        "obstacle_closed": st.booleans(),
        "extension": st.one_of(st.none(), st.sampled_from(RequestState)),
        "undone": st.booleans(),
    }
)
# Title, kind of deadline: the first two ask for reports.
TASKS = [
    ("Báo cáo kết quả chuyển đổi số", "quarterly"),
    ("Tổng hợp, báo cáo số liệu", "monthly"),
    ("Xây dựng hệ thống thông tin báo cáo", "quarterly"),
    ("Báo cáo kết quả chuyển đổi số một lần", "fixed"),
]
SECTIONS = ["I. Thể chế", "II. Hạ tầng", "I. Thể chế", ""]


def put(build: Builder, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    agencies = [build.agency(f"Cơ quan {n}") for n in range(3)]
    plans = [build.directive(f"{n}/KH") for n in range(2)]
    tasks = [
        build.task(plans[n // 2], title=title, kind=kind, section=SECTIONS[n], position=n)
        for n, (title, kind) in enumerate(TASKS)
    ]
    contact = build.contact()
    for serial, row in enumerate(rows):
        key = f"{row['period']}/{serial}" if "#" in row["period"] else row["period"]
        # One (task, agency, period) is one duty: the serial keeps them apart where needed.
        duty = build.duty(
            build.task(plans[row["task"] // 2], title=TASKS[row["task"]][0],
                       kind=TASKS[row["task"]][1], section=SECTIONS[row["task"]], position=9)
            if row["period"] and "#" not in row["period"] else tasks[row["task"]],
            agencies[row["agency"]], row["due_on"],
            kind=row["kind"], first_due_on=row["first_due_on"],
            received_at=at(TODAY) if row["received"] else None,
            **({"period": key} if key else {}),
        )  # fmt: skip
        row["number"], row["task_id"] = duty.number, duty.task_id
        if row["undone"]:
            build.completion(duty, at(TODAY), undone_at=at(TODAY))
        if row["obstacle"]:
            closed = at(TODAY) if row["obstacle_closed"] else None
            row["obstacle_id"] = build.obstacle(
                duty, "vướng", at(row["obstacle"]), closed_at=closed
            ).id
        if row["extension"]:
            row["request_id"] = build.extension(
                duty, contact, row["due_on"], at(row["due_on"]), state=row["extension"]
            ).request_id
        if row["state"] == DutyState.DONE:
            build.completion(duty, at(TODAY), document_number=f"{duty.number}/BC")
            duty.done_on = row["done_on"]
        duty.state = row["state"]
    build.session.flush()
    return rows


def slow_figures(rows: list[dict[str, Any]], soon_days: int) -> Figures:
    """One duty at a time, one figure at a time."""
    found: dict[str, list[int]] = {name: [] for name in FIGURES}
    for row in rows:
        number = row["number"]
        if row["kind"] == DutyKind.UPDATE:
            found["updates"].append(number)
            if row["state"] == DutyState.DONE:
                found["updated"].append(number)
            continue
        found["total"].append(number)
        if row["state"] == DutyState.DONE:
            late = row["done_on"] is None or row["done_on"] > row["due_on"]
            found["done_late" if late else "done_on_time"].append(number)
            continue
        found["open"].append(number)
        if row["state"] == DutyState.SUBMITTED:
            found["submitted"].append(number)
            continue
        if row["due_on"] < TODAY:
            found["overdue"].append(number)
        elif row["due_on"] <= TODAY + timedelta(days=soon_days):
            found["due_soon"].append(number)
        answered = row["received"] or row["obstacle"] or row["extension"] or row["undone"]
        if not answered:
            found["not_started"].append(number)
    return Figures(**{name: tuple(sorted(each)) for name, each in found.items()})


def within(day: date, period: Period) -> bool:
    return period.first <= day <= period.last


def slow_carried(row: dict[str, Any], period: Period) -> bool:
    if row["kind"] != DutyKind.DEADLINE or row["due_on"] >= period.first:
        return False
    if row["state"] in UNFINISHED:
        return bool(row["due_on"] < TODAY)
    return row["done_on"] is not None and row["done_on"] >= period.first


def slow_silent(rows: list[dict[str, Any]], period: Period) -> dict[str, tuple[list[int], int]]:
    owed: dict[str, tuple[list[int], int]] = {}
    for row in rows:
        report = row["task"] in (0, 1) and row["kind"] == DutyKind.DEADLINE
        named = row["period"].split("#")[0] == period.key
        if not report or row["state"] != DutyState.OPEN or row["due_on"] > TODAY:
            continue
        if named or within(row["due_on"], period):
            numbers, late = owed.get(f"Cơ quan {row['agency']}", ([], 0))
            owed[f"Cơ quan {row['agency']}"] = (
                sorted([*numbers, row["number"]]),
                max(late, (TODAY - row["due_on"]).days),
            )
    return owed


@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    rows=st.lists(histories, max_size=25),
    period=st.sampled_from(PERIODS),
    soon_days=st.integers(0, 12),
)
def test_the_read_model_is_the_slow_count(
    database: Database, rows: list[dict[str, Any]], period: Period, soon_days: int
) -> None:
    with Session(database._writer) as session:
        put(Builder(session), rows)
        found = load_report(session, period, NOW, soon_days=soon_days)
        live = [row for row in rows if row["state"] != DutyState.CANCELLED]
        mine = [row for row in live if within(row["due_on"], period)]
        assert found.totals == slow_figures(mine, soon_days)
        check_parts(found, mine, soon_days)
        check_rates(found)
        check_around(found, live, period)
        chat = status(session, TODAY, period=(period.first, period.last), soon_days=soon_days)
        said = {name: len(found.totals[name]) for name in FIGURES[:7]}
        assert said == {name: getattr(chat.totals, name) for name in said}
        assert chat.update_rate == found.totals.update_rate
        assert chat.totals.completion_rate == found.totals.completion_rate
        assert (chat.tasks, chat.tasks_not_started) == (
            len(found.tasks), len(found.tasks_not_started),
        )  # fmt: skip
        session.rollback()


def check_parts(found: PeriodReport, mine: list[dict[str, Any]], soon_days: int) -> None:
    for n in range(3):
        rows = [row for row in mine if row["agency"] == n]
        named = {row.name: row.figures for row in found.agencies}
        assert named.get(f"Cơ quan {n}", Figures()) == slow_figures(rows, soon_days)
    for n in range(2):
        rows = [row for row in mine if row["task"] // 2 == n]
        parts = [row for row in found.directives if f"{n}/KH" in row.name]
        assert (parts[0].figures if parts else Figures()) == slow_figures(rows, soon_days)
        sections = {row.name: row.figures for part in parts for row in part.sections}
        for section in ("I. Thể chế", "II. Hạ tầng"):
            lines = [row for row in rows if SECTIONS[row["task"]] == section]
            assert sections.get(section, Figures()) == slow_figures(lines, soon_days)
    owed = [row for row in mine if row["kind"] == DutyKind.DEADLINE]
    tasks = {row["task_id"] for row in owed}
    silent = slow_figures(owed, soon_days).not_started
    begun = {row["task_id"] for row in owed if row["number"] not in silent}
    assert found.tasks == tuple(sorted(tasks))
    assert found.tasks_not_started == tuple(sorted(tasks - begun))


def check_rates(found: PeriodReport) -> None:
    totals = found.totals
    assert len(totals.total) == len(totals.done) + len(totals.open)
    assert not set(totals.overdue) & set(totals.due_soon)
    assert set(totals.overdue) | set(totals.due_soon) | set(totals.not_started) <= set(totals.open)
    assert totals.completion_rate == Share(len(totals.done), len(totals.total))
    silent = len(totals.not_started) + len(totals.updates) - len(totals.updated)
    whole = len(totals.total) + len(totals.updates)
    assert totals.update_rate == Share(whole - silent, whole)


def check_around(found: PeriodReport, live: list[dict[str, Any]], period: Period) -> None:
    carried = sorted(row["number"] for row in live if slow_carried(row, period))
    assert sorted(line.number for line in found.carried) == carried
    assert list(found.moved_out) == sorted(
        row["number"]
        for row in live
        if row["kind"] == DutyKind.DEADLINE
        and within(row["first_due_on"], period)
        and row["due_on"] > period.last
    )
    silent = {row.agency: (list(row.numbers), row.late_days) for row in found.silent}
    assert silent == slow_silent(live, period)
    window = found.window
    raised = {
        row["obstacle_id"]
        for row in live
        if row["obstacle"]
        and (
            window[0] <= row["obstacle"] <= window[1]
            or within(row["due_on"], period)
            or (slow_carried(row, period) and not row["obstacle_closed"])
        )
    }
    assert {each.id for each in found.difficulties} == raised
    assert {each.request_id for each in found.extensions} == {
        row["request_id"]
        for row in live
        if row["extension"]
        and (
            window[0] <= row["due_on"] <= window[1]
            or within(row["due_on"], period)
            or within(row["first_due_on"], period)
        )
    }


def test_what_waits_and_what_never_ends_is_counted_apart(build: Builder) -> None:
    agency = build.agency()
    plan = build.directive()
    always = build.task(plan, agency, kind="ongoing", title="Theo dõi")
    build.duty(always, agency, TODAY, kind=DutyKind.UPDATE)
    build.task(plan, agency, title="Chờ mốc", kind="event")
    build.part(build.task(plan), agency, Part.COORDINATE)
    build.task(build.directive("2/KH", ended_at=NOW), agency, kind="ongoing")
    found = load_report(build.session, QUARTER, NOW)
    assert [one.title for one in found.waiting] == ["Chờ mốc"]
    assert [one.title for one in found.ongoing] == ["Theo dõi"]
    (row,) = found.agencies
    assert (row.waiting, row.ongoing, len(row.figures.updates)) == (1, 1, 1)


def test_a_report_due_after_its_period_is_still_asked_for_by_name(build: Builder) -> None:
    """ "Trước ngày 05 tháng đầu quý sau": the draft of that evening names who is late."""
    agency = build.agency()
    task = build.task(build.directive(), agency, title="Báo cáo quý", kind="quarterly")
    due = date(2027, 10, 4)
    duty = build.duty(task, agency, due, period="2027-Q3")
    early = load_report(build.session, QUARTER, moment_of(TODAY, time(9)))
    assert (early.silent, early.reports_ahead) == ((), (duty.number,))
    evening = load_report(build.session, QUARTER, moment_of(due, time(17, 30)))
    assert [(row.numbers, row.late_days) for row in evening.silent] == [((duty.number,), 0)]
    assert evening.totals.total == (), "its day lies in the next quarter, as /status counts"


def test_a_document_proves_only_what_is_done(build: Builder) -> None:
    agency = build.agency()
    task = build.task(build.directive(), agency)
    done = build.duty(task, agency, TODAY)
    build.done(done, at(TODAY), document_number="9/BC-SYT", document_date=TODAY)
    again = build.duty(task, agency, TODAY)
    build.completion(again, at(TODAY), document_number="8/BC-SYT", undone_at=at(TODAY))
    build.session.flush()
    lines = {line.number: line for line in load_report(build.session, QUARTER, NOW).lines}
    assert lines[done.number].document_number == "9/BC-SYT"
    assert lines[again.number].document_number == ""
    assert not lines[again.number].not_started
