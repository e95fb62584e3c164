"""/coquan: the list of agencies, and its changes: shown first, done after "đồng ý"."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from sqlmodel import col, select

from bot.agency_orders import Add, Cancel, Give, Wish, read_order
from bot.commands.dangky import say_no_agency
from bot.talk import Talk
from deadlines.text import fold
from registry import agency_changes, agency_list
from registry.agencies import Directory, How
from registry.agency_changes import ChangeKind, Order
from registry.agency_moves import Carried, give, waiting_duties
from registry.heirs import Heirs
from registry.people import Refused
from registry.tables import Agency, Duty, Question
from registry.types import DutyState
from reports import agency_cards, agency_words
from scheduler.agency_news import tell

ASK_CHANGE = "coquan"
_YES = frozenset({"dong y", "co", "xac nhan", "yes", "ok", "thuc hien", "dong y thuc hien"})
_NO = frozenset({"khong", "khong dong y", "thoi", "huy", "bo", "no"})
_HELP = frozenset({"giup", "cach dung", "tro giup", "help", "?"})


def run(talk: Talk, rest: str) -> None:
    """ "/coquan", "/coquan Sở Y tế", "/coquan sáp nhập A, B vào C từ 01/7/2027"."""
    if not talk.private:
        talk.say("private_only")
        return
    if not rest:
        _list(talk)
    elif fold(rest) in _HELP:
        talk.say("coquan_usage")
    else:
        wish = read_order(rest, talk.today)
        if wish is None:
            _show(talk, rest)
        else:
            _ask(talk, wish)


def confirmed(talk: Talk, question: Question, text: str) -> bool:
    """The answer to a preview. Anything but a yes leaves everything as it is."""
    said = fold(text).strip(" .!")
    talk.answered()
    if said in _YES:
        _do(talk, _wish(json.loads(question.data)))
        return True
    if said in _NO:
        talk.say("coquan_kept")
        return True
    return False


# -- looking ---------------------------------------------------------------------------------------


def _list(talk: Talk) -> None:
    groups = agency_cards.load_groups(talk.session, talk.today)
    waiting = Carried(waiting=waiting_duties(talk.session, talk.today))
    talk.say_rendered(agency_words.listing(talk.desk.renderer, groups, waiting))


def _show(talk: Talk, name: str) -> None:
    match = Directory.on(talk.session, talk.today).resolve(name)
    one = match.agencies[0] if match.how in (How.AGENCY, How.EXPIRED) else None
    wanted = match.ended or one
    if wanted is None:
        say_no_agency(talk, match)
        return
    card = agency_cards.load_card(talk.session, wanted.id, talk.today)
    talk.say_rendered(agency_words.card(talk.desk.renderer, card))


# -- a preview, and a question ---------------------------------------------------------------------


def _ask(talk: Talk, wish: Wish) -> None:
    """Tried out and taken back, so that what is shown is what will be done."""
    if isinstance(wish, Order):
        change, effects = agency_changes.preview(talk.session, wish, talk.now)
        shown = agency_words.change(
            talk.desk.renderer, change, effects, talk.today, done=False, ask=True
        )
        talk.say_rendered(shown)
    else:
        _tried(talk, lambda: _PREVIEWS[type(wish)](talk, wish))
    talk.ask(ASK_CHANGE, json.dumps(_kept(wish), ensure_ascii=False, default=str))


def _tried(talk: Talk, act: Callable[[], Callable[[], None]]) -> None:
    attempt = talk.session.begin_nested()
    try:
        say = act()
    finally:
        attempt.rollback()
        talk.session.expire_all()
    say()


def _would_add(talk: Talk, wish: Add) -> Callable[[], None]:
    near = Directory.on(talk.session, talk.today).resolve(wish.name).proposals
    name = _add(talk, wish)
    names = [one.name for one in near]
    return lambda: talk.say("coquan_add", name=name, wish=wish, near=names)


def _would_give(talk: Talk, wish: Give) -> Callable[[], None]:
    duties, target = _given(talk, wish)
    name, count = target.name, len({duty.task_id for duty in duties})
    carried = give(talk.session, duties, target, talk.now)
    numbers = sorted(number for one in carried.passed for number in one.moved)
    folded = carried.folded
    return lambda: talk.say(
        "coquan_give", target=name, numbers=numbers[:40], more=len(numbers[40:]), folded=folded,
        tasks=count, done=False,
    )  # fmt: skip


def _would_cancel(talk: Talk, wish: Cancel) -> Callable[[], None]:
    was = agency_changes.cancel(talk.session, wish.agency, talk.now)
    return lambda: talk.say("coquan_cancel", was=was, done=False)


_PREVIEWS: dict[type, Callable[[Talk, Any], Callable[[], None]]] = {
    Add: _would_add,
    Give: _would_give,
    Cancel: _would_cancel,
}


# -- doing -----------------------------------------------------------------------------------------


def _do(talk: Talk, wish: Wish) -> None:
    if isinstance(wish, Order):
        change, carried = agency_changes.make(talk.session, wish, talk.now, talk.actor)
        tell(talk.session, talk.desk.renderer, carried, talk.now)
        talk.say_rendered(
            agency_words.change(talk.desk.renderer, change, carried, talk.today, done=True)
        )
    elif isinstance(wish, Add):
        talk.say("coquan_added", name=_add(talk, wish))
    elif isinstance(wish, Give):
        duties, target = _given(talk, wish)
        name, tasks = target.name, len({duty.task_id for duty in duties})
        carried = give(talk.session, duties, target, talk.now)
        tell(talk.session, talk.desk.renderer, carried, talk.now)
        numbers = sorted(number for one in carried.passed for number in one.moved)
        talk.say(
            "coquan_give", target=name, numbers=numbers[:40], more=len(numbers[40:]),
            folded=carried.folded, tasks=tasks, done=True,
        )  # fmt: skip
    else:
        was = agency_changes.cancel(talk.session, wish.agency, talk.now, talk.actor)
        talk.say("coquan_cancel", was=was, done=True)


def _add(talk: Talk, wish: Add) -> str:
    made = agency_list.create(
        talk.session, wish.name, talk.now, aliases=wish.aliases, groups=wish.groups,
        level=wish.level, valid_from=wish.day, actor=talk.actor,
    )  # fmt: skip
    return made.name


def _given(talk: Talk, wish: Give) -> tuple[Sequence[Duty], Agency]:
    """The duties meant, all of agencies that ended, and who is to take them. Raises Refused."""
    directory = Directory.on(talk.session, talk.today)
    match = directory.resolve(wish.to)
    if match.how is not How.AGENCY:
        near = "; ".join(f"“{one.name}”" for one in match.proposals)
        raise Refused(
            f"Chưa xác định được nơi nhận “{wish.to}”{f': có phải {near}?' if near else ''}"
        )
    target = talk.session.get_one(Agency, match.agencies[0].id)
    heirs = Heirs.of(talk.session)
    query = select(Duty).where(Duty.state == DutyState.OPEN)
    if wish.numbers:
        query = query.where(col(Duty.number).in_(wish.numbers))
    else:
        query = query.where(Duty.agency_id == _ended(directory, wish.agency))
    found = [
        duty
        for duty in talk.session.exec(query.order_by(col(Duty.number))).all()
        if heirs.ended(duty.agency_id, talk.today)
    ]
    strange = sorted(set(wish.numbers) - {duty.number for duty in found})
    if strange or not found:
        numbers = f" ({', '.join(map(str, strange))})" if strange else ""
        raise Refused(
            f"Chỉ giao lại được đầu việc đang mở của cơ quan đã kết thúc hoạt động{numbers}; "
            "xem danh sách bằng /coquan."
        )
    return found, target


def _ended(directory: Directory, name: str) -> int:
    match = directory.resolve(name)
    ended = match.ended or (match.agencies[0] if match.how is How.EXPIRED else None)
    if ended is None:
        raise Refused(f"“{name}” không phải cơ quan đã kết thúc hoạt động.")
    return ended.id


# -- keeping a wish until it is answered -----------------------------------------------------------


def _kept(wish: Wish) -> dict[str, Any]:
    return {"what": type(wish).__name__, **asdict(wish)}


def _wish(kept: dict[str, Any]) -> Wish:
    what = kept.pop("what")
    facts: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in kept.items()
    }
    if isinstance(facts.get("day"), str):
        facts["day"] = date.fromisoformat(facts["day"])
    if what == "Order":
        return Order(**facts | {"kind": ChangeKind(facts["kind"])})
    kinds: dict[str, type[Add | Give | Cancel]] = {"Add": Add, "Give": Give, "Cancel": Cancel}
    return kinds[what](**facts)
