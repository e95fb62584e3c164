"""acceptance, and obstacles with owners"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_COLUMNS = (
    ("directive", "acceptance BOOLEAN NOT NULL DEFAULT false"),
    ("task", "acceptance BOOLEAN"),
    ("completion", "flags VARCHAR NOT NULL DEFAULT ''"),
    ("completion", "accepted_by INTEGER REFERENCES person (id)"),
    ("completion", "returned_for TEXT NOT NULL DEFAULT ''"),
    ("obstacle", "theme VARCHAR NOT NULL DEFAULT ''"),
    ("obstacle", "owner_id INTEGER REFERENCES person (id)"),
    ("obstacle", "due_on DATE"),
    ("obstacle", "reminded_on DATE"),
    ("obstacle", "answered_by INTEGER REFERENCES person (id)"),
)


def upgrade() -> None:
    # Plain ADD COLUMN: see 0002.
    for table, column in _COLUMNS:
        op.execute(f"ALTER TABLE {table} ADD COLUMN {column}")
    # A moment's type is called otherwise by each database.
    op.add_column("completion", sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True))
    waiting = sa.text("state = 'submitted'")
    op.create_index(
        "ix_duty_submitted", "duty", ["id"], sqlite_where=waiting, postgresql_where=waiting
    )
