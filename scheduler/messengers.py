"""Which messengers can be sent through at this moment, and why the others cannot."""

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from time import monotonic

from scheduler.channel import Channel

log = logging.getLogger(__name__)

# So many sends in a row that never arrived: the messenger is cut off, and for a while people who
# have another one are told there.
CUT_OFF_AFTER = 3
CUT_OFF_PAUSE = timedelta(minutes=1)
# After a send that was never answered the messenger is asked who we are before anything else is
# sent; seconds until it is asked again while it does not answer.
ASK_PAUSES = (5, 15, 30, 60)
# Seconds a send may be without an answer until no other follows it: into a silence that lasts, each
# of them would come into doubt.
SILENT = 5.0


class Messengers:
    """The messengers that are configured: which of them stand still, until when and why, and which
    are in doubt, because they left a send without an answer."""

    def __init__(self, channels: Mapping[str, Channel], clock: Callable[[], datetime]) -> None:
        self._channels = channels
        self._clock = clock
        self._standing: dict[str, tuple[datetime, str]] = {}
        # With how often they were asked in vain.
        self._doubtful: dict[str, int] = {}
        self._asking: set[str] = set()
        self._misses: Counter[str] = Counter()
        # When each send that waits for its answer began, the oldest first; and who waits for one.
        self._open: dict[str, dict[object, float]] = {name: {} for name in channels}
        self._held: dict[str, list[asyncio.Future[None]]] = {name: [] for name in channels}

    @property
    def several(self) -> bool:
        """Whether somebody who is not reached by one may be reached by another."""
        return len(self._channels) > 1

    @property
    def in_doubt(self) -> tuple[str, ...]:
        return tuple(self._doubtful)

    def moving(self, now: datetime) -> list[str]:
        """Those that do not stand still; one in doubt may be among them."""
        standing = dict(self._standing)
        return [name for name in self._channels if name not in standing or standing[name][0] <= now]

    def sending(self, now: datetime) -> set[str]:
        """Those through which a message may leave now."""
        return set(self.moving(now)) - self._doubtful.keys()

    def stopped(self, now: datetime) -> dict[str, str]:
        """Why those that stand still do: see :class:`registry.claiming.Detour`."""
        return {name: why for name, (until, why) in dict(self._standing).items() if until > now}

    @contextlib.contextmanager
    def asked(self, name: str) -> Iterator[None]:
        """While a send waits for the messenger's answer."""
        this = object()
        self._open[name][this] = monotonic()
        try:
            yield
        finally:
            del self._open[name][this]
            held, self._held[name] = self._held[name], []
            for each in held:
                if not each.done():
                    each.set_result(None)

    async def answering(self, name: str) -> None:
        """Wait while the messenger owes an answer for longer than SILENT."""
        while any(monotonic() - began > SILENT for began in self._open[name].values()):
            answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._held[name].append(answered)
            await answered

    def stop(self, name: str, until: datetime, why: str) -> None:
        self._standing[name] = (until, why)

    def doubt(self, name: str) -> None:
        """A send was left without an answer."""
        self._doubtful.setdefault(name, 0)

    def arrived(self, name: str) -> None:
        self._misses[name] = 0

    def missed(self, name: str) -> bool:
        """A send did not arrive. True where the messenger is given up for a while, because others
        may take over."""
        self._misses[name] += 1
        if not self.several or self._misses[name] < CUT_OFF_AFTER:
            return False
        self.stop(name, self._clock() + CUT_OFF_PAUSE, "cut_off")
        log.warning("%s is cut off: other messengers take over", name)
        return True

    def to_ask(self) -> list[str]:
        """Those in doubt that are to be asked now: :meth:`ask`, once for each. Every further send
        would be in doubt too, and may be said only twice; the question cannot do any harm."""
        moving = self.moving(self._clock())
        names = [each for each in self._doubtful if each in moving and each not in self._asking]
        self._asking.update(names)
        return names

    async def ask(self, name: str) -> None:
        """Whether it answers again; if not, it stands still for a while."""
        try:
            await self._channels[name].open()
        except Exception as error:  # noqa: BLE001 -- whatever it says, it is not well
            failures = self._doubtful[name]
            pause = ASK_PAUSES[min(failures, len(ASK_PAUSES) - 1)]
            self._doubtful[name] = failures + 1
            self.stop(name, self._clock() + timedelta(seconds=pause), "cut_off")
            log.warning("%s does not answer (%s); asking again", name, type(error).__name__)
        else:
            del self._doubtful[name]
        finally:
            self._asking.discard(name)
