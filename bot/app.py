"""Where everything is joined, and the only clock. Importing does nothing; `App` is `async with`."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from sqlmodel import Session

from bot.answers_owed import remind_of_answers
from bot.backups import Backups
from bot.boards import Boards
from bot.brisk import brisk
from bot.channels import make_channels
from bot.channels.http import HttpClient
from bot.damage import until_damaged
from bot.dispatch import Dispatcher
from bot.drafts import Drafts
from bot.heartbeat import Heartbeat
from bot.letters import Letters
from bot.listening import Listener
from bot.opening import Tools, locked, open_database
from bot.picturing import Pictures
from bot.rankings import Rankings
from bot.rehearsals import Rehearsals
from bot.reviewing.uploads import Uploads
from bot.rounds import Rounds
from bot.settings import Settings
from bot.standby import ask_others, posts_of, while_mine
from bot.stillness import Stillness
from bot.stopping import first_of, until_told
from bot.talk import Desk
from bot.tokens import odd_tokens
from bot.watch import warn_staff
from bot.web.site import Site, Vitals
from registry import erasing, files, marks, outbox, retention, tally
from registry.database import Database
from registry.disk import in_words
from registry.expand import expand
from registry.posts import ANYBODY, SCHEDULER, SENDER, Alone, Posts, call
from scheduler.agency_news import carry_out_and_tell
from scheduler.channel import Channel, ChannelInfo
from scheduler.compose import Composer
from scheduler.deliver import Deliverer
from scheduler.planning import mark_changed, note_policy, plan_slice
from scheduler.ticks import Ticks

if TYPE_CHECKING:
    from bot.web.server import WebServer

log = logging.getLogger(__name__)

STOP_WITHIN = 3.5


def system_clock() -> datetime:
    """The moment it is, in UTC."""
    return datetime.now(UTC)  # noqa: TID251 -- this is the one clock


def shifted_clock(start: datetime) -> Callable[[], datetime]:
    """A clock that says `start` now and runs on from there: for rehearsals."""
    ahead = start - system_clock()
    return lambda: system_clock() + ahead


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
        self.ticks = Ticks(self.plan, self.nightly, self._ring, system_clock)
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
        self.backups = Backups(db, tools.settings, tools.renderer, clock, self.deliverer.wake)
        self.rounds = Rounds(
            db, tools.settings, tools.renderer, tools.calendar, self._tariffs, self.deliverer.wake
        )
        self.drafts = Drafts(
            db, tools.settings, tools.renderer, tools.calendar, self.deliverer.wake
        )
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
            with in_words(self.db.url):
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
        self.vitals.ticked_at = now
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

    async def nightly(self) -> None:
        """What a day begins with, and a look at whether what is counted as it happens is right."""
        await self.daily()
        if not self.posts.mine(SCHEDULER):
            return
        found = await self.db.read(tally.faults)
        if found:
            log.error("counted wrongly: %d cells, %d rows; counting anew", found.cells, found.rows)
            await self.db.write(tally.recount)

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
        for rule in retention.RULES:
            await self.db.write(rule.apply, self.tools.settings.retention.periods, now)
        await self.db.write(files.forget_old, self.tools.settings.files_dir, now)
        await self.db.slim()
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

    async def serve(self) -> None:
        """Until cancelled. Raises SendError where a token is refused at the start, DatabaseTrouble
        where the database cannot be used then or turns out damaged."""
        if self.posts.alone:
            # Nobody else can be at it: what is due today is known before anything else begins.
            with in_words(self.db.url):
                await self._first_look()
        self.ticks.start()
        only = len(self.channels) == 1
        listener = Listener(self.dispatcher, self.posts, self.vitals, only=only)
        work = [
            asyncio.create_task(self.dispatcher.run(), name="dispatch"),
            asyncio.create_task(self._until_damaged(), name="damage"),
            *(
                asyncio.create_task(while_mine(self.posts, post, task), name=name)
                for post, name, task in self._held()
            ),
            *(
                asyncio.create_task(listener.listen(name, channel), name=name)
                for name, channel in self.channels.items()
            ),
        ]
        try:
            await first_of(work, STOP_WITHIN)
        finally:
            self.ticks.stop()
            # A messenger that is silent now is not waited for twice.
            self._patience = 0.1

    async def _until_damaged(self) -> None:
        await until_damaged(self.db, self.tools.renderer, self.clock, self.deliverer.wake)

    def _held(self) -> list[tuple[str, str, Callable[[], Awaitable[None]]]]:
        """What one process does for all: its post, its name, the work."""
        work: list[tuple[str, str, Callable[[], Awaitable[None]]]] = [
            (SENDER, "deliver", self._send),
            (SCHEDULER, "uploads", self.uploads.run),
            (SCHEDULER, "pictures", self.pictures.run),
            (SCHEDULER, "rehearsals", self.rehearsals.run),
        ]
        if self.backups.on:
            work.append((SCHEDULER, "backups", self.backups.run))
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


@contextlib.asynccontextmanager
async def committee_at_work(
    settings: Settings, db: Database, tools: Tools, clock: Callable[[], datetime]
) -> AsyncIterator[App]:
    """The committee's messengers and everything behind them, on its open database. Raises
    ConfigTrouble."""
    for line in odd_tokens(settings):
        log.warning("%s", line)
    async with HttpClient() as http:
        channels = make_channels(settings, http, clock)
        async with (
            Heartbeat(http, settings.web.ping_url.get_secret_value()) as heart,
            posts_of(db, channels) as posts,
            App(tools, db, channels, clock, heart.beat, posts) as app,
        ):
            yield app


async def run(
    settings: Settings,
    clock: Callable[[], datetime] = system_clock,
    greet: Callable[[App], Coroutine[None, None, None]] | None = None,
) -> None:
    """`dondoc run`; `greet` is begun with the work. Raises AlreadyRunning, ConfigTrouble (also for
    a port that is taken), DatabaseTrouble, SendError."""
    brisk()
    tools = Tools.of(settings, clock())
    with locked(settings):
        db = open_database(settings, clock())
        try:
            async with committee_at_work(settings, db, tools, clock) as app:
                web = web_server(app)
                work = [app.serve(), *([web.run()] if web is not None else [])]
                greeting = asyncio.create_task(greet(app)) if greet is not None else None
                await until_told(work, STOP_WITHIN)
                if greeting is not None:
                    greeting.cancel()
        finally:
            db.close()
