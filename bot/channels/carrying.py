"""Files in and out, as far as it is the same on every messenger."""

import asyncio
from dataclasses import replace
from html import escape
from pathlib import Path

from bot.channels.http import HttpClient, HttpError, TooLongError
from registry.files import clean_name
from scheduler.channel import Attachment, Message, SendError

_MEGABYTE = 1024 * 1024
# Statuses that mean the file is not there any more; others pass.
_GONE = (400, 404, 410)
# Telegram's words for a file its cloud does not hand out, and for one that comes later.
_TOO_BIG = "file is too big"
_LATER = "temporarily"


def too_long(most: int) -> SendError:
    size = f"{most / _MEGABYTE:.0f} MB" if most >= _MEGABYTE else f"{most / 1024:.0f} KB"
    return SendError(f"Tệp lớn quá {size}; hãy tách nhỏ hoặc nén ảnh rồi gửi lại.", permanent=True)


def gone(messenger: str) -> SendError:
    return SendError(f"Tệp không còn trên {messenger}; hãy gửi lại.", permanent=True)


def no_file(error: SendError) -> SendError:
    """Why Telegram does not say where a file is; asking again does no harm."""
    words = error.text.lower()
    if _TOO_BIG in words:
        return too_long(20 * _MEGABYTE)
    if error.permanent and _LATER not in words:
        return gone("Telegram")
    return SendError(error.text, auth=error.auth, retry_after=error.retry_after)


async def get_file(
    http: HttpClient, url: str, most: int, messenger: str, *, public: bool = False
) -> bytes:
    """The bytes at an address. Raises SendError, which never names the address: it may hold our
    token, or a stranger's secret."""
    try:
        answer = await http.download(url, most, public=public)
    except TooLongError:
        failure = too_long(most)
    except HttpError as error:
        failure = SendError(f"{messenger}: chưa tải được tệp: {error.text}")
    else:
        if answer.status == 200:
            return answer.body
        failure = _by_status(answer.status, messenger)
    raise failure


def _by_status(status: int, messenger: str) -> SendError:
    if status in _GONE:
        return gone(messenger)
    return SendError(f"{messenger}: chưa tải được tệp (HTTP {status})")


async def read_start(path: Path, most: int) -> bytes | None:
    """The first bytes of a file of this machine; None where it cannot be read."""

    def read() -> bytes | None:
        try:
            with path.open("rb") as file:
                return file.read(most)
        except (OSError, ValueError):
            return None

    return await asyncio.to_thread(read)


def in_words(message: Message, file: Attachment, messenger: str) -> Message:
    """The message with a line in place of its file: where to get it."""
    name = clean_name(file.name)
    if file.url:
        line = f"Tải tệp “{name}” (liên kết có hạn): {file.url}"
    else:
        whom = "cơ quan thường trực hoặc người quản trị"
        line = f"Tệp “{name}” không gửi kèm được qua {messenger}; cần thì hỏi {whom}."
    html = escape(line, quote=False)
    gap = "\n\n" if message.plain.strip() else ""
    return replace(
        message,
        html=f"{message.html}{gap}{html}",
        plain=f"{message.plain}{gap}{line}",
        attachment=None,
    )
