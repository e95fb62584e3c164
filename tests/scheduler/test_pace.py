"""Speed limits, under a clock that moves only when somebody waits."""

from collections import defaultdict
from collections.abc import Sequence
from heapq import heappop, heappush

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.telegram import TelegramChannel
from scheduler.channel import Limits
from scheduler.pace import SWEEP_AT, Pacer

# What Telegram says it allows (core.telegram.org/bots/faq): some 30 messages a second to all chats,
# one a second to a chat, 20 a minute to a group.
ALL_IN_A_SECOND, IN_A_MINUTE = 30, 20
Chat = tuple[str, str]


def run(limits: Limits, chats: Sequence[Chat], start: float = 1000.0) -> list[tuple[float, Chat]]:
    """Every chat's message asks for its turn and waits as told; (moment, chat) as they leave."""
    now = start
    pacer = Pacer(limits, lambda: now)
    waiting = [(start, index, chat) for index, chat in enumerate(chats)]
    left: list[tuple[float, Chat]] = []
    while waiting:
        now, index, chat = heappop(waiting)
        wait = pacer.reserve(*chat)
        if wait > 0:
            heappush(waiting, (now + wait, index, chat))
        else:
            left.append((now, chat))
    return left


def most_within(moments: Sequence[float], seconds: float) -> int:
    """The most moments that lie within any half-open span of so many seconds."""
    best = first = 0
    for last, moment in enumerate(moments):
        while moment - moments[first] >= seconds - 1e-9:
            first += 1
        best = max(best, last - first + 1)
    return best


def check(limits: Limits, chats: Sequence[Chat], left: list[tuple[float, Chat]]) -> None:
    assert len(left) == len(chats)
    assert most_within([at for at, _ in left], 1.0) <= ALL_IN_A_SECOND
    of_chat: dict[Chat, list[float]] = defaultdict(list)
    for at, chat in left:
        of_chat[chat].append(at)
    for (_, kind), moments in of_chat.items():
        if kind == "private":
            assert most_within(moments, 1.0) <= 1
        else:
            assert most_within(moments, 60.0) <= IN_A_MINUTE
    assert limits.private_gap <= limits.group_gap


CHATS = st.tuples(st.integers(1, 12), st.sampled_from(["private", "group"])).map(
    lambda chat: (f"{chat[1]}{chat[0]}", chat[1])
)


@settings(max_examples=40, deadline=None)
@given(st.lists(CHATS, max_size=80), st.floats(0, 1e6))
def test_no_limit_is_ever_passed(chats: list[Chat], start: float) -> None:
    check(TelegramChannel.limits, chats, run(TelegramChannel.limits, chats, start))


@pytest.mark.parametrize("limits", [TelegramChannel.limits, Limits(4096, per_second=29.0)])
def test_a_thousand_chats_at_full_speed(limits: Limits) -> None:
    """All told within 5 % of the time the speed itself asks for."""
    chats = [(f"c{n}", "private") for n in range(1000)]
    left = run(limits, chats)
    check(limits, chats, left)
    assert left[-1][0] - left[0][0] <= 1.05 * len(chats) / limits.per_second


def test_a_slow_chat_keeps_nobody_waiting() -> None:
    chats = [("g1", "group")] * 10 + [(f"c{n}", "private") for n in range(50)]
    left = run(TelegramChannel.limits, chats)
    others = [at for at, (address, _) in left if address != "g1"]
    assert others[-1] - others[0] <= 1.05 * 60 / TelegramChannel.limits.per_second


def test_quiet_times_save_up_nothing() -> None:
    """After an hour's silence no burst goes out."""
    now = 0.0
    pacer = Pacer(TelegramChannel.limits, lambda: now)
    assert pacer.reserve("a", "private") == 0
    now = 3600.0
    taken = sum(pacer.reserve(f"c{n}", "private") == 0 for n in range(100))
    assert taken <= 2


def test_memory_stays_small() -> None:
    now = 0.0
    pacer = Pacer(Limits(4096, per_second=1e9), lambda: now)
    for n in range(5 * SWEEP_AT):
        now += 0.01
        assert pacer.reserve(f"c{n}", "private") == 0
    assert len(pacer._next_in) <= SWEEP_AT


async def test_turns_really_wait() -> None:
    pacer = Pacer(Limits(4096, per_second=1000.0, private_gap=0.05))
    for _ in range(3):
        await pacer.turn("a", "private")
    assert pacer._clock() < pacer._next_in["a"]
