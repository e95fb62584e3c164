"""Links to stored files that nobody can guess and that end by themselves.

A link is `{public_url}/tep/{token}/{name}`. The token says which file and until when, signed with
HMAC-SHA256 under a key that only this installation has; the name is for people and means nothing.
"""

import contextlib
import hashlib
import hmac
import os
import secrets
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlmodel import Session

from registry import files
from registry.tables import StoredFile

KEY_NAME = "link.key"
KEY_BYTES = 32
FOLDER = "tep"
LINKS_LIVE = timedelta(days=7)
_HEAD = struct.Struct(">QQ")
_TOKEN = 64  # characters: 16 bytes of what is said and 32 that prove it, in base64


class KeyTrouble(Exception):
    """The key of the links cannot be used; the text is one Vietnamese line."""


def sign(secret: bytes, file_id: int, expires: datetime) -> str:
    """A token for one file until a moment (to the second). Raises ValueError for a naive one."""
    if expires.tzinfo is None:
        raise ValueError("a link needs an aware moment")
    head = _HEAD.pack(file_id, int(expires.timestamp()))
    return urlsafe_b64encode(head + _proof(secret, head)).decode()


def verify(secret: bytes, token: str, now: datetime) -> int | None:
    """The file a token is for; None for one that is not ours, was changed, or is over."""
    if len(token) != _TOKEN or not token.isascii():
        return None
    try:
        raw = urlsafe_b64decode(token)
    except ValueError:
        return None
    head = raw[: _HEAD.size]
    if not hmac.compare_digest(_proof(secret, head), raw[_HEAD.size :]):
        return None
    file_id, until = _HEAD.unpack(head)
    return int(file_id) if now.timestamp() < until else None


def _proof(secret: bytes, head: bytes) -> bytes:
    return hmac.new(secret, b"tep:" + head, hashlib.sha256).digest()


def link_key(folder: Path) -> bytes:
    """The installation's key, made with the first call: `link.key` in the data folder, for its
    owner alone. Two processes that begin together agree on one. Raises KeyTrouble."""
    path = folder / KEY_NAME
    try:
        if not path.exists():
            _make(path)
        key = path.read_bytes()
    except OSError as error:
        raise KeyTrouble(f"Không đọc hoặc tạo được {path} ({error.strerror}).") from None
    if len(key) != KEY_BYTES:
        raise KeyTrouble(f"Khóa liên kết {path} bị hỏng; hãy xóa tệp này rồi khởi động lại.")
    return key


def _make(path: Path) -> None:
    """Whole or not at all: written aside, then given its name unless another process was first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    files.write_new(aside, secrets.token_bytes(KEY_BYTES))
    try:
        with contextlib.suppress(FileExistsError):
            os.link(aside, path)
    finally:
        aside.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Links:
    """What signing needs. `public_url`: our address as others see it, "" where there is none."""

    secret: bytes = field(repr=False)
    public_url: str = ""

    @classmethod
    def at(cls, folder: Path, public_url: str) -> "Links":
        """The links of an installation, whose key is in `folder`. Raises KeyTrouble."""
        return cls(link_key(folder), public_url.strip().rstrip("/"))

    def url(self, file: StoredFile, now: datetime) -> str:
        """An address of the file for a week, or as long as it is kept; "" without a web server."""
        if not self.public_url or file.id is None:
            return ""
        until = min(now + LINKS_LIVE, file.expires_at or datetime.max.replace(tzinfo=UTC))
        token = sign(self.secret, file.id, until)
        return f"{self.public_url}/{FOLDER}/{token}/{files.plain_name(file.name)}"

    def find(self, session: Session, token: str, now: datetime) -> StoredFile | None:
        """The file a token opens at this moment."""
        file_id = verify(self.secret, token, now)
        return files.find(session, file_id, now) if file_id is not None else None
