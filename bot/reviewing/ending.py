"""How a review ends: stored, with word to those who owe something, or dropped; and what is in
the way."""

from dataclasses import replace

from bot.announcing import announce_import
from bot.replies.review import Order
from bot.reviewing import storing
from bot.reviewing.look import Look, assigned, save, stops, terms_of
from bot.reviewing.view import needs_look
from intake.board import blocked
from intake.difference import difference
from intake.importing import store_in
from registry import reviews
from registry.directives import find
from registry.people import Refused
from registry.types import ReviewState

MOST_PROBLEMS = 12


def in_the_way(look: Look) -> bool:
    """Say what must be mended before anything is stored."""
    draft = look.draft
    general = [one.message for one in draft.problems if one.blocking and not one.line]
    if look.board.unnumbered and not assigned(look.board):
        general.append("văn bản chưa có số: gõ “số 45/KH-UBND”, hoặc “chưa có số”")
    stop = [(n, task) for n, task in look.board.numbered(draft) if blocked(task)]
    if stop or general:
        save(look)
        look.shown = True
        look.talk.say(
            "review_blocked",
            general=general,
            tasks=[(n, stops(task)[0]) for n, task in stop[:MOST_PROBLEMS]],
            more=max(0, len(stop) - MOST_PROBLEMS),
            first=stop[0][0] if stop else None,
        )
    return bool(stop or general)


def accept_all(look: Look, _order: Order) -> None:
    """Store, unless something stands in the way, or a person must first see what it changes."""
    if in_the_way(look):
        return
    if find(look.talk.session, look.draft.directive) is not None:
        look.cursor = replace(look.cursor, pending="store")
        save(look)
        _say_difference(look)
        return
    store(look)


def _say_difference(look: Look) -> None:
    look.shown = True
    change = difference(look.talk.session, look.draft, look.talk.desk.calendar)
    look.talk.say(
        "review_difference", directive=look.draft.directive, change=change, most=MOST_PROBLEMS
    )


def store(look: Look, *, end_gone: bool = False) -> None:
    """Store the board and tell those concerned. `end_gone`: tasks of an earlier version that this
    one does not name end."""
    talk, board = look.talk, look.board
    unlooked = [n for n, task in board.numbered(look.draft) if needs_look(board, n, task)]
    order = replace(board.order(terms_of(talk.desk)), end_gone=end_gone)
    report = store_in(talk.session, board.remaining(), order, talk.now)
    if report.result is None or report.expansion is None:
        raise Refused("Văn bản còn chỗ phải sửa; gõ “lỗi” để xem.")
    reviews.close(
        talk.session, look.review, ReviewState.STORED, talk.actor, talk.now,
        report.result.directive_id,
    )  # fmt: skip
    told = storing.tell_agencies(
        talk.session, talk.desk.renderer, report.result, talk.now, besides=talk.actor.person_id
    )
    announce_import(
        talk.session, talk.desk.renderer, report, talk.now, besides=talk.actor.person_id
    )
    look.closed = True
    talk.say(
        "review_stored",
        directive=report.draft.directive,
        result=report.result,
        expansion=report.expansion,
        told=told,
        duties=storing.few_duties(talk.session, report.result.added),
        unlooked=unlooked,
        troubles=[one.message for one in report.notes],
    )


def cancel(look: Look, _order: Order) -> None:
    look.cursor = replace(look.cursor, pending="cancel")
    save(look)
    look.shown = True
    look.talk.say("review_cancel", name=look.review.name, total=len(look.board.kept))


def really_cancel(look: Look) -> None:
    reviews.close(
        look.talk.session, look.review, ReviewState.DROPPED, look.talk.actor, look.talk.now
    )
    look.closed = True
    look.talk.say("review_cancelled", name=look.review.name)


def no(look: Look, _order: Order) -> None:
    if assigned(look.board):
        really_cancel(look)
        return
    look.told.append("Đã thôi; bản soát giữ nguyên.")
