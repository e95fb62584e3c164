"""A Zalo Official Account on 127.0.0.1: OAuth, OpenAPI and template hosts in one, faults on demand.

In a test: `async with FakeZaloOa() as oa:` and give the product `oa.url` for all three hosts.
`oa.world` plays people; `oa.fail(...)` makes calls go wrong; `oa.listen(url)` says where events go:
those of before are told then, in order.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Self

from aiohttp import ClientError, ClientSession, web

from tests.fakes.zalo_oa_world import Node, OaError, OaWorld

FaultKind = Literal["status", "html", "drop", "hang"]
_PAGE = (
    "<html>\r\n<head><title>{0}</title></head>\r\n<body><center>nginx</center></body></html>\r\n"
)
# name -> how a path and method are called in tests
PATHS = {
    "/v4/oa/access_token": "token",
    "/v2.0/oa/getoa": "account",
    "/v3.0/oa/user/detail": "detail",
    "/v3.0/oa/message/cs": "consult",
    "/v3.0/oa/message/template": "template",
    "/message/template": "template_by_phone",
    "/v2.0/oa/upload/image": "upload",
}


@dataclass
class Fault:
    """What goes wrong with the next `times` calls of a kind (any, for "*"): "status" answers an
    error code, "html" a gateway's page, "drop" cuts the connection, "hang" keeps silent. `after`
    lets the call take effect first."""

    kind: FaultKind
    method: str = "consult"
    times: int = 1
    after: bool = False
    status: int = 502
    seconds: float = 3600.0

    def hits(self, method: str) -> bool:
        return self.times > 0 and self.method in ("*", method)


class FakeZaloOa:
    """The server."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:  # noqa: TID251
        # The fake world has a clock of its own, as Zalo has.
        self.world = OaWorld(clock)
        self.world.on_event = self._happened
        self.calls: list[Node] = []
        self.faults: list[Fault] = []
        self.deliveries: list[int] = []
        self.closing = asyncio.Event()
        self._hook = ""
        self._waiting: list[tuple[dict[str, str], bytes]] = []
        self._posting: asyncio.Task[None] | None = None
        self._port = 0
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen; a second start after `stop` takes the same port and remembers everything."""
        self.closing.clear()
        app = web.Application(client_max_size=4 * 1024 * 1024)
        for path, name in PATHS.items():
            app.router.add_route("*", path, self._handler(name))
        app.router.add_get("/tep/{name}", self._download)
        self._runner = web.AppRunner(app, shutdown_timeout=0.5, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_address=True)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        self.closing.set()
        if self._posting is not None:
            self._posting.cancel()
            await asyncio.wait([self._posting])
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def fail(self, kind: FaultKind, method: str = "consult", **options: Any) -> None:
        """Make calls go wrong; see :class:`Fault`."""
        self.faults.append(Fault(kind, method, **options))

    def refuse(self, code: int, method: str = "consult", **options: Any) -> None:
        """Answer with an error code."""
        self.fail("status", method, status=code, **options)

    def listen(self, url: str) -> None:
        """Where events go from now on."""
        self._hook = url
        self._post()

    # What is asked

    def _handler(self, name: str) -> Callable[[web.Request], Any]:
        async def handle(request: web.Request) -> web.StreamResponse:
            return await self._called(name, request)

        return handle

    async def _called(self, name: str, request: web.Request) -> web.StreamResponse:
        given = await _given(request)
        kept = {key: value for key, value in given.items() if not isinstance(value, bytes)}
        self.calls.append({"method": name, "params": kept, "at": self.world.clock()})
        fault = next((each for each in self.faults if each.hits(name)), None)
        if fault is not None:
            fault.times -= 1
            if not fault.after:
                return await self._misbehave(fault, request)
        try:
            answer = self._obey(name, given, request)
        except OaError as error:
            answer = web.json_response({"error": error.code, "message": error.message})
        if fault is not None:
            return await self._misbehave(fault, request)
        return answer

    def _obey(self, name: str, given: Node, request: web.Request) -> web.Response:
        world = self.world
        if name == "token":
            try:
                return web.json_response(world.token(given, request.headers.get("secret_key", "")))
            except OaError as error:
                return web.json_response(
                    {"error": error.code, "error_name": "Error", "error_description": error.message}
                )
        headers = request.headers
        world.check(headers.get("access_token", ""), headers.get("appsecret_proof", ""))
        if name == "account":
            data = world.account()
        elif name == "upload":
            data = world.upload(given.get("file", b""))
        else:
            data = getattr(world, name)(given)
        return web.json_response({"error": 0, "message": "Success", "data": data})

    async def _misbehave(self, fault: Fault, request: web.Request) -> web.StreamResponse:
        if fault.kind == "status":
            return web.json_response({"error": fault.status, "message": "Refused"})
        if fault.kind == "html":
            page = _PAGE.format(fault.status)
            return web.Response(status=fault.status, text=page, content_type="text/html")
        if fault.kind == "hang":
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.closing.wait(), fault.seconds)
        if request.transport is not None:
            request.transport.abort()
        return web.Response()

    async def _download(self, request: web.Request) -> web.Response:
        """A file somebody sent: /tep/gone is not kept, /tep/moved is elsewhere."""
        name = request.match_info["name"]
        if name == "gone":
            return web.Response(status=404)
        if name == "moved":
            return web.Response(status=302, headers={"Location": "/tep/here"})
        return web.Response(body=self.world.files.get(name, b"noi dung tep"))

    # What is told

    def _happened(self, headers: dict[str, str], body: bytes) -> None:
        self._waiting.append((headers, body))
        self._post()

    def _post(self) -> None:
        if self._hook and (self._posting is None or self._posting.done()):
            self._posting = asyncio.get_running_loop().create_task(self._deliver())

    async def _deliver(self) -> None:
        """One after the other, in order; `deliveries` keeps the statuses, 0 for none."""
        async with ClientSession() as session:
            while self._waiting:
                headers, body = self._waiting.pop(0)
                try:
                    async with session.post(self._hook, data=body, headers=headers) as answer:
                        self.deliveries.append(answer.status)
                except (ClientError, OSError):
                    self.deliveries.append(0)


async def _given(request: web.Request) -> Node:
    """What a call says: JSON, a form, a file, or JSON in the query."""
    if request.content_type == "application/json":
        try:
            body = await request.json()
        except ValueError:
            return {}
        return body if isinstance(body, dict) else {}
    if request.method == "POST":
        form = await request.post()
        return {
            key: value if isinstance(value, str) else value.file.read()
            for key, value in form.items()
        }
    try:
        said = json.loads(request.query.get("data", "{}"))
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
