"""Changes of agencies on their day: carried out, and told to everybody they concern, once."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from sqlmodel import Session, col, select

from registry.agency_moves import Carried, Passed, carry_out
from registry.clock import local_day
from registry.notices import put_text
from registry.people import staff_subscriptions
from registry.tables import Subscription
from registry.types import NoticeKind
from reports import agency_words
from reports.render import Renderer


def carry_out_and_tell(session: Session, renderer: Renderer, now: datetime) -> Carried:
    """What the daily tick does: whatever is due, word to those concerned, word to staff."""
    carried = carry_out(session, now)
    tell(session, renderer, carried, now)
    _tell_staff(session, renderer, carried, now)
    return carried


def tell(session: Session, renderer: Renderer, carried: Carried, now: datetime) -> int:
    """One message to each holder of a subscription to an agency that took something over; how
    many."""
    passed: dict[int, list[Passed]] = defaultdict(list)
    for one in carried.passed:
        if one.moved or one.folded or one.people:
            passed[one.target].append(one)
    joined = {new for one in carried.passed for _old, new in one.people}
    holders = _holders(session, passed)
    for held in holders:
        agencies = dict.fromkeys(row.agency_id or 0 for row in held)
        word = agency_words.passed(
            renderer,
            [one for agency in agencies for one in passed[agency]],
            joined=any(row.id in joined for row in held),
        )
        marks = "+".join(f"{one.source}-{one.target}" for a in agencies for one in passed[a])
        put_text(
            session, NoticeKind.ALERT, f"agency:{marks}:{local_day(now)}:{held[0].id}", word.html,
            now, subscription_id=held[0].id,
        )  # fmt: skip
    return len(holders)


def _holders(session: Session, agencies: Iterable[int]) -> list[list[Subscription]]:
    rows = session.exec(
        select(Subscription)
        .where(col(Subscription.agency_id).in_(list(agencies)))
        .where(col(Subscription.ended_at).is_(None))
        .order_by(col(Subscription.id))
    ).all()
    held: dict[tuple[int | None, int | None], list[Subscription]] = defaultdict(list)
    for row in rows:
        held[row.person_id, row.contact_id if row.person_id is None else None].append(row)
    return list(held.values())


def _tell_staff(session: Session, renderer: Renderer, carried: Carried, now: datetime) -> None:
    """A change that came into force is told on its day; what waits for a word, once a week."""
    today = local_day(now)
    year, week, _day = today.isocalendar()
    if carried.began or carried.renamed:
        key = f"agencies-changed:{today}:{len(carried.began)}:{carried.moved}"
    elif carried.waiting:
        key = f"agencies-waiting:{year}-{week}"
    else:
        return
    word = agency_words.carried(renderer, carried, today)
    for row in staff_subscriptions(session):
        put_text(
            session, NoticeKind.ALERT, f"{key}:{row.id}", word.html, now, subscription_id=row.id
        )
