"""The log of who did what when. Rows are only ever added."""

import json
from datetime import datetime

from sqlmodel import Session

from registry.tables import AuditEvent


def record(
    session: Session,
    at: datetime,
    what: str,
    subject: str = "",
    person_id: int | None = None,
    actor: str = "",
    **data: object,
) -> None:
    """Add one event. `what` is a verb of the vocabulary ("duty.done"), `subject` the number or id
    it happened to, `data` whatever a person asking "why" will want (no message texts)."""
    session.add(
        AuditEvent(
            at=at,
            what=what,
            subject=subject,
            person_id=person_id,
            actor=actor,
            data=json.dumps(data, ensure_ascii=False, default=str, sort_keys=True),
        )
    )
