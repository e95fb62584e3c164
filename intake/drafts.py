"""Rows of a table become draft tasks, each with what a person must know about it first."""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from deadlines import (
    Open,
    Reading,
    Relative,
    Rule,
    WorkCalendar,
    describe,
    occurrences,
    read,
    rule_to_json,
)
from deadlines.text import clean, fold
from intake.names import Resolver, divide, is_none, split_names
from intake.problems import Problem
from intake.task_rows import TaskRow
from registry.agencies import How, Match, Proposal
from registry.citing import number_key
from registry.directives import AgencyPart, DirectiveFacts, TaskFacts
from registry.types import Part

# Kinds of deadlines that have no day by their nature, and are stored so.
DAYLESS = frozenset({"ongoing", "per_plan", "event"})
# How a duty of running text without any deadline is kept: asked for a word now and then.
_UNDATED = "ongoing"
_CITED = re.compile(
    r"(?:(?:kế hoạch|quyết định|nghị quyết|chương trình|đề án|công văn|chỉ thị|thông báo)\s+)?"
    r"(?:số\s+)?\d+(?:/\d{4})?[-/][^\s,;]*[A-ZĐ][^\s,;]*",
    re.IGNORECASE,
)
_EARLIEST = date(2000, 1, 1)


@dataclass(frozen=True)
class DraftTask:
    """One task as it would be stored, and where the file says so; `source`: its words there;
    `place`: which of the rows it was read from, from 0."""

    key: str
    line: int
    where: str
    section: str
    ordinal: str
    title: str
    deliverable: str
    deadline: str
    reading: Reading
    leads: tuple[Match, ...] = ()
    coordinates: tuple[Match, ...] = ()
    send_to: tuple[Match, ...] = ()
    lead_text: str = ""
    coordinate_text: str = ""
    source: str = ""
    messages: tuple[Problem, ...] = field(default=(), compare=False)
    place: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Terms:
    """What reading a directive needs besides its rows. `reference`: the day from which phrases are
    seen (the day of issue where known); `inclusive`: "trước ngày D" includes D; `text`: running
    text, where a duty without a day is common and is told, not refused; `known`: numbers of the
    documents cited that are stored here, as :func:`registry.citing.number_key` makes them."""

    reference: date
    document_date: date | None = None
    calendar: WorkCalendar = field(default_factory=WorkCalendar)
    inclusive: bool = False
    text: bool = False
    known: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Draft:
    """A directive ready to be looked at. `problems` in the order of the file."""

    directive: DirectiveFacts
    tasks: tuple[DraftTask, ...]
    problems: tuple[Problem, ...]

    @property
    def blocked(self) -> bool:
        return any(one.blocking for one in self.problems)

    def facts(self) -> list[TaskFacts]:
        """The tasks as the registry stores them."""
        return [_facts(task, place) for place, task in enumerate(self.tasks, start=1)]


def draft_tasks(
    rows: Sequence[TaskRow], resolver: Resolver, terms: Terms, directive: DirectiveFacts
) -> Draft:
    """Read every row; nothing is dropped but exact repetitions, and those are told."""
    problems: list[Problem] = []
    tasks: list[DraftTask] = []
    seen: dict[tuple[str, ...], int] = {}
    for place, row in enumerate(rows):
        told = (row.section, row.title, row.deadline, row.lead, row.deliverable)
        first = seen.setdefault(tuple(fold(one) for one in told), row.line)
        if first != row.line:
            problems.append(Problem(row.line, f"trùng với dòng {first}; chỉ giữ một", False))
            continue
        tasks.append(replace(_draft(row, resolver, terms), place=place))
    tasks = [_checked(task, terms) for task in _hung(tasks, terms)]
    problems += [problem for task in tasks for problem in task.messages]
    if not rows:
        where = "không thấy nhiệm vụ nào giao cho cơ quan cụ thể" if terms.text else ""
        problems.append(Problem(0, where or "không có nhiệm vụ nào dưới dòng tiêu đề"))
    return Draft(directive, tuple(_keyed(tasks)), tuple(sorted(problems, key=lambda p: p.line)))


def _keyed(tasks: Iterable[DraftTask]) -> list[DraftTask]:
    """Keys from section and title, so that rows may move; equal ones are counted."""
    times: Counter[str] = Counter()
    found: list[DraftTask] = []
    for task in tasks:
        words = f"{fold(task.section)}|{fold(task.title)}"
        times[words] += 1
        digest = hashlib.sha256(words.encode()).hexdigest()[:24]
        suffix = f"#{times[words]}" if times[words] > 1 else ""
        found.append(replace(task, key=digest + suffix))
    return found


def _draft(row: TaskRow, resolver: Resolver, terms: Terms) -> DraftTask:
    lead_text, also = divide(row.lead)
    coordinate_text = "; ".join(part for part in (also, row.coordinate) if not is_none(part))
    return DraftTask(
        key="",
        line=row.line,
        where=row.where,
        section=row.section,
        ordinal=row.ordinal,
        title=row.title,
        deliverable=row.deliverable,
        deadline=row.deadline,
        reading=_reading(row.deadline, terms),
        leads=tuple(split_names(lead_text, resolver)),
        coordinates=tuple(split_names(coordinate_text, resolver)),
        send_to=tuple(split_names(row.send_to, resolver)),
        lead_text=row.lead,
        coordinate_text=row.coordinate,
        source=row.source,
    )


def _checked(task: DraftTask, terms: Terms) -> DraftTask:
    found = [problem for check in _CHECKS for problem in check(task, terms)]
    return replace(task, messages=tuple(found))


def _reading(deadline: str, terms: Terms, anchors: Mapping[str, Any] | None = None) -> Reading:
    if terms.text and _blank(deadline):
        return Reading(deadline, _UNDATED, sure=True, explain="Không nêu thời hạn")
    return read(
        deadline,
        terms.reference,
        inclusive=terms.inclusive,
        document_date=terms.document_date,
        calendar=terms.calendar,
        anchors=anchors,
    )


def _blank(deadline: str) -> bool:
    return not deadline.strip(" -–.")


# --- Deadlines that hang on others ---------------------------------------------------------------


def _hung(tasks: Sequence[DraftTask], terms: Terms) -> list[DraftTask]:
    """Derived deadlines ("sau 03 ngày theo thời gian quy định tại mục 2") read once more, with the
    deadlines of the section they name."""
    found: list[DraftTask] = []
    for task in tasks:
        label = task.reading.reference_text
        rule = task.reading.rule
        if isinstance(rule, Relative) and rule.label and not task.reading.due:
            parents = _parents(task, label.split()[-1].casefold(), tasks)
            if parents:
                anchored = _reading(task.deadline, terms, {rule.label: parents})
                found.append(replace(task, reading=anchored))
                continue
        found.append(task)
    return found


def _parents(task: DraftTask, number: str, tasks: Sequence[DraftTask]) -> tuple[Rule, ...]:
    return tuple(
        other.reading.rule
        for other in tasks
        if other is not task
        and other.reading.rule is not None
        and has_days(other.reading.rule)
        and _stands_in(other, number)
    )


def _stands_in(task: DraftTask, number: str) -> bool:
    """As the registry finds the parents of a stored task: by the marks of its headings."""
    places = [*task.section.split(" / "), task.ordinal]
    marks = [place.split()[0].rstrip(".:)").casefold() for place in places if place.split()]
    return any(mark == number or mark.startswith(f"{number}.") for mark in marks)


# --- Checks --------------------------------------------------------------------------------------


def _check_title(task: DraftTask, _terms: Terms) -> list[Problem]:
    return [] if task.title else [Problem(task.line, "thiếu nội dung nhiệm vụ")]


def _check_deadline(task: DraftTask, terms: Terms) -> list[Problem]:
    reading = task.reading
    if _blank(task.deadline) and terms.text:
        message = "không nêu thời hạn; sẽ hỏi tình hình định kỳ như việc thường xuyên"
        return [Problem(task.line, message, blocking=False)]
    if _blank(task.deadline):
        return [
            Problem(
                task.line,
                "chưa ghi thời hạn; nếu không có hạn, ghi “Thường xuyên” hoặc “Theo Kế hoạch số …”",
            )
        ]
    if reading.kind == "unread":
        return [Problem(task.line, f"không đọc được thời hạn “{task.deadline}”")]
    if not reading.sure and reading.kind not in DAYLESS:
        return [Problem(task.line, _unsure(task))]
    return [*_cited(task, terms), *_from_receipt(task, terms), *_no_day_left(task, terms)]


def _unsure(task: DraftTask) -> str:
    readings = map(describe, task.reading.readings)
    # One reading may be all the days that others have one by one.
    ways = list(dict.fromkeys(way for one in readings for way in one.split("; ")))
    if len(ways) > 1:
        listed = f"hiểu được nhiều cách (có thể là: {'; '.join(ways)})"
    else:
        listed = (
            "phụ thuộc điều chưa biết" if isinstance(task.reading.rule, Relative) else "chưa chắc"
        )
    return f"thời hạn “{task.deadline}” {listed}; hãy ghi rõ ngày"


def _cited(task: DraftTask, terms: Terms) -> list[Problem]:
    """A deadline that only another document tells."""
    if task.reading.kind != "per_plan":
        return []
    plans = [clean(found[0]) for found in _CITED.finditer(task.deadline)]
    if not plans:
        return []
    here = all(number_key(plan.split()[-1]) in terms.known for plan in plans)
    advice = (
        "văn bản đó đã có ở đây, hãy xem hạn trong đó và ghi rõ ngày"
        if here
        else "văn bản đó chưa được nhập"
    )
    message = f"thời hạn nằm ở văn bản khác ({', '.join(plans)}); chưa tính được ngày; {advice}"
    return [Problem(task.line, message, blocking=False)]


def _from_receipt(task: DraftTask, terms: Terms) -> list[Problem]:
    """No copy tells the day it was received; the day of issue is the cautious one."""
    rule = task.reading.rule
    if not isinstance(rule, Relative) or rule.anchor != "receipt":
        return []
    message = f"hạn tính từ ngày nhận văn bản; tạm lấy ngày {terms.reference:%d/%m/%Y} làm mốc"
    return [Problem(task.line, message, blocking=False)]


def _no_day_left(task: DraftTask, terms: Terms) -> list[Problem]:
    """A deadline whose only days lie before the directive itself."""
    rule = task.reading.rule
    if rule is None or task.reading.due or not has_days(rule):
        return []
    anchors = {"document": terms.document_date} if terms.document_date else {}
    past = occurrences(rule, _EARLIEST, terms.reference, terms.calendar, anchors)
    if not past:
        return []
    day = past[-1].due
    message = f"thời hạn {day:%d/%m/%Y} trước ngày ban hành {terms.reference:%d/%m/%Y}; không nhắc"
    return [Problem(task.line, message, blocking=False)]


def _check_leads(task: DraftTask, _terms: Terms) -> list[Problem]:
    if not task.leads:
        days = task.reading.rule is not None and has_days(task.reading.rule)
        ending = "" if days else "; lưu lại nhưng không nhắc được ai"
        return [Problem(task.line, f"thiếu cơ quan thực hiện{ending}", blocking=days)]
    wrong = (match for match in task.leads if not match.found)
    found = [Problem(task.line, _unresolved(match, "cơ quan thực hiện")) for match in wrong]
    return found + _remarks(task, task.leads, "cơ quan thực hiện")


def _check_others(task: DraftTask, _terms: Terms) -> list[Problem]:
    """Those who coordinate or receive owe nothing: what is unknown there does not block."""
    found: list[Problem] = []
    sides = ((task.coordinates, "cơ quan phối hợp"), (task.send_to, "nơi nhận báo cáo"))
    for matches, part in sides:
        wrong = (match for match in matches if not match.found)
        found += [Problem(task.line, _unresolved(match, part), False) for match in wrong]
        found += _remarks(task, matches, part)
    return found


def _remarks(task: DraftTask, matches: tuple[Match, ...], part: str) -> list[Problem]:
    found: list[Problem] = []
    for match in matches:
        if match.found and match.note:
            found.append(Problem(task.line, f"{part} “{match.text}” {match.note}", False))
        if match.how is How.GROUP and not match.agencies:
            message = f"khối “{match.text}” chưa có cơ quan nào"
            found.append(Problem(task.line, message, part == "cơ quan thực hiện"))
    return found


def _unresolved(match: Match, part: str) -> str:
    names = ", ".join(_proposed(one) for one in match.proposals)
    meant = f"; có phải {names}?" if names else ""
    match match.how:
        case How.UNDEFINED:
            return f"{part} “{match.text}” chưa xác định gồm những cơ quan nào{meant}"
        case How.AMBIGUOUS | How.EXPIRED:
            return f"{part} “{match.text}” {match.note}"
        case _:
            return f"không nhận ra {part} “{match.text}”{meant}"


def _proposed(one: Proposal) -> str:
    """A near miss with how near it is; of what is far only the name helps."""
    near = f" (khác {one.distance} chữ)" if 0 < one.distance <= 3 else ""
    return f"“{one.name}”{near}"


_Check = Callable[[DraftTask, Terms], list[Problem]]
_CHECKS: tuple[_Check, ...] = (_check_title, _check_deadline, _check_leads, _check_others)


def has_days(rule: Rule) -> bool:
    """Whether days can follow from the rule."""
    return not isinstance(rule, Open)


# --- What the registry stores --------------------------------------------------------------------


def _facts(task: DraftTask, position: int) -> TaskFacts:
    rule = task.reading.rule
    return TaskFacts(
        key=task.key,
        title=task.title,
        position=position,
        section=task.section,
        ordinal=task.ordinal,
        deliverable=task.deliverable,
        deadline_text=task.deadline,
        kind=task.reading.kind,
        rule=rule_to_json(rule) if rule is not None and has_days(rule) else "",
        lead_text=task.lead_text,
        coordinate_text=task.coordinate_text,
        send_to="; ".join(match.name for match in task.send_to),
        source_line=task.line,
        source_text=task.source,
        agencies=_parts(task),
    )


def _parts(task: DraftTask) -> tuple[AgencyPart, ...]:
    """Each agency once: leading goes before coordinating, its own name before its group."""
    parts: dict[int, AgencyPart] = {}
    for part, matches in ((Part.LEAD, task.leads), (Part.COORDINATE, task.coordinates)):
        for match in sorted(matches, key=lambda one: one.how is How.GROUP):
            for agency in match.agencies if match.found else ():
                via = match.how is How.GROUP
                parts.setdefault(agency.id, AgencyPart(agency.id, part, via))
    return tuple(parts[one] for one in sorted(parts))
