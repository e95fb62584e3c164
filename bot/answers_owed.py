"""Answers to difficulties whose day has passed: whoever took one hears of it, and of those nobody
took all of the staff."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from registry import obstacles, people
from registry.clock import local_day
from registry.notices import put_text
from registry.obstacles import Waiting
from registry.tables import Subscription
from registry.types import NoticeKind
from reports.render import Renderer


def remind_of_answers(session: Session, renderer: Renderer, now: datetime) -> int:
    """Queue word for staff, within working hours; how many of them were told. Says a thing once a
    week at most, whoever calls."""
    rows = obstacles.overdue(session, now)
    if not rows:
        return 0
    staff = people.staff_subscriptions(session)
    here = {each.person_id for each in staff}
    told = 0
    for subscription in staff:
        mine = [row for row in rows if _concerns(row, subscription, here)]
        if mine:
            _tell(session, renderer, subscription, mine, now)
            told += 1
    return told


def _concerns(row: Waiting, subscription: Subscription, staff: set[int | None]) -> bool:
    """One's own; and what nobody of those who are still staff has taken."""
    owner = row.obstacle.owner_id
    return owner == subscription.person_id if owner in staff else True


def _tell(
    session: Session, renderer: Renderer, subscription: Subscription, rows: Sequence[Waiting],
    now: datetime,
) -> None:  # fmt: skip
    today = local_day(now)
    facts = [
        {
            "label": obstacles.label(row.obstacle),
            "number": row.duty.number,
            "agency": row.agency,
            "owner": row.owner,
            "late": (today - row.obstacle.due_on).days if row.obstacle.due_on is not None else 0,
        }
        for row in rows
    ]
    text = renderer.render("replies/vuong_overdue_staff", rows=facts)
    key = f"obstacles-overdue:{today}:{subscription.id}"
    put_text(session, NoticeKind.ALERT, key, text.html, now, subscription_id=subscription.id)
