"""Where everything is joined, and the only clock. Importing does nothing; `App` is `async with`."""

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TextIO

from sqlmodel import Session

from bot.answers_owed import remind_of_answers
from bot.boards import Boards
from bot.brisk import brisk
from bot.calendar_file import read_calendar
from bot.channels import make_channels
from bot.channels.http import HttpClient
from bot.commands import TABLE
from bot.dispatch import Dispatcher
from bot.drafts import Drafts
from bot.heartbeat import Heartbeat
from bot.letters import Letters
from bot.picturing import Pictures
from bot.rankings import Rankings
from bot.rehearsals import Rehearsals
from bot.reviewing.uploads import Uploads
from bot.rounds import Rounds
from bot.settings import ConfigTrouble, Settings
from bot.standby import ask_others, posts_of, while_mine
from bot.stillness import Stillness
from bot.talk import Desk
from bot.watch import warn_staff
from bot.web.site import Site, Vitals
from deadlines import Rule, WorkCalendar, read
from registry import erasing, files, inbound, marks, outbox
from registry.clock import local_day
from registry.database import (
    Database,
    DatabaseTrouble,
    check_backup,
    copy_database,
    sqlite_path,
)
from registry.expand import Terms, expand
from registry.file_links import Links
from registry.posts import ANYBODY, SCHEDULER, SENDER, Alone, Posts, call, poller
from reports.render import Renderer
from scheduler.agency_news import carry_out_and_tell
from scheduler.channel import Channel, ChannelInfo, SendError, Update
from scheduler.compose import Composer
from scheduler.deliver import Deliverer
from scheduler.planning import mark_changed, note_policy, plan_slice
from scheduler.ticks import Ticks

if TYPE_CHECKING:
    from bot.web.server import WebServer

if os.name == "posix":
    import fcntl

log = logging.getLogger(__name__)

# Seconds between tries to open a messenger; the last one is kept to.
CHANNEL_PAUSES = (2.0, 5.0, 15.0, 60.0)
STOP_WITHIN = 3.5


def system_clock() -> datetime:
    """The moment it is, in UTC."""
    return datetime.now(UTC)  # noqa: TID251 -- this is the one clock


def shifted_clock(start: datetime) -> Callable[[], datetime]:
    """A clock that says `start` now and runs on from there: for rehearsals."""
    ahead = start - system_clock()
    return lambda: system_clock() + ahead


class AlreadyRunning(Exception):
    """Another process works on this database; the text is one Vietnamese line."""


def lock_file(path: Path) -> TextIO:
    """The file that is locked, made where it is missing. Raises DatabaseTrouble."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("a")
    except OSError as error:
        raise DatabaseTrouble(
            f"Không ghi được vào thư mục dữ liệu {path.parent} ({type(error).__name__}); "
            "kiểm tra quyền ghi, dung lượng và đĩa có bị gắn chỉ đọc không."
        ) from error


@contextlib.contextmanager
def only_one(path: Path) -> Iterator[None]:
    """Hold the lock of a data folder: two processes on one database would poll one token."""
    with lock_file(path) as handle:
        if os.name == "posix":
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise AlreadyRunning(
                    f"Một tiến trình dondoc khác đang chạy trên dữ liệu này ({path.parent})."
                ) from None
        yield


def update_rule_of(settings: Settings, today: datetime) -> Rule | None:
    """When tasks without a day are asked for an update. Raises ConfigTrouble if unreadable."""
    phrase = settings.committee.update_request
    if not phrase.strip():
        return None
    reading = read(phrase, local_day(today))
    if reading.rule is None or not reading.sure or not reading.due:
        raise ConfigTrouble(
            f"[committee] update_request = {phrase!r} không đọc được thành ngày định kỳ; "
            'ví dụ: "trước ngày 15 của tháng cuối quý".'
        )
    return reading.rule


def links_of(settings: Settings) -> Links:
    """How files are linked; without a web server nothing is, and no key is needed. Raises
    KeyTrouble."""
    web = settings.web
    if not (web.on and web.public_url and web.safe):
        return Links(b"")
    return Links.at(settings.paths.data_dir, web.public_url)


@dataclass(frozen=True)
class Tools:
    """What the settings make: shared by the process, the command line and the tests."""

    settings: Settings
    renderer: Renderer
    calendar: WorkCalendar
    update_rule: Rule | None
    links: Links

    @classmethod
    def of(cls, settings: Settings, now: datetime) -> Self:
        return cls(
            settings,
            Renderer(settings.paths.templates_dir),
            read_calendar(settings.paths.calendar),
            update_rule_of(settings, now),
            links_of(settings),
        )

    def terms(self, now: datetime) -> Terms:
        """How tasks become duties here, seen from this moment."""
        return Terms(
            today=local_day(now),
            now=now,
            calendar=self.calendar,
            update_rule=self.update_rule,
            horizon_days=self.settings.committee.horizon_days,
        )


def open_database(settings: Settings, now: datetime) -> Database:
    """The database, migrated. Raises DatabaseTrouble."""
    url = settings.database_url
    try:
        db = Database(url)
        db.migrate(now)
    except DatabaseTrouble:
        raise
    except Exception as error:
        log.debug("opening the database failed", exc_info=True)
        raise DatabaseTrouble(
            f"Không mở được cơ sở dữ liệu ({type(error).__name__}); "
            "kiểm tra [database] url, quyền ghi và dung lượng đĩa."
        ) from error
    path = sqlite_path(url)
    if path is not None and path.exists():
        path.chmod(0o600)
    return db


def restore(settings: Settings, source: Path, now: datetime) -> Path | None:
    """Put a backup in place of the database; the one it replaces is kept beside it and returned.

    The caller holds the lock. Raises DatabaseTrouble for a file that is not our database.
    """
    target = sqlite_path(settings.database_url)
    if target is None:
        raise DatabaseTrouble(
            "Cơ sở dữ liệu là PostgreSQL: dừng mọi dondoc run rồi phục hồi bằng pg_restore."
        )
    if not source.is_file():
        raise DatabaseTrouble(f"Không có tệp {source}.")
    check_backup(source)
    target.parent.mkdir(parents=True, exist_ok=True)
    kept = None
    if target.exists():
        kept = target.with_name(f"{target.name}.before-restore-{now:%Y%m%d%H%M%S}")
        target.rename(kept)
        for suffix in ("-wal", "-shm"):
            beside = target.with_name(target.name + suffix)
            if beside.exists():
                beside.rename(kept.with_name(kept.name + suffix))
    copy_database(source, target)
    open_database(settings, now).close()
    return kept


class App:
    """One running Đôn Đốc: messengers in, messengers out, and the ticks between."""

    def __init__(
        self,
        tools: Tools,
        db: Database,
        channels: dict[str, Channel],
        clock: Callable[[], datetime] = system_clock,
        beat: Callable[[], None] | None = None,
        posts: Posts | None = None,
    ) -> None:
        """`beat` is called after every tick that went well; `posts`: what of the work is this
        process's, where several share a database."""
        self.tools = tools
        self.db = db
        self.channels = channels
        self.clock = clock
        self.posts = posts or Alone()
        self.posts.called = self.called
        self.ticks = Ticks(self.plan, self.daily, self._ring, system_clock)
        self.infos: dict[str, ChannelInfo] = {}
        self.standing: dict[str, str] = {}
        self._beat = beat
        self._stillness = Stillness(db)
        self._patience = STOP_WITHIN
        self._asking = asyncio.Event()
        self._tariffs = {name: tools.settings.tariff(name) for name in channels}
        composer = Composer(
            tools.renderer, tools.calendar, channels, tools.settings.files_dir, tools.links
        )
        self.deliverer = Deliverer(
            db,
            channels,
            composer,
            tools.settings.policy,
            tools.calendar,
            clock,
            self.ticks.alarm,
            self._tariffs,
            self.posts,
        )
        editing = tuple(name for name, channel in channels.items() if channel.edits)
        desk = Desk(
            tools.settings,
            tools.renderer,
            tools.calendar,
            editing,
            infos=self.infos,
            update_rule=tools.update_rule,
        )
        self.dispatcher = Dispatcher(db, channels, desk, clock, self._answered)
        self.rehearsals = Rehearsals(
            db, tools.settings, tools.renderer, tools.calendar, clock, self.deliverer.wake
        )
        self.rounds = Rounds(
            db, tools.settings, tools.renderer, tools.calendar, self._tariffs, self.deliverer.wake
        )
        self.drafts = Drafts(db, tools.settings, tools.renderer, self.deliverer.wake)
        self.letters = Letters(
            db, tools.settings, tools.renderer, tools.calendar, self.deliverer.wake
        )
        self.uploads = Uploads(db, channels, desk, clock, self.deliverer.wake)
        self.boards = Boards(db, channels, tools.settings, tools.renderer, self.deliverer.wake)
        self.rankings = Rankings(
            db, tools.settings, tools.renderer, tools.calendar, self.deliverer.wake
        )
        self.pictures = Pictures(db, tools.settings, tools.renderer, clock, self.deliverer.wake)
        self.vitals = Vitals(
            self.infos, self.standing, self.deliverer.counts, self.dispatcher.inbox.received
        )

    def site(self) -> Site:
        """What the web server may see and do."""
        tools = self.tools
        return Site(
            tools.settings, self.db, tools.renderer, tools.calendar, self.channels,
            self.dispatcher.store, self.clock, self.vitals,
        )  # fmt: skip

    def _ring(self) -> None:
        self.deliverer.wake()

    def called(self) -> None:
        """Another process queued something, or this one has taken over: look now."""
        self._look()
        self.dispatcher.wake()

    def _answered(self) -> None:
        self._look()
        self._asking.set()

    def _look(self) -> None:
        self.deliverer.wake()
        self.uploads.wake()
        self.pictures.wake()
        self.rehearsals.wake()

    async def __aenter__(self) -> Self:
        if self.posts.alone:
            await self._take_over()
        return self

    async def _take_over(self) -> None:
        """Give back what a dead process had taken: only a sender takes, and there is no other."""
        await self.db.write(outbox.release_expired, self.clock(), everything=True)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._settle(), self._patience)
        self._stillness.close()
        for channel in self.channels.values():
            await channel.close()

    async def _settle(self) -> None:
        await self.deliverer.finish()
        await self.dispatcher.finish()

    # -- ticks ------------------------------------------------------------------------------------

    async def plan(self) -> None:
        """Plan what changed, whoever changed it (an import from another process, a command)."""
        if not self.posts.mine(SCHEDULER):
            return
        now = self.clock()
        if not self._stillness.lasts(now):
            await self._look_at_everything(now)
            self._stillness.begins(now)
        if self._beat is not None:
            self._beat()

    async def _look_at_everything(self, now: datetime) -> None:
        with self._timed():
            await self._plan_changed(now)
            await self.drafts.look(now)
            await self.rankings.look(now)
            await self.boards.look(now)
            await self.rounds.look(now)
            await self.letters.look(now)
            await self.db.write(_housekeeping, self.tools.settings.files_dir, now)
            await self.db.write(
                warn_staff, self.tools.renderer, self._tariffs, tuple(self.channels), now
            )

    @contextlib.contextmanager
    def _timed(self) -> Iterator[None]:
        """Measure one tick."""
        time = asyncio.get_running_loop().time
        began = time()
        try:
            yield
        except Exception:
            self.vitals.failed_ticks += 1
            raise
        finally:
            self.vitals.ticks.add(time() - began)

    async def daily(self) -> None:
        """Move the horizon on: new periods become duties, overdue ones get their next urge; forget
        what need not be kept."""
        if not self.posts.mine(SCHEDULER):
            return
        now = self.clock()
        await self.db.write(carry_out_and_tell, self.tools.renderer, now)
        await self.db.write(self._extend, now)
        await self.db.write(note_policy, self.tools.settings.policy, now)
        await self._plan_changed(now, daily=True)
        await self.db.write(remind_of_answers, self.tools.renderer, now)
        await self.db.write(inbound.forget_old, now)
        await self.db.write(files.forget_old, self.tools.settings.files_dir, now)
        await self.db.write(outbox.forget_old, now)
        self.deliverer.wake()

    async def _plan_changed(self, now: datetime, *, daily: bool = False) -> None:
        """In pieces, so that answers find their way in between."""
        await self.db.write(mark_changed, now, daily=daily)
        policy, more = self.tools.settings.policy, True
        while more:
            piece = await self.db.write(plan_slice, policy, self.tools.calendar, now)
            more = piece.more
            if piece.added:
                self.deliverer.wake()

    def _extend(self, session: Session, now: datetime) -> int:
        return expand(session, self.tools.terms(now)).added

    # -- running ----------------------------------------------------------------------------------

    async def run(self) -> None:
        """Until SIGTERM or SIGINT. Raises SendError where a token is refused at the start."""
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for each in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(each, stop.set)
        web = web_server(self)
        if self.posts.alone:
            # Nobody else can be at it: what is due today is known before anything else begins.
            await self._first_look()
        self.ticks.start()
        work = [
            *([asyncio.create_task(web.run(), name="web")] if web is not None else []),
            asyncio.create_task(self.dispatcher.run(), name="dispatch"),
            *(
                asyncio.create_task(while_mine(self.posts, post, task), name=name)
                for post, name, task in self._held()
            ),
            *(
                asyncio.create_task(self._listen(name, channel), name=name)
                for name, channel in self.channels.items()
            ),
        ]
        waiting = asyncio.create_task(stop.wait())
        try:
            done, _ = await asyncio.wait([waiting, *work], return_when=asyncio.FIRST_COMPLETED)
            for task in done - {waiting}:
                task.result()
        finally:
            self.ticks.stop()
            # A messenger that is silent now is not waited for twice.
            self._patience = 0.1
            await self._end([waiting, *work])

    def _held(self) -> list[tuple[str, str, Callable[[], Awaitable[None]]]]:
        """What one process does for all: its post, its name, the work."""
        work: list[tuple[str, str, Callable[[], Awaitable[None]]]] = [
            (SENDER, "deliver", self._send),
            (SCHEDULER, "uploads", self.uploads.run),
            (SCHEDULER, "pictures", self.pictures.run),
            (SCHEDULER, "rehearsals", self.rehearsals.run),
        ]
        if not self.posts.alone:
            calls = partial(self.db.write, call)
            work.append((SCHEDULER, "scheduler", self._begin))
            work.append((ANYBODY, "call", partial(ask_others, self.posts, self._asking, calls)))
        return work

    async def _first_look(self) -> None:
        await self.daily()
        await self.plan()

    async def _begin(self) -> None:
        """The ticks are this process's now: at once what the last one may not have come to."""
        await self._first_look()
        self.called()
        await asyncio.get_running_loop().create_future()

    async def _send(self) -> None:
        if not self.posts.alone:
            await self._take_over()
        await self.deliverer.run()

    @staticmethod
    async def _end(tasks: Sequence[asyncio.Task[Any]]) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=STOP_WITHIN)

    async def _listen(self, name: str, channel: Channel) -> None:
        """Open one messenger and receive from it; its failures never stop the others."""
        failures = 0
        while True:
            try:
                self.infos[name] = await channel.open()
                failures = 0
                self.standing.pop(name, None)
                await self._offer_commands(channel)
                log.info("%s is open as %s", name, self.infos[name].username or "-")
                for note in self.infos[name].notes:
                    log.warning("%s: %s", name, note)
                receive = partial(channel.receive, partial(self._store, name))
                await while_mine(self.posts, poller(name), receive)
            except SendError as error:
                if error.auth and len(self.channels) == 1 and name not in self.infos:
                    raise
                self.standing[name] = error.text
                log.error("%s stands still: %s", name, error.text)  # noqa: TRY400 -- the text says it all
            except asyncio.CancelledError:
                raise
            except Exception as error:
                self.standing[name] = type(error).__name__
                log.exception("%s failed", name)
            await asyncio.sleep(CHANNEL_PAUSES[min(failures, len(CHANNEL_PAUSES) - 1)])
            failures += 1

    async def _store(self, name: str, updates: Sequence[Update]) -> None:
        await self.dispatcher.store(name, list(updates))

    async def _offer_commands(self, channel: Channel) -> None:
        everybody = [(each.name, each.help) for each in TABLE if not each.roles]
        await channel.set_commands(None, everybody)


def web_server(app: App) -> "WebServer | None":
    """The web server, listening already; None where the settings ask for none. Raises ConfigTrouble
    where its port is taken."""
    if not app.tools.settings.web.on:
        return None
    from bot.web.server import WebServer  # noqa: PLC0415 -- FastAPI is heavy, and seldom needed

    return WebServer(app.site())


def _housekeeping(session: Session, files_dir: Path, now: datetime) -> None:
    erasing.finish_erasing(session, now)
    files.forget_expired(session, files_dir, now)
    marks.put(session, "tick", "", now)


async def run(settings: Settings, clock: Callable[[], datetime] = system_clock) -> None:
    """`dondoc run`. Raises AlreadyRunning, ConfigTrouble (also for a port that is
    taken), DatabaseTrouble, SendError."""
    brisk()
    tools = Tools.of(settings, clock())
    alone = sqlite_path(settings.database_url) is not None
    lock = only_one(settings.paths.data_dir / "dondoc.lock") if alone else contextlib.nullcontext()
    with lock:
        db = open_database(settings, clock())
        try:
            async with HttpClient() as http:
                channels = make_channels(settings, http, clock)
                async with (
                    Heartbeat(http, settings.web.ping_url.get_secret_value()) as heart,
                    posts_of(db, channels) as posts,
                    App(tools, db, channels, clock, heart.beat, posts) as app,
                ):
                    await app.run()
        finally:
            db.close()
