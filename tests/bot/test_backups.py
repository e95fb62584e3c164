"""The night's backup as `dondoc run` makes it: when, how often, what staff hear of a failure."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from bot.backups import Backups, last_due
from bot.doctor import kept_findings
from bot.settings import Backup, Paths, Settings
from registry.backups import made_in
from registry.clock import moment_of
from registry.database import Database
from registry.tables import Notice, Subscription
from registry.types import Role
from reports.render import Renderer
from tests.fakes.databases import fresh, sqlite_only

pytestmark = sqlite_only
NOW = datetime(2027, 3, 17, 18, 30, tzinfo=UTC)  # 01:30 on a Thursday
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = fresh(tmp_path)
    database.write_now(
        lambda s: s.add(Subscription(key="staff", role=Role.STAFF, since=NOW, plan_due=False))
    )
    yield database
    database.close()


def settings_of(folder: Path, **backup: object) -> Settings:
    return Settings(paths=Paths(data_dir=folder), backup=Backup.model_validate(backup))


def keeper(db: Database, settings: Settings) -> Backups:
    return Backups(db, settings, Renderer(None), lambda: NOW, lambda: None)


def told(db: Database) -> list[str]:
    return db.read_now(lambda s: [row.payload for row in s.exec(select(Notice))])


async def test_once_a_night_and_after_a_night_that_was_missed(db: Database, tmp_path: Path) -> None:
    settings = settings_of(tmp_path, daily=2, weekly=0, monthly=0)
    work = keeper(db, settings)
    assert await work.look(NOW - timedelta(minutes=1)) is not None, "there was none at all"
    moments = [NOW, NOW + HOUR, NOW + 23 * HOUR, NOW + DAY, NOW + 4 * DAY + 9 * HOUR]
    made = [await work.look(moment) is not None for moment in moments]
    assert made == [True, False, False, True, True]
    assert len(made_in(settings.backup_dir)) == 2
    assert told(db) == []


@pytest.mark.parametrize(
    ("hours", "due"), [(-1, -DAY), (0, timedelta()), (23, timedelta()), (24, DAY)]
)
def test_when_the_last_one_was_due(hours: int, due: timedelta, tmp_path: Path) -> None:
    assert last_due(settings_of(tmp_path), NOW + hours * HOUR) == NOW + due


async def test_a_failure_is_told_once_and_the_next_one_after_a_success_again(
    db: Database, tmp_path: Path
) -> None:
    settings = settings_of(tmp_path)
    work = keeper(db, settings)
    in_the_way = tmp_path / "backups"
    in_the_way.write_bytes(b"a file")
    for hours in (0, 0.5, 1, 2, 30):
        assert await work.look(NOW + hours * HOUR) is None
    assert len(told(db)) == 1
    assert "Không sao lưu được" in told(db)[0]
    assert "chưa có bản nào" in told(db)[0]
    assert [each.ok for each in kept_findings(settings, db, NOW + 30 * HOUR)] == [False]
    in_the_way.unlink()
    assert await work.look(NOW + 31 * HOUR) is not None
    (made,) = made_in(settings.backup_dir).values()
    kept = made.rename(tmp_path / made.name)
    in_the_way.rmdir()
    in_the_way.write_bytes(b"a file")
    assert await work.look(NOW + 3 * DAY) is None
    assert len(told(db)) == 2
    assert kept.exists()


async def test_the_doctor_says_how_old_the_newest_is(db: Database, tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    work = keeper(db, settings)
    (none,) = kept_findings(settings, db, NOW)
    assert none.ok, "nothing to lose yet"
    assert none.line.startswith("⚠ "), "and no cause for ease"
    await work.look(NOW)
    (fine,) = kept_findings(settings, db, NOW + 10 * HOUR)
    assert fine.ok
    assert "10 giờ" in fine.what
    assert fine.line.startswith("✔ ")
    assert "01:30 ngày 18/03/2027" in fine.what
    (old,) = kept_findings(settings, db, NOW + 3 * DAY)
    assert not old.ok
    assert "3 ngày" in old.what
    off = settings_of(tmp_path, mode="off")
    assert not keeper(db, off).on
    (asked,) = kept_findings(off, db, NOW + HOUR)
    assert asked.ok
    assert "đang tắt" in asked.what


def test_the_hour_is_a_local_one(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, at="23:00")
    assert last_due(settings, NOW) == moment_of(
        (NOW - timedelta(hours=5)).date(), settings.backup.at
    )
