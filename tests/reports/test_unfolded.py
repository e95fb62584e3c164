"""Every figure is the duties behind it, against a slow and obvious classification of each duty."""

from collections import defaultdict
from datetime import date, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, select

from deadlines.periods import Period, Unit
from registry.database import Database
from registry.tables import Agency, Task
from registry.types import UNFINISHED, DutyKind, DutyState, Part
from reports.asking import FIGURES, Ask
from reports.counting import Scope
from reports.status import status_of
from reports.unfolded import numbered, section_number, sections, unfold
from tests.reports.build import Builder
from tests.reports.test_status import PERIOD, TODAY, at, histories, put

OF_DUTIES = (
    "total", "done", "done_on_time", "done_late", "open", "due_soon", "overdue", "not_started",
    "submitted",
)  # fmt: skip


def slow(row: dict[str, Any], soon_days: int) -> set[str]:
    """The figures that count one duty with a day."""
    if row["state"] == DutyState.DONE:
        when = "done_on_time" if row["done_on"] <= row["due_on"] else "done_late"
        return {"total", "done", when}
    if row["state"] == DutyState.SUBMITTED:
        return {"total", "open", "submitted"}
    found = {"total", "open"}
    days = (row["due_on"] - TODAY).days
    if days < 0:
        found.add("overdue")
    elif days <= soon_days:
        found.add("due_soon")
    if not (row["received"] or row["obstacle"] or row["extension"] or row["undone"]):
        found.add("not_started")
    return found


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    rows=st.lists(histories, max_size=20),
    period=st.booleans(),
    directive=st.sampled_from([None, 0, 1]),
    only=st.sampled_from([None, (), (0,), (1, 2)]),
    coordinating=st.booleans(),
    soon_days=st.integers(0, 12),
)
def test_every_figure_unfolds_to_the_duties_it_counts(
    database: Database,
    rows: list[dict[str, Any]],
    period: bool,
    directive: int | None,
    only: tuple[int, ...] | None,
    coordinating: bool,
    soon_days: int,
) -> None:
    with Session(database._writer) as session:
        build = Builder(session)
        agencies, directives = put(build, rows)
        # The second agency has a part in the first directive's task, a group in the other's.
        tasks = sorted(session.exec(select(Task)).all(), key=lambda task: task.id or 0)
        build.part(tasks[0], session.get_one(Agency, agencies[1]), Part.COORDINATE)
        build.part(tasks[1], session.get_one(Agency, agencies[2]), Part.COORDINATE, via_group=True)
        scope = Scope(
            TODAY, soon_days,
            None if only is None else frozenset(agencies[n] for n in only),
            None if directive is None else directives[directive],
            PERIOD if period else None,
            coordinating=coordinating,
        )  # fmt: skip
        wanted: dict[str, list[dict[str, Any]]] = defaultdict(list)
        counted = []
        for row in rows:
            begun = PERIOD[0] <= row["due_on"] <= PERIOD[1] if period else row["opens_on"] <= TODAY
            mine = (
                row["directive"] == 0 and (only is None or 1 in only)
                if coordinating
                else only is None or row["agency"] in only
            )
            asked = directive is None or row["directive"] == directive
            if not (begun and mine and asked) or row["state"] == DutyState.CANCELLED:
                continue
            if row["kind"] == DutyKind.UPDATE:
                if row["state"] in UNFINISHED:
                    wanted["updates"].append(row)
                continue
            counted.append(row)
            for name in slow(row, soon_days):
                wanted[name].append(row)
        found = status_of(session, scope)
        for name in (*OF_DUTIES, "updates"):
            page = unfold(session, scope, (name,), 1, 100)
            assert page.count == len(page.lines) == len(wanted[name]), name
            assert sorted(line.due_on or date.min for line in page.lines) == sorted(
                row["due_on"] for row in wanted[name]
            )
            if name != "updates":
                assert page.whole == len(counted)
                assert getattr(found.totals, name) == page.count
        both = unfold(session, scope, ("overdue", "not_started"), 1, 100)
        assert both.count == len([r for r in wanted["overdue"] if r in wanted["not_started"]])
        ids = {row["directive"] for row in counted}
        idle = {
            each
            for each in ids
            if all("not_started" in slow(r, soon_days) for r in counted if r["directive"] == each)
        }
        assert (found.tasks, found.tasks_not_started) == (len(ids), len(idle))
        assert found.update_rate.whole == found.totals.total + found.updates_asked
        assert found.updates == len(wanted["updates"])
        session.rollback()


def test_pages_hold_every_duty_once(build: Builder) -> None:
    agency = build.agency()
    task = build.task(build.directive(), agency)
    for days in range(23):
        build.duty(task, agency, TODAY - timedelta(days=days + 1))
    scope = Scope(TODAY)
    numbers = []
    for number in (1, 2, 3):
        page = unfold(build.session, scope, ("overdue",), number)
        assert (page.number, page.pages, page.count, page.whole) == (number, 3, 23, 23)
        numbers += [line.number for line in page.lines]
    assert len(set(numbers)) == 23
    late = [line.late_days for line in unfold(build.session, scope, ("overdue",), 1).lines]
    assert late == sorted(late, reverse=True)
    assert unfold(build.session, scope, ("overdue",), 9).number == 3, "the last page there is"


def test_what_has_no_day_unfolds_to_tasks(build: Builder) -> None:
    agency = build.agency()
    plan = build.directive()
    always = build.task(plan, agency, kind="ongoing", title="Theo dõi", section="I. Chung")
    build.duty(always, agency, TODAY, kind=DutyKind.UPDATE)
    build.task(plan, agency, title="Chờ mốc", kind="event", section="II. Riêng")
    for scope, ongoing, waiting in (
        (Scope(TODAY), ["Theo dõi"], ["Chờ mốc"]),
        (Scope(TODAY, sections=frozenset({"I. Chung"})), ["Theo dõi"], []),
        (Scope(TODAY, agency_ids=frozenset()), [], []),
    ):
        found = {
            name: [line.title for line in unfold(build.session, scope, (name,), 1).lines]
            for name in ("ongoing", "waiting")
        }
        assert found == {"ongoing": ongoing, "waiting": waiting}
        figures = status_of(build.session, scope)
        assert (figures.ongoing, figures.waiting) == (len(ongoing), len(waiting))


def test_a_part_is_found_by_its_number(build: Builder) -> None:
    plan = build.directive()
    for n, name in enumerate(
        ("I. Thể chế", "Mục II: Hạ tầng", "3) Nhân lực", "Phần IV.2 - Vốn", "Khác")
    ):
        build.task(plan, section=name, position=n)
    known = sections(build.session, plan.id)
    assert known[0] == "I. Thể chế"
    assert numbered(known, "1") == numbered(known, "i") == {"I. Thể chế"}
    assert numbered(known, "II") == {"Mục II: Hạ tầng"}
    assert numbered(known, "iii") == {"3) Nhân lực"}
    assert numbered(known, "4.2") == {"Phần IV.2 - Vốn"}
    assert numbered(known, "IX") == numbered(known, "") == frozenset()
    assert section_number("Khác") == section_number("") == ""
    assert section_number("C. Tổ chức") == "c"


asks = st.builds(
    Ask,
    figures=st.lists(st.sampled_from(sorted(FIGURES)), unique=True, max_size=3).map(tuple),
    agency=st.none() | st.integers(1, 10**6),
    member=st.none() | st.integers(1, 10**6),
    directive=st.none() | st.integers(1, 10**5),
    period=st.sampled_from(
        [None, Period(Unit.QUARTER, 2026, 3), Period(Unit.YEAR, 2026), Period(Unit.NINE, 2026),
         Period(Unit.MONTH, 2026, 9), Period(Unit.HALF, 2026, 2)]
    ),
    section=st.sampled_from(["", "II", "4.2", "C"]),
    coordinating=st.booleans(),
    page=st.integers(1, 99),
)  # fmt: skip


@given(asks)
def test_a_question_fits_on_a_button_and_comes_back(ask: Ask) -> None:
    token = ask.token()
    assert Ask.read(token) == ask
    assert len(f"s1:{token}!".encode("ascii")) <= 64


@given(st.text(max_size=70))
def test_nonsense_on_a_button_is_no_question(text: str) -> None:
    read = Ask.read(text)
    assert read is None or Ask.read(read.token()) == read


def test_urges_of_lists_are_those_of_the_status(build: Builder) -> None:
    agency = build.agency()
    duty = build.duty(build.task(build.directive(), agency), agency, TODAY - timedelta(days=2))
    build.done(duty, at(TODAY))
    (line,) = unfold(build.session, Scope(TODAY), ("done_late",), 1).lines
    assert (line.number, line.late_days, line.done_on) == (duty.number, 2, TODAY)
