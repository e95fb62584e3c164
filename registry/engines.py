"""The engines behind the door: how SQLite and PostgreSQL are opened, and which failures pass.

Both give the same promise: a write sees what every earlier write did, and none goes on beside it.
SQLite has one writer by nature. On PostgreSQL every write first takes the pen, an advisory lock of
the schema held until the transaction ends. READ COMMITTED, because a snapshot taken while waiting
for the pen would be older than the pen.
"""

import re
import sqlite3
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL, Dialect, ExceptionContext, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.util import LRUCache

BUSY_SECONDS = 15
READERS = 4
# The first half of our advisory locks' keys; the second is made from the schema and a name.
LOCKS = 0x646F6E
_STATEMENT_SECONDS = 60
# A server or a net that answers nothing is noticed within so many seconds.
_DEAD_SECONDS = 15
# A process that stands still is cut off after this: in the middle of a look, and with the pen in
# its hand, for which the others wait.
_IDLE_SECONDS = 60
_PEN_SECONDS = 20
PEN = f"SELECT pg_advisory_xact_lock({LOCKS}, hashtext(current_schema() || ':pen'))"
# Statements kept compiled; there are fewer in the whole program.
STATEMENTS = 1500
Shared = tuple[Dialect, LRUCache[Any, Any]]
_servers: dict[str, Shared] = {}
_SEARCH_PATH = re.compile(r"search_path\s*=\s*(\S+)")
# Deadlock, serialization, a lock waited for in vain, the server going down, starting or full.
_PASSING = ("40001", "40P01", "55P03", "57P01", "57P02", "57P03", "53300", "25P03")


class DatabaseTrouble(Exception):
    """The database cannot be used; the text says so in one Vietnamese line with what to do."""


class DatabaseDamaged(DatabaseTrouble):
    """The file itself is damaged. Trying again cannot help, and each write may make it worse."""


# Raised by whichever statement meets it, in whichever thread; kept here by the first.
Damage = Future[DatabaseDamaged]
_DAMAGE = "damage"
# Primary result codes; an extended code holds its own in the low byte.
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def sqlite_path(url: str) -> Path | None:
    """The file behind an SQLite URL, or None for any other database."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        return None
    return Path(parsed.database)


def place_of(url: str) -> str:
    """Which database an address names, however it is written and whoever logs in: the file, or the
    server, the database and the schema. Raises DatabaseTrouble for what is no address at all."""
    password_of(url)
    path = sqlite_path(url)
    if path is not None:
        return str(path.resolve())
    parsed = make_url(url)
    given = {name: " ".join([value] if isinstance(value, str) else value)
             for name, value in parsed.query.items()}  # fmt: skip
    host = (parsed.host or given.get("host", "")).lower()
    port = parsed.port or given.get("port", "") or 5432
    schema = _SEARCH_PATH.search(given.get("options", ""))
    return f"{host}:{port}/{parsed.database or ''}/{schema[1] if schema else 'public'}"


def password_of(url: str) -> str:
    """The secret in a database's address; "" for none. Raises DatabaseTrouble for what is no
    address at all."""
    try:
        return str(make_url(url).password or "") if url else ""
    except ArgumentError:
        raise DatabaseTrouble(
            "Địa chỉ cơ sở dữ liệu không đúng dạng; ví dụ "
            "postgresql+psycopg://dondoc:MẬT_KHẨU@máy-chủ/dondoc."
        ) from None


def engine_for(url: str, *, writer: bool) -> Engine:
    """One of the two engines of a database: every transaction of the writer's is a write, of the
    other's a look at one moment that cannot change anything."""
    backend = make_url(url).get_backend_name()
    if backend == "postgresql":
        return _postgresql(make_url(url), writer=writer)
    if backend != "sqlite":
        raise DatabaseTrouble(
            f"dondoc không dùng được cơ sở dữ liệu loại {backend}; [database] url nhận "
            "sqlite:///… hoặc postgresql+psycopg://…"
        )
    engine = _sharing(create_engine(url, **_pool(writer=writer)), _any_sqlite())
    _tune_sqlite(engine, writer=writer)
    return engine


def tell_of_damage(engine: Engine, found: Damage) -> None:
    """`found` is told when a statement of this engine meets a damaged file."""
    engine.update_execution_options(**{_DAMAGE: found})


def damaged(path: Path | str | None) -> DatabaseDamaged:
    """What is said of a damaged file."""
    return DatabaseDamaged(
        f"Không dùng được cơ sở dữ liệu: tệp hỏng hoặc không phải SQLite ({path}). Kiểm tra ổ đĩa, "
        "rồi phục hồi từ bản sao lưu gần nhất: dondoc restore TỆP."
    )


def _met(context: ExceptionContext) -> DatabaseDamaged | None:
    """A failure that means damage becomes one of ours, with nothing of the driver's words."""
    error = context.original_exception
    if not isinstance(error, sqlite3.Error) or code_of(error) not in _DAMAGED:
        return None
    engine = context.engine
    trouble = damaged(engine.url.database if engine is not None else None)
    found = engine.get_execution_options().get(_DAMAGE) if engine is not None else None
    if found is not None:
        with suppress(InvalidStateError):
            found.set_result(trouble)
    return trouble


def code_of(error: sqlite3.Error) -> int:
    """SQLite's primary result code; 0 where the driver gives none."""
    return (getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF


def _sharing(own: Engine, shared: Shared) -> Engine:
    """The engine with another one's compiled statements: the same few hundred for each committee
    of a process, a megabyte and a second's work. SQLAlchemy keeps them for each dialect object;
    connections and their settings stay the engine's own, with its pool."""
    dialect, compiled = shared
    return Engine(own.pool, dialect, own.url, execution_options={"compiled_cache": compiled})


@cache
def _any_sqlite() -> Shared:
    """What all SQLite files of the process share. A dialect has to have seen a connection."""
    engine = create_engine("sqlite://")
    # Heard by the dialect, and so for every file.
    event.listen(engine, "handle_error", _met)
    with engine.connect():
        pass
    engine.dispose()
    return engine.dialect, LRUCache(STATEMENTS)


def _on_a_server(own: Engine, kind: str) -> Engine:
    """Likewise for the schemas of one PostgreSQL server, from the first that has seen it on."""
    known = _servers.get(kind)
    if known is not None:
        return _sharing(own, known)

    @event.listens_for(own, "connect")
    def seen(_connection: Any, _record: object) -> None:
        _servers.setdefault(kind, (own.dialect, LRUCache(STATEMENTS)))

    return own


def _pool(*, writer: bool) -> dict[str, int]:
    return {"pool_size": 1 if writer else READERS, "max_overflow": 0 if writer else READERS}


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
        if writer:
            # A big plan touches more pages than the usual 2 MiB hold; they are taken as needed.
            cursor.execute("PRAGMA cache_size=-16000")
        cursor.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
        if not writer:
            cursor.execute("PRAGMA query_only=ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writer else "BEGIN")


def postgres_arguments(url: URL, idle: int = _IDLE_SECONDS) -> dict[str, Any]:
    """How a connection is made: what may wait how long, on both ends."""
    given = url.query.get("options", "")
    settings = {
        "timezone": "UTC",
        "lock_timeout": f"{BUSY_SECONDS}s",
        "statement_timeout": f"{_STATEMENT_SECONDS}s",
        "idle_in_transaction_session_timeout": f"{idle}s",
        "tcp_keepalives_idle": 5,
        "tcp_keepalives_interval": 3,
        "tcp_keepalives_count": 3,
    }
    ours = " ".join(f"-c {name}={value}" for name, value in settings.items())
    return {
        "options": f"{ours} {given if isinstance(given, str) else ' '.join(given)}".strip(),
        "connect_timeout": 5,
        "keepalives_idle": 5,
        "keepalives_interval": 3,
        "keepalives_count": 3,
        "tcp_user_timeout": _DEAD_SECONDS * 1000,
        "application_name": "dondoc",
    }


def _postgresql(url: URL, *, writer: bool) -> Engine:
    try:
        engine = create_engine(
            url,
            connect_args=postgres_arguments(url, _PEN_SECONDS if writer else _IDLE_SECONDS),
            pool_pre_ping=True,
            isolation_level="READ COMMITTED" if writer else "REPEATABLE READ",
            **_pool(writer=writer),
        )
        # What a dialect knows depends on the server's version, and with us on who writes.
        engine = _on_a_server(engine, f"{url.host} {url.port} {url.query.get('host')} {writer}")
    except ModuleNotFoundError:
        raise DatabaseTrouble(
            "Chưa cài phần mềm kết nối PostgreSQL; hãy chạy: pip install 'dondoc[postgres]', "
            'và viết [database] url = "postgresql+psycopg://…".'
        ) from None
    if not writer:
        return engine.execution_options(postgresql_readonly=True)

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql(PEN)

    return engine


def passing(error: BaseException) -> bool:
    """Whether the same work may go well a moment later: the connection is gone, or PostgreSQL
    asks to try again. What SQLite refuses, it has waited for already."""
    if not isinstance(error, DBAPIError) or isinstance(error.orig, sqlite3.Error):
        return False
    state = getattr(error.orig, "sqlstate", None)
    if state is None:
        return error.connection_invalidated or isinstance(error, OperationalError)
    return error.connection_invalidated or state in _PASSING or state.startswith("08")
