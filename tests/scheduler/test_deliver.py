"""Delivery over a fake messenger: what every failure means, and that nothing is lost or doubled."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col, select

from deadlines.calendar import WorkCalendar
from registry import claiming, outbox
from registry.database import Database
from registry.notices import payload_of, put_text
from registry.posts import Posts
from registry.tables import Attempt, Contact, Duty, Notice, Subscription
from registry.types import AttemptOutcome, NoticeKind, NoticeState
from scheduler.channel import Channel, ChannelInfo, Message, SendError
from scheduler.deliver import CONCURRENT, Deliverer
from scheduler.outcome import AUTH_PAUSE, UNCERTAIN_PAUSE
from scheduler.plan import Policy
from scheduler.words import Composed
from tests.fakes.channel import NO_PACE, FakeChannel, Sent
from tests.reports.build import Builder

MORNING = datetime(2027, 1, 5, 1, tzinfo=UTC)  # a Tuesday, 08:00 local
EVENING = datetime(2027, 1, 5, 11, tzinfo=UTC)
LEASE_OVER = outbox.LEASE + timedelta(seconds=1)


@dataclass
class PlainWords:
    """Says which notices a message tells; "gửi lại" where one of them is doubtful."""

    poisoned: set[int] = field(default_factory=set)
    rest: tuple[Message, ...] = ()
    lost: list[int] = field(default_factory=list)

    def knowing(
        self, _session: Session, _batches: Sequence[claiming.Batch], _now: datetime
    ) -> "PlainWords":
        return self

    def compose(self, _session: Session, batch: claiming.Batch, _now: datetime) -> Composed:
        if batch.contact.id in self.poisoned:
            raise RuntimeError("a template of the office's own")
        notices = tuple(item.notice for item in batch.items)
        mark = "gửi lại " if any(notice.uncertain for notice in notices) else ""
        text = mark + " ".join(str(notice.id) for notice in notices)
        edits = [payload_of(n).get("edits") for n in notices if n.kind == NoticeKind.EDIT]
        message = Message(f"<b>{text}</b>", text)
        return Composed(message, notices, edit_of=edits[0] if edits else None, rest=self.rest)

    def contact_closed(self, _session: Session, contact: Contact, _now: datetime) -> None:
        self.lost.append(contact.id or 0)


@dataclass
class Bench:
    """A deliverer at its desk, with a clock that a test moves."""

    db: Database
    channels: dict[str, FakeChannel]
    words: PlainWords = field(default_factory=PlainWords)
    now: datetime = MORNING
    alarms: list[float] = field(default_factory=list)

    @property
    def channel(self) -> FakeChannel:
        return self.channels["fake"]

    def deliverer(self, posts: Posts | None = None) -> Deliverer:
        ports: dict[str, Channel] = dict(self.channels)
        return Deliverer(
            self.db, ports, self.words, Policy(), WorkCalendar(), lambda: self.now,
            self.alarms.append, posts=posts,
        )  # fmt: skip

    async def drain(self, after: timedelta = timedelta()) -> None:
        """Time passes; a deliverer of a new process sends what may be sent."""
        self.now += after
        await self.deliverer().drain()

    def holder(self, number: int = 1, *, channel: str = "fake", kind: str = "private") -> Contact:
        def make(session: Session) -> Contact:
            build = Builder(session, MORNING)
            agency = build.agency(f"Sở {number}")
            more = {"channel": channel, "address": f"chat{number}", "chat_kind": kind}
            if kind == "private":
                person = build.person(f"Cán bộ {number}")
                contact = build.contact(person, **more)
                build.subscription(agency, key=f"p{number}", person_id=person.id)
            else:
                contact = build.contact(None, **more)
                build.subscription(agency, key=f"c{number}", contact_id=contact.id)
            return contact

        return self.db.write_now(make)

    def _subscription(self, session: Session, contact: Contact) -> Subscription:
        mine = (
            Subscription.person_id == contact.person_id
            if contact.person_id
            else Subscription.contact_id == contact.id
        )
        return session.exec(select(Subscription).where(mine)).one()

    def reminder(self, contact: Contact, due_at: datetime | None = None, **more: Any) -> int:
        """Queue a reminder for the contact's subscription."""

        def make(session: Session) -> int:
            build = Builder(session, MORNING)
            subscription = self._subscription(session, contact)
            number = len(session.exec(select(Notice.id)).all()) + 1
            duty = session.exec(select(Duty)).first()
            if duty is None:
                agency = build.agency("Sở có việc")
                duty = build.duty(build.task(build.directive()), agency, MORNING.date())
            known = {"key": f"k{number}", "step": "5"} | more
            return build.notice(duty, subscription, due_at or self.now, **known).id or 0

        return self.db.write_now(make)

    def answer(self, contact: Contact, kind: NoticeKind = NoticeKind.ANSWER) -> int:
        key = f"{kind}:{len(self.rows())}"
        self.db.write_now(put_text, kind, key, "x", self.now, contact_id=contact.id)
        return max(row.id or 0 for row in self.rows())

    def rows(self) -> Sequence[Notice]:
        return self.db.read_now(lambda s: s.exec(select(Notice).order_by(col(Notice.id))).all())

    def notice(self, notice_id: int) -> Notice:
        return self.db.read_now(lambda s: s.get_one(Notice, notice_id))

    def contact(self, contact: Contact) -> Contact:
        return self.db.read_now(lambda s: s.get_one(Contact, contact.id))

    def outcomes(self) -> list[str]:
        return list(
            self.db.read_now(lambda s: s.exec(select(Attempt.outcome).order_by(col(Attempt.id))))
        )


@pytest.fixture
def bench(db: Database) -> Bench:
    return Bench(db, {"fake": FakeChannel()})


# -- what each failure means ----------------------------------------------------------------------


async def test_delivered(bench: Bench) -> None:
    contact = bench.holder()
    notice = bench.reminder(contact)
    await bench.drain()
    assert bench.channel.texts("chat1") == [str(notice)]
    row = bench.notice(notice)
    assert (row.state, row.tries, row.closed_at) == (NoticeState.SENT, 1, MORNING)
    (attempt,) = bench.db.read_now(lambda s: s.exec(select(Attempt)).all())
    assert (attempt.outcome, attempt.message_id, attempt.text) == ("sent", "m1", str(notice))


@pytest.mark.parametrize(
    ("error", "state", "outcome", "again_after"),
    [
        (SendError("no", permanent=True), NoticeState.DEAD, "failed", None),
        (SendError("slow", retry_after=33), NoticeState.QUEUED, "retry", timedelta(seconds=33)),
        (SendError("lost?", uncertain=True), NoticeState.QUEUED, "uncertain", UNCERTAIN_PAUSE),
        (SendError("401", auth=True), NoticeState.QUEUED, "retry", AUTH_PAUSE),
    ],
)
async def test_failures(
    bench: Bench,
    error: SendError,
    state: NoticeState,
    outcome: str,
    again_after: timedelta | None,
) -> None:
    notice = bench.reminder(bench.holder())
    bench.channel.fail.append(error)
    await bench.drain()
    row = bench.notice(notice)
    assert (row.state, bench.outcomes()) == (state, [outcome])
    if again_after is None:
        await bench.drain(timedelta(days=1))
        assert len(bench.channel.tried) == 1
        return
    assert row.next_at == MORNING + again_after
    await bench.drain(again_after - timedelta(seconds=1))
    assert len(bench.channel.tried) == 1
    await bench.drain(timedelta(seconds=1))
    assert bench.notice(notice).state == NoticeState.SENT
    assert len(bench.channel.sent) == 1


async def test_a_server_in_trouble_is_asked_ever_less_often(bench: Bench) -> None:
    notice = bench.reminder(bench.holder())
    bench.channel.fail.extend(SendError("500") for _ in range(8))
    waits = []
    for _ in range(8):
        await bench.drain()
        waits.append((bench.notice(notice).next_at - bench.now).total_seconds())
        bench.now = bench.notice(notice).next_at
        if bench.now > MORNING + timedelta(hours=8):
            break
    assert waits[0] < 30
    assert all(a < b * 1.5 for a, b in pairwise(waits))
    assert max(waits) <= 1800 * 1.2
    await bench.drain()
    assert bench.notice(notice).state == NoticeState.SENT


async def test_an_uncertain_reminder_is_repeated_once_and_marked(bench: Bench) -> None:
    notice = bench.reminder(bench.holder())
    bench.channel.arrives_anyway = True
    bench.channel.fail.extend(SendError("timeout", uncertain=True) for _ in range(5))
    for _ in range(5):
        await bench.drain(UNCERTAIN_PAUSE)
    assert bench.channel.texts("chat1") == [str(notice), f"gửi lại {notice}"]
    assert bench.notice(notice).state == NoticeState.UNCERTAIN
    repeats = bench.db.read_now(lambda s: s.exec(select(Attempt.repeat)).all())
    assert list(repeats) == [False, True]


async def test_an_uncertain_answer_is_not_repeated(bench: Bench) -> None:
    notice = bench.answer(bench.holder())
    bench.channel.fail.append(SendError("timeout", uncertain=True))
    await bench.drain()
    await bench.drain(timedelta(hours=1))
    assert len(bench.channel.tried) == 1
    assert bench.notice(notice).state == NoticeState.UNCERTAIN


async def test_refused_markup_goes_out_once_as_plain_text(bench: Bench) -> None:
    notice = bench.reminder(bench.holder())
    bench.channel.fail.append(SendError("can't parse", bad_markup=True, permanent=True))
    await bench.drain()
    (sent,) = bench.channel.sent
    assert sent.message.html == str(notice)
    assert bench.notice(notice).state == NoticeState.SENT


async def test_markup_refused_twice_is_given_up(bench: Bench) -> None:
    notice = bench.reminder(bench.holder())
    refused = SendError("can't parse", bad_markup=True, permanent=True)
    bench.channel.fail.extend([refused, refused])
    await bench.drain()
    await bench.drain(timedelta(hours=2))
    assert len(bench.channel.tried) == 2
    assert bench.notice(notice).state == NoticeState.DEAD


async def test_a_closed_chat_is_told_to_staff_and_its_reminders_wait(bench: Bench) -> None:
    contact = bench.holder()
    reminder = bench.reminder(contact)
    bench.channel.fail_for["chat1"] = SendError("403", closed=True, permanent=True)
    await bench.drain()
    await bench.drain(timedelta(hours=2))
    assert bench.contact(contact).closed_at == MORNING
    assert bench.words.lost == [contact.id]
    assert len(bench.channel.tried) == 1, "nobody knocks at a closed door"
    assert bench.notice(reminder).state == NoticeState.QUEUED
    assert bench.notice(reminder).reason == "no_contact"

    def another(session: Session) -> None:
        Builder(session, MORNING).contact(
            None, channel="fake", address="new"
        ).person_id = contact.person_id

    bench.db.write_now(another)
    await bench.drain(timedelta(hours=1, seconds=1))
    assert bench.channel.texts("new") == [str(reminder)]


async def test_what_was_for_a_closed_chat_alone_is_dead(bench: Bench) -> None:
    answer = bench.answer(bench.holder())
    bench.channel.fail.append(SendError("403", closed=True, permanent=True))
    await bench.drain()
    assert bench.notice(answer).state == NoticeState.DEAD


async def test_a_group_that_moved_is_followed_at_once(bench: Bench) -> None:
    contact = bench.holder(kind="group")
    notice = bench.reminder(contact)
    bench.channel.fail_for["chat1"] = SendError("migrated", moved_to="-100777", permanent=True)
    await bench.drain()
    assert bench.channel.texts("-100777") == [str(notice)]
    assert bench.contact(contact).address == "-100777"


async def test_a_group_that_moved_to_a_known_one(bench: Bench) -> None:
    old = bench.holder(1, kind="group")
    bench.holder(2, kind="group")
    notice = bench.reminder(old)
    bench.channel.fail_for["chat1"] = SendError("migrated", moved_to="chat2", permanent=True)
    await bench.drain()
    assert bench.channel.texts("chat2") == [str(notice)]
    assert bench.contact(old).closed_at is not None


async def test_a_refused_token_stops_its_messenger_and_no_other(db: Database) -> None:
    bench = Bench(db, {"fake": FakeChannel(), "other": FakeChannel("other")})
    for number in range(CONCURRENT * 2):
        bench.reminder(bench.holder(number))
    elsewhere = bench.reminder(bench.holder(99, channel="other"))
    bench.channel.fail.extend(SendError("401", auth=True) for _ in range(CONCURRENT))
    deliverer = bench.deliverer()
    await deliverer.drain()
    assert len(bench.channel.tried) <= CONCURRENT
    assert bench.channels["other"].texts("chat99") == [str(elsewhere)]
    bench.now += AUTH_PAUSE
    await deliverer.drain()
    assert len(bench.channel.sent) == CONCURRENT * 2


async def test_given_up_after_many_tries(bench: Bench) -> None:
    notice = bench.reminder(bench.holder())
    bench.db.write_now(
        lambda s: s.execute(Notice.__table__.update().values(tries=60))  # type: ignore[attr-defined]
    )
    bench.channel.fail.append(SendError("500"))
    await bench.drain()
    assert bench.notice(notice).state == NoticeState.DEAD


# -- crashes and the unforeseen -------------------------------------------------------------------


async def test_died_before_sending_is_sent_unmarked(bench: Bench) -> None:
    notice = bench.reminder(bench.holder())
    bench.db.write_now(claiming.claim, MORNING, channels=("fake",))
    await bench.drain(outbox.LEASE / 2)
    assert bench.channel.sent == []
    await bench.drain(LEASE_OVER)
    assert bench.channel.texts("chat1") == [str(notice)]


async def test_died_while_sending_is_repeated_once_and_marked(bench: Bench) -> None:
    notice = bench.reminder(bench.holder())
    bench.channel.gate = asyncio.Event()
    dying = bench.deliverer()
    await dying.start_due()
    await _until(lambda: bool(bench.channel.tried))
    for task in list(dying._running):
        task.cancel()
    with suppress(asyncio.CancelledError):
        await asyncio.gather(*dying._running)
    bench.channel.gate.set()
    await bench.drain(LEASE_OVER)
    assert bench.channel.texts("chat1") == [f"gửi lại {notice}"]
    assert bench.outcomes() == [AttemptOutcome.UNCERTAIN, AttemptOutcome.SENT]


async def test_many_deaths_in_a_row_lose_nothing(bench: Bench) -> None:
    """Cut before it left, each time: what died was us, not the messenger."""
    notice = bench.reminder(bench.holder())
    for _ in range(outbox.MOST_DEATHS):
        bench.db.write_now(_claimed_and_opened, bench.now)
        bench.db.write_now(outbox.release_expired, bench.now, everything=True)
    assert bench.notice(notice).uncertain == outbox.MOST_DEATHS
    await bench.drain()
    assert bench.channel.texts("chat1") == [f"gửi lại {notice}"]


async def test_a_message_that_kills_the_process_does_not_do_so_for_ever(bench: Bench) -> None:
    notice = bench.reminder(bench.holder())
    for _ in range(outbox.MOST_DEATHS + 1):
        bench.db.write_now(_claimed_and_opened, bench.now)
        bench.db.write_now(outbox.release_expired, bench.now, everything=True)
    assert bench.notice(notice).state == NoticeState.UNCERTAIN


async def test_a_death_does_not_use_up_the_messengers_repetition(bench: Bench) -> None:
    notice = bench.reminder(bench.holder())
    bench.db.write_now(_claimed_and_opened, bench.now)
    bench.db.write_now(outbox.release_expired, bench.now, everything=True)
    bench.channel.fail.append(SendError("timeout", uncertain=True))
    await bench.drain()
    await bench.drain(UNCERTAIN_PAUSE)
    assert bench.channel.texts("chat1") == [f"gửi lại {notice}"]
    assert bench.notice(notice).state == NoticeState.SENT


def _claimed_and_opened(session: Session, now: datetime) -> None:
    for batch in claiming.claim(session, now, channels=("fake",)):
        notices = [item.notice for item in batch.items]
        outbox.open_attempt(session, batch.contact.id or 0, notices, "x", now)


async def test_a_clock_set_forward_does_not_cut_off_what_is_under_way(bench: Bench) -> None:
    notice = bench.reminder(bench.holder())
    bench.channel.gate = asyncio.Event()
    deliverer = bench.deliverer()
    await deliverer.start_due()
    await _until(lambda: bool(bench.channel.tried))
    bench.now += timedelta(hours=3)
    await deliverer.start_due()
    assert bench.notice(notice).state == NoticeState.SENDING
    bench.channel.fail.append(SendError("no connection"))
    bench.channel.gate.set()
    await deliverer.finish()
    await bench.drain(timedelta(minutes=5))
    assert bench.channel.texts("chat1") == [str(notice)], "said once, without a mark"


# -- a messenger or a database in trouble ---------------------------------------------------------


@dataclass
class SilentChannel(FakeChannel):
    """Takes what is sent and, while it is `silent`, answers nothing at all."""

    silent: bool = True
    asked: int = 0

    async def open(self) -> ChannelInfo:
        self.asked += 1
        if self.silent:
            raise SendError("timeout")
        return ChannelInfo()

    async def _pass(self, sent: Sent) -> str:
        if self.silent:
            self.tried.append(sent.address)
            raise SendError("timeout", uncertain=True)
        return await super()._pass(sent)


async def test_nothing_follows_a_send_that_is_long_without_an_answer(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scheduler.messengers.SILENT", 0.02)
    gate = asyncio.Event()
    channel = FakeChannel(limits=replace(NO_PACE, per_second=50.0), gate=gate)
    bench = Bench(db, {"fake": channel})
    for number in range(25):
        bench.reminder(bench.holder(number))
    going = asyncio.create_task(bench.drain())
    async with asyncio.timeout(10):
        while not channel.tried:  # noqa: ASYNC110 -- the channel tells nobody
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.6)
    assert len(channel.tried) < 20, "in that time each of them had its turn"
    gate.set()
    await going
    assert len(channel.sent) == 25


async def test_a_silent_messenger_is_asked_before_anything_else_is_sent(db: Database) -> None:
    """Otherwise every reminder would be sent twice in vain, and given up."""
    channel = SilentChannel()
    bench = Bench(db, {"fake": channel})
    notices = [bench.reminder(bench.holder(number)) for number in range(40)]
    deliverer = bench.deliverer()
    for _ in range(10):
        await deliverer.drain()
        bench.now += timedelta(minutes=10)
    assert len(channel.tried) <= CONCURRENT
    assert channel.asked >= 10
    channel.silent = False
    for _ in range(3):
        await deliverer.drain()
        bench.now += timedelta(minutes=2)
    told = [text.removeprefix("gửi lại ") for number in range(40)
            for text in channel.texts(f"chat{number}")]  # fmt: skip
    assert sorted(told) == sorted(map(str, notices))
    assert {bench.notice(each).state for each in notices} == {NoticeState.SENT}


async def test_what_arrived_is_not_said_again_for_want_of_a_note(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scheduler.deliver.TROUBLE_PAUSE", 0.01)
    full = [True, True]

    class Part(Message):
        """Finds no room on the disk, twice."""

        def pairs(self) -> list[list[tuple[str, str]]]:
            if full:
                full.pop()
                raise OperationalError("INSERT", {}, OSError("disk full"))
            bench.words.rest = ()
            return []

    notice = bench.reminder(bench.holder())
    bench.words.rest = (Part("a", "a"),)
    await bench.drain()
    assert bench.channel.texts("chat1")[0] == str(notice)
    assert bench.notice(notice).state == NoticeState.SENT
    assert len(bench.channel.texts("chat1")) == 2, "the message and its part"


async def test_one_poisoned_message_stops_nobody(bench: Bench) -> None:
    contacts = [bench.holder(number) for number in range(30)]
    notices = [bench.reminder(contact) for contact in contacts]
    bench.words.poisoned = {contacts[0].id or 0}
    await bench.drain()
    assert len(bench.channel.sent) == 29
    bench.words.poisoned.clear()
    await bench.drain(timedelta(minutes=6))
    assert bench.channel.texts("chat0") == [str(notices[0])], "told later, and unmarked"


async def test_an_unforeseen_error_of_a_messenger_counts_as_doubt(bench: Bench) -> None:
    notice = bench.reminder(bench.holder())
    bench.channel.arrives_anyway = True
    bench.channel.fail.extend(KeyError("result") for _ in range(9))
    for _ in range(6):
        await bench.drain(timedelta(minutes=10))
    assert bench.channel.texts("chat1") == [str(notice), f"gửi lại {notice}"]
    assert bench.notice(notice).state == NoticeState.UNCERTAIN


class _NotStorable(Message):
    def pairs(self) -> list[list[tuple[str, str]]]:
        raise OSError("disk full")


async def test_what_cannot_be_recorded_is_not_sent_for_ever(bench: Bench) -> None:
    notice = bench.reminder(bench.holder())
    bench.words.rest = (_NotStorable("a", "a"),)
    for _ in range(6):
        await bench.drain(timedelta(minutes=10))
    assert bench.channel.texts("chat1") == [str(notice), f"gửi lại {notice}"]


# -- order and company ----------------------------------------------------------------------------


async def test_all_that_is_due_for_one_contact_is_one_message(bench: Bench) -> None:
    contact = bench.holder()
    notices = [bench.reminder(contact) for _ in range(5)]
    await bench.drain()
    assert bench.channel.texts("chat1") == [" ".join(map(str, notices))]


async def test_one_message_at_a_time_to_one_contact_in_order(bench: Bench) -> None:
    contact = bench.holder()
    bench.channel.gate = asyncio.Event()
    deliverer = bench.deliverer()
    first = bench.answer(contact)
    await deliverer.start_due()
    await _until(lambda: bool(bench.channel.tried))
    more = [bench.answer(contact) for _ in range(3)]
    assert await deliverer.start_due() == 0, "the contact is busy"
    bench.channel.gate.set()
    await deliverer.finish()
    await deliverer.drain()
    assert bench.channel.texts("chat1") == [str(each) for each in [first, *more]]


async def test_an_answer_goes_before_a_queue_of_reminders(bench: Bench) -> None:
    for number in range(200):
        bench.reminder(bench.holder(number), MORNING - timedelta(hours=number))
    asking = bench.holder(999)
    answer = bench.answer(asking)
    await bench.drain()
    assert str(answer) in [each.text for each in bench.channel.sent[:CONCURRENT]]
    assert len(bench.channel.sent) == 201


async def test_an_answer_goes_before_the_contacts_own_reminders(bench: Bench) -> None:
    contact = bench.holder()
    reminder = bench.reminder(contact, MORNING - timedelta(hours=1))
    answer = bench.answer(contact)
    await bench.drain()
    assert bench.channel.texts("chat1") == [str(answer), str(reminder)]


async def test_the_parts_of_a_long_message_follow_in_order(bench: Bench) -> None:
    contact = bench.holder()
    notice = bench.reminder(contact)
    bench.words.rest = tuple(Message(f"part {n}", f"part {n}") for n in (2, 3))
    deliverer = bench.deliverer()
    await deliverer.start_due()
    await deliverer.finish()
    bench.words.rest = ()
    await deliverer.drain()
    parts = [row for row in bench.rows() if row.kind == NoticeKind.PART]
    assert [payload_of(row)["html"] for row in parts] == ["part 2", "part 3"]
    told = [str(each) for each in [notice, *(row.id for row in parts)]]
    assert bench.channel.texts("chat1") == told


async def test_nothing_but_answers_in_the_evening(bench: Bench) -> None:
    bench.now = EVENING
    contact = bench.holder()
    bench.reminder(contact, step="5")
    bench.answer(contact, NoticeKind.ALERT)
    today = bench.reminder(contact, step="0")
    yesterday = bench.holder(2)
    bench.reminder(yesterday, EVENING - timedelta(days=1), step="0")
    answer = bench.answer(contact)
    await bench.drain()
    assert [each.text for each in bench.channel.sent] == [str(answer), str(today)]
    await bench.drain(timedelta(hours=13, minutes=30))
    assert all(row.state == NoticeState.SENT for row in bench.rows())


async def test_an_edit_is_no_new_message(bench: Bench) -> None:
    contact = bench.holder()
    edit = bench.answer(contact, NoticeKind.EDIT)
    bench.db.write_now(
        lambda s: s.execute(Notice.__table__.update().values(payload='{"edits": "m9"}'))  # type: ignore[attr-defined]
    )
    await bench.drain()
    assert [(each.edited, each.text) for each in bench.channel.sent] == [("m9", str(edit))]


async def test_a_contact_on_a_messenger_that_is_not_configured_waits(bench: Bench) -> None:
    notice = bench.reminder(bench.holder(channel="gone"))
    await bench.drain()
    assert bench.notice(notice).state == NoticeState.QUEUED


# -- the loop -------------------------------------------------------------------------------------


async def _until(true: Callable[[], bool]) -> None:
    for _ in range(2000):
        if true():
            return
        await asyncio.sleep(0.002)
    raise AssertionError("waited in vain")


async def _stop(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_the_alarm_is_set_for_the_next_due_moment_and_a_wake_looks_again(
    bench: Bench,
) -> None:
    notice = bench.reminder(bench.holder(), MORNING + timedelta(seconds=90))
    deliverer = bench.deliverer()
    running = asyncio.create_task(deliverer.run())
    await _until(lambda: bool(bench.alarms))
    assert bench.alarms == [90.0]
    assert bench.channel.sent == []
    bench.now += timedelta(seconds=90)
    deliverer.wake()
    await _until(lambda: bool(bench.channel.sent))
    assert bench.channel.texts("chat1") == [str(notice)]
    await _stop(running)


async def test_stopping_finishes_what_is_under_way(bench: Bench) -> None:
    notices = [bench.reminder(bench.holder(number)) for number in range(3)]
    bench.channel.gate = asyncio.Event()
    running = asyncio.create_task(bench.deliverer().run())
    await _until(lambda: len(bench.channel.tried) == 3)
    running.cancel()
    await asyncio.sleep(0.01)
    assert not running.done()
    bench.channel.gate.set()
    with suppress(asyncio.CancelledError):
        await running
    assert {bench.notice(each).state for each in notices} == {NoticeState.SENT}


async def test_many_contacts_flow_through_without_a_wake(bench: Bench) -> None:
    for number in range(60):
        bench.reminder(bench.holder(number))
    running = asyncio.create_task(bench.deliverer().run())
    await _until(lambda: len(bench.channel.sent) == 60)
    await _stop(running)
    assert {row.state for row in bench.rows()} == {NoticeState.SENT}
