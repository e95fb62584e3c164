"""Delivery: what is due is claimed, rendered with the facts of the moment, sent, and recorded.

Nothing is lost: a notice leaves the queue only with a recorded outcome, and a lease that its holder
did not live to return is claimable again. What may leave is `taking.py`'s to say, what a failure
means `outcome.py`'s.
"""

import asyncio
import contextlib
import logging
from collections import Counter, deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Concatenate, ParamSpec

from sqlmodel import Session

from deadlines.calendar import WorkCalendar
from registry import outbox
from registry.budget import Tariff
from registry.claiming import AWAITED, Batch
from registry.database import Database
from registry.disk import cannot_store
from registry.posts import SENDER, Alone, Posts
from registry.tables import Contact, Notice
from registry.types import NoticeState
from scheduler.channel import Channel, Message, SendError
from scheduler.messengers import Messengers
from scheduler.outcome import BACK_OFF, Counts, Failures
from scheduler.pace import Pacer
from scheduler.plan import Policy
from scheduler.taking import AHEAD, AHEAD_LEAST, InHand, Taking
from scheduler.together import Together
from scheduler.words import Composed, Words

log = logging.getLogger(__name__)

P = ParamSpec("P")

# Messages being sent at once: thirty a second may leave, and an answer may take a second.
# Each of them would be in doubt after a crash, so no more than that.
CONCURRENT = 32
# Messages being worked on at all: what is rendered ahead of its turn is rendered together, so they
# are begun as many at a time as there is room for once fewer than WELL_AHEAD are left.
WORKED_ON = AHEAD_LEAST
WELL_AHEAD = 48
IDLE = 30.0
TROUBLE_PAUSE = 5.0
# Seconds between writing down that a message leaves and its leaving, after which the database is
# asked whether this process is still the sender: fewer than a successor waits (`posts.SETTLE`).
STOOD_STILL = 1.5


@dataclass(frozen=True, slots=True)
class _Parcel:
    """A message for a contact, and once it has left its attempt and the messenger's id."""

    contact: Contact
    composed: Composed
    attempt: int = 0
    message_id: str = ""


class _Superseded(Exception):
    """Another process is the sender now, and has taken over what was claimed here."""


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
        self._clock = clock
        self._alarm = alarm
        self._posts = posts or Alone()
        self._wake = asyncio.Event()
        self._busy: set[int] = set()
        self._under_way: Counter[str] = Counter()
        self._messengers = Messengers(channels, clock)
        self._taking = Taking(
            channels, self._messengers, policy, calendar, self._posts, tariffs or {}
        )
        self.counts = Counts()
        self._failures = Failures(self._messengers, words, self.counts, clock)
        self._pacers = {name: Pacer(channel.limits) for name, channel in channels.items()}
        self._running: set[asyncio.Task[None]] = set()
        self._line: deque[Batch] = deque()
        self._sending = asyncio.Semaphore(CONCURRENT)
        self._composing = Together(self._compose, "compose")
        self._opening = Together(self._open, "open")
        self._noting = Together(self._note, "note")

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
            if self._wake.is_set() or self._messengers.in_doubt or self._line:
                return
            due = await self._db.read(outbox.next_due)
            if due is not None and due <= self._clock():
                return

    async def _nap(self, due: datetime | None) -> None:
        now = self._clock()
        if due is not None and due > now and self._alarm is not None:
            self._alarm((due - now).total_seconds())
        # Due but not claimable: a door is closed, a messenger stands still, or a chat is busy.
        seconds = self._taking.until_open(now) if due is not None and due <= now else IDLE
        # Not wait_for: before Python 3.12 it swallows a cancellation that meets a wake.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(min(seconds, IDLE)):
                await self._wake.wait()

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
        begun = self._ask_doubtful() + self._advance()
        while len(self._line) < AHEAD // 2:
            claimed = await self._db.write(self._taking.take, self._clock(), self._in_hand())
            if not claimed:
                break
            # Who has just asked is not kept waiting by those in line.
            awaited = [each for each in claimed if _awaited(each)]
            self._line.extendleft(reversed(awaited))
            self._line.extend(each for each in claimed if not _awaited(each))
            begun += self._advance()
        return begun

    def _ask_doubtful(self) -> int:
        names = self._messengers.to_ask()
        for name in names:
            self._start(self._messengers.ask(name), f"ask-{name}")
        return len(names)

    def _in_hand(self) -> InHand:
        in_line = Counter(batch.contact.channel for batch in self._line)
        waiting = tuple(batch.contact.id or 0 for batch in self._line)
        return InHand(tuple(self._busy), waiting, in_line + self._under_way)

    def _advance(self) -> int:
        """Begin with those in line whose turn it is; how many messages were begun."""
        if not self._posts.mine(SENDER):
            self._line.clear()
        sending = self._messengers.sending(self._clock())
        back: list[Batch] = []
        kept: list[Batch] = []
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

    async def _hand_back(self, batches: Sequence[Batch]) -> None:
        """They are not sent: another messenger, or the next process, may take over."""
        notices = [item.notice for batch in batches for item in batch.items]
        await self._db.write(self._let_go, notices, self._clock())

    def _let_go(self, session: Session, notices: Sequence[Notice], now: datetime) -> None:
        """What another process has taken over is not ours to give back."""
        if self._posts.sure(session, SENDER):
            outbox.hand_back(session, notices, now)

    def _begin(self, batch: Batch) -> None:
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

    async def _guarded(self, batch: Batch) -> None:
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

    async def _deliver(self, batch: Batch) -> None:
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

    async def _carry(self, batch: Batch, composed: Composed, message: Message) -> None:
        """Send it, and write down before and after what there is to know of it."""
        contact = batch.contact
        pacer = self._pacers[contact.channel]
        await pacer.turn(contact.address, contact.chat_kind)
        await self._messengers.answering(contact.channel)
        if contact.channel not in self._messengers.sending(self._clock()):
            await self._hand_back([batch])
            return
        began = monotonic()
        attempt = await self._opening.do(_Parcel(contact, composed))
        await pacer.gate()
        await self._still_sender(began)
        # A file may take long.
        quick = message.attachment is None
        asked = self._messengers.asked(contact.channel) if quick else contextlib.nullcontext()
        try:
            with asked:
                message_id = await self._send(contact, composed, message)
        except SendError as error:
            if error.uncertain:
                self._messengers.doubt(contact.channel)
            await self._record(self._failures.settle, contact, composed, attempt, error)
            return
        finally:
            pacer.spoke(contact.address, contact.chat_kind)
        self._messengers.arrived(contact.channel)
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

    async def _compose(self, batches: Sequence[Batch]) -> list[Composed | Exception]:
        return await self._db.read(self._compose_all, batches, self._clock())

    def _compose_all(
        self, session: Session, batches: Sequence[Batch], now: datetime
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


def _awaited(batch: Batch) -> bool:
    return batch.items[0].notice.kind in AWAITED
