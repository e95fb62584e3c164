"""How long /status takes over ten years of duties, beside one look at all of them through the best
covering index, and beside loading every row.

    python -m bench.status [DUTIES [ROUNDS]]
"""

import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlmodel import Session, select

from bench.history import TODAY, filled
from registry.database import Database
from registry.tables import Agency, Completion, Duty, Extension, Obstacle
from registry.types import DutyKind, DutyState
from reports.counting import SOON_DAYS, Scope
from reports.status import FIGURES, Counts, status_of

# Beyond so many duties the slow way is not waited for.
NAIVE_MOST = 100_000
OVERDUE = 5
QUARTER = (date(2026, 10, 1), date(2026, 12, 31))
# Everything the figures look at, in the order in which they group it.
COVERING = (
    "CREATE INDEX ix_bench ON duty (kind, agency_id, opens_on, due_on, state, done_on, reacted, "
    "task_id)"
)
COUNTED = """
SELECT agency_id, count(*),
    sum(CASE WHEN state = 'done' AND coalesce(done_on, '9999-12-31') <= due_on THEN 1 ELSE 0 END),
    sum(CASE WHEN state = 'done' AND coalesce(done_on, '9999-12-31') > due_on THEN 1 ELSE 0 END),
    sum(CASE WHEN state IN ('open', 'submitted') THEN 1 ELSE 0 END),
    sum(CASE WHEN state = 'open' AND due_on BETWEEN :today AND :soon THEN 1 ELSE 0 END),
    sum(CASE WHEN state = 'open' AND due_on < :today THEN 1 ELSE 0 END),
    sum(CASE WHEN state = 'open' AND NOT reacted THEN 1 ELSE 0 END),
    sum(CASE WHEN state = 'submitted' THEN 1 ELSE 0 END)
FROM duty INDEXED BY ix_bench
WHERE kind = 'deadline' AND state <> 'cancelled' AND opens_on <= :today GROUP BY agency_id
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One way to one answer over so many duties: milliseconds, of this thread's processor time and
    by the clock. `peer`: one that is compared with."""

    what: str
    duties: int
    cpu_p50: float
    cpu_p95: float
    wall_p50: float
    wall_p95: float
    peer: bool = False


def by_index(session: Session, today: date) -> dict[int, Counts]:
    """The agencies' figures alone, without tasks, updates or names, by one covering index."""
    soon = today + timedelta(days=SOON_DAYS)
    rows = session.connection().execute(text(COUNTED), {"today": str(today), "soon": str(soon)})
    return {row[0]: Counts(*row[1:]) for row in rows}


def naive(session: Session, today: date) -> dict[int, Counts]:
    """The same by loading every row and counting in Python."""
    answered = {
        *session.exec(select(Obstacle.duty_id)).all(),
        *session.exec(select(Extension.duty_id)).all(),
        *session.exec(select(Completion.duty_id)).all(),
    }
    agencies = {one.id or 0: dict.fromkeys(FIGURES, 0) for one in session.exec(select(Agency))}
    for duty in session.exec(select(Duty)).all():
        skipped = duty.kind != DutyKind.DEADLINE or duty.state == DutyState.CANCELLED
        if skipped or duty.opens_on > today:
            continue
        mine = agencies[duty.agency_id]
        mine["total"] += 1
        if duty.state == DutyState.DONE:
            late = duty.done_on is None or duty.done_on > duty.due_on
            mine["done_late" if late else "done_on_time"] += 1
            continue
        mine["open"] += 1
        mine["submitted"] += duty.state == DutyState.SUBMITTED
        if duty.state == DutyState.OPEN:
            mine["overdue"] += duty.due_on < today
            mine["due_soon"] += 0 <= (duty.due_on - today).days <= SOON_DAYS
            mine["not_started"] += duty.received_at is None and duty.id not in answered
    return {key: Counts(**mine) for key, mine in agencies.items() if mine["total"]}


def ours(session: Session, scope: Scope) -> dict[int, Counts]:
    found = status_of(session, scope, overdue=OVERDUE)
    return {row.agency_id: row.counts for row in found.rows if row.counts.total}


def measure(duties: int, rounds: int = 30) -> list[Row]:
    """Product and peers take turns within a round. Raises RuntimeError where figures differ."""
    with tempfile.TemporaryDirectory() as folder:
        path, copy = Path(folder) / "status.db", Path(folder) / "peer.db"
        filled(path, duties).close()
        shutil.copy(path, copy)
        db, peer = Database(f"sqlite:///{path}"), Database(f"sqlite:///{copy}")
        peer.write_now(lambda session: session.execute(text(COVERING)) and None)
        directive = max(1, duties // 2500 // 2)
        ways: dict[str, Callable[[], Any]] = {
            "/status": partial(db.read_now, ours, Scope(TODAY)),
            "/status of an agency": partial(
                db.read_now, ours, Scope(TODAY, agency_ids=frozenset({7}))
            ),
            "/status of a quarter": partial(db.read_now, ours, Scope(TODAY, period=QUARTER)),
            "/status of a directive": partial(
                db.read_now, ours, Scope(TODAY, directive_id=directive)
            ),
        }
        peers = {"best covering index, agencies alone": partial(peer.read_now, by_index, TODAY)}
        wanted = ways["/status"]()
        if duties <= NAIVE_MOST:
            slow = partial(db.read_now, naive, TODAY)
            peers["every row by the ORM"] = slow
        for what, way in peers.items():
            if way() != wanted:
                raise RuntimeError(f"{what}: other figures")
        spent: dict[str, list[tuple[float, float]]] = {name: [] for name in (*ways, *peers)}
        for number in range(rounds):
            for name, way in {**ways, **peers}.items():
                # What takes seconds need not be run thirty times to be known.
                if name in ways or number < max(3, rounds // 5):
                    spent[name].append(_took(way))
        db.close()
        peer.close()
    return [_row(name, duties, found, peer=name in peers) for name, found in spent.items()]


def _took(way: Callable[[], Any]) -> tuple[float, float]:
    cpu, wall = time.thread_time(), time.perf_counter()
    way()
    return 1000 * (time.thread_time() - cpu), 1000 * (time.perf_counter() - wall)


def _row(name: str, duties: int, found: Sequence[tuple[float, float]], *, peer: bool) -> Row:
    cpu, wall = sorted(each[0] for each in found), sorted(each[1] for each in found)
    return Row(name, duties, *_middle(cpu), *_middle(wall), peer)


def _middle(ordered: Sequence[float]) -> tuple[float, float]:
    last = len(ordered) - 1
    return ordered[last // 2], ordered[round(last * 0.95)]


def plans(db: Database, scope: Scope) -> None:
    """EXPLAIN QUERY PLAN of each statement one /status runs."""
    seen: list[str] = []

    def note(session: Session) -> None:
        connection = session.connection().connection
        connection.set_trace_callback(seen.append)  # type: ignore[attr-defined]
        status_of(session, scope, overdue=OVERDUE)
        connection.set_trace_callback(None)  # type: ignore[attr-defined]

    db.read_now(note)
    for words in seen:
        if words.lstrip().upper().startswith("SELECT"):
            print(f"\n{' '.join(words.split())[:150]} …")
            for row in db.read_now(_explained, words):
                print(f"    {row}")


def _explained(session: Session, words: str) -> list[str]:
    rows = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {words}")
    return [str(row[-1]) for row in rows]


def main(sizes: Sequence[int], rounds: int) -> None:
    print(f"{'ms':<42}{'duties':>10}{'cpu p50':>10}{'p95':>10}{'clock p50':>11}{'p95':>10}")
    for duties in sizes:
        for row in measure(duties, rounds):
            print(f"{row.what:<42}{row.duties:>10,}{row.cpu_p50:>10.1f}{row.cpu_p95:>10.1f}"
                  f"{row.wall_p50:>11.1f}{row.wall_p95:>10.1f}", flush=True)  # fmt: skip


if __name__ == "__main__":
    asked = [int(each) for each in sys.argv[1:]]
    main(asked[:1] or [10_000, 100_000, 1_000_000], asked[1] if len(asked) > 1 else 30)
