"""The door to the database: group commits, durability settings, migrations, backups, bad files."""

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy.exc import DatabaseError, IntegrityError, StatementError
from sqlmodel import Session, SQLModel, select, text

from bot.opening import open_database
from bot.settings import DatabaseSection, Settings
from registry import schema
from registry.database import (
    Database,
    DatabaseTrouble,
    Renew,
    check_backup,
    copy_database,
    insert_new,
    sqlite_path,
)
from registry.marks import get, put
from registry.migrations import HEAD
from registry.tables import AgencyAlias, Mark
from tests.fakes.databases import fresh, sqlite_only

NOW = datetime(2027, 1, 5, 1, tzinfo=UTC)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = fresh(tmp_path)
    yield database
    database.close()


def marks(db: Database) -> list[str]:
    return sorted(db.read_now(lambda s: s.exec(select(Mark.name)).all()))


def _put(session: Session, name: str) -> str:
    put(session, name, "", NOW)
    session.flush()
    return name


def _put_and_fail(session: Session, name: str) -> None:
    _put(session, name)
    raise LookupError(name)


def _orphan(session: Session) -> None:
    """Work that goes well and a commit that cannot: the reference is checked only at the end."""
    if session.get_bind().dialect.name == "sqlite":
        session.execute(text("PRAGMA defer_foreign_keys=ON"))
    else:
        found = "SELECT conname FROM pg_constraint WHERE conrelid = 'agencyalias'::regclass"
        one = " AND contype = 'f' AND confrelid = 'agency'::regclass"
        name = session.execute(text(found + one)).scalar_one()
        session.execute(
            text(f"ALTER TABLE agencyalias ALTER CONSTRAINT {name} DEFERRABLE INITIALLY DEFERRED")
        )
    session.add(AgencyAlias(agency_id=999, alias="x", key="x"))
    session.flush()


class _Pause:
    """Holds the writer thread, so that what is handed over meanwhile shares one commit."""

    def __init__(self) -> None:
        self.begun, self.go_on = Event(), Event()

    def __call__(self, _session: Session) -> None:
        self.begun.set()
        assert self.go_on.wait(10)


async def _together(db: Database, *work: Any) -> list[Any]:
    """Hand all of it over while the writer is held; what came of each."""
    pause = _Pause()
    holding = asyncio.create_task(db.write(pause))
    await asyncio.to_thread(pause.begun.wait, 10)
    tasks = [asyncio.create_task(db.write(*each)) for each in work]
    await asyncio.sleep(0.01)
    pause.go_on.set()
    await holding
    return list(await asyncio.gather(*tasks, return_exceptions=True))


# -- one writer, shared commits -------------------------------------------------------------------


async def test_a_write_that_fails_takes_back_only_itself(db: Database) -> None:
    results = await _together(db, (_put, "a"), (_put_and_fail, "b"), (_put, "c"))
    assert results[0] == "a"
    assert isinstance(results[1], LookupError)
    assert results[2] == "c"
    assert marks(db) == ["a", "c"]


async def test_a_refused_row_takes_back_only_its_own_write(db: Database) -> None:
    def twice(session: Session) -> None:
        session.add(Mark(name="twin", at=NOW))
        session.flush()
        session.execute(
            text("INSERT INTO mark (name, value, at) VALUES ('twin', '', '2027-01-05')")
        )

    results = await _together(db, (_put, "a"), (twice,), (_put, "c"))
    assert isinstance(results[1], IntegrityError)
    assert marks(db) == ["a", "c"]


async def test_a_failed_commit_fails_everybody_in_it(db: Database) -> None:
    results = await _together(db, (_put, "a"), (_orphan,), (_put, "c"))
    assert all(isinstance(each, IntegrityError) for each in results)
    assert marks(db) == []
    assert await db.write(_put, "later") == "later", "the writer lives on"


async def test_everything_handed_over_together_is_there_after_its_commit(db: Database) -> None:
    names = [f"n{number:03}" for number in range(200)]
    assert await _together(db, *((_put, name) for name in names)) == names
    assert marks(db) == names


async def test_a_write_survives_its_callers_cancellation(db: Database) -> None:
    pause = _Pause()
    holding = asyncio.create_task(db.write(pause))
    await asyncio.to_thread(pause.begun.wait, 10)
    given_up = asyncio.create_task(db.write(_put, "a"))
    await asyncio.sleep(0.01)
    given_up.cancel()
    with suppress(asyncio.CancelledError):
        await given_up
    assert given_up.cancelled()
    pause.go_on.set()
    await holding
    await db.write(_put, "b")
    assert marks(db) == ["a", "b"]


async def test_closing_carries_out_what_was_handed_over(tmp_path: Path) -> None:
    db = fresh(tmp_path)
    tasks = [asyncio.create_task(db.write(_put, f"n{number:03}")) for number in range(100)]
    await asyncio.sleep(0)
    db.close()
    await asyncio.gather(*tasks)
    with pytest.raises(DatabaseTrouble):
        await db.write(_put, "late")
    again = Database(db.url)
    assert len(marks(again)) == 100
    again.close()


@sqlite_only
async def test_a_full_disk_loses_nothing_that_was_promised(db: Database) -> None:
    """SQLite may end the whole transaction by itself: whoever was told "done" must find it done."""

    def flood(session: Session) -> None:
        pages = session.execute(text("PRAGMA page_count")).scalar_one()
        session.execute(text(f"PRAGMA max_page_count={pages + 2}"))
        for number in range(500):
            session.add(Mark(name=f"flood{number}", value="x" * 2000, at=NOW))
        session.flush()

    results = await _together(db, (_put, "a"), (flood,), (_put, "b"))
    promised = [each for each in results if isinstance(each, str)]
    assert isinstance(results[1], DatabaseError)
    assert set(promised) <= set(marks(db))
    assert not any(name.startswith("flood") for name in marks(db))
    await db.write(lambda s: s.execute(text("PRAGMA max_page_count=1000000")))
    assert await db.write(_put, "c") == "c"


async def test_two_writers_wait_for_one_another(db: Database) -> None:
    other = Database(db.url)
    work = [
        one.write(_put, f"{name}{n}") for n in range(30) for name, one in (("a", db), ("b", other))
    ]
    await asyncio.gather(*work)
    assert len(marks(db)) == 60
    other.close()


def test_reading_cannot_write(db: Database) -> None:
    with pytest.raises(DatabaseError):
        db.read_now(_put, "a")
    assert marks(db) == []


async def test_a_reader_sees_one_moment(db: Database) -> None:
    began, go_on = Event(), Event()

    def look_twice(session: Session) -> tuple[int, int]:
        first = len(session.exec(select(Mark)).all())
        began.set()
        go_on.wait(10)
        session.expire_all()
        return first, len(session.exec(select(Mark)).all())

    reading = asyncio.create_task(db.read(look_twice))
    await asyncio.to_thread(began.wait, 10)
    await db.write(_put, "a")
    go_on.set()
    assert await reading == (0, 0)


# -- what the file is like ------------------------------------------------------------------------


@sqlite_only
@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("busy_timeout", 15000)],
)
def test_durability_settings(db: Database, pragma: str, value: object) -> None:
    def ask(session: Session) -> object:
        return session.execute(text(f"PRAGMA {pragma}")).scalar_one()

    assert db.write_now(ask) == value
    assert db.read_now(ask) == value


def test_references_are_checked(db: Database) -> None:
    with pytest.raises(IntegrityError):
        db.write_now(lambda s: s.add(AgencyAlias(agency_id=999, alias="x", key="x")))


def test_naive_moments_are_refused(db: Database) -> None:
    naive = NOW.replace(tzinfo=None)
    with pytest.raises(StatementError, match="naive"):
        db.write_now(lambda s: put(s, "a", "", naive))
    with pytest.raises(StatementError, match="naive"):
        db.read_now(lambda s: s.exec(select(Mark).where(Mark.at == naive)).all())


def test_moments_come_back_as_they_went_in(db: Database) -> None:
    hanoi = NOW.astimezone().astimezone(tz=None)
    db.write_now(put, "a", "", hanoi)
    mark = db.read_now(get, "a")
    assert mark is not None
    assert mark.at == NOW
    assert mark.at.utcoffset() == timedelta(0)


# -- migrations -----------------------------------------------------------------------------------


def test_migrating_from_nothing_and_again(tmp_path: Path) -> None:
    db = Database(f"sqlite:///{tmp_path / 'new' / 'dondoc.db'}")
    assert db.revision() is None
    assert db.migrate(NOW)
    assert not db.migrate(NOW)
    assert db.revision() is not None
    assert [path.name for path in (tmp_path / "new").glob("*before*")] == []
    db.close()


def test_the_newest_revision_is_known_without_alembic() -> None:
    assert schema.head() == HEAD
    assert schema.known(HEAD)
    assert not schema.known("9999")
    code = "import sys, bot.cli; print([m for m in ('alembic', 'openpyxl') if m in sys.modules])"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert loaded.stdout.strip() == "[]"


def test_models_and_migrations_agree(db: Database) -> None:
    with db._writer.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, SQLModel.metadata) == []


USED = [
    ("SELECT id FROM duty WHERE plan_due = 1 AND state = 'open'", (), "ix_duty_plan_due"),
    ("SELECT id FROM subscription WHERE plan_due = 1", (), "ix_subscription_plan_due"),
    ("SELECT id FROM attempt WHERE outcome=? AND opened_at < ?", ("open", "2"), "ix_attempt_open"),
    ("SELECT id FROM notice WHERE state = ? AND next_at < ?", ("queued", "2"), "ix_notice_queue"),
    ("SELECT id FROM notice WHERE state=? AND next_at<? AND payload!=? ORDER BY next_at",
     ("queued", "2", ""), "ix_notice_own_text"),
    ("SELECT id FROM notice WHERE contact_id = ?", (1,), "ix_notice_contact_id"),
    ("SELECT id FROM notice WHERE payload != ? AND closed_at < ?", ("", "2"),
     "ix_notice_to_forget"),
    ("SELECT id FROM attempt WHERE text != ? AND closed_at < ?", ("", "2"),
     "ix_attempt_to_forget"),
    (("SELECT agency_id, count(*) FROM duty WHERE kind = ? AND opens_on <= ? AND state = 'open' "
      "GROUP BY agency_id"), ("deadline", "2"), "COVERING INDEX ix_duty_open_agency"),
    (("SELECT task_id, min(reacted) FROM duty WHERE kind = ? AND opens_on <= ? AND state = 'open' "
      "GROUP BY task_id"), ("deadline", "2"), "COVERING INDEX ix_duty_open_task"),
    (("SELECT id FROM duty WHERE opens_on <= ? AND coalesce(kind, ?) = ? AND state = 'open' "
      "AND due_on < ? ORDER BY due_on, number LIMIT ?"), ("2", "update", "deadline", "2", 5),
     "COVERING INDEX ix_duty_open_due"),
]  # fmt: skip


@sqlite_only
def test_partial_indexes_agree_and_are_used(db: Database) -> None:
    """compare_metadata does not see their conditions, and SQLite passes over an index whose
    condition is worded otherwise than the query."""
    with closing(sqlite3.connect(sqlite_path(db.url) or "")) as raw:
        built = {
            name: sql.split(" WHERE ")[1]
            for name, sql in raw.execute("SELECT name, sql FROM sqlite_master WHERE type='index'")
            if sql and " WHERE " in sql
        }
        wanted = {
            str(index.name): str(index.dialect_options["sqlite"]["where"])
            for table in SQLModel.metadata.tables.values()
            for index in table.indexes
            if index.dialect_options["sqlite"]["where"] is not None
        }
        assert built == wanted
        for query, values, index in USED:
            plan = " ".join(row[3] for row in raw.execute(f"EXPLAIN QUERY PLAN {query}", values))
            assert index in plan, plan


@sqlite_only
def test_a_live_database_is_copied_aside_before_it_changes(db: Database) -> None:
    db.write_now(_put, "a")
    aside = db.backup(db._aside("0000", NOW))
    assert aside is not None
    assert aside.name == "dondoc.db.before-0000-20270105010000"
    check_backup(aside)


@sqlite_only
def test_a_newer_database_is_left_alone(db: Database, tmp_path: Path) -> None:
    db.write_now(_put, "a")
    db.write_now(lambda s: s.execute(text("UPDATE alembic_version SET version_num='9999'")))
    db.close()
    settings = Settings(database=DatabaseSection(url=db.url))
    with pytest.raises(DatabaseTrouble) as trouble:
        open_database(settings, NOW)
    _one_vietnamese_line(str(trouble.value))
    assert "mới hơn" in str(trouble.value)
    assert list(tmp_path.glob("*before*")) == []
    with closing(sqlite3.connect(tmp_path / "dondoc.db")) as raw:
        assert raw.execute("SELECT name FROM mark").fetchall() == [("a",)]


# -- backups and bad files ------------------------------------------------------------------------


@sqlite_only
async def test_backup_of_a_database_in_use(db: Database, tmp_path: Path) -> None:
    stop = asyncio.Event()

    async def keep_writing() -> None:
        number = 0
        while not stop.is_set():
            await db.write(_put, f"n{number}")
            number += 1

    writing = asyncio.create_task(keep_writing())
    await asyncio.sleep(0.05)
    target = tmp_path / "copies" / "one.db"
    await asyncio.to_thread(db.backup, target)
    stop.set()
    await writing
    check_backup(target)
    assert target.stat().st_mode & 0o077 == 0
    copy = Database(f"sqlite:///{target}")
    kept = [int(name[1:]) for name in marks(copy)]
    assert sorted(kept) == list(range(len(kept))), "what was committed up to some moment, whole"
    copy.close()


def _one_vietnamese_line(words: str) -> None:
    assert "\n" not in words
    assert any(letter in words for letter in "ơưăâđêôấếệỏộữ")


@pytest.mark.parametrize(
    "content", [b"not a database at all" * 100, b"SQLite format 3\0" + b"x" * 5000]
)
def test_a_file_that_is_no_database(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "dondoc.db"
    path.write_bytes(content)
    with pytest.raises(DatabaseTrouble) as trouble:
        open_database(Settings(database=DatabaseSection(url=f"sqlite:///{path}")), NOW)
    _one_vietnamese_line(str(trouble.value))
    assert path.read_bytes() == content


def test_a_folder_in_its_place(tmp_path: Path) -> None:
    (tmp_path / "dondoc.db").mkdir()
    url = f"sqlite:///{tmp_path / 'dondoc.db'}"
    with pytest.raises(DatabaseTrouble) as trouble:
        open_database(Settings(database=DatabaseSection(url=url)), NOW)
    _one_vietnamese_line(str(trouble.value))


@sqlite_only
def test_what_is_no_backup_is_refused(db: Database, tmp_path: Path) -> None:
    strange = tmp_path / "other.db"
    with closing(sqlite3.connect(strange)) as other:
        other.execute("CREATE TABLE t (x)")
    cut = tmp_path / "cut.db"
    copy_database(sqlite_path(db.url) or Path(), cut)
    cut.write_bytes(cut.read_bytes()[:-20_000])
    for path in (strange, cut, tmp_path / "absent.db"):
        with pytest.raises(DatabaseTrouble):
            check_backup(path)


# -- inserting once -------------------------------------------------------------------------------


def _rows(*names: str, value: str = "") -> list[dict[str, Any]]:
    return [{"name": name, "value": value, "at": NOW} for name in names]


def test_only_what_is_new_is_inserted_and_counted(db: Database) -> None:
    assert db.write_now(insert_new, Mark, _rows("a", "b")) == 2
    assert db.write_now(insert_new, Mark, _rows("b", "c", "c", "d")) == 2
    assert db.write_now(insert_new, Mark, []) == 0
    many = _rows(*(f"n{number}" for number in range(2500)))
    assert db.write_now(insert_new, Mark, many, chunk=999) == 2500


def test_known_rows_are_renewed_where_asked(db: Database) -> None:
    db.write_now(insert_new, Mark, [*_rows("a", value="old"), *_rows("b", value="kept")])
    renew = Renew("name", ("value",), Mark.__table__.c.value == "old")  # type: ignore[attr-defined]
    assert db.write_now(insert_new, Mark, _rows("a", "b", "c", value="new"), renew=renew) == 2
    values = db.read_now(lambda s: {mark.name: mark.value for mark in s.exec(select(Mark))})
    assert values == {"a": "new", "b": "kept", "c": "new"}


@pytest.mark.parametrize("url", ["mysql://x/y", "oracle://x"])
def test_another_kind_of_database_is_refused_in_one_line(url: str) -> None:
    with pytest.raises(DatabaseTrouble) as trouble:
        Database(url)
    _one_vietnamese_line(str(trouble.value))
    assert "postgresql+psycopg://" in str(trouble.value)
