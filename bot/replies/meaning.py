"""What the words of an answer say together: the clauses weighed against each other."""

from collections.abc import Sequence
from dataclasses import dataclass

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
from bot.replies.lexer import Token
from bot.replies.words import Role

POLITE = frozenset({Role.FILL, Role.YES, Role.COMMA, Role.COLON, Role.STOP})


@dataclass(frozen=True, slots=True)
class Said:
    """What was decided: the intent, the tokens that name duties, whether every word was read."""

    role: Role | None
    duties: tuple[Token, ...] = ()
    cut: tuple[Token, ...] = ()


def by_words(tokens: Sequence[Token]) -> Said:
    """The one thing an answer says in words; two things at once are none."""
    parts = clauses(tokens)
    everything = tuple(t for part in parts for t in part.duties)
    help_or_status = _asked_of_bot(tokens, parts)
    if help_or_status:
        return Said(help_or_status, everything, everything)
    done = [part for part in parts if is_done(part)]
    role = _other_intent(parts)
    if done and role is Role.EXTENSION and _only_late(parts):
        role = None
    if role is not None:
        clash = bool(done) and (role is Role.UNDO or _two_subjects(parts, done))
        return Said(None if clash else role, everything, everything)
    if done:
        return _done(parts, done, everything)
    return _receipt(parts, everything)


def _asked_of_bot(tokens: Sequence[Token], parts: Sequence[Clause]) -> Role | None:
    """ "tình hình 127", "trợ giúp", "?": the asking word opens or ends the message."""
    aside = {*POLITE, Role.MARK, *DUTY_NUMBERS}
    words = [t for t in tokens if t.role not in aside]
    if not words:
        return None
    if all(t.role is Role.QUESTION for t in words):
        return Role.HELP if len(words) == len([t for t in tokens if t.role not in POLITE]) else None
    if words[0].role is Role.HELP:
        return None if any(p.has(Role.NOT, Role.OBSTACLE) for p in parts) else Role.HELP
    if words[0].role is Role.STATUS:
        return _status(words[0], parts)
    at_end = words[-1] if words[-1].role is not Role.QUESTION else words[-2]
    head = words[: words.index(at_end)]
    return at_end.role if at_end.role in _BOT and only(head, {Role.THING}) else None


_BOT = frozenset({Role.STATUS, Role.HELP})
_LISTS = ("danh sach", "liet ke", "xem", "list", "nhung viec")


def _status(word: Token, parts: Sequence[Clause]) -> Role | None:
    """A report may open with "tình hình" as well; a list is asked for whatever is to be on it."""
    told = any(p.has(Role.OBSTACLE, Role.EXTENSION, Role.UNDO, Role.LATER) for p in parts)
    if word.key.startswith(_LISTS) or not (told or any(map(says_done, parts))):
        return Role.STATUS
    return None


def _other_intent(parts: Sequence[Clause]) -> Role | None:
    """The intent that needs no proof of being done, the strongest first."""
    asked = asks(parts)
    for part in parts:
        if part.has(Role.UNDO) and not asked and not part.has(Role.NOT_MINE):
            return Role.UNDO if _clear_undo(part, parts) and not _corrects(parts) else None
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


def _corrects(parts: Sequence[Clause]) -> bool:
    """ "nhầm, 128 chứ không phải 127", "128 mới đúng": which one to undo is not plain."""
    return any(p.has(Role.BARELY) or any(t.key == "phai" for t in p.tokens) for p in parts)


def _clear_undo(part: Clause, parts: Sequence[Clause]) -> bool:
    """ "hủy" and "nhầm" are common words: they count at the head of a short clause."""
    word = next(t for t in part.tokens if t.role is Role.UNDO)
    if " " in word.key or word.key in {"undo", "hoantac"}:
        return True
    before = part.tokens[: part.tokens.index(word)]
    after = part.tokens[part.tokens.index(word) + 1 :]
    if word.key == "huy":
        return only((*before, *after)) and len(parts) == 1
    return only(before, {Role.PERFECT, Role.MAYBE_PERFECT, Role.DONE}) and not any(
        t.role is Role.OTHER for t in after
    )


def _only_asks(parts: Sequence[Clause]) -> bool:
    """ "gia hạn thế nào?" asks; "cho xin thêm 3 ngày được không ạ?" asks for it."""
    wanted = any(
        t.role is Role.EXTENSION and t.key.startswith(("xin", "cho", "de nghi", "can", "them"))
        for p in parts
        for t in p.tokens
    )
    if any(p.has(Role.MAY_I) for p in parts):
        return False
    if any(_denied_after(p, Role.EXTENSION) for p in parts):
        return True
    return asks(parts) and not wanted


def _asks_back(part: Clause) -> bool:
    """ "có vướng gì không?" asks whether; only its own "không" or "chưa" makes it a question."""
    return _denied_after(part, Role.OBSTACLE)


def _only_late(parts: Sequence[Clause]) -> bool:
    """ "em gửi muộn, đã xong": an excuse, no request."""
    asked = [t for p in parts for t in p.tokens if t.role is Role.EXTENSION]
    return all(t.key.endswith((" muon", " cham", " tre")) and "xin" not in t.key for t in asked)


def _denied_after(part: Clause, role: Role) -> bool:
    """Whether a clause ends in "không" or "chưa" behind the word: "gia hạn chưa"."""
    words = [t for t in part.tokens if t.role not in {Role.FILL, Role.QUESTION, Role.STOP}]
    denied = bool(words) and words[-1].role is Role.NOT
    return denied and any(t.role is role for t in words[:-1])


def _two_subjects(parts: Sequence[Clause], done: Sequence[Clause]) -> bool:
    """Whether one duty is done and something else is said of another."""
    finished = {n for p in done for t in p.duties for n in t.value}
    others = {n for p in parts if p not in done for t in p.duties for n in t.value}
    return bool(finished and others - finished)


def _done(parts: Sequence[Clause], done: list[Clause], everything: tuple[Token, ...]) -> Said:
    """Done, unless another clause takes it back or hangs a question on it."""
    against = [p for p in parts if p not in done and _opposes(p)]
    if asks(parts) or _names_a_term(parts):
        return Said(None, everything)
    if not against:
        return Said(Role.DONE, everything, everything)
    finished = tuple(t for p in done for t in p.duties)
    open_still = {n for p in against for t in p.duties for n in t.value}
    named = finished and all(p.duties for p in (*done, *against))
    if named and not open_still & {n for t in finished for n in t.value}:
        return Said(Role.DONE, finished, finished)
    return Said(None, everything)


def _names_a_term(parts: Sequence[Clause]) -> bool:
    """ "Hạn: 25/12. Hoàn thành 127" is an order or a reminder, ours or another's."""
    terms = {"han", "thoi han", "thoi gian"}
    return any(t.role is Role.ORDER and t.key in terms for p in parts for t in p.tokens)


def _opposes(part: Clause) -> bool:
    disturbing = (Role.NOT, Role.LATER, Role.PART, Role.VAGUE, Role.BUT)
    return part.has(*disturbing) or says_done(part)


def _receipt(parts: Sequence[Clause], everything: tuple[Token, ...]) -> Said:
    """A receipt, or nothing the bot may act on."""
    if asks(parts) or any(p.has(Role.NOT) for p in parts):
        return Said(None, everything)
    if any(map(acknowledges, parts)):
        return Said(Role.ACK, everything, everything)
    tokens = [t for p in parts for t in p.tokens if t.role not in {Role.STOP, Role.COMMA}]
    agreed = any(t.role is Role.YES for t in tokens)
    alone = (
        len(tokens) > 0
        and tokens[0].key == "da"
        and tokens[0].role is not Role.PERFECT
        and only(tokens[1:])
    )
    plain = only(tokens, {Role.THING, Role.SEND, Role.OTHER})
    if (agreed and plain and tokens[0].role is Role.YES) or alone or _bare_ok(tokens):
        return Said(Role.ACK, everything, everything)
    return Said(None, everything)


def _bare_ok(tokens: Sequence[Token]) -> bool:
    return any(t.role is Role.YES for t in tokens) and only(
        tokens, {Role.PERFECT, Role.MAYBE_PERFECT}
    )
