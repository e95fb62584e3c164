"""What an idle `dondoc run` costs: memory and processor time over a minute, with 10,000 duties.

    python -m bench.idle [DUTIES] [SECONDS]

The process is the real one, with the console as its only messenger and nothing on its input.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

from bench.fill import filled
from deadlines.calendar import WorkCalendar
from registry import outbox
from scheduler.plan import Policy
from scheduler.planning import plan_changed

POLICY, CALENDAR = Policy(), WorkCalendar()
TICKS = os.sysconf("SC_CLK_TCK")
BEGUN = 20.0


def memory(pid: int) -> float:
    """Resident memory in MiB."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise ProcessLookupError(pid)


def processor(pid: int) -> float:
    """Seconds of processor time so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def row(title: str, value: str) -> None:
    print(f"{title:<58}{value:>16}")


def one_tick(path: Path, duties: int, now: datetime) -> None:
    """The plan tick with nothing due, apart from the process."""
    db = filled(path, duties, now)
    begin = perf_counter()
    db.write_now(plan_changed, POLICY, CALENDAR, now)
    row("plan everything once", f"{perf_counter() - begin:,.2f} s")
    took = []
    for _ in range(50):
        begin = perf_counter()
        db.write_now(plan_changed, POLICY, CALENDAR, now)
        took.append(perf_counter() - begin)
    row("plan tick, nothing changed (median of 50)", f"{sorted(took)[25] * 1000:,.2f} ms")
    row("plan tick, nothing changed (slowest)", f"{max(took) * 1000:,.2f} ms")
    begin = perf_counter()
    db.write_now(plan_changed, POLICY, CALENDAR, now, daily=True)
    row("daily tick, nothing overdue", f"{(perf_counter() - begin) * 1000:,.2f} ms")
    begin = perf_counter()
    db.write_now(outbox.claim, now, channels=("bench",))
    row("claim, nothing due", f"{(perf_counter() - begin) * 1000:,.2f} ms")
    db.close()


def idle(folder: Path, seconds: float) -> None:
    """Start the process, let it settle, and watch it do nothing."""
    config = folder / "config.toml"
    config.write_text(f'[paths]\ndata_dir = "{folder / "data"}"\n', encoding="utf-8")
    env = {key: value for key, value in os.environ.items() if not key.startswith("DONDOC_")}
    begin = perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "bot.cli", "run", "--config", str(config)],
        env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        time.sleep(BEGUN)
        if process.poll() is not None:
            raise SystemExit(f"the process ended by itself with {process.returncode}")
        started = processor(process.pid)
        row("memory once settled", f"{memory(process.pid):,.1f} MiB")
        time.sleep(seconds)
        used = processor(process.pid) - started
        row(f"memory after {seconds:.0f} s more", f"{memory(process.pid):,.1f} MiB")
        row("processor time to start and settle", f"{started:,.2f} s")
        row(f"processor time idle, {seconds:.0f} s", f"{used:,.2f} s")
        row("share of one core", f"{used / seconds:.2%}")
        process.send_signal(signal.SIGTERM)
        begin = perf_counter()
        process.wait(20)
        row("stopped after SIGTERM", f"{perf_counter() - begin:,.2f} s")
    finally:
        if process.poll() is None:
            process.kill()


def main(duties: int, seconds: float) -> None:
    now = datetime.now(UTC)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "data").mkdir()
        print(f"{duties:,} duties x 3 subscriptions, all planned\n")
        one_tick(folder / "data" / "dondoc.db", duties, now)
        idle(folder, seconds)


if __name__ == "__main__":
    main(
        int(sys.argv[1]) if len(sys.argv) > 1 else 10_000,
        float(sys.argv[2]) if len(sys.argv) > 2 else 60.0,
    )
