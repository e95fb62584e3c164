"""Duties as a calendar that phones and computers subscribe to (RFC 5545). The only home of
icalendar.

The same facts give the same bytes, so that an unchanged calendar need not be sent again. An event's
UID never changes; what its SEQUENCE and LAST-MODIFIED count from is the last change of its duty, so
that a moved day is picked up.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from icalendar import Alarm, Calendar, Event
from sqlmodel import Session, col, or_, select

from deadlines.calendar import WorkCalendar
from registry.clock import moment_of
from registry.tables import Duty
from registry.types import DutyState
from reports.calendar_words import calendar_event
from reports.facts import DutyFacts, load_facts
from reports.render import Renderer
from reports.vietnamese import cut

PAST_DAYS = 180
AHEAD_DAYS = 400
# A whole province's weekly reports over a year would be tens of thousands; the nearest are shown.
MOST_ENTRIES = 2000
REFRESH = timedelta(hours=1)
LONGEST_TITLE = 200


@dataclass(frozen=True, slots=True)
class Entry:
    """A duty, when it was made and when it last changed (UTC)."""

    facts: DutyFacts
    made: datetime
    changed: datetime


@dataclass(frozen=True, slots=True)
class Ringing:
    """When an open duty rings: working days before its last safe day, at a local hour.
    `update_leads` are those of periodic updates."""

    leads: tuple[int, ...]
    update_leads: tuple[int, ...]
    at: time


def entries(
    session: Session,
    agency_ids: Collection[int] | None,
    today: date,
    calendar: WorkCalendar,
    most: int = MOST_ENTRIES,
) -> list[Entry]:
    """The duties of these agencies (None: of all) from half a year ago to the horizon, by day; of
    too many the nearest to today. What ended before its day came is left out after it has passed.
    """
    first, last = today - timedelta(days=PAST_DAYS), today + timedelta(days=AHEAD_DAYS)
    shown = select(Duty).where(
        col(Duty.due_on) <= last,
        or_(col(Duty.due_on) >= first, Duty.state == DutyState.OPEN),
        or_(Duty.state != DutyState.CANCELLED, col(Duty.due_on) >= today),
    )
    if agency_ids is not None:
        shown = shown.where(col(Duty.agency_id).in_(list(agency_ids)))
    # Sorted here: no two databases agree on how to count days.
    rows = sorted(session.exec(shown).all(), key=lambda duty: abs((duty.due_on - today).days))
    kept = sorted(rows[:most], key=lambda duty: (duty.due_on, duty.number))
    facts = load_facts(session, (duty.id or 0 for duty in kept), today, calendar)
    return [
        Entry(facts[duty.id or 0], duty.created_at, _changed(duty))
        for duty in kept
        if duty.id in facts
    ]


def _changed(duty: Duty) -> datetime:
    """Whatever happens to a duty leaves its moment in one of these."""
    moments = (duty.created_at, duty.since, duty.closed_at, duty.received_at)
    return max(each for each in moments if each is not None)


def feed(
    renderer: Renderer,
    found: Sequence[Entry],
    title: str,
    namespace: str,
    ringing: Ringing,
    calendar: WorkCalendar,
) -> bytes:
    """The calendar's text. `namespace` tells this installation's events from all others'."""
    made = Calendar()
    made.add("prodid", "-//Don Doc//dondoc//VI")
    made.add("version", "2.0")
    made.add("calscale", "GREGORIAN")
    made.add("x-wr-calname", f"Đôn Đốc – {cut(title, LONGEST_TITLE)}")
    made.add("x-wr-timezone", "Asia/Ho_Chi_Minh")
    made.add("refresh-interval", REFRESH, parameters={"value": "DURATION"})
    made.add("x-published-ttl", "PT1H")
    several = len({each.facts.agency_id for each in found}) > 1
    for each in found:
        made.add_component(_event(renderer, each, namespace, several, ringing, calendar))
    return bytes(made.to_ical())


def _event(
    renderer: Renderer,
    entry: Entry,
    namespace: str,
    several: bool,
    ringing: Ringing,
    calendar: WorkCalendar,
) -> Event:
    facts = entry.facts
    title, _, words = calendar_event(renderer, facts, with_agency=several).plain.partition("\n")
    event = Event()
    event.add("uid", f"viec-{facts.id}@{namespace}.dondoc")
    # Without a METHOD, RFC 5545 (3.8.7.2) lets DTSTAMP say the same as LAST-MODIFIED.
    event.add("dtstamp", entry.changed.replace(microsecond=0))
    event.add("last-modified", entry.changed.replace(microsecond=0))
    event.add("created", entry.made.replace(microsecond=0))
    event.add("sequence", max(int((entry.changed - entry.made).total_seconds()), 0))
    event.add("dtstart", facts.due_on)
    event.add("dtend", facts.due_on + timedelta(days=1))
    event.add("summary", title)
    event.add("description", words.strip())
    event.add("status", "CANCELLED" if facts.state == DutyState.CANCELLED else "CONFIRMED")
    event.add("transp", "TRANSPARENT")
    if facts.is_open:
        for alarm in _alarms(facts, title, ringing, calendar):
            event.add_component(alarm)
    return event


def _alarms(facts: DutyFacts, title: str, ringing: Ringing, calendar: WorkCalendar) -> list[Alarm]:
    """One for each lead. Relative to the day, as calendars ask of all-day events: days and hours
    from its local midnight."""
    leads = ringing.update_leads if facts.is_update else ringing.leads
    midnight = moment_of(facts.due_on, time.min)
    alarms = []
    for lead in sorted(set(leads), reverse=True):
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", title)
        rings = moment_of(calendar.back(facts.last_safe, lead), ringing.at)
        alarm.add("trigger", rings - midnight)
        alarms.append(alarm)
    return alarms
