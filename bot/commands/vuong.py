"""/vuong, `3 …`: a difficulty, recorded and passed to the standing agency and to those who
coordinate; `5`: not ours. What becomes of it is in `vuongmac.py`."""

import json
from typing import Any

from bot import telling
from bot.commands import vuongmac
from bot.commands.base import desk_button, targets
from bot.replies import Reply, read_reply
from bot.talk import Talk
from deadlines.text import clean
from registry import duties, obstacles
from registry.tables import Duty, Question
from registry.types import DutyState

ASK_OBSTACLE = "obstacle"
LONGEST = 2000
RAISED = "obstacle_staff"


def run(talk: Talk, rest: str) -> None:
    if vuongmac.command(talk, rest):
        return
    answer(talk, read_reply(f"/vuong {rest}", talk.today))


def answer(talk: Talk, reply: Reply) -> None:
    found = _open_ones(talk, targets(talk, reply))
    if not found:
        return
    if not reply.rest:
        talk.ask(ASK_OBSTACLE, json.dumps([duty.number for duty in found]))
        talk.say("vuong_ask", numbers=[duty.number for duty in found])
        return
    _raise(talk, found, reply.rest, RAISED)


def not_mine(talk: Talk, reply: Reply) -> None:
    """The agency says the duty is not its own: for the standing agency to look at."""
    found = _open_ones(talk, targets(talk, reply))
    if found:
        reason, said = "Cơ quan cho rằng không thuộc nhiệm vụ của mình", clean(talk.incoming.text)
        # A digit and numbers say no more than that.
        words = f": “{said}”" if any(letter.isalpha() for letter in said) else " (không nêu lý do)"
        _raise(talk, found, reason + words, "not_mine_staff")


def text_given(talk: Talk, question: Question, text: str) -> bool:
    """The words asked for after a bare "vướng". False if the text is an answer of another kind."""
    reply = read_reply(text, talk.today)
    if reply.bare_digit or reply.intent in ("done", "extension", "undo", "status", "help"):
        return False
    numbers = json.loads(question.data)
    rows = [duties.by_number(talk.session, number) for number in numbers]
    found = [duty for duty in rows if duty is not None and talk.may_act(duty)]
    talk.answered()
    _raise(talk, _open_ones(talk, found), text, RAISED)
    return True


def _open_ones(talk: Talk, found: list[Duty]) -> list[Duty]:
    closed = [duty.number for duty in found if duty.state != DutyState.OPEN]
    if closed:
        talk.say("closed_already", numbers=closed)
    return [duty for duty in found if duty.state == DutyState.OPEN]


def _raise(talk: Talk, found: list[Duty], text: str, template: str) -> None:
    told, labels = 0, []
    for duty in found:
        obstacle = duties.hinder(talk.session, duty, talk.actor, text[:LONGEST], talk.now)
        theme = obstacles.begin(talk.session, obstacle, vuongmac.due_day(talk))
        task, agency = duties.titled(talk.session, duty)
        label = obstacles.label(obstacle)
        facts: dict[str, Any] = {
            "label": label,
            "theme": theme.name,
            "answer_due": obstacle.due_on,
            "number": duty.number,
            "title": task.title,
            "agency": agency.name,
            "who": talk.actor.name,
            "text": text[:LONGEST],
            "due_on": duty.due_on,
        }
        buttons = ((desk_button("Nhận xử lý", "take", obstacle.id or 0),),)
        told = talk.tell_staff(template, f"obstacle:{obstacle.id}", buttons, **facts)
        if template == RAISED:
            others = telling.of_coordinating(talk, duty)
            talk.tell(others, "vuong_coordinating", f"obstacle-with:{obstacle.id}", **facts)
        labels.append(label)
    if found:
        talk.say(
            "vuong",
            numbers=[duty.number for duty in found],
            staff=told,
            labels=labels,
            answer_due=vuongmac.due_day(talk),
        )
