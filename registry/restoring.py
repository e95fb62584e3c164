"""A database fresh from a backup: what was sent since must not be sent again blindly.

Its outbox is that of an earlier moment. Whatever was due up to the last sign of life of the
database it replaces may have been told already: where that one can still be read its word counts,
else the notice is closed as uncertain, and staff are told. What fell due after that sign of life
was certainly not sent, and goes out.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session, col, delete, func, select

from registry import erasing, marks
from registry.audit import record
from registry.former import LAST_NUMBER, Former
from registry.tables import (
    Agency,
    Attempt,
    Contact,
    Duty,
    Inbound,
    Mark,
    Notice,
    Question,
    Ranking,
)
from registry.types import NoticeKind, NoticeState

RESTORED = "restored"
# Numbers given after the backup stand in people's chats, and must not come to mean other duties.
NUMBERS_LEFT_OUT = 1000
# By what order, as the certificate has it.
ERASED_AGAIN = "yêu cầu đã thực hiện trước khi phục hồi bản sao lưu"
_TICK = "tick"
_SETTLED = {
    NoticeState.SENT: NoticeState.SENT,
    NoticeState.FOLDED: NoticeState.FOLDED,
    NoticeState.DEAD: NoticeState.DEAD,
}


@dataclass(frozen=True, slots=True)
class Held:
    """What became of the notices in doubt. `told`: the replaced database had told them; `held`: not
    sent by themselves any more (or sent again, marked, where that was wished); `last_day`: those of
    them that were last-day reminders; `agencies`: whom they concern, with how many, most first."""

    told: int
    held: int
    last_day: int
    agencies: tuple[tuple[str, int], ...]


def backed_up_at(session: Session) -> datetime | None:
    """The last sign of life in the backup: about when it was made."""
    seen = [
        session.exec(select(Mark.at).where(Mark.name == _TICK)).first(),
        session.exec(select(func.max(Attempt.opened_at))).one(),
        session.exec(select(func.max(Inbound.received_at))).one(),
    ]
    return max((at for at in seen if at is not None), default=None)


def head_of(session: Session) -> str:
    """The last digest of the journal."""
    mark = marks.get(session, "audit.head")
    return mark.value if mark is not None else ""


def restored_at(session: Session) -> datetime | None:
    """When this database came from a backup the last time. What was said in the chats shortly
    before is unknown to it."""
    mark = marks.get(session, RESTORED)
    return mark.at if mark is not None else None


def take_over(session: Session, former: Former, now: datetime) -> None:
    """What must be known before anything is planned: numbers, periodic work that was done, and that
    what was asked in the chats is not what is remembered here."""
    _numbers(session, former, now)
    for name, (value, at) in former.marks.items():
        if name != LAST_NUMBER and session.get(Mark, name) is None:
            session.add(Mark(name=name, value=value, at=at))
    for ranking in session.exec(select(Ranking)):
        there = former.rankings.get(ranking.id or 0)
        if there is not None:
            ranking.previewed_at = ranking.previewed_at or there[0]
            ranking.published_at = ranking.published_at or there[1]
            ranking.cancelled_at = ranking.cancelled_at or there[2]
            session.add(ranking)
    session.execute(delete(Question))
    marks.put(session, RESTORED, "", now)


def _numbers(session: Session, former: Former, now: datetime) -> None:
    given = session.exec(select(func.max(Duty.number))).one() or 0
    own = session.get(Mark, LAST_NUMBER)
    last = max(given, int(own.value) if own else 0)
    if former.known:
        last = max(last, int(former.marks.get(LAST_NUMBER, ("0", now))[0]))
    elif last:
        last += NUMBERS_LEFT_OUT
    if last:
        marks.put(session, LAST_NUMBER, str(last), now)


def erase_again(
    session: Session, former: Former, now: datetime, in_backups: date | None = None
) -> int:
    """Whoever asked to be erased after the backup was made is not brought back by it. How many."""
    done = 0
    for contact_id in former.erased:
        contact = session.get(Contact, contact_id)
        if contact is not None and contact.closed_reason not in (erasing.ERASING, "erased"):
            erasing.erase(
                session, contact, now, by="desk", order=ERASED_AGAIN, in_backups=in_backups
            )
            done += 1
    # Nobody waits for a last answer.
    erasing.finish_erasing(session, now + erasing.LONGEST_WAIT)
    return done


def hold(session: Session, former: Former, now: datetime, *, resend: bool = False) -> Held:
    """Settle what is queued and was due before the replaced database fell silent. `resend`: what is
    in doubt stays queued, to be marked "(gửi lại)". To be called when everything is planned."""
    doubtful = session.exec(
        select(Notice).where(
            col(Notice.state).in_([NoticeState.QUEUED, NoticeState.SENDING]),
            col(Notice.due_at) <= former.alive,
        )
    ).all()
    there = former.outcomes([notice.key for notice in doubtful])
    told, held = 0, []
    for notice in doubtful:
        state = there.get(notice.key)
        if state == NoticeState.QUEUED:
            continue
        if state in _SETTLED:
            _close(notice, _SETTLED[NoticeState(state)], now)
            told += 1
        else:
            _doubt(notice, now, resend=resend)
            held.append(notice)
        session.add(notice)
    session.flush()
    return Held(told, len(held), sum(map(_last_day, held)), _agencies(session, held))


def _close(notice: Notice, state: NoticeState, now: datetime) -> None:
    notice.state, notice.reason, notice.closed_at, notice.lease_until = state, RESTORED, now, None


def _doubt(notice: Notice, now: datetime, *, resend: bool) -> None:
    notice.uncertain = max(1, notice.uncertain)
    if resend:
        notice.state, notice.lease_until, notice.reason = NoticeState.QUEUED, None, RESTORED
    else:
        _close(notice, NoticeState.UNCERTAIN, now)


def _last_day(notice: Notice) -> bool:
    return notice.kind == NoticeKind.REMINDER and notice.step == "0"


def _agencies(session: Session, held: Sequence[Notice]) -> tuple[tuple[str, int], ...]:
    duties = Counter(notice.duty_id for notice in held if notice.duty_id is not None)
    names: Counter[str] = Counter()
    rows = session.exec(
        select(Duty.id, Agency.name).join(Agency, col(Agency.id) == col(Duty.agency_id))
    )
    for duty, name in rows:
        if duty is not None and duty in duties:
            names[name] += duties[duty]
    return tuple(names.most_common())


def note(session: Session, backed_up: datetime | None, held: Held, now: datetime) -> None:
    """The journal says that it begins anew from here."""
    record(
        session, now, "database.restored", "", None, "cli",
        backed_up=backed_up, told=held.told, held=held.held,
    )  # fmt: skip
