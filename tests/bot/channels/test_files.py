"""Files on every messenger: in, out, and what happens where something is wrong with them."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from html import escape
from pathlib import Path
from typing import Any

import pytest

from bot.channels.carrying import in_words
from bot.channels.console import ConsoleChannel
from bot.channels.http import HttpClient
from bot.channels.outside import NotPublicError, check_public, is_public
from bot.channels.telegram import TelegramChannel
from bot.channels.zalo import ZaloChannel
from scheduler.channel import Attachment, Channel, Incoming, Message, SendError
from tests.fakes.telegram_server import FakeTelegram
from tests.fakes.zalo_server import FakeZalo

MOST = 1000
URL = "https://dondoc.example/tep/" + "x" * 64 + "/Ban-soat.xlsx"


@dataclass
class Rig:
    """A channel before its fake. `hand`: somebody sends a file; `carried`: the files that came to
    them, as (name, bytes); `faults`: what goes wrong with the next send of a file, by meaning."""

    channel: Channel
    address: str
    heard: Callable[[], list[str]]
    hand: Callable[[str, bytes, str], Awaitable[Incoming]]
    carried: Callable[[], list[tuple[str, bytes]]]
    secret: str = ""
    fail: Callable[..., None] | None = None
    heal: Callable[[], None] = lambda: None
    faults: dict[str, dict[str, Any]] = field(default_factory=dict)
    download: str = ""


async def first(channel: Channel, act: Callable[[], object]) -> Incoming:
    """What the channel makes of the next file that comes in."""
    found: list[Incoming] = []
    news = asyncio.Event()

    async def store(updates: Any) -> None:
        heard = [channel.parse(each.raw) for each in updates]
        found.extend(each for each in heard if each is not None and each.event == "file")
        if found:
            news.set()

    task = asyncio.create_task(channel.receive(store))
    act()
    await asyncio.wait_for(news.wait(), 5)
    task.cancel()
    await asyncio.wait([task])
    return found[0]


@asynccontextmanager
async def on_console(_http: HttpClient, folder: Path) -> AsyncIterator[Rig]:
    shown: list[str] = []
    channel = ConsoleChannel(lambda _address, text: shown.append(text))

    async def hand(name: str, data: bytes, caption: str) -> Incoming:
        path = folder / "của lan" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
        update = channel.line(f"@lan /tep {path} {caption}")
        assert update is not None
        heard = channel.parse(update.raw)
        assert heard is not None
        return heard

    def carried() -> list[tuple[str, bytes]]:
        lines = [line[6:-1] for text in shown for line in text.split("\n") if "[Tệp: " in line]
        pairs = [line.split(" – ") for line in lines]
        return [(name, Path(path).read_bytes()) for name, path in pairs]

    yield Rig(channel, "lan", lambda: shown, hand, carried)


@asynccontextmanager
async def on_telegram(http: HttpClient, _folder: Path) -> AsyncIterator[Rig]:
    async with FakeTelegram() as server:
        user = server.world.user("Lê Thị Hoa")
        server.world.say(user, "/start")
        channel = TelegramChannel(server.token, server.url, http, poll_timeout=1)
        yield Rig(
            channel,
            str(user),
            lambda: server.world.texts(user),
            lambda *file: first(channel, lambda: server.world.hand(user, *file)),
            lambda: [
                (row["file"], server.world.files[row["file_id"]])
                for row in server.world.sent
                if "file_id" in row
            ],
            server.token,
            server.fail,
            server.heal,
            {
                "permanent": {"kind": "status", "method": "sendDocument", "status": 400},
                "gone": {
                    "kind": "status", "method": "sendDocument", "status": 403,
                    "description": "Forbidden: bot was blocked by the user",
                },
                "retry-after": {
                    "kind": "status", "method": "sendDocument", "status": 429,
                    "parameters": {"retry_after": 7},
                },
                "drop": {"kind": "drop", "method": "sendDocument"},
            },
            "file",
        )  # fmt: skip


@asynccontextmanager
async def on_zalo(http: HttpClient, _folder: Path) -> AsyncIterator[Rig]:
    async with FakeZalo() as server:
        user = server.world.user("Lê Thị Hoa")
        server.world.say(user, "chào")
        channel = ZaloChannel(server.token, server.url, http, poll_timeout=1)
        yield Rig(
            channel,
            user,
            lambda: server.world.texts(user),
            lambda *file: first(channel, lambda: server.hand(user, *file)),
            list,
            server.token,
            server.fail,
            server.heal,
            {
                "retry-after": {"kind": "status", "status": 429},
                "drop": {"kind": "drop"},
            },
            "photo",
        )


RIGS: dict[str, Callable[[HttpClient, Path], AbstractAsyncContextManager[Rig]]] = {
    "console": on_console,
    "telegram": on_telegram,
    "zalo": on_zalo,
}


@pytest.fixture
async def rig(
    request: pytest.FixtureRequest, http: HttpClient, tmp_path: Path
) -> AsyncIterator[Rig]:
    async with RIGS[request.param](http, tmp_path) as made:
        yield made


everywhere = pytest.mark.parametrize("rig", sorted(RIGS), indirect=True)
on_a_network = pytest.mark.parametrize("rig", ["telegram", "zalo"], indirect=True)
on_telegram_only = pytest.mark.parametrize("rig", ["telegram"], indirect=True)
on_zalo_only = pytest.mark.parametrize("rig", ["zalo"], indirect=True)


def with_file(folder: Path, text: str = "Bản soát <21>", **more: Any) -> Message:
    path = folder / "bytes"
    if not path.exists():
        path.write_bytes(b"PK data")
    values: dict[str, Any] = {"name": "Bản soát.xlsx", "url": URL} | more
    file = Attachment(values.pop("name"), path, "application/octet-stream", **values)
    return Message(escape(text, quote=False), text, attachment=file)


async def refused(rig: Rig, message: Message) -> SendError:
    with pytest.raises(SendError) as caught:
        await rig.channel.send(rig.address, message)
    return caught.value


# -- out ------------------------------------------------------------------------------------------


@everywhere
async def test_a_file_goes_out_with_its_words(rig: Rig, tmp_path: Path) -> None:
    assert await rig.channel.send(rig.address, with_file(tmp_path))
    assert len(rig.heard()) == 1
    assert rig.heard()[0].startswith("Bản soát <21>")
    assert rig.carried() == [("Bản soát.xlsx", b"PK data")] or URL in rig.heard()[0]


HOSTILE = ["../../x", "y" * 300 + ".docx", "👍👍.pdf", "a\r\nX: b", '"; DROP', "\u202ecod.exe", ""]


@everywhere
@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_name_does_no_harm(rig: Rig, tmp_path: Path, name: str) -> None:
    await rig.channel.send(rig.address, with_file(tmp_path, name=name, url=""))
    shown = [file for file, _ in rig.carried()] or rig.heard()
    assert len(shown) == 1
    assert not set("\r\u202e") & set(shown[0])
    assert ".." not in shown[0]
    assert len(shown[0]) < 300


@everywhere
async def test_a_file_that_cannot_be_read_does_not_cost_the_words(rig: Rig, tmp_path: Path) -> None:
    message = with_file(tmp_path, url="")
    assert message.attachment is not None
    message = replace(message, attachment=replace(message.attachment, path=tmp_path / "không"))
    await rig.channel.send(rig.address, message)
    assert len(rig.heard()) == 1
    assert rig.heard()[0].startswith("Bản soát <21>")


@on_telegram_only
@pytest.mark.parametrize("url", ["", URL])
async def test_a_file_telegram_does_not_take_is_told_in_words(
    rig: Rig, tmp_path: Path, url: str
) -> None:
    assert rig.fail is not None
    rig.fail(**rig.faults["permanent"])
    await rig.channel.send(rig.address, with_file(tmp_path, url=url))
    (text,) = rig.heard()
    assert text.startswith("Bản soát <21>\n\n")
    assert (URL in text) if url else ("cơ quan thường trực" in text)


@on_telegram_only
async def test_a_picture_telegram_cannot_show_goes_as_a_document(rig: Rig, tmp_path: Path) -> None:
    assert rig.fail is not None
    rig.fail("status", "sendPhoto", status=400, description="Bad Request: IMAGE_PROCESS_FAILED")
    await rig.channel.send(rig.address, with_file(tmp_path, name="bieu-do.png", picture=True))
    await rig.channel.send(rig.address, with_file(tmp_path, name="bieu-do.png", picture=True))
    assert [name for name, _ in rig.carried()] == ["bieu-do.png", "bieu-do.png"]
    assert rig.heard() == ["Bản soát <21>"] * 2


@on_telegram_only
async def test_a_chat_that_is_gone_is_gone_for_files_too(rig: Rig, tmp_path: Path) -> None:
    assert rig.fail is not None
    rig.fail(**rig.faults["gone"])
    error = await refused(rig, with_file(tmp_path))
    assert error.closed
    assert rig.heard() == []


@on_a_network
async def test_waiting_and_doubt_are_told_as_for_words(rig: Rig, tmp_path: Path) -> None:
    assert rig.fail is not None
    rig.fail(**rig.faults["drop"])
    assert (await refused(rig, with_file(tmp_path))).uncertain
    rig.fail(**rig.faults["retry-after"])
    error = await refused(rig, with_file(tmp_path))
    assert (error.retry_after or 0) > 0
    assert not error.permanent
    assert rig.heard() == []


@on_a_network
async def test_words_too_long_for_a_caption_are_refused_for_good(rig: Rig, tmp_path: Path) -> None:
    text = "x" * (rig.channel.limits.units * 2)
    error = await refused(rig, with_file(tmp_path, text))
    assert error.permanent
    assert not error.closed
    await rig.channel.send(rig.address, with_file(tmp_path, "x" * rig.channel.limits.caption))
    assert len(rig.heard()) == 1


@on_zalo_only
async def test_zalo_gets_pictures_by_address(rig: Rig, tmp_path: Path) -> None:
    picture = with_file(tmp_path, picture=True)
    await rig.channel.send(rig.address, picture)
    assert rig.heard() == ["Bản soát <21>"]
    assert rig.fail is not None
    rig.fail("status", "sendPhoto", status=400, description="The photo URL is invalid")
    await rig.channel.send(rig.address, picture)
    assert URL in rig.heard()[1]
    await rig.channel.send(rig.address, with_file(tmp_path, picture=True, url=""))
    assert "không gửi kèm được qua Zalo" in rig.heard()[2]


def test_a_file_in_words_keeps_the_markup_whole() -> None:
    file = Attachment("a&b.xlsx", Path("x"), "", url="https://x.example/?a=1&b=2")
    said = in_words(Message("<b>1</b>", "1", attachment=file), file, "Zalo")
    assert said.html.startswith("<b>1</b>\n\n")
    assert "a&amp;b.xlsx" in said.html
    assert "a=1&b=2" in said.plain
    assert said.attachment is None
    assert in_words(Message("", ""), file, "Zalo").plain.startswith("Tải tệp")


# -- in -------------------------------------------------------------------------------------------


@everywhere
async def test_a_picture_comes_in_with_its_words(rig: Rig) -> None:
    heard = await rig.hand("anh.jpg", b"\xff\xd8data", "xong 127")
    assert (heard.event, heard.text, heard.chat_kind) == ("file", "xong 127", "private")
    assert heard.address == heard.sender == rig.address
    assert heard.file is not None
    assert heard.file.name == "anh.jpg"
    assert await rig.channel.fetch(heard.file.ref, MOST) == b"\xff\xd8data"


@everywhere
async def test_what_is_too_long_is_not_read_to_its_end(rig: Rig) -> None:
    heard = await rig.hand("anh.jpg", b"x" * (MOST + 1), "")
    assert heard.file is not None
    with pytest.raises(SendError, match="Tệp lớn quá") as caught:
        await rig.channel.fetch(heard.file.ref, MOST)
    assert caught.value.permanent
    assert len(await rig.channel.fetch(heard.file.ref, MOST + 1)) == MOST + 1


@on_a_network
@pytest.mark.parametrize(
    ("fault", "permanent"),
    [
        ({"kind": "status", "status": 404, "description": "Not Found"}, True),
        ({"kind": "html", "status": 404}, True),
        ({"kind": "html", "status": 502}, False),
        ({"kind": "html", "status": 302}, False),
        ({"kind": "drop"}, False),
        ({"kind": "hang"}, False),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_a_file_that_does_not_come(rig: Rig, fault: dict[str, Any], permanent: bool) -> None:
    heard = await rig.hand("anh.jpg", b"data", "")
    assert heard.file is not None
    assert rig.fail is not None
    if isinstance(rig.channel, ZaloChannel) and fault["kind"] == "status":
        fault = {"kind": "html", "status": 410}
    # A connection that was kept open and is cut is tried once more by itself: asking is harmless.
    rig.fail(**fault, method=rig.download, times=3)
    with pytest.raises(SendError) as caught:
        await rig.channel.fetch(heard.file.ref, MOST)
    rig.heal()
    assert (caught.value.permanent, caught.value.uncertain) == (permanent, False)
    assert await rig.channel.fetch(heard.file.ref, MOST) == b"data"


@on_a_network
async def test_neither_token_nor_address_is_told(
    rig: Rig, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    heard = await rig.hand("anh.jpg", b"data", "")
    assert heard.file is not None
    assert rig.fail is not None
    shown: list[str] = []
    for kind in ("drop", "html", "hang"):
        rig.fail(kind, rig.download, times=3)
        with pytest.raises(SendError) as caught:
            await rig.channel.fetch(heard.file.ref, MOST)
        rig.heal()
        error = caught.value
        shown += [str(error), repr(error), repr(error.__cause__), repr(error.__context__)]
    for fault in rig.faults.values():
        rig.fail(**fault)
        try:
            await rig.channel.send(rig.address, with_file(tmp_path))
        except SendError as error:
            shown += [str(error), repr(error.__cause__), repr(error.__context__)]
    for text in (*shown, caplog.text):
        assert rig.secret.partition(":")[2] not in text
        assert "127.0.0.1" not in text


@pytest.fixture
async def server() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram() as made:
        yield made


async def handed(server: FakeTelegram, http: HttpClient, data: bytes) -> tuple[Channel, str]:
    user = server.world.user("Lê Thị Hoa")
    message = server.world.hand(user, "báo cáo.pdf", data)
    channel = TelegramChannel(server.token, server.url, http)
    return channel, message["document"]["file_id"]


async def test_telegrams_cloud_hands_out_so_much(server: FakeTelegram, http: HttpClient) -> None:
    server.world.most_handed = 100
    channel, number = await handed(server, http, b"x" * 101)
    with pytest.raises(SendError, match="lớn quá 20 MB") as caught:
        await channel.fetch(number, 10_000)
    assert caught.value.permanent


async def test_a_length_nobody_told_is_found_out(server: FakeTelegram, http: HttpClient) -> None:
    server.world.tells_sizes = False
    channel, number = await handed(server, http, b"x" * 200_000)
    with pytest.raises(SendError, match="lớn quá 98 KB"):
        await channel.fetch(number, 100_000)
    assert len(await channel.fetch(number, 200_000)) == 200_000


async def test_a_server_of_ones_own_leaves_files_on_the_disk(
    server: FakeTelegram, http: HttpClient, tmp_path: Path
) -> None:
    server.world.local_files = tmp_path
    channel, number = await handed(server, http, b"data")
    assert await channel.fetch(number, 10) == b"data"
    with pytest.raises(SendError, match="lớn quá"):
        await channel.fetch(number, 3)
    (tmp_path / number).chmod(0)
    server.world.local_files = tmp_path / "nowhere"
    with pytest.raises(SendError):
        await channel.fetch("file99", 10)


# -- addresses that others name -------------------------------------------------------------------

INSIDE = [
    "127.0.0.1", "127.8.9.1", "10.0.0.1", "192.168.1.1", "172.16.0.1", "169.254.169.254", "0.1.2.3",
    "100.64.0.1", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1%eth0", "fc00::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1", "no address", "",
]  # fmt: skip


@pytest.mark.parametrize("host", INSIDE)
def test_no_address_inside_is_public(host: str) -> None:
    assert not is_public(host)


@pytest.mark.parametrize("host", ["8.8.8.8", "2606:4700:4700::1111", "[2606:4700:4700::1111]"])
def test_addresses_outside_are(host: str) -> None:
    assert is_public(host)


@pytest.mark.parametrize(
    "url",
    [
        "http://photo.example/x.jpg", "https://photo.example:8443/x.jpg", "https://127.0.0.1/x",
        "https://[::1]/x", "https://user@photo.example/x", "ftp://photo.example/x",
        "file:///etc/passwd", "https:///x", "x.jpg", "https://0.1.2.3/",
    ],
)  # fmt: skip
def test_only_plain_https_is_asked(url: str) -> None:
    with pytest.raises(NotPublicError):
        check_public(url)


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1/x", "https://localhost/x", "https://2130706433/x", "http://[/x", "x"]
)
async def test_zalo_cannot_send_us_inside(http: HttpClient, url: str) -> None:
    channel = ZaloChannel("2000002:a", "https://bot-api.zaloplatforms.com", http)
    with pytest.raises(SendError) as caught:
        await channel.fetch(url, MOST)
    assert not caught.value.uncertain


# -- the terminal ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("/tep {0}", ""),
        ('/tep "{0}" chú thích hai từ', "chú thích hai từ"),
        ("/tep {0} chú thích", "chú thích"),
        ("/tep 127", None),
    ],
)
def test_the_terminal_takes_paths(tmp_path: Path, line: str, text: str | None) -> None:
    path = tmp_path / "báo cáo quý.pdf"
    path.write_bytes(b"x")
    shown: list[str] = []
    channel = ConsoleChannel(lambda _address, words: shown.append(words))
    update = channel.line(line.format(path))
    assert update is not None
    heard = channel.parse(update.raw)
    assert heard is not None
    if text is None:
        assert (heard.event, heard.text) == ("text", line)
    else:
        assert (heard.event, heard.text) == ("file", text)
        assert heard.file is not None
        assert heard.file.name == "báo cáo quý.pdf"
    assert channel.line("/tep ./không-có.pdf") is None
    assert shown == ["Không thấy tệp ./không-có.pdf."]
