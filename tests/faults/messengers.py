"""The messengers a scene may be played on: fakes on threads of their own, each with what is
particular to it. A scene knows none of them; one more is a row of KINDS."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.telegram_server import FakeTelegram
from tests.fakes.zalo_server import FakeZalo

Fake = FakeTelegram | FakeZalo


@dataclass(frozen=True)
class Kind:
    """One messenger. name: of its channel, its section of the settings and, as a prefix, of its
    scenes. share: of so many people a scene has on the fastest messenger, how many here, so that it
    takes about as long, and no more than `most`. limit: how it refuses what is too much. wrong: a
    token of the right form that opens nothing. waiting: what people said that it has not been rid
    of; forgets: of what it handed out, how much it may forget when we die."""

    name: str
    prefix: str
    make: Callable[[], Any]
    address: Callable[[str], Any]
    meet: Callable[[Any, str], None]
    limit: dict[str, Any]
    wrong: str
    waiting: Callable[[Any], int]
    forgets: int = 0
    share: float = 1.0
    most: int = 1_000_000

    @property
    def slow(self) -> bool:
        """Whether it takes messages so slowly that we wait more than we send."""
        return self.share < 1

    def persons(self, count: int, each: int) -> int:
        """How many people a scene has, in whole agencies of `each`."""
        agencies = max(round(count * self.share / each), min(3, count // each))
        return min(agencies * each, self.most)


def _meet_on_telegram(fake: FakeTelegram, address: str) -> None:
    fake.world.user(f"Cán bộ {address}", user_id=int(address))
    fake.world.unblock(int(address))
    fake.world.updates.clear()


def _meet_on_zalo(fake: FakeZalo, address: str) -> None:
    fake.world.user(f"Cán bộ {address}", address)
    fake.world.chats[address].known = True


TELEGRAM = Kind(
    "telegram", "", FakeTelegram, int, _meet_on_telegram,
    {"description": "Too Many Requests: retry after 2", "parameters": {"retry_after": 2}},
    "1000001:AAWrongWrongWrongWrongWrongWrongWro", lambda fake: len(fake.world.updates),
)  # fmt: skip
# A message and a half a second, where Telegram takes thirty; fifty people a bot.
ZALO = Kind(
    "zalo", "zalo-", FakeZalo, str, _meet_on_zalo, {"description": "Quota exceeded"},
    "2000002:ZaloWrongZaloWrongZaloWrongZaloWro", lambda fake: len(fake.world.events),
    forgets=1, share=0.25, most=48,
)  # fmt: skip
KINDS = (TELEGRAM, ZALO)


@dataclass
class Messenger:
    """A fake on a thread of its own: it outlives whatever happens to the product."""

    kind: Kind
    addresses: Sequence[str]
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)

    def __post_init__(self) -> None:
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self.fake: Fake = self.do(self._make())

    async def _make(self) -> Fake:
        fake: Fake = self.kind.make()
        await fake.start()
        for address in self.addresses:
            self.kind.meet(fake, address)
        return fake

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    def call(self, fn: Callable[..., Any], *args: Any, **more: Any) -> Any:
        """Run a function of the fake in its own thread."""

        async def run() -> Any:
            return fn(*args, **more)

        return self.do(run())

    def say(self, address: str, text: str) -> None:
        """One of the people writes."""
        self.call(self.fake.world.say, self.kind.address(address), text)

    def fail(self, **fault: Any) -> None:
        """Every call goes wrong from now on, or those that the fault names."""
        self.call(self.fake.fail, **{"method": "*", "times": 1_000_000, **fault})

    def heal(self) -> None:
        self.call(self.fake.heal)

    def down(self) -> None:
        """Nobody listens at its address any more."""
        self.do(self.fake.stop())

    def up(self) -> None:
        self.do(self.fake.start())

    def calls(self, method: str) -> int:
        return sum(row["method"] == method for row in list(self.fake.calls))

    @property
    def waiting(self) -> int:
        """What people said that nobody has fetched yet, or confirmed."""
        return self.kind.waiting(self.fake)

    @property
    def sent(self) -> list[dict[str, Any]]:
        """Messages that reached a chat, oldest first: the fake's own list."""
        return self.fake.world.sent

    def close(self) -> None:
        with suppress(Exception):
            self.do(self.fake.stop())
        self.loop.call_soon_threadsafe(self.loop.stop)
