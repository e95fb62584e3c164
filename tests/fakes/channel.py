"""A messenger at the port: keeps what is sent, and fails as a test says."""

import asyncio
import json
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from scheduler.channel import ChannelInfo, Incoming, Limits, Message, SendError, Store
from tests import leaks

NO_PACE = Limits(units=4096, per_second=100_000.0, private_gap=0.0, group_gap=0.0)


@dataclass
class Sent:
    """One message that reached the messenger."""

    address: str
    message: Message
    edited: str = ""

    @property
    def text(self) -> str:
        return self.message.plain


@dataclass
class FakeChannel:
    """`fail`: what happens to the next sends, in order (None: it arrives). `fail_for`: the same for
    one address, always. `arrives_anyway`: a message that fails has reached the chat all the same.
    `gate`: sends wait until it is set."""

    name: str = "fake"
    limits: Limits = NO_PACE
    edits: bool = True
    fail: deque[Exception | None] = field(default_factory=deque)
    fail_for: dict[str, Exception] = field(default_factory=dict)
    arrives_anyway: bool = False
    gate: asyncio.Event | None = None
    parses: Callable[[str], Incoming | None] | None = None
    sent: list[Sent] = field(default_factory=list)
    tried: list[str] = field(default_factory=list)
    acknowledged: list[str] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)

    async def open(self) -> ChannelInfo:
        return ChannelInfo(username=self.name)

    async def close(self) -> None:
        """Nothing is held open."""

    async def _pass(self, sent: Sent) -> str:
        self.tried.append(sent.address)
        leaks.sent(sent.text)
        if self.gate is not None:
            await self.gate.wait()
        error = self.fail_for.get(sent.address) or (self.fail.popleft() if self.fail else None)
        if error is None or self.arrives_anyway:
            self.sent.append(sent)
        if error is not None:
            raise error
        return f"m{len(self.sent)}"

    async def send(self, address: str, message: Message) -> str:
        return await self._pass(Sent(address, message))

    async def edit(self, address: str, message_id: str, message: Message) -> None:
        await self._pass(Sent(address, message, message_id))

    async def receive(self, store: Store) -> None:  # noqa: ARG002 -- nothing comes in here
        await asyncio.Event().wait()

    async def fetch(self, ref: str, most: int) -> bytes:
        data = self.files.get(ref, b"")
        if not data or len(data) > most:
            raise SendError("Tệp không còn hoặc quá lớn.", permanent=True)
        return data

    def parse(self, raw: str) -> Incoming | None:
        if self.parses is not None:
            return self.parses(raw)
        return Incoming(**json.loads(raw))

    async def acknowledge(self, callback: str) -> None:
        self.acknowledged.append(callback)

    async def set_commands(self, address: str | None, commands: Sequence[tuple[str, str]]) -> None:
        """There is no menu."""

    def texts(self, address: str) -> list[str]:
        """What one chat has been sent, oldest first."""
        return [each.text for each in self.sent if each.address == address]


def says(sender: str, text: str, kind: str = "private") -> str:
    """What somebody says, as this messenger would deliver it."""
    return json.dumps(
        {"event": "text", "address": sender, "chat_kind": kind, "sender": sender, "text": text}
    )
