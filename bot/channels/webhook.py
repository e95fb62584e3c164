"""How a messenger comes to call us, the same for every Bot API: set our address, keep it, and leave
other people's alone.

A webhook that points to another host serves another system: it is told of, never taken over and
never deleted. One that points to our host is ours, whatever its path.
"""

import asyncio
import hmac
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Never
from urllib.parse import urlsplit

from bot.channels.backoff import pause_after
from scheduler.channel import SendError

_LOGGER = logging.getLogger(__name__)

LOOK_AGAIN = 600.0  # seconds between looks whether the messenger still knows our address
FOREIGN_AGAIN = 60.0  # the same while another system's webhook stands in the way


@dataclass(frozen=True, slots=True)
class Hook:
    """Our address for one channel ("" without a public one), the secret the messenger has to show,
    and whether it is to call at all (`active`) or is asked for updates."""

    url: str = ""
    secret: str = field(default="", repr=False)
    active: bool = False

    def ours(self, url: str) -> bool:
        """Whether a webhook points to our host."""
        return bool(self.url) and _host(url) == _host(self.url)

    def foreign(self, url: str) -> bool:
        """Whether there is a webhook, and it is somebody else's."""
        return bool(url) and not self.ours(url)

    def shown(self, secret: str | None) -> bool:
        """Whether a caller showed our secret; takes the same time for every wrong one."""
        given = (secret or "").encode("utf-8", "surrogateescape")
        return bool(self.secret) and hmac.compare_digest(given, self.secret.encode())


NO_HOOK = Hook()


def webhook_path(name: str) -> str:
    """The path under which a channel is called."""
    return f"/webhook/{name.replace('_', '-')}"


def host_of(url: str) -> str:
    """The host of a webhook, for a note: the path may hold its secret."""
    return _host(url) or "?"


def _host(url: str) -> str:
    try:
        parts = urlsplit(url.strip())
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return ""
    name = (parts.hostname or "").rstrip(".").lower()
    return name if port in (80, 443, None) else f"{name}:{port}"


@dataclass(frozen=True, slots=True)
class HookApi:
    """What a messenger lets us do with its webhook; each call raises nothing but SendError."""

    name: str
    look: Callable[[], Awaitable[str]]
    put: Callable[[], Awaitable[None]]
    drop: Callable[[], Awaitable[None]]


async def keep(
    hook: Hook, api: HookApi, pauses: tuple[float, float], again: float = LOOK_AGAIN
) -> Never:
    """Tell the messenger our address, and again whenever it has forgotten it, until cancelled;
    looked at every `again` seconds.

    Always told once, since the secret may be a new one. Raises SendError(auth=True) where the token
    is refused; survives everything else.
    """
    told = warned = False
    failures = 0
    while True:
        try:
            url = await api.look()
            if hook.foreign(url):
                if not warned:
                    _LOGGER.error("%s: %s", api.name, foreign_note(url))
                told, warned = False, True
            elif not told or url != hook.url:
                await api.put()
                told, warned = True, False
                _LOGGER.info("%s: đã đặt webhook về %s", api.name, host_of(hook.url))
        except SendError as error:
            if error.auth:
                raise
            failures += 1
            _LOGGER.warning("%s: chưa đặt được webhook: %s", api.name, error.text)
            seconds = max(pause_after(failures, *pauses), error.retry_after or 0.0)
        else:
            failures = 0
            seconds = again if told else FOREIGN_AGAIN
        await asyncio.sleep(seconds)


async def leave(hook: Hook, api: HookApi) -> None:
    """Before polling: delete a webhook of our own, which would keep updates away; best effort,
    since polling says by itself that it cannot work."""
    try:
        if hook.ours(await api.look()):
            await api.drop()
            _LOGGER.info("%s: đã gỡ webhook của chính Đôn Đốc để hỏi tin định kỳ", api.name)
    except SendError as error:
        if error.auth:
            raise
        _LOGGER.warning("%s: chưa gỡ được webhook cũ: %s", api.name, error.text)


def foreign_note(url: str) -> str:
    """What staff are told of another system's webhook."""
    return (
        f"Bot đang gửi tin đến webhook của hệ thống khác ở {host_of(url)} nên Đôn Đốc không nhận "
        "được tin và không tự ý chiếm. Nếu hệ thống đó không còn dùng, hãy gọi phương thức "
        "deleteWebhook của bot, Đôn Đốc sẽ tự nhận trong một phút; nếu còn, hãy tạo một bot riêng."
    )
