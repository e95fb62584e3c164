"""Telegram, by its Bot API through python-telegram-bot: long polling or webhook, HTML, buttons.

Only `telegram.Bot` is used. Its Updater confirms an update before anybody has stored it, its
JobQueue and ConversationHandler live in memory: the loop here, the scheduler and the database do
their work.
"""

import asyncio
import logging
import re
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from telegram import (
    Bot,
    BotCommand,
    BotCommandScopeChat,
    BotCommandScopeDefault,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    LinkPreviewOptions,
)
from telegram.constants import ParseMode
from telegram.error import TelegramError

from bot.channels.backoff import pause_after
from bot.channels.carrying import in_words
from bot.channels.http import HttpClient
from bot.channels.rivals import PLAIN, Manners, Rivals
from bot.channels.telegram_files import TelegramFiles
from bot.channels.telegram_request import (
    BotRequest,
    PollRequest,
    RivalError,
    as_send_error,
)
from bot.channels.telegram_updates import Identity, pushed, understand
from bot.channels.text import whole
from bot.channels.webhook import NO_HOOK, Hook, HookApi, foreign_note, keep, leave
from scheduler.channel import (
    Attachment,
    Button,
    ChannelInfo,
    Incoming,
    Limits,
    Message,
    SendError,
    Store,
    Update,
)

_T = TypeVar("_T")
_LOGGER = logging.getLogger(__name__)

_ALLOWED = ("message", "callback_query", "my_chat_member")
_BATCH = 100
_ACTION_BYTES = 64
_DESCRIPTION = 256
_LATE = 10.0  # seconds after a poll should have ended before the connection counts as lost
_BREATH = 0.3  # seconds between polls of a server that does not wait by itself
# Telegram may start update ids at a random number after a week without any: forget ours before.
_FORGET_OFFSET = 6 * 86_400.0
_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)
# Words of a refused edit that mean there is nothing left to do.
_UNCHANGED = "message is not modified"
_NOT_PINNED = "message to unpin not found"
_EDIT_DONE = (
    "message to edit not found",
    "message can't be edited",
    "message_id_invalid",
    "message identifier is not specified",
)


@dataclass(slots=True)
class _Cursor:
    """The next update to ask for, and when (loop time) the last one came."""

    rivals: Rivals
    heard: float
    offset: int | None = None


class TelegramChannel:
    """One bot on one Bot API server.

    token: as BotFather gave it. base_url: the server's root, the part before "/bot<token>".
    http: shared with other channels and closed by its owner. poll_timeout: seconds one getUpdates
    waits. pauses: first and longest pause, in seconds, between polls that fail. hook: our address,
    where Telegram is to call us, or may once have been told to. manners: towards another program
    with our token.
    Raises ValueError for an empty token.
    """

    name = "telegram"
    # Thirty a second are allowed; at 29.4 evenly spaced ones nobody counts more than thirty
    # in a second, though one message takes 20 ms longer on its way than another.
    limits = Limits(units=4096, per_second=29.4)
    edits = True

    def __init__(
        self,
        token: str,
        base_url: str,
        http: HttpClient,
        *,
        poll_timeout: int = 30,
        pauses: tuple[float, float] = (1.0, 30.0),
        hook: Hook = NO_HOOK,
        manners: Manners = PLAIN,
    ) -> None:
        token, root = token.strip(), base_url.strip().rstrip("/")
        if not token:
            raise ValueError("the Telegram token is empty")
        number = token.partition(":")[0]
        self._me = Identity(int(number) if re.fullmatch(r"[0-9]{1,18}", number) else 0)
        self._poll_timeout = poll_timeout
        self._pauses = pauses
        self._hook = hook
        self._manners = manners
        self._bot = Bot(
            token,
            base_url=lambda secret: f"{root}/bot{secret}",
            base_file_url=lambda secret: f"{root}/file/bot{secret}",
            request=BotRequest(http),
            get_updates_request=PollRequest(http),
        )
        self._files = TelegramFiles(self._bot, http, root, self._call)

    async def open(self) -> ChannelInfo:
        """Ask Telegram who we are. Raises SendError."""
        user = await self._call(self._bot.get_me())
        username = user.username or ""
        self._me = Identity(user.id, username)
        return ChannelInfo(
            username=username,
            invite_link=f"https://t.me/{username}?start={{code}}" if username else "",
            notes=tuple(filter(None, (_privacy_note(user), await self._webhook_note()))),
        )

    async def close(self) -> None:
        """Nothing to do: the HTTP client belongs to whoever made it."""

    async def send(self, address: str, message: Message) -> str:
        """Send HTML with its buttons, under a file if there is one; the id is unique within the
        chat. A file that Telegram does not take is linked instead. Raises SendError."""
        if message.attachment is not None:
            return await self._send_file(address, message, message.attachment)
        sent = await self._call(
            self._bot.send_message(
                chat_id=_chat_id(address),
                text=whole(message.html),
                parse_mode=ParseMode.HTML,
                link_preview_options=_NO_PREVIEW,
                reply_markup=_keyboard(message.buttons),
            )
        )
        return str(sent.message_id)

    async def _send_file(self, address: str, message: Message, file: Attachment) -> str:
        """In words where the file is not taken: they must not be lost with it."""
        sent = await self._files.send(
            file,
            chat_id=_chat_id(address),
            caption=whole(message.html),
            reply_markup=_keyboard(message.buttons),
        )
        return sent or await self.send(address, in_words(message, file, "Telegram"))

    async def fetch(self, ref: str, most: int) -> bytes:
        """A file by its id; see :class:`TelegramFiles`."""
        return await self._files.fetch(ref, most)

    async def edit(self, address: str, message_id: str, message: Message) -> None:
        """Replace words and buttons of a sent message. Raises SendError for anything but a message
        that is unchanged, gone or too old."""
        await self.rewrite(address, message_id, message)

    async def rewrite(self, address: str, message_id: str, message: Message) -> bool:
        """As :meth:`edit`; False for a message that is gone or too old."""
        if not message_id.isdecimal():
            return False
        try:
            await self._call(
                self._bot.edit_message_text(
                    chat_id=_chat_id(address),
                    message_id=int(message_id),
                    text=whole(message.html),
                    parse_mode=ParseMode.HTML,
                    link_preview_options=_NO_PREVIEW,
                    reply_markup=_keyboard(message.buttons),
                )
            )
        except SendError as error:
            words = error.text.lower()
            if _UNCHANGED not in words and not any(each in words for each in _EDIT_DONE):
                raise
            return _UNCHANGED in words
        return True

    async def pin(self, address: str, message_id: str) -> None:
        """Put a message at the top. Raises SendError, permanent where the bot has no right to."""
        await self._call(
            self._bot.pin_chat_message(
                _chat_id(address), int(message_id), disable_notification=True
            )
        )

    async def unpin(self, address: str, message_id: str) -> None:
        """Take a message down. Raises SendError for anything but one that is gone."""
        try:
            await self._call(self._bot.unpin_chat_message(_chat_id(address), int(message_id)))
        except SendError as error:
            if not any(each in error.text.lower() for each in (*_EDIT_DONE, _NOT_PINNED)):
                raise

    async def receive(self, store: Store) -> None:
        """Poll until cancelled. An update is confirmed by the poll after the one that brought it,
        so only once `store` has returned; if `store` fails, the same updates come again.
        In webhook mode: see to it that Telegram knows our address.

        Raises SendError(auth=True) where the token is refused; survives everything else.
        """
        if self._hook.active:
            await keep(self._hook, self._hook_api, self._pauses)
        await leave(self._hook, self._hook_api)
        now = asyncio.get_running_loop().time()
        cursor, failures = _Cursor(Rivals(self._manners, now), now), 0
        while True:
            try:
                await self._round(cursor, store)
            except RivalError as error:
                await self._give_way(cursor.rivals, error)
            except SendError as error:
                if error.auth:
                    raise
                failures += 1
                await self._pause(failures, error)
            except Exception:
                _LOGGER.exception("Telegram: chưa lưu được tin đến, sẽ nhận lại")
                failures += 1
                await self._pause(failures, None)
            else:
                if failures:
                    _LOGGER.info("Telegram: đã nhận tin trở lại")
                failures = 0

    def parse(self, raw: str) -> Incoming | None:
        """See :func:`understand`."""
        return understand(raw, self._me)

    async def acknowledge(self, callback: str) -> None:
        """Stop the spinner; Telegram forgets a press after minutes, which is no matter."""
        try:
            await self._call(self._bot.answer_callback_query(callback))
        except SendError as error:
            _LOGGER.debug("Telegram: answerCallbackQuery: %s", error)

    async def set_commands(self, address: str | None, commands: Sequence[tuple[str, str]]) -> None:
        """Set the menu of one chat, or the default one; a failure is logged, not raised."""
        try:
            await self._call(
                self._bot.set_my_commands(
                    [BotCommand(name, text[:_DESCRIPTION]) for name, text in commands],
                    scope=BotCommandScopeDefault()
                    if address is None
                    else BotCommandScopeChat(_chat_id(address)),
                )
            )
        except SendError as error:
            _LOGGER.warning("Telegram: không đặt được danh sách lệnh: %s", error)

    # -- being called -----------------------------------------------------------------------------

    @property
    def webhook(self) -> bool:
        return self._hook.active

    def verify(self, headers: Mapping[str, str], body: bytes) -> bool:  # noqa: ARG002 -- the port's
        """By the secret token we gave Telegram (https://core.telegram.org/bots/api#setwebhook)."""
        return self._hook.shown(headers.get("x-telegram-bot-api-secret-token"))

    def updates(self, body: bytes) -> list[Update]:
        """See :func:`pushed`."""
        return pushed(body)

    @property
    def _hook_api(self) -> HookApi:
        return HookApi("Telegram", self._hook_url, self._set_hook, self._drop_hook)

    async def _hook_url(self) -> str:
        return (await self._call(self._bot.get_webhook_info())).url or ""

    async def _set_hook(self) -> None:
        await self._call(
            self._bot.set_webhook(
                self._hook.url, secret_token=self._hook.secret, allowed_updates=_ALLOWED
            )
        )

    async def _drop_hook(self) -> None:
        await self._call(self._bot.delete_webhook(drop_pending_updates=False))

    # -- polling ----------------------------------------------------------------------------------

    async def _round(self, cursor: _Cursor, store: Store) -> None:
        """Poll once, store what came, and only then let the next poll confirm it."""
        time = asyncio.get_running_loop().time
        started = time()
        if started - cursor.heard > _FORGET_OFFSET:
            cursor.offset = None
        updates = await self._poll(cursor.offset)
        if updates and (trial := cursor.rivals.trial):
            await asyncio.sleep(trial)
            updates = await self._poll(cursor.offset)
        cursor.rivals.alone()
        if updates:
            await store([update for _, update in updates])
            cursor.offset, cursor.heard = updates[-1][0] + 1, time()
        elif time() - started < _BREATH:
            await asyncio.sleep(_BREATH)

    async def _poll(self, offset: int | None) -> list[tuple[int, Update]]:
        """One getUpdates: numbers and updates in order, none that was confirmed before."""
        got = await self._call(
            self._bot.get_updates(
                offset=offset,
                limit=_BATCH,
                timeout=self._poll_timeout,
                allowed_updates=_ALLOWED,
                read_timeout=_LATE,
            )
        )
        return [
            (update.update_id, Update(str(update.update_id), update.api_kwargs["raw"]))
            for update in sorted(got, key=lambda update: update.update_id)
            if offset is None or update.update_id >= offset
        ]

    async def _call(self, request: Awaitable[_T]) -> _T:
        """Await a call of the library; whatever goes wrong comes out as SendError."""
        try:
            return await request
        except TelegramError as error:
            failure = as_send_error(error, known=bool(self._me.username))
        except Exception as error:  # noqa: BLE001 -- an answer the library cannot read was obeyed
            words = f"Telegram: không đọc được câu trả lời ({type(error).__name__})"
            failure = SendError(words, uncertain=True)
        raise failure

    async def _pause(self, failures: int, error: SendError | None) -> None:
        """Wait longer with every failure in a row, and at least as long as Telegram asked."""
        seconds = pause_after(failures, *self._pauses)
        if error is not None:
            seconds = max(seconds, error.retry_after or 0.0)
            level = logging.WARNING if failures in (1, 5) or failures % 100 == 0 else logging.DEBUG
            _LOGGER.log(level, "Chưa nhận được tin (lần %d): %s", failures, error)
        await asyncio.sleep(seconds)

    async def _give_way(self, rivals: Rivals, error: RivalError) -> None:
        """Poll again soon, or stay away for a while where we came second."""
        pause = rivals.met(asyncio.get_running_loop().time())
        if pause:
            _LOGGER.error("%s Bên này khởi động sau nên tạm ngừng nhận tin.", error)
        else:
            _LOGGER.warning("%s", error)
        await asyncio.sleep(pause or pause_after(1, *self._pauses))

    async def _webhook_note(self) -> str:
        """Another system's webhook stays, and updates go there; ours may be in trouble."""
        try:
            info = await self._call(self._bot.get_webhook_info())
        except SendError:
            return ""
        if self._hook.foreign(info.url or ""):
            return foreign_note(info.url)
        if self._hook.active and info.last_error_message and info.pending_update_count:
            return (
                f"Telegram gọi webhook không được ({whole(info.last_error_message)[:200]}); "
                f"{info.pending_update_count} tin đang chờ ở Telegram."
            )
        return ""


def _chat_id(address: str) -> int:
    try:
        return int(address)
    except ValueError:
        failure = SendError("địa chỉ Telegram không phải là số", permanent=True, closed=True)
    raise failure


def _keyboard(rows: tuple[tuple[Button, ...], ...]) -> InlineKeyboardMarkup | None:
    """Raises SendError for an action that Telegram would refuse."""
    for button in (button for row in rows for button in row):
        if not 1 <= len(button.action.encode("utf-8", "replace")) <= _ACTION_BYTES:
            raise SendError(f"nút “{button.label}” mang dữ liệu quá 64 byte", permanent=True)
    keys = [
        [InlineKeyboardButton(button.label, callback_data=button.action) for button in row]
        for row in rows
        if row
    ]
    return InlineKeyboardMarkup(keys) if keys else None


def _privacy_note(user: Any) -> str:
    if user.can_join_groups is False:
        return "Bot không được phép vào nhóm: bật bằng lệnh /setjoingroups của BotFather."
    if user.can_read_all_group_messages:
        return (
            "Chế độ riêng tư của bot đang tắt: trong nhóm, Telegram chuyển cho bot mọi tin nhắn. "
            "Nên bật bằng lệnh /setprivacy của BotFather."
        )
    return ""
