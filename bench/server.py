"""A Bot API as fast as Python allows, in a process of its own: what it measures is the client.

Every POST is answered with a message after `delay` seconds; GET /stats says what came and when, and
forgets it. `strict` keeps Telegram's published limits and answers 429 beyond them.
"""

import asyncio
import json
import multiprocessing
import time
from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any
from urllib.parse import parse_qs
from urllib.request import urlopen

ALL_IN_A_SECOND, GROUP_IN_A_MINUTE = 30, 20


@dataclass
class Book:
    """What came: (moment, chat) of every message, by the machine's monotonic clock, and how many
    were refused."""

    strict: bool
    arrived: list[tuple[float, str]] = field(default_factory=list)
    refused: int = 0
    recent: deque[float] = field(default_factory=deque)
    chats: dict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))

    def take(self, chat: str, now: float) -> bool:
        """Write a message down; False where it goes beyond the limits."""
        if self.strict and self._beyond(chat, now):
            self.refused += 1
            return False
        self.arrived.append((now, chat))
        return True

    def _beyond(self, chat: str, now: float) -> bool:
        mine = self.chats[chat]
        span, most = (60.0, GROUP_IN_A_MINUTE) if chat.startswith("-") else (1.0, 1)
        for moments, seconds in ((self.recent, 1.0), (mine, span)):
            while moments and now - moments[0] >= seconds:
                moments.popleft()
        if len(self.recent) >= ALL_IN_A_SECOND or len(mine) >= most:
            return True
        self.recent.append(now)
        mine.append(now)
        return False

    def stats(self) -> dict[str, Any]:
        """Everything so far, which is forgotten."""
        told = {"arrived": self.arrived, "refused": self.refused}
        self.arrived, self.refused = [], 0
        return told


class _Talk(asyncio.Protocol):
    """One connection: requests one after the other."""

    def __init__(self, book: Book, delay: float) -> None:
        self._book, self._delay = book, delay
        self._data = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._data += data
        while (end := self._data.find(b"\r\n\r\n")) >= 0:
            head = self._data[:end].decode("latin-1")
            length = next(
                (int(line.split(":")[1]) for line in head.split("\r\n")
                 if line.lower().startswith("content-length:")),
                0,
            )  # fmt: skip
            if len(self._data) < end + 4 + length:
                return
            body = self._data[end + 4 : end + 4 + length]
            self._data = self._data[end + 4 + length :]
            self._asked(head, body)

    def _asked(self, head: str, body: bytes) -> None:
        path = head.split(" ", 2)[1]
        if path == "/stats":
            self._answer(json.dumps(self._book.stats()).encode())
            return
        method = path.rsplit("/", 1)[1].lower()
        if method == "getupdates":
            asyncio.get_running_loop().call_later(30, self._answer, b'{"ok":true,"result":[]}')
        elif method == "sendmessage":
            self._message(_chat_of(head, body))
        else:
            self._answer(_OTHER.get(method, b'{"ok":true,"result":true}'))

    def _message(self, chat: str) -> None:
        now = time.monotonic()
        if self._book.take(chat, now):
            number = len(self._book.arrived)
            kind = "group" if chat.startswith("-") else "private"
            said = {"message_id": number, "date": 1, "chat": {"id": int(chat), "type": kind}}
            body, status = json.dumps({"ok": True, "result": said}).encode(), b"200 OK"
        else:
            wait = {"retry_after": 1}
            said = {"ok": False, "error_code": 429, "description": "Too Many Requests"}
            body = json.dumps(said | {"parameters": wait}).encode()
            status = b"429 Too Many Requests"
        if self._delay:
            asyncio.get_running_loop().call_later(self._delay, self._answer, body, status)
        else:
            self._answer(body, status)

    def _answer(self, body: bytes, status: bytes = b"200 OK") -> None:
        self._transport.write(  # type: ignore[attr-defined]
            b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
            % (status, len(body), body)
        )


_OTHER = {
    "getme": b'{"ok":true,"result":{"id":1,"is_bot":true,"first_name":"Bench",'
    b'"username":"bench_bot","can_join_groups":true,"can_read_all_group_messages":false,'
    b'"supports_inline_queries":false}}',
    "getwebhookinfo": b'{"ok":true,"result":{"url":"","has_custom_certificate":false,'
    b'"pending_update_count":0}}',
}


def _chat_of(head: str, body: bytes) -> str:
    if "application/json" in head:
        return str(json.loads(body)["chat_id"])
    return parse_qs(body.decode())["chat_id"][0]


async def _serve(delay: float, strict: bool, pipe: Connection) -> None:
    book = Book(strict)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Talk(book, delay), "127.0.0.1", 0, backlog=2048)
    pipe.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()


def _run(delay: float, strict: bool, pipe: Connection) -> None:
    asyncio.run(_serve(delay, strict, pipe))


@contextmanager
def bot_api(delay: float = 0.0, *, strict: bool = False) -> Iterator[str]:
    """The server's address, as long as it is needed."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=_run, args=(delay, strict, there), daemon=True
    )
    process.start()
    try:
        yield f"http://127.0.0.1:{here.recv()}"
    finally:
        process.kill()
        process.join()


@dataclass(frozen=True)
class Arrivals:
    """What the server saw. `moments` by the monotonic clock, in order."""

    moments: list[float]
    chats: Counter[str]
    refused: int

    @classmethod
    def at(cls, url: str) -> "Arrivals":
        with urlopen(f"{url}/stats") as answer:  # noqa: S310 -- our own server
            told = json.loads(answer.read())
        moments = sorted(moment for moment, _ in told["arrived"])
        return cls(moments, Counter(chat for _, chat in told["arrived"]), told["refused"])

    def most_within(self, seconds: float) -> int:
        """The most messages in any half-open span of so many seconds."""
        most = first = 0
        for last, moment in enumerate(self.moments):
            while moment - self.moments[first] >= seconds:
                first += 1
            most = max(most, last - first + 1)
        return most
