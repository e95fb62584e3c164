"""A directive as its file states it: rows, head, citations. What a person corrects before anything
is stored, kept as JSON between two messages."""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from intake.actors import Scanner, Text
from intake.cited import Citation, citations
from intake.columns import HEADER_ROWS, PLAN_COLUMNS
from intake.due_phrases import due_in
from intake.errors import unreadable
from intake.flat import flat
from intake.grid import Grid
from intake.head import Head, Receiver, annexed, read_head, sentence_case
from intake.lint import gaps
from intake.names import Resolver
from intake.outline import outline
from intake.paper import PLAIN, Options, Paper
from intake.papers import PAPER_READERS, read_paper
from intake.plain_names import PlainNames, PlainRoles, WithRoles, roles
from intake.problems import Problem
from intake.prose import Prose
from intake.sheets import READERS, Table, find_tables, read_grids
from intake.stitch import table_rows, without_tables
from intake.task_rows import TaskRow, task_rows
from registry.agencies import Directory

_ISSUERS = (
    "ubnd tinh",
    "uy ban nhan dan tinh",
    "ubnd thanh pho",
    "uy ban nhan dan thanh pho",
    "ban chi dao",
    "hdnd tinh",
    "tinh uy",
    "thu tuong chinh phu",
    "chinh phu",
)


@dataclass(frozen=True)
class Source:
    """One directive as read. `reference`: the day its phrases are seen from; `unit`: what lines
    count; `text`: running text (what is missing there is told, not refused); `names`: every name
    it writes, `roles`: who it calls its standing agency."""

    file: str
    rows: tuple[TaskRow, ...]
    reference: date
    head: Head = field(default_factory=Head)
    unit: str = "dòng"
    text: bool = False
    digest: str = ""
    names: tuple[str, ...] = ()
    roles: dict[str, str] = field(default_factory=dict)
    citations: tuple[Citation, ...] = ()
    notes: tuple[Problem, ...] = ()

    def to_json(self) -> str:
        """The source as text; :meth:`from_json` reads it back the same."""
        return json.dumps(asdict(self), ensure_ascii=False, default=_plain)

    @classmethod
    def from_json(cls, text: str) -> "Source":
        """Raises ValueError for what :meth:`to_json` did not write."""
        try:
            return _source(json.loads(text))
        except (KeyError, TypeError) as error:
            raise ValueError("not a source") from error

    def with_rows(self, rows: Sequence[TaskRow]) -> "Source":
        """The source after a person changed, added or dropped rows."""
        return replace(self, rows=tuple(rows))

    def resolver(self, directory: Directory) -> Resolver:
        """Who a name means: by the list of agencies, or as written where there is none."""
        if directory.agencies:
            return WithRoles(directory, self.roles)
        return PlainRoles(PlainNames(Scanner(), self.names), self.roles)


def read_source(
    path: Path,
    directory: Directory,
    today: date,
    issued: date | None = None,
    options: Options = PLAIN,
) -> Source:
    """A directive from a file. `issued` outranks what the file says of its day; without both,
    `today` is the day its phrases are seen from. Raises IntakeError, in one
    Vietnamese line."""
    ending = path.suffix.lower()
    if ending in PAPER_READERS:
        return source_of(read_paper(path, options), path.name, directory, today, issued)
    if ending not in READERS:
        raise unreadable(path.name, sorted([*READERS, *PAPER_READERS]))
    found = find_tables(read_grids(path), PLAN_COLUMNS)
    head = annexed([cell for row in found[0][0].rows[:HEADER_ROWS] for cell in row.cells if cell])
    reference = issued or head.earliest or today
    scanner = Scanner(_known(directory))
    rows = tuple(row for one in found for row in _sheet(*one, scanner, many=len(found) > 1))
    return Source(
        file=path.name,
        rows=rows,
        reference=reference,
        head=head,
        digest=_digest(
            "\n".join("\t".join(row.cells) for _grid, table in found for row in table.rows)
        ),
        names=tuple(
            dict.fromkeys(cell for row in rows for cell in (row.lead, row.coordinate, row.send_to))
        ),
        citations=tuple(citations((row.line, f"{row.title} {row.deadline}") for row in rows)),
        notes=tuple(note for _grid, table in found for note in _ignored(table)),
    )


def _sheet(grid: Grid, table: Table, scanner: Scanner, *, many: bool) -> list[TaskRow]:
    """The tasks of one sheet; where a file has several, each says which it stands on."""
    rows = _led_by_heading(task_rows(table), scanner)
    return [replace(row, where=f"{grid.name}, {row.where}") if many else row for row in rows]


def source_of(
    paper: Paper, name: str, directory: Directory, today: date, issued: date | None = None
) -> Source:
    """A directive from what a reader made of its file, or of text pasted into a chat."""
    paragraphs = without_tables(paper)
    head = read_head(paragraphs)
    reference = issued or head.earliest or today
    scanner = Scanner(_known(directory))
    nodes = outline(paragraphs)
    texts = [text for _line, text in paper.texts()]
    in_tables = _dated_by_title(_led_by_heading(table_rows(paper), scanner), reference)
    prose = Prose(
        scanner,
        reference,
        _issuers(head),
        _recipients(head, scanner),
        orders_from=min((row.line for row in in_tables), default=None),
    )
    annex = next((one.line for one in paragraphs if one.text.startswith("PHỤ LỤC")), None)
    rows = [*_placed(in_tables, annex), *prose.rows(nodes[head.body_from :])]
    rows.sort(key=lambda row: row.line)
    return Source(
        file=name,
        rows=tuple(rows),
        reference=reference,
        head=head,
        unit=paper.unit,
        text=True,
        digest=_digest("\n".join(texts)),
        names=tuple(texts),
        roles=roles(scanner, texts),
        citations=tuple(citations(paper.texts())),
        notes=(
            *(Problem(line, message, blocking=False) for line, message in paper.remarks),
            *_head_notes(head, issued),
            *gaps(nodes),
            *prose.notes,
        ),
    )


_HEADING_MARK = re.compile(r"\s*(?:[IVX]+|[A-ZĐ]|\d+(?:\.\d+)*)[.):/]?\s+")
_CHARGE = re.compile(r"(?:nhiệm vụ (?:của|giao(?: cho)?)|đối với|giao)\s*:?\s+", re.IGNORECASE)


def _led_by_heading(rows: Sequence[TaskRow], scanner: Scanner) -> list[TaskRow]:
    """Tables grouped by agency ("1. Sở Y tế" across the table, its tasks below) name nobody in the
    rows: whom the innermost heading names leads them."""
    return [replace(row, lead=row.lead or _headed(row.section, scanner)) for row in rows]


def _dated_by_title(rows: Sequence[TaskRow], reference: date) -> list[TaskRow]:
    """A day that the task itself tells, where the column of days says none."""
    found: list[TaskRow] = []
    for row in rows:
        due = due_in(row.title, reference) if not row.deadline.strip(" -–.") else None
        found.append(replace(row, deadline=due.text) if due and due.hard else row)
    return found


def _headed(section: str, scanner: Scanner) -> str:
    """The agencies that the last heading of a path consists of; "" where it says anything else."""
    heading = section.rsplit(" / ", maxsplit=1)[-1]
    text = _CHARGE.sub("", _HEADING_MARK.sub("", heading, count=1), count=1)
    actors, end = scanner.actors(Text.of(_spoken(text)), 0)
    whole = actors and not text[end:].strip(" :;.-")
    return "; ".join(actor.name for actor in actors) if whole else ""


def _spoken(text: str) -> str:
    """Names in capitals as one writes them in a sentence, letter for letter."""
    return sentence_case(text) if text.isupper() else text


def _placed(rows: Sequence[TaskRow], annex: int | None) -> list[TaskRow]:
    """Rows of an annex say so: its sections count from I again, as those of the body do."""
    return [
        replace(row, where=f"Phụ lục, {row.where}")
        if annex is not None and row.line >= annex
        else row
        for row in rows
    ]


def _known(directory: Directory) -> list[str]:
    """What agencies are called here."""
    return [one.name for one in directory.agencies] + [
        alias for one in directory.agencies for alias in one.aliases
    ]


def _recipients(head: Head, scanner: Scanner) -> tuple[str, ...]:
    """The agencies a letter is addressed to; only a letter and a telegram order them so."""
    if head.kind not in {"Công văn", "Công điện", ""}:
        return ()
    found: list[str] = []
    for name in head.addressed:
        actors, _end = scanner.actors(Text.of(name), 0)
        found += [actor.name for actor in actors]
    return tuple(dict.fromkeys(found))


def _issuers(head: Head) -> frozenset[str]:
    """Names under which the issuer speaks of itself: it orders, and is not ordered by that."""
    own = [flat(part) for part in head.issuer.split(" - ")]
    return frozenset([*_ISSUERS, *own])


def _head_notes(head: Head, issued: date | None) -> tuple[Problem, ...]:
    notes: list[str] = []
    if head.number.startswith(("/", "-")):
        notes.append(f"số văn bản để trống (…{head.number}); bổ sung khi có")
    if not issued and len(head.issued) == 7:
        year, month = head.issued.split("-")
        blank = f"ngày ban hành để trống (tháng {int(month)}/{year})"
        notes.append(f"{blank}; tạm tính từ ngày 01/{month}/{year}")
    if not issued and not head.issued:
        notes.append("không thấy ngày ban hành; thời hạn được tính từ hôm nay")
    if head.kind == "Tin hội nghị":
        notes.append("đây là tin về cuộc họp, không phải văn bản đã ký; lấy ngày họp làm mốc")
    return tuple(Problem(0, note, blocking=False) for note in notes)


def _ignored(table: Table) -> tuple[Problem, ...]:
    return tuple(
        Problem(0, f"bỏ qua cột “{left}”, vì đã dùng cột “{used}”", blocking=False)
        for left, used in table.header.ignored
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


# --- JSON -----------------------------------------------------------------------------------------


def _plain(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"no JSON for {type(value)}")


def _source(facts: dict[str, Any]) -> Source:
    return Source(
        **{
            **facts,
            "rows": tuple(TaskRow(**row) for row in facts["rows"]),
            "reference": date.fromisoformat(facts["reference"]),
            "head": _head(facts["head"]),
            "names": tuple(facts["names"]),
            "citations": tuple(
                Citation(**{**one, "issued": _day(one["issued"])}) for one in facts["citations"]
            ),
            "notes": tuple(Problem(**one) for one in facts["notes"]),
        }
    )


def _head(facts: dict[str, Any]) -> Head:
    return Head(
        **{
            **facts,
            "meeting": _day(facts["meeting"]),
            "addressed": tuple(facts["addressed"]),
            "receivers": tuple(Receiver(**one) for one in facts["receivers"]),
        }
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def tidy_number(number: str) -> str:
    """ "Số: 12/KH-UBND" without its word."""
    return re.sub(r"^\s*số(?:\s*:\s*|\s+)", "", number, flags=re.IGNORECASE).strip()
