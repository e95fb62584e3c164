"""Boards: one message in a chat that goes on showing how things stand."""

from datetime import datetime

from sqlmodel import Session, col, select

from registry.tables import Attempt, AttemptNotice, Board, Notice
from registry.types import AttemptOutcome


def key_of(board_id: int) -> str:
    """What the notice is called that brings a board into its chat."""
    return f"board:{board_id}"


def put_up(
    session: Session, contact_id: int, person_id: int | None, asked: str, text: str, now: datetime
) -> Board:
    """A new board for a chat; the one that was there is not kept up any more."""
    take_down(session, contact_id, now)
    row = Board(
        contact_id=contact_id, person_id=person_id, asked=asked, text=text, shown_at=now,
        created_at=now,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row


def take_down(session: Session, contact_id: int, now: datetime) -> int:
    """End the boards of a chat; how many there were."""
    rows = session.exec(
        select(Board).where(Board.contact_id == contact_id, col(Board.ended_at).is_(None))
    ).all()
    for row in rows:
        row.ended_at = now
        session.add(row)
    return len(rows)


def up(session: Session) -> list[Board]:
    """Every board that is kept up, and those that still have to be taken off the top."""
    rows = session.exec(
        select(Board)
        .where(col(Board.ended_at).is_(None) | col(Board.pinned))
        .order_by(col(Board.id))
    ).all()
    return list(rows)


def message_of(session: Session, board: Board) -> str:
    """The messenger's id of the board's message; "" until it has certainly been sent."""
    found = session.exec(
        select(Attempt.message_id)
        .join(AttemptNotice, col(AttemptNotice.attempt_id) == col(Attempt.id))
        .join(Notice, col(Notice.id) == col(AttemptNotice.notice_id))
        .where(
            Notice.key == key_of(board.id or 0),
            Attempt.outcome == AttemptOutcome.SENT,
            Attempt.message_id != "",
        )
    ).first()
    return found or ""
