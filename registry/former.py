"""What a database that is being replaced by a backup still knows: what was sent after the backup.

It is read as it lies there, by plain SQL (it may be of another version, or broken half-way), and
only where it is the same installation's: the head of the backup's journal must stand in its own.
"""

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

# Marks by which something done at a certain time is not done again (bot/rounds.py, drafts.py,
# letters.py), and the last number that was given to a duty.
PERIODIC = ("heartbeat:", "heartbeat-answers:", "brief:", "draft:", "letter:")
LAST_NUMBER = "duty.number"
# What somebody did; counted, because it is lost with the replaced database.
_DONE = {
    "completion": "at",
    "obstacle": "at",
    "request": "asked_at",
    "directive": "created_at",
    "inbound": "received_at",
}
_PIECE = 500
# A file's own time is the last write's, give or take what the process had not written yet.
_LAG = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Former:
    """What is known of it. `alive`: when it last gave a sign of life. `known`: it is the same
    installation's and can be read, so that what follows is more than a guess. `lost`: how much was
    done in it after the backup."""

    alive: datetime
    known: bool = False
    marks: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    rankings: dict[int, tuple[datetime | None, datetime | None, datetime | None]] = field(
        default_factory=dict
    )
    erased: tuple[int, ...] = ()
    lost: dict[str, int] = field(default_factory=dict)
    path: Path | None = None

    def outcomes(self, keys: Sequence[str]) -> dict[str, str]:
        """What became of these notices there, as far as it knows them."""
        if not self.known or self.path is None:
            return {}
        with contextlib.suppress(sqlite3.Error), closing(_open(self.path)) as db:
            return dict(_in_pieces(db, "SELECT key, state FROM notice WHERE key IN", keys))
        return {}


def _open(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)


def _in_pieces(db: sqlite3.Connection, query: str, keys: Sequence[str]) -> Iterator[Any]:
    for start in range(0, len(keys), _PIECE):
        piece = keys[start : start + _PIECE]
        marks = ",".join("?" * len(piece))
        yield from db.execute(f"{query} ({marks})", piece)


def read(path: Path | None, head: str, backed_up: datetime, now: datetime) -> Former:
    """What the database at `path` knows; None: there was none. `head`: the last digest of the
    backup's journal; `backed_up`: when it was made."""
    if path is None or not path.exists():
        return Former(alive=now)
    with contextlib.suppress(sqlite3.Error, ValueError), closing(_open(path)) as db:
        # Of another installation, or from before there was a journal: nothing can be concluded.
        if not head or not _has(db, head):
            return Former(alive=now)
        return _known(db, path, backed_up, now)
    touched = _touched(path)
    # A clock that says otherwise proves nothing.
    return Former(alive=touched if backed_up < touched < now else now)


def _has(db: sqlite3.Connection, head: str) -> bool:
    found = db.execute("SELECT 1 FROM auditevent WHERE digest = ? LIMIT 1", (head,))
    return found.fetchone() is not None


def _touched(path: Path) -> datetime:
    """When the file was last written, by the clock of the machine."""
    files = [each for each in (path, Path(f"{path}-wal")) if each.exists()]
    return datetime.fromtimestamp(max(each.stat().st_mtime for each in files), UTC) + _LAG


def _known(db: sqlite3.Connection, path: Path, backed_up: datetime, now: datetime) -> Former:
    marks = {name: (value, _moment(at)) for name, value, at in
             db.execute("SELECT name, value, at FROM mark")}  # fmt: skip
    since = _text(backed_up)
    lasts = [
        db.execute("SELECT max(opened_at) FROM attempt").fetchone()[0],
        db.execute("SELECT max(closed_at) FROM attempt").fetchone()[0],
        db.execute("SELECT max(received_at) FROM inbound").fetchone()[0],
        db.execute("SELECT max(at) FROM auditevent").fetchone()[0],
    ]
    signs = [at for _, at in marks.values()] + [_moment(at) for at in lasts if at]
    return Former(
        alive=min(now, max(signs, default=now) + _LAG),
        known=True,
        marks={
            name: mark
            for name, mark in marks.items()
            if name.startswith(PERIODIC) or name == LAST_NUMBER
        },
        rankings={
            row[0]: (_maybe(row[1]), _maybe(row[2]), _maybe(row[3]))
            for row in db.execute(
                "SELECT id, previewed_at, published_at, cancelled_at FROM ranking"
            )
        },
        erased=tuple(
            row[0]
            for row in db.execute(
                "SELECT id FROM contact WHERE closed_reason IN ('erased', 'erasing') ORDER BY id"
            )
        ),
        lost={
            table: db.execute(
                f"SELECT count(*) FROM {table} WHERE {column} > ?",  # noqa: S608 -- our own names
                (since,),
            ).fetchone()[0]
            for table, column in _DONE.items()
        },
        path=path,
    )


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _maybe(text: str | None) -> datetime | None:
    return _moment(text) if text else None


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
