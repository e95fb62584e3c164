"""Polling stores first and loses nothing it is given, whichever way Zalo hands updates out."""

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pytest

from bot.channels.http import HttpClient
from bot.channels.zalo import ZaloChannel
from scheduler.channel import SendError, Store, Update
from tests.fakes.zalo_server import FakeZalo


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
            self.rows.setdefault(update.key, json.loads(update.raw))

    @property
    def texts(self) -> list[str]:
        found = [row.get("result", row) for row in self.rows.values()]
        return [row["message"]["text"] for row in found if "message" in row]


@pytest.fixture
async def zalo() -> AsyncIterator[FakeZalo]:
    async with FakeZalo() as server:
        yield server


@pytest.fixture
def channel(zalo: FakeZalo, http: HttpClient) -> ZaloChannel:
    return ZaloChannel(zalo.token, zalo.url, http, poll_timeout=5, pauses=(0.01, 0.05))


async def until(true: Callable[[], bool], seconds: float = 8.0) -> None:
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 -- the condition lies in another thread of the story
            await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def receiving(channel: ZaloChannel, store: Store) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(channel.receive(store))
    try:
        yield task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError, SendError):
            await task


def polls(zalo: FakeZalo) -> int:
    return sum(call["method"] == "getUpdates" for call in zalo.calls)


SHAPES: list[dict[str, Any]] = [
    {}, {"queue": "live"}, {"queue": "replay"}, {"queue": "replay", "shape": "list"},
    {"queue": "live", "idle_status": 408}, {"shape": "list"}, {"shape": "wrapped"},
    {"zero_code": False}, {"in_seconds": True},
    {"display_names": False}, {"idle_status": 408}, {"empty_idle": True},
    {"empty_idle": True, "shape": "list"}, {"code_as_text": True}, {"mirror_status": True},
]  # fmt: skip


@pytest.mark.parametrize("switches", SHAPES, ids=str)
async def test_updates_arrive_whole_and_once(
    zalo: FakeZalo, http: HttpClient, switches: dict[str, Any]
) -> None:
    zalo.switch(**switches)
    queue = zalo.world.switches.queue
    channel = ZaloChannel(zalo.token, zalo.url, http, poll_timeout=1)
    inbox, user = Inbox(), zalo.world.user("Trần Văn Nam")
    async with receiving(channel, inbox.store):
        await until(lambda: zalo.world.open_polls == 1)
        event = zalo.world.say(user, "/start MA1")
        await until(lambda: inbox.texts == ["/start MA1"])
        await until(lambda: polls(zalo) == 2)
        await until(lambda: zalo.world.open_polls == 1 or queue == "replay")
        zalo.world.say(user, "xong 127")
        await until(lambda: inbox.texts == ["/start MA1", "xong 127"])
    kept = next(iter(inbox.rows.values()))
    assert kept.get("result", kept) == event
    assert len(inbox.offered) == 2, "a server that repeats itself is not stored again"
    assert channel.parse(json.dumps(kept)) is not None


async def test_after_something_new_the_next_poll_begins_at_once(
    zalo: FakeZalo, channel: ZaloChannel
) -> None:
    inbox, user = Inbox(), zalo.world.user("Nam")
    for number in range(20):
        zalo.world.say(user, f"xong {number}")
    loop = asyncio.get_running_loop()
    async with receiving(channel, inbox.store):
        started = loop.time()
        await until(lambda: len(inbox.rows) == 20)
        assert loop.time() - started < 1.0
    assert inbox.texts == [f"xong {number}" for number in range(20)]


@pytest.mark.parametrize(
    "switches",
    [{"queue": "replay"}, {"waits": False}, {"waits": False, "empty_idle": True}],
    ids=str,
)
async def test_a_server_that_repeats_itself_or_never_waits_is_not_hammered(
    zalo: FakeZalo, channel: ZaloChannel, switches: dict[str, Any]
) -> None:
    zalo.switch(**switches)
    inbox = Inbox()
    zalo.world.say(zalo.world.user("Nam"), "xong")
    async with receiving(channel, inbox.store):
        await asyncio.sleep(2.5)
    assert len(inbox.rows) == 1
    assert polls(zalo) <= 5
    assert len(inbox.offered) == 1


async def test_what_was_replayed_before_a_restart_is_offered_once_more_and_no_oftener(
    zalo: FakeZalo, http: HttpClient
) -> None:
    zalo.switch(queue="replay")
    inbox = Inbox()
    zalo.world.say(zalo.world.user("Nam"), "xong")
    for _ in range(2):
        channel = ZaloChannel(zalo.token, zalo.url, http, poll_timeout=5)
        async with receiving(channel, inbox.store):
            asked = polls(zalo)
            await until(lambda asked=asked: polls(zalo) >= asked + 2)  # type: ignore[misc]
    assert len(inbox.offered) == 2
    assert len(inbox.rows) == 1


@pytest.mark.parametrize("queue", ["pop", "replay"])
async def test_no_poll_begins_before_the_last_update_is_stored(
    zalo: FakeZalo, channel: ZaloChannel, queue: str, caplog: pytest.LogCaptureFixture
) -> None:
    zalo.switch(queue=queue)
    inbox = Inbox(OSError("disk full"), ValueError("locked"))
    gate = asyncio.Event()

    async def slow(updates: Sequence[Update]) -> None:
        await gate.wait()
        await inbox.store(updates)

    zalo.world.say(zalo.world.user("Nam"), "xong 127")
    async with receiving(channel, slow):
        await asyncio.sleep(0.3)
        assert polls(zalo) == 1
        gate.set()
        await until(lambda: inbox.texts == ["xong 127"])
    assert len(inbox.offered) == 3, "a pop server would not give it again: it is held"
    assert "chưa lưu được tin đến" in caplog.text


FAULTS: list[dict[str, Any]] = [
    {"kind": "html", "status": 502}, {"kind": "html", "status": 504},
    {"kind": "html", "status": 200}, {"kind": "html", "status": 429, "times": 1},
    {"kind": "status", "status": 500}, {"kind": "status", "status": 403}, {"kind": "drop"},
]  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS, ids=str)
async def test_polling_survives(
    zalo: FakeZalo,
    channel: ZaloChannel,
    fault: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    inbox = Inbox()
    zalo.world.say(zalo.world.user("Nam"), "xong 127")
    zalo.fail(method="getUpdates", **{"times": 3, **fault})
    async with receiving(channel, inbox.store):
        await until(lambda: inbox.texts == ["xong 127"])
        await until(lambda: "đã nhận tin trở lại" in caplog.text)
    assert "Chưa nhận được tin (lần 1)" in caplog.text
    assert zalo.token.partition(":")[2] not in caplog.text


async def test_polling_survives_a_server_that_is_away(zalo: FakeZalo, channel: ZaloChannel) -> None:
    inbox = Inbox()
    async with receiving(channel, inbox.store):
        await until(lambda: polls(zalo) == 1)
        await zalo.stop()
        await asyncio.sleep(0.2)
        await zalo.start()
        zalo.world.say(zalo.world.user("Nam"), "xong 127")
        await until(lambda: inbox.texts == ["xong 127"])


async def test_a_poll_that_falls_silent_is_given_up(zalo: FakeZalo, http: HttpClient) -> None:
    channel = ZaloChannel(zalo.token, zalo.url, http, poll_timeout=-9, pauses=(0.01, 0.05))
    inbox = Inbox()
    zalo.fail("hang", "getUpdates")
    zalo.world.say(zalo.world.user("Nam"), "xong 127")
    async with receiving(channel, inbox.store):
        await until(lambda: inbox.texts == ["xong 127"])


async def test_a_foreign_webhook_is_waited_for_and_left_alone(
    zalo: FakeZalo, channel: ZaloChannel, caplog: pytest.LogCaptureFixture
) -> None:
    inbox = Inbox()
    zalo.world.webhook = {"url": "https://khac.example/x"}
    async with receiving(channel, inbox.store) as task:
        await until(lambda: "webhook" in caplog.text)
        assert not task.done()
        assert zalo.world.webhook, "another system's webhook is not ours to remove"
        zalo.world.webhook = {}
        zalo.world.say(zalo.world.user("Nam"), "xong")
        await until(lambda: inbox.texts == ["xong"])


async def test_a_refused_token_ends_polling(zalo: FakeZalo, channel: ZaloChannel) -> None:
    zalo.refuse(401, "Unauthorized", method="getUpdates")
    with pytest.raises(SendError) as caught:
        await channel.receive(Inbox().store)
    assert caught.value.auth


async def test_an_unreadable_update_stops_nothing(zalo: FakeZalo, channel: ZaloChannel) -> None:
    inbox = Inbox()
    zalo.world.push({"event_name": None, "message": {"message_id": [], "chat": "x"}})
    zalo.world.push({"message": {"text": "nửa \ud83d và \x00", "chat": {"id": 5}}})
    zalo.world.unsupported()
    zalo.world.say(zalo.world.user("Nam"), "xong")
    async with receiving(channel, inbox.store):
        await until(lambda: len(inbox.rows) == 4)
    for row in inbox.rows.values():
        channel.parse(json.dumps(row))


async def test_many_updates_are_remembered_but_not_all(
    zalo: FakeZalo, channel: ZaloChannel
) -> None:
    inbox = Inbox()
    user = zalo.world.user("Nam")
    for number in range(1100):
        zalo.world.say(user, f"xong {number}")
    async with receiving(channel, inbox.store):
        await until(lambda: len(inbox.rows) == 1100, 30)
    assert len(channel._stored) == 1000


async def test_cancelling_ends_polling_at_once(zalo: FakeZalo, channel: ZaloChannel) -> None:
    task = asyncio.create_task(channel.receive(Inbox().store))
    await until(lambda: polls(zalo) == 1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 1)
