"""The disk, the database file or the settings are not what they should be."""

import os
import resource
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlmodel import Session

from registry import people
from registry.database import Database
from registry.people import Chat
from registry.types import Role
from tests.fakes.databases import spoil
from tests.faults.ground import DUE, MADE, Ground, Stage, Verdict, one_line


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[bool]:
    """A file system of its own; False where this machine lets us make none."""
    folder.mkdir(parents=True, exist_ok=True)
    size = f"size={megabytes}m"
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", size, "dondoc-faults", str(folder)],
        capture_output=True, check=False,
    )  # fmt: skip
    try:
        yield made.returncode == 0
    finally:
        if made.returncode == 0:
            subprocess.run(["umount", "-l", str(folder)], capture_output=True, check=False)


def disk_full(stage: Stage) -> Verdict:
    """The disk is full for 15 s in the middle of the morning."""
    verdict = Verdict()
    with small_disk(stage.folder / "disk-full" / "data", 24) as mounted:
        if not mounted:
            return Verdict(skipped="no file system of one's own can be mounted here")
        with stage.ground("disk-full", 200) as ground:
            life = ground.start()
            ground.until_sent(40)
            filler = ground.data / "filler"
            _fill(filler)
            time.sleep(15)
            stuck = len(ground.sent())
            verdict.check(stuck < 200, "the disk was not full")
            filler.unlink()
            ground.ends_well(verdict, DUE, life)
            verdict.check(verdict.marked == 0, "repeated though every answer came")
            verdict.notes.append(f"{stuck} out while it was full")
    return verdict


def _fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 4096)
        except OSError:
            return


def file_too_big(stage: Stage) -> Verdict:
    """Every write beyond the first bytes of a file fails for 15 s (a quota, a failing disk)."""
    verdict = Verdict()
    with stage.ground("quota", 200) as ground:
        life = ground.start()
        ground.until_sent(40)
        _, hard = resource.prlimit(life.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(life.pid, resource.RLIMIT_FSIZE, (4096, hard))
        time.sleep(15)
        verdict.notes.append(f"{len(ground.sent())} out meanwhile")
        resource.prlimit(life.pid, resource.RLIMIT_FSIZE, (hard, hard))
        ground.ends_well(verdict, DUE, life)
        verdict.check(verdict.marked == 0, "repeated though every answer came")
    return verdict


def full_at_the_start(stage: Stage) -> Verdict:
    """Not a byte is free when it starts: a clear word, then all is well."""
    verdict = Verdict()
    with small_disk(stage.folder / f"{stage.prefix}disk-full-start" / "data", 24) as mounted:
        if not mounted:
            return Verdict(skipped="no file system of one's own can be mounted here")
        with stage.ground("disk-full-start") as ground:
            filler = ground.data / "filler"
            _fill(filler)
            one_line(verdict, ground.start(), "", "đĩa đầy")
            verdict.check(not ground.sent(""), "something was sent")
            filler.unlink()
            ground.ends_well(verdict, DUE, ground.start())
    return verdict


def too_big_at_the_start(stage: Stage) -> Verdict:
    """No file may grow when it starts: a clear word, then all is well."""
    verdict = Verdict()
    with stage.ground("quota-start") as ground:
        one_line(verdict, ground.start(largest_file=4096), "", "dung lượng")
        verdict.check(not ground.sent(""), "something was sent")
        ground.ends_well(verdict, DUE, ground.start())
    return verdict


def read_only(stage: Stage) -> Verdict:
    """The database lies on a disk that may not be written to: a clear word, then all is well."""
    verdict = Verdict()
    with small_disk(stage.folder / "read-only" / "data", 24) as mounted:
        if not mounted:
            return Verdict(skipped="no file system of one's own can be mounted here")
        with stage.ground("read-only") as ground:
            _mount(ground.data, "ro")
            one_line(verdict, ground.start(), "", "hông ghi được")
            _mount(ground.data, "rw")
            ground.ends_well(verdict, DUE, ground.start())
    return verdict


def _mount(folder: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", str(folder)], check=True)


def locked(stage: Stage) -> Verdict:
    """Another process holds the database's write lock for 20 s."""
    verdict = Verdict()
    with stage.ground("locked", 200) as ground:
        life = ground.start()
        ground.until_sent(40)
        with closing(sqlite3.connect(ground.data / "dondoc.db", timeout=30)) as other:
            other.isolation_level = None
            other.execute("BEGIN IMMEDIATE")
            time.sleep(20)
            verdict.notes.append(f"{len(ground.sent())} out meanwhile")
            other.execute("ROLLBACK")
        ground.ends_well(verdict, DUE, life)
        verdict.check(verdict.marked == 0, "repeated though every answer came")
    return verdict


# -- what is broken -----------------------------------------------------------------------------


def broken_settings(stage: Stage) -> Verdict:
    """Settings that cannot be read: one line, nothing sent; put right, everything is."""
    verdict = Verdict()
    with stage.ground("settings") as ground:
        for more, word in (
            ("[committee\nname = 'x'\n", ""),
            ('[reminders]\nleads = "mười"\n', "leads"),
            ("[telegran]\nx = 1\n", "telegran"),
            ("\x00\x01", ""),
        ):
            ground.configure(more)
            one_line(verdict, ground.start(), repr(more), word)
        config = ground.folder / "config.toml"
        config.write_bytes(os.urandom(400))
        one_line(verdict, ground.start(), "random bytes")
        verdict.check(not ground.sent(""), "something was sent")
        ground.configure()
        ground.ends_well(verdict, DUE, ground.start())
    return verdict


def broken_database(stage: Stage) -> Verdict:
    """A database that is none any more: one line; the night's backup brings everything back."""
    verdict = Verdict()
    with stage.ground("database") as ground:
        backup = _backed_up(ground, verdict)
        file = ground.data / "dondoc.db"
        whole = file.read_bytes()
        for what, data in (
            ("overwritten", os.urandom(len(whole))),
            ("cut short", whole[: len(whole) // 2]),
            ("no database", b"day la mot tep van ban\n" * 100),
        ):
            for beside in ground.data.glob("dondoc.db-*"):
                beside.unlink()
            file.write_bytes(data)
            one_line(verdict, ground.start(), what, "sao lưu")
        # The broken file was written after the hour: whether they were told cannot be known, so a
        # person must wish it.
        _restored(ground, verdict, backup, "--resend")
        ground.ends_well(verdict, DUE, ground.start())
    return verdict


def broken_page(stage: Stage) -> Verdict:
    """A page in the middle breaks while it runs, and somebody's word needs it: staff hear of it, it
    ends with a line that says what to do, does not begin again, and the night's backup brings
    everything back without saying anything twice."""
    verdict = Verdict()
    with stage.ground("page", begin=EVENING) as ground:
        desk = _hire(ground)
        backup = _after_an_evening(ground, verdict)
        life = ground.start()
        ground.until_all()
        spoil(ground.data / "dondoc.db", "completion")
        address, number = next(iter(ground.numbers.items()))
        ground.first.say(address, f"xong {number}")
        code, last = life.ended(60), life.said().strip().splitlines()[-1]
        verdict.check(code == 1, f"it ended with {code}")
        verdict.check(BACK in last and "hỏng" in last, f"the last word is {last[-200:]}")
        verdict.check(bool(ground.sent("Hệ thống gặp lỗi")), "who said it does not hear of it")
        told = [row for row in ground.sent("Trợ lý dừng làm việc") if str(row["chat_id"]) == desk]
        verdict.check(len(told) == 1, f"staff heard of it {len(told)} times")
        for which in ("next", "after that"):
            one_line(verdict, ground.start(), f"the start {which}", BACK, "hỏng")
        _restored(ground, verdict, backup)
        life = ground.start()
        ground.until(lambda: bool(ground.sent("phục hồi từ bản sao lưu")), "word of the restore")
        ground.first.say(address, f"xong {number}")
        ground.until(lambda: bool(ground.sent("Đã ghi nhận hoàn thành")), "the word said again")
        ground.until(ground.at_rest, "the outbox to rest")
        life.terminate()
        ground.judge(verdict, DUE)
        verdict.check(verdict.marked == 0, "repeated though it was known to have arrived")
    return verdict


def broken_page_start(stage: Stage) -> Verdict:
    """A page of the duties is broken at the start: one line, nothing sent; then the backup."""
    verdict = Verdict()
    with stage.ground("page-start", begin=EVENING) as ground:
        backup = _after_an_evening(ground, verdict)
        spoil(ground.data / "dondoc.db", "duty")
        one_line(verdict, ground.start(), "", BACK, "hỏng")
        status = ground.command("status")
        verdict.check("Traceback" not in status.said(), f"status: {status.said()[-300:]}")
        verdict.check(not ground.sent(""), "something was sent")
        _restored(ground, verdict, backup)
        ground.ends_well(verdict, DUE, ground.start())
    return verdict


BACK = "phục hồi từ bản sao lưu gần nhất"
EVENING = "2026-09-09T20:00:00"


def _after_an_evening(ground: Ground, verdict: Verdict) -> Path:
    """It worked until the night's backup; now it is the next morning."""
    life = ground.start()
    ground.until(lambda: bool(ground.query("SELECT 1 FROM mark WHERE name = 'tick'")), "a tick")
    life.terminate()
    backup = _backed_up(ground, verdict)
    ground.set_clock("2026-09-10T07:59:58")
    return backup


def _hire(ground: Ground) -> str:
    """Somebody at the desk; their address."""
    address, channel = "599999999", ground.first.kind.name

    def bind(session: Session) -> None:
        chat = Chat(channel, address, "private", address, name="Cán bộ thường trực")
        contact = people.ensure_contact(session, chat, MADE)
        people.bind(session, contact, chat.name, Role.STAFF, None, MADE, "2026-11")

    ground.first.call(ground.first.kind.meet, ground.first.fake, address)
    with closing(Database(f"sqlite:///{ground.data / 'dondoc.db'}")) as db:
        db.write_now(bind)
    return address


def _backed_up(ground: Ground, verdict: Verdict) -> Path:
    backup = ground.folder / "backup.db"
    made = ground.command("backup", "--to", str(backup))
    verdict.check(made.code == 0 and backup.exists(), f"no backup: {made.said()[-300:]}")
    return backup


def _restored(ground: Ground, verdict: Verdict, backup: Path, *more: str) -> None:
    back = ground.command("restore", str(backup), *more)
    verdict.check(back.code == 0, f"restore failed: {back.said()[-300:]}")


SCENES = {
    "disk-full": disk_full,
    "disk-full-start": full_at_the_start,
    "quota": file_too_big,
    "quota-start": too_big_at_the_start,
    "read-only": read_only,
    "locked": locked,
    "broken-settings": broken_settings,
    "broken-database": broken_database,
    "broken-page": broken_page,
    "broken-page-start": broken_page_start,
}
