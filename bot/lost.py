"""Words that mean nothing here, or nothing certain: what helps whoever typed them."""

import re
from typing import Any

from bot.allowance import say_sparingly
from bot.commands import COMMANDS, INTENTS
from bot.commands.base import ANSWERING, about, say_unknown, strangers, unseen
from bot.replies import Reply, read_reply
from bot.talk import Talk
from deadlines.text import fold

# Words of work that goes on: understood as "not done yet", and answered so.
_UNDER_WAY = re.compile(r"\b(?:xong|hoan thanh|dang lam|dang thuc hien|dang trien khai|\d+ ?%)")
_LOOK = re.compile(r"(?:cho )?(?:em |toi )?xem (?:lai )?(?:dau viec |viec |so |#)*\d{1,9}[ .?!]*")
# "101a": a part of something, a slip, or "101 ạ" in one word.
_LETTERED = re.compile(r"(?<![\w/.-])(\d{3,6})[abc](?![\w/-])")
# What is worth saying again as it may have been meant.
_SHORT = 60


def say_lost(talk: Talk, text: str = "", reply: Reply | None = None) -> None:
    """Short help in private, silence in a group."""
    if not talk.private:
        return
    lettered = _LETTERED.search(fold(text))
    numbers = reply.duties if reply is not None else ()
    if strange := unseen(talk, numbers or ((int(lettered[1]),) if lettered else ())):
        say_unknown(talk, strange)
    elif lettered:
        _say_lettered(talk, text, lettered)
    elif _LOOK.fullmatch(fold(text)):
        COMMANDS["visao"].run(talk, text)
    elif _UNDER_WAY.search(fold(text)):
        advise(talk, "not_done", text, number=numbers[0] if numbers else 127)
    else:
        may = bool(talk.actor.roles & ANSWERING) and not strangers(talk, numbers)
        facts = {"rows": about(talk, numbers), "may": may, "staff": talk.actor.is_staff}
        advise(talk, "not_understood", text, **facts)


def _say_lettered(talk: Talk, text: str, found: re.Match[str]) -> None:
    meant = _LETTERED.sub(r"\1", fold(text))
    known = read_reply(meant, talk.today).intent in INTENTS and len(meant) <= _SHORT
    again = meant if known else f"/visao {found[1]}"
    talk.say("number_lettered", typed=found[0], number=int(found[1]), again=again)


def advise(talk: Talk, template: str, text: str, **facts: Any) -> None:
    """Help with a message that did nothing. Words alone get the same help only so often; a command
    or a number always gets an answer."""
    if not text or any(letter.isdigit() for letter in text):
        talk.say(template, last=False, minutes=0, **facts)
    else:
        say_sparingly(talk, template, **facts)
