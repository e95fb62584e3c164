"""A bot with a monthly limit, and people with two messengers, through a simulated month."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, col, select

from bot.channels.http import HttpClient
from bot.settings import Zalo
from registry import budget
from registry.clock import LOCAL, local
from registry.tables import Agency, Attempt, Contact, Person, Subscription
from registry.types import AttemptOutcome, NoticeState, Role
from tests.fakes.telegram_server import FakeTelegram
from tests.fakes.zalo_server import FakeZalo
from tests.world import Office, TelegramMessenger, ZaloMessenger, office

BEGIN = datetime(2026, 9, 3, 9, tzinfo=LOCAL)
MORNING = datetime(2026, 9, 10, 8, tzinfo=LOCAL)
NEW_MONTH = datetime(2026, 10, 1, 8, 1, tzinfo=LOCAL)
AGENCIES = ("Sở Tài chính", "Sở Y tế", "Sở Xây dựng", "Sở Khoa học và Công nghệ")


@dataclass
class Desk:
    """An office on Telegram and on one bot on Zalo."""

    stage: Office
    telegram: TelegramMessenger
    zalo: ZaloMessenger

    def spend(self, messages: int) -> None:
        """So many messages left the bot on Zalo this month."""
        self.stage.app.db.write_now(_spend, messages, self.stage.clock())

    @property
    def used(self) -> int:
        month = budget.month_of(self.stage.clock())
        return self.stage.app.db.read_now(budget.used, "zalo", month)


def _spend(session: Session, messages: int, now: datetime) -> None:
    somebody = session.exec(select(Contact.id).where(Contact.channel == "zalo")).first()
    outcomes = (AttemptOutcome.SENT, AttemptOutcome.UNCERTAIN)
    for number in range(messages):
        outcome = outcomes[number % 2]
        session.add(
            Attempt(
                contact_id=somebody or 0, opened_at=now, closed_at=now, outcome=outcome, text=""
            )
        )


@asynccontextmanager
async def desk(folder: Path, zalo: Zalo) -> AsyncIterator[Desk]:
    """Staff on Telegram; lan (Sở Y tế) and hung (Sở Xây dựng) on Zalo."""
    async with (
        FakeTelegram() as telegram_server,
        FakeZalo() as zalo_server,
        HttpClient(connect_timeout=5, timeout=10) as http,
    ):
        on_telegram = TelegramMessenger(telegram_server, http)
        on_zalo = ZaloMessenger(zalo_server, http)
        async with office(folder, [on_telegram, on_zalo], BEGIN, zalo=zalo) as stage:
            on_telegram.person("thao", "Đỗ Thị Thảo")
            await stage.bind("thao", "staff")
            for who, name, agency in (
                ("lan", "Vũ Thị Lan", "Sở Y tế"),
                ("hung", "Mai Văn Hùng", "Sở Xây dựng"),
            ):
                on_zalo.person(who, name)
                await on_zalo.say(who, stage.invite("focal", agency))
                await stage.settle()
            yield Desk(stage, on_telegram, on_zalo)


def warnings(on: Desk) -> list[str]:
    return [text for text in on.telegram.heard("thao") if "số tin của tháng" in text]


async def test_staff_hear_of_each_step_once_a_month(tmp_path: Path) -> None:
    async with desk(tmp_path, Zalo(monthly_budget=1000)) as on:
        on.spend(699 - on.used)
        await on.stage.settle()
        assert warnings(on) == []
        on.spend(1)
        await on.stage.settle()
        await on.stage.settle()
        (warned,) = warnings(on)
        assert "700/1.000 (70 %)" in warned
        on.spend(850 - on.used)
        await on.stage.settle()
        assert len(warnings(on)) == 2
        assert "sắp hết" in warnings(on)[1]
        (status,) = await on.stage.say("thao", "/status")
        assert (
            "Zalo: đã gửi 850/1.000 (85 %) tin trong tháng 9/2026; 2/50 người, 0/3 nhóm" in status
        )
        await on.stage.until(NEW_MONTH)
        assert len(warnings(on)) == 2, "a new month begins anew"


async def test_from_85_percent_one_message_a_day_but_answers_and_last_days(tmp_path: Path) -> None:
    async with desk(tmp_path, Zalo(monthly_budget=1000)) as on:
        on.spend(900)
        await on.stage.until(MORNING - timedelta(minutes=1))
        before = {who: len(on.zalo.heard(who)) for who in ("lan", "hung")}
        await on.stage.until(MORNING + timedelta(minutes=1))
        first = on.zalo.heard("lan")[before["lan"] :]
        assert len(first) == 1, "the day's message"
        # News of the same day waits; an answer does not.
        files = on.stage.number("Sở Y tế", "Số hóa hồ sơ")
        on.zalo.person("mai", "Lê Thị Mai")
        await on.zalo.say("mai", on.stage.invite("officer", "Sở Y tế"))
        await on.stage.settle()
        await on.zalo.say("mai", f"xong {files} số 45/BC-SYT")
        await on.stage.settle()
        assert "Đã ghi nhận hoàn thành" in on.zalo.heard("mai")[-1]
        await on.stage.until(MORNING.replace(hour=16))
        assert len(on.zalo.heard("lan")) == before["lan"] + 1
        await on.zalo.say("lan", "viec")
        await on.stage.settle()
        assert len(on.zalo.heard("lan")) == before["lan"] + 2
        await on.stage.until(MORNING + timedelta(days=1, minutes=1))
        assert "đã hoàn thành" in on.zalo.heard("lan")[-1], "told with the next day's"
        # His last day was that morning, and is told whatever was told before.
        assert any("hôm nay là hạn cuối" in text for text in on.zalo.heard("hung"))


async def test_a_spent_bot_sends_nothing_and_others_take_over(tmp_path: Path) -> None:
    async with desk(tmp_path, Zalo(monthly_budget=50)) as on:
        await on.zalo.say("lan", "/lienket")
        await on.stage.settle()
        code = on.zalo.heard("lan")[-1].split("gửi mã: ")[1].split()[0]
        on.telegram.person("lan", "Lan Vũ")
        await on.stage.say("lan", code)
        on.spend(50 - on.used)
        await on.stage.settle()
        spent = warnings(on)[-1]
        assert "đã hết số tin của tháng" in spent
        assert "Mai Văn Hùng" in spent, "who can be told nothing"
        assert "Vũ Thị Lan" not in spent
        already = {who: len(on.zalo.heard(who)) for who in ("lan", "hung")}
        await on.zalo.say("lan", "viec")
        await on.stage.settle()
        answer = on.telegram.heard("lan")[-1]
        assert "Việc của Sở Y tế" in answer
        assert "Tin này gửi qua Telegram vì Zalo đã hết số tin của tháng này" in answer
        await on.stage.until(MORNING + timedelta(hours=1))
        assert "Tin này gửi qua Telegram vì Zalo" in on.telegram.heard("lan")[-1]
        (_, lost) = await on.stage.say("thao", "/quahan")
        assert "Sở Xây dựng (bot đã hết số tin của tháng)" in lost
        await on.stage.until(NEW_MONTH - timedelta(hours=12))
        assert {who: len(on.zalo.heard(who)) for who in ("lan", "hung")} == already
        assert on.used == 50, "not one message too many"
        assert on.stage.notices(state=NoticeState.DEAD) == []
        await on.stage.until(NEW_MONTH)
        late = on.zalo.heard("hung")[already["hung"] :]
        assert late, "what waited comes with the new month"
        assert "gián đoạn" not in late[0], "nothing had failed"


async def test_the_limit_is_kept_in_the_middle_of_a_morning(tmp_path: Path) -> None:
    async with desk(tmp_path, Zalo(monthly_budget=40, max_users=0)) as on:
        stage = on.stage
        for number in range(20):
            on.zalo.person(f"n{number}", f"Cán bộ {number}")
            on.zalo.server.world.chats[on.zalo.address(f"n{number}")].known = True
        stage.app.db.write_now(_hold, [on.zalo.address(f"n{n}") for n in range(20)], "zalo", BEGIN)
        on.spend(35 - on.used)
        await stage.until(MORNING + timedelta(hours=2))
        assert on.used == 40


def _hold(session: Session, addresses: list[str], channel: str, now: datetime) -> list[int]:
    """Focal points of the agencies in turn, one for each address; their persons."""
    agencies = session.exec(select(Agency.id).where(col(Agency.name).in_(AGENCIES))).all()
    persons = []
    for index, address in enumerate(addresses):
        person = Person(name=f"Cán bộ {index}", created_at=now)
        session.add(person)
        session.flush()
        session.add(Contact(person_id=person.id, channel=channel, address=address, created_at=now))
        agency = agencies[index % len(agencies)]
        key = f"p{person.id}|{agency}|{Role.FOCAL}"
        session.add(
            Subscription(key=key, person_id=person.id, agency_id=agency, role=Role.FOCAL, since=now)
        )
        persons.append(person.id or 0)
    return persons


async def test_the_51st_is_sent_on_and_the_code_stays_good(tmp_path: Path) -> None:
    async with desk(tmp_path, Zalo(max_users=3)) as on:
        for who in ("mai", "nam"):
            on.zalo.person(who, who)
        code = on.stage.invite("focal", "Sở Tài chính")
        await on.zalo.say("mai", on.stage.invite("officer", "Sở Y tế"))
        await on.stage.settle()
        await on.zalo.say("nam", code)
        await on.stage.settle()
        refused = on.zalo.heard("nam")[-1]
        assert "đã đủ 3 người" in refused
        assert "Telegram" in refused, "where there is room"
        assert any("sắp đủ người" in text for text in on.telegram.heard("thao"))
        # Who is bound already may use another code; who leaves makes room.
        await on.zalo.say("lan", on.stage.invite("leader", "Sở Y tế"))
        await on.stage.settle()
        assert "Đã kết nối" in on.zalo.heard("lan")[-1]
        await on.zalo.say("mai", "/huydangky")
        await on.stage.settle()
        await on.zalo.say("nam", code)
        await on.stage.settle()
        assert "Đã kết nối" in on.zalo.heard("nam")[-1]


async def test_telegram_cut_off_in_a_morning_of_200(tmp_path: Path) -> None:
    """All arrive on Zalo with a line that says why; nobody is told twice."""
    async with desk(tmp_path, Zalo(monthly_budget=0, max_users=0)) as on:
        stage, names = on.stage, [f"n{number}" for number in range(200)]
        for name in names:
            on.telegram.person(name, name)
            on.zalo.person(name, name)
            on.telegram.server.world.chats[on.telegram.ids[name]].refusal = ""
            on.zalo.server.world.chats[on.zalo.ids[name]].known = True
        persons = stage.app.db.write_now(
            _hold, [on.telegram.address(name) for name in names], "telegram", BEGIN
        )
        stage.app.db.write_now(_second, persons, [on.zalo.address(n) for n in names], BEGIN)
        await stage.until(MORNING - timedelta(minutes=1))
        before = {name: (len(on.telegram.heard(name)), len(on.zalo.heard(name))) for name in names}
        server = on.telegram.server
        write, sent = server.world.on_record, 0

        def cut_off_after_60(kind: str, row: dict[str, object]) -> None:
            nonlocal sent
            write(kind, row)
            sent += 1
            if sent == 60:
                server.fail("html", status=502, times=100_000)

        server.world.on_record = cut_off_after_60
        await stage.until(MORNING + timedelta(minutes=30))
        first = {name: on.telegram.heard(name)[before[name][0] :] for name in names}
        second = {name: on.zalo.heard(name)[before[name][1] :] for name in names}
        told = {name: len(first[name]) + len(second[name]) for name in names}
        due = [name for name, count in told.items() if count]
        assert len(due) >= 150
        assert set(told.values()) <= {0, 1}
        there = [texts[0] for texts in second.values() if texts]
        assert len(there) == len(due) - sum(map(len, first.values()))
        assert all("Tin này gửi qua Zalo vì Telegram đang gián đoạn" in text for text in there)


def _second(session: Session, persons: list[int], addresses: list[str], now: datetime) -> None:
    for person_id, address in zip(persons, addresses, strict=True):
        session.add(
            Contact(person_id=person_id, channel="zalo", address=address, rank=1, created_at=now)
        )


@pytest.mark.parametrize(
    ("moment", "month"),
    [
        (datetime(2026, 8, 31, 23, 59, 59, tzinfo=LOCAL), date(2026, 8, 1)),
        (datetime(2026, 9, 1, 0, 0, tzinfo=LOCAL), date(2026, 9, 1)),
        (datetime(2026, 12, 31, 23, 59, tzinfo=LOCAL), date(2026, 12, 1)),
    ],
)
def test_months_are_those_of_the_clock_on_the_wall(moment: datetime, month: date) -> None:
    assert budget.month_of(moment) == month
    assert budget.month_of(moment.astimezone(local(moment).tzinfo)) == month
