"""Whether anything happened: a tick that would find everything as it left it need not look.

SQLite tells each connection whether another one has written (`PRAGMA data_version`), for some
microseconds, where looking at everything costs tens of milliseconds. For other databases nothing is
told, and every tick looks.
"""

import sqlite3
from datetime import datetime, timedelta

from registry.database import Database, sqlite_path

# What depends on the hour alone is looked at so often all the same.
QUIET = timedelta(minutes=5)
# What was begun by a change (a message to be pinned once it has arrived) may need a look or two.
SETTLED = timedelta(minutes=1)


class Stillness:
    """Remembers how the database was after the last tick."""

    def __init__(self, db: Database) -> None:
        self._path = sqlite_path(db.url)
        self._connection: sqlite3.Connection | None = None
        self._seen: int | None = None
        self._at: datetime | None = None
        self._changed_at: datetime | None = None

    def lasts(self, now: datetime) -> bool:
        """Whether nobody has written since :meth:`begins`, nor for a minute before."""
        if self._at is None or not timedelta() <= now - self._at < QUIET:
            return False
        version = self._version()
        if version is None or version != self._seen or self._changed_at is None:
            self._changed_at = now
            return False
        return not timedelta() <= now - self._changed_at <= SETTLED

    def begins(self, now: datetime) -> None:
        """Everything has been looked at."""
        self._seen, self._at = self._version(), now

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _version(self) -> int | None:
        if self._path is None:
            return None
        try:
            if self._connection is None:
                uri = f"{self._path.resolve().as_uri()}?mode=ro"
                self._connection = sqlite3.connect(uri, uri=True)
            row: tuple[int] = self._connection.execute("PRAGMA data_version").fetchone()
        except sqlite3.Error:
            return None
        return row[0]
