"""Who a sentence orders: the agency it begins with, or the one behind "giao", "yêu cầu", behind a
lead-in, before "chủ trì", or in brackets at its end."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from intake.actors import Actor, Scanner, Text, after_brackets, verb_at
from intake.flat import flat
from intake.lexicon import ADVERBS
from intake.sentences import Piece
from intake.sentences import pieces as cut

ORDER = re.compile(
    r"(?<!duoc )(?<!da )(?<!nhiem vu )(?:\b(?:thong nhat |dong y |tiep tuc )?(?:giao|yeu cau"
    r"|de nghi|phan cong|uy quyen|kinh de nghi|de nghi quy))"
    r"(?: cho)?(?: nhiem vu)?(?: cho)?(?:\s*:)?\s+(?:quy )?"
)
_LEAD_IN = re.compile(
    r"(?:de|sau|tren co so|can cu|doi voi|trong|ve|nham|tu nay|khi|truoc mat"
    r"|dong thoi|ben canh do|rieng|theo do|ngoai ra"
    r"|truong hop|thuc hien|hang (?:nam|quy|thang)|dinh ky|cham nhat|truoc ngay)\b"
)
_STRONG = re.compile(
    r"\s*,?\s*(?:(?:la )?(?:co quan|don vi) )?(?:chu tri|co trach nhiem|chiu trach nhiem"
    r"|co nhiem vu|khan truong|lam dau moi|dau moi)\b"
)
_LEADS = re.compile(
    r"\s*,?\s*(?:la |lam )?(?:(?:co quan|don vi) )?(?:chu tri|dau moi)(?:\s+(?:chinh"
    r"|thuc hien))?(?!\w)"
)
_TOGETHER = re.compile(
    r"\s*[,;]?\s*(?:va )?(?:chu dong )?phoi hop(?: chat che)?(?: cung)?(?:,? (?:voi"
    r"|cung(?: voi)?))?\s*:?\s+"
)
_BESIDE = re.compile(r"\s*,?\s*cung(?: voi)?\s+")
_ADVERB = re.compile(
    r"\s*,?\s*(?:"
    + "|".join(sorted({flat(one) for one in ADVERBS}, key=len, reverse=True))
    + r")(?!\w)"
)
_DENIED = re.compile(
    r"\s*,?\s*(?:da|duoc|la(?! (?:co quan|don vi|dau moi))|dat|chua|con|dang|se|tai|cua|va"
    r"|nhu|bi|co (?:\d|ty le|nhieu|mot so|so)"
    r"|chu tri (?:cuoc hop|hoi nghi|phien hop|buoi)|to chuc (?:cuoc hop|hoi nghi) (?:de nghe"
    r"|truc tuyen)|nhan duoc"
    r"|de nghi|yeu cau|ban hanh (?:ke hoach|quyet dinh|cong dien|chi thi|van ban) nay)(?!\w)"
)
# What follows an agency that is spoken of and not ordered.
_STATES = re.compile(
    r"\s*(?:hien|vua|moi|rat|kha|van|thi|ma|voi|gap|thieu|nam o|gom|thuoc|bao gom|nhan thay"
    r"|cho biet|cho rang|thong nhat|hoac|trong|tren|tu|den|de|khi|neu|co|do|cung|cho|ve|theo|sau"
    r"|truoc|bang|vao|o|nham|ngoai|nay|tiep thu|giai trinh|trinh bay|co mat)(?!\w)"
)
SENDS = re.compile(
    r"\bgui(?: (?:bao cao|ket qua|danh sach|ho so|van ban))?(?: (?:ve|den|toi|qua|cho))?\s+"
)
_REPORT_OF = re.compile(
    r"(?:bao cao|ket qua|van ban|danh sach|ho so|de xuat|y kien|so lieu)\b[^,;.]{0,40}? cua "
)
_BRACKETED = re.compile(r"\(([^()]{8,300})\)")
# "… về Bộ Nội vụ (Vụ A)": the bracket says where in the agency that receives.
_TOWARDS = re.compile(r"\b(?:ve|gui|qua|den|toi)\s+[^,;.()]{3,60}$")
_CHIEF = re.compile(r"\s*\((?:la )?(?:co quan |don vi )?(?:chu tri|dau moi)\)")
_OPENING = frozenset(
    {
        "can cu",
        "tren co so",
        "theo",
        "trong",
        "truoc",
        "cham nhat",
        "sau",
        "tu",
        "la co quan",
        "la don vi",
        "la dau moi",
        "lam co quan",
        "dinh ky",
    }
)
_DUTY = re.compile(
    r"\s*,?\s*(?:cần|phải|có trách nhiệm|có nhiệm vụ|chịu trách nhiệm(?! trước| về| toàn))(?!\w)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Subject:
    """Who is ordered, where the words about them begin and end, and what stood before."""

    actors: tuple[Actor, ...]
    start: int
    end: int
    ordered: bool = False
    lead_in: str = ""
    pending: bool = False


@dataclass
class Subjects:
    """Finds who is ordered. `issuer`: names under which the issuer speaks; `recipients`: whom a
    letter is addressed to; `ordering`: whether the directive has begun to order (before that, a
    sentence that begins with an agency tells what happened)."""

    scanner: Scanner
    issuer: frozenset[str] = frozenset()
    recipients: tuple[str, ...] = ()
    ordering: bool = False

    def find(self, line: Text, *, inherited: bool, opening: bool = False) -> Subject | None:
        """Who a piece orders; `inherited`: a heading above names somebody already; `opening`: it
        opens a numbered item."""
        named = self._first(line, opening=opening) or self._reported(line) or self._ordered(line)
        named = named or self._behind_lead_in(line) or self._strong(line)
        return named or (None if inherited else self._bracketed(line))

    def _first(self, line: Text, *, opening: bool = False) -> Subject | None:
        """An agency that the sentence begins with. In a numbered item any verb may follow it."""
        opened = re.match(r"\s*(?:doi voi|rieng|dong thoi,?)\s+", line.flat)
        start = opened.end() if opened else 0
        actors, end = self.scanner.actors(line, start)
        if not actors or not (self.ordering or opened):
            return None
        bare = not line.text[end:].strip(" .:;") or line.flat[end:].lstrip().startswith(":")
        if any(self._is_issuer(actor) for actor in actors[:1]):
            return None
        if _given(actors[-1]) and not line.text[end:].strip(" .:;"):
            return Subject(tuple(actors), start, end, pending=True)
        does = self.predicate(line, end) or (opening and _does(line, end, actors))
        if bare or does or (opened and line.text[end:].startswith(",")):
            return Subject(tuple(actors), start, end)
        return None

    def _reported(self, line: Text) -> Subject | None:
        """ "Báo cáo của các sở gửi về …": those whose report it is."""
        found = _REPORT_OF.match(line.flat)
        actors, end = self.scanner.actors(line, found.end()) if found else ([], 0)
        sent = re.match(r"\s*(?:xin |de nghi )?(?:gui|nop)\b(?! kem)", line.flat[end:])
        if not actors or not sent:
            return None
        owners = tuple(actors)
        if self.recipients and all(actor.kind == "vague" for actor in actors):
            owners = tuple(Actor(0, 0, name) for name in self.recipients)
        return Subject(owners, 0, 0)

    def _ordered(self, line: Text) -> Subject | None:
        """An agency behind "giao", "yêu cầu", "đề nghị"."""
        for found in ORDER.finditer(line.flat):
            actors, end = self.scanner.actors(line, found.end())
            if actors and self.predicate(line, end):
                self.ordering = True
                return Subject(tuple(actors), found.start(), end, ordered=True)
            if self.recipients and found[0].rstrip().endswith("quy"):
                return self._addressed(line, found.end())
        return None

    def _addressed(self, line: Text, start: int) -> Subject | None:
        """ "Đề nghị quý cơ quan …": those the letter is addressed to."""
        found = re.compile(
            r"(?:co quan|don vi|so|dia phuong|ban|uy ban|bo|tinh|thanh pho|cong ty|doanh nghiep"
            r"|vien|truong|benh vien|cap uy)(?:\s*,\s*(?:co quan|don vi|dia phuong))*\s+"
        ).match(line.flat, start)
        if found is None:
            return None
        self.ordering = True
        actors = tuple(Actor(start, found.end(), name) for name in self.recipients)
        return Subject(actors, start, found.end(), ordered=True)

    def _behind_lead_in(self, line: Text) -> Subject | None:
        """ "Để có dữ liệu …, các sở, ngành thực hiện …"."""
        if not self.ordering or not _LEAD_IN.match(line.flat):
            return None
        for found in re.finditer(r"[,:]\s+", line.flat):
            if SENDS.search(line.flat[: found.start()]):
                return None
            actors, end = self.scanner.actors(line, found.end())
            if not actors or self._is_issuer(actors[0]):
                continue
            if self.predicate(line, end, strict=True):
                about = line.flat.startswith(("doi voi", "ve "))
                return Subject(
                    tuple(actors),
                    found.end(),
                    end,
                    lead_in=line.text[: found.start()] if about else "",
                )
        return None

    def _strong(self, line: Text) -> Subject | None:
        """An agency in the middle that "chủ trì" or "có trách nhiệm" follows."""
        if not self.ordering:
            return None
        for start in re.finditer(r"(?<=[,:.;(-] )\w", line.flat):
            actors, end = self.scanner.actors(line, start.start())
            if not actors or self._is_issuer(actors[0]) or _DENIED.match(line.flat, end):
                continue
            if _STRONG.match(line.flat, after_brackets(line, end)):
                before = line.text[: start.start()].strip(" ,:;(-")
                return Subject(tuple(actors), start.start(), end, lead_in=before)
        return None

    def _bracketed(self, line: Text) -> Subject | None:
        """ "… (Sở Y tế chủ trì; hoàn thành trước 30/6)" behind what is to be done."""
        for found in _BRACKETED.finditer(line.text):
            inner = Text.of(found[1])
            actors, end = self.scanner.actors(inner, 0)
            if (
                actors
                and (inner.flat[end:].strip() or not _TOWARDS.search(line.flat[: found.start()]))
                and re.match(
                    r"\s*(?:,?\s*(?:la )?(?:co quan |don vi )?chu tri|thuc hien|phoi hop|;|$)",
                    inner.flat[end:],
                )
                and verb_at(line, 0)
            ):
                before = line.text[: found.start()].strip()
                rest = inner.text[end:]
                tail = line.text[found.end() :]
                shifted = [replace(actor, start=0, end=0) for actor in actors]
                return Subject(
                    tuple(shifted),
                    0,
                    len(line.text),
                    lead_in=f"{before} ({rest.strip(' ;,')}){tail}",
                )
        return None

    def predicate(self, line: Text, end: int, *, strict: bool = False) -> bool:
        """Whether a duty follows the subject; `strict`: its verb must."""
        end = after_brackets(line, end)
        rest = line.flat[end:]
        if re.match(r"\s*:", rest):
            return True
        if _DENIED.match(rest):
            return False
        for _count in range(4):
            rest = rest.lstrip(" ,")
            if begins_with_verb(rest):
                return True
            adverb = _ADVERB.match(rest)
            if adverb is None:
                return False
            if adverb[0].strip(" ,") in _OPENING:
                return not strict and _owed_later(line.text[-len(rest) :], rest)
            rest = rest[adverb.end() :]
        return False

    def _is_issuer(self, actor: Actor) -> bool:
        name = flat(actor.name)
        committee = name.removeprefix("ban thuong vu ")
        return name in self.issuer or any(
            name == f"chu tich {one}" or (committee != name and one.startswith(committee))
            for one in self.issuer
        )

    def together(self, line: Text, end: int) -> tuple[int, tuple[str, ...]]:
        """Behind "có trách nhiệm chủ trì, phối hợp với Sở A", with those who coordinate."""
        end = after_brackets(line, end)
        end = _past_duty(line, end)
        leads = _LEADS.match(line.flat, end)
        together = _TOGETHER.match(line.flat, leads.end() if leads else end)
        if together:
            actors, behind = self.scanner.actors(line, together.end(), semicolon=False)
            if actors:
                return _past_duty(line, after_brackets(line, behind)), names_of(actors)
            if leads:
                return together.end(), ()
        if leads:
            beside = _BESIDE.match(line.flat, leads.end())
            actors, behind = self.scanner.actors(line, beside.end()) if beside else ([], 0)
            if actors:
                return behind, names_of(actors)
            return self._helped(line, leads.end())
        return end, ()

    def _helped(self, line: Text, end: int) -> tuple[int, tuple[str, ...]]:
        """ "… chủ trì, Sở B phối hợp …"."""
        link = re.compile(r"\s*[,;]\s*").match(line.flat, end)
        actors, behind = self.scanner.actors(line, link.end()) if link else ([], end)
        helps = re.compile(r"\s*,?\s*(?:cung )?phoi hop(?: thuc hien)?(?!\w)").match(
            line.flat, behind
        )
        return (helps.end(), names_of(actors)) if actors and helps else (end, ())

    def pieces(self, text: str) -> list[Piece]:
        """The pieces, with subjects that ";" parts put together again ("các sở; UBND cấp xã …")."""
        found: list[Piece] = []
        for piece in cut(text):
            before = found[-1] if found else None
            if (
                before is not None
                and before.sentence == piece.sentence
                and self._only_subject(before.line)
            ):
                found[-1] = replace(piece, line=Text.of(f"{before.line.text} {piece.line.text}"))
            else:
                found.append(piece)
        return found

    def _only_subject(self, line: Text) -> bool:
        starts = [0]
        if _LEAD_IN.match(line.flat):
            starts += [found.end() for found in re.finditer(r",\s+", line.flat)]
        for start in starts:
            actors, end = self.scanner.actors(line, start)
            if actors and not line.text[end:].strip(" ;"):
                return line.text.rstrip().endswith(";")
        return False

    def parted(self, piece: Piece) -> list[Piece]:
        """A piece that orders twice ("…, giao Sở A …") in two."""
        line = piece.line
        for found in re.finditer(
            r"[,:]\s*(?:va |dong thoi,? )*(?=(?:giao|yeu cau|de nghi) )", line.flat
        ):
            order = ORDER.match(line.flat, found.end())
            if order is None or found.start() < 12:
                continue
            actors, end = self.scanner.actors(line, order.end())
            if actors and self.predicate(line, end):
                rest = Piece(Text.of(line.text[found.end() :]), piece.sentence)
                return [
                    replace(piece, line=Text.of(line.text[: found.start()])),
                    *self.parted(rest),
                ]
        return [piece]


def _does(line: Text, end: int, actors: Sequence[Actor]) -> bool:
    """Whether a word in small letters follows names that are no vague group, and none that tells
    how things are."""
    rest = re.compile(r" (?=[^\W\d_])").match(line.text, after_brackets(line, end))
    if rest is None or any(actor.kind == "vague" for actor in actors):
        return False
    following = line.flat[rest.start() :]
    return line.text[rest.end()].islower() and not (
        _DENIED.match(following) or _STATES.match(following)
    )


def _owed_later(text: str, rest: str) -> bool:
    """Whether a verb of duty follows what a sentence is opened with; what is done is no duty."""
    cites = rest.lstrip(" ,").startswith(("can cu", "tren co so", "theo"))
    if not cites and re.search(r"\b(?:đã|đạt được|đang|chưa|vẫn còn|sẽ)\b", text[:160]):
        return False
    return any(
        begins_with_verb(rest[found.start() :]) for found in re.finditer(r"(?<=[ ,])\w", rest)
    )


def _past_duty(line: Text, end: int) -> int:
    """Behind "cần", "có trách nhiệm"."""
    found = _DUTY.match(line.text, end)
    return found.end() if found else end


def begins_with_verb(rest: str) -> bool:
    return verb_at(Text(rest, rest), 0) > 0


def names_of(actors: Iterable[Actor]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(actor.name for actor in actors))


def marked_leads(line: Text, actors: Sequence[Actor]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Who leads and who helps among agencies in a row, where one of them bears "(chủ trì)"."""
    ends = [*(actor.start for actor in actors[1:]), None]
    chief = [
        actor
        for actor, end in zip(actors, ends, strict=True)
        if _CHIEF.match(line.flat[actor.end : end] if actor.end else "")
    ]
    if not chief:
        return names_of(actors), ()
    return names_of(chief), names_of(actor for actor in actors if actor not in chief)


def _given(actor: Actor) -> bool:
    return (
        re.search(r"\bduoc\b.*\bgiao\b|\bduoc (?:giao|phan cong)\b", flat(actor.name)) is not None
    )
