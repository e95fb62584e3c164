"""A throw-away PostgreSQL cluster for tests, where its programs are installed.

Started once a run, on a socket in a temporary folder, without durability: tests want the engine's
behaviour, not its disk. Each test gets a database of its own, copied from a migrated template.
"""

import atexit
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from itertools import count
from pathlib import Path

from registry.database import Database

LONG_AGO = datetime(2024, 1, 1, tzinfo=UTC)
WANTED = "DONDOC_TEST_DATABASE"
_TEMPLATE = "dondoc_template"
_numbers = count(1)
# Without durability; a benchmark takes it back.
FAST: tuple[str, ...] = (
    "-c",
    "fsync=off",
    "-c",
    "synchronous_commit=off",
    "-c",
    "full_page_writes=off",
)


def wanted() -> bool:
    """Whether this run of the suite is to be on PostgreSQL."""
    return os.environ.get(WANTED, "") == "postgresql"


@cache
def programs() -> Path | None:
    """The folder with initdb and pg_ctl; None where there is none."""
    places = [*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    found = shutil.which("pg_ctl")
    if found:
        places.insert(0, Path(found).parent)
    return next((place for place in places if (place / "pg_ctl").exists()), None)


def missing() -> str:
    """Why there is no PostgreSQL here; "" where there is."""
    if programs() is None:
        return "PostgreSQL is not installed (Debian: apt-get install postgresql)"
    if os.geteuid() == 0 and shutil.which("runuser") is None:
        return "PostgreSQL refuses to run as root, and there is no runuser"
    return ""


@cache
def cluster() -> Path:
    """The folder of the running cluster's socket; it is stopped when the tests end."""
    bin_dir = programs()
    assert bin_dir is not None, missing()
    folder = Path(tempfile.mkdtemp(prefix="dondoc-pg-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    data = folder / "data"
    _as_owner(
        [str(bin_dir / "initdb"), "-D", str(data), "-U", "dondoc", "-A", "trust", "-E", "UTF8"]
    )
    options = " ".join(
        ("-k", str(folder), "-c", "listen_addresses=''", "-c", "max_connections=200", *FAST)
    )
    log = folder / "log"
    _as_owner(
        [str(bin_dir / "pg_ctl"), "-D", str(data), "-w", "-l", str(log), "-o", options, "start"]
    )
    atexit.register(_stop, bin_dir, folder)
    _sql(folder, "CREATE DATABASE " + _TEMPLATE)
    db = Database(_url(folder, _TEMPLATE))
    db.migrate(LONG_AGO)
    db.close()
    return folder


def fresh() -> str:
    """The URL of an empty migrated database of its own."""
    folder = cluster()
    name = f"dondoc_{os.getpid()}_{next(_numbers)}"
    _sql(folder, f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}")
    return _url(folder, name)


def empty() -> str:
    """The URL of a database without any table."""
    folder = cluster()
    name = f"dondoc_{os.getpid()}_{next(_numbers)}"
    _sql(folder, f"CREATE DATABASE {name}")
    return _url(folder, name)


def _url(folder: Path, name: str) -> str:
    return f"postgresql+psycopg://dondoc@/{name}?host={folder}"


def _sql(folder: Path, statement: str) -> None:
    import psycopg  # noqa: PLC0415 -- an extra: only where PostgreSQL is wanted

    with psycopg.connect(f"host={folder} user=dondoc dbname=postgres", autocommit=True) as db:
        db.execute(statement)  # type: ignore[arg-type]


def _stop(bin_dir: Path, folder: Path) -> None:
    _as_owner([str(bin_dir / "pg_ctl"), "-D", str(folder / "data"), "-m", "immediate", "stop"])
    shutil.rmtree(folder, ignore_errors=True)


def _as_owner(command: Sequence[str]) -> None:
    """Run as the user PostgreSQL wants: it refuses root."""
    prefix = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    subprocess.run([*prefix, *command], check=True, stdout=subprocess.DEVNULL, timeout=60)
