"""An office in the middle of its work, and ways to try something on it: whatever is tried is
answered inside one transaction, looked at, and taken back, so that every attack meets the same
state.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

from sqlalchemy import event
from sqlmodel import Session, col, select

from bot.app import App
from registry import calendar_feeds, files
from registry.clock import LOCAL
from registry.inbound import store
from registry.tables import Completion, Contact, Duty, Inbound, Notice, Task
from reports.render import plain_of
from scheduler.channel import Channel, Incoming, Update
from tests.fakes.channel import FakeChannel
from tests.world import DIRECTIVE, Office, office

T = TypeVar("T")
BEGIN = datetime(2026, 9, 3, 9, tzinfo=LOCAL)
HERE, ELSEWHERE = "Sở Y tế", "Sở Xây dựng"
# Who tries, in the order of the table's columns.
ROLES: Mapping[str, tuple[str, str]] = {
    "stranger": ("", ""),
    "focal": ("focal", HERE),
    "other": ("focal", ELSEWHERE),
    "officer": ("officer", HERE),
    "leader": ("leader", HERE),
    "member": ("member", HERE),
    "staff": ("staff", ""),
    "admin": ("admin", ""),
}
IDS = {who: str(7000 + place) for place, who in enumerate(ROLES)}
GROUP, UNKNOWN_GROUP = "-500", "-501"
_WRITES = re.compile(r'\s*(?:INSERT (?:OR \w+ )?INTO|UPDATE|DELETE FROM)\s+"?(\w+)', re.IGNORECASE)
# What any message may leave behind: itself, its answer, its chat, and what is asked next.
_TRACES = frozenset({"inbound", "notice", "contact", "question", "mark"})


def parse(raw: str) -> Incoming | None:
    return Incoming(**json.loads(raw))


class Wire:
    """A messenger that takes everything: private chats, groups, buttons, and what nobody would
    send."""

    name = "telegram"
    offers = frozenset({"groups", "buttons", "edits"})

    def __init__(self) -> None:
        self.fake = FakeChannel("telegram", parses=parse)
        self.channel: Channel = self.fake
        self._app: App | None = None

    async def start(self, app: App) -> None:
        self._app = app
        app.infos[self.name] = await self.channel.open()

    async def stop(self) -> None:
        """Nothing runs."""

    def person(self, who: str, name: str) -> None:
        """Everybody is there."""

    def group(self, which: str, title: str) -> None:
        """Every group is there."""

    def address(self, who: str) -> str:
        return IDS.get(who, who)

    async def say(self, who: str, text: str, place: str = "", reply_to: str | None = None) -> None:
        assert self._app is not None
        del reply_to
        raw = letter(self.address(who), text, place)
        await self._app.dispatcher.store(self.name, [update(raw)])

    async def press(self, who: str, label: str, place: str = "") -> None:
        raise NotImplementedError

    async def event(self, what: str, who: str, place: str = "") -> None:
        raise NotImplementedError

    async def send_file(self, who: str, name: str, data: bytes, caption: str = "") -> None:
        raise NotImplementedError

    def files(self, who: str) -> list[tuple[str, bytes]]:
        raise NotImplementedError

    def heard(self, who: str) -> list[str]:
        return self.fake.texts(self.address(who))

    def edited(self, who: str) -> list[str]:
        raise NotImplementedError


def update(raw: str) -> Update:
    return Update(uuid4().hex, raw)


def letter(sender: str, text: str, place: str = "", **more: Any) -> str:
    """An update as :func:`parse` reads it; `place`: the group it was said in."""
    told = {
        "event": "text",
        "address": place or sender,
        "chat_kind": "group" if place else "private",
        "sender": sender,
        "sender_name": f"Người {sender}",
        "chat_title": "Tổ công tác" if place else "",
        "text": text,
    }
    return json.dumps(told | more)


@dataclass
class Came:
    """What one update came to: the answer in its chat, what others are told, the tables written."""

    answer: str = ""
    told: dict[str, list[str]] = field(default_factory=dict)
    written: frozenset[str] = frozenset()

    @property
    def changed(self) -> frozenset[str]:
        """Tables that hold more than the traces of having been spoken to."""
        return self.written - _TRACES


class _Back(Exception):
    """Takes everything back."""


@dataclass
class Scene:
    stage: Office
    words: dict[str, str] = field(default_factory=dict)

    @property
    def app(self) -> App:
        return self.stage.app

    def fill(self, text: str) -> str:
        return re.sub(r"«([^»]+)»", lambda match: self.words[match[1]], text)

    def text_of(self, template: str, **facts: Any) -> str:
        """What a reply says, for comparison."""
        return self.app.tools.renderer.render(f"replies/{template}", **facts).plain

    def says(self, who: str, text: str, place: str = "", **more: Any) -> Came:
        return self.tries([letter(IDS.get(who, who), self.fill(text), place, **more)])[-1]

    def presses(self, who: str, action: str, place: str = "") -> Came:
        return self.says(who, "", place, event="button", action=self.fill(action))

    def tries(self, raws: list[str]) -> list[Came]:
        """The updates one after the other, then everything is taken back."""
        return self.within(lambda session: [self.one(session, raw) for raw in raws])

    def within(self, act: Callable[[Session], T]) -> T:
        """What `act` comes to; all it writes is taken back."""
        found: list[T] = []

        def attempt(session: Session) -> None:
            found.append(act(session))
            raise _Back

        with suppress(_Back):
            self.app.db.write_now(attempt)
        return found[0]

    def one(self, session: Session, raw: str) -> Came:
        now, key = self.app.clock(), uuid4().hex
        store(session, "telegram", [(key, raw)], now)
        row = session.exec(select(Inbound).where(Inbound.update_key == key)).one()
        last = session.exec(select(Notice.id).order_by(col(Notice.id).desc())).first() or 0
        with writes(session) as written:
            self.app.dispatcher.handle(session, row.id or 0, now)
            session.flush()
        return self._came(session, last, json.loads(raw)["address"], frozenset(written))

    @staticmethod
    def _came(session: Session, last: int, here: str, written: frozenset[str]) -> Came:
        came = Came(written=written)
        rows = session.exec(
            select(Notice).where(col(Notice.id) > last).order_by(col(Notice.id))
        ).all()
        answers = []
        for row in rows:
            html = json.loads(row.payload or "{}").get("html", "")
            contact = session.get(Contact, row.contact_id or 0)
            address = contact.address if contact is not None else f"held:{row.subscription_id}"
            if address == here and row.kind == "answer":
                answers.append(plain_of(html))
            else:
                came.told.setdefault(address, []).append(plain_of(html))
        came.answer = "\n\n".join(answers)
        return came


@contextmanager
def writes(session: Session) -> Iterator[set[str]]:
    """The tables that statements of this connection write to."""
    connection, found = session.connection(), set[str]()

    def note(*told: Any) -> None:
        if match := _WRITES.match(told[2]):
            found.add(match[1].lower())

    event.listen(connection, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(connection, "before_cursor_execute", note)


@asynccontextmanager
async def opened(folder: Path, *present: str) -> AsyncIterator[Scene]:
    """An office where only these are bound, and nothing has been said yet."""
    async with office(folder, [Wire()], BEGIN) as stage:
        for who in present:
            await stage.bind(who, *ROLES[who])
        scene = Scene(stage)
        scene.words = {"duty": str(stage.number(HERE, "Kết nối bệnh án"))}
        yield scene


@asynccontextmanager
async def at_work(folder: Path) -> AsyncIterator[Scene]:
    """Everybody is bound; every kind of number stands for something of Sở Y tế."""
    async with opened(folder, *(who for who, (role, _) in ROLES.items() if role)) as scene:
        stage = scene.stage
        await stage.say("focal", f"/dangky {stage.invite('focal', HERE)}", place=GROUP)
        scene.words = _known(scene)
        for who, text in _BEFORE:
            answer = await stage.say(who, scene.fill(text))
            assert answer, f"{text!r} was not answered"
        scene.words |= await stage.app.db.write(_linked, stage)
        theirs = folder / "theirs.csv"
        theirs.write_text(_THEIRS, encoding="utf-8")
        stage.bring_in("88/KH-UBND", theirs)
        yield scene


# A directive that only Sở Tài chính has a part in.
_THEIRS = (
    "Mục,TT,Nhiệm vụ,Kết quả thực hiện,Thời gian hoàn thành,Cơ quan chủ trì\n"
    "VII. VIỆC RIÊNG,1,Rà soát đất đai của Sở Tài chính,Báo cáo,20/11/2026,Sở Tài chính\n"
)
_BEFORE = (
    ("staff", "/nghiemthu bật «submitted»"),
    ("focal", "xong «submitted» số 46/BC-SYT"),
    ("focal", "xong «done» số 612/BC-SYT"),
    ("focal", "vướng «duty» thiếu kinh phí mua sắm"),
    ("focal", "vướng «duty» chưa có hướng dẫn kỹ thuật"),
    ("staff", "trả lời VM2: đã có hướng dẫn"),
    ("focal", "giahan «duty» 30/10/2026 chờ đấu thầu"),
    ("9100", "/dangky Sở Tài chính"),
    ("staff", "/giao Sở Tài chính báo cáo kết quả giải ngân trước 20/12/2026"),
    ("focal", "/bangiao"),
    ("staff", "/xephang công bố quý 3 ngày 15/10/2026"),
)  # fmt: skip


def _known(scene: Scene) -> dict[str, str]:
    stage = scene.stage
    return {
        "duty": str(stage.number(HERE, "Kết nối bệnh án")),
        "done": str(stage.number(HERE, "Số hóa hồ sơ")),
        "submitted": str(stage.number(HERE, "Báo cáo kết quả")),
        "none": "98765",
        "agency": HERE,
        "number": DIRECTIVE,
        "code": stage.invite("officer", HERE),
        "obstacle": "1",
        "answered": "2",
        "extension": "1",
        "admission": "2",
        "review": "1",
        "handover": "1",
        "ranking": "1",
    }


def _linked(session: Session, stage: Office) -> dict[str, str]:
    """A file that came with a report, and a calendar."""
    now, settings = stage.clock(), stage.app.tools.settings
    row = session.exec(
        select(Completion).join(Duty).join(Task).where(col(Task.title).contains("Số hóa"))
    ).one()
    files.keep(
        session, settings.files_dir, "bao-cao.pdf", b"%PDF-1.4", "application/pdf", now,
        days=None, completion_id=row.id,
    )  # fmt: skip
    person = session.exec(select(Contact).where(Contact.address == IDS["focal"])).one()
    return {"token": calendar_feeds.make(session, now, person_id=person.person_id)}


@contextmanager
def lasting(folder: Path) -> Iterator[Scene]:
    """The same for many tests that are no coroutines."""
    with asyncio.Runner() as runner:
        manager = at_work(folder)
        scene = runner.run(manager.__aenter__())
        try:
            yield scene
        finally:
            runner.run(manager.__aexit__(None, None, None))
