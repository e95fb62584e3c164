"""Text into words the grammar knows: one spelling, numbers as digits, places in the original kept.

Diacritics carry meaning here (thứ năm / Việt Nam, quý / quỹ / quy định, sau / sáu), so words are
not folded flat. A word is kept when it is good Vietnamese, repaired when its letters without marks
are those of exactly one word of the grammar (a scanner's slip), and guessed from its neighbours
only in a text that has no marks at all.
"""

import re
import unicodedata
from dataclasses import dataclass, field
from functools import lru_cache

from deadlines.text import fold

_TOKEN = re.compile(r"\d+|[^\W\d_]+|[^\w\s]|_|\n\s*\n")

# One to one, so that places stay: letters a scanner puts where digits were.
_OCR = (
    (re.compile(r"(?<=\d)[oO](?=[\d/.\-])|(?<=\d)[oO](?=\s|$)|(?<=[/.\-\s])[oO](?=\d)"), "0"),
    (re.compile(r"(?<![^\W\d_])[lLI|](?=\d?\s?[/.\-]\s?\d)|(?<=\d)[lI|](?=[\d/.\-])"), "1"),
    (re.compile(r"(?<=[/.\-])[lI|](?=\d(?!\w))"), "1"),
    (re.compile(r"(?<=ày\s)[lI|](?=\d(?!\w))"), "1"),
)

_SUSPECT = re.compile(r"[\d/.\-][oOlLI|]|[oOlLI|][\d/.\-]|\s[oO]\d|[lLI|]\s?[/.\-]")

# Variants and slips -> the word of the grammar.
_SPELLINGS = {
    "hàng": "hằng",
    "hẳng": "hằng",
    "hăng": "hằng",
    "hàg": "hằng",
    "quí": "quý",
    "qúy": "quý",
    "qúi": "quý",
    "quỷ": "quý",
    "quý́": "quý",
    "mồng": "mùng",
    "kì": "kỳ",
    "bẩy": "bảy",
    "ngảy": "ngày",
    "ngáy": "ngày",
    "ngầy": "ngày",
    "ngàv": "ngày",
    "nqày": "ngày",
    "thảng": "tháng",
    "thàng": "tháng",
    "thámg": "tháng",
    "thárg": "tháng",
    "thág": "tháng",
    "nãm": "năm",
    "nám": "năm",
    "nặm": "năm",
    "trưóc": "trước",
    "tmớc": "trước",
    "truớc": "trước",
    "tnrớc": "trước",
    "chuớc": "trước",
    "dến": "đến",
    "dên": "đến",
    "hểt": "hết",
    "hêt": "hết",
    "chậrn": "chậm",
    "tuẩn": "tuần",
    "tuân̉": "tuần",
    "giờ́": "giờ",
    "lảm": "làm",
    "viêc": "việc",
    "viẹc": "việc",
    "đẩu": "đầu",
    "cuổi": "cuối",
    "cuôi": "cuối",
    "tét": "tết",
    "deadline": "hạn",
}

# Words of the grammar by their letters without marks, for the slips no table foresees …
_REPAIR = {
    fold(word): word
    for word in ("trước", "chậm", "nhất", "tuần", "cuối", "giữa", "thường", "xuyên", "tháng")
}
# … except good words that share those letters.
_KEEP = frozenset(
    [
        "châm",
        "chăm",
        "chạm",
        "chấm",
        "chàm",
        "nhật",
        "nhặt",
        "nhạt",
        "nhát",
        "tuân",
        "tuấn",
        "cưới",
        "cười",
        "cuội",
        "cưỡi",
        "giũa",
        "thương",
        "thượng",
        "thưởng",
        "thuồng",
        "xuyến",
        "thang",
        "thắng",
        "thẳng",
        "thăng",
        "thằng",
    ]
)

# Words that lost their marks in a text that has some, where a number follows ("trước ngay 15/12").
_UNMARKED = {"ngay": "ngày", "thang": "tháng", "nam": "năm", "quy": "quý"}

# In a text without marks: letters -> the word most often meant in a deadline.
_BARE = {
    "ngay": "ngày", "thang": "tháng", "nam": "năm", "quy": "quý", "tuan": "tuần", "ky": "kỳ",
    "truoc": "trước", "cham": "chậm", "nhat": "nhất", "muon": "muộn", "khong": "không",
    "qua": "quá", "den": "đến", "het": "hết", "vao": "vào", "tu": "từ", "ke": "kể",
    "tinh": "tính", "han": "hạn", "thoi": "thời", "vong": "vòng", "lam": "làm", "viec": "việc",
    "nhan": "nhận", "duoc": "được", "hanh": "hành", "hang": "hằng", "moi": "mỗi", "tung": "từng",
    "cac": "các", "dinh": "định", "dau": "đầu", "giua": "giữa", "cuoi": "cuối", "cung": "cùng",
    "tien": "tiên", "tiep": "tiếp", "lien": "liền", "thu": "thứ", "bay": "bảy", "chu": "chủ",
    "doi": "đối", "voi": "với", "bao": "báo", "cao": "cáo", "cua": "của", "va": "và",
    "lan": "lần", "mot": "một", "bon": "bốn", "tam": "tám", "chin": "chín", "muoi": "mười",
    "gio": "giờ", "phut": "phút", "chieu": "chiều", "sang": "sáng", "trua": "trưa", "toi": "tới",
    "thuong": "thường", "xuyen": "xuyên", "tuc": "tục", "dot": "đột", "xuat": "xuất",
    "yeu": "yêu", "cau": "cầu", "khan": "khẩn", "do": "độ", "lo": "lộ", "trinh": "trình",
    "hoach": "hoạch", "quyet": "quyết", "so": "số", "ket": "kết", "tong": "tổng", "doan": "đoạn",
    "tet": "tết", "nguyen": "nguyên", "dan": "đán", "am": "âm", "lich": "lịch", "mung": "mùng",
    "mong": "mùng", "la": "là", "co": "có", "thuc": "thúc", "le": "lễ", "dip": "dịp",
    "nay": "này", "hom": "hôm", "nua": "nữa", "thanh": "thành", "hoan": "hoàn", "ve": "về",
    "gui": "gửi", "can": "cận", "tho": "thơ", "phat": "phát", "tai": "tại", "muc": "mục",
    "lieu": "liệu", "dieu": "điều", "khoan": "khoản", "diem": "điểm", "dong": "đông",
    "hop": "họp", "bat": "bắt", "buoi": "buổi", "sat": "sát", "hoi": "hội", "nghi": "nghị",
    "khac": "khắc", "som": "sớm",
    "qui": "quý", "huong": "hướng", "thuoc": "thuộc", "nop": "nộp", "hoac": "hoặc",
    "chinh": "chính", "nghin": "nghìn", "ngan": "ngàn", "tram": "trăm",
}  # fmt: skip
_ROMAN = {
    "i": "1", "ii": "2", "iii": "3", "iv": "4", "l": "1", "ll": "2", "lll": "3", "lv": "4",
    "il": "2", "li": "2", "iil": "3", "ili": "3", "lii": "3", "lil": "3", "ill": "3",
    "một": "1", "hai": "2", "ba": "3", "bốn": "4", "tư": "4", "nhất": "1",
}  # fmt: skip
_GLUED = re.compile(r"(quý|q)([il]{1,3}|[il]v)")

_DIGITS = {
    "một": 1, "hai": 2, "ba": 3, "bốn": 4, "tư": 4, "năm": 5, "lăm": 5, "nhăm": 5, "sáu": 6,
    "bảy": 7, "tám": 8, "chín": 9, "mười": 10, "mốt": 1,
}  # fmt: skip
_COUNTED = frozenset(
    ["ngày", "tháng", "tuần", "giờ", "năm", "quý", "lần", "phút", "kỳ", "buổi", "tiếng"]
)
_ORDINALS = frozenset(["thứ", "quý", "tháng", "ngày", "mùng", "lần"])


@dataclass(slots=True)
class Token:
    """A word, a number or a sign: `word` is the grammar's spelling, the span is the original's."""

    word: str
    start: int
    end: int


@dataclass
class Words:
    """The words in order, and one string of them with single blanks, in which patterns search."""

    tokens: list[Token]
    line: str = ""
    _starts: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.line = " ".join(token.word for token in self.tokens)
        place = 0
        for token in self.tokens:
            self._starts.append(place)
            place += len(token.word) + 1

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where a stretch of the line stands in the original text."""
        held = [
            token
            for token, place in zip(self.tokens, self._starts, strict=True)
            if start <= place < end
        ]
        return (held[0].start, held[-1].end) if held else (0, 0)


def words(text: str) -> Words:
    """The words of any text at all."""
    plain, places = _plain(text)
    tokens = [
        Token(match[0].lower() if match[0].strip() else ";", match.start(), match.end())
        for match in _TOKEN.finditer(plain)
    ]
    _spell(tokens, marked=_is_marked(plain))
    tokens = _numbered(_romans(tokens))
    for token in tokens:
        token.start, token.end = places[token.start], places[token.end]
    return Words(tokens)


def _plain(text: str) -> tuple[str, list[int]]:
    """NFC with scanner's digits put right, and for each of its places the one in the text."""
    if unicodedata.is_normalized("NFC", text) and not _ODD.search(text):
        plain, places = text, list(range(len(text) + 1))
    else:
        plain, places = _composed(text)
    if _SUSPECT.search(plain):
        for pattern, digit in _OCR:
            plain = pattern.sub(digit, plain)
    return plain.translate(_SIGNS), places


_SIGNS = {ord(c): "-" for c in "‐‑‒–—―−"} | {ord(c): "'" for c in "’′`´"}
_SIGNS |= {ord(c): "/" for c in "⁄∕／"}
# Marks that are not seen, and Roman numerals that are one character.
_ODD = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\u2160-\u2163\u2170-\u2173]")
_ROMAN_SIGNS = dict(zip("ⅠⅡⅢⅣⅰⅱⅲⅳ", ["I", "II", "III", "IV"] * 2, strict=True))


def _composed(text: str) -> tuple[str, list[int]]:
    out: list[str] = []
    places: list[int] = []
    start = 0
    for end in range(1, len(text) + 1):
        if end < len(text) and unicodedata.combining(text[end]):
            continue
        piece = unicodedata.normalize("NFC", text[start:end])
        if _ODD.match(piece):
            piece = _ROMAN_SIGNS.get(piece, "")
        out.append(piece)
        places += [start] * len(piece)
        start = end
    return "".join(out), [*places, len(text)]


def _is_marked(plain: str) -> bool:
    """Whether the writer used diacritics at all."""
    return not plain.isascii() and any(
        c in "đĐ" or len(unicodedata.decomposition(c).split()) == 2 for c in plain
    )


def _spell(tokens: list[Token], *, marked: bool) -> None:
    before = ""
    for place, token in enumerate(tokens):
        if token.word[0].isalpha():
            after = tokens[place + 1].word if place + 1 < len(tokens) else ""
            raw = token.word
            if marked and raw in _UNMARKED and after[:1].isdigit():
                token.word = _UNMARKED[raw]
            else:
                token.word = _marked_word(raw) if marked else _bare_word(raw, before, after)
            before = raw
        else:
            before = token.word


@lru_cache(maxsize=4096)
def _marked_word(word: str) -> str:
    known = _SPELLINGS.get(word)
    if known:
        return known
    if word in _KEEP:
        return word
    return _REPAIR.get(fold(word), word) if len(word) > 3 else word


# Letters that are another word beside these neighbours: (before, after) -> word. An empty set
# means any neighbour.
_ANY: frozenset[str] = frozenset()
_NUMBERS = frozenset(f"{n:0{width}}" for width in (1, 2) for n in range(1, 100))
_BESIDE: dict[str, tuple[tuple[frozenset[str], frozenset[str], str], ...]] = {
    "ngay": (
        (_NUMBERS, _ANY, "ngày"),
        (_ANY, frozenset({"sau", "khi", "tu", "trong", "lap", "tuc"}), "ngay"),
    ),
    "sau": (
        (frozenset({"thu", "("}), _ANY, "sáu"),
        (frozenset({""}), frozenset({"thang"}), "sáu"),
    ),
    "so": ((_ANY, frozenset({"ket"}), "sơ"),),
    "nua": ((_ANY, frozenset({"dau", "cuoi", "nam", "thang"}), "nửa"),),
    "tam": ((_ANY, frozenset({"nhin"}), "tầm"),),
    "thuong": ((_ANY, frozenset({"tuan"}), "thượng"),),
    "ha": ((_ANY, frozenset({"tuan"}), "hạ"),),
    "lam": ((frozenset({"muoi"}), _ANY, "lăm"),),
    "chu": ((_ANY, frozenset({"tri", "tich", "dong"}), "chủ"),),
    "tu": ((frozenset({"thu", "thang", "quy"}), _ANY, "tư"),),
    "ke": (
        (_ANY, frozenset({"tiep", "sau", "hoach"}), "kế"),
        (frozenset({"lien", "tiep", "thang", "nam", "quy"}), _ANY, "kế"),
    ),
    "ky": ((frozenset({"ngay", "khi"}), _ANY, "ký"),),
    "quy": ((_ANY, frozenset({"dinh", "che", "trinh", "mo", "hoach"}), "quy"),),
    "tien": ((_ANY, frozenset({"do"}), "tiến"),),
    "lien": ((_ANY, frozenset({"tuc"}), "liên"),),
    "nay": ((frozenset({"tu"}), _ANY, "nay"),),
}


def _bare_word(word: str, before: str, after: str) -> str:
    """What a word without marks means between its neighbours."""
    for left, right, meant in _BESIDE.get(word, ()):
        if (not left or before in left) and (not right or after in right):
            return meant
    return _BARE.get(word, word)


def _romans(tokens: list[Token]) -> list[Token]:
    """Quarters as digits: "quý III", "Q.IV", "quý I, II và III", "QuýIV"."""
    out: list[Token] = []
    in_quarter = False
    for place, token in enumerate(tokens):
        glued = _GLUED.fullmatch(token.word)
        if glued:
            cut = token.start + len(glued[1])
            out += [Token("quý", token.start, cut), Token(_ROMAN[glued[2]], cut, token.end)]
            in_quarter = True
            continue
        after = tokens[place + 1].word if place + 1 < len(tokens) else ""
        if token.word == "q" and (after.isdigit() or after == "." or after in _ROMAN):
            token.word = "quý"
        if token.word == "t" and out and out[-1].word.lstrip("0") in ("6", "9"):
            token.word = "tháng"
        if token.word == "quý":
            in_quarter = True
        elif in_quarter and token.word in _ROMAN and after not in ("lần", "kỳ", "quý"):
            token.word = _ROMAN[token.word]
        elif in_quarter and token.word == "." and out[-1].word == "quý":
            continue
        elif (
            token.word not in (",", "và", "-", "/", "hoặc", "đến", "+") and not token.word.isdigit()
        ):
            in_quarter = False
        out.append(token)
    return out


def _numbered(tokens: list[Token]) -> list[Token]:
    """Numbers in words as digits where something is counted or a day is named."""
    out: list[Token] = []
    place = 0
    while place < len(tokens):
        run, value = _number(tokens, place)
        after = tokens[place + run].word if place + run < len(tokens) else ""
        before = out[-1].word if out else ""
        if run and _doubled(tokens, place, run, before):
            out.pop()  # "16 (mười sáu)": the words repeat the digits
            out[-1].end = tokens[place + run].end
            place += run + 1
        elif run and after == "(" and _closes(tokens, place + run):
            place += run  # "ba mươi (30)": the digits follow
        elif run and _counts(tokens, place, before, after):
            out.append(Token(str(value), tokens[place].start, tokens[place + run - 1].end))
            place += run
        elif _bracketed(tokens, place, before):
            digits = tokens[place + 1]
            out.append(Token(digits.word, tokens[place].start, tokens[place + 2].end))
            place += 3
        else:
            out.append(tokens[place])
            place += 1
    return out


def _number(tokens: list[Token], place: int) -> tuple[int, int]:
    """How many words from here are one number, and its value ("hai mươi lăm": 3, 25)."""
    word = tokens[place].word
    if word not in _DIGITS or word in ("mốt", "lăm", "nhăm"):
        return 0, 0
    if word == "hai" and place + 1 < len(tokens) and tokens[place + 1].word in ("nghìn", "ngàn"):
        return _thousand(tokens, place)
    value, run = _DIGITS[word], 1
    rest = [token.word for token in tokens[place + 1 : place + 3]]
    if rest and rest[0] in ("mươi", "mười") and value < 10:
        value, run, rest = value * 10, 2, rest[1:]
    if value % 10 == 0 and rest and rest[0] in _DIGITS and 0 < _DIGITS[rest[0]] < 10:
        ten_or_year = rest[0] == "năm" and value < 20  # "tháng mười năm 2025"
        if not ten_or_year:
            value, run = value + _DIGITS[rest[0]], run + 1
    return run, value


def _thousand(tokens: list[Token], place: int) -> tuple[int, int]:
    """Years in words: "hai nghìn không trăm hai mươi lăm"."""
    skip = place + 2
    while skip < len(tokens) and tokens[skip].word in ("không", "trăm", "lẻ", "linh"):
        skip += 1
    run, value = _number(tokens, skip) if skip < len(tokens) else (0, 0)
    return skip - place + run, 2000 + value


def _doubled(tokens: list[Token], place: int, run: int, before: str) -> bool:
    close = place + run
    digits = place >= 2 and tokens[place - 2].word.isdigit()
    return before == "(" and digits and close < len(tokens) and tokens[close].word == ")"


def _closes(tokens: list[Token], place: int) -> bool:
    if place + 2 >= len(tokens) or not tokens[place + 1].word.isdigit():
        return False
    return tokens[place + 2].word == ")"


def _bracketed(tokens: list[Token], place: int, before: str) -> bool:
    """A "(30)" left alone after its words were dropped, before what it counts."""
    if tokens[place].word != "(" or not _closes(tokens, place) or before.isdigit():
        return False
    after = tokens[place + 3].word if place + 3 < len(tokens) else ""
    return after in _COUNTED or tokens[place - 1].word in _DIGITS


def _counts(tokens: list[Token], place: int, before: str, after: str) -> bool:
    """Whether a number in words counts something or names a day, and so becomes digits."""
    word = tokens[place].word
    if before == "năm":  # "năm hai nghìn …"
        return any(token.word in ("nghìn", "ngàn") for token in tokens[place + 1 : place + 2])
    if before in ("tháng", "ngày", "mùng"):
        return _names_day(word, before, after)
    if before in _ORDINALS or after not in _COUNTED:
        return False
    if word == "năm":  # five, or year: five only where a count is expected
        return before in ("hạn", "vòng", "sau", "nhất", "quá", "đa", "trước") and after != "năm"
    return True


def _names_day(word: str, before: str, after: str) -> bool:
    """ "tháng ba", "ngày mười lăm tháng mười"; not "tháng năm 2025", "tháng một lần"."""
    if after in ("lần", "buổi"):
        return False
    if after in ("tháng", "năm"):
        return word != "năm" or after == "năm"
    return word not in ("năm", "một") or (before != "tháng" and word == "năm")
