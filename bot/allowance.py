"""How much one sender may say before the rest goes unanswered, and how often the same help is worth
a message: the decisions are pure, what was said is counted from what is stored, so that a restart
or another process changes nothing.

Without it a chat that sends a thousand messages would be answered a thousand times, the others
waiting behind it, and would use up a bot's monthly limit in an hour.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Any

from bot.talk import Talk
from registry import inbound


@dataclass(frozen=True, slots=True)
class Window:
    """At most so many messages are answered in any such span."""

    span: timedelta
    most: int


# Somebody types thirty answers in a minute at most; an album of proof is ten pictures at once, and
# what was said while the process was down comes in one breath.
BOUND = (Window(timedelta(minutes=1), 60), Window(timedelta(hours=1), 600))
# Who is let in needs a handful; each answer to a stranger costs a message of the bot's month.
STRANGER = (Window(timedelta(minutes=1), 20), Window(timedelta(hours=1), 40))


# The same "I do not understand" helps once, perhaps twice.
SAME = Window(timedelta(minutes=10), 2)


class Verdict(Enum):
    ANSWER = auto()
    WARN = auto()
    SILENCE = auto()


def decide(
    at: datetime,
    windows: Sequence[Window],
    answered: Sequence[datetime],
    warned: Sequence[datetime],
) -> tuple[Verdict, timedelta]:
    """What a message that came `at` gets, and how long its sender had better wait. `answered`: when
    those came that were answered; `warned`: those that were told to wait. Who is over is told once
    for each window that is full, then nothing."""
    for window in sorted(windows, key=lambda each: each.span, reverse=True):
        begin = at - window.span
        if sum(each > begin for each in answered) >= window.most:
            told = any(each > begin for each in warned)
            return (Verdict.SILENCE if told else Verdict.WARN), window.span
    return Verdict.ANSWER, timedelta(0)


def overrun(talk: Talk) -> bool:
    """Whether this message is one too many; then it has been answered, or is passed over, and
    changes nothing. Staff may say as much as they like."""
    if talk.actor.is_staff:
        return False
    row = talk.inbound
    said = inbound.lately(talk.session, row)
    verdict, wait = decide(
        row.received_at,
        BOUND if talk.actor.bound else STRANGER,
        [at for at, outcome in said if outcome != inbound.FLOOD],
        [at for at, outcome in said if outcome == inbound.FLOOD],
    )
    if verdict is Verdict.ANSWER:
        return False
    if verdict is Verdict.WARN:
        row.outcome, row.raw = inbound.FLOOD, ""
        talk.say("too_many", minutes=int(wait.total_seconds()) // 60)
    else:
        inbound.pass_over(row)
    return True


def worth_saying(metered: bool, told: int) -> Verdict:
    """What a message gets to which the only answer is help that this chat was told `told` times
    within SAME. `metered`: each answer costs a message of the bot's month. WARN: the last one for a
    while, which says so."""
    if not metered or told < SAME.most - 1:
        return Verdict.ANSWER
    return Verdict.WARN if told < SAME.most else Verdict.SILENCE


def say_sparingly(talk: Talk, template: str, /, **facts: Any) -> None:
    """Answer words that mean nothing, or nothing, if the chat has been told the same enough."""
    metered = talk.desk.settings.tariff(talk.chat.channel).messages > 0
    verdict = worth_saying(metered, len(talk.said_lately(template, SAME.span)))
    if verdict is Verdict.SILENCE:
        return
    minutes = int(SAME.span.total_seconds()) // 60
    talk.say_noted(template, last=verdict is Verdict.WARN, minutes=minutes, **facts)
