"""How fast "xong" is taken: stored, understood, recorded, the answer queued, one after the other as
they come; and beside it the least a bot would do with python-telegram-bot."""

import json
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlmodel import Field, Session, SQLModel, col, create_engine, func, select
from telegram import Update as TelegramUpdate
from telegram.ext import Application, ContextTypes, MessageHandler, filters

from bench.fill import filled_people
from bench.path import MORNING, TOKEN
from bot.app import App
from bot.channels.http import HttpClient
from bot.channels.telegram import TelegramChannel
from bot.opening import Tools
from bot.settings import Paths, Settings
from registry.tables import Completion
from scheduler.channel import Update


@dataclass(frozen=True)
class Taken:
    """Answers and what they cost: seconds, and processor milliseconds each."""

    count: int
    seconds: float
    cpu: float

    @property
    def rate(self) -> float:
        return self.count / self.seconds

    @property
    def each(self) -> float:
        return 1000 * self.cpu / self.count


def said(number: int) -> str:
    """One person's "xong" as Telegram sends it."""
    person = {"id": 1000 + number, "is_bot": False, "first_name": "Lan"}
    message = {
        "message_id": number,
        "date": int(MORNING.timestamp()),
        "chat": {"id": 1000 + number, "type": "private", "first_name": "Lan"},
        "from": person,
        "text": f"xong {100 + number} số {number}/BC-UBND ngày 3/3",
    }
    return json.dumps({"update_id": number, "message": message})


async def product(count: int) -> Taken:
    """The program's own way, without a messenger: nothing is received or sent."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        db = filled_people(folder / "dondoc.db", count, MORNING - timedelta(days=1))
        shift = MORNING - datetime.now(UTC)
        settings = Settings(paths=Paths(data_dir=folder))
        async with HttpClient() as http:
            channel = TelegramChannel(TOKEN, "http://127.0.0.1:1", http)

            def clock() -> datetime:
                return datetime.now(UTC) + shift

            tools = Tools.of(settings, clock())
            async with App(tools, db, {"telegram": channel}, clock) as app:
                await app.dispatcher.store("telegram", [Update(str(n), said(n)) for n in (1, 2)])
                await app.dispatcher.drain()
                began, cpu = time.perf_counter(), time.process_time()
                for start in range(3, count + 1, 20):
                    part = range(start, min(start + 20, count + 1))
                    await app.dispatcher.store("telegram", [Update(str(n), said(n)) for n in part])
                    await app.dispatcher.drain()
                taken = Taken(count - 2, time.perf_counter() - began, time.process_time() - cpu)
            done = db.read_now(_completions)
            if done != count:
                raise AssertionError(f"{done} of {count} answers were counted")
        db.close()
        return taken


def _completions(session: Session) -> int:
    return session.exec(select(func.count(col(Completion.id)))).one()


class Owed(SQLModel, table=True):
    """The peer's only table."""

    __tablename__ = "bench_owed"

    number: int = Field(primary_key=True)
    done: str = ""


async def library(count: int) -> Taken:
    """python-telegram-bot's Application with one handler: the number is looked up, marked, and
    committed (SQLite's default journal, as durable as ours). No rights, no record, no answer."""
    with tempfile.TemporaryDirectory() as name:
        engine = create_engine(f"sqlite:///{Path(name) / 'peer.db'}")
        SQLModel.metadata.create_all(engine, tables=[Owed.__table__])  # type: ignore[attr-defined]
        with Session(engine) as session:
            session.add_all(Owed(number=100 + n) for n in range(1, count + 1))
            session.commit()

        async def handle(update: TelegramUpdate, _context: ContextTypes.DEFAULT_TYPE) -> None:
            assert update.message is not None
            words = (update.message.text or "").split(maxsplit=2)
            with Session(engine) as session:
                owed = session.get_one(Owed, int(words[1]))
                owed.done = words[2]
                session.add(owed)
                session.commit()

        application = Application.builder().token(TOKEN).build()
        application.add_handler(MessageHandler(filters.TEXT, handle))
        application._initialized = True  # noqa: SLF001 -- it would ask Telegram who it is
        began, cpu = time.perf_counter(), time.process_time()
        for update in _updates(count, application):
            await application.process_update(update)
        took, used = time.perf_counter() - began, time.process_time() - cpu
        engine.dispose()
        return Taken(count, took, used)


def _updates(count: int, application: "Application") -> Iterator[TelegramUpdate]:  # type: ignore[type-arg]
    for number in range(1, count + 1):
        update = TelegramUpdate.de_json(json.loads(said(number)), application.bot)
        if update is not None:
            yield update
