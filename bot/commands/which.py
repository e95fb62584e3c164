"""The answer to "which duty do you mean?": a number, and what was said before counts for it."""

import json
import re
from collections.abc import Mapping
from datetime import date
from typing import Protocol

from bot.commands.base import MOST_OFFERED
from bot.evidence import unpack
from bot.replies import Intent, Reply, read_reply
from bot.talk import Talk
from deadlines.text import fold
from registry.tables import Question

_NUMBERS = re.compile(r"(?:so |viec |dau viec |#)?\d{1,9}(?:(?: ?[,;] ?| va | )#?\d{1,9})*")
_NOTHING = frozenset({"thoi", "huy", "bo qua", "khong", "nham"})


class Runs(Protocol):
    def run(self, talk: Talk, reply: Reply, /) -> None: ...


def chosen(talk: Talk, question: Question, text: str, intents: Mapping[Intent, Runs]) -> bool:
    """A number that was not offered repeats nothing and changes nothing, "thôi" drops the question;
    other words are read as if nothing had been asked."""
    if fold(text).strip(" .!") in _NOTHING:
        talk.answered()
        talk.say("which_dropped")
        return True
    if not _NUMBERS.fullmatch(fold(text)):
        if read_reply(text, talk.today).intent != "none":
            talk.answered()
        return False
    kept = json.loads(question.data)
    numbers = tuple(int(n) for n in re.findall(r"\d+", text))
    strange = [number for number in numbers if number not in kept["offered"]]
    if strange and _says_more(talk, text):
        talk.answered()
        return False
    if strange:
        talk.say("which_again", offered=kept["offered"][:MOST_OFFERED])
        return True
    talk.answered()
    talk.files = talk.files or unpack(kept.get("files"))
    reply = Reply(
        kept["intent"],
        numbers,
        kept["number"],
        date.fromisoformat(kept["date"]) if kept["date"] else None,
        kept["rest"],
    )
    intents[reply.intent].run(talk, reply)
    return True


def _says_more(talk: Talk, text: str) -> bool:
    """ "3 105": an option on a duty, an answer of its own."""
    reply = read_reply(text, talk.today)
    return reply.by_digit and bool(reply.duties)
