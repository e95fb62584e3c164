"""What the Zalo Bot Platform knows and decides, without a network: people, groups, events, methods.

Written after notes on the wire, not after any client of it. Where observers contradict each other
there is a field of :class:`Switches`; its default is what most of them saw. Every action returns
plain JSON, so that a test in another process can play the people too.
"""

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

from tests import leaks

Node = dict[str, Any]
TOKEN = "2000002:ZaloFakeZaloFakeZaloFakeZaloFake00"  # noqa: S105 -- opens nothing but this fake
_LOCAL = re.compile(r"localhost|127\.|10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|\[?::1")


class ApiError(Exception):
    """A refusal: error_code, description, and how the code is spelt."""

    def __init__(self, code: int, description: str, spelling: str = "error_code") -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.spelling = spelling


@dataclass
class Switches:
    """How this Zalo behaves where sources disagree; may be changed at any moment.

    queue: "pop" hands an update out once; "live" only to a poll that is open when it happens;
    "replay" hands the newest one out again and again. idle_status: HTTP status of a poll that
    brought nothing. mirror_status: errors carry their code as HTTP status. zero_code: successes
    carry error_code 0. shape: an update comes as "object", in a "list" or "wrapped" once more.
    empty_idle: a poll that brought nothing is a success without a result. code_as_text: codes come
    in quotes. unknown_method, unknown_chat, blocked: the codes for these. quota: messages left this
    month, None for no end. waits: whether a poll waits at all.
    webhook_body, webhook_duplicates, webhook_reorder, secret: deliveries to a webhook.
    verification: setWebhook tells how it fared; local_webhooks: allow http://127.0.0.1.
    tests_left: testWebhook calls left today. photo_key, in_seconds, display_names, typed_chats:
    what messages look like. getme_name: getMe tells the display name.
    """

    queue: Literal["pop", "live", "replay"] = "pop"
    idle_status: int = 200
    mirror_status: bool = False
    zero_code: bool = True
    shape: Literal["object", "list", "wrapped"] = "object"
    empty_idle: bool = False
    code_as_text: bool = False
    unknown_method: int = 404
    unknown_chat: int = 400
    blocked: int = 403
    quota: int | None = None
    waits: bool = True
    webhook_body: Literal["flat", "wrapped"] = "flat"
    webhook_duplicates: bool = False
    webhook_reorder: bool = False
    verification: bool = True
    local_webhooks: bool = False
    tests_left: int = 20
    photo_key: Literal["photo_url", "photo"] = "photo_url"
    in_seconds: bool = False
    display_names: bool = True
    getme_name: bool = True


@dataclass
class Chat:
    """A private chat or a group. `refuses`: every message to it is refused; `known`: somebody has
    written here, so that the bot may."""

    info: Node
    known: bool = False
    refuses: bool = False
    texts: list[str] = field(default_factory=list)


class World:
    """One bot and everybody it can meet. `clock` gives Unix seconds.

    sent: what the bot did, oldest first, as plain dictionaries.
    """

    def __init__(self, account: str, display_name: str, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.switches = Switches()
        self.account, self.display_name = account, display_name
        self.users: dict[str, Node] = {}
        self.chats: dict[str, Chat] = {}
        self.sent: list[Node] = []
        self.events: deque[Node] = deque()
        self.pushed = 0
        self.webhook: Node = {}
        self.secret = ""
        self.open_polls = 0
        self.on_event: Callable[[Node], None] = lambda _event: None
        self.on_record: Callable[[str, Node], None] = lambda _kind, _row: None
        self._last: Node | None = None
        self._ids = 0

    # What people do

    def user(self, name: str, user_id: str = "") -> str:
        """A new person, who has not yet written to the bot; the id is also the private chat's."""
        number = user_id or self._id("5a5b")
        self.users[number] = {"id": number, "display_name": name, "is_bot": False}
        self.chats[number] = Chat({"id": number, "chat_type": "PRIVATE"})
        return number

    def group(self) -> str:
        """A new group whose leader has confirmed the bot's invitation; Zalo tells no title."""
        number = self._id("c0ff")
        self.chats[number] = Chat({"id": number, "chat_type": "GROUP"}, known=True)
        return number

    def say(
        self, user: str, text: str, chat: str = "", mention: bool = True, reply: bool = False
    ) -> Node:
        """A person writes, in the private chat or in a group: there the bot hears only messages
        that begin with its name, picked from the list, and replies to its own."""
        if chat and mention:
            text = f"@{self.display_name} {text}"
        event = self.event(user, "message.text.received", "CHAT_MESSAGE", chat, text=text)
        if not chat or mention or reply:
            self.push(event)
        return event

    def image(self, user: str, url: str, caption: str = "", chat: str = "") -> Node:
        fields = {self.switches.photo_key: url} | ({"caption": caption} if caption else {})
        return self.push(self.event(user, "message.image.received", "CHAT_PHOTO", chat, **fields))

    def sticker(self, user: str, chat: str = "") -> Node:
        fields = {"sticker": "bfe458bf64fa8da4d4eb", "url": "https://stickers.example/1.png"}
        return self.push(
            self.event(user, "message.sticker.received", "CHAT_STICKER", chat, **fields)
        )

    def voice(self, user: str, chat: str = "") -> Node:
        fields = {"voice_url": "https://voice.example/1.aac"}
        return self.push(self.event(user, "message.voice.received", "CHAT_VOICE", chat, **fields))

    def unsupported(self, user: str = "", chat: str = "") -> Node:
        """A file, a contact card, a protected sender; without a user, without any message."""
        if not user:
            return self.push({"event_name": "message.unsupported.received"})
        return self.push(self.event(user, "message.unsupported.received", "CHAT_UNSUPPORTED", chat))

    def block(self, user: str) -> None:
        """Zalo does not tell the bot."""
        self.chats[user].refuses = True

    def unblock(self, user: str) -> None:
        self.chats[user].refuses = False

    def kick(self, chat: str) -> None:
        self.chats[chat].refuses = True

    def event(self, user: str, name: str, kind: str, chat: str = "", **fields: Any) -> Node:
        """An event as Zalo would word it, not pushed yet."""
        place = self.chats[chat or user]
        place.known = True
        at = self.clock()
        sender = dict(self.users[user])
        if not self.switches.display_names:
            del sender["display_name"]
        message = {
            "message_id": self._id("0f1e"),
            "message_type": kind,
            "date": int(at) if self.switches.in_seconds else int(at * 1000),
            "chat": place.info,
            "from": sender,
            **fields,
        }
        return {"event_name": name, "message": message}

    def push(self, event: Node) -> Node:
        """Something happens: queued for polls, or (as the server sees to) sent to the webhook."""
        self.pushed += 1
        heard = self.switches.queue != "live" or (self.open_polls and not self.events)
        if not self.webhook and heard:
            self.events.append(event)
        self.on_event(event)
        return event

    def texts(self, chat: str) -> list[str]:
        """The bot's messages in a chat, oldest first."""
        return self.chats[chat].texts

    # What the bot asks: one method each, looked up by METHODS below

    def take(self) -> Node | None:
        """The update a poll would return now."""
        if self.events:
            self._last = self.events.popleft()
            return self._last
        return self._last if self.switches.queue == "replay" else None

    def get_me(self, _params: Node) -> Node:
        me = {
            "id": "77aa77aa77aa77aa77aa",
            "account_name": self.account,
            "account_type": "BASIC",
            "can_join_groups": True,
        }
        return me | ({"display_name": self.display_name} if self.switches.getme_name else {})

    def send_message(self, params: Node) -> Node:
        chat = self._open_chat(params)
        text = _words(params, "text").strip()
        if not text:
            raise ApiError(400, "Bad request: The text must not be empty")
        if len(text) > 2000:
            raise ApiError(400, "Bad request: The text must be at most 2000 characters")
        return self._deliver("sendMessage", chat, text)

    def send_photo(self, params: Node) -> Node:
        chat, photo = self._open_chat(params), _words(params, "photo")
        if not photo.startswith(("http://", "https://")):
            raise ApiError(400, "Bad request: The photo must start with http:// or https://")
        sent = self._deliver("sendPhoto", chat, _words(params, "caption") or photo, photo=photo)
        return {**sent, "message_type": "CHAT_PHOTO"}

    def send_sticker(self, params: Node) -> Node:
        return self._deliver("sendSticker", self._open_chat(params), _words(params, "sticker"))

    def send_voice(self, params: Node) -> Node:
        return self._deliver("sendVoice", self._open_chat(params), _words(params, "voice_url"))

    def send_chat_action(self, params: Node) -> None:
        self._open_chat(params)
        if params.get("action") != "typing":
            raise ApiError(400, "Bad request: The action is invalid")

    def set_webhook(self, params: Node) -> Node:
        url, secret = _words(params, "url"), _words(params, "secret_token")
        if not 8 <= len(secret) <= 256:
            raise ApiError(400, "Bad request: The secret_token must be 8 to 256 characters")
        local = _LOCAL.match(urlsplit(url).hostname or "localhost")
        if not (url.startswith("https://") and not local) and not self.switches.local_webhooks:
            raise ApiError(400, "Bad request: The url must be a public https:// address")
        self.webhook, self.secret = {"url": url, "updated_at": int(self.clock() * 1000)}, secret
        more = {"verification": self._verification()} if self.switches.verification else {}
        return {**self.webhook, **more}

    def try_webhook(self, _params: Node) -> Node:
        if self.switches.tests_left <= 0:
            raise ApiError(426, "Daily limit of webhook tests reached", "errorCode")
        self.switches.tests_left -= 1
        return self._verification()

    def delete_webhook(self, _params: Node) -> Node:
        self.webhook = {}
        return {"url": "", "updated_at": int(self.clock() * 1000)}

    def get_webhook_info(self, _params: Node) -> Node:
        if not self.webhook:
            raise ApiError(404, "Not found: webhook is not set")
        return self.webhook

    # How it is done

    def _id(self, start: str) -> str:
        self._ids += 1
        return f"{start}{self._ids:016x}"

    def _verification(self) -> Node:
        url = self.webhook.get("url", "")
        return {"ok": bool(url), "url": url, "outcome": "webhook.ok" if url else "err.other",
                "hint": "", "status_code": 200}  # fmt: skip

    def _open_chat(self, params: Node) -> Chat:
        number = params.get("chat_id")
        if not isinstance(number, str) or not number:
            raise ApiError(400, "Bad request: The chat_id must not be empty")
        chat = self.chats.get(number)
        if chat is None or not chat.known:
            raise ApiError(self.switches.unknown_chat, "Bad request: The chat_id is invalid")
        if chat.refuses:
            raise ApiError(self.switches.blocked, "Internal server error")
        return chat

    def _deliver(self, method: str, chat: Chat, text: str, **more: str) -> Node:
        if self.switches.quota is not None:
            if self.switches.quota <= 0:
                raise ApiError(429, "Quota exceeded")
            self.switches.quota -= 1
        sent = {"message_id": self._id("a1b2"), "date": int(self.clock() * 1000)}
        row = {"kind": method, "chat_id": chat.info["id"], "text": text, "at": self.clock()}
        row |= more
        chat.texts.append(leaks.sent(text))
        self.sent.append(row | sent)
        self.on_record(method, row | sent)
        return sent


METHODS: dict[str, Callable[[World, Node], Any]] = {
    "getMe": World.get_me,
    "sendMessage": World.send_message,
    "sendPhoto": World.send_photo,
    "sendSticker": World.send_sticker,
    "sendVoice": World.send_voice,
    "sendChatAction": World.send_chat_action,
    "setWebhook": World.set_webhook,
    "testWebhook": World.try_webhook,
    "deleteWebhook": World.delete_webhook,
    "getWebhookInfo": World.get_webhook_info,
}


def _words(params: Node, key: str) -> str:
    value = params.get(key)
    return value if isinstance(value, str) else ""
