"""How fast webhooks are taken: `python -m bench.web`.

The real product (SQLite in WAL with synchronous=FULL, the dispatcher handling in the background) is
called by a process of its own, as a messenger would: 500 new updates a second for 20 seconds, then
as many as it takes. The peer in the same run is a FastAPI endpoint on uvicorn that answers 200 and
does nothing. Times are what the caller sees, from the moment the update was due to be sent: a
server that falls behind cannot hide it.
"""

import argparse
import asyncio
import contextlib
import json
import multiprocessing
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import uvicorn
from fastapi import FastAPI, Response

from bot.app import App
from bot.channels.http import HttpClient
from bot.channels.telegram import TelegramChannel
from bot.channels.webhook import Hook
from bot.opening import Tools, open_database
from bot.settings import Paths, Settings, Web
from bot.web.server import WebServer, listen

SECRET = "mot-ma-bi-mat-de-do-toc-do"  # noqa: S105 -- opens nothing but this bench
HEADERS = {"X-Telegram-Bot-Api-Secret-Token": SECRET, "Content-Type": "application/json"}


def body(number: int, address: int) -> bytes:
    """Somebody's message in a group that nobody has connected: stored, looked at, and forgotten, so
    that what is measured is the webhook and not the answers."""
    person = {"id": address, "is_bot": False, "first_name": "Lan"}
    chat = {"id": -address, "type": "group", "title": "Nhóm"}
    text = "xin chào cả nhà, hôm nay họp lúc mấy giờ ạ"
    message = {"message_id": number, "date": 0, "chat": chat, "from": person, "text": text}
    return json.dumps({"update_id": number, "message": message}).encode()


@dataclass
class Run:
    """What the caller saw: seconds an answer took, and the statuses that were not 200."""

    seconds: list[float]
    wrong: list[int]
    lasted: float

    def line(self, name: str) -> str:
        ordered = sorted(self.seconds)

        def part(share: float) -> float:
            return 1000 * ordered[min(int(len(ordered) * share), len(ordered) - 1)]

        return (
            f"{name:34} {len(ordered) / self.lasted:7.0f}/s   p50 {part(0.5):7.1f} ms   "
            f"p99 {part(0.99):7.1f} ms   max {1000 * ordered[-1]:7.1f} ms   "
            f"not 200: {len(self.wrong)} of {len(ordered)}"
        )


async def paced(url: str, rate: int, count: int, first: int) -> Run:
    """So many a second, whether the server keeps up or not."""
    run = Run([], [], 0.0)
    began = time.perf_counter()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=100)) as session:
        tasks = []
        for n in range(count):
            due = began + n / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            tasks.append(asyncio.create_task(one(session, url, first + n, run, due)))
        await asyncio.gather(*tasks)
    run.lasted = time.perf_counter() - began
    return run


async def flat_out(url: str, workers: int, count: int, first: int) -> Run:
    """As many as come back: each worker sends the next when it has its answer."""
    run = Run([], [], 0.0)
    numbers = iter(range(first, first + count))
    began = time.perf_counter()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=workers)) as session:

        async def work() -> None:
            for number in numbers:
                await one(session, url, number, run, time.perf_counter())

        await asyncio.gather(*(work() for _ in range(workers)))
    run.lasted = time.perf_counter() - began
    return run


async def one(session: aiohttp.ClientSession, url: str, number: int, run: Run, due: float) -> None:
    try:
        sent = body(number, 1000 + number % 400)
        async with session.post(url, data=sent, headers=HEADERS) as answer:
            await answer.read()
            status = answer.status
    except aiohttp.ClientError:
        status = 0
    run.seconds.append(time.perf_counter() - due)
    if status != 200:
        run.wrong.append(status)


def caller(url: str, rate: int, seconds: int, workers: int, pipe: Any) -> None:
    """In a process of its own, so that its work is not counted as the server's."""
    first = asyncio.run(paced(url, rate, rate * seconds, 1_000_000))
    second = asyncio.run(flat_out(url, workers, 4000, 9_000_000))
    pipe.send((first, second))


async def measure(url: str, args: argparse.Namespace, name: str) -> None:
    here, there = multiprocessing.Pipe()
    order = (url, args.rate, args.seconds, args.workers, there)
    process = multiprocessing.get_context("spawn").Process(target=caller, args=order)
    process.start()
    first, second = await asyncio.to_thread(here.recv)
    process.join()
    print(first.line(f"{name}, {args.rate}/s"))
    print(second.line(f"{name}, {args.workers} at once"))


async def product(args: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        settings = Settings(
            paths=Paths(data_dir=Path(folder)), web=Web(mode="on", port=0, public_url="")
        )

        def clock() -> datetime:
            return datetime.now(UTC)

        db = open_database(settings, clock())
        async with HttpClient() as http:
            hook = Hook("https://x.example", SECRET, active=True)
            channel = TelegramChannel("1:x", "http://127.0.0.1:9", http, hook=hook)
            tools = Tools.of(settings, clock())
            async with App(tools, db, {"telegram": channel}, clock) as app:
                server = WebServer(app.site())
                url = f"http://127.0.0.1:{server.port}/webhook/telegram"
                await with_work(
                    [server.run, app.dispatcher.run], lambda: measure(url, args, "webhook")
                )
                print(f"{'stored':34} {app.vitals.received['telegram']}, "
                      f"handled so far {app.dispatcher.handled}")  # fmt: skip
        db.close()


async def peer(args: argparse.Namespace) -> None:
    bare = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @bare.post("/webhook/telegram")
    async def ok() -> Response:
        return Response()

    config = uvicorn.Config(bare, log_config=None, access_log=False, lifespan="off")
    server, made = uvicorn.Server(config), listen("127.0.0.1", 0)
    url = f"http://127.0.0.1:{made.getsockname()[1]}/webhook/telegram"
    task = asyncio.create_task(server.serve([made]))
    await measure(url, args, "bare FastAPI endpoint")
    server.should_exit = True
    await task


async def with_work(work: list[Callable[[], Any]], act: Callable[[], Any]) -> None:
    tasks = [asyncio.create_task(each()) for each in work]
    try:
        await act()
    finally:
        for task in tasks:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait(tasks)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=500, help="updates a second")
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--workers", type=int, default=32, help="callers at once, flat out")
    parser.add_argument("--folder", help="where the database lies; a real disk, not memory")
    args = parser.parse_args()
    asyncio.run(peer(args))
    asyncio.run(product(args))


if __name__ == "__main__":
    main()
