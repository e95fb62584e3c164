"""Updates: stored once, handled in order, tried three times, then set aside with an apology."""

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import col, select

from bot.dispatch import Dispatcher
from bot.settings import Settings
from bot.talk import Desk
from deadlines.calendar import WorkCalendar
from registry import inbound
from registry.database import Database
from registry.notices import payload_of
from registry.retention import RULES, Periods
from registry.tables import Inbound, Notice
from registry.types import InboundState
from reports.render import Rendered, Renderer
from scheduler.channel import Incoming, Update
from tests.fakes.channel import FakeChannel, says
from tests.fakes.databases import fresh

NOW = datetime(2027, 1, 12, 2, tzinfo=UTC)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = fresh(tmp_path)
    yield database
    database.close()


def rows(db: Database) -> list[Inbound]:
    return list(db.read_now(lambda s: s.exec(select(Inbound).order_by(col(Inbound.id))).all()))


def answers(db: Database) -> list[str]:
    found = db.read_now(lambda s: s.exec(select(Notice).order_by(col(Notice.id))).all())
    return [str(payload_of(each)["html"]) for each in found]


class Fussy(Renderer):
    """Fails on some templates, as a broken one of an office does."""

    def __init__(self, *broken: str) -> None:
        super().__init__()
        self.broken = set(broken)

    def render(self, name: str, /, **_facts: object) -> Rendered:
        if name in self.broken:
            raise RuntimeError(name)
        return Rendered(name, name)


def dispatcher(db: Database, renderer: Renderer, channel: FakeChannel) -> Dispatcher:
    desk = Desk(Settings(), renderer, WorkCalendar())
    return Dispatcher(db, {"fake": channel}, desk, lambda: NOW, lambda: None)


def test_stored_once_for_each_channel(db: Database) -> None:
    assert db.write_now(inbound.store, "telegram", [("1", "a"), ("2", "b")], NOW) == 2
    assert (
        db.write_now(inbound.store, "telegram", [("2", "changed"), ("3", "c"), ("3", "c")], NOW)
        == 1
    )
    assert db.write_now(inbound.store, "zalo", [("1", "z")], NOW) == 1
    assert [row.raw for row in rows(db)] == ["a", "b", "c", "z"]


async def test_handled_in_order_and_never_again(db: Database) -> None:
    channel = FakeChannel()
    works = dispatcher(db, Fussy(), channel)
    updates = [Update(str(n), says(f"p{n}", "/trogiup")) for n in range(5)]
    await works.store("fake", updates)
    await works.store("fake", updates)
    assert await works.drain() == 5
    assert await works.drain() == 0
    await works.store("fake", updates)
    assert await works.drain() == 0
    assert [row.sender for row in rows(db)] == [f"p{n}" for n in range(5)]
    assert {row.state for row in rows(db)} == {InboundState.HANDLED}
    assert len(answers(db)) == 5


async def test_what_fails_is_tried_three_times_and_the_others_go_on(db: Database) -> None:
    works = dispatcher(db, Fussy("replies/start_stranger"), FakeChannel())
    await works.store(
        "fake", [Update("1", says("a", "xin chào")), Update("2", says("b", "/trogiup"))]
    )
    await works.drain()
    first, second = rows(db)
    assert (first.state, first.tries, first.outcome) == (InboundState.FAILED, 3, "RuntimeError")
    assert second.state == InboundState.HANDLED
    told = db.read_now(lambda s: s.exec(select(Notice.key).order_by(col(Notice.id))).all())
    assert [key.split(":")[1] for key in told] == ["1", "2"], "an apology, then the other's answer"
    assert answers(db)[0] == "replies/trouble"


async def test_a_failed_try_leaves_nothing_behind(db: Database) -> None:
    """The contact it made, the answer it had begun: all of it is taken back."""
    works = dispatcher(db, Fussy("replies/start_stranger", "replies/trouble"), FakeChannel())
    await works.store("fake", [Update("1", says("a", "xin chào"))])
    await works.drain()
    assert answers(db) == []
    assert [row.state for row in rows(db)] == [InboundState.FAILED]


async def test_an_apology_that_fails_as_well_stops_nobody(db: Database) -> None:
    works = dispatcher(db, Fussy("replies/start_stranger", "replies/trouble"), FakeChannel())
    await works.store(
        "fake", [Update("1", says("a", "xin chào")), Update("2", says("b", "/trogiup"))]
    )
    running = asyncio.create_task(works.run())
    for _ in range(500):
        if [row.state for row in rows(db)] == [InboundState.FAILED, InboundState.HANDLED]:
            break
        assert not running.done(), running
        await asyncio.sleep(0.01)
    else:
        raise AssertionError(rows(db))
    running.cancel()


async def test_no_apology_in_a_group(db: Database) -> None:
    works = dispatcher(db, Fussy("messages/help", "replies/start_stranger"), FakeChannel())
    raw = says("g", "/trogiup", kind="group")
    await works.store("fake", [Update("1", raw)])
    await works.drain()
    assert answers(db) == []


async def test_what_is_not_meant_for_us_is_not_kept(db: Database) -> None:
    def parses(raw: str) -> Incoming | None:
        data = json.loads(raw)
        return Incoming(**data, addressed=False) if data["chat_kind"] == "group" else None

    works = dispatcher(db, Fussy(), FakeChannel(parses=parses))
    await works.store(
        "fake", [Update("1", says("g", "chuyện riêng", kind="group")), Update("2", says("a", "x"))]
    )
    await works.drain()
    assert [(row.state, row.raw, row.sender) for row in rows(db)] == [
        (InboundState.IGNORED, "", ""), (InboundState.IGNORED, "", ""),
    ]  # fmt: skip


async def test_a_pressed_buttons_spinner_stops(db: Database) -> None:
    channel = FakeChannel()
    works = dispatcher(db, Fussy(), channel)
    pressed = json.loads(says("a", "")) | {"event": "button", "action": "x", "callback": "c9"}
    await works.store("fake", [Update("1", json.dumps(pressed))])
    await works.drain()
    assert channel.acknowledged == ["c9"]


def test_the_text_is_forgotten_after_a_week_and_the_key_stays(db: Database) -> None:
    db.write_now(inbound.store, "fake", [("1", "a"), ("2", "b")], NOW)

    def handled(session):  # type: ignore[no-untyped-def]
        row = session.get_one(Inbound, 1)
        row.state, row.handled_at = InboundState.HANDLED, NOW
        session.add(row)

    db.write_now(handled)
    (rule,) = [each for each in RULES if each.name == "inbound"]
    week = NOW + timedelta(days=7)
    assert db.write_now(rule.apply, Periods(), week) == 0
    assert db.write_now(rule.apply, Periods(), week + timedelta(seconds=1)) == 1
    assert [row.raw for row in rows(db)] == ["", "b"], "what nobody has handled yet is kept"
    assert db.write_now(inbound.store, "fake", [("1", "a")], NOW) == 0
