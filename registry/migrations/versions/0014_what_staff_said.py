"""what staff said when they decided a request for time"""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Plain ADD COLUMN: see 0002.
    op.execute("ALTER TABLE extension ADD COLUMN decision TEXT NOT NULL DEFAULT ''")
