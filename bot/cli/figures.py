"""status: what stands."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlmodel import Session

from bot.cli.base import (
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
from bot.commands.scope import Asked, read_scope
from bot.picturing import limits
from registry.budget import Usage, usages
from registry.clock import local_day
from reports import figures
from reports.figures import About
from reports.meaning import mean
from reports.pictures import draw_status
from reports.status import status_of, unreachable
from reports.status import to_contract as status_contract
from reports.unfolded import Listed, unfold

# On the command line a list is one page.
ALL = 1_000_000


def status(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="CHỮ", help="Như trong trò chuyện: cơ quan, văn bản, mục, kỳ, “quá hạn”…"
        ),
    ] = None,
    agency: Annotated[str, typer.Option(help="Chỉ một cơ quan.")] = "",
    picture: Annotated[Path | None, typer.Option(help="Vẽ thành hình .png vào tệp này.")] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tình hình thực hiện: mẫu số, đúng hạn, muộn, quá hạn, chưa triển khai."""
    with one_line_errors(), opened(config) as (settings, tools, db):
        now = moment()
        today, soon = local_day(now), settings.committee.soon_days
        asked = db.read_now(_asked, " ".join(words or ()), agency, today)
        meaning = db.read_now(mean, asked.ask, today, soon, None)
        if meaning is None:
            raise Stop("Không còn cơ quan hoặc văn bản này.")
        result = db.read_now(status_of, meaning.scope)
        ids = meaning.scope.agency_ids
        lost = [
            each for each in db.read_now(unreachable, today) if ids is None or each.agency_id in ids
        ]
        bots = db.read_now(usages, settings.limited, now) if ids is None else []
        names = asked.ask.figures
        page = db.read_now(unfold, meaning.scope, names, 1, ALL) if names else None
        title = meaning.title or settings.committee.name
    if picture is not None:
        picture.write_bytes(draw_status(result, title, limits(meaning)))
    if as_json:
        more: dict[str, Any] = {
            "unreachable": [each.agency for each in lost], "bots": [row(each) for each in bots]
        }  # fmt: skip
        if page is not None:
            more["listed"] = [listed(line) for line in page.lines]
        show(status_contract(result) | more)
        return
    if picture is not None:
        out.print(f"Đã vẽ {picture}", markup=False)
        return
    if page is not None:
        said = figures.unfolded(tools.renderer, meaning, names, page, asked.notes)
        out.print(said.plain, markup=False)
        return
    about = About(meaning.title, meaning.words, asked.notes)
    out.print(figures.status(tools.renderer, result, bots, about).plain, markup=False)
    if lost:
        out.print(figures.unreachable(tools.renderer, lost, today).plain, markup=False)


def _asked(session: Session, words: str, agency: str, today: date) -> Asked:
    """What the words and --agency name together. Raises Stop for what is not known."""
    asked = read_scope(session, words, today)
    if asked.sections is not None:
        raise Stop(f"Không có “{asked.unknown}”; các mục hiện có: {'; '.join(asked.sections)}.")
    if asked.unknown:
        meant = f" Có phải: {'; '.join(asked.proposals)}?" if asked.proposals else ""
        raise Stop(f"Chưa rõ “{asked.unknown}” là cơ quan hay thành viên nào.{meant}")
    if agency:
        key = one_agency(session, agency, today)[0]
        asked = replace(asked, ask=replace(asked.ask, agency=key))
    return asked


def listed(line: Listed) -> dict[str, Any]:
    """One duty behind a figure as JSON; `number` and `due_on` are null for a task without a day."""
    return {
        "number": line.number,
        "agency": line.agency,
        "title": line.title,
        "due_on": line.due_on.isoformat() if line.due_on else None,
        "state": line.state.value,
        "late_days": line.late_days,
    }


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
