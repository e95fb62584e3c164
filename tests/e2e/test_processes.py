"""Several real processes on one PostgreSQL database: one polls and sends, the others stand by and
take over when it is killed."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlmodel import Session, col, func, select, text

from bot.opening import Tools, open_database
from bot.settings import DatabaseSection, Paths, Settings
from registry.database import Database
from registry.tables import Completion, Duty
from scheduler.deliver import CONCURRENT
from tests.e2e.process import Running, wait_for
from tests.e2e.test_crash import EACH, MADE, MORNING, PEOPLE, QUIET_DAY, Town, load, town_on
from tests.e2e.test_crash import repeated_at_most_once_and_marked as once_or_marked
from tests.fakes import postgres
from tests.fakes.databases import needs_postgres

pytestmark = [needs_postgres, pytest.mark.timeout(400)]
# Seconds a process may take to start on a busy machine.
START = 90.0
HANDED_OVER = 15.0


@dataclass
class Shared:
    """A town whose database is shared, and a look into it."""

    town: Town
    db: Database

    def said(self, name: str) -> str:
        file = self.town.folder / f"{name}.err"
        return file.read_text("utf-8", "replace") if file.exists() else ""

    def start(self, name: str, as_of: str) -> Running:
        env = self.town.env | {"DONDOC_DATABASE__URL": self.db.url}
        return Running(self.town.folder, as_of, env, name)


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[Shared]:
    url = postgres.fresh()
    settings = Settings(paths=Paths(data_dir=tmp_path / "data"), database=DatabaseSection(url=url))
    db = open_database(settings, MADE)
    try:
        numbers = load(db, Tools.of(settings, MADE), tmp_path / "data")
        with town_on(tmp_path, numbers, MORNING) as town:
            yield Shared(town, db)
    finally:
        db.close()


def _posts(said: str) -> str:
    lines = [line for line in said.splitlines() if "posts of this process" in line]
    return lines[-1] if lines else ""


def holds(on: Shared, name: str) -> bool:
    return "sender" in _posts(on.said(name))


@pytest.mark.parametrize("seed", [2])
def test_a_killed_leader_loses_nothing(seed: int, shared: Shared) -> None:
    """The one that sends is killed in the middle of 200 reminders; the other goes on."""
    on = shared.town
    point = random.Random(seed).randint(30, 120)
    with shared.start("one", "2026-09-10T08:04") as first:
        wait_for(lambda: holds(shared, "one"), "the first to lead", START)
        with shared.start("two", "2026-09-10T08:04") as second:
            wait_for(lambda: len(on.sent()) >= point, f"{point} messages", START)
            first.kill()
            wait_for(lambda: holds(shared, "two"), "the second to take over", HANDED_OVER)
            wait_for(lambda: len(on.by_chat("Nhắc việc")) == PEOPLE, "the rest", 60)
            assert second.terminate() < 20
            assert "Traceback" not in second.said()
    got = on.by_chat("Nhắc việc")
    once_or_marked(got, set(on.numbers))
    assert sum(map(len, got.values())) <= PEOPLE + CONCURRENT


def test_two_processes_say_and_do_everything_once(shared: Shared) -> None:
    on = shared.town
    speakers = list(on.numbers)[::EACH]
    with shared.start("one", QUIET_DAY) as first, shared.start("two", QUIET_DAY) as second:
        wait_for(lambda: holds(shared, "one") or holds(shared, "two"), "a leader", START)
        for n, address in enumerate(speakers):
            on.telegram.do("say", user=int(address), text=f"xong {on.numbers[address]} số {n}/BC")
        wait_for(lambda: _done(shared.db) == len(speakers), "every answer handled", 60)
        wait_for(lambda: len(on.by_chat("Đã ghi nhận hoàn thành")) == len(speakers), "answers", 60)
        assert first.terminate() < 20
        assert second.terminate() < 20
        assert "Traceback" not in first.said() + second.said()
    answers = on.by_chat("Đã ghi nhận hoàn thành")
    assert all(len(texts) == 1 for texts in answers.values()), "an answer came twice"
    counts = shared.db.read_now(_completions)
    assert set(counts) == {1}


def _done(db: Database) -> int:
    def look(session: Session) -> int:
        query = select(func.count()).select_from(Duty).where(col(Duty.state) == "done")
        return session.exec(query).one()

    return db.read_now(look)


def _completions(session: Session) -> list[int]:
    counted = select(func.count()).select_from(Completion).group_by(col(Completion.duty_id))
    return list(session.exec(counted).all())


def test_a_leader_whose_session_is_ended_stands_back(shared: Shared) -> None:
    """As when the server restarts: it notices, and whoever gets the posts goes on."""
    on = shared.town
    with shared.start("one", MORNING) as first:
        wait_for(lambda: len(on.sent()) >= 20, "20 messages", START)
        ended = text(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE "
            "datname = current_database() AND pid <> pg_backend_pid()"
        )
        shared.db.read_now(lambda session: session.execute(ended).scalar_one())
        wait_for(lambda: len(on.by_chat("Nhắc việc")) == PEOPLE, "the rest", 60)
        assert first.process.poll() is None
        first.terminate()
    once_or_marked(on.by_chat("Nhắc việc"), set(on.numbers))
