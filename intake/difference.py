"""A draft against what is stored of its directive, before anything is written."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlmodel import Session

from deadlines import WorkCalendar
from intake.drafts import Draft
from registry import difference as stored
from registry.difference import Difference, TaskChange, TaskNamed


def difference(session: Session, draft: Draft, calendar: WorkCalendar | None = None) -> Difference:
    """What storing the draft would add and change, and what it does not name any more. Reads only;
    `calendar` counts the due days of what is stored."""
    due = {task.key: task.reading.due for task in draft.tasks}
    return stored.difference(session, draft.directive, draft.facts(), due=due, calendar=calendar)


# --- Words ---------------------------------------------------------------------------------------

FIELD_NAMES: Mapping[str, str] = {
    "title": "nội dung",
    "deadline": "hạn",
    "section": "vị trí",
    "deliverable": "sản phẩm",
    "send_to": "nơi nhận báo cáo",
    "lead": "chủ trì",
    "coordinate": "phối hợp",
    "ended": "giao lại",
}
_ROOM = 90
_SHOWN = 2


def difference_lines(found: Difference, most: int = 20) -> list[str]:
    """For people, one task a line; at most so many of each kind are named. Empty where the
    directive comes in for the first time or nothing differs."""
    if found.fresh or found.nothing:
        return []
    groups = (
        ("Đổi", [f"{_named(one)}: {change_words(one)}" for one in found.changed]),
        ("Thêm", [_with_term(one) for one in found.added]),
        ("Không còn", [_with_open(one) for one in found.gone]),
    )
    lines = []
    for name, told in groups:
        lines += [f"{name}: {one}" for one in told[:most]]
        if len(told) > most:
            lines.append(f"{name}: … và {len(told) - most} nhiệm vụ khác")
    return lines


def change_words(one: TaskChange) -> str:
    """What changed about a task: "hạn: trước 25 … → trước 15 … (24/12/2026 → 14/12/2026)"."""
    return "; ".join(_field(one, field.field, field.old, field.new) for field in one.fields)


def _field(one: TaskChange, field: str, old: str, new: str) -> str:
    if field == "ended":
        return "nhiệm vụ đã kết thúc được giao lại"
    words = f"{FIELD_NAMES[field]}: {_cut(old) or '(trống)'} → {_cut(new) or '(trống)'}"
    days = f"{_days(one.old_due)} → {_days(one.new_due)}"
    return f"{words} ({days})" if field == "deadline" and one.old_due != one.new_due else words


def _days(due: Sequence[date]) -> str:
    shown = ", ".join(f"{day:%d/%m/%Y}" for day in due[:_SHOWN])
    return (shown or "không có ngày") + (", …" if len(due) > _SHOWN else "")


def _named(one: TaskChange | TaskNamed) -> str:
    place = f"{one.ordinal}. " if one.ordinal else ""
    return f"{place}{_cut(one.title)}"


def _with_term(one: TaskNamed) -> str:
    lead, term = _cut(one.lead) or "chưa rõ chủ trì", _cut(one.deadline) or "không nêu"
    return f"{_named(one)} ({lead}; hạn: {term})"


def _with_open(one: TaskNamed) -> str:
    return f"{_named(one)} (còn {one.open} đầu việc mở)"


def _cut(text: str) -> str:
    return text if len(text) <= _ROOM else f"{text[: _ROOM - 1].rstrip()}…"


def to_contract(found: Difference) -> dict[str, Any]:
    """The key "difference" of `dondoc import --json`."""
    return {
        "new_directive": found.fresh,
        "added": [_plain(one) for one in found.added],
        "changed": [
            {
                "title": one.title,
                "line": one.line,
                "fields": {
                    field.field: {"old": field.old, "new": field.new} for field in one.fields
                },
                "due": {
                    "old": [day.isoformat() for day in one.old_due],
                    "new": [day.isoformat() for day in one.new_due],
                },
            }
            for one in found.changed
        ],
        "gone": [{**_plain(one), "open": one.open} for one in found.gone],
        "unchanged": found.unchanged,
    }


def _plain(one: TaskNamed) -> dict[str, Any]:
    return {
        "title": one.title,
        "line": one.line,
        "deadline": one.deadline,
        "due": [day.isoformat() for day in one.due],
        "lead": one.lead,
    }
