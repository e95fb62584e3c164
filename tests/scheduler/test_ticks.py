"""The bell rings on, whatever becomes of the machine's clock."""

import asyncio
from datetime import UTC, datetime, timedelta

from scheduler.ticks import Ticks
from tests.world import eventually


async def test_ticks_begin_anew_when_the_clock_is_set_back() -> None:
    """A job's next moment lies days ahead then: nobody waits for it."""
    rung: list[str] = []
    ahead = timedelta(days=3)

    def clock() -> datetime:
        return datetime.now(UTC) + ahead  # noqa: TID251

    async def plan() -> None:
        rung.append("plan")

    async def daily() -> None:
        rung.append("daily")

    bell = Ticks(plan, daily, lambda: rung.append("ring"), clock, look=0.05)
    bell.start()
    try:
        bell.alarm(60)
        await asyncio.sleep(0)
        assert "daily" not in rung
        ahead = timedelta()
        await eventually(lambda: {"plan", "daily", "ring"} <= set(rung), "every tick")
    finally:
        bell.stop()
