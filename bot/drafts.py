"""The evening of a reporting deadline: staff receive the draft of that period, once, unasked."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from bot import papers
from bot.papers import Paper
from bot.settings import Settings
from deadlines.calendar import WorkCalendar
from registry import marks, people
from registry.database import Database
from registry.notices import put_text
from registry.tables import Mark
from registry.types import NoticeKind
from reports.papers.load import load_report
from reports.papers.model import PeriodReport
from reports.render import Renderer
from scheduler.chain import Draft, Evening, drafts_due, report_deadlines

# Ticks come every few seconds, an evening once a day.
LOOK_EVERY = timedelta(minutes=5)


class Drafts:
    """Makes what is due. `wake` is called when something was queued."""

    def __init__(
        self,
        db: Database,
        settings: Settings,
        renderer: Renderer,
        calendar: WorkCalendar,
        wake: Callable[[], object],
    ) -> None:
        self._db = db
        self._settings = settings
        self._renderer = renderer
        self._evening = Evening(settings.papers.draft_at, settings.policy.opens, calendar)
        self._wake = wake
        self._next: datetime | None = None

    async def look(self, now: datetime) -> int:
        """Hand over the drafts whose evening has come; how many."""
        if not self._settings.papers.drafts or (self._next is not None and now < self._next):
            return 0
        due = await self._db.read(self._due, now)
        for draft in due:
            report = await self._db.read(
                load_report, draft.period, now, soon_days=self._settings.committee.soon_days
            )
            made = await asyncio.to_thread(self._made, report)
            await self._db.write(self._hand_over, draft, report, made, now)
        self._next = now + LOOK_EVERY
        if due:
            self._wake()
        return len(due)

    def _due(self, session: Session, now: datetime) -> list[Draft]:
        if not people.staff_subscriptions(session):
            return []
        deadlines = report_deadlines(session, now, self._settings.committee.standing_agency)
        if not deadlines:
            return []
        made = session.exec(select(Mark.name).where(col(Mark.name).startswith("draft:"))).all()
        return drafts_due(deadlines, now, self._evening, made)

    def _made(self, report: PeriodReport) -> tuple[Paper, Paper]:
        return (
            papers.docx_of(report, self._settings, self._renderer),
            papers.xlsx_of(report, self._settings),
        )

    def _hand_over(
        self,
        session: Session,
        draft: Draft,
        report: PeriodReport,
        made: tuple[Paper, Paper],
        now: datetime,
    ) -> None:
        """Queue both files for every member of the staff, and remember it, in one transaction."""
        facts = papers.summary_facts(report)
        words = (
            self._renderer.render("replies/baocao_den_han", due_on=draft.due_on, **facts),
            self._renderer.render("replies/baocao_so_lieu", **facts),
        )
        for serial, (paper, said) in enumerate(zip(made, words, strict=True), start=1):
            file = papers.keep(session, self._settings, paper, now)
            for staff in people.staff_subscriptions(session):
                put_text(
                    session, NoticeKind.DRAFT, f"{draft.key}:{serial}:{staff.id}", said.html, now,
                    subscription_id=staff.id, file_id=file.id,
                )  # fmt: skip
        marks.put(session, draft.key, "", now)
