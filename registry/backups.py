"""Backups of an SQLite installation: the database, checked, and beside it the files it names.

A backup is one database file, `dondoc-YYYYMMDD-HHMMSS.db` (local time). What people sent lies in
`dondoc-files` beside all of them: stored files never change, so each is copied once for all the
backups that name it, and goes with the last of them. The database is copied first, then the files
its copy names: bytes are on the disk before their row is (registry/files.py), so none is missed.
"""

import contextlib
import hashlib
import os
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from registry.clock import LOCAL, local
from registry.database import DatabaseTrouble, check_backup
from registry.file_links import KEY_NAME
from registry.retention import ASIDE_DAYS
from registry.rotation import Keep, kept

FILES = "dondoc-files"
PART = ".part"
_NAME = re.compile(r"dondoc-(\d{8}-\d{6})\.db")
_ASIDE = re.compile(r"-(\d{14})(?:-wal|-shm)?$")
_STAMP = "%Y%m%d-%H%M%S"
_STORED = re.compile(r"[0-9a-f]{2}/[0-9a-f]{38}")
# Pages copied between two looks at whether to stop.
_PAGES = 2048
# The running process needs the disk more than a backup does.
SPARE = 64 * 1024 * 1024


class Stopped(Exception):
    """Somebody wants the process to end: nothing was made."""


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that was checked. `files`: how many it names and has; `missing`: how many of them
    were gone from the data folder already, or changed."""

    path: Path
    size: int
    files: int
    missing: int


def _never() -> bool:
    return False


def name_of(now: datetime) -> str:
    """What a backup of this moment is called."""
    return f"dondoc-{local(now):{_STAMP}}.db"


def made_in(folder: Path) -> dict[datetime, Path]:
    """The backups of a folder by when they were made, the oldest first."""
    found: dict[datetime, Path] = {}
    for path in sorted(folder.glob("dondoc-*.db")):
        match = _NAME.fullmatch(path.name)
        if match is not None:
            with contextlib.suppress(ValueError):
                found[datetime.strptime(match[1], _STAMP).replace(tzinfo=LOCAL)] = path
    return found


def make(
    source: Path,
    target: Path,
    data_dir: Path,
    files_dir: Path,
    stop: Callable[[], bool] = _never,
    spare: int = SPARE,
) -> Made:
    """Back a live database up into `target`, which must not be there; what is interrupted or not
    sound leaves nothing behind. `stop` is asked now and then; `spare`: bytes that stay free.

    Raises DatabaseTrouble (one Vietnamese line: no room, not writable, a copy that is not sound),
    Stopped.
    """
    part = target.with_name(target.name + PART)
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _check_room(source, target.parent, spare)
        part.unlink(missing_ok=True)
        part.touch(mode=0o600)
        _copy(source, part, stop)
        _check(part, stop)
        counts = _copy_files(part, target.parent / FILES, files_dir, stop)
        _copy_key(data_dir / KEY_NAME, target.parent / FILES / KEY_NAME)
        _flush(part)
        part.rename(target)
        _flush(target.parent)
    except (OSError, sqlite3.Error, DatabaseTrouble) as error:
        if stop():
            raise Stopped from None
        if isinstance(error, DatabaseTrouble):
            raise
        raise DatabaseTrouble(
            f"Không sao lưu được vào {target.parent} ({_why(error)}); các bản cũ còn nguyên."
        ) from error
    finally:
        for each in (part, *(Path(f"{part}{end}") for end in ("-journal", "-wal", "-shm"))):
            with contextlib.suppress(OSError):
                each.unlink(missing_ok=True)
    return Made(target, target.stat().st_size, *counts)


def _check(copy: Path, stop: Callable[[], bool]) -> None:
    try:
        check_backup(copy, stop)
    except DatabaseTrouble:
        raise DatabaseTrouble(
            "Bản vừa sao lưu không nguyên vẹn nên đã bỏ: cơ sở dữ liệu hoặc đĩa có thể đã hỏng. "
            "Các bản sao lưu cũ còn nguyên."
        ) from None


def _why(error: Exception) -> str:
    return (error.strerror or "lỗi đĩa") if isinstance(error, OSError) else str(error)


def _check_room(source: Path, folder: Path, spare: int) -> None:
    """Raises DatabaseTrouble where the copy would fill the disk the program itself writes to."""
    wal = Path(f"{source}-wal")
    needed = source.stat().st_size + (wal.stat().st_size if wal.exists() else 0) + spare
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise DatabaseTrouble(
            f"Không đủ chỗ để sao lưu vào {folder}: cần {needed >> 20} MB, còn {free >> 20} MB; "
            "các bản sao lưu cũ còn nguyên."
        )


def _copy(source: Path, target: Path, stop: Callable[[], bool]) -> None:
    """The online backup of one snapshot, in pieces; the writer is not kept waiting by readers."""

    def look(_status: int, _left: int, _whole: int) -> None:
        if stop():
            raise Stopped

    with closing(sqlite3.connect(source, isolation_level=None)) as old:
        # Held open, or every write of the running process would make the copy begin anew.
        old.execute("BEGIN")
        old.execute("SELECT count(*) FROM sqlite_master").fetchone()
        with closing(sqlite3.connect(target)) as new:
            old.backup(new, pages=_PAGES, progress=look)
            # One file, which also a disk that is mounted read-only can show.
            new.execute("PRAGMA journal_mode=DELETE")


def stored_in(backup: Path) -> dict[str, str]:
    """The files a database still keeps: path and SHA-256."""
    with closing(sqlite3.connect(f"{backup.resolve().as_uri()}?mode=ro", uri=True)) as db:
        rows = db.execute("SELECT path, digest FROM storedfile").fetchall()
    return {path: digest for path, digest in rows if _STORED.fullmatch(path)}


def _copy_files(
    backup: Path, pool: Path, files_dir: Path, stop: Callable[[], bool]
) -> tuple[int, int]:
    """(had, missing): the files the copy names, each as it was when it was stored."""
    had = missing = 0
    for path, digest in stored_in(backup).items():
        if stop():
            raise Stopped
        if put_file(files_dir / path, pool / path, digest):
            had += 1
        else:
            missing += 1
    return had, missing


def put_file(source: Path, target: Path, digest: str) -> bool:
    """Have the file at `target`, whole; False where its bytes are gone or are others now."""
    if target.is_file():
        return True
    try:
        data = source.read_bytes()
    except FileNotFoundError:
        return False
    if hashlib.sha256(data).hexdigest() != digest:
        return False
    for folder in (target.parent.parent, target.parent):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _write(target, data)
    return True


def _write(target: Path, data: bytes) -> None:
    """Whole or not at all, for its owner alone."""
    part = target.with_name(target.name + PART)
    part.unlink(missing_ok=True)
    part.touch(mode=0o600)
    try:
        part.write_bytes(data)
        _flush(part)
        part.rename(target)
    finally:
        part.unlink(missing_ok=True)


def _copy_key(source: Path, target: Path) -> None:
    """The key of the links in force now: with another one every link sent would be dead."""
    if source.is_file() and (not target.is_file() or target.read_bytes() != source.read_bytes()):
        target.parent.mkdir(mode=0o700, exist_ok=True)
        _write(target, source.read_bytes())


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def rotate(folder: Path, keep: Keep, now: datetime) -> list[Path]:
    """Remove the backups that need not be kept, and the files that none of the others names.
    Returns the backups that went. To be called after a good backup only."""
    made = made_in(folder)
    stay = kept(made, keep, now)
    gone = [path for at, path in made.items() if at not in stay]
    for path in gone:
        path.unlink(missing_ok=True)
    for path in folder.glob(f"dondoc-*.db{PART}*"):
        path.unlink(missing_ok=True)
    _sweep(folder)
    return gone


def forget_aside(database: Path, now: datetime) -> list[Path]:
    """Remove the copies that upgrades and restores left beside the database, once they are
    ASIDE_DAYS old: nobody rotates them. Returns which."""
    gone = []
    for path in sorted(database.parent.glob(f"{database.name}.before-*")):
        match = _ASIDE.search(path.name)
        if match is None:
            continue
        with contextlib.suppress(ValueError):
            made = datetime.strptime(match[1], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
            if made < now - timedelta(days=ASIDE_DAYS):
                path.unlink(missing_ok=True)
                gone.append(path)
    return gone


def _sweep(folder: Path) -> None:
    """Files of the pool that no database beside it names. One that cannot be read keeps all."""
    try:
        named = {path for each in _databases(folder) for path in stored_in(each)}
    except sqlite3.Error:
        return
    for path in (folder / FILES).glob("??/*"):
        if path.relative_to(folder / FILES).as_posix() not in named:
            path.unlink(missing_ok=True)


def _databases(folder: Path) -> Iterator[Path]:
    """Every database that may name files of the pool, also those with a name of their own."""
    for path in folder.glob("*.db"):
        if path.is_file():
            yield path
