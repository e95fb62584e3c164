"""Bàn giao: a person's place at an agency passes to whoever uses a code.

The old holder's making of the code is their consent; where they are gone, one of the staff makes
it. Either way it stands in the journal, and staff may undo it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, or_, select, update

from registry import invites, people
from registry.audit import record
from registry.links import chats_of
from registry.people import ACTING, Actor, Bound, Chat, Refused
from registry.tables import (
    Contact,
    Duty,
    Extension,
    HandOver,
    Invite,
    Person,
    Question,
    Request,
    Subscription,
)
from registry.types import RequestState, Role

# Staff see what was handed over of late, to undo it.
SHOWN_FOR = timedelta(days=30)
_RANK = {role: rank for rank, role in enumerate(ACTING)}


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody who answers for an agency, with the weightiest of their roles there."""

    person_id: int
    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a code that was used. `requests`: numbers of the extensions asked for by the
    old holder whose answers now come to the new one."""

    handover: HandOver
    old_name: str
    bound: Bound
    requests: tuple[int, ...]


def holders(session: Session, agency_id: int) -> list[Holder]:
    """The persons who answer for the agency, focal points first. Group chats hand nothing over."""
    rows = session.exec(
        select(Person, Subscription.role)
        .join(Subscription, col(Subscription.person_id) == col(Person.id))
        .where(
            Subscription.agency_id == agency_id,
            col(Subscription.role).in_(ACTING),
            col(Subscription.ended_at).is_(None),
        )
        .order_by(col(Subscription.id))
    ).all()
    found: dict[int, Holder] = {}
    for person, role in sorted(rows, key=lambda row: _RANK[Role(row[1])]):
        found.setdefault(person.id or 0, Holder(person.id or 0, person.name, Role(role)))
    return list(found.values())


def begin(
    session: Session, holder: Holder, agency_id: int, by: Actor, now: datetime, valid: timedelta
) -> tuple[str, HandOver, Invite]:
    """A one-time code for the successor; one made before for the same place stops working."""
    _expire(session, _of_place(session, agency_id, holder.person_id), now)
    code, invite = invites.new_invite(
        session, now, holder.role, agency_id, valid=valid, created_by=by.person_id
    )
    row = HandOver(
        invite_id=invite.id or 0,
        agency_id=agency_id,
        person_id=holder.person_id,
        started_by=by.person_id,
        started_at=now,
    )
    session.add(row)
    session.flush()
    record(
        session, now, "handover.begun", str(row.id), by.person_id, by.name,
        agency=agency_id, by="self" if by.person_id == holder.person_id else "staff",
    )  # fmt: skip
    return code, row, invite


def of_invite(session: Session, invite: Invite) -> HandOver | None:
    """The hand-over an invite belongs to, if it is one's."""
    return session.exec(select(HandOver).where(HandOver.invite_id == invite.id)).first()


def take(
    session: Session, row: HandOver, invite: Invite, chat: Chat, now: datetime, consent: str
) -> Taken:
    """The chat's person takes the old holder's place; the invite is used up. Raises Refused for a
    group, for the old holder's own chat, and for a place that is no longer theirs to give."""
    if chat.chat_kind != "private":
        raise Refused("Mã bàn giao chỉ dùng được trong cuộc trò chuyện riêng với trợ lý.")
    known = people.find_contact(session, chat.channel, chat.address)
    if known is not None and known.person_id == row.person_id:
        raise Refused(
            "Mã này dành cho người nhận bàn giao: hãy chuyển mã để người đó gửi từ "
            "cuộc trò chuyện của mình với trợ lý."
        )
    left = _held(session, row.person_id, row.agency_id)
    if not left and row.started_by == row.person_id:
        raise Refused(
            "Mã bàn giao này không còn hiệu lực vì người cấp mã không còn đăng ký cho cơ quan; "
            "hãy xin cơ quan thường trực mã mời."
        )
    bound = people.redeem(session, invite, chat, now, consent)
    made = [bound, *_other_roles(session, left, bound, chat, now, consent)]
    for one in left:
        people.end(session, one, now)
    new = bound.subscription.person_id
    row.taken_by, row.done_at = new, now
    row.ended = _joined(left)
    row.made = _joined([one.subscription for one in made if one.fresh])
    session.add(row)
    to = people.find_contact(session, chat.channel, chat.address)
    requests = _pass_requests(session, row.person_id, row.agency_id, to)
    _forget_questions(session, row.person_id)
    record(
        session, now, "handover.done", str(row.id), new, chat.name,
        agency=row.agency_id, person=row.person_id, requests=requests,
    )  # fmt: skip
    old = session.get_one(Person, row.person_id)
    return Taken(row, old.name, bound, requests)


def undo(session: Session, row: HandOver, by: Actor, now: datetime) -> None:
    """Everything as it was: a code not used stops working, a place that passed goes back. Raises
    Refused where that was done already, or the old holder's data were erased."""
    if row.undone_at is not None:
        raise Refused(f"Bàn giao số {row.id} đã được hủy trước đó.")
    if row.done_at is not None:
        if session.get_one(Person, row.person_id).erased_at is not None:
            raise Refused(
                "Người bàn giao đã xóa dữ liệu cá nhân nên không thể khôi phục; "
                "hãy cấp mã mời mới bằng /moi."
            )
        _go_back(session, row, now)
    _expire(session, [row], now)
    row.undone_at, row.undone_by = now, by.person_id
    session.add(row)
    session.flush()
    record(session, now, "handover.undone", str(row.id), by.person_id, by.name)


def listed(session: Session, now: datetime) -> Sequence[HandOver]:
    """Codes that still wait to be used, and what was handed over of late; the newest first."""
    return session.exec(
        select(HandOver)
        .join(Invite, col(Invite.id) == col(HandOver.invite_id))
        .where(
            col(HandOver.undone_at).is_(None),
            or_(
                col(HandOver.done_at) > now - SHOWN_FOR,
                (col(HandOver.done_at).is_(None)) & (col(Invite.expires_at) > now),
            ),
        )
        .order_by(col(HandOver.id).desc())
    ).all()


def first_chat(session: Session, person_id: int) -> Contact | None:
    """Where a person is told something, whatever they are still subscribed to."""
    return next((one for one in chats_of(session, person_id) if one.closed_at is None), None)


def leaves_room(session: Session, row: HandOver, channel: str) -> bool:
    """Whether the old holder's chat on this bot makes room for the successor's."""
    places = select(Subscription.id).where(
        Subscription.person_id == row.person_id, col(Subscription.ended_at).is_(None)
    )
    others = places.where(
        or_(
            col(Subscription.agency_id).is_(None),
            Subscription.agency_id != row.agency_id,
            col(Subscription.role).not_in(ACTING),
        )
    )
    chat = first_chat(session, row.person_id)
    return (
        chat is not None
        and chat.channel == channel
        and session.exec(places).first() is not None
        and session.exec(others).first() is None
    )


# -- pieces ----------------------------------------------------------------------------------------


def _held(session: Session, person_id: int, agency_id: int) -> list[Subscription]:
    rows = session.exec(
        select(Subscription).where(
            Subscription.person_id == person_id,
            Subscription.agency_id == agency_id,
            col(Subscription.role).in_(ACTING),
            col(Subscription.ended_at).is_(None),
        )
    ).all()
    return sorted(rows, key=lambda one: _RANK[one.role])


def _other_roles(
    session: Session, left: Sequence[Subscription], bound: Bound, chat: Chat, now: datetime,
    consent: str,
) -> list[Bound]:  # fmt: skip
    """Whoever was focal point and leader in one person is followed in both."""
    to = people.find_contact(session, chat.channel, chat.address)
    others = [one for one in left if one.role != bound.subscription.role]
    if to is None:
        return []
    return [
        people.bind(session, to, chat.name, one.role, one.agency_id, now, consent) for one in others
    ]


def _pass_requests(
    session: Session, person_id: int, agency_id: int, to: Contact | None
) -> tuple[int, ...]:
    """The answers to what the person asked for the agency are to come to another chat."""
    mine = select(Contact.id).where(Contact.person_id == person_id)
    rows = session.exec(
        select(Request)
        .join(Extension, col(Extension.request_id) == col(Request.id))
        .join(Duty, col(Duty.id) == col(Extension.duty_id))
        .where(
            Request.state == RequestState.ASKED,
            Duty.agency_id == agency_id,
            col(Request.contact_id).in_(mine),
        )
        .order_by(col(Request.id))
    ).all()
    if to is None:
        return ()
    for request in rows:
        request.contact_id = to.id or 0
        session.add(request)
    return tuple(request.id or 0 for request in rows)


def _forget_questions(session: Session, person_id: int) -> None:
    """What the bot still waits for in the person's chats is not theirs to answer any more."""
    mine = select(Contact.id).where(Contact.person_id == person_id)
    for question in session.exec(select(Question).where(col(Question.contact_id).in_(mine))).all():
        session.delete(question)


def _go_back(session: Session, row: HandOver, now: datetime) -> None:
    for one in _rows(session, row.made):
        if one.ended_at is None:
            people.end(session, one, now)
    session.execute(
        update(Subscription)
        .where(col(Subscription.id).in_(_ids(row.ended)))
        .values(ended_at=None, since=now, plan_due=True)
    )
    to = first_chat(session, row.person_id)
    if row.taken_by is not None and not _held(session, row.taken_by, row.agency_id):
        _pass_requests(session, row.taken_by, row.agency_id, to)
        _forget_questions(session, row.taken_by)


def _of_place(session: Session, agency_id: int, person_id: int) -> Sequence[HandOver]:
    return session.exec(
        select(HandOver).where(
            HandOver.agency_id == agency_id,
            HandOver.person_id == person_id,
            col(HandOver.done_at).is_(None),
        )
    ).all()


def _expire(session: Session, rows: Sequence[HandOver], now: datetime) -> None:
    for row in rows:
        invite = session.get_one(Invite, row.invite_id)
        if invite.used_at is None and invite.expires_at > now:
            invite.expires_at = now
            session.add(invite)


def _joined(rows: Sequence[Subscription]) -> str:
    return ",".join(str(row.id) for row in rows)


def _ids(joined: str) -> list[int]:
    return [int(part) for part in joined.split(",") if part]


def _rows(session: Session, joined: str) -> Sequence[Subscription]:
    return session.exec(select(Subscription).where(col(Subscription.id).in_(_ids(joined)))).all()
