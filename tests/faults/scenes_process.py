"""The process dies, its clock is not what it should be, or there are two of it."""

import random
import sqlite3
import time

from registry.clock import LOCAL
from tests.faults.ground import DUE, Ground, Stage, Verdict, one_line

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
    with stage.ground(name, persons) as ground:
        everybody = len(ground.numbers)
        kills = min(kills, everybody // 3)
        points = sorted(moments.sample(range(1, everybody), kills))
        end, done = time.monotonic() + KILLING, 0
        for point in points:
            if time.monotonic() > end:
                break
            before = len(ground.sent())
            if ground.first.kind.slow and done % 2:
                # Chance would seldom meet a send: the messenger keeps its answer to one of them.
                ground.first.fail(kind="hang", method="sendMessage", after=True, times=1)
            life = ground.start()
            ground.until_sent(max(point, before + 1) if before < everybody else 0)
            time.sleep(moments.uniform(0, 0.06))
            life.kill()
            ground.first.heal()
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
    """kill -9 while people of 200 agencies say "xong". What was not confirmed comes again; where a
    messenger hands a word out once and forgets it, a death costs one word at the most, and who
    hears nothing says it again."""
    verdict, moments = Verdict(), random.Random(stage.seed)
    with stage.ground("answers", 800, "2026-09-08T09:00:00") as ground:
        speakers: dict[int, str] = {}
        for address, number in ground.numbers.items():
            speakers.setdefault(number, address)
        words = {number: f"xong {number} số {n}/BC" for n, number in enumerate(speakers)}
        for number, address in speakers.items():
            ground.first.say(address, words[number])
        done = "SELECT count(*) FROM completion"
        kills = min(10, len(speakers) // 3)
        for point in sorted(moments.sample(range(1, len(speakers) - kills), kills)):
            life = ground.start()
            ground.until(lambda point=point: _count(ground, done) >= point, f"{point} answers")
            time.sleep(moments.uniform(0, 0.1))
            life.kill()
        life = ground.start()
        forgotten = kills * ground.first.kind.forgets
        _heard(ground, len(speakers) - forgotten)
        counted = {number for (number,) in ground.query(_DONE)}
        again = sorted(speakers.keys() - counted)
        verdict.check(len(again) <= forgotten, f"{len(again)} words are gone after {kills} kills")
        for number in again:
            ground.first.say(speakers[number], words[number])
        _heard(ground, len(speakers))
        life.terminate()
        counts = ground.query("SELECT count(*) FROM completion GROUP BY duty_id")
        verdict.expected, verdict.delivered = len(speakers), len(counts)
        verdict.lost = len(speakers) - len(counts)
        verdict.unmarked = sum(count - 1 for (count,) in counts)
        heard = {str(row["chat_id"]) for row in ground.sent("Đã ghi nhận hoàn thành")}
        verdict.notes.append(
            f"{kills} kills; {len(again)} said it again, "
            f"{len(set(speakers.values()) - heard)} answers unheard"
        )
    return verdict


_DONE = "SELECT duty.number FROM completion JOIN duty ON duty.id = completion.duty_id"


def _heard(ground: Ground, count: int) -> None:
    """So many words are counted, and none waits anywhere."""
    sql = "SELECT count(*) FROM completion"
    ground.until(lambda: _count(ground, sql) >= count, f"{count} to be counted", 90)
    ground.until(lambda: ground.first.waiting == 0, "the messenger to be rid of them", 60)
    ground.until(ground.at_rest, "the outbox to rest", 120)


def _count(ground: Ground, sql: str) -> int:
    try:
        return int(ground.query(sql)[0][0])
    except sqlite3.OperationalError:
        return 0


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
            ground.first.sent.clear()
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
        del ground.first.sent[:before]
        ground.judge(verdict, "2026-09-25T08:00:00", "27/9/2026")
    return verdict


# -- two of them --------------------------------------------------------------------------------


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


SCENES = {
    "kill-morning": kill_the_morning,
    "clock-jumps": clock_jumps,
    "clock-set-back": clock_set_back,
    "next-day": next_day,
    "zones": zones,
    "weekend": weekend,
    "two-processes": two_processes,
}
# On every messenger.
EVERYWHERE = {
    "kill-few": kill_a_few,
    "kill-answers": answers_killed,
}
