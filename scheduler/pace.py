"""A messenger's speed limits, kept by waiting for one's turn."""

import asyncio
import math
from collections import deque
from collections.abc import Callable

from scheduler.channel import Limits

# Chats spoken to longer ago than any gap need no memory; the table is swept when it grows to this.
SWEEP_AT = 4096
# Gaps that are made up for after a stall while others wait, lest every stall cost messages.
CREDIT = 3
# Seconds by which a second is stretched: messages do not all travel equally fast.
SLACK = 0.02
# A messenger that takes more than this in a second sets no limit worth counting.
COUNTED = 1000.0


class _Second:
    """No second takes more than `most`."""

    def __init__(self, per_second: float) -> None:
        self._most = math.ceil(per_second) if per_second <= COUNTED else 0
        self._last: deque[float] = deque(maxlen=self._most)

    def full_until(self) -> float:
        """When there is room for one more."""
        full = self._most and len(self._last) == self._most
        return self._last[0] + 1.0 + SLACK if full else 0.0

    def note(self, now: float) -> None:
        self._last.append(now)


class Pacer:
    """Gives out turns on one messenger: evenly spaced over all chats, and spaced for each chat.

    Even spacing, not a bucket: a bucket lets its whole content through in the first second, which
    is the burst the messenger answers with 429. Between its turn and its leaving a message is
    written down, which takes now longer, now less: the gate sees to it that no second takes more
    than the messenger allows.
    """

    def __init__(self, limits: Limits, clock: Callable[[], float] | None = None) -> None:
        self._gap = 1.0 / limits.per_second
        self._gaps = {"private": limits.private_gap, "group": limits.group_gap}
        self._clock = clock or asyncio.get_running_loop().time
        self._next = 0.0
        self._next_in: dict[str, float] = {}
        self._turns, self._left = _Second(limits.per_second), _Second(limits.per_second)
        self._waiting = 0

    async def turn(self, address: str, chat_kind: str) -> None:
        """Wait until one more message may leave for this chat."""
        self._waiting += 1
        try:
            while (wait := self.reserve(address, chat_kind)) > 0:  # noqa: ASYNC110 -- a turn is a time
                await asyncio.sleep(wait)
        finally:
            self._waiting -= 1

    async def gate(self) -> None:
        """Wait, for moments at most, until one more message in this second is not too many."""
        while (wait := self._left.full_until() - self._clock()) > 0:  # noqa: ASYNC110 -- as above
            await asyncio.sleep(wait)
        self._left.note(self._clock())

    def spoke(self, address: str, chat_kind: str) -> None:
        """The message is through: the chat's gap counts from now, not from its turn, because the
        messenger counts from when the message reached it."""
        self._next_in[address] = self._clock() + self._gaps[chat_kind]

    def reserve(self, address: str, chat_kind: str) -> float:
        """Seconds to wait before asking again; 0 when the turn is taken."""
        now = self._clock()
        ready = max(self._next, self._turns.full_until(), self._next_in.get(address, 0.0))
        if ready > now:
            return ready - now
        credit = CREDIT if self._waiting > 1 else 1
        self._next = max(self._next, now - credit * self._gap) + self._gap
        self._turns.note(now)
        self._next_in[address] = now + self._gaps[chat_kind]
        if len(self._next_in) > SWEEP_AT:
            self._next_in = {key: at for key, at in self._next_in.items() if at > now}
        return 0.0
