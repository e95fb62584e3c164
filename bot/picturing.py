"""Pictures that were asked for, drawn in a thread of their own: neither the event loop nor the
writer waits for them. What waits are rows, so that a picture is not forgotten with the process."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from bot.bell import Bell
from bot.settings import Settings
from registry import drawings, files, people, portfolio
from registry.clock import local_day
from registry.database import Database
from registry.notices import put_text
from registry.tables import Contact, Drawing
from registry.types import NoticeKind
from reports.asking import Ask
from reports.meaning import Meaning, mean
from reports.pictures import draw_status
from reports.render import Renderer
from reports.status import Status, status_of
from reports.vietnamese import short_day

log = logging.getLogger(__name__)

IDLE = 300.0
MOST_TRIES = 3
KEPT_DAYS = 7
PNG = "image/png"


@dataclass(frozen=True, slots=True)
class _Sketch:
    """What is to be drawn."""

    meaning: Meaning
    figures: Status


class Pictures:
    """Draws what was asked for, one after the other. `answered` is called when one is queued."""

    def __init__(
        self,
        db: Database,
        settings: Settings,
        renderer: Renderer,
        clock: Callable[[], datetime],
        answered: Callable[[], None],
    ) -> None:
        self._db = db
        self._settings = settings
        self._renderer = renderer
        self._clock = clock
        self._answered = answered
        self._bell = Bell(self.drain, IDLE, "pictures cannot be read or written")

    def wake(self) -> None:
        """Something was asked for: look now."""
        self._bell.ring()

    async def run(self) -> None:
        """Draw until cancelled."""
        await self._bell.serve()

    async def drain(self) -> int:
        """Draw everything that waits; how many."""
        count = 0
        while (waiting := await self._db.read(drawings.oldest)) is not None:
            await self._one(waiting)
            count += 1
        return count

    async def _one(self, drawing_id: int) -> None:
        """What kills the process or fails is given up after some tries, and said."""
        order = await self._db.write(drawings.begin, drawing_id)
        data = None
        sketch = None
        if order.tries <= MOST_TRIES:
            try:
                sketch = await self._db.read(self._sketch, order)
                if sketch is not None:
                    title = sketch.meaning.title or self._settings.committee.name
                    words = limits(sketch.meaning)
                    data = await asyncio.to_thread(draw_status, sketch.figures, title, words)
            except Exception:
                log.exception("picture %s could not be drawn", drawing_id)
        await self._db.write(self._hand_over, drawing_id, sketch, data)
        self._answered()

    def _sketch(self, session: Session, order: Drawing) -> _Sketch | None:
        """The figures as whoever asked may see them now; None where that is nothing any more."""
        ask = Ask.read(order.asked)
        contact = session.get(Contact, order.contact_id)
        standing = self._settings.committee.standing_agency
        person = people.actor_of(session, order.person_id)
        person = people.in_place(session, person, contact, standing)
        if ask is None or not person.bound:
            return None
        today, soon = local_day(self._clock()), self._settings.committee.soon_days
        meaning = mean(session, ask, today, soon, portfolio.visible(person))
        if meaning is None:
            return None
        return _Sketch(meaning, status_of(session, meaning.scope, overdue=0))

    def _hand_over(
        self, session: Session, drawing_id: int, sketch: _Sketch | None, data: bytes | None
    ) -> None:
        now = self._clock()
        order = drawings.finish(session, drawing_id, now)
        contact = session.get(Contact, order.contact_id) if order is not None else None
        if order is None or contact is None:
            return
        file = None
        if sketch is not None and data is not None:
            name = f"Tình hình thực hiện {local_day(now):%Y-%m-%d}.png"
            folder = self._settings.files_dir
            file = files.keep(session, folder, name, data, PNG, now, days=KEPT_DAYS)
            said = self._renderer.render(
                "replies/status_picture", m=sketch.meaning, s=sketch.figures
            )
        else:
            said = self._renderer.render("replies/status_no_picture")
        put_text(
            session, NoticeKind.ANSWER, f"drawing:{drawing_id}", said.html, now,
            contact_id=order.contact_id, file_id=file.id if file is not None else None,
        )  # fmt: skip


def limits(meaning: Meaning) -> list[str]:
    """What limits the figures, as the picture's second line says it."""
    said = list(meaning.words)
    if meaning.directive:
        said.append(f"văn bản {meaning.directive}")
    if meaning.period is not None:
        first, last = meaning.period
        said.append(f"việc có hạn từ {short_day(first)} đến {short_day(last)}")
    return said
