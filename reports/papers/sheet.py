"""The report as .xlsx: every duty as data, and sheets that count it by formulas, so that whoever
corrects a line sees the figures follow.

Foreign text is written as text and never as a formula, whatever it begins with, and stays text when
somebody edits the cell (quotePrefix).
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from deadlines.periods import Period
from registry.clock import local
from reports.papers.body import Office, state_words
from reports.papers.model import Line, PeriodReport, Row
from reports.papers.period import name_of
from reports.vietnamese import cut, moment, one_line, short_day

DATA = "Danh mục đầu việc"
SUMMARY = "Tổng hợp"
BY_AGENCY = "Theo cơ quan"
BY_DIRECTIVE = "Theo văn bản"
DEADLINE, UPDATE = "Có thời hạn", "Cập nhật"
INSIDE, CARRIED = "Trong kỳ", "Kỳ trước"
ANSWERED, UNANSWERED = "Có", "Không"
ON_TIME, LATE = "Hoàn thành đúng hạn", "Hoàn thành quá hạn"
OVERDUE, SOON, AHEAD = "Quá hạn", "Sắp đến hạn", "Chưa đến hạn"
SUBMITTED = "Chờ xác nhận"
UPDATED = "Đã cập nhật"

# Column head, width in characters, letter. Codes stand last, outside of what is printed: names can
# be the same, or hold what COUNTIFS takes for a pattern.
COLUMNS = (
    ("TT", 5), ("Số việc", 7), ("Nhiệm vụ", 40), ("Cơ quan chủ trì", 21), ("Văn bản chỉ đạo", 20),
    ("Mục", 15), ("Hạn", 11), ("Ngày hoàn thành", 11), ("Số văn bản", 13), ("Tình trạng", 13),
    ("Có phản hồi", 8), ("Số ngày quá hạn", 8), ("Kỳ", 10), ("Loại", 12), ("Mã cơ quan", 8),
    ("Mã văn bản", 8),
)  # fmt: skip
HEAD_ROW = 4
_STATE, _ANSWER, _WHEN, _KIND = "J", "K", "M", "N"
_AGENCY_CODE, _DIRECTIVE_CODE = "O", "P"
_PRINTED = 13


@dataclass(frozen=True, slots=True)
class Criterion:
    """A condition on one column of the data; `value` is Excel's own notation."""

    column: str
    value: str


def _is(column: str, word: str) -> Criterion:
    return Criterion(column, f'"{word}"')


_OWED = (_is(_WHEN, INSIDE), _is(_KIND, DEADLINE))
_ASKED = (_is(_WHEN, INSIDE), _is(_KIND, UPDATE))
# Heads of the figures, and the sums of counts each is made of.
FIGURES: tuple[tuple[str, tuple[tuple[Criterion, ...], ...]], ...] = (
    ("Tổng số", (_OWED,)),
    ("Hoàn thành đúng hạn", ((*_OWED, _is(_STATE, ON_TIME)),)),
    ("Hoàn thành quá hạn", ((*_OWED, _is(_STATE, LATE)),)),
    (
        "Chưa hoàn thành",
        tuple((*_OWED, _is(_STATE, word)) for word in (OVERDUE, SOON, AHEAD, SUBMITTED)),
    ),
    ("Trong đó: quá hạn", ((*_OWED, _is(_STATE, OVERDUE)),)),
    ("Trong đó: sắp đến hạn", ((*_OWED, _is(_STATE, SOON)),)),
    ("Trong đó: chưa triển khai", ((*_OWED, _is(_ANSWER, UNANSWERED)),)),
    ("Trong đó: chờ xác nhận", ((*_OWED, _is(_STATE, SUBMITTED)),)),
    ("Phải cập nhật", (_ASKED,)),
    ("Đã cập nhật", ((*_ASKED, _is(_STATE, UPDATED)),)),
)


def write_xlsx(report: PeriodReport, office: Office) -> bytes:
    """The workbook's bytes."""
    # Heavy, and needed only where a table is written.
    from openpyxl import Workbook  # noqa: PLC0415

    from reports.papers import sheet_parts  # noqa: PLC0415

    book = Workbook()
    sheets = _Sheets(report, sheet_parts)
    first = book.active
    assert first is not None  # noqa: S101 -- a new workbook has one sheet  # nosec B101
    first.title = SUMMARY
    sheets.summary(first, office)
    sheets.rows(book.create_sheet(BY_AGENCY), "Cơ quan", report.agencies, _AGENCY_CODE)
    sheets.rows(
        book.create_sheet(BY_DIRECTIVE), "Văn bản chỉ đạo", report.directives, _DIRECTIVE_CODE
    )
    sheets.data(book.create_sheet(DATA))
    about = book.properties
    about.title = f"{_heading(report.period)} (dự thảo)"
    about.creator = about.lastModifiedBy = one_line(office.agency)[:250]
    about.created = about.modified = local(report.at).replace(tzinfo=None, microsecond=0)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _heading(period: Period) -> str:
    return f"Kết quả thực hiện nhiệm vụ {name_of(period)}"


class _Sheets:
    """Fills one sheet after the other. `parts`: the module that speaks of cells and pages."""

    def __init__(self, report: PeriodReport, parts: Any) -> None:
        self.report = report
        self.parts = parts
        self.lines = [*report.lines, *report.carried]
        self.last = HEAD_ROW + max(len(self.lines), 1)

    def _range(self, column: str) -> str:
        return f"'{DATA}'!${column}${HEAD_ROW + 1}:${column}${self.last}"

    def _count(self, criteria: Sequence[Criterion]) -> str:
        pairs = ",".join(f"{self._range(each.column)},{each.value}" for each in criteria)
        return f"COUNTIFS({pairs})"

    def _formula(
        self, counts: Sequence[tuple[Criterion, ...]], only: tuple[Criterion, ...] = ()
    ) -> str:
        return "=" + "+".join(self._count((*each, *only)) for each in counts)

    # -- Tổng hợp ---------------------------------------------------------------------------------

    def summary(self, sheet: Any, office: Office) -> None:
        report, parts = self.report, self.parts
        parts.heading(sheet, _heading(report.period), self._as_of(), 4)
        parts.text(sheet, "A3", f"{one_line(office.agency)} – DỰ THẢO".strip(" –"), italic=True)
        parts.head(sheet, HEAD_ROW, ("Chỉ tiêu", "Số lượng", "Trên tổng số", "Tỷ lệ"))
        row = HEAD_ROW
        for row, (name, counts) in enumerate(FIGURES, start=HEAD_ROW + 1):
            base = HEAD_ROW + 1 if row < HEAD_ROW + 9 else HEAD_ROW + 9
            self._figure(sheet, row, name, self._formula(counts), f"=B{base}")
        total, on_time, late, silent = (f"B{HEAD_ROW + n}" for n in (1, 2, 3, 7))
        asked, told = f"B{HEAD_ROW + 9}", f"B{HEAD_ROW + 10}"
        self._figure(sheet, row + 1, "Tỷ lệ hoàn thành", f"={on_time}+{late}", f"={total}")
        self._figure(
            sheet, row + 2, "Tỷ lệ cập nhật", f"={total}-{silent}+{told}", f"={total}+{asked}"
        )
        carried = (_is(_WHEN, CARRIED),)
        self._figure(
            sheet,
            row + 3,
            "Kỳ trước chuyển sang, còn quá hạn",
            self._formula(((*carried, _is(_STATE, OVERDUE)),)),
            self._formula((carried,)),
        )
        self._notes(sheet, row + 5)
        parts.page(sheet, (46, 14, 14, 14), row + 9, 4, landscape=True)

    def _figure(self, sheet: Any, row: int, name: str, part: str, whole: str) -> None:
        parts = self.parts
        parts.text(sheet, f"A{row}", name, ruled=True)
        parts.formula(sheet, f"B{row}", part)
        parts.formula(sheet, f"C{row}", whole)
        parts.formula(sheet, f"D{row}", f'=IF(C{row}=0,"–",B{row}/C{row})', "0.0%")

    def _notes(self, sheet: Any, row: int) -> None:
        report = self.report
        first, last = map(short_day, report.window)
        window = f"báo cáo định kỳ chốt số liệu {first} – {last} (Điều 12 Nghị định 09/2019/NĐ-CP)."
        whole = report.period.last
        notes = (
            f"Đầu việc có hạn từ {short_day(report.period.first)} đến {short_day(whole)}; {window}",
            f"Các con số là công thức đếm trên trang “{DATA}”: sửa một dòng thì số liệu đổi theo.",
            "Chưa triển khai: chưa hoàn thành và cơ quan chưa có phản hồi nào.",
        )
        for number, note in enumerate(notes):
            self.parts.text(sheet, f"A{row + number}", note, italic=True, span=4)
            self.parts.fit(sheet, row + number, [(note, 80)])

    def _as_of(self) -> str:
        return f"Tính đến {moment(self.report.at)}"

    # -- Theo cơ quan, Theo văn bản ---------------------------------------------------------------

    def rows(self, sheet: Any, label: str, rows: Sequence[Row], code: str) -> None:
        parts = self.parts
        width = len(FIGURES) + 4
        title = f"{_heading(self.report.period)} theo {label.lower()}"
        parts.heading(sheet, title, self._as_of(), width)
        heads = ("TT", label, *(name for name, _ in FIGURES), "Tỷ lệ hoàn thành", "Mã")
        parts.head(sheet, HEAD_ROW, heads)
        code_letter = parts.letter(width)
        number = HEAD_ROW
        for number, row in enumerate(rows, start=HEAD_ROW + 1):
            parts.number(sheet, f"A{number}", number - HEAD_ROW)
            parts.text(sheet, f"B{number}", one_line(row.name), ruled=True)
            parts.fit(sheet, number, [(row.name, 44)])
            mine = (Criterion(code, f"${code_letter}{number}"),)
            for place, (_, counts) in enumerate(FIGURES, start=3):
                parts.formula(sheet, f"{parts.letter(place)}{number}", self._formula(counts, mine))
            parts.formula(sheet, f"{parts.letter(width - 1)}{number}", _rate(number), "0.0%")
            parts.number(sheet, f"{code_letter}{number}", row.id)
        total = number + 1
        parts.text(sheet, f"A{total}", "", ruled=True)
        parts.text(sheet, f"B{total}", "Tổng cộng", ruled=True, bold=True)
        for place in range(3, len(FIGURES) + 3):
            letter = parts.letter(place)
            sum_of = f"=SUM({letter}{HEAD_ROW + 1}:{letter}{number})" if rows else "=0"
            parts.formula(sheet, f"{letter}{total}", sum_of, bold=True)
        parts.formula(sheet, f"{parts.letter(width - 1)}{total}", _rate(total), "0.0%", bold=True)
        widths = (5, 44, *(12 for _ in FIGURES), 11, 8)
        parts.page(sheet, widths, total, width - 1, freeze=f"C{HEAD_ROW + 1}", landscape=True)
        parts.filtered(sheet, f"A{HEAD_ROW}:{code_letter}{max(number, HEAD_ROW + 1)}")

    # -- Danh mục đầu việc ------------------------------------------------------------------------

    def data(self, sheet: Any) -> None:
        parts = self.parts
        title = f"Danh mục đầu việc {name_of(self.report.period)}"
        parts.heading(sheet, title, self._as_of(), _PRINTED)
        parts.head(sheet, HEAD_ROW, tuple(name for name, _ in COLUMNS))
        for number, line in enumerate(self.lines, start=HEAD_ROW + 1):
            self._line(sheet, number, line)
        widths = tuple(width for _, width in COLUMNS)
        parts.page(sheet, widths, self.last, _PRINTED, freeze=f"D{HEAD_ROW + 1}", landscape=True)
        parts.filtered(sheet, f"A{HEAD_ROW}:{_DIRECTIVE_CODE}{self.last}")
        states = f"{_STATE}{HEAD_ROW + 1}:{_STATE}{self.last}"
        parts.marks(sheet, states, ((OVERDUE, "FFC7CE"), (SOON, "FFEB9C"), (LATE, "FCE4D6"),
                                    (ON_TIME, "C6EFCE"), (UPDATED, "C6EFCE")))  # fmt: skip
        answers = f"{_ANSWER}{HEAD_ROW + 1}:{_ANSWER}{self.last}"
        parts.marks(sheet, answers, ((UNANSWERED, "D9D9D9"),))

    def _line(self, sheet: Any, row: int, line: Line) -> None:
        words: dict[str, Any] = {
            "A": row - HEAD_ROW,
            "B": line.number,
            "C": cut(line.title, 2000),
            "D": one_line(line.agency),
            "E": one_line(line.directive),
            "F": one_line(line.section),
            "G": line.due_on,
            "H": line.done_on,
            "I": cut(line.document_number, 120),
            _STATE: state_words(line, self.report.today),
            _ANSWER: UNANSWERED if line.not_started else ANSWERED,
            "L": line.late_days,
            _WHEN: CARRIED if line.carried else INSIDE,
            _KIND: UPDATE if line.is_update else DEADLINE,
            "O": line.agency_id,
            "P": line.directive_id,
        }
        for column, value in words.items():
            self._value(sheet, f"{column}{row}", value)
        widths = dict(zip(words, (width for _, width in COLUMNS), strict=True))
        self.parts.fit(sheet, row, [(str(words[key]), widths[key]) for key in "CDEFIJ"])

    def _value(self, sheet: Any, place: str, value: str | int | date | None) -> None:
        if isinstance(value, date):
            self.parts.day(sheet, place, value)
        elif isinstance(value, int):
            self.parts.number(sheet, place, value)
        else:
            self.parts.text(sheet, place, value or "", ruled=True)


def _rate(row: int) -> str:
    return f'=IF(C{row}=0,"–",(D{row}+E{row})/C{row})'
