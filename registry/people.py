"""People, their chats, and what they may see and do.

A person is known by a private chat: in a group the speaker is recognised by the sender's id, which
on every messenger we speak equals the address of the private chat.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, update
from sqlmodel import Session, col, select

from deadlines.text import clean, fold
from registry.audit import record
from registry.tables import (
    Admission,
    Agency,
    Contact,
    Invite,
    Notice,
    Person,
    Request,
    Subscription,
)
from registry.types import NoticeKind, NoticeState, RequestKind, RequestState, Role

# The version of the text people are shown when they are bound (templates/replies/start_bound).
CONSENT_VERSION = "2026-11"

# Wishes of one chat that may wait at a time.
MOST_WISHES = 3

ACTING = (Role.FOCAL, Role.OFFICER, Role.LEADER)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who speaks, and in which capacities. `person_id` is None for somebody not bound. `place`: the
    agencies of the group one speaks in, of which alone it may read; None where nobody overhears."""

    person_id: int | None
    name: str
    holds: tuple[tuple[Role, int | None], ...] = ()
    place: frozenset[int] | None = None

    @property
    def bound(self) -> bool:
        return bool(self.holds)

    @property
    def is_staff(self) -> bool:
        return any(role in (Role.STAFF, Role.ADMIN) for role, _ in self.holds)

    @property
    def roles(self) -> frozenset[Role]:
        return frozenset(role for role, _ in self.holds)

    def agencies(self, *roles: Role) -> frozenset[int]:
        """The agencies held in one of the roles (any role if none is named)."""
        return frozenset(
            agency
            for role, agency in self.holds
            if agency is not None and (not roles or role in roles)
        )

    def may_act_for(self, agency_id: int) -> bool:
        """Whether this person may answer for the agency's duties."""
        return agency_id in self.agencies(*ACTING)

    def may_see(self, agency_id: int) -> bool:
        here = self.place is None or agency_id in self.place
        return here and (self.is_staff or agency_id in self.agencies())


@dataclass(frozen=True, slots=True)
class Bound:
    """The outcome of binding a chat: what the chat is now subscribed to."""

    subscription: Subscription
    agency: Agency | None
    fresh: bool


class Refused(Exception):
    """A wish that cannot be granted; the text is the Vietnamese answer."""


def find_contact(session: Session, channel: str, address: str) -> Contact | None:
    return session.exec(
        select(Contact).where(Contact.channel == channel, Contact.address == address)
    ).first()


def load_actor(session: Session, channel: str, sender: str) -> Actor:
    """The person behind a sender's id; an unbound Actor where there is none."""
    contact = find_contact(session, channel, sender)
    if contact is None or contact.person_id is None or contact.chat_kind != "private":
        return Actor(None, "")
    return actor_of(session, contact.person_id)


def actor_of(session: Session, person_id: int | None) -> Actor:
    """A person in the capacities they hold now; an unbound Actor where there is none."""
    person = session.get(Person, person_id) if person_id is not None else None
    if person is None:
        return Actor(None, "")
    held = session.exec(
        select(Subscription.role, Subscription.agency_id).where(
            Subscription.person_id == person.id, col(Subscription.ended_at).is_(None)
        )
    ).all()
    return Actor(person.id, person.name, tuple((Role(role), agency) for role, agency in held))


def in_place(session: Session, actor: Actor, contact: Contact | None, standing: str) -> Actor:
    """The actor as they speak in a chat: in a group nothing is read out but of its own agencies,
    whoever asks. `standing`: the standing agency's name; its group are the staff's own people."""
    if contact is None or contact.chat_kind == "private":
        return actor
    held = [agency for _, agency in subscriptions_of(session, contact) if agency is not None]
    if standing and fold(standing).strip() in {fold(agency.name).strip() for agency in held}:
        return actor
    return replace(actor, place=frozenset(agency.id or 0 for agency in held))


def staff_subscriptions(session: Session) -> list[Subscription]:
    """Where word for the standing agency goes: one subscription for each staff member."""
    rows = session.exec(
        select(Subscription)
        .where(
            col(Subscription.role).in_([Role.STAFF, Role.ADMIN]),
            col(Subscription.ended_at).is_(None),
        )
        .order_by(col(Subscription.id))
    ).all()
    return list({row.person_id or -(row.id or 0): row for row in rows}.values())


def has_contact(session: Session, subscription: Subscription) -> bool:
    """Whether anything sent to the subscription can arrive."""
    mine = (
        Contact.person_id == subscription.person_id
        if subscription.person_id is not None
        else Contact.id == subscription.contact_id
    )
    live = select(Contact.id).where(mine, col(Contact.closed_at).is_(None))
    return session.exec(live).first() is not None


def reachable(session: Session) -> int:
    """How many chats somebody is bound to and a message can reach."""
    bound = select(Subscription.id).where(
        col(Subscription.ended_at).is_(None),
        or_(
            col(Subscription.contact_id) == Contact.id,
            col(Subscription.person_id) == Contact.person_id,
        ),
    )
    live = select(func.count()).select_from(Contact).where(col(Contact.closed_at).is_(None))
    return session.exec(live.where(bound.exists())).one()


def agency_subscriptions(session: Session, agency_id: int) -> list[Subscription]:
    return list(
        session.exec(
            select(Subscription)
            .where(Subscription.agency_id == agency_id, col(Subscription.ended_at).is_(None))
            .order_by(col(Subscription.id))
        ).all()
    )


# -- binding --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Chat:
    """The chat an update came from, and who spoke."""

    channel: str
    address: str
    chat_kind: str
    sender: str
    title: str = ""
    name: str = ""


def ensure_contact(session: Session, chat: Chat, now: datetime) -> Contact:
    """The contact of a chat, made if it is new."""
    contact = find_contact(session, chat.channel, chat.address)
    if contact is None:
        contact = Contact(
            channel=chat.channel,
            address=chat.address,
            chat_kind=chat.chat_kind,
            title=chat.title,
            created_at=now,
        )
        session.add(contact)
        session.flush()
    return contact


def reopen(session: Session, contact: Contact, now: datetime) -> None:
    """Somebody writes from a chat that was shut: it can be delivered to again, at once."""
    contact.closed_at = None
    contact.closed_reason = ""
    session.add(contact)
    _unpark(session, contact, now)


def _unpark(session: Session, contact: Contact, now: datetime) -> None:
    """Notices that waited for a live contact may go out now."""
    mine = (
        Subscription.person_id == contact.person_id
        if contact.person_id is not None
        else Subscription.contact_id == contact.id
    )
    waiting = select(Subscription.id).where(mine)
    session.execute(
        update(Notice)
        .where(
            col(Notice.state) == NoticeState.QUEUED,
            col(Notice.subscription_id).in_(waiting),
            col(Notice.due_at) <= now,
            col(Notice.next_at) > now,
        )
        .values(next_at=now)
    )


def redeem(session: Session, invite: Invite, chat: Chat, now: datetime, consent: str) -> Bound:
    """Bind the chat to what the invite grants; the invite is used up.

    `consent` is the version of the text the person was shown. Raises Refused for a role a group
    chat cannot hold.
    """
    if chat.chat_kind == "group" and invite.role not in ACTING:
        raise Refused("Mã mời này chỉ dùng được trong cuộc trò chuyện riêng với trợ lý.")
    contact = ensure_contact(session, chat, now)
    invite.used_at = now
    invite.used_by = contact.id
    session.add(invite)
    return bind(session, contact, chat.name, invite.role, invite.agency_id, now, consent)


def bind(
    session: Session,
    contact: Contact,
    name: str,
    role: Role,
    agency_id: int | None,
    now: datetime,
    consent: str,
) -> Bound:
    """Subscribe the contact (its person, or the group itself) to an agency in a role."""
    if contact.chat_kind == "private" and contact.person_id is None:
        person = Person(name=clean(name) or "Cán bộ", created_at=now)
        session.add(person)
        session.flush()
        contact.person_id = person.id
    if contact.person_id is not None:
        person = session.get_one(Person, contact.person_id)
        person.consent_at, person.consent_version = now, consent
        session.add(person)
    holder = f"p{contact.person_id}" if contact.person_id is not None else f"c{contact.id}"
    key = f"{holder}|{agency_id or 0}|{role}"
    subscription = session.exec(select(Subscription).where(Subscription.key == key)).first()
    fresh = subscription is None or subscription.ended_at is not None
    if subscription is None:
        subscription = Subscription(
            key=key,
            person_id=contact.person_id,
            contact_id=None if contact.person_id is not None else contact.id,
            agency_id=agency_id,
            role=role,
            since=now,
        )
    elif fresh:
        subscription.ended_at, subscription.since, subscription.plan_due = None, now, True
    session.add(subscription)
    reopen(session, contact, now)
    session.flush()
    agency = session.get(Agency, agency_id) if agency_id is not None else None
    record(
        session, now, "subscription.made", str(subscription.id), contact.person_id,
        role=role, agency=agency_id, channel=contact.channel,
    )  # fmt: skip
    return Bound(subscription, agency, fresh)


def _held_by(contact: Contact) -> ColumnElement[bool]:
    if contact.person_id is not None:
        return col(Subscription.person_id) == contact.person_id
    return col(Subscription.contact_id) == contact.id


def subscriptions_of(
    session: Session, contact: Contact
) -> list[tuple[Subscription, Agency | None]]:
    """What a chat (or the person behind it) is subscribed to."""
    rows = session.exec(
        select(Subscription, Agency)
        .select_from(Subscription)
        .join(Agency, col(Agency.id) == col(Subscription.agency_id), isouter=True)
        .where(_held_by(contact), col(Subscription.ended_at).is_(None))
        .order_by(col(Subscription.id))
    ).all()
    return [(subscription, agency) for subscription, agency in rows]


def unsubscribe(session: Session, contact: Contact, now: datetime) -> int:
    """End every subscription of the chat's holder and withdraw what was queued for them."""
    held = [subscription for subscription, _ in subscriptions_of(session, contact)]
    for subscription in held:
        end(session, subscription, now)
    return len(held)


def end(session: Session, subscription: Subscription, now: datetime) -> None:
    """End one subscription and withdraw what was queued for it."""
    subscription.ended_at = now
    session.add(subscription)
    _withdraw_for(session, subscription, now)
    record(session, now, "subscription.ended", str(subscription.id), subscription.person_id)


def _withdraw_for(session: Session, subscription: Subscription, now: datetime) -> None:
    session.execute(
        update(Notice)
        .where(
            col(Notice.subscription_id) == subscription.id,
            col(Notice.state) == NoticeState.QUEUED,
        )
        .values(state=NoticeState.WITHDRAWN, closed_at=now, reason="unsubscribed")
    )


def pass_on(
    session: Session, subscription: Subscription, agency_id: int, now: datetime
) -> Subscription:
    """The holder goes with a duty's agency to another: the old subscription ends and keeps its
    history, a like one begins. Reminders are planned anew; any other word not yet sent follows."""
    holder = subscription.key.split("|")[0]
    key = f"{holder}|{agency_id}|{subscription.role}"
    new = session.exec(select(Subscription).where(Subscription.key == key)).first()
    if new is None:
        new = Subscription(
            key=key,
            person_id=subscription.person_id,
            contact_id=subscription.contact_id,
            agency_id=agency_id,
            role=subscription.role,
            leads=subscription.leads,
            quiet_from=subscription.quiet_from,
            quiet_to=subscription.quiet_to,
            since=now,
        )
    elif new.ended_at is not None:
        new.ended_at, new.since, new.plan_due = None, now, True
    session.add(new)
    subscription.ended_at = now
    session.add(subscription)
    session.flush()
    session.execute(
        update(Notice)
        .where(
            col(Notice.subscription_id) == subscription.id,
            col(Notice.state) == NoticeState.QUEUED,
            col(Notice.kind).not_in([NoticeKind.REMINDER, NoticeKind.URGE]),
        )
        .values(subscription_id=new.id)
    )
    _withdraw_for(session, subscription, now)
    record(
        session, now, "subscription.passed", str(subscription.id), subscription.person_id,
        to=new.id, agency=agency_id,
    )  # fmt: skip
    return new


def close_contact(session: Session, contact: Contact, reason: str, now: datetime) -> bool:
    """The messenger says nothing can be delivered here any more; False if that was known."""
    if contact.closed_at is not None:
        return False
    contact.closed_at = now
    contact.closed_reason = reason
    session.add(contact)
    record(session, now, "contact.closed", str(contact.id), contact.person_id, reason=reason)
    return True


def move_contact(session: Session, contact: Contact, address: str, now: datetime) -> None:
    """A group got a new address; if that one is already known, the old contact is closed and its
    subscriptions pass over."""
    known = find_contact(session, contact.channel, address)
    if known is None:
        contact.address = address
        session.add(contact)
    elif known.id != contact.id:
        session.execute(
            update(Subscription)
            .where(col(Subscription.contact_id) == contact.id)
            .values(contact_id=known.id)
        )
        session.execute(
            update(Notice)
            .where(col(Notice.contact_id) == contact.id, col(Notice.state) == NoticeState.QUEUED)
            .values(contact_id=known.id)
        )
        close_contact(session, contact, "moved", now)
    record(session, now, "contact.moved", str(contact.id), contact.person_id)


# -- asking to be let in --------------------------------------------------------------------------


def ask_admission(
    session: Session, contact: Contact, agency_id: int, role: Role, name: str, now: datetime
) -> tuple[Request, bool]:
    """A wish to subscribe, for staff to decide; the same wish is kept once. (request, is it new)
    Raises Refused for one wish too many: each is a message to all of the staff."""
    waiting = session.exec(
        select(Request, Admission)
        .join(Admission)
        .where(Request.contact_id == contact.id, Request.state == RequestState.ASKED)
    ).all()
    for asked, wish in waiting:
        if wish.agency_id == agency_id:
            return asked, False
    if len(waiting) >= MOST_WISHES:
        raise Refused(
            f"Anh/chị đã có {len(waiting)} đề nghị chờ cơ quan thường trực quyết định; "
            "xin đợi trả lời trước khi gửi thêm."
        )
    request = Request(
        kind=RequestKind.ADMISSION,
        contact_id=contact.id or 0,
        person_id=contact.person_id,
        asked_at=now,
    )
    session.add(request)
    session.flush()
    session.add(
        Admission(request_id=request.id or 0, agency_id=agency_id, role=role, name=clean(name))
    )
    record(session, now, "admission.asked", str(request.id), contact.person_id, agency=agency_id)
    return request, True
