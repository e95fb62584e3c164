"""Targets that count: so many days from an anchor, or from the end of a period."""

import re

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
from deadlines.senses import NOTHING, UNITS, Scene, Sense, context_of, hour, unit_of

_FROM = re.compile(
    r"^ (?:làm việc )?(?:\( [^()]{1,40} \) )?(?:, |và )?(?:(?:được )?(?:kể |tính )(?:kể )?từ|từ|sau|là kể từ)"
    r"(?P<hinge>(?: (?:ngày|khi|lúc|thời điểm|từ|sau|được|thời hạn))*)(?P<label>(?: [^\s,;.:]+){0,14})"
)


_UPTO = re.compile(
    r"^ (?:làm việc )?(?:, )?(?:trước|so với)(?P<hinge>(?: (?:khi|ngày|thời điểm|lúc|so với|hạn|với))*)(?P<label>(?: [^\s,;.:]+){0,14})"
)


_PERIOD_END = re.compile(
    r"^ (?:ngày |khi |thời điểm )?(?P<end>(?:kết thúc|hết|cuối cùng của|cuối|ngày cuối|đóng)(?: (?:của|mỗi|hằng|từng|kỳ|thời gian|ngày|các|kỳ báo cáo|báo cáo|thời hạn|khóa sổ|niên độ|kế toán|cùng))* )?"
    r"(?P<unit>0?6 tháng|9 tháng|tháng|quý|năm|tuần|kỳ)(?P<tail>(?: \S+){0,5})"
)


_REVERSED = re.compile(
    r"(?P<side>trước|sau)(?: (?:khi|ngày|thời điểm))*(?P<label> (?:kết thúc|hết) (?:\S+ ){1,6})(?:(?:là|chậm nhất|muộn nhất|không quá|tối đa|ít nhất|tối thiểu|,|trước|trong|vòng) ){0,3}$"
)


_TERM = re.compile(
    r"(?:trong vòng|trong thời hạn|thời hạn|trong thời gian|thời gian|trong|sau|sau khi|không quá|không quá là|tối đa|chậm nhất|muộn nhất|hạn|trước|vòng|chậm nhất là|muộn nhất là|chậm nhất sau|là|ít nhất|tối thiểu|quá)(?: (?:là|không quá|tối đa|khoảng|sau|trong|ít nhất|trước))* $"
)


_LEADING = re.compile(r"(?:ít nhất|tối thiểu|trước) (?:là )?$")


_DATE_LABEL = re.compile(
    r"^ (?:ngày )?(?P<d>\d{1,2}) (?:/|tháng|-) (?P<m>\d{1,2}) (?:/|năm|-) (?P<y>\d{4})"
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


_RECEIPT = re.compile(r"\bnhận\b|tiếp nhận|\bđến\b")


_DOCUMENT = re.compile(
    r"^ (?:được )?(?:ký|ban hành|công bố|phát hành|văn bản này|quyết định này|thông báo này|thông tư này|công văn này|kế hoạch này)"
)


def read_count(target: Target, scene: Scene) -> Sense:
    atom = target.main
    number, unit = atom.number("n"), COUNTED[atom.get("u")]
    if atom.get("u") == "phút":
        number = 0
    if number > 400:
        return NOTHING
    ahead = scene.line[atom.end : atom.end + 200]
    behind = scene.line[max(0, atom.start - 90) : atom.start]
    if unit == "day" and ahead.startswith(" làm việc"):
        unit = "working"
    found = _after_section(target, number, unit, ahead, behind)
    found = found or _from_anchor(target, number, unit, ahead)
    found = found or _up_to(target, number, unit, ahead)
    return found or _loose(target, number, unit, ahead, behind)


def _after_section(target: Target, number: int, unit: str, ahead: str, behind: str) -> Sense | None:
    match = re.match(r" (?:\S+ ){0,10}?(?P<at>mục [\da-zđ]+(?: \. \d+)*)(?!\S)", ahead)
    if match is None or not re.search(r"(?:sau|trong vòng|chậm nhất|không quá) $", behind):
        return None
    rule = Relative(number, unit, "parents", match["at"], time=hour(target))
    return Sense((rule,), 96, "relative")


def _from_anchor(target: Target, number: int, unit: str, ahead: str) -> Sense | None:
    straight = _PERIOD_END.match(ahead)
    if straight and (straight["end"] or "").startswith("kết thúc"):
        return _period_term(target, straight, number, unit)
    match = _FROM.match(ahead)
    if match is None:
        return None
    label, at = match["label"], hour(target)
    day = _DATE_LABEL.match(label)
    if day:
        start = clamped(int(day["y"]), min(int(day["m"]), 12), max(int(day["d"]), 1))
        return Sense((After(Fixed(start), number, unit, at),), 96, "relative")
    ended = _PERIOD_END.match(label)
    if ended and (ended["end"] or "kết thúc" in match["hinge"]):
        return _period_term(target, ended, number, unit)
    target.end += match.end() if len(match.group()) < 120 else 0
    words = label.strip()
    if _RECEIPT.search(label):
        return Sense((Relative(number, unit, "receipt", words, time=at),), 96, "relative")
    if _DOCUMENT.match(label):
        return Sense((Relative(number, unit, "document", words, time=at),), 96, "relative")
    rule = Relative(number, unit, "event", words, time=at)
    return Sense((rule,), 94, "relative", sure=False, others=(rule,))


def _up_to(target: Target, number: int, unit: str, ahead: str) -> Sense | None:
    match = _UPTO.match(ahead)
    if match is None:
        return None
    label, at = match["label"], hour(target)
    day = _DATE_LABEL.match(label)
    if day:
        start = clamped(int(day["y"]), min(int(day["m"]), 12), max(int(day["d"]), 1))
        return Sense((After(Fixed(start), -number, unit, at),), 96, "relative")
    ended = _PERIOD_END.match(label)
    if ended and ended["end"]:
        return _period_term(target, ended, -number, unit)
    if not label.strip():
        return None
    target.end += match.end() if len(match.group()) < 120 else 0
    rule = Relative(-number, unit, "upcoming", label.strip(), time=at)
    return Sense((rule,), 94, "event")


def _loose(target: Target, number: int, unit: str, ahead: str, behind: str) -> Sense | None:
    """A term whose anchor stands before it, or is not said at all."""
    turned = _REVERSED.search(behind)
    if turned:
        ended = _PERIOD_END.match(turned["label"].rstrip())
        if ended:
            signed = -number if turned["side"] == "trước" else number
            return _period_term(target, ended, signed, unit)
        return Sense((Relative(-number, unit, "upcoming", turned["label"].strip()),), 60, "event")
    if ahead.startswith((" nữa", " tới")) and target.main.get("u") != "năm":
        return Sense((Relative(number, unit, "receipt"),), 60, "relative", sure=False)
    if not _TERM.search(behind) or _LEADING.search(behind):
        return NOTHING
    if unit in ("month", "year") and not re.search(r"(?:vòng|hạn|sau|quá) $", behind):
        return NOTHING
    rule = Relative(number, unit, "receipt", time=hour(target))
    return Sense((rule,), 80, "relative", sure=False, others=(rule,))


def _period_term(target: Target, ended: re.Match[str], number: int, unit: str) -> Sense:
    """So many days after or before a period ends."""
    before, at = False, hour(target)
    if unit not in ("day", "working", "week", "month"):
        return NOTHING
    if unit in ("week", "month"):
        number, unit = number * (7 if unit == "week" else 30), "day"
    point = FromEnd(number, unit == "working")
    word = ended["unit"].removeprefix("0")
    tail = ended["tail"]
    year = re.match(r"(?: (?:/|năm))* ((?:19|20|21)\d\d)(?!\S)", tail)
    index = re.match(r" (\d{1,2}) (?:/|năm|-) ((?:19|20|21)\d\d)", tail)
    period = UNITS.get(word)
    if period is None:
        context = [one for one, _ in context_of(target) if one in MONTHS]
        if not context:
            every = tuple(Every(one, point) for one in (Unit.QUARTER, Unit.HALF, Unit.YEAR))
            return Sense(every[:1], 90, "ambiguous", sure=False, others=every)
        return Sense(tuple(Every(one, point, (), before, at) for one in context), 97)
    if period in (Unit.WEEK, Unit.DAY):
        day = (6 + number) % 7
        return Sense((Weekly((day,), before, at),), 90)
    if index and period in (Unit.MONTH, Unit.QUARTER) and int(index[1]) <= PER_YEAR[period]:
        one = Period(period, int(index[2]), int(index[1]))
        return Sense((Once(one, point, before, at),), 97)
    half = re.match(r" (?P<which>đầu|cuối)(?: của)? năm (?P<y>(?:19|20|21)\d\d)(?!\S)", tail)
    if half and period in (Unit.HALF, Unit.NINE):
        number_ = 2 if half["which"] == "cuối" and period is Unit.HALF else 1
        return Sense((Once(Period(period, int(half["y"]), number_), point, before, at),), 97)
    if year and period is Unit.YEAR:
        return Sense((Once(Period(period, int(year[1])), point, before, at),), 97)
    which: tuple[int, ...] = ()
    if period is Unit.HALF and tail.startswith(" đầu"):
        which = (1,)
    elif period is Unit.HALF and tail.startswith(" cuối"):
        which = (2,)
    units_ = [(period, which)]
    more = re.match(r"(?: (?:,|và|hoặc|/|kỳ))+ (tháng|quý|0?6 tháng|năm)(?!\S)", tail)
    if more and unit_of(more[1]):
        units_.append((UNITS[more[1].removeprefix("0")], ()))
    return Sense(tuple(Every(one, point, two, before, at) for one, two in units_), 97)


def read_tplus(target: Target, scene: Scene) -> Sense:
    _ = scene
    unit = "working" if target.main.get("work") else "day"
    rule = Relative(target.main.number("n"), unit, "receipt", time=hour(target))
    return Sense((rule,), 90, "relative", sure=False, others=(rule,))
