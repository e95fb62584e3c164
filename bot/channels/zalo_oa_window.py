"""Until when an Official Account may write to somebody, by Zalo's rules. Pure.

An interaction (a message, a pressed button, following) opens a window: free for 48 hours, charged
to the account's package until seven days are over, and closed after that but for templates.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

FREE = timedelta(hours=48)
WHOLE = timedelta(days=7)
# Until then eight messages were free in each window; since then as many as are needed.
UNLIMITED_SINCE = datetime(2025, 12, 31, 17, tzinfo=UTC)
FORMERLY_FREE = 8


@dataclass(frozen=True, slots=True)
class Window:
    """free_until, open_until: moments in UTC, None for somebody who never wrote. free_left: free
    messages left, None for no end, 0 where none is free any more."""

    free_until: datetime | None
    open_until: datetime | None
    free_left: int | None

    def is_open(self, now: datetime) -> bool:
        """Whether a consultation message would be taken."""
        return self.open_until is not None and now < self.open_until


def window(last_interaction: datetime | None, now: datetime, sent_since: int = 0) -> Window:
    """The window of somebody who last interacted then and was sent so many messages since."""
    if last_interaction is None:
        return Window(None, None, 0)
    free_until = last_interaction + FREE
    left: int | None = None if now >= UNLIMITED_SINCE else max(0, FORMERLY_FREE - sent_since)
    if now >= free_until:
        left = 0
    return Window(free_until, last_interaction + WHOLE, left)
