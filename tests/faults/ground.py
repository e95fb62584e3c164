"""Where a scene is played: a data folder, messengers of our own, the product in its process."""

import os
import re
import shutil
import signal
import sqlite3
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any, Self

from sqlmodel import Session, col, select

from bot.opening import Tools, open_database
from bot.settings import Paths, Settings
from intake.importing import ImportOrder, import_agencies, import_tasks
from registry import people
from registry.audit import record
from registry.clock import LOCAL
from registry.people import Chat
from registry.tables import Agency, Duty
from registry.types import Role
from tests.e2e.process import environment
from tests.faults.messengers import TELEGRAM, Kind, Messenger
from tests.faults.nursery import Nursery

MADE = datetime(2026, 9, 3, 9, tzinfo=LOCAL)
FIRST_ID = 600_000_000
EACH = 4
REPEATED = re.compile("gửi lại", re.IGNORECASE)
REMINDER = "Nhắc việc"
# When everybody's reminder is due.
DUE = "2026-09-10T08:00:00"


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
    cpu: float = 0.0

    def check(self, true: bool, fault: str) -> None:
        if not true and fault not in self.faults:
            self.faults.append(fault)

    @property
    def p50(self) -> float:
        return median(self.late) if self.late else 0.0

    @property
    def latest(self) -> float:
        return max(self.late, default=0.0)


def make_database(folder: Path, persons: int, due: str, channels: Sequence[str]) -> dict[str, int]:
    """Agencies with a duty each, and four people for each of them, with a chat on each channel, the
    first one preferred; all of a person's chats have one address. Returns address -> number."""
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
        return db.write_now(_bind, channels)
    finally:
        db.close()


def _bind(session: Session, channels: Sequence[str]) -> dict[str, int]:
    numbers: dict[str, int] = {}
    # As by the command line: a journal that is empty proves nothing at a restore.
    record(session, MADE, "directive.import", "directive:1", None, "cli")
    found = session.exec(
        select(Agency, Duty.number)
        .join(Duty, col(Duty.agency_id) == col(Agency.id))
        .order_by(col(Duty.number))
    ).all()
    for agency, number in found:
        for _ in range(EACH):
            address = str(FIRST_ID + len(numbers))
            first, *others = (
                people.ensure_contact(
                    session,
                    Chat(channel, address, "private", address, name=f"Cán bộ {address}"),
                    MADE,
                )
                for channel in channels
            )
            name = f"Cán bộ {address}"
            people.bind(session, first, name, Role.FOCAL, agency.id, MADE, "2026-11")
            for rank, contact in enumerate(others, start=1):
                contact.person_id, contact.rank = first.person_id, rank
            numbers[address] = number
    return numbers


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
    """The folder, the messengers and the clock of a scene. `first`: the messenger it is about."""

    def __init__(
        self,
        folder: Path,
        template: Path,
        numbers: dict[str, int],
        begin: str,
        kinds: Sequence[Kind],
    ) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.numbers = numbers
        folder.mkdir(parents=True, exist_ok=True)
        if template.exists():
            shutil.copytree(template, self.data, dirs_exist_ok=True)
        self.messengers = [Messenger(kind, list(numbers)) for kind in kinds]
        self.first = self.messengers[0]
        self.env = environment(**{token_of(each.kind): each.fake.token for each in self.messengers})
        self.nursery = Nursery(environment())
        self.lives: list[Life] = []
        self._clock = folder / "clock"
        self._moves: list[tuple[float, float]] = []
        self.set_clock(begin)
        self.configure()

    def configure(self, more: str = "") -> None:
        config = self.folder / "config.toml"
        config.write_text("".join(map(section_of, self.messengers)) + more, "utf-8")
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

    def start(self, *, largest_file: int | None = None, **env: str) -> Life:
        """`largest_file`: bytes beyond which it may not let a file grow."""
        return self._start(["run"], f"life-{len(self.lives)}", env, str(self._clock), largest_file)

    def command(self, *arguments: str, patience: float = 60) -> Life:
        """Another command of `dondoc`, to its end."""
        now = self.moment_of(time.time()).astimezone(LOCAL)  # noqa: TID251
        env = {"DONDOC_AS_OF": f"{now:%Y-%m-%dT%H:%M:%S}"}
        life = self._start([*arguments], f"command-{len(self.lives)}", env)
        life.ended(patience)
        return life

    def _start(
        self,
        words: list[str],
        name: str,
        env: dict[str, str],
        clock: str = "",
        largest_file: int | None = None,
    ) -> Life:
        files = {kind: self.folder / f"{name}.{kind}" for kind in ("stdout", "stderr")}
        for file in files.values():
            file.touch()
        config = str(self.folder / "config.toml")
        order = {
            "arguments": [*words, "--config", config], "config": config, "cwd": str(self.folder),
            "env": self.env | env, "stdin": "/dev/null",
            **{kind: str(file) for kind, file in files.items()},
            "clock": clock, "largest_file": largest_file,
        }  # fmt: skip
        life = Life(self, name, order)
        self.lives.append(life)
        return life

    # -- what came of it --------------------------------------------------------------------------

    def sent(self, words: str = REMINDER) -> list[dict[str, Any]]:
        """Messages that reached a chat, by whichever messenger, oldest first."""
        rows = [row for each in self.messengers for row in list(each.sent) if words in row["text"]]
        return sorted(rows, key=lambda row: float(row["at"]))

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
        self.until(
            lambda: self.total() >= count and len(self.sent(words)) >= count,
            f"{count} messages", patience,
        )  # fmt: skip

    def total(self) -> int:
        """How many messages arrived at all; costs nothing to ask."""
        return sum(len(each.sent) for each in self.messengers)

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

    def ends_well(self, verdict: Verdict, due: str, life: Life) -> None:
        """This life reminds everybody and is ended; count what each person got."""
        self.until_all()
        life.terminate()
        self.judge(verdict, due)

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
            for each in self.messengers:
                secret = each.fake.token.partition(":")[2]
                verdict.check(secret not in life.said(), f"{life.name} says a secret")
        return verdict

    def close(self) -> float:
        """Returns the CPU seconds of the product's processes."""
        for life in self.lives:
            with suppress(Missed, OSError):
                life.kill()
        cpu: float = self.nursery.ask({"cpu": True})
        self.nursery.stop()
        for each in self.messengers:
            each.close()
        return cpu


def one_line(verdict: Verdict, life: Life, what: str, *words: str) -> None:
    """It ends by itself with code 1 and one line that says these words."""
    code = life.ended(40)
    said = life.said().strip()
    verdict.check(code == 1, f"{what} ended with {code}")
    verdict.check(len(said.splitlines()) == 1, f"{what} more than a line: {said[-300:]}")
    for word in words:
        verdict.check(word in said, f"{what} does not say {word!r}: {said[-300:]}")
    verdict.notes.append(said.splitlines()[-1][:110] if said else "(nothing said)")


def token_of(kind: Kind) -> str:
    """The variable that holds its token."""
    return f"DONDOC_{kind.name.upper()}__TOKEN"


def section_of(messenger: Messenger) -> str:
    return f'[{messenger.kind.name}]\nbase_url = "{messenger.fake.url}"\n'


Template = tuple[Path, dict[str, int]]


@dataclass(frozen=True)
class Stage:
    """What scenes share: a folder, a seed, and databases made once for so many people. `kinds`: the
    messengers of this scene, the one it is about first; `cpu`: what its processes took."""

    folder: Path
    seed: int
    kinds: tuple[Kind, ...] = (TELEGRAM,)
    made: dict[tuple[int, str, tuple[str, ...]], Template] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    cpu: list[float] = field(default_factory=list)

    def on(self, *kinds: Kind) -> Self:
        """The same stage with these messengers."""
        return replace(self, kinds=kinds)

    def apart(self) -> Self:
        """The same stage, counting by itself what a scene costs."""
        return replace(self, cpu=[])

    def template(self, persons: int, due: str) -> Template:
        with self.lock:
            key = (persons, due, tuple(kind.name for kind in self.kinds))
            if key not in self.made:
                folder = self.folder / f"template-{len(self.made)}"
                self.made[key] = folder, make_database(folder, *key)
            return self.made[key]

    @property
    def prefix(self) -> str:
        return self.kinds[0].prefix

    @contextmanager
    def ground(
        self, name: str, persons: int = 40, begin: str = "2026-09-10T07:59:58",
        due: str = "24/9/2026",
    ) -> Iterator[Ground]:  # fmt: skip
        """`persons`: as many as the fastest messenger has."""
        slowest = min(self.kinds, key=lambda kind: kind.share)
        template, numbers = self.template(slowest.persons(persons, EACH), due)
        folder = self.folder / f"{self.prefix}{name}"
        ground = Ground(folder, template, dict(numbers), begin, self.kinds)
        try:
            yield ground
        finally:
            self.cpu.append(ground.close())
