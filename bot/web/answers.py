"""What every answer of the web server has in common: its headers, and how a body is read."""

from collections.abc import MutableMapping
from typing import Any

from fastapi import Request, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BODY = 1024 * 1024
# A body that is too long is read on (and dropped) for so long: closed with words unread, the
# connection would be reset before the caller has seen the refusal.
_MOST_DROPPED = 8 * MOST_BODY

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
    "Cache-Control": "no-store",
}
_RAW = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]

GONE = "Liên kết không đúng hoặc đã hết hạn; hãy xin lại trong cuộc trò chuyện với trợ lý.\n"


class TooLarge(Exception):
    """The body is longer than anybody may send."""


def words(text: str, status: int = 200) -> Response:
    """A line for people."""
    return Response(text, status, media_type="text/plain; charset=utf-8")


def gone() -> Response:
    """The same answer for a link that never was, is no longer, or is somebody else's."""
    return words(GONE, 404)


async def body_of(request: Request, most: int = MOST_BODY) -> bytes:
    """The whole body, also where its length was not announced. Raises TooLarge."""
    parts: list[bytes] = []
    length = 0
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > _MOST_DROPPED:
        raise TooLarge
    async for part in request.stream():
        length += len(part)
        if length <= most:
            parts.append(part)
        elif length > _MOST_DROPPED:
            break
    if length > most:
        raise TooLarge
    return b"".join(parts)


class SafeHeaders:
    """Puts :data:`HEADERS` on every answer that does not set them itself, errors included."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                _dress(message)
            await send(message)

        await self._app(scope, receive, dressed if scope["type"] == "http" else send)


def _dress(message: MutableMapping[str, Any]) -> None:
    given = list(message.get("headers", ()))
    names = {name.lower() for name, _ in given}
    message["headers"] = [*given, *(pair for pair in _RAW if pair[0] not in names)]
