"""What a duty's words say besides who: its title, what it brings forth, with whom, for whom."""

import re

from intake.actors import Scanner, Text
from intake.flat import flat
from intake.subjects import SENDS, names_of

_WITH = re.compile(
    r"\b(?:phoi hop(?: chat che| hieu qua)?(?: cung)?(?: voi| cung(?: voi)?)?|cung voi"
    r"|voi su (?:tham gia|phoi hop) cua|(?:xin|lay) y kien(?: cua| tham gia cua)?)\s*:?\s+"
)
_DIRECTS = re.compile(r"\s*(?:truc tiep )?(?:chi dao|don doc)(?:,? (?:chi dao|don doc))?\s+")
_TOWARDS = re.compile(r"\b(?:ve|thong qua|qua)\s+")
_PURPOSE = re.compile(
    r"\s*(?:\([^()]*\)\s*)?(?:,|\.|;|/|$|truoc|cham nhat|de |\(|theo|dinh ky|trong )"
)
_REPORTED = re.compile(r"\b(?:bao cao|gui|phan anh|nop|tong hop|de xuat)\b")
_LONGEST_TITLE = 700
_DELIVERED = re.compile(
    r"\b(?:xay dung|ban hanh|hoan thien|hoan thanh|lap|du thao|trinh|soan thao"
    r"|tham muu)\b[^.;]{0,40}?"
    r"\b(?P<what>(?:du thao )?(?:ke hoach|de an|chuong trinh|bao cao|quyet dinh|nghi quyet"
    r"|quy che|quy dinh|danh muc|bo chi so"
    r"|to trinh|phuong an|huong dan|van ban huong dan|bo tieu chi|de cuong|quy trinh|chi thi"
    r"|cong van)\b[^.;,:()_]*)"
)
_REPORT = re.compile(
    r"\b(?:bao cao) (?P<what>(?:ket qua|tinh hinh|tien do)\b[^.;,:()_]*?)(?=,|;|\.| gui "
    r"| ve | truoc | cham nhat |$|\()"
)


def title(text: str) -> str:
    """The text as a task's title, cut where it is far too long."""
    tidy = re.sub(r"\s+", " ", text).strip(" .;:,-/")
    if len(tidy) > _LONGEST_TITLE:
        tidy = f"{tidy[: _LONGEST_TITLE - 1].rsplit(' ', 1)[0]}…"
    return _capital(tidy)


def deliverable(text: str) -> str:
    """The document a duty is to bring forth, in the words of the text; "" where it says none."""
    folded = flat(text)
    found = _DELIVERED.search(folded)
    if found and not re.match(r"(?:\S+ ){2,3}so \d|(?:\S+ ){2}\d", found["what"]):
        words = text[found.start("what") : found.end("what")].split()[:16]
        return _capital(" ".join(words)).rstrip(" ,")
    report = _REPORT.search(folded)
    return f"Báo cáo {text[report.start('what') : report.end('what')].strip()}" if report else ""


def coordinating(scanner: Scanner, line: Text) -> list[str]:
    """Those named behind "phối hợp với", "cùng với", "xin ý kiến"."""
    found: list[str] = []
    for together in _WITH.finditer(line.flat):
        actors, _end = scanner.actors(line, together.end(), semicolon=False)
        found += names_of(actors)
    return found


def directed(scanner: Scanner, line: Text) -> list[str]:
    """Whom a person is to direct: "chỉ đạo Phòng A, Công an phường ra quân …"."""
    found = _DIRECTS.match(line.flat)
    actors, _end = scanner.actors(line, found.end()) if found else ([], 0)
    return list(names_of(actors))


def receiving(scanner: Scanner, line: Text) -> list[str]:
    """Who receives: behind "gửi", or behind "về" and "qua" where a purpose or day follows."""
    found: list[str] = []
    for pattern, sure in ((SENDS, True), (_TOWARDS, False)):
        for sent in pattern.finditer(line.flat):
            actors, end = scanner.actors(line, sent.end(), semicolon=False)
            said = sure or _REPORTED.search(line.flat[max(0, sent.start() - 200) : sent.start()])
            if actors and said and (sure or _PURPOSE.match(line.flat, end)):
                found += names_of(actors)
        if found:
            break
    return list(dict.fromkeys(found))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
