"""Two programs that receive with one token: whoever came second gives way.

Telegram ends a poll when another one begins and says so to the first (409 Conflict). Left alone,
both would go on, each taking from the other what people say. So a newcomer looks at what waits
without confirming it, and waits for a moment: whoever was there before polls again and is heard of.
"""

import random
from dataclasses import dataclass

# Seconds for which the newcomer leaves the token alone. Of two that started together one is back
# first, and stays.
GIVE_WAY = (45.0, 90.0)


@dataclass(frozen=True, slots=True)
class Manners:
    """trial: seconds between a first look and taking anything; 0 takes it at once. newcomer:
    seconds within which a conflict means that we are the one who came second."""

    trial: float = 0.0
    newcomer: float = 15.0


PLAIN = Manners()
POLITE = Manners(trial=1.5)


class Rivals:
    """What is known of another program with our token. Moments are the loop's time."""

    def __init__(self, manners: Manners, now: float) -> None:
        self._manners = manners
        self._since = now
        self._tried = False

    @property
    def trial(self) -> float:
        """Seconds to wait before what came is asked for again and taken; 0 once that was done."""
        return 0.0 if self._tried else self._manners.trial

    def alone(self) -> None:
        """A poll went well: what it brings is ours."""
        self._tried = True

    def met(self, now: float) -> float:
        """Another program polls: seconds to stay away, 0 where it is for the other to go."""
        if now - self._since > self._manners.newcomer:
            return 0.0
        pause = random.uniform(*GIVE_WAY)  # noqa: S311 -- jitter, not secrecy  # nosec B311
        self._since, self._tried = now + pause, False
        return pause
