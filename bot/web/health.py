"""`/healthz`: the process answers. `/readyz`: it can also work. `/metrics`: how it fares."""

import asyncio
import hmac
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from bot.web.answers import words
from bot.web.metrics import CONTENT_TYPE, DATABASE_WITHIN, Metrics
from bot.web.site import Site
from registry import marks

log = logging.getLogger(__name__)

# Ticks come every 20 seconds; one may take a while, four are a standstill.
STILL = timedelta(seconds=90)
_FORWARDED = ("x-forwarded-for", "forwarded", "x-real-ip", "via")


@dataclass(frozen=True, slots=True)
class State:
    """What was looked at, and what is wrong with it (lines for people; empty: ready)."""

    reasons: tuple[str, ...]
    tick_age: float | None
    channels: Mapping[str, str]

    def told(self) -> dict[str, Any]:
        return {
            "ready": not self.reasons,
            "reasons": list(self.reasons),
            "tick_age_seconds": None if self.tick_age is None else round(self.tick_age, 1),
            "channels": dict(self.channels),
        }


def routes(site: Site) -> APIRouter:
    router = APIRouter()
    metrics = Metrics(site)

    @router.api_route("/healthz", methods=["GET", "HEAD"])
    async def healthz() -> Response:
        return words("ok\n")

    @router.api_route("/readyz", methods=["GET", "HEAD"])
    async def readyz() -> Response:
        state = await look(site)
        return JSONResponse(state.told(), 503 if state.reasons else 200)

    @router.get("/metrics")
    async def show_metrics(request: Request) -> Response:
        status = may_read(request, site.settings.web.metrics_token.get_secret_value())
        if status != 200:
            return Response(status_code=status)
        return Response(await metrics.text(), media_type=CONTENT_TYPE)

    return router


async def look(site: Site) -> State:
    """Whether the product can do its work at this moment."""
    reasons: list[str] = []
    age: float | None = None
    try:
        async with asyncio.timeout(DATABASE_WITHIN):
            tick = await site.db.read(marks.get, "tick")
    except Exception as error:  # noqa: BLE001 -- whatever it is, the database does not answer
        log.warning("readyz: the database does not answer (%s)", type(error).__name__)
        reasons.append("cơ sở dữ liệu không trả lời")
    else:
        age = site.vitals.tick_age(tick, site.clock())
        if age is None or age > STILL.total_seconds():
            reasons.append("nhịp làm việc đã dừng")
    channels = {name: channel_state(site, name) for name in site.channels}
    reasons += [f"kênh {name}: {_CHANNEL_WORDS[state]}" for name, state in channels.items()
                if state != "open"]  # fmt: skip
    return State(tuple(reasons), age, channels)


_CHANNEL_WORDS = {"standing": "đứng yên", "opening": "chưa mở được"}


def channel_state(site: Site, name: str) -> str:
    """ "open", "standing" (still, with the reason in the log) or "opening"."""
    if name in site.vitals.standing:
        return "standing"
    return "open" if name in site.vitals.infos else "opening"


def may_read(request: Request, token: str) -> int:
    """200 for who shows the token, or, where none is set, for a program on this machine that does
    not come through a proxy; else the status of the refusal."""
    if token:
        given = request.headers.get("authorization", "").encode("utf-8", "surrogateescape")
        return 200 if hmac.compare_digest(given, f"Bearer {token}".encode()) else 401
    near = request.client is not None and _is_here(request.client.host)
    return 200 if near and not any(name in request.headers for name in _FORWARDED) else 404


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
