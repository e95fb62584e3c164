"""Pictures that were asked for: kept as rows until they are drawn, so that none is forgotten."""

from datetime import datetime

from sqlmodel import Session, col, select

from registry.tables import Drawing


def order(
    session: Session, contact_id: int, person_id: int | None, asked: str, now: datetime
) -> Drawing:
    """Ask for a picture; `asked` is an `Ask` as its token."""
    row = Drawing(contact_id=contact_id, person_id=person_id, asked=asked, at=now)
    session.add(row)
    session.flush()
    return row


def oldest(session: Session) -> int | None:
    """The one that waits longest."""
    return session.exec(
        select(Drawing.id).where(col(Drawing.done_at).is_(None)).order_by(col(Drawing.id)).limit(1)
    ).first()


def begin(session: Session, drawing_id: int) -> Drawing:
    """Count one try; the row as it stands then."""
    row = session.get_one(Drawing, drawing_id)
    row.tries += 1
    session.add(row)
    session.flush()
    session.expunge(row)
    return row


def finish(session: Session, drawing_id: int, now: datetime) -> Drawing | None:
    """Drawn or given up; None if it was finished before."""
    row = session.get_one(Drawing, drawing_id)
    if row.done_at is not None:
        return None
    row.done_at = now
    session.add(row)
    return row
