"""agencies that changed"""

import sqlalchemy as sa
from alembic import op


revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "renaming",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("old_name", sa.String(), nullable=False),
        sa.Column("new_name", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("renaming", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_renaming_agency_id"), ["agency_id"], unique=False)

    op.create_table(
        "inheritance",
        sa.Column("task_id", sa.Integer(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("successor_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["successor_id"], ["agency.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("task_id", "agency_id"),
    )
    # Plain ADD COLUMN: see 0002.
    op.execute("ALTER TABLE duty ADD COLUMN former_agency_id INTEGER REFERENCES agency (id)")
    op.create_index("ix_duty_former_agency_id", "duty", ["former_agency_id"], unique=False)
    op.execute("ALTER TABLE succession ADD COLUMN main BOOLEAN NOT NULL DEFAULT false")
    op.add_column("succession", sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True))
