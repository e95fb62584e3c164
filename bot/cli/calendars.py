"""calendar: the duties of one agency as a file that any calendar opens."""

from pathlib import Path
from typing import Annotated

import typer

from bot.cli.base import ConfigOption, JsonOption, Stop, moment, one_line_errors, opened, out, show
from bot.cli.data import one_agency
from bot.disk_words import why
from registry import calendar_feeds
from registry.clock import local_day


def calendar(
    agency: Annotated[str, typer.Option("--agency", help="Cơ quan.")],
    to: Annotated[Path, typer.Option("--out", help="Tệp .ics sẽ ghi (ghi đè nếu đã có).")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Xuất lịch việc của một cơ quan ra tệp .ics (RFC 5545)."""
    # icalendar is heavy, and only this command needs it.
    from reports.calendar_feed import Ringing, entries, feed  # noqa: PLC0415

    with one_line_errors(), opened(config) as (settings, tools, db):
        now = moment()
        agency_id, name = db.read_now(one_agency, agency, local_day(now))
        found = db.read_now(entries, [agency_id], local_day(now), tools.calendar)
        namespace = db.write_now(calendar_feeds.namespace, now)
        policy = settings.policy
        text = feed(
            tools.renderer, found, name, namespace,
            Ringing(policy.leads, policy.update_leads, policy.at), tools.calendar,
        )  # fmt: skip
        try:
            to.write_bytes(text)
        except OSError as error:
            raise Stop(f"Không ghi được {to}: {why(error)}.") from None
    if as_json:
        show({"agency": name, "file": str(to), "events": len(found)})
    else:
        out.print(f"Đã ghi {len(found)} việc của {name} vào {to}.", markup=False)
