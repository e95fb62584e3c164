"""Rows of a plan's table: which are tasks, and which section each task stands in."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from deadlines.text import fold
from intake.grid import Row
from intake.sheets import Table

_ROMAN = re.compile(r"X{0,3}(?:IX|IV|V?I{0,3})")
_MARKER = re.compile(
    r"(?:(?:phần|mục|chương|nhóm)\s+)?(?P<mark>[IVX]+|[A-ZĐ]|\d+(?:\.\d+)*)(?:[.):/\-\s]+|$)",
    re.IGNORECASE,
)
# What begins a heading that stands across a table: a number, or a word that is no day.
_NAMED = re.compile(
    r"(?:[IVX]+|[A-ZĐ]|\d{1,2}(?:\.\d+)*)[.)/:]\s*[^\W\d]|(?:tuần|kỳ|đợt|nhóm|phần|mục|giai đoạn"
    r"|công tác|nhiệm vụ|lĩnh vực|sở|ban|ubnd|công an|văn phòng|tháng \d+\s*:)\b|[A-ZĐÀ-Ỹ ,]{8,}$",
    re.IGNORECASE,
)
_HELP = re.compile(r"phối hợp(?:\s+(?:với|cùng))?\s*:?\s+(?P<who>.+)", re.IGNORECASE | re.DOTALL)
# "Như trên", as cells say it.
_DITTO = re.compile(r"[-\s.]*(?:nt|nhu tren)[-\s.]*|\W*[\"”〃]\W*|//")
_REPEATED = ("lead", "coordinate", "send_to", "deadline")
_DASH = re.compile(r"\s*[-–+•]\s*(?=\w)")
_MONTH = re.compile(
    r"(?:[IVX\d]+[.)]\s*)?tháng\s+(?P<month>\d{1,2})(?:\s*(?:/|năm)\s*(?P<year>\d{4}))?",
    re.IGNORECASE,
)
_DAY_ALONE = re.compile(
    r"(?:(?:trước|đến|chậm nhất|trong|hết|xong)\s+)*(?:ngày\s+)?\d{1,2}", re.IGNORECASE
)
_DETAILS = ("deliverable", "deadline", "lead", "coordinate", "send_to")


@dataclass(frozen=True)
class TaskRow:
    """A row that orders something, as written. `section` is the path of headings above it, parted
    by " / "; `where` its short form ("IV.B.3")."""

    line: int
    section: str
    ordinal: str
    where: str
    title: str
    deliverable: str
    deadline: str
    lead: str
    coordinate: str
    send_to: str
    source: str = ""


def task_rows(table: Table) -> list[TaskRow]:
    """The tasks of a table in their order, each with its section."""
    sections = _Sections()
    table = replace(table, rows=_as_above(table))
    ordinals = [_ordinal(table.cell(row, "ordinal")) for row in table.rows]
    found: list[TaskRow] = []
    for place, row in enumerate(table.rows):
        heading = _heading(table, row, ordinals[place], ordinals[place + 1 :])
        if heading:
            sections.enter(heading)
            continue
        sections.column(table.cell(row, "section"))
        found += _parted(_task(table, row, ordinals[place], sections), table, row)
    return found


def _as_above(table: Table) -> list[Row]:
    """The rows with "nt" (như trên) written out."""
    places = [table.header.places[name] for name in _REPEATED if name in table.header.places]
    found: list[Row] = []
    for row in table.rows:
        cells = list(row.cells)
        for place in (one for one in places if one < len(cells)):
            if found and _DITTO.fullmatch(fold(cells[place])):
                cells[place] = found[-1].cells[place] if place < len(found[-1].cells) else ""
        found.append(replace(row, cells=tuple(cells)))
    return found


def _parted(task: TaskRow, table: Table, row: Row) -> list[TaskRow]:
    """A cell that is nothing but a list of dashes holds as many tasks, with days and products told
    in as many dashes beside them or for all."""
    titles = _dashes(table.cell(row, "title"))
    if len(titles) < 2:
        return [task]
    days, products = (_dashes(table.cell(row, name)) for name in ("deadline", "deliverable"))
    found: list[TaskRow] = []
    for place, title in enumerate(titles):
        found.append(
            replace(
                task,
                title=title,
                where=f"{task.where}, gạch {place + 1}",
                deadline=days[place] if len(days) == len(titles) else task.deadline,
                deliverable=products[place] if len(products) == len(titles) else task.deliverable,
            )
        )
    return found


def _dashes(cell: str) -> list[str]:
    """The lines of a cell, where each begins with a dash; a line without goes on with one."""
    lines = cell.splitlines()
    if not lines or not all(_DASH.match(line) for line in lines):
        return []
    return [_DASH.sub("", line).strip(" ;.") for line in lines]


def _in_month(deadline: str, section: str) -> str:
    """A day under a heading such as "THÁNG 5/2026": the month stands there alone."""
    heading = _MONTH.fullmatch(section.rsplit(" / ", maxsplit=1)[-1].strip(" .:"))
    if heading is None:
        return deadline
    month = heading["month"] + (f"/{heading['year']}" if heading["year"] else "")
    if not deadline.strip(" -–."):
        return f"Tháng {month}"
    return f"{deadline}/{month}" if _DAY_ALONE.fullmatch(deadline) else deadline


def _task(table: Table, row: Row, ordinal: str, sections: "_Sections") -> TaskRow:
    title = _one_line(table.cell(row, "title"))
    return TaskRow(
        line=row.line,
        section=sections.path,
        ordinal=ordinal,
        where=sections.where(ordinal) or f"dòng {row.line}",
        title=title,
        deliverable=_one_line(table.cell(row, "deliverable")),
        deadline=_in_month(_one_line(table.cell(row, "deadline")), sections.path),
        lead=table.cell(row, "lead"),
        coordinate=table.cell(row, "coordinate") or _helpers(table.cell(row, "note")),
        send_to=table.cell(row, "send_to"),
        source=_words(table, row),
    )


def _helpers(note: str) -> str:
    """Who helps, where a remark says so: "Phối hợp Sở A"."""
    found = _HELP.fullmatch(note.strip())
    return found["who"] if found else ""


def _words(table: Table, row: Row) -> str:
    """What the row says, cell by cell."""
    cells = (_one_line(table.cell(row, field)) for field in ("title", *_DETAILS))
    return " | ".join(cell for cell in cells if cell.strip(" -"))


def _one_line(cell: str) -> str:
    return " ".join(cell.split())


def _ordinal(cell: str) -> str:
    return cell.strip(" .):(/-")


def _heading(table: Table, row: Row, ordinal: str, later: Sequence[str]) -> str:
    """The heading a row is, or "": alone in its row, or numbered like one and without details."""
    texts = list(dict.fromkeys(cell for cell in row.cells if cell))
    if is_heading(table, row):
        return _one_line(texts[0])
    if any(table.cell(row, field).strip(" -") for field in _DETAILS):
        return ""
    if len(texts) == 1:
        return _one_line(texts[0])
    title = _one_line(table.cell(row, "title"))
    parent = ordinal[:1].isdigit() and (
        any(one.startswith(f"{ordinal}.") for one in later) or later[:1] == ["a"]
    )
    if title and (parent or (ordinal and not ordinal[0].isdigit() and _MARKER.fullmatch(ordinal))):
        return f"{ordinal} {title}"
    return ""


def is_heading(table: Table, row: Row) -> bool:
    """Whether a row is one text in its first column, across the table ("Tuần 1 (từ ngày …)"). A day
    alone is none: its task stands in a row before."""
    if any(row.cells[1:]) or not row.cells or table.cell(row, "title"):
        return False
    return _NAMED.match(row.cells[0]) is not None


class _Sections:
    """The headings that hold where one reads. How they nest shows in the order in which kinds of
    markers (I, A, 1, none) first appear: some plans put A above I."""

    def __init__(self) -> None:
        self._stack: list[tuple[str, str]] = []
        self._column = ""
        self._letter = ""

    @property
    def path(self) -> str:
        return " / ".join(text for _kind, text in self._stack)

    def where(self, ordinal: str) -> str:
        marks = [mark for _kind, text in self._stack if (mark := _mark(text))]
        if marks and ordinal.startswith(f"{marks[-1]}."):
            marks.pop()
        return ".".join([*marks, ordinal] if ordinal else marks)

    def enter(self, heading: str) -> None:
        kind = self._kind(_mark(heading))
        for depth, (known, _text) in enumerate(self._stack):
            if known == kind:
                del self._stack[depth:]
                break
        self._stack.append((kind, heading))

    def column(self, cell: str) -> None:
        """A section given in a column of its own; blank cells go on with the last one."""
        text = _one_line(cell)
        if text and text != self._column:
            self._column = text
            self._stack = [("column", text)]

    def _kind(self, mark: str) -> str:
        if mark[:1].isdigit():
            return f"number{mark.count('.')}"
        follows = bool(self._letter) and len(mark) == 1 and ord(mark) == ord(self._letter) + 1
        if mark and _ROMAN.fullmatch(mark) and not follows:
            return "roman"
        self._letter = mark
        return "letter" if mark else "plain"


def _mark(heading: str) -> str:
    """The marker a heading begins with: "IV" of "IV QUẢN TRỊ SỐ", "III.1" of itself."""
    if re.fullmatch(r"[IVX]+(?:\.\w+)+|\d+(?:\.\d+)*", heading):
        return heading
    parts = heading.split(" / ")
    found = [_MARKER.match(part) for part in parts]
    marks = [one["mark"] for one in found if one and one["mark"] == one["mark"].upper()]
    return ".".join(marks)
