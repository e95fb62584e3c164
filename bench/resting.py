"""The real process with nothing to do: what it costs to start, and to wait."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from bench.fill import filled
from bot.settings import Settings
from deadlines.calendar import WorkCalendar
from scheduler.planning import mark_changed, note_policy, plan_slice

A_DUTY = 12  # notices: four reminders for each of three holders
STILL = 70.0
TICKS = os.sysconf("SC_CLK_TCK")
# What an installation has not: python-telegram-bot loads it where something else brought it.
_AS_INSTALLED = "import sys; sys.modules['cryptography'] = None; "
IMPORTS = f"{_AS_INSTALLED}import bot.cli, bot.app"
RUN = f"{_AS_INSTALLED}from bot.cli import main; main()"


@dataclass(frozen=True)
class Rest:
    """Processor seconds and MiB. start: seconds of processor time until it waits."""

    start: float
    minute: float
    memory: float


class Took(NamedTuple):
    """Seconds on the clock, and of processor time."""

    clock: float
    cpu: float


def plan_all(path: Path, notices: int) -> Took:
    """A database with so many notices ahead; what the planning took."""
    now = datetime.now(UTC)
    db = filled(path, notices // A_DUTY + 1, now)
    policy, calendar = Settings().policy, WorkCalendar()
    begin, cpu = time.perf_counter(), time.process_time()
    db.write_now(note_policy, policy, now)
    db.write_now(mark_changed, now)
    while db.write_now(plan_slice, policy, calendar, now).more:
        pass
    took = Took(time.perf_counter() - begin, time.process_time() - cpu)
    db.close()
    return took


@contextmanager
def running(folder: Path, url: str) -> Iterator[subprocess.Popen[bytes]]:
    config = folder / "config.toml"
    config.touch(mode=0o600)
    config.write_text(
        f'[paths]\ndata_dir = "{folder / "data"}"\n'
        f'[telegram]\ntoken = "1:bench"\nbase_url = "{url}"\n',
        encoding="utf-8",
    )
    env = {key: value for key, value in os.environ.items() if not key.startswith("DONDOC_")}
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, "run", "--config", str(config)],
        env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def settled(pid: int) -> float:
    """Wait until the process has nothing more to do; processor seconds it has used."""
    used, still = processor(pid), 0
    while still < 4:
        time.sleep(1)
        now = processor(pid)
        still, used = (still + 1 if now - used < 0.02 else 0), now
    return used


def rest(folder: Path, url: str, seconds: float) -> Rest:
    """Run on what is in `folder`, and watch it do nothing."""
    with running(folder, url) as process:
        start = settled(process.pid)
        # After a change ticks look for a minute; the start was one.
        time.sleep(STILL if seconds > 1 else 0)
        before = precisely(process.pid)
        time.sleep(seconds)
        used = precisely(process.pid) - before
        return Rest(start, used * 60 / seconds, memory(process.pid))


def memory(pid: int) -> float:
    """Resident memory in MiB."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise ProcessLookupError(pid)


def processor(pid: int) -> float:
    """Seconds of processor time so far, of all threads there were, in the kernel's ticks."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def precisely(pid: int) -> float:
    """Seconds of processor time of all threads that live: the kernel's ticks of 10 ms are too
    coarse for what uses twenty in a minute."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((each / "schedstat").read_text().split()[0]) for each in threads) / 1e9


def imports() -> float:
    """Processor seconds to import what the process imports, and to end."""
    before = os.times()
    subprocess.run([sys.executable, "-c", IMPORTS], check=True)
    after = os.times()
    spent = after.children_user - before.children_user
    return spent + after.children_system - before.children_system
