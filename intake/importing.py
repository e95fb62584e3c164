"""The two ways in: a list of agencies, and a directive's table of tasks.

Both read the whole file first, tell everything there is to tell, and write all of it or nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, TypeVar, cast

from sqlmodel import Session

from deadlines import Rule, WorkCalendar
from intake.agency_rows import agency_rows, ambiguities
from intake.columns import AGENCY_COLUMNS
from intake.difference import difference, difference_lines
from intake.difference import to_contract as difference_contract
from intake.drafts import Draft, draft_tasks
from intake.drafts import Terms as ReadingTerms
from intake.errors import IntakeError
from intake.lint import contradictions
from intake.numbers import kind_and_issuer
from intake.paper import PLAIN, Options
from intake.problems import Problem
from intake.replacing import concerned_lines, ended_before, replacements
from intake.sheets import read_table
from intake.source import Source, read_source, tidy_number
from registry import agency_list
from registry.agencies import Directory, Match
from registry.agency_list import LoadResult
from registry.citing import Cited, number_key, resolved
from registry.clock import local_day
from registry.concerned import Concerned, concerned
from registry.database import Database
from registry.difference import Difference
from registry.directive_changes import end_tasks
from registry.directives import (
    DirectiveFacts,
    ImportResult,
    find,
    hanging,
    periodic_reports,
    store,
)
from registry.expand import HORIZON_DAYS, Expansion, expand
from registry.expand import Terms as DutyTerms
from registry.people import Actor
from registry.revise import revise
from registry.tables import Task

_SHOWN_DUE = 4


# --- Agencies ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class AgenciesReport:
    """What loading a list of agencies came to; `result` is None where something blocks it,
    `written` is False where it was only tried out."""

    result: LoadResult | None
    problems: tuple[Problem, ...] = ()
    written: bool = False

    @property
    def refused(self) -> bool:
        return any(one.blocking for one in self.problems)

    def lines(self) -> list[str]:
        """For people, one fact a line."""
        found = _problem_lines(self.problems)
        if self.result is None:
            return [*found, "Không lưu gì; hãy sửa các dòng trên rồi nạp lại."]
        counts = self.result
        summary = f"thêm {counts.added}, đổi {counts.changed}, giữ nguyên {counts.unchanged}"
        start = "Danh sách cơ quan" if self.written else "Chạy thử, chưa lưu gì"
        return [*found, f"{start}: {summary}."]

    def to_contract(self) -> dict[str, Any]:
        counts = self.result or LoadResult()
        return {
            "added": counts.added,
            "changed": counts.changed,
            "unchanged": counts.unchanged,
            "warnings": _warnings(self.problems),
        }


def import_agencies(
    db: Database, path: Path, now: datetime, *, dry_run: bool = False
) -> AgenciesReport:
    """Load a list of agencies (Tên cơ quan, Tên khác, Cấp, Khối, Từ ngày, Đến ngày, Kế
    thừa).

    `now` is aware. Raises IntakeError for a file that cannot be read as such a list.
    """
    rows, problems = agency_rows(read_table(path, AGENCY_COLUMNS))
    if any(one.blocking for one in problems):
        return AgenciesReport(None, tuple(problems))

    def write(session: Session) -> AgenciesReport:
        result = agency_list.load(session, [row for _line, row in rows], now)
        blocking = [Problem(rows[place][0], message) for place, message in result.troubles]
        if blocking:
            raise _TriedOut(AgenciesReport(None, tuple(sorted((*problems, *blocking)))))
        directory = Directory.on(session, local_day(now))
        found = tuple(sorted((*problems, *ambiguities(rows, directory))))
        return AgenciesReport(result, found, written=not dry_run)

    try:
        return _run(db, write, dry_run=dry_run)
    except _TriedOut as refused:
        return cast("AgenciesReport", refused.report)


# --- Tasks ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ImportOrder:
    """What a person says about a directive besides its file, and how the office counts.

    `drop`: lines whose tasks are left out. `owed_from`, `owed_until`: duties are owed only for due
    days between them.
    `issued`: local day of issue, None where the copy has none. `update_rule`: when tasks without a
    day are asked for a word. `inclusive`: "trước ngày D" includes D. `end_gone`: tasks that the
    file does not name any more end, their open duties with them.
    """

    number: str
    issued: date | None
    kind: str = ""
    issuer: str = ""
    title: str = ""
    calendar: WorkCalendar = field(default_factory=WorkCalendar)
    update_rule: Rule | None = None
    inclusive: bool = False
    horizon_days: int = HORIZON_DAYS
    owed_from: date | None = None
    owed_until: date | None = None
    drop: frozenset[int] = frozenset()
    end_gone: bool = False


@dataclass(frozen=True)
class ImportReport:
    """A directive as read, and what storing it came to (None where something blocks it; `written`
    is False where it was only tried out). `difference`: against what was stored before; `ended`:
    tasks it does not name any more have ended; `concerned`: whose duties changed."""

    draft: Draft
    source: Source
    result: ImportResult | None = None
    expansion: Expansion | None = None
    notes: tuple[Problem, ...] = ()
    written: bool = False
    difference: Difference | None = None
    concerned: Concerned = field(default_factory=Concerned)
    ended: bool = False

    @property
    def refused(self) -> bool:
        return any(one.blocking for one in self.problems)

    @property
    def problems(self) -> tuple[Problem, ...]:
        return tuple(sorted((*self.draft.problems, *self.notes), key=_line))

    def lines(self) -> list[str]:
        """For people, one fact a line; the last says what was done."""
        found = _problem_lines(self.problems, self.source.unit)
        tasks = f"{len(self.draft.tasks)} nhiệm vụ"
        if self.result is None:
            count = sum(one.blocking for one in self.problems)
            return [*found, f"Đọc được {tasks}; còn {count} chỗ phải sửa nên không lưu gì."]
        start = "Đã nhập" if self.written else f"Chạy thử, chưa lưu gì (đọc được {tasks})"
        changed = difference_lines(self.difference) if self.difference else []
        told = concerned_lines(self.concerned, written=self.written)
        summary = _summary(self.result, self.expansion or Expansion(), self.ended)
        return [*found, *changed, *told, f"{start}: {summary}"]

    def _issued(self) -> str | None:
        """The day of issue; the month alone where the copy leaves the day blank."""
        day = self.draft.directive.issued_on
        return (day.isoformat() if day else self.source.head.issued) or None

    def to_contract(self) -> dict[str, Any]:
        """The JSON of `dondoc import FILE --dry-run --json`."""
        directive = self.draft.directive
        return {
            "directive": {
                "number": directive.number,
                "kind": directive.kind,
                "issuer": directive.issuer,
                "issued": self._issued(),
            },
            "tasks": [
                {
                    "where": task.where,
                    "line": task.line,
                    "title": task.title,
                    "deliverable": task.deliverable,
                    "deadline": task.deadline,
                    "kind": task.reading.kind,
                    "due": [day.isoformat() for day in task.reading.due[:_SHOWN_DUE]],
                    "lead": _names(task.leads),
                    "coordinate": _names(task.coordinates),
                    "send_to": _names(task.send_to),
                    "source": task.source,
                }
                for task in self.draft.tasks
            ],
            "citations": [
                {
                    "number": one.number,
                    "kind": one.kind,
                    "issued": one.issued_on.isoformat() if one.issued_on else None,
                    "line": one.line,
                    "known": one.directive_id is not None,
                }
                for one in directive.cited
            ],
            "warnings": _warnings(self.problems),
            "difference": difference_contract(self.difference) if self.difference else None,
            "duties": _duties(self.expansion, self.concerned) if self.expansion else None,
        }


def import_tasks(
    db: Database, path: Path, order: ImportOrder, now: datetime, *, dry_run: bool = False
) -> ImportReport:
    """Read a directive or a table of tasks and, unless `dry_run` or something blocks, store it with
    its duties.

    `now` is aware. Raises IntakeError for a file that cannot be read.
    """
    return import_source(db, read_for(db, path, order, now), order, now, dry_run=dry_run)


def read_for(
    db: Database, path: Path, order: ImportOrder, now: datetime, options: Options = PLAIN
) -> Source:
    """A directive from its file, without the tasks that the order drops. `now` is aware. Raises
    IntakeError."""
    today = local_day(now)
    directory = db.read_now(Directory.on, order.issued or today)
    source = read_source(path, directory, today, order.issued, options)
    return _without(source, order.drop)


def _without(source: Source, lines: frozenset[int]) -> Source:
    """The source without the tasks of some lines, as a person decided.

    Raises IntakeError for a line that has no task: a slip of the hand must not pass."""
    strange = sorted(lines - {row.line for row in source.rows})
    if strange:
        raise IntakeError(f"không có nhiệm vụ nào ở {source.unit} {', '.join(map(str, strange))}")
    return source.with_rows([row for row in source.rows if row.line not in lines])


def draft_of(db: Database, source: Source, order: ImportOrder) -> Draft:
    """The draft of a directive as read and perhaps corrected, by what the database knows now.

    Nothing is written."""
    return db.read_now(draft_in, source, order)


def draft_in(session: Session, source: Source, order: ImportOrder) -> Draft:
    """As :func:`draft_of`, within a transaction."""
    reference = order.issued or source.reference
    directory = Directory.on(session, reference)
    directive = _directive(order, source)
    directive = replace(directive, cited=tuple(_known(session, directive)))
    terms = ReadingTerms(
        reference,
        order.issued or source.head.issued_on,
        order.calendar,
        order.inclusive,
        text=source.text,
        known=frozenset(number_key(one.number) for one in directive.cited if one.directive_id),
    )
    draft = draft_tasks(source.rows, source.resolver(directory), terms, directive)
    others = periodic_reports(session, directive.key)
    told = [
        problem
        for task, facts in zip(draft.tasks, draft.facts(), strict=True)
        for problem in contradictions(task.line, facts.kind, facts.rule, facts.send_to, others)
    ]
    after = (*ended_before(session, directive), *replacements(session, directive))
    notes = (*_no_agencies(directory), *after, *source.notes, *told)
    return replace(draft, problems=tuple(sorted((*draft.problems, *notes), key=_line)))


def import_source(
    db: Database,
    source: Source,
    order: ImportOrder,
    now: datetime,
    *,
    dry_run: bool = False,
    then: Callable[[Session, ImportReport], None] | None = None,
) -> ImportReport:
    """As :func:`import_tasks`, from a directive that was read before. `now` is aware; `then` is
    called within the transaction that stores it."""

    def write(session: Session) -> ImportReport:
        report = store_in(session, source, order, now, written=not dry_run)
        if then is not None and not dry_run:
            then(session, report)
        return report

    return _run(db, write, dry_run=dry_run)


def store_in(
    session: Session, source: Source, order: ImportOrder, now: datetime, *, written: bool = True
) -> ImportReport:
    """Store a directive with its duties within a transaction, unless something blocks it."""
    draft = draft_in(session, source, order)
    if draft.blocked:
        return ImportReport(draft, source)
    terms = DutyTerms(local_day(now), now, order.calendar, order.update_rule, order.horizon_days)
    before = difference(session, draft, order.calendar)
    result, expansion = _store(session, draft, terms, end_gone=order.end_gone)
    return ImportReport(
        draft,
        source,
        result,
        expansion,
        tuple(_troubles(session, expansion)),
        written=written,
        difference=before,
        concerned=concerned(session, expansion.changes),
        ended=order.end_gone,
    )


class _TriedOut(Exception):
    """Carries the outcome of a rehearsal out of its transaction, which is thereby rolled back."""

    def __init__(self, report: Any) -> None:
        super().__init__("rolled back")
        self.report = report


_Report = TypeVar("_Report")


def _run(db: Database, write: Callable[[Session], _Report], *, dry_run: bool) -> _Report:
    """Write; or do all the same and take it back, so that a rehearsal tells what would happen."""

    def rehearse(session: Session) -> None:
        raise _TriedOut(write(session))

    if not dry_run:
        return db.write_now(write)
    try:
        db.write_now(rehearse)
    except _TriedOut as outcome:
        return cast("_Report", outcome.report)
    raise AssertionError("a rehearsal always ends in its outcome")


def _store(
    session: Session, draft: Draft, terms: DutyTerms, *, end_gone: bool
) -> tuple[ImportResult, Expansion]:
    tasks = draft.facts()
    result = store(session, draft.directive, tasks, terms.now)
    altered = [*result.changed, *hanging(session, result)]
    revised = revise(session, terms, altered) if altered else Expansion()
    grown = expand(session, terms, [*result.added, *result.unchanged])
    total = revised + grown
    if end_gone and result.absent:
        ended = end_tasks(session, result.absent, Actor(None, "import"), terms.now)
        total += Expansion(cancelled=len(ended), changes=ended)
    return result, total


def _troubles(session: Session, expansion: Expansion) -> list[Problem]:
    found = []
    for trouble in expansion.troubles:
        task = session.get(Task, trouble.task_id)
        line = task.source_line if task is not None else None
        found.append(Problem(line or 0, trouble.message, blocking=False))
    return found


def _directive(order: ImportOrder, source: Source) -> DirectiveFacts:
    """What a person says of a directive goes before what its head says."""
    head = source.head
    number = tidy_number(order.number) or head.number
    kind, issuer = kind_and_issuer(number)
    return DirectiveFacts(
        number=number,
        issued_on=order.issued or head.issued_on,
        kind=order.kind or head.kind or kind,
        issuer=order.issuer or head.issuer or issuer,
        title=order.title or head.subject,
        source_name=source.file,
        owed_from=order.owed_from,
        owed_until=order.owed_until,
        digest=source.digest,
        unit=source.unit,
        signer=head.signer,
        cited=_cited(source),
    )


def _known(session: Session, directive: DirectiveFacts) -> list[Cited]:
    """The documents it cites, with those of them that are directives known here."""
    before = find(session, directive)
    return resolved(session, directive.cited, before.id if before else None)


def _cited(source: Source) -> tuple[Cited, ...]:
    """The documents that the source names, but for itself."""
    own = number_key(source.head.number)
    return tuple(
        Cited(one.number, one.kind, one.issued, one.line or None, replaces=one.replaces)
        for one in source.citations
        if number_key(one.number) != own
    )


def _no_agencies(directory: Directory) -> tuple[Problem, ...]:
    if directory.agencies:
        return ()
    return (Problem(0, "chưa có danh sách cơ quan; hãy nạp trước: dondoc agencies load TỆP"),)


def _line(problem: Problem) -> int:
    return problem.line


# --- Words ---------------------------------------------------------------------------------------


def _names(matches: tuple[Match, ...]) -> list[str]:
    return [match.name for match in matches]


def _warnings(problems: tuple[Problem, ...]) -> list[dict[str, Any]]:
    return [{"line": one.line or None, "message": one.message} for one in problems]


def _problem_lines(problems: tuple[Problem, ...], unit: str = "dòng") -> list[str]:
    marks = {True: "Phải sửa", False: "Lưu ý"}
    return [
        f"{marks[one.blocking]}: {unit} {one.line}: {one.message}"
        if one.line
        else f"{marks[one.blocking]}: {one.message}"
        for one in problems
    ]


def _duties(expansion: Expansion, told: Concerned) -> dict[str, Any]:
    return {
        "added": expansion.added,
        "moved": expansion.moved,
        "cancelled": expansion.cancelled,
        "reopened": expansion.reopened,
        "agencies": list(told.agencies),
        "focal_points": told.people,
    }


def _summary(result: ImportResult, expansion: Expansion, ended: bool) -> str:
    said = (
        f"{len(result.added)} nhiệm vụ mới, {len(result.changed)} thay đổi, "
        f"{len(result.unchanged)} giữ nguyên; thêm {expansion.added} đầu việc"
    )
    if expansion.late:
        said += f", trong đó {expansion.late} đã quá hạn lúc nhập"
    if expansion.moved or expansion.cancelled:
        said += f", dời hạn {expansion.moved}, hủy {expansion.cancelled}"
    if expansion.reopened:
        said += f", mở lại {expansion.reopened}"
    if result.absent:
        fate = "đã kết thúc" if ended else "vẫn giữ; kết thúc thì nhập lại với --gone end"
        said += f"; {len(result.absent)} nhiệm vụ cũ không còn trong tệp ({fate})"
    return f"{said}."
