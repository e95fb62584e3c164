"""Writes a directive and its tasks down: all or nothing, and twice the same is once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlmodel import Session, col, delete, select

from registry import audit, citing
from registry.citing import Cited, number_key
from registry.database import insert_new
from registry.matching import Side, pair
from registry.tables import Directive, Task, TaskAgency
from registry.types import Part


@dataclass(frozen=True)
class AgencyPart:
    """An agency's part in a task; `via_group`: named only as a member of a group."""

    agency_id: int
    part: Part
    via_group: bool = False


@dataclass(frozen=True)
class TaskFacts:
    """A task as a file states it, with its agencies resolved. `key` is unique in its directive and
    the same whenever the file is read; `rule` is the reading as JSON, "" where no day follows;
    `source_text` the sentence on `source_line` that orders it."""

    key: str
    title: str
    position: int = 0
    section: str = ""
    ordinal: str = ""
    deliverable: str = ""
    deadline_text: str = ""
    kind: str = ""
    rule: str = ""
    lead_text: str = ""
    coordinate_text: str = ""
    send_to: str = ""
    source_line: int | None = None
    source_text: str = ""
    agencies: tuple[AgencyPart, ...] = field(default=(), compare=False)


@dataclass(frozen=True)
class DirectiveFacts:
    """A directive as a person names it. `digest` stands for the number where that is blank; `unit`
    says what the lines of its tasks count; `cited`: the documents it names."""

    number: str
    issued_on: date | None
    kind: str = ""
    issuer: str = ""
    title: str = ""
    source_name: str = ""
    digest: str = ""
    owed_from: date | None = None
    owed_until: date | None = None
    unit: str = ""
    signer: str = ""
    cited: tuple[Cited, ...] = ()

    @property
    def key(self) -> str:
        """Numbers begin again every year, so the year of issue belongs to the key."""
        number = number_key(self.number)
        # "/TB-UBND": the running number is blank in the copy, and many papers share the rest.
        if not number or number[0] in "/-":
            return f"sha256:{self.digest}"
        return f"{number}@{self.issued_on.year}" if self.issued_on else number


@dataclass(frozen=True)
class ImportResult:
    """What storing came to: ids of tasks. `absent`: known from before, not in the file any more;
    they stay, a person ends them."""

    directive_id: int
    added: tuple[int, ...] = ()
    changed: tuple[int, ...] = ()
    unchanged: tuple[int, ...] = ()
    absent: tuple[int, ...] = ()


# What a file says of a task that is already known; a move within the file is no change.
_FACTS = (
    "title",
    "section",
    "ordinal",
    "deliverable",
    "deadline_text",
    "kind",
    "rule",
    "lead_text",
    "coordinate_text",
    "send_to",
)


def store(
    session: Session, directive: DirectiveFacts, tasks: Sequence[TaskFacts], now: datetime
) -> ImportResult:
    """Write a directive with its tasks; a second time only what differs. `now` is aware.

    Raises ValueError when two tasks share a key. The caller's transaction makes it all or nothing.
    """
    if len({task.key for task in tasks}) != len(tasks):
        raise ValueError("two tasks share a key")
    row = _directive(session, directive, now)
    citing.write(session, row, directive.cited)
    matched = match(session, row, tasks)
    _rekey(session, matched)
    added = _add(session, row, [task for task, old in matched.pairs if old is None], now)
    changed: list[int] = []
    unchanged: list[int] = []
    for task, old in matched.pairs:
        if old is not None:
            differs = _update(session, old, task, matched.parts[old.id or 0])
            (changed if differs else unchanged).append(old.id or 0)
    session.flush()
    result = ImportResult(
        directive_id=row.id or 0,
        added=tuple(added),
        changed=tuple(changed),
        unchanged=tuple(unchanged),
        absent=tuple(old.id or 0 for old in matched.gone),
    )
    _note(session, result, directive, now)
    return result


@dataclass(frozen=True)
class Matched:
    """The tasks of a file, in its order, each with the task known before that it is (None: it is
    new); `known`: all of those before; `gone`: live ones the file does not name; `parts`: the
    agencies of each known task."""

    pairs: tuple[tuple[TaskFacts, Task | None], ...]
    known: tuple[Task, ...]
    gone: tuple[Task, ...]
    parts: Mapping[int, frozenset[AgencyPart]]


def match(session: Session, directive: Directive | None, tasks: Sequence[TaskFacts]) -> Matched:
    """Which of a file's tasks is which task stored before; reads only."""
    known = _tasks(session, directive) if directive is not None else []
    parts = parts_of(session, known)
    sides = [side_of(task, parts[task.id or 0]) for task in known]
    found = pair(sides, [_drafted(task) for task in tasks])
    pairs = tuple(
        (task, known[found[place]] if place in found else None) for place, task in enumerate(tasks)
    )
    here = set(found.values())
    gone = tuple(
        task for place, task in enumerate(known) if place not in here and task.ended_at is None
    )
    return Matched(pairs, tuple(known), gone, parts)


def parts_of(session: Session, tasks: Sequence[Task]) -> dict[int, frozenset[AgencyPart]]:
    """Who leads and coordinates, by the task's id."""
    found: dict[int, set[AgencyPart]] = {task.id or 0: set() for task in tasks}
    wanted = {task.directive_id for task in tasks}
    rows = session.exec(
        select(TaskAgency.task_id, TaskAgency.agency_id, TaskAgency.part, TaskAgency.via_group)
        .join(Task, col(Task.id) == col(TaskAgency.task_id))
        .where(col(Task.directive_id).in_(wanted))
    )
    for task_id, agency_id, part, via_group in rows:
        if task_id in found:
            found[task_id].add(AgencyPart(agency_id, Part(part), via_group))
    return {task_id: frozenset(parts) for task_id, parts in found.items()}


def side_of(task: Task, parts: Iterable[AgencyPart]) -> Side:
    """A stored task as matching looks at it."""
    return Side(
        task.key,
        task.title,
        task.section,
        task.ordinal,
        _leading(parts),
        task.deadline_text,
        frozenset(task.former.split()),
        task.ended_at is None,
    )


def _drafted(task: TaskFacts) -> Side:
    leads = _leading(task.agencies)
    return Side(task.key, task.title, task.section, task.ordinal, leads, task.deadline_text)


def _leading(parts: Iterable[AgencyPart]) -> frozenset[int]:
    return frozenset(one.agency_id for one in parts if one.part is Part.LEAD)


def differs(row: Task, facts: TaskFacts, parts: frozenset[AgencyPart]) -> bool:
    """Whether storing the facts would change the task; an ended one comes back to life."""
    told = any(getattr(row, name) != value for name, value in _facts(facts).items())
    return told or row.ended_at is not None or parts != frozenset(facts.agencies)


def hanging(session: Session, result: ImportResult) -> list[int]:
    """Unchanged tasks whose deadline is counted from another task's, which may have changed."""
    if not (result.changed or result.added) or not result.unchanged:
        return []
    mine = select(Task.id, Task.rule).where(Task.directive_id == result.directive_id)
    same = set(result.unchanged)
    return [one for one, rule in session.exec(mine) if one in same and '"relative"' in rule]


def find(session: Session, directive: DirectiveFacts) -> Directive | None:
    """The directive as stored before, or None."""
    return session.exec(select(Directive).where(Directive.key == directive.key)).first()


@dataclass(frozen=True)
class PeriodicReport:
    """A report that a directive in force asks for again and again; `directive` is its number."""

    directive: str
    title: str
    kind: str
    rule: str
    deadline: str
    send_to: str


def periodic_reports(session: Session, besides: str = "") -> list[PeriodicReport]:
    """The periodic reports to a named receiver in all directives in force, but for the one with the
    key `besides`."""
    rows = session.exec(
        select(Task, Directive)
        .join(Directive)
        .where(col(Task.ended_at).is_(None), col(Directive.ended_at).is_(None))
        .where(Task.send_to != "", Task.rule != "", Directive.key != besides)
        .where(col(Task.kind).in_(("monthly", "quarterly", "semiannual", "annual", "multi")))
        .order_by(col(Directive.id), col(Task.position))
    )
    return [
        PeriodicReport(
            directive=directive.number or directive.source_name,
            title=task.title,
            kind=task.kind,
            rule=task.rule,
            deadline=task.deadline_text,
            send_to=task.send_to,
        )
        for task, directive in rows
    ]


_TOLD = (
    "number",
    "kind",
    "issuer",
    "title",
    "issued_on",
    "signer",
    "source_name",
    "unit",
    "owed_from",
    "owed_until",
)


def _directive(session: Session, facts: DirectiveFacts, now: datetime) -> Directive:
    row = find(session, facts)
    if row is None:
        row = Directive(key=facts.key, created_at=now)
    for name in _TOLD:
        value = getattr(facts, name)
        if value:
            setattr(row, name, value)
    session.add(row)
    session.flush()
    return row


def _tasks(session: Session, directive: Directive) -> Sequence[Task]:
    """Every task it ever had, the ended ones too: a later file may name them again."""
    mine = select(Task).where(Task.directive_id == directive.id)
    return session.exec(mine.order_by(col(Task.position), col(Task.id))).all()


def _rekey(session: Session, matched: Matched) -> None:
    """Give corrected tasks their new keys. In two steps, because they may trade keys."""
    wanted = {task.key for task, _old in matched.pairs}
    moved = [(old, task.key) for task, old in matched.pairs if old and old.key != task.key]
    kept = {old.id for _task, old in matched.pairs if old is not None}
    others = [old for old in matched.known if old.id not in kept and old.key in wanted]
    moved += [(old, f"{old.key}~{old.id}") for old in others]
    if not moved:
        return
    before = {old.id: old.key for old, _key in moved}
    for old, _key in moved:
        old.key = f"~{old.id}"
    session.flush()
    for old, key in moved:
        former = {*old.former.split(), before[old.id]} - {key}
        old.key, old.former = key, " ".join(sorted(former))
    session.flush()


def _add(
    session: Session, directive: Directive, tasks: Sequence[TaskFacts], now: datetime
) -> list[int]:
    rows = [
        Task(
            directive_id=directive.id or 0,
            key=task.key,
            position=task.position,
            source_line=task.source_line,
            source_text=task.source_text,
            created_at=now,
            **_facts(task),
        )
        for task in tasks
    ]
    session.add_all(rows)
    session.flush()
    ids = [row.id or 0 for row in rows]
    parts = zip(ids, tasks, strict=True)
    insert_new(session, TaskAgency, _parts((one, task.agencies) for one, task in parts))
    return ids


def _update(session: Session, row: Task, facts: TaskFacts, parts: frozenset[AgencyPart]) -> bool:
    changed = differs(row, facts, parts)
    for name, value in _facts(facts).items():
        setattr(row, name, value)
    # Where it stands is no change of the task.
    row.position, row.source_line = facts.position, facts.source_line
    row.source_text, row.ended_at = facts.source_text, None
    if parts != frozenset(facts.agencies):
        session.connection().execute(delete(TaskAgency).where(col(TaskAgency.task_id) == row.id))
        insert_new(session, TaskAgency, _parts([(row.id or 0, facts.agencies)]))
    return changed


def _facts(task: TaskFacts) -> dict[str, Any]:
    return {name: getattr(task, name) for name in _FACTS}


def _parts(tasks: Iterable[tuple[int, tuple[AgencyPart, ...]]]) -> list[dict[str, Any]]:
    return [
        {
            "task_id": task_id,
            "agency_id": one.agency_id,
            "part": one.part,
            "via_group": one.via_group,
        }
        for task_id, agencies in tasks
        for one in agencies
    ]


def _note(session: Session, result: ImportResult, directive: DirectiveFacts, now: datetime) -> None:
    if result.added or result.changed:
        audit.record(
            session,
            now,
            "directive.import",
            f"directive:{result.directive_id}",
            number=directive.number,
            added=len(result.added),
            changed=list(result.changed),
        )
