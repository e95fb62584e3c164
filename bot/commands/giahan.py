"""/giahan, `4 …`: asking for a later day; staff decide."""

import json
import re

from bot.commands.base import request_buttons, targets
from bot.replies import Reply, read_reply
from bot.talk import Talk
from deadlines.text import clean
from registry import duties
from registry.tables import Duty, Question
from registry.types import DutyState

ASK_DAY = "extension"
LONGEST = 1000
# What an answer says before its reason: how it asks, for which duty, until when. With marks where
# a word without them could begin the reason ("chờ số liệu", "đo đạc").
_ASKING = re.compile(
    r"(?:/?gia ?h[aạ]n|xin|đề nghị|de nghi|cho phép|cho phep|được|duoc|thêm|them|lùi|lui|dời|doi"
    r"|đầu việc|dau viec|việc|viec|nhiệm vụ|nhiem vu|s[oố](?= ?\d)|đến hết|den het|đến|den|tới|toi"
    r"|sang|hết|het|ngày|ngay|tháng|thang|năm|nam|vì|do|l[yýií] do"
    r"|\d{1,2} ?[/.-] ?\d{1,2}(?: ?[/.-] ?\d{4})?|#?\d{1,9}|[,:;.-])(?=\W|$)\W*"
)


def reason_of(text: str) -> str:
    """The reason in an answer that asks for time: what is left when asking, number and day are
    taken from its front."""
    words = clean(text)
    small = words.casefold()
    start = 0
    while (found := _ASKING.match(small, start)) is not None and found.end() > start:
        start = found.end()
    return words[start:].strip(" ,.:-")


def _without_asking(text: str) -> str:
    """The answer without "giahan 107" in front, for words like "mai" to be seen."""
    return re.sub(r"^\W*(?:xin\s+)?gia\s?h[aạ]n\b\W*", "", text, flags=re.IGNORECASE)


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
    wanted = reply.date or talk.day_in(reply.rest) or talk.day_in(_without_asking(reply.rest))
    if wanted is None:
        kept = {"number": duty.number, "rest": reply.rest}
        talk.ask(ASK_DAY, json.dumps(kept, ensure_ascii=False))
        talk.say("giahan_day", number=duty.number, due_on=duty.due_on)
        return
    reason = reason_of(reply.rest)
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
    day = talk.day_in(text)
    about_another = reply.bare_digit or bool(set(reply.duties) - {duty.number})
    if about_another or (day is None and reply.intent not in ("none", "extension")):
        return False
    reason = reason_of(text) or reason_of(kept["rest"])
    _ask(talk, duty, Reply("extension", (duty.number,), date=day, rest=reason))
    return True
