"""The words of a calendar's entries; apart from the calendar's form, whose library is heavy."""

from reports.facts import DutyFacts
from reports.render import Rendered, Renderer

_LONG, _SHORT = 900, 300


def calendar_event(renderer: Renderer, facts: DutyFacts, *, with_agency: bool = False) -> Rendered:
    """One entry: its title in the first line, the description in the rest."""
    return renderer.render(
        "messages/calendar_event", f=facts, with_agency=with_agency, long=_LONG, short=_SHORT
    )
