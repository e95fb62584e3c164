"""Erasing what identifies a person: at once where it can be, the address after the last answer."""

import html
import json
import re
from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import and_, delete, or_, update
from sqlmodel import Session, SQLModel, col, func, select

from registry import certificates, files, inbound
from registry.certificates import Certificate
from registry.people import unsubscribe
from registry.tables import (
    Admission,
    Attempt,
    AuditEvent,
    CalendarFeed,
    Completion,
    Contact,
    Extension,
    Inbound,
    Notice,
    Objection,
    Obstacle,
    Person,
    Question,
    Request,
    StoredFile,
    Upload,
)
from registry.types import NoticeState, UploadState

# The last answer needs the address; whatever becomes of it, the address goes after this long. That
# of a chat that guessed codes or wrote very much goes an hour after its last message.
ERASING = "erasing"
ERASED = "(đã xóa)"
ERASE_WAITS = timedelta(minutes=10)
LONGEST_WAIT = max(ERASE_WAITS, inbound.WATCHED)
# What was sent to anybody, and free words on duties and rankings, in which people may sign or name
# each other.
_WRITTEN: tuple[tuple[type[SQLModel], Any], ...] = (
    (Attempt, Attempt.text),
    (Obstacle, Obstacle.text),
    (Obstacle, Obstacle.resolution),
    (Extension, Extension.reason),
    (Extension, Extension.decision),
    (Completion, Completion.note),
    (Completion, Completion.returned_for),
    (Objection, Objection.text),
)


def erase(
    session: Session,
    contact: Contact,
    now: datetime,
    *,
    by: str = "self",
    order: str = "",
    in_backups: date | None = None,
) -> Certificate:
    """Remove what identifies the person behind the contact, or the group; what they did
    stays in the record without a name. Returns, and notes, what was erased. `by`, `order`,
    `in_backups`: as the certificate has them.

    Luật Bảo vệ dữ liệu cá nhân 91/2025/QH15, Điều 4: the right to have personal data deleted.
    """
    person_id = contact.person_id
    ended = unsubscribe(session, contact, now)
    contacts = (
        list(session.exec(select(Contact).where(Contact.person_id == person_id)).all())
        if person_id is not None
        else [contact]
    )
    rows = Counter({"subscription": ended, "contact": len(contacts)})
    for each in contacts:
        rows += _erase_contact(session, each, now)
    gone: list[StoredFile] = []
    if person_id is not None:
        gone = files.erase_of(session, person_id, now)
        rows += _erase_person(session, person_id, now)
    made = Certificate(
        at=now.replace(microsecond=0),
        subject=f"person:{person_id}" if person_id is not None else f"contact:{contact.id}",
        by=by,
        order=order,
        rows={**dict(sorted(rows.items())), **({"storedfile": len(gone)} if gone else {})},
        files=tuple((each.id or 0, each.size) for each in gone),
        remains=_remaining(session, person_id, [each.id or 0 for each in contacts]),
        in_backups=in_backups,
    )
    certificates.note(session, made, person_id)
    return made


def _erase_contact(session: Session, contact: Contact, now: datetime) -> Counter[str]:
    mine = (col(Inbound.channel) == contact.channel, col(Inbound.sender) == contact.address)
    blanked = session.execute(update(Inbound).where(*mine).values(raw=""))
    # Whoever guesses codes or floods us would else begin anew by erasing themselves.
    if not inbound.watched(session, contact.channel, contact.address, now):
        session.execute(update(Inbound).where(*mine).values(sender=""))
    # Also what was asked of them in a group.
    asked = session.execute(
        delete(Question).where(
            or_(
                col(Question.contact_id) == contact.id,
                and_(
                    col(Question.sender) == contact.address,
                    col(Question.contact_id).in_(
                        select(Contact.id).where(Contact.channel == contact.channel)
                    ),
                ),
            )
        )
    )
    requests = select(Request.id).where(Request.contact_id == contact.id)
    admitted = session.execute(
        update(Admission)
        .where(col(Admission.request_id).in_(requests), col(Admission.name) != "")
        .values(name="")
    )
    sent = session.execute(
        update(Upload)
        .where(col(Upload.contact_id) == contact.id)
        .values(name="", ref="", text="", state=UploadState.READ)
    )
    contact.title = ""
    contact.closed_reason = ERASING
    session.add(contact)
    return _counted(inbound=blanked, question=asked, admission=admitted, upload=sent)


def _counted(**results: Any) -> Counter[str]:
    """How many rows each statement met."""
    return +Counter({name: int(result.rowcount) for name, result in results.items()})


def _remaining(session: Session, person_id: int | None, contacts: list[int]) -> dict[str, int]:
    """What stays of theirs, without a name: the record of what agencies owed and were told."""
    where: list[tuple[type[SQLModel], Any]] = [
        (Attempt, col(Attempt.contact_id).in_(contacts)),
        (Request, col(Request.contact_id).in_(contacts)),
    ]
    if person_id is not None:
        where += [
            (Completion, Completion.person_id == person_id),
            (Obstacle, Obstacle.person_id == person_id),
            (Objection, Objection.person_id == person_id),
            (AuditEvent, AuditEvent.person_id == person_id),
        ]
    counts = {
        str(table.__tablename__): session.exec(
            select(func.count()).select_from(table).where(condition)
        ).one()
        for table, condition in where
    }
    return {name: count for name, count in counts.items() if count}


def finish_erasing(session: Session, now: datetime) -> int:
    """Blank the addresses that only waited for the last answer to leave."""
    waiting = session.exec(select(Contact).where(Contact.closed_reason == ERASING)).all()
    done = 0
    for contact in waiting:
        unsent = session.exec(
            select(func.count())
            .select_from(Notice)
            .where(
                Notice.contact_id == contact.id,
                col(Notice.state).in_([NoticeState.QUEUED, NoticeState.SENDING]),
                col(Notice.due_at) > now - ERASE_WAITS,
            )
        ).one()
        if unsent or inbound.watched(session, contact.channel, contact.address, now):
            continue
        session.execute(
            update(Inbound)
            .where(col(Inbound.channel) == contact.channel, col(Inbound.sender) == contact.address)
            .values(sender="")
        )
        contact.address = f"erased-{contact.id}"
        contact.person_id = None
        contact.closed_at, contact.closed_reason = now, "erased"
        session.add(contact)
        done += 1
    return done


def _erase_person(session: Session, person_id: int, now: datetime) -> Counter[str]:
    person = session.get_one(Person, person_id)
    rows = _strike_out(session, person.name)
    person.name = ERASED
    person.erased_at = now
    session.add(person)
    rows["person"] = 1
    feeds = session.execute(delete(CalendarFeed).where(col(CalendarFeed.person_id) == person_id))
    acted = session.execute(
        update(AuditEvent)
        .where(col(AuditEvent.person_id) == person_id, col(AuditEvent.actor) != "")
        .values(actor="")
    )
    return rows + _counted(calendarfeed=feeds, auditevent=acted)


def _strike_out(session: Session, name: str) -> Counter[str]:
    """The name goes out of what was sent to anybody and of what was written on duties; whole words
    only, so that the end of "An" leaves "Ban" alone. The rest of those words stays: it is what an
    agency told, not what a person is."""
    struck: Counter[str] = Counter()
    if not name:
        return struck
    word = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)")
    for table, column in _WRITTEN:
        for row in session.exec(select(table).where(col(column).contains(name, autoescape=True))):
            text, count = word.subn(ERASED, getattr(row, column.key))
            setattr(row, column.key, text)
            session.add(row)
            struck[str(table.__tablename__)] += bool(count)
    # In the outbox: as templates write markup, and that as JSON.
    marked = html.escape(name).replace("&quot;", "&#34;").replace("&#x27;", "&#39;")
    word = re.compile(rf"(?<!\w){re.escape(marked)}(?!\w)")
    kept = json.dumps(marked, ensure_ascii=False)[1:-1]
    for notice in session.exec(
        select(Notice).where(col(Notice.payload).contains(kept, autoescape=True))
    ):
        payload = json.loads(notice.payload)
        payload["html"], count = word.subn(ERASED, payload.get("html", ""))
        notice.payload = json.dumps(payload, ensure_ascii=False)
        session.add(notice)
        struck["notice"] += bool(count)
    return +struck
