"""The server itself: uvicorn in the event loop and the lifetime of `dondoc run`."""

import asyncio
import contextlib
import logging
import socket
import sys
from collections.abc import Iterator

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp

from bot.disk_words import why
from bot.settings import ConfigTrouble
from bot.web import feeds, files, health, hooks
from bot.web.answers import SafeHeaders, words
from bot.web.site import Site

log = logging.getLogger(__name__)

BACKLOG = 512
# Callers under way are given so many seconds when the process is asked to end.
STOP_WITHIN = 2
# Seconds a thread may keep Python to itself. By default the writer, which needs it again after each
# row, waits 5 ms for the busy loop every time: at 500 webhooks a second the answers then take
# seconds, with this a tenth of one (bench/web.py).
TURN = 0.0005


def make_app(site: Site, webhook_within: float = hooks.ANSWER_WITHIN) -> FastAPI:
    """The routes, without any page that describes them."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.add_middleware(SafeHeaders)
    app.include_router(hooks.routes(site, webhook_within))
    for part in (health, files, feeds):
        app.include_router(part.routes(site))
    app.add_exception_handler(404, lambda _request, _error: words("Không có trang này.\n", 404))
    return app


class _Server(uvicorn.Server):
    """Leaves SIGTERM and SIGINT to the process it lives in."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Server:
    """Listens from the moment it is made; answers while :meth:`run` runs.

    Raises ConfigTrouble where it cannot listen: the port is taken, or the host is not ours.
    """

    def __init__(self, app: ASGIApp, host: str, port: int) -> None:
        self._socket = listen(host, port)
        self.port: int = self._socket.getsockname()[1]
        self._server = _Server(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,  # addresses hold the keys of files and calendars
                lifespan="off",
                ws="none",
                proxy_headers=False,
                server_header=False,
                timeout_keep_alive=65,  # longer than nginx keeps its own end open
                timeout_graceful_shutdown=STOP_WITHIN,
                backlog=BACKLOG,
            )
        )

    async def run(self) -> None:
        """Serve until cancelled; calls under way are finished first."""
        sys.setswitchinterval(TURN)
        serving = asyncio.create_task(self._server.serve([self._socket]), name="uvicorn")
        log.info("máy chủ web nghe ở cổng %d", self.port)
        try:
            await asyncio.shield(serving)
        finally:
            self._server.should_exit = True
            if not serving.done():
                await asyncio.wait([serving], timeout=STOP_WITHIN + 1)
            self.close()

    def close(self) -> None:
        """Stop listening: uvicorn does so too, but not where it was stopped before it had begun."""
        self._socket.close()


class WebServer(Server):
    """The server of one committee alone."""

    def __init__(self, site: Site, webhook_within: float = hooks.ANSWER_WITHIN) -> None:
        web = site.settings.web
        super().__init__(make_app(site, webhook_within), web.host, web.port)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises ConfigTrouble in one line that says what to do."""
    try:
        found = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE | socket.AI_NUMERICSERV
        )
        family, kind, protocol, _, address = found[0]
        made = socket.socket(family, kind, protocol)
        try:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.bind(address)
            made.listen(BACKLOG)
        except OSError:
            made.close()
            raise
    except (OSError, UnicodeError) as error:
        unknown = "không có máy nào tên như vậy"
        reason = unknown if isinstance(error, (socket.gaierror, UnicodeError)) else why(error)
        raise ConfigTrouble(
            f"Không mở được cổng {port} ở {host[:100]} cho máy chủ web ({reason}); "
            "đổi [web] host, port hoặc dừng chương trình đang dùng cổng đó."
        ) from None
    made.setblocking(False)
    return made
