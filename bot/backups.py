"""The night's backup: made in a thread, checked, old ones swept; staff hear once if it fails."""

import asyncio
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import ParamSpec, TypeVar

from sqlmodel import Session

from bot.bell import Bell
from bot.settings import Settings
from registry import backups, marks, people
from registry.backups import Made, Stopped
from registry.clock import local, local_day, moment_of
from registry.database import Database, DatabaseTrouble, sqlite_path
from registry.notices import put_text
from registry.retention import ASIDE_DAYS
from registry.rotation import longest_kept
from registry.types import NoticeKind
from reports.render import Renderer

log = logging.getLogger(__name__)

LOOK_EVERY = 300.0
# What begins is not made wait for a night that was missed.
FIRST_AFTER = 300.0
RETRY = timedelta(hours=1)
FAILED_MARK = "backup-failed"
# One for all committees of the process: their hour may be the same, the disk is.
_HANDS = ThreadPoolExecutor(1, thread_name_prefix="dondoc-backup")

P = ParamSpec("P")
T = TypeVar("T")


class Backups:
    """What is there is looked up in the folder, not remembered: a file that somebody removed is
    made again. `wake` is called when something was queued."""

    def __init__(
        self,
        db: Database,
        settings: Settings,
        renderer: Renderer,
        clock: Callable[[], datetime],
        wake: Callable[[], object],
    ) -> None:
        self._db = db
        self._settings = settings
        self._renderer = renderer
        self._clock = clock
        self._wake = wake
        # The last moment at which it was tried in vain.
        self._tried: datetime | None = None
        self._ending = threading.Event()
        self._bell = Bell(self._look_now, LOOK_EVERY, "the look at the backups failed")

    @property
    def on(self) -> bool:
        return self._db.sqlite and self._settings.backup.on

    async def run(self) -> None:
        """Until cancelled; a backup that is under way then is given up."""
        self._ending.clear()
        try:
            await asyncio.sleep(FIRST_AFTER)
            await self._bell.serve()
        finally:
            self._ending.set()

    async def _look_now(self) -> None:
        await self.look(self._clock())

    async def look(self, now: datetime) -> Made | None:
        """Make a backup if one is due; None where none is, or it came to nothing."""
        if self._tried is not None and timedelta() <= now - self._tried < RETRY:
            return None
        folder = self._settings.backup_dir
        last = await _by_itself(newest, folder, now)
        if last is not None and last >= last_due(self._settings, now):
            return None
        self._tried = now
        try:
            made = await _by_itself(self._make, now)
        except Stopped:
            return None
        except DatabaseTrouble as trouble:
            log.error("no backup: %s", trouble)  # noqa: TRY400 -- the text says it all
            await self._db.write(self._tell_staff, str(trouble), last, now)
            self._wake()
            return None
        self._tried = None
        log.info("backup made: %s (%d bytes, %d files)", made.path, made.size, made.files)
        if await self._db.read(marks.get, FAILED_MARK) is not None:
            await self._db.write(mended)
        return made

    def _make(self, now: datetime) -> Made:
        made = make(self._settings, now, self._ending.is_set)
        database = sqlite_path(self._settings.database_url)
        try:
            rotated = backups.rotate(made.path.parent, self._settings.backup.keep, now)
            aside = backups.forget_aside(database, now) if database is not None else []
            for gone in (*rotated, *aside):
                log.info("backup no longer kept: %s", gone.name)
        except OSError as error:
            log.warning("old backups could not be removed: %s", error.strerror)
        return made

    def _tell_staff(self, session: Session, why: str, last: datetime | None, now: datetime) -> None:
        """Once for each run of failures."""
        if marks.get(session, FAILED_MARK) is not None:
            return
        marks.put(session, FAILED_MARK, why, now)
        said = self._renderer.render(
            "replies/backup_failed_staff", why=why, last=local(last) if last else None
        )
        for staff in people.staff_subscriptions(session):
            key = f"backup-failed:{now.isoformat()}:{staff.id}"
            put_text(session, NoticeKind.ALERT, key, said.html, now, subscription_id=staff.id)


async def _by_itself(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    return await asyncio.get_running_loop().run_in_executor(_HANDS, partial(work, *args, **kwargs))


def mended(session: Session) -> None:
    """A backup was made: the next failure is told again."""
    mark = marks.get(session, FAILED_MARK)
    if mark is not None:
        session.delete(mark)


def make(
    settings: Settings,
    now: datetime,
    stop: Callable[[], bool] = lambda: False,
    to: Path | None = None,
) -> Made:
    """A backup of the installation's live SQLite database. Raises DatabaseTrouble, Stopped."""
    source = sqlite_path(settings.database_url)
    if source is None:
        raise DatabaseTrouble(
            "Cơ sở dữ liệu là PostgreSQL: hãy sao lưu bằng pg_dump -Fc, "
            f"và chép kèm thư mục {settings.paths.data_dir}."
        )
    target = to or settings.backup_dir / backups.name_of(now)
    return backups.make(source, target, settings.paths.data_dir, settings.files_dir, stop)


def newest(folder: Path, now: datetime) -> datetime | None:
    """When the newest backup was made; what claims to come from the future does not count."""
    return max((at for at in backups.made_in(folder) if at <= now), default=None)


def last_due(settings: Settings, now: datetime) -> datetime:
    """The last moment at which a backup was to be made."""
    tonight = moment_of(local_day(now), settings.backup.at)
    return tonight if tonight <= now else tonight - timedelta(days=1)


def erased_leave_on(settings: Settings, now: datetime) -> date | None:
    """The day by which what is erased now has left our backups, where one is made every night; None
    where others make them."""
    if sqlite_path(settings.database_url) is None or not settings.backup.on:
        return None
    days = max(longest_kept(settings.backup.keep), ASIDE_DAYS + 1)
    return local_day(now) + timedelta(days=days)
