"""Posts: work that one process does at a time, however many share a PostgreSQL database.

A post is an advisory lock of a session of its own: polling one bot, sending, the ticks. Who does
not hold it stands by. A holder that dies loses its session, and with it the post, at
once. One that loses its session and lives notices within a beat and stops; whoever comes after it
waits a little longer than that before it begins. A look in the transaction that claims
(`sure`) leaves nothing to timing: what it finds is what the database knows.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Collection
from contextvars import copy_context
from threading import Event, Thread
from types import TracebackType
from typing import Any, Protocol, Self

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool
from sqlmodel import Session

from registry.engines import LOCKS, postgres_arguments

log = logging.getLogger(__name__)

SCHEDULER = "scheduler"
# All bots' messages leave through one process: whether a messenger is cut off, spent, or passed
# over for a person's other one is one decision, and a token's rate is kept where it is known.
SENDER = "sender"
# No post: what every process does.
ANYBODY = ""
# Seconds. A beat asks for what is not held and shows that the session lives.
BEAT = 0.5
SETTLE = 2.0
AGAIN = 1.0
# An answer to a beat that takes longer is none: less than the server takes to give us up.
_DEAF_MS = 3000
# A process that is stopped, not dead, gives its posts up after this.
_STOPPED = "10s"

_KEY = f"{LOCKS}, hashtext(current_schema() || ':' || :name)"
_TRY = text(f"SELECT pg_try_advisory_lock({_KEY})")
_PATIENCE = text(
    "SELECT set_config(name, :seconds, false) FROM pg_settings WHERE name = 'idle_session_timeout'"
)
_HELD = text(
    "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND pid = :pid"  # noqa: S608 -- our own number
    f" AND classid = {LOCKS} AND database = (SELECT oid FROM pg_database WHERE datname ="
    " current_database()) AND objid = (hashtext(current_schema() || ':' || :name)::bigint"
    " & 4294967295)::oid)"
)
_CHANNEL = "'dondoc_' || md5(current_schema())"
_CALL = text(f"SELECT pg_notify({_CHANNEL}, '')")


class Posts(Protocol):
    """Who does what. called: run in the event loop when another process has queued something."""

    called: Callable[[], None]

    @property
    def alone(self) -> bool:
        """Whether no other process can share the database: every post is ours for good."""
        ...

    def mine(self, name: str) -> bool:
        """Whether this process holds the post, as far as it knows."""
        ...

    def sure(self, session: Session, name: str) -> bool:
        """Whether the post is ours as the database knows it at this moment."""
        ...

    async def until(self, name: str, *, mine: bool) -> None:
        """Wait until the post is ours, or is no longer."""
        ...


class Alone:
    """One process, which does everything."""

    alone = True

    def __init__(self) -> None:
        self.called: Callable[[], None] = lambda: None

    def mine(self, name: str) -> bool:
        del name
        return True

    def sure(self, session: Session, name: str) -> bool:
        del session, name
        return True

    async def until(self, name: str, *, mine: bool) -> None:
        del name
        if not mine:
            await asyncio.get_running_loop().create_future()


class Shared:
    """Posts on PostgreSQL, kept by a thread with its own connection. `async with` holds them."""

    alone = False

    def __init__(self, url: str, names: Collection[str]) -> None:
        parsed = make_url(url)
        self._engine = create_engine(
            parsed,
            connect_args=postgres_arguments(parsed) | {"tcp_user_timeout": _DEAF_MS},
            poolclass=NullPool,
            isolation_level="AUTOCOMMIT",
        )
        self._names = tuple(names)
        self._held: frozenset[str] = frozenset()
        self._pid = 0
        self._stop = Event()
        self._thread = Thread(
            target=copy_context().run, args=(self._keep,), name="dondoc-posts", daemon=True
        )
        self._loop: asyncio.AbstractEventLoop | None = None
        self._changed = asyncio.Event()
        self.called: Callable[[], None] = lambda: None

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._thread.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        await asyncio.to_thread(self._thread.join)
        self._engine.dispose()

    def mine(self, name: str) -> bool:
        return name == ANYBODY or name in self._held

    def sure(self, session: Session, name: str) -> bool:
        if name not in self._held:
            return False
        found = session.execute(_HELD, {"pid": self._pid, "name": name})
        return bool(found.scalar_one())

    async def until(self, name: str, *, mine: bool) -> None:
        while True:
            changed = self._changed
            if self.mine(name) is mine:
                return
            await changed.wait()

    # -- the thread -------------------------------------------------------------------------------

    def _keep(self) -> None:
        while not self._stop.is_set():
            try:
                with self._engine.connect() as connection:
                    self._hold(connection)
            except Exception as error:  # noqa: BLE001 -- whatever it was, the posts are gone
                log.warning("the posts are given up: %s", type(error).__name__)
                self._publish(frozenset())
                self._stop.wait(AGAIN)
        self._publish(frozenset())

    def _hold(self, connection: Connection) -> None:
        self._pid = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        connection.execute(_PATIENCE, {"seconds": _STOPPED})
        name = connection.execute(text(f"SELECT {_CHANNEL}")).scalar_one()
        connection.execute(text(f"LISTEN {name}"))
        raw = connection.connection.driver_connection
        since: dict[str, float] = {}
        while not self._stop.is_set():
            for post in self._names:
                if post not in since and connection.execute(_TRY, {"name": post}).scalar_one():
                    since[post] = time.monotonic()
            connection.execute(text("SELECT 1"))
            settled = time.monotonic() - SETTLE
            self._publish(frozenset(post for post, at in since.items() if at <= settled))
            self._listen(raw)

    def _listen(self, raw: Any) -> None:
        """Wait for a call, a beat at the longest."""
        if list(raw.notifies(timeout=BEAT, stop_after=1)):
            self._tell(self.called)

    def _publish(self, held: frozenset[str]) -> None:
        if held != self._held:
            log.info("posts of this process: %s", ", ".join(sorted(held)) or "-")
            self._held = held
            self._tell(self._wake)

    def _wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def _tell(self, what: Callable[[], None]) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(what)


def poller(channel: str) -> str:
    """The post of who asks one bot for its updates."""
    return f"poll:{channel}"


def call(session: Session) -> None:
    """Tell the other processes that something was queued; heard when the transaction ends."""
    session.execute(_CALL)
