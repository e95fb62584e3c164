"""When a ranking is shown to whom: to each agency its own lines first, and not before three working
days after that to everybody concerned. Pure."""

from collections.abc import Iterable
from datetime import date, datetime, time
from enum import StrEnum

from deadlines.calendar import WorkCalendar
from registry.clock import local, local_day
from registry.tables import Ranking

# Working days an agency has to object.
NOTICE_DAYS = 3
FROM = time(8)


class Step(StrEnum):
    PREVIEW = "preview"
    PUBLISH = "publish"


def preview_day(publish_on: date, calendar: WorkCalendar) -> date:
    """The last day on which agencies may still be shown their lines in time."""
    return calendar.back(publish_on, NOTICE_DAYS)


def earliest(today: date, calendar: WorkCalendar) -> date:
    """The first day on which a ranking announced today may go up."""
    return calendar.forward(today, NOTICE_DAYS)


def steps_due(
    rankings: Iterable[Ranking], now: datetime, calendar: WorkCalendar
) -> list[tuple[Ranking, Step]]:
    """What is to be done `now`. A preview that came late, because the process was down, puts the
    publication off: an agency's three days are never cut short."""
    today, found = local_day(now), []
    if local(now).time() < FROM or not calendar.is_working(today):
        return []
    for one in rankings:
        if one.cancelled_at is not None or one.published_at is not None:
            continue
        if one.previewed_at is None:
            if today >= one.preview_on:
                found.append((one, Step.PREVIEW))
        elif today >= max(one.publish_on, earliest(local_day(one.previewed_at), calendar)):
            found.append((one, Step.PUBLISH))
    return found
