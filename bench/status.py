"""How long figures take over many duties, and how SQLite finds them, beside loading every row.

python -m bench.status [DUTIES]
"""

import sys
import tempfile
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlmodel import Session, select

from bench.fill import filled
from bench.plan import best, timed
from registry.clock import local_day
from registry.database import Database
from registry.tables import Agency, Completion, Duty, Extension, Obstacle
from registry.types import DutyKind, DutyState
from reports.counting import Scope
from reports.status import Counts, Status, status_of
from reports.unfolded import Page, unfold

NOW = datetime(2025, 1, 6, 1, tzinfo=UTC)
# Days after the duties were made: a part is late, a part is done.
LATER = timedelta(days=150)
COMPLETIONS = (
    "INSERT INTO completion (duty_id, channel, at, document_number, note, flags, returned_for) "
    "SELECT id, '', since, '', '', '', '' FROM duty WHERE state = 'done'"
)
OBSTACLES = (
    "INSERT INTO obstacle (duty_id, text, at, theme, resolution) "
    "SELECT id, 'x', since, '', '' FROM duty WHERE number % 7 = 0"
)


def _history(session: Session, now: datetime) -> None:
    """Half of what is due by now is done, a tenth of these late; a fifth of all is received."""
    today = local_day(now).isoformat()
    connection = session.connection()
    connection.execute(
        text(
            "UPDATE duty SET state = 'done', done_on = CASE WHEN number % 20 = 0 "
            "THEN date(due_on, '+3 days') ELSE due_on END WHERE number % 2 = 0 AND due_on < :today"
        ),
        {"today": today},
    )
    for words in (
        "UPDATE duty SET opens_on = date(due_on, '-60 days')",
        "UPDATE duty SET received_at = since WHERE number % 5 = 0",
        COMPLETIONS,
        OBSTACLES,
        "ANALYZE",
    ):
        connection.execute(text(words))


def naive(session: Session, today: date) -> dict[str, Counts]:
    """The same figures by loading every row and counting in Python."""
    names = {one.id: one.name for one in session.exec(select(Agency)).all()}
    answered = {
        *session.exec(select(Obstacle.duty_id)).all(),
        *session.exec(select(Extension.duty_id)).all(),
        *session.exec(select(Completion.duty_id)).all(),
    }
    found: dict[str, dict[str, int]] = {}
    for duty in session.exec(select(Duty)).all():
        if duty.kind != DutyKind.DEADLINE or duty.opens_on > today:
            continue
        mine = found.setdefault(names[duty.agency_id], dict.fromkeys(Counts.__slots__, 0))
        mine["total"] += 1
        if duty.state == DutyState.DONE:
            late = duty.done_on is None or duty.done_on > duty.due_on
            mine["done_late" if late else "done_on_time"] += 1
        else:
            mine["open"] += 1
            mine["overdue"] += duty.due_on < today
            mine["due_soon"] += 0 <= (duty.due_on - today).days <= 10
            mine["not_started"] += duty.received_at is None and duty.id not in answered
    return {name: Counts(**counts) for name, counts in found.items()}


def plans(db: Database, scope: Scope) -> None:
    """EXPLAIN QUERY PLAN of each statement one /status runs."""
    seen: list[tuple[str, Any]] = []

    def note(session: Session) -> None:
        connection = session.connection()
        connection.connection.set_trace_callback(lambda words: seen.append((words, None)))
        status_of(session, scope)
        connection.connection.set_trace_callback(None)

    db.read_now(note)
    for words, _ in seen:
        if words.lstrip().upper().startswith("SELECT"):
            print(f"\n{' '.join(words.split())[:150]} …")
            for row in db.read_now(_explained, words):
                print(f"    {row}")


def _explained(session: Session, words: str) -> list[str]:
    rows = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {words}")
    return [str(row[-1]) for row in rows]


def _first(db: Database, scope: Scope, name: str) -> Page:
    return db.read_now(unfold, scope, (name,), 1)


def _totals(found: Status) -> str:
    return str(found.totals)


def main(duties: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        db = filled(Path(folder) / "bench.db", duties, NOW, planned=True)
        now = NOW + LATER
        today = local_day(now)
        db.write_now(_history, now)
        print(f"{duties:,} duties\n")
        quarter = (date(2025, 4, 1), date(2025, 6, 30))
        cases = {
            "/status": Scope(today),
            "/status one agency": Scope(today, agency_ids=frozenset({7})),
            "/status of a quarter": Scope(today, period=quarter),
            "/status of a directive": Scope(today, directive_id=1),
        }
        found = timed(
            "/status with every overdue duty",
            lambda: db.read_now(status_of, cases["/status"]),
            _totals,
        )
        for title, scope in cases.items():
            best(title, partial(db.read_now, status_of, scope, overdue=5), 7)
        for name in ("overdue", "not_started", "done"):
            best(f"first page of {name}", partial(_first, db, cases["/status"], name), 7)
        rows = timed("every row by the ORM, counted in Python", lambda: db.read_now(naive, today))
        same = {row.agency: row.counts for row in found.rows if row.counts.total}
        print(f"the same figures: {same == rows}")
        plans(db, cases["/status"])
        db.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
