"""The letter that urges an agency, drafted by itself: staff receive it, unasked, once a duty of the
agency has been urged so often."""

import asyncio
from collections.abc import Callable
from datetime import date, datetime, timedelta

from sqlmodel import Session, col, func, select

from bot import papers
from bot.papers import Paper
from bot.settings import Settings
from deadlines.calendar import WorkCalendar
from registry import marks, people
from registry.clock import local_day
from registry.database import Database
from registry.notices import put_text
from registry.tables import Agency, Duty, Notice
from registry.types import DutyKind, DutyState, NoticeKind, NoticeState
from reports.around import urged_days
from reports.papers.letter import Letter, load_letter
from reports.render import Renderer

LOOK_EVERY = timedelta(minutes=5)
# Duties of one agency come to this point on different days; a letter names all that is overdue, and
# another one is not written within a week.
APART = timedelta(days=7)
# What had been urged so often long before (an upgrade, a setting switched on) is not written about.
RECENT = timedelta(days=10)
# More agencies than that at once (a monthly report of a hundred communes) are one message without
# files: nobody signs dozens of letters of a morning, and each is one command away.
MOST_LETTERS = 5
LISTED = 30


class Letters:
    """Drafts what is due. `wake` is called when something was queued."""

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
        self._calendar = calendar
        self._wake = wake
        self._next: datetime | None = None

    async def look(self, now: datetime) -> int:
        """Hand over the letters that have become due; how many."""
        urges = self._settings.reminders.letter_urges
        if not urges or (self._next is not None and now < self._next):
            return 0
        due = await self._db.read(agencies_due, urges, now)
        if len(due) > MOST_LETTERS:
            await self._db.write(self._name, due, now)
        else:
            await self._draft(due, now)
        self._next = now + LOOK_EVERY
        if due:
            self._wake()
        return len(due)

    async def _draft(self, due: dict[int, list[int]], now: datetime) -> None:
        for agency_id, duties in due.items():
            letter = await self._db.read(load_letter, agency_id, now, self._calendar)
            paper = await asyncio.to_thread(
                papers.letter_of, letter, self._settings, self._renderer
            )
            await self._db.write(self._hand_over, letter, duties, paper, now)

    def _name(self, session: Session, due: dict[int, list[int]], now: datetime) -> None:
        """Queue one message that names the agencies, and remember it as if each had its letter."""
        names = {agency_id: session.get_one(Agency, agency_id).name for agency_id in due}
        rows = sorted((names[agency_id], duties) for agency_id, duties in due.items())
        urges = self._settings.reminders.letter_urges
        said = self._renderer.render("replies/congvan_nhieu", rows=rows, urges=urges, listed=LISTED)
        for staff in people.staff_subscriptions(session):
            put_text(
                session, NoticeKind.ALERT, f"letters:{now.isoformat()}:{staff.id}", said.html, now,
                subscription_id=staff.id,
            )  # fmt: skip
        for agency_id, numbers in due.items():
            marks.put(session, _agency_mark(agency_id), "", now)
            for duty in session.exec(select(Duty).where(col(Duty.number).in_(numbers))):
                marks.put(session, _duty_mark(duty.id or 0, duty.due_on), "", now)

    def _hand_over(
        self, session: Session, letter: Letter, duties: list[int], paper: Paper, now: datetime
    ) -> None:
        """Queue one message with the file for every member of the staff, and remember it."""
        often = max((facts.urges for facts in letter.duties if facts.number in duties), default=0)
        said = self._renderer.render(
            "replies/congvan_den_luc", letter=letter, duties=duties, urges=often
        )
        file = papers.keep(session, self._settings, paper, now)
        key = f"{_agency_mark(letter.agency_id)}:{local_day(now)}"
        for staff in people.staff_subscriptions(session):
            put_text(
                session, NoticeKind.ALERT, f"{key}:{staff.id}", said.html, now,
                subscription_id=staff.id, file_id=file.id,
            )  # fmt: skip
        marks.put(session, _agency_mark(letter.agency_id), "", now)
        for facts in letter.duties:
            if facts.number in duties:
                marks.put(session, _duty_mark(facts.id, facts.due_on), "", now)


def agencies_due(session: Session, urges: int, now: datetime) -> dict[int, list[int]]:
    """Agencies to be written to, with the numbers of the duties that call for it: open, overdue,
    urged so often, lately, and not written about yet. Nothing while no staff are there to read it.
    """
    if not people.staff_subscriptions(session):
        return {}
    today = local_day(now)
    owed = _often_urged(session, urges, today)
    days = urged_days(session, [duty.id or 0 for duty in owed])
    found: dict[int, list[int]] = {}
    for duty in owed:
        # Urges of before an extension, or of before the day at all, are about another deadline.
        late = (day for day in days.get(duty.id or 0, ()) if day > duty.due_on)
        reached = sorted(late)[urges - 1 : urges]
        if not reached or reached[0] < today - RECENT:
            continue
        if marks.get(session, _duty_mark(duty.id or 0, duty.due_on)) is None:
            found.setdefault(duty.agency_id, []).append(duty.number)
    return {agency: numbers for agency, numbers in found.items() if _apart(session, agency, now)}


def _often_urged(session: Session, urges: int, today: date) -> list[Duty]:
    """Duties with at least so many urges sent, to whomever and on however many days."""
    often = (
        select(Notice.duty_id)
        .where(Notice.kind == NoticeKind.URGE, Notice.state == NoticeState.SENT)
        .group_by(col(Notice.duty_id))
        .having(func.count() >= urges)
    )
    return list(
        session.exec(
            select(Duty)
            .where(
                Duty.state == DutyState.OPEN,
                Duty.kind == DutyKind.DEADLINE,
                Duty.due_on < today,
                col(Duty.id).in_(often),
            )
            .order_by(col(Duty.number))
        ).all()
    )


def _apart(session: Session, agency_id: int, now: datetime) -> bool:
    last = marks.get(session, _agency_mark(agency_id))
    return last is None or now - last.at >= APART


def _agency_mark(agency_id: int) -> str:
    return f"letter:agency:{agency_id}"


def _duty_mark(duty_id: int, due_on: date) -> str:
    return f"letter:duty:{duty_id}:{due_on}"
