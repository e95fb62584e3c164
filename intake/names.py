"""Splits the cell of a table that names agencies into the names it holds.

";" always parts two names. Line breaks, "," and "và" part them only where the parts make sense, so
that "Sở Văn hóa, Thể thao và Du lịch" stays whole and "Sở Y tế, Sở Tài chính và Công an tỉnh" does
not. Of all ways to cut a cell the one is taken that leaves the least unknown, in the fewest names.
"""

import re
import unicodedata
from dataclasses import dataclass, replace
from typing import Protocol

from deadlines.text import clean, fold
from intake.actors import Scanner, Text, opens_name, without_person
from registry.agencies import How, Match
from registry.naming import without_title

_NONE = re.compile(r"[\s\-–—/.…_]*|(?:khong(?: co)?|k0|n/a)\.?")
_BULLET = re.compile(r"^\s*(?:[-–—+*•●▪·]+|\(?\d{1,2}[.)]|[a-zđ]\))\s+|^\s*[-–—+*•●▪·]+(?=\w)")
_LABEL = re.compile(
    r"^\s*(?:(?:cơ quan|đơn vị)\s+)?(?:chủ trì|thực hiện|phối hợp)\s*:\s*", re.IGNORECASE
)
_CUT = re.compile(r"\s*,\s*(?:và\s+)?|\s+và\s+|\s*\n\s*|\s*/\s*|\s+[-–]\s+", re.IGNORECASE)
_TOGETHER = re.compile(
    r"[\s,;]*(?:\bchủ trì\b)?[\s,;]*\bphối hợp\b\s*(?:với|cùng)?\s*:?\s*", re.IGNORECASE
)
_MARKED = re.compile(r"\s*\((?:(?:cơ quan|đơn vị)\s+)?(?:chủ trì|đầu mối)\)", re.IGNORECASE)
_HELPER = re.compile(r"\s*\(\s*((?:(?:cơ quan|đơn vị)\s+)?phối hợp\b[^()]*)\)", re.IGNORECASE)
# What part a name in a cell plays, said behind it.
_ROLE = re.compile(
    r"\s*\((?:cơ quan |đơn vị )?(?:thẩm định|thẩm tra|chủ trì|đầu mối|phối hợp|tham mưu|thường trực"
    r"|tổng hợp|góp ý|trình|soạn thảo|theo dõi|phụ trách)[^()]{0,40}\)",
    re.IGNORECASE,
)
_LEADING = re.compile(r"\s*,?\s*\bchủ trì\s*[.,;]?\s*$", re.IGNORECASE)
_SCANNER = Scanner()
# A name longer than this many pieces does not exist; it bounds the work on a list of 170 communes.
_LONGEST = 9

_KIND = (
    r"(?:so|ban|nganh|don vi|co quan|dia phuong|doan the|hoi|to chuc|doanh nghiep|huyen|thi xa|thi"
    r"|thanh pho|quan|xa|phuong|thi tran|dac khu)"
)
_QUALIFIER = (
    r"(?:(?: co)? lien quan| khac"
    r"| (?:cap|co|thuoc|truc thuoc|cua|tren dia ban|o|tai|duoc giao)\b.*)?"
)
# "các sở | ban | ngành cấp tỉnh": what begins an enumeration of kinds, and what goes on with it.
_OPENS = re.compile(
    rf"(?:(?:ubnd|uy ban nhan dan) )?(?:cac |nhung )?{_KIND}(?: {_KIND})*{_QUALIFIER}"
)
_GOES_ON = re.compile(rf"{_KIND}(?: {_KIND})*{_QUALIFIER}")
# "các sở: Y tế, Tài chính" and "UBND các xã: An Bình, Tân Hòa": a head shared by those after it.
_HEAD = re.compile(
    r"((?:cac )?(?:so|ban)|(?:ubnd|uy ban nhan dan) (?:cac )?"
    r"(?:huyen|thi xa|thanh pho|xa|phuong|thi tran|dac khu)) ?:? +\S"
)
# What a name of an agency begins with; it parts names that are all unknown.
_AGENCY = re.compile(
    r"(?:so|bo|ubnd|uy ban|hdnd|cong an|van phong|chi cuc|cuc|tong cuc|trung tam|truong|ngan hang"
    r"|ban quan ly|bql|ban chi huy|ban chi dao|thanh tra|vien|benh vien|hiep hoi|lien doan"
    r"|tinh doan|tap doan|tong cong ty|dai phat thanh|bao|kho bac|bao hiem xa hoi|toa an) "
)


class Resolver(Protocol):
    """What this module needs of :class:`registry.agencies.Directory`."""

    def find(self, text: str) -> Match: ...

    def resolve(self, text: str) -> Match: ...


def is_none(cell: str) -> bool:
    """Whether a cell says that nobody is meant: empty, "-", "không"."""
    return bool(_NONE.fullmatch(fold(cell)))


def divide(cell: str) -> tuple[str, str]:
    """The leading and the coordinating part of a cell that holds both ("Sở A chủ trì, phối hợp với
    Sở B"). The second part is empty where the cell names no coordination."""
    text = unicodedata.normalize("NFC", cell)
    chief = _MARKED.search(text)
    others = text[chief.end() :].strip(" ,;.\n") if chief else ""
    if chief and text[: chief.start()].strip() and others and not _MARKED.search(others):
        # "Công an phường (chủ trì), Trạm Y tế": whoever bears no such mark helps.
        return text[: chief.start()], _TOGETHER.sub("", others)
    text = _MARKED.sub("", text)
    text = _HELPER.sub(r"; \1", text)
    found = _TOGETHER.search(text)
    if found is None or not text[: found.start()].strip():
        return _LEADING.sub("", text), ""
    return _LEADING.sub("", text[: found.start()]), text[found.end() :]


def split_names(cell: str, resolver: Resolver) -> list[Match]:
    """The names in a cell in their order, each resolved, without repetitions."""
    found: dict[str, Match] = {}
    for part in re.split(r"\s*;\s*", cell.strip()):
        for match in _split_part(part, resolver):
            found.setdefault(match.name.casefold(), match)
    return list(found.values())


@dataclass(frozen=True)
class _Piece:
    """A stretch of text between two possible cuts."""

    start: int
    end: int
    head: str = ""


def _split_part(part: str, resolver: Resolver) -> list[Match]:
    lines = [
        without_person(_ROLE.sub("", _LABEL.sub("", _BULLET.sub("", line))).strip())
        for line in unicodedata.normalize("NFC", part).splitlines()
    ]
    text = "\n".join(line.strip(" .,") for line in lines if not is_none(line))
    text = unicodedata.normalize("NFC", text)
    if is_none(text):
        return []
    pieces = _with_heads(text, _merged(text, _pieces(text)))
    return _best_cut(text, pieces, resolver)


def _pieces(text: str) -> list[_Piece]:
    starts = [0, *(cut.end() for cut in _CUT.finditer(text))]
    ends = [*(cut.start() for cut in _CUT.finditer(text)), len(text)]
    return [_Piece(start, end) for start, end in zip(starts, ends, strict=True) if start < end]


def _merged(text: str, pieces: list[_Piece]) -> list[_Piece]:
    """Enumerations of kinds ("các sở, ban, ngành và đơn vị liên quan") in one piece each."""
    merged: list[_Piece] = []
    inside = False
    for piece in pieces:
        words = fold(text[piece.start : piece.end])
        if inside and _GOES_ON.fullmatch(words):
            merged[-1] = replace(merged[-1], end=piece.end)
        else:
            inside = bool(_OPENS.fullmatch(words))
            merged.append(piece)
    return merged


def _with_heads(text: str, pieces: list[_Piece]) -> list[_Piece]:
    """Each piece with the head it may share with the last piece that has one of its own."""
    head = ""
    found: list[_Piece] = []
    for piece in pieces:
        own = _HEAD.match(fold(without_title(text[piece.start : piece.end])))
        if own:
            head = re.sub(r"\bcac ", "", own[1])
        found.append(replace(piece, head=head))
    return found


def _best_cut(text: str, pieces: list[_Piece], resolver: Resolver) -> list[Match]:
    """Dynamic programming over the cuts: cheapest way to read the first `n` pieces."""
    best: list[tuple[float, list[Match]]] = [(0, [])]
    for end in range(1, len(pieces) + 1):
        options: list[tuple[float, list[Match]]] = []
        for start in range(max(0, end - _LONGEST), end):
            cost, match = _read(text, pieces[start:end], resolver)
            before, names = best[start]
            options.append((before + cost, [*names, match]))
        best.append(min(options, key=lambda option: option[0]))
    return [match if match.found else resolver.resolve(match.text) for match in best[-1][1]]


def _read(text: str, pieces: list[_Piece], resolver: Resolver) -> tuple[float, Match]:
    """What the pieces mean as one name, and its cost: known names are cheap, each piece left
    unknown is dear, and whatever needs a borrowed head comes after what does not."""
    lines = text[pieces[0].start : pieces[-1].end].splitlines()
    words = clean(" ".join(lines))
    # A line of its own that begins like a name is another name, where it can be.
    several = any(opens_name(line) for line in lines[1:])
    match = resolver.find(words)
    if match.found or match.how in (How.AMBIGUOUS, How.EXPIRED):
        return 3 if several else 1, match
    borrowed = _borrowed(words, pieces[0].head, resolver)
    if borrowed is not None:
        return 1.5, borrowed
    if match.how is How.UNDEFINED:
        return 1 + 2 * len(pieces), match
    if not several and _one_name(words):
        return 30, match
    begun = sum(_begins_name(text[piece.start :]) for piece in pieces[1:])
    return 10 + 20 * len(pieces) + 50 * begun, match


def _begins_name(text: str) -> bool:
    return _AGENCY.match(fold(text)) is not None or opens_name(text)


def _one_name(words: str) -> bool:
    """Whether the words read as a single name ("Văn phòng HĐND và UBND xã"), listed or not."""
    line = Text.of(words)
    actors = _SCANNER.one(line, 0)
    return len(actors) == 1 and actors[0].kind != "vague" and actors[0].end >= len(words)


def _borrowed(words: str, head: str, resolver: Resolver) -> Match | None:
    if not head:
        return None
    plain = without_title(words)
    own = _HEAD.match(fold(plain))
    bare = plain[own.end() - 1 :] if own and len(fold(plain)) == len(plain) else plain
    match = resolver.find(f"{head} {bare}")
    return replace(match, text=words) if match.how is How.AGENCY else None
