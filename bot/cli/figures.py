"""status, plan: what stands, and what would be sent."""

from datetime import datetime, timedelta
from itertools import groupby
from typing import Annotated, Any

import typer

from bot.cli.base import (
    DAYS,
    ConfigOption,
    JsonOption,
    Stop,
    moment,
    one_line_errors,
    opened,
    out,
    show,
)
from bot.cli.data import one_agency
from registry.budget import Usage, usages
from registry.clock import local, local_day
from reports import figures
from reports.status import status as status_figures
from reports.status import to_contract as status_contract
from reports.status import unreachable
from reports.vietnamese import long_day
from scheduler.planning import Rehearsed, rehearse


def status(
    agency: Annotated[str, typer.Option(help="Chỉ một cơ quan.")] = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tình hình thực hiện: mẫu số, đúng hạn, muộn, quá hạn, chưa triển khai."""
    with one_line_errors(), opened(config) as (settings, tools, db):
        today = local_day(moment())
        ids = [db.read_now(one_agency, agency, today)[0]] if agency else None
        result = db.read_now(
            status_figures, today, agency_ids=ids, soon_days=settings.committee.soon_days
        )
        lost = [
            each for each in db.read_now(unreachable, today) if ids is None or each.agency_id in ids
        ]
        bots = db.read_now(usages, settings.limited, moment()) if ids is None else []
    if as_json:
        more = {"unreachable": [each.agency for each in lost], "bots": [row(each) for each in bots]}
        show(status_contract(result) | more)
        return
    out.print(figures.status(tools.renderer, result, bots).plain, markup=False)
    if lost:
        out.print(figures.unreachable(tools.renderer, lost, today).plain, markup=False)


def row(bot: Usage) -> dict[str, Any]:
    """A bot's month as JSON."""
    return {
        "channel": bot.channel,
        "month": f"{bot.month:%Y-%m}",
        "limit": bot.budget.limit,
        "used": bot.budget.used,
        "left": bot.budget.left,
        "users": bot.users,
        "groups": bot.groups,
    }


def plan(
    start: Annotated[datetime | None, typer.Option("--from", formats=DAYS)] = None,
    until: Annotated[datetime | None, typer.Option("--to", formats=DAYS)] = None,
    if_silent: Annotated[
        bool, typer.Option("--if-silent", help="Kể cả đôn đốc nếu không ai trả lời.")
    ] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Diễn tập: những tin sẽ gửi trong khoảng ngày, cho ai, lúc nào. Không gửi gì."""
    with one_line_errors(), opened(config) as (settings, tools, db):
        first = start.date() if start is not None else local_day(moment())
        last = until.date() if until is not None else first + timedelta(days=92)
        if last < first:
            raise Stop("Ngày --to phải sau ngày --from.")
        rows = db.read_now(
            rehearse, settings.policy, tools.calendar, first, last, if_silent=if_silent
        )
    if as_json:
        show([plan_row(row) for row in rows])
    else:
        plan_table(rows)


def plan_row(row: Rehearsed) -> dict[str, Any]:
    return {
        "at": local(row.at).isoformat(timespec="minutes"),
        "agency": row.agency,
        "channel": row.channel,
        "step": row.step,
        "duties": list(row.duties),
    }


def plan_table(rows: list[Rehearsed]) -> None:
    if not rows:
        out.print("Không có tin nào trong khoảng ngày này.")
        return
    for day, of_day in groupby(rows, key=lambda row: local(row.at).date()):
        out.print(f"\n[bold]{long_day(day)}[/bold]")
        for row in of_day:
            where = row.channel or "CHƯA CÓ ĐẦU MỐI"
            numbers = ", ".join(map(str, row.duties))
            out.print(
                f"  {local(row.at):%H:%M} {row.agency} [{where}] {step_words(row.step)}: {numbers}",
                markup=False,
            )
    lost = len({row.agency for row in rows if row.channel is None})
    out.print(f"\n{len(rows)} tin; {lost} cơ quan chưa có đầu mối nhận tin.")


_RUNGS = {
    "uleader": "đôn đốc, đến bậc lãnh đạo",
    "umember": "báo thành viên phụ trách",
    "ustaff": "báo cơ quan thường trực",
}


def step_words(step: str) -> str:
    if step == "0":
        return "ngày cuối"
    if not step.startswith("u"):
        return f"trước {step} ngày làm việc"
    if step.startswith("uagain"):
        return "hỏi lại việc đã nhận"
    return _RUNGS.get(step) or f"đôn đốc lần {step[1:]}"
