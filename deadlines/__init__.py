"""What a date means: phrase -> rule -> days. Pure: no database, no network, no clock."""

from deadlines.calendar import DayOff, WorkCalendar
from deadlines.describe import describe, explain
from deadlines.periods import Period, Unit, data_window, period_of
from deadlines.reader import Reading, read
from deadlines.recurrence import to_rrule
from deadlines.rules import (
    After,
    AnyOf,
    Daily,
    Every,
    Fixed,
    Occurrence,
    Once,
    Open,
    Relative,
    Rule,
    Weekly,
    occurrences,
)
from deadlines.wire import rule_from_json, rule_to_json

__all__ = [
    "After",
    "AnyOf",
    "Daily",
    "DayOff",
    "Every",
    "Fixed",
    "Occurrence",
    "Once",
    "Open",
    "Period",
    "Reading",
    "Relative",
    "Rule",
    "Unit",
    "Weekly",
    "WorkCalendar",
    "data_window",
    "describe",
    "explain",
    "occurrences",
    "period_of",
    "read",
    "rule_from_json",
    "rule_to_json",
    "to_rrule",
]
