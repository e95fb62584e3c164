"""The Zalo Bot Platform's eleven methods over the shared HTTP client: POST, JSON, nothing else.

Zalo answers most failures with HTTP 200, so `ok` and `error_code` decide; the HTTP status counts
only where the body is not Zalo's at all (a page of the gateway in front). The token is part of
every URL and of nothing that leaves this module: not of an error, a log line or a repr.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from bot.channels.http import HttpAnswer, HttpClient, HttpError
from bot.logs import Redactor
from scheduler.channel import SendError

Node = dict[str, Any]

IDLE = 408
NOT_FOUND = 404
_HEADERS = {"Content-Type": "application/json; charset=utf-8"}
_LATE = 10.0  # seconds after a poll should have ended before the connection counts as lost
_PHOTO_WAIT = 150.0  # Zalo fetches the picture itself, several times, before it answers
_WORDS = 300
# A gateway that gave up waiting had passed the request on; other pages come from the gateway alone.
_PASSED_ON = (408, 504, 524)
# Unix times above this are milliseconds (as seconds it would be the year 5138).
_MILLISECONDS = 100_000_000_000


class ZaloLost(Exception):
    """No answer of Zalo's came. sent: whether the request may have been obeyed. status: of the
    gateway's page, 0 where there was none."""

    def __init__(self, text: str, *, sent: bool, status: int = 0) -> None:
        super().__init__(text)
        self.text = text
        self.sent = sent
        self.status = status


class ZaloRefused(Exception):
    """Zalo said no: its code (0 where it names none), its words, and the seconds it wants."""

    def __init__(self, code: int, words: str, retry_after: float | None = None) -> None:
        super().__init__(f"{code}: {words}")
        self.code = code
        self.words = words
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Me:
    """Our bot. `display_name` and `can_join_groups` are missing from some answers."""

    id: str
    account_name: str
    display_name: str = ""
    can_join_groups: bool | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """A message Zalo took; `at` in UTC, None where it does not say when."""

    message_id: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Verification:
    """How Zalo fared in calling our webhook. ok is None where it does not say."""

    ok: bool | None = None
    outcome: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where Zalo sends updates; `url` is "" where it sends them nowhere."""

    url: str
    verification: Verification = Verification()


class ZaloApi:
    """One bot. token: "<digits>:<secret>". base_url: the server's root, before "/bot<token>".

    Every method raises :class:`ZaloRefused` or :class:`ZaloLost`, and repeats nothing by itself.
    Ids are opaque strings.
    """

    def __init__(self, token: str, base_url: str, http: HttpClient) -> None:
        self._root = f"{base_url.strip().rstrip('/')}/bot{quote(token, safe=':')}"
        self._http = http
        self._redact = Redactor([token])

    async def get_me(self) -> Me:
        said = node(await self.call("getMe"))
        joins = said.get("can_join_groups")
        return Me(
            identifier(said.get("id")),
            words(said.get("account_name")),
            words(said.get("display_name")),
            joins if isinstance(joins, bool) else None,
        )

    async def get_updates(self, seconds: int) -> list[Node]:
        """Wait up to so many seconds; the updates that came, usually one or none."""
        try:
            result = await self.call("getUpdates", {"timeout": seconds}, wait=seconds + _LATE)
        except ZaloRefused as refusal:
            if refusal.code != IDLE:
                raise
            return []
        found = result if isinstance(result, list) else [result]
        return [each for each in found if isinstance(each, dict) and each]

    async def set_webhook(self, url: str, secret: str) -> Webhook:
        """The URL is kept even where the verification fails. Secret: 8 to 256 characters."""
        return _webhook(await self.call("setWebhook", {"url": url, "secret_token": secret}))

    async def test_webhook(self) -> Verification:
        """May be called only a few times a day (426 after that)."""
        return _verification(await self.call("testWebhook"))

    async def delete_webhook(self) -> None:
        await self.call("deleteWebhook")

    async def get_webhook_info(self) -> Webhook:
        try:
            return _webhook(await self.call("getWebhookInfo"))
        except ZaloRefused as refusal:
            if refusal.code != NOT_FOUND:
                raise
            return Webhook("")

    async def send_message(self, chat: str, text: str) -> Sent:
        """Plain text of 1 to 2,000 characters; marks such as * and _ are shown as they are."""
        return _sent(await self.call("sendMessage", {"chat_id": chat, "text": text}))

    async def send_photo(self, chat: str, photo: str, caption: str = "") -> Sent:
        """photo: an http(s) URL that stays fetchable for a while. caption: up to 2,000."""
        body = {"chat_id": chat, "photo": photo} | ({"caption": caption} if caption else {})
        return _sent(await self.call("sendPhoto", body, wait=_PHOTO_WAIT))

    async def send_sticker(self, chat: str, sticker: str) -> Sent:
        return _sent(await self.call("sendSticker", {"chat_id": chat, "sticker": sticker}))

    async def send_voice(self, chat: str, voice_url: str) -> Sent:
        """An .aac file by URL. In a group Zalo says ok and delivers nothing."""
        return _sent(await self.call("sendVoice", {"chat_id": chat, "voice_url": voice_url}))

    async def send_chat_action(self, chat: str, action: str = "typing") -> None:
        await self.call("sendChatAction", {"chat_id": chat, "action": action})

    async def call(self, method: str, body: Node | None = None, wait: float | None = None) -> Any:
        """POST one method, its name spelt as Zalo spells it; return `result`."""
        try:
            answer = await self._http.request(
                "POST", f"{self._root}/{method}", json=body or {}, headers=_HEADERS, timeout=wait
            )
        except HttpError as error:
            lost = ZaloLost(error.text, sent=error.sent)
        else:
            return self._result(answer)
        raise lost

    def _result(self, answer: HttpAnswer) -> Any:
        said = _envelope(answer.body)
        if said is None:
            raise ZaloLost(
                f"máy chủ trả lời không theo Zalo Bot API (HTTP {answer.status})",
                sent=answer.status < 300 or answer.status in _PASSED_ON,
                status=answer.status,
            )
        if said.get("ok") is True:
            return said.get("result")
        raise self._refusal(said, answer.status)

    def _refusal(self, said: Node, status: int) -> ZaloRefused:
        code = _number(said.get("error_code", said.get("errorCode")))
        if not code:
            code = status if status >= 400 else 0
        # Redacted before it is cut: half a token would not be recognised.
        told = self._redact(words(said.get("description")))[:_WORDS]
        more = node(said.get("parameters")) | said
        return ZaloRefused(code, told, _seconds(more.get("retry_after")))


def as_send_error(error: ZaloRefused | ZaloLost) -> SendError:
    """What one failed call means by itself; what several in a row mean is the channel's to know.

    Known not to have arrived, repeat at will: no connection, a page of the gateway (502, 503, 429),
    a code that names the server's own trouble. Uncertain: the connection broke or fell silent after
    the request had left, 408, 504, a success that is not Zalo's.
    """
    if isinstance(error, ZaloLost):
        wait = 5.0 if error.status == 429 else None
        return SendError(f"Zalo: {error.text}", uncertain=error.sent, retry_after=wait)
    return SendError(
        f"Zalo từ chối ({error.code}): {error.words}",
        auth=error.code == 401,
        permanent=400 <= error.code < 500 and error.code not in (401, IDLE, 429),
        uncertain=error.code in _PASSED_ON,
        retry_after=error.retry_after,
    )


def node(value: object) -> Node:
    """A JSON object, empty where the value is none."""
    return value if isinstance(value, dict) else {}


def words(value: object) -> str:
    return value if isinstance(value, str) else ""


def identifier(value: object) -> str:
    """An id as text, also where a server sends it as a number; "" for anything else."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return words(value).strip()


def _envelope(body: bytes) -> Node | None:
    try:
        said = json.loads(body.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
    ours = isinstance(said, dict) and bool({"ok", "error_code", "errorCode"} & said.keys())
    return said if ours else None


def _sent(result: object) -> Sent:
    said = node(result)
    return Sent(identifier(said.get("message_id")), _moment(said.get("date")))


def _moment(value: object) -> datetime | None:
    """Milliseconds, or seconds as some servers send."""
    number = _number(value)
    seconds = number / 1000 if number > _MILLISECONDS else float(number)
    try:
        return datetime.fromtimestamp(seconds, UTC) if number > 0 else None
    except (OverflowError, ValueError, OSError):
        return None


def _webhook(result: object) -> Webhook:
    said = node(result)
    return Webhook(words(said.get("url")).strip(), _verification(said.get("verification")))


def _verification(result: object) -> Verification:
    said = node(result)
    ok = said.get("ok")
    return Verification(
        ok if isinstance(ok, bool) else None, words(said.get("outcome")), words(said.get("hint"))
    )


def _number(value: object) -> int:
    """Codes and times come as numbers or as digits in quotes."""
    try:
        return int(str(value)[:20])
    except ValueError:
        return 0


def _seconds(value: object) -> float | None:
    number = _number(value)
    return float(number) if number > 0 else None
