"""what the figures count by"""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_duty_figures",
        "duty",
        [
            "kind",
            "agency_id",
            "opens_on",
            "due_on",
            "state",
            "done_on",
            "received_at",
            "task_id",
        ],
        unique=False,
    )
