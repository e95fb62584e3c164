"""A sender that stood still while another took its post, and goes on."""

import asyncio
from datetime import timedelta

import pytest
from sqlmodel import Session, select

from registry import outbox
from registry.database import Database
from registry.posts import Alone
from registry.tables import Attempt
from registry.types import NoticeState
from scheduler import deliver
from scheduler.channel import SendError
from tests.fakes.channel import FakeChannel
from tests.scheduler.test_deliver import MORNING, Bench
from tests.scheduler.test_deliver import _until as until


@pytest.fixture
def bench(db: Database) -> Bench:
    return Bench(db, {"fake": FakeChannel()})


class LostWhenOpened(Alone):
    """The post is lost in the moment when the first message has been written down."""

    def sure(self, session: Session, name: str) -> bool:
        del name
        return session.exec(select(Attempt)).first() is None


async def _taken_over(bench: Bench) -> Bench:
    """A successor's desk on the same database."""
    await bench.db.write(outbox.release_expired, bench.now, everything=True)
    return Bench(bench.db, {"fake": FakeChannel()}, now=bench.now)


async def test_who_stood_still_before_sending_asks_first(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliver, "STOOD_STILL", 0.0)
    notice = bench.reminder(bench.holder())
    await bench.deliverer(LostWhenOpened()).start_due()
    await asyncio.sleep(0.05)
    assert bench.channel.tried == []
    successor = await _taken_over(bench)
    await successor.drain()
    assert successor.channel.texts("chat1") == [f"gửi lại {notice}"]
    assert bench.channel.tried == []


@pytest.mark.parametrize(
    "error",
    [
        SendError("reset", uncertain=True),
        SendError("refused"),
        SendError("gone", closed=True, permanent=True),
        SendError("no", permanent=True),
    ],
)
async def test_what_fails_after_another_took_over_is_the_others(
    bench: Bench, error: SendError
) -> None:
    notice = bench.reminder(bench.holder())
    bench.channel.gate = asyncio.Event()
    bench.channel.fail.append(error)
    deliverer = bench.deliverer()
    await deliverer.start_due()
    await until(lambda: bool(bench.channel.tried))
    successor = await _taken_over(bench)
    await successor.drain()
    bench.channel.gate.set()
    await deliverer.finish()
    assert bench.notice(notice).state is NoticeState.SENT
    assert bench.outcomes() == ["uncertain", "sent"]
    await successor.drain(timedelta(days=1))
    assert successor.channel.texts("chat1") == [f"gửi lại {notice}"]
    assert bench.words.lost == []


async def test_what_arrived_after_all_is_not_said_again(bench: Bench) -> None:
    notice = bench.reminder(bench.holder())
    bench.channel.gate = asyncio.Event()
    deliverer = bench.deliverer()
    await deliverer.start_due()
    await until(lambda: bool(bench.channel.tried))
    successor = await _taken_over(bench)
    bench.channel.gate.set()
    await deliverer.finish()
    await successor.drain()
    assert successor.channel.sent == []
    assert bench.notice(notice).closed_at == MORNING
