"""A terminal as a messenger: the same product without a token, for trying it out.

Everyone shares the terminal. A line is said by the last speaker; "@lan xong 127" speaks as "lan".
"""

import asyncio
import json
import sys
import threading
from collections.abc import Callable, Sequence
from uuid import uuid4

from scheduler.channel import ChannelInfo, Incoming, Limits, Message, Store, Update

FIRST_SPEAKER = "toi"


class ConsoleChannel:
    """`show(address, text)` prints a message; `lines()` waits for a line, None at the end."""

    name = "console"
    limits = Limits(units=100_000, per_second=1000.0, private_gap=0.0, group_gap=0.0)
    edits = False

    def __init__(
        self,
        show: Callable[[str, str], None],
        lines: Callable[[], str | None] | None = None,
    ) -> None:
        self._show = show
        self._lines = lines
        self._speaker = FIRST_SPEAKER
        self._sent = 0

    async def open(self) -> ChannelInfo:
        return ChannelInfo(username="console")

    async def close(self) -> None:
        """Nothing is held open."""

    async def send(self, address: str, message: Message) -> str:
        self._sent += 1
        self._show(address, message.plain)
        return f"{self._sent}-{uuid4().hex[:8]}"

    async def edit(self, address: str, message_id: str, message: Message) -> None:
        """A printed line stays printed."""

    async def receive(self, store: Store) -> None:
        """Read lines until the input ends, then wait to be cancelled."""
        if self._lines is None:
            await asyncio.Event().wait()
            return
        loop = asyncio.get_running_loop()
        queue: asyncio.Queue[str | None] = asyncio.Queue()
        read = self._lines

        def pump() -> None:
            line: str | None = ""
            while line is not None:
                line = read()
                loop.call_soon_threadsafe(queue.put_nowait, line)

        # A daemon: a thread blocked on the keyboard must not keep the process alive.
        threading.Thread(target=pump, name="console", daemon=True).start()
        while (line := await queue.get()) is not None:
            update = self.line(line)
            if update is not None:
                await store([update])
        await asyncio.Event().wait()

    def line(self, line: str) -> Update | None:
        """One typed line as an update; None for an empty one."""
        words = line.strip()
        if words.startswith("@"):
            name, _, words = words[1:].partition(" ")
            self._speaker = name or self._speaker
            words = words.strip()
        return said(self._speaker, words) if words else None

    def parse(self, raw: str) -> Incoming | None:
        try:
            data = json.loads(raw)
            return Incoming(
                event="button" if data.get("action") else "text",
                address=str(data["from"]),
                chat_kind="private",
                sender=str(data["from"]),
                sender_name=str(data.get("name") or data["from"]),
                text=str(data.get("text", "")),
                action=str(data.get("action", "")),
                reply_to=data.get("reply_to"),
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            return None

    async def acknowledge(self, callback: str) -> None:
        """There is no spinner."""

    async def set_commands(self, address: str | None, commands: Sequence[tuple[str, str]]) -> None:
        """There is no menu."""


def said(sender: str, text: str, name: str = "", action: str = "") -> Update:
    """What somebody said (or pressed) at the console, as an update."""
    data = {"from": sender, "text": text, "name": name, "action": action}
    return Update(uuid4().hex, json.dumps(data, ensure_ascii=False))


def keyboard() -> str | None:
    """The next line of standard input; None at its end."""
    line = sys.stdin.readline()
    return line or None


def printer(address: str, text: str) -> None:
    """Print a message for a reader of the terminal."""
    body = "\n".join(f"  │ {line}" for line in text.splitlines())
    sys.stdout.write(f"\n  ┌─ gửi {address}\n{body}\n  └─\n")
    sys.stdout.flush()
