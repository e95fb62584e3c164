"""One update being handled: who speaks, where, and every way to answer.

Commands get a :class:`Talk` and nothing else. All they write, the answer included, belongs to the
one transaction the update is handled in.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlmodel import Session, select

from bot.settings import Settings
from deadlines import Rule
from deadlines.calendar import WorkCalendar
from deadlines.chat import read_day
from registry import people
from registry.clock import local_day
from registry.notices import editable, put_edit, put_text, queued_after
from registry.people import Actor, Chat, Refused
from registry.tables import Agency, Contact, Duty, Inbound, Question, StoredFile, Subscription
from registry.types import NoticeKind, Role
from reports.render import Rendered, Renderer
from scheduler.channel import Button, ChannelInfo, Incoming, IncomingFile

QUESTION_LIVES = timedelta(hours=24)
EDITABLE_FOR = timedelta(days=40)
Rows = Sequence[Sequence[Button]]


@dataclass(frozen=True)
class Desk:
    """What every conversation needs and none changes."""

    settings: Settings
    renderer: Renderer
    calendar: WorkCalendar
    editing_channels: tuple[str, ...] = ()
    update_rule: Rule | None = None
    infos: dict[str, ChannelInfo] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Menu:
    """The commands a private chat is to be offered from now on: those open to these roles."""

    channel: str
    address: str
    roles: frozenset[Role]


@dataclass
class Talk:
    """`contact` is None until the chat is known; `actor` is nobody until it is bound. `files`: what
    was sent with the words that are being answered, until an answer takes them."""

    session: Session
    desk: Desk
    now: datetime
    inbound: Inbound
    incoming: Incoming
    chat: Chat
    actor: Actor
    contact: Contact | None
    menus: list["Menu"] = field(default_factory=list)
    files: tuple[IncomingFile, ...] = ()
    _said: int = 0

    @property
    def today(self) -> date:
        return local_day(self.now)

    @property
    def private(self) -> bool:
        return self.chat.chat_kind == "private"

    # -- answering --------------------------------------------------------------------------------

    def say(
        self, template: str, /, buttons: Rows = (), file: StoredFile | None = None, **facts: Any
    ) -> None:
        """Answer with a template of `templates/replies/`, and with a file if one is given."""
        self.say_rendered(self.desk.renderer.render(f"replies/{template}", **facts), buttons, file)

    def carefully(self, act: Callable[["Talk"], object]) -> None:
        """Do something of which a refusal takes back whatever it had begun to write, and nothing
        else; why it was refused is said."""
        try:
            with self.session.begin_nested():
                act(self)
        except Refused as refusal:
            self.session.expire_all()
            self.contact = people.find_contact(self.session, self.chat.channel, self.chat.address)
            self.say("refused", text=str(refusal))

    def say_rarely(self, template: str, apart: timedelta, /, **facts: Any) -> None:
        """Answer unless this chat was told the same less than `apart` ago."""
        if not self.said_lately(template, apart):
            self.say_noted(template, **facts)

    def said_lately(self, template: str, span: timedelta) -> list[datetime]:
        """When this chat was told so, by `say_noted`, within the last `span`."""
        return queued_after(self.session, self._note(template), self.now - span)

    def say_noted(self, template: str, /, **facts: Any) -> None:
        """Answer so that it can be told later that this was said here."""
        self._said += 1
        rendered = self.desk.renderer.render(f"replies/{template}", **facts)
        put_text(
            self.session,
            NoticeKind.ANSWER,
            f"{self._note(template)}{self.inbound.id}",
            rendered.html,
            self.now,
            contact_id=self.known_contact().id,
        )

    def _note(self, template: str) -> str:
        return f"rarely:{template}:{self.known_contact().id}:"

    def say_rendered(
        self, rendered: Rendered, buttons: Rows = (), file: StoredFile | None = None
    ) -> None:
        """Answer in this chat; the answer leaves when the transaction is in."""
        self._said += 1
        put_text(
            self.session,
            NoticeKind.ANSWER,
            f"answer:{self.inbound.id}:{self._said}",
            rendered.html,
            self.now,
            contact_id=self.known_contact().id,
            buttons=_pairs(buttons),
            file_id=_id(file),
        )

    def known_contact(self) -> Contact:
        """This chat's contact, made if it is new: an answer needs an address."""
        if self.contact is None:
            self.contact = people.ensure_contact(self.session, self.chat, self.now)
        return self.contact

    @property
    def silent(self) -> bool:
        """Nothing has been answered yet."""
        return self._said == 0

    # -- telling others ---------------------------------------------------------------------------

    def tell(
        self, subscriptions: Iterable[Subscription], template: str, key: str, buttons: Rows = (),
        file: StoredFile | None = None, **facts: Any,
    ) -> int:  # fmt: skip
        """Queue word for others, once for each holder and key; the speaker is left out. It goes out
        within working hours."""
        rendered = self.desk.renderer.render(f"replies/{template}", **facts)
        told = 0
        for subscription in subscriptions:
            if self.actor.person_id is not None and subscription.person_id == self.actor.person_id:
                continue
            put_text(
                self.session,
                NoticeKind.ALERT,
                f"{key}:{subscription.id}",
                rendered.html,
                self.now,
                subscription_id=subscription.id,
                buttons=_pairs(buttons),
                file_id=_id(file),
            )
            told += 1
        return told

    def tell_staff(self, template: str, key: str, buttons: Rows = (), **facts: Any) -> int:
        """Queue word for the standing agency's staff; how many of them."""
        return self.tell(people.staff_subscriptions(self.session), template, key, buttons, **facts)

    def tell_contact(
        self, contact_id: int, template: str, key: str, file: StoredFile | None = None,
        **facts: Any,
    ) -> None:  # fmt: skip
        """Queue word for one chat."""
        rendered = self.desk.renderer.render(f"replies/{template}", **facts)
        put_text(
            self.session,
            NoticeKind.ALERT,
            key,
            rendered.html,
            self.now,
            contact_id=contact_id,
            file_id=_id(file),
        )

    def rewrite(self, duty: Duty) -> None:
        """Messages already sent about the duty are to show what has become of it, on messengers
        that can edit."""
        since = self.now - EDITABLE_FOR
        for attempt in editable(self.session, duty.id or 0, self.desk.editing_channels, since):
            put_edit(self.session, attempt, f"{duty.id}:{self.inbound.id}", self.now)

    def offer_menu(self, contact: Contact) -> None:
        """What a private chat may do has changed: its menu follows once the transaction is in."""
        if contact.chat_kind == "private":
            roles = people.load_actor(self.session, contact.channel, contact.address).roles
            self.menus.append(Menu(contact.channel, contact.address, roles))

    # -- waiting for an answer --------------------------------------------------------------------

    def ask(self, kind: str, data: str = "{}") -> None:
        """Remember what was asked of this person in this chat; a new question replaces the old."""
        key = (self.known_contact().id or 0, self.chat.sender)
        question = self.session.get(Question, key) or Question(
            contact_id=key[0], sender=key[1], kind=kind, expires_at=self.now
        )
        question.kind, question.data = kind, data
        question.expires_at = self.now + QUESTION_LIVES
        self.session.add(question)

    def question(self) -> Question | None:
        """What this person still has to answer here."""
        if self.contact is None:
            return None
        question = self.session.get(Question, (self.contact.id, self.chat.sender))
        return question if question is not None and question.expires_at > self.now else None

    def answered(self) -> None:
        """Nothing is being waited for any more."""
        if self.contact is None:
            return
        question = self.session.get(Question, (self.contact.id, self.chat.sender))
        if question is not None:
            self.session.delete(question)
            self.session.flush()

    # -- common looks -----------------------------------------------------------------------------

    def day_in(self, text: str) -> date | None:
        """The one day a text names as people type it; None where it names none, or several."""
        found = read_day(text, self.today, self.desk.calendar) if text else None
        return found if isinstance(found, date) else None

    def agency(self, agency_id: int) -> Agency:
        return self.session.get_one(Agency, agency_id)

    def agency_names(self, ids: Iterable[int]) -> list[str]:
        wanted = set(ids)
        rows = self.session.exec(select(Agency)).all() if wanted else []
        return sorted(agency.name for agency in rows if agency.id in wanted)

    def may_manage(self, agency_ids: Iterable[int | None]) -> bool:
        """Whether the speaker may change what this chat receives: their own private chat, or a
        group of an agency they answer for."""
        if self.private or self.actor.is_staff:
            return True
        return all(each is not None and self.actor.may_act_for(each) for each in agency_ids)

    @property
    def overheard(self) -> bool:
        """Whether a group listens that may read of its own agencies only."""
        return self.actor.place is not None

    def may_see(self, duty: Duty) -> bool:
        return self.actor.may_see(duty.agency_id)

    def may_act(self, duty: Duty) -> bool:
        """Officers answer for their agency; staff may record an answer given by other means."""
        return self.actor.is_staff or self.actor.may_act_for(duty.agency_id)


def _pairs(rows: Rows) -> list[list[tuple[str, str]]]:
    return [[(button.label, button.action) for button in row] for row in rows]


def _id(file: StoredFile | None) -> int | None:
    return file.id if file is not None else None
