"""The journal: who did what, when. Rows are only ever added, and each holds a digest over itself
and the row before it, so that a change made behind the program's back shows.

Outside the chain: the actor's name, which may have to be erased. Rows from before there was a chain
are sealed as a whole by the first digest. Whoever can write the database could forge the whole
chain anew; a head noted elsewhere (in a letter, beside a backup) is what proves against that.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlmodel import Session, col, select

from registry.tables import AuditEvent, Mark

_HEAD = "audit.head"
_CHUNK = 2000


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
    event = AuditEvent(
        at=at,
        what=what,
        subject=subject,
        person_id=person_id,
        actor=actor,
        data=json.dumps(data, ensure_ascii=False, sort_keys=True, default=str),
    )
    # Writes go one after the other, so that no two rows follow the same one.
    head = session.get(Mark, _HEAD)
    if head is None:
        head = Mark(name=_HEAD, value=_seal(session), at=at)
    event.digest = head.value = digest_of(event, head.value)
    head.at = at
    session.add(event)
    session.add(head)
    # In the order of the chain: rows are numbered as they are flushed.
    session.flush()


def digest_of(event: AuditEvent, before: str) -> str:
    """SHA-256, in hex, over a row and the digest before it."""
    told = [
        before,
        event.at.astimezone(UTC).isoformat(timespec="microseconds"),
        event.what,
        event.subject,
        event.person_id,
        event.data,
    ]
    return hashlib.sha256(json.dumps(told, ensure_ascii=False).encode()).hexdigest()


def _seal(session: Session) -> str:
    """One digest over all that was written before there was a chain."""
    digest = ""
    for event in events(session):
        digest = digest_of(event, digest)
    return digest


@dataclass(frozen=True)
class Verdict:
    """What checking the journal came to. `head`: the last digest; `broken`: the id of the first row
    that is not what was written, or behind which rows are missing (0: the last rows are missing);
    None where all is whole. `sealed`: rows from before the chain."""

    rows: int
    sealed: int
    head: str
    broken: int | None = None


def verify(session: Session, expected: str = "") -> Verdict:
    """Compute the chain anew. `expected`: a head noted earlier that must be part of it."""
    digest, rows, sealed, seen = "", 0, 0, not expected
    for event in events(session):
        rows += 1
        digest = digest_of(event, digest)
        if not event.digest and sealed == rows - 1:
            sealed += 1
        elif event.digest != digest:
            return Verdict(rows, sealed, digest, event.id)
        seen = seen or digest == expected
    head = session.get(Mark, _HEAD)
    whole = seen and (head.value == digest if head is not None else sealed == rows)
    return Verdict(rows, sealed, digest, None if whole else 0)


def events(
    session: Session, since: datetime | None = None, until: datetime | None = None
) -> Iterator[AuditEvent]:
    """The journal in order, in pieces; from `since` to before `until`, both aware."""
    last = 0
    while piece := _piece(session, last, since, until):
        yield from piece
        last = piece[-1].id or 0


def _piece(
    session: Session, last: int, since: datetime | None, until: datetime | None
) -> list[AuditEvent]:
    mine = select(AuditEvent).where(col(AuditEvent.id) > last)
    if since is not None:
        mine = mine.where(col(AuditEvent.at) >= since)
    if until is not None:
        mine = mine.where(col(AuditEvent.at) < until)
    return list(session.exec(mine.order_by(col(AuditEvent.id)).limit(_CHUNK)).all())


def first_event(session: Session) -> datetime | None:
    """When the journal begins; None where it is empty."""
    return session.exec(select(AuditEvent.at).order_by(col(AuditEvent.id)).limit(1)).first()


EXPORTED = ("id", "at", "what", "subject", "person_id", "actor", "data", "digest")


def plain(found: Iterable[AuditEvent]) -> Iterator[dict[str, Any]]:
    """Rows for a file, moments as ISO text in UTC."""
    for event in found:
        row = {name: getattr(event, name) for name in EXPORTED}
        yield {**row, "at": event.at.astimezone(UTC).isoformat()}
