"""`POST /webhook/NAME`: verify, store, answer; the update is handled afterwards.

An update is answered with 200 only once it is in the database, so that one that meets a dying
process is sent again by the messenger; one that comes twice is recognised by its key.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from fastapi import APIRouter, Request, Response
from starlette.requests import ClientDisconnect

from bot.channels.webhook import webhook_path
from bot.web.answers import TooLarge, body_of
from bot.web.site import Site
from scheduler.channel import WebhookChannel

log = logging.getLogger(__name__)

# Messengers give up after two seconds, the network in between included.
ANSWER_WITHIN = 1.7
# What is left of a body that was not read must not be taken for the next request.
_CLOSING = {"Connection": "close"}


def called(site: Site) -> dict[str, WebhookChannel]:
    """The channels that are called, by the path each is called at."""
    return {
        webhook_path(name): channel
        for name, channel in site.channels.items()
        if isinstance(channel, WebhookChannel) and channel.webhook
    }


def routes(site: Site, within: float = ANSWER_WITHIN) -> APIRouter:
    router = APIRouter()
    for path, channel in called(site).items():
        # A plain route: FastAPI's own would only look for parameters that are not there.
        router.add_route(path, _route(site, channel, within), methods=["POST"])
    return router


def _route(
    site: Site, channel: WebhookChannel, within: float
) -> Callable[[Request], Awaitable[Response]]:
    async def receive(request: Request) -> Response:
        try:
            async with asyncio.timeout(within):
                status = await take(site, channel, request)
                return Response(status_code=status, headers=_CLOSING if status == 413 else None)
        except TimeoutError:
            log.warning("%s: an update was not stored in time; it will come again", channel.name)
        except ClientDisconnect:
            log.debug("%s: the caller hung up", channel.name)
        except Exception:
            log.exception("%s: an update was not stored; it will come again", channel.name)
        return Response(status_code=503, headers={**_CLOSING, "Retry-After": "5"})

    return receive


async def take(site: Site, channel: WebhookChannel, request: Request) -> int:
    """Do what one call asks for. Returns the HTTP status; raises where storing fails."""
    try:
        body = await body_of(request)
    except TooLarge:
        return 413
    if not channel.verify(_lower(request), body):
        log.warning("%s: a webhook call with a wrong secret was refused", channel.name)
        return 401
    updates = channel.updates(body)
    if updates:
        await site.store(channel.name, updates)
    return 200


def _lower(request: Request) -> Mapping[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in request.headers.raw}  # fmt: skip
