"""Tables of a directive whole again: parts on several pages joined, headers printed again dropped,
rows and cells that a page break split put together. What is no table of tasks (the head and foot
of an official letter stand in tables too) is text."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from intake.columns import HEADER_ROWS, PLAN_COLUMNS, Header
from intake.grid import Grid, Row
from intake.paper import Block, Paper, Paragraph, TableBlock, marks, without_marks
from intake.sheets import Table, headers, numbers_columns
from intake.task_rows import TaskRow, is_heading, task_rows

_NAMES = ("lead", "coordinate", "send_to")
_INNER = re.compile(
    r"(?<=[.;\n])\s*[-+•]\s*(?=\S)|\s+-\s+(?=(?:Sở|UBND|Các|Công an|Trung tâm|Văn phòng|Ban"
    r"|Cục|Chi cục|Phòng|Trường|Thanh tra)\b)"
)


@dataclass
class _Part:
    """A table being joined: its header, the rows that print it, and the rows so far. `broken`: the
    next row is the first on a page."""

    header: Header
    printed: frozenset[tuple[str, ...]]
    width: int
    rows: list[Row] = field(default_factory=list)
    broken: bool = False


def task_tables(paper: Paper) -> list[Table]:
    """The tables that name tasks with who or by when, each in one piece."""
    tables, _rest = _sorted(paper)
    return tables


def without_tables(paper: Paper) -> list[Paragraph]:
    """The paragraphs, with tables of layout taken apart into the lines of their cells."""
    _tables, rest = _sorted(paper)
    found: list[Paragraph] = []
    for block in rest:
        if isinstance(block, Paragraph):
            found.append(block)
        else:
            found += _laid_out(block)
    return found


def table_rows(paper: Paper) -> list[TaskRow]:
    """The tasks of all tables, with the footnotes that belong to them."""
    found: list[TaskRow] = []
    for table in task_tables(paper):
        found += [_with_notes(row, paper) for row in task_rows(table)]
    return [_bare(row) for row in found]


def _sorted(paper: Paper) -> tuple[list[Table], list[Block]]:
    parts: list[_Part] = []
    rest: list[Block] = []
    for block in paper.blocks:
        if isinstance(block, Paragraph):
            rest.append(block)
            continue
        started = _start(block)
        if started is not None:
            part, first = started
            if (
                parts
                and part.header.places == parts[-1].header.places
                and part.width == parts[-1].width
            ):
                part = parts[-1]
                part.broken = True
            else:
                parts.append(part)
            _extend(part, block.rows[first:])
        elif parts and len(block.rows[0].cells) == parts[-1].width:
            parts[-1].broken = True
            _extend(parts[-1], block.rows)
        else:
            rest.append(block)
    return [Table(part.header, _whole(part)) for part in parts], rest


def _start(block: TableBlock) -> tuple[_Part, int] | None:
    """The part that a block with a header of tasks begins, and its first row below the header."""
    grid = Grid("", list(block.rows[:HEADER_ROWS]))
    best: tuple[int, int, Header, int] | None = None
    for place, header, depth in headers(grid, PLAN_COLUMNS):
        tells = "title" in header.places and {"lead", "deadline"} & set(header.places)
        if not tells:
            continue
        more = best is None or len(header.places) > best[0]
        # A header merged over two rows is repeated in the lower one, which is no task then.
        same = best is not None and len(header.places) == best[0] and place == best[1]
        if more or (same and depth == 2 and _repeats(block.rows[place], block.rows[place + 1])):
            best = (len(header.places), place, header, depth)
    if best is None:
        return None
    _count, place, header, depth = best
    printed = frozenset(row.cells for row in block.rows[place : place + depth])
    return _Part(header, printed, len(block.rows[place].cells)), place + depth


def _repeats(upper: Row, lower: Row) -> bool:
    return any(one and one == two for one, two in zip(upper.cells, lower.cells, strict=False))


def _extend(part: _Part, rows: Sequence[Row]) -> None:
    """Add rows; the header again means a new page, and a row that goes on joins the one before."""
    for row in rows:
        if row.cells in part.printed:
            part.broken = True
        elif not any(row.cells) or (not part.rows and numbers_columns(row)):
            continue
        elif part.rows and _goes_on(part, row):
            part.rows[-1] = _join(part.rows[-1], row)
            part.broken = False
        else:
            part.rows.append(row)
            part.broken = False


def _goes_on(part: _Part, row: Row) -> bool:
    """Whether a row is the rest of the one before it."""
    table = Table(part.header, [])
    ordinal, title = table.cell(row, "ordinal"), table.cell(row, "title")
    if ordinal or len({cell for cell in row.cells if cell}) < 1:
        return False
    if is_heading(table, row) and not part.broken:
        return False
    numbered = "ordinal" in part.header.places
    if part.broken and numbered:
        return not (title.isupper() and len([cell for cell in row.cells if cell]) == 1)
    return not title or (part.broken and title[:1].islower())


def _join(above: Row, below: Row) -> Row:
    width = max(len(above.cells), len(below.cells))
    pairs = zip(_padded(above, width), _padded(below, width), strict=True)
    return Row(above.line, tuple(_joined(upper, lower) for upper, lower in pairs))


def _joined(upper: str, lower: str) -> str:
    if not upper or not lower or upper == lower:
        return upper or lower
    glue = "" if upper.endswith("-") and upper[-2:-1].isupper() else " "
    return f"{upper}{glue}{lower}"


def _padded(row: Row, width: int) -> list[str]:
    return [*row.cells, *[""] * (width - len(row.cells))]


def _whole(part: _Part) -> list[Row]:
    names = {part.header.places[name] for name in _NAMES if name in part.header.places}
    return [
        replace(
            row,
            cells=tuple(
                _listed(cell) if place in names else cell for place, cell in enumerate(row.cells)
            ),
        )
        for row in part.rows
    ]


def _listed(cell: str) -> str:
    """A cell of bullets ("- Công an tỉnh; - Các sở, ban, ngành. - …") with ";" between them."""
    if not re.match(r"\s*[-+•]\s*\S", cell):
        return cell
    inner = re.sub(r"^\s*[-+•]\s*", "", cell)
    return "; ".join(part.strip(" .;\n") for part in _INNER.split(inner) if part.strip(" .;\n-"))


def _laid_out(block: TableBlock) -> Iterator[Paragraph]:
    seen: set[str] = set()
    width = max(len(row.cells) for row in block.rows)
    for column in range(width):
        for row in block.rows:
            cell = row.cells[column] if column < len(row.cells) else ""
            if cell and cell not in seen:
                seen.add(cell)
                yield from (Paragraph(row.line, line) for line in cell.split("\n") if line)


def _with_notes(row: TaskRow, paper: Paper) -> TaskRow:
    """The row's words as its source, with the footnotes its marks point at."""
    cells = (row.title, row.deliverable, row.deadline, row.lead, row.coordinate)
    notes = [paper.notes[mark] for cell in cells for mark in marks(cell) if mark in paper.notes]
    return replace(
        row, source=" | ".join([without_marks(row.source), *(f"[{one}]" for one in notes)])
    )


def _bare(row: TaskRow) -> TaskRow:
    return replace(
        row,
        title=without_marks(row.title),
        deliverable=without_marks(row.deliverable),
        deadline=without_marks(row.deadline),
        lead=without_marks(row.lead),
        coordinate=without_marks(row.coordinate),
    )
