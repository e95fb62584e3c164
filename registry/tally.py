"""What is counted as it happens, counted anew.

Triggers of the database keep the tally of done duties (:class:`registry.tables.Tally`) and the
columns that say who has reacted and what waits for a day. They cannot be forgotten by a statement;
but a hand at the database's own prompt can drop one, or write what they write. So a night's look
compares them with the rows themselves, and puts right what is not.
"""

# ruff: noqa: S608 -- these words are put together from this file alone
from dataclasses import dataclass

from sqlalchemy import text
from sqlmodel import Session

# The first day of a day's month, and the day that stands for "ever".
_WORDS = {
    "sqlite": ("date(first_on, 'start of month')", "'0001-01-01'"),
    "postgresql": ("CAST(date_trunc('month', first_on) AS DATE)", "DATE '0001-01-01'"),
}
_DAYS = """
SELECT '{about}' AS about, '{span}-day' AS span, {span}_on AS first_on, {about}_id AS about_id,
    kind, sum(in_time) AS on_time, sum(1 - in_time) AS late
FROM done WHERE '{about}' = 'agency' OR kind = 'deadline' GROUP BY {span}_on, {about}_id, kind"""
_CELLS = """
WITH done AS (SELECT agency_id, task_id, kind, opens_on, due_on,
    CASE WHEN coalesce(done_on, '9999-12-31') <= due_on THEN 1 ELSE 0 END AS in_time
    FROM duty WHERE state = 'done'),
days AS ({days}),
months AS (SELECT about, CASE WHEN span = 'due-day' THEN 'due-month' ELSE 'opens-month' END AS span,
    {month} AS first_on, about_id, kind, on_time, late FROM days),
ever AS (SELECT about, 'ever' AS span, {ever} AS first_on, about_id, kind, on_time, late
    FROM days WHERE span = 'opens-day'),
cells AS (SELECT * FROM days
    UNION ALL SELECT about, span, first_on, about_id, kind, sum(on_time), sum(late)
    FROM months GROUP BY about, span, first_on, about_id, kind
    UNION ALL SELECT about, span, first_on, about_id, kind, sum(on_time), sum(late)
    FROM ever GROUP BY about, span, first_on, about_id, kind)
"""
_WRONG = """
SELECT count(*) FROM (SELECT about FROM (SELECT * FROM cells UNION ALL
    SELECT about, span, first_on, about_id, kind, -on_time, -late FROM tally) AS beside
    GROUP BY about, span, first_on, about_id, kind
    HAVING sum(on_time) <> 0 OR sum(late) <> 0) AS wrong
"""
_COUNTED = "INSERT INTO tally (about, span, first_on, about_id, kind, on_time, late) "

_REACTED = """(received_at IS NOT NULL
    OR EXISTS (SELECT 1 FROM obstacle WHERE duty_id = duty.id)
    OR EXISTS (SELECT 1 FROM extension WHERE duty_id = duty.id)
    OR EXISTS (SELECT 1 FROM completion WHERE duty_id = duty.id))"""
_IN_FORCE = """part = 'lead' AND EXISTS (SELECT 1 FROM task
    JOIN directive ON directive.id = task.directive_id WHERE task.id = taskagency.task_id
    AND task.ended_at IS NULL AND directive.ended_at IS NULL"""
_COLUMNS = (
    ("duty", "reacted", _REACTED),
    ("taskagency", "ongoing", f"({_IN_FORCE} AND task.kind = 'ongoing'))"),
    ("taskagency", "waiting", f"""({_IN_FORCE}) AND NOT EXISTS (SELECT 1 FROM duty
        WHERE duty.task_id = taskagency.task_id AND duty.agency_id = taskagency.agency_id))"""),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Faults:
    """Cells of the tally that are not what the duties come to, and rows whose kept columns are not
    what other rows say."""

    cells: int
    rows: int

    def __bool__(self) -> bool:
        return bool(self.cells or self.rows)


def faults(session: Session) -> Faults:
    """Compare everything that is kept with what it is kept of; seconds over a million duties."""
    cells = session.execute(text(_cells(session) + _WRONG)).scalar_one()
    rows = sum(
        session.execute(
            text(f"SELECT count(*) FROM {table} WHERE {column} <> ({true})")
        ).scalar_one()
        for table, column, true in _COLUMNS
    )
    return Faults(cells, rows)


def recount(session: Session) -> None:
    """Put everything that is kept as what it is kept of has it."""
    for table, column, true in _COLUMNS:
        session.execute(text(f"UPDATE {table} SET {column} = ({true}) WHERE {column} <> ({true})"))
    session.execute(text("DELETE FROM tally"))
    session.execute(text(_COUNTED + _cells(session) + "SELECT * FROM cells"))


def _cells(session: Session) -> str:
    month, ever = _WORDS[session.get_bind().dialect.name]
    days = " UNION ALL ".join(
        _DAYS.format(about=about, span=span)
        for about in ("agency", "task")
        for span in ("opens", "due")
    )
    return _CELLS.format(days=days, month=month, ever=ever)
