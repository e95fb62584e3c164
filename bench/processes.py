"""Several `dondoc run` processes on one PostgreSQL database: what 1, 2 and 4 of them do.

    python -m bench.processes [ROUNDS] [WRITES]

A throw-away cluster (with durable commits), a Telegram of our own in a process of its own, 200
people. Measured: writes a second through the lock that orders them; 200 reminders, from the first
to the last, and the most in any second (the token's pace is 30); "xong" answered a second; from
kill -9 of the leader to the next message.
"""

import multiprocessing
import sys
import tempfile
import time
from asyncio import gather, run
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from sqlmodel import Session

from bot.app import Tools, open_database
from bot.settings import DatabaseSection, Paths, Settings
from registry.database import Database
from registry.marks import put
from tests.e2e.process import Running, wait_for
from tests.e2e.test_crash import EACH, MADE, MORNING, PEOPLE, QUIET_DAY, Town, load, town_on
from tests.fakes import postgres

NOW = datetime(2027, 1, 5, 1, tzinfo=UTC)
AT_ONCE = 50
PATIENCE = 240.0


def row(title: str, *values: str) -> None:
    print(f"{title:<52}" + "".join(f"{value:>14}" for value in values), flush=True)


def _touch(session: Session, name: str) -> None:
    put(session, name, "", NOW)


def _writer(url: str, number: int, each: int, ready: Any, go: Any) -> None:
    """One process: so many writes, fifty of them waiting at any time."""
    db = Database(url)

    async def work() -> None:
        for start in range(0, each, AT_ONCE):
            names = (f"{number}-{start + n}" for n in range(AT_ONCE))
            await gather(*(db.write(_touch, name) for name in names))

    db.write_now(_touch, f"{number}")
    ready.release()
    go.wait()
    run(work())
    db.close()


def writes(processes: int, whole: int) -> float:
    """Writes a second of all processes together."""
    url = postgres.fresh()
    context = multiprocessing.get_context("spawn")
    ready, go = context.Semaphore(0), context.Event()
    each = whole // processes
    started = [
        context.Process(target=_writer, args=(url, number, each, ready, go))
        for number in range(processes)
    ]
    for one in started:
        one.start()
    for _ in started:
        ready.acquire()
    begin = time.perf_counter()
    go.set()
    for one in started:
        one.join()
    return each * processes / (time.perf_counter() - begin)


class Place:
    """A town on PostgreSQL and processes that serve it."""

    def __init__(self, stack: ExitStack, as_of: str) -> None:
        self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        self.url, self.as_of = postgres.fresh(), as_of
        settings = Settings(
            paths=Paths(data_dir=self.folder / "data"), database=DatabaseSection(url=self.url)
        )
        db = open_database(settings, MADE)
        numbers = load(db, Tools.of(settings, MADE), self.folder / "data")
        db.close()
        self.town: Town = stack.enter_context(town_on(self.folder, numbers, as_of))

    def start(self, stack: ExitStack, name: str) -> Running:
        env = self.town.env | {"DONDOC_DATABASE__URL": self.url}
        return stack.enter_context(Running(self.folder, self.as_of, env, name))

    def leader(self, names: list[str]) -> str:
        """Which process sends; "" while none does."""
        for name in names:
            file = self.folder / f"{name}.err"
            said = file.read_text("utf-8", "replace") if file.exists() else ""
            lines = [line for line in said.splitlines() if "posts of this process" in line]
            if lines and "sender" in lines[-1]:
                return name
        return ""


def morning(processes: int) -> tuple[float, int]:
    """Seconds from the first to the last of 200 reminders; the most in any sliding second."""
    with ExitStack() as stack:
        place = Place(stack, MORNING)
        for number in range(processes):
            place.start(stack, f"p{number}")
        wait_for(lambda: len(place.town.sent()) >= PEOPLE, "all reminders", PATIENCE)
        at = sorted(row["at"] for row in place.town.sent())
    most = max(sum(begin <= other < begin + 1 for other in at) for begin in at)
    return at[-1] - at[0], most


def answers(processes: int) -> float:
    """ "xong" taken and answered, a second, with fifty waiting."""
    with ExitStack() as stack:
        place = Place(stack, QUIET_DAY)
        names = [f"p{number}" for number in range(processes)]
        for name in names:
            place.start(stack, name)
        wait_for(lambda: bool(place.leader(names)), "a leader", PATIENCE)
        speakers = list(place.town.numbers)[::EACH]
        begin = time.perf_counter()
        for address in speakers:
            number = place.town.numbers[address]
            place.town.telegram.do("say", user=int(address), text=f"xong {number} số 1/BC")
        words = "Đã ghi nhận hoàn thành"
        wait_for(lambda: len(place.town.by_chat(words)) == len(speakers), "answers", PATIENCE)
        return len(speakers) / (time.perf_counter() - begin)


def handover() -> float:
    """Seconds from kill -9 of the leader to the first message of its successor."""
    with ExitStack() as stack:
        place = Place(stack, MORNING)
        names = ["p0", "p1"]
        running = {name: place.start(stack, name) for name in names}
        wait_for(lambda: len(place.town.sent()) >= 30, "30 messages", PATIENCE)
        running[place.leader(names)].kill()
        killed, before = time.perf_counter(), len(place.town.sent())
        while len(place.town.sent()) <= before + 1:
            time.sleep(0.05)
        return time.perf_counter() - killed


def main() -> None:
    if postgres.missing():
        sys.exit(postgres.missing())
    postgres.FAST = ()
    given = [int(each) for each in sys.argv[1:]]
    rounds, whole = (*given, *(3, 2000)[len(given) :])[:2]
    row("processes", "1", "2", "4")
    counts = (1, 2, 4)
    found = [median(writes(n, whole) for _ in range(rounds)) for n in counts]
    row("writes a second, all together", *(f"{each:,.0f}" for each in found))
    mornings = [morning(n) for n in counts]
    row("200 reminders, first to last, s", *(f"{seconds:.1f}" for seconds, _ in mornings))
    row("  the most in any second (allowed: 30)", *(f"{most}" for _, most in mornings))
    row("xong answered a second", *(f"{answers(n):.1f}" for n in counts))
    row("kill -9 of the leader to the next message, s", "", f"{handover():.1f}")


if __name__ == "__main__":
    main()
