"""Word to staff that a bot's tariff runs out: once for each bot, month and step."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlmodel import Session

from registry import people, sparing
from registry.budget import Tariff, Usage, usages
from registry.notices import put_text
from registry.types import NoticeKind
from reports.figures import bot_name, usage_words
from reports.render import Rendered, Renderer
from scheduler.thrift import Level, crowded, level_of

MOST_NAMED = 20


def warn_staff(
    session: Session,
    renderer: Renderer,
    tariffs: Mapping[str, Tariff],
    channels: Collection[str],
    now: datetime,
) -> None:
    """Look at every bot with a tariff, and queue what staff have not been told this month."""
    known = usages(session, {name: each for name, each in tariffs.items() if each != Tariff()}, now)
    spent = {each.channel for each in known if level_of(each.budget) == Level.SPENT}
    others = [name for name in channels if name not in spent]
    for usage in known:
        level = level_of(usage.budget)
        if level != Level.PLENTY:
            _tell(session, usage, level, _budget(session, renderer, usage, others), now)
        if crowded(usage):
            name, words = bot_name(usage.channel), usage_words(usage)
            text = renderer.render("replies/crowded_staff", name=name, words=words)
            _tell(session, usage, "crowded", text, now)


def _budget(
    session: Session, renderer: Renderer, usage: Usage, others: Collection[str]
) -> Rendered:
    level = level_of(usage.budget)
    waiting: list[str] = []
    if level == Level.SPENT:
        found = sparing.waiting_people(session, usage.channel, others)
        waiting = [name or "một nhóm" for name, _ in found]
    return renderer.render(
        "replies/budget_staff",
        name=bot_name(usage.channel),
        words=usage_words(usage),
        level=str(level),
        waiting=waiting[:MOST_NAMED],
        rest=len(waiting[MOST_NAMED:]),
    )


def _tell(session: Session, usage: Usage, step: str, text: Rendered, now: datetime) -> None:
    for staff in people.staff_subscriptions(session):
        key = f"budget:{usage.channel}:{usage.month:%Y-%m}:{step}:{staff.id}"
        put_text(session, NoticeKind.ALERT, key, text.html, now, subscription_id=staff.id)
