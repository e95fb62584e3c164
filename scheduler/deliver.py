"""Delivery: what is due is claimed, rendered with the facts of the moment, sent, and recorded.

Nothing is lost: a notice leaves the queue only with a recorded outcome, and a lease that its holder
did not live to return is claimable again. What each failure means is one table, `_settle`.
"""

import asyncio
import contextlib
import logging
from collections import Counter, deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from random import Random
from time import monotonic
from typing import Concatenate, ParamSpec, Protocol, Self

from sqlmodel import Session

from deadlines.calendar import WorkCalendar
from registry import outbox, sparing
from registry.budget import Budget, Tariff, budget_of
from registry.clock import local_day, moment_of
from registry.database import Database
from registry.disk import cannot_store
from registry.people import close_contact, move_contact
from registry.posts import SENDER, Alone, Posts
from registry.tables import Contact, Notice
from registry.types import NoticeState
from scheduler.channel import Channel, Message, SendError
from scheduler.hours import allowed, next_opening
from scheduler.pace import Pacer
from scheduler.plan import DAY, Policy
from scheduler.spread import Spread
from scheduler.thrift import Thrift
from scheduler.together import Together

log = logging.getLogger(__name__)

P = ParamSpec("P")

# Messages being sent at once: thirty a second may leave, and an answer may take a second.
# Each of them would be in doubt after a crash, so no more than that.
CONCURRENT = 32
# Messages being worked on at all: what is rendered ahead of its turn is rendered together, so they
# are begun as many at a time as there is room for once fewer than WELL_AHEAD are left.
WORKED_ON = 80
WELL_AHEAD = 48
# Contacts taken ahead of their turn: as many as a messenger takes in so many seconds, and no more
# than these.
AHEAD_SECONDS = 10.0
AHEAD = 1024
IDLE = 30.0
TROUBLE_PAUSE = 5.0
UNCERTAIN_PAUSE = timedelta(seconds=60)
BACK_OFF = (5, 15, 60, 300, 900, 1800)
AUTH_PAUSE = timedelta(minutes=5)
# So many sends in a row that never arrived: the messenger is cut off, and for a while people who
# have another one are told there.
CUT_OFF_AFTER = 3
CUT_OFF_PAUSE = timedelta(minutes=1)
# After a send that was never answered the messenger is asked who we are before anything else is
# sent; seconds until it is asked again while it does not answer.
ASK_PAUSES = (5, 15, 30, 60)
# A bot with no message left this month is looked at again after this: a person may have bound
# another chat, an administrator may have raised the limit.
SPENT_PAUSE = timedelta(hours=1)
# A reminder that the messenger keeps refusing without saying why is given up after a day's tries.
MAX_TRIES = 60
# Seconds between writing down that a message leaves and its leaving, after which the database is
# asked whether this process is still the sender: fewer than a successor waits (`posts.SETTLE`).
STOOD_STILL = 1.5
# Seconds: within a minute is on time, an hour is a messenger in trouble, a day a long weekend's.
LATE_BOUNDS = (1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 14_400.0, 86_400.0, 345_600.0)


@dataclass(frozen=True, slots=True)
class Composed:
    """What became of a batch: a message to send (or to put in place of `edit_of`) that tells
    `told`; older steps `folded` into it; notices no longer wanted; and those that must wait."""

    message: Message | None = None
    told: tuple[Notice, ...] = ()
    folded: tuple[Notice, ...] = ()
    unwanted: tuple[Notice, ...] = ()
    later: tuple[tuple[Notice, datetime], ...] = ()
    edit_of: str | None = None
    rest: tuple[Message, ...] = ()


class Words(Protocol):
    """Who finds the words: `scheduler/compose.py`."""

    def knowing(self, session: Session, batches: Sequence[outbox.Batch], now: datetime) -> Self:
        """One that has looked up at once what these batches are about. Reads only."""
        ...

    def compose(self, session: Session, batch: outbox.Batch, now: datetime) -> Composed:
        """The message for a batch, from the facts of this moment. Reads only."""
        ...

    def contact_closed(self, session: Session, contact: Contact, now: datetime) -> None:
        """Queue word for staff that a contact can no longer be reached."""
        ...


@dataclass(frozen=True, slots=True)
class _Parcel:
    """A message for a contact, and once it has left its attempt and the messenger's id."""

    contact: Contact
    composed: Composed
    attempt: int = 0
    message_id: str = ""


class _Superseded(Exception):
    """Another process is the sender now, and has taken over what was claimed here."""


@dataclass
class Counts:
    """What happened since the start, for logs and metrics. late: seconds from due to sent."""

    sent: int = 0
    retried: int = 0
    uncertain: int = 0
    failed: int = 0
    late: Spread = field(default_factory=lambda: Spread(LATE_BOUNDS))


class Deliverer:
    """The outbox's only sender in this process."""

    def __init__(  # noqa: PLR0913 -- what it works with, each made by the composition root
        self,
        db: Database,
        channels: Mapping[str, Channel],
        words: Words,
        policy: Policy,
        calendar: WorkCalendar,
        clock: Callable[[], datetime],
        alarm: Callable[[float], None] | None = None,
        tariffs: Mapping[str, Tariff] | None = None,
        posts: Posts | None = None,
    ) -> None:
        self._db = db
        self._channels = channels
        self._words = words
        self._policy = policy
        self._calendar = calendar
        self._clock = clock
        self._alarm = alarm
        self._posts = posts or Alone()
        self._wake = asyncio.Event()
        self._busy: set[int] = set()
        self._under_way: Counter[str] = Counter()
        # Messages a month, for the bots that have a limit.
        self._limits = {
            name: tariff.messages
            for name, tariff in (tariffs or {}).items()
            if name in channels and tariff.messages
        }
        self._standing: dict[str, datetime] = {}
        # Messengers that left a send without an answer, and how often they were asked in vain.
        self._doubtful: dict[str, int] = {}
        self._asking: set[str] = set()
        self._why: dict[str, str] = {}
        self._misses: Counter[str] = Counter()
        self._pacers = {name: Pacer(channel.limits) for name, channel in channels.items()}
        self._running: set[asyncio.Task[None]] = set()
        self._line: deque[outbox.Batch] = deque()
        self._sending = asyncio.Semaphore(CONCURRENT)
        self._composing = Together(self._compose, "compose")
        self._opening = Together(self._open, "open")
        self._noting = Together(self._note, "note")
        self._jitter = Random(0)  # noqa: S311 -- spreads retries, guards nothing  # nosec B311
        self.counts = Counts()

    def wake(self) -> None:
        """Something was queued: look now."""
        self._wake.set()

    async def run(self) -> None:
        """Deliver until cancelled; sends under way are finished first, those in line wait for the
        next process."""
        try:
            while True:
                self._wake.clear()
                try:
                    await self.start_due()
                    await self._rest()
                except Exception:
                    # A full disk or a locked file passes; a sender that died would not come back.
                    log.exception("the outbox cannot be read or written; trying again")
                    await asyncio.sleep(TROUBLE_PAUSE)
        finally:
            back = list(self._line)
            self._line.clear()
            if back:
                self._start(self._hand_back(back), "hand-back")
            await self.finish()

    async def _rest(self) -> None:
        """Sleep until the next due moment; the alarm (an APScheduler job) or a wake ends it. Asking
        now and then covers a clock that was set forward and notices another process has queued; it
        costs a tenth of a claim."""
        due = await self._db.read(outbox.next_due)
        while True:
            await self._nap(due)
            if self._wake.is_set() or self._doubtful or self._line:
                return
            due = await self._db.read(outbox.next_due)
            if due is not None and due <= self._clock():
                return

    async def _nap(self, due: datetime | None) -> None:
        now = self._clock()
        if due is not None and due > now and self._alarm is not None:
            self._alarm((due - now).total_seconds())
        # Due but not claimable: a door is closed, a messenger stands still, or a chat is busy.
        seconds = self._until_open(now) if due is not None and due <= now else IDLE
        # Not wait_for: before Python 3.12 it swallows a cancellation that meets a wake.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(min(seconds, IDLE)):
                await self._wake.wait()

    def _until_open(self, now: datetime) -> float:
        opening = next_opening(now, self._policy, self._calendar)
        return max((opening - now).total_seconds(), 1.0)

    async def drain(self) -> None:
        """Send notices that may be sent now, and wait for the outcomes."""
        while await self.start_due():
            await self.finish()
        await self.finish()

    async def finish(self) -> None:
        while self._running:
            await asyncio.wait(set(self._running))

    async def start_due(self) -> int:
        """Claim what is due and begin sending it; how many messages (and questions to messengers in
        doubt) were begun."""
        begun = self._ask_doubtful(self._clock()) + self._advance()
        while len(self._line) < AHEAD // 2:
            claimed = await self._db.write(self._claim, self._clock())
            if not claimed:
                break
            # Who has just asked is not kept waiting by those in line.
            awaited = [each for each in claimed if _awaited(each)]
            self._line.extendleft(reversed(awaited))
            self._line.extend(each for each in claimed if not _awaited(each))
            begun += self._advance()
        return begun

    def _advance(self) -> int:
        """Begin with those in line whose turn it is; how many messages were begun."""
        if not self._posts.mine(SENDER):
            self._line.clear()
        sending = set(self._moving(self._clock())) - self._doubtful.keys()
        back: list[outbox.Batch] = []
        kept: list[outbox.Batch] = []
        begun = 0
        room = WORKED_ON if len(self._running) < WELL_AHEAD else 0
        while self._line and (len(self._running) < room or _awaited(self._line[0])):
            batch = self._line.popleft()
            if batch.contact.channel not in sending:
                back.append(batch)
            elif batch.contact.id in self._busy:
                kept.append(batch)
            else:
                self._begin(batch)
                begun += 1
        self._line.extendleft(reversed(kept))
        if back:
            self._start(self._hand_back(back), "hand-back")
        return begun

    async def _hand_back(self, batches: Sequence[outbox.Batch]) -> None:
        """They are not sent: another messenger, or the next process, may take over."""
        notices = [item.notice for batch in batches for item in batch.items]
        await self._db.write(self._let_go, notices, self._clock())

    def _let_go(self, session: Session, notices: Sequence[Notice], now: datetime) -> None:
        """What another process has taken over is not ours to give back."""
        if self._posts.sure(session, SENDER):
            outbox.hand_back(session, notices, now)

    def _claim(self, session: Session, now: datetime) -> list[outbox.Batch]:
        """What may leave at this moment, by working hours, messengers and their budgets; nothing
        where another process has become the sender."""
        if not self._posts.sure(session, SENDER):
            return []
        budgets = {name: self._budget(session, name, now) for name in self._limits}
        thrift = Thrift.of(budgets)
        moving = [name for name in self._moving(now) if name not in thrift.spent]
        self._spare(session, thrift, moving, now)
        stopped = {name: self._why[name] for name in self._standing if name not in moving}
        return outbox.claim(
            session,
            now,
            only=allowed(now, self._policy, self._calendar),
            busy=tuple(self._busy),
            in_line=[batch.contact.id or 0 for batch in tuple(self._line)],
            channels=moving,
            stopped=stopped | dict.fromkeys(thrift.spent, "spent"),
            room=self._room(budgets) | dict.fromkeys(self._doubtful, 0),
            contacts=AHEAD,
        )

    def _room(self, budgets: Mapping[str, Budget]) -> dict[str, int]:
        """How many more messages each messenger can be given now."""
        taken = self._taken()
        room: dict[str, int] = {}
        for name, channel in self._channels.items():
            ahead = max(WORKED_ON, min(AHEAD, int(channel.limits.per_second * AHEAD_SECONDS)))
            room[name] = max(ahead - taken[name], 0)
            if name in budgets:
                room[name] = min(room[name], budgets[name].left or 0)
        return room

    def _taken(self) -> Counter[str]:
        """By messenger: messages that are under way or in line."""
        in_line = Counter(batch.contact.channel for batch in tuple(self._line))
        return in_line + self._under_way

    def _budget(self, session: Session, name: str, now: datetime) -> Budget:
        """With what is under way, which is as good as sent."""
        known = budget_of(session, name, self._limits[name], now)
        return Budget(known.limit, known.used + self._taken()[name])

    def _spare(self, session: Session, thrift: Thrift, moving: list[str], now: datetime) -> None:
        today = local_day(now)
        if thrift.saving:
            tomorrow = next_opening(moment_of(today + DAY, time.min), self._policy, self._calendar)
            saving = sparing.Look(thrift.saving, moving, now)
            sparing.hold_back(session, saving, moment_of(today, time.min), tomorrow)
        if thrift.spent:
            later = next_opening(now + SPENT_PAUSE, self._policy, self._calendar)
            spent = sparing.Look(thrift.spent, moving, now)
            sparing.send_on(session, spent)
            sparing.lay_by(session, spent, later)

    def _moving(self, now: datetime) -> list[str]:
        """The messengers that are configured and do not stand still."""
        return [
            name
            for name in self._channels
            if name not in self._standing or self._standing[name] <= now
        ]

    def _ask_doubtful(self, now: datetime) -> int:
        """A messenger that fell silent would leave every further send in doubt, and each of them
        may be said only twice. So it is asked first what cannot do any harm."""
        moving = self._moving(now)
        names = [each for each in self._doubtful if each in moving and each not in self._asking]
        for name in names:
            self._asking.add(name)
            self._start(self._ask(name), f"ask-{name}")
        return len(names)

    async def _ask(self, name: str) -> None:
        try:
            await self._channels[name].open()
        except Exception as error:  # noqa: BLE001 -- whatever it says, it is not well
            failures = self._doubtful[name]
            pause = ASK_PAUSES[min(failures, len(ASK_PAUSES) - 1)]
            self._doubtful[name] = failures + 1
            self._stop(name, self._clock() + timedelta(seconds=pause), "cut_off")
            log.warning("%s does not answer (%s); asking again", name, type(error).__name__)
        else:
            del self._doubtful[name]
        finally:
            self._asking.discard(name)

    def _begin(self, batch: outbox.Batch) -> None:
        contact_id = batch.contact.id or 0
        self._busy.add(contact_id)
        self._under_way[batch.contact.channel] += 1

        def done() -> None:
            self._busy.discard(contact_id)
            self._under_way[batch.contact.channel] -= 1

        self._start(self._guarded(batch), f"deliver-{contact_id}", done)

    def _start(
        self,
        work: Coroutine[None, None, None],
        name: str,
        done: Callable[[], None] = lambda: None,
    ) -> None:
        task = asyncio.create_task(work, name=name)
        self._running.add(task)

        def ended(finished: asyncio.Task[None]) -> None:
            self._running.discard(finished)
            done()
            if not finished.cancelled():
                self._advance()
            # The tables are looked at again when the line gets short, not after each message.
            if len(self._line) < WORKED_ON:
                self._wake.set()

        task.add_done_callback(ended)

    async def _guarded(self, batch: outbox.Batch) -> None:
        """One poisoned message must not stop the others: it is pushed back, then reported."""
        try:
            await self._deliver(batch)
        except _Superseded:
            log.warning("another process is the sender now")
        except Exception as error:
            log.exception("delivery of a batch failed; trying again later")
            # A full disk is nobody's fault and may be over at once; a poisoned message stays one.
            pause = timedelta() if cannot_store(error) else timedelta(seconds=BACK_OFF[3])
            notices = [item.notice for item in batch.items]
            await self._record(self._abandon, notices, pause, type(error).__name__)
            self.counts.retried += 1

    def _abandon(
        self, session: Session, notices: Sequence[Notice], pause: timedelta, error: str
    ) -> None:
        now = self._clock()
        if self._posts.sure(session, SENDER):
            outbox.abandon(session, notices, now, now + pause, error)

    async def _record(
        self, fn: Callable[Concatenate[Session, P], None], *args: P.args, **kwargs: P.kwargs
    ) -> None:
        """Write down what became of a message. While the database takes nothing this goes on: the
        outcome is known, and saying the message again for want of a note would be our own fault."""
        while True:
            try:
                return await self._db.write(fn, *args, **kwargs)
            except Exception as error:
                if not cannot_store(error):
                    raise
                log.error("an outcome cannot be written (%s); trying again", type(error).__name__)  # noqa: TRY400
            await asyncio.sleep(TROUBLE_PAUSE)

    async def _deliver(self, batch: outbox.Batch) -> None:
        composed = await self._composing.do(batch)
        if composed.unwanted or composed.later:
            await self._db.write(self._put_aside, composed)
        if composed.message is None:
            return
        if _awaited(batch):
            await self._carry(batch, composed, composed.message)
            return
        async with self._sending:
            await self._carry(batch, composed, composed.message)

    async def _carry(self, batch: outbox.Batch, composed: Composed, message: Message) -> None:
        """Send it, and write down before and after what there is to know of it."""
        contact = batch.contact
        pacer = self._pacers[contact.channel]
        await pacer.turn(contact.address, contact.chat_kind)
        if contact.channel in self._doubtful or contact.channel not in self._moving(self._clock()):
            await self._hand_back([batch])
            return
        began = monotonic()
        attempt = await self._opening.do(_Parcel(contact, composed))
        await pacer.gate()
        await self._still_sender(began)
        try:
            message_id = await self._send(contact, composed, message)
        except SendError as error:
            if error.uncertain:
                self._doubtful.setdefault(contact.channel, 0)
            await self._record(self._settle, contact, composed, attempt, error)
            return
        finally:
            pacer.spoke(contact.address, contact.chat_kind)
        self._misses[contact.channel] = 0
        at = await self._noting.do(_Parcel(contact, composed, attempt, message_id))
        self.counts.sent += 1
        self.counts.late.add((at - min(each.due_at for each in composed.told)).total_seconds())

    async def _still_sender(self, since: float) -> None:
        """A process that was stopped and goes on, or a machine that did nothing for a while: what
        it wrote down before, a successor has taken over and says again. Raises _Superseded."""
        if monotonic() - since < STOOD_STILL:
            return
        if not await self._db.read(self._posts.sure, SENDER):
            raise _Superseded

    async def _compose(self, batches: Sequence[outbox.Batch]) -> list[Composed | Exception]:
        return await self._db.read(self._compose_all, batches, self._clock())

    def _compose_all(
        self, session: Session, batches: Sequence[outbox.Batch], now: datetime
    ) -> list[Composed | Exception]:
        words = self._words.knowing(session, batches, now)
        found: list[Composed | Exception] = []
        for batch in batches:
            try:
                found.append(words.compose(session, batch, now))
            except Exception as error:  # noqa: BLE001 -- raised where this message is delivered
                found.append(error)
        return found

    def _put_aside(self, session: Session, composed: Composed) -> None:
        now = self._clock()
        if not self._posts.sure(session, SENDER):
            return
        if composed.unwanted:
            outbox.close(session, composed.unwanted, NoticeState.WITHDRAWN, now, "stale")
        for notice, when in composed.later:
            outbox.give_back(session, [notice], when)

    async def _open(self, parcels: Sequence[_Parcel]) -> list[int | Exception]:
        leaving = [
            outbox.Leaving(
                each.contact.id or 0,
                (*each.composed.told, *each.composed.folded),
                each.composed.message.plain if each.composed.message is not None else "",
            )
            for each in parcels
        ]
        return [*await self._db.write(self._open_all, leaving, self._clock())]

    def _open_all(
        self, session: Session, leaving: Sequence[outbox.Leaving], now: datetime
    ) -> list[int]:
        if not self._posts.sure(session, SENDER):
            raise _Superseded
        return outbox.open_attempts(session, leaving, now)

    async def _send(self, contact: Contact, composed: Composed, message: Message) -> str:
        channel = self._channels[contact.channel]
        if composed.edit_of is not None:
            await channel.edit(contact.address, composed.edit_of, message)
            return composed.edit_of
        try:
            return await channel.send(contact.address, message)
        except SendError as error:
            if not error.bad_markup:
                raise
        log.warning("the messenger refused the markup; sending plain text")
        return await channel.send(contact.address, message.as_plain())

    async def _note(self, parcels: Sequence[_Parcel]) -> list[datetime | Exception]:
        now = self._clock()
        await self._record(self._sent, parcels, now)
        return [now] * len(parcels)

    @staticmethod
    def _sent(session: Session, parcels: Sequence[_Parcel], now: datetime) -> None:
        """The further parts of a long message are queued only now: a first part that must be tried
        again would otherwise arrive behind them."""
        taken = [
            outbox.Taken(each.attempt, each.composed.told, each.composed.folded, each.message_id)
            for each in parcels
        ]
        outbox.all_sent(session, taken, now)
        for each in parcels:
            for index, part in enumerate(each.composed.rest, start=2):
                file_id = part.attachment.file_id if part.attachment is not None else None
                outbox.put_part(
                    session, each.attempt, index, each.contact.id or 0, part.html, part.pairs(),
                    now, file_id,
                )  # fmt: skip

    def _settle(
        self,
        session: Session,
        contact: Contact,
        composed: Composed,
        attempt: int,
        error: SendError,
    ) -> None:
        """What each failure means (design, section 7)."""
        now = self._clock()
        notices = (*composed.told, *composed.folded)
        if not outbox.is_open(session, attempt):
            log.warning("an attempt failed that another process had given up: %s", error.text)
        elif error.auth:
            self._stop(contact.channel, now + AUTH_PAUSE, "cut_off")
            log.error("%s refuses us, the channel stands still: %s", contact.channel, error.text)
            # Who has another messenger is told there at once.
            when = now if len(self._channels) > 1 else now + AUTH_PAUSE
            outbox.retry(session, attempt, notices, when, now, error.text)
        elif error.exhausted:
            until = now + timedelta(seconds=error.retry_after or AUTH_PAUSE.total_seconds())
            self._stop(contact.channel, until, "limited")
            when = now if len(self._channels) > 1 else until
            outbox.retry(session, attempt, notices, when, now, error.text)
            self.counts.retried += 1
        elif error.moved_to is not None:
            move_contact(session, contact, error.moved_to, now)
            outbox.retry(session, attempt, notices, now, now, error.text)
        elif error.uncertain:
            self.counts.uncertain += 1
            outbox.doubted(session, attempt, notices, now + UNCERTAIN_PAUSE, now, error.text)
        elif error.closed:
            if close_contact(session, contact, error.text, now):
                self._words.contact_closed(session, contact, now)
            outbox.contact_lost(session, attempt, notices, now, error.text)
            self.counts.failed += 1
        elif error.permanent or max(notice.tries for notice in notices) >= MAX_TRIES:
            outbox.failed(session, attempt, notices, now, error.text)
            self.counts.failed += 1
            log.error("a message to contact %s was refused: %s", contact.id, error.text)
        else:
            when = now + self._wait(contact, error, max(notice.tries for notice in notices))
            outbox.retry(session, attempt, notices, when, now, error.text)
            self.counts.retried += 1

    def _wait(self, contact: Contact, error: SendError, tries: int) -> timedelta:
        """How long until the next try: none where another messenger may take over."""
        if error.retry_after is not None:
            return timedelta(seconds=error.retry_after)
        self._misses[contact.channel] += 1
        if len(self._channels) > 1 and self._misses[contact.channel] >= CUT_OFF_AFTER:
            self._stop(contact.channel, self._clock() + CUT_OFF_PAUSE, "cut_off")
            log.warning("%s is cut off: other messengers take over", contact.channel)
            return timedelta()
        return timedelta(seconds=self._pause(tries))

    def _stop(self, channel: str, until: datetime, why: str) -> None:
        self._standing[channel], self._why[channel] = until, why

    def _pause(self, tries: int) -> float:
        base = BACK_OFF[min(tries, len(BACK_OFF) - 1)]
        return base * (0.8 + 0.4 * self._jitter.random())


def _awaited(batch: outbox.Batch) -> bool:
    return batch.items[0].notice.kind in outbox.AWAITED
