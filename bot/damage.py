"""A database file that turns out damaged while at work: staff hear of it, whoever's word could not
be handled hears that, and the work ends.

To go on would be to take answers that the restore loses; not taken, they wait with the messenger.
What is owed is late then, not lost.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from datetime import datetime

from sqlmodel import Session, col, select

from bot.opening import damage_note
from registry import inbound, people
from registry.database import Database, DatabaseDamaged
from registry.notices import put_text
from registry.tables import Notice
from registry.types import NoticeKind, NoticeState
from reports.render import Renderer

log = logging.getLogger(__name__)

# Staff are told through what may be broken too, and by a messenger that may be away.
TELL_WITHIN = 10.0
_LOOK_EVERY = 0.2


async def until_damaged(
    db: Database, renderer: Renderer, clock: Callable[[], datetime], wake: Callable[[], None]
) -> None:
    """Wait until somebody meets the damage; `wake` is called when word for staff is queued. Raises
    DatabaseDamaged, whose line says what to do."""
    damage = await asyncio.wrap_future(db.damage)
    note = damage_note(db.url)
    if note is not None:
        with contextlib.suppress(OSError):
            note.touch(mode=0o600)
    try:
        async with asyncio.timeout(TELL_WITHIN):
            await db.write(_tell_staff, renderer, damage, clock())
            wake()
            await _told(db)
    except Exception as error:  # noqa: BLE001 -- the line that ends the process says it in any case
        log.error("staff may not know of the damage (%s)", type(error).__name__)  # noqa: TRY400
    raise damage


async def _told(db: Database) -> None:
    """Two quiet looks: between an update that is given up and its apology lies a moment."""
    quiet = 0
    while quiet < 2:
        quiet = 0 if await db.read(_untold) else quiet + 1
        await asyncio.sleep(_LOOK_EVERY)


def _tell_staff(
    session: Session, renderer: Renderer, damage: DatabaseDamaged, now: datetime
) -> None:
    """At any hour, as an answer is: there will be no process to say it in the morning."""
    said = renderer.render("replies/damaged_staff", why=str(damage))
    for staff in people.staff_subscriptions(session):
        key = f"damaged:{now.isoformat()}:{staff.id}"
        put_text(session, NoticeKind.ANSWER, key, said.html, now, subscription_id=staff.id)


def _untold(session: Session) -> bool:
    """Whether an answer waits, or a word of somebody's for one."""
    answers = select(Notice.id).where(
        col(Notice.kind).in_((NoticeKind.ANSWER, NoticeKind.PART)),
        col(Notice.state).in_((NoticeState.QUEUED, NoticeState.SENDING)),
    )
    return bool(inbound.waiting(session)) or session.exec(answers.limit(1)).first() is not None
