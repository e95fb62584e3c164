"""What each order of a review does: "3 hạn 20/12", "bỏ 7", "duyệt hết".

All orders of a message are tried first; if one cannot be carried out, nothing is changed and the
answer says which and why.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from sqlmodel import select

from bot.replies import read_reply
from bot.replies.review import Order, Unread, read_orders
from bot.reviewing import sheets
from bot.reviewing.ending import accept_all, cancel, in_the_way, no, really_cancel, store
from bot.reviewing.look import Cursor, Look, assigned, opened, save, stopping, stops
from bot.reviewing.showing import say_assignment, say_summary, say_unavailable, show_page
from bot.reviewing.view import task_view
from bot.talk import Talk
from deadlines import read
from deadlines.describe import date_text
from deadlines.text import fold
from intake.board import Board, Step, step_between, taken_back, unknown_names
from registry import agency_list, notices, reviews
from registry.people import Refused
from registry.tables import Request, Review
from registry.types import RequestState, ReviewState

_YEAR = re.compile(r"\d{4}")


_ONE_CHOICE = 1


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
        # "xong 127" in two lines is for the grammar of answers.
        if read_reply(orders.text, talk.today).intent != "none":
            return False
        talk.say("review_unread", text=orders.text)
        return True
    if not _meant(look, orders):
        return False
    if not _clashes(talk, orders, text):
        carry_out(look, orders)
    return True


def _answers_reminder(talk: Talk) -> bool:
    message, contact = talk.incoming.reply_to, talk.contact
    if message is None or contact is None:
        return False
    return bool(notices.duties_of_message(talk.session, contact.id or 0, message))


def _meant(look: Look, orders: Sequence[Order]) -> bool:
    """ "đồng ý" without a question, "hoàn tác" without a change are about something else."""
    only = orders[0].what if len(orders) == 1 else ""
    if only in ("yes", "yes_end", "no"):
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
        if order.what in ("yes", "yes_end"):
            _agreed(look, pending, end_gone=order.what == "yes_end")
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
            stop=stopping(look),
            total=len(look.board.kept),
            undo=look.review.undo != "[]",
            shown=look.shown,
        )


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
    before = {n: stops(task) for n, task in look.board.numbered(look.draft)}
    for number, task in board.numbered(look.read(board)):
        new = [text for text in stops(task) if text not in before.get(number, [])]
        if number - 1 in places and new:
            raise Refused(f"Nhiệm vụ {number}: {new[0]}. Chưa thay đổi gì.")


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
    stop = set(stopping(look)) & set(order.numbers)
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
    if name == "unnumbered":
        look.told.append("Văn bản chưa có số; bổ sung sau bằng cách nhập lại.")
        return
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


def _page(look: Look, order: Order) -> None:
    number = order.numbers[0] if order.numbers else look.cursor.page + order.turn
    show_page(look, replace(look.cursor, page=number))


def _problems(look: Look, _order: Order) -> None:
    show_page(look, replace(look.cursor, page=1, problems=True))


def _summary(look: Look, _order: Order) -> None:
    look.cursor = Cursor()
    say_summary(look)


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


_CREATE = "create:"


def _agreed(look: Look, pending: str, *, end_gone: bool = False) -> None:
    """Do what was asked about."""
    if pending == "store" and not in_the_way(look):
        store(look, end_gone=end_gone)
    elif pending == "cancel":
        really_cancel(look)
    elif pending.startswith(_CREATE):
        _really_create(look, json.loads(pending.removeprefix(_CREATE)))


_ACTS: dict[str, Callable[[Look, Order], None]] = {
    "accept": _accept,
    "accept_all": accept_all,
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
    "cancel": cancel,
    "adopt": _adopt,
    "create": _create,
    "no": no,
    "help": _help,
}
