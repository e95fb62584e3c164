"""The bell: a few fixed ticks and one alarm, in memory. The only home of APScheduler.

Nothing that matters is stored in the scheduler: what is due is always a query on our tables, so a
tick may be late, doubled or missed without a reminder being lost. `misfire_grace_time=None` because
the default drops a job that is a second late; `coalesce` because one look makes up for many missed.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger

from registry.clock import LOCAL

log = logging.getLogger(__name__)

PLAN_SECONDS = 20
# A clock that is put right by less than this only makes a tick come a little later.
SET_BACK = timedelta(seconds=10)
Tick = Callable[[], Awaitable[None]]


class Ticks:
    """plan: whatever changed is planned (every 20 seconds). daily: the horizon moves on (00:05
    local). ring: called when the alarm set by `alarm` goes off."""

    def __init__(
        self,
        plan: Tick,
        daily: Tick,
        ring: Callable[[], None],
        clock: Callable[[], datetime],
        look: float = PLAN_SECONDS,
    ) -> None:
        """`look`: seconds between looks at whether the clock was set back."""
        self._clock = clock
        self._ring = ring
        self._look = look
        self._scheduler = AsyncIOScheduler(
            timezone=LOCAL,
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        self._jobs: dict[str, Tick] = {"plan": plan, "daily": daily}
        self._swinging: asyncio.TimerHandle | None = None

    def start(self) -> None:
        for name, tick in self._jobs.items():
            self._scheduler.add_job(tick, _trigger(name), id=name)
        self._scheduler.start()
        self._swing(self._clock())

    def stop(self) -> None:
        if self._swinging is not None:
            self._swinging.cancel()
        self._scheduler.shutdown(wait=False)

    def _swing(self, seen: datetime) -> None:
        """Every job waits for a moment of the machine's clock: set back by three days, it would
        leave them silent for three days. So the clock is looked at by the loop's own time, which
        nobody sets. `seen`: what it said the last time."""
        now = self._clock()
        if now < seen - SET_BACK:
            log.warning("the clock was set back by %s: ticks begin anew", seen - now)
            for name, tick in self._jobs.items():
                # A new trigger: the old one remembers the wrong day as its first. Both may come
                # twice.
                self._scheduler.add_job(
                    tick, _trigger(name), id=name, next_run_time=now, replace_existing=True
                )
            self._ring()
        loop = asyncio.get_running_loop()
        self._swinging = loop.call_later(self._look, self._swing, now)

    def alarm(self, seconds: float) -> None:
        """Ring once after so many seconds; a new alarm replaces the old one."""
        when = self._clock() + timedelta(seconds=seconds)
        self._scheduler.add_job(self._ring, DateTrigger(when), id="next-due", replace_existing=True)


def _trigger(name: str) -> IntervalTrigger | CronTrigger:
    if name == "plan":
        return IntervalTrigger(seconds=PLAN_SECONDS)
    return CronTrigger(hour=0, minute=5, timezone=LOCAL)
