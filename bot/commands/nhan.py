"""`1`, "đã nhận": somebody is on it."""

from bot.commands.base import targets
from bot.replies import Reply
from bot.talk import Talk
from registry import duties
from registry.types import DutyState


def answer(talk: Talk, reply: Reply) -> None:
    found = targets(talk, reply)
    if not found:
        return
    open_ones = [duty for duty in found if duty.state == DutyState.OPEN]
    for duty in open_ones:
        duties.receive(talk.session, duty, talk.actor, talk.now)
    talk.say(
        "nhan",
        numbers=[duty.number for duty in open_ones],
        due=min((duty.due_on for duty in open_ones), default=None),
        closed=[duty.number for duty in found if duty not in open_ones],
    )
