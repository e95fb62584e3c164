"""Read a Telegram update as JSON text into an :class:`Incoming`; pure, and at home with any JSON.

Fields are described at https://core.telegram.org/bots/api#update. python-telegram-bot's objects
are not used: they raise on what they do not know, and no stored update may be lost to that.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from mimetypes import guess_extension
from typing import Any

from bot.channels.text import as_json, whole
from registry.files import NAMELESS, clean_name
from scheduler.channel import ChatKind, Incoming, IncomingFile, Update

Node = dict[str, Any]

_KINDS: dict[str, ChatKind] = {"private": "private", "group": "group", "supergroup": "group"}
_GONE = ("left", "kicked")
PICTURE = "anh.jpg"  # what a picture is called that comes without a name
# What a person may send that holds nothing to read. Messages without any of these are Telegram's
# own notes ("... joined the group"), which concern nobody.
_MEDIA = (
    "animation", "audio", "checklist", "contact", "dice", "document", "game", "location",
    "paid_media", "photo", "poll", "sticker", "story", "venue", "video", "video_note", "voice",
)  # fmt: skip
_COMMAND = re.compile(r"/(\w+)(?:@(\w+))?(?=\s|$)")


@dataclass(frozen=True, slots=True)
class Identity:
    """Our bot: its number, and its name without "@" ("" while Telegram has not been asked)."""

    id: int
    username: str = ""


@dataclass(frozen=True, slots=True)
class _Chat:
    address: str
    kind: ChatKind
    title: str


def pushed(body: bytes) -> list[Update]:
    """The one update in a call to our webhook; none where the body is not one."""
    try:
        update = json.loads(body.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return []
    number = _number(update, "update_id") if isinstance(update, dict) else None
    raw = as_json(update) if number is not None else ""
    return [Update(str(number), raw)] if raw else []


def understand(raw: str, me: Identity) -> Incoming | None:
    """The update as the house understands it; None for what concerns nobody."""
    try:
        update = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    if not isinstance(update, dict):
        return None
    for kind, read in _READERS.items():
        if isinstance(update.get(kind), dict):
            return read(update[kind], me)
    return None


def _message(message: Node, me: Identity) -> Incoming | None:
    chat, sender = _chat(message), _sender(message)
    if chat is None:
        return None
    moved = _moved(message, chat)
    if moved or sender is None:
        return moved
    text = _text(message, "text") or _text(message, "caption")
    file = _file(message)
    if not text and not any(message.get(kind) for kind in _MEDIA):
        return None
    reply_to = _reply_to(message, me)
    return Incoming(
        "file" if file else "text" if text else "other",
        chat.address,
        chat.kind,
        sender=sender[0],
        sender_name=sender[1],
        chat_title=chat.title,
        text=_without_our_name(text, me),
        reply_to=reply_to,
        addressed=chat.kind == "private" or _addressed(text, reply_to, me),
        file=file,
    )


def _file(message: Node) -> IncomingFile | None:
    """A document, or a picture in its largest size. A moving picture also comes as a document."""
    sizes = message.get("photo")
    if isinstance(sizes, list):
        shown = [each for each in sizes if isinstance(each, dict) and _text(each, "file_id")]
        best = max(shown, key=_pixels, default=None)
        return _incoming_file(best, PICTURE) if best is not None else None
    document = _node(message, "document")
    if "animation" in message or not _text(document, "file_id"):
        return None
    ending = guess_extension(_text(document, "mime_type")) or ""
    return _incoming_file(document, _text(document, "file_name") or f"{NAMELESS}{ending}")


def _incoming_file(node: Node, name: str) -> IncomingFile:
    size = _number(node, "file_size")
    return IncomingFile(clean_name(name), _text(node, "file_id"), size)


def _pixels(size: Node) -> tuple[int, int]:
    area = (_number(size, "width") or 0) * (_number(size, "height") or 0)
    return area, _number(size, "file_size") or 0


def _button(query: Node, _me: Identity) -> Incoming | None:
    message = _node(query, "message")
    chat, sender, action = _chat(message), _person(_node(query, "from")), _text(query, "data")
    if chat is None or sender is None or not action:
        return None
    number = _number(message, "message_id")
    return Incoming(
        "button",
        chat.address,
        chat.kind,
        sender=sender[0],
        sender_name=sender[1],
        chat_title=chat.title,
        action=action,
        reply_to=None if number is None else str(number),
        callback=_text(query, "id") or None,
    )


def _membership(change: Node, me: Identity) -> Incoming | None:
    """We were put into a group, or shut out of a group or a private chat."""
    chat, actor = _chat(change), _person(_node(change, "from")) or ("", "")
    now, before = _node(change, "new_chat_member"), _node(change, "old_chat_member")
    if chat is None or _number(_node(now, "user"), "id") != me.id:
        return None
    if _outside(now):
        event = "blocked"
    elif chat.kind == "group" and _outside(before):
        event = "joined"
    else:
        return None
    return Incoming(
        "blocked" if event == "blocked" else "joined",
        chat.address,
        chat.kind,
        sender=actor[0],
        sender_name=actor[1],
        chat_title=chat.title,
    )


_READERS: dict[str, Callable[[Node, Identity], Incoming | None]] = {
    "message": _message,
    "callback_query": _button,
    "my_chat_member": _membership,
}


def _outside(member: Node) -> bool:
    status = member.get("status")
    return status in _GONE or (status == "restricted" and member.get("is_member") is False)


def _moved(message: Node, chat: _Chat) -> Incoming | None:
    """A group became a supergroup: said once in the old chat and once in the new."""
    if (new := _number(message, "migrate_to_chat_id")) is not None:
        return Incoming(
            "moved", chat.address, "group", "", chat_title=chat.title, moved_to=str(new)
        )
    if (old := _number(message, "migrate_from_chat_id")) is not None:
        return Incoming(
            "moved", str(old), "group", "", chat_title=chat.title, moved_to=chat.address
        )
    return None


def _chat(node: Node) -> _Chat | None:
    chat = _node(node, "chat")
    number, kind = _number(chat, "id"), chat.get("type")
    if number is None or not isinstance(kind, str) or kind not in _KINDS:
        return None
    return _Chat(str(number), _KINDS[kind], _text(chat, "title"))


def _sender(message: Node) -> tuple[str, str] | None:
    """Id and name of who wrote. Anonymous administrators and channels write through a service bot:
    they are known by the chat they speak for, which is nobody's personal id. None for other bots
    and for posts a linked channel forwards by itself."""
    if message.get("is_automatic_forward"):
        return None
    behind = _node(message, "sender_chat")
    number = _number(behind, "id")
    if number is not None:
        return str(number), _text(message, "author_signature") or _text(behind, "title")
    return _person(_node(message, "from"))


def _person(user: Node) -> tuple[str, str] | None:
    number = _number(user, "id")
    if number is None or user.get("is_bot"):
        return None
    return str(number), f"{_text(user, 'first_name')} {_text(user, 'last_name')}".strip()


def _reply_to(message: Node, me: Identity) -> str | None:
    """Id of our message that is answered. In a forum every message "replies" to the one that
    opened its topic, which is no answer."""
    original = _node(message, "reply_to_message")
    number = _number(original, "message_id")
    ours = _number(_node(original, "from"), "id") == me.id
    if number is None or not ours or "forum_topic_created" in original:
        return None
    return str(number)


def _addressed(text: str, reply_to: str | None, me: Identity) -> bool:
    """Whether words in a group are for us. "/status@other_bot" is not, whatever it replies to."""
    command = _COMMAND.match(text)
    if command:
        # Before Telegram has told our name, any name may be ours.
        name = (command[2] or me.username).lower()
        return not me.username or name == me.username.lower()
    return reply_to is not None or _our_name(me).search(text) is not None


def _without_our_name(text: str, me: Identity) -> str:
    """Commands and words without "@our_name", so that upper layers need not know it."""
    command = _COMMAND.match(text)
    # Before Telegram has told our name, any name may be ours.
    if command and command[2] and command[2].lower() == (me.username or command[2]).lower():
        text = text[: command.end(1)] + text[command.end() :]
    return _our_name(me).sub("", text).strip()


def _our_name(me: Identity) -> re.Pattern[str]:
    if not me.username:
        return re.compile(r"(?!)")
    return re.compile(rf"(?<![\w.])@{re.escape(me.username)}\b", re.IGNORECASE)


def _node(node: Node, key: str) -> Node:
    value = node.get(key)
    return value if isinstance(value, dict) else {}


def _number(node: Node, key: str) -> int | None:
    value = node.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _text(node: Node, key: str) -> str:
    """A text as a database can keep it."""
    value = node.get(key)
    return whole(value).replace("\x00", "") if isinstance(value, str) else ""
