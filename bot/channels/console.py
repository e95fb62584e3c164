"""A terminal as a messenger: the same product without a token, for trying it out.

Everyone shares the terminal. A line is said by the last speaker; "@lan xong 127" speaks as "lan".
"/tep PATH [caption]" sends a file of this machine.
"""

import asyncio
import json
import re
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from uuid import uuid4

from bot.channels.carrying import read_start, too_long
from registry.files import clean_name
from scheduler.channel import (
    ChannelInfo,
    Incoming,
    IncomingFile,
    Limits,
    Message,
    SendError,
    Store,
    Update,
)

_FILE = re.compile(r"/tep\s+(.+)", re.DOTALL)
FIRST_SPEAKER = "toi"


class ConsoleChannel:
    """`show(address, text)` prints a message; `lines()` waits for a line, None at the end."""

    name = "console"
    limits = Limits(
        units=100_000, per_second=1000.0, private_gap=0.0, group_gap=0.0, caption=100_000
    )
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
        file = message.attachment
        text = message.plain
        if file is not None:
            text += f"\n[Tệp: {clean_name(file.name)} – {file.path}]"
        self._show(address, text)
        return f"{self._sent}-{uuid4().hex[:8]}"

    async def fetch(self, ref: str, most: int) -> bytes:
        """A file of this machine, by its path."""
        data = await read_start(Path(ref), most + 1)
        if data is None:
            raise SendError(f"Không đọc được tệp {ref}.", permanent=True)
        if len(data) > most:
            raise too_long(most)
        return data

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
        if match := _FILE.match(words):
            return self._file(match[1])
        return said(self._speaker, words) if words else None

    def _file(self, rest: str) -> Update | None:
        """ "/tep PATH [caption]": the longest beginning that is a file; quotes are not needed. What
        is no path at all ("/tep 127") is a command like any other."""
        flat = rest.strip().strip("\"'")
        cuts = [match.start() for match in re.finditer(r"[\s\"']|$", rest)]
        for cut in reversed(cuts):
            name = rest[:cut].strip().strip("\"'")
            if name and Path(name).is_file():
                return handed(self._speaker, Path(name).resolve(), rest[cut:].strip(" \"'"))
        if re.search(r"[/\\.]", flat.partition(" ")[0]):
            self._show(self._speaker, f"Không thấy tệp {flat}.")
            return None
        return said(self._speaker, f"/tep {rest}")

    def parse(self, raw: str) -> Incoming | None:
        try:
            data = json.loads(raw)
            file = _named(data.get("file"))
            return Incoming(
                event="button" if data.get("action") else "file" if file else "text",
                address=str(data["from"]),
                chat_kind="private",
                sender=str(data["from"]),
                sender_name=str(data.get("name") or data["from"]),
                text=str(data.get("text", "")),
                action=str(data.get("action", "")),
                reply_to=data.get("reply_to"),
                file=file,
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return None

    async def acknowledge(self, callback: str) -> None:
        """There is no spinner."""

    async def set_commands(self, address: str | None, commands: Sequence[tuple[str, str]]) -> None:
        """There is no menu."""


def said(sender: str, text: str, name: str = "", action: str = "") -> Update:
    """What somebody said (or pressed) at the console, as an update."""
    data = {"from": sender, "text": text, "name": name, "action": action}
    return Update(uuid4().hex, json.dumps(data, ensure_ascii=False))


def handed(sender: str, path: Path, caption: str = "", name: str = "") -> Update:
    """A file somebody sent at the console, as an update."""
    file = {"name": path.name, "ref": str(path), "size": path.stat().st_size}
    data = {"from": sender, "text": caption, "name": name, "file": file}
    return Update(uuid4().hex, json.dumps(data))


def _named(file: object) -> IncomingFile | None:
    if not isinstance(file, dict) or not isinstance(file.get("ref"), str):
        return None
    size = file.get("size")
    return IncomingFile(
        clean_name(str(file.get("name", ""))), file["ref"], size if isinstance(size, int) else None
    )


def keyboard() -> str | None:
    """The next line of standard input; None at its end."""
    line = sys.stdin.readline()
    return line or None


def printer(address: str, text: str) -> None:
    """Print a message for a reader of the terminal."""
    body = "\n".join(f"  │ {line}" for line in text.splitlines())
    sys.stdout.write(f"\n  ┌─ gửi {address}\n{body}\n  └─\n")
    sys.stdout.flush()
