"""A draft against what is stored of its directive, before anything is written."""

from sqlmodel import Session

from deadlines import WorkCalendar
from intake.drafts import Draft
from registry import difference as stored
from registry.difference import Difference


def difference(session: Session, draft: Draft, calendar: WorkCalendar | None = None) -> Difference:
    """What storing the draft would add and change, and what it does not name any more. Reads only;
    `calendar` counts the due days of what is stored."""
    due = {task.key: task.reading.due for task in draft.tasks}
    return stored.difference(session, draft.directive, draft.facts(), due=due, calendar=calendar)
