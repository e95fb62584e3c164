"""Telegram and Zalo that call the product instead of being asked: the same people and words, by way
of a real web server and the webhooks of the fakes."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from bot.app import App
from bot.channels.http import HttpClient
from bot.channels.telegram import TelegramChannel
from bot.channels.webhook import Hook, webhook_path
from bot.channels.zalo import ZaloChannel
from bot.settings import Web
from bot.web.server import WebServer
from tests.fakes.telegram_server import FakeTelegram
from tests.fakes.zalo_server import FakeZalo
from tests.world import NO_PACE, Messenger, TelegramMessenger, ZaloMessenger, eventually

SECRET = "mot-ma-bi-mat-de-thu"  # noqa: S105 -- opens nothing but these tests


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


class Calling:
    """The product's web server, and the channel that waits to be called."""

    def __init__(self) -> None:
        port = free_port()
        self.web = Web(mode="on", port=port, public_url=f"http://127.0.0.1:{port}")
        self._tasks: list[asyncio.Task[None]] = []

    def hook(self, name: str) -> Hook:
        return Hook(f"{self.web.public_url}{webhook_path(name)}", SECRET, active=True)

    async def begin(self, app: App, messenger: Messenger) -> None:
        channel = messenger.channel
        app.infos[messenger.name] = await channel.open()
        server = WebServer(app.site())
        self._tasks = [
            asyncio.create_task(server.run()),
            asyncio.create_task(channel.receive(_never)),
        ]

    async def end(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks)


async def _never(updates: object) -> None:
    raise AssertionError(f"a channel that is called asked for {updates}")


class CalledTelegram(TelegramMessenger):
    def __init__(self, server: FakeTelegram, http: HttpClient) -> None:
        super().__init__(server, http)
        server.allow_local()
        self.calling = Calling()
        channel = TelegramChannel(server.token, server.url, http, hook=self.calling.hook(self.name))
        channel.limits = NO_PACE
        self.channel = channel

    async def start(self, app: App) -> None:
        await self.calling.begin(app, self)
        await eventually(lambda: bool(self.server.world.webhook), "the webhook to be set")

    async def stop(self) -> None:
        await self.calling.end()


class CalledZalo(ZaloMessenger):
    def __init__(self, server: FakeZalo, http: HttpClient) -> None:
        super().__init__(server, http)
        server.switch(local_webhooks=True, webhook_duplicates=True)
        self.calling = Calling()
        channel = ZaloChannel(server.token, server.url, http, hook=self.calling.hook(self.name))
        channel.limits = replace(NO_PACE, units=channel.limits.units)
        self.channel = channel

    async def start(self, app: App) -> None:
        await self.calling.begin(app, self)
        await eventually(lambda: bool(self.server.world.webhook), "the webhook to be set")

    async def stop(self) -> None:
        await self.calling.end()

    async def say(self, who: str, text: str, place: str = "", reply_to: str | None = None) -> None:
        """Every event comes twice, wrapped every other time."""
        del reply_to
        world = self.server.world
        body = "wrapped" if world.pushed % 2 else "flat"
        self.server.switch(webhook_body=body)
        before = len(self.server.deliveries)
        world.say(self.ids[who], text, chat=self.ids[place] if place else "")
        await eventually(lambda: len(self.server.deliveries) == before + 2, "both calls")
        assert self.server.deliveries[before:] == [200, 200]


@asynccontextmanager
async def called_by_telegram() -> AsyncIterator[CalledTelegram]:
    async with FakeTelegram() as server, HttpClient(connect_timeout=5, timeout=10) as http:
        yield CalledTelegram(server, http)


@asynccontextmanager
async def called_by_zalo() -> AsyncIterator[CalledZalo]:
    async with FakeZalo() as server, HttpClient(connect_timeout=5, timeout=10) as http:
        yield CalledZalo(server, http)


CALLED = {"telegram": called_by_telegram, "zalo": called_by_zalo}
