"""Zalo's webhook methods as :mod:`bot.channels.webhook` wants them."""

import logging
from collections.abc import Awaitable
from typing import TypeVar

from bot.channels.webhook import Hook, HookApi
from bot.channels.zalo_api import ZaloApi, ZaloLost, ZaloRefused, as_send_error

_T = TypeVar("_T")
_LOGGER = logging.getLogger(__name__)

SECRET_HEADER = "x-bot-api-secret-token"  # noqa: S105 -- a header's name  # nosec B105


def hook_api(api: ZaloApi, hook: Hook) -> HookApi:
    """Look at, set and remove the bot's webhook; failures come out as SendError."""

    async def look() -> str:
        return (await _told(api.get_webhook_info())).url

    async def put() -> None:
        made = (await _told(api.set_webhook(hook.url, hook.secret))).verification
        # Zalo keeps the address even where it could not reach it.
        if made.ok is False:
            why = f"{made.outcome} {made.hint}".strip()[:200]
            _LOGGER.error("Zalo: đã ghi webhook nhưng gọi thử không được: %s", why)

    async def drop() -> None:
        await _told(api.delete_webhook())

    return HookApi("Zalo", look, put, drop)


async def _told(call: Awaitable[_T]) -> _T:
    try:
        return await call
    except (ZaloRefused, ZaloLost) as error:
        failure = as_send_error(error)
    raise failure
