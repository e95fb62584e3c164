"""Atoms into targets: what day or period is meant, what binds it, and which words qualify it.

A target is one candidate deadline: "trước | ngày 25 | của tháng cuối quý". What it comes to is
decided in :mod:`deadlines.meaning`.
"""

import re
from dataclasses import dataclass, field
from itertools import pairwise

from deadlines.phrases import Atom

BOUNDS = frozenset({"before", "until", "since", "asof"})
DAYS = frozenset({
    "date", "datelist", "drange", "doms", "nwork", "nfirst", "nlast", "weekday", "nthweekday",
    "weekof", "lunar", "count", "tplus", "day", "nextday", "holiday",
})  # fmt: skip
PERIODS = frozenset({
    "months", "quarters", "half", "nine", "year", "years", "every", "often", "everyn", "position",
    "next", "thisperiod", "halfmonth", "monthof",
})  # fmt: skip
# What may follow a day and say of which period it is.
_QUALIFIERS = frozenset({
    "monthof", "monthafter", "afterend", "nextmonthof", "next", "this", "thisperiod", "every",
    "often", "half", "nine", "quarters", "months", "weekof", "unit", "year", "position",
})  # fmt: skip
# Days that no period qualifies.
_ALONE = frozenset({"count", "tplus", "day", "nextday", "drange"})
# Words that may stand between a day and its period …
_FILLERS = frozenset({
    "của", "vào", "là", "các", "mỗi", "ngày", "cho", "kỳ", "định", "báo", "cáo", "đối", "với", "(",
    ")", "thời", "điểm", "lúc", "hết", "trong", "tại", "cả", "dương", "lịch", "thứ", "hạn", "đến",
    "riêng", "về", "chế", "độ", "hoặc", "thuộc", "/",
})  # fmt: skip
# … and between a bound or an hour and its day.
_BEFORE_TARGET = _FILLERS | {
    ":", "-", "gửi", "nộp", "hoàn", "thành", "xong", "việc", ",", "chậm", "nhất", "muộn", "buổi",
    "làm", "nhận", "dịp", "lễ", "kỷ", "niệm", "nghỉ", "chiều", "sáng",
}  # fmt: skip


@dataclass
class Target:
    """A candidate: its main atom, what binds it, its hour, and the words around that qualify it."""

    main: Atom
    start: int
    end: int
    clause: int
    bound: str = ""
    time: Atom | None = None
    quals: list[Atom] = field(default_factory=list)
    prefix: "tuple[Target, ...]" = ()
    joined: bool = False
    recurs: bool = False
    exception: bool = False
    ranged: bool = False
    used: bool = False
    window: bool = False  # whose figures a report covers, not when it is due
    first: "Target | None" = None  # what a range runs from

    @property
    def kind(self) -> str:
        return self.main.kind

    def qual(self, *kinds: str) -> Atom | None:
        """The first qualifier of one of these kinds."""
        return next((atom for atom in self.quals if atom.kind in kinds), None)


def targets(line: str, atoms: list[Atom]) -> list[Target]:
    """All candidates of a line in order, with qualifiers shared along lists and ranges joined."""
    found = _Builder(line, atoms).build()
    _share(line, found)
    _prefix(found)
    return _join_ranges(line, found)


class _Builder:
    """Walks the atoms once, carrying the bound and the hour that wait for their day."""

    def __init__(self, line: str, atoms: list[Atom]) -> None:
        self.line, self.atoms = line, atoms
        self.found: list[Target] = []
        self.bound: Atom | None = None
        self.bound_start = 0
        self.time: Atom | None = None
        self.clause = 0
        self.seen = 0

    def build(self) -> list[Target]:
        place = 0
        while place < len(self.atoms):
            atom = self.atoms[place]
            self._pass_clauses(atom)
            if atom.kind in BOUNDS:
                self._bind(atom)
            elif atom.kind in ("time", "parttime"):
                self._set_time(atom, place)
            elif atom.kind in DAYS or atom.kind in PERIODS or atom.kind == "unit":
                place = self._target(place)
                continue
            elif atom.kind != "section":
                self._let_go()
            place += 1
        return self.found

    def gap(self, start: int, end: int) -> list[str]:
        return self.line[start:end].split() if end - start < 200 else ["…"] * 40

    def _pass_clauses(self, atom: Atom) -> None:
        between = self.line[self.seen : atom.start]
        stops = between.count(";") + between.count(" . ") + between.count("\n")
        if stops:
            self.clause += stops
            self._let_go()
        self.seen = atom.end

    def _let_go(self) -> None:
        self.bound, self.time = None, None

    def _bind(self, atom: Atom) -> None:
        old = self.bound
        near = old is not None and all(
            word in _BEFORE_TARGET for word in self.gap(old.end, atom.start)
        )
        if not near:
            self.bound_start = atom.start
        if not (near and old and old.kind == "before" and atom.kind == "until"):
            self.bound = atom
        else:
            self.bound = Atom("before", old.start, atom.end)

    def _set_time(self, atom: Atom, place: int) -> None:
        if self.time is not None and atom.kind == "parttime":
            return
        after = self.atoms[place + 1] if place + 1 < len(self.atoms) else None
        ahead = after is not None and (
            after.kind in DAYS or after.kind in PERIODS or after.kind in BOUNDS
        )
        if ahead and after and set(self.gap(atom.end, after.start)) <= _BEFORE_TARGET:
            self.time = atom
            self._reach(atom)
        elif self.found and len(self.gap(self.found[-1].end, atom.start)) <= 6:
            old = self.found[-1].time
            if old is None or (old.kind == "parttime" and atom.kind == "time"):
                self.found[-1].time = atom
            self.found[-1].end = atom.end
            if self.bound is not None and self.bound.kind != "since":
                self.found[-1].bound = self.found[-1].bound or "until"
            self._let_go()

    def _reach(self, atom: Atom) -> None:
        """Keeps a bound only if it stands right before."""
        if self.bound is None:
            self.bound_start = atom.start
        elif not set(self.gap(self.bound.end, atom.start)) <= _BEFORE_TARGET:
            self.bound, self.bound_start = None, atom.start
        else:
            self.bound = Atom(self.bound.kind, self.bound.start, atom.end)

    def _target(self, place: int) -> int:
        atom = self.atoms[place]
        self._reach(atom)
        target = Target(
            atom,
            self.bound_start if (self.bound or self.time) else atom.start,
            atom.end,
            self.clause,
            self.bound.kind if self.bound else "",
            self.time,
        )
        place += 1
        if atom.kind == "weekday" and self._named_by_date(atom):
            self.found[-1].end = atom.end
            return place  # "ngày 20/4/2026 (thứ Hai)": the date says it
        if atom.kind == "weekday" and self._dated(atom, place):
            return place  # "thứ Sáu, ngày 25/10/2025": the date says it
        takes = atom.kind in DAYS and atom.kind not in _ALONE
        if atom.kind == "every" and self._limits(atom, place):
            place = self._limit(target, place)
        elif takes or atom.kind == "position":
            place = self._qualify(target, place)
        elif atom.kind in ("months", "quarters", "half", "nine") and self._yearly(atom, place):
            target.quals.append(self.atoms[place])
            target.end = self.atoms[place].end
            place += 1
        self._keep(target)
        return place

    def _limits(self, atom: Atom, place: int) -> bool:
        """ "Hằng năm, giai đoạn 2026-2030": only in these years."""
        rest = [one for one in self.atoms[place : place + 2] if one.kind != "since"]
        if not rest or rest[0].kind != "years":
            return False
        gap = set(self.gap(atom.end, rest[0].start))
        return gap <= {",", "(", "trong", "từ", "năm", "các"}

    def _limit(self, target: Target, place: int) -> int:
        while self.atoms[place].kind == "since":
            place += 1
        target.quals.append(self.atoms[place])
        target.end = self.atoms[place].end
        return place + 1

    def _yearly(self, atom: Atom, place: int) -> bool:
        """ "Quý I hằng năm", "tháng 6 và tháng 12 hằng năm"."""
        after = self.atoms[place] if place < len(self.atoms) else None
        if after is None or after.kind not in ("every", "often") or after.get("list") != "năm":
            return False
        gap = self.gap(atom.end, after.start)
        return set(gap) <= {"của", "trong", "(", ","} and not atom.get("y") and not atom.get("y2")

    def _named_by_date(self, atom: Atom) -> bool:
        last = self.found[-1] if self.found else None
        return (
            last is not None
            and last.kind == "date"
            and self.gap(last.end, atom.start) in (["("], [",", "("])
        )

    def _dated(self, atom: Atom, place: int) -> bool:
        after = self.atoms[place] if place < len(self.atoms) else None
        if after is None or after.kind not in ("date", "time"):
            return False
        return set(self.gap(atom.end, after.start)) <= {",", "(", "ngày", "-", "tức", "là"}

    def _keep(self, target: Target) -> None:
        if self.found:
            last = self.found[-1]
            gap = self.gap(last.end, target.start)
            joins = {",", "và", "hoặc", "&", "-", ";", "các", "ngày", "vào", "+", ")", "("}
            target.exception = bool({"riêng", "trừ"} & set(gap))
            target.joined = bool(gap) and set(gap) <= joins and len(gap) <= 3
        self.found.append(target)
        self._let_go()

    def _qualify(self, target: Target, place: int) -> int:
        while place < len(self.atoms) and self._suffix(target, place):
            atom = self.atoms[place]
            self._pass_clauses(atom)
            target.quals.append(atom)
            target.end = atom.end
            place += 1
        return place

    def _suffix(self, target: Target, place: int) -> bool:
        """Whether this atom qualifies the target before it, and does not open the next one."""
        atom = self.atoms[place]
        if atom.kind not in _QUALIFIERS:
            return False
        gap = self.gap(target.end, atom.start)
        if not set(gap) <= _FILLERS or len(gap) > 7:
            return False
        if atom.kind == "unit" and gap and not atom.get("unit"):
            return False
        words = self.line[atom.start : atom.end]
        if "với" in gap or words.startswith("đối với"):
            return True
        if target.kind == "date" and target.main.get("y"):
            return False
        return not (self._opens(place) and (atom.get("report") or atom.kind == "unit" or gap))

    def _opens(self, place: int) -> bool:
        """Whether a bound or a day follows this atom at once, so that it stands before its own."""
        if place + 1 >= len(self.atoms):
            return False
        atom, after = self.atoms[place], self.atoms[place + 1]
        gap = self.gap(atom.end, after.start)
        return after.kind in (BOUNDS | {"date", "doms", "time"}) and set(gap) <= {":", "(", "gửi"}


_SHARED = frozenset({"every", "often", "year", "unit", "this"})


def _share(line: str, found: list[Target]) -> None:
    """In a list the bound is said first and the period last: both hold for all its days."""
    for before, after in pairwise(found):
        if after.joined and not after.bound and _alike(before, after):
            after.bound = before.bound if before.bound != "since" else after.bound
            after.time = after.time or before.time
        if after.joined and after.kind == "date" and before.kind != "date" and before.quals:
            after.recurs = True  # "ngày 20 tháng cuối quý và ngày 20/12": of every year too
            after.bound = after.bound or before.bound
    for before, after in zip(reversed(found[:-1]), reversed(found[1:]), strict=True):
        gap = set(line[before.end : after.start].split())
        listed = after.joined or gap <= {",", "và"}
        if after.joined and before.kind == after.kind == "position":
            before.quals += [one for one in after.quals if one.kind == "every"]
        if after.joined and before.kind == after.kind and after.kind in _LENDERS:
            _lend_year(before, after)
        later = after.qual("next")
        if listed and later is not None and later.get("unit") == "năm" and _alike(before, after):
            before.recurs = not before.quals
        if listed and after.recurs and after.kind == "date" and _alike(before, after):
            before.recurs = before.recurs or not (before.quals or before.main.get("y"))
        shared = bool(after.quals) and all(one.kind in _SHARED for one in after.quals)
        if listed and shared and not before.quals and _alike(before, after):
            before.quals = list(after.quals)


# What is listed under one year, and the part of it that must rise.
_LENDERS = {"date": "m", "months": "m", "quarters": "q"}


def _lend_year(before: Target, after: Target) -> None:
    """ "31/5, 02/6 và 15/6/2026": the year said last holds for all, but not for "15/12" before
    "15/01/2027"."""
    year, part = after.main.get("y"), _LENDERS[after.kind]
    early, late = (re.findall(r"\d+", one.main.get(part)) for one in (before, after))
    in_order = bool(early and late) and int(early[-1]) <= int(late[0])
    if (
        year
        and in_order
        and not before.main.get("y")
        and not before.main.get("yy")
        and not before.quals
    ):
        main = before.main
        before.main = Atom(main.kind, main.start, main.end, main.data | {"y": year})


def _alike(one: Target, other: Target) -> bool:
    dates = {"date", "datelist"}
    return one.kind == other.kind or {one.kind, other.kind} <= dates


def _prefix(found: list[Target]) -> None:
    """A day without a period of its own belongs to the period named before it; one at the very
    start of the text ("Hằng năm, …") rules all that follows."""
    context: list[Target] = []
    last: Target | None = None
    for target in found:
        if last and target.joined and last.kind == "year" and target.kind in ("months", "quarters"):
            _of_year(target, last)
        often = last is not None and last.kind == "often" and last.main.get("list") == "năm"
        if often and last and target.kind in ("months", "quarters") and not target.main.get("y"):
            target.quals.append(last.main)  # "2 lần/năm, vào tháng 6 và tháng 12"
            last.used = True
        if last and target.joined and last.kind == "every" and target.kind == "position":
            target.quals.append(last.main)  # "6 tháng và cuối năm"
        if target.kind in PERIODS or target.kind == "unit":
            listed = target.joined and context and last is context[-1]
            context = [*context, target] if listed else [target]
        elif context and (
            context[-1].clause == target.clause
            or target.kind in ("doms", "nwork")
            or (context[0].start == 0 and context[0].kind in ("every", "often"))
        ):
            target.prefix = tuple(context)
        last = target


def _of_year(target: Target, year: Target) -> None:
    """ "Năm 2025, quý III": one period."""
    if target.main.get("y") or target.main.get("y2") or not year.main.get("y"):
        return
    data = target.main.data | {"y": year.main.get("y")}
    target.main = Atom(target.kind, target.main.start, target.main.end, data)
    target.start, target.bound, year.used = year.start, target.bound or year.bound, True


def _join_ranges(line: str, found: list[Target]) -> list[Target]:
    """ "từ A đến B": only the end binds."""
    kept: list[Target] = []
    for target in found:
        last = kept[-1] if kept else None
        gap = line[last.end : target.start].split() if last else []
        dash = gap == ["-"] and last is not None and _alike(last, target)
        since = last is not None and last.bound == "since" and target.bound != "since"
        said = line[last.end : target.main.start].split() if last else []
        ends = target.bound == "until" or dash or bool(_TO & set(said))
        if last and last.clause == target.clause and (dash or (since and len(gap) <= 8)) and ends:
            target.ranged, target.first = not _is_moved(line, last.start), last
            target.start = last.start
            target.bound = "" if dash and last.bound == "since" else target.bound
            target.bound = target.bound or ("until" if since else last.bound)
            target.window = _is_window(line, last.start, target.end)
            kept.pop()
        elif last and last.window and target.joined and target.start == target.main.start:
            target.window = True  # "đến ngày 14/6 hoặc ngày 14/12 của kỳ báo cáo"
        target.used = target.used or target.window
        kept.append(target)
    return kept


_TO = frozenset({"đến", "tới", "sang"})
_MOVED = re.compile(r"(?:lùi|dời|hoãn|gia hạn|chuyển|điều chỉnh)(?: \S+){0,4} $")


def _is_moved(line: str, start: int) -> bool:
    """Whether "từ A đến B" moves a day ("lùi thời hạn từ A đến B"), so that B alone is meant."""
    return _MOVED.search(line[max(0, start - 50) : start]) is not None


_FIGURES = ("báo cáo", "thống kê", "kỳ", "năm trước", "tháng trước")


def _is_window(line: str, start: int, end: int) -> bool:
    """Whether a range says whose figures a report covers, not when it is due."""
    before = line[max(0, start - 90) : start]
    before = before[before.rfind(";") + 1 :]
    if "số liệu" in before:
        return "gửi" not in before[before.rfind("số liệu") :]
    if not line[start:end].startswith(("tính", "được tính")):
        return False
    said = before + line[start : end + 40]
    return before.endswith("( ") or any(word in said for word in _FIGURES)
