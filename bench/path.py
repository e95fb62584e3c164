"""Messages through the whole path (claimed, rendered, sent, recorded), and what a user would run
instead, each against the same server."""

import asyncio
import contextlib
import json
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
from sqlmodel import Session, insert
from telegram import Bot
from telegram.error import TelegramError
from telegram.ext import Application, ContextTypes

from bench.fill import filled_people
from bench.server import Arrivals
from bot.app import App
from bot.brisk import brisk
from bot.channels.http import HttpClient
from bot.channels.telegram import TelegramChannel
from bot.opening import Tools
from bot.settings import Paths, Settings
from registry import marks
from registry.tables import Notice
from registry.types import NoticeKind
from scheduler.channel import Limits
from scheduler.deliver import CONCURRENT
from scheduler.planning import POLICY_MARK

TOKEN = "1:bench"  # noqa: S105 -- opens nothing
TEXT = "⏰ <b>Nhắc việc</b>\nĐầu việc 101 của Sở Tài chính: báo cáo kết quả, hạn 30/9/2026. " * 5
# A working day, within working hours: the program's own clock runs from here.
MORNING = datetime(2025, 3, 4, 1, tzinfo=UTC)
NO_LIMITS = Limits(units=4096, per_second=1e9, private_gap=0.0, group_gap=0.0)


@dataclass(frozen=True)
class Sent:
    """What a way of sending came to. late: seconds from due to claimed, of every message."""

    arrivals: Arrivals
    seconds: float
    cpu: float
    stall: float = 0.0
    late: tuple[float, ...] = ()

    @property
    def rate(self) -> float:
        return len(self.arrivals.moments) / self.seconds

    @property
    def each(self) -> float:
        """Milliseconds of processor time a message."""
        return 1000 * self.cpu / max(len(self.arrivals.moments), 1)

    def p99(self) -> float:
        ordered = sorted(self.late)
        return ordered[int(len(ordered) * 0.99)] if ordered else 0.0


class Stall:
    """The longest time the event loop answered nobody."""

    def __init__(self) -> None:
        self.worst = 0.0

    async def watch(self) -> None:
        last = time.perf_counter()
        while True:
            await asyncio.sleep(0.002)
            now = time.perf_counter()
            self.worst = max(self.worst, now - last - 0.002)
            last = now


@contextlib.asynccontextmanager
async def watching() -> AsyncIterator[Stall]:
    stall = Stall()
    task = asyncio.create_task(stall.watch())
    await asyncio.sleep(0.02)
    try:
        yield stall
    finally:
        task.cancel()


async def timed(url: str, work: Callable[[], Awaitable[object]]) -> Sent:
    """Run it, and ask the server what came of it."""
    await asyncio.to_thread(Arrivals.at, url)
    async with watching() as stall:
        began, cpu = time.perf_counter(), time.process_time()
        await work()
        took, used = time.perf_counter() - began, time.process_time() - cpu
    arrivals = await asyncio.to_thread(Arrivals.at, url)
    return Sent(arrivals, took, used, stall.worst)


async def in_flight(count: int, most: int, send: Callable[[int], Awaitable[object]]) -> None:
    """So many sends, at most so many at once."""
    numbers = iter(range(1, count + 1))

    async def work() -> None:
        for number in numbers:
            with contextlib.suppress(TelegramError):
                await send(number)

    await asyncio.gather(*(work() for _ in range(most)))


# -- the product -----------------------------------------------------------------------------------


def _due(session: Session, count: int, at: datetime) -> None:
    session.execute(
        insert(Notice),
        [
            {"key": f"reminder:{n}:{n}:x:5", "kind": NoticeKind.REMINDER, "step": "5",
             "duty_id": n, "subscription_id": n, "due_at": at, "next_at": at}
            for n in range(1, count + 1)
        ],
    )  # fmt: skip


def note_claims(path: Path) -> None:
    """Every claim is written down with its moment by the database itself, as it happens."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.executescript(
            "CREATE TABLE IF NOT EXISTS claimed (at REAL);"
            "CREATE TRIGGER IF NOT EXISTS note AFTER UPDATE OF state ON notice"
            " WHEN new.state = 'sending' BEGIN"
            " INSERT INTO claimed VALUES ((julianday('now') - 2440587.5) * 86400.0); END;"
        )


async def product(
    url: str, count: int, limits: Limits, *, groups: int = 0, ahead: float = 0.0
) -> Sent:
    """The program as it runs, but for the limits. `ahead`: seconds until everything falls due."""
    brisk()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        db = filled_people(folder / "dondoc.db", count, MORNING - timedelta(days=1), groups=groups)
        note_claims(folder / "dondoc.db")
        shift = MORNING - datetime.now(UTC)

        def clock() -> datetime:
            return datetime.now(UTC) + shift

        due = clock() + timedelta(seconds=ahead)
        db.write_now(_due, count, due)
        settings = Settings(paths=Paths(data_dir=folder))
        # Planning has nothing to do: what is due is what was put in.
        db.write_now(marks.put, POLICY_MARK, repr(settings.policy), MORNING)
        async with HttpClient() as http:
            channel = TelegramChannel(TOKEN, url, http)
            channel.limits = limits
            await channel.open()
            tools = Tools.of(settings, clock())
            async with App(tools, db, {"telegram": channel}, clock) as app:
                sent = await timed(url, lambda: _deliver(app, count))
        late = _claims(folder / "dondoc.db", (due - shift).timestamp())
        db.close()
        return replace(sent, seconds=sent.seconds - ahead, late=late)


async def _deliver(app: App, count: int) -> None:
    app.ticks.start()
    task = asyncio.create_task(app.deliverer.run())
    while app.deliverer.counts.sent < count:  # noqa: ASYNC110 -- nobody tells
        await asyncio.sleep(0.005)
    app.ticks.stop()
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


def _claims(path: Path, due: float) -> tuple[float, ...]:
    with contextlib.closing(sqlite3.connect(path)) as db:
        return tuple(at - due for (at,) in db.execute("SELECT at FROM claimed"))


# -- the peers -------------------------------------------------------------------------------------


async def library(url: str, count: int, most: int = CONCURRENT) -> Sent:
    """python-telegram-bot's Bot with its default transport, nothing recorded."""
    async with Bot(TOKEN, base_url=f"{url}/bot") as bot:

        async def send(number: int) -> None:
            await bot.send_message(1000 + number, TEXT, parse_mode="HTML")

        return await timed(url, lambda: in_flight(count, most, send))


async def bare(url: str, count: int, most: int = CONCURRENT) -> Sent:
    """aiohttp and nothing else."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=most)) as session:

        async def send(number: int) -> None:
            form = {"chat_id": str(1000 + number), "text": TEXT, "parse_mode": "HTML"}
            async with session.post(f"{url}/bot{TOKEN}/sendMessage", data=form) as answer:
                json.loads(await answer.read())

        return await timed(url, lambda: in_flight(count, most, send))


async def job_queue(url: str, count: int, within: float) -> Sent:
    """python-telegram-bot's JobQueue: one job a message, all due at once; `within` seconds later
    what has arrived is counted."""
    application = Application.builder().token(TOKEN).base_url(f"{url}/bot").build()
    queue = application.job_queue
    assert queue is not None

    async def send(context: ContextTypes.DEFAULT_TYPE) -> None:
        assert context.job is not None
        chat = int(str(context.job.data))
        with contextlib.suppress(TelegramError):
            await context.bot.send_message(chat, TEXT, parse_mode="HTML")

    async with application:
        due = datetime.now(UTC) + timedelta(seconds=3)
        for number in range(count):
            queue.run_once(send, due, data=1000 + number)
        await queue.start()
        await asyncio.sleep((due - datetime.now(UTC)).total_seconds() - 0.05)
        sent = await timed(url, lambda: asyncio.sleep(within))
        await queue.stop(wait=False)
    last = sent.arrivals.moments
    return replace(sent, seconds=last[-1] - last[0] if last else sent.seconds)
