"""One answer read as a whole: the option digit, the command or the words, and what is left over.

Decisions that a reader may want to know:

- "xong 2" is duty number 2; "2 xong" is option 2 said twice and names no duty.
- "2 127" and "127 2" are option 2 on duty 127; "2 3" could be either and is `none`.
- A clause that denies ("130 chưa xong") leaves "127 xong" standing only if both name their duties;
  "xong 127, vướng 130" says two things and is `none`; `several` takes such a message apart.
- A tick (✅) or a thumb is a receipt, never "done".
"""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from bot.replies.intents import DUTY_NUMBERS, clauses, is_done, only, says_done
from bot.replies.lexer import Text, Token, read_text
from bot.replies.meaning import POLITE, Said, by_words
from bot.replies.numbers import resolve
from bot.replies.words import COMMANDS, OPTIONS, Role

Intent = Literal[
    "done", "ack", "obstacle", "extension", "undo", "not_mine", "status", "help", "none"
]

# Longer than any message a person types: pasted text, which answers nothing.
LONGEST = 4096


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer as read.

    `duties` are the numbers named, in the order typed, each once. `number` is the document cited
    as evidence ("45/BC-SYT"), `date` its day, or the day asked for by an extension. `rest` is the
    free text left, as typed. `sure` is False where words stayed unread or the intent is `none`.
    `by_digit`: said by the number of a menu's option, so that it means what that menu was about.
    """

    intent: Intent
    duties: tuple[int, ...] = ()
    number: str | None = None
    date: dt.date | None = None
    rest: str = ""
    sure: bool = False
    by_digit: bool = False

    @property
    def bare_digit(self) -> bool:
        """A menu's option and nothing else."""
        return self.by_digit and not (self.duties or self.rest or self.number or self.date)


_COMMAND = re.compile(r"^\W{0,5}/([a-z]+)_?(?=[^a-z]|$)(?:@\w+)?")
# A difficulty's number: "trả lời VM5: xong" speaks of that one, not of the only duty that is open.
_OBSTACLE = re.compile(r"(?<![a-z0-9])vm ?\d")
_EDGES = " \n,.;:-–!()[]/+&="
_SINGLE_WORDS = frozenset(
    {"vuong", "vuong mac", "bi vuong", "dang vuong", "gap vuong mac", "gia han", "xin gia han",
     "de nghi gia han", "xin duoc gia han"}
)  # fmt: skip


def read_reply(text: str, today: dt.date | None = None) -> Reply:
    """What an answer means; never raises, and in doubt says `none`.

    `today` gives the year to a day typed without one ("20/12"); without it such a day is read
    as a day, so that it is no duty, but `date` stays None.
    """
    if len(text) > LONGEST:
        return Reply("none")
    source = read_text(text)
    command = _command(source)
    option = _option(source) if command is None else None
    said = _without_reason(source, command or option or by_words(source.tokens))
    duties = tuple(dict.fromkeys(n for token in said.duties for n in token.value))
    intent = _INTENTS.get(said.role, "none")
    if intent in ("done", "ack") and not duties and _OBSTACLE.search(source.key):
        intent = "none"
    return Reply(
        intent,
        duties,
        next((f.text for f in source.finds if f.role is Role.DOCUMENT), None),
        _day(source, today, ahead=intent == "extension"),
        _rest(source, said) if intent != "none" else source.plain,
        intent != "none" and all(t.role is not Role.OTHER for t in source.tokens),
        by_digit=option is not None and intent != "none",
    )


def to_contract(text: str, today: dt.date | None = None) -> dict[str, str | list[int] | None]:
    """The reading of `text` as `dondoc reply --json` prints it."""
    reply = read_reply(text, today)
    return {
        "text": text,
        "intent": reply.intent,
        "duties": list(reply.duties),
        "number": reply.number,
        "date": reply.date.isoformat() if reply.date else None,
    }


_INTENTS: dict[Role | None, Intent] = {
    Role.DONE: "done", Role.ACK: "ack", Role.OBSTACLE: "obstacle", Role.EXTENSION: "extension",
    Role.UNDO: "undo", Role.NOT_MINE: "not_mine", Role.STATUS: "status", Role.HELP: "help",
}  # fmt: skip


# --- by command -----------------------------------------------------------------------------


def _command(source: Text) -> Said | None:
    match = _COMMAND.match(source.key)
    if match is None:
        return None
    role = COMMANDS.get(match[1])
    head = tuple(t for t in source.tokens if t.end <= match.end())
    rest = tuple(t for t in source.tokens if t.start >= match.end())
    slash = Token(Role.COMMAND, match[1], 0, match.end())
    said = _first_numbers((slash, *rest))
    if role is None:
        return Said(None, said)
    if role is Role.DONE and not _unopposed(rest):
        return Said(None, said)
    return Said(role, said, (*head, slash, *said))


def _unopposed(rest: Sequence[Token]) -> bool:
    """Whether nothing after "/xong" or "2" takes the "done" back."""
    parts = clauses((Token(Role.DONE, "xong", 0, 0), *rest))
    return all(is_done(p) or (not says_done(p) and only(p.tokens, _MILD)) for p in parts)


_MILD = frozenset(
    {Role.PERFECT, Role.MAYBE_PERFECT, Role.THING, Role.SEND, Role.ACK, Role.OTHER, Role.DONE}
)


def _first_numbers(tokens: Sequence[Token]) -> tuple[Token, ...]:
    """Duties of a command or an option: the list right behind it, and what "việc" marks later."""
    found = {t.start: t for part in clauses(tokens) for t in part.marked}
    for token in tokens[1:]:
        if token.role in DUTY_NUMBERS:
            found.setdefault(token.start, token)
        elif token.role not in {Role.MARK, Role.COMMA, Role.AND, Role.COLON, Role.FILL, Role.STOP}:
            break
    return tuple(found[start] for start in sorted(found))


# --- by option digit ------------------------------------------------------------------------


def _option(source: Text) -> Said | None:
    tokens = [t for t in source.tokens if t.key != "\n"]
    start = next((i for i, t in enumerate(tokens) if t.role not in POLITE and t.key != "so"), None)
    if start is None:
        return None
    body = tokens[start:]
    return _leading(body) or _trailing(body)


def _is_digit(token: Token) -> bool:
    return token.role is Role.NUMBER and len(token.key) == 1 and token.value[0] in OPTIONS


def _leading(body: list[Token]) -> Said | None:
    if not body or not _is_digit(body[0]):
        return None
    rest = _skip(body[1:])
    if rest and rest[0].role is Role.NUMBER and _is_digit(rest[0]):
        return Said(None)
    if len(body) > 1 and body[1].role is Role.AND:
        return None
    return _chosen(body[0], rest, ())


def _trailing(body: list[Token]) -> Said | None:
    """ "127 2", "127: 3 thiếu kinh phí"."""
    size = 0
    while size < len(body) and (
        body[size].role in {Role.MARK, Role.AND} or _is_big(body[size]) or body[size].key == ","
    ):
        size += 1
    head, tail = body[:size], body[size:]
    numbers = tuple(t for t in head if t.role in DUTY_NUMBERS)
    joined = bool(tail) and tail[0].key in {":", "-", "="}
    tail = tail[1:] if joined else tail
    if not numbers or not tail or not _is_digit(tail[0]) or head[-1].role not in DUTY_NUMBERS:
        return None
    if not joined and not only(tail[1:]):
        return None
    return _chosen(tail[0], _skip(tail[1:]), numbers)


def _is_big(token: Token) -> bool:
    return token.role in DUTY_NUMBERS and not _is_digit(token)


def _skip(tokens: Sequence[Token]) -> list[Token]:
    start = next((i for i, t in enumerate(tokens) if t.role not in POLITE), len(tokens))
    return list(tokens[start:]) if not any(t.role is Role.QUESTION for t in tokens[:start]) else []


def _chosen(digit: Token, rest: list[Token], numbers: tuple[Token, ...]) -> Said | None:
    role = OPTIONS[digit.value[0]]
    command = Token(Role.COMMAND, digit.key, digit.start, digit.end)
    duties = (*numbers, *_first_numbers((command, *rest)))
    said = by_words(rest) if rest else Said(None)
    words = said.role
    if role is Role.DONE and words is Role.DONE:
        duties = tuple(dict.fromkeys((*duties, *said.duties)))
    if _agrees(role, words, rest):
        return Said(role, duties, (digit, *duties))
    return Said(None, duties)


def _agrees(role: Role, words: Role | None, rest: Sequence[Token]) -> bool:
    """Whether the words behind an option digit leave its meaning standing."""
    if role is Role.DONE:
        return words in {None, Role.DONE, Role.ACK} and _unopposed(rest) and not _unread(rest)
    if role is Role.ACK:
        doubt = {Role.NOT, Role.ASK, Role.QUESTION, Role.MAY_I, Role.PART}
        return words in {None, Role.ACK} and not any(t.role in doubt for t in rest)
    fine = {
        Role.OBSTACLE: {None, Role.OBSTACLE, Role.EXTENSION, Role.ACK},
        Role.EXTENSION: {None, Role.EXTENSION, Role.OBSTACLE, Role.ACK},
        Role.NOT_MINE: {None, Role.NOT_MINE, Role.ACK},
    }
    return words in fine[role]


def _unread(rest: Sequence[Token]) -> bool:
    """Words after "2" that nobody understands and that no "xong" or "đã gửi" explains."""
    return any(t.role is Role.OTHER for t in rest) and not any(map(is_done, clauses(rest)))


def _without_reason(source: Text, said: Said) -> Said:
    """A duty named within the reason is not what the answer is about: "vướng 105: chờ số liệu việc
    108". One that goes on a list is: "vướng 105: thiếu người, việc 108: thiếu tiền"."""
    if said.role not in {Role.OBSTACLE, Role.EXTENSION} or len(said.duties) < 2:
        return said
    reason = _BECAUSE.search(source.key, said.duties[0].end)
    if reason is None:
        return said
    before = {b: a for a, b in pairwise(t for t in source.tokens if t.role is not Role.MARK)}
    within = {
        token
        for token in said.duties
        if token.start > reason.start() and before[token].role not in _LISTING
    }
    return Said(
        said.role,
        tuple(token for token in said.duties if token not in within),
        tuple(token for token in said.cut if token not in within),
    )


_BECAUSE = re.compile(r":(?= ?[a-z])|\b(?:vi|do|boi|cho|doi|de)\b")
_LISTING = DUTY_NUMBERS | {Role.COMMA, Role.AND, Role.STOP}


# --- what is left ---------------------------------------------------------------------------


def _day(source: Text, today: dt.date | None, *, ahead: bool) -> dt.date | None:
    days = [f for f in source.finds if f.day is not None]
    document = next((f for f in source.finds if f.role is Role.DOCUMENT), None)
    behind = [f for f in days if document is not None and f.start >= document.end]
    if not days:
        return None
    chosen = days[-1] if ahead else (behind or days)[0]
    return resolve(chosen.day, today, ahead=ahead) if chosen.day else None


def _rest(source: Text, said: Said) -> str:
    """The words as typed, without what was read as option, command, duty or evidence."""
    cut = [(t.start, t.end) for t in said.cut]
    named = {t.start for t in said.duties}
    left = {
        mark.start
        for mark, behind in pairwise(source.tokens)
        if behind.role in DUTY_NUMBERS and behind.start not in named
    }
    spent = (t for t in source.tokens if _spent(t, said.role))
    cut += [(t.start, t.end) for t in spent if t.role is not Role.MARK or t.start not in left]
    out, at = [], 0
    for start, end in sorted(cut):
        if start >= at:
            out.append(source.plain[at:start])
        at = max(at, end)
    out.append(source.plain[at:])
    return _tidy(" ".join(out))


def _spent(token: Token, role: Role | None) -> bool:
    if token.role is Role.MARK:
        return True
    if role in {Role.OBSTACLE, Role.EXTENSION}:
        return token.key in _SINGLE_WORDS
    spent = {Role.DONE, Role.DONE_VERB, Role.DOCUMENT, Role.DATE, Role.PERFECT, Role.MAYBE_PERFECT,
             Role.FILL, Role.YES, Role.ACK, Role.UNDO}  # fmt: skip
    return token.role in spent


def _tidy(text: str) -> str:
    words = re.sub(r"[ \n]+", " ", text)
    return re.sub(r" ?([,;:.])(?: ?[,;:.])+", r"\1", words).strip(_EDGES)
