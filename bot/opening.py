"""What stands before a committee is at work: its lock, its tools, its database."""

import contextlib
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Self, TextIO

from bot.calendar_file import read_calendar
from bot.disk_words import why
from bot.settings import ConfigTrouble, Settings
from deadlines import Rule, WorkCalendar, read
from registry.clock import local_day
from registry.database import (
    Database,
    DatabaseTrouble,
    sqlite_path,
)
from registry.disk import in_words
from registry.expand import Terms
from registry.file_links import Links
from reports.render import Renderer

if os.name == "posix":
    import fcntl

log = logging.getLogger(__name__)

# PostgreSQL's invalid_schema_name.
_NO_SCHEMA = "3F000"


class AlreadyRunning(Exception):
    """Another process works on this database; the text is one Vietnamese line."""


def lock_file(path: Path) -> TextIO:
    """The file that is locked, made where it is missing. Raises DatabaseTrouble."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("a")
    except OSError as error:
        raise DatabaseTrouble(
            f"Không ghi được vào thư mục dữ liệu {path.parent} ({type(error).__name__}); "
            "kiểm tra quyền ghi, dung lượng và đĩa có bị gắn chỉ đọc không."
        ) from error


@contextlib.contextmanager
def only_one(path: Path) -> Iterator[None]:
    """Hold the lock of a data folder: two processes on one database would poll one token."""
    with lock_file(path) as handle:
        if os.name == "posix":
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise AlreadyRunning(
                    f"Một tiến trình dondoc khác đang chạy trên dữ liệu này ({path.parent})."
                ) from None
        yield


def locked(settings: Settings) -> contextlib.AbstractContextManager[None]:
    """The lock of a committee at work; on PostgreSQL several processes may be at it together.
    Raises AlreadyRunning, DatabaseTrouble."""
    if sqlite_path(settings.database_url) is None:
        return contextlib.nullcontext()
    return only_one(settings.paths.data_dir / "dondoc.lock")


def update_rule_of(settings: Settings, today: datetime) -> Rule | None:
    """When tasks without a day are asked for an update. Raises ConfigTrouble if unreadable."""
    phrase = settings.committee.update_request
    if not phrase.strip():
        return None
    reading = read(phrase, local_day(today))
    if reading.rule is None or not reading.sure or not reading.due:
        raise ConfigTrouble(
            f"[committee] update_request = {phrase!r} không đọc được thành ngày định kỳ; "
            'ví dụ: "trước ngày 15 của tháng cuối quý".'
        )
    return reading.rule


def links_of(settings: Settings) -> Links:
    """How files are linked; without a web server nothing is, and no key is needed. Raises
    KeyTrouble."""
    web = settings.web
    if not (web.on and web.public_url and web.safe):
        return Links(b"")
    return Links.at(settings.paths.data_dir, web.public_url)


@dataclass(frozen=True)
class Tools:
    """What the settings make: shared by the process, the command line and the tests."""

    settings: Settings
    renderer: Renderer
    calendar: WorkCalendar
    update_rule: Rule | None
    links: Links

    @classmethod
    def of(cls, settings: Settings, now: datetime) -> Self:
        return cls(
            settings,
            Renderer(settings.paths.templates_dir),
            read_calendar(settings.paths.calendar),
            update_rule_of(settings, now),
            links_of(settings),
        )

    def terms(self, now: datetime) -> Terms:
        """How tasks become duties here, seen from this moment."""
        return Terms(
            today=local_day(now),
            now=now,
            calendar=self.calendar,
            update_rule=self.update_rule,
            horizon_days=self.settings.committee.horizon_days,
        )


def open_database(settings: Settings, now: datetime) -> Database:
    """The database, migrated. Raises DatabaseTrouble."""
    url = settings.database_url
    try:
        with in_words(url):
            db = Database(url)
            _made_ready(db, now)
    except DatabaseTrouble:
        raise
    except Exception as error:
        log.debug("opening the database failed", exc_info=True)
        if getattr(getattr(error, "orig", None), "sqlstate", None) == _NO_SCHEMA:
            raise DatabaseTrouble(
                "Chưa có schema nêu ở [database] url; người quản trị PostgreSQL chạy CREATE SCHEMA."
            ) from error
        raise DatabaseTrouble(
            f"Không mở được cơ sở dữ liệu ({_reason(error)}); kiểm tra {_key(settings)}, "
            "quyền ghi và dung lượng đĩa."
        ) from error
    path = sqlite_path(url)
    if path is not None and path.exists():
        path.chmod(0o600)
    return db


def _key(settings: Settings) -> str:
    """The key that says where the database lies; an address may hold a password."""
    if settings.database.url:
        return "[database] url"
    return f"[paths] data_dir ({settings.paths.data_dir})"


def _reason(error: Exception) -> str:
    return why(error) if isinstance(error, OSError) else type(error).__name__


def _made_ready(db: Database, now: datetime) -> None:
    """A database that cannot be used is let go of: it may be tried again for days."""
    try:
        _check_again(db)
        db.migrate(now)
    except BaseException:
        db.close()
        raise


def damage_note(url: str) -> Path | None:
    """The file that says that an SQLite file was found damaged; None for other databases."""
    path = sqlite_path(url)
    return path.with_name(f"{path.name}.damaged") if path is not None else None


def _check_again(db: Database) -> None:
    """A page that nobody reads at the start would let the next life begin, and take answers that
    the restore loses; so what was found damaged once is read whole. Raises DatabaseDamaged."""
    note = damage_note(db.url)
    if note is not None and note.exists():
        db.check()
        note.unlink()
        log.warning("the database was called damaged; it is sound")
