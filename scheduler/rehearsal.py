"""The messages of the days to come, worked out as planning and delivery would, with nothing stored
and nothing sent. Reads only: run it outside the writer.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta

from sqlmodel import Session, col, or_, select

from deadlines.calendar import WorkCalendar, tet
from intake.lint import contradictions
from registry import absences, budget
from registry.budget import Tariff
from registry.clock import local, local_day, moment_of
from registry.directives import periodic_reports
from registry.heartbeats import focal_points
from registry.notices import PlannedNotice
from registry.tables import Agency, Contact, Duty, Notice, Person, Subscription
from registry.types import DutyState, NoticeKind, NoticeState, Role
from reports.briefs import days_off
from reports.rehearsal import EXTRAS, OffDuty, Planned, Rehearsal, Spending
from scheduler.briefing import When, brief_day
from scheduler.heartbeat import day_due
from scheduler.ladder import OWN_ROLES
from scheduler.plan import Planner, Policy, SubscriptionView
from scheduler.planning import holders_of, views_of
from scheduler.standing_in import stand_in

DAY = timedelta(days=1)
# Around Tết days off are swapped, and announced late.
TET_BEFORE, TET_AFTER = timedelta(days=7), timedelta(days=10)
_TOLD = (NoticeState.SENT, NoticeState.UNCERTAIN, NoticeState.FOLDED, NoticeState.DEAD)


@dataclass(frozen=True, slots=True)
class Rules:
    """What the settings say of messages that come by the calendar. `tariffs`: of each bot."""

    policy: Policy
    calendar: WorkCalendar
    members: When
    staff: When
    heartbeat_day: int | None
    tariffs: Mapping[str, Tariff] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Where what is owed to a subscription goes. `key`: whose messages fold into one."""

    key: tuple[str, int]
    name: str
    channel: str | None


@dataclass
class _Message:
    """A message while it is put together."""

    reader: _Reader
    agencies: set[str] = field(default_factory=set)
    what: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    urging: bool = True


_Messages = dict[tuple[datetime, tuple[str, int]], _Message]


def rehearse_all(
    session: Session, rules: Rules, first: date, last: date, now: datetime
) -> Rehearsal:
    """Everything between two days, both included, and what to look at before. Reads only."""
    begin, end = max(moment_of(first, time.min), now), moment_of(last + DAY, time.min)
    messages: _Messages = {}
    duties = _duties(session, first)
    _of_duties(session, rules, duties, (begin, end), messages)
    _of_calendar(session, rules, (begin, end), messages)
    planned = _finished(messages)
    free, unsure = days_off(rules.calendar, first, last)
    return Rehearsal(
        first,
        last,
        planned,
        tuple(off_duties(duties, rules.calendar, first, last)),
        free,
        unsure,
        _contradictions(session),
        _spending(session, rules.tariffs, planned, now),
    )


def _duties(session: Session, first: date) -> list[Duty]:
    return list(
        session.exec(
            select(Duty)
            .where(Duty.state == DutyState.OPEN, col(Duty.due_on) >= first - timedelta(400))
            .order_by(col(Duty.id))
        ).all()
    )


# -- reminders and urges ---------------------------------------------------------------------------


def _of_duties(
    session: Session, rules: Rules, duties: Sequence[Duty], span: tuple[datetime, datetime],
    messages: _Messages,
) -> None:  # fmt: skip
    begin, end = span
    agencies = {
        row.id: row.name for row in session.exec(select(Agency)).all() if row.id is not None
    }
    holders = holders_of(session, set(agencies))
    reached = {each.agency_id for each in holders if each.role in OWN_ROLES}
    # Whoever is not connected would hear what a focal point hears.
    nobody = [
        SubscriptionView(-agency, agency, Role.FOCAL, begin)
        for agency in agencies
        if agency not in reached
    ]
    planner = Planner(rules.policy, rules.calendar, end)
    plan = planner.plan(views_of(session, duties, rules.policy), [*holders, *nobody])
    said = _said(session, begin)
    readers = _readers(session, [each.id for each in holders])
    numbers = {duty.id or 0: (duty.number, agencies[duty.agency_id]) for duty in duties}
    for notice in stand_in(plan, absences.away(session, set(agencies))):
        if begin <= notice.due_at < end and notice.key not in said:
            number, agency = numbers[notice.duty_id]
            reader = readers.get(notice.subscription_id) or _nobody(notice, agency)
            _add(messages, notice.due_at, reader, agency, _step(notice), number)


def _said(session: Session, begin: datetime) -> frozenset[str]:
    """Keys of what has been told, or put off: planning does not ask for it twice."""
    rows = session.exec(
        select(Notice.key).where(
            col(Notice.due_at) >= begin,
            col(Notice.kind).in_([NoticeKind.REMINDER, NoticeKind.URGE]),
            col(Notice.state).in_(_TOLD),
        )
    ).all()
    return frozenset(rows)


def _nobody(notice: PlannedNotice, agency: str) -> _Reader:
    return _Reader(("agency:" + agency, notice.subscription_id), agency, None)


def _step(notice: PlannedNotice) -> str:
    """What the message says, in a few words."""
    if notice.kind == NoticeKind.REMINDER:
        return "nhắc ngày cuối" if notice.step == "0" else f"nhắc trước {notice.step} ngày làm việc"
    return _RUNGS.get(notice.step) or (
        f"đôn đốc lần {notice.step}" if notice.step.isdecimal() else "hỏi lại việc đã nhận"
    )


_RUNGS = {
    "leader": "đôn đốc, báo lãnh đạo",
    "member": "báo thành viên phụ trách",
    "staff": "báo cơ quan thường trực",
}


def _add(
    messages: _Messages, at: datetime, reader: _Reader, agency: str, step: str,
    number: int | None = None, *, urging: bool | None = None,
) -> None:  # fmt: skip
    message = messages.setdefault((at, reader.key), _Message(reader))
    if agency:
        message.agencies.add(agency)
    mine = message.what[step]
    if number is not None:
        mine.add(number)
    if urging is None:
        urging = not step.startswith("nhắc")
    message.urging = message.urging and urging


def _readers(session: Session, subscriptions: Sequence[int]) -> dict[int, _Reader]:
    """Where each subscription's messages go: its group, or its person's first live chat."""
    rows = session.exec(
        select(Subscription, Contact, Person)
        .select_from(Subscription)
        .join(
            Contact,
            or_(
                col(Contact.id) == col(Subscription.contact_id),
                col(Contact.person_id) == col(Subscription.person_id),
            ),
        )
        .join(Person, col(Person.id) == col(Subscription.person_id), isouter=True)
        .where(col(Subscription.id).in_(subscriptions), col(Contact.closed_at).is_(None))
        .order_by(col(Contact.rank).desc(), col(Contact.id).desc())
    ).all()
    found: dict[int, _Reader] = {}
    for held, contact, person in rows:
        name = person.name if person is not None else contact.title or "nhóm"
        found[held.id or 0] = _Reader(("contact", contact.id or 0), name, contact.channel)
    lost = set(subscriptions) - set(found)
    for held in session.exec(select(Subscription).where(col(Subscription.id).in_(lost))).all():
        known = session.get(Person, held.person_id) if held.person_id is not None else None
        name = known.name if known is not None else "nhóm"
        found[held.id or 0] = _Reader(("held", held.id or 0), name, None)
    return found


# -- what comes by the calendar --------------------------------------------------------------------


def _of_calendar(
    session: Session, rules: Rules, span: tuple[datetime, datetime], messages: _Messages
) -> None:
    days = _days(*span)
    if rules.heartbeat_day is not None:
        _heartbeats(session, rules, days, span, messages)
    for role, when in (((Role.MEMBER,), rules.members), ((Role.STAFF, Role.ADMIN), rules.staff)):
        on = [
            moment_of(day, when.at) for day in days if brief_day(day, when, rules.calendar) == day
        ]
        for reader in _briefed(session, role) if on else ():
            for at in on:
                if span[0] <= at < span[1]:
                    _add(messages, at, replace(reader, key=("brief", reader.key[1])), "",
                         EXTRAS["brief"], urging=False)  # fmt: skip


def _days(begin: datetime, end: datetime) -> list[date]:
    first, last = local_day(begin), local_day(end - timedelta(seconds=1))
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def _heartbeats(
    session: Session, rules: Rules, days: Sequence[date], span: tuple[datetime, datetime],
    messages: _Messages,
) -> None:  # fmt: skip
    """Under the day's message where there is one."""
    nth = rules.heartbeat_day or 1
    due = [
        moment_of(day, rules.policy.at) for day in days if day_due(day, nth, rules.calendar) == day
    ]
    points = focal_points(session) if due else []
    readers = _readers(session, [point.subscription_id for point in points])
    for at in due:
        for point in points:
            reader = readers[point.subscription_id]
            if span[0] <= at < span[1] and reader.channel is not None:
                _add(messages, at, reader, "", EXTRAS["heartbeat"], urging=False)


def _briefed(session: Session, roles: Sequence[Role]) -> list[_Reader]:
    rows = session.exec(
        select(Subscription)
        .where(
            col(Subscription.role).in_(roles),
            col(Subscription.ended_at).is_(None),
            col(Subscription.person_id).is_not(None),
        )
        .order_by(col(Subscription.id))
    ).all()
    unwilling = {row.person_id for row in rows if not row.briefs}
    first = {row.person_id: row.id or 0 for row in reversed(rows)}
    wanted = [held for person, held in first.items() if person not in unwilling]
    return [reader for reader in _readers(session, wanted).values() if reader.channel]


def _finished(messages: _Messages) -> tuple[Planned, ...]:
    found = [
        Planned(
            at,
            one.reader.name,
            tuple(sorted(one.agencies)),
            one.reader.channel,
            tuple((step, tuple(sorted(numbers))) for step, numbers in one.what.items()),
            one.urging,
        )
        for (at, _), one in messages.items()
    ]
    return tuple(sorted(found, key=lambda one: (one.at, one.agencies, one.to)))


# -- what to look at -------------------------------------------------------------------------------


def off_duties(
    duties: Iterable[Duty], calendar: WorkCalendar, first: date, last: date
) -> list[OffDuty]:
    """Due days that are free, or near a Tết whose days off are not known yet. Pure."""
    days: dict[date, list[int]] = defaultdict(list)
    for duty in duties:
        if first <= duty.due_on <= last:
            days[duty.due_on].append(duty.number)
    found = []
    for day, numbers in sorted(days.items()):
        near = _near_tet(day) and not calendar.is_confirmed(day.year)
        if near or not calendar.is_working(day):
            reason = calendar.name_of(day) or "gần Tết Nguyên đán"
            safe = calendar.last_working(day)
            found.append(OffDuty(day, reason, tuple(sorted(numbers)), safe, near))
    return found


def _near_tet(day: date) -> bool:
    first = tet(day.year)
    return first - TET_BEFORE <= day <= first + TET_AFTER


def _contradictions(session: Session) -> tuple[str, ...]:
    """Directives in force that ask the same receiver for the same report by different days."""
    reports = periodic_reports(session)
    found: dict[str, None] = {}
    for place, one in enumerate(reports):
        others = [each for each in reports[place + 1 :] if each.directive != one.directive]
        for problem in contradictions(0, one.kind, one.rule, one.send_to, others):
            found.setdefault(f"{one.directive}: {problem.message}")
    return tuple(found)


def _spending(
    session: Session, tariffs: Mapping[str, Tariff], planned: Sequence[Planned], now: datetime
) -> tuple[Spending, ...]:
    """By bot and month. What went out so far counts in the month that runs."""
    counts: dict[tuple[str, date], list[int]] = defaultdict(lambda: [0, 0])
    for one in planned:
        if one.channel is not None:
            counts[one.channel, local(one.at).date().replace(day=1)][one.urging] += 1
    this = budget.month_of(now)
    return tuple(
        Spending(
            channel, month, sure, urges,
            budget.used(session, channel, month) if month == this else 0,
            tariffs.get(channel, Tariff()).messages,
        )
        for (channel, month), (sure, urges) in sorted(counts.items())
    )  # fmt: skip
