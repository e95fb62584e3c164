"""Rankings that were announced: each agency is shown its own lines, and on the day everybody
concerned all of them. Each step is taken once, in one transaction with what it says."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from bot.settings import Settings
from deadlines.calendar import WorkCalendar
from deadlines.periods import period_of
from registry import people, rankings
from registry.clock import local_day
from registry.database import Database
from registry.notices import put_text
from registry.tables import Ranking as Announced
from registry.tables import Subscription
from registry.types import NoticeKind, Role
from reports import figures
from reports.counting import Scope
from reports.ranking import Ranking, rank
from reports.render import Renderer
from reports.status import status_of
from reports.unfolded import Listed, unfold
from scheduler.rankings import Step, earliest, steps_due

LOOK_EVERY = timedelta(minutes=1)
PREVIEW_KEY = "ranking:preview"
LISTED = 15


class Rankings:
    """Does what is due. `wake` is called when something was queued."""

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
        """Take the steps that are due; how many."""
        if self._next is not None and now < self._next:
            return 0
        done = 0
        if await self._db.read(self._due, now):
            done = await self._db.write(self._take, now)
        self._next = now + LOOK_EVERY
        if done:
            self._wake()
        return done

    def _due(self, session: Session, now: datetime) -> int:
        return len(steps_due(rankings.ahead(session), now, self._calendar))

    def _take(self, session: Session, now: datetime) -> int:
        due = steps_due(rankings.ahead(session), now, self._calendar)
        for announced, step in due:
            scope = scope_of(announced.period, now, self._settings.committee.soon_days)
            ranking = rank(status_of(session, scope, overdue=0).rows)
            if step == Step.PREVIEW:
                self._preview(session, announced, ranking, scope, now)
                rankings.previewed(session, announced, now)
            else:
                self._publish(session, announced, ranking, now)
                rankings.published(session, announced, now)
        return len(due)

    def _preview(
        self, session: Session, announced: Announced, ranking: Ranking, scope: Scope, now: datetime
    ) -> None:
        """To the focal points and leaders of each agency: its own lines, and nobody else's."""
        period = period_of(announced.period)
        publish_on = max(announced.publish_on, earliest(local_day(now), self._calendar))
        unseen = []
        for line in (*ranking.ranked, *ranking.apart):
            against = duties_against(session, scope, line.agency_id)
            said = figures.ranking_own(
                self._renderer, line, ranking, period, publish_on, against[:LISTED],
                len(against[LISTED:]),
            )  # fmt: skip
            holders = _holders(session, line.agency_id)
            for holder in holders:
                key = f"{PREVIEW_KEY}:{announced.id}:{line.agency_id}:{holder.id}"
                _tell(session, key, said.html, holder, now)
            if not any(people.has_contact(session, holder) for holder in holders):
                unseen.append(line.agency)
        said = self._renderer.render(
            "replies/xephang_da_gui", period=figures.period_name(period), publish_on=publish_on,
            count=len(ranking.ranked) + len(ranking.apart) - len(unseen), unseen=unseen,
            id=announced.id,
        )  # fmt: skip
        for staff in people.staff_subscriptions(session):
            _tell(session, f"ranking:shown:{announced.id}:{staff.id}", said.html, staff, now)

    def _publish(
        self, session: Session, announced: Announced, ranking: Ranking, now: datetime
    ) -> None:
        """To the members of the committee and the staff."""
        said = figures.ranking(
            self._renderer, ranking, period_of(announced.period), local_day(now),
            objections=rankings.objections(session, announced.id or 0), published=True,
        )  # fmt: skip
        members = session.exec(
            select(Subscription)
            .where(Subscription.role == Role.MEMBER, col(Subscription.ended_at).is_(None))
            .order_by(col(Subscription.id))
        ).all()
        told: set[int] = set()
        for each in (*people.staff_subscriptions(session), *members):
            holder = each.person_id or -(each.id or 0)
            if holder not in told:
                told.add(holder)
                _tell(session, f"ranking:public:{announced.id}:{each.id}", said.html, each, now)


def scope_of(period_key: str, now: datetime, soon_days: int) -> Scope:
    """What a ranking of a period counts: what `/status` with that period counts."""
    period = period_of(period_key)
    days = (period.first, period.last) if period is not None else None
    return Scope(local_day(now), soon_days, period=days)


def duties_against(session: Session, scope: Scope, agency_id: int) -> Sequence[Listed]:
    """What keeps an agency from the full share: overdue, then done late."""
    own = scope.of({agency_id})
    return [
        line
        for name in ("overdue", "done_late")
        for line in unfold(session, own, (name,), 1, 1000).lines
    ]


def _holders(session: Session, agency_id: int) -> Sequence[Subscription]:
    """One subscription of each person who answers for the agency, and its groups."""
    rows = session.exec(
        select(Subscription)
        .where(
            Subscription.agency_id == agency_id,
            col(Subscription.role).in_([Role.FOCAL, Role.LEADER]),
            col(Subscription.ended_at).is_(None),
        )
        .order_by(col(Subscription.id))
    ).all()
    return list({row.person_id or -(row.id or 0): row for row in rows}.values())


def _tell(session: Session, key: str, html: str, subscription: Subscription, now: datetime) -> None:
    put_text(session, NoticeKind.ALERT, key, html, now, subscription_id=subscription.id)
