"""`dondoc restore`: a backup takes the place of the database; what is replaced is kept beside it.

The backup is made ready under a name of its own (migrated, planned, its outbox settled) and only
then takes the place: whatever goes wrong on the way leaves the database as it was.
"""

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from sqlmodel import Session

from bot.backups import erased_leave_on
from bot.opening import Tools, damage_note
from bot.settings import Settings
from registry import files, former, people, restoring
from registry.backups import FILES, put_file, stored_in
from registry.clock import local
from registry.database import (
    Database,
    DatabaseTrouble,
    check_backup,
    copy_database,
    sqlite_path,
)
from registry.file_links import KEY_NAME
from registry.former import Former
from registry.notices import put_text
from registry.restoring import Held
from registry.types import NoticeKind
from scheduler.planning import mark_changed, plan_slice

ENDS = ("", "-wal", "-shm")
MOST_NAMED = 12


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore came to. `kept`: the database that was replaced; `backed_up`: about when the
    backup was made; `former`: what the replaced one still told; `held`: the outbox; `files`: how
    many came back, `missing`: how many are nowhere; `erased_again`: people."""

    kept: Path | None
    backed_up: datetime | None
    former: Former
    held: Held
    files: int
    missing: int
    erased_again: int


def restore(
    settings: Settings, tools: Tools, source: Path, now: datetime, *, resend: bool = False
) -> Restored:
    """Put a backup in place of the database. `resend`: what may have been told already is told
    again, marked. The caller holds the lock.

    Raises DatabaseTrouble (one Vietnamese line): not our database, no room, PostgreSQL.
    """
    target = sqlite_path(settings.database_url)
    if target is None:
        raise DatabaseTrouble(
            "Cơ sở dữ liệu là PostgreSQL: dừng mọi dondoc run rồi phục hồi bằng pg_restore."
        )
    if not source.is_file():
        raise DatabaseTrouble(f"Không có tệp {source}.")
    check_backup(source)
    ready = target.with_name(f"{target.name}.restoring")
    try:
        with _trouble(target.parent):
            _remove(ready)
            copy_database(source, ready)
            came = _files_back(source, ready, settings)
            done = _made_ready(ready, target, tools, now, came, resend=resend)
            kept = _aside(target, now)
            for end in ENDS:
                _move(Path(f"{ready}{end}"), Path(f"{target}{end}"))
            if note := damage_note(settings.database_url):
                note.unlink(missing_ok=True)
    finally:
        _remove(ready)
    return Restored(kept, *done)


@contextlib.contextmanager
def _trouble(folder: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise DatabaseTrouble(
            f"Không phục hồi được vào {folder} ({why}); cơ sở dữ liệu hiện có chưa đổi."
        ) from error


def _remove(path: Path) -> None:
    for each in path.parent.glob(f"{path.name}*"):
        each.unlink(missing_ok=True)


def _move(source: Path, target: Path) -> None:
    if source.exists():
        source.rename(target)


def _aside(target: Path, now: datetime) -> Path | None:
    """The database that is replaced, under another name."""
    if not target.exists():
        return None
    kept = target.with_name(f"{target.name}.before-restore-{now:%Y%m%d%H%M%S}")
    for end in ENDS:
        _move(Path(f"{target}{end}"), Path(f"{kept}{end}"))
    return kept


def _files_back(source: Path, ready: Path, settings: Settings) -> int:
    """Files the backup names and the data folder lacks, and the key of the links. How many came.
    Stored files never change: those that are there already are right."""
    pool, folder, came = source.parent / FILES, settings.files_dir, 0
    for path, digest in stored_in(ready).items():
        if not (folder / path).is_file():
            came += put_file(pool / path, folder / path, digest)
    key = settings.paths.data_dir / KEY_NAME
    if not key.exists() and (pool / KEY_NAME).is_file():
        files.write_new(key, (pool / KEY_NAME).read_bytes())
    return came


def _made_ready(
    ready: Path, target: Path, tools: Tools, now: datetime, came: int, *, resend: bool
) -> tuple[datetime | None, Former, Held, int, int, int]:
    db = Database(f"sqlite:///{ready}")
    try:
        db.migrate(now)
        backed_up = db.read_now(restoring.backed_up_at)
        head = db.read_now(restoring.head_of)
        known = former.read(target, head, backed_up or now, now)
        again, held = settle(db, tools, known, now, resend=resend)
        missing = db.read_now(files.missing, tools.settings.files_dir, now)
    finally:
        db.close()
    ready.chmod(0o600)
    return backed_up, known, held, came, missing, again


def settle(
    db: Database, tools: Tools, known: Former, now: datetime, *, resend: bool = False
) -> tuple[int, Held]:
    """See to it that a database fresh from a backup, by whatever program, sends nothing blindly.
    Returns how many people were erased again, and what became of the outbox. Nobody may be at work
    on it."""
    backed_up = db.read_now(restoring.backed_up_at)
    again = db.write_now(_settle, known, tools.settings, now)
    _plan(db, tools, now)
    held = db.write_now(restoring.hold, known, now, resend=resend)
    db.write_now(restoring.note, backed_up, held, now)
    db.write_now(_tell_staff, tools, backed_up, known, held, now, resend)
    return again, held


def _settle(session: Session, known: Former, settings: Settings, now: datetime) -> int:
    restoring.take_over(session, known, now)
    again = restoring.erase_again(session, known, now, erased_leave_on(settings, now))
    files.forget_expired(session, settings.files_dir, now)
    return again


def _plan(db: Database, tools: Tools, now: datetime) -> None:
    """Everything that would be planned at the next start, so that it can be looked at."""
    db.write_now(partial(mark_changed, daily=True), now)
    more = True
    while more:
        more = db.write_now(plan_slice, tools.settings.policy, tools.calendar, now).more


def _tell_staff(
    session: Session, tools: Tools, backed_up: datetime | None, known: Former, held: Held,
    now: datetime, resend: bool,
) -> None:  # fmt: skip
    said = tools.renderer.render(
        "replies/restored_staff",
        backed_up=local(backed_up) if backed_up else None,
        alive=local(known.alive),
        known=known.known,
        held=held,
        agencies=held.agencies[:MOST_NAMED],
        rest=len(held.agencies[MOST_NAMED:]),
        resend=resend,
    )
    for staff in people.staff_subscriptions(session):
        key = f"restored:{now.isoformat()}:{staff.id}"
        put_text(session, NoticeKind.ALERT, key, said.html, now, subscription_id=staff.id)
