"""Planning at work: what changed is read, planned by `plan.py`, and stored, in one transaction."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlmodel import Session, col, or_, select, update

from deadlines.calendar import WorkCalendar
from registry.clock import local_day, moment_of
from registry.notices import PlannedNotice, put_planned
from registry.tables import Agency, Contact, Duty, Subscription
from registry.types import DutyState, NoticeKind, Role
from scheduler.plan import ROLE_STEPS, DutyView, Planner, Policy, SubscriptionView

SLICE = 500


def _duty(row: Duty) -> DutyView:
    fresh = row.since == row.created_at
    return DutyView(
        row.id or 0, row.agency_id, row.kind, row.due_on, row.since, fresh, row.opens_on
    )


def leads_of(text: str) -> tuple[int, ...]:
    """A subscription's extra leads as stored ("15,3")."""
    return tuple(int(part) for part in text.split(",") if part.strip().isdigit())


def _subscription(row: Subscription) -> SubscriptionView:
    return SubscriptionView(
        id=row.id or 0,
        agency_id=row.agency_id or 0,
        role=row.role,
        since=row.since,
        extra_leads=leads_of(row.leads),
        quiet_from=row.quiet_from,
        quiet_to=row.quiet_to,
    )


@dataclass(frozen=True, slots=True)
class Slice:
    """What one piece of planning came to: new notices, and whether more duties wait."""

    added: int
    more: bool


def mark_changed(session: Session, now: datetime, *, daily: bool = False) -> None:
    """Mark the duties that must be planned anew because a subscription of their agency changed.

    daily: also the duties that are overdue, whose next urge becomes known only day by day.
    """
    changed = session.exec(
        select(Subscription.agency_id).where(
            col(Subscription.plan_due), col(Subscription.ended_at).is_(None)
        )
    ).all()
    agencies = {agency for agency in changed if agency is not None}
    concerned = [
        *([col(Duty.agency_id).in_(agencies)] if agencies else []),
        *([col(Duty.due_on) < local_day(now)] if daily else []),
    ]
    if concerned:
        session.execute(
            update(Duty)
            .where(col(Duty.state) == DutyState.OPEN, or_(*concerned))
            .values(plan_due=True)
        )
    session.execute(update(Subscription).where(col(Subscription.plan_due)).values(plan_due=False))
    session.execute(
        update(Duty)
        .where(col(Duty.plan_due), col(Duty.state) != DutyState.OPEN)
        .values(plan_due=False)
    )


def plan_slice(
    session: Session, policy: Policy, calendar: WorkCalendar, now: datetime, most: int = SLICE
) -> Slice:
    """Plan up to `most` marked duties. In pieces, because a big import planned in one transaction
    would keep everybody's answers waiting for seconds."""
    duties = session.exec(
        select(Duty)
        .where(col(Duty.plan_due), Duty.state == DutyState.OPEN)
        .order_by(col(Duty.id))
        .limit(most + 1)
    ).all()
    now_planned = duties[:most]
    added = put_planned(session, _plan(session, now_planned, Planner(policy, calendar, now)))
    for duty in now_planned:
        duty.plan_due = False
        session.add(duty)
    session.flush()
    return Slice(added, more=len(duties) > most)


def plan_changed(
    session: Session, policy: Policy, calendar: WorkCalendar, now: datetime, *, daily: bool = False
) -> int:
    """Plan everything that changed since the last time, in one transaction; return new notices."""
    mark_changed(session, now, daily=daily)
    added, more = 0, True
    while more:
        piece = plan_slice(session, policy, calendar, now)
        added, more = added + piece.added, piece.more
    return added


def _plan(session: Session, duties: Sequence[Duty], planner: Planner) -> Iterable[PlannedNotice]:
    subscriptions = _live_subscriptions(session, {duty.agency_id for duty in duties})
    return planner.plan(map(_duty, duties), map(_subscription, subscriptions))


def _live_subscriptions(session: Session, agencies: set[int]) -> list[Subscription]:
    if not agencies:
        return []
    return list(
        session.exec(
            select(Subscription).where(
                col(Subscription.ended_at).is_(None),
                col(Subscription.agency_id).in_(agencies),
                col(Subscription.role).in_(list(ROLE_STEPS)),
            )
        ).all()
    )


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """One message that would go out: `channel` is None where the agency cannot be reached."""

    at: datetime
    agency: str
    channel: str | None
    step: str
    duties: tuple[int, ...]


def rehearse(
    session: Session,
    policy: Policy,
    calendar: WorkCalendar,
    start: date,
    until: date,
    *,
    if_silent: bool = False,
) -> list[Rehearsed]:
    """What would be sent from the first day to the last, as if nobody answered; nothing is stored.

    Steps are working days before the last safe day; "u2" is the second urge, listed only with
    `if_silent`, since urges exist only where nobody answers.
    """
    begin, end = moment_of(start, time.min), moment_of(until + timedelta(days=1), time.min)
    duties = session.exec(
        select(Duty).where(Duty.state == DutyState.OPEN, col(Duty.due_on) >= start - timedelta(90))
    ).all()
    agencies = {
        agency.id: agency.name
        for agency in session.exec(select(Agency)).all()
        if agency.id is not None
    }
    planner = Planner(policy, calendar, end if if_silent else begin)
    holders = [_from_the_start(each) for each in _live_subscriptions(session, set(agencies))]
    reached = {each.agency_id for each in holders}
    nobody = [
        SubscriptionView(-agency, agency, Role.FOCAL, begin)
        for agency in agencies
        if agency not in reached
    ]
    views = [
        DutyView(d.id or 0, d.agency_id, d.kind, d.due_on, begin, opens_on=d.opens_on)
        for d in duties
    ]
    channels = _channels(session, holders)
    numbers = {duty.id: (duty.number, agencies[duty.agency_id]) for duty in duties}
    rows: dict[tuple[datetime, str, str | None, str], set[int]] = {}
    for notice in planner.plan(views, [*holders, *nobody]):
        if not begin <= notice.due_at < end or (notice.kind == NoticeKind.URGE and not if_silent):
            continue
        number, agency = numbers[notice.duty_id]
        step = notice.step if notice.kind == NoticeKind.REMINDER else f"u{notice.step}"
        key = (notice.due_at, agency, channels.get(notice.subscription_id), step)
        rows.setdefault(key, set()).add(number)
    return [
        Rehearsed(*key, tuple(sorted(found)))
        for key, found in sorted(rows.items(), key=lambda row: (row[0][0], row[0][1], row[0][3]))
    ]


def _from_the_start(row: Subscription) -> SubscriptionView:
    view = _subscription(row)
    early = datetime.min.replace(year=1970, tzinfo=view.since.tzinfo)
    return SubscriptionView(
        view.id, view.agency_id, view.role, early, view.extra_leads, view.quiet_from, view.quiet_to
    )


def _channels(session: Session, holders: Sequence[SubscriptionView]) -> dict[int, str]:
    """The channel each subscription is delivered on; absent where there is no live contact."""
    wanted = [holder.id for holder in holders]
    rows = session.exec(
        select(Subscription.id, Contact.channel)
        .join(
            Contact,
            or_(
                col(Contact.id) == col(Subscription.contact_id),
                col(Contact.person_id) == col(Subscription.person_id),
            ),
        )
        .where(col(Subscription.id).in_(wanted), col(Contact.closed_at).is_(None))
        .order_by(col(Contact.rank).desc(), col(Contact.id).desc())
    ).all()
    return {subscription: channel for subscription, channel in rows if subscription is not None}
