"""The real process, killed at any moment: nothing is lost, and hardly anything said twice."""

import random
import shutil
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, col, select

from bot.opening import Tools, open_database
from bot.settings import Paths, Settings
from intake.importing import ImportOrder, import_agencies, import_tasks
from registry import people
from registry.clock import LOCAL
from registry.database import Database
from registry.people import Chat
from registry.tables import Agency, Duty
from registry.types import Role
from tests.e2e.process import Running, environment, wait_for
from tests.fakes.telegram_remote import RemoteTelegram

AGENCIES = 50
EACH = 4
PEOPLE = AGENCIES * EACH
MADE = datetime(2026, 9, 3, 9, tzinfo=LOCAL)
QUIET_DAY = "2026-09-08T09:00"
MORNING = "2026-09-10T08:00"
FIRST_ID = 600_000_000
REPEATED = "gửi lại"


def make_database(folder: Path) -> dict[str, int]:
    """Fifty agencies with one duty each, and four people for each of them. address -> number."""
    settings = Settings(paths=Paths(data_dir=folder))
    db = open_database(settings, MADE)
    try:
        return load(db, Tools.of(settings, MADE), folder)
    finally:
        db.close()


def load(db: Database, tools: Tools, folder: Path) -> dict[str, int]:
    """What :func:`make_database` is filled with."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"UBND xã Thử {n:02}" for n in range(1, AGENCIES + 1)]
    head = "Tên cơ quan,Tên khác,Cấp,Khối\n"
    (folder / "agencies.csv").write_text(
        head + "".join(f'{name},,xã,"UBND các xã, phường"\n' for name in names), "utf-8"
    )
    (folder / "plan.csv").write_text(
        "TT,Nhiệm vụ,Kết quả thực hiện,Thời gian hoàn thành,Cơ quan chủ trì\n"
        '1,Báo cáo kết quả chuyển đổi số cấp xã,Báo cáo,24/9/2026,"UBND các xã, phường"\n',
        "utf-8",
    )
    import_agencies(db, folder / "agencies.csv", MADE)
    order = ImportOrder("5/KH-BCĐ", date(2026, 9, 3), calendar=tools.calendar)
    import_tasks(db, folder / "plan.csv", order, MADE)
    return db.write_now(bind_everybody)


def bind_everybody(session: Session) -> dict[str, int]:
    numbers = {}
    rows = session.exec(
        select(Agency, Duty.number)
        .join(Duty, col(Duty.agency_id) == col(Agency.id))
        .order_by(col(Duty.number))
    ).all()
    assert len(rows) == AGENCIES
    for index, (agency, number) in enumerate(rows):
        for n in range(EACH):
            address = str(FIRST_ID + index * EACH + n)
            chat = Chat("telegram", address, "private", address, name=f"Cán bộ {address}")
            contact = people.ensure_contact(session, chat, MADE)
            people.bind(session, contact, chat.name, Role.FOCAL, agency.id, MADE, "2026-11")
            numbers[address] = number
    return numbers


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, int]]:
    folder = tmp_path_factory.mktemp("template") / "data"
    return folder, make_database(folder)


@dataclass
class Town:
    """A folder with config and data, the messenger, and who is to answer for which duty."""

    folder: Path
    telegram: RemoteTelegram
    numbers: dict[str, int]
    moment: datetime

    def run(self, name: str = "run") -> Running:
        """Start it; every start is a little later than the one before."""
        self.moment += timedelta(minutes=4)
        as_of = self.moment.strftime("%Y-%m-%dT%H:%M")
        return Running(self.folder, as_of, self.env, name)

    @property
    def env(self) -> dict[str, str]:
        return environment(DONDOC_TELEGRAM__TOKEN=self.telegram.token)

    def sent(self) -> list[dict[str, Any]]:
        return self.telegram.events("sendMessage")

    def by_chat(self, words: str) -> dict[str, list[str]]:
        """Messages with these words, by address, in order."""
        found: dict[str, list[str]] = defaultdict(list)
        for row in self.sent():
            if words in row["text"]:
                found[str(row["chat_id"])].append(row["text"])
        return found

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.folder / "data" / "dondoc.db")) as db:
            return db.execute(sql).fetchall()

    def idle(self) -> bool:
        """Nothing is waiting to be sent or handled, as far as it is due."""
        now = "strftime('%Y-%m-%d %H:%M:%f', :now)".replace(":now", f"'{self._utc()}'")
        waiting = self.query(
            f"SELECT count(*) FROM notice WHERE state = 'sending' "  # noqa: S608
            f"OR (state = 'queued' AND next_at <= {now})"
        )[0][0]
        return not waiting and not self.query("SELECT 1 FROM inbound WHERE state = 'new'")

    def _utc(self) -> str:
        later = self.moment - timedelta(hours=7) + timedelta(minutes=3)
        return later.strftime("%Y-%m-%d %H:%M:%S")

    def no_secret_anywhere(self) -> None:
        """The token is in no output and in no file of the product."""
        token = self.telegram.token.encode()
        for file in self.folder.rglob("*"):
            if file.is_file() and file.name != "telegram.jsonl":
                content = file.read_bytes()
                assert token not in content, file
                assert token.partition(b":")[2] not in content, file


@contextmanager
def town(
    tmp_path: Path, template: tuple[Path, dict[str, int]], begin: str, present: int = PEOPLE
) -> Iterator[Town]:
    """`present`: how many of the people the messenger knows."""
    source, numbers = template
    shutil.copytree(source, tmp_path / "data")
    with town_on(tmp_path, numbers, begin, present) as made:
        yield made


@contextmanager
def town_on(
    tmp_path: Path, numbers: dict[str, int], begin: str, present: int = PEOPLE
) -> Iterator[Town]:
    """As :func:`town`, whose data are there already."""
    with RemoteTelegram(tmp_path / "telegram.jsonl") as telegram:
        for address in list(numbers)[:present]:
            telegram.do("user", name=f"Cán bộ {address}", user_id=int(address))
            telegram.do("unblock", user=int(address))
        (tmp_path / "config.toml").write_text(
            f'[telegram]\nbase_url = "{telegram.url}"\n', encoding="utf-8"
        )
        moment = datetime.strptime(begin, "%Y-%m-%dT%H:%M")  # noqa: DTZ007 -- local, as typed
        yield Town(tmp_path, telegram, numbers, moment)


def repeated_at_most_once_and_marked(got: dict[str, list[str]], everybody: set[str]) -> None:
    assert set(got) == everybody, f"missing: {sorted(everybody - set(got))[:5]}"
    for address, texts in got.items():
        assert len(texts) <= 2, (address, texts)
        assert REPEATED not in texts[0].lower() or len(texts) == 1, (address, texts)
        assert all(REPEATED in text.lower() for text in texts[1:]), (address, texts)


def kill_points(seed: int, count: int, last: int) -> list[int]:
    """How many messages are out when the process is killed, each time."""
    return sorted(random.Random(seed).sample(range(1, last), count))


@pytest.mark.parametrize("seed", [1])
def test_killed_while_reminding(
    seed: int, tmp_path: Path, template: tuple[Path, dict[str, int]]
) -> None:
    with town(tmp_path, template, MORNING) as on:
        for point in kill_points(seed, 3, 130):
            with on.run() as process:
                wait_for(lambda point=point: len(on.sent()) >= point, f"{point} messages")
                process.kill()
        with on.run() as process:
            wait_for(lambda: len(on.by_chat("Nhắc việc")) == PEOPLE and on.idle(), "the rest", 40)
            assert process.terminate() < 5
            assert process.process.returncode == 0
        got = on.by_chat("Nhắc việc")
        repeated_at_most_once_and_marked(got, set(on.numbers))
        assert sum(map(len, got.values())) <= PEOPLE + 3 * 16
        on.no_secret_anywhere()


@pytest.mark.parametrize("seed", [3])
def test_killed_while_handling_answers(
    seed: int, tmp_path: Path, template: tuple[Path, dict[str, int]]
) -> None:
    with town(tmp_path, template, QUIET_DAY) as on:
        speakers = list(on.numbers)[::EACH]
        for n, address in enumerate(speakers):
            on.telegram.do("say", user=int(address), text=f"xong {on.numbers[address]} số {n}/BC")
        for point in kill_points(seed, 3, 45):
            with on.run() as process:
                wait_for(lambda point=point: handled(on) >= point, f"{point} answers handled")
                process.kill()
        with on.run() as process:
            wait_for(lambda: done(on) == AGENCIES and on.idle(), "the rest", 40)
            process.terminate()
        completions = on.query("SELECT duty_id, count(*) FROM completion GROUP BY duty_id")
        assert len(completions) == AGENCIES
        assert {count for _, count in completions} == {1}
        answers = on.by_chat("Đã ghi nhận hoàn thành")
        assert all(len(texts) == 1 for texts in answers.values()), "an answer came twice"
        # The colleagues of whoever answered hear of it, at most twice and then marked.
        words = on.by_chat("đã báo hoàn thành")
        repeated_at_most_once_and_marked(words, set(on.numbers) - set(speakers))
        on.no_secret_anywhere()


def handled(on: Town) -> int:
    try:
        return int(on.query("SELECT count(*) FROM inbound WHERE outcome = '' AND state = "
                            "'handled' AND sender != ''")[0][0])  # fmt: skip
    except sqlite3.OperationalError:
        return 0


def done(on: Town) -> int:
    return int(on.query("SELECT count(*) FROM duty WHERE state = 'done'")[0][0])


def test_sigterm_is_obeyed_and_loses_and_doubles_nothing(
    tmp_path: Path, template: tuple[Path, dict[str, int]]
) -> None:
    with town(tmp_path, template, MORNING) as on:
        for point in (40,):
            with on.run() as process:
                wait_for(lambda point=point: len(on.sent()) >= point, f"{point} messages")
                assert process.terminate() < 5
                assert process.process.returncode == 0
        with on.run() as process:
            wait_for(lambda: len(on.by_chat("Nhắc việc")) == PEOPLE and on.idle(), "the rest", 40)
            process.terminate()
        assert all(len(texts) == 1 for texts in on.by_chat("Nhắc việc").values())
        assert "Traceback" not in process.said()


def test_sigterm_while_the_messenger_is_silent(
    tmp_path: Path, template: tuple[Path, dict[str, int]]
) -> None:
    with town(tmp_path, template, MORNING) as on:
        on.telegram.do("fail", kind="hang", times=1000)
        with on.run() as process:
            wait_for(lambda: len(calls(on, "sendMessage")) >= 5, "calls that hang")
            assert process.terminate() < 5.5
        assert "Traceback" not in process.said()
        on.telegram.do("heal")
        with on.run() as process:
            wait_for(lambda: len(on.by_chat("Nhắc việc")) == PEOPLE and on.idle(), "all", 40)


def calls(on: Town, method: str) -> list[dict[str, Any]]:
    return [row for row in on.telegram.events("call") if row["method"] == method]


def test_one_process_a_folder_and_no_secret_in_its_words(
    tmp_path: Path, template: tuple[Path, dict[str, int]]
) -> None:
    with town(tmp_path, template, QUIET_DAY, present=1) as on, on.run() as first:
        wait_for(lambda: bool(calls(on, "getUpdates")), "the first to poll")
        with on.run("second") as second:
            second.process.wait(30)
            assert second.process.returncode == 1
            assert len(second.said().strip().splitlines()) == 1
            assert "đang chạy" in second.said()
        # Its own troubles are told without the token.
        polls = len(calls(on, "getUpdates"))
        on.telegram.do("refuse", code=500, description="Internal", method="*", times=2)
        on.telegram.do("fail", kind="drop", method="*", times=2)
        on.telegram.do("say", user=int(next(iter(on.numbers))), text="xin chào")  # ends the poll
        wait_for(lambda: len(calls(on, "getUpdates")) >= polls + 4, "polls in trouble", 60)
        assert first.process.poll() is None
        first.terminate()
        on.no_secret_anywhere()


def test_wrong_token_ends_with_one_line(
    tmp_path: Path, template: tuple[Path, dict[str, int]]
) -> None:
    with town(tmp_path, template, QUIET_DAY, present=1) as on:
        wrong = "1000001:AAWrongWrongWrongWrongWrongWrongWro"
        with Running(on.folder, QUIET_DAY, environment(DONDOC_TELEGRAM__TOKEN=wrong)) as process:
            process.process.wait(30)
            assert process.process.returncode == 1
        said = process.said()
        assert wrong not in said
        assert wrong.partition(":")[2] not in said
        assert "Traceback" not in said
        assert "Lỗi:" in said
