"""The outbox at work: what became of what was taken (`registry/claiming.py`), and of each try.

A notice is taken under a lease; an expired lease is claimable again. An attempt is opened before
the network call and closed after it, so that a crash in between is seen on return: the attempt is
still open, the message may or may not have arrived.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Table, and_, bindparam, insert, update
from sqlmodel import Session, col, func, select

from registry.notices import put_text, set_state
from registry.tables import Attempt, AttemptNotice, Notice
from registry.types import AttemptOutcome, NoticeKind, NoticeState

LEASE = timedelta(seconds=180)

# The answer to a command is worth nothing twice; anything else is repeated once when in doubt.
NEVER_REPEATED = (NoticeKind.ANSWER, NoticeKind.EDIT)
# Said again so often at most where a death of ours, and not the messenger, left it open whether it
# had gone out: often enough that nothing is lost in a bad morning, seldom enough that a message
# whose sending kills the process does not do so for ever.
MOST_DEATHS = 6
INTERRUPTED = "interrupted"
# Ids named in one statement.
CHUNK = 5000

# A morning's messages pass here one by one: without the session's own bookkeeping, because no row
# of theirs is held by it.
_ATTEMPTS: Table = Attempt.__table__  # type: ignore[attr-defined]
_TOLD: Table = AttemptNotice.__table__  # type: ignore[attr-defined]
_NOTICES: Table = Notice.__table__  # type: ignore[attr-defined]


def release_expired(
    session: Session, now: datetime, *, everything: bool = False, alive: Collection[int] = ()
) -> int:
    """Give back what a dead process had taken. `everything`: no other process lives, so every lease
    is stale. An attempt left open may have arrived: its notices count one uncertainty, and are said
    again, marked, up to MOST_DEATHS times. alive: contacts that are being told something at this
    moment; a clock that was set forward ends their leases, not their sends."""
    sending = select(Notice).where(Notice.state == NoticeState.SENDING)
    if not everything:
        being_told = (
            select(AttemptNotice.notice_id)
            .join(Attempt)
            .where(Attempt.outcome == AttemptOutcome.OPEN, col(Attempt.contact_id).in_(list(alive)))
        )
        sending = sending.where(col(Notice.lease_until) < now, col(Notice.id).not_in(being_told))
    # As with a claim: what somebody is changing by hand is passed by.
    held = session.exec(sending.with_for_update(skip_locked=True)).all()
    _hand_back(session, held, now, MOST_DEATHS)
    _close_orphans(session, now, everything=everything)
    return len(held)


def _hand_back(session: Session, held: Sequence[Notice], when: datetime, most: int) -> None:
    for notice in held:
        attempt = session.exec(
            select(Attempt)
            .join(AttemptNotice)
            .where(AttemptNotice.notice_id == notice.id, Attempt.outcome == AttemptOutcome.OPEN)
        ).first()
        if attempt is None:
            _requeue(notice, when)
        else:
            _doubt(notice, when, final=notice.uncertain >= most)
        session.add(notice)
    session.flush()


def abandon(
    session: Session, notices: Sequence[Notice], now: datetime, when: datetime, error: str
) -> None:
    """Sending failed in a way nobody foresaw. What had not left is claimable from `when`; what may
    have left counts one uncertainty, as after a crash. What already has its outcome keeps it."""
    mine = [notice.id for notice in notices]
    held = session.exec(
        select(Notice).where(col(Notice.id).in_(mine), Notice.state == NoticeState.SENDING)
    ).all()
    _hand_back(session, held, when, 1)
    of_mine = select(AttemptNotice.attempt_id).where(col(AttemptNotice.notice_id).in_(mine))
    session.execute(
        update(Attempt)
        .where(col(Attempt.outcome) == AttemptOutcome.OPEN, col(Attempt.id).in_(of_mine))
        .values(outcome=AttemptOutcome.UNCERTAIN, closed_at=now, error=error)
    )


def _close_orphans(session: Session, now: datetime, *, everything: bool) -> None:
    sending = (
        select(AttemptNotice.attempt_id)
        .join(Notice)
        .where(col(Notice.state) == NoticeState.SENDING)
    )
    limit = now if everything else now - LEASE
    orphans = (
        select(Attempt.id)
        .where(
            col(Attempt.outcome) == AttemptOutcome.OPEN,
            col(Attempt.opened_at) <= limit,
            col(Attempt.id).not_in(sending),
        )
        .with_for_update(skip_locked=True)
    )
    session.execute(
        update(Attempt)
        .where(col(Attempt.id).in_(orphans))
        .values(outcome=AttemptOutcome.UNCERTAIN, closed_at=now, error=INTERRUPTED)
    )


def _requeue(notice: Notice, when: datetime) -> None:
    notice.state = NoticeState.QUEUED
    notice.lease_until = None
    notice.next_at = when


def _doubt(notice: Notice, when: datetime, *, final: bool) -> None:
    """The message may have arrived. Said once more where a miss costs more than a repeat, unless
    that has been done: `final`."""
    notice.uncertain += 1
    if notice.kind in NEVER_REPEATED or final:
        notice.state, notice.closed_at, notice.lease_until = NoticeState.UNCERTAIN, when, None
    else:
        _requeue(notice, when)


def give_back(session: Session, notices: Sequence[Notice], when: datetime) -> None:
    """Claimed but not sent (quiet hours, a closed door): claimable again from `when`."""
    for notice in notices:
        mine = session.get_one(Notice, notice.id)
        _requeue(mine, when)
        session.add(mine)


def hand_back(session: Session, notices: Sequence[Notice], when: datetime) -> None:
    """As :func:`give_back`, for those that are still being held: a part may have been put aside."""
    for start in range(0, len(notices), CHUNK):
        set_state(
            session,
            and_(
                col(Notice.id).in_([each.id for each in notices[start : start + CHUNK]]),
                col(Notice.state) == NoticeState.SENDING,
            ),
            state=NoticeState.QUEUED,
            lease_until=None,
            next_at=when,
        )


def close(
    session: Session, notices: Sequence[Notice], state: NoticeState, now: datetime, reason: str = ""
) -> None:
    """End notices. None of them may be held by the session, which would not hear of it."""
    if notices:
        session.execute(
            update(_NOTICES)
            .where(_NOTICES.c.id.in_([notice.id for notice in notices]))
            .values(state=state, closed_at=now, reason=reason, lease_until=None)
        )


# -- attempts -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Leaving:
    """A message that is about to leave for a contact, and the notices it tells."""

    contact_id: int
    notices: Sequence[Notice]
    text: str


def open_attempts(session: Session, leaving: Sequence[Leaving], now: datetime) -> list[int]:
    """Write down that these messages are about to leave; return the attempts' ids."""
    found = session.execute(
        insert(_ATTEMPTS).returning(_ATTEMPTS.c.id, sort_by_parameter_order=True),
        [
            {
                "contact_id": each.contact_id,
                "opened_at": now,
                "outcome": AttemptOutcome.OPEN,
                "text": each.text,
                "repeat": any(notice.uncertain for notice in each.notices),
                "message_id": "",
                "error": "",
            }
            for each in leaving
        ],
    )
    ids: list[int] = list(found.scalars())
    session.execute(
        insert(_TOLD),
        [
            {"attempt_id": attempt_id, "notice_id": notice.id}
            for attempt_id, each in zip(ids, leaving, strict=True)
            for notice in each.notices
        ],
    )
    session.execute(
        update(_NOTICES)
        .where(_NOTICES.c.id.in_([notice.id for each in leaving for notice in each.notices]))
        .values(tries=_NOTICES.c.tries + 1, lease_until=now + LEASE)
    )
    return ids


def open_attempt(
    session: Session, contact_id: int, notices: Sequence[Notice], text: str, now: datetime
) -> int:
    """As :func:`open_attempts`, for one message."""
    return open_attempts(session, [Leaving(contact_id, notices, text)], now)[0]


def is_open(session: Session, attempt_id: int) -> bool:
    """Whether nobody has given this attempt up: what became of it is still for its maker to say."""
    outcome = session.exec(select(Attempt.outcome).where(Attempt.id == attempt_id)).first()
    return outcome is AttemptOutcome.OPEN


def _end_attempt(
    session: Session, attempt_id: int, outcome: AttemptOutcome, now: datetime, **more: str
) -> None:
    session.execute(
        update(Attempt)
        .where(col(Attempt.id) == attempt_id)
        .values(outcome=outcome, closed_at=now, **more)
    )


@dataclass(frozen=True, slots=True)
class Taken:
    """A message the messenger took: what it told, and the older steps folded into it."""

    attempt_id: int
    notices: Sequence[Notice]
    folded: Sequence[Notice]
    message_id: str


def all_sent(session: Session, taken: Sequence[Taken], now: datetime) -> None:
    """The messenger took these messages."""
    session.execute(
        update(_ATTEMPTS)
        .where(_ATTEMPTS.c.id == bindparam("attempt"))
        .values(outcome=AttemptOutcome.SENT, closed_at=now, message_id=bindparam("message")),
        [{"attempt": each.attempt_id, "message": each.message_id} for each in taken],
    )
    close(session, [n for each in taken for n in each.notices], NoticeState.SENT, now)
    close(session, [n for each in taken for n in each.folded], NoticeState.FOLDED, now)


def sent(
    session: Session,
    attempt_id: int,
    notices: Sequence[Notice],
    folded: Sequence[Notice],
    message_id: str,
    now: datetime,
) -> None:
    """As :func:`all_sent`, for one message."""
    all_sent(session, [Taken(attempt_id, notices, folded, message_id)], now)


def retry(
    session: Session, attempt_id: int, notices: Sequence[Notice], when: datetime, now: datetime,
    error: str,
) -> None:  # fmt: skip
    """Certainly not delivered; try again from `when`."""
    _end_attempt(session, attempt_id, AttemptOutcome.RETRY, now, error=error)
    give_back(session, notices, when)


def doubted(
    session: Session, attempt_id: int, notices: Sequence[Notice], when: datetime, now: datetime,
    error: str,
) -> None:  # fmt: skip
    """No answer came: perhaps delivered. Repeated once for the messenger's sake; what a death of
    ours had left open before does not count against it."""
    _end_attempt(session, attempt_id, AttemptOutcome.UNCERTAIN, now, error=error)
    for notice in notices:
        mine = session.get_one(Notice, notice.id)
        final = mine.uncertain >= MOST_DEATHS or _unanswered(session, mine) > 1
        _doubt(mine, when, final=final)
        session.add(mine)


def _unanswered(session: Session, notice: Notice) -> int:
    """How many tries the messenger left without an answer."""
    return session.exec(
        select(func.count())
        .select_from(Attempt)
        .join(AttemptNotice)
        .where(
            AttemptNotice.notice_id == notice.id,
            Attempt.outcome == AttemptOutcome.UNCERTAIN,
            Attempt.error != INTERRUPTED,
        )
    ).one()


def failed(
    session: Session, attempt_id: int, notices: Sequence[Notice], now: datetime, error: str
) -> None:
    """Refused for good."""
    _end_attempt(session, attempt_id, AttemptOutcome.FAILED, now, error=error)
    close(session, notices, NoticeState.DEAD, now, error)


def contact_lost(
    session: Session, attempt_id: int, notices: Sequence[Notice], now: datetime, error: str
) -> None:
    """The chat is gone. What a subscription is owed goes to its holder's next contact (or waits for
    one); what was meant for this chat alone is dead."""
    _end_attempt(session, attempt_id, AttemptOutcome.FAILED, now, error=error)
    owed = [notice for notice in notices if notice.subscription_id is not None]
    give_back(session, owed, now)
    here_only = [notice for notice in notices if notice.subscription_id is None]
    close(session, here_only, NoticeState.DEAD, now, error)


def put_part(  # noqa: PLR0913 -- the parts of one message
    session: Session,
    attempt_id: int,
    index: int,
    contact_id: int,
    html: str,
    buttons: Sequence[Sequence[tuple[str, str]]],
    now: datetime,
    file_id: int | None = None,
) -> None:
    """Queue a further part of a message that was too long for one, or its file."""
    put_text(
        session,
        NoticeKind.PART,
        f"part:{attempt_id}:{index}",
        html,
        now,
        contact_id=contact_id,
        buttons=buttons,
        file_id=file_id,
    )


# -- looking --------------------------------------------------------------------------------------


def next_due(session: Session) -> datetime | None:
    """When the outbox next has something to do: a queued notice or an expiring lease."""
    queued = session.exec(
        select(func.min(Notice.next_at)).where(Notice.state == NoticeState.QUEUED)
    ).one()
    leased = session.exec(
        select(func.min(Notice.lease_until)).where(Notice.state == NoticeState.SENDING)
    ).one()
    moments = [each for each in (queued, leased) if each is not None]
    return min(moments) if moments else None
