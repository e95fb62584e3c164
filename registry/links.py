"""A person's chats: a second messenger bound to somebody who is bound already, and which is first.

A code made in one chat and typed in the other shows that both are the same person's. Rights never
grow that way: a chat that holds roles the person does not have must give them up first.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, func, select

from registry.audit import record
from registry.invites import new_invite
from registry.messengers import messenger_name
from registry.people import Chat, Refused, ensure_contact, reopen, subscriptions_of, unsubscribe
from registry.tables import Contact, Invite, Person, Subscription
from registry.types import Role

LINK_VALID = timedelta(minutes=30)
# A wanton maker of codes is stopped; who only lost one is not.
MOST_CODES = 5
CODES_WINDOW = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Linked:
    """What linking a chat came to: the chat, whose it is now, and that person's other chats."""

    contact: Contact
    name: str
    others: tuple[Contact, ...]


def chats_of(session: Session, person_id: int) -> list[Contact]:
    """A person's private chats in the order they are tried, the closed ones among them."""
    return list(
        session.exec(
            select(Contact)
            .where(Contact.person_id == person_id, Contact.chat_kind == "private")
            .order_by(col(Contact.rank), col(Contact.id))
        ).all()
    )


@dataclass(frozen=True, slots=True)
class Lost:
    """What staff need to know of a chat that nothing reaches any more: its messenger, the agencies
    it was for, and the messengers on which its person is still told things, the first one first."""

    here: str
    agencies: tuple[str, ...]
    elsewhere: tuple[str, ...]


def lost(session: Session, contact: Contact) -> Lost | None:
    """None where nobody was told anything there."""
    held = subscriptions_of(session, contact)
    if not held:
        return None
    private = contact.person_id is not None and contact.chat_kind == "private"
    others = chats_of(session, contact.person_id or 0) if private else []
    live = [each.channel for each in others if each.closed_at is None and each.id != contact.id]
    return Lost(
        messenger_name(contact.channel),
        tuple(agency.name for _, agency in held if agency is not None),
        tuple(dict.fromkeys(map(messenger_name, live))),
    )


def new_link(session: Session, person_id: int, now: datetime) -> str:
    """A one-time code that binds one more chat of this person; a code made earlier stops working.
    Raises Refused where too many were made of late."""
    mine = Invite.person_id == person_id
    recent = session.exec(
        select(func.count())
        .select_from(Invite)
        .where(mine, col(Invite.created_at) > now - CODES_WINDOW)
    ).one()
    if recent >= MOST_CODES:
        raise Refused("Đã xin mã liên kết quá nhiều lần; vui lòng đợi một giờ rồi gõ lại /lienket.")
    for former in session.exec(
        select(Invite).where(mine, col(Invite.used_at).is_(None), col(Invite.expires_at) > now)
    ).all():
        former.expires_at = now
        session.add(former)
    # The invite's role grants nothing: who redeems it gets the person's own roles.
    code, _ = new_invite(
        session, now, Role.OFFICER, None, valid=LINK_VALID, created_by=person_id,
        person_id=person_id,
    )  # fmt: skip
    return code


def link(session: Session, invite: Invite, chat: Chat, now: datetime, consent: str) -> Linked:
    """Make the chat one more of the invite's person; the invite is used up.

    `consent`: the version of the text the person was shown. Raises Refused: a group, a chat that is
    this person's already, a second chat on one bot, or one with rights of its own.
    """
    if chat.chat_kind != "private":
        raise Refused("Mã liên kết chỉ dùng được trong cuộc trò chuyện riêng với trợ lý.")
    person = session.get_one(Person, invite.person_id)
    if person.erased_at is not None or not _roles(session, person.id or 0):
        raise Refused("Mã liên kết này không còn dùng được; hãy xin cơ quan thường trực mã mời.")
    contact = ensure_contact(session, chat, now)
    chats = chats_of(session, person.id or 0)
    _check(contact, chats)
    _leave_former(session, contact, person.id or 0, now)
    for dead in [each for each in chats if each.channel == contact.channel]:
        unlink(session, dead, now)
        chats.remove(dead)
    contact.person_id = person.id
    contact.rank = max((each.rank for each in chats), default=-1) + 1
    person.consent_at, person.consent_version = now, consent
    invite.used_at, invite.used_by = now, contact.id
    session.add_all([contact, person, invite])
    reopen(session, contact, now)
    session.flush()
    record(
        session, now, "contact.linked", str(contact.id), person.id, channel=contact.channel
    )  # fmt: skip
    return Linked(contact, person.name, tuple(chats))


def _check(contact: Contact, chats: list[Contact]) -> None:
    name = messenger_name(contact.channel)
    if any(each.id == contact.id for each in chats):
        raise Refused(
            "Mã này dùng để liên kết ứng dụng kia: hãy mở trợ lý ở đó rồi gửi mã. "
            "Cuộc trò chuyện này đã là nơi nhận tin của anh/chị."
        )
    if any(each.channel == contact.channel and each.closed_at is None for each in chats):
        raise Refused(
            f"Anh/chị đã có một nơi nhận tin trên {name}; "
            "muốn đổi, hãy bỏ nơi cũ bằng /lienket ở ứng dụng kia rồi gửi lại mã."
        )


def _leave_former(session: Session, contact: Contact, person_id: int, now: datetime) -> None:
    """Where the chat was bound by an invite of its own: what it held must be held by the person
    already, and is then not held twice."""
    if contact.person_id is None:
        return
    held = [subscription for subscription, _ in subscriptions_of(session, contact)]
    if not {(each.role, each.agency_id) for each in held} <= _roles(session, person_id):
        raise Refused(
            "Cuộc trò chuyện này đang đăng ký với vai trò khác nên chưa liên kết. "
            "Hãy gõ /huydangky ở đây rồi gửi lại mã."
        )
    if len(chats_of(session, contact.person_id)) == 1:
        unsubscribe(session, contact, now)


def _roles(session: Session, person_id: int) -> set[tuple[Role, int | None]]:
    rows = session.exec(
        select(Subscription.role, Subscription.agency_id).where(
            Subscription.person_id == person_id, col(Subscription.ended_at).is_(None)
        )
    ).all()
    return {(Role(role), agency) for role, agency in rows}


def unlink(session: Session, contact: Contact, now: datetime) -> None:
    """The chat is no longer this person's: who writes there is a stranger."""
    person_id = contact.person_id
    contact.person_id, contact.rank = None, 0
    session.add(contact)
    session.flush()
    record(
        session, now, "contact.unlinked", str(contact.id), person_id, channel=contact.channel
    )  # fmt: skip


def put_first(session: Session, contact: Contact, now: datetime) -> None:
    """This chat is tried first from now on, the person's others after it in their old order."""
    chats = chats_of(session, contact.person_id or 0)
    for rank, each in enumerate([contact, *(one for one in chats if one.id != contact.id)]):
        each.rank = rank
        session.add(each)
    record(session, now, "contact.first", str(contact.id), contact.person_id)
