"""Delivery through real sockets: what each failure of the messenger means for whoever waits."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.channels.http import HttpClient
from registry.clock import LOCAL, local, moment_of
from registry.types import NoticeState
from tests.fakes.telegram_server import FakeTelegram
from tests.world import ConsoleMessenger, Office, TelegramMessenger, eventually, office

BEGIN = datetime(2026, 9, 3, 9, tzinfo=LOCAL)
MORNING = datetime(2026, 9, 10, 8, tzinfo=LOCAL)
REPEATED = re.compile(r"gửi lại", re.IGNORECASE)


def at(day: int, hour: int, minute: int = 0, month: int = 9) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=LOCAL)


@dataclass
class Scene:
    """An office on Telegram, with staff and the focal point of Sở Tài chính."""

    office: Office
    server: FakeTelegram
    people: TelegramMessenger
    report: int

    def heard(self, who: str) -> list[str]:
        return self.people.heard(who)

    def reminders(self, who: str) -> list[str]:
        return [text for text in self.heard(who) if "Nhắc việc" in text]

    def chat(self, who: str) -> int:
        return self.people.ids[who]

    def calls(self, who: str) -> int:
        """How often a message to somebody was tried."""
        number = str(self.chat(who))
        return sum(
            1
            for call in self.server.calls
            if call["method"] == "sendMessage" and str(call["params"]["chat_id"]) == number
        )


@asynccontextmanager
async def scene(
    folder: Path, *, begin: datetime = BEGIN, patience: float = 10.0, more: Any = (), **files: Path
) -> AsyncIterator[Scene]:
    async with (
        FakeTelegram() as server,
        HttpClient(connect_timeout=5, timeout=patience) as http,
    ):
        telegram = TelegramMessenger(server, http)
        async with office(folder, [telegram, *more], begin, **files) as stage:
            for who, name in (("thao", "Đỗ Thị Thảo"), ("binh", "Ngô Văn Bình")):
                telegram.person(who, name)
            await stage.bind("thao", "staff")
            await stage.bind("binh", "focal", "Sở Tài chính")
            yield Scene(stage, server, telegram, stage.number("Sở Tài chính", "Báo cáo"))


Play = Callable[..., Awaitable[Scene]]


async def test_blocked_contact_is_closed_and_staff_are_told(tmp_path: Path) -> None:
    async with scene(tmp_path) as on:
        on.server.refuse(403, "Forbidden: bot was blocked by the user", chat=on.chat("binh"))
        await on.office.until(MORNING)
        assert not on.reminders("binh")
        assert "Không gửi được tin đến Ngô Văn Bình" in on.heard("thao")[-1]
        before = on.calls("binh")
        await on.office.until(at(17, 9))
        assert on.calls("binh") == before, "a closed contact was written to"
        # What he is owed comes when he writes again, once and as it now stands.
        answers = await on.office.say("binh", "/viec")
        assert sum("Nhắc việc" in text for text in answers) == 1
        assert "còn 7 ngày" in "".join(answers)
        assert on.server.world.sent[-1]["chat_id"] == on.chat("binh")


async def test_block_event_closes_before_anything_is_sent(tmp_path: Path) -> None:
    async with scene(tmp_path) as on:
        await on.people.event("blocks", "binh")
        await on.office.until(at(10, 9))
        assert "Không gửi được tin đến Ngô Văn Bình" in on.heard("thao")[-1]
        tried = on.calls("binh")
        await on.people.event("unblocks", "binh")
        await on.office.say("binh", "/start")
        assert on.calls("binh") > tried
        assert len(on.reminders("binh")) == 1


async def test_other_contact_of_the_same_person_gets_it(tmp_path: Path) -> None:
    console = ConsoleMessenger()
    async with scene(tmp_path, more=[console]) as on:
        console.person("binh", "Ngô Văn Bình")
        code = on.office.invite("focal", "Sở Tài chính")
        await console.say("binh", f"/start {code}")
        await on.office.settle()
        join_contacts(on.office, on.people.address("binh"), console.address("binh"))
        on.server.refuse(403, "Forbidden: user is deactivated", chat=on.chat("binh"))
        await on.office.until(MORNING)
        got = [text for text in console.heard("binh") if "Nhắc việc" in text]
        assert len(got) == 1
        assert not on.reminders("binh")


def join_contacts(stage: Office, first: str, second: str) -> None:
    """Two chats become one person's, as an administrator merges them."""
    from sqlmodel import select  # noqa: PLC0415

    from registry.tables import Contact, Subscription  # noqa: PLC0415

    def merge(session: Any) -> None:
        rows = {each.address: each for each in session.exec(select(Contact)).all()}
        old = rows[second].person_id
        rows[second].person_id, rows[second].rank = rows[first].person_id, 1
        for held in session.exec(select(Subscription).where(Subscription.person_id == old)):
            held.ended_at = stage.clock()
            session.add(held)
        session.add(rows[second])

    stage.app.db.write_now(merge)


async def test_429_waits_as_long_as_told_and_only_for_that_chat(tmp_path: Path) -> None:
    async with scene(tmp_path) as on:
        on.people.person("lan", "Vũ Thị Lan")
        await on.office.bind("lan", "focal", "Sở Y tế")
        on.server.flood(37, chat=on.chat("binh"))
        await on.office.until(MORNING)
        assert len(on.reminders("lan")) == 1 or "2 việc" in on.heard("lan")[-1]
        assert not on.reminders("binh")
        tried = on.calls("binh")
        await on.office.until(MORNING + timedelta(seconds=36))
        assert on.calls("binh") == tried
        await on.office.until(MORNING + timedelta(seconds=38))
        assert len(on.reminders("binh")) == 1
        assert not REPEATED.search(on.reminders("binh")[0])


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param({"kind": "status", "status": 500}, id="500"),
        pytest.param({"kind": "html", "status": 502}, id="502-page"),
        pytest.param({"kind": "html", "status": 503}, id="503-page"),
    ],
)
async def test_5xx_is_tried_again_later(fault: dict[str, Any], tmp_path: Path) -> None:
    async with scene(tmp_path) as on:
        on.server.fail(**fault, chat=on.chat("binh"), times=3)
        await on.office.until(MORNING + timedelta(minutes=30))
        assert len(on.reminders("binh")) == 1
        assert not REPEATED.search(on.reminders("binh")[0])


async def test_refused_connection_is_tried_again(tmp_path: Path) -> None:
    async with scene(tmp_path) as on:
        await on.people.stop()
        await on.server.stop()
        await on.office.until(MORNING + timedelta(minutes=2))
        assert not on.reminders("binh")
        await on.server.start()
        await on.office.until(MORNING + timedelta(minutes=59))
        assert len(on.reminders("binh")) == 1
        assert not REPEATED.search(on.reminders("binh")[0])


async def test_drop_before_processing_arrives_once_more(tmp_path: Path) -> None:
    """Nobody can know that it did not arrive: said again, marked."""
    async with scene(tmp_path) as on:
        on.server.fail("drop", chat=on.chat("binh"))
        await on.office.until(MORNING + timedelta(minutes=30))
        assert len(on.reminders("binh")) == 1
        assert on.calls("binh") == 2 + 1  # the welcome, and two tries


async def test_drop_after_processing_is_repeated_once_and_marked(tmp_path: Path) -> None:
    async with scene(tmp_path) as on:
        on.server.fail("drop", chat=on.chat("binh"), after=True, times=5)
        await on.office.until(MORNING + timedelta(hours=6))
        got = on.reminders("binh")
        assert len(got) == 2, got
        assert not REPEATED.search(got[0])
        assert REPEATED.search(got[1])
        assert {each.state for each in on.office.notices(key=reminder_key(on))} == {
            NoticeState.UNCERTAIN
        }


def reminder_key(on: Scene) -> str:
    first = next(
        each
        for each in on.office.notices(step="10")
        if each.duty_id == on.office.duty(on.report).id
    )
    return first.key


async def test_answer_to_a_command_is_never_repeated(tmp_path: Path) -> None:
    async with scene(tmp_path) as on:
        on.server.fail("drop", chat=on.chat("binh"), after=True)
        answers = await on.office.say("binh", f"xong {on.report}")
        await on.office.until(BEGIN + timedelta(hours=3))
        assert len(answers) == 1
        assert on.heard("binh")[-1] == answers[0]
        assert on.office.state(on.report) == "done"


async def test_hanging_server_is_left_and_marked(tmp_path: Path) -> None:
    async with scene(tmp_path, patience=0.4) as on:
        on.server.fail("hang", chat=on.chat("binh"), after=True)
        await on.office.until(MORNING + timedelta(hours=1))
        got = on.reminders("binh")
        assert len(got) == 2
        assert REPEATED.search(got[1])


async def test_wrong_token_loses_nothing(tmp_path: Path) -> None:
    async with scene(tmp_path) as on:
        on.server.refuse(401, "Unauthorized", method="sendMessage", times=3)
        await on.office.until(MORNING + timedelta(minutes=1))
        assert not on.reminders("binh")
        assert on.calls("binh") <= 2
        await on.office.until(MORNING + timedelta(hours=1))
        assert len(on.reminders("binh")) == 1


async def bound_group(on: Scene) -> None:
    on.people.group("nhom", "Tổ chuyển đổi số Sở Tài chính")
    await on.people.arrived()
    code = on.office.invite("focal", "Sở Tài chính")
    await on.people.say("binh", f"/dangky {code}", place="nhom")
    await on.office.settle()


async def test_migrated_group_gets_the_same_message_at_its_new_address(tmp_path: Path) -> None:
    async with scene(tmp_path) as on:
        await bound_group(on)
        await on.people.stop()  # the update that tells of it is not heard in time
        on.people.ids["nhom"] = on.server.world.migrate(on.people.ids["nhom"])
        await on.office.until(MORNING)
        assert len(on.heard("nhom")) == 1
        assert str(on.report) in on.heard("nhom")[0]
        await on.people.start(on.office.app)
        await on.people.arrived()
        await on.office.until(at(17, 8))
        assert len(on.heard("nhom")) == 2, "the subscription did not move"


async def test_refused_markup_goes_once_as_plain_text(tmp_path: Path) -> None:
    async with scene(tmp_path) as on:
        words = "Bad Request: can't parse entities: Unsupported start tag"
        on.server.refuse(400, words, chat=on.chat("binh"))
        await on.office.until(MORNING + timedelta(minutes=30))
        got = on.reminders("binh")
        assert len(got) == 1
        assert "<b>" not in got[0]
        assert "Sở Tài chính" in got[0]


async def test_message_refused_for_good_does_not_block_the_next(tmp_path: Path) -> None:
    async with scene(tmp_path) as on:
        on.server.refuse(400, "Bad Request: something new", chat=on.chat("binh"))
        await on.office.until(MORNING + timedelta(hours=1))
        assert not on.reminders("binh")
        await on.office.until(at(17, 8))
        assert len(on.reminders("binh")) == 1


def long_plan(folder: Path, rows: int) -> Path:
    """Many tasks of one agency, due on one day."""
    path = folder / "long.csv"
    head = (
        "Mục,TT,Nhiệm vụ,Kết quả thực hiện,Thời gian hoàn thành,Cơ quan chủ trì,"
        "Cơ quan phối hợp,Nơi nhận báo cáo\n"
    )
    lines = [
        f"I. RÀ SOÁT,{n},Báo cáo rà soát dữ liệu chuyên ngành phần thứ {n} và lập danh mục kho "
        "dữ liệu dùng chung của tỉnh theo hướng dẫn,Danh mục,24/9/2026,Sở Tài chính,,\n"
        for n in range(1, rows + 1)
    ]
    path.write_text(head + "".join(lines), encoding="utf-8")
    return path


async def test_long_answer_arrives_in_parts_in_order(tmp_path: Path) -> None:
    async with scene(tmp_path, plan=long_plan(tmp_path, 120)) as on:
        on.server.flood(3, chat=on.chat("binh"))
        on.server.fail("html", chat=on.chat("binh"), times=1)
        await on.people.say("binh", "/viec")
        await on.office.settle()
        await on.office.until(BEGIN + timedelta(minutes=5))
        parts = on.heard("binh")[1:]
        assert all(len(part.encode("utf-16-le")) // 2 <= 4096 for part in parts)
        numbers = [
            int(n) for part in parts for n in re.findall(r"^\S+ (\d{3}) ·", part, re.MULTILINE)
        ]
        assert numbers == sorted(numbers)
        assert len(numbers) == len(set(numbers))
        await on.office.until(MORNING)
        digest = on.heard("binh")[1 + len(parts) :]
        assert digest
        assert "120" in digest[0]


async def test_done_duty_changes_the_reminder_that_was_sent(tmp_path: Path) -> None:
    async with scene(tmp_path) as on:
        await on.office.until(MORNING)
        world, chat = on.server.world, on.chat("binh")
        await on.people.press("binh", "Xong")
        await on.office.settle()
        assert on.office.state(on.report) == "done"
        assert len(world.answers) == 1, "the button still spins"
        edited = [row for row in world.edits if row["chat_id"] == chat]
        assert len(edited) == 1
        assert "hoàn thành" in edited[0]["text"].lower()
        assert not edited[0]["buttons"]
        # Pressing the stale button again changes nothing and stops spinning too.
        world.press_data(chat, f"d1:{on.report}:done", edited[0]["message_id"])
        await on.people.arrived()
        await on.office.settle()
        assert "Không có gì thay đổi" in on.heard("binh")[-1]
        assert len(world.answers) == 2
        # Undone: the reminder asks again.
        await on.office.say("binh", "hoàn tác")
        assert on.server.world.edits[-1]["buttons"]


@pytest.mark.parametrize(
    "data", ["d1:999999:done", "d2:1:done", "d1:1:explode", "r1:1:yes", "", "💥", "d1:-1:done"]
)
async def test_forged_buttons_do_nothing(data: str, tmp_path: Path) -> None:
    async with scene(tmp_path) as on:
        await on.office.until(MORNING)
        chat = on.chat("binh")
        newest = max(on.server.world.chats[chat].messages)
        on.server.world.press_data(chat, data, newest)
        await on.people.arrived()
        await on.office.settle()
        assert on.office.state(on.report) == "open"


async def test_somebody_elses_button_does_nothing(tmp_path: Path) -> None:
    async with scene(tmp_path) as on:
        on.people.person("lan", "Vũ Thị Lan")
        await on.office.bind("lan", "focal", "Sở Y tế")
        newest = max(on.server.world.chats[on.chat("lan")].messages)
        on.server.world.press_data(on.chat("lan"), f"d1:{on.report}:done", newest)
        await on.people.arrived()
        await on.office.settle()
        assert on.office.state(on.report) == "open"
        assert "Không tìm thấy" in on.heard("lan")[-1]


async def test_outage_over_several_steps_is_one_message_that_says_so(tmp_path: Path) -> None:
    async with scene(tmp_path) as on:
        # The process sleeps from the day of T-10 until the day after T-2.
        on.office.clock.now = at(23, 9)
        await on.office.app.daily()
        await on.office.settle()
        got = on.heard("binh")[1:]
        assert len(got) == 1, got
        assert "gián đoạn" in got[0]
        assert "ngày mai" in got[0] or "còn 1 ngày" in got[0]
        await on.office.until(at(24, 9))
        last = on.heard("binh")[2:]
        assert len(last) == 1
        assert "gián đoạn" not in last[0]


async def test_nothing_but_answers_at_night_and_on_days_off(tmp_path: Path) -> None:
    begin = datetime(2027, 1, 29, 9, tzinfo=LOCAL)  # a week before Tết Đinh Mùi
    async with scene(tmp_path, begin=begin) as on:
        on.people.person("lan", "Vũ Thị Lan")
        await on.office.bind("lan", "focal", "Sở Y tế")
        await on.office.until(datetime(2027, 3, 26, 17, tzinfo=LOCAL))
        calendar, policy = on.office.app.tools.calendar, on.office.app.tools.settings.policy
        when = [local(each.opened_at) for each in attempts(on.office)]
        planned = [moment for moment in when if moment > begin + timedelta(minutes=1)]
        assert len(planned) >= 5
        for moment in planned:
            assert calendar.is_working(moment.date()), moment
            assert policy.opens <= moment.time() < policy.closes, moment


def attempts(stage: Office) -> list[Any]:
    from sqlmodel import select  # noqa: PLC0415

    from registry.tables import Attempt  # noqa: PLC0415

    return stage.app.db.read_now(lambda session: list(session.exec(select(Attempt)).all()))


async def test_alert_at_night_waits_for_the_morning(tmp_path: Path) -> None:
    async with scene(tmp_path) as on:
        await on.office.until(at(3, 22))
        answer = await on.office.say("binh", f"vướng {on.report} thiếu số liệu")
        assert len(answer) == 1
        before = len(on.heard("thao"))
        await on.office.until(at(4, 7, 59))
        assert len(on.heard("thao")) == before
        await on.office.until(at(4, 8))
        assert "thiếu số liệu" in on.heard("thao")[-1]


async def test_last_day_reminder_still_goes_out_in_the_evening(tmp_path: Path) -> None:
    async with scene(tmp_path) as on:
        await on.office.until(at(23, 17))
        before = len(on.heard("binh"))
        on.office.clock.now = at(24, 19)  # down all day
        await on.office.settle()
        assert len(on.heard("binh")) == before + 1
        assert "hôm nay" in on.heard("binh")[-1]


async def test_last_day_reminder_does_not_wake_anybody_at_night(tmp_path: Path) -> None:
    async with scene(tmp_path) as on:
        await on.office.until(at(23, 17))
        before = len(on.heard("binh"))
        on.office.clock.now = at(24, 22)
        await on.office.settle()
        assert len(on.heard("binh")) == before
        await on.office.until(at(25, 8))
        assert len(on.heard("binh")) > before
        assert "quá hạn" in on.heard("binh")[before]


async def test_pacing_never_meets_a_429(tmp_path: Path) -> None:
    """Forty people at once and several messages to one chat, under Telegram's published limits,
    with the deliverer running as in production."""
    async with (
        FakeTelegram(strict=True) as server,
        HttpClient(connect_timeout=5, timeout=10) as http,
    ):
        people = TelegramMessenger(server, http, paced=True)
        rate, server.world.rate = server.world.rate, None
        async with office(tmp_path, [people], BEGIN) as stage:
            pacers = stage.app.deliverer._pacers["telegram"]
            for n in range(40):
                people.person(f"p{n}", f"Cán bộ {n}")
                await people.say(f"p{n}", f"/start {stage.invite('focal', 'Sở Tài chính')}")
            people.person("hoi", "Người Hỏi")
            await stage.app.dispatcher.drain()
            server.world.rate = rate
            del pacers
            for _ in range(4):
                await people.say("hoi", "/trogiup")
            await stage.app.dispatcher.drain()
            running = asyncio.create_task(stage.app.deliverer.run())
            await eventually(
                lambda: len(server.world.sent) >= 44 and len(people.heard("hoi")) == 4,
                "44 answers",
                60,
            )
            stage.clock.now = moment_of(MORNING.date(), MORNING.time())
            await stage.app.plan()
            stage.app.deliverer.wake()
            await eventually(
                lambda: all("Nhắc việc" in people.heard(f"p{n}")[-1] for n in range(40)),
                "40 reminders",
                60,
            )
            running.cancel()
            await asyncio.wait([running])
        refused = [row for row in server.calls if row["method"] == "sendMessage"]
        assert len(refused) == len(server.world.sent), "a call met 429"


async def test_each_role_is_offered_its_own_commands(tmp_path: Path) -> None:
    async with scene(tmp_path) as on:
        menus = on.server.world.commands

        def offered(who: str) -> set[str]:
            return {
                command["command"]
                for scope, commands in menus.items()
                if str(on.chat(who)) in scope
                for command in commands
            }

        assert {"status", "duyet", "moi", "nhac"} <= offered("thao")
        assert {"viec", "xong", "giahan"} <= offered("binh")
        assert not {"duyet", "moi", "nhac", "quahan"} & offered("binh")
        await on.office.say("binh", "/huydangky")
        assert "xong" not in offered("binh")
