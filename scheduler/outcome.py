"""What became of a send: counted, and what each failure means (design, section 7)."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from sqlmodel import Session

from registry import outbox
from registry.people import close_contact, move_contact
from registry.tables import Contact
from scheduler.channel import SendError
from scheduler.messengers import Messengers
from scheduler.spread import Spread
from scheduler.words import Composed, Words

log = logging.getLogger(__name__)

UNCERTAIN_PAUSE = timedelta(seconds=60)
BACK_OFF = (5, 15, 60, 300, 900, 1800)
AUTH_PAUSE = timedelta(minutes=5)
# A reminder that the messenger keeps refusing without saying why is given up after a day's tries.
MAX_TRIES = 60
# Seconds: within a minute is on time, an hour is a messenger in trouble, a day a long weekend's.
LATE_BOUNDS = (1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 14_400.0, 86_400.0, 345_600.0)


@dataclass
class Counts:
    """What happened since the start, for logs and metrics. late: seconds from due to sent."""

    sent: int = 0
    retried: int = 0
    uncertain: int = 0
    failed: int = 0
    late: Spread = field(default_factory=lambda: Spread(LATE_BOUNDS))


class Failures:
    """Settles sends that did not succeed: who is tried again, when, and on which messenger."""

    def __init__(
        self, messengers: Messengers, words: Words, counts: Counts, clock: Callable[[], datetime]
    ) -> None:
        self._messengers = messengers
        self._words = words
        self._counts = counts
        self._clock = clock
        self._jitter = Random(0)  # noqa: S311 -- spreads retries, guards nothing  # nosec B311

    def settle(
        self,
        session: Session,
        contact: Contact,
        composed: Composed,
        attempt: int,
        error: SendError,
    ) -> None:
        """Write down what this failure means for the attempt and what it told."""
        now = self._clock()
        notices = (*composed.told, *composed.folded)
        # Who has another messenger is told there at once.
        at_once = self._messengers.several
        if not outbox.is_open(session, attempt):
            log.warning("an attempt failed that another process had given up: %s", error.text)
        elif error.auth:
            self._messengers.stop(contact.channel, now + AUTH_PAUSE, "cut_off")
            log.error("%s refuses us, the channel stands still: %s", contact.channel, error.text)
            when = now if at_once else now + AUTH_PAUSE
            outbox.retry(session, attempt, notices, when, now, error.text)
        elif error.exhausted:
            until = now + timedelta(seconds=error.retry_after or AUTH_PAUSE.total_seconds())
            self._messengers.stop(contact.channel, until, "limited")
            outbox.retry(session, attempt, notices, now if at_once else until, now, error.text)
            self._counts.retried += 1
        elif error.moved_to is not None:
            move_contact(session, contact, error.moved_to, now)
            outbox.retry(session, attempt, notices, now, now, error.text)
        elif error.uncertain:
            self._counts.uncertain += 1
            outbox.doubted(session, attempt, notices, now + UNCERTAIN_PAUSE, now, error.text)
        elif error.closed:
            if close_contact(session, contact, error.text, now):
                self._words.contact_closed(session, contact, now)
            outbox.contact_lost(session, attempt, notices, now, error.text)
            self._counts.failed += 1
        elif error.permanent or max(notice.tries for notice in notices) >= MAX_TRIES:
            outbox.failed(session, attempt, notices, now, error.text)
            self._counts.failed += 1
            log.error("a message to contact %s was refused: %s", contact.id, error.text)
        else:
            when = now + self._wait(contact, error, max(notice.tries for notice in notices))
            outbox.retry(session, attempt, notices, when, now, error.text)
            self._counts.retried += 1

    def _wait(self, contact: Contact, error: SendError, tries: int) -> timedelta:
        """How long until the next try: none where another messenger may take over."""
        if error.retry_after is not None:
            return timedelta(seconds=error.retry_after)
        if self._messengers.missed(contact.channel):
            return timedelta()
        base = BACK_OFF[min(tries, len(BACK_OFF) - 1)]
        return timedelta(seconds=base * (0.8 + 0.4 * self._jitter.random()))
