"""Read a Zalo update as JSON text into an :class:`Incoming`; pure, and at home with any JSON.

Documentation wraps an update as {"ok", "result"}, live traffic is flat; names, texts and whole
messages may be missing. What Zalo does not send at all: which message is answered, who blocked us,
a group's title.
"""

import hashlib
import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from bot.channels.telegram_updates import PICTURE
from bot.channels.text import as_json, whole
from bot.channels.zalo_api import Me, Node, identifier, node, words
from scheduler.channel import ChatKind, Incoming, IncomingFile, Update

_REACTION = "message.reaction.received"
# A document, a contact card, or anything of a protected sender: Zalo keeps it to itself.
_UNSUPPORTED = "message.unsupported.received"
_ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".gif")
_LONGEST_KEY = 100
_WRAPPERS = 3
_TITLES = ("title", "name", "display_name")
# A mention whose name we do not know: its first word, or all that stands before a command.
_MENTION = re.compile(r"@[^/\d]{1,60}?(?=\s/\w)|@\S+")
_AFTER_MENTION = " \t\n,;:."


@dataclass(frozen=True, slots=True)
class Identity:
    """Our bot as Zalo knows it: its id ("" while not asked), and the names it may be mentioned by,
    longest first."""

    id: str = ""
    names: tuple[str, ...] = ()

    @classmethod
    def of(cls, me: Me) -> "Identity":
        names = {_flat(name) for name in (me.display_name, me.account_name)} - {""}
        return cls(me.id, tuple(sorted(names, key=len, reverse=True)))


def updates_in(found: Sequence[Node]) -> list[Update]:
    """Updates as Zalo sent them, each with the key that tells it from all others: the message's id,
    or else (an event without a message) a digest of all it says."""
    told = ((each, as_json(each)) for each in found)
    return [Update(_key(each), raw) for each, raw in told if raw]


def pushed(body: bytes) -> list[Update]:
    """The updates in a call to our webhook, flat or wrapped, one or (as no server was seen to do)
    several; none in an empty probe or a body that cannot be read."""
    try:
        said = json.loads(body.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return []
    for _ in range(_WRAPPERS):
        if isinstance(said, dict) and "message" not in said and "result" in said:
            said = said["result"]
    found = said if isinstance(said, list) else [said]
    return updates_in([each for each in found if isinstance(each, dict) and _tells(each)])


def _tells(update: Node) -> bool:
    return "message" in update or "event_name" in update


def understand(raw: str, me: Identity) -> Incoming | None:
    """The update as the house understands it; None for what concerns nobody."""
    update = _update(raw)
    message = node(update.get("message"))
    chat, sender = node(message.get("chat")), node(message.get("from"))
    address, who = _text(identifier(chat.get("id"))), _text(identifier(sender.get("id")))
    kind = _kind(chat, address, who)
    if not address or kind is None or update.get("event_name") == _REACTION:
        return None
    who = who or (address if kind == "private" else "")
    if not who or sender.get("is_bot") is True or who == me.id:
        return None
    text = _text(message.get("text")).strip() or _text(message.get("caption")).strip()
    if kind == "group":
        text = _without_mention(text, me)
    file = _picture(message)
    unseen = update.get("event_name") == _UNSUPPORTED and not text
    return Incoming(
        "file" if file or unseen else "text" if text else "other",
        address,
        kind,
        sender=who,
        sender_name=_text(sender.get("display_name")).strip(),
        chat_title=_title(chat, address) if kind == "group" else "",
        text=text,
        file=file,
    )


def _picture(message: Node) -> IncomingFile | None:
    """A photo by its address: documented as `photo`, seen as `photo_url`."""
    url = _text(message.get("photo_url")).strip() or _text(message.get("photo")).strip()
    if not url.startswith(("https://", "http://")):
        return None
    ending = PurePosixPath(url.partition("?")[0].partition("#")[0]).suffix.lower()
    return IncomingFile(f"anh{ending}" if ending in _ENDINGS else PICTURE, url)


def _update(raw: str) -> Node:
    """The innermost update of a flat or wrapped body."""
    try:
        update = json.loads(raw)
    except (ValueError, RecursionError):
        return {}
    for _ in range(_WRAPPERS):
        if isinstance(update, list):
            update = update[0] if update else {}
        elif isinstance(update, dict) and "message" not in update and "result" in update:
            update = update["result"]
    return node(update)


def _key(update: Node) -> str:
    inner = _update(json.dumps(update))
    number = _text(identifier(node(inner.get("message")).get("message_id")))
    if 0 < len(number) <= _LONGEST_KEY:
        return number
    same = json.dumps(inner, sort_keys=True).encode()
    return f"sha256-{hashlib.sha256(same).hexdigest()[:40]}"


def _kind(chat: Node, address: str, sender: str) -> ChatKind | None:
    """A chat of unknown kind counts as a group, where less is said, unless it is the sender's."""
    kind = words(chat.get("chat_type") or chat.get("type")).upper()
    if "GROUP" in kind:
        return "group"
    if kind == "PRIVATE":
        return "private"
    if kind:
        return None
    return "private" if address == sender or not sender else "group"


def _title(chat: Node, address: str) -> str:
    """Zalo tells no title, so that staff would read of "" in every word about a group."""
    told = (_text(chat.get(key)).strip() for key in _TITLES)
    return next(filter(None, told), f"nhóm Zalo …{address[-4:]}")


def _without_mention(text: str, me: Identity) -> str:
    """Words in a group without the name they had to begin with."""
    flat = unicodedata.normalize("NFC", text)
    for name in me.names:
        pattern = rf"(?<!\w)@{re.escape(name)}(?!\w)"
        bare, found = re.subn(pattern, " ", flat, flags=re.IGNORECASE)
        if found:
            return bare.lstrip(_AFTER_MENTION).rstrip()
    if mention := _MENTION.match(flat):
        return flat[mention.end() :].lstrip(_AFTER_MENTION)
    return text


def _flat(name: str) -> str:
    return unicodedata.normalize("NFC", " ".join(name.split())).removeprefix("@")


def _text(value: object) -> str:
    """A text as a database can keep it."""
    return whole(words(value)).replace("\x00", "")
