"""Work that comes while the last of its kind is under way is done together.

A database answers one question about fifty rows as fast as one about a single row, and a durable
commit costs the same whatever it holds.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

A = TypeVar("A")
R = TypeVar("R")

MOST = 64


class Together(Generic[A, R]):
    """Calls `act` with as many things as have come in, up to `most`. It returns an outcome for
    each, in their order; an outcome that is an exception is raised where it is waited for."""

    def __init__(
        self,
        act: Callable[[Sequence[A]], Awaitable[Sequence[R | Exception]]],
        name: str,
        most: int = MOST,
    ) -> None:
        self._act = act
        self._name = name
        self._most = most
        self._waiting: list[tuple[A, asyncio.Future[R]]] = []
        self._working: asyncio.Task[None] | None = None

    async def do(self, one: A) -> R:
        """The outcome for this one. It is done even if the caller is cancelled meanwhile."""
        outcome: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        # Whoever gave up waiting does not ask for the outcome.
        outcome.add_done_callback(lambda done: done.cancelled() or done.exception())
        self._waiting.append((one, outcome))
        if self._working is None or self._working.done():
            self._working = asyncio.create_task(self._work(), name=self._name)
        return await asyncio.shield(outcome)

    async def _work(self) -> None:
        while self._waiting:
            part, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
            if not await self._try(part, alone=len(part) == 1):
                # One that fails must not take the others with it.
                for each in part:
                    await self._try([each], alone=True)

    async def _try(self, part: Sequence[tuple[A, "asyncio.Future[R]"]], *, alone: bool) -> bool:
        """False where it failed for all and each has still to be tried alone."""
        try:
            found: Sequence[R | Exception] = await self._act([one for one, _ in part])
        except Exception as error:  # noqa: BLE001 -- handed to whoever waits
            if not alone:
                return False
            found = [error]
        for (_, outcome), result in zip(part, found, strict=True):
            if isinstance(result, Exception):
                outcome.set_exception(result)
            else:
                outcome.set_result(result)
        return True
