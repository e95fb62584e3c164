"""/giahan, `4 …`: asking for a later day; staff decide."""

import json

from bot.commands.base import request_buttons, targets
from bot.replies import Reply, read_reply
from bot.replies.asked_day import asked_day
from bot.talk import Talk
from registry import duties
from registry.tables import Duty, Question
from registry.types import DutyState

ASK_DAY = "extension"
LONGEST = 1000


def run(talk: Talk, rest: str) -> None:
    answer(talk, read_reply(f"/giahan {rest}", talk.today))


def answer(talk: Talk, reply: Reply) -> None:
    found = targets(talk, reply)
    if not found:
        return
    if len(found) > 1:
        talk.say("giahan_one", numbers=[duty.number for duty in found])
        return
    duty = found[0]
    if duty.state != DutyState.OPEN:
        talk.say("closed_already", numbers=[duty.number])
        return
    _ask(talk, duty, reply)


def _ask(talk: Talk, duty: Duty, reply: Reply, earlier: str = "") -> None:
    """`earlier`: the reason that came before the day was asked for."""
    asked = asked_day(reply.rest, reply.date, talk.today, duty.due_on, talk.desk.calendar)
    reason = asked.reason or earlier
    if len(asked.days) != 1:
        kept = {"number": duty.number, "rest": reason}
        talk.ask(ASK_DAY, json.dumps(kept, ensure_ascii=False))
        talk.say("giahan_day", number=duty.number, due_on=duty.due_on, choices=asked.days)
        return
    wanted = asked.days[0]
    request = duties.ask_extension(
        talk.session, duty, talk.actor, talk.known_contact(), wanted, reason[:LONGEST], talk.now
    )
    talk.answered()
    task, agency = duties.titled(talk.session, duty)
    number = request.id or 0
    off = talk.desk.calendar.name_of(wanted)
    told = talk.tell_staff(
        "giahan_staff",
        f"request:{number}",
        request_buttons(number),
        request=number,
        number=duty.number,
        title=task.title,
        agency=agency.name,
        who=talk.actor.name,
        due_on=duty.due_on,
        wanted=wanted,
        off=off,
        reason=reason,
    )
    talk.say("giahan", number=duty.number, due_on=duty.due_on, wanted=wanted, off=off, staff=told)


def day_given(talk: Talk, question: Question, text: str) -> bool:
    """The day asked for after "xin gia hạn" without one. False if the text is something else."""
    reply = read_reply(text, talk.today)
    kept = json.loads(question.data)
    duty = duties.by_number(talk.session, kept["number"])
    if duty is None or duty.state != DutyState.OPEN or not talk.may_act(duty):
        return False
    # What was quoted or forwarded is no answer.
    said = reply.rest if reply.intent in ("none", "extension") else text
    # A day in words that ask for nothing was read as one that has passed.
    named = reply.date if reply.intent == "extension" else None
    asked = asked_day(said, named, talk.today, duty.due_on, talk.desk.calendar)
    about_another = reply.bare_digit or bool(set(reply.duties) - {duty.number})
    if about_another or not said or (not asked.days and reply.intent not in ("none", "extension")):
        return False
    _ask(talk, duty, Reply("extension", (duty.number,), date=named, rest=said), kept["rest"])
    return True
