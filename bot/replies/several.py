"""One message that says several things, each about duties of its own: "xong 103, vướng 105 máy chủ
hỏng" is two answers. Read as a whole it would be in doubt, or say of both what is meant for one."""

import datetime as dt
import re

from bot.replies.asked_day import names_day
from bot.replies.grammar import Intent, Reply, read_reply

_CUT = re.compile(r"[\n;]+|[,.](?=\s)|\s(?=(?:và|va|nhưng|nhung|còn|con)\s)", re.IGNORECASE)
_JOIN = re.compile(r"^(?:và|va|nhưng|nhung|còn|con)\s+", re.IGNORECASE)
# A message that says several things is short. What is longer, or has more pieces, is read as one:
# each piece may have to be read again with those before it.
_LONGEST = 1000
_MOST_PIECES = 60
_PLAIN: frozenset[Intent] = frozenset({"done", "ack"})
_OTHERS: frozenset[Intent] = frozenset({"obstacle", "not_mine"})


def statements(text: str, today: dt.date | None = None) -> tuple[str, ...]:
    """The answers a message consists of, as typed; empty where it is to be read as one.

    It is taken apart only where every part is an answer by itself, names its duties, and no duty is
    named twice; a part that says less belongs to the words before it.
    """
    ends = [] if len(text) > _LONGEST else [match.end() for match in _CUT.finditer(text)]
    if not ends or len(ends) >= _MOST_PIECES or text.startswith("/"):
        return ()
    parts: list[str] = []
    start = 0
    for end in [*ends, len(text)]:
        piece, start = text[start:end], end
        if parts and not (_says(piece, today) and _says(parts[-1], today)):
            parts[-1] += piece
        else:
            parts.append(piece)
    return _apart(tuple(map(_bare, parts)), today)


def _apart(parts: tuple[str, ...], today: dt.date | None) -> tuple[str, ...]:
    read = [_answer(part, today) for part in parts]
    said = [each for each in read if each is not None]
    named = [number for each in said for number in each.duties]
    if len(parts) < 2 or len(said) < len(parts) or len(named) > len(set(named)):
        return ()
    intents = {each.intent for each in said}
    if len(intents) == 1 and intents <= _PLAIN and not any(e.number or e.date for e in said):
        return ()
    return parts


def _bare(piece: str) -> str:
    return (
        _JOIN.sub("", piece.strip(" \n,;"), count=1) if _JOIN.match(piece) else piece.strip(" \n,;")
    )


def _says(piece: str, today: dt.date | None) -> bool:
    return _answer(_bare(piece), today) is not None


def _answer(piece: str, today: dt.date | None) -> Reply | None:
    """What a part says by itself; None in any doubt, and for a digit, which answers a menu."""
    reply = read_reply(piece, today)
    if not reply.duties or reply.by_digit:
        return None
    clear = (
        (reply.intent in _PLAIN and reply.sure)
        or reply.intent in _OTHERS
        or (reply.intent == "extension" and names_day(reply.rest, reply.date, today))
    )
    return reply if clear else None
