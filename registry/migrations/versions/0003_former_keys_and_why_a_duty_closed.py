"""former keys, and why a duty closed"""

from alembic import op


revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Plain ADD COLUMN: see 0002.
    op.execute("ALTER TABLE task ADD COLUMN former TEXT NOT NULL DEFAULT ''")
    op.execute("ALTER TABLE duty ADD COLUMN closed_note TEXT NOT NULL DEFAULT ''")
