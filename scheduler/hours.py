"""Working hours: what may go out at this moment. Pure."""

from datetime import datetime, time

from deadlines.calendar import WorkCalendar
from registry.claiming import Only
from registry.clock import local, moment_of
from registry.types import NoticeKind
from scheduler.plan import DAY, Policy

# A person who has just written gets the answer at any hour.
ANY_HOUR = (NoticeKind.ANSWER, NoticeKind.PART, NoticeKind.EDIT)
# What is asked for on the evening of a deadline.
EVENING = (NoticeKind.DRAFT,)
EARLIEST_CALL = time(6)


def allowed(now: datetime, policy: Policy, calendar: WorkCalendar) -> Only | None:
    """None within working hours. Outside them answers go out, and until `last_call` also reminders
    of duties whose last safe day is today, and the draft report of a deadline: late is better than
    too late."""
    here = local(now)
    if calendar.is_working(here.date()) and policy.opens <= here.time() < policy.closes:
        return None
    if EARLIEST_CALL <= here.time() < policy.last_call:
        return Only((*ANY_HOUR, *EVENING), last_day_since=moment_of(here.date(), time.min))
    return Only(ANY_HOUR)


def next_opening(now: datetime, policy: Policy, calendar: WorkCalendar) -> datetime:
    """The next moment working hours begin (now, if they have)."""
    here = local(now)
    day = here.date()
    if calendar.is_working(day):
        if here.time() < policy.opens:
            return moment_of(day, policy.opens)
        if here.time() < policy.closes:
            return now
    return moment_of(calendar.forward(day, 1), policy.opens)


def quiet_until(now: datetime, quiet_from: time | None, quiet_to: time | None) -> datetime | None:
    """When a subscription's quiet hours end, if `now` lies within them; else None."""
    if quiet_from is None or quiet_to is None or quiet_from == quiet_to:
        return None
    here = local(now)
    clock = here.time()
    if quiet_from < quiet_to:
        inside, ends_tomorrow = quiet_from <= clock < quiet_to, False
    else:
        inside, ends_tomorrow = clock >= quiet_from or clock < quiet_to, clock >= quiet_from
    if not inside:
        return None
    return moment_of(here.date() + (DAY if ends_tomorrow else 0 * DAY), quiet_to)
