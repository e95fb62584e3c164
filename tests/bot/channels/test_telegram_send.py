"""What each failure of a call means: every row of the error table, over a real socket."""

import logging
from dataclasses import dataclass
from typing import Any

import pytest

from bot.channels.http import HttpClient
from bot.channels.telegram import TelegramChannel
from scheduler.channel import Button, Message, SendError
from tests.fakes.telegram_server import FakeTelegram

HELLO = Message("<b>Nhắc</b> việc 127 &amp; 130", "Nhắc việc 127 & 130")
BUTTONS = ((Button("Đã nhận", "d1:127:ack"), Button("Xong", "d1:127:done")),)
NONE: dict[str, Any] = {
    "permanent": False, "closed": False, "auth": False, "uncertain": False,
    "bad_markup": False, "retry_after": None, "moved_to": None,
}  # fmt: skip
GONE = {"permanent": True, "closed": True}


def meaning(error: SendError) -> dict[str, Any]:
    """What differs from a plain "not sent, try again"."""
    values = {key: getattr(error, key) for key in NONE}
    return {key: value for key, value in values.items() if value != NONE[key]}


def friend(telegram: FakeTelegram) -> int:
    """Somebody who has opened the bot."""
    user = telegram.world.user("Lê Thị Hoa")
    telegram.world.say(user, "/start")
    return user


@dataclass(frozen=True)
class Row:
    name: str
    fault: dict[str, Any]
    means: dict[str, Any]
    arrives: bool = False


def refused(code: int, words: str, **parameters: Any) -> dict[str, Any]:
    return {"kind": "status", "status": code, "description": words, "parameters": parameters}


UNSTARTED = "Forbidden: bot can't initiate conversation with a user"
MUTED = "Bad Request: not enough rights to send text messages to the chat"
UNSUPPORTED = 'Bad Request: can\'t parse entities: Unsupported start tag "x" at byte offset 0'
UPGRADED = "Bad Request: group chat was upgraded to a supergroup chat"
RETRY = "Too Many Requests: retry after 7"
PAGE_AFTER = {"kind": "html", "status": 504, "after": True}
ROWS = [
    Row("blocked", refused(403, "Forbidden: bot was blocked by the user"), GONE),
    Row("deactivated", refused(403, "Forbidden: user is deactivated"), GONE),
    Row("kicked", refused(403, "Forbidden: bot was kicked from the supergroup chat"), GONE),
    Row("never started", refused(403, UNSTARTED), GONE),
    Row("unknown chat", refused(400, "Bad Request: chat not found"), GONE),
    Row("bad peer", refused(400, "Bad Request: PEER_ID_INVALID"), GONE),
    Row("dead group", refused(400, "Bad Request: group chat was deactivated"), GONE),
    Row("muted", refused(400, "Bad Request: have no rights to send a message"), GONE),
    Row("muted by rights", refused(400, MUTED), GONE),
    Row("markup", refused(400, UNSUPPORTED), {"bad_markup": True}),
    Row("entities", refused(400, "Bad Request: ENTITY_BOUNDS_INVALID"), {"bad_markup": True}),
    Row("too long", refused(400, "Bad Request: message is too long"), {"permanent": True}),
    Row("other 400", refused(400, "Bad Request: BUTTON_DATA_INVALID"), {"permanent": True}),
    Row("too large", refused(413, "Request Entity Too Large"), {"permanent": True}),
    Row("revoked token", refused(401, "Unauthorized"), {"auth": True}),
    Row("unreadable token", refused(404, "Not Found"), {"auth": True}),
    Row("flood", refused(429, RETRY, retry_after=7), {"retry_after": 7.0}),
    Row("flood without a time", refused(429, "Too Many Requests"), {"retry_after": 5.0}),
    Row("flood of no time", refused(429, "Too Many Requests", retry_after=0), {"retry_after": 5.0}),
    Row("flood by a gateway", {"kind": "html", "status": 429}, {"retry_after": 5.0}),
    Row("migrated", refused(400, UPGRADED, migrate_to_chat_id=-100123), {"moved_to": "-100123"}),
    Row("conflict", refused(409, "Conflict: terminated by other getUpdates request"), {}),
    Row("500", refused(500, "Internal Server Error"), {}),
    Row("500 page", {"kind": "html", "status": 500}, {}),
    Row("502 page", {"kind": "html", "status": 502}, {}),
    Row("503 page", {"kind": "html", "status": 503}, {}),
    Row("504 page", {"kind": "html", "status": 504}, {"uncertain": True}),
    Row("504 page, obeyed", PAGE_AFTER, {"uncertain": True}, arrives=True),
    Row("a page instead of success", {"kind": "html", "status": 200}, {"uncertain": True}),
    Row("a redirect", {"kind": "html", "status": 302}, {}),
    Row("not allowed here", {"kind": "html", "status": 403}, {}),
    Row("dropped before", {"kind": "drop"}, {"uncertain": True}),
    Row("dropped after", {"kind": "drop", "after": True}, {"uncertain": True}, arrives=True),
    Row("silent before", {"kind": "hang"}, {"uncertain": True}),
    Row("silent after", {"kind": "hang", "after": True}, {"uncertain": True}, arrives=True),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
async def test_each_failure_has_its_meaning(
    telegram: FakeTelegram, channel: TelegramChannel, row: Row, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    user = friend(telegram)
    telegram.fail(**row.fault)
    with pytest.raises(SendError) as caught:
        await channel.send(str(user), HELLO)
    assert meaning(caught.value) == row.means
    assert len(telegram.world.sent) == row.arrives
    secret = telegram.token.partition(":")[2]
    for shown in (str(caught.value), repr(caught.value.__cause__), caplog.text):
        assert secret not in shown
        assert "127.0.0.1" not in shown
    assert len(telegram.calls) == 1, "a channel never repeats a send by itself"


async def test_a_refused_connection_is_plainly_not_sent(
    telegram: FakeTelegram, channel: TelegramChannel
) -> None:
    user = friend(telegram)
    await telegram.stop()
    with pytest.raises(SendError) as caught:
        await channel.send(str(user), HELLO)
    assert meaning(caught.value) == {}
    await telegram.start()
    assert await channel.send(str(user), HELLO)


async def test_an_unknown_method_after_opening_is_not_the_tokens_fault(
    telegram: FakeTelegram, channel: TelegramChannel
) -> None:
    user = friend(telegram)
    await channel.open()
    telegram.refuse(404, "Not Found: method not found")
    with pytest.raises(SendError) as caught:
        await channel.send(str(user), HELLO)
    assert meaning(caught.value) == {}


@pytest.mark.parametrize("token", ["1000001:" + "X" * 35, "chưa đặt", "123"])
async def test_a_wrong_token_stops_the_channel(
    telegram: FakeTelegram, http: HttpClient, token: str
) -> None:
    stranger = TelegramChannel(token, telegram.url, http)
    with pytest.raises(SendError) as caught:
        await stranger.open()
    assert meaning(caught.value) == {"auth": True}
    assert token not in str(caught.value)


def test_an_empty_token_is_refused_at_once(http: HttpClient) -> None:
    with pytest.raises(ValueError, match="token"):
        TelegramChannel("  ", "https://api.telegram.org", http)


async def test_a_message_is_sent_as_html_with_buttons_and_without_previews(
    telegram: FakeTelegram, channel: TelegramChannel
) -> None:
    user = friend(telegram)
    number = await channel.send(str(user), Message(HELLO.html, HELLO.plain, BUTTONS))
    (row,) = telegram.world.sent
    assert (row["text"], row["buttons"]) == ("Nhắc việc 127 & 130", ["Đã nhận", "Xong"])
    message = telegram.world.chats[user].messages[int(number)]
    assert message["entities"] == [{"type": "bold", "offset": 0, "length": 4}]
    assert "is_disabled" in str(telegram.calls[-1]["params"]["link_preview_options"])


async def test_a_limit_of_4096_units_is_telegrams(
    telegram: FakeTelegram, channel: TelegramChannel
) -> None:
    user = friend(telegram)
    assert channel.limits.units == 4096
    await channel.send(str(user), Message("<i>" + "😀&amp;" * 1365 + "</i>", ""))
    with pytest.raises(SendError, match="too long"):
        await channel.send(str(user), Message("😀" * 2049, ""))


@pytest.mark.parametrize(
    ("html", "means"),
    [
        ("<b>hở", {"bad_markup": True}),
        ("<x>lạ</x>", {"bad_markup": True}),
        ("<b><i>chéo</b></i>", {"bad_markup": True}),
        ("a < b", {"bad_markup": True}),
        ("  \n ", {"permanent": True}),
    ],
)
async def test_html_that_telegram_refuses(
    telegram: FakeTelegram, channel: TelegramChannel, html: str, means: dict[str, Any]
) -> None:
    user = friend(telegram)
    with pytest.raises(SendError) as caught:
        await channel.send(str(user), Message(html, "chữ"))
    assert meaning(caught.value) == means


async def test_half_a_surrogate_pair_does_not_stop_a_message(
    telegram: FakeTelegram, channel: TelegramChannel
) -> None:
    user = friend(telegram)
    await channel.send(str(user), Message("hỏng \ud83d đây", "hỏng"))
    assert telegram.world.texts(user) == ["hỏng \ufffd đây"]


@pytest.mark.parametrize("action", ["x" * 65, "", "việc" * 11])
async def test_a_button_that_telegram_would_refuse_is_not_sent(
    telegram: FakeTelegram, channel: TelegramChannel, action: str
) -> None:
    user = friend(telegram)
    with pytest.raises(SendError) as caught:
        await channel.send(str(user), Message("a", "a", ((Button("Xong", action),),)))
    assert meaning(caught.value) == {"permanent": True}
    assert telegram.calls == []


async def test_64_bytes_of_action_are_allowed(
    telegram: FakeTelegram, channel: TelegramChannel
) -> None:
    user = friend(telegram)
    assert await channel.send(str(user), Message("a", "a", ((Button("Xong", "x" * 64),), ())))


async def test_an_address_that_is_no_number_is_closed(
    telegram: FakeTelegram, channel: TelegramChannel
) -> None:
    with pytest.raises(SendError) as caught:
        await channel.send("zalo-abc", HELLO)
    assert meaning(caught.value) == GONE
    assert telegram.calls == []


async def test_people_and_groups_that_shut_us_out(
    telegram: FakeTelegram, channel: TelegramChannel
) -> None:
    world, user = telegram.world, friend(telegram)
    group = world.group("UBND xã Bình Minh")
    silent = world.user("Chưa mở bot")
    world.block(user)
    world.kick(group)
    for address in (user, group, silent, 999):
        with pytest.raises(SendError) as caught:
            await channel.send(str(address), HELLO)
        assert meaning(caught.value) == GONE
    world.unblock(user)
    assert await channel.send(str(user), HELLO)


async def test_a_group_that_moved_names_its_new_address(
    telegram: FakeTelegram, channel: TelegramChannel
) -> None:
    group = telegram.world.group("Tổ công tác")
    new = telegram.world.migrate(group)
    with pytest.raises(SendError) as caught:
        await channel.send(str(group), HELLO)
    assert meaning(caught.value) == {"moved_to": str(new)}
    assert await channel.send(str(new), HELLO)


async def test_strict_limits_answer_with_a_waiting_time(http: HttpClient) -> None:
    async with FakeTelegram(strict=True) as strict:
        channel = TelegramChannel(strict.token, strict.url, http)
        user = friend(strict)
        await channel.send(str(user), HELLO)
        with pytest.raises(SendError) as caught:
            await channel.send(str(user), HELLO)
    assert caught.value.retry_after == 1.0


class TestEdit:
    async def test_words_and_buttons_are_replaced(
        self, telegram: FakeTelegram, channel: TelegramChannel
    ) -> None:
        user = friend(telegram)
        number = await channel.send(str(user), Message("Nhắc", "Nhắc", BUTTONS))
        await channel.edit(str(user), number, Message("<s>Nhắc</s> Xong", "Xong"))
        message = telegram.world.chats[user].messages[int(number)]
        assert message["text"] == "Nhắc Xong"
        assert "reply_markup" not in message

    async def test_unchanged_deleted_foreign_or_old_is_no_error(
        self, telegram: FakeTelegram, channel: TelegramChannel
    ) -> None:
        user = friend(telegram)
        number = await channel.send(str(user), HELLO)
        await channel.edit(str(user), number, HELLO)
        await channel.edit(str(user), "không phải số", HELLO)
        await channel.edit(str(user), "999", HELLO)
        await channel.edit(str(user), "1", HELLO)
        telegram.refuse(400, "Bad Request: MESSAGE_ID_INVALID", method="editMessageText")
        await channel.edit(str(user), number, HELLO)
        telegram.world.delete(user, int(number))
        await channel.edit(str(user), number, HELLO)
        assert telegram.world.edits == []

    async def test_anything_else_is_raised(
        self, telegram: FakeTelegram, channel: TelegramChannel
    ) -> None:
        user = friend(telegram)
        number = await channel.send(str(user), HELLO)
        telegram.flood(3, method="editMessageText")
        with pytest.raises(SendError) as caught:
            await channel.edit(str(user), number, Message("mới", "mới"))
        assert meaning(caught.value) == {"retry_after": 3.0}


class TestOpen:
    async def test_it_tells_who_we_are(self, channel: TelegramChannel) -> None:
        info = await channel.open()
        assert info.username == "dondoc_thu_bot"
        assert info.invite_link.format(code="MA1") == "https://t.me/dondoc_thu_bot?start=MA1"
        assert info.notes == ()

    async def test_it_notes_that_privacy_mode_is_off(
        self, telegram: FakeTelegram, channel: TelegramChannel
    ) -> None:
        telegram.world.can_read_all_group_messages = True
        (note,) = (await channel.open()).notes
        assert "/setprivacy" in note

    async def test_it_notes_a_webhook_and_leaves_it(
        self, telegram: FakeTelegram, channel: TelegramChannel
    ) -> None:
        telegram.world.webhook = "https://khac.example/bi-mat-trong-duong-dan"
        (note,) = (await channel.open()).notes
        assert "khac.example" in note
        assert "deleteWebhook" in note
        assert "bi-mat" not in note
        assert telegram.world.webhook

    async def test_a_server_without_webhooks_is_fine(
        self, telegram: FakeTelegram, channel: TelegramChannel
    ) -> None:
        telegram.refuse(404, "Not Found: method not found", method="getWebhookInfo")
        assert (await channel.open()).notes == ()

    async def test_a_base_url_may_end_in_a_slash(
        self, telegram: FakeTelegram, http: HttpClient
    ) -> None:
        channel = TelegramChannel(f" {telegram.token}\n", telegram.url + "/", http)
        assert (await channel.open()).username == "dondoc_thu_bot"


class TestMenuAndSpinner:
    async def test_commands_by_default_and_by_chat(
        self, telegram: FakeTelegram, channel: TelegramChannel
    ) -> None:
        user = friend(telegram)
        await channel.set_commands(None, [("trogiup", "Trợ giúp")])
        await channel.set_commands(str(user), [("viec", "Việc của tôi"), ("xong", "x" * 300)])
        commands = telegram.world.commands
        assert commands["default"] == [{"command": "trogiup", "description": "Trợ giúp"}]
        assert [command["command"] for command in commands[f"chat:{user}"]] == ["viec", "xong"]

    @pytest.mark.parametrize("name", ["Viec", "việc", ""])
    async def test_a_refused_menu_is_logged_and_no_more(
        self,
        telegram: FakeTelegram,
        channel: TelegramChannel,
        caplog: pytest.LogCaptureFixture,
        name: str,
    ) -> None:
        await channel.set_commands(None, [(name, "Việc của tôi")])
        await channel.set_commands("không phải số", [("viec", "Việc của tôi")])
        assert telegram.world.commands == {}
        assert "không đặt được danh sách lệnh" in caplog.text

    async def test_a_press_is_acknowledged_once_and_never_raises(
        self, telegram: FakeTelegram, channel: TelegramChannel
    ) -> None:
        user = friend(telegram)
        await channel.send(str(user), Message("Nhắc", "Nhắc", BUTTONS))
        callback = telegram.world.press(user, "Xong")
        await channel.acknowledge(callback)
        await channel.acknowledge(callback)
        await channel.acknowledge("")
        await telegram.stop()
        await channel.acknowledge(callback)
        assert [answer["id"] for answer in telegram.world.answers] == [callback]
