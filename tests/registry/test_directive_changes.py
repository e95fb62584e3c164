"""Corrected versions, endings and replacements: nothing done is lost, nothing is owed twice."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from deadlines import Every, Fixed, Rule, Unit, rule_to_json
from deadlines.rules import On
from registry import directive_changes
from registry.agency_list import AgencyRow, load
from registry.concerned import concerned
from registry.database import Database
from registry.difference import difference
from registry.directive_changes import Fate, end_tasks, label
from registry.directives import AgencyPart, DirectiveFacts, TaskFacts, find, hanging, store
from registry.duties import Evidence, complete
from registry.expand import Expansion, Terms, expand
from registry.lookup import directive_named
from registry.people import Actor, Refused
from registry.revise import revise
from registry.tables import AuditEvent, Completion, Directive, Duty, Task
from registry.types import DutyState, Part
from tests.fakes.databases import ended, fresh

NOW = datetime(2026, 2, 2, 2, tzinfo=UTC)
TODAY = date(2026, 2, 2)
TERMS = Terms(TODAY, NOW, update_rule=Every(Unit.QUARTER))
ME = Actor(None, "thử")
OLD = DirectiveFacts("12/KH-UBND", date(2026, 1, 5))
NEW = DirectiveFacts("45/KH-UBND", date(2026, 2, 1))
TITLES = (
    "Số hóa hồ sơ bệnh án",
    "Kết nối nền tảng dữ liệu",
    "Tập huấn kỹ năng số",
    "Rà soát quy chế",
)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    yield from _fresh(tmp_path)


def _fresh(folder: Path) -> Iterator[Database]:
    database = fresh(folder)
    rows = [AgencyRow("Sở Y tế"), AgencyRow("Sở Tài chính"), AgencyRow("Sở Xây dựng")]
    database.write_now(load, rows, NOW)
    yield database
    ended(database)


def task(
    title: str, rule: Rule | None, *agencies: int, key: str = "", ordinal: str = ""
) -> TaskFacts:
    parts = tuple(AgencyPart(one, Part.LEAD) for one in agencies or (1,))
    return TaskFacts(
        key or title.replace(" ", "_"), title, section="I", ordinal=ordinal, agencies=parts,
        deadline_text=str(rule), kind="fixed" if isinstance(rule, Fixed) else "quarterly",
        rule=rule_to_json(rule) if rule else "", lead_text=",".join(map(str, agencies)),
    )  # fmt: skip


def bring_in(
    db: Database, facts: DirectiveFacts, tasks: Sequence[TaskFacts], *, end_gone: bool = False
) -> Expansion:
    def write(session: Session) -> Expansion:
        told = difference(session, facts, tasks)
        result = store(session, facts, tasks, NOW)
        assert len(told.added) == len(result.added)
        assert sorted(one.task_id for one in told.changed) == sorted(result.changed)
        assert sorted(one.task_id or 0 for one in told.gone) == sorted(result.absent)
        assert told.unchanged == len(result.unchanged)
        altered = [*result.changed, *hanging(session, result)]
        found = revise(session, TERMS, altered) if altered else Expansion()
        found += expand(session, TERMS, [*result.added, *result.unchanged])
        if end_gone:
            end_tasks(session, result.absent, ME, NOW)
        return found

    return db.write_now(write)


@dataclass(frozen=True)
class Owed:
    number: int
    title: str
    agency: int
    due: date


def duties(db: Database, state: DutyState) -> list[Owed]:
    def read(session: Session) -> list[Owed]:
        rows = session.exec(
            select(Duty, Task.title)
            .join(Task)
            .where(Duty.state == state)
            .order_by(col(Duty.number))
        )
        return [Owed(duty.number, title, duty.agency_id, duty.due_on) for duty, title in rows]

    return db.read_now(read)


def done(db: Database, number: int) -> None:
    def work(session: Session) -> None:
        duty = session.exec(select(Duty).where(Duty.number == number)).one()
        complete(session, duty, ME, "console", Evidence(), NOW)

    db.write_now(work)


def act(db: Database, name: str, *facts: DirectiveFacts, **more: object) -> list[tuple[str, int]]:
    """Run one change; what became of each duty."""

    def work(session: Session) -> list[tuple[str, int]]:
        rows = [find(session, each) for each in facts]
        found = getattr(directive_changes, name)(session, *rows, ME, NOW, **more)
        return [(one.what, one.number) for one in found.changes]

    return db.write_now(work)


# -- corrected versions ---------------------------------------------------------------------------


def test_a_corrected_wording_keeps_its_duty_and_its_completion(db: Database) -> None:
    rule = Fixed(date(2026, 6, 30))
    bring_in(db, OLD, [task("Số hóa hồ sơ khám chữa bệnh", rule)])
    done(db, 101)
    bring_in(db, OLD, [task("Số hóa hồ sơ khám bệnh, chữa bệnh", rule)])
    assert [one.number for one in duties(db, DutyState.DONE)] == [101]
    assert duties(db, DutyState.OPEN) == []


@pytest.mark.parametrize("reported", [False, True])
def test_a_corrected_day_keeps_the_number(db: Database, reported: bool) -> None:
    bring_in(db, OLD, [task("Số hóa", Fixed(date(2026, 6, 30)), 1, 2)])
    if reported:
        done(db, 101)
    found = bring_in(db, OLD, [task("Số hóa", Fixed(date(2026, 7, 31)), 1, 2)])
    assert (found.added, found.cancelled, found.moved) == (0, 0, 1 if reported else 2)
    state = DutyState.DONE if reported else DutyState.OPEN
    assert (101, date(2026, 7, 31)) in [(one.number, one.due) for one in duties(db, state)]


def test_a_day_corrected_to_an_earlier_one_makes_nobody_late(db: Database) -> None:
    bring_in(db, OLD, [task("Số hóa", Fixed(date(2026, 6, 30)))])
    done(db, 101)
    bring_in(db, OLD, [task("Số hóa", Fixed(date(2026, 1, 20)))])
    assert duties(db, DutyState.DONE)[0].due == date(2026, 6, 30)


def test_titles_may_trade_places(db: Database) -> None:
    rule = Fixed(date(2026, 6, 30))
    first = [task("Báo cáo", rule, 1, key="a"), task("Báo cáo", rule, 2, key="a#2")]
    bring_in(db, OLD, first)
    bring_in(db, OLD, [task("Báo cáo", rule, 2, key="a"), task("Báo cáo", rule, 1, key="a#2")])
    assert [(one.number, one.agency) for one in duties(db, DutyState.OPEN)] == [(101, 1), (102, 2)]
    bring_in(db, OLD, [task("Báo cáo", rule, 2, key="a")])
    bring_in(db, OLD, first)
    assert [(one.number, one.agency) for one in duties(db, DutyState.OPEN)] == [(101, 1), (102, 2)]


def test_gone_tasks_end_when_told_to_and_come_back(db: Database) -> None:
    rule = Fixed(date(2026, 6, 30))
    both = [task(TITLES[0], rule), task(TITLES[1], rule)]
    bring_in(db, OLD, both)
    bring_in(db, OLD, both[:1])
    assert len(duties(db, DutyState.OPEN)) == 2
    bring_in(db, OLD, both[:1], end_gone=True)
    assert [one.number for one in duties(db, DutyState.CANCELLED)] == [102]
    found = bring_in(db, OLD, both)
    assert (found.reopened, found.added) == (1, 0)
    assert [one.number for one in duties(db, DutyState.OPEN)] == [101, 102]


RULES = (
    Fixed(date(2026, 6, 30)),
    Fixed(date(2026, 9, 15)),
    Every(Unit.QUARTER, On(0, 25)),
    Every(Unit.QUARTER, On(0, 15)),
    Every(Unit.MONTH),
)
_TASK = st.tuples(
    st.sampled_from(TITLES),
    st.sampled_from(["", " của tỉnh", ", năm nay", " (sửa)"]),
    st.sampled_from(RULES),
    st.sets(st.sampled_from([1, 2, 3]), min_size=1),
)
_VERSION = st.lists(_TASK, max_size=4, unique_by=lambda one: one[0])


def _tasks(version: list[tuple[str, str, Rule, set[int]]]) -> list[TaskFacts]:
    return [
        task(title + tail, rule, *sorted(agencies), ordinal=str(place))
        for place, (title, tail, rule, agencies) in enumerate(version, start=1)
    ]


@given(versions=st.lists(_VERSION, min_size=2, max_size=4), reported=st.sets(st.integers(101, 130)))
@settings(max_examples=8, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
def test_random_versions_lose_and_double_nothing(
    tmp_path_factory: pytest.TempPathFactory,
    versions: list[list[tuple[str, str, Rule, set[int]]]],
    reported: set[int],
) -> None:
    for db in _fresh(tmp_path_factory.mktemp("versions")):
        bring_in(db, OLD, _tasks(versions[0]), end_gone=True)
        for number in sorted(reported & {one.number for one in duties(db, DutyState.OPEN)}):
            done(db, number)
        first = duties(db, DutyState.OPEN)
        completed = {one.number for one in duties(db, DutyState.DONE)}
        for version in versions[1:]:
            bring_in(db, OLD, _tasks(version), end_gone=True)
            assert {one.number for one in duties(db, DutyState.DONE)} == completed
            owed = [(one.title, one.agency, one.due) for one in duties(db, DutyState.OPEN)]
            assert len(set(owed)) == len(owed)
        bring_in(db, OLD, _tasks(versions[0]), end_gone=True)
        assert duties(db, DutyState.OPEN) == first
        assert {one.number for one in duties(db, DutyState.DONE)} == completed
        kept = db.read_now(lambda session: session.exec(select(Completion)).all())
        assert all(one.undone_at is None for one in kept)


# -- ends -----------------------------------------------------------------------------------------


def test_an_end_closes_what_is_open_and_says_why(db: Database) -> None:
    bring_in(db, OLD, [task("Số hóa", Fixed(date(2026, 6, 30)), 1, 2)])
    done(db, 102)
    assert act(db, "end", OLD, note="hết nhiệm kỳ") == [("cancelled", 101)]
    notes = db.read_now(
        lambda session: session.exec(select(Duty.closed_note).where(Duty.number == 101)).one()
    )
    assert notes == "văn bản 12/KH-UBND đã kết thúc: hết nhiệm kỳ"
    assert [one.number for one in duties(db, DutyState.DONE)] == [102]
    assert db.write_now(expand, TERMS).added == 0
    with pytest.raises(Refused, match="đã kết thúc từ ngày 02/02/2026"):
        act(db, "end", OLD)
    events = db.read_now(lambda session: session.exec(select(AuditEvent.what)).all())
    assert "directive.ended" in events


def test_what_is_kept_is_owed_until_done_without_new_periods(db: Database) -> None:
    bring_in(
        db,
        OLD,
        [task("Báo cáo quý", Every(Unit.QUARTER)), task("Một lần", Fixed(date(2026, 12, 1)))],
    )
    told = act(db, "end", OLD, fate=Fate.KEEP)
    assert sorted(one.due for one in duties(db, DutyState.OPEN)) == [
        date(2026, 3, 31), date(2026, 12, 1),
    ]  # fmt: skip
    assert sorted({what for what, _number in told}) == ["cancelled", "kept"]
    act(db, "end", OLD)
    assert duties(db, DutyState.OPEN) == []


def test_an_end_is_taken_back(db: Database) -> None:
    bring_in(db, OLD, [task("Báo cáo quý", Every(Unit.QUARTER), 1, 2)])
    done(db, 101)
    before = duties(db, DutyState.OPEN)
    act(db, "end", OLD)

    def back(session: Session) -> int:
        row = find(session, OLD)
        assert row is not None
        return directive_changes.reopen(session, row, ME, TERMS).reopened

    assert db.write_now(back) == len(before)
    assert duties(db, DutyState.OPEN) == before


# -- replacements ---------------------------------------------------------------------------------


def _both(db: Database) -> None:
    day = Fixed(date(2026, 6, 30))
    bring_in(
        db,
        OLD,
        [
            task(TITLES[0], day, 1, 2),
            task("Báo cáo quý", Every(Unit.QUARTER)),
            task(TITLES[2], day),
        ],
    )
    later = Fixed(date(2026, 8, 31))
    bring_in(
        db,
        NEW,
        [
            task(TITLES[0] + " của tỉnh", later, 1, 3),
            task("Báo cáo quý", Every(Unit.QUARTER, On(0, 15))),
        ],
    )


def test_carried_duties_keep_their_numbers(db: Database) -> None:
    _both(db)
    before = {(one.title, one.agency): one.number for one in duties(db, DutyState.OPEN)}
    told = act(db, "replace", OLD, NEW, fate=Fate.MOVE)
    now = {one.number: one for one in duties(db, DutyState.OPEN)}
    moved = now[before[TITLES[0], 1]]
    assert (moved.title, moved.due) == (TITLES[0] + " của tỉnh", date(2026, 8, 31))
    # Another lead there, or no such task: nothing to carry it to, so it stays owed and is named.
    kept = {number for what, number in told if what == "kept"}
    assert kept == {before[TITLES[0], 2], before[TITLES[2], 1]}
    owed = [(one.title, one.agency, one.due) for one in now.values()]
    assert len(set(owed)) == len(owed)
    assert (TITLES[0] + " của tỉnh", 3) in {(one.title, one.agency) for one in now.values()}
    reports = [one for one in now.values() if one.title == "Báo cáo quý"]
    assert [one.due.day for one in reports] == [15] * len(reports)
    carried = {number for what, number in told if what == "carried"}
    assert {one.number for one in reports} <= carried
    assert db.write_now(expand, TERMS).added == 0


def test_a_granted_day_goes_along(db: Database) -> None:
    _both(db)

    def extend(session: Session) -> None:
        duty = session.exec(select(Duty).where(Duty.number == 101)).one()
        duty.due_on = duty.due_on + timedelta(days=200)

    db.write_now(extend)
    granted = next(one.due for one in duties(db, DutyState.OPEN) if one.number == 101)
    act(db, "replace", OLD, NEW, fate=Fate.MOVE)
    assert next(one.due for one in duties(db, DutyState.OPEN) if one.number == 101) >= granted


def test_closed_by_reference(db: Database) -> None:
    _both(db)
    act(db, "replace", OLD, NEW, fate=Fate.CLOSE)

    def notes(session: Session) -> set[str]:
        gone = select(Duty.closed_note).where(Duty.state == DutyState.CANCELLED)
        return set(session.exec(gone).all())

    assert db.read_now(notes) == {"văn bản 12/KH-UBND được thay bằng 45/KH-UBND"}
    old = db.read_now(
        lambda session: session.exec(select(Directive).order_by(col(Directive.id))).all()
    )[0]
    assert old.replaced_by == 2


def test_reported_under_the_later_number_is_done(db: Database) -> None:
    _both(db)
    number = next(
        one.number
        for one in duties(db, DutyState.OPEN)
        if one.title.endswith("tỉnh") and one.agency == 1
    )
    done(db, number)
    told = {n: what for what, n in act(db, "replace", OLD, NEW, fate=Fate.MOVE)}
    assert told[101] == "cancelled" or told[102] == "cancelled"
    assert [one.number for one in duties(db, DutyState.DONE)] == [number]


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [(OLD, OLD, "chính nó"), (NEW, OLD, "ban hành trước")],
)
def test_what_cannot_follow_is_refused(
    db: Database, first: DirectiveFacts, second: DirectiveFacts, words: str
) -> None:
    _both(db)
    with pytest.raises(Refused, match=words):
        act(db, "replace", first, second)


# -- numbers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("12/kh-ubnd@2026", "2026"),
        ("12/KH-UBND năm 2027", "2027"),
        ("#1", "2026"),
        ("12/KH-UBND", "Có 2 văn bản số 12/KH-UBND: 12/KH-UBND@2026 (ngày 05/01/2026)"),
        ("12", "Có phải: 12/KH-UBND"),
        ("13/KH-UBND", "Có phải: 12/KH-UBND"),
        ("999/QĐ-TTg", "Xem danh sách: /vanban"),
        ("", "Không có văn bản"),
    ],
)
def test_numbers_repeat_each_year(db: Database, text: str, found: str) -> None:
    bring_in(db, OLD, [])
    bring_in(db, replace(OLD, issued_on=date(2027, 1, 5)), [])

    def look(session: Session) -> str:
        try:
            row = directive_named(session, text)
        except Refused as refusal:
            return str(refusal)
        return f"{label(row)} {row.issued_on}"

    assert found in db.read_now(look)


def test_nobody_is_concerned_where_nothing_changes(db: Database) -> None:
    assert db.read_now(concerned, ()).agencies == ()
