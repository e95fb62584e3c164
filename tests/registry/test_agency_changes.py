"""Agencies that merge, split, change their name or end: the year 2025 in a made-up province, and
laws for any sequence of changes."""

import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from deadlines import Every, Fixed, Rule, Unit, rule_to_json
from deadlines.rules import On
from registry import agency_changes as changes
from registry.agencies import How, resolve
from registry.agency_changes import ChangeKind, Order
from registry.agency_list import AgencyRow, load
from registry.agency_moves import Carried, carry_out, give, waiting_duties
from registry.clock import moment_of
from registry.database import Database
from registry.directives import AgencyPart, DirectiveFacts, TaskFacts, store
from registry.duties import Evidence, by_number, complete, coordinating
from registry.expand import Terms, expand
from registry.heirs import Heirs, plain_period, predecessors
from registry.invites import new_invite
from registry.people import (
    Actor,
    Chat,
    Refused,
    agency_subscriptions,
    bind,
    ensure_contact,
    load_actor,
)
from registry.revise import revise
from registry.tables import Agency, AuditEvent, Duty, Invite, Subscription
from registry.types import DutyState, Part, Role
from reports.status import status

START = date(2024, 7, 1)
BOARDS = "các sở, ban, ngành cấp tỉnh"
POSTS, SCIENCE, HEALTH, HOME = (
    "Sở Thông tin và Truyền thông",
    "Sở Khoa học và Công nghệ",
    "Sở Y tế",
    "Sở Nội vụ",
)
DISTRICT, NORTH, SOUTH = "UBND huyện Sông Hồ", "UBND xã Bắc Hồ", "UBND xã Nam Hồ"
ROWS = [
    AgencyRow(POSTS, ("Sở TT&TT",), "tỉnh", (BOARDS, "cơ quan báo chí")),
    AgencyRow(SCIENCE, (), "tỉnh", (BOARDS,)),
    AgencyRow(HEALTH, (), "tỉnh", (BOARDS,)),
    AgencyRow(HOME, (), "tỉnh", (BOARDS,)),
    AgencyRow(DISTRICT, (), "huyện", ("UBND các huyện, thị xã, thành phố",)),
    AgencyRow(NORTH, (), "xã", ("UBND các xã, phường",)),
    AgencyRow(SOUTH, (), "xã", ("UBND các xã, phường",)),
]
QUARTERLY = Every(Unit.QUARTER, On(0, 15), before=True, time=time(16))
# (key, rule, leads by their place in ROWS)
TASKS: list[tuple[str, Rule, tuple[int, ...]]] = [
    ("báo cáo quý", QUARTERLY, (1, 2, 3, 5)),
    ("nền tảng số", Fixed(date(2025, 6, 30)), (1,)),
    ("hộ tịch", Fixed(date(2025, 9, 30)), (5,)),
]


def at(day: date) -> datetime:
    """Morning of a local day."""
    return moment_of(day, time(8))


def terms(day: date, until: date = date(2026, 1, 31)) -> Terms:
    return Terms(day, at(day), horizon_days=(until - day).days)


def _task(key: str, rule: Rule, leads: tuple[int, ...]) -> TaskFacts:
    parts = tuple(AgencyPart(one, Part.LEAD) for one in leads)
    help_of_posts = (AgencyPart(1, Part.COORDINATE),) if 1 not in leads else ()
    return TaskFacts(key, key, rule=rule_to_json(rule), agencies=parts + help_of_posts)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The province in the summer of 2024, written once."""
    file = tmp_path_factory.mktemp("world") / "world.db"
    database = Database(f"sqlite:///{file}")
    database.migrate(at(START))
    database.write_now(load, ROWS, at(START))
    directive = DirectiveFacts("9/KH-UBND", START)
    database.write_now(store, directive, [_task(*one) for one in TASKS], at(START))
    database.write_now(expand, terms(START))
    database.close()
    return file


@contextmanager
def province(world: Path, folder: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{shutil.copy(world, folder / 'test.db')}")
    yield database
    database.close()


@pytest.fixture
def db(world: Path, tmp_path: Path) -> Iterator[Database]:
    with province(world, tmp_path) as database:
        yield database


def duties(db: Database, agency: str) -> dict[tuple[int, str], Duty]:
    def read(session: Session) -> dict[tuple[int, str], Duty]:
        rows = session.exec(select(Duty).join(Agency, col(Agency.id) == Duty.agency_id)
                            .where(Agency.name == agency)).all()  # fmt: skip
        return {(row.task_id, row.period): row for row in rows}

    return db.read_now(read)


def done(db: Database, agency: str, task: int, period: str, day: date) -> None:
    number = duties(db, agency)[task, period].number

    def close(session: Session) -> None:
        duty = by_number(session, number)
        assert duty is not None
        complete(session, duty, Actor(None, "Bàn giấy"), "cli", Evidence(), at(day))

    db.write_now(close)


def bound(db: Database, who: str, role: Role, agency: str, day: date) -> int:
    """Somebody of an agency; the subscription's id."""

    def write(session: Session) -> int:
        match = resolve(session, agency, day)
        contact = ensure_contact(session, Chat("telegram", who, "private", who, name=who), at(day))
        made = bind(session, contact, who, role, match.agencies[0].id, at(day), "2026-11")
        return made.subscription.id or 0

    return db.write_now(write)


# -- the merger of departments, 01/3/2025 ----------------------------------------------------------

MERGER = date(2025, 3, 1)


def merged(db: Database) -> Carried:
    """Posts reported in the third quarter of 2024 and owes the fourth; science reported both. The
    merger is written down in February and carried out on its day."""
    done(db, POSTS, 1, "2024-Q3", date(2024, 9, 10))
    done(db, SCIENCE, 1, "2024-Q3", date(2024, 9, 20))
    done(db, SCIENCE, 1, "2024-Q4", date(2024, 12, 10))
    planned = date(2025, 2, 20)
    _change, carried = db.write_now(changes.merge, [POSTS], SCIENCE, MERGER, at(planned))
    assert carried == Carried(), "nothing moves before the day"
    assert db.write_now(carry_out, at(MERGER - timedelta(days=1))) == Carried()
    assert len(duties(db, POSTS)) == 7
    return db.write_now(carry_out, at(MERGER))


def test_open_duties_pass_to_the_one_successor_on_the_day(db: Database) -> None:
    carried = merged(db)
    (passed,) = carried.passed
    assert (passed.source_name, passed.target_name, passed.since) == (POSTS, SCIENCE, MERGER)
    assert len(passed.moved) == 2, "the overdue quarter, and the platform"
    assert len(passed.folded) == 4, "science owes the quarters of 2025 itself: one report is enough"
    now = duties(db, SCIENCE)
    assert now[1, "2024-Q4"].state is DutyState.DONE
    assert now[1, "2024-Q4~1"].state is DutyState.OPEN
    assert now[2, "2025-06-30"].former_agency_id == 1
    left = duties(db, POSTS)
    assert {one.state for one in left.values()} == {DutyState.DONE, DutyState.CANCELLED}
    assert left[1, "2024-Q3"].state is DutyState.DONE
    assert left[1, "2025-Q1"].closed_note == (
        f"gộp vào đầu việc {now[1, '2025-Q1'].number} của {SCIENCE}"
    )


def test_carrying_out_again_and_expanding_change_nothing(db: Database) -> None:
    merged(db)
    assert db.write_now(carry_out, at(MERGER)) == Carried()
    assert db.write_now(carry_out, at(date(2025, 4, 1))) == Carried()
    assert db.write_now(expand, terms(MERGER)).added == 0
    result = db.write_now(revise, terms(MERGER), [1, 2, 3])
    assert (result.added, result.moved, result.cancelled, result.reopened) == (0, 0, 0, 0)


def test_the_history_stays_and_the_figures_can_be_compared(db: Database) -> None:
    period = (date(2024, 7, 1), date(2025, 12, 31))
    before = db.read_now(status, MERGER, period=period).totals
    merged(db)
    after = db.read_now(status, MERGER, period=period)
    by_name = {row.agency: row.counts for row in after.rows}
    assert (by_name[POSTS].total, by_name[POSTS].done_on_time) == (1, 1)
    assert (by_name[SCIENCE].total, by_name[SCIENCE].done) == (8, 2)
    assert by_name[SCIENCE].done_late == 1
    assert after.totals.total == before.total - 4, "four reports became one with science's"
    ids = [2, *db.read_now(predecessors, 2)]
    assert ids == [2, 1]
    both = db.read_now(status, MERGER, agency_ids=ids, period=period).totals
    assert both == by_name[POSTS] + by_name[SCIENCE]


def test_new_periods_are_owed_by_the_successor_under_the_old_task(db: Database) -> None:
    merged(db)
    later = Terms(date(2025, 6, 1), at(date(2025, 6, 1)))
    troubles = db.write_now(expand, later).troubles
    assert not troubles
    rows = duties(db, SCIENCE)
    assert rows[1, "2026-Q1"].former_agency_id is None
    assert not [one for one in duties(db, POSTS).values() if one.state is DutyState.OPEN]


def test_the_old_name_means_the_successor_from_the_day_on(db: Database) -> None:
    merged(db)
    before = db.read_now(resolve, "Sở TT&TT", MERGER - timedelta(days=1))
    assert (before.how, before.name, before.note) == (How.AGENCY, POSTS, "")
    for text in (POSTS, "Sở TT&TT", "so thong tin va truyen thong", f"Giám đốc {POSTS}"):
        match = db.read_now(resolve, text, MERGER)
        assert (match.how, match.name) == (How.AGENCY, SCIENCE), text
        assert match.note == f"nay là “{SCIENCE}”"
        assert match.ended is not None
        assert match.ended.name == POSTS
    near = db.read_now(resolve, "Sở Thông tin và Truyền thôn", MERGER)
    assert near.proposals[0].name == POSTS


def test_people_invites_and_coordination_follow(db: Database) -> None:
    day = date(2025, 1, 10)
    old = bound(db, "an", Role.FOCAL, POSTS, day)
    bound(db, "ba", Role.LEADER, POSTS, day)
    bound(db, "ba", Role.LEADER, SCIENCE, day)
    valid = timedelta(days=90)
    _code, invite = db.write_now(new_invite, at(day), Role.OFFICER, 1, valid=valid)
    (passed,) = merged(db).passed
    assert passed.people[0][0] == old
    rows = db.read_now(agency_subscriptions, 2)
    assert sorted((row.role, row.person_id) for row in rows) == [("focal", 1), ("leader", 2)]
    assert db.read_now(agency_subscriptions, 1) == []
    actor = db.read_now(load_actor, "telegram", "an")
    assert actor.may_act_for(2)
    assert not actor.may_act_for(1)
    moved = db.read_now(lambda session: session.get_one(Invite, invite.id))
    assert moved.agency_id == 2
    civil = duties(db, DISTRICT)[3, "2025-09-30"]
    helpers = db.read_now(coordinating, civil, date(2025, 3, 2))
    assert [one.name for one in helpers] == [SCIENCE]


def test_groups_pass_on_once(db: Database) -> None:
    merged(db)
    known = db.read_now(resolve, SCIENCE, MERGER).agencies[0]
    assert known.groups == (BOARDS, "cơ quan báo chí")
    db.write_now(load, [AgencyRow(SCIENCE, groups=(BOARDS,))], at(MERGER))
    db.write_now(carry_out, at(MERGER + timedelta(days=1)))
    assert db.read_now(resolve, SCIENCE, MERGER).agencies[0].groups == (BOARDS,)


def test_the_journal_says_what_moved(db: Database) -> None:
    merged(db)

    def events(session: Session) -> list[str]:
        return [one.what for one in session.exec(select(AuditEvent)).all()]

    said = db.read_now(events)
    assert said.count("agency.merge") == 1
    assert said.count("duty.passed") == 2
    assert said.count("duty.folded") == 4


# -- the end of the districts, 01/7/2025 -----------------------------------------------------------

ABOLITION = date(2025, 7, 1)


def test_duties_of_a_district_wait_for_a_persons_word(db: Database) -> None:
    bound(db, "chi", Role.FOCAL, DISTRICT, date(2025, 1, 10))
    _change, carried = db.write_now(
        changes.split, DISTRICT, [NORTH, SOUTH], ABOLITION, at(date(2025, 7, 3))
    )
    assert carried.moved == carried.folded == carried.people == 0
    (waiting,) = carried.waiting
    assert waiting.agency == DISTRICT
    assert len(waiting.numbers) == 7
    match = db.read_now(resolve, DISTRICT, ABOLITION)
    assert (match.how, [one.name for one in match.agencies]) == (How.AMBIGUOUS, [NORTH, SOUTH])
    assert match.note == f"đã kết thúc hoạt động, nay có thể là “{NORTH}” hoặc “{SOUTH}”"
    groups = {one.name: one.groups for one in match.agencies}
    assert groups[NORTH] == ("UBND các xã, phường",), "a commune is no district"

    civil = duties(db, DISTRICT)[3, "2025-09-30"]
    carried = db.write_now(_give, [civil.number], NORTH)
    assert duties(db, NORTH)[3, "2025-09-30"].number == civil.number
    (waiting,) = carried.waiting
    assert len(waiting.numbers) == 6
    carried = db.write_now(_give, waiting.numbers[:1], HOME)
    assert carried.waiting == (), "with the task go all its periods"
    assert len(duties(db, HOME)) == 6
    assert db.read_now(waiting_duties, ABOLITION) == ()
    db.write_now(expand, Terms(date(2025, 8, 1), at(date(2025, 8, 1))))
    assert (1, "2026-Q2") in duties(db, HOME)


def _give(session: Session, numbers: Sequence[int], agency: str) -> Carried:
    target = session.exec(select(Agency).where(Agency.name == agency)).one()
    found = [duty for number in numbers if (duty := by_number(session, number)) is not None]
    return give(session, found, target, at(date(2025, 7, 3)))


def test_a_split_with_a_main_successor_moves_everything_there(db: Database) -> None:
    bound(db, "chi", Role.FOCAL, DISTRICT, date(2025, 1, 10))
    order = Order(ChangeKind.SPLIT, (DISTRICT,), ABOLITION, (NORTH, SOUTH), SOUTH)
    _change, carried = db.write_now(changes.make, order, at(ABOLITION))
    assert (carried.moved, carried.people, carried.waiting) == (7, 1, ())
    assert len(duties(db, SOUTH)) == 7


def test_an_end_without_a_successor_leaves_a_word_to_be_said(db: Database) -> None:
    _change, carried = db.write_now(changes.end, DISTRICT, ABOLITION, at(ABOLITION))
    assert len(carried.waiting[0].numbers) == 7
    trouble = db.write_now(expand, Terms(date(2025, 8, 1), at(date(2025, 8, 1)))).troubles
    assert "cần giao lại" in trouble[0].message
    assert db.read_now(resolve, DISTRICT, ABOLITION).how is How.EXPIRED


# -- chains, names, refusals -----------------------------------------------------------------------


def test_a_chain_of_mergers_is_followed_to_its_end(db: Database) -> None:
    db.write_now(changes.merge, [POSTS], SCIENCE, MERGER, at(MERGER))
    new = "Sở Khoa học và Nội vụ"
    change, carried = db.write_now(changes.merge, [SCIENCE, HOME], new, ABOLITION, at(ABOLITION))
    assert [party.id for party in change.targets] == [None]
    assert carried.moved == len(duties(db, new))
    match = db.read_now(resolve, POSTS, ABOLITION)
    assert (match.name, match.note) == (new, f"nay là “{new}”")
    assert db.read_now(resolve, POSTS, date(2025, 5, 1)).name == SCIENCE
    assert set(db.read_now(predecessors, match.agencies[0].id)) == {1, 2, 4}


def test_a_new_name_for_the_same_agency(db: Database) -> None:
    new = "Sở Khoa học, Công nghệ và Đổi mới sáng tạo"
    db.write_now(changes.rename, SCIENCE, new, MERGER, at(date(2025, 2, 1)))
    early = db.read_now(resolve, new, date(2025, 2, 1))
    assert (early.name, early.note) == (SCIENCE, f"hiện nay là “{SCIENCE}”")
    assert db.write_now(carry_out, at(MERGER)).renamed == ((SCIENCE, new),)
    for text in (SCIENCE, new):
        assert db.read_now(resolve, text, MERGER).agencies[0].id == 2
    assert db.read_now(resolve, SCIENCE, MERGER).note == f"nay là “{new}”"
    assert db.read_now(resolve, new, MERGER).note == ""
    assert len(duties(db, new)) == 6
    again = db.write_now(load, [AgencyRow(SCIENCE, level="tỉnh")], at(MERGER))
    assert (again.added, again.unchanged) == (0, 1), "an old list knows it by its old name"


def _merge(*sources: str, into: str, day: date = MERGER) -> Order:
    return Order(ChangeKind.MERGE, sources, day, (into,))


@pytest.mark.parametrize(
    ("order", "why"),
    [
        (_merge("Sở Lạ Hoắc", into=SCIENCE), "Chưa xác định được cơ quan “Sở Lạ Hoắc”"),
        (_merge(POSTS, into=BOARDS), "không thể là nơi nhận"),
        (_merge(BOARDS, into=SCIENCE), "Chưa xác định được"),
        (_merge(SCIENCE, into=SCIENCE), "khác với cơ quan nhận"),
        (_merge(POSTS, into=SCIENCE, day=date(2095, 1, 1)), "không hợp lý"),
        (_merge(HEALTH, into=HOME), "đã được ghi là kết thúc sau ngày 31/05/2025"),
        (_merge(HOME, into=HEALTH, day=date(2025, 7, 1)), "không thể là nơi nhận: nay là"),
        (_merge(SCIENCE, into=HOME, day=date(2025, 5, 1)), "nhận bàn giao"),
        (Order(ChangeKind.SPLIT, (HOME,), MERGER, (NORTH,)), "ít nhất hai cơ quan nhận"),
        (Order(ChangeKind.SPLIT, (HOME,), MERGER, (NORTH, SOUTH), POSTS), "không có trong"),
        (Order(ChangeKind.SPLIT, (HOME,), MERGER, (NORTH, HOME)), "của chính mình"),
        (Order(ChangeKind.END, (HOME,), MERGER, (NORTH, SOUTH)), "nhiều nhất một"),
        (Order(ChangeKind.RENAME, (HOME,), MERGER, (HOME,)), "đang là tên"),
        (Order(ChangeKind.RENAME, (HOME,), MERGER, (POSTS,)), "đã có trong danh sách"),
        (Order(ChangeKind.RENAME, (HOME, POSTS), MERGER, ("Sở X",)), "đúng một tên cũ"),
        (Order(ChangeKind.RENAME, (HOME,), MERGER, ("các sở",)), "cách gọi chung|tên khối"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    db: Database, order: Order, why: str
) -> None:
    today = date(2025, 2, 1)
    db.write_now(changes.merge, [HEALTH], SCIENCE, date(2025, 6, 1), at(today))
    before = _everything(db)
    with pytest.raises(Refused, match=why):
        db.write_now(changes.make, order, at(today))
    assert _everything(db) == before


def _everything(db: Database) -> list[tuple[object, ...]]:
    def read(session: Session) -> list[tuple[object, ...]]:
        agencies = session.exec(select(Agency).order_by(col(Agency.id))).all()
        rows = session.exec(select(Duty).order_by(col(Duty.id))).all()
        people = session.exec(select(Subscription).order_by(col(Subscription.id))).all()
        return [
            *((one.name, one.valid_from, one.valid_to) for one in agencies),
            *((one.number, one.agency_id, one.period, one.state) for one in rows),
            *((one.key, one.ended_at) for one in people),
        ]

    return db.read_now(read)


def test_a_preview_says_what_would_be_and_takes_it_back(db: Database) -> None:
    bound(db, "an", Role.FOCAL, POSTS, date(2025, 1, 10))
    before = _everything(db)
    order = _merge(POSTS, HOME, into="Sở Truyền thông và Nội vụ", day=date(2025, 9, 1))
    change, would = db.write_now(changes.preview, order, at(date(2025, 2, 1)))
    assert _everything(db) == before
    assert (would.moved, would.folded, would.people) == (7, 0, 1)
    assert change.targets[0].id is None
    _change, now = db.write_now(changes.make, order, at(date(2025, 9, 1)))
    assert (now.moved, now.people) == (would.moved, would.people)


def test_a_change_still_ahead_can_be_taken_back(db: Database) -> None:
    today = date(2025, 2, 1)
    before = _everything(db)
    db.write_now(changes.merge, [POSTS], SCIENCE, MERGER, at(today))
    assert "kết thúc" in db.write_now(changes.cancel, POSTS, at(today))
    db.write_now(changes.rename, POSTS, "Sở Truyền thông", MERGER, at(today))
    assert "đổi tên" in db.write_now(changes.cancel, POSTS, at(today))
    assert _everything(db) == before
    assert db.write_now(carry_out, at(MERGER)) == Carried()
    with pytest.raises(Refused, match="không có thay đổi nào"):
        db.write_now(changes.cancel, POSTS, at(today))


# -- laws ------------------------------------------------------------------------------------------

NAMES = (POSTS, SCIENCE, HEALTH, HOME, DISTRICT, NORTH, SOUTH, "Sở Mới Một", "Sở Mới Hai")
_name = st.sampled_from(NAMES)
_step = st.one_of(
    st.tuples(st.just(ChangeKind.MERGE), st.lists(_name, min_size=1, max_size=3),
              st.lists(_name, min_size=1, max_size=1), st.none()),
    st.tuples(st.just(ChangeKind.SPLIT), st.lists(_name, min_size=1, max_size=1),
              st.lists(_name, min_size=2, max_size=3), st.one_of(st.none(), st.integers(0, 2))),
    st.tuples(st.just(ChangeKind.END), st.lists(_name, min_size=1, max_size=1),
              st.lists(_name, max_size=1), st.none()),
    st.tuples(st.just(ChangeKind.RENAME), st.lists(_name, min_size=1, max_size=1),
              st.sampled_from([["Sở Tên Khác"], ["Sở Tên Nữa"]]), st.none()),
)  # fmt: skip
_deed = st.one_of(
    st.tuples(st.just("change"), _step, st.integers(-60, 200)),
    st.tuples(st.just("done"), st.integers(0, 40), st.just(0)),
    st.tuples(st.just("give"), st.integers(0, 40), st.integers(0, 8)),
    st.tuples(st.just("tick"), st.integers(0, 90), st.just(0)),
)


def _try(db: Database, order: Order, day: date) -> None:
    try:
        db.write_now(changes.make, order, at(day))
    except Refused:
        return


def _play(db: Database, deeds: list[tuple[str, object, int]]) -> date:
    day = START + timedelta(days=30)
    for what, much, more in deeds:
        if what == "tick":
            assert isinstance(much, int)
            day += timedelta(days=much)
            db.write_now(carry_out, at(day))
            db.write_now(expand, terms(max(day, START)))
        elif what == "change":
            assert isinstance(much, tuple)
            kind, sources, targets, main = much
            named = targets[main] if main is not None and main < len(targets) else ""
            order = Order(kind, tuple(sources), day + timedelta(days=more), tuple(targets), named)
            _try(db, order, day)
        else:
            assert isinstance(much, int)
            db.write_now(_close if what == "done" else _assign, much, more, day)
    return day


def _nth_open(session: Session, place: int) -> Duty | None:
    rows = session.exec(
        select(Duty).where(Duty.state == DutyState.OPEN).order_by(col(Duty.number))
    ).all()
    return rows[place % len(rows)] if rows else None


def _close(session: Session, place: int, _more: int, day: date) -> None:
    duty = _nth_open(session, place)
    if duty is not None:
        complete(session, duty, Actor(None, "x"), "cli", Evidence(), at(day))


def _assign(session: Session, place: int, target: int, day: date) -> None:
    waiting = waiting_duties(session, day)
    match = resolve(session, NAMES[target], day)
    if waiting and match.how is How.AGENCY:
        number = waiting[place % len(waiting)].numbers[0]
        duty = by_number(session, number)
        assert duty is not None
        give(session, [duty], session.get_one(Agency, match.agencies[0].id), at(day))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(_deed, min_size=1, max_size=12))
def test_no_open_duty_is_lost_or_doubled_by_any_changes(
    world: Path, deeds: list[tuple[str, object, int]]
) -> None:
    with TemporaryDirectory() as folder, province(world, Path(folder)) as db:
        first = {duty.number: (duty.task_id, plain_period(duty.period)) for duty in _all(db)}
        day = _play(db, deeds)
        db.write_now(carry_out, at(day))
        now = {duty.number: duty for duty in _all(db)}
        for number, what in first.items():
            _stands(now, number, what)
        _once(db, list(now.values()), day)
        assert len(now) == len(first), "nothing was made anew"
        assert db.write_now(expand, terms(day)).added == 0
        assert db.write_now(carry_out, at(day)) == Carried(waiting=db.read_now(waiting_duties, day))
        again = db.write_now(revise, terms(day), [1, 2, 3])
        assert (again.added, again.cancelled, again.reopened) == (0, 0, 0)


def _all(db: Database) -> list[Duty]:
    return db.read_now(lambda session: list(session.exec(select(Duty)).all()))


def _stands(now: dict[int, Duty], number: int, what: tuple[int, str]) -> None:
    """Open, done, or folded into one that is."""
    duty = now[number]
    while duty.state is DutyState.CANCELLED:
        into = re.match(r"gộp vào đầu việc (\d+)", duty.closed_note)
        assert into, duty.closed_note
        duty = now[int(into[1])]
    assert (duty.task_id, plain_period(duty.period)) == what


def _once(db: Database, rows: list[Duty], day: date) -> None:
    """No agency owes the same twice, and nobody who has ended owes what another can take."""
    open_ones = [duty for duty in rows if duty.state is DutyState.OPEN]
    places = [(one.task_id, one.agency_id, plain_period(one.period)) for one in open_ones]
    assert len(set(places)) == len(places)
    heirs = db.read_now(Heirs.of)
    for duty in open_ones:
        assert heirs.holder(duty.agency_id, day, duty.task_id) in (duty.agency_id, None)
