"""What is shown of a review: the summary, a page, the buttons that say the same as words."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlmodel import Session

from bot.reviewing.look import Cursor, Look, save, stopping
from bot.reviewing.view import page_of, summary_view, task_view
from bot.talk import Desk, Talk
from intake.board import Board
from intake.drafts import Draft
from registry import reviews
from registry.directives import find
from registry.notices import put_text
from registry.tables import Directive, Review
from registry.types import NoticeKind
from scheduler.channel import Button


def _summary_facts(
    review: Review, board: Board, draft: Draft, known: Directive | None
) -> dict[str, Any]:
    return {
        "review": review.id,
        "name": review.name,
        "known": known,
        "citations": [
            one for one in board.source.citations if one.number != draft.directive.number
        ],
        **summary_view(board, draft),
    }


def say_summary(look: Look) -> None:
    """What was found, what is to be done next."""
    look.shown = True
    known = find(look.talk.session, look.draft.directive)
    facts = _summary_facts(look.review, look.board, look.draft, known)
    look.talk.say("review_summary", buttons=buttons(look.review, look.cursor, 2), **facts)


def announce_review(  # noqa: PLR0913 -- whom, where, and what of
    session: Session,
    desk: Desk,
    review: Review,
    board: Board,
    draft: Draft,
    *,
    contact_id: int,
    key: str,
    now: datetime,
) -> None:
    """The summary, for somebody whose document has just been read."""
    known = find(session, draft.directive)
    facts = _summary_facts(review, board, draft, known)
    text = desk.renderer.render("replies/review_summary", **facts)
    pairs = [[(one.label, one.action) for one in row] for row in buttons(review, Cursor(), 2)]
    put_text(session, NoticeKind.ANSWER, key, text.html, now, contact_id=contact_id, buttons=pairs)


def buttons(review: Review, cursor: Cursor, pages: int) -> list[list[Button]]:
    """The same as the words say."""
    row = [Button("Xem từng nhiệm vụ" if cursor.page == 0 else "Trang sau", f"v1:{review.id}:next")]
    last = [
        Button("Chỗ cần xem", f"v1:{review.id}:problems"),
        Button("Duyệt hết", f"v1:{review.id}:store"),
    ]
    return [row, last] if pages > 1 else [last]


def say_assignment(look: Look) -> None:
    """The task as understood, and the question whether it is meant so."""
    look.cursor = replace(look.cursor, pending="store")
    save(look)
    look.shown = True
    look.talk.say(
        "giao_draft",
        tasks=[task_view(look.board, n, task) for n, task in look.board.numbered(look.draft)],
        stop=stopping(look),
    )


def show_page(look: Look, cursor: Cursor) -> None:
    page = page_of(look.board, look.draft, cursor.page, only_problems=cursor.problems)
    look.cursor = replace(cursor, page=page.number)
    look.shown = True
    look.talk.say(
        "review_page",
        buttons=buttons(look.review, look.cursor, page.total),
        page=page,
        name=look.review.name,
    )


def say_unavailable(talk: Talk, review: Review) -> None:
    talk.say(
        "review_unavailable",
        review=review.id,
        name=review.name,
        state=str(review.state),
        holder=reviews.holder(talk.session, review),
    )
