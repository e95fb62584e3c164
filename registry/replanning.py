"""Planning done over: what is queued and no longer planned is not wanted, what is planned for
another hour goes out then."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlmodel import Session, col, select, update

from registry.notices import PlannedNotice
from registry.tables import Notice
from registry.types import NoticeKind, NoticeState

PLANNED = (NoticeKind.REMINDER, NoticeKind.URGE)
REPLANNED = "replanned"
_CHUNK = 500


def settle(
    session: Session, duty_ids: Sequence[int], planned: Iterable[PlannedNotice], now: datetime
) -> int:
    """Bring what is queued for these duties into line with a new plan; return how many notices
    changed. Only what planning itself put in and what lies ahead: what is due goes out, and a
    snooze, or an urge by a person's word, stays as wished."""
    wanted = {each.key: each.due_at for each in planned}
    gone: list[int] = []
    moved = 0
    for notice_id, key, due_at, tries in _ahead(session, duty_ids, now):
        if key not in wanted:
            gone.append(notice_id)
        elif wanted[key] != due_at and not tries:
            moved += 1
            _move(session, notice_id, wanted[key])
    for start in range(0, len(gone), _CHUNK):
        session.execute(
            update(Notice)
            .where(col(Notice.id).in_(gone[start : start + _CHUNK]))
            .values(state=NoticeState.WITHDRAWN, closed_at=now, reason=REPLANNED)
        )
    return moved + len(gone)


def _ahead(
    session: Session, duty_ids: Sequence[int], now: datetime
) -> list[tuple[int, str, datetime, int]]:
    rows = session.exec(
        select(Notice.id, Notice.key, Notice.due_at, Notice.tries).where(
            col(Notice.duty_id).in_(duty_ids),
            col(Notice.kind).in_(PLANNED),
            Notice.state == NoticeState.QUEUED,
            col(Notice.due_at) > now,
        )
    ).all()
    ours = tuple(f"{kind}:" for kind in PLANNED)
    return [(row[0] or 0, row[1], row[2], row[3]) for row in rows if row[1].startswith(ours)]


def _move(session: Session, notice_id: int, at: datetime) -> None:
    session.execute(update(Notice).where(col(Notice.id) == notice_id).values(due_at=at, next_at=at))
