"""Planning at work: what changed is read, planned by `plan.py`, and stored, in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import lru_cache

from sqlmodel import Session, col, or_, select, update

from deadlines.calendar import WorkCalendar
from registry import absences, marks, people, urging
from registry.clock import local_day, moment_of
from registry.notices import PlannedNotice, put_planned
from registry.replanning import settle
from registry.tables import Agency, Contact, Duty, Subscription
from registry.types import DutyState, NoticeKind, Role
from registry.urging import Rungs
from scheduler.ladder import ABOVE, OWN_ROLES, Heard, Ladder
from scheduler.plan import COMMITTEE, DutyView, Planner, Policy, SubscriptionView
from scheduler.standing_in import stand_in

SLICE = 500
POLICY_MARK = "policy"
_AGENCY_ROLES = (*OWN_ROLES, Role.MEMBER)
_WHOLE_COMMITTEE = (Role.STAFF, Role.ADMIN)


def ladder_of(policy: Policy, rungs: Rungs | None) -> Ladder | None:
    """A directive's own ladder, where it says nothing the policy's; None without one of its own."""
    if rungs is None or not rungs.own:
        return None
    given = {
        name: days
        for name in ("leader", "member", "staff")
        if (days := getattr(rungs, name)) is not None
    }
    return replace(policy.ladder, **given)


def _duty(
    row: Duty, policy: Policy, rungs: Mapping[int, Rungs], heard: Mapping[int, datetime]
) -> DutyView:
    fresh = row.since == row.created_at
    ladder = ladder_of(policy, rungs.get(row.task_id))
    last_at = heard.get(row.id or 0)
    said = Heard(row.received_at, last_at) if row.received_at and last_at else None
    return DutyView(
        row.id or 0, row.agency_id, row.kind, row.due_on, row.since, fresh, row.opens_on,
        ladder, said,
    )  # fmt: skip


def leads_of(text: str) -> tuple[int, ...]:
    """A subscription's extra leads as stored ("15,3")."""
    return tuple(int(part) for part in text.split(",") if part.strip().isdigit())


def _subscription(row: Subscription) -> SubscriptionView:
    return SubscriptionView(
        id=row.id or 0,
        agency_id=row.agency_id or COMMITTEE,
        role=row.role,
        since=row.since,
        extra_leads=leads_of(row.leads),
        quiet_from=row.quiet_from,
        quiet_to=row.quiet_to,
    )


# The slices of one run share the timetables that have been worked out, and so do committees of one
# process with the same rules.
_planner = lru_cache(maxsize=8)(Planner)


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
        select(Subscription.agency_id, Subscription.role).where(
            col(Subscription.plan_due), col(Subscription.ended_at).is_(None)
        )
    ).all()
    agencies = {agency for agency, _ in changed if agency is not None}
    # Staff are told of what is overdue only, whatever the agency.
    overdue = daily or any(role in _WHOLE_COMMITTEE for _, role in changed)
    concerned = [
        *([col(Duty.agency_id).in_(agencies)] if agencies else []),
        *([col(Duty.due_on) < local_day(now)] if overdue else []),
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


def note_policy(session: Session, policy: Policy, now: datetime) -> bool:
    """Whether the policy is another than the last time; then every open duty is planned anew."""
    kept = marks.get(session, POLICY_MARK)
    if kept is not None and kept.value == repr(policy):
        return False
    marks.put(session, POLICY_MARK, repr(policy), now)
    session.execute(update(Duty).where(col(Duty.state) == DutyState.OPEN).values(plan_due=True))
    return True


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
    planned = _plan(session, now_planned, _planner(policy, calendar, now))
    ids = [duty.id or 0 for duty in now_planned]
    settle(session, ids, planned, now)
    added = put_planned(session, planned)
    session.execute(update(Duty).where(col(Duty.id).in_(ids)).values(plan_due=False))
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


def _plan(session: Session, duties: Sequence[Duty], planner: Planner) -> list[PlannedNotice]:
    subscriptions = holders_of(session, {duty.agency_id for duty in duties})
    plan = planner.plan(views_of(session, duties, planner.policy), subscriptions)
    planned = stand_in(plan, absences.away(session, {duty.agency_id for duty in duties}))
    told_since = {
        (each.duty_id, each.subscription_id)
        for each in planned
        if each.step.isdecimal() and each.kind == NoticeKind.URGE and each.due_at < planner.now
    }
    return [
        _not_in_the_past(each, planner)
        for each in planned
        # A leader's step that was set, or missed, and has been followed by an urge since.
        if each.step != Role.LEADER
        or each.due_at >= planner.now
        or (each.duty_id, each.subscription_id) not in told_since
    ]


def _not_in_the_past(notice: PlannedNotice, planner: Planner) -> PlannedNotice:
    """Those above the agency are told of a step that was set, or missed, after its day on the next
    morning, not as something an outage held up. What is stored already keeps its moment."""
    if notice.step not in ABOVE or notice.due_at >= planner.now:
        return notice
    day, hour = planner.calendar.forward(planner.today, 0), planner.policy.at
    if moment_of(day, hour) < planner.now:
        day = planner.calendar.forward(planner.today, 1)
    return replace(notice, due_at=moment_of(day, hour))


def views_of(session: Session, duties: Sequence[Duty], policy: Policy) -> list[DutyView]:
    """The duties as planning sees them."""
    rungs = urging.own_rungs(session, {duty.task_id for duty in duties})
    received = {duty.id or 0: duty.received_at for duty in duties if duty.received_at is not None}
    heard = urging.last_heard(session, received)
    return [_duty(duty, policy, rungs, heard) for duty in duties]


def holders_of(session: Session, agencies: set[int]) -> list[SubscriptionView]:
    """Those who are told of the agencies' duties; each member of the staff once, however bound."""
    if not agencies:
        return []
    own = session.exec(
        select(Subscription).where(
            col(Subscription.ended_at).is_(None),
            col(Subscription.agency_id).in_(agencies),
            col(Subscription.role).in_(_AGENCY_ROLES),
        )
    ).all()
    staff = (
        replace(_subscription(each), agency_id=COMMITTEE, role=Role.STAFF)
        for each in people.staff_subscriptions(session)
    )
    return [*map(_subscription, own), *staff]


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
    holders = [_from_the_start(each) for each in holders_of(session, set(agencies))]
    reached = {each.agency_id for each in holders if each.role in OWN_ROLES}
    nobody = [
        SubscriptionView(-agency, agency, Role.FOCAL, begin)
        for agency in agencies
        if agency not in reached
    ]
    views = [replace(view, since=begin, fresh=False) for view in views_of(session, duties, policy)]
    channels = _channels(session, holders)
    numbers = {duty.id: (duty.number, agencies[duty.agency_id]) for duty in duties}
    rows: dict[tuple[datetime, str, str | None, str], set[int]] = {}
    plan = planner.plan(views, [*holders, *nobody])
    for notice in stand_in(plan, absences.away(session, set(agencies))):
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


def _from_the_start(view: SubscriptionView) -> SubscriptionView:
    return replace(view, since=datetime.min.replace(year=1970, tzinfo=view.since.tzinfo))


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
