"""Rehearsals that were asked for: worked out on a snapshot in a thread of its own, so that neither
the event loop nor the writer waits for them. What waits is a mark, taken away with the answer.
"""

import asyncio
import json
import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date, datetime

from sqlmodel import Session, col, select

from bot.bell import Bell
from bot.papers import XLSX, Paper, keep
from bot.settings import Settings
from deadlines.calendar import WorkCalendar
from registry import marks
from registry.database import Database
from registry.notices import put_text
from registry.tables import Contact, Mark
from registry.types import NoticeKind
from reports import rehearsal
from reports.rehearsal import Rehearsal
from reports.render import Rendered, Renderer
from reports.vietnamese import short_day
from scheduler.briefing import When
from scheduler.rehearsal import Rules, rehearse_all

log = logging.getLogger(__name__)

MARK = "rehearsal:"
IDLE = 300.0


@dataclass(frozen=True, slots=True)
class Order:
    """Who wants to see which days. `page`: 0 for the summary with its file."""

    contact_id: int
    first: str
    last: str
    page: int = 0


def ask(session: Session, key: str, order: Order, now: datetime) -> None:
    """Note that a rehearsal is wanted; `key` names the update that asked."""
    marks.put(session, f"{MARK}{key}", json.dumps(asdict(order)), now)


def rules_of(settings: Settings, calendar: WorkCalendar) -> Rules:
    """The settings as a rehearsal needs them."""
    briefs, contacts = settings.briefs, settings.contacts
    return Rules(
        settings.policy,
        calendar,
        When(briefs.members, briefs.at),
        When(briefs.staff, briefs.at),
        contacts.heartbeat_day if contacts.heartbeat else None,
        settings.limited,
    )


def sheet_of(plan: Rehearsal) -> Paper:
    """The whole list as a file."""
    name = f"Diễn tập {short_day(plan.first)} - {short_day(plan.last)}.xlsx".replace("/", ".")
    return Paper(name, XLSX, rehearsal.write_xlsx(plan))


class Rehearsals:
    """Answers what was asked for. `answered` is called when an answer is queued."""

    def __init__(
        self, db: Database, settings: Settings, renderer: Renderer, calendar: WorkCalendar,
        clock: Callable[[], datetime], answered: Callable[[], object],
    ) -> None:  # fmt: skip
        self._db = db
        self._settings = settings
        self._renderer = renderer
        self._rules = rules_of(settings, calendar)
        self._clock = clock
        self._answered = answered
        self._bell = Bell(self.drain, IDLE, "rehearsals cannot be read or written")

    def wake(self) -> None:
        """Something may have been asked for: look now."""
        self._bell.ring()

    async def run(self) -> None:
        """Answer until cancelled."""
        await self._bell.serve()

    async def drain(self) -> int:
        """Answer everything that waits; how many answers."""
        waiting = await self._db.read(_waiting)
        for name, order in waiting:
            try:
                await self._answer(name, order, self._clock())
            except Exception:
                # It would fail again: the one who asked is told, and may ask anew.
                log.exception("a rehearsal failed")
                said = self._renderer.render("replies/trouble")
                await self._db.write(self._hand_over, name, order, said, None, self._clock())
        if waiting:
            self._answered()
        return len(waiting)

    async def _answer(self, name: str, order: Order, now: datetime) -> None:
        first, last = date.fromisoformat(order.first), date.fromisoformat(order.last)
        plan = await self._db.read(rehearse_all, self._rules, first, last, now)
        said, paper = await asyncio.to_thread(self._written, plan, order.page)
        await self._db.write(self._hand_over, name, order, said, paper, now)

    def _written(self, plan: Rehearsal, page: int) -> tuple[Rendered, Paper | None]:
        pages = rehearsal.page_count(plan)
        if page and pages:
            return rehearsal.page(self._renderer, plan, min(page, pages)), None
        paper = sheet_of(plan) if plan.messages else None
        return rehearsal.summary(self._renderer, plan, file=paper is not None), paper

    def _hand_over(
        self, session: Session, name: str, order: Order, said: Rendered, paper: Paper | None,
        now: datetime,
    ) -> None:  # fmt: skip
        """Queue the answer and take the mark away, in one transaction."""
        mark = session.get(Mark, name)
        if mark is None:
            return
        session.delete(mark)
        if session.get(Contact, order.contact_id) is None:
            return
        file = keep(session, self._settings, paper, now) if paper is not None else None
        put_text(
            session, NoticeKind.ANSWER, f"answer:{name}", said.html, now,
            contact_id=order.contact_id, file_id=file.id if file is not None else None,
        )  # fmt: skip


def _waiting(session: Session) -> list[tuple[str, Order]]:
    rows = session.exec(
        select(Mark).where(col(Mark.name).startswith(MARK)).order_by(col(Mark.at))
    ).all()
    return [(row.name, Order(**json.loads(row.value))) for row in rows]
