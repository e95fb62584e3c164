"""The port every messenger implements, and the words scheduler and channels share.

Nothing here knows a messenger: `bot/channels/` implements :class:`Channel`, `bot/app.py` joins.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from html import escape
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

ChatKind = Literal["private", "group"]


@dataclass(frozen=True, slots=True)
class Button:
    """One choice under a message.

    `action` is what comes back when it is pressed: short, ASCII, at most 64 bytes, versioned
    ("d1:127:done"). A channel without buttons leaves them out: the words say the same.
    """

    label: str
    action: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a message. `path` holds its bytes; `picture`: shown, not only offered;
    `url`: an expiring HTTPS link to the same bytes, "" where no web server is configured;
    `file_id`: the row it is kept under, so that it can wait its turn behind the words."""

    name: str
    path: Path
    media_type: str
    picture: bool = False
    url: str = ""
    file_id: int | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """A reminder in its few facts, for a messenger that lets us write to some people only by forms
    approved beforehand. numbers: of the duties; task, agency: of the one due first, on due_on (a
    local day); purpose "digest": several duties."""

    purpose: Literal["reminder", "urge", "digest"]
    numbers: tuple[int, ...]
    task: str
    due_on: date
    agency: str


@dataclass(frozen=True, slots=True)
class Message:
    """What is to be said, in HTML (b, i, u, s, a, code; no tag spans a line) and in plain text.

    A channel that cannot carry the attachment says its link, or that there is none. `summary`: only
    of reminders and urges."""

    html: str
    plain: str
    buttons: tuple[tuple[Button, ...], ...] = ()
    attachment: Attachment | None = None
    summary: Summary | None = None

    def pairs(self) -> list[list[tuple[str, str]]]:
        """The buttons as (label, action), the form the outbox stores."""
        return [[(button.label, button.action) for button in row] for row in self.buttons]

    def as_plain(self) -> "Message":
        """The same words without markup, for a messenger that refuses the HTML."""
        return replace(self, html=escape(self.plain, quote=False))


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a messenger takes: units of text a message, messages a second, seconds between two
    messages to one private chat, and to one group; `caption`: units of text that may go with a
    file. Longer words go first, the file behind them."""

    units: int
    per_second: float = 25.0
    private_gap: float = 1.0
    group_gap: float = 3.0
    caption: int = 1024


class SendError(Exception):
    """A message was not delivered, or perhaps was.

    permanent: trying again cannot help. closed: the chat is gone (blocked, kicked, deactivated), so
    the contact must be closed. auth: the messenger refuses us (token, money, set-up): the channel
    stands still.
    uncertain: the request left and no answer came; the message may have arrived. retry_after:
    seconds to wait before this chat is tried again. moved_to: the chat's new address.
    bad_markup: the messenger refused the HTML; send the plain text once. exhausted: it takes
    nothing more from this bot, whoever it is for, for `retry_after` seconds.
    The text is for logs and staff; it never holds a token or a URL.
    """

    def __init__(  # noqa: PLR0913 -- each keyword is one meaning of the port's contract
        self,
        text: str,
        *,
        permanent: bool = False,
        closed: bool = False,
        auth: bool = False,
        uncertain: bool = False,
        bad_markup: bool = False,
        exhausted: bool = False,
        retry_after: float | None = None,
        moved_to: str | None = None,
    ) -> None:
        super().__init__(text)
        self.text = text
        self.permanent = permanent
        self.closed = closed
        self.auth = auth
        self.uncertain = uncertain
        self.bad_markup = bad_markup
        self.exhausted = exhausted
        self.retry_after = retry_after
        self.moved_to = moved_to


@dataclass(frozen=True, slots=True)
class Update:
    """One update as a messenger sent it: `key` identifies it on its channel (for de-duplication),
    `raw` is its JSON text, stored before anything is made of it."""

    key: str
    raw: str


@dataclass(frozen=True, slots=True)
class IncomingFile:
    """A file somebody sent. `ref` is what `Channel.fetch` needs, good for a limited time; `size` in
    bytes as the messenger states it, None where it does not."""

    name: str
    ref: str
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Incoming:
    """An update understood, the same for every messenger.

    event: "text" (a message), "file" (a document or picture in `file`, its caption in `text`;
    `file` is None where the messenger keeps what was sent to itself),
    "button" (a pressed :class:`Button`, its action in `action`),
    "blocked" (this private chat or group shut us out), "moved" (the group's new address in
    `moved_to`), "joined" (the bot was put into a group), "other" (a sticker: nothing to read).
    reply_to: id of our message this one answers, where the messenger says so.
    addressed: in a group, whether the bot was spoken to (command, mention, reply).
    callback: what `Channel.acknowledge` needs to stop a pressed button's spinner.
    told_at: when it happened, where the messenger says so and updates may overtake one another.
    """

    event: Literal["text", "file", "button", "blocked", "moved", "joined", "other"]
    address: str
    chat_kind: ChatKind
    sender: str
    sender_name: str = ""
    chat_title: str = ""
    text: str = ""
    action: str = ""
    reply_to: str | None = None
    addressed: bool = True
    moved_to: str | None = None
    callback: str | None = None
    file: IncomingFile | None = None
    told_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ChannelInfo:
    """What the messenger says of our bot at start: its name, a link that opens it with an invite
    ("{code}" stands for the code) or "", and lines for `dondoc doctor` (Vietnamese)."""

    username: str = ""
    invite_link: str = ""
    notes: tuple[str, ...] = field(default=())


Store = Callable[[Sequence[Update]], Awaitable[None]]


class Channel(Protocol):
    """A messenger. Every call has a timeout and raises nothing but :class:`SendError`."""

    name: str
    limits: Limits
    edits: bool

    async def open(self) -> ChannelInfo:
        """Connect and say who we are. Raises SendError(auth=True) where the token is refused."""
        ...

    async def close(self) -> None: ...

    async def send(self, address: str, message: Message) -> str:
        """Deliver one message that fits the limits; return the messenger's message id."""
        ...

    async def edit(self, address: str, message_id: str, message: Message) -> None:
        """Replace a sent message. Unchanged, deleted or too old is not an error."""
        ...

    async def receive(self, store: Store) -> None:
        """Fetch updates until cancelled; an update is confirmed to the messenger only after
        `store` has returned. Survives network failure by itself, with back-off."""
        ...

    def parse(self, raw: str) -> Incoming | None:
        """Understand a stored update; None for what concerns nobody (echoes, other bots).
        Pure, and never raises on any JSON text."""
        ...

    async def fetch(self, ref: str, most: int) -> bytes:
        """The bytes of an :class:`IncomingFile`. Raises SendError: permanent where it is gone or
        longer than `most` bytes (the text then says so in Vietnamese), else worth another try."""
        ...

    async def acknowledge(self, callback: str) -> None:
        """Stop a pressed button's spinner; best effort, never raises."""
        ...

    async def set_commands(self, address: str | None, commands: Sequence[tuple[str, str]]) -> None:
        """Offer commands (name, Vietnamese description) in the messenger's menu, for one chat or
        (None) as the default; best effort, does nothing where there is no menu."""
        ...


@runtime_checkable
class WebhookChannel(Protocol):
    """What a :class:`Channel` offers besides, where the messenger may call us: the web server hands
    it every call to `/webhook/NAME` (the channel's name, "_" written "-"). `receive` then only sees
    to it that the messenger knows our address, and waits.

    Both calls are pure and quick, and raise on nothing: the answer has to leave within two seconds.
    """

    name: str

    @property
    def webhook(self) -> bool:
        """Whether the settings ask for calls; False while the channel fetches updates itself."""
        ...

    def verify(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Whether the messenger itself sent this; secrets are compared in constant time. Header
        names are lower-case, `body` is as it came. False is answered with 401."""
        ...

    def updates(self, body: bytes) -> list[Update]:
        """The updates in a verified body; none for a probe, an event we do not know or a body that
        cannot be read: answered with 200, since sending it again would not help."""
        ...


@runtime_checkable
class PinningChannel(Protocol):
    """What a :class:`Channel` offers besides, where a message may stand at the top of its chat and
    be rewritten there for months. Each call raises nothing but :class:`SendError`."""

    name: str

    async def pin(self, address: str, message_id: str) -> None:
        """Put a message at the top, silently."""
        ...

    async def unpin(self, address: str, message_id: str) -> None:
        """Take it down; one that is gone or not pinned is not an error."""
        ...

    async def rewrite(self, address: str, message_id: str, message: Message) -> bool:
        """Replace a sent message; False where it is gone or may no longer be changed."""
        ...
