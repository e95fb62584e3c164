"""Who the Official Account may still write to, and for how long."""

from datetime import datetime

from sqlmodel import Session, col, func, select

from bot.channels.zalo_oa import PHONE
from bot.channels.zalo_oa_window import FREE, Window, window
from registry.clock import local
from registry.tables import Attempt, Contact, Person
from registry.types import AttemptOutcome

CHANNEL = "zalo_oa"


def windows(session: Session, now: datetime) -> list[tuple[str, Contact, Window]]:
    """Everybody on the account who is not closed, those who fall silent soonest first."""
    rows = session.exec(
        select(Contact, Person.name)
        .select_from(Contact)
        .join(Person, col(Person.id) == col(Contact.person_id), isouter=True)
        .where(Contact.channel == CHANNEL, col(Contact.closed_at).is_(None))
        .order_by(col(Contact.last_inbound_at), col(Contact.id))
    ).all()
    return [
        (name or contact.title or "?", contact, window(last, now, _sent_since(session, contact)))
        for contact, name in rows
        for last in (contact.last_inbound_at,)
    ]


def _sent_since(session: Session, contact: Contact) -> int:
    last = contact.last_inbound_at
    if last is None:
        return 0
    return session.exec(
        select(func.count())
        .select_from(Attempt)
        .where(
            Attempt.contact_id == contact.id,
            Attempt.outcome == AttemptOutcome.SENT,
            col(Attempt.opened_at) >= last,
            col(Attempt.opened_at) < last + FREE,
        )
    ).one()


def words_of(contact: Contact, found: Window, now: datetime) -> str:
    """One line for people."""
    if contact.address.startswith(PHONE):
        return "chỉ nhận tin nhắc theo mẫu (số điện thoại)"
    if found.free_until is None or found.open_until is None:
        return "chưa từng nhắn cho OA: chỉ nhận tin theo mẫu"
    if not found.is_open(now):
        return f"im lặng quá 7 ngày (từ {_day(found.open_until)}): chỉ nhận tin theo mẫu"
    if now >= found.free_until:
        return f"tính phí theo gói OA đến {_day(found.open_until)}"
    left = "" if found.free_left is None else f", còn {found.free_left} tin"
    return f"miễn phí đến {_day(found.free_until)}{left}; tính phí đến {_day(found.open_until)}"


def silent(session: Session, now: datetime) -> int:
    """How many people only a template reaches now, telephone numbers left out."""
    return sum(
        not found.is_open(now) and not contact.address.startswith(PHONE)
        for _, contact, found in windows(session, now)
    )


def _day(at: datetime) -> str:
    return f"{local(at):%H:%M ngày %d/%m/%Y}"
