"""The fake Zalo keeps to the notes on the wire, each switch on and off."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from tests.fakes.zalo_remote import RemoteZalo
from tests.fakes.zalo_server import FakeZalo

SECRET = "x" * 32
Answer = tuple[int, dict[str, Any]]


@pytest.fixture
async def zalo() -> AsyncIterator[FakeZalo]:
    async with FakeZalo() as server:
        yield server


async def call(zalo: FakeZalo, method: str, body: Any = None, **options: Any) -> Answer:
    """Status and JSON body of one call; `options` replace the JSON body."""
    url = f"{zalo.url}/bot{options.pop('token', zalo.token)}/{method}"
    how = options or {"json": body or {}}
    async with aiohttp.ClientSession() as session, session.post(url, **how) as answer:
        return answer.status, await answer.json()


def friend(zalo: FakeZalo) -> str:
    user = zalo.world.user("Lê Thị Hoa")
    zalo.world.say(user, "chào")
    zalo.world.events.clear()
    return user


@pytest.mark.parametrize("status", [200, 408])
async def test_an_idle_poll(zalo: FakeZalo, status: int) -> None:
    zalo.switch(idle_status=status)
    expected = {"ok": False, "description": "Request timeout", "error_code": 408}
    assert await call(zalo, "getUpdates", {"timeout": "1"}) == (status, expected)
    zalo.switch(empty_idle=True)
    assert (await call(zalo, "getUpdates", {"timeout": 1}))[1]["ok"]


@pytest.mark.parametrize("zero", [True, False])
async def test_the_code_of_success(zalo: FakeZalo, zero: bool) -> None:
    zalo.switch(zero_code=zero)
    _, body = await call(zalo, "getMe")
    assert body.get("error_code", "none") == (0 if zero else "none")


@pytest.mark.parametrize("queue", ["pop", "live", "replay"])
async def test_how_updates_are_handed_out(zalo: FakeZalo, queue: str) -> None:
    zalo.switch(queue=queue)
    user = zalo.world.user("Nam")
    before = zalo.world.say(user, "trước")
    poll = asyncio.create_task(call(zalo, "getUpdates", {"timeout": 1}))
    await asyncio.sleep(0.2)
    after = zalo.world.say(user, "sau")
    got = [(await poll)[1].get("result")]
    got += [(await call(zalo, "getUpdates", {"timeout": 1}))[1].get("result") for _ in range(2)]
    expected = {
        "pop": [before, after, None],
        "live": [after, None, None],
        "replay": [before, after, after],
    }
    assert got == expected[queue]


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"json": {"text": "a"}}, "chat_id must not be empty"),
    ({"json": {"chat_id": 5, "text": "a"}}, "chat_id must not be empty"),
    ({"json": {"chat_id": "USER", "text": " "}}, "text must not be empty"),
    ({"json": {"chat_id": "USER", "text": "x" * 2001}}, "at most 2000"),
    ({"data": b"{", "headers": {"Content-Type": "application/json"}}, "chat_id must not be empty"),
]


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize(("options", "words"), REFUSED, ids=[words for _, words in REFUSED])
async def test_what_is_refused(
    zalo: FakeZalo, options: dict[str, Any], words: str, mirror: bool
) -> None:
    zalo.switch(mirror_status=mirror)
    user = friend(zalo)
    body = options.get("json", {})
    if body.get("chat_id") == "USER":
        options = {"json": {**body, "chat_id": user}}
    status, said = await call(zalo, "sendMessage", **options)
    assert (status, said["ok"], said["error_code"]) == (400 if mirror else 200, False, 400)
    assert words in said["description"]


async def test_forms_are_read_and_multipart_is_not(zalo: FakeZalo) -> None:
    user = friend(zalo)
    form = {"chat_id": user, "text": "xin chào"}
    assert (await call(zalo, "sendMessage", data=form))[1]["ok"]
    parts = aiohttp.FormData(form, default_to_multipart=True)
    _, said = await call(zalo, "sendMessage", data=parts)
    assert said["description"].endswith("The chat_id must not be empty")


async def test_tokens_methods_and_chats_it_does_not_know(zalo: FakeZalo) -> None:
    assert (await call(zalo, "getMe", token="2:b"))[1]["error_code"] == 401  # noqa: S106
    assert (await call(zalo, "GetMe"))[1]["error_code"] == 404
    zalo.switch(unknown_method=400, code_as_text=True)
    assert (await call(zalo, "sendDocument"))[1]["error_code"] == "400"
    silent = zalo.world.user("Chưa nhắn")
    for chat in (silent, "ffff"):
        _, said = await call(zalo, "sendMessage", {"chat_id": chat, "text": "a"})
        assert said["error_code"] == "400"


async def test_the_quota_ends(zalo: FakeZalo) -> None:
    message = {"chat_id": friend(zalo), "text": "a"}
    zalo.switch(quota=1)
    assert (await call(zalo, "sendMessage", message))[1]["ok"]
    assert (await call(zalo, "sendMessage", message))[1]["error_code"] == 429
    zalo.switch(quota=None)
    assert (await call(zalo, "sendMessage", message))[1]["ok"]


async def test_groups_hear_mentions_and_replies_only(zalo: FakeZalo) -> None:
    world, user, group = zalo.world, zalo.world.user("Nam"), zalo.world.group()
    world.say(user, "chuyện phiếm", chat=group, mention=False)
    world.say(user, "xong", chat=group)
    world.say(user, "xong rồi", chat=group, mention=False, reply=True)
    assert [event["message"]["text"] for event in world.events] == ["@Bot Đôn Đốc xong", "xong rồi"]


async def test_messages_as_they_may_look(zalo: FakeZalo) -> None:
    world, user = zalo.world, zalo.world.user("Nam")
    first = world.image(user, "https://x.example/1.jpg")["message"]
    zalo.switch(photo_key="photo", in_seconds=True, display_names=False)
    second = world.image(user, "https://x.example/1.jpg")["message"]
    assert ("photo_url" in first, "photo" in second) == (True, True)
    assert first["date"] > 1000 * second["date"] - 2_000_000
    assert ("display_name" in first["from"], "display_name" in second["from"]) == (True, False)
    assert first["chat"]["id"] == first["from"]["id"]


def test_there_is_no_switch_of_another_name() -> None:
    with pytest.raises(TypeError, match="quue"):
        FakeZalo().switch(quue="pop")


class TestWebhook:
    @pytest.fixture
    async def received(self) -> AsyncIterator[tuple[str, list[tuple[str, bytes]]]]:
        got: list[tuple[str, bytes]] = []

        async def take(request: web.Request) -> web.Response:
            got.append((request.headers["x-bot-api-secret-token"], await request.read()))
            return web.Response()

        app = web.Application()
        app.router.add_post("/zalo", take)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/zalo", got
        await runner.cleanup()

    async def deliver(
        self, zalo: FakeZalo, received: Any, texts: list[str], **switches: Any
    ) -> list[Any]:
        url, got = received
        zalo.switch(local_webhooks=True, **switches)
        _, said = await call(zalo, "setWebhook", {"url": url, "secret_token": SECRET})
        assert said["ok"], said
        user = zalo.world.user("Nam")
        for text in texts:
            zalo.world.say(user, text)
            await asyncio.sleep(0.1)
        assert {secret for secret, _ in got} == {SECRET}
        return [json.loads(body) for _, body in got]

    async def test_bodies_are_flat_or_wrapped(self, zalo: FakeZalo, received: Any) -> None:
        (flat,) = await self.deliver(zalo, received, ["a"])
        assert flat["message"]["text"] == "a"
        both = await self.deliver(zalo, received, ["b"], webhook_body="wrapped")
        assert both[1]["result"]["message"]["text"] == "b"

    async def test_duplicates_and_disorder(self, zalo: FakeZalo, received: Any) -> None:
        bodies = await self.deliver(
            zalo, received, ["a", "b"], webhook_duplicates=True, webhook_reorder=True
        )
        assert [body["message"]["text"] for body in bodies] == ["b", "a", "b", "a"]

    async def test_an_empty_probe_carries_the_secret(self, zalo: FakeZalo, received: Any) -> None:
        await self.deliver(zalo, received, ["a"])
        zalo.probe()
        await asyncio.sleep(0.2)
        assert received[1][-1] == (SECRET, b"")
        assert zalo.deliveries == [200, 200]

    async def test_polling_is_refused_meanwhile(self, zalo: FakeZalo, received: Any) -> None:
        await self.deliver(zalo, received, ["a"])
        _, said = await call(zalo, "getUpdates")
        assert "webhook" in said["description"]
        await call(zalo, "deleteWebhook")
        assert (await call(zalo, "getWebhookInfo"))[1]["error_code"] == 404


def test_it_runs_in_a_process_of_its_own(tmp_path: Path) -> None:
    with RemoteZalo(tmp_path / "zalo.jsonl", queue="replay", idle_status=408) as zalo:
        user = zalo.do("user", name="Nam")
        zalo.do("say", user=user, text="xong")
        zalo.do("switch", quota=0)
        assert zalo.do("snapshot")["waiting"] == 1
        assert zalo.do("texts", chat=user) == []
        with pytest.raises(ValueError, match="không_có"):
            zalo.do("không_có")
