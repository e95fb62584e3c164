"""a ladder of its own"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Plain ADD COLUMN: see 0002.
    for rung in ("leader", "member", "staff"):
        op.execute(f"ALTER TABLE directive ADD COLUMN {rung}_after INTEGER")
