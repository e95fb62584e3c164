"""What a report of one period knows. Every figure is the duties behind it, so that each can be
unfolded; the definitions are those of `reports/status.py` and docs/so-lieu.md.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import NamedTuple, TypeVar

from deadlines.periods import Period
from registry.themes import OTHER, THEMES
from registry.types import UNFINISHED, DutyKind, DutyState, RequestState
from reports.status import Share, Unreachable


@dataclass(frozen=True, slots=True)
class Line:
    """One duty as the annex lists it, seen on `PeriodReport.today`.

    `carried`: due before the period, taken over from it. `reacted`: the agency has answered in some
    way. `reports`: the task asks for a report each period. `late_days`: calendar days between the
    due day and the completion (or today, while open), 0 if not late. `odd`: what is odd about the
    document, in words; `files`: how many came with the report.
    """

    id: int
    number: int
    kind: DutyKind
    task_id: int
    title: str
    section: str
    ordinal: str
    directive_id: int
    directive: str
    agency_id: int
    agency: str
    period: str
    due_on: date
    first_due_on: date
    state: DutyState
    done_on: date | None
    reacted: bool
    reports: bool
    late_days: int
    due_soon: bool
    document_number: str = ""
    document_date: date | None = None
    odd: str = ""
    files: int = 0
    carried: bool = False

    @property
    def is_open(self) -> bool:
        """Not done; a result that staff have not confirmed yet is not."""
        return self.state in UNFINISHED

    @property
    def submitted(self) -> bool:
        """Reported done, not confirmed yet."""
        return self.state == DutyState.SUBMITTED

    @property
    def is_update(self) -> bool:
        return self.kind == DutyKind.UPDATE

    @property
    def in_time(self) -> bool:
        """Done, and not after the due day; done without a day cannot be shown to be in time."""
        return not self.is_open and self.done_on is not None and self.done_on <= self.due_on

    @property
    def overdue(self) -> bool:
        return self.state == DutyState.OPEN and self.late_days > 0

    @property
    def not_started(self) -> bool:
        return self.state == DutyState.OPEN and not self.reacted


@dataclass(frozen=True, slots=True)
class Figures:
    """Numbers of duties, figure by figure; `len` of each is the figure.

    total to not_started: as in `reports.status`, of duties due in the period. updates: requests to
    update a task without a day that fall in the period, updated: those of them answered.
    """

    total: tuple[int, ...] = ()
    done_on_time: tuple[int, ...] = ()
    done_late: tuple[int, ...] = ()
    open: tuple[int, ...] = ()
    due_soon: tuple[int, ...] = ()
    overdue: tuple[int, ...] = ()
    not_started: tuple[int, ...] = ()
    updates: tuple[int, ...] = ()
    updated: tuple[int, ...] = ()
    submitted: tuple[int, ...] = ()

    def __getitem__(self, name: str) -> tuple[int, ...]:
        found: tuple[int, ...] = getattr(self, name)
        return found

    @property
    def done(self) -> tuple[int, ...]:
        return tuple(sorted((*self.done_on_time, *self.done_late)))

    @property
    def completion_rate(self) -> Share:
        """Done, of the total."""
        return Share(len(self.done), len(self.total))

    @property
    def update_rate(self) -> Share:
        """Duties the agencies have said something about (answered in any way, or done) and updates
        given, of all duties and updates asked for."""
        told = len(self.total) - len(self.not_started) + len(self.updated)
        return Share(told, len(self.total) + len(self.updates))


_K = TypeVar("_K")
_R = TypeVar("_R")
FIGURES = tuple(each.name for each in fields(Figures))

_TESTS: dict[str, Callable[[Line], bool]] = {
    "total": lambda line: not line.is_update,
    "done_on_time": lambda line: not line.is_update and line.in_time,
    "done_late": lambda line: not line.is_update and not line.is_open and not line.in_time,
    "open": lambda line: not line.is_update and line.is_open,
    "due_soon": lambda line: not line.is_update and line.is_open and line.due_soon,
    "overdue": lambda line: not line.is_update and line.overdue,
    "not_started": lambda line: not line.is_update and line.not_started,
    "updates": lambda line: line.is_update,
    "updated": lambda line: line.is_update and not line.is_open,
    "submitted": lambda line: not line.is_update and line.submitted,
}


def figures_of(lines: Iterable[Line]) -> Figures:
    """Count duties."""
    known = list(lines)
    return Figures(
        **{
            name: tuple(sorted(line.number for line in known if true(line)))
            for name, true in _TESTS.items()
        }
    )


@dataclass(frozen=True, slots=True)
class Row:
    """Figures of one directive, section or agency. `waiting`, `ongoing`: its tasks without a due
    day yet, and those that never have one; they do not depend on the period."""

    id: int
    name: str
    figures: Figures
    waiting: int = 0
    ongoing: int = 0
    sections: tuple["Row", ...] = ()


class Apart(NamedTuple):
    """A task one agency leads that is counted apart: it waits for an anchor, or never ends."""

    task_id: int
    title: str
    directive_id: int
    agency_id: int
    agency: str


@dataclass(frozen=True, slots=True)
class Difficulty:
    """An obstacle of the period. `raised_on`, `closed_on`: local days. `theme`: in words, of the
    table in registry/themes.py, in whose order the report lists them. `owner`: who sees to it;
    `answer_due`: by when an answer is owed."""

    id: int
    number: int
    title: str
    agency: str
    text: str
    raised_on: date
    closed_on: date | None
    resolution: str
    theme: str = OTHER.name
    owner: str = ""
    answer_due: date | None = None


@dataclass(frozen=True, slots=True)
class Later:
    """An extension asked for on a duty of the period; the day it had, the one asked for, and the
    one granted are all kept."""

    request_id: int
    number: int
    agency: str
    state: RequestState
    old_due_on: date
    new_due_on: date | None
    proposed_on: date | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """The extensions one agency asked for, by what became of them: numbers of the duties."""

    agency: str
    granted: tuple[int, ...] = ()
    refused: tuple[int, ...] = ()
    pending: tuple[int, ...] = ()

    @property
    def total(self) -> int:
        return len(self.granted) + len(self.refused) + len(self.pending)


@dataclass(frozen=True, slots=True)
class Silent:
    """An agency that owes a report: its duties, and the days since the earliest of them fell due
    (0 on the due day itself)."""

    agency_id: int
    agency: str
    numbers: tuple[int, ...]
    late_days: int


@dataclass(frozen=True, slots=True)
class PeriodReport:
    """The state of things on `today`, of the duties whose (possibly extended) due day lies in the
    period. `window`: the days the agencies' own reports cover (Nghị định 09/2019/NĐ-CP, Điều 12).

    carried: due before the period and either still open or done within it. moved_out: their day was
    in the period and was extended past its end. silent: who owes a report whose day has come;
    reports_ahead: reports of the period that fall due later.
    """

    period: Period
    window: tuple[date, date]
    at: datetime
    today: date
    soon_days: int
    lines: tuple[Line, ...]
    carried: tuple[Line, ...]
    moved_out: tuple[int, ...]
    waiting: tuple[Apart, ...]
    ongoing: tuple[Apart, ...]
    difficulties: tuple[Difficulty, ...]
    extensions: tuple[Later, ...]
    silent: tuple[Silent, ...]
    reports_ahead: tuple[int, ...]
    unreachable: tuple[Unreachable, ...]

    @property
    def totals(self) -> Figures:
        return figures_of(self.lines)

    @property
    def deadline_lines(self) -> list[Line]:
        """The duties that make up the total."""
        return [line for line in self.lines if not line.is_update]

    @property
    def themes(self) -> tuple[tuple[str, list[Difficulty]], ...]:
        """Difficulties by theme, in the order of the table of themes; "khác" last."""
        found = dict(grouped(self.difficulties, lambda each: each.theme))
        return tuple((theme.name, found[theme.name]) for theme in THEMES if theme.name in found)

    @property
    def extensions_by_agency(self) -> tuple[Asked, ...]:
        """Who asked for how many, the one that asked most first."""
        rows = [
            Asked(
                agency,
                *(
                    tuple(sorted(each.number for each in mine if each.state == state))
                    for state in (RequestState.APPROVED, RequestState.REFUSED, RequestState.ASKED)
                ),
            )
            for agency, mine in grouped(self.extensions, lambda each: each.agency)
        ]
        return tuple(sorted(rows, key=lambda row: (-row.total, row.agency)))

    @property
    def tasks(self) -> tuple[int, ...]:
        """The tasks behind the total."""
        return tuple(sorted({line.task_id for line in self.deadline_lines}))

    @property
    def tasks_not_started(self) -> tuple[int, ...]:
        """Tasks of which no agency has done or answered anything."""
        begun = {line.task_id for line in self.deadline_lines if not line.not_started}
        return tuple(task for task in self.tasks if task not in begun)

    @property
    def tasks_done(self) -> tuple[int, ...]:
        """Tasks that every agency has done."""
        unfinished = {line.task_id for line in self.deadline_lines if line.is_open}
        return tuple(task for task in self.tasks if task not in unfinished)

    @property
    def directives(self) -> tuple[Row, ...]:
        """Directive by directive, in the order of the lines, each with its sections."""
        return tuple(
            self._row(key, lines[0].directive, lines, by_directive=True)
            for key, lines in grouped(self.lines, lambda line: line.directive_id)
        )

    @property
    def agencies(self) -> tuple[Row, ...]:
        """Agency by agency, the one with most overdue first, then by name."""
        rows = [
            self._row(key, lines[0].agency, lines, by_directive=False)
            for key, lines in grouped(self.lines, lambda line: line.agency_id)
        ]
        return tuple(sorted(rows, key=_worst_first))

    def _row(self, key: int, name: str, lines: Sequence[Line], *, by_directive: bool) -> Row:
        def mine(apart: Sequence[Apart]) -> int:
            ids = (one.directive_id if by_directive else one.agency_id for one in apart)
            return sum(each == key for each in ids)

        sections = list(grouped(lines, lambda line: line.section)) if by_directive else []
        named = [(section, rest) for section, rest in sections if section]
        return Row(
            key,
            name,
            figures_of(lines),
            mine(self.waiting),
            mine(self.ongoing),
            tuple(Row(key, section, figures_of(rest)) for section, rest in named),
        )


def grouped(lines: Iterable[_R], key: Callable[[_R], _K]) -> Iterator[tuple[_K, list[_R]]]:
    """Rows by key, in order of first appearance."""
    found: dict[_K, list[_R]] = {}
    for line in lines:
        found.setdefault(key(line), []).append(line)
    yield from found.items()


def _worst_first(row: Row) -> tuple[object, ...]:
    figures = row.figures
    return -len(figures.overdue), -len(figures.not_started), -len(figures.open), row.name, row.id
