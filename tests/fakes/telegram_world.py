"""What Telegram knows and decides, without a network: people, chats, messages, updates, methods.

Written after the public Bot API (https://core.telegram.org/bots/api), not after any client of it.
Every action returns plain JSON, so that a test in another process can play the people too.
"""

import json
import re
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests import leaks
from tests.fakes.telegram_html import MarkupError, read_html, units

Node = dict[str, Any]
TOKEN = "1000001:AAFakeFakeFakeFakeFakeFakeFakeFake0"  # noqa: S105 -- opens nothing but this fake
_DEFAULT_UPDATES = ("message", "edited_message", "callback_query", "my_chat_member")
_MODES = ("html", "markdown", "markdownv2")
_NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)


class ApiError(Exception):
    """A refusal: HTTP status, description, ResponseParameters."""

    def __init__(self, code: int, description: str, **parameters: Any) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters


def bad_request(words: str) -> ApiError:
    return ApiError(400, f"Bad Request: {words}")


@dataclass
class Chat:
    """A chat; `refusal` is the description of the error every message to it meets ("" for none)."""

    info: Node
    refusal: str = ""
    moved_to: int | None = None
    last_id: int = 0
    messages: dict[int, Node] = field(default_factory=dict)
    pinned: list[int] = field(default_factory=list)


class RateLimit:
    """The limits Telegram publishes: 30 messages a second, 1 a second in a chat, 20 a minute in a
    group. Raises 429 with the seconds until the next would pass."""

    def __init__(self) -> None:
        self._times: dict[int, deque[float]] = defaultdict(deque)

    def admit(self, chat_id: int, now: float) -> None:
        rules = [(0, 30, 1.0), (chat_id, 1, 1.0)]
        if chat_id < 0:
            rules.append((chat_id, 20, 60.0))
        for key, count, period in rules:
            recent = [at for at in self._times[key] if at > now - period]
            if len(recent) >= count:
                wait = int(recent[-count] + period - now) + 1
                words = f"Too Many Requests: retry after {wait}"
                raise ApiError(429, words, retry_after=wait)
        for key in (0, chat_id):
            self._times[key].append(now)
            while self._times[key][0] < now - 60:
                self._times[key].popleft()


class World:
    """One bot and everybody it can meet. `clock` gives Unix seconds.

    sent, edits, answers, calls: what the bot did, oldest first, as plain dictionaries.
    """

    def __init__(self, token: str, username: str, clock: Callable[[], float]) -> None:
        self.clock = clock
        number = int(token.partition(":")[0])
        self.bot = {"id": number, "is_bot": True, "first_name": "Đôn Đốc", "username": username}
        self.can_read_all_group_messages = False
        self.users: dict[int, Node] = {}
        self.chats: dict[int, Chat] = {}
        self.sent: list[Node] = []
        self.edits: list[Node] = []
        self.answers: list[Node] = []
        self.files: dict[str, bytes] = {}
        self.most_handed = 20 * 1024 * 1024
        self.tells_sizes = True
        self.local_files: Path | None = None
        self.commands: dict[str, list[Node]] = {}
        self.webhook = ""
        self.secret = ""
        self.local_webhooks = False
        self.hook_error = ""
        self.allowed: tuple[str, ...] = _DEFAULT_UPDATES
        self.updates: deque[Node] = deque()
        self.rate: RateLimit | None = None
        self.on_update: Callable[[], None] = lambda: None
        self.on_record: Callable[[str, Node], None] = lambda _kind, _row: None
        self._ids = {"user": 5000, "group": 7000, "update": 900_000, "callback": 0, "file": 0}
        self._callbacks: set[str] = set()

    # What people do

    def user(self, name: str, username: str = "", user_id: int | None = None) -> int:
        """A new person, who has not yet opened the bot; the id is also the private chat's."""
        number = user_id or self._next("user")
        first, _, last = name.partition(" ")
        person = {"id": number, "is_bot": False, "first_name": first, "language_code": "vi"}
        person |= {"last_name": last} if last else {}
        person |= {"username": username} if username else {}
        self.users[number] = person
        info = {key: person[key] for key in person if key not in ("is_bot", "language_code")}
        refusal = "Forbidden: bot can't initiate conversation with a user"
        self.chats[number] = Chat({**info, "type": "private"}, refusal)
        return number

    def group(self, title: str, by: int | None = None, supergroup: bool = False) -> int:
        """A new group into which `by` (else a new person) puts the bot."""
        number = -self._next("group") - (1_000_000_000_000 if supergroup else 0)
        kind = "supergroup" if supergroup else "group"
        self.chats[number] = Chat({"id": number, "title": title, "type": kind})
        self._membership(number, by or self.user("Người lập nhóm"), "left", "member")
        return number

    def say(
        self,
        user: int,
        text: str = "",
        chat: int | None = None,
        reply_to: int | None = None,
        fields: Node | None = None,
    ) -> Node:
        """A person writes, in the private chat or in `chat`; `fields` adds any others (a sticker).
        In groups only what privacy mode lets through reaches the bot."""
        place = self.chats[chat or user]
        if place.info["type"] == "private" and "initiate" in place.refusal:
            place.refusal = ""
        message = self._message(place, self.users[user], **(fields or {}))
        if text:
            message["text"] = text
            command = re.match(r"/\w+(@\w+)?", text)
            if command:
                entity = {"type": "bot_command", "offset": 0, "length": len(command[0])}
                message["entities"] = [entity]
        if reply_to is not None:
            message["reply_to_message"] = place.messages[reply_to]
        if self._bot_may_read(place, message):
            self.push("message", message)
        return message

    def hand(
        self, user: int, name: str, data: bytes, caption: str = "", chat: int | None = None
    ) -> Node:
        """A person sends a file: a picture (.jpg, .png) without its name, as phones do, or a
        document with it."""
        number = f"file{self._next('file')}"
        self.files[number] = data
        head: Node = {"file_id": number, "file_unique_id": number, "file_size": len(data)}
        if name.lower().endswith((".jpg", ".png")):
            small = {**head, "file_id": f"{number}-s", "width": 90, "height": 60, "file_size": 9}
            fields: Node = {"photo": [small, {**head, "width": 1280, "height": 853}]}
        else:
            fields = {"document": {**head, "file_name": name}}
        return self.say(user, chat=chat, fields=fields | ({"caption": caption} if caption else {}))

    def press(
        self, user: int, label: str, message_id: int | None = None, chat: int | None = None
    ) -> str:
        """A person presses a button, by its label (or a part of it), under the given message or the
        newest one that has it. Returns the callback's id. Raises KeyError where there is none."""
        place = self.chats[chat or user]
        candidates = [message_id] if message_id else sorted(place.messages, reverse=True)
        for number in candidates:
            message = place.messages[number]
            for button in self._buttons(message):
                if label in button["text"] and "callback_data" in button:
                    return self._press(user, message, button["callback_data"])
        raise KeyError(label)

    def press_data(self, user: int, data: str, message_id: int, chat: int | None = None) -> str:
        """A press whose data may be stale or forged."""
        return self._press(user, self.chats[chat or user].messages[message_id], data)

    def block(self, user: int) -> None:
        self.chats[user].refusal = "Forbidden: bot was blocked by the user"
        self._membership(user, user, "member", "kicked")

    def unblock(self, user: int) -> None:
        self.chats[user].refusal = ""
        self._membership(user, user, "kicked", "member")

    def deactivate(self, user: int) -> None:
        self.chats[user].refusal = "Forbidden: user is deactivated"

    def kick(self, chat: int, by: int | None = None) -> None:
        kind = self.chats[chat].info["type"]
        self.chats[chat].refusal = f"Forbidden: bot was kicked from the {kind} chat"
        self._membership(chat, by or self.user("Quản trị viên"), "member", "kicked")

    def migrate(self, chat: int) -> int:
        """A group becomes a supergroup: a new id, told in both chats. Returns the new id."""
        old, admin = self.chats[chat], self.users[self.user("Quản trị viên")]
        number = -1_000_000_000_000 - self._next("group")
        new = Chat({**old.info, "id": number, "type": "supergroup"})
        self.chats[number], old.moved_to = new, number
        self.push("message", self._message(old, admin, migrate_to_chat_id=number))
        self.push("message", self._message(new, admin, migrate_from_chat_id=chat))
        return number

    def delete(self, chat: int, message_id: int) -> None:
        """A person deletes a message; the bot is not told."""
        del self.chats[chat].messages[message_id]

    def push(self, kind: str, content: Node) -> int:
        """Put an update into the queue, if the bot asked for its kind. Returns its number."""
        number = self._next("update")
        if kind in self.allowed:
            self.updates.append({"update_id": number, kind: content})
            self.on_update()
        return number

    def texts(self, chat: int) -> list[str]:
        """What people see of the bot's messages in a chat, oldest first, as last edited."""
        messages = self.chats[chat].messages
        ours = [messages[number] for number in sorted(messages)]
        return [
            message.get("text") or message.get("caption", "")
            for message in ours
            if message["from"]["id"] == self.bot["id"]
        ]

    # What the bot asks: one method each, looked up by METHODS below

    def get_me(self, _params: Node) -> Node:
        privacy = {"can_read_all_group_messages": self.can_read_all_group_messages}
        return {**self.bot, "can_join_groups": True, "supports_inline_queries": False, **privacy}

    def take_updates(self, params: Node) -> list[Node]:
        """The updates getUpdates would return now; those before the offset are forgotten."""
        if params.get("allowed_updates") is not None:
            self.allowed = tuple(_object(params, "allowed_updates", list)) or _DEFAULT_UPDATES
        offset, limit = int(params.get("offset") or 0), int(params.get("limit") or 100)
        if offset < 0:
            offset = (
                self.updates[max(offset, -len(self.updates))]["update_id"] if self.updates else 0
            )
        while self.updates and self.updates[0]["update_id"] < offset:
            self.updates.popleft()
        return list(self.updates)[: max(1, min(limit, 100))]

    def send_message(self, params: Node) -> Node:
        chat = self._open_chat(params)
        text, entities = _formatted(params, "text", 4096, "message text is empty", "message")
        message = self._ours(chat, params, text=text, entities=entities)
        return self._deliver("sendMessage", chat, params, message)

    def send_document(self, params: Node) -> Node:
        return self._send_file("document", params, lambda file: file)

    def send_photo(self, params: Node) -> Node:
        return self._send_file("photo", params, lambda file: [{**file, "width": 90, "height": 90}])

    def get_file(self, params: Node) -> Node:
        """Where a file's bytes are: by the cloud below /file/bot<token>/, by a server of one's own
        on the disk of this machine."""
        number = str(params.get("file_id") or "")
        data = self.files.get(number)
        if data is None:
            raise bad_request("wrong file_id or the file is temporarily unavailable")
        if self.local_files is None and len(data) > self.most_handed:
            raise bad_request("file is too big")
        path = f"documents/tệp {number}.bin"
        if self.local_files is not None:
            target = self.local_files / number
            target.write_bytes(data)
            path = str(target)
        return {"file_id": number, "file_unique_id": number, "file_path": path} | (
            {"file_size": len(data)} if self.tells_sizes else {}
        )

    def edit_message_text(self, params: Node) -> Node:
        chat = self._open_chat(params)
        message = chat.messages.get(_int(params, "message_id"))
        if message is None:
            raise bad_request("message to edit not found")
        if message["from"]["id"] != self.bot["id"] or "text" not in message:
            raise bad_request("message can't be edited")
        text, entities = _formatted(params, "text", 4096, "message text is empty", "message")
        markup = _markup(params)
        new = {**message, "text": text, "entities": entities, "reply_markup": markup}
        new = {key: value for key, value in new.items() if value not in (None, [])}
        if {**new, "edit_date": 0} == {**message, "edit_date": 0}:
            raise bad_request(_NOT_MODIFIED)
        new["edit_date"] = int(self.clock())
        chat.messages[message["message_id"]] = new
        self._record("edit", self.edits, chat, params, new)
        return new

    def answer_callback_query(self, params: Node) -> bool:
        number = str(params.get("callback_query_id", ""))
        if number not in self._callbacks:
            raise bad_request(
                "query is too old and response timeout expired or query ID is invalid"
            )
        self._callbacks.discard(number)
        self.answers.append({"id": number, "text": str(params.get("text", ""))})
        return True

    def set_my_commands(self, params: Node) -> bool:
        commands = _object(params, "commands", list)
        for command in commands:
            if not re.fullmatch(r"[a-z0-9_]{1,32}", str(command.get("command", ""))):
                raise bad_request("BOT_COMMAND_INVALID")
            if not 1 <= units(str(command.get("description", ""))) <= 256:
                raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
        self.commands[self._scope(params)] = commands
        return True

    def get_my_commands(self, params: Node) -> list[Node]:
        return self.commands.get(self._scope(params), [])

    def delete_my_commands(self, params: Node) -> bool:
        self.commands.pop(self._scope(params), None)
        return True

    def set_webhook(self, params: Node) -> bool:
        url = str(params.get("url") or "")
        if url and not url.startswith("https://") and not self.local_webhooks:
            raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
        if str(params.get("drop_pending_updates")).lower() == "true":
            self.updates.clear()
        if params.get("allowed_updates") is not None:
            self.allowed = tuple(_object(params, "allowed_updates", list)) or _DEFAULT_UPDATES
        self.webhook, self.secret = url, str(params.get("secret_token") or "")
        self.on_update()
        return True

    def delete_webhook(self, params: Node) -> bool:
        return self.set_webhook({**params, "url": ""})

    def get_webhook_info(self, _params: Node) -> Node:
        return {
            "url": self.webhook,
            "has_custom_certificate": False,
            "pending_update_count": len(self.updates),
            **({"last_error_message": self.hook_error} if self.hook_error else {}),
        }

    def send_chat_action(self, params: Node) -> bool:
        self._open_chat(params)
        if not params.get("action"):
            raise bad_request("wrong parameter action in request")
        return True

    def pin_chat_message(self, params: Node) -> bool:
        if _int(params, "message_id") not in self._open_chat(params).messages:
            raise bad_request("message to pin not found")
        self._open_chat(params).pinned.append(_int(params, "message_id"))
        return True

    def unpin_chat_message(self, params: Node) -> bool:
        pinned = self._open_chat(params).pinned
        if _int(params, "message_id") not in pinned:
            raise bad_request("message to unpin not found")
        pinned.remove(_int(params, "message_id"))
        return True

    def delete_message(self, params: Node) -> bool:
        if self._open_chat(params).messages.pop(_int(params, "message_id"), None) is None:
            raise bad_request("message to delete not found")
        return True

    def get_chat(self, params: Node) -> Node:
        return {**self._chat(params).info, "accent_color_id": 0, "max_reaction_count": 11}

    # How it is done

    def _next(self, kind: str) -> int:
        self._ids[kind] += 1
        return self._ids[kind]

    def _message(self, chat: Chat, sender: Node, **fields: Any) -> Node:
        chat.last_id += 1
        head = {"message_id": chat.last_id, "from": sender, "chat": chat.info}
        message = {**head, "date": int(self.clock()), **fields}
        chat.messages[chat.last_id] = message
        return message

    def _ours(self, chat: Chat, params: Node, **fields: Any) -> Node:
        """A message of the bot. The checks come first: a refused message takes no number."""
        markup = _markup(params)
        reply = _object(params, "reply_parameters", dict) if "reply_parameters" in params else {}
        answered = reply.get("message_id") or params.get("reply_to_message_id")
        if answered is not None:
            if int(answered) not in chat.messages:
                raise bad_request("message to be replied not found")
            fields["reply_to_message"] = chat.messages[int(answered)]
        if self.rate is not None:
            self.rate.admit(chat.info["id"], self.clock())
        content = {**fields, "reply_markup": markup}
        content = {key: value for key, value in content.items() if value not in (None, [])}
        return self._message(chat, self.bot, **content)

    def _deliver(self, method: str, chat: Chat, params: Node, message: Node) -> Node:
        self._record(method, self.sent, chat, params, message)
        return message

    def _record(self, kind: str, rows: list[Node], chat: Chat, params: Node, message: Node) -> None:
        row = {
            "kind": kind,
            "chat_id": chat.info["id"],
            "message_id": message["message_id"],
            "text": leaks.sent(message.get("text") or message.get("caption", "")),
            "source": str(params.get("text") or params.get("caption") or ""),
            "parse_mode": str(params.get("parse_mode") or ""),
            "buttons": [button["text"] for button in self._buttons(message)],
            "at": self.clock(),
        }
        row |= _file_of(message)
        rows.append(row)
        self.on_record(kind, row)

    def _send_file(self, kind: str, params: Node, shape: Callable[[Node], Any]) -> Node:
        chat, upload = self._open_chat(params), params.get(kind)
        if not upload:
            raise bad_request(f"there is no {kind} in the request")
        text, entities = "", list[Node]()
        if params.get("caption"):
            text, entities = _formatted(params, "caption", 1024, "caption is empty", kind)
        number = f"file{self._next('file')}"
        file: Node = {"file_id": number, "file_unique_id": number}
        if isinstance(upload, dict):
            self.files[number] = upload["content"]
            file |= {"file_name": upload["name"], "file_size": len(upload["content"])}
        content = {kind: shape(file), "caption": text or None, "caption_entities": entities}
        message = self._ours(chat, params, **content)
        return self._deliver(f"send{kind.capitalize()}", chat, params, message)

    def _membership(self, chat: int, actor: int, before: str, now: str) -> None:
        change = {
            "chat": self.chats[chat].info,
            "from": self.users[actor],
            "date": int(self.clock()),
            "old_chat_member": {"user": self.bot, "status": before},
            "new_chat_member": {"user": self.bot, "status": now},
        }
        self.push("my_chat_member", change)

    def _press(self, user: int, message: Node, data: str) -> str:
        number = str(4_000_000_000_000 + self._next("callback"))
        self._callbacks.add(number)
        query = {"id": number, "from": self.users[user], "message": message, "data": data}
        self.push("callback_query", {**query, "chat_instance": "1"})
        return number

    def _bot_may_read(self, place: Chat, message: Node) -> bool:
        if place.info["type"] == "private" or self.can_read_all_group_messages:
            return True
        command = re.match(r"/\w+(?:@(\w+))?", message.get("text", ""))
        answered = message.get("reply_to_message", {}).get("from", {}).get("id")
        meant = command is not None and command[1] in (None, self.bot["username"])
        return meant or answered == self.bot["id"]

    @staticmethod
    def _buttons(message: Node) -> list[Node]:
        rows = message.get("reply_markup", {}).get("inline_keyboard", [])
        return [button for row in rows for button in row]

    def _chat(self, params: Node) -> Chat:
        if params.get("chat_id") in (None, ""):
            raise bad_request("chat_id is empty")
        try:
            return self.chats[int(params["chat_id"])]
        except (ValueError, KeyError):
            raise bad_request("chat not found") from None

    def _open_chat(self, params: Node) -> Chat:
        """The chat a message goes to. Raises as Telegram does where it cannot."""
        chat = self._chat(params)
        if chat.moved_to is not None:
            words = "Bad Request: group chat was upgraded to a supergroup chat"
            raise ApiError(400, words, migrate_to_chat_id=chat.moved_to)
        if chat.refusal:
            raise ApiError(403, chat.refusal)
        return chat

    def _scope(self, params: Node) -> str:
        """A name for a BotCommandScope: "default", "chat:5001"."""
        scope = _object(params, "scope", dict) if params.get("scope") else {"type": "default"}
        if "chat_id" not in scope:
            return str(scope.get("type", "default"))
        return f"{scope['type']}:{self._chat(scope).info['id']}"


METHODS: dict[str, Callable[[World, Node], Any]] = {
    "getme": World.get_me,
    "sendmessage": World.send_message,
    "senddocument": World.send_document,
    "sendphoto": World.send_photo,
    "getfile": World.get_file,
    "editmessagetext": World.edit_message_text,
    "answercallbackquery": World.answer_callback_query,
    "setmycommands": World.set_my_commands,
    "getmycommands": World.get_my_commands,
    "deletemycommands": World.delete_my_commands,
    "setwebhook": World.set_webhook,
    "deletewebhook": World.delete_webhook,
    "getwebhookinfo": World.get_webhook_info,
    "sendchataction": World.send_chat_action,
    "pinchatmessage": World.pin_chat_message,
    "unpinchatmessage": World.unpin_chat_message,
    "deletemessage": World.delete_message,
    "getchat": World.get_chat,
}


def _formatted(
    params: Node, key: str, longest: int, empty: str, what: str
) -> tuple[str, list[Node]]:
    source, mode = str(params.get(key) or ""), str(params.get("parse_mode") or "").lower()
    if mode and mode not in _MODES:
        raise bad_request("unsupported parse_mode")
    text, entities = source, list[Node]()
    if mode == "html":
        try:
            text, entities = read_html(source)
        except MarkupError as error:
            raise bad_request(f"can't parse entities: {error}") from None
    if not text.strip():
        raise bad_request(empty)
    if units(text.strip()) > longest:
        raise bad_request(
            "message is too long" if what == "message" else "message caption is too long"
        )
    return text.strip(), entities


def _file_of(message: Node) -> Node:
    """The file that a message of the bot carries."""
    shown = message.get("photo")
    file = shown[-1] if shown else message.get("document")
    return {"file": file.get("file_name", ""), "file_id": file["file_id"]} if file else {}


def _markup(params: Node) -> Node | None:
    if not params.get("reply_markup"):
        return None
    markup: Node = _object(params, "reply_markup", dict)
    rows: Sequence[Any] = markup.get("inline_keyboard", [])
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad_request('field "inline_keyboard" must be of type Array')
    for button in (button for row in rows for button in row):
        _check_button(button)
    return markup if rows else None


def _check_button(button: Any) -> None:
    if not isinstance(button, dict) or not isinstance(button.get("text"), str):
        words = 'can\'t parse inline keyboard button: Field "text" must be of type String'
        raise bad_request(words)
    if not button["text"].strip() or len(button) < 2:
        raise bad_request("Text buttons are unallowed in the inline keyboard")
    if "callback_data" in button and not 1 <= len(str(button["callback_data"]).encode()) <= 64:
        raise bad_request("BUTTON_DATA_INVALID")


def _object(params: Node, key: str, kind: type) -> Any:
    """A JSON value, whether it came inside JSON or as text in a form."""
    value = params.get(key)
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            raise bad_request(f"can't parse {key.replace('_', ' ')} JSON object") from None
    if not isinstance(value, kind):
        raise bad_request(f"object expected as {key.replace('_', ' ')}")
    return value


def _int(params: Node, key: str) -> int:
    try:
        return int(params.get(key) or 0)
    except (TypeError, ValueError):
        raise bad_request(f"{key} is invalid") from None
