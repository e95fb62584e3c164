"""How long what is personal is kept: one table, carried out once a day.

Luật Bảo vệ dữ liệu cá nhân 91/2025/QH15, Điều 3: no longer than the purpose needs. What is the
record of an agency's work (duties, reports, difficulties, the journal) has no period here. Files
end by their own rows (registry/files.py), backups by their rotation (registry/rotation.py).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Delete, Update, delete, exists, update
from sqlmodel import Session, col, func, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from registry.tables import (
    Admission,
    Attempt,
    Board,
    Contact,
    Inbound,
    Notice,
    Question,
    Request,
    Subscription,
)
from registry.types import InboundState, RequestState

FORGOTTEN = "forgotten"
# Copies of the database that an upgrade or a restore left beside it.
ASIDE_DAYS = 90


@dataclass(frozen=True, slots=True)
class Periods:
    """Days, where an office may choose them."""

    texts: int = 400
    strangers: int = 90


@dataclass(frozen=True, slots=True)
class Rule:
    """`what`: as SECURITY.md says it. `days`: how long. `forget`: blanks or deletes what was done
    with before a moment, and says how many rows."""

    name: str
    what: str
    days: Callable[[Periods], int]
    forget: Callable[[Session, datetime], int]

    def apply(self, session: Session, periods: Periods, now: datetime) -> int:
        """Carry it out; how many rows."""
        return self.forget(session, now - timedelta(days=self.days(periods)))


def _done(session: Session, statement: Update | Delete) -> int:
    result = session.execute(statement)
    return int(result.rowcount)  # type: ignore[attr-defined]


def _inbound(session: Session, before: datetime) -> int:
    """The key stays, so that a messenger that repeats itself is still recognised."""
    handled = func.coalesce(Inbound.handled_at, Inbound.received_at) < before
    told = or_(col(Inbound.raw) != "", col(Inbound.sender) != "")
    return _done(
        session,
        update(Inbound)
        .where(col(Inbound.state) != InboundState.NEW, handled, told)
        .values(raw="", sender=""),
    )


def _questions(session: Session, before: datetime) -> int:
    return _done(session, delete(Question).where(col(Question.expires_at) < before))


def _admissions(session: Session, before: datetime) -> int:
    """Whoever was let in has their name as a person."""
    decided = select(Request.id).where(
        Request.state != RequestState.ASKED, col(Request.decided_at) < before
    )
    return _done(
        session,
        update(Admission)
        .where(col(Admission.request_id).in_(decided), col(Admission.name) != "")
        .values(name=""),
    )


def _payloads(session: Session, before: datetime) -> int:
    return _done(
        session,
        update(Notice)
        .where(col(Notice.payload) != "", col(Notice.closed_at) < before)
        .values(payload=""),
    )


def _texts(session: Session, before: datetime) -> int:
    """Who was told what kind of thing when stays, for the record."""
    return _done(
        session,
        update(Attempt)
        .where(col(Attempt.text) != "", col(Attempt.closed_at) < before)
        .values(text=""),
    )


def _strangers(session: Session, before: datetime) -> int:
    """Chats of nobody we know: who only tried, groups that were never connected or were left."""
    quiet = func.coalesce(Contact.last_inbound_at, Contact.created_at) < before
    bound = (
        _of(Subscription.contact_id, col(Subscription.ended_at).is_(None)),
        _of(Request.contact_id, col(Request.state) == RequestState.ASKED),
        _of(Board.contact_id, col(Board.ended_at).is_(None)),
    )
    rows = session.exec(
        select(Contact).where(
            col(Contact.person_id).is_(None),
            col(Contact.closed_reason).not_in(["erasing", "erased", FORGOTTEN]),
            quiet,
            *(~exists(each) for each in bound),
        )
    ).all()
    for row in rows:
        row.address, row.title = f"erased-{row.id}", ""
        row.closed_at, row.closed_reason = row.closed_at or before, FORGOTTEN
        session.add(row)
    return len(rows)


def _of(contact_id: object, condition: ColumnElement[bool]) -> SelectOfScalar[int]:
    return select(1).where(contact_id == Contact.id, condition)


RULES: tuple[Rule, ...] = (
    Rule("inbound", "what people wrote, and from which chat, once handled", lambda _: 7, _inbound),
    Rule("questions", "questions of ours nobody answered", lambda _: 1, _questions),
    Rule("admissions", "names in requests to be let in, once decided", lambda _: 30, _admissions),
    Rule(
        "payloads", "words of answers and alerts in the outbox, once told", lambda _: 30, _payloads
    ),
    Rule("texts", "texts of messages sent", lambda periods: periods.texts, _texts),
    Rule(
        "strangers",
        "chats of strangers and of groups not connected, since their last word",
        lambda periods: periods.strangers,
        _strangers,
    ),
)
