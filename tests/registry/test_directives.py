"""Directives: twice the same is once, and what changes is told."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlmodel import Session, select

from registry.agency_list import AgencyRow, load
from registry.citing import Cited
from registry.database import Database
from registry.directives import AgencyPart, DirectiveFacts, TaskFacts, store
from registry.tables import AuditEvent, Citation, Directive, Task, TaskAgency
from registry.types import Part
from tests.fakes.databases import fresh

NOW = datetime(2026, 1, 5, 2, tzinfo=UTC)
DIRECTIVE = DirectiveFacts("12/KH-BCĐ", date(2026, 1, 5), kind="Kế hoạch")
LEAD = (AgencyPart(1, Part.LEAD), AgencyPart(2, Part.COORDINATE, via_group=True))
TASKS = [
    TaskFacts("a", "Rà soát quy chế", 1, agencies=LEAD),
    TaskFacts("b", "Tập huấn", 2, agencies=(AgencyPart(2, Part.LEAD),)),
]


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = fresh(tmp_path)
    database.write_now(load, [AgencyRow("Sở Y tế"), AgencyRow("Sở Tài chính")], NOW)
    yield database
    database.close()


def _count(db: Database, table: type) -> int:
    return len(db.read_now(lambda session: session.exec(select(table)).all()))


def test_the_same_again_changes_nothing(db: Database) -> None:
    first = db.write_now(store, DIRECTIVE, TASKS, NOW)
    events = _count(db, AuditEvent)
    second = db.write_now(store, DIRECTIVE, TASKS, NOW)
    assert (len(first.added), first.changed, first.unchanged) == (2, (), ())
    assert (second.added, second.changed, second.unchanged) == ((), (), first.added)
    assert _count(db, AuditEvent) == events
    assert (_count(db, Task), _count(db, TaskAgency)) == (2, 3)


@pytest.mark.parametrize(
    "change",
    [
        {"deadline_text": "Tháng 12"},
        {"title": "Rà soát các quy chế"},
        {"agencies": (AgencyPart(2, Part.LEAD),)},
        {"agencies": (AgencyPart(1, Part.LEAD, via_group=True), LEAD[1])},
    ],
)
def test_a_change_is_told_and_kept(db: Database, change: dict[str, object]) -> None:
    first = db.write_now(store, DIRECTIVE, TASKS, NOW)
    changed = [replace(TASKS[0], **change), TASKS[1]]  # type: ignore[arg-type]
    second = db.write_now(store, DIRECTIVE, changed, NOW)
    assert (second.changed, second.unchanged) == (first.added[:1], first.added[1:])
    third = db.write_now(store, DIRECTIVE, changed, NOW)
    assert third.changed == ()


def test_rows_that_move_are_the_same(db: Database) -> None:
    db.write_now(store, DIRECTIVE, TASKS, NOW)
    moved = [replace(TASKS[1], position=1), replace(TASKS[0], position=2, source_line=9)]
    assert db.write_now(store, DIRECTIVE, moved, NOW).changed == ()


def test_what_left_the_file_stays_and_is_told(db: Database) -> None:
    first = db.write_now(store, DIRECTIVE, TASKS, NOW)
    second = db.write_now(store, DIRECTIVE, TASKS[:1], NOW)
    assert second.absent == first.added[1:]
    assert _count(db, Task) == 2


def test_numbers_begin_again_every_year(db: Database) -> None:
    db.write_now(store, DIRECTIVE, TASKS, NOW)
    next_year = replace(DIRECTIVE, issued_on=date(2027, 1, 5))
    assert len(db.write_now(store, next_year, TASKS, NOW).added) == 2
    same = replace(DIRECTIVE, number=" 12 / kh-bcd ", issued_on=date(2026, 2, 1))
    assert db.write_now(store, same, TASKS, NOW).added == ()
    assert _count(db, Directive) == 2


def test_a_blank_number_is_known_by_its_content(db: Database) -> None:
    blank = DirectiveFacts("", None, digest="abc")
    db.write_now(store, blank, TASKS, NOW)
    assert db.write_now(store, blank, TASKS, NOW).added == ()
    assert len(db.write_now(store, replace(blank, digest="def"), TASKS, NOW).added) == 2


def test_two_tasks_of_one_key_leave_nothing_behind(db: Database) -> None:
    with pytest.raises(ValueError, match="share a key"):
        db.write_now(store, DIRECTIVE, [TASKS[0], TASKS[0]], NOW)
    assert _count(db, Directive) == 0


def test_the_sentence_and_its_line_are_kept_and_are_no_change(db: Database) -> None:
    with_source = [replace(TASKS[0], source_line=4, source_text="1. Sở Y tế rà soát quy chế.")]
    facts = replace(DIRECTIVE, unit="đoạn", signer="Nguyễn Văn An")
    db.write_now(store, facts, with_source, NOW)
    again = [replace(with_source[0], source_line=5, source_text="Sở Y tế rà soát quy chế.")]
    assert db.write_now(store, facts, again, NOW).changed == ()
    task = db.read_now(lambda session: session.exec(select(Task)).one())
    directive = db.read_now(lambda session: session.exec(select(Directive)).one())
    assert (task.source_line, task.source_text) == (5, "Sở Y tế rà soát quy chế.")
    assert (directive.unit, directive.signer) == ("đoạn", "Nguyễn Văn An")


OLDER = DirectiveFacts("7/CT-UBND", date(2025, 12, 1))


def _cites(*cited: Cited) -> DirectiveFacts:
    return replace(DIRECTIVE, cited=cited)


def _tied(db: Database) -> list[tuple[str, str | None]]:
    def look(session: Session) -> list[tuple[str, str | None]]:
        names = {one.id: one.key for one in session.exec(select(Directive)).all()}
        rows = session.exec(select(Citation).order_by(Citation.number)).all()
        return [(row.number, names.get(row.cited_id)) for row in rows]

    return db.read_now(look)


@pytest.mark.parametrize("later", [False, True], ids=["known before", "known later"])
@pytest.mark.parametrize(
    ("cited", "tied"),
    [
        (Cited("7/CT-UBND", "Chỉ thị", date(2025, 12, 1), 3), "7/ct-ubnd@2025"),
        (Cited("7/ct-ubnd "), "7/ct-ubnd@2025"),
        (Cited("7/CT-UBND", "Chỉ thị", date(2024, 12, 1)), None),
        (Cited("8/CT-UBND"), None),
    ],
)
def test_a_citation_finds_its_directive(
    db: Database, cited: Cited, tied: str | None, *, later: bool
) -> None:
    order = [_cites(cited), OLDER] if later else [OLDER, _cites(cited)]
    for facts in order:
        db.write_now(store, facts, TASKS, NOW)
    assert _tied(db) == [(cited.number, tied)]


def test_a_number_of_two_years_is_nobodys(db: Database) -> None:
    db.write_now(store, _cites(Cited("7/CT-UBND")), TASKS, NOW)
    db.write_now(store, OLDER, TASKS, NOW)
    assert _tied(db) == [("7/CT-UBND", "7/ct-ubnd@2025")]
    db.write_now(store, replace(OLDER, issued_on=date(2024, 3, 1)), TASKS, NOW)
    assert _tied(db) == [("7/CT-UBND", None)]


def test_citations_are_those_of_the_last_reading(db: Database) -> None:
    db.write_now(store, _cites(Cited("1/NQ-HĐND"), Cited("2/NQ-HĐND")), TASKS, NOW)
    db.write_now(store, _cites(Cited("2/NQ-HĐND"), Cited("12/KH-BCĐ")), TASKS, NOW)
    assert _tied(db) == [("12/KH-BCĐ", None), ("2/NQ-HĐND", None)]
