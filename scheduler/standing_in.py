"""Who hears what while somebody is away. Pure.

A last-day reminder always comes to the one who is away too. Whatever else falls on those days goes
to the deputy instead; without one, urges still come, because nobody else would hear them.
"""

from collections.abc import Iterable
from dataclasses import replace

from registry.absences import Away
from registry.claiming import LAST_STEP
from registry.clock import local_day
from registry.notices import PlannedNotice
from registry.types import NoticeKind


def stand_in(planned: Iterable[PlannedNotice], away: Iterable[Away]) -> list[PlannedNotice]:
    """The plan as it is told while these people are away."""
    absences = list(away)
    if not absences:
        return list(planned)
    kept: dict[str, PlannedNotice] = {}
    instead: list[PlannedNotice] = []
    for notice in planned:
        one = _absence(notice, notice.subscription_id, absences)
        deputy = one.deputy if one is not None else None
        if deputy is not None and _absence(notice, deputy, absences) is not None:
            deputy = None
        if one is None or _heard_all_the_same(notice, deputy):
            kept[notice.key] = notice
        # What came before the absence was told is not told to the deputy again.
        if one is not None and deputy is not None and notice.due_at >= one.since:
            instead.append(_for(deputy, notice))
    for notice in instead:
        kept.setdefault(notice.key, notice)
    return list(kept.values())


def _absence(notice: PlannedNotice, subscription_id: int, absences: list[Away]) -> Away | None:
    day = local_day(notice.due_at)
    mine = (one for one in absences if subscription_id in one.subscriptions and one.covers(day))
    return next(mine, None)


def _heard_all_the_same(notice: PlannedNotice, deputy: int | None) -> bool:
    if notice.kind == NoticeKind.URGE:
        return deputy is None
    return notice.step == LAST_STEP


def _for(subscription_id: int, notice: PlannedNotice) -> PlannedNotice:
    """The same word to another; its key is that of the other's own, so that nothing comes twice."""
    kind, duty, _, rest = notice.key.split(":", 3)
    key = f"{kind}:{duty}:{subscription_id}:{rest}"
    return replace(notice, key=key, subscription_id=subscription_id)
