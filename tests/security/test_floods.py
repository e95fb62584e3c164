"""One chat cannot make us talk without end, nor hold the others up, nor guess codes for long."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, col, func, select

from bot.allowance import BOUND, STRANGER, Verdict, Window, decide
from registry import invites
from registry.erasing import finish_erasing
from registry.inbound import store
from registry.tables import Inbound
from registry.types import InboundState
from scheduler.channel import Update
from tests.security.scene import GROUP, HERE, IDS, Scene, letter, opened

AT = datetime(2027, 1, 12, 2, tzinfo=UTC)
SECOND = timedelta(seconds=1)
WARNED = "nhiều tin trong thời gian ngắn"


# -- the decision ---------------------------------------------------------------------------------

TWO = (Window(timedelta(minutes=1), 3), Window(timedelta(hours=1), 5))


@pytest.mark.parametrize(
    ("answered", "warned", "verdict", "minutes"),
    [
        ([], [], Verdict.ANSWER, 0),
        ([1, 2], [], Verdict.ANSWER, 0),
        ([1, 2, 3], [], Verdict.WARN, 1),
        ([1, 2, 3], [0.5], Verdict.SILENCE, 1),
        ([1, 2, 61], [], Verdict.ANSWER, 0),
        ([1, 2, 60], [], Verdict.ANSWER, 0),
        ([1, 2, 3, 100, 200], [], Verdict.WARN, 60),
        ([1, 2, 3, 100, 200], [3000], Verdict.SILENCE, 60),
        ([100, 200, 300, 400], [], Verdict.ANSWER, 0),
        ([100, 200, 300, 400, 3599], [3600], Verdict.WARN, 60),
        ([100, 200, 300, 400, 3600], [], Verdict.ANSWER, 0),
    ],
)
def test_how_much_is_answered(
    answered: list[int], warned: list[float], verdict: Verdict, minutes: int
) -> None:
    """Seconds ago."""
    said = [AT - each * SECOND for each in answered]
    told = [AT - each * SECOND for each in warned]
    assert decide(AT, TWO, said, told) == (verdict, timedelta(minutes=minutes))


def test_what_people_do_in_earnest_is_answered() -> None:
    """An album of ten, thirty answers typed in a minute, a weekend's worth come in one breath."""
    for windows, count in ((BOUND, 59), (STRANGER, 19)):
        assert decide(AT, windows, [AT] * count, [])[0] is Verdict.ANSWER
    assert BOUND[0].most > STRANGER[0].most


# -- on the product -------------------------------------------------------------------------------


@pytest.fixture
async def busy(tmp_path: Path) -> AsyncIterator[Scene]:
    """An office that may be changed; what went before is an hour ago."""
    async with opened(tmp_path, "focal", "other", "staff") as scene:
        scene.stage.clock.now += timedelta(hours=2)
        yield scene


async def send(scene: Scene, letters: list[str], first: int = 0) -> None:
    updates = [Update(f"flood-{first + n}", raw) for n, raw in enumerate(letters)]
    await scene.app.dispatcher.store("telegram", updates)


def heard(scene: Scene, who: str) -> list[str]:
    return scene.stage.messenger.heard(who)


def states(session: Session) -> dict[str, int]:
    rows = session.exec(select(Inbound.state, func.count()).group_by(col(Inbound.state))).all()
    return {str(state): count for state, count in rows}


@pytest.mark.parametrize(("who", "windows"), [("stranger", STRANGER), ("focal", BOUND)])
async def test_a_thousand_messages_get_a_handful_of_answers(
    busy: Scene, who: str, windows: tuple[Window, ...]
) -> None:
    before = len(heard(busy, who))
    duty = busy.words["duty"]
    kinds = (
        letter(IDS[who], "xin chào"),
        letter(IDS[who], "", event="button", action="s1:nothing"),
        letter(IDS[who], "", event="other"),
    )
    flood = [kinds[n % 3] for n in range(1000)]
    late = letter(IDS[who], f"xong {duty}")
    await send(busy, [*flood, late, letter(IDS["other"], "/viec")])
    handled = await busy.app.dispatcher.drain()
    # What is passed over goes with the first of it, and not one by one.
    assert handled < windows[0].most + 10
    await busy.stage.settle()
    new = heard(busy, who)[before:]
    texts = "\n".join(new)
    assert len(new) <= windows[0].most + 1
    assert texts.count(WARNED) == 1
    assert "1 phút" in texts
    assert any("Việc của Sở Xây dựng" in text for text in heard(busy, "other")), "nobody starves"
    kept = await busy.app.db.read(states)
    assert kept.get(str(InboundState.NEW), 0) == 0
    assert kept[str(InboundState.IGNORED)] >= 1000 - windows[0].most - 1
    assert busy.stage.state(int(duty)) == "open", "what was passed over changed nothing"
    busy.stage.clock.now += timedelta(minutes=1)
    again = "".join(await busy.stage.say(who, f"xong {duty}"))
    assert WARNED not in again
    assert ("Đã ghi nhận hoàn thành" in again) == (who == "focal"), "heard again after a while"


async def test_staff_may_say_as_much_as_they_like(busy: Scene) -> None:
    before = len(heard(busy, "staff"))
    await send(busy, [letter(IDS["staff"], "ạ")] * 62)
    await busy.app.dispatcher.drain()
    await busy.stage.settle()
    assert WARNED not in "".join(heard(busy, "staff")[before:])


async def test_who_floods_a_group_does_not_silence_the_others(busy: Scene) -> None:
    code = busy.stage.invite("focal", HERE)
    await busy.stage.say("focal", f"/dangky {code}", place=GROUP)
    await send(busy, [letter(IDS["stranger"], "/viec", GROUP)] * 300)
    await busy.stage.settle()
    came = await busy.stage.say("focal", "/viec", place=GROUP)
    assert "Việc của Sở Y tế" in "".join(came)


# -- codes ----------------------------------------------------------------------------------------


def guesses(sender: str, count: int) -> list[str]:
    return [letter(sender, f"/start AAAAA-{22222 + n}") for n in range(count)]


async def test_erasing_oneself_does_not_give_new_guesses(busy: Scene) -> None:
    """Nor another allowance: who wrote much, or guessed, is forgotten an hour later."""
    me, stage = "9300", busy.stage
    for round_ in range(4):
        await send(busy, [*guesses(me, 4), letter(me, "/xoadulieu đồng ý")], 100 * round_)
        await stage.settle()
        await stage.app.db.write(finish_erasing, stage.clock())
        stage.clock.now += timedelta(seconds=61)
    wrong = [text for text in heard(busy, me) if "không đúng" in text]
    assert "".join(wrong).count("không đúng") == invites.CODE_ATTEMPTS
    assert "quá nhiều lần" in "".join(heard(busy, me))
    stage.clock.now += timedelta(hours=1, minutes=5)
    await stage.app.db.write(finish_erasing, stage.clock())
    assert await stage.app.db.read(_named, me) == 0, "and then forgotten"


def _named(session: Session, sender: str) -> int:
    return session.exec(
        select(func.count()).select_from(Inbound).where(Inbound.sender == sender)
    ).one()


def test_guesses_spread_over_many_chats_find_nothing(scene: Scene) -> None:
    """Five for each chat in a quarter of an hour, whoever asks; no number of chats that somebody
    can have makes that a chance worth speaking of."""
    tried = [raw for n in range(8) for raw in guesses(str(9400 + n), 6)]
    answers = [came.answer for came in scene.tries(tried)]
    assert sum("không đúng" in each for each in answers) == 8 * invites.CODE_ATTEMPTS
    assert sum("quá nhiều lần" in each for each in answers) == 8
    codes = 31**invites.CODE_LENGTH
    a_year = 10_000 * invites.CODE_ATTEMPTS * 4 * 24 * 365
    live = 5_000
    assert a_year * live / codes < 0.02, "ten thousand chats, all year, five thousand live codes"


async def test_a_right_code_does_not_help_who_has_guessed_too_often(busy: Scene) -> None:
    code = busy.stage.invite("focal", "Sở Tài chính")
    await send(busy, [*guesses("9500", 5), letter("9500", f"/start {code}")])
    await busy.stage.settle()
    assert "Đã kết nối" not in "".join(heard(busy, "9500"))
    answer = await busy.stage.say("9501", f"/start {code}")
    assert "Đã kết nối" in "".join(answer), "it was not used up"


# -- the same again -------------------------------------------------------------------------------


async def test_an_update_that_comes_again_is_the_same_one(busy: Scene) -> None:
    """At once, later, out of order, by another process, on another messenger's key."""
    duty = busy.words["duty"]
    done = Update("k1", letter(IDS["focal"], f"xong {duty}"))
    undo = Update("k2", letter(IDS["focal"], f"hoàn tác {duty}"))
    dispatcher = busy.app.dispatcher
    await dispatcher.store("telegram", [done, done])
    await dispatcher.store("telegram", [undo])
    await busy.stage.settle()
    assert busy.stage.state(int(duty)) == "open"
    for replay in ([done], [undo, done], [Update("k1", letter(IDS["focal"], "xong hết"))]):
        await dispatcher.store("telegram", replay)
        await busy.stage.settle()
        assert busy.stage.state(int(duty)) == "open", "a replay did it again"
    now = busy.stage.clock()
    again = await busy.app.db.write(store, "telegram", [("k1", done.raw)], now)
    assert again == 0
    busy.stage.clock.now += timedelta(days=8)
    await busy.app.daily()
    await dispatcher.store("telegram", [done])
    await busy.stage.settle()
    assert busy.stage.state(int(duty)) == "open", "known though what it said is forgotten"


async def test_an_update_that_breaks_us_is_set_aside(busy: Scene) -> None:
    """What cannot be understood at all neither stops the line nor is answered for ever."""
    broken = [
        Update("b1", "no json"),
        Update("b2", json.dumps({"event": "text"})),
        Update("b3", ""),
    ]
    await busy.app.dispatcher.store("telegram", broken)
    await send(busy, [letter(IDS["focal"], "/viec")])
    await busy.stage.settle()
    assert "Việc của Sở Y tế" in heard(busy, "focal")[-1]
