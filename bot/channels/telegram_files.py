"""Files to and from Telegram: documents and pictures out, anything that has an id in."""

import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from telegram import Bot
from telegram.constants import ParseMode

from bot.channels.carrying import get_file, no_file, read_start, too_long
from bot.channels.http import HttpClient
from registry.files import clean_name
from scheduler.channel import Attachment, SendError

_LOGGER = logging.getLogger(__name__)

# What the Bot API takes: documents, pictures (https://core.telegram.org/bots/api#sending-files).
_MOST_SENT = 50 * 1024 * 1024
_MOST_PICTURE = 10 * 1024 * 1024
_UPLOAD = 120.0  # seconds to wait for an upload's answer; shorter than the outbox's lease
# Seconds: getFile answers once Telegram's server has the whole file itself.
_LOOK_UP = 60.0
_CLOUD = "api.telegram.org"

Call = Callable[[Awaitable[Any]], Awaitable[Any]]


class TelegramFiles:
    """One bot's files. root: the Bot API server's, before "/bot<token>". call: awaits a call of the
    library and raises nothing but SendError."""

    def __init__(self, bot: Bot, http: HttpClient, root: str, call: Call) -> None:
        self._bot = bot
        self._http = http
        self._call = call
        self._base = f"{root}/file/bot{bot.token}/"
        self._cloud = urlsplit(root).hostname == _CLOUD

    async def send(self, file: Attachment, **message: Any) -> str | None:
        """Send it with the rest of a message (chat_id, caption in HTML, reply_markup): as a
        picture, else as a document. None where Telegram takes it neither way. Raises SendError for
        whatever is not the file's fault."""
        data = await read_start(file.path, _MOST_SENT + 1) or b""
        for kind in _kinds(file, len(data)):
            try:
                return await self._upload(kind, data, clean_name(file.name), message)
            except SendError as error:
                if not error.permanent or error.closed or error.bad_markup:
                    raise
                _LOGGER.warning("Telegram không nhận tệp (%s): %s", kind, error)
        return None

    async def _upload(self, kind: str, data: bytes, name: str, message: dict[str, Any]) -> str:
        common = {
            **message, "filename": name, "parse_mode": ParseMode.HTML, "read_timeout": _UPLOAD
        }  # fmt: skip
        if kind == "photo":
            sending: Awaitable[Any] = self._bot.send_photo(photo=data, **common)
        else:
            sending = self._bot.send_document(
                document=data, disable_content_type_detection=True, **common
            )
        return str((await self._call(sending)).message_id)

    async def fetch(self, ref: str, most: int) -> bytes:
        """A file by its id. The cloud's Bot API hands out up to 20 MB; a Bot API server of our own
        may name a path on this machine instead of sending anything."""
        try:
            found = await self._call(self._bot.get_file(ref, read_timeout=_LOOK_UP))
        except SendError as error:
            failure = no_file(error)
        else:
            if (found.file_size or 0) > most:
                raise too_long(most)
            inside = (found.file_path or "").removeprefix(self._base)
            if inside.startswith("/"):
                return await self._local(Path(inside), most)
            return await get_file(self._http, self._base + quote(inside), most, "Telegram")
        raise failure

    async def _local(self, path: Path, most: int) -> bytes:
        """What a Bot API server in local mode left on this machine. The cloud never does."""
        data = None if self._cloud else await read_start(path, most + 1)
        if data is None:
            raise SendError(
                "Không đọc được tệp do máy chủ Bot API nội bộ để lại; kiểm tra chế độ --local và "
                "quyền đọc thư mục của nó.",
                permanent=True,
            )
        if len(data) > most:
            raise too_long(most)
        return data


def _kinds(file: Attachment, size: int) -> list[str]:
    """How Telegram may be asked to take a file, in turn; not at all where it is empty, missing or
    too large."""
    if not 0 < size <= _MOST_SENT:
        return []
    return ["photo", "document"] if file.picture and size <= _MOST_PICTURE else ["document"]
