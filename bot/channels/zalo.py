"""Zalo, by its Bot Platform: long polling or webhook, plain text, no buttons, no edits.

What Zalo does with an update that was handed out is disputed: gone for good, given only to a poll
that was open, or given again on every poll. The loop here is right for all three; only an update
that a dying process had received and not yet stored can be lost, and only where Zalo forgets it.
"""

import asyncio
import logging
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from bot.channels.backoff import pause_after
from bot.channels.carrying import get_file, in_words
from bot.channels.http import HttpClient
from bot.channels.text import whole
from bot.channels.webhook import NO_HOOK, Hook, foreign_note, keep, leave
from bot.channels.zalo_api import (
    NOT_FOUND,
    Me,
    Sent,
    ZaloApi,
    ZaloLost,
    ZaloRefused,
    as_send_error,
)
from bot.channels.zalo_hook import SECRET_HEADER, hook_api
from bot.channels.zalo_updates import Identity, pushed, understand, updates_in
from scheduler.channel import ChannelInfo, Incoming, Limits, Message, SendError, Store, Update
from scheduler.split import units_of

_LOGGER = logging.getLogger(__name__)

_MOST_UNITS = 2000  # what Zalo takes; parts are cut at Limits.units, some bots saw shorter cuts
_BAD_REQUEST = 400
_BREATH = 1.0  # seconds between polls that brought nothing new and did not wait by themselves
_REMEMBERED = 1000  # updates known to be stored, so that a server that repeats itself is noticed
# Codes that speak of the chat rather than of the words. Zalo has none for "blocked" or "left".
_CHAT_CODES = (403, NOT_FOUND)
# Such a refusal is tried again after so many seconds, then so many; the next in a row closes the
# chat. A stumble of Zalo's costs nothing, and a reminder to who has blocked us finds another way
# within minutes: Zalo documents 403 as "internal server error".
_CHAT_PAUSES = (15.0, 60.0)
# When so many chats are refused with no message taken in between, it is not the chats.
_BOT_WIDE = 3
_BOT_WIDE_PAUSE = 300.0
# The quota is used up, or we were too fast: nothing leaves for so many seconds, longer each time.
_QUOTA_PAUSES = (60.0, 300.0, 1800.0, 3600.0)


class ZaloChannel:
    """One bot on one Zalo Bot Platform.

    token: as Zalo Bot Manager sent it. base_url: the server's root, the part before "/bot<token>".
    http: shared with other channels and closed by its owner. poll_timeout: seconds one getUpdates
    waits. pauses: first and longest pause, in seconds, between polls that fail. hook: our address,
    where Zalo is to call us, or may once have been told to.
    name: the channel's, "zalo-2" for a second bot. link: opens the chat with the bot (Zalo hands no
    code over: it is typed there).
    Raises ValueError for an empty token.
    """

    name: str
    # A line with a link must still fit under the words.
    limits = Limits(units=1800, per_second=1.5, private_gap=1.0, group_gap=2.0, caption=1500)
    edits = False

    def __init__(  # noqa: PLR0913 -- each keyword is one setting of the bot
        self,
        token: str,
        base_url: str,
        http: HttpClient,
        *,
        poll_timeout: int = 30,
        pauses: tuple[float, float] = (1.0, 30.0),
        hook: Hook = NO_HOOK,
        name: str = "zalo",
        link: str = "",
    ) -> None:
        if not token.strip():
            raise ValueError("the Zalo token is empty")
        self._api = ZaloApi(token.strip(), base_url, http)
        self._http = http
        self._origin = _origin(base_url)
        self._poll_timeout = poll_timeout
        self._pauses = pauses
        self._hook = hook
        self._link = link
        self.name = name
        self._hook_api = hook_api(self._api, hook)
        self._me = Identity()
        self._stored: dict[str, None] = {}
        self._refused: Counter[str] = Counter()
        self._refused_since_success: set[str] = set()
        self._quota_hits = 0
        self._held_until = 0.0

    async def open(self) -> ChannelInfo:
        """Ask Zalo who we are. Raises SendError."""
        try:
            me = await self._api.get_me()
        except (ZaloRefused, ZaloLost) as error:
            failure = as_send_error(error)
            # There is always a getMe: a server that does not find it does not know the token.
            failure.auth |= isinstance(error, ZaloRefused) and error.code == NOT_FOUND
        else:
            self._me = Identity.of(me)
            notes = (_group_note(me), await self._webhook_note())
            name = me.display_name or me.account_name
            return ChannelInfo(name, self._link, tuple(filter(None, notes)))
        raise failure

    async def close(self) -> None:
        """Nothing to do: the HTTP client belongs to whoever made it."""

    async def send(self, address: str, message: Message) -> str:
        """Send the plain words; the buttons are left out, since the words say the same. A picture
        goes by its address, which Zalo fetches; any other file is a link in the words.

        400 is the message's fault: permanent. 403 and 404 are the chat's: tried again twice. The
        third refusal in a row closes the chat, whichever the codes. 429 holds back everything, to
        everybody. Raises SendError.
        """
        file = message.attachment
        if file is not None and not (file.picture and file.url):
            message, file = in_words(message, file, "Zalo"), None
        text = _wire_text(message.plain)
        if (not text and file is None) or units_of(text) > _MOST_UNITS:
            raise SendError("Zalo: tin rỗng hoặc dài quá 2.000 ký tự", permanent=True)
        self._check_quota()
        try:
            if file is not None and (sent := await self._photo(address, file.url, text)) is None:
                message = in_words(message, file, "Zalo")
                text, file = _wire_text(message.plain), None
            if file is None:
                sent = await self._api.send_message(address, text)
        except ZaloRefused as error:
            failure = self._refusal(address, error)
        except ZaloLost as error:
            failure = as_send_error(error)
        else:
            self._taken(address)
            return sent.message_id if sent is not None else ""
        raise failure

    async def _photo(self, address: str, url: str, caption: str) -> Sent | None:
        """None where Zalo does not take the picture: nothing was sent then."""
        try:
            return await self._api.send_photo(address, url, caption)
        except ZaloRefused as error:
            if error.code != _BAD_REQUEST:
                raise
            _LOGGER.warning("Zalo không nhận ảnh: %s", error.words)
            return None

    async def fetch(self, ref: str, most: int) -> bytes:
        """A photo by its address: HTTPS on the public internet, or the server we speak to."""
        if _origin(ref) == self._origin:
            return await get_file(self._http, ref, most, "Zalo")
        return await get_file(self._http, ref, most, "Zalo", public=True)

    async def edit(self, address: str, message_id: str, message: Message) -> None:
        """Zalo cannot change a sent message."""

    async def receive(self, store: Store) -> None:
        """Poll until cancelled. There is nothing to confirm: an update that was handed over is held
        until `store` has taken it, and only then the next poll begins, at once.
        In webhook mode: see to it that Zalo knows our address.

        Raises SendError(auth=True) where the token is refused; survives everything else.
        """
        if self._hook.active:
            await keep(self._hook, self._hook_api, self._pauses)
        await leave(self._hook, self._hook_api)
        failures = 0
        while True:
            try:
                await self._round(store)
            except (ZaloRefused, ZaloLost) as error:
                failure = as_send_error(error)
                failures += 1
            else:
                if failures:
                    _LOGGER.info("Zalo: đã nhận tin trở lại")
                failures = 0
                continue
            if failure.auth:
                raise failure
            await self._pause(failures, failure)

    def parse(self, raw: str) -> Incoming | None:
        """See :func:`understand`."""
        return understand(raw, self._me)

    async def acknowledge(self, callback: str) -> None:
        """There are no buttons, so there is no spinner."""

    async def set_commands(self, address: str | None, commands: Sequence[tuple[str, str]]) -> None:
        """There is no menu; `/trogiup` lists the commands."""

    @property
    def webhook(self) -> bool:
        return self._hook.active

    def verify(self, headers: Mapping[str, str], body: bytes) -> bool:  # noqa: ARG002 -- the port's
        """By the secret we gave Zalo with our address; an empty probe has to show it too."""
        return self._hook.shown(headers.get(SECRET_HEADER))

    def updates(self, body: bytes) -> list[Update]:
        """See :func:`pushed`."""
        return pushed(body)

    # -- receiving --------------------------------------------------------------------------------

    async def _round(self, store: Store) -> None:
        """Poll once. Only a poll that brought something new is followed by the next at once: one
        that repeats itself, or does not wait, would be asked a dozen times a second."""
        time = asyncio.get_running_loop().time
        started = time()
        found = updates_in(await self._api.get_updates(self._poll_timeout))
        fresh = [update for update in found if update.key not in self._stored]
        if fresh:
            await self._keep(fresh, store)
        else:
            await asyncio.sleep(max(0.0, _BREATH - (time() - started)))

    async def _keep(self, updates: list[Update], store: Store) -> None:
        """Store for certain: Zalo may not give these updates a second time."""
        failures = 0
        while True:
            try:
                await store(updates)
            except Exception:
                failures += 1
                _LOGGER.exception("Zalo: chưa lưu được tin đến, sẽ lưu lại")
            else:
                break
            await asyncio.sleep(pause_after(failures, *self._pauses))
        self._stored |= dict.fromkeys(update.key for update in updates)
        for key in list(self._stored)[:-_REMEMBERED]:
            del self._stored[key]

    async def _pause(self, failures: int, error: SendError) -> None:
        """Wait longer with every failure in a row, and at least as long as Zalo asked."""
        level = logging.WARNING if failures in (1, 5) or failures % 100 == 0 else logging.DEBUG
        _LOGGER.log(level, "Chưa nhận được tin (lần %d): %s", failures, error)
        seconds = pause_after(failures, *self._pauses)
        await asyncio.sleep(max(seconds, error.retry_after or 0.0))

    # -- what refusals mean -----------------------------------------------------------------------

    def _refusal(self, address: str, error: ZaloRefused) -> SendError:
        failure = as_send_error(error)
        if error.code == 429:
            failure.retry_after, failure.exhausted = self._hold(error.retry_after), True
        elif failure.permanent:
            self._blame(address, error.code, failure)
        return failure

    def _blame(self, address: str, code: int, failure: SendError) -> None:
        """Decide whether it is the message, the chat or the whole bot that is refused."""
        self._refused[address] += 1
        self._refused_since_success.add(address)
        times, of_chat = self._refused[address], code in _CHAT_CODES
        if len(self._refused_since_success) >= _BOT_WIDE:
            pause = _BOT_WIDE_PAUSE
        elif times > len(_CHAT_PAUSES):
            failure.closed = True
            del self._refused[address]
            return
        else:
            pause = _CHAT_PAUSES[times - 1]
        if of_chat:
            failure.permanent, failure.retry_after = False, pause

    def _taken(self, address: str) -> None:
        """A message got through: this chat is well, and so is the bot."""
        if len(self._refused_since_success) >= _BOT_WIDE:
            self._refused.clear()
        self._refused.pop(address, None)
        self._refused_since_success.clear()
        self._quota_hits = 0

    def _hold(self, asked: float | None) -> float:
        """Stop sending on this bot, to everybody; seconds. Sends that were under way together are
        refused together and count as one."""
        now = asyncio.get_running_loop().time()
        if self._held_until <= now:
            seconds = asked or _QUOTA_PAUSES[min(self._quota_hits, len(_QUOTA_PAUSES) - 1)]
            self._quota_hits += 1
            self._held_until = now + seconds
            _LOGGER.error("Zalo: hết hạn mức gửi (429); ngừng gửi %.0f giây", seconds)
        return self._held_until - now

    def _check_quota(self) -> None:
        left = self._held_until - asyncio.get_running_loop().time()
        if left > 0:
            words = "Zalo: đang ngừng gửi vì hết hạn mức (429)"
            raise SendError(words, exhausted=True, retry_after=left)

    async def _webhook_note(self) -> str:
        """Another system's webhook stays, and updates go there."""
        try:
            url = await self._hook_api.look()
        except SendError:
            return ""
        return foreign_note(url) if self._hook.foreign(url) else ""


def _wire_text(text: str) -> str:
    """Composed letters, as phones show and Zalo counts them; where composing makes a text longer
    (it does in a few scripts), the text as it was."""
    plain = whole(text).replace("\x00", "").strip()
    composed = unicodedata.normalize("NFC", plain)
    return composed if units_of(composed) <= units_of(plain) else plain


def _origin(url: str) -> tuple[str, str]:
    """Scheme and host with its port; nothing for what is no address."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return "", ""
    return parts.scheme.lower(), parts.netloc.lower()


def _group_note(me: Me) -> str:
    if me.can_join_groups is False:
        return "Bot Zalo này không vào nhóm được: chỉ nhận và gửi tin trong trò chuyện riêng."
    return ""
