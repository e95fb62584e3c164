"""One door to the database: a single writer thread, a pool of readers, migrations, backups.

SQLite runs in WAL with synchronous=FULL; every write is one immediate transaction, so that reading
first and writing later can never meet "database is locked" half-way. PostgreSQL does the same by a
lock (`engines.py`). The event loop only awaits.
"""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from contextvars import copy_context
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import ColumnElement, Connection, inspect, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DatabaseError, DBAPIError
from sqlmodel import Session, SQLModel

from registry.bulk import insert_rows
from registry.engines import (
    READERS,
    Damage,
    DatabaseDamaged,
    DatabaseTrouble,
    damaged,
    engine_for,
    passing,
    password_of,
    place_of,
    sqlite_path,
    tell_of_damage,
)
from registry.migrations import HEAD
from registry.writing import WriteThread, cut_off, write_alone

__all__ = [
    "Database", "DatabaseDamaged", "DatabaseTrouble", "Renew", "check_backup", "copy_database",
    "insert_new", "password_of", "place_of", "sqlite_path",
]  # fmt: skip

P = ParamSpec("P")
T = TypeVar("T")

# Seconds between tries of somebody who waits at a command line, and of one who only looks.
BRIEFLY = (0.1, 0.5, 1.5)


class Database:
    """The registry's only handle. `write` and `read` take a function whose first argument is a
    Session; `write` runs it in one transaction (all or nothing), `read` in a read-only one.
    Whatever meets a damaged file raises DatabaseDamaged; `damage` holds the first.

    Raises DatabaseTrouble when the file cannot be opened.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        path = sqlite_path(url)
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        self._writer = engine_for(url, writer=True)
        self._reader = engine_for(url, writer=False)
        self.damage: Damage = Damage()
        for engine in (self._writer, self._reader):
            tell_of_damage(engine, self.damage)
        self._writes = WriteThread(self._writer)
        self._read_threads = ThreadPoolExecutor(READERS, thread_name_prefix="dondoc-read")

    def write_now(
        self, fn: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run `fn` in one transaction, in the calling thread."""
        if self.sqlite:
            with Session(self._writer, expire_on_commit=False) as session, session.begin():
                return fn(session, *args, **kwargs)
        return write_alone(self._writer, lambda session: fn(session, *args, **kwargs), BRIEFLY)

    def read_now(
        self, fn: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run `fn` on a read-only snapshot, in the calling thread."""
        pauses = iter(BRIEFLY)
        while True:
            try:
                with Session(self._reader, expire_on_commit=False) as session, session.begin():
                    return fn(session, *args, **kwargs)
            except DBAPIError as error:
                if not passing(error):
                    raise
                pause = next(pauses, None)
                if pause is None:
                    raise cut_off(error) from error
                time.sleep(pause)

    @property
    def sqlite(self) -> bool:
        """Whether this is a file of this machine, which one process works on at a time."""
        return self._writer.dialect.name == "sqlite"

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
        context = copy_context()
        return await loop.run_in_executor(
            self._read_threads, context.run, lambda: self.read_now(fn, *args, **kwargs)
        )

    async def slim(self) -> None:
        """Give back what a big piece of work has filled: SQLite keeps its pages for the next one,
        which may come a day later."""
        if self.sqlite:
            await self.write(_shrink)

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
                return self._revision(connection)
        except DatabaseError as error:
            if self.sqlite:
                raise
            raise unreachable(error) from error

    def check(self) -> None:
        """Read all of an SQLite file, which takes seconds for a big one. Raises DatabaseDamaged
        where it is not sound."""
        if self.sqlite and self.read_now(_fault) != "ok":
            raise damaged(sqlite_path(self.url))

    @staticmethod
    def _revision(connection: Connection) -> str | None:
        if not inspect(connection).has_table("alembic_version"):
            return None
        found = connection.execute(text("SELECT version_num FROM alembic_version"))
        return found.scalar_one_or_none()

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
            # Of several processes that start at once on PostgreSQL, the first one does it.
            if self._revision(connection) == current:
                self._unhurried(connection)
                schema.upgrade(connection)
        return True

    @staticmethod
    def _unhurried(connection: Connection) -> None:
        """A change of the schema takes as long as it takes."""
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL statement_timeout = 0"))

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


def _fault(session: Session) -> str:
    found = session.connection().exec_driver_sql("PRAGMA integrity_check(1)")
    first: str = found.scalar_one()
    return first


def _shrink(session: Session) -> None:
    session.connection().exec_driver_sql("PRAGMA shrink_memory")


def unreachable(error: DatabaseError) -> DatabaseTrouble:
    """Why a PostgreSQL server cannot be used, without the words of the driver: they may hold the
    address and the name of the user."""
    state = getattr(error.orig, "sqlstate", None)
    words = str(error.orig)
    if state == "28P01" or "password" in words:
        why = "sai tên đăng nhập hoặc mật khẩu"
    elif state == "3D000" or "does not exist" in words:
        why = "không có cơ sở dữ liệu hoặc người dùng này"
    elif state == "42501":
        why = "người dùng này thiếu quyền"
    else:
        why = "máy chủ không trả lời"
    return DatabaseTrouble(
        f"Không kết nối được PostgreSQL: {why}; kiểm tra [database] url và máy chủ."
    )


def copy_database(source: Path, target: Path) -> None:
    """Copy an SQLite database, even one in use, into a file only its owner can read."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.touch(mode=0o600)
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)


def check_backup(path: Path, stop: Callable[[], bool] = lambda: False) -> None:
    """Raises DatabaseTrouble unless the file is a whole SQLite database of ours; `stop` is asked
    now and then, and ends the look as if it were none."""
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as db:
            db.set_progress_handler(stop, 10_000)
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
    make: Any = sqlite.insert
    if session.get_bind().dialect.name == "postgresql":
        # Two MiB that an installation on SQLite never needs.
        from sqlalchemy.dialects import postgresql  # noqa: PLC0415

        make = postgresql.insert
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
