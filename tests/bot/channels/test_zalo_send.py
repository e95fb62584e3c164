"""What each failure of a call means on Zalo: every row of the error table, over a real socket."""

import asyncio
import logging
import unicodedata
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.channels.http import HttpAnswer, HttpClient
from bot.channels.zalo import ZaloChannel
from bot.channels.zalo_api import ZaloApi, ZaloRefused
from scheduler.channel import Button, Message, SendError
from scheduler.split import split
from tests.fakes.zalo_server import FakeZalo

HELLO = Message("<b>Nhắc</b> việc 127 &amp; 130", "Nhắc việc 127 & 130")
NONE: dict[str, Any] = {
    "permanent": False, "closed": False, "auth": False, "uncertain": False,
    "bad_markup": False, "retry_after": None, "moved_to": None,
}  # fmt: skip


@pytest.fixture
async def zalo() -> AsyncIterator[FakeZalo]:
    async with FakeZalo() as server:
        yield server


@pytest.fixture
def channel(zalo: FakeZalo, http: HttpClient) -> ZaloChannel:
    return ZaloChannel(zalo.token, zalo.url, http)


def meaning(error: SendError) -> dict[str, Any]:
    """What differs from a plain "not sent, try again"."""
    values = {key: getattr(error, key) for key in NONE}
    return {key: value for key, value in values.items() if value != NONE[key]}


async def refused(channel: ZaloChannel, address: str, message: Message = HELLO) -> dict[str, Any]:
    with pytest.raises(SendError) as caught:
        await channel.send(address, message)
    return meaning(caught.value)


def friend(zalo: FakeZalo, name: str = "Lê Thị Hoa") -> str:
    """Somebody who has written to the bot."""
    user = zalo.world.user(name)
    zalo.world.say(user, "chào")
    return user


@dataclass(frozen=True)
class Row:
    name: str
    fault: dict[str, Any]
    means: dict[str, Any]
    arrives: bool = False


def code(number: int, words: str = "Error") -> dict[str, Any]:
    return {"kind": "status", "status": number, "description": words}


def page(status: int, **more: Any) -> dict[str, Any]:
    return {"kind": "html", "status": status, **more}


DOUBT = {"uncertain": True}
ROWS = [
    Row("bad request", code(400), {"permanent": True}),
    Row("token refused", code(401), {"auth": True}),
    Row("refused chat", code(403), {"retry_after": 15.0}),
    Row("unknown chat", code(404), {"retry_after": 15.0}),
    Row("timeout", code(408), DOUBT),
    Row("quota", code(429), {"retry_after": 60.0}),
    Row("a code of no meaning", code(499), {"permanent": True}),
    Row("the server's trouble", code(500), {}),
    Row("the server's own timeout", code(504), DOUBT),
    Row("429 page", page(429), {"retry_after": 5.0}),
    Row("403 page", page(403), {}),
    Row("500 page", page(500), {}),
    Row("502 page", page(502), {}),
    Row("504 page", page(504), DOUBT),
    Row("504 page, obeyed", page(504, after=True), DOUBT, arrives=True),
    Row("a page instead of success", page(200), DOUBT),
    Row("a redirect", page(302), {}),
    Row("dropped before", {"kind": "drop"}, DOUBT),
    Row("dropped after", {"kind": "drop", "after": True}, DOUBT, arrives=True),
    Row("silent before", {"kind": "hang"}, DOUBT),
    Row("silent after", {"kind": "hang", "after": True}, DOUBT, arrives=True),
]  # fmt: skip


@pytest.mark.parametrize("mirrored", [False, True], ids=["HTTP 200", "HTTP status"])
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
async def test_each_failure_has_its_meaning(
    zalo: FakeZalo,
    channel: ZaloChannel,
    row: Row,
    mirrored: bool,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    zalo.switch(mirror_status=mirrored)
    user = friend(zalo)
    zalo.fail(**row.fault)
    with pytest.raises(SendError) as caught:
        await channel.send(user, HELLO)
    found = meaning(caught.value)
    if "retry_after" in row.means:
        found["retry_after"] = round(found["retry_after"], 1)
    assert found == row.means
    assert len(zalo.world.sent) == row.arrives
    for shown in (str(caught.value), repr(caught.value.__context__), caplog.text):
        assert zalo.token.partition(":")[2] not in shown
        assert "127.0.0.1" not in shown
    assert len(zalo.calls) == 1, "a channel never repeats a send by itself"


@pytest.mark.parametrize("switches", [
    {"code_as_text": True}, {"zero_code": False}, {"code_as_text": True, "mirror_status": True},
], ids=str)  # fmt: skip
async def test_codes_and_successes_however_they_are_written(
    zalo: FakeZalo, channel: ZaloChannel, switches: dict[str, Any]
) -> None:
    zalo.switch(**switches)
    user = friend(zalo)
    assert await channel.send(user, HELLO) == zalo.world.sent[0]["message_id"]
    zalo.refuse(400)
    assert await refused(channel, user) == {"permanent": True}


async def test_a_refused_connection_is_plainly_not_sent(
    zalo: FakeZalo, channel: ZaloChannel
) -> None:
    user = friend(zalo)
    await zalo.stop()
    assert await refused(channel, user) == {}
    await zalo.start()
    assert await channel.send(user, HELLO)


async def test_a_description_never_shows_the_token_not_even_half_of_it(
    zalo: FakeZalo, channel: ZaloChannel
) -> None:
    secret = zalo.token.partition(":")[2]
    forms = f"{zalo.token} {zalo.token.replace(':', '%3A')} {secret}"
    for padding in (0, 280, 290):
        zalo.refuse(400, "x" * padding + forms)
        with pytest.raises(SendError) as caught:
            await channel.send("5a5b", HELLO)
        assert secret[:8] not in str(caught.value)
    assert zalo.token not in repr(channel)


class TestWords:
    async def test_plain_composed_text_without_buttons(
        self, zalo: FakeZalo, channel: ZaloChannel
    ) -> None:
        user = friend(zalo)
        decomposed = unicodedata.normalize("NFD", " *Nhắc* việc_127 #1 \n")
        buttons = ((Button("Xong", "d1:127:done"),),)
        await channel.send(user, Message("<b>x</b>", decomposed, buttons))
        assert zalo.world.texts(user) == ["*Nhắc* việc_127 #1"]
        body = zalo.calls[-1]["params"]
        assert body.keys() == {"chat_id", "text"}

    async def test_parts_as_they_are_cut_all_pass(
        self, zalo: FakeZalo, channel: ZaloChannel
    ) -> None:
        user = friend(zalo)
        long = "Nhiệm vụ số 😀\n" * 400
        parts = split(Message(long, long), channel.limits.units)
        for part in parts:
            await channel.send(user, part)
        texts = zalo.world.texts(user)
        assert [text.rsplit("\n", 1)[1] for text in texts] == [
            f"({n}/{len(parts)})" for n in range(1, len(parts) + 1)
        ]
        assert max(len(text.encode("utf-16-le")) // 2 for text in texts) <= 1800

    @pytest.mark.parametrize("text", ["", "  \n ", "\x00", "x" * 2001, "😀" * 1001])
    async def test_what_zalo_would_refuse_is_not_sent(
        self, zalo: FakeZalo, channel: ZaloChannel, text: str
    ) -> None:
        assert await refused(channel, "5a5b", Message(text, text)) == {"permanent": True}
        assert zalo.calls == []

    @pytest.mark.parametrize(
        "text", ["hỏng \ud83d đây", "\u0958" * 1500, "\u202eab\u0000c", "<b>&amp;{}%s"]
    )
    async def test_hostile_text_arrives(
        self, zalo: FakeZalo, channel: ZaloChannel, text: str
    ) -> None:
        user = friend(zalo)
        assert await channel.send(user, Message(text, text))
        assert "\x00" not in zalo.world.texts(user)[0]


class TestRefusals:
    """Zalo has no code for "blocked": only several refusals in a row tell."""

    async def test_the_third_in_a_row_closes_the_chat(
        self, zalo: FakeZalo, channel: ZaloChannel
    ) -> None:
        user = friend(zalo)
        zalo.world.block(user)
        assert await refused(channel, user) == {"retry_after": 15.0}
        assert await refused(channel, user) == {"retry_after": 60.0}
        assert await refused(channel, user) == {"permanent": True, "closed": True}
        zalo.world.unblock(user)
        assert await channel.send(user, HELLO)

    async def test_messages_refused_one_after_the_other_close_it_too(
        self, zalo: FakeZalo, channel: ZaloChannel
    ) -> None:
        nobody = zalo.world.user("Chưa nhắn bao giờ")
        for _ in range(2):
            assert await refused(channel, nobody) == {"permanent": True}
        assert await refused(channel, nobody) == {"permanent": True, "closed": True}

    async def test_a_message_that_gets_through_starts_the_count_again(
        self, zalo: FakeZalo, channel: ZaloChannel
    ) -> None:
        user = friend(zalo)
        for _ in range(3):
            zalo.refuse(403, times=2)
            await refused(channel, user)
            assert (await refused(channel, user))["retry_after"] == 60.0
            await channel.send(user, HELLO)

    async def test_when_all_are_refused_nobody_is_closed(
        self, zalo: FakeZalo, channel: ZaloChannel
    ) -> None:
        users = [friend(zalo, f"Người {n}") for n in range(5)]
        zalo.refuse(403, times=25)
        for _ in range(5):
            means = [await refused(channel, user) for user in users]
        assert means == [{"retry_after": 300.0}] * 5
        await channel.send(users[0], HELLO)
        zalo.world.block(users[1])
        assert await refused(channel, users[1]) == {"retry_after": 15.0}


class TestQuota:
    async def test_429_holds_everybody_back_and_longer_each_time(
        self, zalo: FakeZalo, channel: ZaloChannel
    ) -> None:
        hoa, nam = friend(zalo), friend(zalo, "Nam")
        zalo.switch(quota=1)
        await channel.send(hoa, HELLO)
        first = await refused(channel, hoa)
        calls = len(zalo.calls)
        second = await refused(channel, nam)
        assert 59 < second["retry_after"] <= first["retry_after"] <= 60.001
        assert len(zalo.calls) == calls, "nothing leaves while we are held back"
        channel._held_until = 0.0
        assert 299 < (await refused(channel, nam))["retry_after"] <= 300.001

    async def test_those_under_way_together_count_once(
        self, zalo: FakeZalo, channel: ZaloChannel
    ) -> None:
        user = friend(zalo)
        zalo.switch(quota=0)
        found = await asyncio.gather(*(refused(channel, user) for _ in range(8)))
        assert all(each["retry_after"] <= 60.001 for each in found)


class TestOpen:
    @pytest.mark.parametrize("named", [True, False])
    async def test_it_tells_who_we_are(
        self, zalo: FakeZalo, channel: ZaloChannel, named: bool
    ) -> None:
        zalo.switch(getme_name=named)
        info = await channel.open()
        assert info.username == ("Bot Đôn Đốc" if named else "bot.dondoc")
        assert (info.invite_link, info.notes) == ("", ())

    async def test_it_notes_a_foreign_webhook_and_leaves_it(
        self, zalo: FakeZalo, channel: ZaloChannel
    ) -> None:
        zalo.world.webhook = {"url": "https://khac.example/bi-mat"}
        (note,) = (await channel.open()).notes
        assert "khac.example" in note
        assert "deleteWebhook" in note
        assert "bi-mat" not in note
        assert zalo.world.webhook

    async def test_trouble_in_asking_for_webhooks_is_no_trouble(
        self, zalo: FakeZalo, channel: ZaloChannel
    ) -> None:
        zalo.fail("html", "getWebhookInfo")
        assert (await channel.open()).notes == ()

    @pytest.mark.parametrize("token", ["2000002:" + "X" * 35, "chưa đặt/..", "123"])
    async def test_a_wrong_token_stops_the_channel(
        self, zalo: FakeZalo, http: HttpClient, token: str
    ) -> None:
        with pytest.raises(SendError) as caught:
            await ZaloChannel(token, zalo.url + "/", http).open()
        assert meaning(caught.value) in ({"auth": True}, {})
        assert token not in str(caught.value)

    async def test_a_getme_that_is_not_found_means_the_token(
        self, zalo: FakeZalo, channel: ZaloChannel
    ) -> None:
        zalo.refuse(404, "Not found", method="getMe")
        with pytest.raises(SendError) as caught:
            await channel.open()
        assert caught.value.auth

    def test_an_empty_token_is_refused_at_once(self, http: HttpClient) -> None:
        with pytest.raises(ValueError, match="token"):
            ZaloChannel(" ", "https://bot-api.zaloplatforms.com", http)

    async def test_what_zalo_has_not_is_no_error(
        self, zalo: FakeZalo, channel: ZaloChannel
    ) -> None:
        await channel.edit("5a5b", "a1b2", HELLO)
        await channel.acknowledge("x")
        await channel.set_commands(None, [("trogiup", "Trợ giúp")])
        await channel.close()
        assert zalo.calls == []


class TestMethods:
    """The client's other methods, which later features stand on."""

    @pytest.fixture
    def api(self, zalo: FakeZalo, http: HttpClient) -> ZaloApi:
        return ZaloApi(zalo.token, zalo.url, http)

    async def test_each_kind_of_message(self, zalo: FakeZalo, api: ZaloApi) -> None:
        user = friend(zalo)
        sent = await api.send_photo(user, "https://photo.example/x.png", "biểu đồ")
        assert sent.at is not None
        assert abs((datetime.now(UTC) - sent.at).total_seconds()) < 60  # noqa: TID251
        await api.send_sticker(user, "bfe4")
        await api.send_voice(user, "https://voice.example/x.aac")
        await api.send_chat_action(user)
        assert zalo.world.texts(user) == ["biểu đồ", "bfe4", "https://voice.example/x.aac"]
        with pytest.raises(ZaloRefused, match="must start with http"):
            await api.send_photo(user, "data:image/png;base64,AA")

    @pytest.mark.parametrize("verification", [True, False])
    async def test_a_webhook_is_set_looked_at_and_removed(
        self, zalo: FakeZalo, api: ZaloApi, verification: bool
    ) -> None:
        zalo.switch(verification=verification)
        assert (await api.get_webhook_info()).url == ""
        with pytest.raises(ZaloRefused, match="secret_token"):
            await api.set_webhook("https://bot.example/zalo", "ngắn")
        with pytest.raises(ZaloRefused, match="public"):
            await api.set_webhook("http://127.0.0.1/zalo", "x" * 32)
        made = await api.set_webhook("https://bot.example/zalo", "x" * 32)
        assert made.verification.ok is (True if verification else None)
        assert (await api.get_webhook_info()).url == "https://bot.example/zalo"
        await api.delete_webhook()
        assert (await api.get_webhook_info()).url == ""

    async def test_webhook_tests_have_a_daily_limit(self, zalo: FakeZalo, api: ZaloApi) -> None:
        zalo.switch(tests_left=1)
        assert (await api.test_webhook()).outcome == "err.other"
        with pytest.raises(ZaloRefused) as caught:
            await api.test_webhook()
        assert caught.value.code == 426

    @pytest.mark.parametrize("status", [400, 404])
    async def test_method_names_are_case_sensitive(
        self, zalo: FakeZalo, api: ZaloApi, status: int
    ) -> None:
        zalo.switch(unknown_method=status)
        with pytest.raises(ZaloRefused) as caught:
            await api.call("getme")
        assert caught.value.code == status

    @pytest.mark.parametrize(
        ("body", "code", "words"),
        [
            (b'{"ok": false, "error_code": "403", "description": "no"}', 403, "no"),
            (b'{"ok": false, "errorCode": 426}', 426, ""),
            (b'{"ok": false}', 0, ""),
            (b'{"ok": null, "error_code": 400, "description": 5}', 400, ""),
            (b'{"error_code": 401}', 401, ""),
        ],
    )
    def test_refusals_as_they_may_be_written(self, body: bytes, code: int, words: str) -> None:
        api = ZaloApi("1:a", "http://x", HttpClient())
        with pytest.raises(ZaloRefused) as caught:
            api._result(HttpAnswer(200, body))
        assert (caught.value.code, caught.value.words) == (code, words)
