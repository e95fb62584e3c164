"""Which backups are kept: the newest of each of the last days, weeks and months that have one.

Pure. Periods without a backup do not count, so that a machine that stood still for half a year does
not lose its old backups on the first night.
"""

from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta

from registry.clock import local

# By hand before an upgrade, twice in an hour: what is this young is nobody's to sweep away.
YOUNG = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Keep:
    """How many days, weeks (Monday to Sunday) and months keep their newest backup."""

    daily: int = 14
    weekly: int = 8
    monthly: int = 6


def kept(made: Collection[datetime], keep: Keep, now: datetime) -> set[datetime]:
    """Those of the moments whose backups stay. The newest one always does. Days are local."""
    newest_first = sorted(made, reverse=True)
    stay = set(newest_first[:1]) | {at for at in newest_first if at > now - YOUNG}
    kinds: tuple[tuple[int, Callable[[datetime], Hashable]], ...] = (
        (keep.daily, lambda at: local(at).date()),
        (keep.weekly, lambda at: local(at).isocalendar()[:2]),
        (keep.monthly, lambda at: (local(at).year, local(at).month)),
    )
    for most, period in kinds:
        seen: set[Hashable] = set()
        for at in newest_first:
            if period(at) not in seen and len(seen) < most:
                seen.add(period(at))
                stay.add(at)
    return stay


def longest_kept(keep: Keep) -> int:
    """After so many days a backup is gone at the latest, where one is made every night."""
    return max(keep.daily, 7 * keep.weekly, 31 * keep.monthly, YOUNG.days) + 1
