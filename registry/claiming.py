"""What is due is taken for sending: whose turn it is, and all that each is to be told.

`queued -> sending` happens in one transaction under a lease, `registry/outbox.py` says what becomes
of it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Table, and_, case, or_, update
from sqlalchemy import select as columns
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, func, select

from registry.notices import set_state
from registry.outbox import CHUNK, LEASE, release_expired
from registry.tables import Contact, Notice, Subscription
from registry.types import NoticeKind, NoticeState

NO_CONTACT_PAUSE = timedelta(hours=1)
# These carry their own text, or rewrite a message, and go one by one; the others are folded.
ALONE = (
    NoticeKind.ANSWER, NoticeKind.ALERT, NoticeKind.DRAFT, NoticeKind.PART, NoticeKind.EDIT,
)  # fmt: skip
LAST_STEP = "0"
# The reason of a notice for one chat that went to its reader's other one: "spent:zalo".
SENT_ON = "spent"
# Rows looked at to find one contact: most contacts have a few notices of the same morning.
LOOK_AHEAD = 8
# Somebody is looking at the chat and waits for these.
AWAITED = (NoticeKind.ANSWER, NoticeKind.PART)

# Taken without the session's own bookkeeping: it holds no row of theirs.
_NOTICES: Table = Notice.__table__  # type: ignore[attr-defined]
# That they carry words of their own is what their index knows them by.
_AWAITED = (col(Notice.kind).in_(AWAITED), col(Notice.payload) != "")


@dataclass(frozen=True, slots=True)
class Only:
    """What may go outside working hours: some kinds, and (if set) last-day reminders that were due
    at or after `last_day_since`."""

    kinds: tuple[NoticeKind, ...]
    last_day_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Claimed:
    """A notice taken for sending, with the subscription's quiet hours where it has any."""

    notice: Notice
    subscription: Subscription | None


@dataclass(frozen=True, slots=True)
class Detour:
    """Why a message comes by another messenger than its reader's first: channel `first` is "closed"
    (the chat is gone), "cut_off" (nothing gets through), "limited" (it takes nothing for a while),
    "spent" (no message left this month) or "off" (not configured)."""

    first: str
    why: str


@dataclass(frozen=True, slots=True)
class Batch:
    """All that one contact is to be told now; `detour` where it is not the holder's first."""

    contact: Contact
    items: tuple[Claimed, ...]
    detour: Detour | None = None


# -- claiming -------------------------------------------------------------------------------------


def owner_contact(channels: Collection[str]) -> ColumnElement[int | None]:
    """The contact a notice goes to: its own, its subscription's group, or the first live contact
    of the subscription's person, those on messengers that can send now before the others."""
    live = aliased(Contact)
    first_live = (
        select(live.id)
        .where(live.person_id == Subscription.person_id, col(live.closed_at).is_(None))
        .order_by(
            case((col(live.channel).in_(list(channels)), 0), else_=1), col(live.rank), col(live.id)
        )
        .limit(1)
        .scalar_subquery()
    )
    return func.coalesce(Notice.contact_id, Subscription.contact_id, first_live)


def _allowed(only: Only | None) -> list[ColumnElement[bool]]:
    if only is None:
        return []
    kinds = col(Notice.kind).in_(only.kinds)
    if only.last_day_since is None:
        return [kinds]
    last_day = and_(
        col(Notice.kind) == NoticeKind.REMINDER,
        col(Notice.step) == LAST_STEP,
        col(Notice.due_at) >= only.last_day_since,
    )
    return [or_(kinds, last_day)]


def claim(  # noqa: PLR0913 -- what may go where, each by its name
    session: Session,
    now: datetime,
    *,
    only: Only | None = None,
    busy: Collection[int] = (),
    in_line: Collection[int] = (),
    channels: Collection[str],
    stopped: Mapping[str, str] | None = None,
    room: Mapping[str, int] | None = None,
    contacts: int = 16,
) -> list[Batch]:
    """Take what is due for up to `contacts` contacts: all that each of them is to be told.

    only: outside working hours, what may go all the same. busy: contacts with a message in flight;
    in_line: contacts with one that waits for its turn, to whom only what they asked for is added.
    channels: messengers that can send now; stopped: why others cannot (:class:`Detour`). room: how
    many messages some of them may still send. What has no live contact waits.
    """
    release_expired(session, now, alive=busy)
    due = [col(Notice.state) == NoticeState.QUEUED, col(Notice.next_at) <= now, *_allowed(only)]
    chosen, seen = _choose(session, due, _Doors(busy, in_line, channels, room or {}, contacts), now)
    if not chosen:
        return []
    owed: dict[int, list[_Due]] = {contact_id: [] for contact_id in chosen}
    for each in _all_due(session, due, chosen, channels) if seen is None else seen:
        if each.contact_id in owed:
            owed[each.contact_id].append(each)
    mine = {contact_id: _one_message(items) for contact_id, items in owed.items() if items}
    # Taken first, looked at afterwards: a thousand rows take longer to read than to take.
    taken = [each.notice_id for items in mine.values() for each in items]
    _lease(session, taken, now)
    claimed = _claimed(session, taken)
    known = _contacts(session, chosen)
    firsts = _first_contacts(session, list(known.values()))
    batches = [
        (known[contact_id], tuple(claimed[each.notice_id] for each in items))
        for contact_id, items in mine.items()
    ]
    return [
        Batch(contact, items, _detour(contact, items, firsts, stopped or {}))
        for contact, items in batches
    ]


@dataclass(frozen=True, slots=True)
class _Due:
    """A notice that is due, and where it would go."""

    notice_id: int
    kind: NoticeKind
    due_at: datetime
    contact_id: int | None
    channel: str
    closed: bool


@dataclass(frozen=True, slots=True)
class _Doors:
    """Whom a claim may be for: see :func:`claim`."""

    busy: Collection[int]
    in_line: Collection[int]
    channels: Collection[str]
    room: Mapping[str, int]
    contacts: int


def _choose(
    session: Session, due: list[ColumnElement[bool]], doors: _Doors, now: datetime
) -> tuple[list[int], list[_Due] | None]:
    """The contacts to be told next, and all that is due where the look at the oldest has shown it.
    None: each is to be looked up with everything it is owed, for a morning's digest must not be cut
    where a batch of rows ends."""
    chosen: dict[int, None] = {}
    left = {name: doors.room.get(name, doors.contacts) for name in doors.channels}
    parked: list[int] = []
    whole = True
    seen: list[_Due] = []
    for awaited in (True, False):
        # Who has just asked is not kept waiting by a thousand reminders.
        conditions = [*due, *(_AWAITED if awaited else [])]
        shut = doors.busy if awaited else (*doors.busy, *doors.in_line)
        seen = _oldest(session, conditions, doors, shut)
        for door in seen:
            if door.contact_id is None or door.closed:
                parked.append(door.notice_id)
            elif door.contact_id in chosen or len(chosen) == doors.contacts:
                continue
            elif left[door.channel] > 0:
                chosen[door.contact_id] = None
                left[door.channel] -= 1
        whole = not (awaited and chosen) and whole and len(seen) < doors.contacts * LOOK_AHEAD
    _park(session, parked, now)
    return list(chosen), seen if whole else None


def _with_doors(
    session: Session,
    channels: Collection[str],
    *conditions: ColumnElement[bool],
    most: int | None = None,
) -> list[_Due]:
    """Notices, the oldest first, and where each would go."""
    rows = session.execute(
        columns(
            col(Notice.id),
            col(Notice.kind),
            col(Notice.due_at),
            col(Contact.id),
            func.coalesce(Contact.channel, ""),
            col(Contact.closed_at).is_not(None),
        )
        .select_from(Notice)
        .join(Subscription, col(Subscription.id) == col(Notice.subscription_id), isouter=True)
        .join(Contact, col(Contact.id) == owner_contact(channels), isouter=True)
        .where(*conditions)
        .order_by(col(Notice.next_at), col(Notice.id))
        .limit(most)
        # What somebody is changing at this moment is passed by, not waited for.
        .with_for_update(skip_locked=True, of=Notice)
    )
    return [_Due(*row) for row in rows]


def _oldest(
    session: Session,
    conditions: Sequence[ColumnElement[bool]],
    doors: _Doors,
    shut: Collection[int],
) -> list[_Due]:
    """The oldest notices for whom a door is open, and those that are for nobody."""
    open_doors = or_(
        col(Contact.id).is_(None),
        and_(
            col(Contact.channel).in_(list(doors.channels)),
            col(Contact.id).not_in(list(shut)),
        ),
    )
    most = doors.contacts * LOOK_AHEAD
    return _with_doors(session, doors.channels, *conditions, open_doors, most=most)


def _all_due(
    session: Session,
    due: Sequence[ColumnElement[bool]],
    chats: Sequence[int],
    channels: Collection[str],
) -> list[_Due]:
    """Everything due that may be these contacts' to hear, with whose it is."""
    persons = select(Contact.person_id).where(col(Contact.id).in_(chats))
    held = session.exec(
        select(Subscription.id).where(
            or_(col(Subscription.contact_id).in_(chats), col(Subscription.person_id).in_(persons))
        )
    ).all()
    theirs = or_(col(Notice.contact_id).in_(chats), col(Notice.subscription_id).in_(held))
    return _with_doors(session, channels, *due, theirs)


def _claimed(session: Session, ids: Sequence[int]) -> dict[int, Claimed]:
    """The notices with their subscriptions, by the notice's id."""
    found: dict[int, Claimed] = {}
    for start in range(0, len(ids), CHUNK):
        rows = session.exec(
            select(Notice, Subscription)
            .join(Subscription, col(Subscription.id) == col(Notice.subscription_id), isouter=True)
            .where(col(Notice.id).in_(ids[start : start + CHUNK]))
            # A row this session has seen before it was taken is read anew.
            .execution_options(populate_existing=True)
        ).all()
        found |= {notice.id or 0: Claimed(notice, subscription) for notice, subscription in rows}
    return found


def _one_message(items: list[_Due]) -> tuple[_Due, ...]:
    """A text of its own goes alone, and first come first served; the rest go together."""
    own = [item for item in items if item.kind in ALONE]
    if own:
        return (min(own, key=lambda item: (item.due_at, item.notice_id)),)
    return tuple(items)


def _contacts(session: Session, ids: Sequence[int]) -> dict[int, Contact]:
    rows = session.exec(select(Contact).where(col(Contact.id).in_(ids))).all()
    return {row.id or 0: row for row in rows}


def _first_contacts(session: Session, chosen: Collection[Contact]) -> dict[int, Contact]:
    """Each person's first contact, whether it can be delivered to or not."""
    persons = {each.person_id for each in chosen if each.person_id is not None}
    others = session.exec(
        select(Contact).where(
            col(Contact.person_id).in_(persons),
            Contact.chat_kind == "private",
            col(Contact.id).not_in([each.id for each in chosen]),
        )
    ).all()
    theirs = [each for each in (*chosen, *others) if each.chat_kind == "private"]
    last_first = sorted(theirs, key=lambda each: (each.rank, each.id), reverse=True)
    return {each.person_id or 0: each for each in last_first}


def _detour(
    contact: Contact,
    items: Sequence[Claimed],
    firsts: Mapping[int, Contact],
    stopped: Mapping[str, str],
) -> Detour | None:
    """Why these come here: only what is owed to a person, or was sent on, can be on a detour."""
    notice = items[0].notice
    if notice.subscription_id is None:
        was, _, channel = notice.reason.partition(":")
        return Detour(channel, was) if was == SENT_ON else None
    first = firsts.get(contact.person_id or 0)
    if first is None or first.id == contact.id:
        return None
    closed = first.closed_at is not None
    return Detour(first.channel, "closed" if closed else stopped.get(first.channel, "off"))


def _lease(session: Session, ids: Sequence[int], now: datetime) -> None:
    for start in range(0, len(ids), CHUNK):
        session.execute(
            update(_NOTICES)
            .where(_NOTICES.c.id.in_(ids[start : start + CHUNK]))
            .values(state=NoticeState.SENDING, lease_until=now + LEASE)
        )


def _park(session: Session, notice_ids: list[int], now: datetime) -> None:
    if notice_ids:
        free = select(Notice.id).where(col(Notice.id).in_(notice_ids))
        set_state(
            session,
            col(Notice.id).in_(free.with_for_update(skip_locked=True)),
            next_at=now + NO_CONTACT_PAUSE,
            reason="no_contact",
        )
