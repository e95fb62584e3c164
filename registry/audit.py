"""The journal: who did what, when. Rows are only ever added."""

import json
from datetime import datetime
from typing import Any

from sqlmodel import Session

from registry.tables import AuditEvent


def record(
    session: Session,
    at: datetime,
    what: str,
    subject: str = "",
    person_id: int | None = None,
    actor: str = "",
    **data: Any,
) -> None:
    """Note one event. `what` is a verb of the vocabulary ("directive.import"), `subject` the row it
    concerns ("directive:3"), `actor` who acted where no person is known ("cli")."""
    session.add(
        AuditEvent(
            at=at,
            what=what,
            subject=subject,
            person_id=person_id,
            actor=actor,
            data=json.dumps(data, ensure_ascii=False, sort_keys=True, default=str),
        )
    )
