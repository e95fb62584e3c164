"""Boards kept up to date: pinned once sent, rewritten when the figures or the day have changed, at
most every quarter of an hour. A board that was deleted is given up, and that is said once."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from bot.settings import Settings
from registry import boards
from registry.clock import local_day
from registry.database import Database
from registry.notices import put_text
from registry.tables import Board, Contact
from registry.types import NoticeKind
from reports import figures
from reports.asking import Ask
from reports.meaning import mean
from reports.render import Rendered, Renderer
from reports.status import status_of
from scheduler.channel import Channel, Message, PinningChannel, SendError

log = logging.getLogger(__name__)

APART = timedelta(minutes=15)
LOOK_EVERY = timedelta(seconds=20)


@dataclass(frozen=True, slots=True)
class _Standing:
    """A board as it is to be seen to. `fresh`: what it is to show now; None: it shows that."""

    board: Board
    channel: str
    address: str
    message_id: str
    fresh: Rendered | None
    open: bool


class Boards:
    """Looks after every board. `wake` is called when something was queued."""

    def __init__(
        self,
        db: Database,
        channels: Mapping[str, Channel],
        settings: Settings,
        renderer: Renderer,
        wake: Callable[[], object],
    ) -> None:
        self._db = db
        self._channels = channels
        self._settings = settings
        self._renderer = renderer
        self._wake = wake
        self._next: datetime | None = None

    async def look(self, now: datetime) -> None:
        """Pin what has arrived, rewrite what has changed, take off what was taken down."""
        if self._next is not None and now < self._next:
            return
        self._next = now + LOOK_EVERY
        for standing in await self._db.read(self._standing, now):
            channel = self._channels.get(standing.channel)
            if isinstance(channel, PinningChannel):
                try:
                    await self._see_to(channel, standing, now)
                except SendError as error:
                    await self._failed(standing, error, now)
            elif standing.message_id:
                await self._db.write(self._end, standing.board.id or 0, now, "")

    def _standing(self, session: Session, now: datetime) -> list[_Standing]:
        found = []
        for board in boards.up(session):
            contact = session.get(Contact, board.contact_id)
            if contact is None:
                continue
            due = board.ended_at is None and board.message_id and now >= board.shown_at + APART
            fresh = self._fresh(session, board, now) if due else None
            message_id = board.message_id or boards.message_of(session, board)
            open_ = contact.closed_at is None
            session.expunge(board)
            found.append(
                _Standing(board, contact.channel, contact.address, message_id, fresh, open_)
            )
        return found

    def _fresh(self, session: Session, board: Board, now: datetime) -> Rendered | None:
        said = board_text(session, board.asked, now, self._settings, self._renderer)
        return said if said is not None and said.html != board.text else None

    async def _see_to(self, channel: PinningChannel, standing: _Standing, now: datetime) -> None:
        board, address = standing.board, standing.address
        if board.ended_at is not None:
            await self._take_off(channel, standing)
        elif not standing.open:
            await self._db.write(self._end, board.id or 0, now, "")
        elif not board.message_id and standing.message_id:
            await self._db.write(self._sent, board.id or 0, standing.message_id)
            await channel.pin(address, standing.message_id)
            await self._db.write(self._pinned, board.id or 0, True)
        elif standing.fresh is not None:
            said = standing.fresh
            message = Message(said.html, said.plain)
            if await channel.rewrite(address, standing.message_id, message):
                await self._db.write(self._shown, board.id or 0, said.html, now)
            else:
                await self._db.write(self._end, board.id or 0, now, "bang_mat")
                self._wake()

    async def _take_off(self, channel: PinningChannel, standing: _Standing) -> None:
        if standing.message_id:
            await channel.unpin(standing.address, standing.message_id)
        await self._db.write(self._pinned, standing.board.id or 0, False)

    async def _failed(self, standing: _Standing, error: SendError, now: datetime) -> None:
        """A messenger that is away is tried again; one that refuses is not asked again."""
        log.warning("board %s: %s", standing.board.id, error)
        if not (error.permanent or error.closed):
            return
        if standing.board.ended_at is not None:
            await self._db.write(self._pinned, standing.board.id or 0, False)
        elif not standing.board.message_id:
            await self._db.write(self._say, standing.board.id or 0, "bang_khong_ghim", now)
            self._wake()
        else:
            await self._db.write(self._end, standing.board.id or 0, now, "bang_mat")
            self._wake()

    # -- inside the transaction -------------------------------------------------------------------

    @staticmethod
    def _sent(session: Session, board_id: int, message_id: str) -> None:
        board = session.get_one(Board, board_id)
        board.message_id = message_id
        session.add(board)

    @staticmethod
    def _pinned(session: Session, board_id: int, pinned: bool) -> None:
        board = session.get_one(Board, board_id)
        board.pinned = pinned
        session.add(board)

    @staticmethod
    def _shown(session: Session, board_id: int, text: str, now: datetime) -> None:
        board = session.get_one(Board, board_id)
        board.text, board.shown_at = text, now
        session.add(board)

    def _end(self, session: Session, board_id: int, now: datetime, word: str) -> None:
        board = session.get_one(Board, board_id)
        if board.ended_at is None:
            board.ended_at, board.pinned = now, False
            session.add(board)
            if word:
                self._say(session, board_id, word, now)

    def _say(self, session: Session, board_id: int, word: str, now: datetime) -> None:
        board = session.get_one(Board, board_id)
        said = self._renderer.render(f"replies/{word}")
        put_text(
            session, NoticeKind.ALERT, f"{boards.key_of(board_id)}:{word}", said.html, now,
            contact_id=board.contact_id,
        )  # fmt: skip


def board_text(
    session: Session,
    asked: str,
    now: datetime,
    settings: Settings,
    renderer: Renderer,
    *,
    stays: bool = True,
) -> Rendered | None:
    """What a board shows on this day; None where what it was about is no longer there. stays: the
    messenger lets it be rewritten."""
    ask = Ask.read(asked)
    today, soon = local_day(now), settings.committee.soon_days
    meaning = mean(session, ask, today, soon, None) if ask is not None else None
    if meaning is None:
        return None
    title = meaning.title or settings.committee.name
    found = status_of(session, meaning.scope, overdue=0)
    return figures.board(renderer, found, title, meaning.words, stays=stays)
