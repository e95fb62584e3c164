"""Cut a message that is longer than a messenger takes into numbered parts.

Messengers count UTF-16 code units of the text people see (Telegram: 4,096 "after entities
parsing"), so tags cost nothing, "&amp;" costs one and an emoji two.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from scheduler.channel import Message

_TOKEN = re.compile(
    r"(?P<tag></?[a-zA-Z][^<>]*>)|(?P<entity>&(?:lt|gt|amp|quot|#\d{1,7}|#[xX][0-9a-fA-F]{1,6});)|.",
    re.DOTALL,
)
_NAMED = {"&lt;": "<", "&gt;": ">", "&amp;": "&", "&quot;": '"'}
_SMALLEST = 32
_JOINERS = ("\u200d", "\ufe0f", "\u20e3")


@dataclass(frozen=True, slots=True)
class _Row:
    """One line in both forms; `html` opens and closes its own tags."""

    html: str
    plain: str

    @property
    def units(self) -> int:
        return max(units_of(visible(self.html)), units_of(self.plain))


def units_of(text: str) -> int:
    """Length in UTF-16 code units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def visible(html: str) -> str:
    """The text people see of a message's HTML: no tags, entities read."""
    return "".join(_char(token) for token in _TOKEN.finditer(html))


def split(message: Message, units: int) -> list[Message]:
    """The message as parts of at most `units` UTF-16 units each, in reading order.

    Cuts fall at line breaks; only a line that is too long by itself is cut inside, at a space
    where there is one, never inside a tag, an entity or a character. Tags open at a cut are closed
    and opened again. Parts end in "(1/2)"; the buttons go under the last. A message that fits comes
    back as it is. Raises ValueError for a limit too small to hold any text (below 32).
    """
    if units < _SMALLEST:
        raise ValueError(f"a message of {units} units holds no text")
    # What fits with its tags fits without them: nearly always nothing else need be looked at.
    fits = max(units_of(message.html), units_of(message.plain)) <= units
    if fits or max(units_of(visible(message.html)), units_of(message.plain)) <= units:
        return [message]
    parts: list[_Row] = []
    for digits in range(1, 7):
        counter = units_of(f"\n({'9' * digits}/{'9' * digits})")
        parts = _pack(_rows(message), units - counter)
        if len(str(len(parts))) <= digits:
            break
    return _number(parts, message)


def _number(parts: list[_Row], message: Message) -> list[Message]:
    total = len(parts)
    if total < 2:
        return [Message(part.html, part.plain, message.buttons) for part in parts]
    return [
        Message(
            f"{part.html}\n({number}/{total})",
            f"{part.plain}\n({number}/{total})",
            message.buttons if number == total else (),
        )
        for number, part in enumerate(parts, 1)
    ]


def _rows(message: Message) -> list[_Row]:
    """Pair the lines of both forms; where their numbers differ the HTML's own text is the plain."""
    lines = _balanced_lines(message.html)
    plain = message.plain.split("\n")
    if len(plain) != len(lines):
        plain = [visible(line) for line in lines]
    return [_Row(html, text) for html, text in zip(lines, plain, strict=True)]


def _pack(rows: list[_Row], room: int) -> list[_Row]:
    """Fill parts with whole lines, dropping blank lines at a part's edges."""
    parts: list[list[_Row]] = [[]]
    used = 0
    for row in chain.from_iterable(_pieces(row, room) for row in rows):
        if parts[-1] and used + 1 + row.units > room:
            parts.append([])
        if not parts[-1] and not _says_something(row):
            continue
        used = row.units if not parts[-1] else used + 1 + row.units
        parts[-1].append(row)
    return [_join(part) for part in parts if part] or [_Row("", "")]


def _join(rows: list[_Row]) -> _Row:
    while len(rows) > 1 and not _says_something(rows[-1]):
        rows.pop()
    return _Row("\n".join(row.html for row in rows), "\n".join(row.plain for row in rows))


def _says_something(row: _Row) -> bool:
    return bool(visible(row.html).strip())


def _pieces(row: _Row, room: int) -> Iterator[_Row]:
    """A line too long for any part, cut; its plain form then is what is seen of each piece."""
    if row.units <= room:
        yield row
        return
    for html in _cut(row.html, room):
        yield _Row(html, visible(html))


def _cut(html: str, room: int) -> Iterator[str]:
    """Pieces of one line of at most `room` units each, every one with its tags balanced."""
    tokens = list(_TOKEN.finditer(html))
    open_tags: list[str] = []
    start = 0
    while start < len(tokens):
        end = _cut_point(tokens, start, room)
        before, body = list(open_tags), tokens[start:end]
        for token in body:
            _follow(open_tags, token)
        piece = "".join(before) + "".join(token[0] for token in body) + _closing(open_tags)
        if visible(piece).strip():
            yield piece
        start = end


def _cut_point(tokens: list[re.Match[str]], start: int, room: int) -> int:
    """Where the piece that begins at `start` ends: after the last space that fits, if the piece
    would not become shorter than half; else before the first character that does not fit."""
    used = 0
    last_space = last_whole = start
    for index in range(start, len(tokens)):
        char = _char(tokens[index])
        used += units_of(char)
        if used > room:
            if last_space > start and last_space - start > (index - start) // 2:
                return last_space
            return last_whole if last_whole > start else index
        if _may_end_after(tokens, index):
            last_whole = index + 1
        if char.isspace():
            last_space = index + 1
    return len(tokens)


def _may_end_after(tokens: list[re.Match[str]], index: int) -> bool:
    """Whether cutting after this token leaves letters with their marks and emoji in one piece."""
    following = _char(tokens[index + 1]) if index + 1 < len(tokens) else ""
    marked = following and (unicodedata.combining(following[0]) or following in _JOINERS)
    return not marked and _char(tokens[index]) != "\u200d"


def _balanced_lines(html: str) -> list[str]:
    """The HTML's lines, tags that span a break closed before it and opened again after it."""
    open_tags: list[str] = []
    lines = []
    for line in html.split("\n"):
        before = "".join(open_tags)
        for token in _TOKEN.finditer(line):
            _follow(open_tags, token)
        lines.append(before + line + _closing(open_tags))
    return lines


def _follow(open_tags: list[str], token: re.Match[str]) -> None:
    tag = token["tag"]
    if tag is None:
        return
    if not tag.startswith("</"):
        open_tags.append(tag)
    elif open_tags:
        open_tags.pop()


def _closing(open_tags: list[str]) -> str:
    return "".join(f"</{_name(tag)}>" for tag in reversed(open_tags))


def _name(tag: str) -> str:
    return re.split(r"[\s>]", tag[1:], maxsplit=1)[0]


def _char(token: re.Match[str]) -> str:
    """What a token shows: nothing for a tag, one character for an entity."""
    if token["tag"] is not None:
        return ""
    if token["entity"] is None:
        return token[0]
    return _NAMED.get(token[0]) or _numeric(token[0])


def _numeric(entity: str) -> str:
    digits = entity[2:-1]
    code = int(digits[1:], 16) if digits[0] in "xX" else int(digits)
    surrogate = 0xD800 <= code <= 0xDFFF
    return chr(code) if 0 < code <= 0x10FFFF and not surrogate else entity
