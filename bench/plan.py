"""How long planning takes: 10,000 duties × 3 subscriptions, every step, on an SQLite file.

python -m bench.plan [DUTIES]
"""

import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import TypeVar

from sqlmodel import Session, col, func, insert, select, update

from bench.fill import filled
from deadlines.calendar import WorkCalendar
from registry import outbox
from registry.database import Database
from registry.tables import Attempt, Duty, Notice
from registry.types import AttemptOutcome, NoticeState
from scheduler.plan import Policy
from scheduler.planning import plan_changed

NOW = datetime(2025, 1, 6, 1, tzinfo=UTC)
POLICY, CALENDAR = Policy(), WorkCalendar()
OLD_ATTEMPTS = 100_000
T = TypeVar("T")


def timed(title: str, work: Callable[[], T], note: Callable[[T], str] = lambda _: "") -> T:
    """Run once, print one row of the table."""
    begin = perf_counter()
    result = work()
    print(f"{title:<58}{(perf_counter() - begin) * 1000:>10,.1f} ms  {note(result)}")
    return result


def best(title: str, work: Callable[[], T], times: int = 20) -> None:
    """Run often, print the median."""
    took = []
    for _ in range(times):
        begin = perf_counter()
        work()
        took.append(perf_counter() - begin)
    print(f"{title:<58}{sorted(took)[times // 2] * 1000:>10,.2f} ms  median of {times}")


def _again(session: Session) -> None:
    session.execute(update(Duty).values(plan_due=True))


def _claim(db: Database, now: datetime) -> int:
    """Claim what is due for 16 contacts and record it as sent, as delivery does."""
    batches = db.write_now(outbox.claim, now, channels=("bench",), contacts=16)
    for batch in batches:
        db.write_now(_send, batch, now)
    return len(batches)


def _send(session: Session, batch: outbox.Batch, now: datetime) -> None:
    notices = [item.notice for item in batch.items]
    attempt = outbox.open_attempt(session, batch.contact.id or 0, notices, "…", now)
    outbox.sent(session, attempt, notices, (), "1", now)


def _old_attempts(session: Session, now: datetime) -> None:
    session.execute(
        insert(Attempt),
        [
            {"contact_id": 1, "opened_at": now, "closed_at": now, "text": "x" * 600,
             "outcome": AttemptOutcome.SENT, "message_id": str(i)}
            for i in range(OLD_ATTEMPTS)
        ],
    )  # fmt: skip


def _queued(session: Session, now: datetime) -> int:
    return session.exec(
        select(func.count())
        .select_from(Notice)
        .where(Notice.state == NoticeState.QUEUED, col(Notice.next_at) <= now)
    ).one()


def main(duties: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.db"
        db = filled(path, duties, NOW)
        print(f"{duties:,} duties x 3 subscriptions\n")
        plan = (POLICY, CALENDAR, NOW)
        timed("plan everything", lambda: db.write_now(plan_changed, *plan), "{:,} notices".format)
        db.write_now(_again)
        timed("plan everything again", lambda: db.write_now(plan_changed, *plan), "{} new".format)
        best("plan tick with nothing changed", lambda: db.write_now(plan_changed, *plan))
        best("look for the next due moment", lambda: db.read_now(outbox.next_due))
        best("claim with nothing due", lambda: _claim(db, NOW))
        db.write_now(_old_attempts, NOW)
        best(f"claim with nothing due, {OLD_ATTEMPTS:,} old attempts", lambda: _claim(db, NOW))
        later = NOW + timedelta(days=60)
        print(f"\n{db.read_now(_queued, later):,} notices due at once")
        best("claim 16 contacts' notices and record them sent", lambda: _claim(db, later), 12)
        print(f"database file: {path.stat().st_size / 2**20:.0f} MiB")
        db.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
