"""messages counted by month"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # What a bot sent in a month, and whether somebody had a message today, without reading rows.
    op.create_index("ix_attempt_told", "attempt", ["contact_id", "opened_at", "outcome"])
