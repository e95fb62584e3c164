"""A made-up province for tests: the real product on a temporary database under a simulated clock,
and the people around it, on any messenger.

`office(folder, messenger, begin)` opens it; `Office.until` lets time run and everything in it
happen when it is due. A messenger is a small adapter: how a person's words reach the channel, and
what the chat shows. To run all dialogs on another messenger, write one more adapter.
"""

import asyncio
import re
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any, Protocol

from sqlmodel import Session, col, func, select

from bot.app import App
from bot.channels.console import ConsoleChannel, handed, said
from bot.channels.http import HttpClient
from bot.channels.telegram import TelegramChannel
from bot.channels.zalo import ZaloChannel
from bot.opening import Tools, open_database
from bot.settings import (
    Briefs,
    Committee,
    Contacts,
    DatabaseSection,
    Papers,
    Paths,
    Reminders,
    Settings,
    Web,
    Zalo,
)
from intake.importing import ImportOrder, import_agencies, import_tasks
from registry import files, invites
from registry.agencies import resolve
from registry.clock import local, local_day, moment_of
from registry.files import clean_name
from registry.tables import Agency, Attempt, Contact, Duty, Notice, Task
from registry.types import NoticeState, Role
from scheduler.channel import Channel, Limits
from scheduler.hours import next_opening
from tests import leaks
from tests.fakes.databases import address
from tests.fakes.telegram_server import FakeTelegram
from tests.fakes.zalo_oa_messenger import on_zalo_oa
from tests.fakes.zalo_server import FakeZalo

DATA = Path(__file__).resolve().parent / "dialogs" / "data"
DIRECTIVE = "21/KH-BCĐ"
DAILY = time(0, 5)
NO_PACE = Limits(units=4096, per_second=10_000.0, private_gap=0.0, group_gap=0.0)
PATIENCE = 20.0
# Nothing listens: links are made as if it did.
PUBLIC = Web(mode="on", public_url="https://dondoc.example")


async def eventually(true: Callable[[], bool], what: str = "", patience: float = PATIENCE) -> None:
    """Wait until something is so; fail after `patience` seconds."""
    loop = asyncio.get_running_loop()
    end = loop.time() + patience
    while not true():
        assert loop.time() < end, f"waited in vain: {what}"
        await asyncio.sleep(0.005)


class SimClock:
    """A clock that moves only when it is told to."""

    def __init__(self, start: datetime) -> None:
        self.now = start

    def __call__(self) -> datetime:
        return self.now


# -- messengers -----------------------------------------------------------------------------------


class Messenger(Protocol):
    """offers: "groups", "buttons", "edits", "events" (blocking, leaving, moving, stickers),
    "metered", "documents" (files of people reach the bot, not only pictures)."""

    name: str
    offers: frozenset[str]
    channel: Channel

    async def start(self, app: App) -> None: ...

    async def stop(self) -> None: ...

    def person(self, who: str, name: str) -> None:
        """Somebody appears."""

    def group(self, which: str, title: str) -> None:
        """A group appears; the bot is not in it yet."""

    def address(self, who: str) -> str: ...

    async def say(self, who: str, text: str, place: str = "", reply_to: str | None = None) -> None:
        """Somebody writes; returns when the product has stored it."""

    async def press(self, who: str, label: str, place: str = "") -> None: ...

    async def event(self, what: str, who: str, place: str = "") -> None: ...

    async def send_file(self, who: str, name: str, data: bytes, caption: str = "") -> None:
        """Somebody sends a file in their private chat; returns when the product has stored it."""

    def files(self, who: str) -> list[tuple[str, bytes]]:
        """Every file that came to somebody, oldest first: its name and what opening it gives."""

    def heard(self, who: str) -> list[str]:
        """Every message that came to a person or a group, oldest first."""

    def edited(self, who: str) -> list[str]: ...


class ConsoleMessenger:
    """The terminal: private chats only, no buttons."""

    name = "console"
    offers: frozenset[str] = frozenset({"documents"})

    def __init__(self) -> None:
        self.channel: Channel = ConsoleChannel(self._show)
        self._app: App | None = None
        self._names: dict[str, str] = {}
        self._heard: list[tuple[str, str]] = []

    def _show(self, address: str, text: str) -> None:
        self._heard.append((address, text))

    async def start(self, app: App) -> None:
        self._app = app

    async def stop(self) -> None:
        """Nothing runs."""

    def person(self, who: str, name: str) -> None:
        self._names[who] = name

    def group(self, which: str, title: str) -> None:
        raise NotImplementedError(f"{which}: {title}")

    def address(self, who: str) -> str:
        return f"{who}-tại-bàn-số-7"

    async def say(self, who: str, text: str, place: str = "", reply_to: str | None = None) -> None:
        assert self._app is not None
        assert not place
        update = said(self.address(who), text, self._names[who])
        if reply_to is not None:
            raw = update.raw[:-1] + f', "reply_to": "{reply_to}"' + "}"
            update = type(update)(update.key, raw)
        await self._app.dispatcher.store(self.name, [update])

    async def press(self, who: str, label: str, place: str = "") -> None:
        raise NotImplementedError(f"{who} {label} {place}")

    async def event(self, what: str, who: str, place: str = "") -> None:
        raise NotImplementedError(f"{what} {who} {place}")

    async def send_file(self, who: str, name: str, data: bytes, caption: str = "") -> None:
        assert self._app is not None
        path = self._app.tools.settings.paths.data_dir / "on this machine" / clean_name(name)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
        update = handed(self.address(who), path, caption, self._names[who])
        await self._app.dispatcher.store(self.name, [update])

    def files(self, who: str) -> list[tuple[str, bytes]]:
        shown = re.findall(r"^\[Tệp: (.+) – (/.+)\]$", "\n".join(self.heard(who)), re.MULTILINE)
        return [(name, Path(path).read_bytes()) for name, path in shown]

    def heard(self, who: str) -> list[str]:
        return [text for address, text in self._heard if address == self.address(who)]

    def edited(self, who: str) -> list[str]:
        del who
        return []


class TelegramMessenger:
    """The real channel against a Telegram on this machine."""

    name = "telegram"
    offers = frozenset({"groups", "buttons", "edits", "events", "documents"})

    def __init__(self, server: FakeTelegram, http: HttpClient, *, paced: bool = False) -> None:
        self.server = server
        channel = TelegramChannel(
            server.token, server.url, http, poll_timeout=5, pauses=(0.01, 0.05)
        )
        if not paced:
            channel.limits = NO_PACE
        self.channel: Channel = channel
        self.ids: dict[str, int] = {}
        self._poll: asyncio.Task[None] | None = None

    async def start(self, app: App) -> None:
        app.infos[self.name] = await self.channel.open()

        async def store(updates: Sequence[Any]) -> None:
            await app.dispatcher.store(self.name, list(updates))

        self._poll = asyncio.create_task(self.channel.receive(store), name="poll")

    async def stop(self) -> None:
        if self._poll is not None:
            self._poll.cancel()
            await asyncio.wait([self._poll])

    async def arrived(self) -> None:
        """An update leaves the server's queue only when the poll after it confirms it."""
        await eventually(lambda: not self.server.world.updates, "updates to be stored")

    def person(self, who: str, name: str) -> None:
        number = 731_400_200 + 37 * len(self.ids)
        self.ids[who] = self.server.world.user(name, user_id=number)

    def group(self, which: str, title: str) -> None:
        self.ids[which] = self.server.world.group(title)

    def address(self, who: str) -> str:
        return str(self.ids[who])

    async def say(self, who: str, text: str, place: str = "", reply_to: str | None = None) -> None:
        self.server.world.say(
            self.ids[who],
            text,
            chat=self.ids[place] if place else None,
            reply_to=int(reply_to) if reply_to is not None else None,
        )
        await self.arrived()

    async def press(self, who: str, label: str, place: str = "") -> None:
        self.server.world.press(self.ids[who], label, chat=self.ids[place] if place else None)
        await self.arrived()

    async def event(self, what: str, who: str, place: str = "") -> None:
        world = self.server.world
        if what == "blocks":
            world.block(self.ids[who])
        elif what == "unblocks":
            world.unblock(self.ids[who])
        elif what == "sticker":
            world.say(self.ids[who], fields={"sticker": {"file_id": "x", "emoji": "👍"}})
        elif what == "kicks":
            world.kick(self.ids[place], by=self.ids[who])
        elif what == "migrates":
            self.ids[place] = world.migrate(self.ids[place])
        else:
            raise ValueError(what)
        await self.arrived()

    async def send_file(self, who: str, name: str, data: bytes, caption: str = "") -> None:
        self.server.world.hand(self.ids[who], name, data, caption)
        await self.arrived()

    def files(self, who: str) -> list[tuple[str, bytes]]:
        world = self.server.world
        return [
            (row["file"], world.files[row["file_id"]])
            for row in world.sent
            if row["chat_id"] == self.ids[who] and "file_id" in row
        ]

    def heard(self, who: str) -> list[str]:
        return [row["text"] for row in self.server.world.sent if row["chat_id"] == self.ids[who]]

    def edited(self, who: str) -> list[str]:
        return [row["text"] for row in self.server.world.edits if row["chat_id"] == self.ids[who]]


class ZaloMessenger:
    """The real channel against a Zalo on this machine: no buttons, no edits, no inline replies, and
    no word of who blocks us. In groups people mention the bot in all they say to it."""

    name = "zalo"
    offers = frozenset({"groups", "metered"})

    def __init__(self, server: FakeZalo, http: HttpClient, *, paced: bool = False) -> None:
        self.server = server
        channel = ZaloChannel(server.token, server.url, http, poll_timeout=5, pauses=(0.01, 0.05))
        if not paced:
            kept = channel.limits
            channel.limits = replace(NO_PACE, units=kept.units, caption=kept.caption)
        self.channel: Channel = channel
        self.ids: dict[str, str] = {}
        self._stored = 0
        self._poll: asyncio.Task[None] | None = None
        self._app: App | None = None

    async def start(self, app: App) -> None:
        self._app = app
        app.infos[self.name] = await self.channel.open()

        async def store(updates: Sequence[Any]) -> None:
            await app.dispatcher.store(self.name, list(updates))
            self._stored += len(updates)

        self._poll = asyncio.create_task(self.channel.receive(store), name="poll")

    async def stop(self) -> None:
        if self._poll is not None:
            self._poll.cancel()
            await asyncio.wait([self._poll])

    def person(self, who: str, name: str) -> None:
        self.ids[who] = self.server.world.user(name)

    def group(self, which: str, title: str) -> None:
        del title
        self.ids[which] = self.server.world.group()

    def address(self, who: str) -> str:
        return self.ids[who]

    async def say(self, who: str, text: str, place: str = "", reply_to: str | None = None) -> None:
        del reply_to
        self.server.world.say(self.ids[who], text, chat=self.ids[place] if place else "")
        await eventually(lambda: self._stored == self.server.world.pushed, "updates to be stored")

    async def press(self, who: str, label: str, place: str = "") -> None:
        raise NotImplementedError(f"{who} {label} {place}")

    async def event(self, what: str, who: str, place: str = "") -> None:
        raise NotImplementedError(f"{what} {who} {place}")

    async def send_file(self, who: str, name: str, data: bytes, caption: str = "") -> None:
        """Zalo hands on pictures; of anything else only that there was something."""
        self.server.hand(self.ids[who], name, data, caption)
        await eventually(lambda: self._stored == self.server.world.pushed, "updates to be stored")

    def files(self, who: str) -> list[tuple[str, bytes]]:
        """What the links in the words open, and those of pictures."""
        assert self._app is not None
        rows = [row for row in self.server.world.sent if row["chat_id"] == self.ids[who]]
        told = " ".join(row.get("photo") or row["text"] for row in rows)
        return [self._opened(self._app, token) for token in re.findall(r"/tep/([\w-]+)/", told)]

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


class Both:
    """Two messengers of the same people: "lan" is somebody's chat on the first, "lan@2" her chat
    on the second."""

    def __init__(self, first: Messenger, second: Messenger) -> None:
        self.first, self.second = first, second
        self.name = first.name
        self.offers = first.offers & second.offers
        self.channel = first.channel

    def _of(self, who: str) -> tuple[Messenger, str]:
        name, _, second = who.partition("@")
        return (self.second if second else self.first), name

    async def start(self, app: App) -> None:
        await self.first.start(app)
        await self.second.start(app)

    async def stop(self) -> None:
        await self.first.stop()
        await self.second.stop()

    def person(self, who: str, name: str) -> None:
        messenger, known = self._of(who)
        messenger.person(known, name)

    def group(self, which: str, title: str) -> None:
        messenger, known = self._of(which)
        messenger.group(known, title)

    def address(self, who: str) -> str:
        messenger, known = self._of(who)
        return messenger.address(known)

    async def say(self, who: str, text: str, place: str = "", reply_to: str | None = None) -> None:
        messenger, known = self._of(who)
        await messenger.say(known, text, place, reply_to)

    async def press(self, who: str, label: str, place: str = "") -> None:
        messenger, known = self._of(who)
        await messenger.press(known, label, place)

    async def event(self, what: str, who: str, place: str = "") -> None:
        messenger, known = self._of(who)
        await messenger.event(what, known, place)

    async def send_file(self, who: str, name: str, data: bytes, caption: str = "") -> None:
        messenger, known = self._of(who)
        await messenger.send_file(known, name, data, caption)

    def files(self, who: str) -> list[tuple[str, bytes]]:
        messenger, known = self._of(who)
        return messenger.files(known)

    def heard(self, who: str) -> list[str]:
        messenger, known = self._of(who)
        return messenger.heard(known)

    def edited(self, who: str) -> list[str]:
        messenger, known = self._of(who)
        return messenger.edited(known)


@asynccontextmanager
async def on_console() -> AsyncIterator[Messenger]:
    yield ConsoleMessenger()


@asynccontextmanager
async def on_telegram() -> AsyncIterator[Messenger]:
    async with FakeTelegram() as server, HttpClient(connect_timeout=5, timeout=10) as http:
        yield TelegramMessenger(server, http)


@asynccontextmanager
async def on_zalo() -> AsyncIterator[Messenger]:
    async with FakeZalo() as server, HttpClient(connect_timeout=5, timeout=10) as http:
        yield ZaloMessenger(server, http)


MESSENGERS = {
    "console": on_console,
    "telegram": on_telegram,
    "zalo": on_zalo,
    "zalo_oa": on_zalo_oa,
}


# -- the office -----------------------------------------------------------------------------------


@dataclass
class Office:
    """The running product, its clock, and the messenger the people use."""

    app: App
    clock: SimClock
    messenger: Messenger
    folder: Path
    numbers: dict[str, int] = field(default_factory=dict)

    # -- time -------------------------------------------------------------------------------------

    async def settle(self) -> None:
        """Let everything happen that can happen at this moment."""
        await self.app.dispatcher.drain()
        await self.app.uploads.drain()
        await self.app.pictures.drain()
        await self.app.rehearsals.drain()
        await self.app.dispatcher.finish()
        await self.app.plan()
        await self.app.deliverer.drain()

    async def until(self, target: datetime) -> None:
        """Let time run to a moment; what falls due on the way happens when it is due."""
        await self.settle()
        while (moment := self._next()) <= target:
            self.clock.now = moment
            if local(moment).time() == DAILY:
                await self.app.daily()
            await self.settle()
        assert target >= self.clock.now, "time does not run backwards"
        self.clock.now = target
        await self.settle()

    def _next(self) -> datetime:
        now = self.clock()
        tools = self.app.tools
        dawn = moment_of(local_day(now), DAILY)
        while dawn <= now:
            dawn += timedelta(days=1)
        opening = next_opening(now, tools.settings.policy, tools.calendar)
        due = self.app.db.read_now(_ahead, now)
        return min(each for each in (dawn, opening, due) if each is not None and each > now)

    # -- people -----------------------------------------------------------------------------------

    def invite(self, role: str, agency: str = "", valid: timedelta = timedelta(days=7)) -> str:
        """A code as `dondoc invite` would give it."""
        now = self.clock()
        agency_id = None
        if agency:
            match = self.app.db.read_now(resolve, agency, local_day(now))
            assert match.agencies, f"no agency {agency}"
            agency_id = match.agencies[0].id
        code, _ = self.app.db.write_now(invites.new_invite, now, Role(role), agency_id, valid=valid)
        return leaks.hide(code)

    def bring_in(self, number: str, file: Path) -> None:
        """One more directive, issued today, as `dondoc import` would bring it in."""
        tools, now = self.app.tools, self.clock()
        order = ImportOrder(
            number, local_day(now), calendar=tools.calendar, update_rule=tools.update_rule
        )
        report = import_tasks(self.app.db, file, order, now)
        assert not report.refused, report.lines()

    async def bind(self, who: str, role: str, agency: str = "") -> None:
        """Somebody uses an invite."""
        await self.messenger.say(who, f"/start {self.invite(role, agency)}")
        await self.settle()

    async def say(self, who: str, text: str, **more: Any) -> list[str]:
        """Somebody writes; what they hear in answer, in the place where they wrote."""
        where = more.get("place") or who
        before = len(self.messenger.heard(where))
        await self.messenger.say(who, text, **more)
        await self.settle()
        return self.messenger.heard(where)[before:]

    # -- looking ----------------------------------------------------------------------------------

    def number(self, agency: str, title: str) -> int:
        """The number of the agency's first duty whose task has these words in its title."""
        return self.app.db.read_now(_number, agency, title)

    def state(self, number: int) -> str:
        return str(self.app.db.read_now(_duty, number).state)

    def duty(self, number: int) -> Duty:
        return self.app.db.read_now(_duty, number)

    def message_id(self, where: str, pattern: str) -> str:
        """The messenger's id of the newest message to a chat that matches."""
        rows = self.app.db.read_now(_attempts, self.messenger.address(where))
        found = [number for number, text in rows if re.search(pattern, text)]
        assert found, f"no message to {where} matches {pattern!r}"
        return found[0]

    def dump(self) -> str:
        """The whole database as text."""
        with closing(sqlite3.connect(self.folder / "dondoc.db")) as db:
            return "\n".join(db.iterdump())

    def notices(self, **where: Any) -> list[Notice]:
        """Notices with these values, oldest first."""
        return self.app.db.read_now(_notices, where)


def _ahead(session: Session, now: datetime) -> datetime | None:
    return session.exec(
        select(func.min(Notice.next_at)).where(
            Notice.state == NoticeState.QUEUED, col(Notice.next_at) > now
        )
    ).one()


def _number(session: Session, agency: str, title: str) -> int:
    rows = session.exec(
        select(Duty.number)
        .join(Agency, col(Agency.id) == col(Duty.agency_id))
        .join(Task, col(Task.id) == col(Duty.task_id))
        .where(Agency.name == agency, col(Task.title).contains(title))
        .order_by(col(Duty.due_on))
    ).all()
    assert rows, f"no duty of {agency} with {title!r}"
    return rows[0]


def _duty(session: Session, number: int) -> Duty:
    return session.exec(select(Duty).where(Duty.number == number)).one()


def _attempts(session: Session, address: str) -> list[tuple[str, str]]:
    rows = session.exec(
        select(Attempt.message_id, Attempt.text)
        .join(Contact, col(Contact.id) == col(Attempt.contact_id))
        .where(Contact.address == address, Attempt.message_id != "")
        .order_by(col(Attempt.id).desc())
    ).all()
    return [(number, text) for number, text in rows]


def _notices(session: Session, where: dict[str, Any]) -> list[Notice]:
    query = select(Notice).order_by(col(Notice.id))
    for name, value in where.items():
        query = query.where(getattr(Notice, name) == value)
    return list(session.exec(query).all())


@asynccontextmanager
async def office(
    folder: Path,
    messengers: Sequence[Messenger],
    begin: datetime,
    *,
    plan: Path = DATA / "plan.csv",
    agencies: Path = DATA / "agencies.csv",
    web: Web = PUBLIC,
    zalo: Zalo | None = None,
    drafts: bool = False,
    rounds: bool = False,
) -> AsyncIterator[Office]:
    """The product with the province loaded; the first messenger is the one people use. `drafts`:
    the draft report comes by itself on the evening of a deadline. `rounds`: so do the weekly briefs
    and the monthly question to focal points."""
    clock = SimClock(begin)
    settings = Settings(
        committee=Committee(
            name="Ban Chỉ đạo chuyển đổi số tỉnh Nam Lĩnh",
            standing_agency="Sở Khoa học và Công nghệ",
        ),
        database=DatabaseSection(url=address()),
        paths=Paths(data_dir=folder),
        papers=Papers(drafts=drafts),
        briefs=Briefs() if rounds else Briefs(members="off", staff="off"),
        contacts=Contacts(heartbeat=rounds, unheard_days=25, answer_days=3),
        # Letters come by themselves where draft reports do.
        reminders=Reminders(letter_urges=3 if drafts else 0),
        web=web,
        zalo=zalo or Zalo(),
    )
    tools = Tools.of(settings, clock())
    db = open_database(settings, clock())
    try:
        import_agencies(db, agencies, clock())
        order = ImportOrder(
            DIRECTIVE, local_day(begin), calendar=tools.calendar, update_rule=tools.update_rule
        )
        report = import_tasks(db, plan, order, clock())
        assert not report.refused, report.lines()
        channels = {each.name: each.channel for each in messengers}
        async with App(tools, db, channels, clock) as app:
            for each in messengers:
                await each.start(app)
            try:
                yield Office(app, clock, messengers[0], folder)
            finally:
                for each in messengers:
                    await each.stop()
    finally:
        db.close()
