"""python-telegram-bot's transport over our HTTP client, and what its failures mean.

python-telegram-bot offers :class:`telegram.request.BaseRequest` for exactly this. Refusals are
raised here, with Telegram's own code and words, rather than left to the library's exception
classes, which drop the code, log whole gateway pages and put a rejected token into their text.
"""

import json
from typing import Any

from telegram.error import NetworkError, TelegramError
from telegram.request import BaseRequest, RequestData

from bot.channels.http import HttpAnswer, HttpClient, HttpError, Upload
from bot.channels.text import as_json
from scheduler.channel import SendError

_DEFAULT_WAIT = 5.0
# A gateway that says 504 (or Cloudflare's 524) had passed the request on; one that says 502 or
# 503 nearly always found nobody to pass it to.
_PASSED_ON = (504, 524)
# The token is refused, the method unknown, another process polls: the message itself may go later.
_NOT_THE_MESSAGE = (401, 404, 409)


class RivalError(SendError):
    """Another program receives with the same token."""


class LostError(NetworkError):
    """No answer of the Bot API came. sent: whether the request may have been obeyed."""

    def __init__(self, text: str, *, sent: bool) -> None:
        super().__init__(text)
        self.text = text
        self.sent = sent


class RefusedError(TelegramError):
    """The Bot API answered no: its code, its words, and the parameters that go with them."""

    def __init__(self, code: int, description: str, parameters: dict[str, Any]) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.retry_after = _seconds(parameters.get("retry_after"))
        self.moved_to = parameters.get("migrate_to_chat_id")


class AiohttpRequest(BaseRequest):
    """Requests of a :class:`telegram.Bot` through a shared :class:`HttpClient`, which its owner
    closes. Timeouts in seconds."""

    __slots__ = ("_http",)

    def __init__(self, http: HttpClient) -> None:
        self._http = http

    @property
    def read_timeout(self) -> float:
        return self._http.timeout

    async def initialize(self) -> None:
        """Nothing to do: the client connects with its first request."""

    async def shutdown(self) -> None:
        """Nothing to do: the client is shared."""

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = BaseRequest.DEFAULT_NONE,
        write_timeout: Any = BaseRequest.DEFAULT_NONE,  # noqa: ARG002 -- the read timeout bounds both
        connect_timeout: Any = BaseRequest.DEFAULT_NONE,  # noqa: ARG002 -- the client's own
        pool_timeout: Any = BaseRequest.DEFAULT_NONE,  # noqa: ARG002 -- counts as connecting
    ) -> tuple[int, bytes]:
        """Raises :class:`LostError` or :class:`RefusedError` for everything but a success."""
        answer = await self._ask(method, url, request_data, read_timeout)
        if method == "POST" or answer.status >= 300:
            _raise_unless_ok(answer)
        return answer.status, answer.body

    async def _ask(
        self, method: str, url: str, data: RequestData | None, read_timeout: Any
    ) -> HttpAnswer:
        wait = read_timeout if isinstance(read_timeout, int | float) else None
        files = data.multipart_data if data and data.contains_files else {}
        try:
            return await self._http.request(
                method,
                url,
                form=data.json_parameters if data else None,
                files={part: _upload(*content) for part, content in files.items()},
                timeout=wait,
            )
        except HttpError as error:
            lost = LostError(error.text, sent=error.sent)
        raise lost


_OF_A_MESSAGE = ("message_id", "date", "chat")


class BotRequest(AiohttpRequest):
    """The transport of a bot that sends. Of a message that was sent it keeps what anybody asks for:
    reading our own words back into the library's objects takes a third of a millisecond each."""

    __slots__ = ()

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        said = BaseRequest.parse_json_payload(payload)
        result = said.get("result")
        if isinstance(result, dict) and "message_id" in result:
            said["result"] = {key: result[key] for key in _OF_A_MESSAGE if key in result}
        return said


class PollRequest(AiohttpRequest):
    """The transport for getUpdates: keeps every update's own JSON.

    `Bot.get_updates` turns updates into objects and fails as a whole on one it cannot read. Here
    each update is handed to it as its number and its JSON text, which come back as `update_id` and
    `api_kwargs["raw"]`.
    """

    __slots__ = ()

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        updates = json.loads(payload.decode("utf-8", "replace")).get("result")
        return {
            "ok": True,
            "result": [
                {"update_id": update["update_id"], "raw": as_json(update)}
                for update in (updates if isinstance(updates, list) else [])
                if isinstance(update, dict) and isinstance(update.get("update_id"), int)
            ],
        }


def as_send_error(error: TelegramError, *, known: bool) -> SendError:
    """What a failed call means for the message: see :class:`SendError`.

    known: whether this token has been accepted before. Telegram says 404 to a token it cannot read,
    and to a method it does not have.

    Known not to have arrived, repeat at will: no connection, 500, 502, 503, an answer below 500
    that is not the Bot API's. Uncertain: the connection broke or fell silent after the request had
    left, 504, a success that cannot be read.
    """
    if isinstance(error, LostError):
        return SendError(f"Telegram: {error.text}", uncertain=error.sent)
    if not isinstance(error, RefusedError):
        return SendError(f"Telegram: {type(error).__name__}", uncertain=True)
    text = f"Telegram từ chối ({error.code}): {error.description[:300]}"
    if error.moved_to is not None:
        return SendError(text, moved_to=str(error.moved_to))
    return _by_code(error, text, known)


def _by_code(error: RefusedError, text: str, known: bool) -> SendError:
    code = error.code
    if code == 400:
        return _bad_request(error.description.lower(), text)
    if code == 429:
        return SendError(text, retry_after=error.retry_after or _DEFAULT_WAIT)
    if code == 409 and "other getupdates" in error.description.lower():
        return RivalError(
            "Telegram: có chương trình khác đang nhận tin bằng cùng mã bot (token) này (409 "
            "Conflict). Hãy dừng chương trình kia, hoặc tạo bot khác cho một trong hai bên."
        )
    if code >= 500:
        return SendError(text, uncertain=code in _PASSED_ON, retry_after=error.retry_after)
    return SendError(
        text,
        permanent=code not in _NOT_THE_MESSAGE,
        closed=code == 403,
        auth=code == 401 or (code == 404 and not known),
    )


# Telegram has no codes beyond 400: its words are the interface. Compared in lower case.
_MARKUP = ("can't parse entit", "entity_", "entities_")
_CLOSED = (
    "chat not found", "user not found", "peer_id_invalid", "chat_id_invalid", "channel_private",
    "group chat was deactivated", "chat was deleted", "user is deactivated",
    "bot was kicked", "bot is not a member", "bot was blocked",
    # The chat exists and keeps us silent: for whoever waits for a reminder that is the same.
    "chat_write_forbidden", "have no rights to send", "not enough rights to send",
    "need administrator rights",
)  # fmt: skip


def _bad_request(words: str, text: str) -> SendError:
    if any(mark in words for mark in _MARKUP):
        return SendError(text, bad_markup=True)
    if any(mark in words for mark in _CLOSED):
        return SendError(text, permanent=True, closed=True)
    return SendError(text, permanent=True)


def _raise_unless_ok(answer: HttpAnswer) -> None:
    """By the envelope where there is one; servers in between answer with pages of their own."""
    said = _envelope(answer.body)
    if said is None and answer.status == 429:
        raise RefusedError(
            429, "Too Many Requests", {"retry_after": answer.headers.get("retry-after")}
        )
    if said is None:
        raise LostError(
            f"máy chủ trả lời không theo Bot API (HTTP {answer.status})",
            sent=answer.status < 300 or answer.status in _PASSED_ON,
        )
    if said["ok"] is not True or answer.status >= 300:
        raise _refused(said, answer.status)


def _refused(said: dict[str, Any], status: int) -> RefusedError:
    code, parameters = said.get("error_code"), said.get("parameters")
    return RefusedError(
        code if isinstance(code, int) else status,
        str(said.get("description", "")),
        parameters if isinstance(parameters, dict) else {},
    )


def _envelope(body: bytes) -> dict[str, Any] | None:
    try:
        said = json.loads(body.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) and "ok" in said else None


def _seconds(value: object) -> float | None:
    try:
        return max(0.0, float(str(value)))
    except ValueError:
        return None


def _upload(name: str, content: Any, mime: str) -> Upload:
    return Upload(name, content if isinstance(content, bytes) else content.read(), mime)
