"""The words of the draft report as blocks, before any file format: what python-docx writes, and
what the golden test reads. The sentences are in `templates/papers/report.html.j2`.
"""

import html
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from deadlines.periods import Unit
from registry.types import RequestState
from reports.papers.model import Difficulty, Figures, Line, PeriodReport, Row, grouped
from reports.papers.period import name_of, roman
from reports.render import Renderer
from reports.vietnamese import cut, num, one_line, percent, short_day

UNSTARTED_SHOWN = 40
NUMBERS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Office:
    """Who reports, as the letterhead needs it; what is "" is left for a person to fill."""

    committee: str
    agency: str = ""
    parent: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """`text` may hold the tags b and i; entities are escaped. heading: part (I, II, …) or point
    (1, 2, …), numbered in the text."""

    text: str
    style: Literal["part", "point", "item", "text"] = "text"


@dataclass(frozen=True, slots=True)
class Table:
    """Plain cells. `widths` are parts of the page's width; `left` the columns of words, others are
    centred; rows in `bold` (by index) are headings or sums."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[int, ...]
    left: frozenset[int]
    bold: frozenset[int] = frozenset()


Block = Paragraph | Table


def title_of(report: PeriodReport, office: Office) -> str:
    """What the report is about, under the word BÁO CÁO."""
    return (
        f"Kết quả thực hiện nhiệm vụ tại các văn bản chỉ đạo của {one_line(office.committee)} "
        f"{name_of(report.period)}"
    )


def body_of(report: PeriodReport, office: Office, renderer: Renderer) -> list[Block]:
    """The body, part after part."""
    text = renderer.render("papers/report", **_facts(report, office)).html
    return list(_blocks(text, report))


def annex_of(report: PeriodReport) -> Table:
    """Every duty of the period and those carried into it, under its directive."""
    rows: list[tuple[str, ...]] = []
    bold: set[int] = set()
    lines = [*report.lines, *report.carried]
    serial = 0
    for _, mine in grouped(lines, lambda line: line.directive_id):
        bold.add(len(rows))
        rows.append((one_line(mine[0].directive),))
        for line in mine:
            serial += 1
            rows.append((str(serial), *_annex_cells(line, report)))
    return Table(
        head=(
            "TT", "Số việc", "Nhiệm vụ", "Cơ quan chủ trì", "Hạn", "Ngày hoàn thành",
            "Số văn bản", "Tình trạng",
        ),
        rows=tuple(rows),
        widths=(5, 7, 36, 18, 9, 9, 11, 15),
        left=frozenset({2, 3, 7}),
        bold=frozenset(bold),
    )  # fmt: skip


def state_words(line: Line, today: date) -> str:
    """Where a duty stands, in words: one of eight, the same in all papers."""
    if line.is_update:
        return "Chờ cập nhật" if line.is_open else "Đã cập nhật"
    if line.submitted:
        return "Chờ xác nhận"
    if not line.is_open:
        return "Hoàn thành đúng hạn" if line.in_time else "Hoàn thành quá hạn"
    if line.overdue:
        return "Quá hạn"
    return "Sắp đến hạn" if line.due_soon and line.due_on >= today else "Chưa đến hạn"


# -- the facts of the sentences -------------------------------------------------------------------


def _facts(report: PeriodReport, office: Office) -> dict[str, object]:
    states = [each.state for each in report.extensions]
    unsolved = sum(each.closed_on is None for each in report.difficulties)
    owed = report.deadline_lines
    return {
        "r": report,
        "committee": office.committee,
        "agency": office.agency,
        "name": name_of(report.period),
        "nine": report.period.unit is Unit.NINE,
        "agencies": len({line.agency_id for line in owed}),
        "directives": len({line.directive_id for line in owed}),
        "carried_done": sum(not line.is_open for line in report.carried),
        "carried_open": sum(line.is_open for line in report.carried),
        "granted": states.count(RequestState.APPROVED),
        "refused": states.count(RequestState.REFUSED),
        "pending": states.count(RequestState.ASKED),
        "solved": len(report.difficulties) - unsolved,
        "unsolved": unsolved,
        "unstarted_shown": UNSTARTED_SHOWN,
        "unstarted_rest": max(len(report.tasks_not_started) - UNSTARTED_SHOWN, 0),
    }


def _blocks(text: str, report: PeriodReport) -> Iterator[Block]:
    part = point = 0
    for line in filter(None, text.split("\n")):
        if line.startswith("@") and line[1:] in TABLES:
            yield TABLES[line[1:]](report)
        elif line.startswith("# "):
            part, point = part + 1, 0
            yield Paragraph(f"{roman(min(part, 12))}. {_capitals(line[2:])}", "part")
        elif line.startswith("## "):
            point += 1
            yield Paragraph(f"{point}. {line[3:]}", "point")
        elif line.startswith("- "):
            yield Paragraph(f"- {line[2:]}", "item")
        else:
            yield Paragraph(line)


def _capitals(text: str) -> str:
    return html.escape(html.unescape(text).upper(), quote=False)


# -- tables ---------------------------------------------------------------------------------------

_FIGURE_HEADS = (
    "Tổng số", "HT đúng hạn", "HT quá hạn", "Chưa HT", "Trong đó quá hạn", "Chưa triển khai",
    "Tỷ lệ HT",
)  # fmt: skip
_FIGURE_WIDTHS = (9, 9, 9, 9, 10, 10, 11)


def _figure_cells(figures: Figures) -> tuple[str, ...]:
    counted = (
        figures.total, figures.done_on_time, figures.done_late, figures.open, figures.overdue,
        figures.not_started,
    )  # fmt: skip
    rate = figures.completion_rate
    return (*(num(len(each)) for each in counted), percent(rate.part, rate.whole))


def _sum_row(report: PeriodReport) -> tuple[str, ...]:
    return ("", "Tổng cộng", *_figure_cells(report.totals))


def _figure_table(label: str, rows: list[tuple[str, ...]], bold: set[int]) -> Table:
    return Table(
        head=("TT", label, *_FIGURE_HEADS),
        rows=tuple(rows),
        widths=(6, 34, *_FIGURE_WIDTHS),
        left=frozenset({1}),
        bold=frozenset(bold),
    )


def _directives(report: PeriodReport) -> Table:
    rows: list[tuple[str, ...]] = []
    bold: set[int] = set()
    for serial, row in enumerate(report.directives, start=1):
        parts = row.sections if len(row.sections) > 1 else ()
        if parts:
            bold.add(len(rows))
        rows.append(_row(str(serial), row))
        rows.extend(_row("", part) for part in parts)
    bold.add(len(rows))
    return _figure_table("Văn bản chỉ đạo", [*rows, _sum_row(report)], bold)


def _agencies(report: PeriodReport) -> Table:
    rows = [_row(str(serial), row) for serial, row in enumerate(report.agencies, start=1)]
    return _figure_table("Cơ quan", [*rows, _sum_row(report)], {len(rows)})


def _row(serial: str, row: Row) -> tuple[str, ...]:
    return (serial, one_line(row.name), *_figure_cells(row.figures))


def _not_started(report: PeriodReport) -> Table:
    wanted = set(report.tasks_not_started)
    tasks = [
        mine
        for task, mine in grouped(report.deadline_lines, lambda line: line.task_id)
        if task in wanted
    ]
    tasks.sort(key=lambda mine: min(line.due_on for line in mine))
    rows = [
        (
            str(serial),
            cut(mine[0].title, 400),
            _names(list(dict.fromkeys(line.agency for line in mine))),
            short_day(min(line.due_on for line in mine)),
            numbers([line.number for line in mine]),
        )
        for serial, mine in enumerate(tasks[:UNSTARTED_SHOWN], start=1)
    ]
    return Table(
        head=("TT", "Nhiệm vụ", "Cơ quan chủ trì", "Hạn", "Số việc"),
        rows=tuple(rows),
        widths=(6, 46, 25, 13, 14),
        left=frozenset({1, 2}),
    )


def _difficulties(report: PeriodReport) -> Table:
    rows: list[tuple[str, ...]] = []
    bold: set[int] = set()
    serial = 0
    for theme, mine in report.themes:
        bold.add(len(rows))
        solved = sum(each.closed_on is not None for each in mine)
        rows.append((f"Về {theme}: {num(len(mine))}, đã giải quyết {num(solved)}",))
        for each in mine:
            serial += 1
            rows.append(
                (
                    str(serial),
                    one_line(each.agency),
                    f"{each.number}: {cut(each.title, 160)}",
                    cut(each.text, 500),
                    short_day(each.raised_on),
                    _solved(each),
                )
            )
    return Table(
        head=("TT", "Cơ quan", "Số việc, nhiệm vụ", "Nội dung vướng mắc", "Ngày nêu", "Giải quyết"),
        rows=tuple(rows),
        widths=(6, 17, 26, 26, 13, 17),
        left=frozenset({1, 2, 3, 5}),
        bold=frozenset(bold),
    )


def _extensions(report: PeriodReport) -> Table:
    rows: list[tuple[str, ...]] = [
        (
            str(serial),
            one_line(row.agency),
            *(num(n) for n in (row.total, len(row.granted), len(row.refused), len(row.pending))),
            _days_moved(report, row.agency),
        )
        for serial, row in enumerate(report.extensions_by_agency, start=1)
    ]
    return Table(
        head=("TT", "Cơ quan", "Đề nghị", "Đồng ý", "Không đồng ý", "Đang xem xét", "Hạn cũ → mới"),
        rows=tuple(rows),
        widths=(6, 27, 10, 10, 11, 11, 30),
        left=frozenset({1, 6}),
    )


def _days_moved(report: PeriodReport, agency: str) -> str:
    """What was granted, duty by duty, with both days."""
    granted = [
        f"{each.number}: {short_day(each.old_due_on)} → {short_day(each.new_due_on)}"
        for each in report.extensions
        if each.agency == agency and each.new_due_on is not None
    ]
    rest = len(granted) - NUMBERS_SHOWN
    shown = "; ".join(granted[:NUMBERS_SHOWN])
    return f"{shown} và {num(rest)} việc khác" if rest > 0 else shown


def _solved(each: Difficulty) -> str:
    if each.closed_on is None:
        return "Đang xử lý" if each.owner else "Chưa giải quyết"
    said = f"Đã giải quyết ngày {short_day(each.closed_on)}"
    return f"{said}: {cut(each.resolution, 200)}" if each.resolution.strip() else said


def _silent(report: PeriodReport) -> Table:
    rows = [
        (
            str(serial),
            one_line(row.agency),
            numbers(row.numbers),
            f"{num(row.late_days)} ngày" if row.late_days else "Hết hạn trong ngày",
        )
        for serial, row in enumerate(report.silent, start=1)
    ]
    return Table(
        head=("TT", "Cơ quan", "Số việc", "Quá hạn"),
        rows=tuple(rows),
        widths=(6, 54, 22, 18),
        left=frozenset({1}),
    )


TABLES: Mapping[str, Callable[[PeriodReport], Table]] = {
    "directives": _directives,
    "not_started": _not_started,
    "agencies": _agencies,
    "difficulties": _difficulties,
    "extensions": _extensions,
    "silent": _silent,
}


def _annex_cells(line: Line, report: PeriodReport) -> tuple[str, ...]:
    state = state_words(line, report.today)
    if line.overdue:
        state += f" {num(line.late_days)} ngày"
    if line.not_started and not line.is_update:
        state += "; chưa triển khai"
    if line.carried:
        state += " (kỳ trước chuyển sang)"
    if line.odd:
        state += f"; cần kiểm tra: {line.odd}"
    if line.files:
        state += f"; có {num(line.files)} tệp kèm"
    proof = cut(line.document_number, 60)
    return (
        str(line.number),
        cut(line.title, 600),
        one_line(line.agency),
        short_day(line.due_on),
        short_day(line.done_on) if line.done_on else "",
        proof,
        state,
    )


def numbers(found: Sequence[int]) -> str:
    """ "101, 102, 103"; many are cut short with how many more there are."""
    shown = ", ".join(map(str, sorted(found)[:NUMBERS_SHOWN]))
    rest = len(found) - NUMBERS_SHOWN
    return f"{shown} và {num(rest)} việc khác" if rest > 0 else shown


def _names(found: list[str]) -> str:
    if len(found) > 4:
        return f"{'; '.join(map(one_line, found[:3]))} và {num(len(found) - 3)} cơ quan khác"
    return "; ".join(map(one_line, found))
