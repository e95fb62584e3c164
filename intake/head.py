"""What stands around a directive's body: number, kind, issuer, place, day, subject, signer, and who
receives it. What the copy leaves blank stays blank."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from deadlines.text import fold
from intake.flat import CAPITALS, flat
from intake.lexicon import FIELDS
from intake.numbers import KINDS, kind_and_issuer
from intake.outline import marker
from intake.paper import Paragraph

_HEAD = 40
# Lines of the head are no longer; a sentence that cites a number is.
_SHORT = 200
_NUMBER = re.compile(
    r"\bso\s*:?\s*(?P<run>[\d.…_]{0,14})\s*(?P<symbol>(?:/\d{4})?\s*[/-]\s*[a-z][\w&.-]*(?:\s*[/-]\s*[\w&.-]+)*)"
)
_PLACE = re.compile(
    r"(?P<place>[^,;:.\d]{2,40}?)\s*,\s*ngay\s*(?P<day>\d{0,2})[\s.…_]*thang\s*(?P<month>\d{0,2})[\s.…_]*nam\s*(?P<year>\d{4})"
)
_OF_PLACE = re.compile(r"(?:tinh|thanh pho|huyen|thi xa|xa|phuong|dac khu|quan)\s+\S")
_STATE = re.compile(r"cong hoa xa hoi|doc lap\s*-\s*tu do|dang cong san|^viet nam$")
_ISSUER = re.compile(
    r"\b(?:ubnd|uy ban|ban chi dao|bo|so|van phong|hoi dong|thu tuong|chinh phu|tinh uy|cuc"
    r"|tong cuc|ban|hdnd|dang uy|thanh uy|cong an)\b"
)
_KIND_LINES = {fold(kind): kind for kind in KINDS.values()}
_KIND = re.compile(
    r"(?P<kind>"
    + "|".join(sorted((re.escape(one) for one in _KIND_LINES), key=len, reverse=True))
    + r")"
)
_CITED = re.compile(rf"\w\W+(?:{'|'.join(map(re.escape, _KIND_LINES))})\s*$")
# Who decides, in a line of capitals under the subject of a decision.
_RANK = re.compile(r"(?:pho )?(?:chu tich|giam doc|uy ban nhan dan|ubnd|bo truong|truong ban)\b")
_BODY = re.compile(
    r"(?:kinh gui|can cu|thuc hien|ngay \d|chieu ngay|sang ngay|sau khi|theo (?:bao cao"
    r"|de nghi)|trien khai|nham|xet de nghi|thi hanh"
    r"|tiep theo|vua qua|thoi gian qua|de \w+|chu tich|bo truong|ubnd|uy ban)\b"
)
# Under the kind stands its subject, but for these.
_NO_SUBJECT = re.compile(r"(?:can cu|kinh gui|xet|theo de nghi|so\s*:|[ivx]+\.|\d+\.|dieu \d)")
_DAY = re.compile(
    r"(?:(?:sang|chieu"
    r"|toi) )?ngay\s+(?:(?P<d>\d{1,2})\s*[/.-]\s*(?P<m>\d{1,2})\s*[/.-]\s*(?P<y>\d{4})"
    r"|(?P<d2>\d{1,2}) thang (?P<m2>\d{1,2}) nam (?P<y2>\d{4}))"
)
_MEETING = re.compile(
    r"chu tri|to chuc|(?<!tong )(?<!phu )\bhop\b|hoi nghi|lam viec|kiem tra|khao sat"
)
_ANNEXED = re.compile(r"\W*(?:ban hanh )?(?:kem theo|dinh kem)\b.{0,60}\bso\b")
_RECEIVE = re.compile(r"noi nhan\s*:?")
_PURPOSE = re.compile(r"\s*\(\s*(?:de )?(?P<why>[^()]+)\)\s*$")
_AUTHORITY = re.compile(rf"(?:(?:TM|KT|TL|TUQ|Q)\.?\s+)?[{CAPITALS}][{CAPITALS} ,./-]+")
_PERSON = re.compile(
    rf"(?:(?:Ths|ThS|TS|PGS|GS|BS|Dr)\.?\s*)*[{CAPITALS}]\w+(?: [{CAPITALS}]\w+){{1,4}}"
)


@dataclass(frozen=True)
class Receiver:
    """One line of "Nơi nhận" with its purpose: "b/c", "t/h", "c/đ" or ""."""

    name: str
    purpose: str = ""


@dataclass(frozen=True)
class Head:
    """`number` keeps a blank running number ("/TB-UBND"). `issued`: ISO day, ISO month where the
    day is blank ("2024-05"), or "". `meeting`: the day of the meeting a notice tells of."""

    number: str = ""
    kind: str = ""
    issuer: str = ""
    place: str = ""
    issued: str = ""
    subject: str = ""
    signer: str = ""
    authority: str = ""
    meeting: date | None = None
    addressed: tuple[str, ...] = ()
    receivers: tuple[Receiver, ...] = ()
    body_from: int = 0

    @property
    def issued_on(self) -> date | None:
        return date.fromisoformat(self.issued) if len(self.issued) == 10 else None

    @property
    def earliest(self) -> date | None:
        """The first day the directive can be of."""
        if len(self.issued) == 7:
            return date.fromisoformat(f"{self.issued}-01")
        return self.issued_on or self.meeting


def read_head(paragraphs: Sequence[Paragraph]) -> Head:
    """The head and the foot of a directive."""
    top = [one.text for one in paragraphs[:_HEAD]]
    body = _body_from(top)
    upper = top[:body] or top[:8]
    number = _number(upper)
    place, issued = _place(upper)
    if not issued:
        # Printed in columns, the dateline may stand below what opens the body.
        lone = [one for one in top[:20] if _PLACE.fullmatch(flat(one).strip(" .;"))]
        place, issued = _place(lone)
        issued = issued or annexed(top[:12]).issued
    kind, subject = _kind(upper, number)
    meeting = _meeting(top[body : body + 4] or top[:6])
    if not number and not issued and meeting:
        # A report of a meeting, no signed document: it has the meeting's day.
        kind, issued = kind or "Tin hội nghị", meeting.isoformat()
        subject = subject or (top[0] if top else "")
    signer, authority, receivers = _foot([one.text for one in paragraphs])
    return Head(
        number=number,
        kind=kind,
        issuer=_issuer(upper, number),
        place=place,
        issued=issued,
        subject=subject,
        signer=signer,
        authority=authority,
        meeting=meeting,
        addressed=_addressed(paragraphs),
        receivers=receivers,
        body_from=body,
    )


def annexed(cells: Sequence[str]) -> Head:
    """What an annex says of the document it belongs to: "(Kèm theo Công văn số … ngày …)"."""
    for text in cells:
        opened = _ANNEXED.match(flat(text))
        if opened is None:
            continue
        day = _DAY.search(flat(text))
        number = _number([text], own=False)
        issued = ""
        if day:
            parts = (day["y"] or day["y2"], day["m"] or day["m2"], day["d"] or day["d2"])
            issued = _iso(*parts)
        return Head(number=number, kind=kind_and_issuer(number)[0], issued=issued)
    return Head()


def _body_from(top: Sequence[str]) -> int:
    """The first paragraph that is neither head nor title."""
    seen = False
    for place, text in enumerate(top):
        short = len(text) < _SHORT
        titled = place > 0 and _lone_kind(top[place - 1])
        if titled and not (_NO_SUBJECT.match(flat(text)) or text.endswith((":", ";"))):
            # "Triển khai …" under "KẾ HOẠCH" is what it is about, however it begins.
            seen = True
            continue
        seen = seen or (short and bool(_NUMBER.search(flat(text)) or _PLACE.search(flat(text))))
        seen = seen or bool(_title_of(text))
        long = len(text) > 330 or text.rstrip().endswith((":", ";"))
        ends = len(text) > 60 and text.rstrip().endswith(".")
        starts = (
            _BODY.match(flat(text)) is not None
            and not _STATE.search(flat(text))
            and not text.isupper()
        )
        if seen and (long or ends or (starts and not text.isupper()) or _begins(text)):
            return place
    return 0 if not seen else min(len(top), 8)


def _lone_kind(text: str) -> bool:
    """Whether a line is nothing but the kind in capitals."""
    plain = text.strip(" -*_.:")
    kind = _KIND_LINES.get(" ".join(flat(plain).split()), "")
    return bool(kind) and plain.isupper() and _spelled(plain, kind)


def _begins(text: str) -> bool:
    mark = marker(text)
    return mark is not None and mark.kind != "letter" and not _NUMBER.match(flat(text))


def _number(upper: Sequence[str], *, own: bool = True) -> str:
    """The number in the head; `own`: none that is cited ("Thực hiện Nghị quyết số …")."""
    for text in upper:
        found = _NUMBER.search(flat(text))
        if found is None or len(text) > _SHORT:
            continue
        if own and _CITED.search(flat(text)[: found.start()]):
            continue
        symbol = re.sub(r"\s+", "", text[found.start("symbol") : found.end("symbol")])
        symbol = re.split(r"(?<=[^\W\d_])(?=\s)", symbol)[0].rstrip(".,;")
        run = re.sub(r"\D", "", found["run"])
        if re.search(rf"[{CAPITALS}]{{2}}", symbol):
            return f"{run}{symbol}"
    return ""


def _place(upper: Sequence[str]) -> tuple[str, str]:
    for text in upper:
        found = _PLACE.search(flat(text))
        if found is None or len(text) > 160:
            continue
        place = text[found.start("place") : found.end("place")].strip(" -*_")
        # In one line with the number, columns are no longer apart.
        place = re.sub(r"^.*[/\d]\S*\s+", "", re.split(r"\s{2,}", place)[-1])
        return place, _iso(found["year"], found["month"], found["day"])
    return "", ""


def _iso(year: str, month: str, day: str) -> str:
    if not month or not 1 <= int(month) <= 12:
        return ""
    if not day:
        return f"{year}-{int(month):02d}"
    try:
        return date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        return f"{year}-{int(month):02d}"


def _kind(upper: Sequence[str], number: str) -> tuple[str, str]:
    """The kind and the subject under it; a Công văn has its subject behind "V/v"."""
    for place, text in enumerate(upper):
        kind = _title_of(text)
        found = _KIND.match(flat(text))
        if found and kind:
            below = (one for one in upper[place + 1 :] if not _of_the_state(one))
            parts = [text[found.end() :], *below]
            subject = " ".join(part.strip(" -*_") for part in parts if part.strip(" -*_"))
            if kind == "Thông báo" and flat(subject).startswith("ket luan"):
                kind = "Thông báo kết luận"
            return kind, subject
    about = next((text for text in upper if re.match(r"v/v\b|ve viec\b", flat(text))), "")
    return kind_and_issuer(number)[0], re.sub(r"^(?:V/v|v/v|Về việc)\s*:?\s*", "", about)


def _title_of(text: str) -> str:
    """The kind that a line opens with as a title in capitals; "" for other lines."""
    found = _KIND.match(flat(text))
    kind = _KIND_LINES[" ".join(found["kind"].split())] if found else ""
    titled = found and _spelled(text[: found.end()], kind) and _is_title(text, found.end())
    return kind if titled else ""


def _spelled(text: str, kind: str) -> bool:
    """Whether the letters are those of the kind, marks and all: "PHƯỜNG AN THẠNH" is no "Phương
    án". A copy without any marks is believed."""
    plain = " ".join(text.lower().split())
    return plain in {kind.lower(), fold(plain)}


def _of_the_state(text: str) -> bool:
    """Lines of the head that may stand behind the title where two columns are read one by one."""
    folded = flat(text)
    ranked = text.isupper() and _RANK.match(folded)
    return bool(ranked or _STATE.search(folded) or _PLACE.search(folded) or _NUMBER.match(folded))


def _is_title(text: str, end: int) -> bool:
    """Capitals up to the word's end; some copies run the title into the subject ("BÁOKết luận")."""
    rest = text[end : end + 2]
    glued = rest[:1].isupper() and not rest.isupper()
    return text[:end].isupper() and (glued or not rest[:1].isalnum())


def _issuer(upper: Sequence[str], number: str) -> str:
    """The lines in capitals above the number; the last names the issuing body."""
    lines: list[str] = []
    for text in upper:
        if _NUMBER.search(flat(text)):
            break
        lone = _STATE.split(flat(text))[0]
        name = text[: len(lone)].strip(" -*_")
        if not name or not name.isupper() or _KIND.match(flat(name)):
            continue
        if lines and _OF_PLACE.match(flat(name)):
            lines[-1] = f"{lines[-1]} {name}"
        elif _ISSUER.search(flat(name)):
            lines.append(name)
    if not lines:
        return kind_and_issuer(number)[1]
    return " - ".join(sentence_case(line) for line in lines)


_KEPT = {"ubnd", "hđnd", "bcđ", "mttq"}
_KINDS_OF_PLACE = re.compile(r"\b(tỉnh|thành phố|huyện|thị xã|xã|phường|đặc khu|quận) (.+)$")
_NAMED = re.compile("|".join(sorted((*FIELDS, "chính phủ"), key=len, reverse=True)))


def sentence_case(line: str) -> str:
    """ "SỞ KHOA HỌC VÀ CÔNG NGHỆ" and "UBND TỈNH QUẢNG TRỊ" as one writes them in a sentence."""
    small = _NAMED.sub(lambda found: _components(found[0]), line.lower())
    small = _KINDS_OF_PLACE.sub(lambda found: f"{found[1]} {found[2].title()}", small)
    words = [word.upper() if word in _KEPT else word for word in small.split()]
    text = " ".join(words)
    return text[:1].upper() + text[1:]


def _components(field: str) -> str:
    """The first letter of each part of a name: "Văn hóa, Thể thao và Du lịch"."""
    parts = re.split(r"(, | và | - )", field)
    return "".join(
        part[:1].upper() + part[1:] if part.strip(" ,-") != "và" else part for part in parts
    )


def _meeting(texts: Sequence[str]) -> date | None:
    for text in texts:
        folded = flat(text)
        found = _DAY.search(folded[:160])
        if found and _MEETING.search(folded):
            parts = (
                found["y"] or found["y2"],
                found["m"] or found["m2"],
                found["d"] or found["d2"],
            )
            try:
                return date(*(int(part) for part in parts))
            except ValueError:
                return None
    return None


def _addressed(paragraphs: Sequence[Paragraph]) -> tuple[str, ...]:
    """Whom a letter names behind "Kính gửi", or a telegram behind "điện:"."""
    for place, one in enumerate(paragraphs[:_HEAD]):
        found = re.match(r"kinh gui\s*:?\s*|.{0,80}\bdien\s*:\s*", flat(one.text))
        if found is None:
            continue
        names = [one.text[found.end() :]] if one.text[found.end() :].strip() else []
        for other in paragraphs[place + 1 : place + 20]:
            mark = marker(other.text)
            if (
                mark is None
                or mark.kind not in {"dash", "plus", "dot"}
                or (names and other.text[-1:] == ":")
            ):
                break
            names.append(other.text[mark.end :])
            if other.text.rstrip().endswith((".", "./.")):
                break
        return tuple(name.strip(" ;.,") for name in names if name.strip(" ;.,"))
    return ()


def _foot(texts: Sequence[str]) -> tuple[str, str, tuple[Receiver, ...]]:
    place = next((at for at, text in enumerate(texts) if _RECEIVE.match(flat(text))), None)
    if place is None:
        return "", "", ()
    receivers: list[Receiver] = []
    authority: list[str] = []
    signer = ""
    for text in texts[place + 1 : place + 60]:
        mark = marker(text)
        if mark and mark.kind in {"dash", "plus", "dot"}:
            receivers += _receivers(text[mark.end :])
        elif _PERSON.fullmatch(text.strip()) and not text.isupper():
            signer = text.strip()
            break
        elif _AUTHORITY.fullmatch(text.strip()):
            authority.append(text.strip())
    return signer, " ".join(authority), tuple(receivers)


def _receivers(text: str) -> list[Receiver]:
    tidy = text.strip(" ;.")
    if flat(tidy).startswith("luu"):
        return []
    found = _PURPOSE.search(tidy)
    why = re.sub(r"^(?:để|Để)\s+", "", found["why"]).strip() if found else ""
    name = tidy[: found.start()] if found else tidy
    return [Receiver(part.strip(), why) for part in name.split(";") if part.strip()]
