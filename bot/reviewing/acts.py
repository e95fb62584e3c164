"""What each order of a review does: "3 hạn 20/12", "bỏ 7", "duyệt hết".

All orders of a message are tried first; if one cannot be carried out, nothing is changed and the
answer says which and why.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from typing import Any

from sqlmodel import Session, select

from bot.replies.review import Order, Unread, read_orders
from bot.reviewing import sheets, storing
from bot.reviewing.view import needs_look, page_of, summary_view, task_view
from bot.talk import Desk, Talk
from deadlines import read
from deadlines.describe import date_text
from deadlines.text import fold
from intake.board import Board, Step, blocked, step_between, taken_back, unknown_names
from intake.difference import difference
from intake.drafts import Draft
from intake.importing import ImportOrder, draft_in, store_in
from registry import agency_list, notices, reviews
from registry.directives import find
from registry.notices import put_text
from registry.people import Refused
from registry.tables import Directive, Request, Review
from registry.types import NoticeKind, RequestState, ReviewState
from scheduler.channel import Button

_YEAR = re.compile(r"\d{4}")
_ONE_CHOICE = 1
MOST_PROBLEMS = 12
ASSIGNMENT = "Giao việc trực tiếp"


@dataclass(frozen=True)
class Cursor:
    """Where somebody is in a review. `pending`: what "đồng ý" would do."""

    page: int = 1
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


# -- from a message to orders ----------------------------------------------------------------------


def heard(talk: Talk, text: str) -> bool:
    """Whether the message belongs to the review its writer holds; then it has been answered."""
    if not talk.private or not talk.actor.is_staff or _answers_reminder(talk):
        return False
    review = reviews.held_by(talk.session, talk.actor.person_id, talk.now)
    orders = read_orders(text) if review is not None else None
    if review is None or orders is None:
        return False
    look = opened(talk, review)
    if isinstance(orders, Unread):
        talk.say("review_unread", text=orders.text)
        return True
    if not _meant(look, orders):
        return False
    if not _clashes(talk, orders, text):
        carry_out(look, orders)
    return True


def opened(talk: Talk, review: Review) -> Look:
    """The review as it was left."""
    terms = json.loads(review.terms)
    cursor = Cursor(**terms.get("cursor", {}))
    return Look(talk, review, Board.load(review.source, review.terms), cursor)


def _answers_reminder(talk: Talk) -> bool:
    message, contact = talk.incoming.reply_to, talk.contact
    if message is None or contact is None:
        return False
    return bool(notices.duties_of_message(talk.session, contact.id or 0, message))


def _meant(look: Look, orders: Sequence[Order]) -> bool:
    """ "đồng ý" without a question, "hoàn tác" without a change are about something else."""
    only = orders[0].what if len(orders) == 1 else ""
    if only in ("yes", "no"):
        return bool(look.cursor.pending)
    if only == "undo":
        return look.review.undo != "[]"
    return True


def _clashes(talk: Talk, orders: Sequence[Order], text: str) -> bool:
    """ "duyệt 12" where a request 12 waits too: asked, not guessed."""
    flat = fold(text)
    if not flat.startswith(("duyet ", "dong y ")) or "nhiem vu" in flat or "viec" in flat:
        return False
    numbers = [n for order in orders if order.what == "accept" for n in order.numbers]
    if len(numbers) != _ONE_CHOICE:
        return False
    asked = talk.session.exec(
        select(Request.id).where(Request.id == numbers[0], Request.state == RequestState.ASKED)
    ).first()
    if asked is not None:
        talk.say("review_which", number=numbers[0])
    return asked is not None


def carry_out(look: Look, orders: Sequence[Order]) -> None:
    """Carry out the orders of one message and answer. Raises Refused, and then nothing is kept."""
    before = look.board
    pending = look.cursor.pending
    look.cursor = replace(look.cursor, pending="")
    for order in orders:
        if order.what == "yes":
            _agreed(look, pending)
        else:
            _ACTS[order.what](look, order)
    if look.closed:
        return
    undone = any(order.what == "undo" for order in orders)
    step = step_between(before, look.board).plain() if look.board != before and not undone else None
    save(look, step)
    if look.told and assigned(look.board):
        say_assignment(look)
    elif look.told:
        look.talk.say(
            "review_changed",
            lines=look.told,
            stop=_stopping(look),
            total=len(look.board.kept),
            undo=look.review.undo != "[]",
            shown=look.shown,
        )


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


def _stopping(look: Look) -> list[int]:
    return [n for n, task in look.board.numbered(look.draft) if blocked(task)]


# -- changing --------------------------------------------------------------------------------------


def _set(look: Look, order: Order) -> None:
    column = order.column or "title"
    places = look.places(order)
    if column == "title" and not order.value:
        raise Refused("Nội dung nhiệm vụ không được để trống; muốn bỏ thì gõ “bỏ” kèm số.")
    change = look.board.added_to if order.what == "add" else look.board.changed
    value = order.value
    board = change(places, column, value)
    _check(look, board, places)
    look.board = board
    for number in order.numbers:
        look.told.append(_line(look, number, _COLUMN_NAMES[column]))


_COLUMN_NAMES = {
    "title": "nội dung",
    "deliverable": "sản phẩm",
    "deadline": "hạn",
    "lead": "chủ trì",
    "coordinate": "phối hợp",
    "send_to": "nơi nhận báo cáo",
}


def _check(look: Look, board: Board, places: Sequence[int]) -> None:
    """A change must not bring in what cannot be read."""
    before = {n: _stops(task) for n, task in look.board.numbered(look.draft)}
    for number, task in board.numbered(look.read(board)):
        new = [text for text in _stops(task) if text not in before.get(number, [])]
        if number - 1 in places and new:
            raise Refused(f"Nhiệm vụ {number}: {new[0]}. Chưa thay đổi gì.")


def _stops(task: Any) -> list[str]:
    return [one.message for one in task.messages if one.blocking]


def _line(look: Look, number: int, what: str) -> str:
    """How a changed task reads now, in one line."""
    task = dict(look.board.numbered(look.draft)).get(number)
    if task is None:
        return f"{number}: giống hệt một nhiệm vụ khác nên chỉ giữ một."
    view = task_view(look.board, number, task)
    values = {
        "nội dung": view["title"],
        "sản phẩm": view["deliverable"],
        "hạn": _due_words(view),
        "chủ trì": ", ".join(view["leads"]),
        "phối hợp": ", ".join(view["coordinates"]),
        "nơi nhận báo cáo": ", ".join(view["send_to"]),
    }
    notes = [one.message for one in task.messages if not one.blocking]
    ending = f" (lưu ý: {notes[0]})" if notes else ""
    return f"{number} – {what}: {values[what] or 'không có'}{ending}"


def _due_words(view: dict[str, Any]) -> str:
    if view["due"] is None:
        return f"“{view['deadline']}”, không ấn định ngày" if view["deadline"] else ""
    first = f"chậm nhất {date_text(view['due'])}"
    return f"{first} và các kỳ sau ({view['meaning']})" if view["later"] else first


def _drop(look: Look, order: Order) -> None:
    look.board = look.board.without(look.places(order))
    look.told.append(f"Bỏ {_listed(order.numbers)}; lấy lại: “lấy lại {order.numbers[0]}”.")


def _restore(look: Look, order: Order) -> None:
    look.board = look.board.restored(look.places(order))
    look.told.append(f"Lấy lại {_listed(order.numbers)}.")


def _accept(look: Look, order: Order) -> None:
    places = look.places(order)
    stop = set(_stopping(look)) & set(order.numbers)
    if stop:
        raise Refused(f"Nhiệm vụ {_listed(sorted(stop))} còn chỗ phải sửa; gõ “xem {min(stop)}”.")
    look.board = look.board.restored(places).accepting(places)
    left = len(look.board.kept) - len(look.board.accepted & set(look.board.kept))
    rest = f"còn {left} nhiệm vụ chưa duyệt" if left else "đã duyệt đủ; gõ “duyệt hết” để lưu"
    look.told.append(f"Đã duyệt {_listed(order.numbers)}; {rest}.")


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(str(number) for number in numbers)


def _fact(look: Look, order: Order) -> None:
    name = order.fact or "title"
    value = order.value
    if name in ("issued", "owed_from", "owed_until"):
        value = _day(order.value).isoformat()
    look.board = look.board.told(name, value)
    shown = date_text(date.fromisoformat(value)) if value != order.value else value
    look.told.append(f"{_FACT_NAMES[name]}: {shown}")


_FACT_NAMES = {
    "number": "Số văn bản",
    "issued": "Ngày ban hành",
    "title": "Trích yếu",
    "owed_from": "Chỉ tính các hạn từ ngày",
    "owed_until": "Chỉ tính các hạn đến hết ngày",
}


def _day(text: str) -> date:
    """A whole day; a year is needed, for an old document is as likely as a new one."""
    reading = read(text, date(1990, 1, 1))
    if not _YEAR.search(text) or not reading.sure or reading.kind != "fixed" or not reading.due:
        raise Refused(f"Không đọc được ngày “{text}”; hãy ghi đủ ngày/tháng/năm, ví dụ 12/3/2026.")
    return reading.due[0]


def _undo(look: Look, _order: Order) -> None:
    step = reviews.last_step(look.review)
    if step is None:
        raise Refused("Không còn thay đổi nào để hoàn tác trong bản soát này.")
    look.board = taken_back(look.board, Step.of(step))
    look.told.append("Đã hoàn tác thay đổi vừa rồi.")


# -- names that nobody knows -----------------------------------------------------------------------


def _adopt(look: Look, order: Order) -> None:
    """Take the proposed name, everywhere it stands misspelt; only where there is one proposal."""
    wanted = set(order.numbers)
    look.places(order)
    done: dict[str, str] = {}
    for number, task in look.board.numbered(look.draft):
        if wanted and number not in wanted:
            continue
        for name, proposals in unknown_names(task):
            if len(proposals) == 1 and name not in done:
                done[name] = proposals[0]
            elif wanted and len(proposals) > 1:
                listed = "; ".join(proposals)
                raise Refused(
                    f"“{name}” có thể là: {listed}. Hãy gõ, ví dụ: {number} chủ trì {proposals[0]}"
                )
    if not done:
        raise Refused("Không có gợi ý nào để nhận ở đây. Chưa thay đổi gì.")
    for old, new in done.items():
        look.board, count = look.board.renamed(old, new)
        look.told.append(f"“{old}” → “{new}” ({count} nhiệm vụ)")


def _create(look: Look, order: Order) -> None:
    """Ask before an agency is added to the list: that outlives the review."""
    names = [order.value] if order.value else _unknown_leads(look, order)
    if not names:
        raise Refused("Ở đó không có tên cơ quan nào chưa biết. Chưa thay đổi gì.")
    look.cursor = replace(look.cursor, pending=_CREATE + json.dumps(names, ensure_ascii=False))
    save(look)
    look.talk.say("review_create", names=names)


def _unknown_leads(look: Look, order: Order) -> list[str]:
    places = set(look.places(order))
    names = [
        name
        for number, task in look.board.numbered(look.draft)
        if number - 1 in places
        for name, _proposals in unknown_names(task)
    ]
    return list(dict.fromkeys(names))


def _really_create(look: Look, names: list[str]) -> None:
    for name in names:
        agency = agency_list.create(look.talk.session, name, look.talk.now, actor=look.talk.actor)
        look.told.append(f"Đã thêm “{agency.name}” vào danh sách cơ quan.")
    look.talk.session.flush()
    look.read_again()


# -- looking ---------------------------------------------------------------------------------------


def _page(look: Look, order: Order) -> None:
    number = order.numbers[0] if order.numbers else look.cursor.page + order.turn
    _show_page(look, replace(look.cursor, page=number))


def _problems(look: Look, _order: Order) -> None:
    _show_page(look, replace(look.cursor, page=1, problems=True))


def _summary(look: Look, _order: Order) -> None:
    look.cursor = Cursor()
    say_summary(look)


def _show_page(look: Look, cursor: Cursor) -> None:
    page = page_of(look.board, look.draft, cursor.page, only_problems=cursor.problems)
    look.cursor = replace(cursor, page=page.number)
    look.shown = True
    look.talk.say(
        "review_page",
        buttons=buttons(look.review, look.cursor, page.total),
        page=page,
        name=look.review.name,
    )


def _show(look: Look, order: Order) -> None:
    place = look.places(order)[0]
    found = dict(look.board.numbered(look.draft)).get(place + 1)
    if found is None:
        raise Refused(f"Nhiệm vụ {place + 1} đã bỏ; muốn lấy lại, gõ “lấy lại {place + 1}”.")
    look.shown = True
    look.talk.say("review_task", task=task_view(look.board, place + 1, found))


def _help(look: Look, _order: Order) -> None:
    look.shown = True
    look.talk.say("review_help")


def _sheet(look: Look, _order: Order) -> None:
    look.shown = True
    sheets.send(look.talk, look.review, look.draft, look.board)


def say_summary(look: Look) -> None:
    """What was found, what is to be done next."""
    look.shown = True
    known = find(look.talk.session, look.draft.directive)
    facts = _summary_facts(look.review, look.board, look.draft, known)
    look.talk.say("review_summary", buttons=buttons(look.review, look.cursor, 2), **facts)


def _summary_facts(
    review: Review, board: Board, draft: Draft, known: Directive | None
) -> dict[str, Any]:
    return {
        "review": review.id,
        "name": review.name,
        "known": known,
        "citations": board.source.citations,
        **summary_view(board, draft),
    }


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
    row = [Button("Xem từng nhiệm vụ" if cursor.page == 1 else "Trang sau", f"v1:{review.id}:next")]
    last = [
        Button("Chỗ cần xem", f"v1:{review.id}:problems"),
        Button("Duyệt hết", f"v1:{review.id}:store"),
    ]
    return [row, last] if pages > 1 else [last]


def pressed(talk: Talk, review_id: int, verb: str) -> bool:
    """A button of a review. One of a review that somebody else holds, or that is closed, does
    nothing but say so."""
    review = talk.session.get(Review, review_id)
    orders = {
        "next": Order("turn", turn=1),
        "problems": Order("problems"),
        "store": Order("accept_all"),
    }
    if review is None or verb not in orders or not talk.actor.is_staff:
        return False
    if review.state != ReviewState.OPEN or review.person_id != talk.actor.person_id:
        say_unavailable(talk, review)
        return True
    carry_out(opened(talk, review), [orders[verb]])
    return True


def say_unavailable(talk: Talk, review: Review) -> None:
    talk.say(
        "review_unavailable",
        review=review.id,
        name=review.name,
        state=str(review.state),
        holder=reviews.holder(talk.session, review),
    )


# -- the end ---------------------------------------------------------------------------------------


def assigned(board: Board) -> bool:
    """A task given by hand, not a directive."""
    return board.source.head.kind == ASSIGNMENT


def say_assignment(look: Look) -> None:
    """The task as understood, and the question whether it is meant so."""
    look.cursor = replace(look.cursor, pending="store")
    save(look)
    look.shown = True
    look.talk.say(
        "giao_draft",
        tasks=[task_view(look.board, n, task) for n, task in look.board.numbered(look.draft)],
        stop=_stopping(look),
    )


def _in_the_way(look: Look) -> bool:
    """Say what must be mended before anything is stored."""
    draft = look.draft
    general = [one.message for one in draft.problems if one.blocking and not one.line]
    stop = [(n, task) for n, task in look.board.numbered(draft) if blocked(task)]
    if stop or general:
        save(look)
        look.shown = True
        look.talk.say(
            "review_blocked",
            general=general,
            tasks=[(n, _stops(task)[0]) for n, task in stop[:MOST_PROBLEMS]],
            more=max(0, len(stop) - MOST_PROBLEMS),
            first=stop[0][0] if stop else None,
        )
    return bool(stop or general)


def _accept_all(look: Look, _order: Order) -> None:
    """Store, unless something stands in the way, or a person must first see what it changes."""
    if _in_the_way(look):
        return
    if find(look.talk.session, look.draft.directive) is not None:
        look.cursor = replace(look.cursor, pending="store")
        save(look)
        _say_difference(look)
        return
    _store(look)


def _say_difference(look: Look) -> None:
    look.shown = True
    change = difference(look.talk.session, look.draft, look.talk.desk.calendar)
    look.talk.say(
        "review_difference", directive=look.draft.directive, change=change, most=MOST_PROBLEMS
    )


def _store(look: Look) -> None:
    talk, board = look.talk, look.board
    unlooked = [n for n, task in board.numbered(look.draft) if needs_look(board, n, task)]
    report = store_in(talk.session, board.remaining(), board.order(terms_of(talk.desk)), talk.now)
    if report.result is None or report.expansion is None:
        raise Refused("Văn bản còn chỗ phải sửa; gõ “lỗi” để xem.")
    reviews.close(
        talk.session, look.review, ReviewState.STORED, talk.actor, talk.now,
        report.result.directive_id,
    )  # fmt: skip
    told = storing.tell_agencies(
        talk.session, talk.desk.renderer, report.result, talk.now, besides=talk.actor.person_id
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


def _cancel(look: Look, _order: Order) -> None:
    look.cursor = replace(look.cursor, pending="cancel")
    save(look)
    look.shown = True
    look.talk.say("review_cancel", name=look.review.name, total=len(look.board.kept))


def _really_cancel(look: Look) -> None:
    reviews.close(
        look.talk.session, look.review, ReviewState.DROPPED, look.talk.actor, look.talk.now
    )
    look.closed = True
    look.talk.say("review_cancelled", name=look.review.name)


def _no(look: Look, _order: Order) -> None:
    if assigned(look.board):
        _really_cancel(look)
        return
    look.told.append("Đã thôi; bản soát giữ nguyên.")


_CREATE = "create:"


def _agreed(look: Look, pending: str) -> None:
    """Do what was asked about."""
    if pending == "store" and not _in_the_way(look):
        _store(look)
    elif pending == "cancel":
        _really_cancel(look)
    elif pending.startswith(_CREATE):
        _really_create(look, json.loads(pending.removeprefix(_CREATE)))


_ACTS: dict[str, Callable[[Look, Order], None]] = {
    "accept": _accept,
    "accept_all": _accept_all,
    "drop": _drop,
    "restore": _restore,
    "set": _set,
    "add": _set,
    "fact": _fact,
    "page": _page,
    "turn": _page,
    "show": _show,
    "problems": _problems,
    "summary": _summary,
    "undo": _undo,
    "sheet": _sheet,
    "cancel": _cancel,
    "adopt": _adopt,
    "create": _create,
    "no": _no,
    "help": _help,
}
