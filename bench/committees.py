"""What one more idle committee in a process costs: memory, processor, threads, open files.

`python -m bench.committees [--counts 1,20,60] [--seconds 90] [--web]`: the real `dondoc run
--installation` beside a messenger of our own that keeps polls waiting, once for each count. Every
committee has the made-up province and one bot; nobody speaks.
"""

import argparse
import asyncio
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from aiohttp import web

from bot.opening import Tools, open_database
from bot.settings import Paths, Settings
from intake.importing import ImportOrder, import_agencies, import_tasks
from tests.called import free_port
from tests.world import DATA

POLL = 50.0
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Cost:
    """Of a whole process: MiB (proportional set), CPU seconds a minute, threads, open files."""

    memory: float
    processor: float
    threads: int
    files: int

    def minus(self, less: "Cost") -> "Cost":
        return Cost(
            self.memory - less.memory,
            self.processor - less.processor,
            self.threads - less.threads,
            self.files - less.files,
        )


async def _answer(request: web.Request) -> web.Response:
    """Any bot, who hears nothing."""
    method = request.match_info["method"].lower()
    if method == "getupdates":
        await asyncio.sleep(POLL)
        return web.json_response({"ok": True, "result": []})
    number = int(request.match_info["token"].partition(":")[0])
    who = {"id": number, "is_bot": True, "first_name": "Đôn Đốc", "username": f"bot_{number}"}
    result = {"getme": who, "getwebhookinfo": {"url": "", "has_custom_certificate": False,
              "pending_update_count": 0}}.get(method, True)  # fmt: skip
    return web.json_response({"ok": True, "result": result})


def serve(port: int) -> None:
    app = web.Application()
    app.router.add_route("*", "/bot{token}/{method}", _answer)
    web.run_app(app, host="127.0.0.1", port=port, print=None, access_log=None)


def province(folder: Path) -> Path:
    """A database with the made-up province."""
    now = datetime.now(UTC)
    settings = Settings(paths=Paths(data_dir=folder))
    tools, db = Tools.of(settings, now), open_database(settings, now)
    import_agencies(db, DATA / "agencies.csv", now)
    order = ImportOrder("21/KH-BCĐ", date(2026, 9, 3), calendar=tools.calendar)
    import_tasks(db, DATA / "plan.csv", order, now)
    db.close()
    return folder / "dondoc.db"


def installation(folder: Path, count: int, port: int, database: Path, with_web: bool) -> Path:
    rows = []
    for number in range(1, count + 1):
        name = f"xa-{number}"
        (folder / name / "data").mkdir(parents=True)
        shutil.copyfile(database, folder / name / "data" / "dondoc.db")
        config = folder / name / "config.toml"
        here = f'[web]\nmode = "on"\npublic_url = "http://127.0.0.1/c/{name}"\n' if with_web else ""
        config.write_text(
            f'[telegram]\ntoken = "{100_000 + number}:{"A" * 35}"\n'
            f'base_url = "http://127.0.0.1:{port}"\n{here}',
            encoding="utf-8",
        )
        config.chmod(0o600)
        rows.append(f'{name} = "{name}/config.toml"\n')
    path = folder / "installation.toml"
    mode = '[web]\nmode = "on"\nport = 0\n' if with_web else ""
    path.write_text(f"{mode}[committees]\n{''.join(rows)}", encoding="utf-8")
    return path


def cost(path: Path, settle: float, seconds: float) -> Cost:
    """The process at rest: looked at after `settle` seconds, for `seconds`."""
    with (path.parent / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "bot.cli", "run", "--installation", str(path)], stderr=log
        )
    try:
        time.sleep(settle)
        before = _processor(process.pid)
        time.sleep(seconds)
        used = (_processor(process.pid) - before) * 60 / seconds
        here = Path(f"/proc/{process.pid}")
        rollup = (here / "smaps_rollup").read_text().splitlines()
        memory = next(int(line.split()[1]) for line in rollup if line.startswith("Pss:")) / 1024
        return Cost(memory, used, len(list((here / "task").iterdir())),
                    len(list((here / "fd").iterdir())))  # fmt: skip
    finally:
        process.terminate()
        process.wait(30)


def _processor(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--counts", default="1,20,60")
    parser.add_argument("--settle", type=float, default=45)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--web", action="store_true")
    given = parser.parse_args()
    port = free_port()
    messenger = multiprocessing.Process(target=serve, args=(port,), daemon=True)
    messenger.start()
    found: dict[int, Cost] = {}
    try:
        with tempfile.TemporaryDirectory() as top:
            database = province(Path(top) / "made")
            for count in map(int, given.counts.split(",")):
                folder = Path(top) / str(count)
                folder.mkdir()
                path = installation(folder, count, port, database, given.web)
                made = found[count] = cost(path, given.settle, given.seconds)
                print(f"{count:4} committees: {told(made, 1)}", flush=True)
    finally:
        messenger.kill()
    few, many = min(found), max(found)
    if few < many:
        print(f"each further one: {told(found[many].minus(found[few]), many - few)}")


def told(made: Cost, among: int) -> str:
    return (
        f"{made.memory / among:.2f} MiB, {made.processor / among:.3f} CPU s/min, "
        f"{made.threads / among:g} threads, {made.files / among:g} files"
    )


if __name__ == "__main__":
    main()
