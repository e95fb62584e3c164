"""The bell: a few fixed ticks and one alarm, in memory. The only home of APScheduler.

Nothing that matters is stored in the scheduler: what is due is always a query on our tables, so a
tick may be late, doubled or missed without a reminder being lost. `misfire_grace_time=None` because
the default drops a job that is a second late; `coalesce` because one look makes up for many missed.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger

from registry.clock import LOCAL

PLAN_SECONDS = 20
Tick = Callable[[], Awaitable[None]]


class Ticks:
    """plan: whatever changed is planned (every 20 seconds). daily: the horizon moves on (00:05
    local). ring: called when the alarm set by `alarm` goes off."""

    def __init__(
        self, plan: Tick, daily: Tick, ring: Callable[[], None], clock: Callable[[], datetime]
    ) -> None:
        self._clock = clock
        self._ring = ring
        self._scheduler = AsyncIOScheduler(
            timezone=LOCAL,
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        self._scheduler.add_job(plan, IntervalTrigger(seconds=PLAN_SECONDS), id="plan")
        self._scheduler.add_job(daily, CronTrigger(hour=0, minute=5, timezone=LOCAL), id="daily")

    def start(self) -> None:
        self._scheduler.start()

    def stop(self) -> None:
        self._scheduler.shutdown(wait=False)

    def alarm(self, seconds: float) -> None:
        """Ring once after so many seconds; a new alarm replaces the old one."""
        when = self._clock() + timedelta(seconds=seconds)
        self._scheduler.add_job(self._ring, DateTrigger(when), id="next-due", replace_existing=True)
