"""A throw-away PostgreSQL cluster for tests, where its programs are installed.

Started once a run, on a socket in a temporary folder, without durability: tests want the engine's
behaviour, not its disk. The processes of one run share it, and it ends when the last of them has
ended, however that came. Each test gets a database of its own: one that an earlier test has left,
emptied (2 ms), or a copy of a migrated template (100 ms, and another 100 until it is warm).
"""

import atexit
import fcntl
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy.engine import make_url

from registry.database import Database

LONG_AGO = datetime(2024, 1, 1, tzinfo=UTC)
WANTED = "DONDOC_TEST_DATABASE"
_TEMPLATE = "dondoc_template"
_numbers = count(1)
# Which test every database was last given to.
_lent: dict[str, str] = {}
# Without durability; a benchmark takes it back.
FAST: tuple[str, ...] = (
    "-c",
    "fsync=off",
    "-c",
    "synchronous_commit=off",
    "-c",
    "full_page_writes=off",
)
# A pipe nobody writes to: it ends when every process that holds it has.
_PIPE = "held-by-tests"
_KEEPER = """
{
  cat "$1/held-by-tests"
  exec 9>"$1.lock" && flock 9
  $2 "$3/pg_ctl" -D "$1/data" -m immediate stop
  rm -rf "$1" "$1.lock"
} </dev/null >/dev/null 2>&1 &
"""
# Every row and every number given out goes; the answer says whether the database is as good as new:
# of the template's shape, and not blown up by what was in it.
_EMPTY = """
DO $$ DECLARE name text; BEGIN
    PERFORM set_config('session_replication_role', 'replica', true);
    FOR name IN SELECT tablename FROM pg_tables
        WHERE schemaname = 'public' AND tablename <> 'alembic_version'
    LOOP EXECUTE format('DELETE FROM %I', name); END LOOP;
    PERFORM setval(seqrelid::regclass, seqstart, false) FROM pg_sequence;
END $$
"""
_SHAPE = """
SELECT md5(string_agg(relname || relkind::text || relnatts, ',' ORDER BY relname))
FROM pg_class WHERE relnamespace = 'public'::regnamespace
"""
_SIZE = """
SELECT sum(pg_relation_size(oid)) FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'i')
"""
_MOST = 32 * 1024 * 1024


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
    """The folder of the running cluster's socket."""
    # The processes of one xdist run know each other by this.
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", f"alone{os.getpid()}")[:16]
    folder = Path(tempfile.gettempdir()) / f"dondoc-pg-{run}"
    while True:
        with _locked(folder.with_name(f"{folder.name}.lock")):
            if not (folder / _PIPE).exists():
                _start(folder)
            try:
                # Held until this process ends; nothing it starts inherits it.
                os.open(folder / _PIPE, os.O_WRONLY | os.O_NONBLOCK)
            except OSError:
                pass  # Its keeper is about to end it, or has not come to read yet.
            else:
                return folder
        time.sleep(0.05)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _start(folder: Path) -> None:
    """Make and start the cluster, and a keeper that stops it when nobody is left."""
    bin_dir = programs()
    assert bin_dir is not None, missing()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    data = str(folder / "data")
    _as_owner(
        [str(bin_dir / "initdb"), "-D", data, "-U", "dondoc", "-A", "trust", "-E", "UTF8", "-N"]
    )
    options = " ".join(
        ("-k", str(folder), "-c", "listen_addresses=''", "-c", "max_connections=200", *FAST)
    )
    log = str(folder / "log")
    _control(folder, "-l", log, "-o", options, "start")
    with _connected(folder, "postgres") as db:
        db.execute("CREATE DATABASE " + _TEMPLATE)
    template = Database(_url(folder, _TEMPLATE))
    template.migrate(LONG_AGO)
    template.close()
    os.mkfifo(folder / _PIPE)
    subprocess.run(
        ["sh", "-c", _KEEPER, "keeper", str(folder), " ".join(_owner()), str(bin_dir)],
        check=True,
        start_new_session=True,
        timeout=60,
    )


def restart() -> None:
    """The server ends as if it had crashed, and comes back. For a cluster nobody else uses."""
    log, folder = str(cluster() / "log"), cluster()
    _desk.cache_clear()
    _control(folder, "-l", log, "-m", "immediate", "restart")


def _control(folder: Path, *command: str) -> None:
    bin_dir = programs()
    assert bin_dir is not None, missing()
    _as_owner([str(bin_dir / "pg_ctl"), "-D", str(folder / "data"), "-w", *command])


def fresh() -> str:
    """The URL of an empty migrated database of its own."""
    folder, test = cluster(), _test()
    for name in _left(folder, test):
        if _emptied(folder, name):
            _lent[name] = test
            return _url(folder, name)
        del _lent[name]
        _sql(folder, f"DROP DATABASE {name} WITH (FORCE)")
    name = _new_name()
    _sql(folder, f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE} STRATEGY FILE_COPY")
    _lent[name] = test
    return _url(folder, name)


def returned(url: str) -> None:
    """Nobody will look at this database again: the same test may be given it once more."""
    _lent[str(make_url(url).database)] = ""


def empty() -> str:
    """The URL of a database without any table."""
    name = _new_name()
    _sql(cluster(), f"CREATE DATABASE {name}")
    return _url(cluster(), name)


def _new_name() -> str:
    return f"dondoc_{os.getpid()}_{next(_numbers)}"


def _test() -> str:
    """The test that runs; "" outside tests."""
    return os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0]


def _left(folder: Path, test: str) -> list[str]:
    """Databases that earlier tests had and nobody is connected to; what this test has had already
    it may want to look at again."""
    old = [name for name, by in _lent.items() if by != test] if test else []
    if not old:
        return []
    rows = _sql(folder, "SELECT datname FROM pg_stat_activity WHERE datname = ANY(%s)", [old])
    return [name for name in old if (name,) not in set(rows)]


def _emptied(folder: Path, name: str) -> bool:
    with _connected(folder, name) as db:
        db.execute(_EMPTY)
        shape = db.execute(_SHAPE).fetchone()
        size = db.execute(_SIZE).fetchone()[0]
    return shape == _template_shape(folder) and size < _MOST


@cache
def _template_shape(folder: Path) -> Any:
    name = _new_name()
    _sql(folder, f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE} STRATEGY FILE_COPY")
    with _connected(folder, name) as db:
        shape = db.execute(_SHAPE).fetchone()
    _lent[name] = ""
    return shape


def _url(folder: Path, name: str) -> str:
    return f"postgresql+psycopg://dondoc@/{name}?host={folder}"


def _connected(folder: Path, name: str) -> Any:
    import psycopg  # noqa: PLC0415 -- an extra: only where PostgreSQL is wanted

    return psycopg.connect(f"host={folder} user=dondoc dbname={name}", autocommit=True)


@cache
def _desk(folder: Path) -> Any:
    """A connection for the whole run."""
    db = _connected(folder, "postgres")
    atexit.register(db.close)
    return db


def _sql(folder: Path, statement: str, values: Sequence[Any] = ()) -> list[Any]:
    found = _desk(folder).execute(statement, values or None)
    return found.fetchall() if found.description else []


def _owner() -> list[str]:
    """How to become the user PostgreSQL wants: it refuses root."""
    return ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []


def _as_owner(command: Sequence[str]) -> None:
    subprocess.run([*_owner(), *command], check=True, stdout=subprocess.DEVNULL, timeout=60)
