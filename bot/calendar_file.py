"""The administrator's table of days off and swapped days: a CSV with `ngày, làm việc, căn cứ`."""

import csv
from datetime import date, datetime
from functools import cache
from pathlib import Path

from bot.disk_words import why
from bot.settings import ConfigTrouble
from deadlines.calendar import DayOff, WorkCalendar
from deadlines.text import fold

_WORKING = {"co": True, "lam": True, "lam viec": True, "1": True, "x": True, "yes": True,
            "khong": False, "nghi": False, "0": False, "": False, "no": False}  # fmt: skip


def read_calendar(path: Path | None) -> WorkCalendar:
    """The working calendar with the administrator's own days; a year that has lines in the table
    counts as confirmed. Raises ConfigTrouble naming the line that cannot be read."""
    if path is None:
        return _official()
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigTrouble(f"Không đọc được bảng ngày nghỉ {path}: {why(error)}.") from None
    days = []
    for number, row in enumerate(csv.reader(text.splitlines()), start=1):
        cells = [cell.strip() for cell in row]
        if (
            not any(cells)
            or cells[0].startswith("#")
            or (number == 1 and not cells[0][:1].isdigit())
        ):
            continue
        days.append(_line(path, number, cells))
    return WorkCalendar(days, confirmed={day.day.year for day in days})


@cache
def _official() -> WorkCalendar:
    """The official days off, worked out once for all who have no table of their own."""
    return WorkCalendar()


def _line(path: Path, number: int, cells: list[str]) -> DayOff:
    day = _day(cells[0])
    working = _WORKING.get(fold(cells[1])) if len(cells) > 1 else None
    if day is None or working is None:
        raise ConfigTrouble(
            f'Bảng ngày nghỉ {path}, dòng {number}: cần "ngày, làm việc (có/không), căn cứ", '
            "ví dụ: 02/01/2026,không,Công văn 12729/VPCP-KGVX"
        )
    return DayOff(day, working, cells[2] if len(cells) > 2 else "")


def _day(text: str) -> date | None:
    for pattern in ("%d/%m/%Y", "%Y-%m-%d"):
        try:
            return datetime.strptime(text, pattern).date()  # noqa: DTZ007 -- a day, not a moment
        except ValueError:
            continue
    return None
