"""Fresh migrated databases for tests: migrated once, then copied."""

import sqlite3
import tempfile
from contextlib import closing
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from registry.database import Database
from tests.fakes import postgres

LONG_AGO = datetime(2024, 1, 1, tzinfo=UTC)
# For what one engine does in a way of its own.
sqlite_only = pytest.mark.skipif(postgres.wanted(), reason="about SQLite's own files and words")
needs_postgres = pytest.mark.skipif(bool(postgres.missing()), reason=postgres.missing() or "-")


@cache
def _migrated() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "dondoc.db"
        db = Database(f"sqlite:///{path}")
        db.migrate(LONG_AGO)
        db.close()
        return path.read_bytes()


def address() -> str:
    """The URL of an empty migrated database where PostgreSQL is wanted, else "": a file."""
    if not postgres.wanted():
        return ""
    if postgres.missing():
        pytest.skip(postgres.missing())
    return postgres.fresh()


def fresh(folder: Path, name: str = "dondoc.db") -> Database:
    """An empty database of the current schema: a file of the folder, or in the test cluster."""
    if postgres.wanted():
        return Database(address())
    path = folder / name
    path.write_bytes(_migrated())
    return Database(f"sqlite:///{path}")


def ended(db: Database) -> None:
    """Close a database of `fresh` nobody will look at again, though the test goes on."""
    db.close()
    if postgres.wanted():
        postgres.returned(db.url)


def spoil(path: Path, table: str) -> None:
    """Noise over one page in the middle of a database: the first of a table. What does not read
    that table finds nothing wrong. Who has the file open forgets the pages it knew."""
    with closing(sqlite3.connect(path)) as db:
        with db:
            db.execute("UPDATE alembic_version SET version_num = version_num")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        size = db.execute("PRAGMA page_size").fetchone()[0]
        found = db.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()
    with path.open("r+b") as file:
        file.seek((found[0] - 1) * size)
        file.write(b"\xde\xad\xbe\xef" * (size // 4))
