"""Updates into the database, many at once: whatever comes while a write is on its way shares the
next one. A messenger that calls us five hundred times a second waits for a handful of commits."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from registry import inbound
from registry.database import Database
from scheduler.channel import Update

log = logging.getLogger(__name__)

# So many calls share a write; more would make the first of them wait for the last.
TOGETHER = 200


@dataclass(frozen=True, slots=True)
class _Waiting:
    channel: str
    updates: Sequence[Update]
    kept: "asyncio.Future[None]"


class Inbox:
    """`received`: how many new updates came in, by channel. `arrived`: called after each write."""

    def __init__(
        self, db: Database, clock: Callable[[], datetime], arrived: Callable[[], None]
    ) -> None:
        self._db = db
        self._clock = clock
        self._arrived = arrived
        self._waiting: list[_Waiting] = []
        self._writing: asyncio.Task[None] | None = None
        self.received: Counter[str] = Counter()

    async def store(self, channel: str, updates: Sequence[Update]) -> None:
        """Returns once the updates are durable; raises what the database raises. What was handed
        over is stored even if the caller cannot wait."""
        one = _Waiting(channel, updates, asyncio.get_running_loop().create_future())
        # Whoever gave up waiting does not ask for the outcome.
        one.kept.add_done_callback(lambda kept: kept.cancelled() or kept.exception())
        self._waiting.append(one)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write(), name="inbox")
        await asyncio.shield(one.kept)

    async def finish(self) -> None:
        """Wait for the writes under way."""
        if self._writing is not None:
            await asyncio.wait([self._writing])

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:TOGETHER], self._waiting[TOGETHER:]
            if not await self._keep(batch, alone=len(batch) == 1):
                # One that cannot be stored must not take the others with it.
                for each in batch:
                    await self._keep([each], alone=True)
            self._arrived()

    async def _keep(self, batch: Sequence[_Waiting], *, alone: bool) -> bool:
        """Store these together. False where that failed and each has still to be tried alone."""
        try:
            new = await self._db.write(_store, batch, self._clock())
        except Exception as error:  # noqa: BLE001 -- handed to whoever waits
            if not alone:
                log.warning("updates could not be stored together (%s)", type(error).__name__)
                return False
            for each in batch:
                each.kept.set_exception(error)
            return True
        self.received.update(new)
        for each in batch:
            each.kept.set_result(None)
        return True


def _store(session: Session, batch: Sequence[_Waiting], now: datetime) -> Counter[str]:
    pairs: dict[str, list[tuple[str, str]]] = {}
    for each in batch:
        told = pairs.setdefault(each.channel, [])
        told += [(update.key, update.raw) for update in each.updates]
    return Counter({name: inbound.store(session, name, told, now) for name, told in pairs.items()})
