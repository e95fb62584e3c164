"""Zalo, by an Official Account: consultation messages with buttons to whoever wrote within a week,
approved templates to the others, updates by webhook only.

Whether somebody may still be written to is Zalo's to say: a consultation message is tried first,
and where it is refused for silence the template goes out instead. An address is a user id, or
"phone:84…" for somebody who gave their number and consent to staff: there only templates arrive.
"""

import asyncio
import contextlib
import logging
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from secrets import token_hex

from bot.channels.carrying import get_file, in_words, read_start
from bot.channels.http import HttpClient, Upload
from bot.channels.text import whole
from bot.channels.zalo_oa_api import Account, Buttons, OaApi
from bot.channels.zalo_oa_errors import Means, OaLost, OaRefused, as_send_error
from bot.channels.zalo_oa_oauth import Consent
from bot.channels.zalo_oa_templates import Template, Templates
from bot.channels.zalo_oa_updates import (
    Seal,
    is_probe,
    marked,
    sender_of,
    too_old,
    understand,
    updates_in,
)
from scheduler.channel import (
    Attachment,
    ChannelInfo,
    Incoming,
    Limits,
    Message,
    SendError,
    Store,
    Update,
)
from scheduler.split import units_of

_LOGGER = logging.getLogger(__name__)

PHONE = "phone:"
_MOST_UNITS = 2000
_MOST_BUTTONS = 5
_MOST_PICTURE = 1024 * 1024
_PICTURES = ("image/png", "image/jpeg")
_NAMES = 2000  # people whose names are remembered
# Templates wait half a day for a message that only a conversation can carry.
_WAIT_FOR_WINDOW = 12 * 3600.0


@dataclass(frozen=True, slots=True)
class OaSetup:
    """What the settings say of the account besides hosts and secrets."""

    seal: Seal
    templates: Templates


class ZaloOaChannel:
    """One Official Account. `clock` gives the moment in UTC. http: shared with other channels and
    closed by its owner."""

    name = "zalo_oa"
    # A line with a link must still fit under the words.
    limits = Limits(units=1800, per_second=20.0, private_gap=1.0, group_gap=1.0, caption=1500)
    edits = False
    webhook = True

    def __init__(
        self,
        setup: OaSetup,
        api: OaApi,
        consent: Consent,
        http: HttpClient,
        clock: Callable[[], datetime],
    ) -> None:
        self._setup = setup
        self._api = api
        self._consent = consent
        self._http = http
        self._clock = clock
        self._names: dict[str, str] = {}
        self._nameless: asyncio.Queue[str] = asyncio.Queue(_NAMES)
        self._reading = ""

    async def open(self) -> ChannelInfo:
        """Ask Zalo who we are. Raises SendError, auth where an administrator has to give leave."""
        try:
            account = await self._api.account()
        except (OaRefused, OaLost) as error:
            failure = as_send_error(error, self._clock())
        else:
            notes = (self._consent.note(), *self._account_notes(account), self._template_note())
            return ChannelInfo(account.name or account.id, "", tuple(filter(None, notes)))
        raise failure

    async def close(self) -> None:
        """Nothing to do: the HTTP client belongs to whoever made it."""

    # -- sending ----------------------------------------------------------------------------------

    async def send(self, address: str, message: Message) -> str:
        """A consultation message; to somebody who has been silent too long, a template.

        Raises SendError: closed where neither may be sent, so that the person's other messenger is
        tried and the contact opens again when they write.
        """
        try:
            if address.startswith(PHONE):
                return await self._by_phone(address.removeprefix(PHONE), message)
            return await self._to_user(address, message)
        except (OaRefused, OaLost) as error:
            failure = as_send_error(error, self._clock())
        raise failure

    async def _to_user(self, user: str, message: Message) -> str:
        picture = await self._picture(message.attachment)
        if message.attachment is not None and not picture:
            message = in_words(message, message.attachment, "Zalo")
        text = _wire_text(message.plain)
        if not text or units_of(text) > _MOST_UNITS:
            raise SendError("Zalo OA: tin rỗng hoặc dài quá 2.000 ký tự", permanent=True)
        try:
            return await self._api.consult(user, text, _buttons(message), picture)
        except OaRefused as error:
            if error.row.means is not Means.OUTSIDE:
                raise
            refused = error
        template = self._template(message)
        if template is not None and message.summary is not None:
            return await self._api.template(user, template.id, template.fill(message.summary))
        if not self._setup.templates.any():
            raise refused
        # Reminders still reach this person, so the contact must not be closed.
        raise SendError(
            "Zalo OA: người nhận im lặng quá 7 ngày và tin này không có mẫu; chờ họ nhắn lại",
            retry_after=_WAIT_FOR_WINDOW,
        )

    async def _by_phone(self, phone: str, message: Message) -> str:
        template = self._template(message)
        if template is None or message.summary is None:
            raise SendError(
                "Zalo OA: địa chỉ là số điện thoại chỉ nhận được tin nhắc theo mẫu đã duyệt",
                permanent=self._setup.templates.any(),
                closed=not self._setup.templates.any(),
            )
        data = template.fill(message.summary)
        return await self._api.template_by_phone(phone, template.id, data, token_hex(16))

    def _template(self, message: Message) -> Template | None:
        return self._setup.templates.of(message.summary) if message.summary is not None else None

    async def _picture(self, file: Attachment | None) -> str:
        """Zalo's id for a small picture; "" where the file has to be a link in the words."""
        if file is None or not file.picture or file.media_type not in _PICTURES:
            return ""
        content = await read_start(file.path, _MOST_PICTURE + 1)
        if not content or len(content) > _MOST_PICTURE:
            return ""
        try:
            return await self._api.upload_image(Upload(file.name, content, file.media_type))
        except (OaRefused, OaLost) as error:
            _LOGGER.warning("Zalo OA không nhận ảnh: %s", error)
            return ""

    async def edit(self, address: str, message_id: str, message: Message) -> None:
        """Zalo cannot change a sent message."""

    # -- receiving --------------------------------------------------------------------------------

    async def receive(self, store: Store) -> None:
        """Updates come by webhook; here the token is kept fresh, and names are asked for.

        Raises SendError(auth=True) where only an administrator can give us leave again.
        """
        del store
        time = asyncio.get_running_loop().time
        while True:
            end = time() + await self._consent.tend()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(end):
                    while True:
                        await self._learn(await self._nameless.get())

    async def _learn(self, user: str) -> None:
        """Zalo tells a person's name only when it is asked."""
        try:
            self._names[user] = await self._api.name_of(user)
        except (OaRefused, OaLost, SendError) as error:
            _LOGGER.debug("Zalo OA: chưa hỏi được tên: %s", error)
            return
        for old in list(self._names)[:-_NAMES]:
            del self._names[old]

    def verify(self, headers: Mapping[str, str], body: bytes) -> bool:
        """See WebhookChannel. An empty call is let in: it asks for nothing."""
        reading = self._setup.seal.matched(headers, body)
        if not reading:
            return is_probe(body)
        if too_old(body, self._clock()):
            _LOGGER.warning("Zalo OA: bỏ qua một lời gọi webhook cũ hơn 24 giờ")
            return False
        if reading != self._reading:
            _LOGGER.info("Zalo OA: chữ ký webhook khớp theo cách %s", reading)
            self._reading = reading
        return True

    def updates(self, body: bytes) -> list[Update]:
        """See WebhookChannel."""
        found = updates_in(body)
        user = sender_of(body)
        if found and user and user not in self._names:
            with contextlib.suppress(asyncio.QueueFull):
                self._nameless.put_nowait(user)
        return found

    def parse(self, raw: str) -> Incoming | None:
        """See :func:`understand`."""
        return understand(raw, self._setup.seal.oa_id, self._names)

    async def fetch(self, ref: str, most: int) -> bytes:
        """A file somebody sent, from the address Zalo gave for it. See Channel."""
        home = ref.startswith(f"{self._api.root}/")
        return await get_file(self._http, ref, most, "Zalo", public=not home)

    async def acknowledge(self, callback: str) -> None:
        """Zalo's buttons have no spinner."""

    async def set_commands(self, address: str | None, commands: Sequence[tuple[str, str]]) -> None:
        """The account's menu is made at oa.zalo.me; `/trogiup` lists the commands."""

    # -- what an administrator should know --------------------------------------------------------

    def _account_notes(self, account: Account) -> list[str]:
        wanted = self._setup.seal.oa_id
        notes = []
        if account.id and wanted and account.id != wanted:
            notes.append(f"Quyền được cấp cho OA {account.id}, nhưng [zalo_oa] oa_id là {wanted}.")
        if account.verified is False:
            notes.append("OA chưa xác thực: chưa gửi được tin mẫu.")
        return notes

    def _template_note(self) -> str:
        if self._setup.templates.any():
            return ""
        return (
            "Chưa có mẫu tin ([zalo_oa] reminder_template): ai không nhắn cho OA quá 7 ngày sẽ "
            "không nhận được tin nhắc qua OA."
        )


def _buttons(message: Message) -> Buttons:
    """The first rows that fit whole: a row's buttons belong together."""
    chosen: list[tuple[str, str]] = []
    for row in message.buttons:
        if len(chosen) + len(row) > _MOST_BUTTONS:
            break
        chosen += [(button.label, marked(button.action)) for button in row]
    return chosen


def _wire_text(text: str) -> str:
    """Composed letters, as Zalo counts them; where composing makes a text longer (it does in a few
    scripts), the text as it was."""
    plain = whole(text).replace("\x00", "").strip()
    composed = unicodedata.normalize("NFC", plain)
    return composed if units_of(composed) <= units_of(plain) else plain
