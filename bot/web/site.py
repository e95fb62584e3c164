"""What the web server is given of the running product. Imports no web framework."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.settings import Settings
from deadlines.calendar import WorkCalendar
from registry.database import Database
from registry.tables import Mark
from reports.render import Renderer
from scheduler.channel import Channel, ChannelInfo, Update
from scheduler.outcome import Counts
from scheduler.spread import Spread

# Seconds: a tick normally takes milliseconds, planning a new directive perhaps seconds.
TICK_BOUNDS = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0)


@dataclass
class Vitals:
    """What the process knows of itself. infos: the messengers that were opened. standing: those
    that stand still, with the reason. received: updates that came in, by channel. ticks: seconds a
    tick took; ticked_at: the last one that went well."""

    infos: dict[str, ChannelInfo] = field(default_factory=dict)
    standing: dict[str, str] = field(default_factory=dict)
    counts: Counts = field(default_factory=Counts)
    received: Counter[str] = field(default_factory=Counter)
    ticks: Spread = field(default_factory=lambda: Spread(TICK_BOUNDS))
    failed_ticks: int = 0
    ticked_at: datetime | None = None

    def tick_age(self, mark: Mark | None, now: datetime) -> float | None:
        """Seconds since the last tick that went well: this process's own, also one that found
        nothing to look at, or the one another process has marked. None where there was none."""
        marked = mark.at if mark is not None else None
        known = [at for at in (self.ticked_at, marked) if at is not None]
        return (now - max(known)).total_seconds() if known else None


@dataclass(frozen=True)
class Site:
    """`store` keeps updates durably before it returns."""

    settings: Settings
    db: Database
    renderer: Renderer
    calendar: WorkCalendar
    channels: Mapping[str, Channel]
    store: Callable[[str, list[Update]], Awaitable[None]]
    clock: Callable[[], datetime]
    vitals: Vitals
