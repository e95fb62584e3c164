"""What every messenger must keep, whichever it is: one suite over all rows of CHANNELS.

A new messenger needs a row in RIGS: its fake server, how somebody writes there, and which fault of
the server stands for which meaning.
"""

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels import CHANNELS, make_channels
from bot.channels.console import ConsoleChannel
from bot.channels.http import HttpClient
from bot.channels.telegram import TelegramChannel
from bot.channels.zalo import ZaloChannel
from bot.settings import Settings
from scheduler.channel import Button, Channel, Message, SendError, Store
from scheduler.split import split, units_of
from tests.fakes.telegram_server import FakeTelegram
from tests.fakes.zalo_oa_channel import called, channel_on, kept_in, unconnected
from tests.fakes.zalo_oa_server import FakeZaloOa
from tests.fakes.zalo_server import FakeZalo

NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)
# What has to be set for a messenger to be made, where it is not a token.
ASKED_FOR = {"zalo_oa": {"APP_ID": "1111111111111111111", "APP_SECRET": "1234567:geheim"}}
BUTTONS = ((Button("Đã nhận", "d1:127:ack"), Button("Xong", "d1:127:done")),)


@dataclass
class Rig:
    """A channel before its fake: `address` of somebody who may be written to, `say` in their name,
    `heard` what they see, `fail` makes the next send go wrong with one of FAULTS. `receive`: how
    updates come where the messenger calls us; `named`: it sends names along."""

    channel: Channel
    address: str
    heard: Callable[[], list[str]]
    secret: str = ""
    say: Callable[[str], object] | None = None
    fail: Callable[..., None] | None = None
    stop: Callable[[], Any] | None = None
    start: Callable[[], Any] | None = None
    faults: dict[str, dict[str, Any]] = field(default_factory=dict)
    stranger: Callable[[], Channel] | None = None
    receive: Callable[[Store], Awaitable[None]] | None = None
    named: bool = True


@asynccontextmanager
async def on_console(_http: HttpClient) -> AsyncIterator[Rig]:
    shown: list[str] = []
    channel = ConsoleChannel(lambda _address, text: shown.append(text))
    yield Rig(channel, "lan", lambda: shown)


@asynccontextmanager
async def on_telegram(http: HttpClient) -> AsyncIterator[Rig]:
    async with FakeTelegram() as server:
        user = server.world.user("Lê Thị Hoa")
        server.world.say(user, "/start")
        yield Rig(
            TelegramChannel(server.token, server.url, http, poll_timeout=1),
            str(user),
            lambda: server.world.texts(user),
            server.token,
            lambda text: server.world.say(user, text),
            server.fail,
            server.stop,
            server.start,
            {
                "permanent": {"kind": "status", "status": 400, "description": "Bad Request: no"},
                "retry-after": {
                    "kind": "status", "status": 429, "parameters": {"retry_after": 7},
                },
                "gateway": {"kind": "html", "status": 502},
            },
            lambda: TelegramChannel(f"1000001:{'X' * 35}", server.url, http),
        )  # fmt: skip


@asynccontextmanager
async def on_zalo(http: HttpClient) -> AsyncIterator[Rig]:
    async with FakeZalo() as server:
        user = server.world.user("Lê Thị Hoa")
        server.world.say(user, "chào")
        yield Rig(
            ZaloChannel(server.token, server.url, http, poll_timeout=1),
            user,
            lambda: server.world.texts(user),
            server.token,
            lambda text: server.world.say(user, text),
            server.fail,
            server.stop,
            server.start,
            {
                "permanent": {"kind": "status", "status": 400},
                "retry-after": {"kind": "status", "status": 429},
                "gateway": {"kind": "html", "status": 502},
            },
            lambda: ZaloChannel(f"2000002:{'X' * 35}", server.url, http),
        )


@asynccontextmanager
async def on_zalo_oa(http: HttpClient) -> AsyncIterator[Rig]:
    with TemporaryDirectory() as folder:
        async with FakeZaloOa() as server:
            user = server.world.user("Lê Thị Hoa")
            server.world.follow(user)
            channel = channel_on(server, http, Path(folder))

            def stranger() -> Channel:
                server.world.revoke()
                return channel

            yield Rig(
                channel,
                user,
                lambda: server.world.texts(user),
                kept_in(Path(folder)).access,
                lambda text: server.world.say(user, text),
                server.fail,
                server.stop,
                server.start,
                {
                    "permanent": {"kind": "status", "status": -201},
                    "retry-after": {"kind": "status", "status": -32},
                    "gateway": {"kind": "html", "status": 502},
                },
                stranger,
                partial(called, channel, server),
                named=False,
            )


RIGS: dict[str, Callable[[HttpClient], AbstractAsyncContextManager[Rig]]] = {
    "console": on_console,
    "telegram": on_telegram,
    "zalo": on_zalo,
    "zalo_oa": on_zalo_oa,
}
ON_A_NETWORK = sorted(CHANNELS)


@pytest.fixture
async def rig(request: pytest.FixtureRequest, http: HttpClient) -> AsyncIterator[Rig]:
    async with RIGS[request.param](http) as made:
        yield made


everywhere = pytest.mark.parametrize("rig", sorted(RIGS), indirect=True)
on_a_network = pytest.mark.parametrize("rig", ON_A_NETWORK, indirect=True)


def say(text: str, buttons: tuple[tuple[Button, ...], ...] = ()) -> Message:
    return Message(escape(text, quote=False), text, buttons)


async def failure(rig: Rig, **fault: Any) -> SendError:
    assert rig.fail is not None
    if fault:
        rig.fail(**fault)
    with pytest.raises(SendError) as caught:
        await rig.channel.send(rig.address, say("Nhắc việc 127"))
    return caught.value


def test_every_messenger_is_held_to_the_contract() -> None:
    assert RIGS.keys() == CHANNELS.keys() | {"console"}


@pytest.mark.parametrize("name", ON_A_NETWORK)
def test_a_messenger_is_made_when_its_settings_ask_for_it(
    name: str, http: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = ("TOKEN", "MODE", "APP_ID", "APP_SECRET")
    for key in (f"DONDOC_{each.upper()}__{part}" for each in CHANNELS for part in parts):
        monkeypatch.delenv(key, raising=False)

    def clock() -> datetime:
        return NOW

    assert make_channels(Settings(), http, clock).keys() == {"console"}
    for key, value in ASKED_FOR.get(name, {"TOKEN": "1234567:geheim"}).items():
        monkeypatch.setenv(f"DONDOC_{name.upper()}__{key}", value)
    settings = Settings()
    (made,) = make_channels(settings, http, clock).values()
    assert made.name == name
    assert "1234567:geheim" in settings.secrets()
    assert "geheim" not in repr(settings)
    monkeypatch.setenv(f"DONDOC_{name.upper()}__MODE", "off")
    assert make_channels(Settings(), http, clock).keys() == {"console"}


@everywhere
async def test_it_accepts_a_message(rig: Rig) -> None:
    info = await rig.channel.open()
    assert info.username
    first = await rig.channel.send(rig.address, say("Nhắc <việc> 127 & 130", BUTTONS))
    second = await rig.channel.send(rig.address, say("Nhắc lại"))
    assert first
    assert first != second
    assert rig.heard() == ["Nhắc <việc> 127 & 130", "Nhắc lại"]


@everywhere
async def test_what_it_cannot_do_does_no_harm(rig: Rig) -> None:
    number = await rig.channel.send(rig.address, say("Nhắc"))
    await rig.channel.edit(rig.address, number, say("Đã xong"))
    await rig.channel.acknowledge("không có")
    await rig.channel.set_commands(None, [("trogiup", "Trợ giúp")])
    await rig.channel.set_commands(rig.address, [("viec", "Việc của tôi")])
    if not rig.channel.edits:
        assert rig.heard() == ["Nhắc"]


@everywhere
async def test_its_limit_is_one_the_messenger_keeps(rig: Rig) -> None:
    units = rig.channel.limits.units
    await rig.channel.send(rig.address, say("x" * units))
    await rig.channel.send(rig.address, say("😀" * (units // 2)))
    await rig.channel.send(rig.address, say("ế" * units))
    for part in split(say("Nhiệm vụ 😀 số 127\n" * (units // 6)), units):
        await rig.channel.send(rig.address, part)
    assert all(units_of(text) <= units for text in rig.heard())


@on_a_network
async def test_a_message_that_is_too_long_is_refused_for_good(rig: Rig) -> None:
    with pytest.raises(SendError) as caught:
        await rig.channel.send(rig.address, say("x" * (rig.channel.limits.units * 3)))
    assert caught.value.permanent
    assert not caught.value.closed


HOSTILE = [
    "<b>hở & <script>alert(1)</script> &amp; &#x27;", "{{ 7*7 }} {% raw %} ${jndi:ldap://x} %s",
    "*đậm* _nghiêng_ `mã` [liên kết](http://x) ~~~ # - > |", "'; DROP TABLE duty; --",
    "\u202egnox\u202c \u200f مهمة 5", "👨‍👩‍👧‍👦" * 50, "\\n\\x00 \\ud83d", "/xong@bot @all",
]  # fmt: skip


@everywhere
@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_text_arrives_as_it_is(rig: Rig, text: str) -> None:
    await rig.channel.send(rig.address, say(text))
    assert rig.heard() == [text]


@everywhere
@pytest.mark.parametrize("text", ["hỏng \ud83d đây", "a\x00b", "\x1b[31m\x07"])
async def test_text_that_is_hardly_text_breaks_nothing(rig: Rig, text: str) -> None:
    with contextlib.suppress(SendError):
        await rig.channel.send(rig.address, say(text))
    await rig.channel.send(rig.address, say("sau đó"))
    assert rig.heard()[-1] == "sau đó"


@on_a_network
async def test_a_permanent_error_is_told_from_the_rest(rig: Rig) -> None:
    error = await failure(rig, **rig.faults["permanent"])
    assert error.permanent
    assert (error.uncertain, error.auth, error.closed, error.retry_after) == (False,) * 3 + (None,)


@on_a_network
async def test_a_messenger_that_wants_time_says_how_much(rig: Rig) -> None:
    error = await failure(rig, **rig.faults["retry-after"])
    assert error.retry_after is not None
    assert error.retry_after > 0
    assert not error.permanent
    assert not error.uncertain


@on_a_network
async def test_a_gateways_page_is_no_ones_fault_and_passes(rig: Rig) -> None:
    error = await failure(rig, **rig.faults["gateway"])
    assert (error.permanent, error.uncertain, error.auth) == (False, False, False)
    await rig.channel.send(rig.address, say("Nhắc lại"))
    assert rig.heard() == ["Nhắc lại"]


@on_a_network
@pytest.mark.parametrize("kind", ["hang", "drop"])
@pytest.mark.parametrize("after", [False, True], ids=["not obeyed", "obeyed"])
async def test_no_answer_is_uncertain_and_is_not_repeated_here(
    rig: Rig, kind: str, after: bool
) -> None:
    error = await failure(rig, kind=kind, after=after)
    assert error.uncertain
    assert not error.permanent
    assert len(rig.heard()) == after


@on_a_network
async def test_a_refused_connection_is_plainly_repeated(rig: Rig) -> None:
    assert rig.stop is not None
    assert rig.start is not None
    await rig.stop()
    error = await failure(rig)
    assert (error.permanent, error.uncertain, error.auth) == (False, False, False)
    await rig.start()
    await rig.channel.send(rig.address, say("Nhắc lại"))
    assert rig.heard() == ["Nhắc lại"]


@on_a_network
async def test_a_refused_token_stops_the_messenger(rig: Rig) -> None:
    assert rig.stranger is not None
    with pytest.raises(SendError) as caught:
        await rig.stranger().open()
    assert caught.value.auth


@on_a_network
async def test_the_token_is_nowhere_to_be_read(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    await rig.channel.open()
    shown = [repr(rig.channel), str(rig.channel)]
    faults = [*rig.faults.values(), {"kind": "drop"}, {"kind": "html", "status": 200}]
    for fault in faults:
        error = await failure(rig, **fault)
        shown += [str(error), repr(error), repr(error.__cause__), repr(error.__context__)]
    if rig.fail is not None:
        rig.fail("html", "getUpdates", times=2)
    task = asyncio.create_task(rig.channel.receive(_nowhere))
    await asyncio.sleep(0.2)
    task.cancel()
    await asyncio.wait([task])
    secret = rig.secret.partition(":")[2]
    for text in (*shown, caplog.text):
        assert rig.secret not in text
        assert secret not in text


async def _nowhere(_updates: object) -> None:
    """A store that keeps nothing."""


@on_a_network
async def test_what_people_write_is_stored_whole_and_understood(rig: Rig) -> None:
    assert rig.say is not None
    stored: list[str] = []
    news = asyncio.Event()

    async def store(updates: Any) -> None:
        stored.extend(each.raw for each in updates if "45/BC" in each.raw)
        if stored:
            news.set()

    task = asyncio.create_task((rig.receive or rig.channel.receive)(store))
    rig.say("xong 127 số 45/BC")
    await asyncio.wait_for(news.wait(), 5)
    task.cancel()
    await asyncio.wait([task])
    heard = rig.channel.parse(stored[0])
    assert heard is not None
    assert (heard.event, heard.text, heard.chat_kind) == ("text", "xong 127 số 45/BC", "private")
    assert heard.address == heard.sender == rig.address
    assert heard.sender_name == ("Lê Thị Hoa" if rig.named else "")


MADE: dict[str, Channel] = {
    "console": ConsoleChannel(lambda _address, _text: None),
    "telegram": TelegramChannel("1000001:a", "http://127.0.0.1:1", HttpClient()),
    "zalo": ZaloChannel("2000002:a", "http://127.0.0.1:1", HttpClient()),
    "zalo_oa": unconnected(),
}
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["message", "result", "chat", "from", "id", "text", "type", "name"])
            | st.text(max_size=3),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("name", sorted(MADE))
@given(raw=anything.map(json.dumps) | st.text())
def test_no_text_breaks_the_reader(name: str, raw: str) -> None:
    heard = MADE[name].parse(raw)
    if heard is not None:
        assert isinstance(heard.address, str)
        assert isinstance(heard.sender, str)
        assert isinstance(heard.text, str)


@pytest.mark.parametrize("name", ON_A_NETWORK)
@pytest.mark.parametrize("raw", ["", "null", "[]", "7", "[" * 100_000, "9" * 5000, '{"from": {}}'])
def test_what_is_no_update_is_nothing(name: str, raw: str) -> None:
    assert MADE[name].parse(raw) is None
