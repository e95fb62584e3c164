"""Zalo through real sockets: killed with an update in hand, two messengers, groups."""

import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, col, select

from bot.channels.http import HttpClient
from bot.opening import Tools, open_database
from bot.settings import Paths, Settings
from intake.importing import ImportOrder, import_agencies, import_tasks
from registry import invites
from registry.agencies import resolve
from registry.clock import LOCAL
from registry.tables import Contact, Duty, Subscription
from registry.types import Role
from tests.e2e.process import Running, environment, wait_for
from tests.fakes.telegram_server import FakeTelegram
from tests.fakes.zalo_remote import RemoteZalo
from tests.fakes.zalo_server import FakeZalo
from tests.world import DATA, Office, TelegramMessenger, ZaloMessenger, office

MADE = datetime(2026, 9, 3, 9, tzinfo=LOCAL)
MORNING = datetime(2026, 9, 10, 8, tzinfo=LOCAL)
QUIET_DAY = "2026-09-08T09:00"
AGENCY = "Sở Tài chính"
DONE = "Đã ghi nhận hoàn thành"


# -- the real process, killed ---------------------------------------------------------------------


@dataclass
class Desk:
    """A folder with data and config, a Zalo in its own process, a code and a duty for one."""

    folder: Path
    zalo: RemoteZalo
    code: str
    number: int
    user: str = ""

    def run(self) -> Running:
        return Running(self.folder, QUIET_DAY, environment(DONDOC_ZALO__TOKEN=self.zalo.token))

    @property
    def database(self) -> Path:
        return self.folder / "data" / "dondoc.db"

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.database)) as db:
            return db.execute(sql).fetchall()

    def stored(self) -> int:
        return int(self.query("SELECT count(*) FROM inbound")[0][0])

    def polls(self) -> int:
        calls = self.zalo.do("snapshot")["calls"]
        return sum(call["method"] == "getUpdates" for call in calls)

    def heard(self, words: str) -> list[str]:
        return [text for text in self.zalo.do("texts", chat=self.user) if words in text]

    def say(self, text: str) -> None:
        self.zalo.do("say", user=self.user, text=text)


def prepare(folder: Path) -> tuple[str, int]:
    """The made-up province with a code for a focal point; the code, and a duty's number."""
    settings = Settings(paths=Paths(data_dir=folder))
    tools = Tools.of(settings, MADE)
    db = open_database(settings, MADE)
    try:
        import_agencies(db, DATA / "agencies.csv", MADE)
        order = ImportOrder("21/KH-BCĐ", date(2026, 9, 3), calendar=tools.calendar)
        import_tasks(db, DATA / "plan.csv", order, MADE)
        return db.write_now(_code_and_number)
    finally:
        db.close()


def _code_and_number(session: Session) -> tuple[str, int]:
    agency = resolve(session, AGENCY, MADE.date()).agencies[0]
    code, _ = invites.new_invite(session, MADE, Role.FOCAL, agency.id, valid=timedelta(days=30))
    number = session.exec(
        select(Duty.number).where(Duty.agency_id == agency.id).order_by(col(Duty.due_on))
    ).first()
    assert number is not None
    return code, number


@contextmanager
def desk(folder: Path, queue: str) -> Iterator[Desk]:
    code, number = prepare(folder / "data")
    with RemoteZalo(folder / "zalo.jsonl", queue=queue) as zalo:
        config = f'[zalo]\nbase_url = "{zalo.url}"\n'
        (folder / "config.toml").write_text(config, encoding="utf-8")
        yield Desk(folder, zalo, code, number, zalo.do("user", name="Ngô Văn Bình"))


@contextmanager
def blocked_database(path: Path) -> Iterator[None]:
    """Nobody else can write meanwhile."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        yield
        db.execute("ROLLBACK")


@pytest.mark.parametrize("queue", ["pop", "replay"])
def test_killed_between_receiving_an_update_and_storing_it(queue: str, tmp_path: Path) -> None:
    with desk(tmp_path, queue) as on:
        with on.run() as process:
            wait_for(lambda: on.polls() > 0, "the first poll")
            on.say(on.code)
            wait_for(lambda: len(on.heard("Đã kết nối")) == 1, "to be bound")
            with blocked_database(on.database):
                before = on.stored()
                on.say(f"xong {on.number}")
                wait_for(lambda: on.zalo.do("snapshot")["waiting"] == 0, "the update handed out")
                time.sleep(0.3)
                process.kill()
            assert on.stored() == before, "it was killed with the update in hand"
        polls = on.polls()
        with on.run() as process:
            wait_for(lambda: on.polls() >= polls + 1, "to poll again")
            if queue == "pop":
                # Zalo has forgotten it: nothing was confirmed, so the person says it again.
                assert on.heard(DONE) == []
                on.say(f"xong {on.number}")
            wait_for(lambda: len(on.heard(DONE)) == 1, "the answer")
            process.terminate()
        with on.run() as process:
            polls = on.polls()
            more = 2 if queue == "replay" else 1
            wait_for(lambda: on.polls() >= polls + more, "to be told the old things again")
            process.terminate()
        assert len(on.heard(DONE)) == 1
        assert len(on.heard("Đã kết nối")) == 1
        assert on.query("SELECT count(*) FROM completion") == [(1,)]
        assert_no_secret(on, process.said())


def assert_no_secret(on: Desk, said: str) -> None:
    secret = on.zalo.token.partition(":")[2]
    assert secret not in said
    for file in on.folder.rglob("*"):
        if file.is_file() and file.name != "zalo.jsonl":
            assert secret.encode() not in file.read_bytes(), file


def test_a_refused_token_ends_with_one_line(tmp_path: Path) -> None:
    with desk(tmp_path, "pop") as on:
        wrong = "2000002:WrongWrongWrongWrongWrongWrongWron"
        env = environment(DONDOC_ZALO__TOKEN=wrong)
        with Running(on.folder, QUIET_DAY, env) as process:
            process.process.wait(30)
            assert process.process.returncode == 1
        said = process.said()
        assert wrong.partition(":")[2] not in said
        assert "Traceback" not in said
        assert "Zalo từ chối (401)" in said


# -- one person, two messengers -------------------------------------------------------------------


@dataclass
class Pair:
    """An office on both messengers; everybody has a chat on each, the first named comes first."""

    stage: Office
    telegram: TelegramMessenger
    zalo: ZaloMessenger
    before: dict[str, dict[str, list[str]]] = field(default_factory=dict)

    def told(self, who: str) -> dict[str, list[str]]:
        """What somebody heard since the morning began, by messenger."""
        heard = {"telegram": self.telegram.heard(who), "zalo": self.zalo.heard(who)}
        known = self.before.get(who, {})
        return {name: texts[len(known.get(name, [])) :] for name, texts in heard.items()}

    async def begin_the_morning(self) -> None:
        await self.stage.until(max(MORNING - timedelta(minutes=1), self.stage.clock()))
        self.before = {}
        self.before = {who: self.told(who) for who in EVERYBODY}


AGENCIES = ("Sở Tài chính", "Sở Y tế", "Sở Xây dựng", "Sở Khoa học và Công nghệ")
EVERYBODY = [f"người {n}" for n in range(12)]


@asynccontextmanager
async def pair(folder: Path, first: str) -> AsyncIterator[Pair]:
    async with (
        FakeTelegram() as telegram_server,
        FakeZalo() as zalo_server,
        HttpClient(connect_timeout=5, timeout=10) as http,
    ):
        telegram = TelegramMessenger(telegram_server, http)
        zalo = ZaloMessenger(zalo_server, http)
        async with office(folder, [telegram, zalo], MADE) as stage:
            on = Pair(stage, telegram, zalo)
            for index, who in enumerate(EVERYBODY):
                for messenger in (telegram, zalo):
                    messenger.person(who, who)
                agency = AGENCIES[index % len(AGENCIES)]
                await stage.bind(who, "focal", agency)
                await zalo.say(who, stage.invite("focal", agency))
                await stage.settle()
                stage.app.db.write_now(_join, telegram.address(who), zalo.address(who), first, MADE)
            yield on


def _join(session: Session, telegram: str, zalo: str, first: str, now: datetime) -> None:
    """Two chats become one person's; the chat on `first` is asked first."""
    chats = {each.address: each for each in session.exec(select(Contact)).all()}
    old = chats[zalo].person_id
    chats[zalo].person_id = chats[telegram].person_id
    for chat in (chats[telegram], chats[zalo]):
        chat.rank = 0 if chat.channel == first else 1
        session.add(chat)
    for held in session.exec(select(Subscription).where(Subscription.person_id == old)):
        held.ended_at = now
        session.add(held)


async def test_cut_off_by_telegram_in_the_middle_of_a_morning(tmp_path: Path) -> None:
    async with pair(tmp_path, "telegram") as on:
        world, write = on.telegram.server.world, on.telegram.server.world.on_record

        def cut_off_after_five(kind: str, row: dict[str, Any]) -> None:
            write(kind, row)
            if len(world.sent) == already + 5:
                on.telegram.server.refuse(403, "Forbidden: bot was blocked by the user", times=999)

        await on.begin_the_morning()
        already = len(world.sent)
        world.on_record = cut_off_after_five
        await on.stage.until(MORNING + timedelta(minutes=5))
        told = {who: on.told(who) for who in EVERYBODY}
        owed = [who for who, got in told.items() if any(got.values())]
        assert len(owed) >= 8
        assert {who: sum(map(len, told[who].values())) for who in owed} == dict.fromkeys(owed, 1)
        assert sum(len(got["telegram"]) for got in told.values()) == 5
        assert sum(len(got["zalo"]) for got in told.values()) == len(owed) - 5


async def test_telegram_unreachable_in_the_middle_of_a_morning(tmp_path: Path) -> None:
    async with pair(tmp_path, "telegram") as on:
        await on.begin_the_morning()
        await on.telegram.stop()
        await on.telegram.server.stop()
        await on.stage.until(MORNING + timedelta(minutes=10))
        told = {who: on.told(who) for who in EVERYBODY}
        assert sum(len(got["zalo"]) for got in told.values()) >= 8
        assert all(len(got["zalo"]) <= 1 and not got["telegram"] for got in told.values())
        await on.telegram.server.start()
        await on.begin_the_morning()
        await on.stage.until(MORNING + timedelta(days=7, hours=1))
        told = {who: on.told(who) for who in EVERYBODY}
        assert any(got["telegram"] for got in told.values()), "Telegram is the first again"
        assert not any(got["zalo"] for got in told.values())


async def test_who_blocks_us_on_zalo_hears_it_on_telegram_within_minutes(tmp_path: Path) -> None:
    async with pair(tmp_path, "zalo") as on:
        blocked = "người 0"
        await on.begin_the_morning()
        on.zalo.server.world.block(on.zalo.ids[blocked])
        await on.stage.until(MORNING + timedelta(minutes=5))
        assert [len(texts) for texts in on.told(blocked).values()] == [1, 0]
        others = [on.told(who) for who in EVERYBODY if who != blocked]
        assert all(not got["telegram"] for got in others)
        on.zalo.server.world.unblock(on.zalo.ids[blocked])
        await on.zalo.say(blocked, "viec")
        await on.stage.settle()
        assert "Việc của" in on.zalo.heard(blocked)[-1], "who writes again is reachable again"


async def test_an_outage_of_zalo_closes_nobody_and_loses_nothing(tmp_path: Path) -> None:
    async with pair(tmp_path, "zalo") as on:
        await on.begin_the_morning()
        on.zalo.server.refuse(403, "Internal server error", times=30)
        await on.stage.until(MORNING + timedelta(hours=1))
        told = [on.told(who) for who in EVERYBODY]
        closed = sum(len(got["telegram"]) for got in told)
        assert sum(len(got["zalo"]) for got in told) + closed >= 8
        assert all(sum(map(len, got.values())) <= 1 for got in told)
        assert closed <= 2


# -- groups ---------------------------------------------------------------------------------------


@asynccontextmanager
async def on_zalo(folder: Path) -> AsyncIterator[tuple[Office, ZaloMessenger]]:
    async with FakeZalo() as server, HttpClient(connect_timeout=5, timeout=10) as http:
        zalo = ZaloMessenger(server, http)
        async with office(folder, [zalo], MADE) as stage:
            for who, name in (("thao", "Đỗ Thị Thảo"), ("lan", "Vũ Thị Lan"), ("mai", "Mai Khách")):
                zalo.person(who, name)
            zalo.group("nhóm", "")
            await stage.bind("thao", "staff")
            await stage.bind("lan", "focal", "Sở Y tế")
            yield stage, zalo


async def test_a_group_is_bound_by_a_code_after_the_mention(tmp_path: Path) -> None:
    async with on_zalo(tmp_path) as (stage, zalo):
        assert await stage.say("mai", "status", place="nhóm") == []
        (answer,) = await stage.say("mai", "/status", place="nhóm")
        assert "chưa được kết nối" in answer
        code = stage.invite("focal", "Sở Y tế")
        (answer,) = await stage.say("lan", f"dangky {code}", place="nhóm")
        assert "Nhóm này sẽ nhận tin tổng hợp" in answer
        zalo.server.world.say(
            zalo.ids["lan"], "chiều họp nhé", chat=zalo.ids["nhóm"], mention=False
        )
        assert len(zalo.server.world.events) == 0, "Zalo keeps chatter from us"
        assert await stage.say("mai", "cảm ơn cả nhà", place="nhóm") == []
        zalo.server.world.sticker(zalo.ids["mai"], chat=zalo.ids["nhóm"])
        await stage.until(MORNING)
        assert "Tổng hợp việc của Sở Y tế" in zalo.heard("nhóm")[-1]


async def test_a_list_in_a_group_is_for_who_was_asked(tmp_path: Path) -> None:
    async with on_zalo(tmp_path) as (stage, _zalo):
        await stage.say("lan", f"/dangky {stage.invite('focal', 'Sở Y tế')}", place="nhóm")
        files = stage.number("Sở Y tế", "Số hóa hồ sơ")
        (asked,) = await stage.say("lan", "2", place="nhóm")
        assert str(files) in asked
        assert "Chưa ghi nhận thay đổi" in asked
        assert not any(DONE in text for text in await stage.say("mai", str(files), place="nhóm"))
        assert not any(DONE in text for text in await stage.say("thao", str(files), place="nhóm"))
        assert stage.state(files) == "open"
        answer, *_ = await stage.say("lan", str(files), place="nhóm")
        assert DONE in answer
        assert stage.state(files) == "done"


async def test_what_holds_no_words_is_answered_in_private_only(tmp_path: Path) -> None:
    async with on_zalo(tmp_path) as (stage, zalo):
        before = len(zalo.heard("lan"))
        world, lan, group = zalo.server.world, zalo.ids["lan"], zalo.ids["nhóm"]
        world.sticker(lan)
        world.voice(lan, chat=group)
        world.image(lan, "https://photo.example/x.jpg", chat=group)
        world.unsupported(lan, chat=group)
        world.unsupported()
        await zalo.say("lan", "viec")
        await stage.settle()
        new = zalo.heard("lan")[before:]
        assert len(new) == 2
        assert "chưa đọc được nhãn dán" in new[0]
        assert zalo.heard("nhóm") == []
