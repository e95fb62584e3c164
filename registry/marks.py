"""Small facts the process leaves for itself and for `doctor`."""

from datetime import datetime

from sqlmodel import Session

from registry.tables import Mark


def put(session: Session, name: str, value: str, now: datetime) -> None:
    """Set a mark."""
    mark = session.get(Mark, name) or Mark(name=name, at=now)
    mark.value, mark.at = value, now
    session.add(mark)


def get(session: Session, name: str) -> Mark | None:
    return session.get(Mark, name)
