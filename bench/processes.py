"""Several `dondoc run` processes on one PostgreSQL database: what 1, 2 and 4 of them do.

    python -m bench.processes [--only writes,morning,answers,handover] [--rounds 3] [--writes 2000]

A throw-away cluster (with durable commits), a Telegram of our own in a process of its own, 200
people. Measured: writes a second through the lock that orders them; 200 reminders, from the first
to the last, and the most in any second (the token's pace is 30); "xong" answered a second; and what
a morning's round suffers when the leader is killed (-9), when it is stopped and goes on, when the
server is restarted: seconds until the next message, and what was lost or said twice.
"""

import argparse
import multiprocessing
import os
import signal
import sys
import tempfile
import time
from asyncio import gather, run
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from sqlmodel import Session

from bot.opening import Tools, open_database
from bot.settings import DatabaseSection, Paths, Settings
from registry.database import Database
from registry.marks import put
from tests.e2e.process import Running, wait_for
from tests.e2e.test_crash import (
    EACH,
    MADE,
    MORNING,
    PEOPLE,
    QUIET_DAY,
    REPEATED,
    Town,
    load,
    town_on,
)  # fmt: skip
from tests.fakes import postgres

NOW = datetime(2027, 1, 5, 1, tzinfo=UTC)
AT_ONCE = 50
PATIENCE = 240.0
COUNTS = (1, 2, 4)
# Seconds: what had left before a fault has arrived; what comes after all is counted.
UNDER_WAY = 1.0
STRAGGLERS = 8.0


def row(title: str, *values: str) -> None:
    print(f"{title:<52}" + "".join(f"{value:>18}" for value in values), flush=True)


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
    return at[-1] - at[0], _most(at)


def answers(processes: int) -> float:
    """ "xong" taken and answered, a second, with fifty waiting."""
    with ExitStack() as stack:
        place = Place(stack, QUIET_DAY)
        names = [f"p{number}" for number in range(processes)]
        for name in names:
            place.start(stack, name)
        wait_for(lambda: bool(place.leader(names)), "a leader", PATIENCE)
        first, *speakers = list(place.town.numbers)[::EACH]
        # Who has just begun to poll looks first whether another program does.
        _said(place, [first])
        begin = time.perf_counter()
        _said(place, speakers)
        return len(speakers) / (time.perf_counter() - begin)


def _said(place: Place, speakers: Sequence[str]) -> None:
    """They say "xong", all at once, and are answered."""
    words = "Đã ghi nhận hoàn thành"
    before = len(place.town.by_chat(words))
    for address in speakers:
        number = place.town.numbers[address]
        place.town.telegram.do("say", user=int(address), text=f"xong {number} số 1/BC")
    wait_for(lambda: len(place.town.by_chat(words)) == before + len(speakers), "answers", PATIENCE)


@dataclass(frozen=True, slots=True)
class Handover:
    """What a morning's round suffered. seconds: without any message; marked, unmarked: messages
    said again with and without "(gửi lại)"; most: in any sliding second."""

    seconds: float
    lost: int
    marked: int
    unmarked: int
    most: int


Fault = Callable[[Place, Running], Callable[[], None]]


def killed(_place: Place, leader: Running) -> Callable[[], None]:
    """As a lost power line does."""
    leader.kill()
    return lambda: None


def stopped(_place: Place, leader: Running) -> Callable[[], None]:
    """It stands still, and goes on while its successor is at work."""
    os.kill(leader.process.pid, signal.SIGSTOP)
    return lambda: os.kill(leader.process.pid, signal.SIGCONT)


def restarted(_place: Place, _leader: Running) -> Callable[[], None]:
    """The database server ends without a word, and is there again."""
    postgres.restart()
    return lambda: None


def handover(fault: Fault) -> Handover:
    """Two processes, 200 reminders; after the thirtieth something happens to the one that sends."""
    with ExitStack() as stack:
        place = Place(stack, MORNING)
        names = ["p0", "p1"]
        running = {name: place.start(stack, name) for name in names}
        wait_for(lambda: len(_reminders(place)) >= 30, "30 messages", PATIENCE)
        leader = running[place.leader(names)]
        at = time.time()
        go_on = fault(place, leader)
        # What was under way at that moment still arrives.
        wait_for(lambda: _after(place, at + UNDER_WAY, 20), "a successor", PATIENCE)
        go_on()
        with suppress(AssertionError):
            wait_for(lambda: len(_addresses(place)) == PEOPLE, "the rest", PATIENCE)
        time.sleep(STRAGGLERS)
        times = sorted(row["at"] for row in place.town.sent())
        heard = [
            (str(row["chat_id"]), REPEATED in row["text"].lower()) for row in _reminders(place)
        ]
    plain = Counter(address for address, again in heard if not again)
    return Handover(
        max(after - before for before, after in pairwise(times)),
        PEOPLE - len({address for address, _ in heard}),
        sum(again for _, again in heard),
        plain.total() - len(plain),
        _most(times),
    )


def _reminders(place: Place) -> list[dict[str, Any]]:
    return [row for row in place.town.sent() if "Nhắc việc" in row["text"]]


def _addresses(place: Place) -> set[str]:
    return {str(row["chat_id"]) for row in _reminders(place)}


def _after(place: Place, moment: float, count: int) -> bool:
    return sum(row["at"] > moment for row in place.town.sent()) >= count


def _most(times: Sequence[float]) -> int:
    return max(sum(begin <= other < begin + 1 for other in times) for begin in times)


def show_handovers(rounds: int) -> None:
    heads = ("silence, s (most)", "lost", "again, marked", "unmarked", "most in 1 s")
    row(f"200 reminders, {rounds} rounds", *heads)
    for name, fault in (
        ("leader killed (-9)", killed),
        ("leader stopped, goes on under its successor", stopped),
        ("server restarted (immediate)", restarted),
    ):
        found = [handover(fault) for _ in range(rounds)]
        seconds = sorted(each.seconds for each in found)
        row(
            name,
            f"{median(seconds):.1f} ({seconds[-1]:.1f})",
            f"{sum(each.lost for each in found)}",
            f"{sum(each.marked for each in found)}",
            f"{sum(each.unmarked for each in found)}",
            f"{max(each.most for each in found)}",
        )


def show_writes(rounds: int, whole: int) -> None:
    found = [median(writes(n, whole) for _ in range(rounds)) for n in COUNTS]
    row("writes a second, all together", *(f"{each:,.0f}" for each in found))


def show_mornings() -> None:
    mornings = [morning(n) for n in COUNTS]
    row("200 reminders, first to last, s", *(f"{seconds:.1f}" for seconds, _ in mornings))
    row("  the most in any second (allowed: 30)", *(f"{most}" for _, most in mornings))


def main() -> None:
    if postgres.missing():
        sys.exit(postgres.missing())
    postgres.FAST = ()
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="writes,morning,answers,handover")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--writes", type=int, default=2000)
    given = parser.parse_args()
    only = given.only.split(",")
    row("processes", *(str(count) for count in COUNTS))
    if "writes" in only:
        show_writes(given.rounds, given.writes)
    if "morning" in only:
        show_mornings()
    if "answers" in only:
        row("xong answered a second", *(f"{answers(n):.1f}" for n in COUNTS))
    if "handover" in only:
        show_handovers(given.rounds)


if __name__ == "__main__":
    main()
