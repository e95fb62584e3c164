"""Several committees in one process: nothing crosses, and none takes another down."""

import asyncio
import contextlib
import io
import logging
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlmodel import Session, col, select

from bot import logs
from bot.channels.http import HttpAnswer
from bot.committees import Committees, open_own
from bot.installation import Claims, claims, read_installation, settings_for
from bot.opening import Tools
from bot.settings import Backup, ConfigTrouble, DatabaseSection, Paths, Settings, Telegram
from bot.web.front import MOST_UNDER_WAY, Front
from bot.web.place import Place
from bot.web.server import Server
from bot.web.site import Site
from intake.importing import ImportOrder, import_agencies, import_tasks
from registry import calendar_feeds, files, invites
from registry.agencies import resolve
from registry.clock import LOCAL
from registry.database import DatabaseTrouble
from registry.tables import Agency, Duty
from registry.types import DutyState, Role
from tests.bot.web.conftest import call
from tests.called import free_port
from tests.fakes.databases import sqlite_only
from tests.fakes.telegram_server import FakeTelegram
from tests.world import DATA, SimClock, eventually

pytestmark = sqlite_only

QUIET = datetime(2026, 9, 8, 9, tzinfo=LOCAL)
MORNING = datetime(2026, 9, 10, 8, tzinfo=LOCAL)
AGENCY = "Sở Xây dựng"
HERE, THERE = "tinh-a", "tinh-b"
LAN, BINH = 7001, 7002


@dataclass
class House:
    """One committee from outside: its bot, its folder, a code, and the number of a duty."""

    name: str
    bot: FakeTelegram
    folder: Path
    code: str = ""
    number: int = 0

    @property
    def secret(self) -> str:
        return Telegram(token=self.bot.token).shown_secret  # type: ignore[arg-type]

    def heard(self, user: int) -> list[str]:
        return [str(row["text"]) for row in self.bot.world.sent if row["chat_id"] == user]

    async def say(self, user: int, text: str) -> str:
        """What the bot answers."""
        before = len(self.heard(user))
        self.bot.world.say(user, text)
        await eventually(lambda: len(self.heard(user)) > before, f"an answer to {text!r}")
        return self.heard(user)[-1]

    def state(self) -> str:
        with closing(sqlite3.connect(self.folder / "data" / "dondoc.db")) as db:
            row = db.execute("SELECT state FROM duty WHERE number = ?", (self.number,)).fetchone()
        return str(row[0])


@dataclass
class Street:
    """Two committees, one installation, one port."""

    path: Path
    port: int
    houses: dict[str, House]
    clock: SimClock
    log: io.StringIO = field(default_factory=io.StringIO)
    committees: Committees | None = None
    front: Front | None = None

    def site(self, name: str) -> Site:
        assert self.committees is not None
        site = self.committees.places[name].site
        assert site is not None
        return site

    async def get(self, path: str) -> HttpAnswer:
        return await call(self.port, "GET", path, b"", {})

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        installation = read_installation(self.path)
        redact = logs.SharedRedactor([])
        with logging_into(self.log, redact):
            committees = self.committees = Committees(installation, redact, self.clock)
            tasks = [asyncio.create_task(committees.run())]
            if installation.web.on:
                front = self.front = Front(committees.places, "")
                tasks.append(asyncio.create_task(Server(front, "127.0.0.1", self.port).run()))
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.wait(tasks)


@contextlib.contextmanager
def logging_into(stream: io.StringIO, redact: logs.Redactor) -> Iterator[None]:
    root = logging.getLogger()
    before, hook = (root.level, root.handlers[:]), __import__("sys").excepthook
    try:
        logs.configure("INFO", redact, stream)
        yield
    finally:
        root.setLevel(before[0])
        root.handlers[:] = before[1]
        logging.captureWarnings(capture=False)
        __import__("sys").excepthook = hook


def furnish(house: House, port: int) -> None:
    """The same province, people and numbers in each; words and days off of one's own for one."""
    own = house.name == HERE
    config = house.folder / "config.toml"
    config.parent.mkdir()
    config.write_text(
        f'[committee]\nname = "Ban của {house.name}"\n'
        f'[telegram]\ntoken = "{house.bot.token}"\nbase_url = "{house.bot.url}"\n'
        f'mode = "webhook"\n[web]\nmode = "on"\npublic_url = "http://127.0.0.1:{port}/c/{house.name}"\n'
        + ('[paths]\ntemplates_dir = "mau"\ncalendar = "nghi.csv"\n' if own else ""),
        encoding="utf-8",
    )
    config.chmod(0o600)
    if own:
        words = house.folder / "mau" / "replies" / "bad_code.html.j2"
        words.parent.mkdir(parents=True)
        words.write_text("Mã này không phải của ban A.\n", encoding="utf-8")
        (house.folder / "nghi.csv").write_text("14/9/2026,không,Nghỉ riêng\n", encoding="utf-8")
    installation = read_installation(house.folder.parent / "installation.toml")
    settings = settings_for(installation.entry(house.name), installation.web)
    tools, db = Tools.of(settings, QUIET), open_own(settings, house.name, QUIET)
    try:
        import_agencies(db, DATA / "agencies.csv", QUIET)
        order = ImportOrder("21/KH-BCĐ", date(2026, 9, 3), calendar=tools.calendar)
        import_tasks(db, DATA / "plan.csv", order, QUIET)
        house.code, house.number = db.write_now(code_and_number)
    finally:
        db.close()


def code_and_number(session: Session) -> tuple[str, int]:
    agency = resolve(session, AGENCY, QUIET.date()).agencies[0]
    code, _ = invites.new_invite(session, QUIET, Role.FOCAL, agency.id, valid=timedelta(days=7))
    rows = session.exec(
        select(Duty.number).where(Duty.agency_id == agency.id, Duty.due_on == date(2026, 9, 10))
    )
    return code, rows.one()


@asynccontextmanager
async def street(folder: Path) -> AsyncIterator[Street]:
    port = free_port()
    path = folder / "installation.toml"
    names = "".join(f'{name} = "{name}/config.toml"\n' for name in (HERE, THERE))
    path.write_text(f'[web]\nmode = "on"\n[committees]\n{names}', encoding="utf-8")
    async with contextlib.AsyncExitStack() as stack:
        houses = {}
        for number, name in enumerate((HERE, THERE), start=1):
            token = f"{number}00001:AAFakeFakeFakeFakeFakeFakeFakeFake{number}"
            bot = FakeTelegram(token, f"bot_{number}")
            await stack.enter_async_context(bot)
            bot.allow_local()
            for user, who in ((LAN, "Hoàng Lan"), (BINH, "Ngô Văn Bình")):
                bot.world.user(who, user_id=user)
            houses[name] = House(name, bot, folder / name)
            furnish(houses[name], port)
        yield Street(path, port, houses, SimClock(QUIET))


async def test_nothing_crosses(tmp_path: Path) -> None:
    async with street(tmp_path) as both:
        a, b = both.houses[HERE], both.houses[THERE]
        assert a.number == b.number
        async with both.at_work():
            await eventually(
                lambda: all(house.bot.world.webhook for house in (a, b)), "both webhooks"
            )
            await codes_and_numbers(a, b)
            await links(both)
            await secrets(both, a, b)
            await figures(both)
            await a_flood_stands_at_its_own_door(both)
            await a_slow_one_is_slow_alone(a, b)
            assert not both.site(HERE).calendar.is_working(date(2026, 9, 14))
            assert both.site(THERE).calendar.is_working(date(2026, 9, 14))
        both.clock.now = MORNING
        async with both.at_work():
            await eventually(lambda: "hôm nay" in b.heard(BINH)[-1], "the reminder of B")
        told = [row for row in a.bot.world.sent if row["chat_id"] == BINH]
        assert told == []
        assert not [text for text in a.heard(LAN) if "hôm nay" in text], "hers is done"
        written = both.log.getvalue()
        assert f"[{HERE}] telegram is open" in written
        assert f"[{THERE}] telegram is open" in written
        assert not any(house.bot.token.partition(":")[2] in written for house in (a, b))


async def codes_and_numbers(a: House, b: House) -> None:
    """The same people and numbers on both sides mean something on their own side only."""
    assert "Mã này không phải của ban A." in await a.say(LAN, f"/start {b.code}")
    assert "Mã mời không đúng" in await b.say(LAN, f"/start {a.code}")
    assert AGENCY in await a.say(LAN, f"/start {a.code}")
    assert AGENCY in await b.say(BINH, f"/start {b.code}")
    assert "Đã ghi nhận hoàn thành" in await a.say(LAN, f"xong {a.number}")
    assert (a.state(), b.state()) == (DutyState.DONE, DutyState.OPEN)
    # Bound there, she is nobody here, whatever she says or presses.
    await b.say(LAN, f"xong {b.number}")
    asked = max(b.bot.world.chats[LAN].messages)
    before = len(b.bot.world.answers)
    b.bot.world.press_data(LAN, f"d1:{b.number}:done", asked)
    await eventually(lambda: len(b.bot.world.answers) > before, "the press to be handled")
    assert b.state() == DutyState.OPEN


async def links(both: Street) -> None:
    """What one committee's key or table opens, opens nothing at the other's address."""
    site = both.site(HERE)
    token = await site.db.write(feed_of_an_agency)
    for place in (HERE, THERE):
        there = both.site(place)
        name, data = f"{place}.txt", place.encode()
        await there.db.write(files.keep, there.settings.files_dir, name, data, "text/plain", QUIET)
    app = both.committees
    assert app is not None
    tools = Tools.of(site.settings, QUIET)
    row = await site.db.read(files.find, 1, QUIET)
    assert row is not None
    link = urlsplit(tools.links.url(row, QUIET)).path
    assert link.startswith(f"/c/{HERE}/tep/")
    for path in (link, f"/c/{HERE}/ical/{token}.ics"):
        assert (await both.get(path)).status == 200
        crossing = path.removeprefix(f"/c/{HERE}")
        for wrong in (f"/c/{THERE}{crossing}", crossing, f"/c/{THERE}/../{HERE}{crossing}",
                      f"/c/c/{HERE}{crossing}"):  # fmt: skip
            answer = await both.get(wrong)
            assert (answer.status, HERE.encode() in answer.body) == (404, False), wrong


def feed_of_an_agency(session: Session) -> str:
    agency = session.exec(select(Agency).where(col(Agency.name) == AGENCY)).one()
    return calendar_feeds.make(session, QUIET, agency_id=agency.id or 0)


async def secrets(both: Street, a: House, b: House) -> None:
    """A webhook is let in by its own committee's secret alone."""
    for house, secret, status in ((a, b.secret, 401), (b, a.secret, 401), (a, a.secret, 200)):
        path = f"/c/{house.name}/webhook/telegram"
        head = {"X-Telegram-Bot-Api-Secret-Token": secret, "Content-Type": "application/json"}
        assert (await call(both.port, "POST", path, b"{}", head)).status == status
    assert f"[{THERE}] telegram: a webhook call with a wrong secret" in both.log.getvalue()


async def figures(both: Street) -> None:
    assert (await both.get("/readyz")).status == 200
    page = (await both.get("/metrics")).body.decode()
    assert f'dondoc_committee_up{{committee="{HERE}"}} 1.0' in page
    assert f'dondoc_inbound_total{{channel="telegram",committee="{THERE}"}}' in page
    assert page.count("# TYPE dondoc_queued gauge") == 1
    alone = (await both.get(f"/c/{HERE}/metrics")).body.decode()
    assert "committee=" not in alone


async def a_flood_stands_at_its_own_door(both: Street) -> None:
    assert both.front is not None
    both.front._under_way[HERE] += MOST_UNDER_WAY
    assert (await both.get(f"/c/{HERE}/healthz")).status == 503
    assert (await both.get(f"/c/{THERE}/healthz")).status == 200
    both.front._under_way[HERE] -= MOST_UNDER_WAY
    assert (await both.get(f"/c/{HERE}/healthz")).status == 200


async def a_slow_one_is_slow_alone(a: House, b: House) -> None:
    """While nobody can write to one committee's database, the other's people are answered."""
    with closing(sqlite3.connect(a.folder / "data" / "dondoc.db", isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        before = len(a.heard(LAN))
        a.bot.world.say(LAN, "/viec")
        await b.say(BINH, "/viec")
        assert len(a.heard(LAN)) == before
        db.execute("ROLLBACK")
    await eventually(lambda: len(a.heard(LAN)) > before, "the answer of the slow one")


# -- one in trouble -------------------------------------------------------------------------------


def config(folder: Path, name: str, token: str, more: str = "") -> Path:
    path = folder / name / "config.toml"
    path.parent.mkdir(exist_ok=True)
    # Nothing listens there: a messenger that stands still is no trouble of the committee's.
    path.write_text(
        f'[telegram]\ntoken = "{token}"\nbase_url = "http://127.0.0.1:9"\n{more}', encoding="utf-8"
    )
    path.chmod(0o600)
    return path


def installed(folder: Path, *names: str) -> Path:
    path = folder / "installation.toml"
    rows = "".join(f'{name} = "{name}/config.toml"\n' for name in names)
    path.write_text(f"[committees]\n{rows}", encoding="utf-8")
    return path


async def test_one_in_trouble_is_named_and_the_others_work(tmp_path: Path) -> None:
    config(tmp_path, "tot", "1:a")
    config(tmp_path, "trung-1", "2:a")
    config(tmp_path, "trung-2", "2:b")
    config(tmp_path, "hong", "3:a")
    config(tmp_path, "sai", "4:a", "[web]\nmo = 1\n")
    (tmp_path / "hong" / "data").mkdir()
    (tmp_path / "hong" / "data" / "dondoc.db").write_bytes(b"no database at all" * 100)
    path = installed(tmp_path, "tot", "trung-1", "trung-2", "hong", "sai", "khong-co")
    row = Street(path, 0, {}, SimClock(QUIET))

    def places() -> dict[str, Place]:
        return row.committees.places if row.committees else {}

    def settled() -> bool:
        return bool(places()) and all(place.site or place.trouble for place in places().values())

    async with row.at_work():
        await eventually(settled, "each to begin or to say why not")
        said = {name: place.trouble for name, place in places().items()}
        good = row.site("tot")
        assert said["tot"] == ""
        for name in ("trung-1", "trung-2"):
            assert "cùng khai một bot Telegram" in said[name]
        assert "tệp hỏng hoặc không phải SQLite" in said["hong"]
        assert "không có khóa cấu hình 'web.mo'" in said["sai"]
        assert "Không có tệp cấu hình" in said["khong-co"]
        # Put right and told: those begin, and the one at work does not notice.
        config(tmp_path, "trung-2", "5:b")
        config(tmp_path, "khong-co", "6:a")
        installed(tmp_path, "tot", "trung-1", "trung-2", "khong-co")
        assert row.committees is not None
        row.committees.look_anew()
        wanted = {"tot", "trung-1", "trung-2", "khong-co"}
        await eventually(
            lambda: set(places()) == wanted and all(place.site for place in places().values()),
            "all at work",
        )
        assert row.site("tot") is good
    written = row.log.getvalue()
    assert written.count("ban sai không làm việc") == 1
    assert "Traceback" not in written


def test_whose_database_it_is_stays_written_in_it(tmp_path: Path) -> None:
    settings = Settings(paths=Paths(data_dir=tmp_path))
    for _ in range(2):
        open_own(settings, "tinh-a", QUIET).close()
    with pytest.raises(DatabaseTrouble, match=r"là của ban tinh-a; .* committees adopt tinh-b"):
        open_own(settings, "tinh-b", QUIET)


PG = "postgresql+psycopg://dondoc:mot-mat-khau@may-chu"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (f"{PG}/dondoc", f"{PG.replace('dondoc:', 'khac:')}:5432/dondoc", True),
        (f"{PG}/dondoc", f"{PG.replace('may', 'MAY')}/dondoc?options=-csearch_path%3Dpublic", True),
        (f"{PG}/dondoc?options=-csearch_path%3Da", f"{PG}/dondoc?options=-csearch_path%3Db", False),
        (f"{PG}/dondoc", f"{PG}/khac", False),
        ("sqlite:////srv/a.db", "sqlite:////srv/b/../a.db", True),
    ],
)
def test_one_database_is_known_by_any_spelling(one: str, other: str, same: bool) -> None:
    known = Claims()
    for number, url in enumerate((one, other)):
        settings = Settings(
            database=DatabaseSection(url=url), paths=Paths(data_dir=Path(f"/srv/{number}"))
        )
        known.put(str(number), settings)
        assert "mot-mat-khau" not in str(claims(settings))
    refused = pytest.raises(ConfigTrouble, match="cùng khai một cơ sở dữ liệu")
    with refused if same else contextlib.nullcontext():
        known.check("0")


def test_backups_do_not_share_a_folder() -> None:
    """Each sweeps its own old ones."""
    known = Claims()
    for name in ("a", "b"):
        paths = Paths(data_dir=Path(f"/srv/{name}"))
        known.put(name, Settings(paths=paths, backup=Backup(folder=Path("/mnt/sao-luu"))))
    with pytest.raises(ConfigTrouble, match="cùng khai một thư mục sao lưu"):
        known.check("a")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[committees]\n"Tỉnh A" = "a/config.toml"\n', "Tên ban 'Tỉnh A' không dùng được"),
        ('[committees]\na = "x"\na = "y"\n', "sai cú pháp TOML"),
        ("[committee]\n", "không có khóa cấu hình 'committee'"),
        ("[web]\nport = 70000\n", "giá trị của web.port không hợp lệ"),
    ],
)
def test_an_installation_that_cannot_be_read_says_so(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "installation.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigTrouble, match=words):
        read_installation(path)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ('[web]\nmode = "on"\npublic_url = "https://x.example"\n', "phải kết thúc bằng /c/tinh-a"),
        ('[web]\nmode = "on"\npublic_url = "https://x.example/c/tinh-b"\n', "phải kết thúc bằng"),
    ],
)
def test_an_address_that_is_not_its_own_is_refused(tmp_path: Path, more: str, words: str) -> None:
    config(tmp_path, HERE, "1:a", more)
    path = installed(tmp_path, HERE)
    path.write_text(path.read_text(encoding="utf-8") + '[web]\nmode = "on"\n', encoding="utf-8")
    known = read_installation(path)
    with pytest.raises(ConfigTrouble, match=words):
        settings_for(known.entries[0], known.web)


def test_the_environment_speaks_for_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DONDOC_TELEGRAM__TOKEN", "9:z")
    monkeypatch.setenv("DONDOC_COMMITTEE__NAME", "Ban khác")
    config(tmp_path, HERE, "1:a")
    known = read_installation(installed(tmp_path, HERE))
    settings = settings_for(known.entries[0], known.web)
    assert settings.telegram.token.get_secret_value() == "1:a"
    assert settings.committee.name == "Ban Chỉ đạo chuyển đổi số"
