"""Messages about the state of things, and help: one typed function each. The words are in
`templates/messages/` under the function's name.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from registry.budget import Usage
from registry.messengers import messenger_name, messenger_of
from registry.types import Role
from reports.facts import DutyFacts
from reports.messages import Section, listed
from reports.render import Rendered, Renderer
from reports.status import AgencyRow, OverdueLine, Status, Unreachable
from reports.vietnamese import num, share

LISTED_AGENCIES = 15
OVERDUE_IN_STATUS = 15
OVERDUE_PER_AGENCY = 5
OVERDUE_AGENCIES = 10
UNREACHABLE_AGENCIES = 40

ROLE_NAMES: Mapping[Role, str] = {
    Role.FOCAL: "đầu mối",
    Role.OFFICER: "chuyên viên",
    Role.LEADER: "lãnh đạo cơ quan",
    Role.MEMBER: "thành viên Ban Chỉ đạo",
    Role.STAFF: "cơ quan thường trực",
    Role.ADMIN: "quản trị",
}


@dataclass(frozen=True, slots=True)
class HelpLine:
    """One command as help shows it: "/xong", "[số việc]", "báo xong"."""

    command: str
    args: str
    description: str


def status(renderer: Renderer, figures: Status, bots: Sequence[Usage] = ()) -> Rendered:
    """The whole committee (or one directive, or one period): totals, agencies, what is overdue; and
    for staff how much of their tariffs the bots have used."""
    rows = [row for row in figures.rows if row.counts.total]
    return renderer.render(
        "messages/status",
        s=figures,
        agencies=[
            {"row": row, "light": _light(row), "words": _row_words(row)}
            for row in rows[:LISTED_AGENCIES]
        ],
        agencies_rest=len(rows[LISTED_AGENCIES:]),
        overdue=figures.overdue[:OVERDUE_IN_STATUS],
        overdue_rest=len(figures.overdue[OVERDUE_IN_STATUS:]),
        bots=[{"name": bot_name(each.channel), "words": usage_words(each)} for each in bots],
    )


def bot_name(channel: str) -> str:
    """ "Zalo", "Zalo 2": how staff tell bots of one messenger apart."""
    number = channel.removeprefix(messenger_of(channel)).lstrip("-")
    return f"{messenger_name(channel)} {number}".rstrip()


def usage_words(usage: Usage) -> str:
    """ "đã gửi 2.130/3.000 (71 %) tin trong tháng 11/2026; 38/50 người, 2/3 nhóm"."""
    budget, tariff = usage.budget, usage.tariff
    sent = share(budget.used, budget.limit) if budget.limit else num(budget.used)
    users = f"{usage.users}/{tariff.users}" if tariff.users else str(usage.users)
    groups = f"{usage.groups}/{tariff.groups}" if tariff.groups else str(usage.groups)
    month = f"{usage.month.month}/{usage.month.year}"
    return f"đã gửi {sent} tin trong tháng {month}; {users} người, {groups} nhóm"


def status_agency(
    renderer: Renderer, figures: Status, agency: str, owed: Sequence[DutyFacts]
) -> Rendered:
    """One agency: its figures and what it has not done yet, as `open_duties` orders it."""
    return renderer.render(
        "messages/status_agency", s=figures, agency=agency, with_agency=False, **listed(owed)
    )


def overdue(renderer: Renderer, figures: Status) -> Rendered:
    """The answer to /quahan: what is overdue, by agency, the agency with the most first."""
    by_agency = sorted(figures.overdue, key=lambda line: line.agency_id)
    parts = [list(lines) for _, lines in groupby(by_agency, key=lambda line: line.agency_id)]
    parts.sort(key=lambda lines: (-len(lines), lines[0].due_on, lines[0].agency))
    return renderer.render(
        "messages/overdue",
        s=figures,
        groups=[_overdue_section(lines) for lines in parts[:OVERDUE_AGENCIES]],
        groups_rest=len(parts[OVERDUE_AGENCIES:]),
    )


def unreachable(renderer: Renderer, rows: Sequence[Unreachable], today: date) -> Rendered:
    """Agencies that owe something and that no message reaches."""
    return renderer.render(
        "messages/unreachable",
        today=today,
        count=len(rows),
        shown=rows[:UNREACHABLE_AGENCIES],
        rest=len(rows[UNREACHABLE_AGENCIES:]),
    )


def help_message(
    renderer: Renderer, roles: Collection[Role], commands: Sequence[HelpLine]
) -> Rendered:
    """Help for what these roles may do; no role means a chat that is not bound yet."""
    return renderer.render(
        "messages/help",
        role_names=[name for role, name in ROLE_NAMES.items() if role in roles],
        answers=any(role in roles for role in (Role.FOCAL, Role.OFFICER, Role.LEADER)),
        decides=any(role in roles for role in (Role.STAFF, Role.ADMIN)),
        commands=commands,
    )


def _overdue_section(lines: list[OverdueLine]) -> Section:
    shown = lines[:OVERDUE_PER_AGENCY]
    return Section(lines[0].agency, len(lines), shown, len(lines) - len(shown))


def _light(row: AgencyRow) -> str:
    if row.counts.overdue:
        return "🔴"
    return "🟡" if row.counts.due_soon else "🟢"


def _row_words(row: AgencyRow) -> str:
    """ "quá hạn 2/5 (40 %), sắp đến hạn 1, hoàn thành 2/5 (trong đó 1 quá hạn)"."""
    counts = row.counts
    said = [f"quá hạn {share(counts.overdue, counts.total)}"] if counts.overdue else []
    if counts.due_soon:
        said.append(f"sắp đến hạn {num(counts.due_soon)}")
    if counts.not_started:
        said.append(f"chưa phản hồi {num(counts.not_started)}")
    said.append(f"hoàn thành {num(counts.done)}/{num(counts.total)}")
    if counts.done_late:
        said[-1] += f" (trong đó {num(counts.done_late)} quá hạn)"
    return ", ".join(said)
