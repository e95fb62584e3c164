"""/visao N: where a duty comes from, how it was read, what was sent to whom."""

import re

from bot.commands.base import say_unknown
from bot.talk import Talk
from registry import duties
from reports import messages
from reports.why import load_why


def run(talk: Talk, rest: str) -> None:
    found = re.search(r"\d{1,9}", rest)
    if found is None:
        talk.say("visao_usage")
        return
    number = int(found[0])
    duty = duties.by_number(talk.session, number)
    story = (
        load_why(talk.session, duty.id or 0, talk.today, talk.desk.calendar)
        if duty is not None and talk.may_see(duty)
        else None
    )
    if story is None:
        say_unknown(talk, [number])
        return
    talk.say_rendered(messages.why(talk.desk.renderer, story))
