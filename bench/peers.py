"""What a user would run instead to plan and to wake: APScheduler's SQLAlchemy job store, one job a
reminder, in SQLite with WAL."""

import asyncio
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from sqlalchemy import create_engine, event

from bench.path import Stall, watching

_FIRED: list[float] = []


def fired(due: float) -> None:
    """A job: how late it is."""
    _FIRED.append(time.time() - due)


@contextmanager
def store() -> Iterator[SQLAlchemyJobStore]:
    with tempfile.TemporaryDirectory() as folder:
        engine = create_engine(f"sqlite:///{Path(folder) / 'jobs.db'}")

        @event.listens_for(engine, "connect")
        def wal(connection: sqlite3.Connection, _record: object) -> None:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")

        yield SQLAlchemyJobStore(engine=engine)
        engine.dispose()


async def adding(count: int) -> float:
    """Seconds to add so many jobs, each due on another second of the year ahead."""
    with store() as jobs:
        scheduler = AsyncIOScheduler(jobstores={"default": jobs}, timezone=UTC)
        scheduler.start(paused=True)
        begin, first = time.perf_counter(), datetime.now(UTC) + timedelta(days=1)
        for number in range(count):
            when = first + timedelta(seconds=number)
            scheduler.add_job(fired, "date", run_date=when, args=[0.0], id=str(number))
        took = time.perf_counter() - begin
        scheduler.shutdown(wait=False)
        return took


async def firing(count: int, lead: float) -> tuple[list[float], float]:
    """How late each of so many jobs due at once fires, and the loop's longest stall. No job is
    dropped for being late (by default those later than a second are). `lead`: seconds that adding
    them may take."""
    _FIRED.clear()
    with store() as jobs:
        scheduler = AsyncIOScheduler(
            jobstores={"default": jobs}, timezone=UTC, job_defaults={"misfire_grace_time": None}
        )
        scheduler.start(paused=True)
        due = datetime.now(UTC) + timedelta(seconds=lead)
        for _ in range(count):
            scheduler.add_job(fired, "date", run_date=due, args=[due.timestamp()])
        scheduler.resume()
        await asyncio.sleep(max(0.0, (due - datetime.now(UTC)).total_seconds() - 0.1))
        stall: Stall
        async with watching() as stall:
            end = time.monotonic() + 120
            while len(_FIRED) < count and time.monotonic() < end:  # noqa: ASYNC110 -- nobody tells
                await asyncio.sleep(0.05)
        scheduler.shutdown(wait=False)
        return list(_FIRED), stall.worst
