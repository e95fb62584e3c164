"""How names of agencies are compared: spelling, abbreviations, initials, and what a group covers.

Pure text; :mod:`registry.agencies` holds the names themselves. Two spellings are the same name when
their words are the same after `và`, `các` and punctuation are dropped, tone marks are put in one
place and the common abbreviations are written out.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property, lru_cache

from deadlines.text import clean, fold

_TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")
_WORD = re.compile(r"[^\W_]+")
_VOWELS = re.compile("[aeiouy]")
# i and y are both written after these consonants (kĩ thuật, kỹ thuật).
_FINAL_Y = re.compile(r"^([hklmst]|qu)y$")

# Only what is an abbreviation in any office. All others are read by their initials.
ABBREVIATIONS = {
    "bcd": "ban chỉ đạo",
    "bql": "ban quản lý",
    "cds": "chuyển đổi số",
    "dn": "doanh nghiệp",
    "hcc": "hành chính công",
    "hdnd": "hội đồng nhân dân",
    "kcn": "khu công nghiệp",
    "kkt": "khu kinh tế",
    "mttq": "mặt trận tổ quốc",
    "nhnn": "ngân hàng nhà nước",
    "ql": "quản lý",
    "tp": "thành phố",
    "tw": "trung ương",
    "tx": "thị xã",
    "ubmttq": "ủy ban mặt trận tổ quốc",
    "ubnd": "ủy ban nhân dân",
    "vp": "văn phòng",
}
_PLURAL = re.compile(r"(?:cac|nhung|tat ca|toan the|toan bo|mot so)\b")
_MANY = re.compile(rf"{_PLURAL.pattern}|(?:ubnd|uy ban nhan dan) (?:cac|cap)\b")
_FILLERS = frozenset({"cac", "va"})

# The head of an agency stands for the agency ("Giám đốc Sở Y tế").
_TITLE = re.compile(
    r"^(?:giam doc|pho giam doc|chu tich(?! nuoc)|thu truong|nguoi dung dau|lanh dao|hieu truong"
    r"|cuc truong|truong(?= (?:ban|cong an|phong) )|chanh(?= (?:van phong|thanh tra)\b)) (?:cac )?"
)
_VAGUE = re.compile(
    r"\blien quan\b|\bduoc (?:giao|phan cong)\b"
    r"|^(?:cac |nhung )?(?:co quan|don vi|dia phuong|to chuc|ca nhan)"
    r"(?: va)?(?: (?:co quan|don vi|dia phuong|to chuc|ca nhan|khac))*$"
)


@dataclass(frozen=True)
class Word:
    """One word of a name: with its marks, without them, and whether it may be initials."""

    marked: str
    bare: str
    initials: bool


@dataclass(frozen=True)
class Name:
    """A name taken apart for comparison."""

    text: str
    words: tuple[Word, ...]

    @cached_property
    def marked(self) -> tuple[str, ...]:
        return tuple(word.marked for word in self.words)

    @cached_property
    def bare(self) -> tuple[str, ...]:
        return tuple(word.bare for word in self.words)

    @cached_property
    def line(self) -> str:
        """The bare words in one line, for measuring distances."""
        return " ".join(self.bare)


@lru_cache(maxsize=20_000)
def parse(text: str) -> Name:
    """Take a name apart."""
    tidy = clean(text)
    small = tidy == tidy.lower()
    words: list[Word] = []
    for found in _WORD.findall(tidy):
        words.extend(_expand(found, small=small))
    return Name(tidy, tuple(words))


def _expand(found: str, *, small: bool) -> list[Word]:
    bare = fold(found)
    if bare in _FILLERS:
        return []
    if bare in ABBREVIATIONS:
        return [_word(part, initials=False) for part in ABBREVIATIONS[bare].split()]
    capitals = sum(letter.isupper() for letter in found)
    if small:
        initials = not _VOWELS.search(bare)
    else:
        initials = capitals >= 2 or (capitals == 1 and len(found) == 1)
    return [_word(found.lower(), initials=initials)]


def _word(text: str, *, initials: bool) -> Word:
    bare = _FINAL_Y.sub(r"\1i", fold(text))
    return Word(_tone_last(text), bare, initials)


def _tone_last(word: str) -> str:
    """hòa and hoà alike: the tone behind the letters, wherever it was written."""
    letters = unicodedata.normalize("NFD", word)
    tones = "".join(mark for mark in letters if mark in _TONES)
    rest = "".join(letter for letter in letters if letter not in _TONES)
    return unicodedata.normalize("NFC", rest) + tones


def same_marks(one: Name, other: Name) -> bool:
    """Whether two names of equal bare words contradict each other in no diacritic: each word is
    written alike, or without any marks on one side."""
    pairs = zip(one.words, other.words, strict=True)
    return all(
        a.marked == b.marked or a.marked == fold(a.marked) or b.marked == fold(b.marked)
        for a, b in pairs
    )


# --- Initials ------------------------------------------------------------------------------------


def spells(short: Name, full: tuple[str, ...]) -> bool:
    """Whether `short` ("Sở TT&TT", "STTTT") is `full` with some words cut to their initials.

    An initial is a word's first letter or its leading consonants ("SNgV" is Sở Ngoại vụ).
    """
    if not any(word.initials for word in short.words):
        return False
    if sum(len(word.bare) for word in short.words) < 3:
        return False
    return _eat(short.words, full)


def _eat(short: tuple[Word, ...], full: tuple[str, ...]) -> bool:
    if not short:
        return not full
    head, rest = short[0], short[1:]
    if full and head.bare == full[0] and _eat(rest, full[1:]):
        return True
    return head.initials and any(_eat(rest, full[used:]) for used in _covered(head.bare, full))


def _covered(letters: str, full: tuple[str, ...]) -> set[int]:
    """How many leading words these letters can be the initials of."""
    if not letters:
        return {0}
    if not full:
        return set()
    found: set[int] = set()
    for size in _initial_sizes(full[0]):
        if letters.startswith(full[0][:size]):
            found |= {1 + used for used in _covered(letters[size:], full[1:])}
    return found


def _initial_sizes(word: str) -> range:
    consonants = re.match("[^aeiouy]*", word)
    return range(1, max(1, consonants.end() if consonants else 1) + 1)


# --- Tails and titles ----------------------------------------------------------------------------

_TAILS = (("tinh",), ("thanh", "pho"))


def without_tail(words: tuple[str, ...], province: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The words without a closing "tỉnh" ("Cục Thuế tỉnh"), nor the province's own name."""
    if province and words[-len(province) :] == province:
        shorter = words[: -len(province)]
        if any(shorter[-len(tail) :] == tail for tail in _TAILS):
            words = shorter
    for tail in _TAILS:
        if len(words) > len(tail) and words[-len(tail) :] == tail:
            return words[: -len(tail)]
    return words


def without_title(text: str) -> str:
    """The agency behind the title of its head, or the text itself."""
    tidy = clean(text)
    found = _TITLE.match(fold(tidy))
    # fold() keeps one letter for one letter of NFC text, so that positions agree.
    return tidy[found.end() :] if found and len(fold(tidy)) == len(tidy) else tidy


# --- Groups --------------------------------------------------------------------------------------


def is_vague(text: str) -> bool:
    """A group nobody has written down: "các đơn vị có liên quan", "các đơn vị được giao …"."""
    return bool(_VAGUE.search(" ".join(_WORD.findall(fold(text)))))


def is_plural(text: str) -> bool:
    """Whether the words name many ("các …", "những …")."""
    return bool(_MANY.match(fold(text)))


@dataclass(frozen=True)
class Shape:
    """What a well-known group covers: its family, and for places the kinds it names (empty: the
    whole level)."""

    family: str
    kinds: frozenset[str] = frozenset()


_LEVEL = r"(?: (?:cap|thuoc|cua)? ?tinh| (?:truc )?thuoc (?:uy ban nhan dan )?tinh)?"
_DEPARTMENTS = re.compile(
    rf"so(?: ban nganh| ban| nganh)(?:{_LEVEL}| (?:don vi|co quan)(?: don vi)? (?:cap|thuoc) tinh)"
)
_PLACE_TAIL = r"(?: (?:(?:truc )?thuoc|cua|tren dia ban|trong) (?:toan )?tinh)?"
_PLACES = {
    "district": ("cap huyen", ("huyen", "thi xa", "thanh pho", "quan", "thi")),
    "commune": ("cap xa", ("xa", "phuong", "thi tran", "dac khu")),
}
_PLACE = re.compile(r"(huyen|thi xa|thanh pho|quan|xa|phuong|thi tran|dac khu) \S")


def shape(text: str) -> Shape | None:
    """The well-known group these words name, or None.

    "các sở, ban, ngành cấp tỉnh", "các Sở, ngành": departments (a sở is always provincial).
    "UBND cấp huyện", "UBND các huyện, thị xã, thành phố": district. "UBND cấp xã", "UBND các xã,
    phường, đặc khu": commune. Wider or narrower words ("… và đoàn thể", "UBND các phường") are not.
    """
    line = " ".join(_without_plural(parse(text).bare))
    if _DEPARTMENTS.fullmatch(line):
        return Shape("departments")
    for family, (level, kinds) in _PLACES.items():
        if re.fullmatch(rf"uy ban nhan dan {level}{_PLACE_TAIL}", line):
            return Shape(family)
        one = "|".join(kinds)
        if re.fullmatch(rf"(?:uy ban nhan dan )?(?:{one})(?: (?:{one}))+{_PLACE_TAIL}", line):
            named = re.findall(rf"\b(?:{one})\b", re.sub(rf"{_PLACE_TAIL}$", "", line))
            return Shape(family, frozenset("thi xa" if kind == "thi" else kind for kind in named))
    return None


def place_kind(text: str) -> str:
    """The kind of place a local agency's name begins with ("xa" of "UBND xã Minh Sơn"), or ""."""
    found = _PLACE.match(" ".join(place(parse(text).bare)))
    return found[1] if found else ""


def place(words: tuple[str, ...]) -> tuple[str, ...]:
    """The place alone, where an agency is called after it ("xã Minh Sơn" for its UBND)."""
    line = " ".join(words)
    rest = line.removeprefix("uy ban nhan dan ")
    return tuple(rest.split()) if _PLACE.match(rest) else words


def group_words(text: str) -> tuple[str, ...]:
    """What two spellings of a group's name share."""
    return _without_plural(parse(text).bare)


def _without_plural(words: tuple[str, ...]) -> tuple[str, ...]:
    line = " ".join(words)
    found = _PLURAL.match(line)
    return tuple(line[found.end() :].split()) if found else words
