"""/vanban: the directives in force; end one, or let a later one take its place.

Nothing happens before the person has seen what would, chosen what becomes of the open duties, and
agreed.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from bot import ladder_words
from bot.announcing import Cause, announce
from bot.talk import Talk
from deadlines.text import clean, fold
from registry import duties
from registry.concerned import concerned
from registry.directive_changes import Fate, Outcome, end, label, reopen, replace
from registry.expand import DutyChange, Terms
from registry.lookup import directive_named
from registry.tables import Directive, Question
from reports.directives import directives, story

ASK_CHANGE = "vanban"
LIST_PAGE = 10
TASK_PAGE = 8
# Messages that spoke of so many cancelled duties are rewritten; the rest say so when asked.
_REWRITTEN = 200

_NUMBER = r"(?:van ban )?(?:so )?(?P<old>\S+(?: nam \d{4})?)"
_PAGE = re.compile(r"(?P<number>.*?)\s*\b(?:trang|tr)\s*\.?\s*(?P<page>\d{1,3})$")
_REPLACE = re.compile(
    rf"{_NUMBER} (?:duoc |bi )?thay(?: the)? (?:bang|boi) (?:van ban )?(?:so )?(?P<new>\S.*)$"
)
_END = re.compile(
    rf"(?:ket thuc|het hieu luc|dung) {_NUMBER}"
    r"(?:[ ,:.-]+(?:vi|do|ly do)?[ :]*(?P<note>\S.*))?$"
)
_LADDER = re.compile(rf"don doc {_NUMBER}[ ,:]+(?P<rungs>\S.*)$")
_REOPEN = re.compile(rf"(?:mo lai|khoi phuc) {_NUMBER}$")

YES = frozenset({"dong y", "co", "xac nhan", "ok", "yes", "y", "dong y 1", "duyet"})
NO = frozenset({"thoi", "khong", "huy", "huy bo", "bo qua", "dung", "no"})
_CHOICES: dict[str, tuple[tuple[Fate, frozenset[str]], ...]] = {
    "end": (
        (Fate.CLOSE, frozenset({"1", "dong", "dong viec", "huy viec"})),
        (Fate.KEEP, frozenset({"2", "giu", "giu lai", "giu den khi xong"})),
    ),
    "replace": (
        (Fate.CLOSE, frozenset({"1", "dong", "dong viec", "huy viec"})),
        (Fate.MOVE, frozenset({"2", "chuyen", "chuyen sang", "chuyen viec"})),
        (Fate.KEEP, frozenset({"3", "giu", "giu lai", "giu den khi xong"})),
    ),
}


def run(talk: Talk, rest: str) -> None:
    """List, show, or begin a change."""
    if not talk.private:
        talk.say("private_only")
        return
    words = clean(rest)
    for pattern, act in _ACTS:
        if match := pattern.match(fold(words)):
            act(talk, match, words)
            return
    _look(talk, words)


# -- looking --------------------------------------------------------------------------------------


def _look(talk: Talk, words: str) -> None:
    match = _PAGE.match(fold(words))
    page = max(1, int(match["page"])) if match else 1
    number = words[: match.end("number")].strip() if match else words
    if fold(number) in ("", "tat ca", "het"):
        _list(talk, page, ended=bool(number))
    else:
        _show(talk, number, page)


def _list(talk: Talk, page: int, *, ended: bool) -> None:
    found = directives(talk.session, talk.today, ended=ended)
    pages = max(1, -(-len(found) // LIST_PAGE))
    page = min(page, pages)
    talk.say(
        "vanban_list",
        rows=found[(page - 1) * LIST_PAGE : page * LIST_PAGE],
        total=len(found),
        page=page,
        pages=pages,
        ended=ended,
    )


def _show(talk: Talk, number: str, page: int) -> None:
    directive = directive_named(talk.session, _plain(number))
    told = story(talk.session, directive, talk.today)
    pages = max(1, -(-len(told.tasks) // TASK_PAGE))
    page = min(page, pages)
    talk.say(
        "vanban_one",
        told=told,
        line=told.line,
        tasks=told.tasks[(page - 1) * TASK_PAGE : page * TASK_PAGE],
        page=page,
        pages=pages,
    )


def _plain(number: str) -> str:
    found = re.match(r"(?:van ban )?(?:so )?", fold(number))
    return number[found.end() :] if found else number


# -- changing -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Order:
    """What was asked for: kept as the question's data between two messages."""

    act: str
    old: int
    new: int | None = None
    note: str = ""
    fate: str = ""

    def to_json(self) -> str:
        return json.dumps({name: getattr(self, name) for name in self.__slots__})

    @classmethod
    def from_json(cls, text: str) -> "_Order":
        return cls(**json.loads(text))


def _ending(talk: Talk, match: re.Match[str], words: str) -> None:
    old = directive_named(talk.session, _words(match, "old", words))
    order = _Order("end", old.id or 0, note=_words(match, "note", words))
    _begin(talk, order, old, None)


def _replacing(talk: Talk, match: re.Match[str], words: str) -> None:
    old = directive_named(talk.session, _words(match, "old", words))
    new = directive_named(talk.session, _words(match, "new", words))
    _begin(talk, _Order("replace", old.id or 0, new.id), old, new)


def _reopening(talk: Talk, match: re.Match[str], words: str) -> None:
    old = directive_named(talk.session, _words(match, "old", words))
    _confirm(talk, _Order("reopen", old.id or 0), old, None)


def _laddering(talk: Talk, match: re.Match[str], words: str) -> None:
    """ "/vanban đôn đốc 12/KH-UBND lãnh đạo 3, thành viên 5": the directive's own ladder."""
    directive = directive_named(talk.session, _words(match, "old", words))
    wish = ladder_words.read_rungs(_words(match, "rungs", words))
    if wish is None:
        talk.say("vanban_bac_usage")
        return
    ladder, touched = ladder_words.give(
        talk.session, directive, wish, talk.desk.settings.policy, talk.actor, talk.now
    )
    talk.say("vanban_bac", directive=label(directive), ladder=ladder, own=wish.own, touched=touched)


_ACTS: tuple[tuple[re.Pattern[str], Callable[[Talk, re.Match[str], str], None]], ...] = (
    (_REOPEN, _reopening),
    (_LADDER, _laddering),
    (_END, _ending),
    (_REPLACE, _replacing),
)


def _words(match: re.Match[str], group: str, words: str) -> str:
    """The words as typed: folding keeps one letter for one letter."""
    return words[match.start(group) : match.end(group)].strip() if match[group] else ""


def _begin(talk: Talk, order: _Order, old: Directive, new: Directive | None) -> None:
    """Show what each choice would do; straight to the confirmation where there is no choice."""
    tried = [(fate, _rehearsed(talk, _with(order, fate))) for fate, _words in _CHOICES[order.act]]
    if not any(changes for _fate, changes in tried):
        _confirm(talk, _with(order, Fate.CLOSE), old, new)
        return
    talk.ask(ASK_CHANGE, order.to_json())
    talk.say(
        "vanban_choose",
        old=label(old),
        new=label(new) if new is not None else "",
        choices=[
            {"number": place, "fate": str(fate), "counts": _counts(changes)}
            for place, (fate, changes) in enumerate(tried, start=1)
        ],
    )


def _with(order: _Order, fate: Fate) -> _Order:
    return _Order(order.act, order.old, order.new, order.note, str(fate))


def _counts(changes: tuple[DutyChange, ...]) -> dict[str, int]:
    names = ("cancelled", "carried", "merged", "kept", "reopened", "moved")
    return {name: sum(one.what == name for one in changes) for name in names}


def _confirm(talk: Talk, order: _Order, old: Directive, new: Directive | None) -> None:
    changes = _rehearsed(talk, order)
    talk.ask(ASK_CHANGE, order.to_json())
    touched = concerned(talk.session, changes)
    talk.say(
        "vanban_confirm",
        act=order.act,
        old=label(old),
        new=label(new) if new is not None else "",
        note=order.note,
        counts=_counts(changes),
        kept=[one.number for one in changes if one.what == "kept"],
        fate=order.fate,
        touched=touched,
    )


def answered(talk: Talk, question: Question, text: str) -> bool:
    """The choice, or the word of consent; other words are about something else."""
    order = _Order.from_json(question.data)
    word = fold(text).strip(" .!")
    if word in NO:
        talk.answered()
        talk.say("vanban_kept")
        return True
    old, new = _both(talk, order)
    if order.act != "reopen" and not order.fate:
        fate = next((fate for fate, words in _CHOICES[order.act] if word in words), None)
        if fate is None:
            return _puzzled(talk, word)
        _confirm(talk, _with(order, fate), old, new)
        return True
    if word not in YES:
        return _puzzled(talk, word)
    talk.answered()
    _do(talk, order, old, new)
    return True


def _puzzled(talk: Talk, word: str) -> bool:
    """A bare number that is no choice must not be taken for an answer about a duty."""
    if not word.isdecimal() or len(word) > 1:
        return False
    talk.say("vanban_again")
    return True


def _both(talk: Talk, order: _Order) -> tuple[Directive, Directive | None]:
    old = talk.session.get_one(Directive, order.old)
    return old, talk.session.get_one(Directive, order.new) if order.new is not None else None


def _carried_out(talk: Talk, order: _Order) -> tuple[DutyChange, ...]:
    old, new = _both(talk, order)
    if order.act == "reopen":
        desk = talk.desk
        horizon = desk.settings.committee.horizon_days
        terms = Terms(talk.today, talk.now, desk.calendar, desk.update_rule, horizon)
        return reopen(talk.session, old, talk.actor, terms).changes
    fate = Fate(order.fate)
    found: Outcome
    if new is not None:
        found = replace(talk.session, old, new, talk.actor, talk.now, note=order.note, fate=fate)
    else:
        found = end(talk.session, old, talk.actor, talk.now, note=order.note, fate=fate)
    return found.changes


def _rehearsed(talk: Talk, order: _Order) -> tuple[DutyChange, ...]:
    """What it would come to; everything is taken back."""
    tried = talk.session.begin_nested()
    try:
        return _carried_out(talk, order)
    finally:
        tried.rollback()
        talk.session.expire_all()


def _do(talk: Talk, order: _Order, old: Directive, new: Directive | None) -> None:
    changes = _carried_out(talk, order)
    cause = Cause(
        {"end": "ended", "replace": "replaced", "reopen": "reopened"}[order.act],
        label(old),
        f"directive:{old.id}:{talk.inbound.id}",
        label(new) if new is not None else "",
        order.note,
    )
    told = announce(
        talk.session, talk.desk.renderer, changes, cause, talk.now,
        besides=talk.actor.person_id,
    )  # fmt: skip
    _rewrite(talk, changes)
    talk.say(
        "vanban_done",
        act=order.act,
        old=label(old),
        new=label(new) if new is not None else "",
        counts=_counts(changes),
        kept=[one.number for one in changes if one.what == "kept"],
        fate=order.fate,
        told=told,
    )


def _rewrite(talk: Talk, changes: tuple[DutyChange, ...]) -> None:
    gone = [one.number for one in changes if one.what == "cancelled"]
    for number in gone[:_REWRITTEN]:
        duty = duties.by_number(talk.session, number)
        if duty is not None:
            talk.rewrite(duty)
