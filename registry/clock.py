"""Local days and UTC moments. Viet Nam keeps one offset all year, so no time zone files are needed.

Nothing here reads a clock: `now` is an argument everywhere.
"""

from datetime import UTC, date, datetime, time, timedelta, timezone

LOCAL = timezone(timedelta(hours=7), "Asia/Ho_Chi_Minh")


def local(moment: datetime) -> datetime:
    """The moment on a Vietnamese wall clock. Raises ValueError for a naive one."""
    if moment.tzinfo is None:
        raise ValueError(f"naive datetime refused: {moment!r}")
    return moment.astimezone(LOCAL)


def local_day(moment: datetime) -> date:
    """The Vietnamese calendar day of a moment."""
    return local(moment).date()


def moment_of(day: date, clock: time) -> datetime:
    """The UTC moment of a local day and hour."""
    return datetime.combine(day, clock, LOCAL).astimezone(UTC)
