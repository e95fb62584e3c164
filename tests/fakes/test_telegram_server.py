"""The fake Telegram keeps to the public Bot API, on which the product's tests lean."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.fakes.telegram_html import MarkupError, read_html
from tests.fakes.telegram_remote import RemoteTelegram
from tests.fakes.telegram_server import FakeTelegram


class Caller:
    """Calls methods as any client might."""

    def __init__(self, telegram: FakeTelegram, session: aiohttp.ClientSession) -> None:
        self.telegram = telegram
        self.session = session

    async def __call__(self, method: str, **params: Any) -> Any:
        answer = await self.full(method, json=params)
        return answer["result"] if answer["ok"] else (answer["error_code"], answer["description"])

    async def full(self, method: str, verb: str = "POST", **body: Any) -> Any:
        url = f"{self.telegram.url}/bot{self.telegram.token}/{method}"
        async with self.session.request(verb, url, **body) as answer:
            said = await answer.json()
            assert answer.status == said.get("error_code", 200)
            return said


@pytest.fixture
async def call() -> AsyncIterator[Caller]:
    async with FakeTelegram() as telegram, aiohttp.ClientSession() as session:
        yield Caller(telegram, session)


@pytest.mark.parametrize(
    ("source", "text", "entities"),
    [
        ("a &lt; b &amp;&quot;&#39;&#x41; &nbsp;", "a < b &\"'A &nbsp;", []),
        ("<b>Đ</b>ôn", "Đôn", [("bold", 0, 1)]),
        ("😀<i>x</i>", "😀x", [("italic", 2, 1)]),
        ("<b><i>a</i></b>", "a", [("italic", 0, 1), ("bold", 0, 1)]),
        ('<a href="https://x.vn/?a=1&amp;b">s</a>', "s", [("text_link", 0, 1)]),
        ('<span class="tg-spoiler">s</span><b></b>', "s", [("spoiler", 0, 1)]),
    ],
)
def test_html_is_read(source: str, text: str, entities: list[tuple[str, int, int]]) -> None:
    read, found = read_html(source)
    assert read == text
    assert [(row["type"], row["offset"], row["length"]) for row in found] == entities


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("<br>", 'Unsupported start tag "br" at byte offset 0'),
        ("ệ<x>a</x>", 'Unsupported start tag "x" at byte offset 3'),
        ("a < b > c", "Unsupported start tag"),
        ("a < b", "Unclosed start tag at byte offset 2"),
        ("<b>a", 'Can\'t find end tag corresponding to start tag "b"'),
        ("a</b>", "Unexpected end tag at byte offset 1"),
        ("<b>a</i>", 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'),
        ("<span>a</span>", "Unsupported start tag"),
    ],
)
def test_bad_html_is_refused_in_telegrams_words(source: str, words: str) -> None:
    with pytest.raises(MarkupError) as caught:
        read_html(source)
    assert words in str(caught.value)


async def test_every_way_to_pass_parameters(call: Caller) -> None:
    user = call.telegram.world.user("Nam")
    call.telegram.world.say(user, "/start")
    keyboard = {"inline_keyboard": [[{"text": "Xong", "callback_data": "x"}]]}
    plain = {"chat_id": str(user), "text": "a", "reply_markup": json.dumps(keyboard)}
    form = aiohttp.FormData(plain, default_to_multipart=True)
    for verb, body in (
        ("GET", {"params": plain}),
        ("POST", {"params": plain}),
        ("POST", {"data": plain}),
        ("POST", {"data": form}),
        ("POST", {"json": {"chat_id": user, "text": "a", "reply_markup": keyboard}}),
    ):
        answer = await call.full("SENDmessage", verb, **body)
        assert answer["result"]["reply_markup"] == keyboard


async def test_refusals(call: Caller) -> None:
    user = call.telegram.world.user("Nam")
    call.telegram.world.say(user, "/start")

    async def refused(method: str, **params: Any) -> str:
        code, words = await call(method, chat_id=user, **params)
        assert code == 400
        return str(words)

    assert await refused("sendMessage") == "Bad Request: message text is empty"
    assert "too long" in await refused("sendMessage", text="x" * 4097)
    assert "unsupported parse_mode" in await refused("sendMessage", text="a", parse_mode="BBCode")
    assert "can't parse entities" in await refused("sendMessage", text="<b>", parse_mode="HTML")
    long = {"inline_keyboard": [[{"text": "a", "callback_data": "x" * 65}]]}
    assert "BUTTON_DATA_INVALID" in await refused("sendMessage", text="a", reply_markup=long)
    assert "can't parse" in await refused("sendMessage", text="a", reply_markup="{")
    assert "object expected" in await refused("sendMessage", text="a", reply_markup="[]")
    assert "replied not found" in await refused("sendMessage", text="a", reply_to_message_id=99)
    assert "no document" in await refused("sendDocument")
    assert "to pin not found" in await refused("pinChatMessage", message_id=99)
    assert "query is too old" in await refused("answerCallbackQuery", callback_query_id="1")
    assert "BOT_COMMAND_INVALID" in await refused("setMyCommands", commands=[{"command": "Đ"}])
    assert await call("sendMessage", text="a") == (400, "Bad Request: chat_id is empty")
    assert await call("sendMessage", chat_id="@x", text="a") == (400, "Bad Request: chat not found")
    assert (await call("khongCo"))[0] == 404


async def test_tokens(call: Caller) -> None:
    for token, code in (("1:short", 404), ("1000001:" + "x" * 35, 401)):
        call.telegram.token, kept = "other", call.telegram.token
        url = f"{call.telegram.url}/bot{token}/getMe"
        async with call.session.get(url) as answer:
            assert answer.status == code
        call.telegram.token = kept


async def test_edits(call: Caller) -> None:
    world = call.telegram.world
    user = world.user("Nam")
    theirs = world.say(user, "/start")["message_id"]
    ours = (await call("sendMessage", chat_id=user, text="a"))["message_id"]
    edit = {"chat_id": user, "message_id": ours}
    assert "not modified" in (await call("editMessageText", text="a", **edit))[1]
    changed = await call("editMessageText", text="<b>a</b>", parse_mode="HTML", **edit)
    assert changed["edit_date"]
    assert "not found" in (await call("editMessageText", chat_id=user, message_id=99, text="b"))[1]
    assert (
        "can't be" in (await call("editMessageText", chat_id=user, message_id=theirs, text="b"))[1]
    )


async def test_polling_waits_confirms_and_forgets(call: Caller) -> None:
    world = call.telegram.world
    user = world.user("Nam")
    waiting = asyncio.create_task(call("getUpdates", timeout=5))
    await asyncio.sleep(0.05)
    world.say(user, "một")
    (first,) = await waiting
    world.say(user, "hai")
    assert len(await call("getUpdates")) == 2
    assert len(await call("getUpdates", limit=1)) == 1
    (second,) = await call("getUpdates", offset=first["update_id"] + 1)
    assert second["message"]["text"] == "hai"
    assert await call("getUpdates", offset=-1) == [second]
    assert await call("getUpdates", offset=second["update_id"] + 1) == []
    assert await call("getUpdates") == []


async def test_polling_conflicts(call: Caller) -> None:
    first = asyncio.create_task(call("getUpdates", timeout=5))
    await asyncio.sleep(0.05)
    second = asyncio.create_task(call("getUpdates", timeout=1))
    assert (await first)[0] == 409
    assert await second == []
    assert "HTTPS" in (await call("setWebhook", url="http://x.vn"))[1]
    await call("setWebhook", url="https://x.vn/hook")
    assert "webhook is active" in (await call("getUpdates"))[1]
    assert (await call("getWebhookInfo"))["url"] == "https://x.vn/hook"
    await call("deleteWebhook")
    assert await call("getUpdates") == []


async def test_only_updates_that_were_asked_for(call: Caller) -> None:
    world = call.telegram.world
    user = world.user("Nam")
    await call("getUpdates", allowed_updates=["my_chat_member"])
    world.say(user, "một")
    world.block(user)
    (update,) = await call("getUpdates")
    assert update["my_chat_member"]["new_chat_member"]["status"] == "kicked"


async def test_privacy_mode(call: Caller) -> None:
    world = call.telegram.world
    group, user = world.group("Tổ công tác"), world.user("Nam")
    ours = (await call("sendMessage", chat_id=group, text="Nhắc"))["message_id"]
    for text, reply in (("chào", None), ("/viec", None), ("/viec@khac_bot", None), ("xong", ours)):
        world.say(user, text, chat=group, reply_to=reply)
    heard = [row["message"]["text"] for row in await call("getUpdates") if "message" in row]
    assert heard == ["/viec", "xong"]


async def test_buttons_come_back(call: Caller) -> None:
    world = call.telegram.world
    user = world.user("Nam")
    world.say(user, "/start")
    keyboard = {"inline_keyboard": [[{"text": "Đã xong", "callback_data": "d1:1:done"}]]}
    await call("sendMessage", chat_id=user, text="a", reply_markup=keyboard)
    callback = world.press(user, "xong")
    query = (await call("getUpdates"))[-1]["callback_query"]
    assert (query["id"], query["data"]) == (callback, "d1:1:done")
    assert await call("answerCallbackQuery", callback_query_id=callback) is True
    with pytest.raises(KeyError):
        world.press(user, "không có")


async def test_published_limits() -> None:
    async with FakeTelegram(strict=True) as telegram, aiohttp.ClientSession() as session:
        call = Caller(telegram, session)
        moment = 1000.0
        telegram.world.clock = lambda: moment
        group = telegram.world.group("Tổ công tác")
        for _ in range(20):
            assert "message_id" in await call("sendMessage", chat_id=group, text="a")
            moment += 1.5
        code, _ = await call("sendMessage", chat_id=group, text="a")
        assert code == 429
        answer = await call.full("sendMessage", json={"chat_id": group, "text": "a"})
        assert answer["parameters"] == {"retry_after": 31}
        moment += 31
        assert "message_id" in await call("sendMessage", chat_id=group, text="a")


async def test_faults_choose_method_and_chat(call: Caller) -> None:
    telegram = call.telegram
    users = [telegram.world.user(name) for name in ("Nam", "Hoa")]
    for user in users:
        telegram.world.say(user, "/start")
    telegram.flood(9, chat=users[0], times=2)
    telegram.fail("drop", "getMe", after=True)
    assert "message_id" in await call("sendMessage", chat_id=users[1], text="a")
    assert (await call("sendMessage", chat_id=users[0], text="a"))[0] == 429
    with pytest.raises(aiohttp.ClientError):
        await call("getMe")
    telegram.heal()
    assert "message_id" in await call("sendMessage", chat_id=users[0], text="a")


def test_it_runs_as_a_process_and_keeps_what_it_received(tmp_path: Path) -> None:
    async def send(telegram: RemoteTelegram, user: int) -> None:
        url = f"{telegram.url}/bot{telegram.token}/sendMessage"
        async with (
            aiohttp.ClientSession() as session,
            session.post(url, json={"chat_id": user, "text": "Nhắc việc"}) as answer,
        ):
            assert (await answer.json())["ok"]

    with RemoteTelegram(tmp_path / "telegram.jsonl") as telegram:
        user = telegram.do("user", name="Lê Thị Hoa")
        telegram.do("say", user=user, text="/start MA")
        asyncio.run(send(telegram, user))
        assert [row["text"] for row in telegram.do("snapshot")["sent"]] == ["Nhắc việc"]
        assert telegram.do("texts", chat=user) == ["Nhắc việc"]
        with pytest.raises(ValueError, match="KeyError"):
            telegram.do("khong_co")
    assert [row["text"] for row in telegram.events("sendMessage")] == ["Nhắc việc"]
    assert [row["method"] for row in telegram.events("call")] == ["sendMessage"]
