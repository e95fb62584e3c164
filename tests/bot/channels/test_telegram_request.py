"""python-telegram-bot works through our transport, files and downloads included."""

import json
import subprocess
import sys

import pytest
from telegram import Bot, InputFile

from bot.channels.http import HttpClient
from bot.channels.telegram_request import AiohttpRequest, BotRequest, LostError, RefusedError
from tests.fakes.telegram_server import FakeTelegram


@pytest.fixture
def bot(telegram: FakeTelegram, http: HttpClient) -> Bot:
    request = AiohttpRequest(http)
    return Bot(telegram.token, f"{telegram.url}/bot", request=request, get_updates_request=request)


async def test_the_bots_whole_life(telegram: FakeTelegram, bot: Bot) -> None:
    async with bot:
        assert bot.username == "dondoc_thu_bot"
        user = telegram.world.user("Nam")
        telegram.world.say(user, "/start")
        (update,) = await bot.get_updates(timeout=1)
        assert update.message is not None
        assert update.message.text == "/start"
        assert (await bot.get_webhook_info()).pending_update_count == 1


async def test_a_file_is_sent(telegram: FakeTelegram, bot: Bot) -> None:
    user = telegram.world.user("Nam")
    telegram.world.say(user, "/start")
    file = InputFile(b"PK\x03\x04", filename="báo cáo quý.docx")
    message = await bot.send_document(user, file, caption="<b>Báo cáo</b>", parse_mode="HTML")
    assert message.document is not None
    assert message.document.file_name == "báo cáo quý.docx"
    assert telegram.world.files[message.document.file_id] == b"PK\x03\x04"
    assert telegram.world.texts(user) == ["Báo cáo"]


async def test_a_refusal_keeps_telegrams_code_and_words(telegram: FakeTelegram, bot: Bot) -> None:
    with pytest.raises(RefusedError) as caught:
        await bot.send_message(1, "a")
    assert (caught.value.code, caught.value.description) == (400, "Bad Request: chat not found")
    telegram.fail("html", "getMe", status=502)
    with pytest.raises(LostError, match="HTTP 502"):
        await bot.get_me()


async def test_a_page_where_a_file_should_be_is_no_file(bot: Bot, telegram: FakeTelegram) -> None:
    request = bot.request
    with pytest.raises(LostError, match="HTTP 404"):
        await request.retrieve(f"{telegram.url}/file/bot/none")


def test_the_librarys_own_transport_is_never_made() -> None:
    """httpx logs URLs, tokens included, and is slow under load."""
    code = (
        "import httpx\n"
        "def refuse(*a, **k): raise SystemExit('httpx was used')\n"
        "httpx.AsyncClient.__init__ = refuse\n"
        "from bot.channels.http import HttpClient\n"
        "from bot.channels.telegram import TelegramChannel\n"
        "TelegramChannel('1:a', 'http://127.0.0.1:1', HttpClient())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_of_a_message_sent_only_its_id_is_read_back() -> None:
    chat = {"id": 5, "type": "private"}
    sent = {"message_id": 7, "date": 1, "chat": chat, "entities": "of a kind nobody knows yet"}
    me = {"id": 1, "is_bot": True, "first_name": "Đôn Đốc"}
    said = [BotRequest.parse_json_payload(json.dumps({"ok": True, "result": each}).encode())
            for each in (sent, me, True)]  # fmt: skip
    assert said[0]["result"] == {"message_id": 7, "date": 1, "chat": chat}
    assert [each["result"] for each in said[1:]] == [me, True]
