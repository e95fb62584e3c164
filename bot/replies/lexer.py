"""An answer cut into tokens with roles: quotes dropped, numbers told apart, slips repaired.

Positions always point into `Text.plain`, so that the words a person typed can be given back.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

from rapidfuzz.distance import OSA

from bot.replies.numbers import Find, find_numbers
from bot.replies.words import ACCENTED, EMOJI, PHRASES, REPAIRABLE, SHORT, Role
from deadlines.text import clean, fold


@dataclass(frozen=True, slots=True)
class Token:
    """One word, phrase, number or mark; `value` holds the numbers it names, if it names any."""

    role: Role
    key: str
    start: int
    end: int
    value: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Text:
    """What a person typed, without quoted lines (`plain`), its key of equal length, its tokens."""

    plain: str
    key: str
    finds: tuple[Find, ...]
    tokens: tuple[Token, ...]


_KEYCAPS = {0xFE0F: None, 0xFE0E: None, 0x20E3: None} | {0xFF10 + n: str(n) for n in range(10)}
_SKIN_TONES = dict.fromkeys(range(0x1F3FB, 0x1F400))
_QUOTED_LINE = re.compile(r"^(?:>|\||\[?[0-9]{1,2}[:/h][^\]\n]{0,30}\] ?[^:\n]{1,40}:)")
_FORWARD = re.compile(
    r"^\W{0,10}(?:fwd?|forwarded|original message|chuyen tiep|tin (?:nhan )?chuyen tiep"
    r"|da chuyen tiep|nguoi gui|from|trich(?: dan)?|trich tin)\b"
)
_MENU = re.compile(
    r"\b[1-5]\s?[-.:=)]?\s?(?:la )?[\"']?(?:da nhan|xong|vuong|xin gia han|khong phai|da xong)"
)
_INSIDE_QUOTES = re.compile(r""""[^"\n]{0,500}"|(?<![a-z])'[^'\n]{0,300}'(?![a-z])""")
_WORD = re.compile(r"[a-z]+|[0-9]+|\n|[^\sa-z0-9]")
_SYLLABLE = re.compile(
    r"(?:ngh|ng|nh|ch|gh|gi|kh|ph|qu|th|tr|k(?=[iey])|[bcdghlmnprstvx])?"
    r"(?:(?:a|e|i|y|oa|ue|uy)(?:nh|ch)|(?:[aeiouy]|ai|ao|au|ay|eo|eu|ia|ie|iu|oa|oai|oay|oe|oi|oo|ua|uo|ue|ui|uy|uoi|uou|uu|uya|uye"
    r"|uyu|ye|ieu|yeu|oao|uay|ya)(?:ng|[cmnpt])?)"
)
_MARKS: dict[str, Role] = {
    ",": Role.COMMA, "&": Role.COMMA, "+": Role.COMMA, "/": Role.COMMA, "-": Role.COMMA,
    "→": Role.COLON,
    ":": Role.COLON, "=": Role.COLON, ".": Role.STOP, ";": Role.STOP, "!": Role.STOP,
    "\n": Role.STOP, ")": Role.STOP, "?": Role.QUESTION, "#": Role.MARK, "(": Role.STOP,
    "[": Role.FILL, "]": Role.FILL, "_": Role.FILL, "@": Role.FILL, "*": Role.FILL,
    "^": Role.FILL, "'": Role.FILL, "~": Role.FILL, "<": Role.FILL, ">": Role.FILL, "%": Role.PART,
}  # fmt: skip


def read_text(text: str) -> Text:
    """The tokens of an answer, quoted and forwarded lines left out."""
    plain = _own_words(text)
    key = "".join(map(_fold_char, plain))
    quotes = [Find(Role.OTHER, m.start(), m.end()) for m in _INSIDE_QUOTES.finditer(key)]
    finds = find_numbers(plain, key, quotes)
    tokens = tuple(_phrases(plain, _atoms(key, finds)))
    return Text(plain, key, finds, tokens)


def _own_words(text: str) -> str:
    """Composed text without quoted lines, forwarded tails, and our own menu of answers."""
    lines: list[str] = []
    raw = text.translate(_KEYCAPS).translate(_SKIN_TONES)
    for line in raw.splitlines():
        tidy = "".join(c for c in clean(line) if not unicodedata.combining(c))
        key = fold(tidy)
        if _FORWARD.match(key):
            break
        if tidy and not _QUOTED_LINE.match(key) and len(set(_MENU.findall(key))) < 2:
            lines.append(tidy)
    return "\n".join(lines)


@cache
def _fold_char(char: str) -> str:
    return char if char in " \n" else (fold(char)[:1] or " ")


def _atoms(key: str, finds: tuple[Find, ...]) -> Iterator[Token]:
    """Numbers as found, single words and marks between them, in reading order."""
    at = 0
    for find in finds:
        yield from _words(key, at, find.start)
        yield Token(find.role, key[find.start : find.end], find.start, find.end, find.value)
        at = find.end
    yield from _words(key, at, len(key))


def _words(key: str, start: int, end: int) -> Iterator[Token]:
    for match in _WORD.finditer(key, start, end):
        word = match[0]
        role = _MARKS.get(word) or EMOJI.get(word) or Role.OTHER
        if role is Role.OTHER and word.isascii():
            word = SHORT.get(word) or repair(word)
        yield Token(role, word, match.start(), match.end())


@cache
def _is_syllable(word: str) -> bool:
    return _SYLLABLE.fullmatch(word) is not None


def repair(word: str) -> str:
    """The keyword that `word` misses by one letter, or `word`: a real syllable is never a slip."""
    if not 3 <= len(word) <= 10 or _is_syllable(word) or _known_word(word):
        return word
    near = [k for k in REPAIRABLE if k[0] == word[0] and OSA.distance(k, word, score_cutoff=1) <= 1]
    near = near or [k for k in REPAIRABLE if k in {"chua", "khong"} and _slip(k, word)]
    return near[0] if len(near) == 1 else word


def _slip(keyword: str, word: str) -> bool:
    return OSA.distance(keyword, word, score_cutoff=1) <= 1


@cache
def _known_word(word: str) -> bool:
    return word in _by_first()


@cache
def _by_first() -> dict[str, tuple[tuple[tuple[str, ...], Role], ...]]:
    """The phrases by their first word, the longest first; a phrase typed as one word as well."""
    table: dict[str, dict[tuple[str, ...], Role]] = {}
    for role, phrases in PHRASES.items():
        for phrase in phrases:
            words = tuple(phrase.split())
            table.setdefault(words[0], {}).setdefault(words, role)
            if len(words) > 1 and len("".join(words)) >= 6:
                table.setdefault("".join(words), {}).setdefault(("".join(words),), role)
    return {
        first: tuple(sorted(rows.items(), key=lambda row: -len(row[0])))
        for first, rows in table.items()
    }


def _phrases(plain: str, atoms: Iterator[Token]) -> Iterator[Token]:
    """Words joined to the longest phrases of the table."""
    row = list(atoms)
    keys = [_slipped(row, i) for i in range(len(row))]
    at = 0
    while at < len(row):
        token, size = row[at], 1
        if token.role is Role.OTHER:
            token, size = _longest(plain, row, keys, at)
        yield token
        at += size


def _slipped(row: list[Token], at: int) -> str:
    """The key of a word; behind "hoàn" a slip of "thành" may be a syllable too ("hoàn thàn")."""
    key = row[at].key
    if at and row[at - 1].key == "hoan" and key.startswith("th") and _slip("thanh", key):
        return "thanh"
    return key


def _longest(plain: str, row: list[Token], keys: list[str], at: int) -> tuple[Token, int]:
    for words, role in _by_first().get(keys[at], ()):
        size = len(words)
        span = row[at : at + size]
        if tuple(keys[at : at + size]) == words and all(t.role is Role.OTHER for t in span):
            typed = plain[span[0].start : span[-1].end].lower()
            found = ACCENTED.get(typed, role) if size == 1 else _stricter(typed, role)
            joined = Token(found, " ".join(words), span[0].start, span[-1].end)
            return joined, size
    typed = plain[row[at].start : row[at].end].lower()
    return replace(row[at], role=ACCENTED.get(typed, Role.OTHER)), 1


def _stricter(typed: str, role: Role) -> Role:
    """The role of a phrase, unless a mark says otherwise: "chờ Sở" is not "cho Sở"."""
    first = ACCENTED.get(typed.split(maxsplit=1)[0])
    harmless = role in {Role.THING, Role.FILL}
    return first if harmless and first in {Role.LATER, Role.NOT} else role
