"""From a stored update to an answer: one transaction each, in the order they came.

An update that fails is tried again, then set aside with an apology; it never blocks the others and
never half-happens.
"""

import asyncio
import logging
import re
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlmodel import Session

from bot.allowance import overrun
from bot.bell import Bell
from bot.commands import COMMANDS, DECIDING, DESK_ACTIONS, INTENTS, QUESTIONS, SPOKEN, TABLE
from bot.commands.base import DUTY_ACTIONS, Command
from bot.commands.dangky import code_in, is_code
from bot.commands.duyet import decide, said
from bot.commands.nhap import pasting
from bot.commands.status import looked
from bot.commands.status import pressed as turned
from bot.commands.tep import is_report, left_over, offer, received
from bot.commands.xephang import replied
from bot.inbox import Inbox
from bot.lost import advise, say_lost
from bot.replies import Reply, read_reply, statements
from bot.reviewing.acts import heard, pressed
from bot.room import mention
from bot.talk import Desk, Menu, Talk
from deadlines.text import clean, fold
from registry import inbound as stored
from registry import links, people
from registry.database import Database, DatabaseDamaged
from registry.messengers import messenger_name
from registry.people import Chat
from registry.tables import Contact, Inbound
from registry.types import InboundState, Role
from reports.vietnamese import cut
from scheduler.channel import Channel, Incoming, Update

log = logging.getLogger(__name__)

# What the clocks of a messenger and of this machine may differ by.
_SKEW = timedelta(seconds=5)

# "/xong@another_bot" is no command of ours; the messenger has taken our own name off.
_SLASH = re.compile(r"/\s*(?P<name>[^\s@/]{1,40})(?:\s+|$)(?P<rest>.*)$", re.DOTALL)
_DUTY_ACTION = re.compile(r"d1:(\d{1,9}):([a-z]{1,12})")
_REVIEW_ACTION = re.compile(r"v1:(\d{1,9}):([a-z]{1,12})")
_DESK_ACTION = re.compile(r"s1:(\d{1,9}):([a-z]{1,12})")
_FIGURES_ACTION = re.compile(r"s1:([0-9A-Za-z_.!-]{0,60})")
_REQUEST_ACTION = re.compile(r"r1:(\d{1,9}):(yes|no)")
# In a group nobody has connected, only these are answered: anything else could tell strangers.
OPEN_IN_ANY_GROUP = frozenset({"start", "dangky", "trogiup"})
LONGEST_TEXT = 4096
# People choose what they and their groups are called; others read it.
LONGEST_NAME = 100
# A chat full of stickers is told once an hour that they cannot be read.
RARELY = timedelta(hours=1)
UNSEEN_APART = timedelta(minutes=5)
IDLE = 30.0
# So many updates that were not to be had end a look: somebody holds them all, or another process
# is quicker.
MOST_PASSED = 100


@dataclass(frozen=True, slots=True)
class Handled:
    """What came of one update, for the event loop: a spinner to stop, menus to set."""

    channel: str
    callback: str | None = None
    menus: tuple[Menu, ...] = ()


class Dispatcher:
    """Handles stored updates one after the other."""

    def __init__(
        self,
        db: Database,
        channels: Mapping[str, Channel],
        desk: Desk,
        clock: Callable[[], datetime],
        answered: Callable[[], None],
    ) -> None:
        self._db = db
        self._channels = channels
        self._desk = desk
        self._clock = clock
        self._answered = answered
        self._bell = Bell(self.drain, IDLE, "stored updates cannot be read or written")
        self._courtesies: set[asyncio.Task[None]] = set()
        self.handled = 0
        self.inbox = Inbox(db, clock, self._bell.ring)

    async def store(self, channel: str, updates: list[Update]) -> None:
        """Store updates before they are confirmed to the messenger."""
        await self.inbox.store(channel, updates)

    def wake(self) -> None:
        """Something may have been stored: look now."""
        self._bell.ring()

    async def run(self) -> None:
        """Handle until cancelled."""
        await self._bell.serve()

    async def drain(self) -> int:
        """Handle everything that is stored; how many updates. What another process is at, or
        somebody changes by hand, is passed by."""
        count, passed = 0, list[int]()
        channels = tuple(self._channels)
        while (inbound_id := await self._db.read(_oldest, channels, passed)) is not None:
            if await self._one(inbound_id):
                count += 1
            elif len(passed) == MOST_PASSED:
                break
            else:
                passed.append(inbound_id)
        return count

    async def finish(self) -> None:
        """Wait for the courtesies and the writes under way."""
        await self.inbox.finish()
        while self._courtesies:
            await asyncio.wait(set(self._courtesies))

    async def _one(self, inbound_id: int) -> bool:
        """Handle one; False where it was not to be had."""
        try:
            handled = await self._db.write(self.handle, inbound_id, self._clock())
        except Exception as error:
            # A damaged file is said in one line, where the work ends.
            log.error(  # noqa: TRY400
                "update %s could not be handled",
                inbound_id,
                exc_info=not isinstance(error, DatabaseDamaged),
            )
            name = type(error).__name__
            aside = await self._db.write(stored.failed_once, inbound_id, name, self._clock())
            if aside:
                await self._apology(inbound_id)
            return True
        if not handled.channel:
            return False
        self.handled += 1
        self._answered()
        if handled.callback is not None and handled.channel in self._channels:
            self._aside(self._channels[handled.channel].acknowledge(handled.callback))
        for menu in handled.menus:
            if menu.channel in self._channels:
                commands = offered(menu.roles)
                self._aside(self._channels[menu.channel].set_commands(menu.address, commands))
        return True

    def _aside(self, courtesy: Coroutine[Any, Any, None]) -> None:
        """A courtesy to the messenger, which may be slow: nobody's answer waits for it."""
        task = asyncio.create_task(courtesy)
        self._courtesies.add(task)
        task.add_done_callback(self._courtesies.discard)

    async def _apology(self, inbound_id: int) -> None:
        """What made the answer fail may make the apology fail too; the others go on at once."""
        try:
            await self._db.write(self._apologise, inbound_id, self._clock())
        except Exception:
            log.exception("no apology for update %s", inbound_id)
        self._answered()

    # -- inside the transaction -------------------------------------------------------------------

    def handle(self, session: Session, inbound_id: int, now: datetime) -> Handled:
        """Everything one update does, answer included."""
        row = stored.take(session, inbound_id)
        if row is None:
            return Handled("")
        channel = self._channels.get(row.channel)
        incoming = channel.parse(row.raw) if channel is not None else None
        row.state, row.handled_at = InboundState.HANDLED, now
        session.add(row)
        if incoming is None or (incoming.event in ("text", "file") and not incoming.addressed):
            # Talk of others, not meant for us: not kept.
            row.state, row.raw = InboundState.IGNORED, ""
            return Handled(row.channel)
        row.sender = incoming.sender
        session.flush()
        talk = self._talk(session, row, incoming, now)
        if incoming.event in _COUNTED and overrun(talk):
            self._pass_over(session, row, incoming.sender)
        else:
            self._answer(talk)
        return Handled(row.channel, incoming.callback, tuple(talk.menus))

    def _pass_over(self, session: Session, row: Inbound, sender: str) -> None:
        """What else of a flood waits goes with it, so that the others need not wait for it."""
        for each in stored.behind(session, row):
            incoming = self._channels[row.channel].parse(each.raw)
            if incoming is not None and incoming.sender == sender and incoming.event in _COUNTED:
                stored.pass_over(each)
                session.add(each)

    def _talk(self, session: Session, row: Inbound, incoming: Incoming, now: datetime) -> Talk:
        chat = Chat(
            row.channel,
            incoming.address,
            incoming.chat_kind,
            incoming.sender,
            cut(incoming.chat_title, LONGEST_NAME),
            cut(incoming.sender_name, LONGEST_NAME),
        )
        contact = people.find_contact(session, row.channel, incoming.address)
        if contact is not None and incoming.event != "blocked":
            contact.last_inbound_at = now
            session.add(contact)
            if contact.closed_at is not None and incoming.event in ("text", "file", "button"):
                people.reopen(session, contact, now)
        actor = people.load_actor(session, row.channel, incoming.sender)
        standing = self._desk.settings.committee.standing_agency
        actor = people.in_place(session, actor, contact, standing)
        return Talk(session, self._desk, now, row, incoming, chat, actor, contact)

    def _answer(self, talk: Talk) -> None:
        event = talk.incoming.event
        if event == "blocked":
            _blocked(talk)
        elif event == "moved" and talk.contact is not None and talk.incoming.moved_to:
            people.move_contact(talk.session, talk.contact, talk.incoming.moved_to, talk.now)
        elif event == "joined":
            talk.say("joined_group")
        elif event in _SPOKEN_TO:
            talk.carefully(_SPOKEN_TO[event])
        elif event == "other" and talk.private:
            talk.say_rarely("only_text", RARELY)

    def _apologise(self, session: Session, inbound_id: int, now: datetime) -> None:
        row = session.get_one(Inbound, inbound_id)
        channel = self._channels.get(row.channel)
        incoming = channel.parse(row.raw) if channel is not None else None
        if incoming is not None and incoming.chat_kind == "private":
            self._talk(session, row, incoming, now).say("trouble")


def offered(roles: frozenset[Role]) -> list[tuple[str, str]]:
    """A chat's menu: (command, help)."""
    return [(each.name, each.told(roles)[1]) for each in TABLE if each.open_to(roles)]


def _oldest(session: Session, channels: tuple[str, ...], passed: list[int]) -> int | None:
    row = stored.oldest_new(session, channels, passed)
    return row.id if row is not None else None


def _blocked(talk: Talk) -> None:
    contact, told_at = talk.contact, talk.incoming.told_at
    heard_at = contact.last_inbound_at if contact is not None else None
    if told_at is not None and heard_at is not None and told_at + _SKEW < heard_at:
        # Repeated for two hours, it came after a word that was said later: they are back.
        return
    if contact is not None and people.close_contact(talk.session, contact, "blocked", talk.now):
        say_unreachable(talk, contact)


def say_unreachable(talk: Talk, contact: Contact) -> None:
    """Staff hear that somebody can no longer be reached."""
    lost = links.lost(talk.session, contact)
    if lost is not None:
        key = f"lost:{contact.id}:{talk.inbound.id}"
        talk.tell_staff("lost_staff", key, name=talk.actor.name or contact.title, lost=lost)


# -- what was pressed, what was said --------------------------------------------------------------


def _pressed(talk: Talk) -> None:
    if not talk.private and not _known_group(talk):
        # The buttons of a group outlive its connection; what they say is about duties.
        talk.say("group_unknown", at=mention(talk))
        return
    action = talk.incoming.action
    if match := _DUTY_ACTION.fullmatch(action):
        intent = DUTY_ACTIONS.get(match[2])
        if intent is not None and talk.actor.bound:
            INTENTS[intent].run(talk, Reply(intent, (int(match[1]),)))
            return
    elif (match := _REQUEST_ACTION.fullmatch(action)) and talk.actor.is_staff:
        decide(talk, match[2] == "yes", int(match[1]), "")
        return
    elif (match := _DESK_ACTION.fullmatch(action)) and talk.actor.is_staff:
        if match[2] in DESK_ACTIONS:
            DESK_ACTIONS[match[2]](talk, int(match[1]))
            return
    elif _turned(talk, action):
        return
    talk.say("forbidden" if talk.actor.bound else "start_stranger", committee=_committee(talk))


def _turned(talk: Talk, action: str) -> bool:
    """The buttons under a review, or under figures."""
    if talk.private and (match := _REVIEW_ACTION.fullmatch(action)):
        return pressed(talk, int(match[1]), match[2])
    if match := _FIGURES_ACTION.fullmatch(action):
        return turned(talk, match[1])
    return False


def _committee(talk: Talk) -> str:
    return talk.desk.settings.committee.name


def _read(talk: Talk) -> None:
    text = clean_lines(talk.incoming.text)
    # The lines of a document that is being pasted may begin like commands.
    command, rest = (None, "") if pasting(talk) and not text.startswith("/") else _command(text)
    if not talk.private and not _known_group(talk):
        if command is not None and command.name in OPEN_IN_ANY_GROUP:
            command.run(talk, rest)
        elif text.startswith("/"):
            talk.say("group_unknown", at=mention(talk))
        return
    if command is not None:
        _run(talk, command, rest)
    elif text.startswith("/"):
        say_lost(talk)
    elif not talk.actor.bound:
        if not (talk.private and _asked(talk, text)):
            _stranger(talk, text)
    elif talk.private and is_code(text):
        # One more invite, or the code that links a second messenger.
        COMMANDS["dangky"].run(talk, text)
    elif not _decided(talk, text) and not _asked(talk, text) and not heard(talk, text):
        _free(talk, text)


def _handed(talk: Talk) -> None:
    """A file: proof of what the words under it report; staff's own others are directives to be
    looked over; without words the person is asked."""
    if talk.incoming.file is None:
        _unseen(talk)
    elif talk.private and not is_report(talk) and (talk.actor.is_staff or not talk.incoming.text):
        received(talk)
    elif talk.incoming.text:
        if talk.actor.bound and is_report(talk):
            offer(talk)
        _read(talk)
        left_over(talk)


def _unseen(talk: Talk) -> None:
    """A messenger that keeps files to itself: say so, and what to do instead."""
    if not talk.private:
        return
    here = messenger_name(talk.chat.channel)
    others = sorted({messenger_name(each) for each in talk.desk.infos} - {here})
    talk.say_rarely("file_unseen", UNSEEN_APART, messenger=here, others=others)


_SPOKEN_TO: dict[str, Callable[[Talk], None]] = {
    "text": _read,
    "button": _pressed,
    "file": _handed,
}


# What can be a flood; that we were shut out, or a group moved, is always heard.
_COUNTED = frozenset({*_SPOKEN_TO, "other"})


def clean_lines(text: str) -> str:
    """The message with its lines kept, each cleaned; what is too long to be an answer is cut."""
    lines = [clean(line) for line in text[:LONGEST_TEXT].splitlines()]
    return "\n".join(line for line in lines if line)


def _command(text: str) -> tuple[Command | None, str]:
    if match := _SLASH.match(text):
        return COMMANDS.get(fold(match["name"])), match["rest"].strip()
    flat = clean(text)
    for pattern, command in SPOKEN:
        if match := pattern.fullmatch(fold(flat)):
            return command, flat[match.end("head") :].strip()
    return None, ""


def _run(talk: Talk, command: Command, rest: str) -> None:
    if not command.open_to(talk.actor.roles):
        if talk.actor.bound:
            talk.say("forbidden")
        else:
            talk.say("start_stranger", committee=_committee(talk))
        return
    talk.answered()
    command.run(talk, rest)


def _known_group(talk: Talk) -> bool:
    """A group that was bound with a code and still is."""
    return talk.contact is not None and bool(people.subscriptions_of(talk.session, talk.contact))


def _stranger(talk: Talk, text: str) -> None:
    if not talk.private:
        # Silence would let them believe that their "xong" counts.
        if read_reply(text, talk.today).intent in INTENTS:
            talk.say("group_stranger")
        return
    if code := code_in(text):
        COMMANDS["dangky"].run(talk, code)
    else:
        advise(talk, "start_stranger", text, committee=_committee(talk))


def _decided(talk: Talk, text: str) -> bool:
    """Whether the text decides something that has words of its own."""
    return any(act(talk, text) for staff, act in DECIDING if talk.actor.is_staff or not staff)


def _asked(talk: Talk, text: str) -> bool:
    """Whether the text answers what this person was asked."""
    question = talk.question()
    if question is None:
        return False
    asked = QUESTIONS[question.kind]
    if not asked.open_to(talk.actor.roles):
        # The question has outlived the right to be asked it.
        talk.answered()
        return False
    return asked.run(talk, question, text)


def _free(talk: Talk, text: str) -> None:
    """Plain words: a staff decision, an answer of the grammar, or nothing we understand."""
    decision = said(text) if talk.actor.is_staff else None
    if decision is not None:
        decide(talk, *decision)
        return
    if looked(talk, text) or replied(talk, text):
        return
    parts = statements(text, talk.today)
    if not parts:
        _answered(talk, text)
    for part in parts:
        # What one part is refused for takes nothing back of the others.
        talk.carefully(partial(_answered, text=part))


def _answered(talk: Talk, text: str) -> None:
    """Do what words of the grammar say, if they are theirs to say."""
    reply = read_reply(text, talk.today)
    act = INTENTS.get(reply.intent)
    if act is None:
        say_lost(talk, text, reply)
    elif act.open_to(talk.actor.roles):
        act.run(talk, reply)
    elif talk.private:
        talk.say("forbidden")
