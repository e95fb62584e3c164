"""Every shape of update means one thing, and no JSON text breaks the reader."""

import json
import sqlite3
import unicodedata
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.zalo_api import Me
from bot.channels.zalo_updates import Identity, understand, updates_in
from scheduler.channel import Incoming, IncomingFile

ME = Identity.of(Me("77aa", "bot.dondoc", "Bot Đôn Đốc"))
HOA = {"id": "5a5b5c5d5e5f60616263", "display_name": "Lê Thị Hoa", "is_bot": False}
PRIVATE = {"id": HOA["id"], "chat_type": "PRIVATE"}
GROUP = {"id": "c0ffee00c0ffee00c0ff", "chat_type": "GROUP"}
TITLE = "nhóm Zalo …c0ff"
Node = dict[str, Any]


def update(chat: Node | None, event: str = "message.text.received", **fields: Any) -> Node:
    message = {
        "message_id": "0f1e2d3c4b5a69788796",
        "message_type": "CHAT_MESSAGE",
        "date": 1760000000123,
        "from": HOA,
        "chat": chat,
        **fields,
    }
    return {
        "event_name": event,
        "message": {key: value for key, value in message.items() if value is not None},
    }


def private(text: str = "", **more: Any) -> Incoming:
    kind: Any = "text" if text else "other"
    values: Node = {"sender": HOA["id"], "sender_name": "Lê Thị Hoa", "text": text, **more}
    return Incoming(kind, str(HOA["id"]), "private", **values)


def group(text: str = "", **more: Any) -> Incoming:
    kind: Any = "text" if text else "other"
    values: Node = {"sender": HOA["id"], "sender_name": "Lê Thị Hoa", "text": text, **more}
    return Incoming(kind, GROUP["id"], "group", chat_title=TITLE, **values)


def picture(text: str = "") -> Incoming:
    return replace(private(text), event="file", file=IncomingFile("anh.jpg", URL))


UNSUPPORTED = "message.unsupported.received"
XONG = update(PRIVATE, text="xong 1")
IMAGE = "message.image.received"
URL = "https://photo.example/x.jpg"
CASES: dict[str, tuple[Any, Incoming | None]] = {
    # Bodies
    "flat": (XONG, private("xong 1")),
    "wrapped": ({"ok": True, "result": XONG}, private("xong 1")),
    "wrapped in a list": ({"ok": True, "result": [XONG]}, private("xong 1")),
    "wrapped twice": ({"result": {"ok": True, "result": XONG}}, private("xong 1")),
    "without an event name": ({"message": XONG["message"]}, private("xong 1")),
    # Private words
    "surrounding blanks": (update(PRIVATE, text="  xong 1 \n"), private("xong 1")),
    "blanks only": (update(PRIVATE, text=" \n "), private()),
    "no text": (update(PRIVATE), private()),
    "no name": (
        update(PRIVATE, text="a", **{"from": {"id": HOA["id"]}}),
        private("a", sender_name=""),
    ),
    "no sender": (update(PRIVATE, text="a", **{"from": None}), private("a", sender_name="")),
    "no chat type": (update({"id": HOA["id"]}, text="a"), private("a")),
    "no chat": (update(None, text="a"), None),
    "numeric ids": (
        update({"id": 123456, "chat_type": "PRIVATE"}, text="a", **{"from": {"id": 123456}}),
        Incoming("text", "123456", "private", sender="123456", text="a"),
    ),
    "small letters": (update({**PRIVATE, "chat_type": "private"}, text="a"), private("a")),
    "a mention in private stays": (update(PRIVATE, text="@lan ơi"), private("@lan ơi")),
    "an unknown kind of chat": (update({**PRIVATE, "chat_type": "CHANNEL"}, text="a"), None),
    "a half surrogate": (update(PRIVATE, text="a\ud83d\x00b"), private("a\ufffdb")),
    # Other things
    "an image with words": (
        update(PRIVATE, IMAGE, photo_url=URL, caption="xong 127"),
        picture("xong 127"),
    ),
    "an image": (update(PRIVATE, IMAGE, photo_url=URL), picture()),
    "an image, as documented": (update(PRIVATE, IMAGE, photo=URL, caption=" "), picture()),
    "an image in a group": (
        update(GROUP, IMAGE, photo_url=URL, caption="@Bot Đôn Đốc xong 127"),
        replace(group("xong 127"), event="file", file=IncomingFile("anh.jpg", URL)),
    ),
    "a picture of another kind": (
        update(PRIVATE, IMAGE, photo_url="https://[x/a.PNG?b=1/2.gif"),
        replace(picture(), file=IncomingFile("anh.png", "https://[x/a.PNG?b=1/2.gif")),
    ),
    "an image at no address": (update(PRIVATE, IMAGE, photo_url="file:///etc/passwd"), private()),
    "a sticker": (update(PRIVATE, "message.sticker.received", sticker="x"), private()),
    "a voice": (update(PRIVATE, "message.voice.received", voice_url=URL), private()),
    "a file": (update(PRIVATE, UNSUPPORTED), replace(private(), event="file")),
    "something unsupported with words": (update(PRIVATE, UNSUPPORTED, text="a"), private("a")),
    "a link": (update(PRIVATE, "message.link.received", text=URL), private(URL)),
    "a new event with words": (update(PRIVATE, "message.new.received", text="a"), private("a")),
    "a reaction": (update(PRIVATE, "message.reaction.received", text="❤"), None),
    "unsupported without a message": ({"event_name": "message.unsupported.received"}, None),
    "put into a group": ({"event_name": "bot.added", "message": None}, None),
    # Groups
    "a mention by display name": (update(GROUP, text="@Bot Đôn Đốc xong 127"), group("xong 127")),
    "decomposed": (
        update(GROUP, text=unicodedata.normalize("NFD", "@Bot Đôn Đốc xong")),
        group("xong"),
    ),
    "other capitals": (update(GROUP, text="@BOT đôn đốc, xong 127"), group("xong 127")),
    "a mention by account": (update(GROUP, text="@bot.dondoc /viec"), group("/viec")),
    "a mention behind": (update(GROUP, text="xong 127 @Bot Đôn Đốc"), group("xong 127")),
    "a mention in two lines": (update(GROUP, text="@Bot Đôn Đốc\nxong 127"), group("xong 127")),
    "a mention alone": (update(GROUP, text="@Bot Đôn Đốc"), group()),
    "an unknown mention": (update(GROUP, text="@Lan xem giúp"), group("xem giúp")),
    "an unknown mention of a command": (
        update(GROUP, text="@Bot Cũ Rồi /dangky AB-12"),
        group("/dangky AB-12"),
    ),
    "a reply without a mention": (update(GROUP, text="xong 127"), group("xong 127")),
    "a longer name": (update(GROUP, text="@Bot Đôn Đốc2 xong"), group("Đôn Đốc2 xong")),
    "a document's number is no command": (
        update(GROUP, text="@Bot xong 127 số 45 /BC"),
        group("xong 127 số 45 /BC"),
    ),
    "a sticker in a group": (update(GROUP, "message.sticker.received", sticker="x"), group()),
    "a group that has a title": (
        update({**GROUP, "title": "Tổ CĐS"}, text="a"),
        Incoming("text", GROUP["id"], "group", HOA["id"], "Lê Thị Hoa", "Tổ CĐS", "a"),
    ),
    "a group of unknown kind": (update({"id": GROUP["id"]}, text="a"), group("a")),
    "nobody in a group": (update(GROUP, text="a", **{"from": None}), None),
    # Not people
    "another bot": (update(PRIVATE, text="a", **{"from": {**HOA, "is_bot": True}}), None),
    "ourselves": (update(GROUP, text="a", **{"from": {"id": "77aa"}}), None),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_an_update_is_understood(name: str) -> None:
    raw, expected = CASES[name]
    assert understand(json.dumps(raw), ME) == expected


def test_before_our_name_is_known_the_first_mention_is_ours() -> None:
    heard = understand(json.dumps(update(GROUP, text="@Bot xong 127")), Identity())
    assert heard == group("xong 127")
    known_by_account = Identity.of(Me("77aa", "bot.dondoc"))
    heard = understand(json.dumps(update(GROUP, text="@Bot xong 127")), known_by_account)
    assert heard == group("xong 127")


@pytest.mark.parametrize(
    "raw", ["", "{", "null", "[]", "[[[[]]]]", "7", '"x"', "[" * 100_000, "9" * 5000, "NaN"]
)
def test_what_is_no_update_is_nothing(raw: str) -> None:
    assert understand(raw, ME) is None


class TestKeys:
    def test_the_messages_id_is_the_key_however_it_is_wrapped(self) -> None:
        shapes = [XONG, {"ok": True, "result": XONG}, {"result": [XONG]}]
        assert {each.key for each in updates_in(shapes)} == {"0f1e2d3c4b5a69788796"}

    def test_an_event_without_an_id_has_a_key_of_its_own(self) -> None:
        empty, longer = {"event_name": "a"}, update(PRIVATE, message_id="x" * 200)
        numbered = update(PRIVATE, message_id=7)
        keys = [each.key for each in updates_in([empty, empty, longer, numbered, {"b": [1]}])]
        assert keys[0] == keys[1]
        assert len(set(keys)) == 4
        assert keys[3] == "7"
        assert max(map(len, keys)) < 60

    def test_what_is_kept_is_what_came(self) -> None:
        strange = update(PRIVATE, text="nửa \ud83d và \x00", mới={"a": [1, None]})
        (kept,) = updates_in([strange])
        assert json.loads(kept.raw) == strange
        assert kept.raw.isascii()


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=10,
)
FIELDS = ("message_id", "date", "chat", "from", "text", "caption", "photo_url", "message_type")


@st.composite
def damaged(draw: st.DrawFn) -> Any:
    """A real update with some of its fields replaced by anything."""
    raw, _ = draw(st.sampled_from(list(CASES.values())))
    raw = json.loads(json.dumps(raw))
    for key in draw(
        st.lists(st.sampled_from(["event_name", "message", "result", "ok"]), max_size=1)
    ):
        raw[key] = draw(anything)
    parts = [raw.get("message"), raw.get("result")]
    for part in [part for part in parts if isinstance(part, dict)]:
        for key in draw(st.lists(st.sampled_from(FIELDS), max_size=3)):
            part[key] = draw(anything)
        for inner in [value for value in part.values() if isinstance(value, dict)]:
            names = ["id", "chat_type", "display_name", "is_bot", "title"]
            for key in draw(st.lists(st.sampled_from(names), max_size=2)):
                inner[key] = draw(anything)
    return raw


@given(anything | damaged())
def test_any_json_is_understood_or_nothing_and_can_be_stored(raw: Any) -> None:
    found = updates_in([raw] if isinstance(raw, dict) else [])
    assert all(each.key and each.raw.isascii() for each in found)
    heard = understand(json.dumps(raw), ME)
    if heard is None:
        return
    texts = (heard.address, heard.sender, heard.sender_name, heard.chat_title, heard.text)
    assert heard.address
    assert heard.sender
    with sqlite3.connect(":memory:") as database:
        stored = database.execute("select ?, ?, ?, ?, ?", texts).fetchone()
    database.close()
    assert stored == texts
    assert "\x00" not in "".join(texts)
