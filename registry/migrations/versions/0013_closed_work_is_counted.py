"""closed work is counted as it closes

Done duties are counted in a table, and what /status asks of every open duty or leading agency
stands beside it in a column. Triggers keep both right, whatever statement changes a duty.
"""

# ruff: noqa: S608 -- these words are put together from this file alone
import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

# SQLite's words for a day's month and for "ever", and PostgreSQL's.
_WORDS = {
    "sqlite": ("date({}, 'start of month')", "'0001-01-01'"),
    "postgresql": ("CAST(date_trunc('month', {}) AS DATE)", "DATE '0001-01-01'"),
}

_COUNT = """
INSERT INTO tally (about, span, first_on, about_id, kind, on_time, late)
SELECT a.about, s.span, s.first_on, a.about_id, {row}.kind,
    CASE WHEN {in_time} THEN {one} ELSE 0 END, CASE WHEN {in_time} THEN 0 ELSE {one} END
FROM (SELECT 'agency' AS about, {row}.agency_id AS about_id
    UNION ALL SELECT 'task', {row}.task_id) AS a
CROSS JOIN (SELECT 'ever' AS span, {ever} AS first_on
    UNION ALL SELECT 'opens-month', {opens_month} UNION ALL SELECT 'opens-day', {row}.opens_on
    UNION ALL SELECT 'due-month', {due_month} UNION ALL SELECT 'due-day', {row}.due_on) AS s
WHERE a.about = 'agency' OR {row}.kind = 'deadline'
ON CONFLICT (about, span, first_on, about_id, kind) DO UPDATE
SET on_time = tally.on_time + excluded.on_time, late = tally.late + excluded.late;
"""
_IN_TIME = "coalesce({row}done_on, '9999-12-31') <= {row}due_on"

_REACTED = """(received_at IS NOT NULL
    OR EXISTS (SELECT 1 FROM obstacle WHERE duty_id = duty.id)
    OR EXISTS (SELECT 1 FROM extension WHERE duty_id = duty.id)
    OR EXISTS (SELECT 1 FROM completion WHERE duty_id = duty.id))"""
_REACT = f"UPDATE duty SET reacted = {_REACTED} WHERE id = {{}} AND reacted <> {_REACTED};"

_IN_FORCE = """(part = 'lead' AND EXISTS (SELECT 1 FROM task
    JOIN directive ON directive.id = task.directive_id WHERE task.id = taskagency.task_id
    AND task.ended_at IS NULL AND directive.ended_at IS NULL))"""
_WAITING = f"""({_IN_FORCE} AND NOT EXISTS (SELECT 1 FROM duty
    WHERE duty.task_id = taskagency.task_id AND duty.agency_id = taskagency.agency_id))"""
_ONGOING = f"""({_IN_FORCE} AND EXISTS (SELECT 1 FROM task
    WHERE task.id = taskagency.task_id AND task.kind = 'ongoing'))"""
_LEAD = f"UPDATE taskagency SET waiting = {_WAITING}, ongoing = {_ONGOING} WHERE {{}};"
_PAIR = "task_id = {0}.task_id AND agency_id = {0}.agency_id"

_DAYS = """
SELECT about, span, first_on, about_id, kind, sum(in_time) AS on_time, sum(1 - in_time) AS late
FROM (SELECT '{about}' AS about, '{span}-day' AS span, {span}_on AS first_on,
    {about}_id AS about_id, kind, CASE WHEN {in_time} THEN 1 ELSE 0 END AS in_time
    FROM duty WHERE state = 'done' AND ('{about}' = 'agency' OR kind = 'deadline')) AS one
GROUP BY about, span, first_on, about_id, kind"""
_MONTHS = """
SELECT about, '{span}-month', {month}, about_id, kind, sum(on_time), sum(late)
FROM tally WHERE span = '{span}-day' GROUP BY about, {month}, about_id, kind"""
_EVER = """
SELECT about, 'ever', {ever}, about_id, kind, sum(on_time), sum(late)
FROM tally WHERE span = 'opens-day' GROUP BY about, about_id, kind"""


def upgrade() -> None:
    dialect = op.get_bind().dialect.name
    op.create_table(
        "tally",
        sa.Column("about", sa.String(length=24), nullable=False),
        sa.Column("span", sa.String(length=24), nullable=False),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("about_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("on_time", sa.Integer(), nullable=False),
        sa.Column("late", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("about", "span", "first_on", "about_id", "kind"),
        sqlite_with_rowid=False,
    )
    for table, column in (
        ("duty", "reacted"), ("taskagency", "waiting"), ("taskagency", "ongoing"),
    ):  # fmt: skip
        op.execute(f"ALTER TABLE {table} ADD COLUMN {column} BOOLEAN NOT NULL DEFAULT false")
    _fill(*_WORDS[dialect])
    _indexes()
    # By a view: what is done stands once, and SQLite, which makes room for all that a trigger may do
    # before it asks whether it is to do it, makes little for the open duties that are put in.
    op.execute(
        "CREATE VIEW tally_change AS SELECT agency_id, task_id, kind, opens_on, due_on, done_on, "
        "0 AS one FROM duty WHERE false"
    )
    for name, (when, on, condition, body) in _triggers(*_WORDS[dialect]).items():
        _trigger(dialect, name, when, on, condition, body)


def _fill(month: str, ever: str) -> None:
    op.execute(f"UPDATE duty SET reacted = {_REACTED}")
    op.execute(_LEAD.format("part = 'lead'"))
    for about in ("agency", "task"):
        for span in ("opens", "due"):
            op.execute(
                "INSERT INTO tally (about, span, first_on, about_id, kind, on_time, late)"
                + _DAYS.format(about=about, span=span, in_time=_IN_TIME.format(row=""))
            )
    for span in ("opens", "due"):
        op.execute(
            "INSERT INTO tally (about, span, first_on, about_id, kind, on_time, late)"
            + _MONTHS.format(span=span, month=month.format("first_on"))
        )
    op.execute(
        "INSERT INTO tally (about, span, first_on, about_id, kind, on_time, late)"
        + _EVER.format(ever=ever)
    )


def _indexes() -> None:
    for name in (
        "ix_duty_figures", "ix_duty_task_id", "ix_duty_agency_id", "ix_duty_former_agency_id",
        "ix_duty_submitted",
        "ix_duty_open_due",
    ):  # fmt: skip
        op.drop_index(name, "duty")
    days = ["opens_on", "due_on"]
    _index("ix_duty_task", "duty",
           ["task_id", "state", "kind", "agency_id", *days, "done_on", "reacted"])  # fmt: skip
    _index("ix_duty_agency", "duty", ["agency_id", "state", "kind", "task_id", *days])
    _index(
        "ix_duty_open_due",
        "duty",
        ["due_on", "number", "kind", "agency_id", "opens_on", "state"],
        "state = 'open'",
    )
    _index("ix_duty_former", "duty", ["former_agency_id"], "former_agency_id IS NOT NULL")
    _index("ix_duty_open_agency", "duty",
           ["kind", "agency_id", *days, "reacted", "task_id", "state"], "state = 'open'")  # fmt: skip
    _index("ix_duty_open_task", "duty",
           ["kind", "task_id", *days, "reacted", "state"], "state = 'open'")  # fmt: skip
    _index("ix_duty_submitted", "duty",
           ["kind", "agency_id", *days, "task_id", "state"], "state = 'submitted'")  # fmt: skip
    for name in ("waiting", "ongoing"):
        _index(f"ix_taskagency_{name}", "taskagency", ["agency_id", "task_id", name],
               name, f"{name} = 1")  # fmt: skip


def _index(name: str, table: str, columns: list[str], where: str = "", sqlite: str = "") -> None:
    op.create_index(
        name,
        table,
        columns,
        unique=False,
        sqlite_where=sa.text(sqlite or where) if where else None,
        postgresql_where=sa.text(where) if where else None,
    )


def _triggers(month: str, ever: str) -> dict[str, tuple[str, str, str, str]]:
    """By name: the event, the table, the condition ("" for none), and what is done."""

    def count(row: str, one: int) -> str:
        return (
            "INSERT INTO tally_change (agency_id, task_id, kind, opens_on, due_on, done_on, one) "
            f"VALUES ({row}.agency_id, {row}.task_id, {row}.kind, {row}.opens_on, {row}.due_on, "
            f"{row}.done_on, {one});"
        )

    counting = _COUNT.format(
        row="NEW", one="NEW.one", ever=ever, in_time=_IN_TIME.format(row="NEW."),
        opens_month=month.format("NEW.opens_on"), due_month=month.format("NEW.due_on"),
    )  # fmt: skip
    counted = "AFTER UPDATE OF state, kind, agency_id, task_id, opens_on, due_on, done_on"
    pair = "AFTER UPDATE OF task_id, agency_id"
    here = "task_id = NEW.task_id AND agency_id = NEW.agency_id AND waiting"
    found = {
        "tally_changes": ("INSTEAD OF INSERT", "tally_change", "", counting),
        "duty_counted_new": ("AFTER INSERT", "duty", "NEW.state = 'done'", count("NEW", 1)),
        "duty_counted_is": (counted, "duty", "NEW.state = 'done'", count("NEW", 1)),
        "duty_counted_was": (counted, "duty", "OLD.state = 'done'", count("OLD", -1)),
        "duty_counted_gone": ("AFTER DELETE", "duty", "OLD.state = 'done'", count("OLD", -1)),
        "duty_reacted_new": ("AFTER INSERT", "duty", "NEW.received_at IS NOT NULL",
                             "UPDATE duty SET reacted = true WHERE id = NEW.id;"),
        "duty_reacted": ("AFTER UPDATE OF received_at", "duty", "", _REACT.format("NEW.id")),
        "duty_waited_new": ("AFTER INSERT", "duty", "",
                            f"UPDATE taskagency SET waiting = false WHERE {here};"),
        "duty_waited": (pair, "duty", "",
                        _LEAD.format(_PAIR.format("OLD")) + _LEAD.format(_PAIR.format("NEW"))),
        "duty_waited_gone": ("AFTER DELETE", "duty", "", _LEAD.format(_PAIR.format("OLD"))),
        "lead_waits_new": ("AFTER INSERT", "taskagency", "NEW.part = 'lead'",
                           _LEAD.format(_PAIR.format("NEW"))),
        "lead_waits": ("AFTER UPDATE OF task_id, agency_id, part", "taskagency", "",
                       _LEAD.format(_PAIR.format("NEW"))),
        "lead_waits_task": ("AFTER UPDATE OF kind, ended_at, directive_id", "task", "",
                            _LEAD.format("task_id = NEW.id")),
        "lead_waits_directive": (
            "AFTER UPDATE OF ended_at", "directive", "",
            _LEAD.format("task_id IN (SELECT id FROM task WHERE directive_id = NEW.id)"),
        ),
    }  # fmt: skip
    for table in ("obstacle", "extension", "completion"):
        new, old = _REACT.format("NEW.duty_id"), _REACT.format("OLD.duty_id")
        found[f"{table}_reacted_new"] = ("AFTER INSERT", table, "", new)
        found[f"{table}_reacted"] = ("AFTER UPDATE OF duty_id", table, "", new + old)
        found[f"{table}_reacted_gone"] = ("AFTER DELETE", table, "", old)
    return found


def _trigger(dialect: str, name: str, when: str, on: str, condition: str, body: str) -> None:
    only = f"WHEN ({condition})" if condition else ""
    if dialect == "sqlite":
        op.execute(f"CREATE TRIGGER {name} {when} ON {on} FOR EACH ROW {only} BEGIN {body} END")
        return
    # The tables are found even where somebody at a psql prompt looks at another schema.
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT "
        f"AS $$ BEGIN {body} RETURN NULL; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {name} {when} ON {on} FOR EACH ROW {only} EXECUTE FUNCTION {name}()"
    )
