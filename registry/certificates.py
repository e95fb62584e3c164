"""What was erased of a person, proved without saying whose it was.

The facts stand in the journal beside their digest, under the row's own place in the chain; so a
certificate can be issued again, and one that somebody shows can be held against the journal.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlmodel import Session, col, select

from registry.audit import record
from registry.tables import AuditEvent

EVENT = "person.erased"
# As long as a certificate's number is, in hex.
CODE = 16


@dataclass(frozen=True, slots=True)
class Certificate:
    """One erasure. `subject`: the row that stays, without a name ("person:12", "contact:7"). `by`:
    "self", in the chat, or "desk", by whoever may run the command line; `order`: what that was
    ordered by, as it was given. `rows`: how many rows of each table were blanked, ended or deleted;
    `files`: id and bytes of each. `remains`: how many rows stay without a name. `in_backups`: the
    last day on which a backup may hold what was erased; None: no rotation of ours removes them."""

    at: datetime
    subject: str
    by: str
    order: str
    rows: dict[str, int]
    files: tuple[tuple[int, int], ...]
    remains: dict[str, int]
    in_backups: date | None

    def facts(self) -> dict[str, Any]:
        """As the journal keeps them."""
        return {
            "at": self.at.astimezone(UTC).isoformat(timespec="seconds"),
            "subject": self.subject,
            "by": self.by,
            "order": self.order,
            "rows": self.rows,
            "files": [list(each) for each in self.files],
            "remains": self.remains,
            "in_backups": self.in_backups.isoformat() if self.in_backups else None,
        }

    @property
    def digest(self) -> str:
        """SHA-256, in hex, of the facts."""
        return digest_of(self.facts())

    @property
    def code(self) -> str:
        """The certificate's number: the beginning of the digest."""
        return self.digest[:CODE]


def digest_of(facts: dict[str, Any]) -> str:
    return hashlib.sha256(
        json.dumps(facts, ensure_ascii=False, sort_keys=True).encode()
    ).hexdigest()


def note(session: Session, made: Certificate, person_id: int | None) -> None:
    """Into the journal."""
    subject = made.subject.rpartition(":")[2]
    record(
        session, made.at, EVENT, subject, person_id, certificate=made.facts(), digest=made.digest
    )  # fmt: skip


def find(session: Session, code: str) -> Certificate | None:
    """The certificate of that number, out of the journal; None where there is none, or where what
    stands there is not what its number was made of."""
    wanted = code.strip().lower()
    if len(wanted) < CODE or not wanted.isalnum():
        return None
    for event in session.exec(
        select(AuditEvent).where(
            AuditEvent.what == EVENT, col(AuditEvent.data).contains(wanted, autoescape=True)
        )
    ):
        facts = json.loads(event.data).get("certificate")
        if facts and digest_of(facts).startswith(wanted):
            return _of(facts)
    return None


def _of(facts: dict[str, Any]) -> Certificate:
    until = facts["in_backups"]
    return Certificate(
        at=datetime.fromisoformat(facts["at"]),
        subject=facts["subject"],
        by=facts["by"],
        order=facts["order"],
        rows=facts["rows"],
        files=tuple((number, size) for number, size in facts["files"]),
        remains=facts["remains"],
        in_backups=date.fromisoformat(until) if until else None,
    )
