"""A sign of life for a watchman outside: after ticks that went well, a GET to an address of the
office's choice. When it stays away, the watchman raises the alarm."""

import asyncio
import contextlib
import logging
from types import TracebackType
from typing import Self

from bot.channels.http import HttpClient, HttpError

log = logging.getLogger(__name__)

AT_MOST_EVERY = 60.0
WAIT = 10.0


class Heartbeat:
    """`url` "" sends nothing. The address may hold a secret: it is in no log line."""

    def __init__(self, http: HttpClient, url: str, every: float = AT_MOST_EVERY) -> None:
        self._http = http
        self._url = url.strip()
        self._every = every
        self._last: float | None = None
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    def beat(self) -> None:
        """A tick went well. Returns at once; at most one call a minute goes out, one at a time."""
        now = asyncio.get_running_loop().time()
        resting = self._last is not None and now - self._last < self._every
        if not self._url or resting or (self._task is not None and not self._task.done()):
            return
        self._last = now
        self._task = asyncio.create_task(self._call(), name="heartbeat")

    async def _call(self) -> None:
        """A failure is only logged: the watchman's own trouble is none of ours."""
        try:
            answer = await self._http.request("GET", self._url, timeout=WAIT)
        except HttpError as error:
            log.warning("báo nhịp (ping_url) không gửi được: %s", error.text)
            return
        if answer.status >= 400:
            log.warning("báo nhịp (ping_url) bị từ chối: HTTP %d", answer.status)
