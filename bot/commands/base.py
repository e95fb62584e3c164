"""What a command is, and which duties an answer means."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.evidence import pack
from bot.replies import Intent, Reply
from bot.talk import Talk
from registry import duties, notices
from registry.people import ACTING
from registry.restoring import restored_at
from registry.tables import Duty
from registry.types import DutyState, Role
from scheduler.channel import Button

EVERYBODY: frozenset[Role] = frozenset()
BOUND = frozenset(Role)
ANSWERING = frozenset({Role.FOCAL, Role.OFFICER, Role.LEADER, Role.STAFF, Role.ADMIN})
READING = frozenset({Role.MEMBER, Role.LEADER, Role.STAFF, Role.ADMIN})
DESK = frozenset({Role.STAFF, Role.ADMIN})

ASK_WHICH = "which"
MOST_OFFERED = 12
# A menu's digits mean nothing after this; longer than the week between two urges.
MENU_LIVES = timedelta(days=8)


@dataclass(frozen=True, slots=True)
class Command:
    """`name`: Vietnamese without diacritics; `roles`: who may use it (EVERYBODY: also strangers);
    `usage`: its arguments; `help`: one line for `/trogiup` and the messenger's menu; `desk`: both
    of them as staff read them, where they may do something else with it."""

    name: str
    run: Callable[[Talk, str], None]
    roles: frozenset[Role]
    help: str
    usage: str = ""
    aliases: tuple[str, ...] = ()
    desk: tuple[str, str] | None = None

    def open_to(self, roles: frozenset[Role]) -> bool:
        return not self.roles or bool(self.roles & roles)

    def told(self, roles: frozenset[Role]) -> tuple[str, str]:
        """Arguments and help for these roles."""
        return self.desk if self.desk is not None and roles & DESK else (self.usage, self.help)


def targets(talk: Talk, reply: Reply) -> list[Duty]:
    """The duties an answer means; empty when it is unclear, and then the person has been asked.

    Numbers count as typed. Without numbers the message replied to decides; a digit means the menu
    it answers; else the only open duty there is, unless the last menu was about another one. A
    number that is not this person's to answer changes nothing at all.
    """
    if reply.duties:
        return by_numbers(talk, reply.duties)
    offered = _replied_to(talk)
    if len(offered) == 1:
        return offered
    if not offered:
        mine = talk.actor.agencies(Role.FOCAL, Role.OFFICER, Role.LEADER)
        offered = duties.open_of(talk.session, mine, talk.today)
        menu = _menu(talk)
        if _forgotten(talk, menu, reply):
            return _asked(talk, reply, offered)
        if menu is not None and menu.live(talk.now) and reply.by_digit:
            return [menu.duty]
        if len(offered) == 1 and not (menu and menu.stale_for(offered[0], reply, talk.now)):
            return offered
    return _asked(talk, reply, offered)


def _asked(talk: Talk, reply: Reply, offered: list[Duty]) -> list[Duty]:
    """Nothing is clear: the person is asked, and no duty is meant yet."""
    if offered:
        ask_which(talk, reply.intent, reply, offered)
    else:
        talk.say("none_open")
    return []


def _forgotten(talk: Talk, menu: "_Menu | None", reply: Reply) -> bool:
    """Whether a digit may answer a message that is in the chat but, since a backup was restored,
    not in the database."""
    if not reply.by_digit:
        return False
    restored = restored_at(talk.session)
    if restored is None or talk.now - restored >= MENU_LIVES:
        return False
    return menu is None or menu.at <= restored


@dataclass(frozen=True, slots=True)
class _Menu:
    """What a digit in this chat answers. `last`: nothing was said there after it."""

    duty: Duty
    at: datetime
    last: bool

    def live(self, now: datetime) -> bool:
        return self.last and now - self.at < MENU_LIVES

    def stale_for(self, only: Duty, reply: Reply, now: datetime) -> bool:
        """Whether the person, who last read of another duty or long ago, may not mean the only
        open one."""
        return self.duty.id != only.id or (reply.by_digit and now - self.at >= MENU_LIVES)


def _menu(talk: Talk) -> _Menu | None:
    """The last menu of this private chat, if it is about a duty of this person's to answer. In a
    group nothing is offered by digits."""
    if not talk.private or talk.contact is None:
        return None
    found = notices.last_menu(talk.session, talk.contact.id or 0)
    duty = talk.session.get(Duty, found.duty_id) if found is not None else None
    if found is None or duty is None or not talk.may_act(duty):
        return None
    return _Menu(duty, found.at, found.last)


def by_numbers(talk: Talk, numbers: tuple[int, ...]) -> list[Duty]:
    """The duties, or none of them where one number is not this person's; that has been said."""
    if unknown := strangers(talk, numbers):
        say_unknown(talk, unknown)
        return []
    found = (duties.by_number(talk.session, number) for number in numbers)
    return [duty for duty in found if duty is not None]


def strangers(talk: Talk, numbers: Sequence[int]) -> list[int]:
    """The numbers of no duty that is this person's to answer."""
    found = {number: duties.by_number(talk.session, number) for number in numbers}
    return [n for n, duty in found.items() if duty is None or not talk.may_act(duty)]


def unseen(talk: Talk, numbers: Sequence[int]) -> list[int]:
    """The numbers of no duty that this person may know of."""
    found = {number: duties.by_number(talk.session, number) for number in numbers}
    return [n for n, duty in found.items() if duty is None or not talk.may_see(duty)]


def about(talk: Talk, numbers: Sequence[int]) -> list[dict[str, object]]:
    """What a list says of these duties, of the first few."""
    found = [duties.by_number(talk.session, number) for number in numbers[:MOST_OFFERED]]
    return [_row(talk, duty) for duty in found if duty is not None]


def _row(talk: Talk, duty: Duty) -> dict[str, object]:
    title = duties.titled(talk.session, duty)[0].title
    return {"number": duty.number, "title": title, "due_on": duty.due_on, "state": duty.state}


def say_unknown(talk: Talk, numbers: Sequence[int]) -> None:
    """No such duty, or none of this person's: told alike. With the numbers that are theirs, where
    nobody else reads them."""
    agencies = talk.actor.agencies(*ACTING) if talk.private else frozenset[int]()
    mine = duties.open_of(talk.session, agencies, talk.today)
    yours = sorted(duty.number for duty in mine)
    shown = yours[:MOST_OFFERED]
    talk.say(
        "unknown_duty",
        numbers=numbers,
        yours=shown,
        more=len(yours) - len(shown),
        staff=talk.actor.is_staff,
    )


def _replied_to(talk: Talk) -> list[Duty]:
    message = talk.incoming.reply_to
    if message is None or talk.contact is None:
        return []
    ids = notices.duties_of_message(talk.session, talk.contact.id or 0, message)
    found = [talk.session.get_one(Duty, each) for each in ids]
    mine = [duty for duty in found if talk.may_act(duty)]
    still_open = [duty for duty in mine if duty.state == DutyState.OPEN]
    return still_open or mine


def ask_which(talk: Talk, intent: Intent, reply: Reply, offered: list[Duty]) -> None:
    """List the duties and wait for a number; what was already said is kept for it."""
    shown = offered[:MOST_OFFERED]
    kept = {
        "intent": intent,
        "number": reply.number,
        "date": reply.date.isoformat() if reply.date else None,
        "rest": reply.rest,
        "offered": [duty.number for duty in offered],
        "files": pack(talk.files),
    }
    talk.files = ()
    talk.ask(ASK_WHICH, json.dumps(kept, ensure_ascii=False))
    rows = [_row(talk, duty) for duty in shown]
    talk.say(
        "which",
        rows=rows,
        more=len(offered) - len(shown),
        word=WORDS.get(intent, "xong"),
        today=talk.today,
    )


# The word a person would type for each intent, for hints.
WORDS: dict[Intent, str] = {
    "done": "xong",
    "ack": "nhận",
    "obstacle": "vướng",
    "extension": "giahan",
    "undo": "hoàn tác",
    "not_mine": "không phải việc",
}

# Buttons carry ids only, versioned, far below the 64 bytes a messenger allows.
DUTY_ACTIONS: dict[str, Intent] = {
    "ack": "ack",
    "done": "done",
    "stuck": "obstacle",
    "more": "extension",
    "undo": "undo",
}


def duty_button(label: str, action: str, number: int) -> Button:
    return Button(label, f"d1:{number}:{action}")


def desk_button(label: str, action: str, number: int) -> Button:
    """For staff: the number is a duty's or an obstacle's, as the action says."""
    return Button(label, f"s1:{number}:{action}")


def request_buttons(number: int) -> tuple[tuple[Button, ...], ...]:
    return ((Button("Duyệt", f"r1:{number}:yes"), Button("Từ chối", f"r1:{number}:no")),)
