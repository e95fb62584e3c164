"""How Telegram's updates are understood: a table of payloads, and any JSON at all."""

import json
import sqlite3
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.telegram_updates import Identity, understand
from scheduler.channel import Incoming, IncomingFile

ME = Identity(1000001, "dondoc_bot")
US = {"id": 1000001, "is_bot": True, "first_name": "Đôn Đốc", "username": "dondoc_bot"}
HOA = {"id": 5001, "is_bot": False, "first_name": "Lê Thị", "last_name": "Hoa", "username": "hoa"}
OTHER_BOT = {"id": 77, "is_bot": True, "first_name": "Khác", "username": "khac_bot"}
ANONYMOUS = {
    "id": 1087968824,
    "is_bot": True,
    "first_name": "Group",
    "username": "GroupAnonymousBot",
}
PRIVATE = {"id": 5001, "type": "private", "first_name": "Lê Thị", "last_name": "Hoa"}
GROUP = {"id": -42, "type": "group", "title": "UBND xã Bình Minh"}
SUPERGROUP = {"id": -1001234567890, "type": "supergroup", "title": "Tổ công tác", "is_forum": True}
CHANNEL = {"id": -1009, "type": "channel", "title": "Tin tức"}


def message(chat: dict[str, Any], **fields: Any) -> dict[str, Any]:
    head = {"message_id": 10, "date": 1790000000, "chat": chat, "from": HOA}
    return {"update_id": 1, "message": head | fields}


def renamed(kind: str, update: dict[str, Any]) -> dict[str, Any]:
    return {"update_id": 1, kind: update["message"]}


def ours(**fields: Any) -> dict[str, Any]:
    return {"message_id": 9, "from": US, "chat": GROUP, "date": 1, "text": "Nhắc"} | fields


def member(status: str, **fields: Any) -> dict[str, Any]:
    return {"user": US, "status": status} | fields


def membership(chat: dict[str, Any], before: Any, now: Any) -> dict[str, Any]:
    change = {"chat": chat, "from": HOA, "date": 1, "old_chat_member": before}
    return {"update_id": 1, "my_chat_member": change | {"new_chat_member": now}}


def press(chat: dict[str, Any] | None, **fields: Any) -> dict[str, Any]:
    query = {"id": "4000", "from": HOA, "chat_instance": "1", "data": "d1:127:done"}
    place = {} if chat is None else {"message": {"message_id": 9, "chat": chat, "date": 0}}
    return {"update_id": 1, "callback_query": query | place | fields}


def private(event: Any = "text", **fields: Any) -> Incoming:
    return Incoming(event, "5001", "private", "5001", "Lê Thị Hoa", **fields)


def group(event: Any = "text", **fields: Any) -> Incoming:
    return Incoming(event, "-42", "group", "5001", "Lê Thị Hoa", "UBND xã Bình Minh", **fields)


def unheard(text: str, event: Any = "text", **fields: Any) -> Incoming:
    return group(event, text=text, addressed=False, **fields)


SIGNED = {"from": ANONYMOUS, "author_signature": "Chánh VP"}
PHOTO = [
    {"file_id": "s", "width": 90, "height": 60},
    {"file_id": "x", "width": 1280, "height": 853, "file_size": 99000},
    {"file_id": "m", "width": 320, "height": 213},
]
PICTURE = IncomingFile("anh.jpg", "x", 99000)
REPORT = {"file_id": "d", "file_name": "../Báo cáo\u202e.pdf", "file_size": 7}
FORUM_ROOT = ours(forum_topic_created={"name": "Chung", "icon_color": 1})
CASES: dict[str, tuple[dict[str, Any], Incoming | None]] = {
    # Private chats
    "words": (message(PRIVATE, text=" xong 127 "), private(text="xong 127")),
    "start with a code": (message(PRIVATE, text="/start MA-1_x"), private(text="/start MA-1_x")),
    "a command for us": (message(PRIVATE, text="/VIEC@DonDoc_Bot 12"), private(text="/VIEC 12")),
    "a reply to us": (
        message(PRIVATE, text="xong", reply_to_message=ours()),
        private(text="xong", reply_to="9"),
    ),
    "a reply to oneself": (
        message(PRIVATE, text="xong", reply_to_message={"message_id": 8, "from": HOA}),
        private(text="xong"),
    ),
    "a sticker": (message(PRIVATE, sticker={"file_id": "x"}), private("other")),
    "a photo": (message(PRIVATE, photo=PHOTO), private("file", file=PICTURE)),
    "a photo of nothing": (message(PRIVATE, photo=[{"width": 1}, 7]), private("other")),
    "a photo in reply": (
        message(PRIVATE, photo=PHOTO, reply_to_message=ours()),
        private("file", reply_to="9", file=PICTURE),
    ),
    "a document with words": (
        message(PRIVATE, document={"file_id": "x"}, caption="xong 127 số 45/BC-SYT"),
        private("file", text="xong 127 số 45/BC-SYT", file=IncomingFile("tep", "x")),
    ),
    "a document": (
        message(PRIVATE, document=REPORT),
        private("file", file=IncomingFile("Báo cáo .pdf", "d", 7)),
    ),
    "a document without a name": (
        message(PRIVATE, document={"file_id": "d", "mime_type": "application/pdf"}),
        private("file", file=IncomingFile("tep.pdf", "d")),
    ),
    "a document without an id": (message(PRIVATE, document={"file_name": "a"}), private("other")),
    "a moving picture": (
        message(PRIVATE, animation={"file_id": "g"}, document={"file_id": "g"}),
        private("other"),
    ),
    "a video": (message(PRIVATE, video={"file_id": "v"}), private("other")),
    "no last name": (
        message(PRIVATE, text="1", **{"from": {"id": 5001, "is_bot": False, "first_name": "Hoa"}}),
        Incoming("text", "5001", "private", "5001", "Hoa", text="1"),
    ),
    "half a character": (message(PRIVATE, text="a\ud83d\x00b"), private(text="a\ufffdb")),
    "Telegram's own note": (message(PRIVATE, pinned_message=ours()), None),
    "an edited message": (renamed("edited_message", message(PRIVATE, text="a")), None),
    # Groups
    "talk among people": (message(GROUP, text="xong chưa nhỉ"), unheard("xong chưa nhỉ")),
    "a bare command": (message(GROUP, text="/status"), group(text="/status")),
    "our command": (message(GROUP, text="/status@dondoc_bot Q4"), group(text="/status Q4")),
    "another bot's command": (
        message(GROUP, text="/status@khac_bot"),
        unheard("/status@khac_bot"),
    ),
    "another bot's command in reply to us": (
        message(GROUP, text="/status@khac_bot", reply_to_message=ours()),
        unheard("/status@khac_bot", reply_to="9"),
    ),
    "our name": (message(GROUP, text="@DonDoc_bot xong 127"), group(text="xong 127")),
    "our name at the end": (message(GROUP, text="xong 127 @dondoc_bot"), group(text="xong 127")),
    "a longer name": (message(GROUP, text="@dondoc_bot2 xong"), unheard("@dondoc_bot2 xong")),
    "a mail address": (message(GROUP, text="a@dondoc_bot.vn"), unheard("a@dondoc_bot.vn")),
    "a reply": (
        message(GROUP, text="xong", reply_to_message=ours()),
        group(text="xong", reply_to="9"),
    ),
    "a path is no command": (message(GROUP, text="/etc/passwd"), unheard("/etc/passwd")),
    "a topic's first message is no question": (
        message(SUPERGROUP, text="chào", is_topic_message=True, reply_to_message=FORUM_ROOT),
        Incoming(
            "text", "-1001234567890", "group", "5001", "Lê Thị Hoa", "Tổ công tác",
            text="chào", addressed=False,
        ),
    ),
    "a sticker among people": (
        message(GROUP, sticker={"file_id": "x"}),
        group("other", addressed=False),
    ),
    "a photo among people": (
        message(GROUP, photo=PHOTO, caption="xong 127"),
        unheard("xong 127", event="file", file=PICTURE),
    ),
    "a photo for us": (
        message(GROUP, photo=PHOTO, caption="@dondoc_bot xong 127"),
        group("file", text="xong 127", file=PICTURE),
    ),
    "an anonymous administrator": (
        message(GROUP, text="/status", sender_chat=GROUP, **{"from": ANONYMOUS}),
        Incoming(
            "text", "-42", "group", "-42", "UBND xã Bình Minh", "UBND xã Bình Minh", text="/status"
        ),
    ),
    "an anonymous administrator with a title": (
        message(GROUP, text="/status", sender_chat=GROUP, **SIGNED),
        Incoming("text", "-42", "group", "-42", "Chánh VP", "UBND xã Bình Minh", text="/status"),
    ),
    "a post forwarded by a linked channel": (
        message(GROUP, text="tin", sender_chat=CHANNEL, is_automatic_forward=True),
        None,
    ),
    "another bot": (message(GROUP, text="/status", **{"from": OTHER_BOT}), None),
    "people who join": (message(GROUP, new_chat_members=[HOA]), None),
    "a channel's post": (renamed("channel_post", message(CHANNEL, text="a")), None),
    "a message in a channel": (message(CHANNEL, text="a"), None),
    # Moves
    "the old group says it moved": (
        message(GROUP, migrate_to_chat_id=-1001234567890),
        Incoming("moved", "-42", "group", "", "", "UBND xã Bình Minh", moved_to="-1001234567890"),
    ),
    "the new group says it moved": (
        message(SUPERGROUP, migrate_from_chat_id=-42, **{"from": ANONYMOUS}),
        Incoming("moved", "-42", "group", "", "", "Tổ công tác", moved_to="-1001234567890"),
    ),
    # Buttons
    "a button": (
        press(PRIVATE),
        private("button", action="d1:127:done", reply_to="9", callback="4000"),
    ),
    "a button in a group": (
        press(GROUP),
        group("button", action="d1:127:done", reply_to="9", callback="4000"),
    ),
    "a button without its message": (press(None, inline_message_id="x"), None),
    "a button without data": (press(PRIVATE, data=None, game_short_name="x"), None),
    "a button of a channel": (press(CHANNEL), None),
    # Membership
    "put into a group": (membership(GROUP, member("left"), member("member")), group("joined")),
    "put into a group as administrator": (
        membership(GROUP, member("left"), member("administrator")),
        group("joined"),
    ),
    "made administrator": (membership(GROUP, member("member"), member("administrator")), None),
    "kicked": (membership(GROUP, member("member"), member("kicked")), group("blocked")),
    "left": (membership(GROUP, member("member"), member("left")), group("blocked")),
    "restricted and out": (
        membership(GROUP, member("member"), member("restricted", is_member=False)),
        group("blocked"),
    ),
    "restricted and in": (
        membership(GROUP, member("member"), member("restricted", is_member=True)),
        None,
    ),
    "blocked": (membership(PRIVATE, member("member"), member("kicked")), private("blocked")),
    "unblocked": (membership(PRIVATE, member("kicked"), member("member")), None),
    "somebody else was put in": (
        membership(GROUP, {"user": HOA, "status": "left"}, {"user": HOA, "status": "member"}),
        None,
    ),
    "put into a channel": (membership(CHANNEL, member("left"), member("administrator")), None),
    # Kinds we did not ask for
    "a poll": ({"update_id": 1, "poll": {"id": "1"}}, None),
    "nothing": ({"update_id": 1}, None),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_an_update_is_understood(name: str) -> None:
    update, expected = CASES[name]
    assert understand(json.dumps(update), ME) == expected


def test_before_our_name_is_known_any_command_may_be_ours() -> None:
    """Better to answer for another bot than to lose a stored command of ours."""
    raw = json.dumps(message(GROUP, text="/status@dondoc_bot"))
    heard = understand(raw, Identity(1000001))
    assert heard is not None
    assert heard.addressed
    talk = understand(json.dumps(message(GROUP, text="@dondoc_bot xong")), Identity(1000001))
    assert talk is not None
    assert not talk.addressed


@pytest.mark.parametrize(
    "raw", ["", "{", "null", "[]", "7", '"x"', "[" * 100_000, "9" * 5000, "NaN"]
)
def test_what_is_no_update_is_nothing(raw: str) -> None:
    assert understand(raw, ME) is None


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=10,
)
FIELDS = sorted({key for update, _ in CASES.values() for part in update.values()
                 if isinstance(part, dict) for key in part})  # fmt: skip


@st.composite
def damaged(draw: st.DrawFn) -> Any:
    """A real update with some of its fields replaced by anything."""
    update, _ = draw(st.sampled_from(list(CASES.values())))
    update = json.loads(json.dumps(update))
    for part in [value for value in update.values() if isinstance(value, dict)]:
        for key in draw(st.lists(st.sampled_from(FIELDS), max_size=3)):
            part[key] = draw(anything)
        for inner in [value for value in part.values() if isinstance(value, dict)]:
            for key in draw(
                st.lists(st.sampled_from(["id", "type", "user", "status"]), max_size=2)
            ):
                inner[key] = draw(anything)
    return update


@given(anything | damaged())
def test_any_json_is_understood_or_nothing_and_can_be_stored(update: Any) -> None:
    heard = understand(json.dumps(update), ME)
    if heard is None:
        return
    assert heard.address.lstrip("-").isdigit()
    texts = (heard.sender, heard.sender_name, heard.chat_title, heard.text, heard.action)
    with sqlite3.connect(":memory:") as database:
        stored = database.execute("select ?, ?, ?, ?, ?", texts).fetchone()
    database.close()
    assert stored == texts
    assert "\x00" not in "".join(texts)
