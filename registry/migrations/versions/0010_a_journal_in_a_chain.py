"""a journal in a chain"""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE auditevent ADD COLUMN digest VARCHAR NOT NULL DEFAULT ''")
