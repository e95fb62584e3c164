"""People on a Zalo Official Account, for the dialogs: the real channel and its calls over the wire,
and its updates handed to it as the web server would."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.app import App
from bot.channels.http import HttpClient
from bot.channels.zalo_oa_templates import Templates
from registry import files
from scheduler.channel import Channel
from tests.fakes.zalo_oa_channel import channel_on
from tests.fakes.zalo_oa_server import FakeZaloOa

_PATIENCE = 20.0
_BEGIN = 1_790_000_000.0


class ZaloOaMessenger:
    """Buttons, quotes and documents; private chats only, no edits. Nobody is ever silent too long:
    what happens then is tested by itself."""

    name = "zalo_oa"
    offers = frozenset({"buttons", "documents"})

    def __init__(self, http: HttpClient, folder: Path, templates: Templates | None = None) -> None:
        self.server = FakeZaloOa(self._now)
        self.server.world.switches.windows = False
        self.ids: dict[str, str] = {}
        self._http, self._folder, self._templates = http, folder, templates
        self._app: App | None = None
        self._told: list[tuple[dict[str, str], bytes]] = []
        self._tending: asyncio.Task[None] | None = None

    def _now(self) -> float:
        return self._app.clock().timestamp() if self._app is not None else _BEGIN

    async def open(self) -> None:
        """Before the office opens."""
        await self.server.start()
        self.server.world.on_event = lambda headers, body: self._told.append((headers, body))
        self._channel = channel_on(self.server, self._http, self._folder, self._templates)
        kept = self._channel.limits
        self._channel.limits = replace(kept, per_second=10_000.0, private_gap=0.0)
        self.channel: Channel = self._channel

    async def start(self, app: App) -> None:
        self._app = app
        app.infos[self.name] = await self.channel.open()

        async def store(_updates: object) -> None:
            """Updates come by calls."""

        self._tending = asyncio.create_task(self.channel.receive(store), name="tend")

    async def stop(self) -> None:
        if self._tending is not None:
            self._tending.cancel()
            await asyncio.wait([self._tending])
        await self.server.stop()

    def person(self, who: str, name: str) -> None:
        """Somebody who has followed the account some day, so that their name is known."""
        self.ids[who] = self.server.world.user(name)
        self.server.world.follow(self.ids[who])
        for _, body in self._told:
            self._channel.updates(body)
        self._told.clear()

    def group(self, which: str, title: str) -> None:
        raise NotImplementedError(f"{which}: {title}")

    def address(self, who: str) -> str:
        return self.ids[who]

    async def say(self, who: str, text: str, place: str = "", reply_to: str | None = None) -> None:
        assert not place
        self.server.world.say(self.ids[who], text, reply_to or "")
        await self._arrive()

    async def press(self, who: str, label: str, place: str = "") -> None:
        assert not place
        self.server.world.press(self.ids[who], label)
        await self._arrive()

    async def event(self, what: str, who: str, place: str = "") -> None:
        assert not place
        acts = {
            "blocks": self.server.world.unfollow,
            "unblocks": self.server.world.follow,
            "sticker": self.server.world.sticker,
        }
        acts[what](self.ids[who])
        await self._arrive()

    async def send_file(self, who: str, name: str, data: bytes, caption: str = "") -> None:
        self.server.world.hand(self.ids[who], f"{self.server.url}/tep", name, data, caption)
        await self._arrive()

    def files(self, who: str) -> list[tuple[str, bytes]]:
        """What the links in the words open, then the pictures, which have no name here."""
        assert self._app is not None
        tokens = re.findall(r"/tep/([\w-]+)/", " ".join(self.heard(who)))
        shown = self.server.world.users[self.ids[who]].pictures
        opened = [self._opened(self._app, token) for token in tokens]
        return [*opened, *(("anh.jpg", data) for data in shown)]

    @staticmethod
    def _opened(app: App, token: str) -> tuple[str, bytes]:
        row = app.db.read_now(app.tools.links.find, token, app.clock())
        assert row is not None, "a link that opens nothing"
        return row.name, files.read(app.tools.settings.files_dir, row)

    def heard(self, who: str) -> list[str]:
        return list(self.server.world.texts(self.ids[who]))

    def edited(self, who: str) -> list[str]:
        del who
        return []

    async def _arrive(self) -> None:
        """Each call as the web server takes it; names are known by the time people write."""
        assert self._app is not None
        while self._told:
            headers, body = self._told.pop(0)
            assert self._channel.verify({key.lower(): headers[key] for key in headers}, body)
            for update in self._channel.updates(body):
                await self._named(update.raw)
                await self._app.dispatcher.store(self.name, [update])

    async def _named(self, raw: str) -> None:
        async with asyncio.timeout(_PATIENCE):
            for _ in range(int(_PATIENCE * 200)):
                heard = self._channel.parse(raw)
                if heard is None or heard.sender_name:
                    return
                await asyncio.sleep(0.005)


@asynccontextmanager
async def on_zalo_oa() -> AsyncIterator[ZaloOaMessenger]:
    """A messenger for `MESSENGERS` of tests/world.py."""
    with TemporaryDirectory() as folder:
        async with HttpClient(connect_timeout=5, timeout=10) as http:
            made = ZaloOaMessenger(http, Path(folder))
            await made.open()
            yield made
