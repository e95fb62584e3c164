"""/status, /tinhhinh: figures with denominators, for the whole committee or a part of it; the
duties behind each figure, page by page; a picture of them."""

import json
import re
from dataclasses import replace

from bot.commands import viec
from bot.commands.dangky import say_no_agency
from bot.commands.scope import Asked, read_scope
from bot.replies import Reply
from bot.room import tariffs
from bot.talk import Rows, Talk
from bot.unsendable import say_how, unsendable
from deadlines.text import fold
from registry import drawings, portfolio
from registry.budget import usages
from registry.tables import Question
from registry.types import Role
from reports import figures
from reports.asking import Ask
from reports.facts import open_duties
from reports.figures import About
from reports.meaning import Meaning, mean
from reports.status import Status, status_of
from reports.unfolded import unfold
from scheduler.channel import Button

READERS = frozenset({Role.MEMBER, Role.LEADER, Role.STAFF, Role.ADMIN})
ASK_MORE = "figures"
ACTION = "s1:"
_NEXT = re.compile(r"(?:xem )?(?:tiep(?: theo)?|trang (?:sau|tiep)|nua|them)")
_BACK = re.compile(r"(?:xem )?trang truoc|quay lai")
_PAGE = re.compile(r"(?:xem )?trang (\d{1,3})")
_LOOK = re.compile(r"(?:xem|cho xem|liet ke) (?=\S)")


def run(talk: Talk, rest: str) -> None:
    """Staff see everything; members their portfolio; leaders their own agency."""
    asked = _read(talk, rest)
    if asked.unknown:
        _say_unknown(talk, asked)
    else:
        show(talk, asked.ask, asked.notes, picture=asked.picture)


def answer(talk: Talk, _reply: Reply) -> None:
    """ "Tình hình thế nào?": figures for those who may see them, else one's own list."""
    if talk.actor.roles & READERS:
        run(talk, "")
    else:
        viec.run(talk, "")


def show(talk: Talk, ask: Ask, notes: tuple[str, ...] = (), *, picture: bool = False) -> None:
    """Answer a question, and remember it for "tiếp", "xem quá hạn", "hình"."""
    soon = talk.desk.settings.committee.soon_days
    visible = portfolio.visible(talk.actor)
    meaning = mean(talk.session, ask, talk.today, soon, visible)
    if meaning is None:
        talk.say("private_only" if talk.overheard and talk.actor.is_staff else "forbidden")
        return
    if picture and unsendable(talk.desk.settings, talk.chat.channel, "image/png"):
        say_how(talk, "")
    elif picture:
        contact_id = talk.known_contact().id or 0
        person = talk.actor.person_id
        drawings.order(talk.session, contact_id, person, ask.token(), talk.now)
        _remember(talk, ask, 1)
    elif ask.figures:
        _unfold(talk, ask, meaning, notes)
    else:
        _overview(talk, ask, meaning, notes)


def pressed(talk: Talk, token: str) -> bool:
    """A button under figures; False where it is none of ours, or not for this person."""
    picture = token.endswith("!")
    ask = Ask.read(token.removesuffix("!"))
    if ask is None or not talk.actor.roles & READERS:
        return False
    show(talk, ask, picture=picture)
    return True


def more(talk: Talk, question: Question, text: str) -> bool:
    """ "tiếp", "trang 2", "xem quá hạn", "hình" after figures."""
    kept = json.loads(question.data)
    ask, pages = Ask.read(kept["ask"]), int(kept["pages"])
    words = fold(text).strip(" .!?")
    if ask is None or not talk.actor.roles & READERS:
        return False
    page = _page(words, ask.page)
    if page is not None:
        if 1 <= page <= pages:
            show(talk, ask.at(page))
        else:
            talk.say("status_pages", pages=pages)
        return True
    if words in ("hinh", "bieu do", "xem hinh", "xem bieu do"):
        show(talk, ask.unfolding(), picture=True)
        return True
    return _LOOK.match(words) is not None and _look(talk, text, ask)


def looked(talk: Talk, text: str) -> bool:
    """ "xem quá hạn của Sở Y tế" without a question before it; False for anything else."""
    if _LOOK.match(fold(text)) is None or not talk.actor.roles & READERS:
        return False
    return _look(talk, text, None)


def _look(talk: Talk, text: str, before: Ask | None) -> bool:
    """Unfold what is named, within what was asked before unless something else is named."""
    found = _LOOK.match(fold(text))
    asked = _read(talk, text[found.end() :] if found else text)
    if asked.unknown or not (asked.ask.figures or asked.picture):
        return False
    ask = asked.ask
    if before is not None and ask == Ask(ask.figures, page=ask.page):
        ask = before.unfolding(*ask.figures).at(ask.page)
    show(talk, ask, asked.notes, picture=asked.picture)
    return True


def _page(words: str, now: int) -> int | None:
    if _NEXT.fullmatch(words):
        return now + 1
    if _BACK.fullmatch(words):
        return max(now - 1, 1)
    found = _PAGE.fullmatch(words)
    return int(found[1]) if found else None


def _read(talk: Talk, words: str) -> Asked:
    """Names of members mean something to staff; a member may say their own."""
    known = portfolio.members(talk.session)
    if not talk.actor.is_staff:
        known = [one for one in known if one.person_id == talk.actor.person_id]
    seen = portfolio.visible(talk.actor)
    return read_scope(talk.session, words, talk.today, tuple(known), seen)


def _say_unknown(talk: Talk, asked: Asked) -> None:
    if asked.sections is not None:
        talk.say("no_section", said=asked.unknown, known=list(asked.sections[:15]))
    elif asked.match is not None and not asked.proposals:
        say_no_agency(talk, asked.match)
    else:
        talk.say("status_unclear", said=asked.unknown, proposals=list(asked.proposals))


# -- answers --------------------------------------------------------------------------------------


def _unfold(talk: Talk, ask: Ask, meaning: Meaning, notes: tuple[str, ...]) -> None:
    page = unfold(talk.session, meaning.scope, ask.figures, ask.page)
    said = figures.unfolded(talk.desk.renderer, meaning, ask.figures, page, notes)
    ask = ask.at(page.number)
    talk.say_rendered(said, _turning(ask, page.pages))
    _remember(talk, ask, page.pages)


def _overview(talk: Talk, ask: Ask, meaning: Meaning, notes: tuple[str, ...]) -> None:
    scope = meaning.scope
    result = status_of(talk.session, scope, overdue=figures.OVERDUE_IN_STATUS)
    ask = ask.at(min(ask.page, figures.status_pages(result)))
    about = About(meaning.title, meaning.words, notes, ask.page)
    alone = scope.agency_ids is not None and len(scope.agency_ids) == 1
    if alone and replace(ask, agency=None, period=None, page=1) == Ask():
        _one_agency(talk, ask, meaning, result, about)
        return
    whole = talk.actor.is_staff and ask == Ask()
    bots = usages(talk.session, tariffs(talk.desk), talk.now) if whole else ()
    pages = figures.status_pages(result)
    talk.say_rendered(
        figures.status(talk.desk.renderer, result, bots, about),
        (*_unfolding(ask, result), *_turning(ask, pages)),
    )
    _remember(talk, ask, pages)


def _one_agency(talk: Talk, ask: Ask, meaning: Meaning, result: Status, about: About) -> None:
    scope = meaning.scope
    owed = open_duties(talk.session, scope.agency_ids or (), talk.today, talk.desk.calendar)
    if scope.period is not None:
        first, last = scope.period
        owed = [facts for facts in owed if first <= facts.due_on <= last]
    said = figures.status_agency(talk.desk.renderer, result, meaning.title, owed, about)
    talk.say_rendered(said, _unfolding(ask, result))
    _remember(talk, ask, 1)


def _remember(talk: Talk, ask: Ask, pages: int) -> None:
    talk.ask(ASK_MORE, json.dumps({"ask": ask.token(), "pages": pages}))


# -- buttons --------------------------------------------------------------------------------------


def _button(label: str, ask: Ask, mark: str = "") -> Button:
    return Button(label, f"{ACTION}{ask.token()}{mark}")


def _unfolding(ask: Ask, result: Status) -> Rows:
    """The figures that are not zero, and the picture."""
    totals = result.totals
    counts = (
        ("Quá hạn", "overdue", totals.overdue),
        ("Chưa triển khai", "not_started", totals.not_started),
        ("Sắp đến hạn", "due_soon", totals.due_soon),
        ("Chưa hoàn thành", "open", totals.open),
    )
    buttons = [
        _button(f"{label} ({count})", ask.unfolding(name)) for label, name, count in counts if count
    ]
    if totals.total:
        buttons.append(_button("Hình", ask.unfolding(), "!"))
    return [buttons[start : start + 2] for start in range(0, len(buttons), 2)]


def _turning(ask: Ask, pages: int) -> Rows:
    row = []
    if ask.page > 1:
        row.append(_button("‹ Trước", ask.at(ask.page - 1)))
    if ask.page < pages:
        row.append(_button("Tiếp ›", ask.at(ask.page + 1)))
    return [row] if row else []
