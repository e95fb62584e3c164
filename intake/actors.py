"""Finds the agencies that running text names, and where each name ends.

Vietnamese marks no end of a name: "Sở Tài chính rà soát". A name ends where a list of known names
says so, else at the first word in small letters that is a verb of duty, a mark or a link.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from intake.flat import CAPITALS, flat
from intake.lexicon import COMPOUNDS, FIELDS, HEADS, NAMES, NO_AGENCY, OFFICES, VERBS
from registry.naming import is_vague


@dataclass(frozen=True)
class Actor:
    """An agency or a group named in a text, from `start` to `end`; `kind`: agency, group, vague."""

    start: int
    end: int
    name: str
    kind: str = "agency"


@dataclass(frozen=True)
class Text:
    """A stretch of text with its folded twin of the same length."""

    text: str
    flat: str

    @classmethod
    def of(cls, text: str) -> "Text":
        return cls(text, flat(text))


def _words(names: Iterable[str]) -> str:
    """An alternation of phrases, longest first, in which blanks and dashes are loose."""
    folded = sorted({flat(name) for name in names}, key=len, reverse=True)
    return "|".join(_loose(name) for name in folded)


def _loose(name: str) -> str:
    parts = [re.escape(part) for part in re.split(r"(?:\s+|(?=[,-])|(?<=[,-]))+", name) if part]
    pattern = r"\s+".join(parts)
    return re.sub(r"(?:\\s\+)?(,|\\-)(?:\\s\+)?", r"\\s*\1\\s*", pattern)


_TITLE = re.compile(
    r"(?:(?:cac )?(?:dong chi|ong|ba)\b[:,]? )?"
    r"(?:(?:dai dien )?(?:pho )?(?:tong giam doc|giam doc|chu tich|cuc truong|chi cuc truong"
    r"|vien truong"
    r"|hieu truong|chanh(?= (?:van phong|thanh tra|an))|truong(?= (?:cac )?(?:ban|phong"
    r"|nganh|cong an|thon|khu)\b)"
    r"|thu truong|lanh dao|nguoi dung dau|bo truong(?= bo)|chi huy truong|bi thu)"
    r"(?:\s*,\s*|\s+va\s+|\s+))+"
)
# A deputy of a committee is ordered as a person: the committee itself is whose order it is.
_DEPUTY = re.compile(
    r"pho thu tuong(?: thuong truc)?(?: chinh phu)?(?!\w)"
    r"|(?:cac )?pho chu tich(?: thuong truc)?(?: va)?(?: (?:hdnd va )?(?:ubnd|uy ban nhan dan)"
    r"(?: (?:tinh|thanh pho|huyen|thi xa|xa|phuong|dac khu))?)?(?!\w)"
)
_SALUTED = re.compile(r"(?:cac )?(?:dong chi|ong|ba|d/c)\b[.:,]?\s+")
# "Đồng chí A - Giám đốc Sở B": behind the person stands the office.
_OFFICE_HOLDER = re.compile(
    r"\s*[,(–-]\s*(?=(?:(?:uy vien|pho bi thu|thanh vien)[^,;.]{0,60},\s*)?(?:pho |quyen )?"
    r"(?:chu tich|giam doc|tong giam doc|truong|chanh|cuc truong|chi cuc truong|vu truong"
    r"|bi thu|hieu truong|chi huy truong|tram truong|vien truong)\b)"
)
_KIND = (
    r"(?:so|bo|ban nganh|ban|nganh(?: dia phuong)?|don vi|co quan(?: (?:ngang bo"
    r"|thuoc chinh phu|thong tin dai chung))?"
    r"|dia phuong|doan the"
    r"|to chuc(?: chinh tri(?: ?- ?xa hoi)?| xa hoi)?|hoi(?: doan the)?|hiep hoi"
    r"|doanh nghiep|cong ty|dn|hop tac xa"
    r"|huyen|thi xa|thanh pho|tp|tx|thi|quan|xa|phuong|thi tran|dac khu|tinh|phong(?: ban)?"
    r"|thon|ban|xom|to dan pho|khu pho|cap uy|chi bo|dang bo|dang uy|to chuc dang|xa doi|cap|khoi"
    r"|truong hoc|truong(?! (?:cac|ban|phong|cong an|nganh|thon)\b)"
    r"|co so giao duc(?: nghe nghiep)?|co so y te|chu dau tu|ca nhan|nha mang|ngan hang"
    r"|benh vien|co quan bao chi"
    r"|vu|cuc|vien|trung tam|to cong nghe so cong dong|to cong tac|ban quan ly du an)"
)
_ADJECTIVE = (
    r"(?: (?:chuc nang|chuyen mon|bao chi|nha nuoc|hanh chinh(?: nha nuoc)?|su nghiep(?: cong lap)?"
    r"|truc thuoc(?! (?:bo|so|ubnd|uy ban|tinh|thanh pho|trung uong)\b)|dau moi|chu quan"
    r"|cong nghe thong tin|cntt|cong nghe so|vien thong|buu chinh"
    r"|(?:chu tri )?soan thao|nho va vua"
    r"|cung cap dich vu[^,;:.()]*?(?= tren | de | va | trong |[,;:.()]|$)"
    r"|thuong mai|thanh vien))*"
)
_PLACE = r"(?:tinh|huyen|thi xa|thanh pho|tp\.?|tx\.?|quan|xa|phuong|thi tran|dac khu)"
_QUALIFIER = (
    rf"(?:\s*,?\s*(?:(?:truc )?thuoc (?:bo|so) (?:{_words(FIELDS)})"
    r"|cap (?:tinh|huyen|xa|bo|co so|thon)(?:(?:,| va) (?:cap )?(?:huyen|xa))*"
    r"|(?:truc )?thuoc (?:ubnd |uy ban nhan dan |so |bo )?(?:tinh|thanh pho|trung uong|xa"
    r"|huyen|bo|so)"
    r"|(?:truc )?thuoc (?:tinh uy|thanh uy|huyen uy|dang uy|dang bo)(?: (?:tinh|xa|phuong))?"
    r"|(?:co )?lien quan|khac|(?:dong )?tren dia ban(?: (?:toan )?(?:tinh|thanh pho|xa|huyen"
    r"|phuong))?"
    r"|ven (?:bien|song|ho|do thi)|mien (?:nui|bien)|bien gioi|hai dao|con lai|trong diem"
    r"|(?:neu|noi) tren|vung (?:ven |sau|trung|cao|bien|ha du|bai ngang)[a-z]{0,6}"
    r"|cua tinh|cua xa|cua thanh pho|trung uong|o trung uong|tinh(?=[ ;:,.]|$)|cac cap)\b)*"
)
_ENUMERATION = re.compile(
    rf"(?:(?:tat ca |toan bo )?(?:cac|nhung|moi|tung) )?{_KIND}{_ADJECTIVE}"
    rf"(?:\s*(?:,|/|-| va(?= ))\s*(?:cac )?{_KIND}{_ADJECTIVE}(?!\w))*{_QUALIFIER}(?!\w)"
)
_MANY = re.compile(r"(?:tat ca |toan bo )?(?:cac|nhung|moi|tung) ")
_CONDITION = re.compile(
    r"\s+co (?!trach nhiem|nhiem vu|lien quan|tham quyen|y kien|bao cao|van ban|ke hoach|nhieu|mot"
    r"|so|ty le|\d)"
)
_LONGEST_CONDITION = 7
_GIVEN = re.compile(
    r"\s*,?\s*(?:da )?duoc (?:(?:chu tich )?(?:ubnd|uy ban nhan dan) tinh )?"
    r"(?:giao|phan cong|neu)\b(?P<what>[^;:.]*?)(?=\s*,\s|\s+(?:chu tri|co trach nhiem"
    r"|khan truong)\b|[;:.]|$)"
)
_GIVEN_CITED = re.compile(
    r"\s*,?\s*(?:da )?duoc [^;:.]{0,160}?(?:tai|theo) (?:cong van|ke hoach|quyet dinh"
    r"|thong bao|van ban|nghi quyet|chi thi)"
    r" so \S+(?: ngay \d{1,2}/\d{1,2}/\d{4})?(?: cua (?:chu tich )?(?:ubnd|uy ban nhan dan) tinh)?"
)
# "Các Bộ trưởng, Thủ trưởng cơ quan ngang Bộ" are the ministries they head.
_MINISTERS = re.compile(
    r"(?:cac )?bo truong(?:,? (?:va )?(?:thu truong )?(?:cac )?co quan (?:ngang bo"
    r"|thuoc chinh phu))+"
)
_MEMBERS = re.compile(
    r"(?:(?:cac|nhung) )?(?:dong chi )?thanh vien (?=ban chi dao|bcd|to cong tac|uy ban"
    r"|ban dieu hanh)"
    r"|cac to (?:cong tac )?(?:giup viec )(?=ban )"
)
_BODIES = (
    r"(?:(?:hdnd(?: va |, ))?ubnd|uy ban nhan dan|hdnd|cong an|dang uy|ban chi huy quan su"
    r"|tram y te|(?:uy ban )?mttq(?: viet nam)?|doan thanh nien|hoi lien hiep phu nu|hoi nong dan)"
)
_LOCAL_MANY = re.compile(
    rf"{_BODIES} (?:cac |tung )(?:{_PLACE})(?:\s*(?:,|/"
    rf"| va)\s*(?:cac )?(?:{_PLACE}|thi)(?!\w))*{_QUALIFIER}(?!\w)"
    rf"|(?:cac )?{_BODIES} {_PLACE}(?:\s*(?:,|/)\s*{_PLACE}(?!\w))+{_QUALIFIER}(?!\w)"
    r"|(?:ubnd|uy ban nhan dan) (?:(?:cap (?:tinh|huyen|xa))(?:(?:,| va) (?:cap )?(?:huyen"
    r"|xa))*|cac cap)(?: tren dia ban(?: tinh)?)?(?!\w)"
)
_LOCAL = re.compile(rf"(?:ubnd|uy ban nhan dan|hdnd va ubnd|hdnd) {_PLACE}(?!\w)")
# A place stands for its committee: "đặc khu Cù Lao Xanh".
_LOCALITY = re.compile(r"(?:xa|phuong|thi tran|dac khu|huyen|thi xa)(?!\w)")
_LISTED = re.compile(
    r"(?:(?:cac )(?P<head>so|bo|truong|phong|vu|cuc)(?: nganh)?\s*:?\s+"
    r"|(?P<colon>so|bo|truong|phong|vu|cuc)\s*:\s+"
    rf"|(?P<local>ubnd|uy ban nhan dan) cac (?P<place>{_PLACE})\s*:?\s+)"
)
_NAMED = re.compile(rf"(?:{_words(NAMES)})(?!\w)")
_FIELD = re.compile(rf"(?:{_words(FIELDS)})(?!\w)")
# With its marks: "Số" is no "Sở".
_DEPARTMENT = re.compile(r"(?:sở|bộ)\s+", re.IGNORECASE)
_PERSON = re.compile(rf"[{CAPITALS}][^\W\d_]+(?: [{CAPITALS}][^\W\d_]*){{1,4}}(?!\w)")
_SHORT = re.compile(r"[A-ZĐ]{2,}(?:[&,\-–][A-ZĐ]+)*|[A-ZĐ]+(?:[&,\-–][A-ZĐ]+)+")
_OFFICE = re.compile(rf"phong\s+(?:{_words(OFFICES)})(?!\w)")
_SCHOOL = re.compile(r"(?:cao dang|dai hoc|hoc vien|trung hoc) ")
_ONE_PLACE = re.compile(rf"{_PLACE}(?!\w)")
_TAIL = re.compile(
    rf"\s+(?:(?:tinh|thanh|huyen|dang) uy|so \d+(?:(?:, | va )so \d+)*|khu vuc \w+"
    rf"|(?:cac )?cong trinh (?:giao thong|dan dung|nong nghiep|trong diem|cong nghiep)"
    rf"(?:(?:, | va )(?:giao thong|dan dung|cong nghiep|nong nghiep|phat trien nong thon"
    rf"|ha tang))*|phu trach \w+ \w+(?: - \w+ \w+)?"
    rf"|cac tinh(?:, thanh pho)?(?: truc thuoc trung uong)?|tinh, thanh pho"
    rf"|va cac khu cong nghiep|chi nhanh(?: tinh| thanh pho)?|khu vuc(?: \d+| [ivx]+)?"
    rf"|cac cap|cap (?:tinh|huyen|xa)|cua ban chi dao|ban chi dao(?: tinh)?"
    rf"|trung uong|{_PLACE})(?!\w)"
)
_HEAD = re.compile(
    rf"(?!(?:{'|'.join(NO_AGENCY)})(?!\w))(?:{'|'.join(sorted(HEADS, key=len, reverse=True))})\s+",
    re.IGNORECASE,
)
_SMALL_HEADS = frozenset(
    {"tap doan", "tong cong ty", "cong ty", "truong dai hoc", "hiep hoi", "cuc", "chi cuc"}
)
_VERB = re.compile(rf"(?:{_words(VERBS)})(?!\w)")
# With their marks, where a name may go on: "Cao đẳng Kỹ thuật" holds no "đăng ký".
_MARKED_VERB = re.compile(rf"(?:{'|'.join(sorted(VERBS, key=len, reverse=True))})(?!\w)")
_STOP = re.compile(
    r"(?:đã|sẽ|cần|phải|có|chịu|được|để|tại|trong|trước|sau|theo|về|với|cho|là|từ|đến|khi"
    r"|nếu|cùng|nhằm|chậm nhất|định kỳ"
    r"|thường xuyên|hàng|hằng|chưa|đang|còn|trên|do|bằng|không|như|vào|các|đồng thời|làm|gồm"
    r"|bao gồm|ngay|hoặc|nêu)(?!\w)"
)
_WORD = re.compile(r"[^\W_]+(?:[&.\-][^\W_]+)*")
_LONGEST = 16
_BRACKET = re.compile(r"\s*\([^()]*\)")
_ROLE = re.compile(
    r"\s*[-,]?\s*(?:la )?(?:co quan|don vi) (?:thuong truc|dau moi"
    r"|chu tri)[^,;:.()]{0,60}?(?=,|\s(?:co|chu tri|phoi hop|khan|tham muu)\b)"
)
_COMMA = re.compile(r"\s*(?:\+|,\s*(?:va|cung)?|/|\s(?:va|cung voi|cung))\s+|\s*,\s*")
_SEMICOLON = re.compile(r"\s*;\s*(?:va\s+)?")
_BOTH = re.compile(r"(?:cac )?(?:so|bo)")


class Scanner:
    """Reads names. `names`: what else agencies are called here (the directory's own names)."""

    def __init__(self, names: Sequence[str] = ()) -> None:
        known = [name for name in names if len(name) > 3]
        self._known = re.compile(rf"(?:{_words(known)})(?!\w)") if known else None

    def actors(self, line: Text, start: int, *, semicolon: bool = True) -> tuple[list[Actor], int]:
        """The names enumerated from `start`, and where the enumeration ends."""
        found = self.one(line, start)
        if not found:
            return [], start
        all_, end = list(found), found[-1].end
        while True:
            link = self._link(line, end, semicolon=semicolon)
            more = self.one(line, link) if link is not None else []
            if not more:
                return _merged(all_), end
            all_ += more
            end = self._past(line, more[-1].end)

    def starts(self, line: Text) -> list[int]:
        """Where words begin; names are looked for only there."""
        return [found.start() for found in _WORD.finditer(line.text)]

    def one(self, line: Text, start: int) -> list[Actor]:
        """The agency named at `start` (several for "các Sở: Y tế, Tài chính"), with what stands
        in brackets behind it; or nothing."""
        if start >= len(line.text) or not line.text[start].isalpha():
            return []
        begin = _past_person(line, start)
        if begin > start:
            return self._held_by(line, start, begin)
        deputy = _deputy(line, start)
        if deputy is not None:
            return [deputy]
        title = _TITLE.match(line.flat, start)
        begin = title.end() if title else start
        found = self._listed(line, begin) or self._single(line, begin)
        if not found and title:
            # "Giám đốc các sở, Trưởng các ban": the title swallowed no name; try without it.
            found = self._single(line, start)
        return [replace(found[0], start=start), *found[1:]] if found else []

    def _held_by(self, line: Text, start: int, office: int) -> list[Actor]:
        """The office a person holds; of a deputy the person."""
        deputy = _deputy(line, office)
        if deputy is not None:
            saluted = _SALUTED.match(line.flat, start)
            begin = saluted.end() if saluted else start
            person = line.text[begin : _person_name(line, begin)]
            return [replace(deputy, start=start, name=f"{deputy.name} {person}")]
        found = self.one(line, office)
        if not found:
            return []
        bracketed = line.text[start:office].rstrip().endswith("(")
        closed = re.compile(r"[^()]{0,60}\)").match(line.text, found[-1].end) if bracketed else None
        found[-1] = replace(found[-1], end=closed.end()) if closed else found[-1]
        return [replace(found[0], start=start), *found[1:]]

    # -- one name ---------------------------------------------------------------------------------

    def _single(self, line: Text, start: int) -> list[Actor]:
        options = [
            end
            for end in (
                self._known_end(line, start),
                _local(line, start),
                _locality(line, start),
                _department(line, start),
                _named(line, start),
            )
            if end
        ]
        many = _many(line, start)
        many = _with_condition(line, many) if many else 0
        if many and many > max(options, default=0):
            return [_actor(line, start, many, "group")]
        if options:
            return [_actor(line, start, max(options))]
        end = _generic(line, start)
        return [_actor(line, start, end)] if end else []

    def _known_end(self, line: Text, start: int) -> int:
        found = self._known.match(line.flat, start) if self._known else None
        return found.end() if found else 0

    def _listed(self, line: Text, start: int) -> list[Actor]:
        """A head shared by several: "các Sở: Y tế, Tài chính và Nội vụ"."""
        opened = _LISTED.match(line.flat, start)
        if opened is None:
            return []
        if opened["local"]:
            head = f"UBND {line.text[opened.start('place') : opened.end('place')].lower()}"
        else:
            group = "head" if opened["head"] else "colon"
            head = line.text[opened.start(group) : opened.end(group)].capitalize()
        found: list[Actor] = []
        place = opened.end()
        while True:
            end = _item(line, place)
            if not end:
                break
            found.append(Actor(place, end, _under(head, line, place, end)))
            link = _COMMA.match(line.flat, end)
            if link is None:
                break
            place = link.end()
        enough = len(found) > 1 or ":" in opened[0]
        return [replace(found[0], start=start), *found[1:]] if found and enough else []

    # -- between names ----------------------------------------------------------------------------

    def _past(self, line: Text, end: int) -> int:
        for pattern in (_BRACKET, _ROLE):
            found = pattern.match(line.flat, end)
            if found:
                end = found.end()
        return end

    def _link(self, line: Text, end: int, *, semicolon: bool) -> int | None:
        past = self._past(line, end)
        found = _COMMA.match(line.flat, past)
        if found is None and semicolon:
            found = _SEMICOLON.match(line.flat, past)
        return found.end() if found else None


def verb_at(line: Text, start: int) -> int:
    """Where a verb of duty ends that begins at `start`; 0 where none does."""
    found = _VERB.match(line.flat, start)
    return found.end() if found else 0


def without_person(text: str) -> str:
    """ "Đ/c Nông Văn Hải, Giám đốc Sở A" by the office alone; any other text as it is."""
    line = Text.of(text)
    return text[_past_person(line, 0) :]


def is_deputy(name: str) -> bool:
    """Whether a name is a person's, who is ordered in person: a committee's deputy."""
    return _DEPUTY.match(flat(name)) is not None


def opens_name(text: str) -> bool:
    """Whether a text begins like the name of an agency."""
    return _opens(Text.of(text), 0)


def after_brackets(line: Text, end: int) -> int:
    """Behind remarks such as "(cơ quan Thường trực Ban Chỉ đạo)"."""
    for pattern in (_BRACKET, _ROLE):
        found = pattern.match(line.flat, end)
        if found:
            end = found.end()
    return end


def _past_person(line: Text, start: int) -> int:
    """Behind "Đồng chí Nguyễn Văn A - ", where the office follows that the person holds."""
    saluted = _SALUTED.match(line.flat, start)
    begin = saluted.end() if saluted else start
    end = _person_name(line, begin)
    office = _OFFICE_HOLDER.match(line.flat, end) if end else None
    return office.end() if office else start


def _person_name(line: Text, start: int) -> int:
    """Behind two to five words in capitals; 0 where there are none."""
    found = _PERSON.match(line.text, start)
    return found.end() if found and not _HEAD.match(line.text, start) else 0


def _deputy(line: Text, start: int) -> Actor | None:
    saluted = _SALUTED.match(line.flat, start)
    begin = saluted.end() if saluted else start
    found = _DEPUTY.match(line.flat, begin)
    if found is None:
        return None
    gap = re.compile(r"\s+").match(line.text, found.end())
    end = (_person_name(line, gap.end()) if gap else 0) or found.end()
    name = line.text[begin:end]
    return Actor(start, end, name[:1].upper() + name[1:])


def _actor(line: Text, start: int, end: int, kind: str = "agency") -> Actor:
    name = _shortened(line.text[start:end].strip(" ,"))
    name = name[:1].upper() + name[1:] if kind == "agency" else name
    return Actor(start, end, name, "vague" if kind == "group" and is_vague(name) else kind)


def _shortened(name: str) -> str:
    """ "các sở được giao lập … tại Công văn số 1/A ngày …" by what says who they are."""
    name = re.sub(r"\b(?:Thủ trưởng|thủ trưởng) (?=các |cơ quan)", "", name)
    name = re.sub(r"\b([Bb]ộ) trưởng(?=,| và )", r"\1", name)
    found = re.search(r"\s*,?\s*(?:đã )?được .*?\b(?P<where>(?:tại|theo) \S+ \S+ số \S+)", name)
    return f"{name[: found.start()]} được giao {found['where']}" if found else name


def _many(line: Text, start: int) -> int:
    """Where a group's name ends that begins at `start`."""
    members = _MEMBERS.match(line.flat, start)
    if members:
        return _run(line, members.end())
    found = _MINISTERS.match(line.flat, start) or _LOCAL_MANY.match(line.flat, start)
    if found:
        return found.end()
    return _enumerated(line, start)


def _with_condition(line: Text, end: int) -> int:
    """Behind what tells which of a group are meant ("các sở có hồ sơ trễ hạn"), where a duty or
    a colon follows; else where the group ended."""
    opened = _CONDITION.match(line.flat, end)
    if opened is None:
        return end
    last = opened.end()
    for count, found in enumerate(_WORD.finditer(line.text, opened.end())):
        between = line.text[last : found.start()].strip()
        if between or count > _LONGEST_CONDITION:
            break
        if count and _MARKED_VERB.match(line.text, found.start()):
            return last
        last = found.end()
    return last if line.text[last : last + 1] == ":" else end


def _enumerated(line: Text, start: int) -> int:
    """Behind kinds in a row ("các sở, ban, ngành cấp tỉnh"), and what says which are meant."""
    found = _ENUMERATION.match(line.flat, start)
    if found is None:
        return 0
    plural = _MANY.match(line.flat, start) is not None
    several = re.search(r"[,/]|\bva\b", found[0]) is not None
    first = line.flat[start:].split(" ", 1)[0].strip(",")
    if not plural and not (several and first in {"so", "bo", "cac"}):
        return 0
    end = _before_verb(line, start, found.end())
    for given in (_GIVEN_CITED, _GIVEN):
        more = given.match(line.flat, end)
        if more:
            return more.end()
    return end


def _before_verb(line: Text, start: int, end: int) -> int:
    """ "các đơn vị thuộc Bộ xây dựng kế hoạch": there "xây dựng" is what they do."""
    owner = re.compile(r"thuộc (?:bộ|sở) ", re.IGNORECASE).search(line.text, start, end)
    return owner.end() - 1 if owner and _is_verb(line, owner.end()) else end


def _is_verb(line: Text, start: int) -> bool:
    """Whether small letters make a verb of a word that in capitals is a field ("xây dựng")."""
    return line.text.startswith("xây dựng", start)


def _local(line: Text, start: int) -> int:
    found = _LOCAL.match(line.flat, start)
    return _proper(line, found.end()) if found else 0


def _locality(line: Text, start: int) -> int:
    found = _LOCALITY.match(line.flat, start)
    end = _proper(line, found.end()) if found else 0
    return end if found and end > found.end() else 0


def _department(line: Text, start: int) -> int:
    found = _DEPARTMENT.match(line.text, start)
    if found is None:
        return 0
    named = None if _is_verb(line, found.end()) else _FIELD.match(line.flat, found.end())
    short = _SHORT.match(line.text, found.end())
    end = max(named.end() if named else 0, short.end() if short else 0)
    return _tail(line, end) if end else 0


def _named(line: Text, start: int) -> int:
    found = _NAMED.match(line.flat, start)
    office = _OFFICE.match(line.flat, start)
    end = max(found.end() if found else 0, office.end() if office else 0)
    if not end:
        return 0
    lone = line.flat[start:end] in {
        "thue",
        "thong ke",
        "thanh tra",
        "cong an",
        "ca",
        "thanh tra chinh phu",
    }
    ended = _tail(line, end)
    if (
        lone
        and (ended == end or not line.text[start].isupper())
        and line.flat[start:end] != "cong an"
    ):
        return 0
    return ended


def _tail(line: Text, end: int) -> int:
    """Behind "tỉnh Quảng Trị", "chi nhánh tỉnh Thanh Hóa", or a place's name alone."""
    while True:
        found = _TAIL.match(line.flat, end)
        further = found.end() if found else _proper(line, end)
        if further == end:
            return end
        end = further


def _proper(line: Text, end: int) -> int:
    """Behind the words in capitals that follow."""
    for _count in range(4):
        found = re.compile(r"\s+([^\W\d_]+)").match(line.text, end)
        if found is None or not found[1][0].isupper() or _HEAD.match(line.text, found.start(1)):
            return end
        end = found.end()
    return end


def _item(line: Text, start: int) -> int:
    """One item under a shared head."""
    named = _FIELD.match(line.flat, start)
    if named:
        return _tail(line, named.end())
    short = _SHORT.match(line.text, start)
    if short:
        return short.end()
    if start < len(line.text) and line.text[start].isupper() and not _HEAD.match(line.text, start):
        return _run(line, start)
    if _SCHOOL.match(line.flat, start):
        return _run(line, start)
    placed = _ONE_PLACE.match(line.flat, start)
    end = _proper(line, placed.end()) if placed else 0
    return end if placed and end > placed.end() else 0


def _under(head: str, line: Text, place: int, end: int) -> str:
    """An item with the head it shares, unless it brings its own."""
    item = line.text[place:end]
    if _SCHOOL.match(line.flat, place):
        return item[:1].upper() + item[1:]
    own = _ONE_PLACE.match(line.flat, place)
    return f"UBND {item}" if own and head.startswith("UBND") else f"{head} {item}"


def _generic(line: Text, start: int) -> int:
    """A name that only its first words give away ("Trung tâm Điều hành thông minh")."""
    found = _HEAD.match(line.text, start)
    if found is None or not (line.text[start].isupper() or _small_head(line, found)):
        return 0
    end = _run(line, found.end())
    words = line.text[found.end() : end].split()
    shown = any(word[0].isupper() for word in words) or line.flat[found.end() : end] in {
        "nganh",
        "tinh",
        "xa",
    }
    return end if end > found.end() and shown else 0


def _small_head(line: Text, found: re.Match[str]) -> bool:
    """ "tập đoàn VIETTEL": a head in small letters before a name in capitals."""
    following = line.text[found.end() : found.end() + 1]
    return flat(found[0].strip()) in _SMALL_HEADS and following.isupper()


def _run(line: Text, start: int) -> int:
    """Behind the words that go on with a name: until a verb in small letters, a link or a mark."""
    end = start
    for count, found in enumerate(_WORD.finditer(line.text, start)):
        between = line.text[end : found.start()]
        joined = between.strip() in {"", "-"} and (
            between == "" or " " in between or between == "-"
        )
        if count >= _LONGEST or not joined:
            return _after_and(line, end, found.start(), between)
        capital = found[0][0].isupper()
        compound = _compound(line.flat, end, found.start())
        if (
            not capital
            and not compound
            and (
                _MARKED_VERB.match(line.text, found.start())
                or _STOP.match(line.text, found.start())
            )
        ):
            return end
        if line.flat[found.start() : found.end()] == "va":
            return _after_link(line, end, found.end())
        end = found.end()
    return end


def _compound(folded: str, end: int, place: int) -> bool:
    """ "Công nghệ thông tin" and "công trình" hold no "thông tin" and "trình" that are duties."""
    return any(
        folded.endswith(before, 0, end) and folded.startswith(word, place)
        for before, word in COMPOUNDS
    )


def _after_link(line: Text, end: int, link: int) -> int:
    """ "và" goes on with a name before another word in capitals that begins no agency."""
    found = re.compile(r"\s+").match(line.text, link)
    if found is None:
        return end
    place = found.end()
    if line.flat.startswith("cac khu cong nghiep", place):
        return place + len("cac khu cong nghiep")
    begins = place < len(line.text) and line.text[place].isupper()
    return _run(line, place) if begins and not _opens(line, place) else end


def _opens(line: Text, place: int) -> bool:
    """Whether the name of another agency begins here."""
    patterns = (_NAMED, _LOCAL, _LOCAL_MANY, _LOCALITY)
    return _HEAD.match(line.text, place) is not None or any(
        one.match(line.flat, place) for one in patterns
    )


def _after_and(line: Text, end: int, place: int, between: str) -> int:
    """ "Trung tâm Văn hóa, Thể thao và Truyền thông": a comma inside a name."""
    if between.strip() != "," or not line.text[place].isupper() or _HEAD.match(line.text, place):
        return end
    more = re.compile(r"\w+(?: \w+)? va ").match(line.flat, place)
    if more is None or not line.text[more.end() : more.end() + 1].isupper():
        return end
    return _run(line, place) if not _HEAD.match(line.text, more.end()) else end


def _merged(actors: list[Actor]) -> list[Actor]:
    """ "Giám đốc các sở, Trưởng các ban, ngành" is one group: các sở, ban, ngành."""
    found: list[Actor] = []
    for actor in actors:
        before = found[-1] if found else None
        departments = before is not None and _BOTH.fullmatch(flat(before.name))
        if before is not None and departments and actor.kind in {"group", "vague"}:
            rest = re.sub(r"^(?:các|Các)\s+", "", actor.name)
            found[-1] = replace(
                before, end=actor.end, name=f"{before.name}, {rest}", kind=actor.kind
            )
        else:
            found.append(actor)
    return found
