"""How fast it is, each figure beside what a user would run instead, in one table.

    make bench                              the whole, some minutes
    make bench ARGS="--only path,limits"    parts of it: plan, due, drain, path, limits, rest,
                                            inbound, status
    make bench ARGS="--rounds 5 --notices 100000 --messages 1000"

Product and peer take turns within a round, and every figure is the median of the rounds: machines
are noisy, ratios less so. What the figures mean is in docs/performance.md.
"""

import argparse
import asyncio
import os
import platform
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from bench import inbound, path, peers, resting, status
from bench.server import bot_api
from bot.channels.telegram import TelegramChannel

REPLY = 0.05
JOBS = 5000


@dataclass
class Table:
    """Figures by name, one a round."""

    found: dict[str, list[float]] = field(default_factory=dict)
    units: dict[str, tuple[str, str]] = field(default_factory=dict)

    def note(self, name: str, value: float, unit: str = "", goal: str = "") -> None:
        if self.units.get(name, (unit, goal)) != (unit, goal):
            raise ValueError(f"two figures are called {name!r}")
        self.found.setdefault(name, []).append(value)
        self.units[name] = (unit, goal)

    def show(self) -> None:
        print(f"\n{'':<58}{'median':>11}{'least':>11}{'most':>11} unit     goal")
        for name, values in self.found.items():
            unit, goal = self.units[name]
            cells = "".join(f"{each:>11,.3g}" if each < 1000 else f"{each:>11,.0f}"
                            for each in (median(values), min(values), max(values)))  # fmt: skip
            print(f"{name:<58}{cells} {unit:<8} {goal}")


def plan(table: Table, args: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as name:
        ours = resting.plan_all(Path(name) / "plan.db", args.notices)
    theirs = asyncio.run(peers.adding(args.jobs)) * args.notices / args.jobs
    table.note(f"plan {args.notices:,} notices", ours.clock, "s", "<= 3")
    table.note("  processor time of planning", ours.cpu, "s")
    table.note(f"  WAL job store, from {args.jobs:,} jobs", theirs, "s")
    table.note("  times faster than the job store", theirs / ours.clock, "x", ">= 15")


def due(table: Table, args: argparse.Namespace) -> None:
    with bot_api() as url:
        ours = asyncio.run(path.product(url, args.messages, path.NO_LIMITS, ahead=2.0))
    late, stall = asyncio.run(peers.firing(args.messages, args.lead))
    theirs = sorted(late)[int(len(late) * 0.99)]
    table.note(f"{args.messages:,} due at once: p99 claimed late", 1000 * ours.p99(), "ms", "<= 50")
    table.note("  WAL job store: p99 fired late", 1000 * theirs, "ms")
    table.note("  of the job store's lateness", ours.p99() / theirs, "x", "<= 0.125")
    table.note("  lost", args.messages - len(ours.arrivals.chats), "", "0")
    table.note("  event loop's longest stall", 1000 * ours.stall, "ms", "<= 100")
    table.note("  WAL job store's stall", 1000 * stall, "ms")


def drain(table: Table, args: argparse.Namespace) -> None:
    with bot_api(REPLY) as url:
        ours = asyncio.run(path.product(url, args.messages, path.NO_LIMITS))
        theirs = asyncio.run(path.job_queue(url, args.messages, args.within))
    rate = ours.rate
    table.note(f"drain {args.messages:,}, reply after 50 ms", rate, "/s")
    table.note("  JobQueue with Bot.send_message", theirs.rate, "/s")
    table.note(
        "  times faster than JobQueue", rate / theirs.rate if theirs.rate else 0.0, "x", ">= 5"
    )
    table.note("  JobQueue: messages lost", args.messages - len(theirs.arrivals.chats))
    table.note("  JobQueue: event loop's longest stall", 1000 * theirs.stall, "ms")


def path_(table: Table, args: argparse.Namespace) -> None:
    for reply in (0.0, REPLY):
        with bot_api(reply) as url:
            bare = asyncio.run(path.bare(url, args.messages))
            ptb = asyncio.run(path.library(url, args.messages))
            # As one writes it: the library is given everything, and lets 256 through at once.
            gathered = asyncio.run(path.library(url, args.messages, args.messages))
            ours = asyncio.run(path.product(url, args.messages, path.NO_LIMITS))
        at = f"reply after {1000 * reply:.0f} ms: "
        table.note(f"{at}whole path", ours.rate, "/s")
        table.note(f"{at}python-telegram-bot's default, gathered", gathered.rate, "/s")
        table.note(f"{at}the same, 32 at once", ptb.rate, "/s")
        table.note(f"{at}bare aiohttp, 32 at once", bare.rate, "/s")
        table.note(f"{at}times python-telegram-bot", ours.rate / gathered.rate, "x", ">= 2.5")
        table.note(f"{at}times the same, 32 at once", ours.rate / ptb.rate, "x", ">= 2.5")
        table.note(f"{at}share of bare aiohttp", ours.rate / bare.rate, "x", ">= 0.3")
        table.note(f"{at}processor time, whole path", ours.each, "ms")
        table.note(f"{at}processor time, python-telegram-bot gathered", gathered.each, "ms")
        table.note(f"{at}processor time, the same, 32 at once", ptb.each, "ms")
        table.note(f"{at}processor time, bare aiohttp", bare.each, "ms")


def limits(table: Table, args: argparse.Namespace) -> None:
    with bot_api(REPLY, strict=True) as url:
        groups = args.messages // 10
        ours = asyncio.run(path.product(url, args.messages, TelegramChannel.limits, groups=groups))
    moments = ours.arrivals.moments
    span = (moments[-1] - moments[0]) / (args.messages / 30)
    table.note(f"{args.messages:,} with limits: last arrival, of N/30", span, "x", "<= 1.05")
    table.note("  most in a sliding second", ours.arrivals.most_within(1.0), "", "<= 30")
    table.note("  answered 429", ours.arrivals.refused, "", "0")


def rest(table: Table, args: argparse.Namespace) -> None:
    bare = resting.imports()
    with bot_api() as url:
        for notices in (args.notices // 10, args.notices):
            with tempfile.TemporaryDirectory() as name:
                (Path(name) / "data").mkdir()
                resting.plan_all(Path(name) / "data" / "dondoc.db", notices)
                full = notices == args.notices
                found = resting.rest(Path(name), url, args.seconds if full else 1.0)
            table.note(f"start with {notices:,} waiting, to rest", found.start, "cpu s")
    table.note("  bare imports", bare, "cpu s")
    table.note("  of bare imports", found.start / bare, "x", "<= 1.5")
    table.note(f"idle with {args.notices:,} waiting, a minute", found.minute, "cpu s", "<= 0.03")
    table.note("  memory", found.memory, "MiB", "<= 90")


def status_(table: Table, args: argparse.Namespace) -> None:
    for size in map(int, args.duties.split(",")):
        rows = {row.what: row for row in status.measure(size, 20)}
        index = next(row for what, row in rows.items() if row.peer and "index" in what)
        for what, row in rows.items():
            name = f"{size:,} duties: {what}"
            goal = "<= 20" if not row.peer else ""
            table.note(f"{name}, p50", row.cpu_p50, "cpu ms")
            table.note(f"{name}, p95", row.wall_p95, "ms", goal)
        whole = rows["/status"].cpu_p50
        table.note(f"{size:,} duties: times the covering index", index.cpu_p50 / whole, "x",
                   ">= 10" if size >= 1_000_000 else "")  # fmt: skip


def inbound_(table: Table, args: argparse.Namespace) -> None:
    count = max(args.messages // 4, 10)
    ours, theirs = asyncio.run(inbound.product(count)), asyncio.run(inbound.library(count))
    table.note('"xong" taken: stored, understood, recorded', ours.rate, "/s")
    table.note("  processor time of one answer", ours.each, "ms")
    table.note("  a handler that commits and does nothing else", theirs.rate, "/s")


PARTS: dict[str, Callable[[Table, argparse.Namespace], None]] = {
    "plan": plan, "due": due, "drain": drain, "path": path_, "limits": limits, "rest": rest,
    "inbound": inbound_, "status": status_,
}  # fmt: skip
# Filling a million duties takes longer than looking at them often.
ROUNDS_OF_ITS_OWN = ("status",)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default=",".join(PARTS), help="parts, with commas")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--notices", type=int, default=100_000)
    parser.add_argument("--messages", type=int, default=1000)
    parser.add_argument(
        "--duties", default="10000,100000,1000000", help="sizes /status is tried at"
    )
    parser.add_argument("--jobs", type=int, default=JOBS, help="jobs the peer adds, scaled up")
    parser.add_argument("--lead", type=float, default=20.0, help="seconds to add the peer's jobs")
    parser.add_argument("--within", type=float, default=30.0, help="seconds JobQueue is given")
    parser.add_argument("--seconds", type=float, default=60.0, help="seconds of idleness watched")
    args = parser.parse_args()
    load = os.getloadavg()[0]
    print(f"{platform.machine()}, {os.cpu_count()} cores, load {load:.1f} at the beginning, "
          f"Python {platform.python_version()}")  # fmt: skip
    table = Table()
    for number in range(1, args.rounds + 1):
        for name in map(str.strip, args.only.split(",")):
            if number == 1 or name not in ROUNDS_OF_ITS_OWN:
                print(f"round {number}: {name}", flush=True)
                PARTS[name](table, args)
    table.show()


if __name__ == "__main__":
    main()
