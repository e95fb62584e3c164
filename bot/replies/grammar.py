"""One answer read as a whole: the option digit, the command or the words, and what is left over.

Decisions that a reader may want to know:

- "xong 2" is duty number 2; "2 xong" is option 2 said twice and names no duty.
- "2 127" and "127 2" are option 2 on duty 127; "2 3" could be either and is `none`.
- A clause that denies ("130 chưa xong") leaves "127 xong" standing only if both name their duties;
  "xong 127, vướng 130" says two things and is `none`: the bot asks for one at a time.
- A tick (✅) or a thumb is a receipt, never "done".
"""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from bot.replies.intents import (
    DUTY_NUMBERS,
    Clause,
    acknowledges,
    asks,
    clauses,
    is_done,
    only,
    says_done,
)
from bot.replies.lexer import Text, Token, read_text
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
    """

    intent: Intent
    duties: tuple[int, ...] = ()
    number: str | None = None
    date: dt.date | None = None
    rest: str = ""
    sure: bool = False


@dataclass(frozen=True, slots=True)
class _Said:
    """What was decided: the intent, the tokens that name duties, whether every word was read."""

    role: Role | None
    duties: tuple[Token, ...] = ()
    cut: tuple[Token, ...] = ()


_COMMAND = re.compile(r"^\W{0,5}/([a-z]+)_?(?=[^a-z]|$)(?:@\w+)?")
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
    said = _command(source) or _option(source) or _by_words(source.tokens)
    duties = tuple(dict.fromkeys(n for token in said.duties for n in token.value))
    intent: Intent = said.role.value if said.role in _INTENTS else "none"  # type: ignore[union-attr,assignment]
    return Reply(
        intent,
        duties,
        next((f.text for f in source.finds if f.role is Role.DOCUMENT), None),
        _day(source, today, ahead=intent == "extension"),
        _rest(source, said) if intent != "none" else source.plain,
        intent != "none" and all(t.role is not Role.OTHER for t in source.tokens),
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


_INTENTS = frozenset(
    {Role.DONE, Role.ACK, Role.OBSTACLE, Role.EXTENSION, Role.UNDO, Role.NOT_MINE, Role.STATUS,
     Role.HELP}
)  # fmt: skip


# --- by command -----------------------------------------------------------------------------


def _command(source: Text) -> _Said | None:
    match = _COMMAND.match(source.key)
    if match is None:
        return None
    role = COMMANDS.get(match[1])
    head = tuple(t for t in source.tokens if t.end <= match.end())
    rest = tuple(t for t in source.tokens if t.start >= match.end())
    slash = Token(Role.COMMAND, match[1], 0, match.end())
    said = _first_numbers((slash, *rest))
    if role is None:
        return _Said(None, said)
    if role is Role.DONE and not _unopposed(rest):
        return _Said(None, said)
    return _Said(role, said, (*head, slash, *said))


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

_POLITE = frozenset({Role.FILL, Role.YES, Role.COMMA, Role.COLON, Role.STOP})


def _option(source: Text) -> _Said | None:
    tokens = [t for t in source.tokens if t.key != "\n"]
    start = next((i for i, t in enumerate(tokens) if t.role not in _POLITE and t.key != "so"), None)
    if start is None:
        return None
    body = tokens[start:]
    return _leading(body) or _trailing(body)


def _is_digit(token: Token) -> bool:
    return token.role is Role.NUMBER and len(token.key) == 1 and token.value[0] in OPTIONS


def _leading(body: list[Token]) -> _Said | None:
    if not body or not _is_digit(body[0]):
        return None
    rest = _skip(body[1:])
    if rest and rest[0].role is Role.NUMBER and _is_digit(rest[0]):
        return _Said(None)
    if len(body) > 1 and body[1].role is Role.AND:
        return None
    return _chosen(body[0], rest, ())


def _trailing(body: list[Token]) -> _Said | None:
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
    start = next((i for i, t in enumerate(tokens) if t.role not in _POLITE), len(tokens))
    return list(tokens[start:]) if not any(t.role is Role.QUESTION for t in tokens[:start]) else []


def _chosen(digit: Token, rest: list[Token], numbers: tuple[Token, ...]) -> _Said | None:
    role = OPTIONS[digit.value[0]]
    command = Token(Role.COMMAND, digit.key, digit.start, digit.end)
    duties = (*numbers, *_first_numbers((command, *rest)))
    words = _by_words(tuple(rest)).role if rest else None
    if _agrees(role, words, rest):
        return _Said(role, duties, (digit, *duties))
    if words is not None and role is not Role.DONE and not numbers and words is Role.DONE:
        return _Said(None, duties)
    return _Said(None, duties)


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


# --- by words -------------------------------------------------------------------------------


def _by_words(tokens: Sequence[Token]) -> _Said:
    parts = clauses(tokens)
    everything = tuple(t for part in parts for t in part.duties)
    help_or_status = _asked_of_bot(tokens, parts)
    if help_or_status:
        return _Said(help_or_status, everything, everything)
    done = [part for part in parts if is_done(part)]
    role = _other_intent(parts)
    if role is not None:
        clash = bool(done) and (role is Role.UNDO or _two_subjects(parts, done))
        return _Said(None if clash else role, everything, everything)
    if done:
        return _done(parts, done, everything)
    return _receipt(parts, everything)


def _asked_of_bot(tokens: Sequence[Token], parts: Sequence[Clause]) -> Role | None:
    """ "tình hình 127", "trợ giúp", "?": the asking word opens or ends the message."""
    words = [
        t for t in tokens if t.role not in _POLITE and t.role not in {Role.MARK, *DUTY_NUMBERS}
    ]
    if tokens and all(t.role in {Role.QUESTION, *_POLITE} for t in tokens):
        return Role.HELP if any(t.role is Role.QUESTION for t in tokens) else None
    if not words:
        return None
    if words[0].role is Role.HELP:
        return Role.HELP if not any(p.has(Role.NOT, Role.OBSTACLE) for p in parts) else None
    if words[0].role is Role.STATUS:
        opposed = any(p.has(Role.OBSTACLE, Role.EXTENSION, Role.UNDO, Role.LATER) for p in parts)
        return Role.STATUS if not opposed and not any(map(says_done, parts)) else None
    if words[-1].role in {Role.STATUS, Role.HELP} and only(words[:-1], {Role.THING}):
        return words[-1].role
    return None


def _other_intent(parts: Sequence[Clause]) -> Role | None:
    """The intent that needs no proof of being done, the strongest first."""
    asked = asks(parts)
    for part in parts:
        if part.has(Role.UNDO) and not asked and not part.has(Role.NOT_MINE):
            return Role.UNDO if _clear_undo(part, parts) else None
    strong = any(p.has(Role.QUESTION, Role.ASK) for p in parts)
    if any(p.has(Role.NOT_MINE) for p in parts) and not asked:
        return Role.NOT_MINE
    if any(p.has(Role.EXTENSION) for p in parts) and not _only_asks(parts):
        return Role.EXTENSION
    if any(p.has(Role.OBSTACLE) and not _asks_back(p) for p in parts) and not (
        strong and not any(p.has(Role.OTHER, Role.THING, *DUTY_NUMBERS) for p in parts)
    ):
        return Role.OBSTACLE
    return None


def _clear_undo(part: Clause, parts: Sequence[Clause]) -> bool:
    """ "hủy" and "nhầm" are common words: they count at the head of a short clause."""
    word = next(t for t in part.tokens if t.role is Role.UNDO)
    if " " in word.key or word.key in {"undo", "hoantac"}:
        return True
    before = part.tokens[: part.tokens.index(word)]
    after = part.tokens[part.tokens.index(word) + 1 :]
    if word.key == "huy":
        return only((*before, *after)) and len(parts) == 1
    return only(before, {Role.PERFECT, Role.MAYBE_PERFECT}) and not any(
        t.role is Role.OTHER for t in after
    )


def _only_asks(parts: Sequence[Clause]) -> bool:
    """ "gia hạn thế nào?" asks; "cho xin thêm 3 ngày được không ạ?" asks for it."""
    wanted = any(
        t.role is Role.EXTENSION and t.key.startswith(("xin", "cho", "de nghi", "can"))
        for p in parts
        for t in p.tokens
    )
    if any(p.has(Role.MAY_I) for p in parts):
        return False
    return asks(parts) and not wanted


def _asks_back(part: Clause) -> bool:
    """ "có vướng gì không?" asks whether; only its own "không" or "chưa" makes it a question."""
    at = next(i for i, t in enumerate(part.tokens) if t.role is Role.OBSTACLE)
    tail = part.tokens[at + 1 :]
    return any(t.role in {Role.NOT, Role.ASK, Role.QUESTION} for t in tail[:3]) and not any(
        t.role is Role.OTHER for t in tail[:1]
    )


def _two_subjects(parts: Sequence[Clause], done: Sequence[Clause]) -> bool:
    """Whether one duty is done and something else is said of another."""
    finished = {n for p in done for t in p.duties for n in t.value}
    others = {n for p in parts if p not in done for t in p.duties for n in t.value}
    return bool(finished and others - finished)


def _done(parts: Sequence[Clause], done: list[Clause], everything: tuple[Token, ...]) -> _Said:
    """Done, unless another clause takes it back or hangs a question on it."""
    against = [p for p in parts if p not in done and _opposes(p)]
    if asks(parts):
        return _Said(None, everything)
    if not against:
        return _Said(Role.DONE, everything, everything)
    finished = tuple(t for p in done for t in p.duties)
    open_still = {n for p in against for t in p.duties for n in t.value}
    named = finished and all(p.duties for p in (*done, *against))
    if named and not open_still & {n for t in finished for n in t.value}:
        return _Said(Role.DONE, finished, finished)
    return _Said(None, everything)


def _opposes(part: Clause) -> bool:
    disturbing = (Role.NOT, Role.LATER, Role.PART, Role.VAGUE, Role.BUT, Role.ORDER, Role.THEN)
    return part.has(*disturbing) or says_done(part)


def _receipt(parts: Sequence[Clause], everything: tuple[Token, ...]) -> _Said:
    """A receipt, or nothing the bot may act on."""
    if asks(parts) or any(p.has(Role.NOT) for p in parts):
        return _Said(None, everything)
    if any(map(acknowledges, parts)):
        return _Said(Role.ACK, everything, everything)
    tokens = [t for p in parts for t in p.tokens if t.role not in {Role.STOP, Role.COMMA}]
    agreed = any(t.role is Role.YES for t in tokens)
    alone = len(tokens) > 0 and tokens[0].key == "da" and only(tokens[1:])
    plain = only(tokens, {Role.THING, Role.SEND, Role.OTHER})
    if (agreed and plain and tokens[0].role is Role.YES) or alone or _bare_ok(tokens):
        return _Said(Role.ACK, everything, everything)
    return _Said(None, everything)


def _bare_ok(tokens: Sequence[Token]) -> bool:
    return any(t.role is Role.YES for t in tokens) and only(
        tokens, {Role.PERFECT, Role.MAYBE_PERFECT}
    )


# --- what is left ---------------------------------------------------------------------------


def _day(source: Text, today: dt.date | None, *, ahead: bool) -> dt.date | None:
    days = [f for f in source.finds if f.day is not None]
    document = next((f for f in source.finds if f.role is Role.DOCUMENT), None)
    behind = [f for f in days if document is not None and f.start >= document.end]
    if not days:
        return None
    chosen = days[-1] if ahead else (behind or days)[0]
    return resolve(chosen.day, today, ahead=ahead) if chosen.day else None


def _rest(source: Text, said: _Said) -> str:
    """The words as typed, without what was read as option, command, duty or evidence."""
    cut = [(t.start, t.end) for t in said.cut]
    cut += [(t.start, t.end) for t in source.tokens if _spent(t, said.role)]
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
