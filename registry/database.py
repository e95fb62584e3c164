"""One door to the database: a single writer thread, a pool of readers, migrations, backups.

SQLite runs in WAL with synchronous=FULL; every write is one immediate transaction, so that reading
first and writing later can never meet "database is locked" half-way. The event loop only awaits.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import ColumnElement, Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError
from sqlmodel import Session, SQLModel

from registry.bulk import insert_rows
from registry.migrations import HEAD

P = ParamSpec("P")
T = TypeVar("T")

BUSY_SECONDS = 15
READERS = 4
GROUP = 64


class DatabaseTrouble(Exception):
    """The database cannot be used; the text says so in one Vietnamese line with what to do."""


def sqlite_path(url: str) -> Path | None:
    """The file behind an SQLite URL, or None for any other database."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        return None
    return Path(parsed.database)


def _tune_sqlite(engine: Engine, *, writer: bool) -> None:
    @event.listens_for(engine, "connect")
    def connect(connection: sqlite3.Connection, _record: object) -> None:
        # The driver must not open transactions by itself: "begin" below chooses their kind.
        connection.isolation_level = None
        cursor = connection.cursor()
        mode = cursor.execute("PRAGMA journal_mode=WAL").fetchone()[0]
        if mode != "wal":
            raise DatabaseTrouble(f"SQLite không bật được chế độ WAL (đang là {mode}).")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
        if not writer:
            cursor.execute("PRAGMA query_only=ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writer else "BEGIN")


def _engine(url: str, *, writer: bool) -> Engine:
    pool = {"pool_size": 1 if writer else READERS, "max_overflow": 0 if writer else READERS}
    engine = create_engine(url, **pool)
    if engine.dialect.name == "sqlite":
        _tune_sqlite(engine, writer=writer)
    return engine


class _WriteThread:
    """The one writer. Whatever has queued up while a commit was on its way to the disk shares the
    next transaction, each piece of work behind its own savepoint: the price of a durable commit is
    paid once for all of them, and a piece that fails takes back only itself."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._queue: SimpleQueue[tuple[Callable[[Session], Any], Future[Any]] | None] = (
            SimpleQueue()
        )
        self._thread: Thread | None = None
        self._closed = False

    def submit(self, work: Callable[[Session], T]) -> "Future[T]":
        if self._closed:
            raise DatabaseTrouble("Cơ sở dữ liệu đã đóng.")
        if self._thread is None:
            self._thread = Thread(target=self._run, name="dondoc-write", daemon=True)
            self._thread.start()
        future: Future[T] = Future()
        self._queue.put((work, future))
        return future

    def close(self) -> None:
        """Finish what was handed over, then stop."""
        self._closed = True
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()

    def _run(self) -> None:
        while (job := self._queue.get()) is not None:
            jobs = [job]
            last = False
            while len(jobs) < GROUP and not self._queue.empty():
                more = self._queue.get()
                if more is None:
                    last = True
                    break
                jobs.append(more)
            self._together(jobs)
            if last:
                return

    def _together(self, jobs: list[tuple[Callable[[Session], Any], Future[Any]]]) -> None:
        done: list[tuple[Future[Any], Any]] = []
        try:
            with self._engine.connect() as connection, connection.begin():
                for work, future in jobs:
                    try:
                        done.append((future, self._one(connection, work)))
                    except Exception as error:  # noqa: BLE001 -- handed to whoever asked
                        future.set_exception(error)
                        _check_transaction(connection)
        except Exception as error:  # noqa: BLE001 -- no commit: nobody's work has happened
            for _, future in jobs:
                if not future.done():
                    future.set_exception(error)
            return
        for future, result in done:
            future.set_result(result)

    @staticmethod
    def _one(connection: Connection, work: Callable[[Session], T]) -> T:
        with (
            Session(
                connection, join_transaction_mode="create_savepoint", expire_on_commit=False
            ) as session,
            session.begin(),
        ):
            return work(session)


def _check_transaction(connection: Connection) -> None:
    """On a full disk SQLite may end the whole transaction by itself, and would go on without it:
    what earlier pieces of work wrote is gone then, and they must hear of it."""
    raw = connection.connection.dbapi_connection
    if isinstance(raw, sqlite3.Connection) and not raw.in_transaction:
        raise DatabaseTrouble("Cơ sở dữ liệu đã hủy cả giao dịch; kiểm tra dung lượng đĩa.")


class Database:
    """The registry's only handle. `write` and `read` take a function whose first argument is a
    Session; `write` runs it in one transaction (all or nothing), `read` in a read-only one.

    Raises DatabaseTrouble when the file cannot be opened.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        path = sqlite_path(url)
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        self._writer = _engine(url, writer=True)
        self._reader = _engine(url, writer=False)
        self._writes = _WriteThread(self._writer)
        self._read_threads = ThreadPoolExecutor(READERS, thread_name_prefix="dondoc-read")

    def write_now(
        self, fn: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run `fn` in one transaction, in the calling thread."""
        with Session(self._writer, expire_on_commit=False) as session, session.begin():
            return fn(session, *args, **kwargs)

    def read_now(
        self, fn: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run `fn` on a read-only snapshot, in the calling thread."""
        with Session(self._reader, expire_on_commit=False) as session, session.begin():
            return fn(session, *args, **kwargs)

    async def write(
        self, fn: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run `fn` in one transaction on the writer thread; returns after the commit. What was
        handed over is carried out even if the caller is cancelled."""
        future = self._writes.submit(lambda session: fn(session, *args, **kwargs))
        return await asyncio.shield(asyncio.wrap_future(future))

    async def read(
        self, fn: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run `fn` on a read-only snapshot in the reader pool."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._read_threads, lambda: self.read_now(fn, *args, **kwargs)
        )

    def close(self) -> None:
        """Wait for the running transaction, then let go of files and threads."""
        self._writes.close()
        self._read_threads.shutdown(wait=True)
        self._writer.dispose()
        self._reader.dispose()

    # -- schema ---------------------------------------------------------------------------------

    def revision(self) -> str | None:
        """The schema's revision in the database; None where there is no schema yet."""
        try:
            with self._writer.connect() as connection:
                if not inspect(connection).has_table("alembic_version"):
                    return None
                found = connection.execute(text("SELECT version_num FROM alembic_version"))
                return found.scalar_one_or_none()
        except DatabaseError as error:
            raise DatabaseTrouble(
                "Không mở được cơ sở dữ liệu: tệp hỏng hoặc không phải SQLite. "
                "Hãy phục hồi từ bản sao lưu gần nhất."
            ) from error

    def migrate(self, now: datetime) -> bool:
        """Bring the schema up to date; True if anything changed. An existing SQLite file is copied
        aside first (NAME.before-REVISION). Raises DatabaseTrouble for a newer version's."""
        current = self.revision()
        if current == HEAD:
            return False
        from registry import schema  # noqa: PLC0415 -- loads Alembic, which is heavy

        if current is not None and not schema.known(current):
            raise DatabaseTrouble(
                f"Cơ sở dữ liệu do một phiên bản dondoc mới hơn tạo ra ({current}); "
                "hãy cài phiên bản đó, hoặc phục hồi từ bản sao lưu trước khi nâng cấp."
            )
        if current is not None:
            self.backup(self._aside(current, now))
        with self._writer.begin() as connection:
            schema.upgrade(connection)
        return True

    def _aside(self, revision: str, now: datetime) -> Path:
        path = sqlite_path(self.url)
        if path is None:
            return Path(f"before-{revision}-{now:%Y%m%d%H%M%S}")
        return path.with_name(f"{path.name}.before-{revision}-{now:%Y%m%d%H%M%S}")

    def backup(self, target: Path) -> Path | None:
        """Copy a live SQLite database with the online backup API; None for other databases."""
        path = sqlite_path(self.url)
        if path is None:
            return None
        copy_database(path, target)
        return target


def copy_database(source: Path, target: Path) -> None:
    """Copy an SQLite database, even one in use, into a file only its owner can read."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.touch(mode=0o600)
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)


def check_backup(path: Path) -> None:
    """Raises DatabaseTrouble unless the file is a whole SQLite database of ours."""
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            sound = db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
            db.execute("SELECT version_num FROM alembic_version")
    except sqlite3.Error:
        sound = False
    if not sound:
        raise DatabaseTrouble(f"{path} không phải bản sao lưu nguyên vẹn của dondoc.")


@dataclass(frozen=True, slots=True)
class Renew:
    """A row whose unique column `key` is known takes the new values of `columns`, if it is one of
    those that `where` names."""

    key: str
    columns: tuple[str, ...]
    where: ColumnElement[bool]


def insert_new(
    session: Session,
    table: type[SQLModel],
    rows: Iterable[dict[str, Any]],
    *,
    renew: Renew | None = None,
    chunk: int = 1000,
) -> int:
    """Insert the rows whose unique keys are not there yet; return how many came in."""
    make = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    statement = make(table.__table__)  # type: ignore[attr-defined]
    if renew is None:
        statement = statement.on_conflict_do_nothing()
    else:
        statement = statement.on_conflict_do_update(
            index_elements=[renew.key],
            set_={column: statement.excluded[column] for column in renew.columns},
            where=renew.where,
        )
    connection = session.connection()
    added = 0
    waiting = iter(rows)
    # One statement run for each row by the driver: a long VALUES list costs seven times as much.
    while part := list(islice(waiting, chunk)):
        added += insert_rows(connection, statement, part)
    return added
