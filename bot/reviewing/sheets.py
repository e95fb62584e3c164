"""The table of drafts as a spreadsheet: out for somebody to edit, and back in."""

import re

from bot.reviewing.view import summary_view
from bot.talk import Talk
from bot.unsendable import say_file
from intake.board import Board
from intake.draft_sheet import write_sheet
from intake.drafts import Draft
from registry import files
from registry.tables import Review

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
KEPT_DAYS = 7
_NAMED = re.compile(r"soat-(\d{1,9})-")


def send(talk: Talk, review: Review, draft: Draft, board: Board) -> None:
    """Answer with the spreadsheet. Its name says which review it belongs to."""
    data = write_sheet(draft, board.remaining())
    file = files.keep(
        talk.session,
        talk.desk.settings.files_dir,
        f"soat-{review.id}-{files.plain_name(review.name)}.xlsx",
        data,
        XLSX,
        talk.now,
        days=KEPT_DAYS,
        person_id=talk.actor.person_id,
    )
    facts = summary_view(board, draft)
    say_file(talk, "review_sheet", file, name=review.name, tasks=facts["tasks"])


def review_of(name: str) -> int | None:
    """Which review a file that comes back belongs to, by its name; None for any other file."""
    match = _NAMED.match(name)
    return int(match[1]) if match and name.lower().endswith(".xlsx") else None
