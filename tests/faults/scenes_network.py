"""The messenger is not there, answers nonsense, or does not want us."""

import time
from typing import Any

from bot.channels.rivals import PLAIN
from tests.faults.ground import DUE, Ground, Stage, Verdict, one_line, token_of
from tests.faults.messengers import TELEGRAM, ZALO


def _outage(
    stage: Stage, name: str, seconds: float, *, persons: int = 100, **fault: Any
) -> tuple[Verdict, Ground]:
    """The morning with the messenger at fault for some seconds in its middle."""
    verdict = Verdict()
    with stage.ground(name, persons) as ground:
        life = ground.start()
        ground.until_sent(len(ground.numbers) // 5)
        ground.first.fail(**fault)
        time.sleep(seconds)
        verdict.notes.append(f"{ground.reached()} reached before the end of it")
        ground.first.heal()
        ground.until_all(patience=180)
        life.terminate()
        ground.judge(verdict, DUE)
        verdict.check(verdict.most_repeats <= 1, "somebody was told more than twice")
    return verdict, ground


def refused(stage: Stage) -> Verdict:
    """Nobody listens at the messenger's address for 20 s."""
    verdict = Verdict()
    with stage.ground("refused", 100) as ground:
        life = ground.start()
        ground.until_sent(len(ground.numbers) // 5)
        ground.first.down()
        time.sleep(20)
        ground.first.up()
        ground.until_all(patience=180)
        life.terminate()
        ground.judge(verdict, DUE)
    return verdict


def reset_before(stage: Stage) -> Verdict:
    """Connections are cut before the messenger has done anything, for 20 s."""
    return _outage(stage, "reset-before", 20, kind="drop")[0]


def reset_after(stage: Stage) -> Verdict:
    """Three messages arrive, and their answers are lost."""
    verdict = _outage(stage, "reset-after", 10, kind="drop", after=True, times=3,
                      method="sendMessage")[0]  # fmt: skip
    verdict.check(verdict.marked <= 3, f"{verdict.marked} repeats for 3 lost answers")
    return verdict


def resets_after(stage: Stage) -> Verdict:
    """For 20 s everything arrives and every answer is lost."""
    return _outage(stage, "resets-after", 20, kind="drop", after=True)[0]


def silence(stage: Stage) -> Verdict:
    """The messenger takes calls and says nothing for 30 s."""
    return _outage(stage, "silence", 30, kind="hang")[0]


def pages(stage: Stage) -> Verdict:
    """A gateway answers with its pages (502) for 20 s."""
    verdict = _outage(stage, "pages", 20, kind="html", status=502)[0]
    verdict.check(verdict.marked == 0, "repeated though nothing had arrived")
    return verdict


def floods(stage: Stage) -> Verdict:
    """Every call is refused as too much for 20 s: by Telegram until two seconds later, by Zalo as
    a quota that is used up, without a word until when."""
    limit = stage.kinds[0].limit
    verdict = _outage(stage, "floods", 20, kind="status", status=429, **limit)[0]
    verdict.check(verdict.marked == 0, "repeated though nothing had arrived")
    return verdict


def limit_pages(stage: Stage) -> Verdict:
    """The gateway in front answers 429 with a page for 20 s."""
    verdict = _outage(stage, "limit-pages", 20, kind="html", status=429)[0]
    verdict.check(verdict.marked == 0, "repeated though nothing had arrived")
    return verdict


def wrong_token(stage: Stage) -> Verdict:
    """A wrong token at the start: one line without it; with the right one everything goes out."""
    verdict = Verdict()
    with stage.ground("wrong-token") as ground:
        kind = ground.first.kind
        wrong = kind.wrong
        life = ground.start(**{token_of(kind): wrong})
        one_line(verdict, life, "a wrong token", "Lỗi:")
        verdict.check(wrong.partition(":")[2] not in life.said(), "the token is said")
        ground.ends_well(verdict, DUE, ground.start())
    return verdict


def revoked_token(stage: Stage) -> Verdict:
    """The token is refused in the middle of the morning, and taken again ten minutes later."""
    verdict = Verdict()
    with stage.ground("revoked", 100) as ground:
        fake, life = ground.first.fake, ground.start()
        ground.until_sent(len(ground.numbers) * 3 // 10)
        token, fake.token = fake.token, ground.first.kind.wrong
        time.sleep(8)
        verdict.check(life.code is None, "it gave up")
        verdict.check("401" in life.said(), "it does not say that it is refused")
        fake.token = token
        ground.move_clock(minutes=10)
        ground.until_all(patience=120)
        life.terminate()
        ground.judge(verdict, DUE)
        verdict.check(verdict.marked == 0, "repeated though nothing had arrived")
    return verdict


def a_day_down(stage: Stage) -> Verdict:
    """The messenger is down from before the morning until the next one."""
    verdict = Verdict()
    with stage.ground("day-down", 40) as ground:
        ground.first.down()
        life = ground.start()
        for hours in (0, 3, 5, 7, 8):
            ground.move_clock(hours=hours)
            time.sleep(6)
        ground.set_clock("2026-09-11T08:10:00")
        ground.first.up()
        ground.until_all(patience=120)
        life.terminate()
        ground.judge(verdict, DUE)
        rows = ground.sent()
        verdict.check(all("gián đoạn" in row["text"] for row in rows), "it does not say why")
        verdict.check(verdict.marked == 0, "repeated though nothing had arrived")
    return verdict


def a_day_of_silence(stage: Stage) -> Verdict:
    """As above, but the messenger's machine takes connections and answers none of them."""
    verdict = Verdict()
    with stage.ground("day-silent", 40) as ground:
        ground.first.fail(kind="drop")
        life = ground.start()
        for hours in (0, 3, 5, 7, 8):
            ground.move_clock(hours=hours)
            time.sleep(6)
        ground.set_clock("2026-09-11T08:10:00")
        ground.first.heal()
        ground.until_all(patience=120)
        life.terminate()
        ground.judge(verdict, DUE)
    return verdict


def one_token_twice(stage: Stage) -> Verdict:
    """Two installations with the same token: each says so, what is owed goes out once from the one
    that owes it, and what people say is counted."""
    verdict = Verdict()
    with stage.ground("token", 40) as ground, stage.ground("token-other", 4) as other:
        url = ground.first.fake.url
        (other.folder / "config.toml").write_text(f'[telegram]\nbase_url = "{url}"\n', "utf-8")
        other.set_clock("2026-09-08T09:00:00")
        first = ground.start()
        ground.until(lambda: ground.first.calls("getUpdates") > 0, "the first to poll")
        time.sleep(PLAIN.newcomer + 2)
        second = other.start()
        time.sleep(8)
        speakers = {number: address for address, number in ground.numbers.items()}
        for number, address in speakers.items():
            ground.first.say(address, f"xong {number}")
        done = "SELECT count(*) FROM completion"
        ground.until(lambda: ground.query(done)[0][0] >= len(speakers), "the answers", 60)
        ground.until(lambda: "Conflict" in second.said(), "a word of it", 40)
        words = second.said()
        verdict.check("cùng mã" in words or "mã bot" in words, f"not said clearly: {words[-300:]}")
        second.terminate()
        first.terminate()
        verdict.expected, verdict.delivered = len(speakers), ground.query(done)[0][0]
        verdict.lost = verdict.expected - verdict.delivered
    return verdict


def hand_over(stage: Stage) -> Verdict:
    """A messenger is down when everybody is to be told, and everybody has another one."""
    return _handed(stage, "hand-over", "đang gián đoạn")


def silent_hand_over(stage: Stage) -> Verdict:
    """A messenger takes calls and says nothing for two minutes; everybody has another one. Those
    who may have heard it there hear it once more, marked; all others once, from the other one."""
    verdict = Verdict()
    with stage.ground("silent-hand-over", 192, "2026-09-10T07:50:00") as ground:
        life, (first, other) = ground.start(), ground.messengers
        ground.until(lambda: bool(first.calls("getUpdates")), "the first to be listened to")
        first.fail(kind="hang", method="sendMessage", after=True)
        first.fail(kind="hang")
        ground.set_clock("2026-09-10T07:59:58")
        time.sleep(120)
        verdict.notes.append(
            f"{len(first.sent)} told by the silent one, {len(other.sent)} by the other"
        )
        first.heal()
        ground.until_all(patience=180)
        life.terminate()
        ground.judge(verdict, DUE)
        both = [{str(row["chat_id"]) for row in each.sent} for each in (first, other)]
        verdict.notes.append(f"{len(both[0] & both[1])} were told on both")
        verdict.check(bool(other.sent), "nobody was told on the other one")
        verdict.check(verdict.most_repeats <= 1, "somebody was told more than twice")
    return verdict


def limit_handed_over(stage: Stage) -> Verdict:
    """The messenger takes nothing more from us, and everybody has another one."""
    limit = {"kind": "status", "status": 429, "method": "sendMessage", **stage.kinds[0].limit}
    return _handed(stage, "limit-hand-over", "đang hạn chế số tin gửi", **limit)


def _handed(stage: Stage, name: str, why: str, **fault: Any) -> Verdict:
    """Told once, on the other one, with the reason; nothing more when the first one is well."""
    verdict = Verdict()
    with stage.ground(name, 80, "2026-09-10T07:50:00") as ground:
        life, (first, other) = ground.start(), ground.messengers
        ground.until(lambda: bool(first.calls("getUpdates")), "the first to be listened to")
        ground.until(lambda: bool(other.calls("getUpdates")), "the other to be listened to")
        if fault:
            first.fail(**fault)
        else:
            first.down()
        ground.set_clock("2026-09-10T07:59:58")
        ground.until_all(patience=180)
        if fault:
            first.heal()
        else:
            first.up()
        ground.move_clock(minutes=10)
        calls = first.calls("getUpdates")
        ground.until(lambda: first.calls("getUpdates") > calls, "the first to be asked again", 90)
        time.sleep(5)
        life.terminate()
        ground.judge(verdict, DUE)
        rows = ground.sent()
        verdict.check(len(rows) == len(ground.numbers), f"{len(rows)} messages")
        verdict.check(not first.sent, "somebody was told on the first one")
        verdict.check(all(why in row["text"] for row in rows), f"it does not say {why!r}")
    return verdict


# On every messenger.
EVERYWHERE = {
    "refused": refused,
    "reset-before": reset_before,
    "reset-after": reset_after,
    "resets-after": resets_after,
    "silence": silence,
    "pages-502": pages,
    "floods-429": floods,
    "wrong-token": wrong_token,
    "revoked-token": revoked_token,
    "day-down": a_day_down,
    "day-silent": a_day_of_silence,
}
SCENES = {
    "one-token-twice": one_token_twice,
    "hand-over": lambda stage: hand_over(stage.on(TELEGRAM, ZALO)),
    "silent-hand-over": lambda stage: silent_hand_over(stage.on(TELEGRAM, ZALO)),
    "zalo-silent-hand-over": lambda stage: silent_hand_over(stage.on(ZALO, TELEGRAM)),
    "zalo-hand-over": lambda stage: hand_over(stage.on(ZALO, TELEGRAM)),
    "zalo-limit-hand-over": lambda stage: limit_handed_over(stage.on(ZALO, TELEGRAM)),
    "zalo-pages-429": lambda stage: limit_pages(stage.on(ZALO)),
}
