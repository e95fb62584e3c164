"""plan: what would be sent in the days to come, as a list, on one screen, or as a sheet."""

from datetime import date, datetime, timedelta
from itertools import groupby
from pathlib import Path
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
from bot.commands.dientap import span_of
from bot.disk_words import why
from bot.rehearsals import rules_of, sheet_of
from registry.clock import local, local_day
from registry.people import Refused
from reports import rehearsal
from reports.vietnamese import long_day
from scheduler.planning import Rehearsed, rehearse
from scheduler.rehearsal import rehearse_all

LONG = timedelta(days=92)


def plan(  # noqa: PLR0913 -- each an option
    start: Annotated[
        datetime | None, typer.Option("--from", formats=DAYS, help="Từ ngày (mặc định: hôm nay).")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option("--to", formats=DAYS, help="Đến hết ngày.")
    ] = None,
    period: Annotated[
        str, typer.Option("--period", help='Thay --from, --to: "quý 4", "tháng 12/2026".')
    ] = "",
    if_silent: Annotated[
        bool, typer.Option("--if-silent", help="Kể cả đôn đốc nếu không ai trả lời.")
    ] = False,
    summary: Annotated[
        bool, typer.Option("--summary", help="Một màn hình: theo tuần, cơ quan, cảnh báo.")
    ] = False,
    target: Annotated[
        Path | None, typer.Option("--out", help="Ghi danh sách đầy đủ ra tệp .xlsx.")
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Diễn tập: những tin sẽ gửi trong khoảng ngày, cho ai, lúc nào. Không gửi gì."""
    with one_line_errors():
        if target is not None and target.suffix.lower() != ".xlsx":
            raise Stop(f"Tệp --out phải có đuôi .xlsx, không phải {target.name!r}.")
        now = moment()
        first, last = _span(start, until, period, local_day(now))
        with opened(config) as (settings, tools, db):
            if summary or target is not None:
                rules = rules_of(settings, tools.calendar)
                whole = db.read_now(rehearse_all, rules, first, last, now)
                _told(whole, rehearsal.summary(tools.renderer, whole, file=False).plain,
                      target, as_json=as_json)  # fmt: skip
                return
            rows = db.read_now(
                rehearse, settings.policy, tools.calendar, first, last, if_silent=if_silent
            )
    if as_json:
        show([plan_row(row) for row in rows])
    else:
        plan_table(rows)


def _span(
    start: datetime | None, until: datetime | None, period: str, today: date
) -> tuple[date, date]:
    if period:
        if start is not None or until is not None:
            raise Stop("Chỉ dùng --period hoặc --from, --to.")
        try:
            return span_of(period, today)
        except Refused as error:
            raise Stop(str(error)) from None
    first = start.date() if start is not None else today
    last = until.date() if until is not None else first + LONG
    if last < first:
        raise Stop("Ngày --to phải sau ngày --from.")
    return first, last


def _told(whole: rehearsal.Rehearsal, words: str, target: Path | None, *, as_json: bool) -> None:
    if target is not None:
        try:
            target.write_bytes(sheet_of(whole).data)
        except OSError as error:
            raise Stop(f"Không ghi được {target}: {why(error)}.") from None
    if as_json:
        show(_contract(whole) | ({"file": str(target)} if target is not None else {}))
    else:
        out.print(words, markup=False)
        if target is not None:
            out.print(f"\nĐã ghi danh sách đầy đủ vào {target}.", markup=False)


def _contract(whole: rehearsal.Rehearsal) -> dict[str, Any]:
    return {
        "from": whole.first.isoformat(),
        "to": whole.last.isoformat(),
        "messages": len(whole.sure),
        "urges": len(whole.urges),
        "unreachable": [agency for agency, _ in whole.unreachable],
        "off_days": [
            {"day": off.day.isoformat(), "reason": off.reason, "duties": list(off.numbers),
             "last_safe": off.last_safe.isoformat(), "unsure": off.unsure}
            for off in whole.off_duties
        ],
        "unconfirmed_years": list(whole.unconfirmed),
        "contradictions": list(whole.contradictions),
        "bots": [
            {"channel": one.channel, "month": f"{one.month:%Y-%m}", "planned": one.planned,
             "urges": one.urges, "used": one.used, "limit": one.limit}
            for one in whole.spending
        ],
    }  # fmt: skip


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
        out.print(f"\n{long_day(day)}", style="bold")
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
