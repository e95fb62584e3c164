"""How the figures grow with what there is: one row a size, and a picture.

    python -m bench.growth [--sizes 1000,10000,100000,1000000] [--out docs/performance.svg]

A size is the number of notices that wait, twelve for each duty. What is spent is processor time,
the median of several tries where one takes less than a second: clock times depend on what else a
machine does.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from bench.resting import plan_all
from bot.app import App
from bot.opening import Tools, open_database
from bot.settings import Paths, Settings
from registry import claiming, outbox
from registry.clock import local_day
from reports.counting import Scope
from reports.status import status_of

SIZES = (1_000, 10_000, 100_000, 1_000_000)
TRIES = 9


@dataclass(frozen=True)
class Grown:
    """Processor milliseconds, but for the file (MiB). planned: a thousand notices planned and
    stored. started: from an open database to the first look at everything done. tick: a look at
    everything with nothing changed. due: asking when the next one is due. claim: taking what is due
    for sixteen people. status: the whole committee's figures."""

    planned: float
    started: float
    tick: float
    due: float
    claim: float
    status: float
    file: float


def spent(work: Callable[[], object], tries: int = TRIES) -> float:
    took = []
    for _ in range(tries):
        began = time.process_time()
        work()
        took.append(time.process_time() - began)
    return 1000 * median(took)


def grown(notices: int) -> Grown:
    """The figures with so many notices ahead."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        planned = 1000 * plan_all(folder / "dondoc.db", notices).cpu / (notices / 1000)
        now = datetime.now(UTC)
        settings = Settings(paths=Paths(data_dir=folder))
        tools = Tools.of(settings, now)
        db = open_database(settings, now)
        app = App(tools, db, {}, lambda: now)

        async def look() -> None:
            await app._look_at_everything(now)  # noqa: SLF001 -- the tick, without its short cut

        async def start() -> None:
            await app.daily()
            await look()

        began = time.process_time()
        asyncio.run(start())
        started = 1000 * (time.process_time() - began)
        tick = spent(lambda: asyncio.run(look()))
        due = spent(lambda: db.read_now(outbox.next_due))
        # Nothing of what is ahead is due yet, so that each try finds the same.
        claim = spent(lambda: db.write_now(claiming.claim, now, channels=("bench",), contacts=16))
        scope = Scope(local_day(now))
        status = spent(lambda: db.read_now(status_of, scope, overdue=5))
        db.close()
        size = (folder / "dondoc.db").stat().st_size / 2**20
        return Grown(planned, started, tick, due, claim, status, size)


TITLES = {
    "planned": "plan 1,000 notices", "started": "start", "tick": "a look at everything",
    "due": "when is the next one due", "claim": "claim with nothing due", "status": "/status",
    "file": "database (MiB)",
}  # fmt: skip


def table(rows: dict[int, Grown]) -> str:
    """As Markdown."""
    names = [each.name for each in fields(Grown)]
    head = "| notices ahead | " + " | ".join(TITLES[name] for name in names) + " |"
    rule = "|---:" * (len(names) + 1) + "|"
    lines = [
        f"| {size:,} | " + " | ".join(f"{getattr(row, name):.3g}" for name in names) + " |"
        for size, row in rows.items()
    ]
    return "\n".join([head, rule, *lines])


def picture(rows: dict[int, Grown], out: Path) -> None:
    """Both axes by powers of ten: what does not grow is a level line."""
    from matplotlib.figure import Figure  # noqa: PLC0415 -- only where a picture is wanted

    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    marks = ("o", "s", "^", "D", "v", "x")
    for name, mark in zip([each for each in TITLES if each != "file"], marks, strict=True):
        axes.loglog(list(rows), [getattr(row, name) for row in rows.values()], marker=mark,
                    label=TITLES[name])  # fmt: skip
    axes.set_xlabel("notices that wait")
    axes.set_ylabel("processor time, ms")
    axes.grid(visible=True, which="major", alpha=0.3)
    figure.legend(loc="outside lower center", ncols=3)
    figure.savefig(out, metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)))
    parser.add_argument("--out", type=Path, help="an .svg or .png")
    args = parser.parse_args()
    rows = {}
    for size in map(int, args.sizes.split(",")):
        rows[size] = grown(size)
        print(f"{size:,}: {rows[size]}", flush=True)
    print(f"\n{table(rows)}")
    if args.out is not None:
        picture(rows, args.out)


if __name__ == "__main__":
    main()
