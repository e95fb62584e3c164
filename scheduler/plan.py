"""When, and to whom: a pure function from duties and subscriptions to notices.

No database, no clock, no wording. Everything a reminder's moment depends on is an argument, and the
same arguments always give the same notices with the same keys.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import lru_cache

from deadlines.calendar import WorkCalendar
from registry.clock import local, moment_of
from registry.notices import PlannedNotice
from registry.types import DutyKind, NoticeKind, Role
from scheduler.ladder import ROLE_STEPS, Heard, Ladder, Pause, RoleSteps, Step, climbed

WEEK = timedelta(days=7)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Policy:
    """The committee's rules. Leads and urges count working days; hours are local.

    leads: days before the last safe day on which a reminder goes out. urges: days after the due
    day, then every week. ladder: when each rung above the focal point hears of it. received_days:
    after "đã nhận" focal points and officers are not urged for so many working days, and then asked
    again (0: urged all the same). at: the hour of planned notices. opens/closes: working hours,
    outside of which only answers go out, and last-day reminders until `last_call`.
    """

    leads: tuple[int, ...] = (10, 5, 2, 0)
    update_leads: tuple[int, ...] = (5, 0)
    urges: tuple[int, ...] = (1, 3)
    ladder: Ladder = field(default_factory=Ladder)
    received_days: int = 5
    at: time = time(8)
    opens: time = time(7, 30)
    closes: time = time(17)
    last_call: time = time(21)


@dataclass(frozen=True, slots=True)
class DutyView:
    """What planning needs to know of a duty. `fresh`: notices are owed since it was made, not since
    it was reopened or extended. `opens_on`: the first day of its period; nobody is reminded of next
    week's report while this week's is still owed."""

    id: int
    agency_id: int
    kind: DutyKind
    due_on: date
    since: datetime
    fresh: bool = False
    opens_on: date = date.min
    ladder: Ladder | None = None
    heard: Heard | None = None


COMMITTEE = 0


@dataclass(frozen=True, slots=True)
class SubscriptionView:
    """What planning needs to know of a subscription. `agency_id`: COMMITTEE where it is for every
    agency."""

    id: int
    agency_id: int
    role: Role
    since: datetime
    extra_leads: tuple[int, ...] = ()
    quiet_from: time | None = None
    quiet_to: time | None = None


@dataclass(frozen=True, slots=True)
class Timetable:
    """The days on which one duty is spoken of."""

    safe_day: date
    reminders: tuple[tuple[int, date], ...]
    urges: tuple[tuple[int, date], ...] = field(default=())


def timetable(
    due_on: date, leads: Iterable[int], policy: Policy, calendar: WorkCalendar, today: date
) -> Timetable:
    """The working days for each lead, earliest first, and (once the due day has passed) for each
    urge up to the first one that lies after `today`.

    Leads count back from the last working day on or before the due day: a due day in a holiday is
    reminded of as if that working day were the deadline.
    """
    safe_day = calendar.last_working(due_on)
    steps = sorted(set(leads), reverse=True)
    reminders = tuple((lead, calendar.back(safe_day, lead)) for lead in steps)
    return Timetable(safe_day, reminders, tuple(_urges(due_on, policy, calendar, today)))


def _urges(
    due_on: date, policy: Policy, calendar: WorkCalendar, today: date
) -> Iterator[tuple[int, date]]:
    if due_on >= today:
        return
    day = due_on
    for number, days in enumerate(policy.urges, start=1):
        day = calendar.forward(due_on, days)
        yield number, day
        if day > today:
            return
    number, told_on = len(policy.urges), day
    while day <= today:
        day += WEEK
        shifted = calendar.forward(day, 0)
        if shifted > told_on:  # After Tết two weeks fall on one morning.
            number, told_on = number + 1, shifted
            yield number, shifted


class Planner:
    """Plans many duties: timetables are worked out once for each due day."""

    def __init__(self, policy: Policy, calendar: WorkCalendar, now: datetime) -> None:
        self.policy = policy
        self.calendar = calendar
        self.now = now
        self.today = local(now).date()
        self._timetable = lru_cache(maxsize=None)(self._work_out)
        self._rung_day = lru_cache(maxsize=None)(calendar.forward)
        self._at = lru_cache(maxsize=None)(moment_of)

    def _work_out(self, due_on: date, leads: tuple[int, ...]) -> Timetable:
        return timetable(due_on, leads, self.policy, self.calendar, self.today)

    def plan(
        self, duties: Iterable[DutyView], subscriptions: Iterable[SubscriptionView]
    ) -> Iterator[PlannedNotice]:
        """Every notice owed to the subscriptions for the open duties of their agencies."""
        of_agency: dict[int, list[SubscriptionView]] = {}
        for subscription in subscriptions:
            if subscription.role in ROLE_STEPS:
                of_agency.setdefault(subscription.agency_id, []).append(subscription)
        everywhere = of_agency.get(COMMITTEE, [])
        for duty in duties:
            for subscription in (*of_agency.get(duty.agency_id, ()), *everywhere):
                yield from self._one(duty, subscription)

    def _one(self, duty: DutyView, subscription: SubscriptionView) -> Iterator[PlannedNotice]:
        steps = ROLE_STEPS[subscription.role]
        since = max(duty.since, subscription.since)
        leads = () if steps.once else self._leads(duty, subscription, steps)
        table = self._timetable(duty.due_on, leads)
        if not steps.once:
            yield from self._reminders(duty, subscription, table, since)
        if table.urges and duty.kind == DutyKind.DEADLINE:
            yield from self._urges(duty, subscription, steps, table, since)

    def _leads(
        self, duty: DutyView, subscription: SubscriptionView, steps: RoleSteps
    ) -> tuple[int, ...]:
        base = self.policy.leads if duty.kind == DutyKind.DEADLINE else self.policy.update_leads
        kept = [lead for lead in base if steps.leads is None or lead in steps.leads]
        return tuple(sorted({*kept, *subscription.extra_leads}, reverse=True))

    def _reminders(
        self, duty: DutyView, subscription: SubscriptionView, table: Timetable, since: datetime
    ) -> Iterator[PlannedNotice]:
        ahead: list[date] = []
        missed: int | None = None
        for lead, day in table.reminders:
            if lead and day < duty.opens_on:
                continue
            at = self._moment(day, subscription)
            if at >= since:
                ahead.append(day)
                yield self._notice(NoticeKind.REMINDER, str(lead), duty, subscription, at)
            else:
                missed = lead
        today = local(since).date()
        if not ahead and today <= table.safe_day:
            # It came after the last step, on the last day: said at once, or not in time at all.
            yield self._notice(NoticeKind.REMINDER, "0", duty, subscription, since)
        elif ahead and missed is not None and duty.fresh and duty.since >= subscription.since:
            # A new duty that is already near is made known the next morning; who binds later, or
            # has just been given more time, knows of it.
            morning = self.calendar.forward(today, 1)
            if morning < min(ahead):
                at = self._moment(morning, subscription)
                yield self._notice(NoticeKind.REMINDER, str(missed), duty, subscription, at)

    def _urges(
        self, duty: DutyView, subscription: SubscriptionView, steps: RoleSteps, table: Timetable,
        since: datetime,
    ) -> Iterator[PlannedNotice]:  # fmt: skip
        numbered = tuple((str(number), day) for number, day in table.urges)
        if steps.rung is None:
            yield from self._until_received(duty, subscription, numbered, since)
            return
        days = (duty.ladder or self.policy.ladder).after(steps.rung)
        if not days:
            return
        climb = climbed(numbered, self._rung_day(duty.due_on, days), steps)
        if steps.once:
            yield from self._once(duty, subscription, climb[0])
        else:
            yield from self._urge_notices(duty, subscription, climb, since)

    def _until_received(
        self, duty: DutyView, subscription: SubscriptionView, numbered: Sequence[Step],
        since: datetime,
    ) -> Iterator[PlannedNotice]:  # fmt: skip
        pause = Pause.after(duty.heard, self.policy.received_days, self.calendar)
        if pause is None:
            yield from self._urge_notices(duty, subscription, numbered, since)
            return
        asked = pause.asked_again(list(numbered), duty.due_on)
        for notice in self._urge_notices(duty, subscription, asked, since):
            if not pause.silences(notice.due_at):
                yield notice

    def _once(
        self, duty: DutyView, subscription: SubscriptionView, step: Step
    ) -> Iterator[PlannedNotice]:
        """A rung above the agency: not told of what was told before it came; told on the next
        morning of a duty that was opened again, or made, after its day."""
        name, day = step
        at = self._moment(day, subscription)
        if at < subscription.since:
            return
        if at < duty.since:
            morning = self.calendar.forward(local(duty.since).date(), 1)
            at = self._moment(morning, subscription)
        yield self._notice(NoticeKind.URGE, name, duty, subscription, at)

    def _urge_notices(
        self, duty: DutyView, subscription: SubscriptionView, urges: Sequence[Step], since: datetime
    ) -> Iterator[PlannedNotice]:
        missed: str | None = None
        first_ahead: date | None = None
        for name, day in urges:
            at = self._moment(day, subscription)
            if at >= since:
                first_ahead = first_ahead or day
                yield self._notice(NoticeKind.URGE, name, duty, subscription, at)
            else:
                missed = name
        if missed is None:
            return
        morning = self.calendar.forward(local(since).date(), 1)
        if first_ahead is None or morning < first_ahead:
            at = self._moment(morning, subscription)
            yield self._notice(NoticeKind.URGE, missed, duty, subscription, at)

    def _moment(self, day: date, subscription: SubscriptionView) -> datetime:
        """Quiet hours move a notice within working hours; beyond them it would come too late, and
        delivery keeps them for what can wait."""
        clock = after_quiet(self.policy.at, subscription)
        return self._at(day, clock if clock < self.policy.closes else self.policy.at)

    @staticmethod
    def _notice(
        kind: NoticeKind, step: str, duty: DutyView, subscription: SubscriptionView, at: datetime
    ) -> PlannedNotice:
        key = f"{kind}:{duty.id}:{subscription.id}:{duty.due_on}:{step}"
        return PlannedNotice(key, kind, step, duty.id, subscription.id, at)


def after_quiet(clock: time, subscription: SubscriptionView) -> time:
    """The hour, or the end of the subscription's quiet hours if it falls within them. Quiet hours
    that run over midnight end in the morning."""
    start, end = subscription.quiet_from, subscription.quiet_to
    if start is None or end is None or start == end:
        return clock
    quiet = start <= clock < end if start < end else clock >= start or clock < end
    return end if quiet and end > clock else clock
