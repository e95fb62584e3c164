"""Polling confirms an update only once it is stored, and survives all but a refused token."""

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

import pytest

from bot.channels.backoff import pause_after
from bot.channels.http import HttpClient
from bot.channels.rivals import Manners
from bot.channels.telegram import TelegramChannel
from scheduler.channel import SendError, Store, Update
from tests.fakes.telegram_server import FakeTelegram


class Inbox:
    """Stores updates as the database would: each key once. `troubles` are raised first."""

    def __init__(self, *troubles: Exception) -> None:
        self.troubles = list(troubles)
        self.offered: list[str] = []
        self.rows: dict[str, dict[str, Any]] = {}

    async def store(self, updates: Sequence[Update]) -> None:
        self.offered += [update.key for update in updates]
        if self.troubles:
            raise self.troubles.pop(0)
        for update in updates:
            self.rows[update.key] = json.loads(update.raw)

    @property
    def texts(self) -> list[str]:
        return [row["message"]["text"] for row in self.rows.values() if "message" in row]


async def until(true: Callable[[], bool], seconds: float = 5.0) -> None:
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 -- the condition lies in another thread of the story
            await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def receiving(channel: TelegramChannel, store: Store) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(channel.receive(store))
    try:
        yield task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError, SendError):
            await task


def polls(telegram: FakeTelegram) -> list[dict[str, Any]]:
    return [call["params"] for call in telegram.calls if call["method"] == "getUpdates"]


async def test_updates_arrive_whole_and_in_order(
    telegram: FakeTelegram, channel: TelegramChannel
) -> None:
    inbox, world = Inbox(), telegram.world
    user = world.user("Trần Văn Nam", username="nam")
    world.say(user, "/start MA1")
    async with receiving(channel, inbox.store):
        await until(lambda: inbox.texts == ["/start MA1"])
        message = world.say(user, "xong 127", fields={"mới_lạ": {"a": [1, None]}})
        await until(lambda: len(inbox.rows) == 2)
    assert list(inbox.rows.values())[1]["message"] == message
    assert list(inbox.rows) == sorted(inbox.offered)
    assert "my_chat_member" in polls(telegram)[0]["allowed_updates"]


async def test_an_update_is_confirmed_only_after_it_was_stored(
    telegram: FakeTelegram, channel: TelegramChannel
) -> None:
    gate, inbox = asyncio.Event(), Inbox()

    async def slow(updates: Sequence[Update]) -> None:
        await gate.wait()
        await inbox.store(updates)

    user = telegram.world.user("Nam")
    telegram.world.say(user, "xong")
    async with receiving(channel, slow):
        await asyncio.sleep(0.2)
        assert [poll.get("offset") for poll in polls(telegram)] == [None]
        assert len(telegram.world.updates) == 1
        gate.set()
        await until(lambda: not telegram.world.updates)
    assert inbox.texts == ["xong"]


async def test_a_store_that_fails_gets_the_same_updates_again(
    telegram: FakeTelegram, channel: TelegramChannel, caplog: pytest.LogCaptureFixture
) -> None:
    inbox = Inbox(OSError("disk full"), ValueError("locked"))
    user = telegram.world.user("Nam")
    telegram.world.say(user, "xong 127")
    async with receiving(channel, inbox.store):
        await until(lambda: inbox.texts == ["xong 127"])
        await until(lambda: not telegram.world.updates)
    assert len(inbox.offered) == 3
    assert len(set(inbox.offered)) == 1
    assert "chưa lưu được tin đến" in caplog.text


async def test_a_reader_that_dies_before_storing_loses_nothing(
    telegram: FakeTelegram, http: HttpClient
) -> None:
    """As kill -9 does: the updates were fetched, never stored; the next process has them."""
    never = asyncio.Event()
    user = telegram.world.user("Nam")
    telegram.world.say(user, "xong 127")

    async def dies(_updates: Sequence[Update]) -> None:
        await never.wait()

    first = TelegramChannel(telegram.token, telegram.url, http, poll_timeout=5)
    async with receiving(first, dies):
        await until(lambda: len(polls(telegram)) == 1)
        await asyncio.sleep(0.1)
    inbox, second = Inbox(), TelegramChannel(telegram.token, telegram.url, http, poll_timeout=5)
    async with receiving(second, inbox.store):
        await until(lambda: inbox.texts == ["xong 127"])


async def test_of_two_with_one_token_the_second_gives_way(
    telegram: FakeTelegram, http: HttpClient, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing that people say goes to the one that was started by mistake."""
    user = telegram.world.user("Nam")
    right, wrong = Inbox(), Inbox()

    def channel(manners: Manners) -> TelegramChannel:
        return TelegramChannel(
            telegram.token, telegram.url, http, poll_timeout=5, pauses=(0.05, 0.1), manners=manners
        )

    async with receiving(channel(Manners(newcomer=0)), right.store):
        telegram.world.say(user, "một")
        await until(lambda: right.texts == ["một"])
        async with receiving(channel(Manners(trial=0.3)), wrong.store):
            await until(lambda: "khởi động sau" in caplog.text)
            telegram.world.say(user, "hai")
            await until(lambda: right.texts == ["một", "hai"])
    assert wrong.texts == []
    assert "cùng mã bot" in caplog.text


async def test_more_than_one_batch_is_drained(
    telegram: FakeTelegram, channel: TelegramChannel
) -> None:
    inbox = Inbox()
    user = telegram.world.user("Nam")
    for number in range(250):
        telegram.world.say(user, f"xong {number}")
    async with receiving(channel, inbox.store):
        await until(lambda: len(inbox.rows) == 250)
    assert inbox.texts == [f"xong {number}" for number in range(250)]


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "html", "status": 502},
        {"kind": "status", "status": 500},
        {"kind": "html", "status": 200},
        {"kind": "drop"},
        {"kind": "drop", "after": True},
    ],
    ids=str,
)
async def test_polling_survives(
    telegram: FakeTelegram,
    channel: TelegramChannel,
    fault: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    inbox = Inbox()
    user = telegram.world.user("Nam")
    telegram.world.say(user, "xong 127")
    telegram.fail(method="getUpdates", times=3, **fault)
    async with receiving(channel, inbox.store):
        await until(lambda: inbox.texts == ["xong 127"])
        await until(lambda: "đã nhận tin trở lại" in caplog.text)
    assert "Chưa nhận được tin (lần 1)" in caplog.text
    assert "lần 2" not in caplog.text
    assert telegram.token.partition(":")[2] not in caplog.text


async def test_polling_survives_a_server_that_is_away(
    telegram: FakeTelegram, channel: TelegramChannel
) -> None:
    inbox = Inbox()
    user = telegram.world.user("Nam")
    async with receiving(channel, inbox.store):
        await until(lambda: len(polls(telegram)) == 1)
        await telegram.stop()
        await asyncio.sleep(0.2)
        await telegram.start()
        telegram.world.say(user, "xong 127")
        await until(lambda: inbox.texts == ["xong 127"])


async def test_flood_control_is_obeyed(telegram: FakeTelegram, channel: TelegramChannel) -> None:
    inbox = Inbox()
    telegram.world.say(telegram.world.user("Nam"), "xong")
    telegram.flood(1, method="getUpdates")
    loop = asyncio.get_running_loop()
    started = loop.time()
    async with receiving(channel, inbox.store):
        await until(lambda: bool(inbox.rows))
    assert loop.time() - started >= 1.0


async def test_a_second_reader_and_a_webhook_are_waited_for(
    telegram: FakeTelegram, channel: TelegramChannel, caplog: pytest.LogCaptureFixture
) -> None:
    inbox = Inbox()
    telegram.world.webhook = "https://khac.example/x"
    async with receiving(channel, inbox.store) as task:
        await until(lambda: "webhook is active" in caplog.text)
        assert not task.done()
        assert telegram.world.webhook, "another system's webhook is not ours to remove"
        telegram.world.webhook = ""
        telegram.world.say(telegram.world.user("Nam"), "xong")
        await until(lambda: inbox.texts == ["xong"])


async def test_two_pollers_end_each_other_but_lose_nothing(
    telegram: FakeTelegram, http: HttpClient, caplog: pytest.LogCaptureFixture
) -> None:
    inbox = Inbox()
    channels = [
        TelegramChannel(
            telegram.token,
            telegram.url,
            http,
            poll_timeout=1,
            pauses=(0.05, 0.3),
            manners=Manners(newcomer=0),
        )
        for _ in range(2)
    ]
    user = telegram.world.user("Nam")
    async with receiving(channels[0], inbox.store), receiving(channels[1], inbox.store):
        await until(lambda: "cùng mã bot" in caplog.text)
        for number in range(5):
            telegram.world.say(user, f"xong {number}")
        await until(lambda: len(inbox.texts) == 5, 20)


@pytest.mark.parametrize(("failures", "seconds"), [(1, 1), (2, 2), (4, 8), (6, 30), (10_000, 30)])
def test_pauses_grow_to_half_a_minute_and_differ(failures: int, seconds: float) -> None:
    pauses = {pause_after(failures, 1.0, 30.0) for _ in range(50)}
    assert len(pauses) > 10
    assert seconds / 2 <= min(pauses) <= max(pauses) <= seconds


@pytest.mark.parametrize("code", [401, 404])
async def test_a_refused_token_ends_polling(
    telegram: FakeTelegram, channel: TelegramChannel, code: int
) -> None:
    telegram.refuse(code, "Unauthorized", method="getUpdates")
    with pytest.raises(SendError) as caught:
        await channel.receive(Inbox().store)
    assert caught.value.auth


async def test_an_unreadable_update_stops_nothing(
    telegram: FakeTelegram, channel: TelegramChannel
) -> None:
    """The library's own objects would refuse the whole batch."""
    inbox, world = Inbox(), telegram.world
    world.push("message", {"message_id": "không phải số", "chat": [], "date": None})
    world.push("message", {"text": "nửa \ud83d và \x00", "chat": {"id": 5}})
    world.say(world.user("Nam"), "xong")
    async with receiving(channel, inbox.store):
        await until(lambda: len(inbox.rows) == 3)


async def test_a_server_that_neither_waits_nor_forgets_is_not_hammered(
    telegram: FakeTelegram, http: HttpClient
) -> None:
    """Some stand-ins ignore timeout and offset; that must neither spin nor repeat."""
    channel = TelegramChannel(telegram.token, telegram.url, http, poll_timeout=0)
    inbox, world = Inbox(), telegram.world
    world.say(world.user("Nam"), "xong")
    take: Callable[[dict[str, Any]], list[dict[str, Any]]] = world.take_updates
    world.take_updates = lambda _params: take({})  # type: ignore[method-assign, assignment]
    async with receiving(channel, inbox.store):
        await asyncio.sleep(0.7)
    assert inbox.offered == list(inbox.rows)
    assert len(polls(telegram)) <= 5


async def test_cancelling_ends_polling_at_once(
    telegram: FakeTelegram, channel: TelegramChannel
) -> None:
    task = asyncio.create_task(channel.receive(Inbox().store))
    await until(lambda: len(polls(telegram)) == 1)
    task.cancel()
    done: Awaitable[None] = asyncio.wait_for(task, 1)
    with pytest.raises(asyncio.CancelledError):
        await done
