"""What staff say while they look over a directive: "3 hạn 20/12", "4 chủ trì Sở Y tế", "bỏ 7",
"duyệt hết".

Pure. One message may hold several orders, one a line or parted by ";". If one of them cannot be
read, none is carried out: half an order is worse than none.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from deadlines.text import clean, fold
from intake.board import Column, Fact

What = Literal[
    "accept", "accept_all", "drop", "restore", "set", "add", "fact", "page", "turn", "show",
    "problems", "summary", "undo", "sheet", "cancel", "adopt", "create", "yes", "yes_end", "no",
    "help",
]  # fmt: skip
MOST_NUMBER = 2000


@dataclass(frozen=True, slots=True)
class Order:
    """One thing to be done. `numbers`: tasks as typed, from 1; `column` and `value` for "set" and
    "add" (an empty value clears the cell); `fact` for "fact"; `turn`: pages forward or back."""

    what: What
    numbers: tuple[int, ...] = ()
    column: Column | None = None
    fact: Fact | None = None
    value: str = ""
    turn: int = 0


@dataclass(frozen=True, slots=True)
class Unread:
    """Beside orders, words that are none."""

    text: str


_NUMBER = r"(?:(?:nhiem vu|viec|muc|dong|so) ?|#)?\d{1,4}"
_RANGE = rf"{_NUMBER}(?: ?(?:-|–|den|toi) ?\d{{1,4}})?"
_NUMBERS = rf"{_RANGE}(?:(?: ?[,&+] ?| va | ){_RANGE})*"
_COLUMNS: tuple[tuple[str, Column], ...] = (
    (r"(?:(?:thoi )?han(?: chot| nop| hoan thanh)?|tien do|hoan thanh)", "deadline"),
    (r"(?:(?:co quan |don vi )?(?:chu tri|thuc hien)|giao(?: cho)?)", "lead"),
    (r"(?:(?:co quan |don vi )?phoi hop(?: voi| cung)?)", "coordinate"),
    (
        r"(?:noi nhan(?: bao cao)?|gui(?: bao cao)?(?: ve| den| toi| cho)?|bao cao (?:ve|cho))",
        "send_to",
    ),
    (r"(?:san pham|ket qua|dau ra)", "deliverable"),
    (r"(?:noi dung|ten(?: viec| nhiem vu)?|nhiem vu)", "title"),
)  # fmt: skip
_COLUMN = "|".join(f"(?P<c{at}>{words})" for at, (words, _column) in enumerate(_COLUMNS))
_IS = r"(?: ?[:=] ?| (?:la|thanh|sang) )"
_SET = re.compile(
    rf"(?:sua |doi |dat )?(?P<n>{_NUMBERS})(?: ?: ?| )(?:sua |doi )?(?P<add>them |bo sung )?"
    rf"(?:{_COLUMN})(?:{_IS}| )(?P<value>\S.*)"
)
_SET_BACK = re.compile(
    rf"(?P<add>them |bo sung )?(?:sua |doi |dat )?(?:{_COLUMN}) (?:cua )?"
    rf"(?P<n>{_NUMBERS}){_IS}(?P<value>\S.*)"
)
_CLEAR = re.compile(rf"(?P<n>{_NUMBERS})(?: ?: ?| )(?:bo|xoa|khong co|khong) (?:{_COLUMN})")
_NOTHING = frozenset({"khong", "khong co", "-", "trong", "bo", "xoa"})

_Made = Callable[[re.Match[str], str], Order]


def _numbers(text: str) -> tuple[int, ...]:
    """ "3-5, 8" -> 3, 4, 5, 8."""
    found: list[int] = []
    for first, last in re.findall(r"(\d+)(?: ?(?:-|–|den|toi) ?(\d+))?", text):
        start, end = int(first), int(last or first)
        found += range(start, min(end, start + MOST_NUMBER) + 1) if start <= end else [start, end]
    return tuple(dict.fromkeys(found))


def _over(what: What) -> _Made:
    return lambda match, _words: Order(what, _numbers(match["n"]))


def _alone(what: What, turn: int = 0) -> _Made:
    return lambda _match, _words: Order(what, turn=turn)


def _said(fact: Fact) -> _Made:
    return lambda match, words: Order("fact", fact=fact, value=_tail(match, words))


def _tail(match: re.Match[str], words: str) -> str:
    return words[match.start("value") : match.end("value")].strip(" .")


def _column_of(match: re.Match[str]) -> Column:
    return next(
        column for at, (_words, column) in enumerate(_COLUMNS) if match.groupdict()[f"c{at}"]
    )


def _set(match: re.Match[str], words: str) -> Order:
    value = _tail(match, words)
    column = _column_of(match)
    if fold(value) in _NOTHING:
        return Order("set", _numbers(match["n"]), column)
    return Order("add" if match["add"] else "set", _numbers(match["n"]), column, value=value)


def _clear(match: re.Match[str], _words: str) -> Order:
    return Order("set", _numbers(match["n"]), _column_of(match))


def _create(match: re.Match[str], words: str) -> Order:
    return Order("create", value=_tail(match, words))


# In this order: the first row that fits the whole sentence decides. Words are folded.
_SIGN = r"(?P<value>\d*\S*/\S+(?: \S+)?)"
_ALL = r"(?:het|tat ca|toan bo)"
_ROWS: tuple[tuple[re.Pattern[str], _Made], ...] = tuple(
    (re.compile(pattern) if isinstance(pattern, str) else pattern, made)
    for pattern, made in (
        (rf"(?:duyet|dong y|chot|nhan|luu) (?:{_ALL})|luu|chot|duyet va luu", _alone("accept_all")),
        (rf"(?:duyet|dong y|chap nhan) (?:nhiem vu |viec )?(?P<n>{_NUMBERS})", _over("accept")),
        (rf"(?P<n>{_NUMBERS}) (?:dung|duoc|ok|oke|duyet|dong y)(?: roi)?", _over("accept")),
        (rf"(?:bo(?: qua| viec| nhiem vu)?|xoa|loai(?: bo)?) (?P<n>{_NUMBERS})", _over("drop")),
        (rf"(?P<n>{_NUMBERS}) (?:bo|xoa|loai)", _over("drop")),
        (rf"(?:lay lai|khoi phuc|giu(?: lai)?) (?P<n>{_NUMBERS})", _over("restore")),
        (rf"(?:nhan|theo|lay) goi y(?: (?P<n>{_NUMBERS}|{_ALL}))?",
         lambda match, _words: Order("adopt", _numbers(match["n"] or ""))),
        (rf"(?P<n>{_NUMBERS}) (?:nhan|theo|lay) goi y", _over("adopt")),
        (r"(?:tao|them)(?: moi)?(?: co quan| don vi) (?P<value>\S.{1,150})", _create),
        (r"tao (?P<value>\D.{2,150})", _create),
        (rf"tao (?:co quan )?(?:o |cua )?(?P<n>{_NUMBERS})", _over("create")),
        (rf"(?:van ban )?so(?: van ban| hieu| ky hieu)?(?: ?: ?| la | ){_SIGN}", _said("number")),
        (
            r"(?:van ban )?(?:khong|chua)(?: co)? so(?: van ban)?",
            lambda _match, _words: Order("fact", fact="unnumbered", value="1"),
        ),
        (r"(?:ngay (?:ban hanh|ky|van ban)|ban hanh(?: ngay)?)(?: ?: ?| la | )(?P<value>.{3,60})",
         _said("issued")),
        (r"(?:trich yeu|ten van ban)(?: ?: ?| la | )(?P<value>.{3,400})", _said("title")),
        (r"(?:tinh|ap dung) tu(?: ngay)? (?P<value>.{3,60})", _said("owed_from")),
        (r"(?:tinh|ap dung) den(?: het)?(?: ngay)? (?P<value>.{3,60})", _said("owed_until")),
        (rf"(?:xem|chi tiet)(?: viec| nhiem vu)? (?P<n>{_NUMBER})", _over("show")),
        (rf"(?P<n>{_NUMBER})", _over("show")),
        (r"trang (?P<n>\d{1,3})", _over("page")),
        (r"(?:trang )?(?:tiep(?: theo)?|sau)|xem tiep", _alone("turn", 1)),
        (r"trang truoc|quay lai|lui lai trang", _alone("turn", -1)),
        (r"(?:xem )?(?:loi|cho sua|can sua|phai sua|con gi)", _alone("problems")),
        (r"tom tat|(?:xem )?tong quan|xem(?: het| lai)?", _alone("summary")),
        (r"hoan tac|lui lai|lam lai", _alone("undo")),
        (r"(?:gui |xuat |tai |lay )?(?:bang|excel|xlsx)(?: excel)?", _alone("sheet")),
        (r"huy(?: soat| ban soat| nhap)|bo (?:ban soat|ca van ban)", _alone("cancel")),
        (r"dong y|co|ok|dung|duoc|xac nhan", _alone("yes")),
        (r"(?:dong y )?ket thuc(?: luon| ca| nhiem vu cu)?", _alone("yes_end")),
        (r"khong|thoi|khong dong y|huy", _alone("no")),
        (r"(?:huong dan|tro giup)(?: soat)?|\?", _alone("help")),
        (_SET, _set),
        (_SET_BACK, _set),
        (_CLEAR, _clear),
    )
)  # fmt: skip
# Where a ";" parts two orders and not two names within one.
_NEXT = re.compile(
    rf"; *(?=(?:bo|xoa|so|giu|duyet|xem) \d|duyet|ngay (?:ban hanh|ky)"
    rf"|{_NUMBERS} (?:{re.sub('[?]P<c[0-9]>', '?:', _COLUMN)}|dung|ok|bo))"
)


def read_orders(text: str) -> list[Order] | Unread | None:
    """The orders of one message; None where it holds none at all."""
    found: list[Order | Unread] = []
    for line in text.splitlines():
        words = clean(line).strip(" .!")
        for sentence in _sentences(words):
            order = _one(sentence)
            found.append(order if order is not None else Unread(sentence))
    orders = [one for one in found if isinstance(one, Order)]
    unread = [one for one in found if isinstance(one, Unread)]
    if not orders:
        return None
    return unread[0] if unread else orders


def _sentences(words: str) -> list[str]:
    flat = fold(words)
    cuts = [0, *(match.end() for match in _NEXT.finditer(flat)), len(words)]
    parts = (words[start:end] for start, end in pairwise(cuts))
    return [part.strip(" ;.") for part in parts if part.strip(" ;.")]


def _one(sentence: str) -> Order | None:
    flat = fold(sentence)
    for pattern, made in _ROWS:
        if match := pattern.fullmatch(flat):
            return made(match, sentence)
    return None
