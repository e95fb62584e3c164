"""How messengers come to call us: our address set and kept, other people's left alone."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.channels.http import HttpClient
from bot.channels.telegram import TelegramChannel
from bot.channels.webhook import Hook, HookApi, keep
from bot.channels.zalo import ZaloChannel
from scheduler.channel import SendError, Store
from tests.fakes.telegram_server import FakeTelegram
from tests.fakes.zalo_server import FakeZalo
from tests.world import eventually

SECRET = "mot-ma-bi-mat-de-thu"  # noqa: S105 -- opens nothing but these tests
OURS = Hook("https://dondoc.hailam.example/webhook/x", SECRET, active=True)
FOREIGN = "https://khac.example/bi-mat-trong-duong-dan"


async def nothing(updates: object) -> None:
    assert not updates


@contextlib.asynccontextmanager
async def receiving(
    channel: TelegramChannel | ZaloChannel, store: Store = nothing
) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(channel.receive(store))
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait([task])


@pytest.fixture
async def http() -> AsyncIterator[HttpClient]:
    async with HttpClient(connect_timeout=2, timeout=2) as client:
        yield client


@pytest.fixture
async def telegram() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram() as server:
        yield server


@pytest.fixture
async def zalo() -> AsyncIterator[FakeZalo]:
    async with FakeZalo() as server:
        yield server


def on_telegram(server: FakeTelegram, http: HttpClient, hook: Hook) -> TelegramChannel:
    return TelegramChannel(
        server.token, server.url, http, poll_timeout=1, pauses=(0.01, 0.02), hook=hook
    )


def on_zalo(server: FakeZalo, http: HttpClient, hook: Hook) -> ZaloChannel:
    return ZaloChannel(
        server.token, server.url, http, poll_timeout=1, pauses=(0.01, 0.02), hook=hook
    )


async def test_telegram_is_told_address_secret_and_kinds(
    telegram: FakeTelegram, http: HttpClient
) -> None:
    channel = on_telegram(telegram, http, OURS)
    info = await channel.open()
    assert info.notes == ()
    assert telegram.world.webhook == "", "looking changes nothing: doctor looks too"
    async with receiving(channel):
        await eventually(lambda: telegram.world.webhook == OURS.url)
    assert telegram.world.secret == SECRET
    assert set(telegram.world.allowed) == {"message", "callback_query", "my_chat_member"}


async def test_zalo_is_told_address_and_secret(zalo: FakeZalo, http: HttpClient) -> None:
    channel = on_zalo(zalo, http, OURS)
    await channel.open()
    async with receiving(channel):
        await eventually(lambda: zalo.world.webhook.get("url") == OURS.url)
    assert zalo.world.secret == SECRET


async def test_an_address_of_our_host_is_ours_to_change(
    telegram: FakeTelegram, zalo: FakeZalo, http: HttpClient
) -> None:
    old = "https://DONDOC.hailam.example:443/cu"
    telegram.world.webhook, zalo.world.webhook = old, {"url": old}
    async with (
        receiving(on_telegram(telegram, http, OURS)),
        receiving(on_zalo(zalo, http, OURS)),
    ):
        await eventually(lambda: telegram.world.webhook == OURS.url)
        await eventually(lambda: zalo.world.webhook.get("url") == OURS.url)


@pytest.mark.parametrize("active", [True, False])
async def test_a_foreign_webhook_is_told_of_and_left_alone(
    telegram: FakeTelegram,
    zalo: FakeZalo,
    http: HttpClient,
    active: bool,
    caplog: pytest.LogCaptureFixture,
) -> None:
    telegram.world.webhook, zalo.world.webhook = FOREIGN, {"url": FOREIGN}
    hook = replace(OURS, active=active)
    for channel in (on_telegram(telegram, http, hook), on_zalo(zalo, http, hook)):
        [note] = (await channel.open()).notes
        assert "khac.example" in note
        assert "bi-mat" not in note
        async with receiving(channel):
            await asyncio.sleep(0.2)
    assert telegram.world.webhook == FOREIGN
    assert zalo.world.webhook == {"url": FOREIGN}
    assert "bi-mat" not in caplog.text
    if active:
        assert caplog.text.count("khac.example") == 2, "said once for each, not at every look"


async def test_back_to_polling_only_our_own_is_removed(
    telegram: FakeTelegram, zalo: FakeZalo, http: HttpClient
) -> None:
    polling = replace(OURS, active=False)
    telegram.world.webhook, zalo.world.webhook = OURS.url, {"url": OURS.url}
    heard: list[str] = []

    async def store(updates: object) -> None:
        heard.extend(update.key for update in updates)  # type: ignore[attr-defined]

    assert (await on_telegram(telegram, http, polling).open()).notes == ()
    async with (
        receiving(on_telegram(telegram, http, polling), store),
        receiving(on_zalo(zalo, http, polling), store),
    ):
        await eventually(lambda: not telegram.world.webhook and not zalo.world.webhook)
        person = telegram.world.user("Lan")
        telegram.world.say(person, "xin chào")
        zalo.world.say(zalo.world.user("Lan"), "xin chào")
        await eventually(lambda: len(heard) == 2)


async def test_a_refused_token_stands_still_and_other_trouble_is_survived(
    telegram: FakeTelegram, http: HttpClient
) -> None:
    telegram.refuse(500, "Internal", method="setWebhook", times=2)
    async with receiving(on_telegram(telegram, http, OURS)):
        await eventually(lambda: telegram.world.webhook == OURS.url)
    telegram.refuse(401, "Unauthorized", method="*", times=9)
    async with receiving(on_telegram(telegram, http, OURS)) as task:
        await asyncio.wait([task], timeout=5)
        error = task.exception()
        assert isinstance(error, SendError)
        assert error.auth


async def test_telegrams_trouble_with_our_address_is_noted(
    telegram: FakeTelegram, http: HttpClient
) -> None:
    channel = on_telegram(telegram, http, replace(OURS, url="http://127.0.0.1:9/webhook/telegram"))
    telegram.world.local_webhooks = True
    async with receiving(channel):
        await eventually(lambda: bool(telegram.world.webhook))
        telegram.world.say(telegram.world.user("Lan"), "xin chào")
        await eventually(lambda: bool(telegram.deliveries))
    [note] = (await channel.open()).notes
    assert "Wrong response" in note
    assert "1 tin đang chờ" in note


async def test_zalos_failed_trial_is_logged(
    zalo: FakeZalo, http: HttpClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    zalo.world._verification = lambda: {"ok": False, "outcome": "err.tls"}  # type: ignore[method-assign]
    async with receiving(on_zalo(zalo, http, OURS)):
        await eventually(lambda: "err.tls" in caplog.text)
    assert SECRET not in caplog.text


async def test_an_address_that_was_forgotten_is_set_again() -> None:
    known, puts = "", 0

    async def look() -> str:
        return known

    async def put() -> None:
        nonlocal known, puts
        known, puts = OURS.url, puts + 1

    api = HookApi("thử", look, put, put)
    task = asyncio.create_task(keep(OURS, api, (0.0, 0.0), again=0.0))
    await eventually(lambda: puts == 1)
    await asyncio.sleep(0.02)
    assert puts == 1, "told once while it is remembered"
    known = ""
    await eventually(lambda: puts == 2)
    task.cancel()
    await asyncio.wait([task])


@pytest.mark.parametrize(
    ("url", "ours"),
    [("https://dondoc.hailam.example/x", True), ("https://dondoc.hailam.example.:443/", True),
     ("http://dondoc.hailam.example/", True), ("https://dondoc.hailam.example:8443/", False),
     ("https://hailam.example/", False), ("https://dondoc.hailam.example.evil.example/", False),
     ("https://dondoc.hailam.example@evil.example/", False), ("nonsense", False), ("", False),
     ("https://[::1", False), ("https://x:99999/", False)],
)  # fmt: skip
def test_whose_an_address_is(url: str, ours: bool) -> None:
    assert OURS.ours(url) is ours
    assert not Hook("", SECRET).ours(url)


def test_a_secret_is_needed_and_compared_whole() -> None:
    assert OURS.shown(SECRET)
    for wrong in (None, "", SECRET[:-1], SECRET + "x", SECRET.upper(), "ă", "\udc80"):
        assert not OURS.shown(wrong)
    assert not Hook("https://x.example", "").shown("")
    assert SECRET not in repr(OURS)
