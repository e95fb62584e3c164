"""The words of a sentence that say by when: found among numbers that say other things.

Days of cited documents, spans in titles ("giai đoạn 2021-2025"), targets ("đến năm 2030 đạt 80 %")
and the period a report covers ("6 tháng đầu năm") are blanked out first. What is left counts only
with a word that makes it a deadline.
"""

import re
from dataclasses import dataclass
from datetime import date

from deadlines import Reading, read
from intake.cited import masked
from intake.flat import flat

DATED = frozenset({"fixed", "month", "quarter", "semiannual", "nine_month", "year", "range"})
RECURRING = frozenset({"daily", "weekly", "monthly", "quarterly", "annual", "multi"})

# What is no deadline although it reads like one.
_NOT = (
    re.compile(r"giai doan (?:nam )?\d{4}\s*-\s*\d{4}"),
    re.compile(r"(?:dinh huong|tam nhin)[^,;.]{0,12}?(?:den |toi )?(?:het )?(?:nam )?\d{4}"),
    re.compile(r"nam \d{4}\s*(?:-|va)\s*(?:nam )?\d{4}"),
    re.compile(
        r"(?<!hoan thanh )(?<!xong )(?<!cham nhat )(?:den|toi) (?:het |cuoi |hết )?(?:nam"
        r"|quy [ivx\d]+(?:/| nam )) ?\d{4}"
    ),
    re.compile(
        r"(?<!trong )(?<!xong )(?<!hoan thanh )(?:so ket |tong ket |ket qua "
        r"|bao cao )?(?:0?[369]|sau|chin) thang (?:dau|cuoi) nam(?: \d{4})?"
        r"(?=[^;.]{0,80}(?:nhiem vu|ket qua|cong tac|truoc|cham nhat)|[^;.]{0,3}$)"
    ),
    re.compile(
        r"(?:ke hoach|du toan|ngan sach|chi tieu|dao tao|von"
        r"|chuong trinh)[^,;.]{0,20} (?:hang|hằng) nam"
    ),
    re.compile(r"(?:hang|tung) (?:ngay|gio) (?=lam viec)"),
    re.compile(r"\b(?:bao|tu|ke tu|tinh den|so voi|trong) (?:ngay )?\d{1,2}/\d{1,2}/\d{4} den\b"),
    re.compile(r"(?:\"[^\"]{0,300}\")"),
    re.compile(r"tinh den (?:het )?(?:ngay|thang|quy|nam) [\d/]+"),
    re.compile(r"(?:moc thoi gian|so lieu)[^,;.]{0,30}(?:tu|den) ngay [\d/]+"),
)
# "năm 2026" in a title; only these words before it make it a deadline.
_YEAR = re.compile(r"nam \d{4}")
_BEFORE_YEAR = re.compile(
    r"(?:trong|hoan thanh|xong|het|cuoi|dau|quy (?:[ivx]{1,3}|\d)|thang \d{1,2}"
    r"|ngay \d{1,2} thang \d{1,2}|[,/])\s*$"
)
_TRIGGER = re.compile(
    r"\b(?:truoc|cham nhat|muon nhat|khong qua|het|xong|hoan thanh|trong (?:thang|quy|nam"
    r"|ngay|tuan|vong|thoi (?:han|gian)|6|06)"
    r"|han|thoi (?:gian|han)|dinh ky|hang (?:ngay|tuan|thang|quy|nam)|(?:moi|1|01) (?:tuan"
    r"|thang|quy|nam)(?=[ /])"
    r"|sau \d|\d+ (?:ngay|gio|thang)(?: lam viec)?,? (?:ke )?tu|ngay sau khi|vao (?:ngay"
    r"|tuan|thang|quy|dau|cuoi|giua)"
    r"|ngay \d{1,2}(?:/\d{1,2})? (?:hang|cua)|tu nay den|cuoi (?:thang|quy|nam)|trong \d+)\b"
)
_HARD = re.compile(
    r"\b(?:hoan thanh|xong|cham nhat|muon nhat|khong qua|truoc (?:ngay|\d+|thang|quy)|han"
    r"|trong thoi han|trong vong)\b"
)
# Words that the reading of a day does not need.
_SPARE = re.compile(
    r"(?:(?:va )?(?:phai )?(?:hoan thanh|xong)|dinh ky|thoi (?:gian|han)[^:]{0,20}:)\s+(?=\S)"
)
_PERIOD = re.compile(r"\b(?:hang|moi|tung) (?:ngay|tuan|thang|quy|nam)\b")
_SECTION = re.compile(
    r"\b(?:sau|truoc|trong) (?:thoi han |vong )?\d{1,3} (?:ngay|tuan|gio)[^,;.]{0,60}?(?:muc"
    r"|khoan|diem|dieu|phan)"
    r" (?:[\divx]+(?:\.\d+)*|[a-zđ]\b)(?:[^,;.]{0,40}?(?:neu tren|nay))?"
)
_MOOD = re.compile(r"\b(?:khan truong|thuong xuyen)\b")
_AS_RULED = re.compile(
    r"\b(?:theo quy dinh$|theo (?:dung )?(?:tien do|lo trinh|thoi (?:gian|han))\b[^,;.]*)"
)
_EVENT = re.compile(r"\bngay sau khi\b[^,;.)]*")
_TARGET = re.compile(r"\d\s?%|phan dau")


@dataclass(frozen=True)
class Due:
    """A deadline's words as the text has them. `hard`: they order a day, whoever is meant."""

    text: str
    kind: str
    hard: bool
    start: int


def due_in(text: str, reference: date) -> Due | None:
    """The deadline that a sentence states, or None. `reference` as in :func:`deadlines.read`."""
    hidden = _hidden(text)
    folded = flat(hidden)
    section = _SECTION.search(folded)
    if section:
        return _due(text, section.start(), section.end(), "relative")
    reading = read(hidden, reference)
    dated = _dated(text, folded, reading, reference)
    return dated or _mood(text, folded, reference)


def _dated(text: str, folded: str, reading: Reading, reference: date) -> Due | None:
    if reading.kind not in DATED | RECURRING | {"relative", "ambiguous"}:
        return None
    start, end = _widened(folded, *reading.span)
    opens = reading.kind == "range" and not folded[:start].strip()
    told = opens or _TRIGGER.search(folded[max(0, start - 14) : end])
    if not (told or _bare(text, folded, reading, reference)):
        return None
    if _aimed(folded, start) or _in_purpose(folded, start, end):
        return None
    start, end = _whole(text, folded, *_trimmed(text, start, end), reading, reference)
    return _due(text, start, end, reading.kind)


def _bare(text: str, folded: str, reading: Reading, reference: date) -> bool:
    """A coming day that a sentence ends with, in brackets or not ("… trình UBND phường ngày
    12/5")."""
    start, end = reading.span
    lone = not folded[end:].strip(" .;,)/") or folded[start - 1 : start] == "("
    dated = re.match(r"ngay \d{1,2}[/-]\d", folded[start:end]) is not None
    if not (lone and dated):
        return False
    alone = read(text[start:end].rstrip(" .;,)"), reference)
    return alone.kind == "fixed" and bool(alone.due)


def _whole(
    text: str, folded: str, start: int, end: int, reading: Reading, reference: date
) -> tuple[int, int]:
    """The phrase with what it needs to be read so by itself ("hằng năm … trước ngày 10/12")."""
    if read(text[start:end], reference).rule == reading.rule:
        return start, end
    periods = [found.start() for found in _PERIOD.finditer(folded[:start])]
    for begin in reversed(periods):
        if read(text[begin:end], reference).rule == reading.rule:
            return begin, end
    behind = _PERIOD.search(folded, end)
    if behind and read(text[start : behind.end()], reference).rule == reading.rule:
        return start, behind.end()
    return start, end


def _widened(folded: str, start: int, end: int) -> tuple[int, int]:
    """With the words before it that belong to it: "trước", "trong", "hoàn thành trong"."""
    before = re.search(
        r"(?:(?:hoan thanh|xong) )?(?:(?:truoc|cham nhat(?: la| vao| den)?|trong(?: vong"
        r"| thoi han)?|den(?: het)?|sau|vao)\s+)+$",
        folded[:start],
    )
    return (before.start() if before else start), end


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    while end > start and text[end - 1] in " ,;.:(":
        end -= 1
    while start < end and text[start] in " ,;.:(":
        start += 1
    spare = _SPARE.match(flat(text[start:end]))
    return start + (spare.end() if spare else 0), end


def _aimed(folded: str, start: int) -> bool:
    """A period that a target is set for: "phấn đấu đến hết năm 2026, 100 % xã"."""
    clause = re.split(r"[;.]", folded[:start])[-1][-60:] + re.split(r"[;.]", folded[start:])[0][:80]
    aim = re.match(r"(?:phan dau )?(?:den|toi)\b", folded[start:]) is not None
    return aim and _TARGET.search(clause) is not None


def _in_purpose(folded: str, start: int, end: int) -> bool:
    """A period inside what a duty is for ("để có giải pháp trong 6 tháng cuối năm …")."""
    purpose = re.search(r"\b(?:de|nham) [^,;.:]*$", folded[:start])
    return purpose is not None and not _HARD.search(folded[max(0, start - 24) : end])


def _mood(text: str, folded: str, reference: date) -> Due | None:
    """Words without a day: "thường xuyên", "khẩn trương", "theo quy định", "ngay sau khi …"."""
    event = _EVENT.search(folded)
    if event:
        return _due(text, event.start(), event.end(), "event")
    found = _MOOD.search(folded[:160])
    if found:
        return _due(text, found.start(), found.end(), "ongoing")
    ruled = _AS_RULED.search(folded.rstrip(" ./;"))
    if ruled and re.search(r"\bbao cao\b", folded):
        return _due(
            text,
            ruled.start(),
            ruled.end(),
            read(text[ruled.start() : ruled.end()], reference).kind,
        )
    return None


def _due(text: str, start: int, end: int, kind: str) -> Due:
    hard = kind not in {"ongoing", "event", "per_plan"} and bool(
        _HARD.search(flat(text[max(0, start - 24) : end]))
    )
    return Due(text[start:end], kind, hard, start)


def _hidden(text: str) -> str:
    hidden = masked(text)
    folded = flat(hidden)
    for pattern in _NOT:
        for found in pattern.finditer(folded):
            # "Từ ngày … đến ngày …: nhập số liệu" opens with the days of the duty itself.
            if found.start() or not folded.startswith("tu ngay"):
                hidden = _blank(hidden, *found.span())
    for found in _YEAR.finditer(folded):
        if not _BEFORE_YEAR.search(folded[: found.start()]):
            hidden = _blank(hidden, *found.span())
    return hidden


def _blank(text: str, start: int, end: int) -> str:
    return text[:start] + re.sub(r"\S", "_", text[start:end]) + text[end:]
