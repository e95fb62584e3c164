"""The pair of tokens a Zalo Official Account is spoken to with, kept in a file of its own.

A refresh token serves once: whoever loses the pair that it was changed for needs an administrator
and a browser. So a new pair is written whole and durably beside the old one, and only then takes
its place; and one process at a time may change it. It is never in the database or in a log.
"""

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

if os.name == "posix":
    import fcntl

_LOOK = 0.05  # seconds between looks whether another process has let go of the lock
_PATIENCE = 90.0
# Renewed this much before it ends: time for a person to act while the old token still works.
_AHEAD = timedelta(hours=6)


class TokenTrouble(Exception):
    """The file cannot be read, written or locked; the text is one Vietnamese line, no token."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What an administrator allowed. Moments are UTC. `spent`: Zalo has refused the refresh token,
    so that only a person can give us a new one; the access token serves until it ends."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    made_at: datetime
    expires_at: datetime
    spent: bool = False

    def due(self, now: datetime) -> bool:
        """Whether it is time to renew: six hours, or a quarter of its life, before the end."""
        return now >= self.expires_at - min(_AHEAD, (self.expires_at - self.made_at) / 4)

    def over(self, now: datetime) -> bool:
        return now >= self.expires_at


class Disk(Protocol):
    """What the file needs of a disk, each step durable once it returns."""

    def read(self, path: Path) -> bytes | None:
        """None where there is no such file."""
        ...

    def write(self, path: Path, content: bytes) -> None:
        """A new file, its owner's alone."""
        ...

    def replace(self, source: Path, target: Path) -> None: ...

    def remove(self, path: Path) -> None: ...


class RealDisk:
    """The machine's."""

    def read(self, path: Path) -> bytes | None:
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None

    def write(self, path: Path, content: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            path.chmod(0o600)
            left = memoryview(content)
            while left:
                left = left[os.write(handle, left) :]
            os.fsync(handle)
        finally:
            os.close(handle)

    def replace(self, source: Path, target: Path) -> None:
        source.replace(target)
        _sync_folder(target.parent)

    def remove(self, path: Path) -> None:
        path.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """A rename is durable only when the folder is."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class TokenFile:
    """`path` holds the pair; "NAME.new" a pair about to take its place; "NAME.lock" the lock."""

    def __init__(self, path: Path, disk: Disk | None = None) -> None:
        self.path = path
        self._new = path.with_name(f"{path.name}.new")
        self._lock = path.with_name(f"{path.name}.lock")
        self._disk = disk or RealDisk()

    def read(self) -> Grant | None:
        """The pair in use; None where nobody has given us one, or the file is no such file."""
        return _grant(self._read(self.path))

    def recover(self) -> Grant | None:
        """As `read`, under the lock, after a death: a new pair that was written whole is the one
        that counts, since the one before it is spent; half of one is thrown away."""
        kept, new = self.read(), _grant(self._read(self._new))
        try:
            if new is not None and (kept is None or new.made_at >= kept.made_at):
                self._disk.replace(self._new, self.path)
                return new
            self._disk.remove(self._new)
        except OSError as error:
            raise self._trouble("ghi", error) from None
        return kept

    def write(self, grant: Grant) -> None:
        """Put a pair in place, under the lock. It may be used once this returns."""
        try:
            self._disk.write(self._new, _bytes(grant))
            self._disk.replace(self._new, self.path)
        except OSError as error:
            raise self._trouble("ghi", error) from None

    @contextlib.asynccontextmanager
    async def locked(self) -> AsyncIterator[None]:
        """Keep other processes from the pair, the network call included."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(self._lock, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise self._trouble("khóa", error) from None
        try:
            await self._wait_for(handle)
            yield
        finally:
            os.close(handle)

    async def _wait_for(self, handle: int) -> None:
        if os.name != "posix":
            return
        time = asyncio.get_running_loop().time
        end = time() + _PATIENCE
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                if time() > end:
                    raise TokenTrouble(
                        f"Tệp {self.path.name} đang bị một tiến trình khác giữ."
                    ) from None
                await asyncio.sleep(_LOOK)
            else:
                return

    def _read(self, path: Path) -> bytes | None:
        try:
            return self._disk.read(path)
        except OSError as error:
            raise self._trouble("đọc", error) from None

    def _trouble(self, what: str, error: OSError) -> TokenTrouble:
        reason = error.strerror or type(error).__name__
        return TokenTrouble(f"Không {what} được tệp {self.path.name} của Zalo OA: {reason}.")


def _bytes(grant: Grant) -> bytes:
    return json.dumps(
        {
            "access_token": grant.access,
            "refresh_token": grant.refresh,
            "made_at": grant.made_at.isoformat(),
            "expires_at": grant.expires_at.isoformat(),
            "spent": grant.spent,
        },
        indent=1,
    ).encode()


def _grant(content: bytes | None) -> Grant | None:
    try:
        said = json.loads(content or b"")
        made, ends = (datetime.fromisoformat(said[key]) for key in ("made_at", "expires_at"))
        grant = Grant(said["access_token"], said["refresh_token"], made, ends, bool(said["spent"]))
    except (ValueError, TypeError, KeyError):
        return None
    texts = isinstance(grant.access, str) and isinstance(grant.refresh, str)
    aware = made.tzinfo is not None and ends.tzinfo is not None
    return grant if texts and aware else None
