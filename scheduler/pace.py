"""A messenger's speed limits, kept by waiting for one's turn."""

import asyncio
from collections.abc import Callable

from scheduler.channel import Limits

# Chats spoken to longer ago than any gap need no memory; the table is swept when it grows to this.
SWEEP_AT = 4096


class Pacer:
    """Gives out turns on one messenger: evenly spaced over all chats, and spaced for each chat.

    Even spacing, not a bucket: a bucket lets its whole content through in the first second, which
    is the burst the messenger answers with 429.
    """

    def __init__(self, limits: Limits, clock: Callable[[], float] | None = None) -> None:
        self._gap = 1.0 / limits.per_second
        self._gaps = {"private": limits.private_gap, "group": limits.group_gap}
        self._clock = clock or asyncio.get_running_loop().time
        self._next = 0.0
        self._next_in: dict[str, float] = {}

    async def turn(self, address: str, chat_kind: str) -> None:
        """Wait until one more message may leave for this chat."""
        while (wait := self.reserve(address, chat_kind)) > 0:  # noqa: ASYNC110 -- a turn is a time
            await asyncio.sleep(wait)

    def spoke(self, address: str, chat_kind: str) -> None:
        """The message is through: the chat's gap counts from now, not from its turn, because the
        messenger counts from when the message reached it."""
        self._next_in[address] = self._clock() + self._gaps[chat_kind]

    def reserve(self, address: str, chat_kind: str) -> float:
        """Seconds to wait before asking again; 0 when the turn is taken."""
        now = self._clock()
        ready = max(self._next, self._next_in.get(address, 0.0))
        if ready > now:
            return ready - now
        self._next = max(self._next, now - self._gap) + self._gap
        self._next_in[address] = now + self._gaps[chat_kind]
        if len(self._next_in) > SWEEP_AT:
            self._next_in = {key: at for key, at in self._next_in.items() if at > now}
        return 0.0
