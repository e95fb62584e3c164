"""Messages about the state of things, and help: one typed function each. The words are in
`templates/messages/` under the function's name.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from deadlines.periods import Period
from registry.budget import Usage
from registry.messengers import messenger_name, messenger_of
from registry.types import Role
from reports.asking import OF_TASKS
from reports.facts import DutyFacts
from reports.meaning import Meaning
from reports.messages import Section, listed
from reports.papers.period import name_of
from reports.ranking import Ranked, Ranking
from reports.render import Rendered, Renderer
from reports.status import AgencyRow, OverdueLine, Status, Unreachable
from reports.unfolded import PAGE, Listed, Page
from reports.vietnamese import num, share

LISTED_AGENCIES = 10
AGENCIES_A_PAGE = 20
ON_BOARD = 8
OVERDUE_IN_STATUS = 5
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


# What a figure is called, with the sign of its lines.
FIGURE_NAMES: Mapping[str, tuple[str, str]] = {
    "total": ("📋", "Tất cả các việc"),
    "done": ("✅", "Việc đã hoàn thành"),
    "done_on_time": ("✅", "Việc hoàn thành đúng hạn"),
    "done_late": ("☑️", "Việc hoàn thành quá hạn"),
    "open": ("⏳", "Việc chưa hoàn thành"),
    "due_soon": ("🟡", "Việc sắp đến hạn"),
    "overdue": ("🔴", "Việc quá hạn"),
    "not_started": ("⚪", "Việc chưa triển khai"),
    "submitted": ("📨", "Việc đã báo xong, chờ xác nhận kết quả"),
    "updates": ("🔄", "Việc thường xuyên đang chờ cập nhật tiến độ"),
    "waiting": ("⚓", "Nhiệm vụ chưa xác định được ngày hạn"),
    "ongoing": ("🔄", "Nhiệm vụ thường xuyên"),
}


@dataclass(frozen=True, slots=True)
class About:
    """How a question was understood: whose figures, what limits them besides directive and period,
    what was taken for what, and the page wanted."""

    title: str = ""
    words: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    page: int = 1


@dataclass(frozen=True, slots=True)
class HelpLine:
    """One command as help shows it: "/xong", "[số việc]", "báo xong"."""

    command: str
    args: str
    description: str


def status(
    renderer: Renderer, figures: Status, bots: Sequence[Usage] = (), about: About = About()
) -> Rendered:
    """The whole committee (or whatever was asked for): totals, agencies, what is overdue longest;
    and for staff how much of their tariffs the bots have used. Later pages go on with the
    agencies."""
    rows = _counted(figures)
    first = about.page == 1
    start = 0 if first else LISTED_AGENCIES + (about.page - 2) * AGENCIES_A_PAGE
    end = LISTED_AGENCIES if first else start + AGENCIES_A_PAGE
    return renderer.render(
        "messages/status",
        s=figures,
        about=about,
        pages=status_pages(figures),
        start=start,
        agencies=[
            {"row": row, "light": _light(row), "words": _row_words(row)} for row in rows[start:end]
        ],
        agencies_rest=len(rows[end:]),
        overdue=figures.overdue[:OVERDUE_IN_STATUS],
        overdue_rest=max(figures.totals.overdue - OVERDUE_IN_STATUS, 0),
        bots=[{"name": bot_name(each.channel), "words": usage_words(each)} for each in bots],
    )


def board(
    renderer: Renderer, found: Status, title: str, words: Sequence[str] = (), *, stays: bool = True
) -> Rendered:
    """What stands at the top of a chat: totals, and the agencies that need attention. Nothing in it
    tells the hour, so that it changes only with the figures and the day. stays: it will be
    rewritten, which some messengers cannot do."""
    worrying = [row for row in found.rows if row.counts.overdue or row.counts.due_soon]
    return renderer.render(
        "messages/board",
        s=found,
        title=title,
        words=words,
        agencies=[
            {"row": row, "light": _light(row), "words": _row_words(row)}
            for row in worrying[:ON_BOARD]
        ],
        rest=len(worrying[ON_BOARD:]),
        stays=stays,
    )


def status_pages(figures: Status) -> int:
    """How many pages the agencies take."""
    return 1 + -(-max(len(_counted(figures)) - LISTED_AGENCIES, 0) // AGENCIES_A_PAGE)


def _counted(figures: Status) -> list[AgencyRow]:
    return [row for row in figures.rows if row.counts.total]


def unfolded(
    renderer: Renderer, meaning: Meaning, names: Sequence[str], page: Page, notes: Sequence[str]
) -> Rendered:
    """The duties behind one figure (those behind all of them, where several are named)."""
    sign = FIGURE_NAMES[names[0]][0]
    first, *others = [FIGURE_NAMES[name][1] for name in names]
    also = [other.removeprefix("Việc ") for other in others]
    return renderer.render(
        "messages/unfolded",
        m=meaning,
        sign=sign,
        heading=", ".join([first, *also]),
        page=page,
        start=(page.number - 1) * PAGE,
        notes=notes,
        today=meaning.scope.today,
        names_agency=meaning.scope.agency_ids is None or len(meaning.scope.agency_ids) > 1
        or meaning.scope.coordinating,
        counts_tasks=names[0] in OF_TASKS,
    )  # fmt: skip


def ranking(
    renderer: Renderer,
    found: Ranking,
    period: Period | None,
    today: date,
    *,
    objections: Sequence[tuple[str, str]] = (),
    published: bool = False,
) -> Rendered:
    """A ranking with its formula; `objections`: (agency, words)."""
    return renderer.render(
        "messages/ranking",
        r=found,
        period=period_name(period),
        today=today,
        objections=objections,
        published=published,
    )


def ranking_own(
    renderer: Renderer,
    line: Ranked,
    found: Ranking,
    period: Period | None,
    publish_on: date,
    against: Sequence[Listed],
    rest: int,
) -> Rendered:
    """One agency's own lines before a ranking goes up, with the duties that count against it."""
    return renderer.render(
        "messages/ranking_own",
        line=line,
        count=len(found.ranked),
        minimum=found.minimum,
        period=period_name(period),
        publish_on=publish_on,
        against=against,
        rest=rest,
    )


def period_name(period: Period | None) -> str:
    """ "quý III năm 2026"; "" for none."""
    return name_of(period) if period is not None else ""


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
    renderer: Renderer,
    figures: Status,
    agency: str,
    owed: Sequence[DutyFacts],
    about: About = About(),
) -> Rendered:
    """One agency: its figures and what it has not done yet, as `open_duties` orders it."""
    return renderer.render(
        "messages/status_agency",
        s=figures,
        agency=agency,
        about=about,
        with_agency=False,
        **listed(owed),
    )


def overdue(renderer: Renderer, figures: Status, *, may_urge: bool = True) -> Rendered:
    """The answer to /quahan: what is overdue, by agency, the agency with the most first. may_urge:
    whoever asks may also urge."""
    by_agency = sorted(figures.overdue, key=lambda line: line.agency_id)
    parts = [list(lines) for _, lines in groupby(by_agency, key=lambda line: line.agency_id)]
    parts.sort(key=lambda lines: (-len(lines), lines[0].due_on, lines[0].agency))
    return renderer.render(
        "messages/overdue",
        s=figures,
        groups=[_overdue_section(lines) for lines in parts[:OVERDUE_AGENCIES]],
        groups_rest=len(parts[OVERDUE_AGENCIES:]),
        may_urge=may_urge,
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
        said.append(f"chưa triển khai {num(counts.not_started)}")
    said.append(f"hoàn thành {num(counts.done)}/{num(counts.total)}")
    if counts.done_late:
        said[-1] += f" (trong đó {num(counts.done_late)} quá hạn)"
    return ", ".join(said)
