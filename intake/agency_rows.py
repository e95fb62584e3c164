"""Rows of a list of agencies, checked before any of them is written."""

import re
from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from deadlines.text import fold
from intake.grid import Row
from intake.names import is_none
from intake.problems import Problem
from intake.sheets import Table
from registry import naming
from registry.agencies import Directory, How
from registry.agency_list import AgencyRow
from registry.tables import SINCE_EVER

_DAY = re.compile(r"(?:ngay )?(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})|(\d{4})-(\d{1,2})-(\d{1,2})")

Numbered = tuple[int, AgencyRow]


def agency_rows(table: Table) -> tuple[list[Numbered], list[Problem]]:
    """The agencies of a list with their lines, and what is wrong with them."""
    rows: list[Numbered] = []
    problems: list[Problem] = []
    for row in table.rows:
        try:
            rows.append((row.line, _agency(table, row)))
        except ValueError as error:
            problems.append(Problem(row.line, str(error)))
    if not table.rows:
        problems.append(Problem(0, "không có cơ quan nào dưới dòng tiêu đề"))
    kept, doubled = _without_doubles(rows)
    return kept, sorted([*problems, *doubled])


def ambiguities(rows: Sequence[Numbered], directory: Directory) -> list[Problem]:
    """Names and aliases that could mean more than one agency; they work nowhere by themselves."""
    found: dict[str, Problem] = {}
    for line, row in rows:
        for text in (row.name, *(row.aliases or ())):
            match = directory.find(text)
            if match.how is How.AMBIGUOUS:
                message = f"tên “{text}” dùng cho nhiều cơ quan: {match.note}"
                found.setdefault(fold(text), Problem(line, message, blocking=False))
    return list(found.values())


def _agency(table: Table, row: Row) -> AgencyRow:
    name = " ".join(table.cell(row, "name").split())
    if is_none(name):
        raise ValueError("thiếu tên cơ quan")
    agency = AgencyRow(
        name=name,
        aliases=_list(table, row, "aliases"),
        level=table.cell(row, "level") if "level" in table.header.places else None,
        groups=_list(table, row, "groups"),
        valid_from=_day(table, row, "valid_from"),
        valid_to=_day(table, row, "valid_to"),
        successors=_list(table, row, "successors"),
    )
    if agency.successors and agency.valid_to is None:
        raise ValueError("có cơ quan kế thừa nhưng thiếu “Đến ngày” (ngày cuối còn hoạt động)")
    if agency.valid_to and agency.valid_to < (agency.valid_from or SINCE_EVER):
        raise ValueError("ngày hết hiệu lực trước ngày bắt đầu")
    return agency


def _list(table: Table, row: Row, field: str) -> tuple[str, ...] | None:
    """What ";" and line breaks part. Commas belong to the names ("các sở, ban, ngành")."""
    if field not in table.header.places:
        return None
    parts = re.split(r"[;\n]", table.cell(row, field))
    return tuple(dict.fromkeys(part.strip() for part in parts if not is_none(part)))


def _day(table: Table, row: Row, field: str) -> date | None:
    text = table.cell(row, field)
    if is_none(text):
        return None
    found = _DAY.fullmatch(fold(text).removeprefix("00:00 "))
    if found is None:
        raise ValueError(f"không đọc được ngày “{text}”; ghi dạng 01/7/2025")
    day, month, year = (
        (found[1], found[2], found[3]) if found[1] else (found[6], found[5], found[4])
    )
    try:
        return date(int(year), int(month), int(day))
    except ValueError as error:
        raise ValueError(f"không có ngày “{text}”") from error


def _without_doubles(rows: list[Numbered]) -> tuple[list[Numbered], list[Problem]]:
    """The same agency twice: once is enough where both lines agree, else a person decides. One name
    at two times that do not meet is two agencies."""
    kept: dict[tuple[str, ...], list[Numbered]] = defaultdict(list)
    problems: list[Problem] = []
    for line, row in rows:
        alike = kept[naming.parse(row.name).marked]
        twin = next((one for one in alike if _meet(one[1], row)), None)
        if twin is None:
            alike.append((line, row))
        else:
            agree = twin[1] == row
            problems.append(Problem(line, f"trùng với dòng {twin[0]}", blocking=not agree))
    return sorted((one for alike in kept.values() for one in alike), key=_line), problems


def _line(numbered: Numbered) -> int:
    return numbered[0]


def _meet(one: AgencyRow, other: AgencyRow) -> bool:
    spans = [(row.valid_from or SINCE_EVER, row.valid_to or date.max) for row in (one, other)]
    return spans[0][0] <= spans[1][1] and spans[1][0] <= spans[0][1]
