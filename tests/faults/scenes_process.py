"""The process dies, or its clock, disk, database or settings are not what they should be."""

import os
import random
import resource
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from registry.clock import LOCAL
from tests.faults.ground import Ground, Life, Stage, Verdict

DUE = "2026-09-10T08:00:00"
# Seconds for which a scene goes on killing: a slow machine gets fewer kills, and says so.
KILLING = 480.0


def kill_the_morning(stage: Stage) -> Verdict:
    """kill -9 at 200 random moments while 2,000 people are reminded."""
    return _killed(stage, "morning", 2000, 200)


def kill_a_few(stage: Stage) -> Verdict:
    """The same, small: 12 kills among 80 people."""
    return _killed(stage, "few", 80, 12)


def _killed(stage: Stage, name: str, persons: int, kills: int) -> Verdict:
    verdict, moments = Verdict(), random.Random(stage.seed)
    points = sorted(moments.sample(range(1, persons), kills))
    with stage.ground(name, persons) as ground:
        end, done = time.monotonic() + KILLING, 0
        for point in points:
            if time.monotonic() > end:
                break
            before = len(ground.sent())
            life = ground.start()
            ground.until_sent(max(point, before + 1) if before < persons else 0)
            time.sleep(moments.uniform(0, 0.06))
            life.kill()
            done += 1
        life = ground.start()
        ground.until_all(patience=240)
        life.terminate()
        ground.judge(verdict, DUE)
        by_death = ground.query("SELECT count(*) FROM attempt WHERE error = 'interrupted'")
        verdict.notes.append(
            f"{done} of {kills} kills cut {by_death[0][0]} sends; one person heard it up to "
            f"{verdict.most_repeats + 1} times"
        )
        verdict.check(verdict.marked <= by_death[0][0], "repeated more often than it was cut")
        verdict.check(life.code == 0, f"the last life ended with {life.code}")
    return verdict


def answers_killed(stage: Stage) -> Verdict:
    """kill -9 while 200 people say "xong"; what was not confirmed comes again."""
    verdict, moments = Verdict(), random.Random(stage.seed)
    with stage.ground("answers", 800, "2026-09-08T09:00:00") as ground:
        speakers: dict[int, str] = {}
        for address, number in ground.numbers.items():
            speakers.setdefault(number, address)
        for n, (number, address) in enumerate(speakers.items()):
            ground.telegram.call(
                ground.telegram.fake.world.say, int(address), f"xong {number} số {n}/BC"
            )
        done = "SELECT count(*) FROM completion"
        for point in sorted(moments.sample(range(1, len(speakers)), 10)):
            life = ground.start()
            ground.until(lambda point=point: _count(ground, done) >= point, f"{point} answers")
            time.sleep(moments.uniform(0, 0.1))
            life.kill()
        life = ground.start()
        ground.until(lambda: _count(ground, done) >= len(speakers), "all to be counted", 90)
        ground.until(ground.at_rest, "the outbox to rest", 120)
        life.terminate()
        counts = ground.query("SELECT count(*) FROM completion GROUP BY duty_id")
        verdict.expected, verdict.delivered = len(speakers), len(counts)
        verdict.lost = len(speakers) - len(counts)
        verdict.unmarked = sum(count - 1 for (count,) in counts)
        heard = {str(row["chat_id"]) for row in ground.sent("Đã ghi nhận hoàn thành")}
        verdict.notes.append(f"10 kills; {len(set(speakers.values()) - heard)} answers unheard")
    return verdict


def _count(ground: Ground, sql: str) -> int:
    try:
        return int(ground.query(sql)[0][0])
    except sqlite3.OperationalError:
        return 0


# -- the disk ---------------------------------------------------------------------------------


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
            ground.until_all()
            life.terminate()
            ground.judge(verdict, DUE)
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
        ground.until_all()
        life.terminate()
        ground.judge(verdict, DUE)
        verdict.check(verdict.marked == 0, "repeated though every answer came")
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
            life = ground.start()
            ground.until_all()
            life.terminate()
            ground.judge(verdict, DUE)
    return verdict


def _mount(folder: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", str(folder)], check=True)


def one_line(verdict: Verdict, life: Life, what: str, *words: str) -> None:
    """It ends by itself with code 1 and one line that says these words."""
    code = life.ended(40)
    said = life.said().strip()
    verdict.check(code == 1, f"{what} ended with {code}")
    verdict.check(len(said.splitlines()) == 1, f"{what} more than a line: {said[-300:]}")
    for word in words:
        verdict.check(word in said, f"{what} does not say {word!r}: {said[-300:]}")
    verdict.notes.append(said.splitlines()[-1][:110] if said else "(nothing said)")


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
        ground.until_all()
        life.terminate()
        ground.judge(verdict, DUE)
        verdict.check(verdict.marked == 0, "repeated though every answer came")
    return verdict


# -- the clock --------------------------------------------------------------------------------


def clock_jumps(stage: Stage) -> Verdict:
    """In the middle of the morning two hours ahead, five back, and then on to the next morning."""
    verdict = Verdict()
    with stage.ground("clock", 600) as ground:
        life = ground.start()
        ground.until_sent(40)
        ground.move_clock(hours=2)
        ground.until_sent(80)
        ground.move_clock(hours=-5)
        # What was taken already for the next ten seconds still goes out.
        time.sleep(12)
        night = len(ground.sent())
        time.sleep(3)
        verdict.check(len(ground.sent()) == night < 600, "it goes on at five in the morning")
        ground.set_clock("2026-09-10T08:10:00")
        ground.until_all()
        ground.judge(verdict, DUE, earliest=-6 * 3600)
        verdict.check(verdict.marked == 0, "repeated though every answer came")
        verdict.check(life.code is None, "it has ended")
    return verdict


def clock_set_back(stage: Stage) -> Verdict:
    """Started with the clock three days ahead, which is then put right: what is planned afterwards
    goes out by the right clock, without waiting for the wrong one."""
    verdict = Verdict()
    with stage.ground("set-back", 40, "2026-09-11T09:00:00") as ground:
        life = ground.start()
        ground.until_all()
        ground.set_clock("2026-09-08T09:00:00")
        plan = ground.folder / "more.csv"
        plan.write_text(
            "TT,Nhiệm vụ,Kết quả thực hiện,Thời gian hoàn thành,Cơ quan chủ trì\n"
            '1,Rà soát nhân sự chuyển đổi số,Danh sách,8/9/2026,"UBND các xã, phường"\n', "utf-8",
        )  # fmt: skip
        more = ["--directive", "9/CV-BCĐ", "--issued", "2026-09-07", "--yes"]
        done = ground.command("import", str(plan), *more)
        verdict.check(done.code == 0, f"the import failed: {done.said()[-300:]}")
        ground.until_all("Kết quả cần có: Danh sách", 75)
        life.terminate()
        ground.judge(verdict, "2026-09-08T09:00:00", "Kết quả cần có: Danh sách")
    return verdict


def next_day(stage: Stage) -> Verdict:
    """The clock passes midnight while it runs: the daily work is done, and urges go out."""
    verdict = Verdict()
    with stage.ground("next-day", 40, "2026-09-24T16:00:00") as ground:
        life = ground.start()
        ground.until_all()
        for day in ("2026-09-25", "2026-09-29"):
            ground.set_clock(f"{day}T07:59:30")
            ground.until_all("Đôn đốc", 100)
            ground.judge(verdict, f"{day}T08:00:00", "Đôn đốc")
            ground.telegram.fake.world.sent.clear()
        life.terminate()
    return verdict


def zones(stage: Stage) -> Verdict:
    """The process in UTC, in New York and at home sends the same at the same moments."""
    verdict, seen = Verdict(), []
    for zone in ("UTC", "America/New_York", "Asia/Ho_Chi_Minh"):
        with stage.ground(f"zone-{zone.replace('/', '-')}", 40) as ground:
            for day in ("2026-09-10", "2026-09-22", "2026-09-24"):
                ground.set_clock(f"{day}T07:59:58")
                life = ground.start(TZ=zone)
                before = len(ground.sent())
                ground.until_sent(before + 40)
                ground.until(ground.at_rest, "the outbox to rest")
                life.terminate()
            verdict.expected += 120
            verdict.delivered += len(ground.sent())
            seen.append(
                {
                    (
                        row["chat_id"],
                        row["text"],
                        ground.moment_of(row["at"]).astimezone(LOCAL).date(),
                    )
                    for row in ground.sent()
                }
            )
            for row in ground.sent():
                at = ground.moment_of(row["at"]).astimezone(LOCAL)
                verdict.late.append((at - at.replace(hour=8, minute=0, second=0)).total_seconds())
    verdict.lost = max(verdict.expected - verdict.delivered, 0)
    verdict.check(all(each == seen[0] for each in seen), "zones differ in what was sent")
    return verdict


def weekend(stage: Stage) -> Verdict:
    """Down from Thursday night to Monday morning, the deadline on the Sunday between: one message
    each, which says what is overdue and that it was held up."""
    verdict = Verdict()
    with stage.ground("weekend", 40, "2026-09-24T16:00:00", due="27/9/2026") as ground:
        life = ground.start()
        ground.until(ground.at_rest, "the outbox to rest")
        before = len(ground.sent(""))
        life.kill()
        ground.set_clock("2026-09-28T08:05:00")
        life = ground.start()
        ground.until_all("27/9/2026")
        life.terminate()
        rows = ground.sent("")[before:]
        verdict.check(len(rows) == 40, f"{len(rows)} messages for 40 people")
        verdict.check(all("gián đoạn" in row["text"] for row in rows), "it does not say why")
        verdict.check(all("uá hạn" in row["text"] for row in rows), "it does not say overdue")
        del ground.telegram.fake.world.sent[:before]
        ground.judge(verdict, "2026-09-25T08:00:00", "27/9/2026")
    return verdict


# -- two of them, and what is broken --------------------------------------------------------------


def two_processes(stage: Stage) -> Verdict:
    """A second process on the same database is refused, and the first one goes on."""
    verdict = Verdict()
    with stage.ground("two-processes", 80) as ground:
        first = ground.start()
        ground.until_sent(20)
        one_line(verdict, ground.start(), "the second", "đang chạy")
        ground.until_all()
        verdict.check(first.code is None, "the first has ended")
        first.terminate()
        ground.judge(verdict, DUE)
    return verdict


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
        life = ground.start()
        ground.until_all()
        life.terminate()
        ground.judge(verdict, DUE)
    return verdict


def broken_database(stage: Stage) -> Verdict:
    """A database that is none any more: one line; the night's backup brings everything back."""
    verdict = Verdict()
    with stage.ground("database") as ground:
        backup = ground.folder / "backup.db"
        made = ground.command("backup", "--to", str(backup))
        verdict.check(made.code == 0 and backup.exists(), f"no backup: {made.said()[-300:]}")
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
        back = ground.command("restore", str(backup), "--resend")
        verdict.check(back.code == 0, f"restore failed: {back.said()[-300:]}")
        life = ground.start()
        ground.until_all()
        life.terminate()
        ground.judge(verdict, DUE)
    return verdict


SCENES = {
    "kill-morning": kill_the_morning,
    "kill-few": kill_a_few,
    "kill-answers": answers_killed,
    "disk-full": disk_full,
    "quota": file_too_big,
    "read-only": read_only,
    "locked": locked,
    "clock-jumps": clock_jumps,
    "clock-set-back": clock_set_back,
    "next-day": next_day,
    "zones": zones,
    "weekend": weekend,
    "two-processes": two_processes,
    "broken-settings": broken_settings,
    "broken-database": broken_database,
}
