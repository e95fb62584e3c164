"""/giahan, `4 …`: asking for a later day; staff decide."""

import json
import re

from bot.commands.base import request_buttons, targets
from bot.replies import Reply, read_reply
from bot.talk import Talk
from registry import duties
from registry.tables import Duty, Question
from registry.types import DutyState

ASK_DAY = "extension"
LONGEST = 1000
# "đến 15/9 chờ số liệu …": the day is kept as a day, the reason is what follows.
_LEADING_DAY = re.compile(
    r"^(?:(?:xin|lùi|sang|tới|đến|hết|ngày)\s+)*\d{1,2}\s*[/.-]\s*\d{1,2}(?:\s*[/.-]\s*\d{4})?"
    r"(?:\s*(?:vì|do|lý do))?(?=\W|$)",
    re.IGNORECASE,
)


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


def _ask(talk: Talk, duty: Duty, reply: Reply) -> None:
    wanted = reply.date or talk.day_in(reply.rest)
    if wanted is None:
        kept = {"number": duty.number, "rest": reply.rest}
        talk.ask(ASK_DAY, json.dumps(kept, ensure_ascii=False))
        talk.say("giahan_day", number=duty.number, due_on=duty.due_on)
        return
    reason = _LEADING_DAY.sub("", reply.rest).strip(" ,.:-")
    request = duties.ask_extension(
        talk.session, duty, talk.actor, talk.known_contact(), wanted, reason[:LONGEST], talk.now
    )
    talk.answered()
    task, agency = duties.titled(talk.session, duty)
    number = request.id or 0
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
        reason=reason,
    )
    talk.say("giahan", number=duty.number, due_on=duty.due_on, wanted=wanted, staff=told)


def day_given(talk: Talk, question: Question, text: str) -> bool:
    """The day asked for after "xin gia hạn" without one. False if the text is something else."""
    reply = read_reply(text, talk.today)
    if reply.intent not in ("none", "extension"):
        return False
    kept = json.loads(question.data)
    duty = duties.by_number(talk.session, kept["number"])
    if duty is None or duty.state != DutyState.OPEN or not talk.may_act(duty):
        return False
    said = f"{kept['rest']} {text}".strip()
    _ask(talk, duty, Reply("extension", (duty.number,), date=reply.date, rest=said))
    return True
