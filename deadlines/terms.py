"""Targets that count: so many days from an anchor, or from the end of a period.

The anchor stands after the count ("05 ngày kể từ ngày nhận"), before it ("sau khi kết thúc quý 10
ngày"), or is not said; then the day of receipt is meant and the reading is unsure.
"""

import re
from dataclasses import dataclass, replace

from deadlines.grammar import Target
from deadlines.periods import MONTHS, PER_YEAR, Period, Unit, clamped
from deadlines.rules import (
    After,
    Every,
    Fixed,
    FromEnd,
    Once,
    Relative,
    Weekly,
)
from deadlines.senses import NOTHING, Scene, Sense, context_of, hour, unit_of

_CLIP = r"(?P<label>(?: [^\s,;.:]+){0,14})"
_FROM = re.compile(
    r"^ (?:làm việc )?(?:\( [^()]{1,40} \) )?(?:, |và )?"
    r"(?:(?:được )?(?:kể |tính )(?:kể )?từ|từ|sau|là kể từ)"
    r"(?P<hinge>(?: (?:ngày|khi|lúc|thời điểm|từ|sau|được|thời hạn)){0,6})" + _CLIP
)
_UPTO = re.compile(
    r"^ (?:làm việc )?(?:, )?(?:trước|so với)"
    r"(?P<hinge>(?: (?:khi|ngày|thời điểm|lúc|so với|hạn|với)){0,6})" + _CLIP
)
# What makes a period's word another thing: a school year, a session, a campaign's month.
_NOT_A_PERIOD = (
    r"(?! (?:học|họp|thi|nghỉ|tuyển|thanh tra|kiểm tra|giám sát|bầu|hành động|cao điểm|thanh niên"
    r"|công nhân|an toàn|khuyến|lễ|tập huấn|thử|nghĩa vụ|đại hội)(?!\S))"
)
_PERIOD_END = re.compile(
    r"^ (?:ngày |khi |thời điểm )?(?P<end>(?:kết thúc|hết|cuối cùng của|cuối|ngày cuối|đóng)"
    r"(?: (?:của|mỗi|hằng|từng|kỳ|thời gian|ngày|các|kỳ báo cáo|báo cáo|thời hạn|khóa sổ|niên độ"
    r"|kế toán|cùng)){0,6} )?"
    r"(?P<unit>0?6 tháng|9 tháng|tháng|quý|năm|tuần|kỳ)"
    + _NOT_A_PERIOD
    + r"(?P<tail>(?: \S+){0,5})"
)
_REVERSED = re.compile(
    r"(?P<side>trước|sau)(?: (?:khi|ngày|thời điểm)){0,3}"
    r"(?P<label> (?:kết thúc|hết) (?:\S+ ){1,6})"
    r"(?:(?:là|chậm nhất|muộn nhất|không quá|tối đa|ít nhất|tối thiểu|,|trước|trong|vòng) ){0,3}$"
)
_EVENT_FIRST = re.compile(
    r"(?P<side>trước khi|trước ngày|sau khi|sau ngày|kể từ ngày|kể từ khi|từ khi|tính từ ngày)"
    r"(?P<label>(?: (?!\d)[^\s;.:,()]+){1,12}?)"
    r"(?: (?:,|trong vòng|trong thời hạn|thời hạn|chậm nhất|muộn nhất|không quá|tối đa|là"
    r"|ít nhất)){0,3} $"
)
_TERM = re.compile(
    r"(?:trong vòng|trong thời hạn|thời hạn|trong thời gian|thời gian|trong|sau|sau khi|không quá"
    r"|tối đa|chậm nhất|muộn nhất|hạn|trước|vòng|là|ít nhất|tối thiểu|quá)"
    r"(?: (?:là|không quá|tối đa|khoảng|sau|trong|ít nhất|trước)){0,3} $"
)
_LEADING = re.compile(r"(?:ít nhất|tối thiểu|trước) (?:là )?$")
_DATE_LABEL = re.compile(
    r"^ (?:ngày )?(?P<d>\d{1,2}) (?:/|tháng|-) (?P<m>\d{1,2}) (?:/|năm|-) (?P<y>\d{4})"
)
_DAY_FIRST = re.compile(
    r"trước (?:ngày )?(?P<d>\d{1,2}) (?:/|tháng|-) (?P<m>\d{1,2}) (?:/|năm|-) (?P<y>\d{4}) "
    r"(?:, )?(?:ít nhất|tối thiểu|chậm nhất|muộn nhất)(?: là)? $"
)
_SECTION = re.compile(r" (?:\S+ ){0,10}?(?P<at>mục [\da-zđ]+(?: \. \d+){0,3})(?!\S)")
_RECEIPT = re.compile(r"\bnhận\b|tiếp nhận|\bđến\b")
_DOCUMENT = re.compile(
    r"^ (?:được )?(?:ký|ban hành|công bố|phát hành|(?:văn bản|quyết định|thông báo|thông tư"
    r"|công văn|kế hoạch) này)"
)
COUNTED = {
    "ngày": "day",
    "ngày làm việc": "working",
    "ngày ( làm việc )": "working",
    "tuần": "week",
    "tháng": "month",
    "năm": "year",
    "giờ": "hour",
    "giờ làm việc": "hour",
    "tiếng": "hour",
    "h": "hour",
    "phút": "hour",
}
_MOST = 400


@dataclass(frozen=True)
class _Term:
    """A count, and the words on both sides of it."""

    target: Target
    number: int
    unit: str
    ahead: str
    behind: str

    def from_anchor(self, anchor: str, label: str) -> Relative:
        return Relative(self.number, self.unit, anchor, label.strip(), time=hour(self.target))

    def back(self) -> "_Term":
        return replace(self, number=-self.number)


def read_count(target: Target, scene: Scene) -> Sense:
    atom = target.main
    number, unit = atom.number("n"), COUNTED[atom.get("u")]
    if number > _MOST:
        return NOTHING
    ahead = scene.line[atom.end : atom.end + 200]
    behind = scene.line[max(0, atom.start - 90) : atom.start]
    if unit == "day" and ahead.startswith(" làm việc"):
        unit = "working"
    if unit == "hour" and atom.get("u") == "giờ làm việc":
        return _office_hours(_Term(target, -(-number // _DAY_OF_WORK), "working", ahead, behind))
    if _SPAN.match(ahead):
        return NOTHING  # "03 ngày, từ ngày 14/4 đến ngày 16/4": the range says it
    term = _Term(target, 0 if atom.get("u") == "phút" else number, unit, ahead, behind)
    for reader in (_after_section, _straight, _from_anchor, _up_to, _before_day, _turned, _unsaid):
        found = reader(term)
        if found is not None:
            return found
    return NOTHING


_DAY_OF_WORK = 8
_SPAN = re.compile(
    r"^ (?:, |\( )?từ ngày \d{1,2}(?: (?:/|tháng) \d{1,2}(?: (?:/|năm) \d{4})?)? đến "
)


def _office_hours(term: _Term) -> Sense:
    """ "24 giờ làm việc": so many days of eight hours; from which hour, nobody says."""
    match = _FROM.match(term.ahead)
    found = _named_anchor(term, match["label"]) if match else _unsaid(term)
    return replace(found, sure=False, others=found.rules) if found else NOTHING


def read_tplus(target: Target, _scene: Scene) -> Sense:
    """ "T+3" counts from a day that only its document knows."""
    unit = "working" if target.main.get("work") else "day"
    rule = Relative(target.main.number("n"), unit, "receipt", time=hour(target))
    return Sense((rule,), 90, "relative", sure=False, others=(rule,))


def read_nextday(target: Target, _scene: Scene) -> Sense:
    """ "ngày làm việc tiếp theo": the day after one that only its document knows."""
    unit = "working" if target.main.get("work") else "day"
    rule = Relative(1, unit, "receipt", time=hour(target))
    return Sense((rule,), 70 if target.bound or target.start == 0 else 30, sure=False)


def _after_section(term: _Term) -> Sense | None:
    """ "sau 03 ngày theo thời gian quy định tại mục 2": hangs on other deadlines."""
    match = _SECTION.match(term.ahead)
    if match is None or not re.search(r"(?:sau|trong vòng|chậm nhất|không quá) $", term.behind):
        return None
    return Sense((term.from_anchor("parents", match["at"]),), 96, "relative")


def _straight(term: _Term) -> Sense | None:
    """ "sau 15 ngày kết thúc quý", with no word between."""
    ended = _PERIOD_END.match(term.ahead)
    if ended and (ended["end"] or "").startswith("kết thúc"):
        return _period_term(term, ended)
    return None


def _dated(term: _Term, match: re.Match[str]) -> Sense | None:
    """ "kể từ ngày 30/11/2025": the anchor is a day, and belongs to the phrase."""
    day = _DATE_LABEL.match(match["label"])
    if day is None:
        return None
    term.target.end = max(term.target.end, term.target.main.end + match.start("label") + day.end())
    return _from_day(term, day)


def _before_day(term: _Term) -> Sense | None:
    """ "trước ngày 01/7/2026 ít nhất 10 ngày"."""
    match = _DAY_FIRST.search(term.behind)
    if match is None:
        return None
    term.target.start = min(term.target.start, term.target.main.start - len(match[0]))
    return _from_day(term.back(), match)


def _from_day(term: _Term, day: re.Match[str]) -> Sense:
    start = clamped(int(day["y"]), min(max(int(day["m"]), 1), 12), max(int(day["d"]), 1))
    rule = After(Fixed(start), term.number, term.unit, hour(term.target))
    return Sense((rule,), 96, "relative")


def _widen(term: _Term, match: re.Match[str]) -> None:
    """The words of the anchor belong to the phrase."""
    term.target.end += match.end() if match.end() < 120 else 0


def _from_anchor(term: _Term) -> Sense | None:
    match = _FROM.match(term.ahead)
    if match is None:
        return None
    label = match["label"]
    ended = _PERIOD_END.match(label)
    if ended and (ended["end"] or "kết thúc" in match["hinge"]):
        return _period_term(term, ended)
    return _dated(term, match) or _awaited(term, match, label)


def _awaited(term: _Term, match: re.Match[str], label: str) -> Sense:
    """Counts from receipt, from signing, or from an event that somebody must date."""
    _widen(term, match)
    return _named_anchor(term, label)


def _named_anchor(term: _Term, label: str) -> Sense:
    if _RECEIPT.search(label):
        return Sense((term.from_anchor("receipt", label),), 96, "relative")
    if _DOCUMENT.match(label):
        return Sense((term.from_anchor("document", label),), 96, "relative")
    rule = term.from_anchor("event", label)
    return Sense((rule,), 94, "relative", sure=False, others=(rule,))


def _up_to(term: _Term) -> Sense | None:
    """So many days before something."""
    match = _UPTO.match(term.ahead)
    if match is None:
        return None
    label, term = match["label"], term.back()
    ended = _PERIOD_END.match(label)
    if ended and ended["end"]:
        return _period_term(term, ended)
    if not label.strip():
        return None
    found = _dated(term, match)
    if found is None:
        _widen(term, match)
        found = Sense((term.from_anchor("upcoming", label),), 94, "event")
    return found


def _turned(term: _Term) -> Sense | None:
    """ "sau khi kết thúc quý 10 ngày", "trước ngày khai mạc 05 ngày": the anchor comes first."""
    match = _REVERSED.search(term.behind)
    if match is None:
        return _turned_event(term)
    ended = _PERIOD_END.match(match["label"].rstrip())
    if ended is None:
        return Sense((term.back().from_anchor("upcoming", match["label"]),), 60, "event")
    return _period_term(term.back() if match["side"] == "trước" else term, ended)


def _turned_event(term: _Term) -> Sense | None:
    match = _EVENT_FIRST.search(term.behind)
    if match is None or term.ahead.startswith(" /"):
        return None
    label = " " + match["label"].strip()
    if match["side"].startswith("trước"):
        return Sense((term.back().from_anchor("upcoming", label),), 60, "event")
    return _named_anchor(term, label)


def _unsaid(term: _Term) -> Sense | None:
    """No anchor at all: receipt is meant, most likely."""
    rule = term.from_anchor("receipt", "")
    if term.ahead.startswith((" nữa", " tới")) and term.unit != "year":
        return Sense((rule,), 60, "relative", sure=False, others=(rule,))
    if term.behind.endswith("trước ") and not term.ahead:
        return Sense((term.back().from_anchor("upcoming", ""),), 60, "event")
    whole = not term.ahead and (not term.behind or term.behind.endswith(": "))
    if not whole and (not _TERM.search(term.behind) or _LEADING.search(term.behind)):
        return None
    if term.unit in ("month", "year") and not re.search(r"(?:vòng|hạn|sau|quá) $", term.behind):
        return None
    return Sense((rule,), 80, "relative", sure=False, others=(rule,))


def _period_term(term: _Term, ended: re.Match[str]) -> Sense:
    """So many days after or before a period ends."""
    days = {"day": 1, "working": 1, "week": 7, "month": 30}.get(term.unit)
    if days is None:
        return NOTHING
    point, at = FromEnd(term.number * days, term.unit == "working"), hour(term.target)
    unit = unit_of(ended["unit"])
    if unit is None:
        return _some_period(term, point)
    if unit is Unit.WEEK:
        return Sense((Weekly(((6 + term.number * days) % 7,), time=at),), 90)
    one = _one_period(unit, ended["tail"])
    if one is not None:
        return Sense((Once(one, point, time=at),), 97)
    every = [Every(unit, point, _which(unit, ended["tail"]), time=at)]
    more = re.match(
        r"(?: (?:đầu|cuối) năm)?(?: (?:,|và|hoặc|/|kỳ)){1,3} (tháng|quý|0?6 tháng|năm)(?!\S)",
        ended["tail"],
    )
    other = unit_of(more[1]) if more else None
    if other is not None:
        every.append(Every(other, point, time=at))
    return Sense(tuple(every), 97)


def _some_period(term: _Term, point: FromEnd) -> Sense:
    """ "sau khi kết thúc kỳ báo cáo": the period named elsewhere in the text, if any."""
    known = [unit for unit, _ in context_of(term.target) if unit in MONTHS]
    if known:
        return Sense(tuple(Every(unit, point, time=hour(term.target)) for unit in known), 97)
    guesses = tuple(Every(unit, point) for unit in (Unit.QUARTER, Unit.HALF, Unit.YEAR))
    return Sense(guesses[:1], 90, "ambiguous", sure=False, others=guesses)


_TAIL_YEAR = r"((?:19|20|21)\d\d)(?!\S)"


def _one_period(unit: Unit, tail: str) -> Period | None:
    """The one period meant where its year is said: "quý I/2026", "năm 2026"."""
    if unit in (Unit.MONTH, Unit.QUARTER):
        match = re.match(rf" (\d{{1,2}}) (?:/|năm|-) {_TAIL_YEAR}", tail)
        if match and 1 <= int(match[1]) <= PER_YEAR[unit]:
            return Period(unit, int(match[2]), int(match[1]))
    elif unit is Unit.YEAR:
        match = re.match(rf"(?: (?:/|năm)){{0,2}} {_TAIL_YEAR}", tail)
        if match:
            return Period(unit, int(match[1]))
    else:
        match = re.match(rf" (đầu|cuối)(?: của)? năm {_TAIL_YEAR}", tail)
        if match:
            second = match[1] == "cuối" and unit is Unit.HALF
            return Period(unit, int(match[2]), 2 if second else 1)
    return None


def _which(unit: Unit, tail: str) -> tuple[int, ...]:
    if unit is not Unit.HALF:
        return ()
    return (1,) if tail.startswith(" đầu") else (2,) if tail.startswith(" cuối") else ()
