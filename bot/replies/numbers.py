"""Numbers told apart: document numbers, dates, counts, periods, phones — and what may be a duty.

Everything that is *not* a duty's number is claimed first; what is left over is a plain number.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

from bot.replies.words import Role

# A range longer than this is more likely a slip or something else than an answer.
LONGEST_RANGE = 20


@dataclass(frozen=True, slots=True)
class Find:
    """A span that was recognised; `value` its duty numbers, `text` a document's number."""

    role: Role
    start: int
    end: int
    value: tuple[int, ...] = ()
    text: str = ""
    day: tuple[int | None, int, int] | None = None


# Symbols of documents (Nghị định 30/2020/NĐ-CP, Phụ lục III) that upper case alone misspells.
_SYMBOLS = {
    "QD": "QĐ", "ND": "NĐ", "BCD": "BCĐ", "CD": "CĐ", "HDND": "HĐND", "CDS": "CĐS", "DU": "ĐU",
    "UBQGCDS": "UBQGCĐS", "SGDDT": "SGDĐT", "GDDT": "GDĐT", "BGDDT": "BGDĐT", "SGD&DT": "SGD&ĐT",
    "BLDTBXH": "BLĐTBXH", "SLDTBXH": "SLĐTBXH", "LDTBXH": "LĐTBXH", "BCDCDS": "BCĐCĐS",
    "BCDTW": "BCĐTW", "HDTV": "HĐTV", "LDLD": "LĐLĐ", "LDLDVN": "LĐLĐVN", "LD": "LĐ", "DTN": "ĐTN",
    "TTR": "TTr", "TTG": "TTg", "CTR": "CTr", "QDUB": "QĐUB", "DUK": "ĐUK", "PGDDT": "PGDĐT",
}  # fmt: skip
_TYPES = (
    "bc|cv|kh|qd|tb|ttr|bb|ct|ctr|nq|hd|cd|gm|da|pa|qc|tt|nd|ubnd|hdnd|vp|vpubnd|vpcp|skhcn|stttt"
    "|bcd|hs|th|dx|pt|gtr|ttg|tu|du"
)
_PART = r"[a-z][a-z&.]{0,13}[0-9]{0,2}"
_DOCUMENT = re.compile(
    rf"\b([0-9]{{1,5}})\s?(/\s?(?:19|20)[0-9]{{2}}\s?)?"
    rf"(?:/\s?({_PART})\s?[-_]\s?({_PART})(?:[-_]({_PART}))?"  # 45/BC-SYT, 41/2019/QĐ-UBND
    rf"|-\s?((?:{_TYPES}))\s?/\s?({_PART})"  # 06-NQ/TU
    rf"|\s?-?\s?((?:{_TYPES}))\s?-\s?({_PART})"  # 45 BC-SYT
    rf"|/\s?((?:{_TYPES})|[a-z]{{3,8}}[0-9]{{0,2}}))(?![a-z0-9])"  # 45/BC
)
_NOT_SYMBOLS = frozenset({
    "da", "xong", "gui", "ngay", "so", "viec", "done", "ok", "roi", "thang", "nam", "tuan",
    "lan", "hoan", "va", "voi", "don", "vi", "nguoi", "quy", "gio", "phut", "chua", "khong",
    "sap", "dang", "em", "toi", "bao", "nhe", "nha", "tinh", "huyen", "xa", "nhiem", "ho",
})  # fmt: skip
_DOC_NOUN = re.compile(
    r"\b(?:(?:cong van|cv|van ban|vb|to trinh|ttr|quyet dinh|qd|cong dien|bien ban|giay moi)"
    r"\s?(?:so)?|(?:theo|tai|kem) (?:bao cao|bc)|(?:bao cao|bc|ke hoach|kh|thong bao|tb|ky hieu) so"
    r"|so (?:cv|vb|bc|cong van|van ban))"
    r"\s?:?\s?([0-9]{1,5})\b"
)
_DOC_AFTER_DUTY = re.compile(r"\b[0-9]{2,6} so:? ?([0-9]{1,5})\b(?! ?,| va )")
_DOC_BEFORE_DATE = re.compile(r"\bso:? ?([0-9]{1,5}),? (?:ngay|ban hanh)\b")
_REFERENCE = re.compile(
    r"(?:theo|thuc hien|can cu|tra loi|yeu cau tai|chi dao tai|giao tai|nhac tai|trien khai)"
    r"(?: \w+){0,3}(?: so:?)? ?$"
)

_D, _M, _Y = r"(0?[1-9]|[12][0-9]|3[01])", r"(0?[1-9]|1[0-2])", r"((?:19|20)[0-9]{2}|[0-9]{2})"
_DATES: tuple[re.Pattern[str], ...] = (
    re.compile(rf"\b{_D}\s?([/.-])\s?{_M}\s?\2\s?{_Y}\b(?![/-]?[0-9])"),
    re.compile(rf"\b((?:19|20)[0-9]{{2}})-{_M}-{_D}\b"),
    re.compile(rf"\b{_D} thang {_M}(?:,? ?nam|,|/)? ((?:19|20)[0-9]{{2}})\b"),
    re.compile(rf"\b{_D} thang {_M}/((?:19|20)[0-9]{{2}})\b"),
    re.compile(rf"\b{_D} thang {_M}\b"),
    re.compile(rf"\b{_D}/{_M}\b(?![/0-9]|\s/)"),
    re.compile(rf"\b(?:ngay|hom|den|truoc|toi|sang) {_D}\s?[-.]\s?{_M}\b(?!\s?[-/.]?[0-9])"),
)

_COUNTED = (
    "(?:ngay|tuan|thang|nam|quy)(?! ?(?:[0-9]|[ivx]+\\b))|gio|phut|giay|lan(?! [0-9])|buoi"
    "|hom(?! ?(?:[0-9]|qua|nay|kia))|nguoi|don vi|ho dan|trieu|ty|ti|dong(?! y)|vnd|phieu"
    "|doanh nghiep|can bo|hoc vien|lop|km|m2|kg|gb|xa|phuong|thon|camera|may tinh|h|truong hop"
)
_COUNTED_FEW = (  # with three digits and more the number is rather a duty's
    "huyen|tinh(?! hinh)|so nganh|ho(?! (?:so|tro))|co quan|dia phuong|trang(?! thai)|file|cai"
    "|ban(?! (?:hanh|chi|giao|bao))|bo(?! (?:tri|sung|y|tai|noi|cong))|muc(?! tieu)|chiec|may|cuoc"
    "|chi tieu|tieu chi|dich vu|thu tuc|y(?! (?:te|kien))|diem|vai|mat bang|ky(?! so)|khoa"
    "|phan(?! (?:mem|cong|anh|viec|tich))|truong|co so(?! du lieu)|mo hinh|to(?! trinh)|cong trinh"
    "|goi|hop dong|nhom|doi(?! (?:han|den|sang))"
)
_SOFT = (
    "viec|nhiem vu|dau viec|bao cao|noi dung|cong viec|ho so|van de|van ban|vb|he thong|phan mem"
    "|du an|de an"
)
_LABELS = (
    "quy|thang|nam|thu|ky|tuan|de an|nghi quyet|nq|ket luan|kl|nghi dinh|thong tu|chi thi|ct"
    "|luat|dieu|khoan|trang|phu luc|pl|bieu|mau|phong|quan|to|nhom|duong|khu|tinh lo|cong ty"
    "|tieu chi|chi tieu|nam hoc|khoa|tang|cum|doi|vung|lop|loai|cap|phien ban|ban|mui"
    "|hang thang|chuong trinh|du an|du an so|ke hoach|kh|thong bao|tb|phien|so nha"
)
_STAGES = "phan|buoc|giai doan|dot|khau|muc|lan|tap|chuong|diem|y|noi dung|hang muc|gd"

# "101 tuần sau", "101 ngày mai": a duty and a day, no count of weeks.
_DUTY_AND_DAY = (
    "[0-9]{3,6} (?:ngay (?:mai|kia|mot)|hom (?:qua|nay|kia|sau)"
    "|(?:tuan|thang|quy|nam) (?:sau|toi|nay|ke|tiep))\\b"
)
_NOUNS = f"{_COUNTED}|{_COUNTED_FEW}|{_SOFT}"
_FEW = (  # up to 99 of them are a count; "việc 12 báo cáo đã gửi" and "5 việc này" are not
    rf"(?<!viec )(?<!vu )(?<!so )\b[0-9]{{1,2}}"
    rf"(?= (?:{_SOFT})\b(?! (?:nay|do|kia|khong|cua|thuoc)))"
)

_Rule = tuple[Role, re.Pattern[str]]
_FACTS: tuple[_Rule, ...] = (
    (Role.FACT, re.compile(r"(?<![0-9])(?:\+84|84|0)[ .-]?[0-9](?:[ .-]?[0-9]){7,9}(?![0-9])")),
    (Role.FACT, re.compile(r"(?<![0-9])[0-9]{7,}")),
    (Role.FILL, re.compile(r"\b(?:100|1[0-9]{2}) ?(?:%|phan tram\b)|\b100/100\b")),
    (Role.EXTENSION, re.compile(r"\bthem [0-9]+ (?:ngay|tuan|thang|hom|buoi)\b")),
    (Role.FACT, re.compile(rf"\b[0-9]{{1,3}}(?:\.[0-9]{{3}})+ (?:{_NOUNS})\b")),
    (Role.FILL, re.compile(rf"\b([0-9]{{1,4}}) ?/ ?\1 (?:{_NOUNS})\b")),
    (Role.PART, re.compile(rf"\b[0-9]{{1,4}} ?/ ?[0-9]{{1,4}} (?:{_NOUNS})\b")),
    (Role.VAGUE, re.compile(r"\b[0-9]+ (?:hay|hoac)(?: la)?(?: viec)? [0-9]+\b")),
    (Role.PART, re.compile(r"\b[0-9]+ (?:tren|trong)(?: tong)?(?: so)? [0-9]+\b")),
    (Role.PART, re.compile(r"(?<![0-9])[0-9]+(?:[.,][0-9]+)? ?(?:%|phan tram\b|pt\b)")),
    (Role.PART, re.compile(rf"\b(?:{_STAGES}) (?:so |thu )?[0-9]{{1,2}}\b(?: ?[/.-] ?[0-9]+)*")),
    (Role.FACT, re.compile(r"\b[0-2]?[0-9](?:h|g)(?:[0-5][0-9])?\b|\b[0-2]?[0-9]:[0-5][0-9]\b")),
    (Role.FACT, re.compile(r"\b(?:19|20)[0-9]{2} ?- ?(?:19|20)[0-9]{2}\b")),
    (Role.DATE, re.compile(r"\b(?:den ngay|ngay|mung|mong|hom) [0-9]{1,2}\b")),
    (Role.SOON, re.compile(r"\b(?:thu |t)[2-7]\b(?!/)")),
    (Role.FACT, re.compile(rf"\b(?:{_LABELS}) (?:so |thu )?:?[0-9]+(?: ?/ ?20[0-9]{{2}})?\b")),
    (Role.FACT, re.compile(r"\b(?:quy|q) ?[ivx]{1,3}\b(?: ?/ ?(?:19|20)[0-9]{2})?")),
    (Role.FACT, re.compile(r"\b[tq][0-9]{1,2}(?:/(?:19|20)[0-9]{2})?\b")),
    # "2-3 tuần": no duty of that number.
    (Role.FACT, re.compile(r"\b[0-9]{1,2} ?(?:-|den|toi) ?[0-9]{1,2} (?:ngay|tuan|thang|hom)\b")),
    (Role.FACT, re.compile(rf"\b(?!{_DUTY_AND_DAY})(?:[0-9]+[.,])?[0-9]+ ?(?:{_COUNTED})\b")),
    (Role.FACT, re.compile(rf"\b(?:[0-9]+[.,])?[0-9]{{1,2}} ?(?:{_COUNTED_FEW})\b")),
    (Role.FACT, re.compile(_FEW)),
    (Role.PART, re.compile(r"\b1 (?:so|vai|it|nua)\b(?! ?[0-9])")),
    (Role.PART, re.compile(r"\b(?:dat|duoc|moi) [0-9]+\b(?! (?:va|xong|roi))")),
    # "101a": a part of a duty, a slip, or "101 ạ" in one word.
    (Role.VAGUE, re.compile(r"\b[0-9]{3,6}[abc]\b")),
    (Role.VAGUE, re.compile(r"\b[0-9]+ ?/ ?[0-9]+(?: ?/ ?[0-9]+)*\b")),
    (Role.VAGUE, re.compile(r"\b[0-9]{1,3}(?:\.[0-9]+)+\b|\b[0-9]{1,3},[0-9]\b(?!,)")),
)
_ADDRESS = re.compile(r"https?://\S+|www\.\S+|\S{1,64}@[a-z0-9-]{1,64}\.\S+")
_RANGE = re.compile(
    r"\b([0-9]{1,6}) ?(?:->?|=>|~|\.\.\.?|den(?: het)?|toi) ?(?:viec |so )?([0-9]{1,6})\b"
)
_UNTIL = re.compile(r"\b(?:den|truoc|het|toi|sang) [0-9]{1,2}\b")
_NUMBER = re.compile(r"(?<![0-9])[0-9]{1,6}(?![0-9])")


class _Claims:
    """Spans taken so far; the first claim on a character holds."""

    def __init__(self, size: int, quotes: Iterable[Find]) -> None:
        self._taken = bytearray(size)
        self.finds: list[Find] = []
        for quote in quotes:
            self.add(quote)

    def add(self, find: Find | None) -> None:
        if find is None or any(self._taken[find.start : find.end]):
            return
        self._taken[find.start : find.end] = b"\1" * (find.end - find.start)
        self.finds.append(find)


def find_numbers(plain: str, key: str, quotes: Iterable[Find]) -> tuple[Find, ...]:
    """All numbers of a text in reading order, none overlapping, each with its role."""
    claims = _Claims(len(key), quotes)
    _scan(claims, _ADDRESS, key, _as(Role.OTHER))
    _scan(claims, _DOCUMENT, key, lambda m: _document(plain, key, m))
    for pattern in _DATES:
        _scan(claims, pattern, key, _date)
    for pattern in (_DOC_BEFORE_DATE, _DOC_NOUN, _DOC_AFTER_DUTY):
        _scan(claims, pattern, key, _bare_document)
    for role, pattern in _FACTS:
        _scan(claims, pattern, key, _as(role))
    _scan(claims, _RANGE, key, lambda m: _range(key, m))
    _scan(claims, _UNTIL, key, _as(Role.FACT))
    _scan(claims, _NUMBER, key, _plain_number)
    return tuple(sorted(claims.finds, key=lambda find: find.start))


def _scan(
    claims: _Claims,
    pattern: re.Pattern[str],
    key: str,
    make: Callable[[re.Match[str]], Find | None],
) -> None:
    for match in pattern.finditer(key):
        claims.add(make(match))


def _as(role: Role) -> Callable[[re.Match[str]], Find]:
    return lambda match: Find(role, match.start(), match.end())


def _plain_number(match: re.Match[str]) -> Find:
    return Find(Role.NUMBER, match.start(), match.end(), (int(match[0]),))


def _range(key: str, match: re.Match[str]) -> Find | None:
    first, last = int(match[1]), int(match[2])
    alone = not key[: match.start()].strip()
    if first >= last or (first <= 5 and alone and last - first > LONGEST_RANGE):
        return None  # "127-2" and "2-127" are a duty and an option
    marked = key[: match.start()].rstrip().endswith(("viec", "so", "vu", "tu", "#"))
    like_a_day = first <= 31 and last <= 12 and "-" in match[0] and not marked
    if last - first > LONGEST_RANGE or like_a_day:
        return Find(Role.VAGUE, match.start(), match.end())
    return Find(Role.RANGE, match.start(), match.end(), tuple(range(first, last + 1)))


def _document(plain: str, key: str, match: re.Match[str]) -> Find | None:
    number, year, *_ = match.groups()
    spans = [i for i in range(3, 11) if match[i] is not None]
    if any(match[i].rstrip(".") in _NOT_SYMBOLS for i in spans):
        return None
    parts = [_symbol(plain[match.start(i) : match.end(i)]) for i in spans]
    if len(parts) == 1 and not _one_symbol(plain, match, spans[0]):
        return None
    year = re.sub(r"\s", "", year or "")
    party = match[6] is not None
    text = f"{number}-{'/'.join(parts)}" if party else f"{number}{year}/{'-'.join(parts)}"
    role = (
        Role.FACT
        if _REFERENCE.search(key[max(0, match.start() - 60) : match.start()])
        else Role.DOCUMENT
    )
    return Find(role, match.start(), match.end(), text=text)


def _one_symbol(plain: str, match: re.Match[str], group: int) -> bool:
    """Whether "45/BC" is meant: a known kind, or written in capitals as symbols are."""
    typed = plain[match.start(group) : match.end(group)]
    return typed.isupper() or re.fullmatch(_TYPES, match[group]) is not None


def _symbol(typed: str) -> str:
    upper = typed.strip(".").upper()
    return _SYMBOLS.get(upper, upper)


def _bare_document(match: re.Match[str]) -> Find:
    return Find(Role.DOCUMENT, match.start(1), match.end(1), text=match[1])


def _date(match: re.Match[str]) -> Find:
    parts = [int(g) for g in match.groups() if g and g.isdigit()]
    if len(parts) == 2:
        day, month = parts
        return Find(Role.DATE, match.start(), match.end(), day=(None, month, day))
    if parts[0] > 31:
        parts.reverse()
    day, month, year = parts
    full = year + 2000 if year < 100 else year
    return Find(Role.DATE, match.start(), match.end(), day=(full, month, day))


def resolve(day: tuple[int | None, int, int], today: date | None, *, ahead: bool) -> date | None:
    """The calendar day, or None where it does not exist or its year cannot be known.

    Without a year: the next such day from `today` when `ahead` (an asked extension), else the
    latest such day up to `today` (a document that exists already).
    """
    year, month, number = day
    if year is not None:
        return _exists(year, month, number)
    if today is None:
        return None
    years = range(today.year, today.year + 5) if ahead else range(today.year, today.year - 5, -1)
    for candidate in years:
        found = _exists(candidate, month, number)
        if found and (found >= today if ahead else found <= today):
            return found
    return None


def _exists(year: int, month: int, number: int) -> date | None:
    try:
        return date(year, month, number)
    except ValueError:
        return None
