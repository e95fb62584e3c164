"""The one writer of a process: what queues up shares a commit, and what passes is tried again."""

import sqlite3
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextvars import copy_context
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Thread
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from registry.engines import DatabaseDamaged, DatabaseTrouble, passing

T = TypeVar("T")
Work = Callable[[Session], Any]
Job = tuple[Work, "Future[Any]"]

GROUP = 64
# Seconds between tries while the server cannot be reached: it is back from a restart within ten,
# and after a minute whoever waits hears of it and decides for himself.
PAUSES = (0.05, 0.2, 0.5, 1.0, 2.0, *(3.0,) * 18)
CUT_OFF = "Mất kết nối tới máy chủ cơ sở dữ liệu; kiểm tra máy chủ PostgreSQL rồi thử lại."


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What became of one piece of work inside a transaction that was committed."""

    result: Any = None
    error: BaseException | None = None


class _Undone(DatabaseTrouble):
    """The engine ended the whole transaction because of the work at one place in it."""

    def __init__(self, place: int) -> None:
        super().__init__("Cơ sở dữ liệu đã hủy cả giao dịch; kiểm tra dung lượng đĩa.")
        self.place = place


class WriteThread:
    """Whatever has queued up while a commit was on its way to the disk shares the next transaction,
    each piece of work behind its own savepoint: the price of a durable commit is paid once for all
    of them, and a piece that fails takes back only itself.

    While PostgreSQL cannot be reached the queue waits and the work is done anew: none of it has
    happened then. A commit whose answer was lost is looked up, never repeated on a guess.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._queue: SimpleQueue[Job | None] = SimpleQueue()
        self._thread: Thread | None = None
        self._closed = False
        # Logs of the thread name the committee whose database this is.
        self._context = copy_context()

    def submit(self, work: Callable[[Session], T]) -> "Future[T]":
        if self._closed:
            raise DatabaseTrouble("Cơ sở dữ liệu đã đóng.")
        if self._thread is None:
            self._thread = Thread(
                target=self._context.run, args=(self._run,), name="dondoc-write", daemon=True
            )
            self._thread.start()
        future: Future[T] = Future()
        self._queue.put((work, future))
        return future

    def close(self) -> None:
        """Finish what was handed over, then stop."""
        self._closed = True
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()

    def _run(self) -> None:
        while (job := self._queue.get()) is not None:
            jobs = [job]
            last = False
            while len(jobs) < GROUP and not self._queue.empty():
                more = self._queue.get()
                if more is None:
                    last = True
                    break
                jobs.append(more)
            self._together(jobs)
            if last:
                return

    def _together(self, jobs: Sequence[Job]) -> None:
        pauses = iter(PAUSES)
        while True:
            try:
                outcomes = carry_out(self._engine, [work for work, _ in jobs])
            except DatabaseDamaged as damage:
                if len(jobs) > 1:
                    # Only who meets the damage fails of it: word of it for staff must not.
                    for job in jobs:
                        self._together([job])
                    return
                outcomes = [_Outcome(error=damage)]
            except Exception as error:  # noqa: BLE001 -- no commit: nobody's work has happened
                pause = next(pauses, None)
                if passing(error) and pause is not None and not self._closed:
                    time.sleep(pause)
                    continue
                failure = cut_off(error) if passing(error) else error
                outcomes = [_Outcome(error=failure)] * len(jobs)
                if isinstance(error, _Undone):
                    # Whose fault it is hears it in the engine's own words.
                    outcomes[error.place] = _Outcome(error=error.__cause__)
            break
        for (_, future), outcome in zip(jobs, outcomes, strict=True):
            if outcome.error is not None:
                future.set_exception(outcome.error)
            else:
                future.set_result(outcome.result)


def write_alone(engine: Engine, work: Callable[[Session], T], pauses: Sequence[float]) -> T:
    """One piece of work in the calling thread."""
    waiting = iter(pauses)
    while True:
        try:
            outcome = carry_out(engine, [work])[0]
        except DBAPIError as error:
            if not passing(error):
                raise
            pause = next(waiting, None)
            if pause is None:
                raise cut_off(error) from error
            time.sleep(pause)
            continue
        if outcome.error is not None:
            raise outcome.error
        result: T = outcome.result
        return result


def cut_off(error: BaseException) -> DatabaseTrouble:
    trouble = DatabaseTrouble(CUT_OFF)
    trouble.__cause__ = error
    return trouble


def carry_out(engine: Engine, works: Sequence[Work]) -> list[_Outcome]:
    """All of it in one transaction. Raises where that did not take place, for whatever reason."""
    with engine.connect() as connection:
        transaction = connection.begin()
        outcomes: list[_Outcome] = []
        try:
            for work in works:
                outcomes.append(_piece(connection, work, len(outcomes)))
            number = _number(connection)
        except BaseException:
            transaction.rollback()
            raise
        try:
            transaction.commit()
        except DBAPIError as error:
            if number is None or not error.connection_invalidated:
                transaction.rollback()
                raise
            lost = error
        else:
            return outcomes
    if _committed(engine, number):
        return outcomes
    raise lost


def _piece(connection: Connection, work: Work, place: int) -> _Outcome:
    try:
        with (
            Session(
                connection, join_transaction_mode="create_savepoint", expire_on_commit=False
            ) as session,
            session.begin(),
        ):
            return _Outcome(work(session))
    except Exception as error:
        if connection.invalidated or passing(error):
            raise
        if isinstance(error, DatabaseDamaged):
            # SQLite would refuse the commit.
            raise
        if _ended(connection):
            raise _Undone(place) from error
        return _Outcome(error=error)


def _ended(connection: Connection) -> bool:
    """On a full disk SQLite may end the whole transaction by itself, and would go on without it:
    what earlier pieces of work wrote is gone then, and they must hear of it."""
    raw = connection.connection.dbapi_connection
    return isinstance(raw, sqlite3.Connection) and not raw.in_transaction


def _number(connection: Connection) -> str | None:
    """The transaction's number, by which it can be asked for later; None where nothing was written
    or the engine has no such thing."""
    if connection.dialect.name != "postgresql":
        return None
    found = connection.execute(text("SELECT pg_current_xact_id_if_assigned()::text"))
    number: str | None = found.scalar_one()
    return number


def _committed(engine: Engine, number: str) -> bool:
    """Whether a transaction took place whose commit was never answered. Asking takes the pen, which
    its session keeps as long as it lives: the answer is final. Raises DatabaseTrouble where the
    server does not come back."""
    ask = text("SELECT pg_xact_status(CAST(CAST(:number AS text) AS xid8))")
    for pause in PAUSES:
        try:
            with engine.connect() as connection:
                return bool(connection.execute(ask, {"number": number}).scalar_one() == "committed")
        except DBAPIError as error:
            if not passing(error):
                break
            time.sleep(pause)
    raise DatabaseTrouble(
        "Mất kết nối tới máy chủ cơ sở dữ liệu đúng lúc ghi, chưa rõ đã ghi hay chưa; "
        "hãy kiểm tra lại rồi mới làm lại."
    )
