"""The loop of a worker that looks when it is rung, and now and then all the same."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

log = logging.getLogger(__name__)

TROUBLE_PAUSE = 5.0


class Bell:
    """`work` does whatever waits. `idle`: seconds after which it looks though nobody has rung, for
    what another process stored or what may be tried again. `trouble` is logged where it fails."""

    def __init__(self, work: Callable[[], Awaitable[object]], idle: float, trouble: str) -> None:
        self._work = work
        self._idle = idle
        self._trouble = trouble
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Something came in: look now."""
        self._rung.set()

    async def serve(self) -> None:
        """Work until cancelled."""
        while True:
            self._rung.clear()
            try:
                await self._work()
            except Exception:
                log.exception("%s; trying again", self._trouble)
                await asyncio.sleep(TROUBLE_PAUSE)
                continue
            # Not wait_for: before Python 3.12 it swallows a cancellation that meets a ring.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._idle):
                    await self._rung.wait()
