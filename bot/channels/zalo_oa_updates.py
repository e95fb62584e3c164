"""What a Zalo Official Account tells us of its people: is it really Zalo, and what happened.

Pure, and at home with any bytes. The signature is a plain SHA-256 over the body as it came; sources
disagree on three of its parts, so every reading is tried: each needs one of our secrets.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

from bot.channels.text import as_json, whole
from bot.channels.zalo_api import Node, identifier, node, words
from bot.channels.zalo_oa_oauth import number
from scheduler.channel import Incoming, IncomingFile, Update

SIGNATURE = "x-zevent-signature"
TIMESTAMP = "x-zevent-timestamp"
# Zalo repeats a call for almost two hours; what is older than a day is somebody else's repetition.
OLDEST = timedelta(hours=24)

_MARK = "#"
_ACTION = re.compile(r"#([a-z]{1,8}\d{0,2}:[!-~]{1,60})")
_LONGEST_KEY = 100
# Word of our own messages, sent, delivered or seen: three for each message, and nothing to do.
_ECHOES = ("oa_send_", "user_seen_", "user_received_", "user_reacted_")


@dataclass(frozen=True, slots=True)
class Seal:
    """What signatures are made with: the application's id, the account's, and the secrets that may
    have been used, likeliest first."""

    app_id: str
    oa_id: str
    keys: tuple[str, ...] = field(repr=False)

    def matched(self, headers: Mapping[str, str], body: bytes) -> str:
        """Which reading of the signature is right, for the log; "" where none is."""
        claimed = headers.get(SIGNATURE, "").strip().removeprefix("mac=").lower()
        if not claimed:
            return ""
        found = ""
        for name, made in self._readings(headers, body):
            if hmac.compare_digest(made.encode(), claimed.encode("utf-8", "replace")):
                found = found or name
        return found

    def _readings(self, headers: Mapping[str, str], body: bytes) -> Iterator[tuple[str, str]]:
        told = {"body": stamp_of(body), "header": headers.get(TIMESTAMP, "").strip()}
        for who, first in (("app_id", self.app_id), ("oa_id", self.oa_id)):
            for where, moment in told.items():
                for place, key in enumerate(self.keys):
                    if first and moment:
                        made = hashlib.sha256(first.encode() + body + (moment + key).encode())
                        yield f"{who}+{where}+{place}", made.hexdigest()


def stamp_of(body: bytes) -> str:
    """The body's `timestamp`, as it is spelt."""
    return identifier(_event(body).get("timestamp"))


def is_probe(body: bytes) -> bool:
    """What Zalo sends, unsigned, to see whether the address answers: it asks for nothing."""
    return body.strip() in (b"", b"{}")


def too_old(body: bytes, now: datetime) -> bool:
    """Whether the body speaks of more than a day ago. Milliseconds since 1970."""
    told = number(stamp_of(body))
    return told < (now - OLDEST).timestamp() * 1000


def updates_in(body: bytes) -> list[Update]:
    """The update in a body, with the key that tells it from all others, however often it comes."""
    event = _event(body)
    name = words(event.get("event_name"))
    if not name or name.startswith(_ECHOES):
        return []
    raw = as_json(event)
    return [Update(_key(event, name), raw)] if raw else []


def sender_of(body: bytes) -> str:
    """Whoever did what the body tells; "" where nobody did anything."""
    return _who(_event(body))


def understand(raw: str, oa_id: str, names: Mapping[str, str]) -> Incoming | None:
    """The update as the house understands it; None for what concerns nobody. `names`: what people
    call themselves, which Zalo does not send along."""
    event = _event(raw.encode("utf-8", "replace"))
    name, who = words(event.get("event_name")), _who(event)
    read = _READERS.get(name)
    if read is None or not who or who == oa_id:
        return None
    said = read(event)
    return Incoming(
        said.event,
        who,
        "private",
        who,
        names.get(who, ""),
        text=said.text,
        action=said.action,
        reply_to=identifier(node(event.get("message")).get("quote_msg_id")) or None,
        file=said.file,
        told_at=_moment(event),
    )


@dataclass(frozen=True, slots=True)
class _Said:
    """What an event comes to, whoever it is from."""

    event: Literal["text", "file", "button", "blocked", "other"]
    text: str = ""
    action: str = ""
    file: IncomingFile | None = None


def _moment(event: Node) -> datetime | None:
    """When it happened. Milliseconds since 1970; None where that is no moment."""
    told = number(identifier(event.get("timestamp")))
    try:
        return datetime.fromtimestamp(told / 1000, UTC) if told > 0 else None
    except (ValueError, OverflowError, OSError):
        return None


def _followed(_event: Node) -> _Said:
    """What the Start button is on other messengers."""
    return _Said("text", "/start")


def _left(_event: Node) -> _Said:
    return _Said("blocked")


def _spoken(event: Node) -> _Said:
    """A text; or a pressed button, which comes back as one (some have seen an event of its own)."""
    message = node(event.get("message"))
    text = _caption(event)
    pressed = _ACTION.fullmatch(text or _text(message.get("payload") or event.get("payload")))
    if pressed:
        return _Said("button", action=pressed[1])
    return _Said("text", text) if text else _Said("other")


def _sent_file(event: Node) -> _Said:
    file = _file(node(event.get("message")))
    return _Said("other") if file is None else _Said("file", _caption(event), file=file)


def _wordless(_event: Node) -> _Said:
    return _Said("other")


def _caption(event: Node) -> str:
    return _text(node(event.get("message")).get("text")).strip()


_READERS: Mapping[str, Callable[[Node], _Said]] = {
    "follow": _followed,
    "unfollow": _left,
    "user_send_text": _spoken,
    "user_send_link": _spoken,
    "user_click_button": _spoken,
    **dict.fromkeys(("user_send_file", "user_send_image", "user_send_gif"), _sent_file),
    **dict.fromkeys(
        ("user_send_audio", "user_send_video", "user_send_sticker", "user_send_location",
         "user_send_business_card"),
        _wordless,
    ),
}  # fmt: skip


def marked(action: str) -> str:
    """A button's action as it comes back when it is pressed."""
    return f"{_MARK}{action}"


def _event(body: bytes) -> Node:
    try:
        said = json.loads(body.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return {}
    return node(said)


def _who(event: Node) -> str:
    person = node(event.get("follower")) or node(event.get("sender"))
    return _text(identifier(person.get("id"))).strip()


def _key(event: Node, name: str) -> str:
    message = node(event.get("message"))
    number = _text(identifier(message.get("msg_id")))
    key = f"{name}:{number}"
    if number and len(key) <= _LONGEST_KEY:
        return key
    # A repetition counts itself; all else is the same.
    same = {part: value for part, value in event.items() if part != "num_retry"}
    digest = hashlib.sha256(json.dumps(same, sort_keys=True).encode()).hexdigest()
    return f"sha256-{digest[:40]}"


def _file(message: Node) -> IncomingFile | None:
    """The first attachment that can be fetched."""
    found = message.get("attachments")
    for each in found if isinstance(found, list) else []:
        payload = node(node(each).get("payload"))
        url = _text(payload.get("url")).strip()
        if url:
            size = number(payload.get("size"))
            return IncomingFile(_name(payload, message), url, size if size > 0 else None)
    return None


def _name(payload: Node, message: Node) -> str:
    named = _text(payload.get("name")).strip()
    return named or f"anh-{_text(identifier(message.get('msg_id')))[-8:] or 'zalo'}.jpg"


def _text(value: object) -> str:
    """A text as a database can keep it."""
    return whole(words(value)).replace("\x00", "")
