"""`dondoc restore` on an installation that lived on after its backup: what is said again, what is
not, and what staff are told."""

import asyncio
import os
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from bot import backups, restoring
from bot.app import App
from bot.opening import Tools, damage_note, open_database
from bot.restoring import Restored
from bot.settings import Briefs, Contacts, Paths, Reminders, Settings
from registry import audit, files
from registry.backups import FILES, made_in
from registry.clock import LOCAL
from registry.database import DatabaseTrouble
from registry.file_links import KEY_NAME
from registry.former import Former
from registry.tables import Person
from tests.fakes.databases import spoil, sqlite_only
from tests.world import ConsoleMessenger, Office, SimClock, office

pytestmark = sqlite_only
BEGIN = datetime(2026, 9, 3, 9, tzinfo=LOCAL)
NIGHT = datetime(2026, 9, 10, 1, 30, tzinfo=LOCAL)
# The first reminder of a task due on 24 September, and the second.
MORNING = datetime(2026, 9, 10, 8, 5, tzinfo=LOCAL)
NOON = datetime(2026, 9, 10, 12, tzinfo=LOCAL)
NEXT = datetime(2026, 9, 17, 8, 5, tzinfo=LOCAL)
TITLE = "Số hóa hồ sơ"
CAST = {"thao": "Đỗ Thị Thảo", "lan": "Vũ Thị Lan", "minh": "Phan Văn Minh"}


def settings_of(folder: Path) -> Settings:
    return Settings(
        paths=Paths(data_dir=folder),
        briefs=Briefs(members="off", staff="off"),
        contacts=Contacts(heartbeat=False),
        reminders=Reminders(letter_urges=0),
    )


def cast() -> ConsoleMessenger:
    made = ConsoleMessenger()
    for who, name in CAST.items():
        made.person(who, name)
    return made


async def _life(folder: Path) -> None:
    """A week; the night's backup; a copy of what a crash that night would leave; and a morning on
    which a reminder goes out, somebody reports, and somebody is erased."""
    async with office(folder, [cast()], BEGIN) as stage:
        await stage.bind("thao", "staff")
        await stage.bind("lan", "focal", "Sở Y tế")
        await stage.bind("minh", "officer", "Sở Y tế")
        stage.app.db.write_now(
            lambda s: files.keep(s, folder / "files", "bao-cao.pdf", b"one", "application/pdf",
                                 BEGIN, days=None)
        )  # fmt: skip
        (folder / KEY_NAME).write_bytes(b"k" * 32)
        await stage.until(NIGHT)
        backups.make(settings_of(folder), NIGHT)
        await stage.until(NIGHT + timedelta(hours=1))
        stage.app.db.backup(folder / "crashed.db")
        await stage.until(MORNING)
        assert len([text for text in stage.messenger.heard("lan") if TITLE in text]) == 1
        await stage.say("lan", f"xong {stage.number('Sở Y tế', TITLE)}")
        await stage.say("minh", "/xoadulieu")
        await stage.say("minh", "xóa")
        await stage.until(NOON)


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lived")
    asyncio.run(_life(folder))
    return folder


@pytest.fixture
def here(lived: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(lived, tmp_path / "data"))


def restore(folder: Path, now: datetime = NOON, *, resend: bool = False) -> Restored:
    settings = settings_of(folder)
    (backup,) = made_in(settings.backup_dir).values()
    return restoring.restore(settings, Tools.of(settings, now), backup, now, resend=resend)


def unreadable(folder: Path, written: datetime) -> None:
    path = folder / "dondoc.db"
    path.write_bytes(b"no database any more" * 100)
    os.utime(path, (written.timestamp(), written.timestamp()))


@asynccontextmanager
async def again(folder: Path, now: datetime) -> AsyncIterator[Office]:
    """The product on what was restored."""
    settings, clock = settings_of(folder), SimClock(now)
    db = open_database(settings, now)
    messenger = cast()
    try:
        async with App(Tools.of(settings, now), db, {"console": messenger.channel}, clock) as app:
            await messenger.start(app)
            await app.daily()
            yield Office(app, clock, messenger, folder)
    finally:
        db.close()


def about(heard: list[str]) -> list[str]:
    return [text for text in heard if TITLE in text and "quá hạn" not in text]


async def heard_until(folder: Path, begin: datetime, *ends: datetime) -> list[int]:
    """How often the first task was spoken of to its focal point by each of these moments."""
    counts = []
    async with again(folder, begin) as stage:
        for end in ends:
            await stage.until(end)
            counts.append(len(about(stage.messenger.heard("lan"))))
    return counts


async def test_what_the_replaced_database_told_is_not_told_again(here: Path) -> None:
    done = restore(here)
    assert done.former.known
    assert done.held.told >= 1
    assert done.held.held == 0
    assert done.former.lost["completion"] == 1
    assert done.backed_up is not None
    assert timedelta() <= NIGHT - done.backed_up < timedelta(hours=12)
    assert await heard_until(here, NOON, NOON, NEXT) == [0, 1]


async def test_staff_hear_what_is_lost_and_that_answers_are_to_be_asked_for(here: Path) -> None:
    restore(here)
    async with again(here, NOON) as stage:
        await stage.until(NOON + timedelta(minutes=5))
        (told,) = [text for text in stage.messenger.heard("thao") if "phục hồi" in text]
        assert "hỏi lại các cơ quan" in told
        assert stage.state(stage.number("Sở Y tế", TITLE)) == "open"


async def test_in_doubt_nothing_is_sent_by_itself(here: Path) -> None:
    unreadable(here, NOON)
    done = restore(here, NOON + timedelta(minutes=1))
    assert not done.former.known
    assert done.held.held >= 1
    assert ("Sở Y tế", done.held.held) in done.held.agencies
    assert await heard_until(here, NOON + timedelta(minutes=1), NOON + timedelta(hours=1)) == [0]


@pytest.mark.parametrize("table", ["notice", "auditevent", "completion"])
async def test_a_page_in_the_middle_is_gone(table: str, here: Path) -> None:
    """What the rest of it still tells is used; nobody hears twice, and word of it is kept."""
    spoil(here / "dondoc.db", table)
    note = damage_note(settings_of(here).database_url)
    assert note is not None
    note.touch()
    done = restore(here)
    assert done.held.told + done.held.held >= 1
    assert not note.exists()
    assert await heard_until(here, NOON, NOON) == [0]


async def test_without_the_old_database_everything_up_to_now_is_in_doubt(here: Path) -> None:
    (here / "dondoc.db").unlink()
    done = restore(here)
    assert (done.kept, done.former.known) == (None, False)
    assert done.held.held >= 1
    assert await heard_until(here, NOON, NOON) == [0]


async def test_put_back_by_another_program_it_is_settled_in_its_place(here: Path) -> None:
    """As after pg_restore: the database is there already, and nothing is known of a former one."""
    (backup,) = made_in(here / "backups").values()
    for end in ("-wal", "-shm"):
        (here / f"dondoc.db{end}").unlink(missing_ok=True)
    shutil.copyfile(backup, here / "dondoc.db")
    settings = settings_of(here)
    db = open_database(settings, NOON)
    try:
        known = Former(alive=NOON)
        _, held = restoring.settle(db, Tools.of(settings, NOON), known, NOON)
    finally:
        db.close()
    assert held.held >= 1
    assert await heard_until(here, NOON, NOON) == [0]


async def test_what_is_in_doubt_is_sent_again_where_that_is_wished(here: Path) -> None:
    unreadable(here, NOON)
    restore(here, NOON + timedelta(minutes=1), resend=True)
    async with again(here, NOON + timedelta(minutes=1)) as stage:
        await stage.until(NOON + timedelta(hours=1))
        (text,) = about(stage.messenger.heard("lan"))
        assert "(gửi lại)" in text


@pytest.mark.parametrize("readable", [True, False])
async def test_what_fell_due_after_the_crash_goes_out(readable: bool, here: Path) -> None:
    """It was down from the night on: nobody was reminded that morning."""
    died = NIGHT + timedelta(hours=1)
    for end in ("-wal", "-shm"):
        (here / f"dondoc.db{end}").unlink(missing_ok=True)
    if readable:
        (here / "crashed.db").rename(here / "dondoc.db")
    else:
        unreadable(here, died)
    done = restore(here)
    assert done.former.known == readable
    assert done.former.alive < MORNING - timedelta(hours=1)
    assert await heard_until(here, NOON, NOON) == [1]


async def test_who_was_erased_meanwhile_is_not_brought_back(here: Path) -> None:
    done = restore(here)
    assert done.erased_again == 1
    db = open_database(settings_of(here), NOON)
    try:
        names = db.read_now(lambda s: s.exec(select(Person.name)).all())
        assert "Phan Văn Minh" not in names
        assert "Vũ Thị Lan" in names
        assert db.read_now(audit.verify).broken is None
    finally:
        db.close()


def test_of_another_installation_nothing_is_concluded(here: Path) -> None:
    (here / "dondoc.db").unlink()
    for end in ("-wal", "-shm"):
        (here / f"dondoc.db{end}").unlink(missing_ok=True)
    stranger = open_database(settings_of(here), NIGHT)
    stranger.write_now(audit.record, NIGHT, "agency.added")
    stranger.close()
    done = restore(here)
    assert (done.former.known, done.former.alive) == (False, NOON)
    assert done.held.held >= 1


@pytest.mark.parametrize(("known", "least"), [(True, 0), (False, 1000)])
def test_numbers_given_meanwhile_are_not_given_again(known: bool, least: int, here: Path) -> None:
    given = last_number(here)
    if known:
        later = given + 7
        with closing(sqlite3.connect(here / "dondoc.db")) as db, db:
            db.execute("UPDATE mark SET value = ? WHERE name = 'duty.number'", (str(later),))
        least = 7
    else:
        unreadable(here, NOON)
    restore(here)
    assert last_number(here) == given + least


def last_number(folder: Path) -> int:
    with closing(sqlite3.connect(folder / "dondoc.db")) as db:
        return int(db.execute("SELECT value FROM mark WHERE name = 'duty.number'").fetchone()[0])


async def test_a_digit_to_a_forgotten_message_asks(here: Path) -> None:
    restore(here)
    async with again(here, NOON) as stage:
        number = stage.number("Sở Y tế", TITLE)
        (asked,) = await stage.say("lan", "1")
        assert str(number) in asked
        assert stage.state(number) == "open"
        await stage.say("lan", f"xong {number}")
        assert stage.state(number) == "done"


def test_files_and_the_key_come_back(here: Path) -> None:
    shutil.rmtree(here / "files")
    (here / KEY_NAME).unlink()
    done = restore(here)
    assert (done.files, done.missing) == (1, 0)
    assert (here / KEY_NAME).read_bytes() == b"k" * 32
    (path,) = (here / "files").glob("??/*")
    assert path.read_bytes() == b"one"


def test_files_that_are_nowhere_are_counted(here: Path) -> None:
    shutil.rmtree(here / "files")
    shutil.rmtree(here / "backups" / FILES)
    assert restore(here).missing == 1


@pytest.mark.parametrize("what", ["words", "half", "missing"])
def test_what_is_no_backup_changes_nothing(what: str, here: Path) -> None:
    before = (here / "dondoc.db").read_bytes()
    (backup,) = made_in(here / "backups").values()
    if what == "missing":
        backup = here / "none.db"
    else:
        whole = backup.read_bytes()
        backup.write_bytes(b"words" if what == "words" else whole[: len(whole) // 2])
    settings = settings_of(here)
    with pytest.raises(DatabaseTrouble):
        restoring.restore(settings, Tools.of(settings, NOON), backup, NOON)
    assert (here / "dondoc.db").read_bytes() == before
    assert not list(here.glob("*.restoring*"))


def test_what_is_replaced_is_kept_whole(here: Path) -> None:
    done = restore(here)
    assert done.kept is not None
    with closing(sqlite3.connect(done.kept)) as db:
        assert db.execute("SELECT count(*) FROM completion").fetchone() == (1,)
    assert (here / "dondoc.db").stat().st_mode & 0o077 == 0
