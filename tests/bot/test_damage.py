"""A database file that turns out damaged, or cannot be written to: what is said, and what is not
done any more."""

import asyncio
import contextlib
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import Session, select, update

from bot import damage
from bot.damage import until_damaged
from bot.doctor import soundness
from bot.opening import damage_note, open_database
from bot.settings import Paths, Settings
from registry import marks, people
from registry.database import Database, DatabaseDamaged, DatabaseTrouble
from registry.disk import cannot_store, in_words
from registry.people import Chat
from registry.tables import Agency, Completion, Mark, Notice
from registry.types import NoticeState, Role
from reports.render import Renderer
from tests.fakes.databases import fresh, spoil, sqlite_only

pytestmark = sqlite_only
NOW = datetime(2026, 9, 10, 1, tzinfo=UTC)
LINE = "tệp hỏng hoặc không phải SQLite"


def staffed(folder: Path) -> Database:
    """A database with somebody at the desk."""

    def bind(session: Session) -> None:
        chat = Chat("console", "thao", "private", "thao", name="Đỗ Thị Thảo")
        contact = people.ensure_contact(session, chat, NOW)
        people.bind(session, contact, chat.name, Role.STAFF, None, NOW, "2026-11")

    db = fresh(folder)
    db.write_now(bind)
    return db


def broken(folder: Path, table: str) -> Database:
    """The same with a page of a table spoiled, opened again."""
    staffed(folder).close()
    spoil(folder / "dondoc.db", table)
    return Database(f"sqlite:///{folder / 'dondoc.db'}")


def completions(session: Session) -> int:
    return len(session.exec(select(Completion)).all())


async def ended(db: Database) -> str:
    """What the watch ends with, once somebody has met the damage; the outbox sends all at once."""

    def send() -> None:
        db.write_now(lambda session: session.execute(update(Notice).values(state=NoticeState.SENT)))

    watch = asyncio.create_task(until_damaged(db, Renderer(None), lambda: NOW, send))
    await asyncio.sleep(0)
    with pytest.raises(DatabaseDamaged):
        await db.read(completions)
    with pytest.raises(DatabaseDamaged) as said:
        await watch
    return str(said.value)


async def test_damage_is_one_line_and_lasting(tmp_path: Path) -> None:
    with contextlib.closing(broken(tmp_path, "completion")) as db:
        assert db.read_now(lambda session: session.exec(select(Agency)).all()) == []
        assert not db.damage.done(), "what is whole can be used"
        for work in (db.read, db.write):
            with pytest.raises(DatabaseDamaged, match=LINE) as met:
                await work(completions)
            assert len(str(met.value).splitlines()) == 1
            assert str(tmp_path / "dondoc.db") in str(met.value)
            assert not cannot_store(met.value), "no use in trying again"
        assert LINE in str(db.damage.result(0))


async def test_who_meets_damage_takes_nobody_along(tmp_path: Path) -> None:
    """What queues up shares a transaction, and one that has met damage cannot be committed."""
    begun, go = threading.Event(), threading.Event()

    def hold(_session: Session) -> None:
        begun.set()
        go.wait(10)

    with contextlib.closing(broken(tmp_path, "completion")) as db:
        holding = asyncio.create_task(db.write(hold))
        await asyncio.to_thread(begun.wait, 10)
        works = [
            db.write(completions),
            db.write(marks.put, "whole", "", NOW),
            db.write(completions),
        ]
        waiting = asyncio.gather(*works, return_exceptions=True)
        await asyncio.sleep(0)
        go.set()
        met, kept, again = await waiting
        await holding
        assert isinstance(met, DatabaseDamaged)
        assert isinstance(again, DatabaseDamaged)
        assert kept is None
        assert db.read_now(marks.get, "whole") is not None


async def test_a_refused_row_or_a_lock_is_no_damage(tmp_path: Path) -> None:
    def twice(session: Session) -> None:
        for _ in range(2):
            session.connection().exec_driver_sql(
                "INSERT INTO mark (name, value, at) VALUES ('twin', '', '2027-01-05')"
            )

    with contextlib.closing(fresh(tmp_path)) as db:
        with contextlib.suppress(Exception):
            await db.write(twice)
        assert not db.damage.done()


async def test_staff_hear_of_it_and_the_work_ends(tmp_path: Path) -> None:
    with contextlib.closing(broken(tmp_path, "completion")) as db:
        assert LINE in await ended(db)
        (notice,) = db.read_now(lambda session: session.exec(select(Notice)).all())
    assert "Trợ lý dừng làm việc" in notice.payload


async def test_it_ends_also_where_nobody_can_be_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broken(tmp_path, "completion").close()
    spoil(tmp_path / "dondoc.db", "notice")
    with contextlib.closing(Database(f"sqlite:///{tmp_path / 'dondoc.db'}")) as db:
        assert LINE in await ended(db)
    assert "staff may not know" in caplog.text


async def test_a_messenger_that_is_away_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(damage, "TELL_WITHIN", 0.01)
    with contextlib.closing(broken(tmp_path, "completion")) as db:
        watch = asyncio.create_task(until_damaged(db, Renderer(None), lambda: NOW, lambda: None))
        await asyncio.sleep(0)
        with pytest.raises(DatabaseDamaged):
            await db.read(completions)
        with pytest.raises(DatabaseDamaged):
            await watch


async def test_the_next_start_looks_at_every_page(tmp_path: Path) -> None:
    with contextlib.closing(broken(tmp_path, "completion")) as db:
        await ended(db)
    settings = Settings(paths=Paths(data_dir=tmp_path))
    for _ in range(2):
        with pytest.raises(DatabaseDamaged, match=LINE):
            open_database(settings, NOW)
    # Put back by hand, without `dondoc restore`.
    fresh(tmp_path).close()
    open_database(settings, NOW).close()
    note = damage_note(settings.database_url)
    assert note is not None
    assert not note.exists()


def test_doctor_reads_what_nobody_asked_for(tmp_path: Path) -> None:
    with contextlib.closing(fresh(tmp_path)) as db:
        assert soundness(db).ok
        assert "nguyên vẹn" in soundness(db).line
    with contextlib.closing(broken(tmp_path, "completion")) as db:
        assert not soundness(db).ok
        assert LINE in soundness(db).line


def test_a_full_disk_is_called_so(tmp_path: Path) -> None:
    def flood(session: Session) -> None:
        pages = session.connection().exec_driver_sql("PRAGMA page_count").scalar_one()
        session.connection().exec_driver_sql(f"PRAGMA max_page_count={pages + 1}")
        for number in range(50):
            session.add(Mark(name=f"flood{number}", value="x" * 2000, at=NOW))
        session.flush()

    with contextlib.closing(fresh(tmp_path)) as db:
        full = pytest.raises(DatabaseTrouble, match="đĩa đầy hoặc hết hạn mức; giải phóng")
        with full, in_words(db.url):
            db.write_now(flood)
