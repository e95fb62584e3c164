"""What is PostgreSQL's own: several writers, a server that goes away, posts that change hands."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, select, text

from bot.opening import open_database
from bot.settings import DatabaseSection, Settings
from registry import claiming, engines, inbound, outbox, people, posts, writing
from registry.database import Database, DatabaseTrouble
from registry.marks import get, put
from registry.notices import put_text
from registry.people import Chat
from registry.posts import SENDER, Shared
from registry.tables import Mark
from registry.types import NoticeKind
from tests.fakes import postgres
from tests.fakes.channel import FakeChannel, says
from tests.fakes.databases import needs_postgres
from tests.registry.test_inbound import Fussy, dispatcher

pytestmark = needs_postgres
NOW = datetime(2027, 1, 5, 1, tzinfo=UTC)


@pytest.fixture
def url() -> str:
    return postgres.fresh()


@pytest.fixture
def db(url: str) -> Iterator[Database]:
    database = Database(url)
    yield database
    database.close()


def names(db: Database) -> list[str]:
    return sorted(db.read_now(lambda s: s.exec(select(Mark.name)).all()))


def cut(db: Database, name: str = "dondoc") -> int:
    """End every other session of the database, as a server that restarts does."""
    other = text(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid() "
        "AND application_name = :name"
    )
    killer = Database(db.url)
    try:
        return int(killer.read_now(lambda s: s.execute(other, {"name": name}).scalar_one()))
    finally:
        killer.close()


def add_one(session: Session) -> None:
    """Read, then write: what two writers at once would get wrong."""
    mark = get(session, "count")
    put(session, "count", str(int(mark.value) + 1 if mark is not None else 1), NOW)


async def test_no_count_is_lost_between_processes(db: Database) -> None:
    others = [Database(db.url) for _ in range(3)]
    try:
        await asyncio.gather(*(one.write(add_one) for one in (db, *others) for _ in range(25)))
    finally:
        for one in others:
            one.close()
    mark = db.read_now(get, "count")
    assert mark is not None
    assert mark.value == "100"


async def test_writes_wait_for_a_server_that_restarts(db: Database) -> None:
    await db.write(put, "before", "", NOW)
    cut(db)
    await db.write(put, "after", "", NOW)
    assert names(db) == ["after", "before"]


async def test_work_cut_off_half_way_is_done_anew_and_once(db: Database) -> None:
    tries: list[int] = []
    await db.write(add_one)

    def cut_short(session: Session) -> None:
        add_one(session)
        session.flush()
        tries.append(1)
        if len(tries) == 1:
            threading.Thread(target=cut, args=(db,)).start()
            session.execute(text("SELECT pg_sleep(5)"))

    await db.write(cut_short)
    mark = db.read_now(get, "count")
    assert mark is not None
    assert (len(tries), mark.value) == (2, "2")


class _Deaf:
    """A connection whose commit takes place, or not, and whose answer never comes."""

    def __init__(self, db: Database, *, commits: bool) -> None:
        self.db, self.commits, self.cut = db, commits, 0

    def __call__(self, real: Any) -> Any:
        def commit(dbapi: Any) -> None:
            if self.cut:
                return real(dbapi)
            self.cut += 1
            if self.commits:
                real(dbapi)
            dbapi.driver_connection.close()
            raise _gone()

        return commit


def _gone() -> Exception:
    import psycopg  # noqa: PLC0415 -- an extra

    return psycopg.OperationalError("server closed the connection unexpectedly")


@pytest.mark.parametrize("commits", [True, False])
async def test_a_commit_without_an_answer_is_looked_up(db: Database, *, commits: bool) -> None:
    await db.write(add_one)
    deaf = _Deaf(db, commits=commits)
    dialect = db._writer.dialect
    dialect.do_commit = deaf(dialect.do_commit)  # type: ignore[method-assign]
    await db.write(add_one)
    assert deaf.cut == 1
    mark = db.read_now(get, "count")
    assert mark is not None
    assert mark.value == "2", "once, whether the answer came or not"


async def test_who_stands_still_with_the_pen_is_cut_off(
    db: Database, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a process does that was stopped in the middle of a write: the others wait for it, then go
    on; when it goes on itself, its work is done anew, once."""
    monkeypatch.setattr(engines, "_PEN_SECONDS", 1)
    stopped, tries = Database(url), [0]

    def stop(session: Session) -> None:
        add_one(session)
        session.flush()
        tries[0] += 1
        if tries[0] == 1:
            has_the_pen.set()
            others_went_on.wait(10)

    has_the_pen, others_went_on = threading.Event(), threading.Event()
    try:
        held = asyncio.ensure_future(stopped.write(stop))
        assert await asyncio.to_thread(has_the_pen.wait, 10)
        await db.write(add_one)
        others_went_on.set()
        await held
    finally:
        others_went_on.set()
        stopped.close()
    mark = db.read_now(get, "count")
    assert mark is not None
    assert (tries[0], mark.value) == (2, "2")


async def test_who_waits_too_long_hears_of_it(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "PAUSES", (0.01,))

    def lost(_session: Session) -> None:
        raise OperationalError("", None, _gone(), connection_invalidated=True)

    with pytest.raises(DatabaseTrouble, match="Mất kết nối"):
        await db.write(lost)
    await db.write(put, "later", "", NOW)


def test_a_look_is_repeated_on_a_new_connection(db: Database) -> None:
    db.write_now(put, "a", "", NOW)
    assert names(db) == ["a"]
    cut(db)
    assert names(db) == ["a"]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("postgresql+psycopg://dondoc@/absent?host={folder}", "không có cơ sở dữ liệu"),
        ("postgresql+psycopg://dondoc@/absent?host=/nowhere", "không trả lời"),
    ],
)
def test_what_is_wrong_with_the_address_is_said_without_it(wrong: str, words: str) -> None:
    wrong = wrong.format(folder=postgres.cluster())
    with pytest.raises(DatabaseTrouble) as trouble:
        open_database(Settings(database=DatabaseSection(url=wrong)), NOW)
    assert words in str(trouble.value)
    assert "absent" not in str(trouble.value)
    assert "nowhere" not in str(trouble.value)


async def test_two_that_start_at_once_migrate_once() -> None:
    url = postgres.empty()
    both = [Database(url), Database(url)]
    await asyncio.gather(*(asyncio.to_thread(one.migrate, NOW) for one in both))
    assert both[0].revision() is not None
    for one in both:
        one.close()


# -- posts ----------------------------------------------------------------------------------------


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("BEAT", 0.02), ("SETTLE", 0.1), ("AGAIN", 0.05)):
        monkeypatch.setattr(posts, name, value)


async def _within(waiting: Any) -> None:
    await asyncio.wait_for(waiting, 10)


@pytest.mark.usefixtures("quick")
async def test_a_post_has_one_holder_and_is_handed_over(db: Database, url: str) -> None:
    async with AsyncExitStack() as stack:
        second = await stack.enter_async_context(Shared(url, (SENDER,)))
        await _within(second.until(SENDER, mine=True))
        async with Shared(url, (SENDER,)) as first:
            await asyncio.sleep(0.3)
            assert not first.mine(SENDER)
            assert db.read_now(second.sure, SENDER)
            assert not db.read_now(first.sure, SENDER)
            await stack.aclose()
            await _within(first.until(SENDER, mine=True))
            assert db.read_now(first.sure, SENDER)
            assert not db.read_now(second.sure, SENDER)


@pytest.mark.usefixtures("quick")
async def test_a_holder_that_loses_its_session_stops(db: Database, url: str) -> None:
    async with Shared(url, (SENDER,)) as one:
        await _within(one.until(SENDER, mine=True))
        cut(db)
        assert not db.read_now(one.sure, SENDER), "the database knows before the process does"
        await _within(one.until(SENDER, mine=False))
        await _within(one.until(SENDER, mine=True))


@pytest.mark.usefixtures("quick")
async def test_a_call_is_heard_by_the_others(db: Database, url: str) -> None:
    heard = asyncio.Event()
    async with Shared(url, (SENDER,)) as one:
        one.called = heard.set
        await _within(one.until(SENDER, mine=True))
        await db.write(posts.call)
        await _within(heard.wait())


# -- claims, committees ---------------------------------------------------------------------------


def _due(session: Session) -> None:
    chat = Chat("telegram", "1", "private", "1", name="Lan")
    contact = people.ensure_contact(session, chat, NOW)
    for key in ("a", "b"):
        put_text(session, NoticeKind.ALERT, key, f"tin {key}", NOW, contact_id=contact.id)


def test_a_claim_passes_by_what_somebody_is_changing(db: Database, url: str) -> None:
    db.write_now(_due)
    with psycopg_of(url) as other:
        other.execute("SELECT id FROM notice WHERE key = 'a' FOR UPDATE")
        claimed = db.write_now(claiming.claim, NOW, channels=["telegram"])
        assert [item.notice.key for batch in claimed for item in batch.items] == ["b"]
        other.rollback()
    assert db.write_now(claiming.claim, NOW, channels=["telegram"], busy=[]) != []


def test_what_somebody_changes_by_hand_is_not_given_back_but_holds_nobody_up(
    db: Database, url: str
) -> None:
    db.write_now(_due)
    first = db.write_now(claiming.claim, NOW, channels=["telegram"])
    later = NOW + outbox.LEASE + timedelta(seconds=1)
    with psycopg_of(url) as other:
        other.execute("SELECT id FROM notice WHERE key = 'a' FOR UPDATE")
        again = db.write_now(claiming.claim, later, channels=["telegram"])
        assert [item.notice.key for batch in again for item in batch.items] == ["b"]
        other.rollback()
    assert [item.notice.key for batch in first for item in batch.items] == ["a"]
    assert db.write_now(outbox.release_expired, later) == 1


async def test_an_update_somebody_changes_by_hand_holds_nobody_up(db: Database, url: str) -> None:
    db.write_now(inbound.store, "fake", [(who, says(who, "xin chào")) for who in "12"], NOW)
    handling = dispatcher(db, Fussy(), FakeChannel())
    with psycopg_of(url) as other:
        other.execute("SELECT id FROM inbound WHERE update_key = '1' FOR UPDATE")
        assert await asyncio.wait_for(handling.drain(), 10) == 1
        other.rollback()
    assert await handling.drain() == 1


def psycopg_of(url: str) -> Any:
    import psycopg  # noqa: PLC0415 -- an extra

    parsed = make_url(url)
    return psycopg.connect(
        f"host={parsed.query['host']} user={parsed.username} dbname={parsed.database}"
    )


@pytest.mark.usefixtures("quick")
async def test_committees_on_schemas_of_their_own_do_not_meet() -> None:
    """One database, two schemas: neither rows, nor numbers, nor posts, nor calls cross."""
    url = postgres.empty()
    with psycopg_of(url) as maker:
        for name in ("tinh_a", "tinh_b"):
            maker.execute(f"CREATE SCHEMA {name}")
        maker.commit()
    urls = [f"{url}&options=-csearch_path%3D{name}" for name in ("tinh_a", "tinh_b")]
    both = [Database(each) for each in urls]
    try:
        for number, one in enumerate(both):
            assert one.migrate(NOW)
            one.write_now(put, f"only {number}", "", NOW)
            one.write_now(_due)
        assert [names(one) for one in both] == [["only 0"], ["only 1"]]
        assert len(both[0].write_now(claiming.claim, NOW, channels=["telegram"])) == 1
        assert len(both[1].write_now(claiming.claim, NOW, channels=["telegram"])) == 1
        heard = asyncio.Event()
        async with Shared(urls[0], (SENDER,)) as first, Shared(urls[1], (SENDER,)) as second:
            second.called = heard.set
            await _within(first.until(SENDER, mine=True))
            await _within(second.until(SENDER, mine=True))
            assert both[0].read_now(first.sure, SENDER)
            assert not both[1].read_now(first.sure, SENDER), "a post of another committee"
            await both[0].write(posts.call)
            await asyncio.sleep(0.2)
            assert not heard.is_set()
    finally:
        for one in both:
            one.close()
