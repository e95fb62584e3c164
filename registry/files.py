"""Files kept for a while: a row of :class:`StoredFile`, its bytes under the data folder.

The bytes are written before the row is committed, and go only after the row has expired: whatever
is interrupted leaves bytes without a row, never a row whose bytes were promised. Such orphans are
swept when they are a day old.
"""

import contextlib
import hashlib
import os
import re
import secrets
import unicodedata
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath

from sqlmodel import Session, col, select

from registry.tables import Completion, StoredFile

DAYS = 30
ORPHANS_LIVE = timedelta(days=1)
LONGEST_NAME = 100
NAMELESS = "tep"
_LONGEST_SUFFIX = 10
# What a file system, a header or a terminal would take for something else.
_UNSAFE = re.compile(r'[<>:"|?*%;`]+')
_PATH = re.compile(r"[0-9a-f]{2}/[0-9a-f]{38}")
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9]+")
# Control and format characters (line breaks, turning of direction), halves of surrogate pairs.
_UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn")


class FileGone(Exception):
    """The bytes of a stored file are no longer there."""


def clean_name(name: str, longest: int = LONGEST_NAME) -> str:
    """A file's own name as it may be shown, stored and sent: no folders, nothing unseen, at most
    `longest` characters with its ending kept; "tep" where nothing is left."""
    last = unicodedata.normalize("NFC", re.split(r"[/\\]", name)[-1])
    seen = "".join(char if unicodedata.category(char) not in _UNSEEN else " " for char in last)
    flat = " ".join(_UNSAFE.sub(" ", seen).split()).strip(". ")
    if len(flat) > longest:
        suffix = PurePosixPath(flat).suffix
        suffix = suffix if len(suffix) <= _LONGEST_SUFFIX else ""
        flat = flat[: longest - len(suffix)].rstrip(". ") + suffix
    return flat or NAMELESS


def plain_name(name: str, longest: int = 60) -> str:
    """The name in ASCII letters, digits and hyphens, for a link: "bao-cao-quy-IV.xlsx"."""
    path = PurePosixPath(clean_name(name))
    stem, suffix = _ascii(path.stem), _ascii(path.suffix)[:_LONGEST_SUFFIX]
    stem = stem[: longest - len(suffix) - 1].strip("-") or NAMELESS
    return f"{stem}.{suffix}" if suffix else stem


def _ascii(text: str) -> str:
    flat = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    bare = "".join(char for char in flat if not unicodedata.combining(char))
    return _NOT_PLAIN.sub("-", bare).strip("-")


def keep(  # noqa: PLR0913 -- a file's own facts, and how long
    session: Session,
    folder: Path,
    name: str,
    data: bytes,
    media_type: str,
    now: datetime,
    *,
    days: int | None = DAYS,
    person_id: int | None = None,
    completion_id: int | None = None,
) -> StoredFile:
    """Keep bytes under `folder` for so many days (None: as long as the row stands); the row is
    flushed, so that its id is known. Raises OSError where the disk does not take them."""
    token = secrets.token_hex(20)
    row = StoredFile(
        name=clean_name(name),
        media_type=media_type,
        path=f"{token[:2]}/{token[2:]}",
        size=len(data),
        digest=hashlib.sha256(data).hexdigest(),
        person_id=person_id,
        completion_id=completion_id,
        created_at=now,
        expires_at=None if days is None else now + timedelta(days=days),
    )
    path = folder / row.path
    for parent in (folder, path.parent):
        parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_new(path, data)
    # Dated by the caller's clock, which decides when an orphan is a day old.
    os.utime(path, (now.timestamp(), now.timestamp()))
    session.add(row)
    session.flush()
    return row


def write_new(path: Path, data: bytes) -> None:
    """A new file, on the disk itself when this returns, readable by its owner alone. Raises
    OSError, also where there is such a file; nothing half written is left."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        path.unlink(missing_ok=True)
        raise


def path_of(folder: Path, file: StoredFile) -> Path:
    """Where the bytes are. Raises FileGone for a row whose path is none of ours."""
    if not _PATH.fullmatch(file.path):
        raise FileGone(f"file {file.id} has a strange path")
    return folder / file.path


def read(folder: Path, file: StoredFile) -> bytes:
    """The bytes, as they were kept. Raises FileGone where they are missing or have changed."""
    try:
        data = path_of(folder, file).read_bytes()
    except OSError as error:
        raise FileGone(f"file {file.id}: {error.strerror}") from None
    if hashlib.sha256(data).hexdigest() != file.digest:
        raise FileGone(f"file {file.id} is not what was kept")
    return data


def find(session: Session, file_id: int, now: datetime) -> StoredFile | None:
    """The file, while it is kept."""
    row = session.get(StoredFile, file_id)
    if row is None or (row.expires_at is not None and row.expires_at <= now):
        return None
    return row


def of_completion(session: Session, completion_id: int, now: datetime) -> list[StoredFile]:
    """What was handed in with a report, oldest first."""
    rows = session.exec(
        select(StoredFile)
        .where(StoredFile.completion_id == completion_id)
        .order_by(col(StoredFile.id))
    ).all()
    return [row for row in rows if row.expires_at is None or row.expires_at > now]


def of_duty(session: Session, duty_id: int, now: datetime) -> list[StoredFile]:
    """What came with the reports on a duty, also those taken back or given back, oldest first."""
    rows = session.exec(
        select(StoredFile)
        .join(Completion, col(Completion.id) == col(StoredFile.completion_id))
        .where(Completion.duty_id == duty_id)
        .order_by(col(StoredFile.id))
    ).all()
    return [row for row in rows if row.expires_at is None or row.expires_at > now]


def missing(session: Session, folder: Path, now: datetime) -> int:
    """How many files that are still to be kept have lost their bytes, as after a restore of the
    database alone."""
    rows = session.exec(select(StoredFile)).all()
    kept = [row for row in rows if row.expires_at is None or row.expires_at > now]
    return sum(not (folder / row.path).is_file() for row in kept)


def erase_of(session: Session, person_id: int, now: datetime) -> list[StoredFile]:
    """A person's files end now: nameless at once, their bytes with the next tick. Which."""
    rows = list(session.exec(select(StoredFile).where(StoredFile.person_id == person_id)))
    for row in rows:
        row.name, row.person_id, row.expires_at = NAMELESS, None, now
        session.add(row)
    return rows


def forget_expired(session: Session, folder: Path, now: datetime) -> int:
    """Bytes first, then rows: an expired file is read by nobody, so that nothing is missed if this
    is interrupted. What cannot be removed now is tried again. Returns how many."""
    rows = session.exec(select(StoredFile).where(col(StoredFile.expires_at) <= now)).all()
    for row in rows:
        with contextlib.suppress(OSError, FileGone):
            path_of(folder, row).unlink(missing_ok=True)
        session.delete(row)
    session.flush()
    return len(rows)


def forget_old(session: Session, folder: Path, now: datetime) -> int:
    """Expired files, and bytes more than a day old that belong to no row. Returns how many."""
    forgotten = forget_expired(session, folder, now)
    known = set(session.exec(select(StoredFile.path)).all())
    oldest = (now - ORPHANS_LIVE).timestamp()
    for path in folder.glob("??/*"):
        name = path.relative_to(folder).as_posix()
        with contextlib.suppress(OSError):
            if _PATH.fullmatch(name) and name not in known and path.stat().st_mtime < oldest:
                path.unlink()
                forgotten += 1
    return forgotten
