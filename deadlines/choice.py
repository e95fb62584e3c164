"""Among the candidates of a text, the one to hold to: the strongest, unsure where others stand."""

import re
from dataclasses import replace
from datetime import date

from deadlines.grammar import Target, targets
from deadlines.meaning import joined, sense
from deadlines.periods import clamped
from deadlines.phrases import Atom, scan, scan_open
from deadlines.rules import After, Daily, Every, Fixed, Once, Open, Rule, Weekly
from deadlines.senses import NOTHING, Scene, Sense, hour
from deadlines.terms import COUNTED
from deadlines.words import Words

_DERIVED = re.compile(
    r"(?P<side>sau|trước) (?P<n>\d{1,3}) (?P<unit>ngày làm việc|ngày|tuần|tháng) theo thời hạn : "
)


def _derived(found: Words, base: date) -> tuple[Sense, int, int] | None:
    """ "sau 03 ngày theo thời hạn: …", the way a rule that hangs on another is described."""
    match = _DERIVED.match(found.line)
    if match is None:
        return None
    inner = choose(Words(found.tokens[len(match[0].split()) :]), base)
    if inner is None or not inner[0].rules:
        return None
    count = int(match["n"]) * (1 if match["side"] == "sau" else -1)
    rule = After(joined(inner[0].rules), count, COUNTED[match["unit"]])
    return replace(inner[0], rules=(rule,), kind="relative"), 0, len(found.line)


def choose(found: Words, base: date) -> tuple[Sense, int, int] | None:
    """The reading to hold to, and its place in the line; None where no deadline is said."""
    line = found.line
    derived = _derived(found, base)
    if derived is not None:
        return derived
    atoms = scan(line)
    scene = Scene(line, base)
    held: list[tuple[Sense, Target]] = []
    every = targets(line, atoms)
    for target in every:
        one = sense(target, scene)
        if one is not NOTHING and one.rules and one.strength > 0:
            held.append((one, target))
    held = _without_anchors(held)
    held = _within_days([(one, target) for one, target in held if not target.used])
    best = max((one.strength for one, _ in held), default=0)
    if _only_names(line, every, held):
        return None
    opened = _opened(line, atoms) if best <= _OPEN_MOST else None
    if opened and opened[0].strength >= best:
        return opened
    return _doubted(_merged(held, best), held, line) if held else None


_NAMES = frozenset({"every", "often", "half", "nine", "quarters", "months", "year", "unit"})
_FIGURES = re.compile(
    r"(?:thống kê|báo cáo) .{0,60}(?P<runs>tính (?:bắt đầu )?từ) .{0,120}kỳ báo cáo"
)
_RECITAL = re.compile(r"(?:căn cứ|(?:theo|xét) đề nghị của) ")


def _only_names(line: str, found: list[Target], held: list[tuple[Sense, Target]]) -> bool:
    """Whether a text only cites documents ("Căn cứ …", "Theo đề nghị của … tại Tờ trình số …"), or
    names a report and the days its figures run from and to."""
    figures = _FIGURES.search(line)
    if figures or any(target.window for target in found):
        runs = figures.start("runs") if figures else len(line)
        stop = _clause_end(line, runs)
        return all(
            (runs <= target.start < stop and target.bound != "before")
            or (target.kind in _NAMES and not target.bound)
            for _, target in held
        )
    recital = _RECITAL.match(line)
    return recital is not None and not held and any(one in line for one in (" số ", " ngày "))


def _doubted(
    choice: tuple[Sense, int, int], held: list[tuple[Sense, Target]], line: str
) -> tuple[Sense, int, int]:
    """The choice, unsure where the text goes on to another day or to a rule on days off."""
    picked, start, end = choice
    if len(picked.rules) > 1 and " hoặc " in line[start:end] and _single(picked):
        return replace(picked, sure=False, others=picked.rules), start, end
    more = [
        rule
        for one, target in held
        if one.strength >= _SAID and _apart(line, start, end, target)
        for rule in one.rules
        if rule not in picked.rules
    ]
    if picked.kind == "range" and _single(picked):  # "từ 01/9 đến 30/9, hằng tuần báo cáo"
        more += [rule for one, _ in held if _recurs(one) for rule in one.rules]
    starts = _STARTS.search(line) if all(_repeats(rule) for rule in picked.rules) else None
    if not picked.sure or not (more or starts or _ROLLS.search(line)):
        return choice
    return replace(picked, sure=False, others=(*picked.rules, *more)), start, end


def _single(picked: Sense) -> bool:
    return all(isinstance(rule, Fixed | Once) for rule in picked.rules)


_SAID = 66
_ROLLS = re.compile(r"(?:trùng|rơi|vào)(?: vào| với| đúng)?(?: các)? ngày (?:nghỉ|lễ)")


def _apart(line: str, start: int, end: int, target: Target) -> bool:
    """Whether a target stands in a clause of its own, apart from what was chosen."""
    if target.end <= start:
        return "; " in line[target.end : start]
    between = line[end : target.start]
    return len(between.split()) > 3 and any(mark in between for mark in (", ", "; ", ". "))


def _merged(held: list[tuple[Sense, Target]], best: int) -> tuple[Sense, int, int]:
    """The strongest candidates as one: several recurring days are all meant, several single days
    are stated together only in a list."""
    strong = [(one, target) for one, target in held if one.strength >= min(best, 90)]
    if best < 90:
        level = best - (5 if best >= 55 else 0)
        strong = _listed(held, level)
    rules = tuple(rule for one, _ in strong for rule in one.rules)
    sure = all(one.sure for one, _ in strong)
    lone = [target for one, target in strong if not _recurs(one)]
    if len(lone) > 1 and not all(target.joined for target in lone[1:]):
        sure = False
    if len(rules) == 1 and any(target.exception for _, target in held):
        sure = False
    kinds = {one.kind for one, _ in strong}
    kind = kinds.pop() if len(kinds) == 1 else ""
    others = tuple(rule for one, _ in strong for rule in one.others)
    picked = Sense(rules, best, kind, sure, others or rules)
    return picked, strong[0][1].start, max(target.end for _, target in strong)


def _listed(held: list[tuple[Sense, Target]], level: int) -> list[tuple[Sense, Target]]:
    """Those as strong as `level`, and what a list adds to them ("quý IV/2025, quý I/2026")."""
    strong: list[tuple[Sense, Target]] = []
    last: Target | None = None
    for one, target in held:
        listed = last is not None and target.joined and target.kind == last.kind
        if one.strength >= level or (listed and strong and strong[-1][1] is last):
            strong.append((one, target))
        last = target
    return strong


def _without_anchors(held: list[tuple[Sense, Target]]) -> list[tuple[Sense, Target]]:
    """ "10 ngày trước ngày 01/7/2026": the day that a term counts from is no deadline."""
    kept = []
    for place, (one, target) in enumerate(held):
        beside = held[max(0, place - 2) : place + 3]  # a term stands next to its day
        if not any(_counts_from(sense_, term, target) for sense_, term in beside):
            kept.append((one, target))
    return kept


def _counts_from(one: Sense, term: Target, day: Target) -> bool:
    return (
        term is not day
        and term.kind == "count"
        and isinstance(one.rules[0], After)
        and term.start <= day.main.start < term.end
    )


def _within_days(held: list[tuple[Sense, Target]]) -> list[tuple[Sense, Target]]:
    """ "từ 30/4 - 03/5, … trước 14h hằng ngày": each day of the range, at that hour."""
    daily = [(one, target) for one, target in held if isinstance(one.rules[0], Daily)]
    spans = [(one, target) for one, target in held if target.ranged and target.first]
    if len(daily) != 1 or len(spans) != 1:
        return held
    (each, said), (one, target) = daily[0], spans[0]
    rule = _within(target, one.rules[-1], each.rules[0])
    if rule is None:
        return held
    whole = replace(target, start=min(target.start, said.start), end=max(target.end, said.end))
    rest = [pair for pair in held if pair[1] is not said and pair[1] is not target]
    return [*rest, (replace(one, rules=(rule,), kind="daily"), whole)]


def _within(target: Target, last: Rule, each: Rule) -> Daily | None:
    """A daily rule in a range of dates; None where the range is of something else."""
    begin = target.first
    if begin is None or begin.kind != "date" or not isinstance(last, Fixed):
        return None
    year, month, day = (begin.main.number(name) for name in ("y", "m", "d"))
    first = clamped(year or last.day.year, month, day)
    at = each.time or last.time or hour(begin)
    working = isinstance(each, Daily) and each.working
    return Daily(working, at, first, last.day) if first <= last.day else None


def _recurs(one: Sense) -> bool:
    return all(_repeats(rule) for rule in one.rules)


def _repeats(rule: Rule) -> bool:
    return isinstance(rule, Every | Weekly | Daily)


# "hằng năm, bắt đầu từ năm 2027": the first days may lie before the start.
_STARTS = re.compile(
    r"(?:bắt đầu|áp dụng|kể|thực hiện|triển khai) (?:kể )?từ (?:(?:ngày|kỳ|tháng|quý|năm) ){1,3}\d"
)


# Words without a day, by kind; ten more at the start of a text.
_OPEN_STRENGTH = {"per_plan": 50, "event": 41, "ongoing": 43}
_OPEN_MOST = max(_OPEN_STRENGTH.values()) + 10


def _opened(line: str, atoms: list[Atom]) -> tuple[Sense, int, int] | None:
    """The words that say there is no day, if any: the first of the strongest kind."""
    marks = scan_open(line)
    if any(atom.kind == "always" for atom in atoms):
        return Sense((Open("ongoing", "24/24"),), 43, "ongoing"), 0, len(line)
    if not marks:
        return None
    first = max(
        marks, key=lambda mark: (_OPEN_STRENGTH[mark.kind] + 10 * (mark.start == 0), -mark.start)
    )
    strength = _OPEN_STRENGTH[first.kind] + (10 if first.start == 0 else 0)
    stop = _clause_end(line, first.end)
    rule = Open(first.kind, line[first.start : stop])
    return Sense((rule,), strength, first.kind), first.start, stop


def _clause_end(line: str, start: int) -> int:
    ends = [place for mark in (" ;", " . ", " )") if (place := line.find(mark, start)) >= 0]
    return min([*ends, len(line)])
