# ruff: noqa: S608, ISC004, E501 -- these words are put together from this file alone
"""A database of ten years: most of its duties are closed, some two per cent are open.

A task has about fifty duties, four periods of a year for a dozen of 117 agencies; a directive has
fifty tasks, none of them ended by hand. One task in ten goes on without end and asks for updates.
What is due is due on a Friday, and is known some months ahead.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy import text
from sqlmodel import Session

from registry.database import Database
from registry.tally import recount

TODAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)
AGENCIES = 117
TASK_DUTIES = 50
DAYS = 3650
LAST = TODAY + timedelta(days=110)

_ROWS = "FROM (WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :many) SELECT i FROM n)"
_AGENCY = f"""
INSERT INTO agency (id, name, key, level, valid_from, created_at)
SELECT i + 1, printf('Cơ quan %03d', i + 1), printf('cơ quan %03d', i + 1), '', '1900-01-01', :now
{_ROWS}"""
_DIRECTIVE = f"""
INSERT INTO directive (id, key, number, kind, title, issuer, signer, source_name, unit, created_at,
    ended_note, acceptance)
SELECT i + 1, i, i + 1 || '/KH-BCĐ', 'Kế hoạch', '', '', '', '', '', :now, '', 0 {_ROWS}"""
_TASK = f"""
INSERT INTO task (id, directive_id, key, position, section, ordinal, title, deliverable,
    deadline_text, kind, rule, lead_text, coordinate_text, send_to, source_text, former, created_at)
SELECT i + 1, i / 50 + 1, i, i % 50, 'I. Chung', '', 'Báo cáo kết quả triển khai nhiệm vụ ' || i,
    '', 'hàng quý', CASE WHEN i % 10 = 9 THEN 'ongoing' ELSE 'quarterly' END, '', '', '', '', '',
    '', :now {_ROWS}"""
# What is due by now is done, but for a tenth of the last three months, and for one in a thousand;
# one in fifty was cancelled, one in eight was late. One of two hundred is done before its period
# begins, one in forty waits for staff. Every thousandth task has no day yet, and no duty.
_DUTY = f"""
INSERT INTO duty (id, number, task_id, agency_id, kind, period, opens_on, due_on, first_due_on,
    state, done_on, received_at, reacted, closed_note, plan_due, since, created_at)
SELECT i + 1, i + 101, i / 50 + 1, (i / 50 * 29 + i % 50 / 4 * 7) % 117 + 1,
    CASE WHEN i / 50 % 10 = 9 THEN 'update' ELSE 'deadline' END, i, date(due, '-75 days'), due, due,
    state,
    CASE WHEN state = 'done' AND due >= :today THEN :today
        WHEN state = 'done' THEN date(due, CASE WHEN i * 17 % 8 = 0 THEN '+3 days' ELSE '-2 days' END)
        END,
    CASE WHEN i * 7919 % 10 < 3 THEN :now END,
    state IN ('done', 'submitted') OR i * 7919 % 10 < 3 OR i * 23 % 7 = 0, '', 0, :now, :now
FROM (SELECT i, due, CASE
    WHEN due < :today AND i * 11 % 1000 <> 0 AND (due < :lately OR i * 13 % 10 <> 0) THEN
        CASE WHEN i * 31 % 50 = 0 THEN 'cancelled' ELSE 'done' END
    WHEN due > date(:today, '+75 days') AND i % 200 = 0 THEN 'done'
    WHEN i * 19 % 40 = 0 THEN 'submitted' ELSE 'open' END AS state
    FROM (SELECT i, date(:last, '-' || (:days - at / 7 * 7) || ' days') AS due
        FROM (SELECT i, (i / 50 * 50 * :days / :all + i % 4 * 91 + i / 50 % 28) % :days AS at {_ROWS})
        WHERE i / 50 % 1000 <> 999))"""
_REST = (
    "INSERT INTO taskagency (task_id, agency_id, part, via_group, waiting, ongoing) "
    "SELECT DISTINCT task_id, agency_id, 'lead', 0, 0, 0 FROM duty",
    "INSERT INTO taskagency (task_id, agency_id, part, via_group, waiting, ongoing) "
    "SELECT id, id % 117 + 1, 'lead', 0, 0, 0 FROM task WHERE (id - 1) % 1000 = 999",
    "INSERT INTO completion (duty_id, channel, at, document_number, note, flags, returned_for) "
    "SELECT id, '', since, '', '', '', '' FROM duty WHERE state IN ('done', 'submitted')",
    "INSERT INTO obstacle (duty_id, text, at, theme, resolution) "
    "SELECT id, 'x', since, '', '' FROM duty WHERE (id - 1) * 23 % 7 = 0",
)


def filled(path: Path, duties: int) -> Database:
    """A migrated database with so many duties."""
    db = Database(f"sqlite:///{path}")
    db.migrate(NOW)
    db.write_now(_fill, duties)
    return db


def _fill(session: Session, duties: int) -> None:
    tasks = duties // TASK_DUTIES
    known = {
        "now": "2026-01-01 02:00:00.000000", "today": str(TODAY), "days": DAYS, "all": duties,
        "last": str(LAST), "lately": str(TODAY - timedelta(days=90)),
    }  # fmt: skip
    with _bare(session):
        for words, many in ((_AGENCY, AGENCIES), (_DIRECTIVE, tasks // 50 + 1), (_TASK, tasks),
                            (_DUTY, duties)):  # fmt: skip
            session.execute(text(words), {**known, "many": many})
        for words in _REST:
            session.execute(text(words))
    # No ANALYZE: an installation has none, and the statements must be found their way without.
    recount(session)


@contextmanager
def _bare(session: Session) -> Iterator[None]:
    """Without triggers and indexes, which are made anew: a million rows are sorted and counted
    once, not one by one."""
    found = session.execute(
        text("SELECT type, name, sql FROM sqlite_master WHERE type = 'trigger' "
             "OR type = 'index' AND tbl_name = 'duty' AND sql IS NOT NULL ORDER BY type")
    ).all()  # fmt: skip
    for kind, name, _ in found:
        session.execute(text(f"DROP {kind} {name}"))
    yield
    for _, _, words in found:
        session.connection().exec_driver_sql(words)
