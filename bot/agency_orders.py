"""What staff say about the list of agencies, read into an order. Names are looked up later."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from deadlines.text import clean, fold
from registry.agency_changes import ChangeKind, Order
from registry.people import Refused

_DAY = re.compile(
    r"[,;]?\s+(?:ke )?tu (?:ngay )?(?:"
    r"(?P<d>\d{1,2})[/.-](?P<m>\d{1,2})[/.-](?P<y>\d{4})"
    r"|(?P<d2>\d{1,2}) thang (?P<m2>\d{1,2}) nam (?P<y2>\d{4})"
    r"|(?P<word>hom nay|ngay mai|mai))[ .]*$"
)
_BARE_DAY = re.compile(r"\s+(?:ke )?tu (?:ngay )?\d{1,2}[/.-]\d{1,2}[ .]*$")
# The words a name of an agency begins with: a comma or "và" before one of them parts two names,
# any other belongs to a name ("Sở Văn hóa, Thể thao và Du lịch").
_HEADS = (
    "sở", "ubnd", "ủy ban", "uỷ ban", "hđnd", "ban", "văn phòng", "công an", "cục", "chi cục",
    "tổng cục", "trung tâm", "trường", "bệnh viện", "kho bạc", "thanh tra", "bộ chỉ huy", "đài",
    "hội", "liên đoàn", "liên minh", "tỉnh đoàn", "xã", "phường", "đặc khu", "huyện", "thị xã",
    "thị trấn", "thành phố", "viện", "quỹ", "tổng công ty", "công ty", "vnpt", "viettel",
    "mobifone", "báo", "ngân hàng", "tòa án", "phòng", "bảo hiểm", "thuế", "hải quan",
)  # fmt: skip
_HEAD = "|".join(sorted({form for head in _HEADS for form in (head, fold(head))}, reverse=True))
_PARTED = re.compile(
    rf"\s*,\s*(?:và\s+|va\s+)?(?=(?:{_HEAD})\b)|\s+(?:và|va)\s+(?=(?:{_HEAD})\b)", re.IGNORECASE
)


@dataclass(frozen=True)
class Add:
    """A new agency; `day`: from when it is there (None: ever since)."""

    name: str
    groups: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    level: str = ""
    day: date | None = None


@dataclass(frozen=True)
class Give:
    """Duties of agencies that ended, by number or all of one agency's, to another agency."""

    to: str
    numbers: tuple[int, ...] = ()
    agency: str = ""


@dataclass(frozen=True)
class Cancel:
    """A change still ahead is taken back."""

    agency: str


Wish = Order | Add | Give | Cancel


def read_order(text: str, today: date) -> Wish | None:
    """What the words order; None where they order nothing (a name alone, say). Raises Refused where
    an order is begun and not complete."""
    words = clean(text)
    folded = fold(words)
    for pattern, reader in _READERS:
        found = re.match(pattern, folded)
        if found:
            return reader(words[found.end() :].strip(" :,"), today)
    return None


def split_names(text: str) -> tuple[str, ...]:
    """ "Sở A, Sở B và Sở C" -> three names; where there is a ";", nothing else parts."""
    if ";" in text:
        parts = text.split(";")
    else:
        ends = [(found.start(), found.end()) for found in _PARTED.finditer(text)]
        starts = [0, *(end for _start, end in ends)]
        parts = [text[a:b] for a, b in zip(starts, [*(s for s, _ in ends), len(text)], strict=True)]
    return tuple(part for each in parts if (part := each.strip(" .,;")))


def _day(text: str, today: date) -> tuple[str, date]:
    """The words without the day at their end, and that day; today where none is said."""
    found = _DAY.search(fold(text))
    if found is None:
        if _BARE_DAY.search(fold(text)):
            raise Refused("Xin ghi đủ ngày, tháng, năm có hiệu lực, ví dụ: từ 01/7/2027.")
        return text, today
    rest = text[: found.start()]
    if found["word"]:
        return rest, today if found["word"] == "hom nay" else today + timedelta(days=1)
    day, month, year = (int(found[a] or found[f"{a}2"]) for a in ("d", "m", "y"))
    try:
        return rest, date(year, month, day)
    except ValueError:
        raise Refused(f"Không có ngày {day}/{month}/{year}.") from None


def _cut(text: str, *marks: str) -> tuple[str, str]:
    """What stands before and behind the last of the marks."""
    folded = fold(text)
    places = [(folded.rfind(f" {mark} "), len(mark) + 2) for mark in marks]
    at, size = max(places)
    return (text, "") if at < 0 else (text[:at].strip(" ,;:"), text[at + size :].strip(" ,;:"))


def _merge(text: str, today: date) -> Wish:
    rest, day = _day(text, today)
    sources, into = _cut(rest, "vao", "thanh")
    if not sources or not into:
        raise Refused("Ví dụ: /coquan sáp nhập Sở A, Sở B vào Sở C từ 01/7/2027")
    return Order(ChangeKind.MERGE, split_names(sources), day, (into,))


def _split(text: str, today: date) -> Wish:
    rest, day = _day(text, today)
    rest, main = _cut(rest, "viec con lai cho", "viec con lai giao cho")
    source, into = _cut(rest, "thanh", "vao")
    if not source or not into:
        raise Refused(
            "Ví dụ: /coquan tách UBND huyện A thành UBND xã B; UBND xã C từ 01/7/2027; "
            "thêm “việc còn lại cho UBND xã B” trước ngày nếu có một nơi nhận chung."
        )
    return Order(ChangeKind.SPLIT, (source,), day, split_names(into), main)


def _rename(text: str, today: date) -> Wish:
    rest, day = _day(text, today)
    old, new = _cut(rest, "thanh")
    if not old or not new:
        raise Refused("Ví dụ: /coquan đổi tên Sở A thành Sở B từ 01/7/2027")
    return Order(ChangeKind.RENAME, (old,), day, (new,))


def _end(text: str, today: date) -> Wish:
    rest, day = _day(text, today)
    source, into = _cut(rest, "chuyen cho", "ban giao cho", "giao cho")
    if not source:
        raise Refused("Ví dụ: /coquan kết thúc Chi cục A từ 01/7/2027, hoặc … chuyển cho Sở B từ …")
    return Order(ChangeKind.END, (source,), day, (into,) if into else ())


def _add(text: str, today: date) -> Wish:
    rest, day = _day(text, today)
    given = day if rest != text else None
    rest, aliases = _cut(rest, "ten khac")
    rest, groups = _cut(rest, "khoi")
    if fold(rest).endswith((" thuoc", " vao")):
        rest = rest.rsplit(maxsplit=1)[0]
    name, level = _cut(rest, "cap")
    if not name:
        raise Refused("Ví dụ: /coquan thêm Sở Y tế khối các sở, ban, ngành cấp tỉnh")
    return Add(name, _listed(groups), _listed(aliases), level, given)


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip(" .,") for part in text.split(";") if part.strip(" .,"))


def _give(text: str, _today: date) -> Wish:
    what, to = _cut(text, "cho")
    if not what or not to:
        raise Refused("Ví dụ: /coquan giao 127, 131 cho UBND xã A")
    numbers = re.fullmatch(
        r"(?:dau viec |viec )?#?\d{1,9}(?:(?: ?[,;] ?| va | )#?\d{1,9})*", fold(what)
    )
    if numbers:
        return Give(to, tuple(int(each) for each in re.findall(r"\d+", what)))
    return Give(to, agency=re.sub(r"^(?:hết |tất cả )?(?:việc của )?", "", what))


def _cancel(text: str, _today: date) -> Wish:
    if not text:
        raise Refused("Ví dụ: /coquan hủy Sở A – bỏ thay đổi chưa đến ngày của Sở A")
    return Cancel(text)


_READERS: tuple[tuple[str, Callable[[str, date], Wish]], ...] = (
    (r"(?:them|tao)(?: moi)?(?: co quan| don vi)?(?= |$)", _add),
    (r"(?:sap nhap|hop nhat|nhap)(?= |$)", _merge),
    (r"(?:chia tach|tach|chia)(?= |$)", _split),
    (r"doi ten(?= |$)", _rename),
    (r"(?:ket thuc|giai the|bai bo|cham dut)(?: hoat dong)?(?= |$)", _end),
    (r"giao(?: lai)?(?= |$)", _give),
    (r"huy(?: bo)?(?= |$)", _cancel),
)
