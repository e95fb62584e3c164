"""What the bot does by the calendar and unasked: the monthly question to focal points, and the
weekly briefs. Each once, and remembered; what an outage cost is not made up for later than useful.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from sqlmodel import Session, col, select

from bot.settings import Settings
from deadlines.calendar import WorkCalendar
from registry import budget, heartbeats, marks, people
from registry.budget import Tariff
from registry.clock import local, local_day, moment_of
from registry.database import Database
from registry.notices import put_text
from registry.portfolio import members
from registry.tables import Subscription
from registry.types import NoticeKind, Role
from reports import brief_words
from reports.brief_words import MemberBrief, StaffBrief
from reports.briefs import Desk, load_desk, load_week, who_answers
from reports.render import Rendered, Renderer
from scheduler import briefing, heartbeat
from scheduler.briefing import When
from scheduler.thrift import Level, level_of

LOOK_EVERY = timedelta(minutes=5)
HEARTBEAT_MARK = "heartbeat:"
ANSWERS_MARK = "heartbeat-answers:"
BRIEF_MARK = "brief:"


class Rounds:
    """Looks every few minutes. `wake` is called when something was queued; `tariffs`: what each bot
    may send."""

    def __init__(
        self,
        db: Database,
        settings: Settings,
        renderer: Renderer,
        calendar: WorkCalendar,
        tariffs: Mapping[str, Tariff],
        wake: Callable[[], object],
    ) -> None:
        self._db = db
        self._settings = settings
        self._renderer = renderer
        self._calendar = calendar
        self._tariffs = tariffs
        self._wake = wake
        self._next: datetime | None = None

    async def look(self, now: datetime) -> None:
        """Do what is due."""
        if self._next is not None and now < self._next:
            return
        asked = await self._db.write(self._ask, now) if self._settings.contacts.heartbeat else 0
        told = await self._briefs(now)
        self._next = now + LOOK_EVERY
        if asked or told:
            self._wake()

    # -- are you still there ----------------------------------------------------------------------

    def _ask(self, session: Session, now: datetime) -> int:
        """Queue the month's question for this morning, and tell staff who owes a word."""
        contacts, today = self._settings.contacts, local_day(now)
        day = heartbeat.day_due(today, contacts.heartbeat_day, self._calendar)
        count = 0
        if day is not None and not _done(session, f"{HEARTBEAT_MARK}{day:%Y-%m}"):
            points = heartbeats.focal_points(session)
            unheard = timedelta(days=contacts.unheard_days)
            wanted = heartbeat.wanted(points, day, unheard, self._saving(session, now))
            at = moment_of(today, self._settings.policy.at)
            count = heartbeats.put(session, day, wanted, max(at, now))
            marks.put(session, f"{HEARTBEAT_MARK}{day:%Y-%m}", "", now)
        return count + self._missing(session, now)

    def _saving(self, session: Session, now: datetime) -> list[str]:
        """Bots that have little left of their month."""
        scarce = (Level.SAVE, Level.SPENT)
        return [
            name
            for name, tariff in self._tariffs.items()
            if level_of(budget.budget_of(session, name, tariff.messages, now)) in scarce
        ]

    def _missing(self, session: Session, now: datetime) -> int:
        """Those whose time to answer has run out, told to staff once for each month's question."""
        days = self._settings.contacts.answer_days
        today = local_day(now)
        late = heartbeat.given_up(heartbeats.unanswered(session, now), today, days, self._calendar)
        fresh = [one for one in late if not _done(session, _answer_mark(one))]
        if not fresh:
            return 0
        said = self._renderer.render("replies/lienlac_silent_staff", rows=fresh, days=days)
        for one in fresh:
            marks.put(session, _answer_mark(one), "", now)
        return _tell(session, people.staff_subscriptions(session), f"heartbeat:{now.isoformat()}",
                     said, now)  # fmt: skip

    # -- briefs -----------------------------------------------------------------------------------

    async def _briefs(self, now: datetime) -> int:
        settings = self._settings.briefs
        told = 0
        if await self._db.read(self._due, "members", When(settings.members, settings.at), now):
            told += await self._to_members(now)
        if await self._db.read(self._due, "staff", When(settings.staff, settings.at), now):
            told += await self._to_staff(now)
        return told

    def _due(self, session: Session, who: str, when: When, now: datetime) -> bool:
        here = local(now)
        day = briefing.brief_day(here.date(), when, self._calendar)
        if day != here.date() or here.time() < when.at:
            return False
        return not _done(session, _brief_mark(who, day))

    async def _to_members(self, now: datetime) -> int:
        found = await self._db.read(self._member_briefs, now)
        words = [
            (held, brief_words.brief_member(self._renderer, brief, whole=whole))
            for held, brief, whole in found
        ]
        return await self._db.write(self._hand_over, "members", words, now)

    def _member_briefs(
        self, session: Session, now: datetime
    ) -> list[tuple[Subscription, MemberBrief, bool]]:
        found = []
        for member in members(session):
            held = _wanting(session, member.person_id, (Role.MEMBER,))
            if held is None:
                continue
            week = load_week(
                session, local_day(now), member.agencies, self._settings.committee.soon_days
            )
            found.append((held, _named(session, briefing.for_member(week)), not member.agencies))
        return found

    async def _to_staff(self, now: datetime) -> int:
        brief, desk = await self._db.read(self._staff_brief, now)
        said = brief_words.brief_staff(self._renderer, brief, desk)
        readers = await self._db.read(_staff_wanting)
        return await self._db.write(
            self._hand_over, "staff", [(held, said) for held in readers], now
        )

    def _staff_brief(self, session: Session, now: datetime) -> tuple[StaffBrief, Desk]:
        today = local_day(now)
        week = load_week(session, today, None, self._settings.committee.soon_days)
        days = self._settings.contacts.answer_days
        missing = heartbeat.given_up(
            heartbeats.unanswered(session, now), today, days, self._calendar
        )
        brief = briefing.for_staff(week, briefing.horizon(today, self._calendar))
        return brief, load_desk(session, now, self._calendar, len(missing))

    def _hand_over(
        self,
        session: Session,
        who: str,
        words: Sequence[tuple[Subscription, Rendered]],
        now: datetime,
    ) -> int:
        """Queue what was written, and remember it, in one transaction."""
        mark = _brief_mark(who, local_day(now))
        if _done(session, mark):
            return 0
        marks.put(session, mark, "", now)
        return sum(_tell(session, [held], mark, said, now) for held, said in words)


def _done(session: Session, mark: str) -> bool:
    return marks.get(session, mark) is not None


def _brief_mark(who: str, day: date) -> str:
    return f"{BRIEF_MARK}{who}:{day.isoformat()}"


def _answer_mark(one: heartbeats.Unanswered) -> str:
    return f"{ANSWERS_MARK}{one.asked_on.isoformat()}:{one.person_id}"


def _tell(
    session: Session, to: Sequence[Subscription], key: str, said: Rendered, now: datetime
) -> int:
    for held in to:
        put_text(
            session, NoticeKind.ALERT, f"{key}:{held.id}", said.html, now, subscription_id=held.id
        )
    return len(to)


def _wanting(session: Session, person_id: int, roles: Sequence[Role]) -> Subscription | None:
    """The subscription a brief goes to; None where its holder wants none."""
    rows = session.exec(
        select(Subscription)
        .where(
            Subscription.person_id == person_id,
            col(Subscription.role).in_(roles),
            col(Subscription.ended_at).is_(None),
        )
        .order_by(col(Subscription.id))
    ).all()
    return rows[0] if rows and all(row.briefs for row in rows) else None


def _staff_wanting(session: Session) -> list[Subscription]:
    found = (
        _wanting(session, row.person_id, (Role.STAFF, Role.ADMIN))
        for row in people.staff_subscriptions(session)
        if row.person_id is not None
    )
    return [held for held in found if held is not None]


def _named(session: Session, brief: MemberBrief) -> MemberBrief:
    """The brief with the name of the one to call, where somebody is known."""
    if brief.call is None:
        return brief
    known = who_answers(session, brief.call.agency_id)
    if known is None:
        return brief
    return replace(brief, call=replace(brief.call, name=known[0], role=known[1]))
