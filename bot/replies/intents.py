"""What a clause says, decided on the roles of its tokens; doubt never becomes "done"."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from bot.replies.lexer import Token
from bot.replies.words import Role

DUTY_NUMBERS = frozenset({Role.NUMBER, Role.RANGE})
_TRIVIAL = frozenset(
    {Role.FILL, Role.YES, Role.COMMA, Role.COLON, Role.STOP, Role.MARK, Role.AND, Role.FACT}
)
_EVIDENCE = DUTY_NUMBERS | {Role.DOCUMENT, Role.DATE}
_HARD = frozenset(
    {Role.NOT, Role.LATER, Role.ASK, Role.MAY_I, Role.QUESTION, Role.PART, Role.VAGUE}
)
_NEVER = _HARD | {Role.HELP, Role.UNDO}
_QUESTIONS = frozenset({Role.ASK, Role.MAY_I, Role.QUESTION})
_DONE = frozenset({Role.DONE, Role.DONE_VERB})
_SENT = (
    _TRIVIAL | _EVIDENCE | _DONE
    | {Role.SEND, Role.PERFECT, Role.MAYBE_PERFECT, Role.THING, Role.ACK, Role.ORDER}
)  # fmt: skip
# Roles next to which a bare number is the number of a duty.
_NEIGHBOURS = (
    _TRIVIAL | _DONE | DUTY_NUMBERS
    | {Role.PERFECT, Role.MAYBE_PERFECT, Role.THING, Role.SEND, Role.ACK}
    | {Role.UNDO, Role.OBSTACLE, Role.EXTENSION, Role.NOT_MINE, Role.STATUS, Role.HELP, Role.NOT}
    | {Role.LATER, Role.BUT, Role.DOCUMENT, Role.DATE, Role.COMMAND, Role.ASK, Role.PART}
    | {Role.QUESTION, Role.SOON, Role.BARELY, Role.VAGUE, Role.MAY_I, Role.THEN, Role.ORDER}
) - {Role.FACT}  # fmt: skip
_OPENERS = frozenset({Role.OBSTACLE, Role.EXTENSION, Role.COMMAND, Role.UNDO})
_SURE_OPENERS = _DONE | {Role.COMMAND}
_SEPARATORS = frozenset({Role.COMMA, Role.AND, Role.COLON, Role.FILL})


_PERIOD = re.compile(r"(?:thang|quy|tuan|nam|[tq][0-9])\b")
_DAY_WORDS = frozenset({"ngay", "hom", "tu", "vao", "luc"})
_SHARE = re.compile(r"[0-9]+/[0-9]+")


@dataclass(frozen=True, slots=True)
class Clause:
    """A part of an answer that says one thing, and the duties it names."""

    tokens: tuple[Token, ...]
    duties: tuple[Token, ...]

    @property
    def marked(self) -> tuple[Token, ...]:
        """The duties that a word like "việc" names as such."""
        before = {b: a for a, b in pairwise(self.tokens)}
        return tuple(t for t in self.duties if t in before and before[t].role is Role.MARK)

    def has(self, *roles: Role) -> bool:
        """Whether any token plays one of `roles`."""
        return any(token.role in roles for token in self.tokens)


def clauses(tokens: Sequence[Token]) -> list[Clause]:
    """The clauses of an answer: cut at stops, at "nhưng" and "còn", at commas outside of lists."""
    parts: list[list[Token]] = [[]]
    for i, token in enumerate(tokens):
        if _cuts(tokens, i) and parts[-1]:
            parts.append([])
        parts[-1].append(token)
    return [Clause(tuple(part), tuple(_duties(part))) for part in parts if part]


def _cuts(tokens: Sequence[Token], i: int) -> bool:
    role = tokens[i].role
    if role is Role.BUT:
        return True
    if role not in {Role.STOP, Role.COMMA}:
        return False
    if i == 0 or tokens[i - 1].role not in DUTY_NUMBERS:
        return True
    after = [t for t in tokens[i + 1 : i + 5] if t.role not in {Role.MARK, Role.AND}]
    if not after or after[0].role not in DUTY_NUMBERS:
        return True
    # "xong 127; 130" goes on with the list, "xong 127; 130 chưa" begins anew.
    return role is Role.STOP and len(after) > 1 and after[1].role not in _TRIVIAL | DUTY_NUMBERS


def _duties(tokens: Sequence[Token]) -> Iterable[Token]:
    taken: Token | None = None
    for i, token in enumerate(tokens):
        if token.role not in DUTY_NUMBERS:
            continue
        before = _beside(tokens, range(i - 1, -1, -1))
        if _names_duty(before, taken, _beside(tokens, range(i + 1, len(tokens))), token):
            taken = token
            yield token


def _beside(tokens: Sequence[Token], places: range) -> Token | None:
    return next((tokens[i] for i in places if tokens[i].role not in _SEPARATORS), None)


def _names_duty(before: Token | None, taken: Token | None, after: Token | None, it: Token) -> bool:
    if before is not None and (before.role is Role.MARK or before is taken):
        return True
    if before is not None and before.role not in _NEIGHBOURS:
        return False
    if before is not None and before.role not in _SURE_OPENERS and 2000 <= it.value[0] <= 2099:
        return False  # "báo cáo 2026" is a year's report
    if after is None or after.role in _NEIGHBOURS or after.role is Role.FACT:
        return True
    return before is not None and before.role in _OPENERS


def only(tokens: Iterable[Token], allowed: Iterable[Role] = ()) -> bool:
    """Whether nothing is said but numbers, politeness and what is `allowed`."""
    fine = _TRIVIAL | _EVIDENCE | set(allowed)
    return all(token.role in fine for token in tokens)


def says_done(clause: Clause) -> bool:
    """Whether a clause speaks of something finished, be it denied, hoped for or asked."""
    if clause.has(Role.DONE, Role.DONE_VERB):
        return True
    return _sent(clause)


def is_done(clause: Clause) -> bool:
    """Whether a clause says plainly, without any doubt, that something is finished."""
    tokens = clause.tokens
    if any(t.role in _NEVER for t in tokens):
        return False
    at = next((i for i, t in enumerate(tokens) if t.role in _DONE), None)
    if at is None:
        return _sent(clause)
    if not _undisturbed(tokens, at):
        return False
    if clause.has(Role.SOON) and not _surely_past(tokens):
        return False
    if clause.has(Role.BARELY) and not only(tokens, _SENT | {Role.BARELY}):
        return False
    return not _date_first(tokens, at) and not _fraction(tokens[at:]) and _verb_is_plain(tokens, at)


def _undisturbed(tokens: Sequence[Token], at: int) -> bool:
    """No order before the word, no "thì", "mới", "rồi gửi" after it."""
    if any(t.role is Role.ORDER for t in tokens[:at]):
        return False
    rest = tokens[at + 1 :]
    if any(t.role in {Role.THEN, Role.BARELY} for t in rest):
        return False
    return not _goes_on(tokens[at], rest) and not _first_of_all(rest)


def _first_of_all(rest: Sequence[Token]) -> bool:
    """ "để em xong đã": a final "đã" means "first", not "already"."""
    words = [t for t in rest if t.role is not Role.FILL]
    return words[-1:] != [] and words[-1].key == "da"


def _goes_on(done: Token, rest: Sequence[Token]) -> bool:
    """ "làm xong gửi anh": an intention, unless it is past as well ("xong, đã gửi")."""
    words = [t for t in rest if t.role not in {Role.FILL, *DUTY_NUMBERS, Role.MARK}]
    return bool(words) and words[0].role is Role.SEND and done.key.endswith("xong")


def _surely_past(tokens: Sequence[Token]) -> bool:
    return any(t.role is Role.PERFECT for t in tokens)


def _past(tokens: Sequence[Token]) -> bool:
    return any(
        t.role in {Role.PERFECT, Role.MAYBE_PERFECT} or t.key.startswith("da ") for t in tokens
    )


def _date_first(tokens: Sequence[Token], at: int) -> bool:
    """ "20/12 xong" and "tháng 12 xong" are promises."""
    if _surely_past(tokens):
        return False
    before = [t for t in tokens[:at] if t.role is not Role.FILL]
    period = before[:1] and before[0].role is Role.FACT and _PERIOD.match(before[0].key)
    return bool(period) or any(t.role is Role.DATE for t in before)


def _fraction(rest: Sequence[Token]) -> bool:
    """ "xong 3/5" is rather three of five than the third of May; "ngày 3/5" is a day."""
    return any(
        t.role is Role.DATE and before.key not in _DAY_WORDS and _is_share(t.key)
        for before, t in pairwise(rest)
    )


def _is_share(key: str) -> bool:
    if not _SHARE.fullmatch(key):
        return False
    part, whole = map(int, key.split("/"))
    return part < whole


def _verb_is_plain(tokens: Sequence[Token], at: int) -> bool:
    """ "hoàn thành" alone heads many a task's title: only with "đã", or with nothing unread."""
    if tokens[at].role is Role.DONE or _past(tokens):
        return True
    if at + 1 < len(tokens) and tokens[at + 1].role is Role.COLON:
        return False  # "hoàn thành: 25/12" is a field of a form
    beside = tokens[at + 1 : at + 3] if at + 1 < len(tokens) else ()
    numbered = any(t.role in DUTY_NUMBERS for t in (*beside, *tokens[max(0, at - 1) : at]))
    return numbered or only(tokens, _SENT)


def _sent(clause: Clause) -> bool:
    """ "đã gửi báo cáo", "nộp rồi ạ", or a document sent with its full number."""
    at = next((i for i, t in enumerate(clause.tokens) if t.role is Role.SEND), None)
    if at is None or any(t.role is Role.ORDER for t in clause.tokens[:at]):
        return clause.has(Role.THING) and _reported(clause)
    numbered = any(t.role is Role.DOCUMENT and "/" in t.key for t in clause.tokens)
    generic = clause.tokens[at].key in {"lam", "thuc hien", "xu ly", "giai quyet"}
    past = _past_before(clause.tokens, at) or any(
        t.role is Role.PERFECT for t in clause.tokens[at + 1 :]
    )
    timed = {Role.SOON} if _surely_past(clause.tokens) else set()
    fine = only(clause.tokens, _SENT | timed)
    return fine and (past or (numbered and not generic))


def _past_before(tokens: Sequence[Token], at: int) -> bool:
    near = [t for t in tokens[:at] if t.role is not Role.FILL][-1:]
    return bool(near) and near[0].role in {Role.PERFECT, Role.MAYBE_PERFECT}


def _reported(clause: Clause) -> bool:
    """ "đã báo cáo", "báo cáo rồi": the noun used as the verb."""
    tokens = [t for t in clause.tokens if t.role not in {Role.FILL, Role.YES}]
    pairs = pairwise(tokens)
    hit = any(
        (a.role in {Role.PERFECT, Role.MAYBE_PERFECT} and b.key == "bao cao")
        or (a.key == "bao cao" and b.role is Role.PERFECT)
        for a, b in pairs
    )
    return hit and only(tokens, _SENT)


def asks(parts: Sequence[Clause]) -> bool:
    """Whether the answer is, or holds, a question or a condition."""
    return any(part.has(*_QUESTIONS) or _ends_asking(part) for part in parts)


def _ends_asking(part: Clause) -> bool:
    """ "130 xong chưa" asks; "130 chưa" tells."""
    words = [t for t in part.tokens if t.role not in {Role.FILL, Role.STOP}]
    return words[-1:] != [] and words[-1].role is Role.NOT and part.has(*_DONE)


def acknowledges(clause: Clause) -> bool:
    """ "đã nhận", "rõ": nothing unread before it, no denial beside it."""
    at = next((i for i, t in enumerate(clause.tokens) if t.role is Role.ACK), None)
    if at is None or clause.has(Role.NOT, Role.BUT):
        return False
    allowed = {Role.PERFECT, Role.MAYBE_PERFECT, Role.THING}
    who = {Role.OTHER} if clause.tokens[at].key.startswith("da ") else set()
    if not only(clause.tokens[:at], allowed | who):
        return False
    short = " " not in clause.tokens[at].key
    return not short or only(clause.tokens[at + 1 :], allowed | {Role.ACK, Role.LATER, Role.SEND})
