"""What a question about figures is about, its words in any order: an agency, a group or a member of
the committee, a directive, a part of it, a period, which figures are to be unfolded."""

import re
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property

from sqlmodel import Session, select

from deadlines.periods import PER_YEAR, Period, Unit
from deadlines.text import clean, fold
from registry import portfolio
from registry.agencies import Directory, How, Match
from registry.lookup import directive_named
from registry.portfolio import Member
from registry.tables import AgencyGroup
from reports.asking import OF_TASKS, Ask
from reports.unfolded import numbered, sections

_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "dau": 1, "cuoi": 2}
_YEAR = r"(?:\s*(?:/|-|nam)?\s*(?P<year>20\d\d))?"
_PERIODS: tuple[tuple[re.Pattern[str], Unit], ...] = (
    (re.compile(r"\b(?P<year>20\d\d)\s*-\s*q(?P<n>[1-4])\b"), Unit.QUARTER),
    (re.compile(rf"\b(?:quy|q)\s*\.?\s*(?P<n>iv|i{{1,3}}|[1-4])\b{_YEAR}"), Unit.QUARTER),
    (re.compile(rf"\b(?:6|sau) thang (?P<n>dau|cuoi)(?: nam)?\b{_YEAR}"), Unit.HALF),
    (re.compile(rf"\bnua (?:nam )?(?P<n>dau|cuoi)(?: nam)?\b{_YEAR}"), Unit.HALF),
    (re.compile(rf"\b(?:9|chin) thang(?: dau)?(?: nam)?\b{_YEAR}"), Unit.NINE),
    (re.compile(rf"\bthang\s*(?P<n>1[0-2]|0?[1-9])\b{_YEAR}"), Unit.MONTH),
    (re.compile(r"\b(?P<n>1[0-2]|0?[1-9])/(?P<year>20\d\d)(?![\d/])"), Unit.MONTH),
    (re.compile(r"\bnam (?P<year>20\d\d)\b"), Unit.YEAR),
)
_RELATIVE = re.compile(
    r"\b(?P<unit>thang|quy|nam)\s+(?P<which>nay|hien tai|truoc|vua qua|ngoai|sau|toi)\b"
)
_UNITS = {"thang": Unit.MONTH, "quy": Unit.QUARTER, "nam": Unit.YEAR}
_AHEAD = ("sau", "toi")
_NUMBER = re.compile(r"\S*\d\S*\s*/\s*\S+(?:\s*@\s*\d{4})?|/\S+-\S+")
_PAGE = re.compile(r"\btrang (?P<n>\d{1,3})\b")
_SECTION = re.compile(r"\b(?:muc|phan) (?P<n>[ivxlc]+(?:\.\d+)*|\d{1,2}(?:\.\d+)*|[a-h])(?![\w/.])")
_BEFORE = re.compile(
    r"(?:xem|cac|nhung|viec|nhiem vu|danh sach|cua|tai|trong|ve|theo|van ban|so|co quan|don vi|ky"
    r"|thanh vien)\s+"
)
_BEHIND = re.compile(r"\s+(?:trong|cua|ve|phu trach|viec|nhiem vu|thi|la|va)$")
# Words of the question itself: "tình hình thực hiện chung thế nào".
_ASKING = re.compile(
    r"(?:^| )(?:the nao|ra sao|nhu the nao|(?:hien|hom|den) nay|bay gio|chung|thuc hien|a)[ ?]*$"
)
_NOTHING = re.compile(
    r"(?:(?:xem|cac|nhung|viec|nhiem vu|danh sach|cua|tai|trong|ve|theo|ky|va|thi|la|phu trach|nua"
    r"|van ban|co quan|don vi|thanh vien)(?: |$))+"
)
PICTURE = "picture"
# Words for figures, taken out one after the other: what contains another stands before it.
_FIGURES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(rf"\b(?:{pattern})\b"), name)
    for pattern, name in (
        (r"chua (?:duoc )?(?:trien khai|thuc hien|bat dau|lam)", "not_started"),
        (r"chua (?:co )?phan hoi(?: nao)?", "not_started"),
        (r"(?:da )?(?:hoan thanh|xong) (?:qua han|muon|tre(?: han)?|cham)", "done_late"),
        (r"(?:da )?(?:hoan thanh |xong )?dung han", "done_on_time"),
        (r"qua ?han|tre han|cham han", "overdue"),
        (r"sap (?:den|toi)? ?han|gan den han", "due_soon"),
        (r"cho (?:co quan thuong truc )?xac nhan", "submitted"),
        (r"cho moc|chua (?:co|ro) (?:thoi )?han", "waiting"),
        (r"chua xac dinh(?: duoc)?(?: ngay| thoi)?(?: han)?", "waiting"),
        (r"cho cap nhat", "updates"),
        (r"thuong xuyen", "ongoing"),
        (r"chua (?:hoan thanh|xong)|dang mo", "open"),
        (r"da (?:hoan thanh|xong)|hoan thanh", "done"),
        (r"tat ca|toan bo", "total"),
        (r"phoi hop", "coordinating"),
        (r"chu tri", "leading"),
        (r"hinh anh|bieu do|do thi|hinh|anh", PICTURE),
    )
)  # fmt: skip
# A name that differs by no more letters and could be nothing else is taken, and said.
_SLIP = 2


@dataclass(frozen=True, slots=True)
class Asked:
    """What was understood. `notes`: what was taken for what. `unknown`: words that mean nothing we
    know, with `match` and `proposals` for what they may have been. `sections`: the parts there are,
    where `unknown` names one that is not."""

    ask: Ask = field(default_factory=Ask)
    picture: bool = False
    notes: tuple[str, ...] = ()
    unknown: str = ""
    match: Match | None = None
    proposals: tuple[str, ...] = ()
    sections: tuple[str, ...] | None = None


def read_scope(
    session: Session,
    words: str,
    today: date,
    members: tuple[Member, ...] | None = None,
    within: frozenset[int] | None = None,
) -> Asked:
    """Read "Sở Y tế quý 3", "134/KH-UBND quá hạn", "tháng này phối hợp". A period without a year is
    this year's. `members`: whose names may be said, None for everybody's. `within`: for whoever
    sees only these agencies, other directives and their parts are not there. Raises Refused for a
    directive that is none, or several."""
    return _Reading(session, words, today, members, within).read()


class _Reading:
    """One question, its words used up one after the other."""

    def __init__(
        self,
        session: Session,
        words: str,
        today: date,
        members: tuple[Member, ...] | None,
        within: frozenset[int] | None,
    ) -> None:
        self._session = session
        self._today = today
        self._text = clean(words).strip(" ,;:.?!")
        self._ask = Ask()
        self._figures: list[str] = []
        self._notes: list[str] = []
        self._members = members
        self._within = within

    @cached_property
    def _directory(self) -> Directory:
        return Directory.on(self._session, self._today)

    @cached_property
    def _people(self) -> tuple[Member, ...]:
        return tuple(portfolio.members(self._session)) if self._members is None else self._members

    def read(self) -> Asked:
        self._take_page()
        self._take_period()
        self._take_directive()
        missing = self._take_section()
        if missing is not None:
            return missing
        while not self._named() and self._take_figure():
            pass
        if self._text and not _NOTHING.fullmatch(f"{fold(self._text)} "):
            return self._unknown()
        return self._finished()

    # -- what has a form of its own ---------------------------------------------------------------

    def _cut(self, start: int, end: int) -> None:
        self._text = clean(f"{self._text[:start]} {self._text[end:]}").strip(" ,;:?")

    def _take_page(self) -> None:
        if found := _PAGE.search(fold(self._text)):
            self._ask = self._ask.at(int(found["n"]) or 1)
            self._cut(*found.span())

    def _take_period(self) -> None:
        folded = fold(self._text)
        if found := _RELATIVE.search(folded):
            period = Period.holding(_UNITS[found["unit"]], self._today)
            if found["which"] in _AHEAD:
                period = period.next()
            elif found["which"] not in ("nay", "hien tai"):
                period = _before(period)
            self._ask = replace(self._ask, period=period)
            self._cut(*found.span())
            return
        for pattern, unit in _PERIODS:
            if found := pattern.search(folded):
                year = int(found["year"] or self._today.year)
                word = found.groupdict().get("n") or "1"
                index = 1 if unit == Unit.NINE else _ROMAN.get(word) or int(word)
                self._ask = replace(self._ask, period=Period(unit, year, index))
                self._cut(*found.span())
                return

    def _take_directive(self) -> None:
        if found := _NUMBER.search(self._text):
            directive = directive_named(self._session, found[0], within=self._within)
            self._ask = replace(self._ask, directive=directive.id)
            self._cut(*found.span())

    def _take_section(self) -> Asked | None:
        found = _SECTION.search(fold(self._text))
        if found is None:
            return None
        known = sections(self._session, self._ask.directive, self._within)
        if not numbered(known, found["n"]):
            # "phần" and "mục" may be words of a name.
            if self._is_name(self._text):
                return None
            return Asked(self._ask, unknown=found[0], sections=tuple(known))
        self._ask = replace(self._ask, section=found["n"].upper())
        self._cut(*found.span())
        return None

    def _take_figure(self) -> bool:
        folded = fold(self._text)
        for pattern, name in _FIGURES:
            found = pattern.search(folded)
            if found is None:
                continue
            if name == "coordinating":
                self._ask = replace(self._ask, coordinating=True)
            elif name != "leading":
                self._figures.append(name)
            self._cut(*found.span())
            return True
        return False

    # -- names ------------------------------------------------------------------------------------

    def _is_name(self, text: str) -> bool:
        return any(self._directory.find(name).found for name in _names(text) if name)

    def _named(self) -> bool:
        """Whether what is left is nothing, or the name of somebody; then it is used up."""
        for name in _names(self._text):
            if not name or _NOTHING.fullmatch(f"{fold(name)} "):
                self._text = ""
                return True
            match = self._directory.find(name)
            if match.how == How.AGENCY:
                self._take_agency(match)
                return True
            if match.how == How.GROUP and self._take_group(match):
                return True
            people = portfolio.named(self._people, name)
            if len(people) == 1:
                self._take_member(people[0], name)
                return True
        return False

    def _take_agency(self, match: Match) -> None:
        known = match.agencies[0]
        self._ask = replace(self._ask, agency=known.id)
        if match.ended:
            self._notes.append(f"“{match.text}” {match.note}")
        elif match.note:
            self._notes.append(f"“{match.text}” được hiểu là “{known.name}” ({match.note})")
        self._text = ""

    def _take_group(self, match: Match) -> bool:
        row = self._session.exec(select(AgencyGroup).where(AgencyGroup.name == match.group)).first()
        if row is None:
            return False
        self._ask = replace(self._ask, group=row.id)
        self._text = ""
        return True

    def _take_member(self, member: Member, said: str) -> None:
        self._ask = replace(self._ask, member=member.person_id)
        if clean(said) != clean(member.name):
            self._notes.append(f"“{said}” được hiểu là {member.name}")
        self._text = ""

    def _unknown(self) -> Asked:
        """A slip of the pen is taken for what it can only be; else what it may be is offered."""
        names = _names(self._text)
        for name in names:
            people = portfolio.named(self._people, name)
            if len(people) > 1:
                return Asked(self._ask, unknown=name, proposals=tuple(one.name for one in people))
        matches = [self._directory.resolve(name) for name in names if name]
        match = next((one for one in matches if one.proposals or one.agencies), matches[0])
        near = portfolio.near(self._people, names[-1])
        offered = [(one.name, one.distance) for one in match.proposals]
        offered += [(one.name, far) for one, far in near]
        if len(offered) == 1 and offered[0][1] <= _SLIP and match.how == How.UNKNOWN:
            slip = self._slipped(match.text, offered[0][0], near[0][0] if near else None)
            if slip is not None:
                return slip
        return Asked(
            self._ask,
            unknown=names[0],
            match=match,
            proposals=tuple(name for name, _far in offered),
        )

    def _slipped(self, said: str, meant: str, member: Member | None) -> Asked | None:
        if member is not None:
            self._ask = replace(self._ask, member=member.person_id)
        else:
            match = self._directory.find(meant)
            if match.how != How.AGENCY:
                return None
            self._ask = replace(self._ask, agency=match.agencies[0].id)
        self._notes.append(f"“{said}” được hiểu là “{meant}”")
        return self._finished()

    def _finished(self) -> Asked:
        figures = tuple(dict.fromkeys(name for name in self._figures if name != PICTURE))
        apart = tuple(name for name in figures if name in OF_TASKS)
        ask = replace(self._ask, figures=apart[:1] or figures)
        return Asked(ask, PICTURE in self._figures, tuple(self._notes))


def _names(text: str) -> list[str]:
    """What may be meant as a name: the words as they stand, then without one filler after another.
    As they stand first, because "Sở" typed without marks reads like "số", and "Tài" like "tại"."""
    words = clean(text).strip(" ,;:.?")
    while (asking := _ASKING.search(fold(words))) is not None:
        words = words[: asking.start()].strip(" ,;:.?")
    while (behind := _BEHIND.search(fold(words))) is not None:
        words = words[: behind.start()].strip(" ,;:.")
    names = [words]
    while words and (before := _BEFORE.match(fold(words) + " ")) is not None:
        words = words[before.end() :].strip(" ,;:.")
        names.append(words)
    return names


def _before(period: Period) -> Period:
    if period.index > 1:
        return replace(period, index=period.index - 1)
    return Period(period.unit, period.year - 1, PER_YEAR[period.unit])
