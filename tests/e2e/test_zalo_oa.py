"""A Zalo Official Account in the whole product: calls through the web server, silence of a week,
templates, handing over, and the administrator's commands."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, select

from bot.channels.http import HttpClient
from bot.channels.zalo_oa_templates import FACTS, Templates, read_template
from bot.oa_contacts import silent, windows, words_of
from registry.clock import LOCAL
from registry.tables import Contact, Subscription
from tests.bot.web.conftest import serving
from tests.e2e.process import dondoc, environment
from tests.fakes.telegram_server import FakeTelegram
from tests.fakes.zalo_oa_channel import NAME, channel_on
from tests.fakes.zalo_oa_messenger import ZaloOaMessenger
from tests.fakes.zalo_oa_server import FakeZaloOa
from tests.fakes.zalo_oa_world import APP_ID, APP_SECRET, CALLBACK, OA_ID, OaTemplate
from tests.world import DATA, Office, TelegramMessenger, office

MADE = datetime(2026, 9, 3, 9, tzinfo=LOCAL)
AGENCY = "Sở Tài chính"
WHO = "lan"


# -- through the web server -----------------------------------------------------------------------


async def test_calls_come_through_the_web_server(tmp_path: Path) -> None:
    now = datetime(2026, 11, 20, 2, tzinfo=UTC)
    async with FakeZaloOa(now.timestamp) as oa, HttpClient() as http:
        told: list[tuple[dict[str, str], bytes]] = []
        oa.world.on_event = lambda headers, body: told.append((headers, body))
        channel = channel_on(oa, http, tmp_path)
        user = oa.world.user("Lê Thị Hoa")
        async with serving(tmp_path, {"zalo_oa": channel}, clock=lambda: now) as web:
            path = "/webhook/zalo-oa"
            oa.world.say(user, "xong 127 số 45/BC-SYT")
            oa.world.echo(user, "Nhắc việc")
            (headers, body), (echo, echoed) = told
            assert (await web.post(path, body, headers)).status == 200
            assert (await web.post(path, body, headers)).status == 200
            assert (await web.post(path, echoed, echo)).status == 200
            assert (await web.post(path, b"{}", {})).status == 200
            assert (await web.post(path, body + b" ", headers)).status == 401
            assert (await web.post(path, body, {})).status == 401
            [(name, key, raw)] = web.stored()
    assert (name, key.partition(":")[0]) == ("zalo_oa", "user_send_text")
    heard = channel.parse(raw)
    assert heard is not None
    assert (heard.sender, heard.text) == (user, "xong 127 số 45/BC-SYT")


# -- a week's silence -----------------------------------------------------------------------------


@dataclass
class Stage:
    """The office on an account whose windows close, and on Telegram; one person on both, the
    account first."""

    office: Office
    oa: ZaloOaMessenger
    telegram: TelegramMessenger

    async def silence(self) -> None:
        """Eight days without a word; reminders of these days come as they come."""
        await self.office.until(self.office.clock() + timedelta(days=8))

    async def next_word(self) -> datetime:
        """Let time run until they are told something."""
        before = self.told()
        while self.told() == before:
            await self.office.until(self.office.clock() + timedelta(days=1))
        return self.office.clock()

    def told(self) -> int:
        return len(self.oa.heard(WHO)) + len(self.telegram.heard(WHO))

    def contact(self) -> Contact:
        return self.office.app.db.read_now(_contact)


def _contact(session: Session) -> Contact:
    return session.exec(select(Contact).where(Contact.channel == "zalo_oa")).one()


def _join(session: Session) -> None:
    """Two chats become one person's; the account's chat is asked first."""
    chats = {each.channel: each for each in session.exec(select(Contact)).all()}
    old = chats["telegram"].person_id
    chats["telegram"].person_id, chats["telegram"].rank = chats["zalo_oa"].person_id, 1
    session.add(chats["telegram"])
    for held in session.exec(select(Subscription).where(Subscription.person_id == old)):
        held.ended_at = MADE
        session.add(held)


@asynccontextmanager
async def stage(folder: Path, template: str = "") -> AsyncIterator[Stage]:
    async with FakeTelegram() as server, HttpClient(connect_timeout=5, timeout=10) as http:
        tokens = folder / "oa"
        await asyncio.to_thread(tokens.mkdir)
        oa = ZaloOaMessenger(http, tokens, Templates(read_template(template)))
        telegram = TelegramMessenger(server, http)
        await oa.open()
        oa.server.world.switches.windows = True
        oa.server.world.templates["4711"] = OaTemplate(frozenset(FACTS))
        async with office(folder, [oa, telegram], MADE) as made:
            for messenger in (oa, telegram):
                messenger.person(WHO, "Lê Thị Lan")
                await messenger.say(WHO, f"/start {made.invite('focal', AGENCY)}")
                await made.settle()
            made.app.db.write_now(_join)
            yield Stage(made, oa, telegram)


async def test_silence_without_a_template_hands_over_and_a_word_takes_it_back(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path) as on:
        await on.silence()
        before = len(on.oa.heard(WHO))
        await on.next_word()
        assert len(on.oa.heard(WHO)) == before
        assert on.telegram.heard(WHO)[-1]
        assert "7 ngày" in on.contact().closed_reason
        assert not on.office.notices(state="dead")
        await on.oa.say(WHO, "/viec")
        await on.office.settle()
        assert on.contact().closed_at is None
        assert len(on.oa.heard(WHO)) > before


async def test_silence_with_a_template_still_reaches(tmp_path: Path) -> None:
    async with stage(tmp_path, "4711") as on:
        await on.silence()
        handed = len(on.telegram.heard(WHO))
        now = await on.next_word()
        assert len(on.telegram.heard(WHO)) == handed
        sent = on.oa.server.world.sent[-1]
        assert sent["kind"] == "template"
        number = sent["text"].partition("so: ")[2].partition(";")[0]
        assert on.office.duty(int(number)).due_on.strftime("%d/%m/%Y") in sent["text"]
        assert AGENCY in sent["text"]
        assert on.contact().closed_at is None
        db = on.office.app.db
        assert db.read_now(silent, now) == 1
        [(name, contact, found)] = db.read_now(windows, now)
        assert name == "Lê Thị Lan"
        assert "chỉ nhận tin theo mẫu" in words_of(contact, found, now)
        answer = await on.office.say(WHO, f"xong {number}")
        assert answer
        assert on.office.state(int(number)) == "done"
        assert db.read_now(silent, on.office.clock()) == 0


async def test_leave_taken_back_hands_over_and_says_so(tmp_path: Path) -> None:
    async with stage(tmp_path, "4711") as on:
        await on.silence()
        before = len(on.oa.heard(WHO))
        on.oa.server.world.revoke()
        await on.next_word()
        assert len(on.oa.heard(WHO)) == before
        assert on.telegram.heard(WHO)[-1]
        assert on.contact().closed_at is None


# -- the administrator ----------------------------------------------------------------------------


def settings(oa_url: str, **more: str) -> dict[str, str]:
    given = {
        "APP_ID": APP_ID, "APP_SECRET": APP_SECRET, "OA_ID": OA_ID, "CALLBACK_URL": CALLBACK,
        "OPENAPI_URL": oa_url, "BUSINESS_URL": oa_url, "OAUTH_URL": oa_url,
    }  # fmt: skip
    return environment(
        DONDOC_WEB__MODE="on",
        DONDOC_WEB__PUBLIC_URL="https://dondoc.example.vn",
        **{f"DONDOC_ZALO_OA__{key}": value for key, value in (given | more).items()},
    )


async def test_leave_is_given_on_the_command_line(tmp_path: Path) -> None:
    async with FakeZaloOa() as oa:
        env = settings(oa.url)

        async def run(*arguments: str) -> Any:
            return await asyncio.to_thread(dondoc, "zalo-oa", *arguments, cwd=tmp_path, env=env)

        asked = json.loads((await run("authorize", "--json")).fine())
        assert asked["callback_url"] == CALLBACK
        assert json.loads((await run("authorize", "--json")).fine()) == asked
        assert asked["code_challenge"] in asked["link"]
        assert asked["link"].startswith(f"{oa.url}/v4/oa/permission?app_id={APP_ID}")
        code = oa.world.consent(asked["code_challenge"])
        wrong = f"{CALLBACK}?code={code}&oa_id=39"
        assert "39" in (await run("authorize", "--code", wrong)).refused()
        foreign = f"{CALLBACK}?code={code}&oa_id={OA_ID}&state=khac"
        assert "không do lệnh này" in (await run("authorize", "--code", foreign)).refused()
        assert "code=" in (await run("authorize", "--code", f"{CALLBACK}?code=")).refused()
        done = await run("authorize", "--code", f"{CALLBACK}?code={code}&oa_id={OA_ID}")
        assert "Đã được cấp quyền" in done.fine()
        kept = await asyncio.to_thread((tmp_path / "data" / NAME).read_text)
        oa.world.check(json.loads(kept)["access_token"], "")
        again = (await run("authorize", "--code", code)).refused()
        assert "-14004" in again
        assert code not in again


@pytest.fixture
def here(tmp_path: Path) -> Path:
    dondoc("init", cwd=tmp_path).fine()
    dondoc("agencies", "load", str(DATA / "agencies.csv"), cwd=tmp_path).fine()
    return tmp_path


def test_a_number_is_written_down_only_with_consent(here: Path) -> None:
    order = ("zalo-oa", "phone", "0900 000 001", "--agency", AGENCY, "--name", "Lê Văn Tám")
    assert "--da-dong-y" in dondoc(*order, cwd=here).refused()
    assert "không đọc được" in dondoc(
        "zalo-oa", "phone", "12345", "--agency", AGENCY, "--name", "x", "--da-dong-y", cwd=here
    ).refused()  # fmt: skip
    assert "Lê Văn Tám" in dondoc(*order, "--da-dong-y", cwd=here).fine()
    [row] = json.loads(dondoc("zalo-oa", "contacts", "--json", cwd=here).fine())
    assert (row["name"], row["address"], row["open"]) == ("Lê Văn Tám", "…0001", False)
    assert "số điện thoại" in dondoc("zalo-oa", "contacts", cwd=here).fine()
    dondoc("erase", "zalo_oa:phone:84900000001", "--yes", cwd=here).fine()
    assert json.loads(dondoc("zalo-oa", "contacts", "--json", cwd=here).fine()) == []


def test_what_is_not_configured_is_said(here: Path) -> None:
    assert "[zalo_oa]" in dondoc("zalo-oa", "authorize", cwd=here).refused()
    env = settings("http://127.0.0.1:9") | {"DONDOC_WEB__MODE": "off"}
    assert "[web]" in dondoc("doctor", cwd=here, env=env).refused()
    bad = settings("http://127.0.0.1:9", REMINDER_TEMPLATE="4711: ten")
    assert "reminder_template" in dondoc("doctor", cwd=here, env=bad).refused()
