"""Erasing what identifies a person: at once where it can be, the address after the last answer."""

import html
import json
import re
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, SQLModel, col, func, select

from registry import files
from registry.audit import record
from registry.people import unsubscribe
from registry.tables import (
    Admission,
    Attempt,
    AuditEvent,
    Completion,
    Contact,
    Extension,
    Inbound,
    Notice,
    Obstacle,
    Person,
    Question,
    Request,
)
from registry.types import NoticeState

# The last answer needs the address; whatever becomes of it, the address goes after this long.
ERASING = "erasing"
ERASED = "(đã xóa)"
ERASE_WAITS = timedelta(minutes=10)
# Free words on duties, in which people may sign or name each other.
_WRITTEN: tuple[tuple[type[SQLModel], Any], ...] = (
    (Obstacle, Obstacle.text),
    (Obstacle, Obstacle.resolution),
    (Extension, Extension.reason),
    (Completion, Completion.note),
    (Completion, Completion.returned_for),
)


def erase(session: Session, contact: Contact, now: datetime) -> dict[str, int]:
    """Remove what identifies the person behind the contact, or the group; what they did
    stays in the record without a name. Returns what was erased, for the certificate.

    Luật Bảo vệ dữ liệu cá nhân 91/2025/QH15, Điều 4: the right to have personal data deleted.
    """
    person_id = contact.person_id
    ended = unsubscribe(session, contact, now)
    contacts = (
        list(session.exec(select(Contact).where(Contact.person_id == person_id)).all())
        if person_id is not None
        else [contact]
    )
    messages = 0
    for each in contacts:
        messages += _erase_contact(session, each)
    if person_id is not None:
        files.erase_of(session, person_id, now)
        _erase_person(session, person_id, now)
    record(session, now, "person.erased", str(person_id or contact.id), person_id)
    return {"subscriptions": ended, "contacts": len(contacts), "messages": messages}


def _erase_contact(session: Session, contact: Contact) -> int:
    blanked = session.execute(
        update(Inbound)
        .where(col(Inbound.channel) == contact.channel, col(Inbound.sender) == contact.address)
        .values(raw="", sender="")
    )
    for question in session.exec(select(Question).where(Question.contact_id == contact.id)):
        session.delete(question)
    for admission in session.exec(
        select(Admission).join(Request).where(Request.contact_id == contact.id)
    ):
        admission.name = ""
        session.add(admission)
    contact.title = ""
    contact.closed_reason = ERASING
    session.add(contact)
    return int(blanked.rowcount)  # type: ignore[attr-defined]


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
        if unsent:
            continue
        contact.address = f"erased-{contact.id}"
        contact.person_id = None
        contact.closed_at, contact.closed_reason = now, "erased"
        session.add(contact)
        done += 1
    return done


def _erase_person(session: Session, person_id: int, now: datetime) -> None:
    person = session.get_one(Person, person_id)
    _strike_out(session, person.name)
    person.name = ERASED
    person.erased_at = now
    session.add(person)
    session.execute(
        update(AuditEvent).where(col(AuditEvent.person_id) == person_id).values(actor="")
    )


def _strike_out(session: Session, name: str) -> None:
    """The name goes out of what was sent to anybody and of what was written on duties; whole words
    only, so that the end of "An" leaves "Ban" alone. The rest of those words stays: it is what an
    agency told, not what a person is."""
    if not name:
        return
    word = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)")
    for attempt in session.exec(
        select(Attempt).where(col(Attempt.text).contains(name, autoescape=True))
    ):
        attempt.text = word.sub(ERASED, attempt.text)
        session.add(attempt)
    for table, column in _WRITTEN:
        for row in session.exec(select(table).where(col(column).contains(name, autoescape=True))):
            setattr(row, column.key, word.sub(ERASED, getattr(row, column.key)))
            session.add(row)
    # In the outbox: as templates write markup, and that as JSON.
    marked = html.escape(name).replace("&quot;", "&#34;").replace("&#x27;", "&#39;")
    word = re.compile(rf"(?<!\w){re.escape(marked)}(?!\w)")
    kept = json.dumps(marked, ensure_ascii=False)[1:-1]
    for notice in session.exec(
        select(Notice).where(col(Notice.payload).contains(kept, autoescape=True))
    ):
        payload = json.loads(notice.payload)
        payload["html"] = word.sub(ERASED, payload.get("html", ""))
        notice.payload = json.dumps(payload, ensure_ascii=False)
        session.add(notice)
