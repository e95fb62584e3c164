"""What the web server is given of the running product. Imports no web framework."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.settings import Settings
from deadlines.calendar import WorkCalendar
from registry.database import Database
from reports.render import Renderer
from scheduler.channel import Channel, ChannelInfo, Update
from scheduler.deliver import Counts
from scheduler.spread import Spread

# Seconds: a tick normally takes milliseconds, planning a new directive perhaps seconds.
TICK_BOUNDS = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0)


@dataclass
class Vitals:
    """What the process knows of itself. infos: the messengers that were opened. standing: those
    that stand still, with the reason. received: updates that came in, by channel. ticks: seconds a
    tick took."""

    infos: dict[str, ChannelInfo] = field(default_factory=dict)
    standing: dict[str, str] = field(default_factory=dict)
    counts: Counts = field(default_factory=Counts)
    received: Counter[str] = field(default_factory=Counter)
    ticks: Spread = field(default_factory=lambda: Spread(TICK_BOUNDS))
    failed_ticks: int = 0


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
