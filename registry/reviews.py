"""Reviews of directives that are not stored yet, and the uploads they come from.

A review is held by one person at a time and survives a restart; another member of staff may take it
over. Closing it forgets the words of the document.
"""

import json
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from registry import audit
from registry.people import Actor
from registry.tables import Person, Review, Upload
from registry.types import ReviewState, UploadState

# A review not spoken of for a day no longer takes bare words for itself: /nhap calls it up.
FRESH = timedelta(hours=24)
MOST_STEPS = 30


def begin(
    session: Session, name: str, person_id: int | None, source: str, terms: str, now: datetime
) -> Review:
    """Open a review, held by the one who brought the document."""
    review = Review(
        name=name,
        person_id=person_id,
        source=source,
        terms=terms,
        opened_at=now,
        changed_at=now,
    )
    session.add(review)
    session.flush()
    return review


def waiting(session: Session) -> list[Review]:
    """Every open review, the newest first."""
    mine = select(Review).where(Review.state == ReviewState.OPEN)
    return list(session.exec(mine.order_by(col(Review.changed_at).desc(), col(Review.id))).all())


def held_by(session: Session, person_id: int | None, now: datetime) -> Review | None:
    """The review a person speaks of: the one they touched last, if that was within a day."""
    if person_id is None:
        return None
    mine = (
        select(Review)
        .where(Review.state == ReviewState.OPEN, Review.person_id == person_id)
        .where(col(Review.changed_at) > now - FRESH)
        .order_by(col(Review.changed_at).desc(), col(Review.id).desc())
    )
    return session.exec(mine).first()


def holder(session: Session, review: Review) -> str:
    """The name of who holds it, "" where nobody does any more."""
    person = session.get(Person, review.person_id) if review.person_id is not None else None
    return person.name if person is not None else ""


def take(session: Session, review: Review, actor: Actor, now: datetime) -> int | None:
    """Let the actor go on with it; whom it was taken from."""
    before = review.person_id
    review.person_id, review.changed_at = actor.person_id, now
    session.add(review)
    if before == actor.person_id:
        return None
    audit.record(
        session,
        now,
        "review.take",
        f"review:{review.id}",
        actor.person_id,
        actor.name,
        before=before,
    )
    return before


def keep(
    session: Session,
    review: Review,
    source: str,
    terms: str,
    now: datetime,
    step: dict[str, Any] | None = None,
) -> None:
    """Keep what was changed; `step` is what it takes to go back."""
    review.source, review.terms, review.changed_at = source, terms, now
    if step is not None:
        steps = [*json.loads(review.undo), step][-MOST_STEPS:]
        review.undo = json.dumps(steps, ensure_ascii=False)
    session.add(review)


def last_step(review: Review) -> dict[str, Any] | None:
    """What it takes to go back by one change; taken off the list."""
    steps = json.loads(review.undo)
    if not steps:
        return None
    step: dict[str, Any] = steps.pop()
    review.undo = json.dumps(steps, ensure_ascii=False)
    return step


def close(
    session: Session,
    review: Review,
    state: ReviewState,
    actor: Actor,
    now: datetime,
    directive_id: int | None = None,
) -> None:
    """Stored or dropped: the words of the document are forgotten here."""
    review.state, review.closed_at, review.directive_id = state, now, directive_id
    review.source, review.terms, review.undo = "", "{}", "[]"
    session.add(review)
    audit.record(
        session, now, f"review.{state}", f"review:{review.id}", actor.person_id, actor.name,
        directive=directive_id,
    )  # fmt: skip


# -- uploads --------------------------------------------------------------------------------------


def next_upload(session: Session, now: datetime) -> Upload | None:
    """The oldest upload that may be tried now."""
    mine = select(Upload).where(Upload.state == UploadState.NEW, col(Upload.next_at) <= now)
    return session.exec(mine.order_by(col(Upload.id))).first()


def begin_upload(session: Session, upload_id: int) -> Upload:
    """Count the try before it is made: a file that kills the process must not do so for ever."""
    upload = session.get_one(Upload, upload_id)
    upload.tries += 1
    session.add(upload)
    session.flush()
    session.expunge(upload)
    return upload


def put_off(session: Session, upload_id: int, until: datetime) -> None:
    upload = session.get_one(Upload, upload_id)
    upload.next_at = until
    session.add(upload)


def finish(session: Session, upload_id: int, state: UploadState) -> bool:
    """Close an upload and forget what it held, its name too: a refused one may be secret. False
    where that was done before."""
    upload = session.get_one(Upload, upload_id)
    if upload.state != UploadState.NEW:
        return False
    upload.state, upload.ref, upload.text, upload.name = state, "", "", ""
    session.add(upload)
    return True
