"""One door to the database: a single writer thread, a pool of readers, migrations, backups.

SQLite runs in WAL with synchronous=FULL; every write is one immediate transaction, so that reading
first and writing later can never meet "database is locked" half-way. The event loop only awaits.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError
from sqlmodel import Session, SQLModel

P = ParamSpec("P")
T = TypeVar("T")

BUSY_SECONDS = 15
READERS = 4


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
        self._write_thread = ThreadPoolExecutor(1, thread_name_prefix="dondoc-write")
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
        """Run `fn` in one transaction on the writer thread. A started transaction is finished even
        if the caller is cancelled."""
        loop = asyncio.get_running_loop()
        call = loop.run_in_executor(self._write_thread, lambda: self.write_now(fn, *args, **kwargs))
        return await asyncio.shield(call)

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
        self._write_thread.shutdown(wait=True)
        self._read_threads.shutdown(wait=True)
        self._writer.dispose()
        self._reader.dispose()

    # -- schema ---------------------------------------------------------------------------------

    def revision(self) -> str | None:
        """The schema's revision in the database; None where there is no schema yet."""
        try:
            with self._writer.connect() as connection:
                return MigrationContext.configure(connection).get_current_revision()
        except DatabaseError as error:
            raise DatabaseTrouble(
                "Không mở được cơ sở dữ liệu: tệp hỏng hoặc không phải SQLite. "
                "Hãy phục hồi từ bản sao lưu gần nhất."
            ) from error

    def migrate(self, now: datetime) -> bool:
        """Bring the schema up to date; True if anything changed. An existing SQLite file is copied
        aside first (NAME.before-REVISION)."""
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        head = ScriptDirectory.from_config(config).get_current_head()
        current = self.revision()
        if current == head:
            return False
        if current is not None:
            self.backup(self._aside(current, now))
        with self._writer.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
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
        target.parent.mkdir(parents=True, exist_ok=True)
        with sqlite3.connect(path) as source, sqlite3.connect(target) as copy:
            source.backup(copy)
        target.chmod(0o600)
        copy.close()
        source.close()
        return target


def insert_new(
    session: Session, table: type[SQLModel], rows: Iterable[dict[str, Any]], chunk: int = 400
) -> int:
    """Insert the rows whose unique keys are not there yet; return how many were new."""
    make = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    statement = make(table.__table__).on_conflict_do_nothing()  # type: ignore[attr-defined]
    batch: list[dict[str, Any]] = list(rows)
    added = 0
    for start in range(0, len(batch), chunk):
        part: Sequence[dict[str, Any]] = batch[start : start + chunk]
        added += session.connection().execute(statement.values(part)).rowcount
    return added
