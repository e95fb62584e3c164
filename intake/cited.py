"""Documents that a directive cites: number, day, and where. Their days are no deadlines."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from intake.flat import flat
from intake.numbers import KINDS

_KINDS = "|".join(
    sorted(
        {flat(kind) for kind in KINDS.values()}
        | {
            "luat",
            "nghi dinh",
            "thong tu",
            "van ban",
            "de an",
            "phieu chuyen",
            "thu moi",
            "ket luan",
            "quy dinh",
            "ban ghi nho",
        },
        key=len,
        reverse=True,
    )
)
# 134/KH-UBND, 6004/UBND-CNTT, 42/2022/NĐ-CP, 06-NQ/TU, 91/2025/QH15
_NUMBER = r"\d{1,6}(?:/\d{4})?(?:/|-)[A-ZĐ][A-ZĐa-z0-9&]*(?:[-/.][A-ZĐ0-9][A-ZĐa-z0-9&]*)*"
_DAY = (
    r"(?P<day>\d{1,2})\s*[/.-]\s*(?P<month>\d{1,2})\s*[/.-]\s*(?P<year>\d{4})"
    r"|(?P<day2>\d{1,2}) thang (?P<month2>\d{1,2}) nam (?P<year2>\d{4})"
)
_CITED = re.compile(
    rf"(?:(?P<kind>{_KINDS})\s+)?(?:so\s*:?\s*)?(?P<number>{_NUMBER})", re.IGNORECASE
)
_DATED = re.compile(rf"(?P<between>[^;.\d]{{0,70}}?)\bngay\s+(?:{_DAY})")
# "Kế hoạch … ngày 16/5/2022" without a number, "tại cuộc họp ngày 05/9/2025".
_UNNUMBERED = re.compile(
    rf"(?:{_KINDS}|cuoc hop|phien hop|hoi nghi|buoi lam viec|buoi hop"
    rf"|ky hop)\b(?P<between>[^;.\d]{{0,60}}?)\bngay\s+(?:{_DAY})"
)
# What shows that a day behind a document is a deadline and not its own.
_OWED = re.compile(r"\b(?:truoc|cham nhat|hoan thanh|bao cao|gui|trong|den|xong)\b")
# "thay thế Kế hoạch số 12/KH-UBND"; "được thay thế bằng Kế hoạch số …" says the opposite.
_REPLACES = re.compile(
    r"(?<!duoc )(?<!bi )(?<!khong )\b(?:thay the|thay cho|bai bo)(?: cho| toan bo| cac)*[:\s]*$"
)
_EXPIRES = re.compile(r"[^.;]{0,60}\bhet hieu luc\b")
_JOINED = re.compile(r"(?:\s*cua [^.;,\d]{0,60})?\s*(?:,|va|, va)\s*")


@dataclass(frozen=True)
class Citation:
    """A document named in another. `issued` is None where its day is not told; `replaces`: the
    other one says that it takes its place."""

    number: str
    kind: str
    issued: date | None
    line: int
    replaces: bool = False


def citations(texts: Iterable[tuple[int, str]]) -> list[Citation]:
    """Every document cited, once for each number, in the order of the text. A day that is told
    only the second time is kept."""
    found: dict[str, Citation] = {}
    for line, text in texts:
        replaced = _replaced(text)
        for start, end, issued in _spans(text):
            match = _CITED.match(flat(text), start)
            number = text[match.start("number") : end] if match else ""
            number = re.match(_NUMBER, number, re.IGNORECASE)[0] if match else number  # type: ignore[index]
            known = found.get(number)
            if known is None or (known.issued is None and issued is not None):
                kind = (
                    text[match.start("kind") : match.end("kind")] if match and match["kind"] else ""
                )
                found[number] = Citation(
                    number, kind or (known.kind if known else ""), issued, line,
                    start in replaced or (known.replaces if known else False),
                )  # fmt: skip
            elif start in replaced:
                found[number] = replace(known, replaces=True)
    return list(found.values())


def _replaced(text: str) -> set[int]:
    """Where the documents stand whose place this one takes: behind "thay thế", and those joined to
    them. What replaces only a part ("một số nội dung của …") stands behind other words."""
    folded = flat(text)
    found: set[int] = set()
    last = -1
    for start, end, _issued in _spans(text):
        joined = last >= 0 and _JOINED.fullmatch(folded, last, start)
        if joined or _REPLACES.search(folded[:start]) or _EXPIRES.match(folded, end):
            found.add(start)
            last = end
        else:
            last = -1
    return found


def masked(text: str) -> str:
    """The text with cited documents and their days blanked out, letter for letter."""
    folded = flat(text)
    spans = [(start, end) for start, end, _issued in _spans(text)]
    spans += [
        found.span() for found in _UNNUMBERED.finditer(folded) if not _OWED.search(found["between"])
    ]
    for start, end in spans:
        text = text[:start] + re.sub(r"\S", "_", text[start:end]) + text[end:]
    return text


def _spans(text: str) -> list[tuple[int, int, date | None]]:
    """Where documents are cited by number, each with the day that belongs to it."""
    folded = flat(text)
    found: list[tuple[int, int, date | None]] = []
    for cited in _CITED.finditer(folded):
        number = text[cited.start("number") : cited.end("number")]
        if not re.search(r"[A-ZĐ]{2}", number):
            continue
        dated = _DATED.match(folded, cited.end())
        if dated is not None and not _OWED.search(dated["between"]):
            found.append((cited.start(), dated.end(), _day(dated)))
        else:
            found.append((cited.start(), cited.end(), None))
    return found


def _day(found: re.Match[str]) -> date | None:
    parts = (
        found["year"] or found["year2"],
        found["month"] or found["month2"],
        found["day"] or found["day2"],
    )
    try:
        return date(*(int(part) for part in parts))
    except ValueError:
        return None
