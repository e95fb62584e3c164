"""One message about one review: the board as it is, where the reader stands, how it is kept."""

import json
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import Session

from bot.replies.review import Order
from bot.talk import Desk, Talk
from intake.board import Board, blocked, step_between
from intake.drafts import Draft
from intake.importing import ImportOrder, draft_in
from registry import reviews
from registry.people import Refused
from registry.tables import Review

ASSIGNMENT = "Giao việc trực tiếp"


@dataclass(frozen=True)
class Cursor:
    """Where somebody is in a review. `page`: the one shown last, 0 before the first; `pending`:
    what "đồng ý" would do."""

    page: int = 0
    problems: bool = False
    pending: str = ""


@dataclass
class Look:
    """One message about one review: what it is now, and what is to be answered."""

    talk: Talk
    review: Review
    board: Board
    cursor: Cursor
    told: list[str] = field(default_factory=list)
    shown: bool = False
    closed: bool = False
    _draft: tuple[Board, Draft] | None = None

    @property
    def draft(self) -> Draft:
        """The board as it reads now; read once for each state of it."""
        if self._draft is None or self._draft[0] is not self.board:
            self._draft = self.board, self.read(self.board)
        return self._draft[1]

    def read_again(self) -> None:
        """What names mean has changed."""
        self._draft = None

    def read(self, board: Board) -> Draft:
        order = board.order(terms_of(self.talk.desk))
        return draft_in(self.talk.session, board.remaining(), order)

    def places(self, order: Order) -> list[int]:
        """The rows an order names. Raises Refused for numbers that are none."""
        found = [number - 1 for number in order.numbers]
        strange = self.board.strange(found)
        if strange:
            raise Refused(
                f"Bản soát không có nhiệm vụ số {', '.join(map(str, strange[:5]))} "
                f"(có từ 1 đến {len(self.board.source.rows)}). Chưa thay đổi gì."
            )
        return found


def terms_of(desk: Desk) -> ImportOrder:
    """How this office counts."""
    committee = desk.settings.committee
    return ImportOrder(
        number="",
        issued=None,
        calendar=desk.calendar,
        update_rule=desk.update_rule,
        inclusive=committee.inclusive_before,
        horizon_days=committee.horizon_days,
    )


def opened(talk: Talk, review: Review) -> Look:
    """The review as it was left."""
    terms = json.loads(review.terms)
    cursor = Cursor(**terms.get("cursor", {}))
    return Look(talk, review, Board.load(review.source, review.terms), cursor)


def save(look: Look, step: dict[str, Any] | None = None) -> None:
    _keep(look.talk.session, look.review, look.board, look.cursor, look.talk.now, step)


def keep_board(
    session: Session, review: Review, before: Board, after: Board, now: datetime
) -> None:
    """Keep a board that was changed as a whole; one step back undoes it."""
    _keep(session, review, after, Cursor(), now, step_between(before, after).plain())


def _keep(
    session: Session,
    review: Review,
    board: Board,
    cursor: Cursor,
    now: datetime,
    step: dict[str, Any] | None,
) -> None:
    terms = {**json.loads(board.state()), "cursor": asdict(cursor)}
    kept = json.dumps(terms, ensure_ascii=False)
    reviews.keep(session, review, board.source.to_json(), kept, now, step)


def assigned(board: Board) -> bool:
    """A task given by hand, not a directive."""
    return board.source.head.kind == ASSIGNMENT


def stopping(look: Look) -> list[int]:
    return [n for n, task in look.board.numbered(look.draft) if blocked(task)]


def stops(task: Any) -> list[str]:
    return [one.message for one in task.messages if one.blocking]
