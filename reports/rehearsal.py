"""A rehearsal of the messages to come, as it is told: on one screen, in pages, and as a sheet. What
would be sent is worked out in `scheduler/rehearsal.py`.
"""

import io
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby

from registry.clock import local, local_day
from registry.messengers import messenger_name, messenger_of
from reports.briefs import DayOff
from reports.render import Rendered, Renderer
from reports.vietnamese import clock, cut, long_day, one_line, short_day

SCREEN_WEEKS = 14
LISTED = 6
PAGE = 25
# Words for what a message speaks of besides duties.
EXTRAS = {"heartbeat": "hỏi còn là đầu mối không", "brief": "bản tin tuần"}


@dataclass(frozen=True, slots=True)
class Planned:
    """One message: who would hear it by which channel (None: nobody can be reached), and of which
    duties. `what`: as ("nhắc trước 5 ngày làm việc", (127, 128)). `urging`: it says nothing but
    urges, and comes only where nobody answers."""

    at: datetime
    to: str
    agencies: tuple[str, ...]
    channel: str | None
    what: tuple[tuple[str, tuple[int, ...]], ...]
    urging: bool = False


@dataclass(frozen=True, slots=True)
class OffDuty:
    """Duties due on a free day, or (`unsure`) near a Tết whose days off are not known yet."""

    day: date
    reason: str
    numbers: tuple[int, ...]
    last_safe: date
    unsure: bool = False


@dataclass(frozen=True, slots=True)
class Spending:
    """A bot's month: what is planned (urges left aside), what urges would add, what went out so
    far, and its limit (0: none)."""

    channel: str
    month: date
    planned: int
    urges: int
    used: int
    limit: int

    @property
    def over(self) -> bool:
        return bool(self.limit) and self.used + self.planned > self.limit

    @property
    def over_with_urges(self) -> bool:
        return bool(self.limit) and self.used + self.planned + self.urges > self.limit


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """Everything that would go out between two days, both included, if nobody answered."""

    first: date
    last: date
    messages: tuple[Planned, ...]
    off_duties: tuple[OffDuty, ...]
    days_off: tuple[DayOff, ...]
    unconfirmed: tuple[int, ...]
    contradictions: tuple[str, ...]
    spending: tuple[Spending, ...]

    @property
    def sure(self) -> tuple[Planned, ...]:
        """Those that reach somebody and do not hang on silence."""
        return tuple(one for one in self.messages if one.channel and not one.urging)

    @property
    def urges(self) -> tuple[Planned, ...]:
        return tuple(one for one in self.messages if one.channel and one.urging)

    @property
    def unreachable(self) -> tuple[tuple[str, int], ...]:
        """Agencies nobody of which would hear, with how many duties they would not hear of."""
        lost: dict[str, set[int]] = defaultdict(set)
        for one in self.messages:
            if one.channel is None:
                for agency in one.agencies:
                    lost[agency] |= {number for _, numbers in one.what for number in numbers}
        return tuple(sorted(((a, len(n)) for a, n in lost.items()), key=lambda x: (-x[1], x[0])))


def summary(renderer: Renderer, plan: Rehearsal, *, file: bool) -> Rendered:
    """One screen: how many, when, to whom, and what to look at. file: the sheet comes with it."""
    weeks = Counter(_monday(one.at) for one in plan.sure)
    urges = Counter(_monday(one.at) for one in plan.urges)
    agencies = Counter(agency for one in plan.sure for agency in one.agencies)
    mondays = sorted({*weeks, *urges})
    ranked = sorted(agencies.items(), key=lambda item: (-item[1], item[0]))
    return renderer.render(
        "messages/rehearsal",
        p=plan,
        weeks=[(day, weeks[day], urges[day]) for day in mondays[:SCREEN_WEEKS]],
        weeks_rest=len(mondays[SCREEN_WEEKS:]),
        agencies=ranked[:LISTED],
        agencies_rest=len(ranked[LISTED:]),
        spending=[
            (_name(one.channel), f"{one.month.month}/{one.month.year}", one)
            for one in plan.spending
        ],
        listed=LISTED,
        pages=page_count(plan),
        file=file,
    )


def page_count(plan: Rehearsal) -> int:
    return -(-len(plan.messages) // PAGE)


def page(renderer: Renderer, plan: Rehearsal, number: int) -> Rendered:
    """One page of the list, in order of time; `number` counts from 1."""
    shown = plan.messages[(number - 1) * PAGE : number * PAGE]
    days = [
        (day, [(one, words(one)) for one in of_day])
        for day, of_day in groupby(shown, key=lambda one: local_day(one.at))
    ]
    return renderer.render(
        "messages/rehearsal_page", days=days, number=number, pages=page_count(plan),
        total=len(plan.messages), p=plan,
    )  # fmt: skip


def words(one: Planned) -> str:
    """ "08 giờ 00 · Nguyễn Thị An (Zalo): nhắc ngày cuối, việc 127, 128"."""
    way = _name(one.channel) if one.channel else "không có ai nhận"
    said = "; ".join(_said(step, numbers) for step, numbers in one.what)
    return f"{clock(local(one.at))} · {one.to} ({way}): {said}"


def _said(step: str, numbers: Sequence[int]) -> str:
    listed = ", ".join(map(str, numbers))
    return f"{step}, việc {listed}" if listed else step


def _name(channel: str) -> str:
    number = channel.removeprefix(messenger_of(channel)).lstrip("-")
    return f"{messenger_name(channel)} {number}".rstrip()


def _monday(at: datetime) -> date:
    day = local_day(at)
    return day - timedelta(days=day.weekday())


# -- the sheet -------------------------------------------------------------------------------------

_HEADS = (
    ("TT", 6), ("Ngày", 12), ("Giờ", 8), ("Người nhận", 26), ("Cơ quan", 32), ("Qua", 12),
    ("Nội dung", 46), ("Số việc", 22), ("Điều kiện", 18),
)  # fmt: skip
_ROW = 4
_NOTES = (("Ngày", 14), ("Nội dung", 90))


def write_xlsx(plan: Rehearsal) -> bytes:
    """The whole list, and what to look at."""
    # Heavy, and needed only where a table is written.
    from openpyxl import Workbook  # noqa: PLC0415

    from reports.papers import sheet_parts as parts  # noqa: PLC0415

    book = Workbook()
    sheet = book.active
    assert sheet is not None  # noqa: S101 -- a new workbook has one sheet  # nosec B101
    sheet.title = "Tin sẽ gửi"
    span = f"từ {short_day(plan.first)} đến {short_day(plan.last)}"
    parts.heading(sheet, f"Diễn tập: tin sẽ gửi {span}", "Không có tin nào được gửi.", len(_HEADS))
    parts.head(sheet, _ROW, tuple(name for name, _ in _HEADS))
    row = _ROW
    for row, one in enumerate(plan.messages, start=_ROW + 1):
        parts.number(sheet, f"A{row}", row - _ROW)
        parts.day(sheet, f"B{row}", local_day(one.at))
        for column, value in zip("CDEFGHI", _cells(one), strict=True):
            parts.text(sheet, f"{column}{row}", value, ruled=True)
    parts.page(sheet, [width for _, width in _HEADS], row, len(_HEADS), freeze=f"D{_ROW + 1}")
    parts.filtered(sheet, f"A{_ROW}:I{row}")
    notes = book.create_sheet("Cần lưu ý")
    parts.heading(notes, f"Cần lưu ý {span}", "", len(_NOTES))
    parts.head(notes, _ROW, tuple(name for name, _ in _NOTES))
    row = _ROW
    for row, (when, said) in enumerate(_notes(plan), start=_ROW + 1):
        words = cut(said, 2000)
        parts.text(notes, f"A{row}", when, ruled=True)
        parts.text(notes, f"B{row}", words, ruled=True)
        parts.fit(notes, row, [(words, _NOTES[1][1])])
    parts.page(notes, [width for _, width in _NOTES], row, len(_NOTES), landscape=False)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _cells(one: Planned) -> tuple[str, ...]:
    numbers = [str(number) for _, mine in one.what for number in mine]
    return (
        f"{local(one.at):%H:%M}",
        one_line(one.to),
        cut("; ".join(one.agencies), 500),
        _name(one.channel) if one.channel else "không có ai nhận",
        "; ".join(step for step, _ in one.what),
        cut(", ".join(numbers), 500),
        "nếu không ai trả lời" if one.urging else "",
    )


def _notes(plan: Rehearsal) -> list[tuple[str, str]]:
    """Every warning, one a line."""
    found = [
        ("", f"Không ai nhận được tin: {agency} ({count} việc)")
        for agency, count in plan.unreachable
    ]
    for off in plan.off_duties:
        numbers = ", ".join(map(str, off.numbers))
        safe = f"nên xong chậm nhất {short_day(off.last_safe)}"
        found.append((short_day(off.day), f"Hạn vào ngày nghỉ ({off.reason}); {safe}: {numbers}"))
    for day in plan.days_off:
        said = "đi làm bù" if day.worked else day.reason
        found.append((short_day(day.day), f"{long_day(day.day)}: {said}"))
    found += [
        ("", f"Lịch nghỉ năm {year} chưa có thông báo chính thức") for year in plan.unconfirmed
    ]
    found += [("", said) for said in plan.contradictions]
    for one in plan.spending:
        month = f"{one.month.month}/{one.month.year}"
        limit = f", hạn mức {one.limit}" if one.limit else ""
        said = f"dự kiến {one.planned} tin, thêm tối đa {one.urges} tin đôn đốc"
        found.append((month, f"{_name(one.channel)}: {said}; đã gửi {one.used}{limit}"))
    return found or [("", "Không có điều gì cần lưu ý.")]
