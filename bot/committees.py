"""Several committees at work in one process, each by itself.

Each has its own settings, database, threads, connections, messengers and pace: what floods or
stands still in one takes nothing from another but its share of the processor. Common are the event
loop, the port of the web server, and what cannot differ (the code, compiled templates, days off).
"""

import asyncio
import contextlib
import logging
import os
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

from sqlmodel import Session

from bot import logs
from bot.app import STOP_WITHIN, App, committee_at_work
from bot.brisk import brisk
from bot.installation import (
    Claims,
    Entry,
    Installation,
    foreign_environment,
    read_installation,
    settings_for,
)
from bot.opening import AlreadyRunning, Tools, locked, open_database
from bot.settings import ConfigTrouble, Settings
from bot.stopping import until_told
from bot.web.place import Place, Places
from registry import marks
from registry.database import Database, DatabaseTrouble
from registry.file_links import KeyTrouble
from scheduler.channel import SendError

if os.name == "posix":
    import resource

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]
TROUBLE = (AlreadyRunning, ConfigTrouble, DatabaseTrouble, KeyTrouble, SendError)
# Seconds until a committee that cannot work is looked at again: its administrator may be at it.
AGAIN = 60.0
# Threads for files, pictures and papers, made as they are needed: a committee occupies a handful at
# the most, and none is to wait for another's.
THREADS = 1024
OWNER = "committee"


def own(session: Session, name: str, now: datetime) -> None:
    """Write down whose database this is, with the first time it is opened. Raises DatabaseTrouble
    where it is another committee's: a copied folder would tell one's people of the other's work."""
    mark = marks.get(session, OWNER)
    if mark is None:
        marks.put(session, OWNER, name, now)
    elif mark.value != name:
        raise DatabaseTrouble(
            f"Cơ sở dữ liệu này là của ban {mark.value}; nếu nay đúng là của ban {name}, chạy: "
            f"dondoc committees adopt {name}"
        )


def open_own(settings: Settings, name: str, now: datetime) -> Database:
    """The committee's database, migrated and known to be its own. Raises DatabaseTrouble."""
    db = open_database(settings, now)
    try:
        db.write_now(own, name, now)
    except BaseException:
        db.close()
        raise
    return db


class Keeper:
    """Keeps one committee at work, and tries again while it cannot be. `place` says how it is."""

    def __init__(
        self,
        entry: Entry,
        installation: Installation,
        claims: Claims,
        redact: logs.SharedRedactor,
        clock: Clock,
    ) -> None:
        self.entry = entry
        self.place = Place()
        self.settings: Settings | None = None
        self._installation = installation
        self._claims = claims
        self._redact = redact
        self._clock = clock

    def read(self) -> Settings | None:
        """What the settings are now; None where they cannot be read, and why is in `place`. From
        here on nobody else may have what they name."""
        name = self.entry.name
        try:
            settings = settings_for(self.entry, self._installation.web)
            self._redact.learn(name, settings.secrets())
            self._claims.put(name, settings)
        except (ConfigTrouble, DatabaseTrouble) as error:
            self._claims.drop(name)
            self._troubled(error)
            return None
        return settings

    async def keep(self, settings: Settings | None) -> None:
        """Until cancelled. `settings`: as they were just read."""
        logs.COMMITTEE.set(self.entry.name)
        while True:
            if settings is not None:
                await self._work(settings)
            await asyncio.sleep(AGAIN)
            settings = await asyncio.to_thread(self.read)

    async def _work(self, settings: Settings) -> None:
        """As long as it goes well. Whatever ends it concerns this committee alone."""
        try:
            self._claims.check(self.entry.name)
            async with self._opened(settings) as app:
                self.place.site, self.place.trouble = app.site(), ""
                log.info("ban %s bắt đầu làm việc", self.entry.name)
                await app.serve()
            self._troubled(ConfigTrouble("Công việc đã dừng."))
        except TROUBLE as error:
            self._troubled(error)
        except Exception as error:
            log.exception("ban %s dừng vì lỗi không lường trước", self.entry.name)
            self.place.trouble = type(error).__name__
        finally:
            self.place.site = None

    @contextlib.asynccontextmanager
    async def _opened(self, settings: Settings) -> AsyncIterator[App]:
        """What may take long is done in threads: others are at work meanwhile."""
        name, now = self.entry.name, self._clock()
        with locked(settings):
            self.settings = settings
            tools = await asyncio.to_thread(Tools.of, settings, now)
            db = await asyncio.to_thread(open_own, settings, name, now)
            try:
                async with committee_at_work(settings, db, tools, self._clock) as app:
                    try:
                        yield app
                    finally:
                        # From now on callers are sent away, not kept waiting.
                        self.place.site = None
            finally:
                await asyncio.shield(asyncio.to_thread(db.close))

    def _troubled(self, error: Exception) -> None:
        """Say it once, not with every look."""
        if str(error) != self.place.trouble:
            log.error("ban %s không làm việc: %s", self.entry.name, error)
        self.place.trouble = str(error)


class Committees:
    """All of an installation's. `places` is kept as they come and go."""

    def __init__(
        self, installation: Installation, redact: logs.SharedRedactor, clock: Clock
    ) -> None:
        self.installation = installation
        self.places: Places = {}
        self._redact = redact
        self._clock = clock
        self._claims = Claims()
        self._keepers: dict[str, Keeper] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._anew = asyncio.Event()

    def look_anew(self) -> None:
        """The files were changed: see which committees came, went, or have other settings."""
        self._anew.set()

    async def run(self) -> None:
        """Until cancelled; then all end together."""
        threads = ThreadPoolExecutor(THREADS, thread_name_prefix="dondoc-aside")
        asyncio.get_running_loop().set_default_executor(threads)
        try:
            await self._begin([self._keeper(entry) for entry in self.installation.entries])
            while True:
                await self._anew.wait()
                self._anew.clear()
                await self._changed()
        finally:
            await self._end(list(self._tasks))

    def _keeper(self, entry: Entry) -> Keeper:
        return Keeper(entry, self.installation, self._claims, self._redact, self._clock)

    async def _begin(self, keepers: list[Keeper]) -> None:
        """All settings are read before the first begins: what two of them name, neither gets."""
        read = await asyncio.to_thread(lambda: [keeper.read() for keeper in keepers])
        for keeper, settings in zip(keepers, read, strict=True):
            name = keeper.entry.name
            self.places[name] = keeper.place
            self._keepers[name] = keeper
            self._tasks[name] = asyncio.create_task(keeper.keep(settings), name=f"ban {name}")

    async def _changed(self) -> None:
        try:
            self.installation = await asyncio.to_thread(read_installation, self.installation.path)
        except ConfigTrouble as error:
            log.error("giữ nguyên như đang chạy: %s", error)  # noqa: TRY400 -- one line says it all
            return
        entries = {entry.name: entry for entry in self.installation.entries}
        keepers = [self._keeper(entry) for entry in entries.values()]
        fresh = await asyncio.to_thread(lambda: [keeper for keeper in keepers if self._new(keeper)])
        gone = [name for name in self._tasks if name not in entries]
        for name in gone:
            log.info("ban %s không còn trong tệp kê các ban", name)
            self._claims.drop(name)
        # Who calls one that begins anew is asked to call again, not told that there is none.
        await self._end([*gone, *(keeper.entry.name for keeper in fresh)])
        for name in gone:
            del self.places[name], self._keepers[name]
        await self._begin(fresh)

    def _new(self, keeper: Keeper) -> bool:
        """Whether the committee is new, stands still, or has other settings. One at work whose new
        settings cannot be used goes on with the old ones."""
        old = self._keepers.get(keeper.entry.name)
        if old is None or old.place.site is None:
            return True
        try:
            settings = settings_for(keeper.entry, self.installation.web)
        except ConfigTrouble as error:
            log.error("ban %s chạy tiếp như cũ: %s", keeper.entry.name, error)  # noqa: TRY400
            return False
        return settings != old.settings

    async def _end(self, names: list[str]) -> None:
        """The committees of these names, all at once; none waits for a slow one for long."""
        ending = [self._tasks.pop(name) for name in names if name in self._tasks]
        for task in ending:
            task.cancel()
        if ending:
            await asyncio.wait(ending, timeout=STOP_WITHIN + 1)


def as_many_files_as_allowed() -> None:
    """A committee keeps about a dozen files and sockets open; systems allow 1024 until asked."""
    if os.name == "posix":
        # Where a sandbox forbids it, its own limit counts.
        with contextlib.suppress(OSError, ValueError):
            _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


async def run_installation(path: Path, clock: Clock) -> None:
    """`dondoc run --installation`. Raises ConfigTrouble for the common file alone."""
    brisk()
    as_many_files_as_allowed()
    installation = read_installation(path)
    redact = logs.SharedRedactor([installation.web.metrics_token.get_secret_value()])
    logs.configure(installation.logs.level, redact)
    if foreign := foreign_environment():
        log.warning("không ban nào dùng biến môi trường %s", ", ".join(foreign))
    committees = Committees(installation, redact, clock)
    work = [committees.run()]
    if installation.web.on:
        from bot.web.front import Front  # noqa: PLC0415 -- FastAPI is heavy, and seldom needed
        from bot.web.server import Server  # noqa: PLC0415

        web = installation.web
        front = Front(committees.places, web.metrics_token.get_secret_value())
        work.append(Server(front, web.host, web.port).run())
    await until_told(work, STOP_WITHIN + 1, committees.look_anew)
