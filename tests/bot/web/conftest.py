"""The web server on a real socket, and the product behind it."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, col, select

from bot.app import App
from bot.channels.http import HttpAnswer, HttpClient
from bot.channels.telegram import TelegramChannel
from bot.channels.webhook import Hook
from bot.channels.zalo import ZaloChannel
from bot.opening import Tools
from bot.settings import Paths, Settings, Web
from bot.web.hooks import ANSWER_WITHIN
from bot.web.server import WebServer
from registry.tables import Inbound
from scheduler.channel import Channel
from tests.fakes.databases import fresh

NOW = datetime(2027, 9, 20, 2, tzinfo=UTC)
SECRET = "mot-ma-bi-mat-de-thu"  # noqa: S105 -- opens nothing but these tests
HOME = "https://dondoc.hailam.example"
TELEGRAM = {"X-Telegram-Bot-Api-Secret-Token": SECRET, "Content-Type": "application/json"}
ZALO = {"x-bot-api-secret-token": SECRET, "Content-Type": "application/json"}


@dataclass
class Running:
    """The server, its address, and a client."""

    app: App
    url: str
    port: int
    http: HttpClient

    async def post(self, path: str, body: bytes, headers: dict[str, str]) -> HttpAnswer:
        """With a length, as messengers send."""
        return await call(self.port, "POST", path, body, headers)

    async def get(self, path: str, **headers: str) -> HttpAnswer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.http.request("GET", self.url + path, headers=named)

    def stored(self) -> list[tuple[str, str, str]]:
        return self.app.db.read_now(_inbound)


def _inbound(session: Session) -> list[tuple[str, str, str]]:
    rows = session.exec(select(Inbound).order_by(col(Inbound.id))).all()
    return [(row.channel, row.update_key, row.raw) for row in rows]


async def call(
    port: int, method: str, path: str, body: bytes, headers: dict[str, str]
) -> HttpAnswer:
    """One plain request on a connection of its own."""
    head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    length = "" if "Transfer-Encoding" in headers else f"Content-Length: {len(body)}\r\n"
    return await exchange(port, f"{head}{lines}{length}\r\n".encode() + body)


async def exchange(port: int, request: bytes) -> HttpAnswer:
    """Send bytes, read the whole answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        with contextlib.suppress(ConnectionError):
            await writer.drain()
        return parsed(await asyncio.wait_for(reader.read(), 10))
    finally:
        await closed(writer)


async def closed(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


def parsed(answer: bytes) -> HttpAnswer:
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return HttpAnswer(int(first.split()[1]), body, headers)


def settings_in(folder: Path, **web: Any) -> Settings:
    return Settings(
        paths=Paths(data_dir=folder),
        web=Web(**({"mode": "on", "port": 0, "public_url": HOME} | web)),
    )


@asynccontextmanager
async def serving(
    folder: Path,
    channels: dict[str, Channel],
    within: float = ANSWER_WITHIN,
    clock: Callable[[], datetime] = lambda: NOW,
    **web: Any,
) -> AsyncIterator[Running]:
    """The product with these channels, its server on a free port."""
    settings = settings_in(folder, **web)
    db = fresh(folder)
    try:
        async with (
            App(Tools.of(settings, clock()), db, channels, clock) as app,
            HttpClient() as http,
        ):
            server = WebServer(app.site(), within)
            running = asyncio.create_task(server.run())
            try:
                url = f"http://127.0.0.1:{server.port}"
                yield Running(app, url, server.port, http)
            finally:
                running.cancel()
                await asyncio.wait([running])
                server.close()
    finally:
        db.close()


def bots(http: HttpClient, active: bool = True) -> dict[str, Channel]:
    """Telegram and Zalo in webhook mode; their servers are never called."""
    telegram = TelegramChannel(
        "1:x", "http://127.0.0.1:9", http, hook=Hook(f"{HOME}/webhook/telegram", SECRET, active)
    )
    zalo = ZaloChannel(
        "1:x", "http://127.0.0.1:9", http, hook=Hook(f"{HOME}/webhook/zalo", SECRET, active)
    )
    return {"telegram": telegram, "zalo": zalo}


@pytest.fixture
async def web(tmp_path: Path) -> AsyncIterator[Running]:
    async with HttpClient() as http, serving(tmp_path, bots(http)) as running:
        yield running


def update(number: int, text: str = "xong 127") -> bytes:
    """A Telegram update."""
    person = {"id": 7, "is_bot": False, "first_name": "Lan"}
    chat = {"id": 7, "type": "private", "first_name": "Lan"}
    message = {"message_id": number, "date": 0, "chat": chat, "from": person, "text": text}
    return json.dumps({"update_id": number, "message": message}, ensure_ascii=False).encode()


def event(number: str, text: str = "xong 127") -> dict[str, Any]:
    """A Zalo event, flat."""
    person = {"id": "5a5b", "display_name": "Lan", "is_bot": False}
    chat = {"id": "5a5b", "chat_type": "PRIVATE"}
    message = {"message_id": number, "chat": chat, "from": person, "text": text, "date": 1}
    return {"event_name": "message.text.received", "message": message}
