"""Backups: which are kept, what lies in one, and that a failure leaves the others."""

import hashlib
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session

from registry import backups, files
from registry.backups import FILES, Stopped, made_in, make, rotate
from registry.database import Database, DatabaseTrouble, check_backup
from registry.file_links import KEY_NAME
from registry.marks import put
from registry.rotation import Keep, kept, longest_kept
from registry.tables import StoredFile
from tests.fakes.databases import fresh, sqlite_only

pytestmark = sqlite_only
NOW = datetime(2027, 3, 17, 18, 30, tzinfo=UTC)  # 01:30 on a Thursday
DAY = timedelta(days=1)


# -- which are kept -------------------------------------------------------------------------------


def nights(count: int) -> list[datetime]:
    return [NOW - number * DAY for number in range(count)]


@pytest.mark.parametrize(
    ("keep", "days"),
    [
        (Keep(1, 0, 0), [0, 1]),
        (Keep(3, 0, 0), [0, 1, 2]),
        # Sundays end a week, the last days of February and January a month.
        (Keep(1, 3, 0), [0, 1, 4, 11]),
        (Keep(1, 0, 3), [0, 1, 18, 46]),
        (Keep(2, 2, 2), [0, 1, 4, 18]),
    ],
)
def test_the_newest_of_each_period_stays(keep: Keep, days: list[int]) -> None:
    stay = kept(nights(60), keep, NOW)
    assert sorted((NOW - at).days for at in stay) == days


def test_periods_without_a_backup_do_not_count() -> None:
    old = [NOW - 300 * DAY, NOW - 301 * DAY, NOW - 340 * DAY]
    assert kept([NOW, *old], Keep(2, 0, 3), NOW) == {NOW, old[0], old[2]}
    assert kept([], Keep(), NOW) == set()
    assert kept([NOW - 900 * DAY], Keep(1, 0, 0), NOW) == {NOW - 900 * DAY}


def test_what_is_young_stays_whatever_the_count() -> None:
    twice = [NOW, NOW - timedelta(minutes=5), NOW - timedelta(hours=30)]
    assert kept(twice, Keep(1, 0, 0), NOW) == set(twice)


@pytest.mark.parametrize("keep", [Keep(), Keep(30, 0, 0), Keep(1, 0, 12), Keep(2, 52, 1)])
def test_night_after_night_nothing_is_kept_longer_than_promised(keep: Keep) -> None:
    there: set[datetime] = set()
    for number in range(800):
        now = NOW + number * DAY
        there = kept({*there, now}, keep, now)
        assert now - min(there) <= timedelta(days=longest_kept(keep))
    assert len(there) <= keep.daily + keep.weekly + keep.monthly + 2


# -- what lies in one -----------------------------------------------------------------------------


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = fresh(tmp_path)
    yield database
    database.close()


def keep_file(db: Database, folder: Path, data: bytes) -> StoredFile:
    return db.write_now(
        lambda s: files.keep(s, folder, "bao-cao.pdf", data, "application/pdf", NOW, days=None)
    )


def backup(folder: Path, number: int = 0) -> backups.Made:
    target = folder / "backups" / backups.name_of(NOW + number * DAY)
    return make(folder / "dondoc.db", target, folder, folder / "files")


def test_a_backup_is_whole_private_and_has_its_files(db: Database, tmp_path: Path) -> None:
    (tmp_path / KEY_NAME).write_bytes(b"k" * 32)
    one = keep_file(db, tmp_path / "files", b"one")
    gone = keep_file(db, tmp_path / "files", b"two")
    (tmp_path / "files" / gone.path).write_bytes(b"changed")
    made = backup(tmp_path)
    assert (made.files, made.missing) == (1, 1)
    assert made.path.name == "dondoc-20270318-013000.db"
    check_backup(made.path)
    pool = tmp_path / "backups" / FILES
    assert (pool / one.path).read_bytes() == b"one"
    assert (pool / KEY_NAME).read_bytes() == b"k" * 32
    modes = {path.stat().st_mode & 0o077 for path in (tmp_path / "backups").rglob("*")}
    assert modes == {0}
    assert [path.name for path in (tmp_path / "backups").iterdir() if path.is_file()] == [
        made.path.name
    ], "something half-made was left"


def test_a_backup_holds_one_moment_though_others_write(db: Database, tmp_path: Path) -> None:
    """As much is written while it is made as it takes; it is finished all the same."""
    wrote, enough = 300, threading.Event()

    def write(session: Session) -> None:
        put(session, f"n{wrote}", "x" * 2000, NOW)

    def many(session: Session) -> None:
        for number in range(wrote):
            put(session, f"n{number}", "x" * 2000, NOW)

    def writing() -> None:
        nonlocal wrote
        while not enough.is_set():
            db.write_now(write)
            wrote += 1

    db.write_now(many)
    thread = threading.Thread(target=writing)
    thread.start()
    try:
        made = backup(tmp_path)
    finally:
        enough.set()
        thread.join()
    with closing(sqlite3.connect(made.path)) as copy:
        names = {name for (name,) in copy.execute("SELECT name FROM mark WHERE name LIKE 'n%'")}
    assert names == {f"n{number}" for number in range(len(names))}
    assert len(names) >= 300


def test_the_old_ones_go_and_with_the_last_of_them_their_files(
    db: Database, tmp_path: Path
) -> None:
    lasting = keep_file(db, tmp_path / "files", b"lasting")
    short = keep_file(db, tmp_path / "files", b"short")
    backup(tmp_path)
    db.write_now(lambda s: s.delete(s.get_one(StoredFile, short.id)))
    folder, pool = tmp_path / "backups", tmp_path / "backups" / FILES
    for number in range(1, 5):
        made = backup(tmp_path, number)
        rotate(folder, Keep(3, 0, 0), NOW + number * DAY)
        assert made.path.exists()
        assert (pool / short.path).exists() == (number < 3)
    assert (pool / lasting.path).exists()
    assert len(made_in(folder)) == 3


def test_what_is_no_backup_of_ours_is_left_alone(db: Database, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    strangers = [folder / name for name in ("truoc-nang-cap.db", "dondoc-hom-nay.db", "thu.txt")]
    for path in strangers:
        path.write_bytes(b"")
    keep_file(db, tmp_path / "files", b"one")
    for number in (0, 9, 10):
        backup(tmp_path, number)
    assert len(rotate(folder, Keep(1, 0, 0), NOW + 10 * DAY)) == 1
    assert all(path.exists() for path in strangers)
    assert list((folder / FILES).glob("??/*")), "a database that cannot be read keeps every file"


# -- when it fails --------------------------------------------------------------------------------


def untouched(folder: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.iterdir())
        if path.is_file()
    }


def test_an_unsound_database_makes_no_backup(db: Database, tmp_path: Path) -> None:

    def many(session: Session) -> None:
        for number in range(200):
            put(session, f"n{number}", "x" * 500, NOW)

    db.write_now(many)
    backup(tmp_path)
    before = untouched(tmp_path / "backups")
    db.close()
    path = tmp_path / "dondoc.db"
    whole = bytearray(path.read_bytes())
    whole[len(whole) // 2 :] = bytes(len(whole) - len(whole) // 2)
    path.write_bytes(whole)
    with pytest.raises(DatabaseTrouble, match="còn nguyên"):
        backup(tmp_path, 1)
    assert untouched(tmp_path / "backups") == before


def test_a_disk_without_room_is_not_filled(db: Database, tmp_path: Path) -> None:
    keep_file(db, tmp_path / "files", b"one")
    made = backup(tmp_path)
    before = untouched(tmp_path / "backups")
    target = made.path.with_name("dondoc-20270319-013000.db")
    with pytest.raises(DatabaseTrouble, match="Không đủ chỗ"):
        make(tmp_path / "dondoc.db", target, tmp_path, tmp_path / "files", spare=1 << 60)
    assert untouched(tmp_path / "backups") == before


def test_somebody_who_ends_it_gets_no_half_backup(db: Database, tmp_path: Path) -> None:
    keep_file(db, tmp_path / "files", b"one")
    for asked in range(6):
        looks = iter([False] * asked)
        target = tmp_path / "backups" / "dondoc-20270318-013000.db"
        try:
            make(tmp_path / "dondoc.db", target, tmp_path, tmp_path / "files",
                 lambda looks=looks: next(looks, True))  # fmt: skip
        except Stopped:
            assert not target.exists()
            assert not list(target.parent.glob("*.part*"))
            continue
        assert target.exists()
        return


def test_a_folder_that_cannot_be_written(db: Database, tmp_path: Path) -> None:
    keep_file(db, tmp_path / "files", b"one")
    (tmp_path / "backups").write_bytes(b"a file")
    with pytest.raises(DatabaseTrouble, match="Không sao lưu được"):
        backup(tmp_path)
