"""fewer indexes of what is planned, and one for what is to be forgotten

A planned notice stood in seven indexes; two of them served only notices of another kind.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_notice_kind", "notice")
    op.drop_index("ix_notice_contact_id", "notice")
    _index("ix_notice_own_text", "notice", "next_at", "state = 'queued' AND payload <> ''")
    _index("ix_notice_contact_id", "notice", "contact_id", "contact_id IS NOT NULL")
    _index("ix_notice_to_forget", "notice", "closed_at", "payload <> ''")
    _index("ix_attempt_to_forget", "attempt", "closed_at", "text <> ''")


def _index(name: str, table: str, column: str, where: str) -> None:
    op.create_index(
        name, table, [column], sqlite_where=sa.text(where), postgresql_where=sa.text(where)
    )
