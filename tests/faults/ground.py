"""Where a scene is played: a data folder, a messenger of our own, the product in its process."""

import asyncio
import os
import re
import shutil
import signal
import sqlite3
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Coroutine, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from sqlmodel import Session, col, select

from bot.opening import Tools, open_database
from bot.settings import Paths, Settings
from intake.importing import ImportOrder, import_agencies, import_tasks
from registry import people
from registry.clock import LOCAL
from registry.people import Chat
from registry.tables import Agency, Duty
from registry.types import Role
from tests.e2e.process import environment
from tests.fakes.telegram_server import FakeTelegram
from tests.faults.nursery import Nursery

MADE = datetime(2026, 9, 3, 9, tzinfo=LOCAL)
FIRST_ID = 600_000_000
EACH = 4
REPEATED = re.compile("gửi lại", re.IGNORECASE)
REMINDER = "Nhắc việc"


class Missed(Exception):
    """A scene did not go as it must; the text says what was waited for."""


@dataclass
class Verdict:
    """What a scene found. late: seconds by the product's clock from when a message was due."""

    expected: int = 0
    delivered: int = 0
    lost: int = 0
    marked: int = 0
    unmarked: int = 0
    late: list[float] = field(default_factory=list)
    most_repeats: int = 0
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    skipped: str = ""
    seconds: float = 0.0

    def check(self, true: bool, fault: str) -> None:
        if not true and fault not in self.faults:
            self.faults.append(fault)

    @property
    def p50(self) -> float:
        return median(self.late) if self.late else 0.0

    @property
    def latest(self) -> float:
        return max(self.late, default=0.0)


def make_database(folder: Path, persons: int, due: str = "24/9/2026") -> dict[str, int]:
    """Agencies with a duty each, and four people for each of them. Returns address -> number."""
    folder.mkdir(parents=True)
    names = [f"UBND xã Thử {n:03}" for n in range(1, persons // EACH + 1)]
    head = "Tên cơ quan,Tên khác,Cấp,Khối\n"
    rows = "".join(f'{name},,xã,"UBND các xã, phường"\n' for name in names)
    (folder / "agencies.csv").write_text(head + rows, "utf-8")
    (folder / "plan.csv").write_text(
        "TT,Nhiệm vụ,Kết quả thực hiện,Thời gian hoàn thành,Cơ quan chủ trì\n"
        f'1,Báo cáo kết quả chuyển đổi số cấp xã,Báo cáo,{due},"UBND các xã, phường"\n',
        "utf-8",
    )
    settings = Settings(paths=Paths(data_dir=folder))
    tools = Tools.of(settings, MADE)
    db = open_database(settings, MADE)
    try:
        import_agencies(db, folder / "agencies.csv", MADE)
        order = ImportOrder("5/KH-BCĐ", date(2026, 9, 3), calendar=tools.calendar)
        import_tasks(db, folder / "plan.csv", order, MADE)
        return db.write_now(_bind)
    finally:
        db.close()


def _bind(session: Session) -> dict[str, int]:
    numbers: dict[str, int] = {}
    found = session.exec(
        select(Agency, Duty.number)
        .join(Duty, col(Duty.agency_id) == col(Agency.id))
        .order_by(col(Duty.number))
    ).all()
    for agency, number in found:
        for _ in range(EACH):
            address = str(FIRST_ID + len(numbers))
            chat = Chat("telegram", address, "private", address, name=f"Cán bộ {address}")
            contact = people.ensure_contact(session, chat, MADE)
            people.bind(session, contact, chat.name, Role.FOCAL, agency.id, MADE, "2026-11")
            numbers[address] = number
    return numbers


class Messenger:
    """A fake Telegram on a thread of its own: it outlives whatever happens to the product."""

    def __init__(self, addresses: list[str]) -> None:
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self.fake: FakeTelegram = self.do(self._make(addresses))

    async def _make(self, addresses: list[str]) -> FakeTelegram:
        fake = FakeTelegram()
        await fake.start()
        for address in addresses:
            fake.world.user(f"Cán bộ {address}", user_id=int(address))
            fake.world.unblock(int(address))
        fake.world.updates.clear()
        return fake

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    def call(self, fn: Callable[..., Any], *args: Any, **more: Any) -> Any:
        """Run a function of the fake in its own thread."""

        async def run() -> Any:
            return fn(*args, **more)

        return self.do(run())

    def calls(self, method: str) -> int:
        return sum(row["method"] == method for row in list(self.fake.calls))

    def close(self) -> None:
        with suppress(Exception):
            self.do(self.fake.stop())
        self.loop.call_soon_threadsafe(self.loop.stop)


class Life:
    """One life of the product: a process and what it wrote."""

    def __init__(self, ground: "Ground", name: str, order: dict[str, Any]) -> None:
        self._nursery = ground.nursery
        self.files = [Path(order["stdout"]), Path(order["stderr"])]
        self.name = name
        self.pid: int = self._nursery.ask({"start": order})
        self._code: int | None = None

    @property
    def code(self) -> int | None:
        """The exit code; None while it lives."""
        if self._code is None:
            self._code = self._nursery.ask({"wait": self.pid})
        return self._code

    def signal(self, number: int) -> None:
        if self.code is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """As a lost power line does."""
        self.signal(signal.SIGKILL)
        self.ended(20)

    def terminate(self) -> None:
        self.signal(signal.SIGTERM)
        self.ended(30)

    def ended(self, patience: float) -> int:
        end = time.monotonic() + patience
        while self.code is None:
            if time.monotonic() > end:
                raise Missed(f"{self.name} goes on for {patience:.0f} s")
            time.sleep(0.01)
        return self.code or 0

    def said(self) -> str:
        return "".join(file.read_text("utf-8", "replace") for file in self.files)


class Ground:
    """The folder, the messenger and the clock of a scene."""

    def __init__(self, folder: Path, template: Path, numbers: dict[str, int], begin: str) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.numbers = numbers
        folder.mkdir(parents=True, exist_ok=True)
        if template.exists():
            shutil.copytree(template, self.data, dirs_exist_ok=True)
        self.telegram = Messenger(list(numbers))
        self.env = environment(DONDOC_TELEGRAM__TOKEN=self.telegram.fake.token)
        self.nursery = Nursery(environment())
        self.lives: list[Life] = []
        self._clock = folder / "clock"
        self._moves: list[tuple[float, float]] = []
        self.set_clock(begin)
        self.configure()

    def configure(self, more: str = "") -> None:
        config = self.folder / "config.toml"
        config.write_text(f'[telegram]\nbase_url = "{self.telegram.fake.url}"\n{more}', "utf-8")
        config.chmod(0o600)

    # -- the clock --------------------------------------------------------------------------------

    def set_clock(self, local: str) -> None:
        """The product's clock says this local moment now ("2026-09-10T08:00:00")."""
        moment = datetime.fromisoformat(local).replace(tzinfo=LOCAL)
        self._write_clock(moment.timestamp() - time.time())  # noqa: TID251

    def move_clock(self, **by: float) -> None:
        self._write_clock(self._moves[-1][1] + timedelta(**by).total_seconds())

    def _write_clock(self, ahead: float) -> None:
        self._moves.append((time.time(), ahead))  # noqa: TID251
        new = self._clock.with_suffix(".new")
        new.write_text(repr(ahead), "utf-8")
        new.replace(self._clock)

    def moment_of(self, real: float) -> datetime:
        """What the product's clock said at this Unix time."""
        ahead = next(ahead for since, ahead in reversed(self._moves) if since <= real)
        return datetime.fromtimestamp(real + ahead, UTC)

    # -- the product ------------------------------------------------------------------------------

    def start(self, **env: str) -> Life:
        return self._start(["run"], f"life-{len(self.lives)}", env, clock=True)

    def command(self, *arguments: str, patience: float = 60) -> Life:
        """Another command of `dondoc`, to its end."""
        now = self.moment_of(time.time()).astimezone(LOCAL)  # noqa: TID251
        env = {"DONDOC_AS_OF": f"{now:%Y-%m-%dT%H:%M:%S}"}
        life = self._start([*arguments], f"command-{len(self.lives)}", env, clock=False)
        life.ended(patience)
        return life

    def _start(self, words: list[str], name: str, env: dict[str, str], *, clock: bool) -> Life:
        files = {kind: self.folder / f"{name}.{kind}" for kind in ("stdout", "stderr")}
        for file in files.values():
            file.touch()
        config = str(self.folder / "config.toml")
        order = {
            "arguments": [*words, "--config", config], "config": config, "cwd": str(self.folder),
            "env": self.env | env, "stdin": "/dev/null",
            **{kind: str(file) for kind, file in files.items()},
            "clock": str(self._clock) if clock else "",
        }  # fmt: skip
        life = Life(self, name, order)
        self.lives.append(life)
        return life

    # -- what came of it --------------------------------------------------------------------------

    def sent(self, words: str = REMINDER) -> list[dict[str, Any]]:
        """Messages that reached a chat, oldest first."""
        return [row for row in list(self.telegram.fake.world.sent) if words in row["text"]]

    def reached(self, words: str = REMINDER) -> int:
        """How many people have it."""
        return len({row["chat_id"] for row in self.sent(words)})

    def until(self, true: Callable[[], bool], what: str, patience: float = 60) -> None:
        end = time.monotonic() + patience
        while not true():
            if time.monotonic() > end:
                raise Missed(f"waited {patience:.0f} s in vain for {what}")
            time.sleep(0.02)

    def until_sent(self, count: int, words: str = REMINDER, patience: float = 60) -> None:
        rows = self.telegram.fake.world.sent
        self.until(
            lambda: len(rows) >= count and len(self.sent(words)) >= count,
            f"{count} messages", patience,
        )  # fmt: skip

    def until_all(self, words: str = REMINDER, patience: float = 90) -> None:
        """Everybody has it, and the outbox is at rest."""
        everybody = len(self.numbers)
        self.until(lambda: self.reached(words) >= everybody, f"all {everybody}", patience)
        self.until(self.at_rest, "the outbox to rest", 60)

    def at_rest(self) -> bool:
        with suppress(sqlite3.Error):
            now = self.moment_of(time.time())  # noqa: TID251
            return not self.query(
                "SELECT 1 FROM notice WHERE state = 'sending' "
                "OR (state = 'queued' AND next_at <= ?) "
                "UNION ALL SELECT 1 FROM inbound WHERE state = 'new' LIMIT 1",
                f"{now + timedelta(seconds=90):%Y-%m-%d %H:%M:%S}",
            )
        return False

    def query(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.data / "dondoc.db", timeout=5)) as db:
            return db.execute(sql, values).fetchall()

    def judge(
        self, verdict: Verdict, due: str, words: str = REMINDER, *, earliest: float = -1.0
    ) -> Verdict:
        """Count what each person got against one message for everybody. earliest: seconds from
        when it was due."""
        got: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for row in self.sent(words):
            got[str(row["chat_id"])].append(row)
        moment = datetime.fromisoformat(due).replace(tzinfo=LOCAL)
        verdict.expected += len(self.numbers)
        verdict.delivered += len(got.keys() & self.numbers.keys())
        verdict.lost += len(self.numbers.keys() - got.keys())
        for rows in got.values():
            late = (self.moment_of(rows[0]["at"]) - moment).total_seconds()
            verdict.late.append(max(late, 0.0))
            verdict.check(late > earliest, "somebody was told too early")
            again = rows[1:]
            verdict.most_repeats = max(verdict.most_repeats, len(again))
            marked = sum(bool(REPEATED.search(row["text"])) for row in again)
            verdict.marked += marked
            verdict.unmarked += len(again) - marked
        for life in self.lives:
            secret = self.telegram.fake.token.partition(":")[2]
            verdict.check(secret not in life.said(), f"{life.name} says a secret")
        return verdict

    def close(self) -> None:
        for life in self.lives:
            with suppress(Missed, OSError):
                life.kill()
        self.nursery.stop()
        self.telegram.close()


@dataclass
class Stage:
    """What scenes share: a folder, a seed, and databases made once for so many people."""

    folder: Path
    seed: int
    made: dict[tuple[int, str], tuple[Path, dict[str, int]]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def template(self, persons: int, due: str) -> tuple[Path, dict[str, int]]:
        with self.lock:
            key = (persons, due)
            if key not in self.made:
                folder = self.folder / f"template-{len(self.made)}"
                self.made[key] = folder, make_database(folder, persons, due)
            return self.made[key]

    @contextmanager
    def ground(
        self, name: str, persons: int = 40, begin: str = "2026-09-10T07:59:58",
        due: str = "24/9/2026",
    ) -> Iterator[Ground]:  # fmt: skip
        template, numbers = self.template(persons, due)
        ground = Ground(self.folder / name, template, dict(numbers), begin)
        try:
            yield ground
        finally:
            ground.close()
