"""The web server of an installation: `/c/NAME/…` is what the committee would have alone at `/…`.

A committee is found by its name, in one look, and given the request as if nothing stood before its
own paths. What is not under `/c/` is about all of them: `/healthz`, `/readyz`, `/metrics`.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.logs import COMMITTEE
from bot.web.answers import SafeHeaders, words
from bot.web.health import State, look, may_read
from bot.web.metrics import CONTENT_TYPE, text_of_all
from bot.web.place import Place, Places
from bot.web.server import make_app

_UNDER = "/c/"
# Callers of one committee at a time; while its database stands still more of them would only wait.
MOST_UNDER_WAY = 200
NOWHERE = "Không có trang này.\n"
NOT_NOW = "Ban này tạm thời chưa phục vụ được; hãy thử lại sau.\n"


@dataclass(frozen=True, slots=True)
class _Made:
    """The routes of one committee at work, and the work they belong to."""

    site: object
    app: ASGIApp


class Front:
    """`places` is looked into with each request: committees come and go while the server runs."""

    def __init__(self, places: Places, metrics_token: str) -> None:
        self._places = places
        self._made: dict[str, _Made] = {}
        self._under_way: Counter[str] = Counter()
        self._common = _common(places, metrics_token)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope.get("path", "")
        if scope["type"] != "http" or not path.startswith(_UNDER):
            await self._common(scope, receive, send)
            return
        name = path.removeprefix(_UNDER).partition("/")[0]
        place = self._places.get(name)
        if place is None:
            await _NOBODY(scope, receive, send)
        elif self._under_way[name] >= MOST_UNDER_WAY:
            await _BUSY(scope, receive, send)
        else:
            await self._hand_on(name, place, scope, receive, send)

    async def _hand_on(
        self, name: str, place: Place, scope: Scope, receive: Receive, send: Send
    ) -> None:
        COMMITTEE.set(name)
        root = f"{scope.get('root_path', '')}{_UNDER}{name}"
        self._under_way[name] += 1
        try:
            await self._of(name, place)({**scope, "root_path": root}, receive, send)
        finally:
            self._under_way[name] -= 1

    def _of(self, name: str, place: Place) -> ASGIApp:
        if place.site is None:
            self._made.pop(name, None)
            return _CLOSED
        made = self._made.get(name)
        if made is None or made.site is not place.site:
            # A committee without [web] is reached by nobody, whatever its address would be.
            app = make_app(place.site) if place.site.settings.web.on else _NOBODY
            made = self._made[name] = _Made(place.site, app)
        return made.app


_NOBODY = SafeHeaders(words(NOWHERE, 404))
_CLOSED = SafeHeaders(
    Response(NOT_NOW, 503, {"Retry-After": "60"}, media_type="text/plain; charset=utf-8")
)
_BUSY = SafeHeaders(Response(status_code=503, headers={"Retry-After": "5", "Connection": "close"}))


def _common(places: Places, metrics_token: str) -> FastAPI:
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.add_middleware(SafeHeaders)

    @app.api_route("/healthz", methods=["GET", "HEAD"])
    async def healthz() -> Response:
        return words("ok\n")

    @app.api_route("/readyz", methods=["GET", "HEAD"])
    async def readyz() -> Response:
        told = await _told(places)
        return JSONResponse(told, 200 if told["ready"] else 503)

    @app.get("/metrics")
    async def metrics(request: Request) -> Response:
        status = may_read(request, metrics_token)
        if status != 200:
            return Response(status_code=status)
        sites = {name: place.site for name, place in places.items()}
        return Response(await text_of_all(sites), media_type=CONTENT_TYPE)

    app.add_exception_handler(404, lambda _request, _error: words(NOWHERE, 404))
    return app


async def _told(places: Places) -> dict[str, Any]:
    """Ready as long as one committee is: a watchman who restarts the process for the sake of one
    would stop all others. Which are not is in the answer, and at each one's own `/readyz`."""
    names = list(places)
    states = await asyncio.gather(*(_state(places[name]) for name in names))
    found = dict(zip(names, states, strict=True))
    return {
        "ready": not found or any(not state.reasons for state in states),
        "not_ready": {name: list(state.reasons) for name, state in found.items() if state.reasons},
        "committees": len(found),
    }


async def _state(place: Place) -> State:
    if place.site is None:
        return State((place.trouble or "đang khởi động",), None, {})
    return await look(place.site)
