"""Starts `dondoc` often without paying for its imports each time.

A process that has imported the product and started nothing reads one JSON order a line. {"start":
...} forks a child that is `dondoc` with its own arguments, folder, environment and files, and
answers with its process id; {"wait": pid} answers with its exit code, or null while it lives;
{"cpu": true} with the CPU seconds of those that have ended.

"clock": a file with seconds by which the child's wall clock is ahead; it may change at any moment,
as a machine's clock does. Waiting (the loop's monotonic time) is not touched by it.
"""

import asyncio
import json
import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

import typer
from apscheduler.schedulers import base
from apscheduler.triggers import date, interval

import bot.cli
from bot import app as application
from bot.cli.base import one_line_errors, settings_of
from tests.e2e.zygote import become

ROOT = Path(__file__).resolve().parents[2]


def moved_clock(file: Path) -> Callable[[], datetime]:
    """The machine's clock, ahead by as many seconds as the file says."""
    machine = application.system_clock
    return lambda: machine() + timedelta(seconds=float(file.read_text("utf-8")))


def run_by(clock: Callable[[], datetime], config: Path) -> None:
    """What `dondoc run` does, by this clock. As on a machine whose clock moves, nothing in it reads
    another one: APScheduler neither."""

    class Moved(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return clock().astimezone(tz)

    for module in (base, date, interval):
        module.datetime = Moved
    application.system_clock = clock
    try:
        with one_line_errors():
            asyncio.run(application.run(settings_of(config), clock))
    except typer.Exit as end:
        raise SystemExit(end.exit_code) from None


def be(order: dict[str, Any]) -> None:
    """Be the command, and end with its exit code."""
    os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if order.get("largest_file"):
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (order["largest_file"], hard))
    if order.get("clock"):
        clock, config = moved_clock(Path(order["clock"])), Path(order["config"])
        bot.cli.main = lambda: run_by(clock, config)
    code = 1
    try:
        code = become(order)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def main() -> None:
    """Obey until there are no more orders; no child outlives them."""
    living: set[int] = set()
    try:
        for line in sys.stdin:
            sys.stdout.write(json.dumps(obey(json.loads(line), living)) + "\n")
            sys.stdout.flush()
    finally:
        for pid in living:
            os.kill(pid, signal.SIGKILL)


def obey(order: dict[str, Any], living: set[int]) -> int | float | None:
    if "cpu" in order:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime
    if "start" in order:
        child = os.fork()
        if child == 0:
            be(order["start"])
        living.add(child)
        return child
    pid, status = os.waitpid(order["wait"], os.WNOHANG)
    living -= {pid}
    return None if pid == 0 else os.waitstatus_to_exitcode(status)


class Nursery:
    """The process above, seen from the one that asks. One question at a time."""

    def __init__(self, env: dict[str, str]) -> None:
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.nursery"],
            cwd=ROOT, env=env, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def ask(self, order: dict[str, Any]) -> Any:
        with self._lock:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
            return json.loads(self._process.stdout.readline())

    def stop(self) -> None:
        self._process.communicate(timeout=20)


if __name__ == "__main__":
    main()
