"""A Telegram Bot API server on 127.0.0.1, with faults on demand.

In a test: `async with FakeTelegram() as telegram:` and give the product `telegram.url` as base URL
and `telegram.token`. `telegram.world` plays people (`say`, `press`, `block`, `migrate` ...) and
keeps what the bot did (`sent`, `edits`, `answers`); `fail` makes calls go wrong.

As a process, for tests that kill the product: `python -m tests.fakes.telegram_server --port N
--state FILE` appends every call, message and edit to FILE as JSON lines, and obeys
POST /_control {"do": NAME, "args": {...}} with any name of CONTROLS. A webhook is called as
Telegram does it: with the secret token, and again until it is answered with 2xx.
"""

import argparse
import asyncio
import contextlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

from aiohttp import ClientError, ClientSession, ClientTimeout, web

from tests.fakes.telegram_world import METHODS, TOKEN, ApiError, Node, RateLimit, World

FaultKind = Literal["status", "html", "drop", "hang"]
_PAGE = (
    "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>{0}</h1></center>\r\n"
    "<hr><center>nginx/1.18.0</center>\r\n</body>\r\n</html>\r\n"
)
_PHRASES = {500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable"}


@dataclass
class Fault:
    """What goes wrong with the next `times` calls of a method (of any, for "*") to a chat (any, for
    None): "status" answers a Bot API error, "html" a gateway's page, "drop" cuts the connection,
    "hang" keeps silent for `seconds`. `after` lets the call take effect first."""

    kind: FaultKind
    method: str = "sendMessage"
    chat: int | None = None
    times: int = 1
    after: bool = False
    status: int = 502
    description: str = ""
    parameters: Node = field(default_factory=dict)
    seconds: float = 3600.0

    def hits(self, method: str, chat: int | None) -> bool:
        same = self.method in ("*", method) or self.method.lower() == method.lower()
        return self.times > 0 and same and self.chat in (None, chat)


class FakeTelegram:
    """The server. `strict` enforces Telegram's published rate limits."""

    def __init__(
        self,
        token: str = TOKEN,
        username: str = "dondoc_thu_bot",
        *,
        strict: bool = False,
        state: Path | None = None,
        port: int = 0,
    ) -> None:
        self.token = token
        # The fake world has a clock of its own, as Telegram has.
        self.world = World(token, username, time.time)  # noqa: TID251
        self.world.rate = RateLimit() if strict else None
        self.world.on_update = self._wake
        self.world.on_record = self._write
        self.calls: list[Node] = []
        self.faults: list[Fault] = []
        self.deliveries: list[int] = []
        self.webhook_pause = 0.05
        self.closing = asyncio.Event()
        self._caller: asyncio.Task[None] | None = None
        self._port = port
        self._state = state
        self._news = asyncio.Event()
        self._poll = 0
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """The server's root, what a client takes as base URL."""
        return f"http://127.0.0.1:{self._port}"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen; a second start after `stop` takes the same port and remembers everything."""
        self.closing.clear()
        app = web.Application(client_max_size=60 * 1024 * 1024)
        app.router.add_route("*", "/bot{token}/{method}", self._bot_call)
        app.router.add_get("/file/bot{token}/{path:.*}", self._file)
        app.router.add_post("/_control", self._control)
        self._runner = web.AppRunner(app, shutdown_timeout=0.5, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_address=True)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Stop listening; calls that hang are cut."""
        self.closing.set()
        self._wake()
        if self._caller is not None:
            self._caller.cancel()
            await asyncio.wait([self._caller])
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def fail(self, kind: FaultKind, method: str = "sendMessage", **options: Any) -> None:
        """Make calls go wrong; see :class:`Fault`."""
        self.faults.append(Fault(kind, method, **options))

    def refuse(self, code: int, description: str, **options: Any) -> None:
        """Answer with a Bot API error: refuse(403, "Forbidden: bot was blocked by the user")."""
        self.fail("status", status=code, description=description, **options)

    def flood(self, retry_after: int, **options: Any) -> None:
        """Answer 429 with a waiting time in seconds."""
        words = f"Too Many Requests: retry after {retry_after}"
        self.refuse(429, words, parameters={"retry_after": retry_after}, **options)

    def heal(self) -> None:
        """Let everything work again."""
        self.faults.clear()

    def snapshot(self) -> Node:
        """All that the bot did so far."""
        world = self.world
        return {
            "sent": world.sent,
            "edits": world.edits,
            "answers": world.answers,
            "calls": self.calls,
        }

    async def _bot_call(self, request: web.Request) -> web.StreamResponse:
        method, params = request.match_info["method"], await _params(request)
        self._note_call(method, params)
        if request.match_info["token"] != self.token:
            return _refusal(_wrong_token(request.match_info["token"]))
        fault = self._fault(method, params)
        if fault is not None and not fault.after:
            return await self._misbehave(fault, request)
        try:
            answer = _json({"ok": True, "result": await self._obey(method, params)})
        except ApiError as error:
            answer = _refusal(error)
        if fault is not None:
            return await self._misbehave(fault, request)
        return answer

    async def _file(self, request: web.Request) -> web.StreamResponse:
        """Bytes of a file; faults of the method "file"."""
        if request.match_info["token"] != self.token:
            return _refusal(ApiError(404, "Not Found"))
        fault = self._fault("file", {})
        if fault is not None:
            return await self._misbehave(fault, request)
        number = request.match_info["path"].removeprefix("documents/tệp ").removesuffix(".bin")
        data = self.world.files.get(number)
        if data is None:
            return _refusal(ApiError(404, "Not Found"))
        # In pieces: nobody is told beforehand how long it will be.
        answer = web.StreamResponse(headers={"Content-Type": "application/octet-stream"})
        await answer.prepare(request)
        for start in range(0, len(data), 65536):
            await answer.write(data[start : start + 65536])
        return answer

    async def _obey(self, method: str, params: Node) -> Any:
        name = method.lower()
        if name == "getupdates":
            return await self._get_updates(params)
        if name not in METHODS:
            raise ApiError(404, "Not Found: method not found")
        return METHODS[name](self.world, params)

    async def _get_updates(self, params: Node) -> list[Node]:
        """Long polling. A new poll ends the one before, as on the real server."""
        if self.world.webhook:
            raise ApiError(
                409,
                "Conflict: can't use getUpdates method while webhook is active; "
                "use deleteWebhook to delete the webhook first",
            )
        self._poll += 1
        turn = self._poll
        self._wake()
        loop = asyncio.get_running_loop()
        end = loop.time() + max(0, min(int(params.get("timeout") or 0), 50))
        while True:
            if turn != self._poll:
                raise ApiError(
                    409,
                    "Conflict: terminated by other getUpdates request; "
                    "make sure that only one bot instance is running",
                )
            updates = self.world.take_updates(params)
            left = end - loop.time()
            if updates or left <= 0 or self.closing.is_set():
                return updates
            self._news.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), left)

    def _fault(self, method: str, params: Node) -> Fault | None:
        chat = _number(params.get("chat_id"))
        fault = next((fault for fault in self.faults if fault.hits(method, chat)), None)
        if fault is not None:
            fault.times -= 1
        return fault

    async def _misbehave(self, fault: Fault, request: web.Request) -> web.StreamResponse:
        if fault.kind == "status":
            words = fault.description or _PHRASES.get(fault.status, "Error")
            return _refusal(ApiError(fault.status, words, **fault.parameters))
        if fault.kind == "html":
            page = _PAGE.format(f"{fault.status} {_PHRASES.get(fault.status, 'Error')}")
            return web.Response(status=fault.status, text=page, content_type="text/html")
        if fault.kind == "hang":
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.closing.wait(), fault.seconds)
        if request.transport is not None:
            request.transport.abort()
        return web.Response()

    async def _control(self, request: web.Request) -> web.Response:
        order = await request.json()
        try:
            result = CONTROLS[order["do"]](self)(**order.get("args", {}))
        except (KeyError, TypeError, ValueError) as error:
            return web.json_response({"ok": False, "error": repr(error)}, status=400)
        return _json({"ok": True, "result": result})

    def allow_local(self) -> None:
        """Webhooks may be http://127.0.0.1, as a Bot API server of one's own allows."""
        self.world.local_webhooks = True

    def _wake(self) -> None:
        self._news.set()
        idle = self._caller is None or self._caller.done()
        if self.world.webhook and self.world.updates and idle and not self.closing.is_set():
            self._caller = asyncio.get_running_loop().create_task(self._call_webhook())

    async def _call_webhook(self) -> None:
        """One update after the other, each again until it is taken; `deliveries` keeps the
        statuses, 0 for none."""
        world = self.world
        async with ClientSession(timeout=ClientTimeout(10)) as session:
            while world.webhook and world.updates:
                update = world.updates[0]
                status = await self._deliver(session, update)
                self.deliveries.append(status)
                self._write("delivery", {"update_id": update["update_id"], "status": status})
                if not 200 <= status < 300:
                    world.hook_error = f"Wrong response from the webhook: {status}"
                    await asyncio.sleep(self.webhook_pause)
                elif world.updates and world.updates[0] is update:
                    world.updates.popleft()

    async def _deliver(self, session: ClientSession, update: Node) -> int:
        headers = {"X-Telegram-Bot-Api-Secret-Token": self.world.secret}
        try:
            async with session.post(self.world.webhook, json=update, headers=headers) as answer:
                return answer.status
        except (ClientError, OSError, TimeoutError):
            return 0

    def _note_call(self, method: str, params: Node) -> None:
        plain = {key: value for key, value in params.items() if not isinstance(value, dict)}
        row = {"method": method, "params": plain, "at": self.world.clock()}
        self.calls.append(row)
        self._write("call", row)

    def _write(self, kind: str, row: Node) -> None:
        if self._state is not None:
            with self._state.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"event": kind, **row}, ensure_ascii=False) + "\n")


# What /_control may do: name -> the function, given the server.
CONTROLS: dict[str, Callable[[FakeTelegram], Callable[..., Any]]] = {
    "user": lambda fake: fake.world.user,
    "group": lambda fake: fake.world.group,
    "say": lambda fake: fake.world.say,
    "press": lambda fake: fake.world.press,
    "press_data": lambda fake: fake.world.press_data,
    "block": lambda fake: fake.world.block,
    "unblock": lambda fake: fake.world.unblock,
    "deactivate": lambda fake: fake.world.deactivate,
    "kick": lambda fake: fake.world.kick,
    "migrate": lambda fake: fake.world.migrate,
    "delete": lambda fake: fake.world.delete,
    "push": lambda fake: fake.world.push,
    "texts": lambda fake: fake.world.texts,
    "fail": lambda fake: fake.fail,
    "refuse": lambda fake: fake.refuse,
    "flood": lambda fake: fake.flood,
    "heal": lambda fake: fake.heal,
    "allow_local": lambda fake: fake.allow_local,
    "snapshot": lambda fake: fake.snapshot,
    "commands": lambda fake: lambda: fake.world.commands,
}


async def _params(request: web.Request) -> Node:
    """Parameters from the query and from a JSON, form or multipart body, as the Bot API allows.
    An uploaded file becomes {"name", "content"}; "attach://part" is replaced by its part."""
    params: Node = dict(request.query)
    if request.method != "POST":
        return params
    if request.content_type == "application/json":
        body = await request.json()
        return {**params, **body} if isinstance(body, dict) else params
    parts = {name: _part(value) for name, value in (await request.post()).items()}
    attached = {f"attach://{name}": value for name, value in parts.items()}
    return params | {
        name: attached.get(value, value) if isinstance(value, str) else value
        for name, value in parts.items()
    }


def _part(value: Any) -> Any:
    if isinstance(value, web.FileField):
        return {"name": value.filename, "content": value.file.read()}
    return value


def _wrong_token(token: str) -> ApiError:
    """Telegram tells a token it cannot read (404) from one that is not valid (401)."""
    head, _, tail = token.partition(":")
    readable = head.isdigit() and len(tail) >= 30
    return ApiError(401, "Unauthorized") if readable else ApiError(404, "Not Found")


def _refusal(error: ApiError) -> web.Response:
    body: Node = {"ok": False, "error_code": error.code, "description": error.description}
    if error.parameters:
        body["parameters"] = error.parameters
    return _json(body, error.code)


def _json(body: Node, status: int = 200) -> web.Response:
    return web.json_response(body, status=status)


def _number(value: Any) -> int | None:
    try:
        return int(value)
    except (TypeError, ValueError):
        return None


async def _serve(port: int, state: Path | None, token: str, strict: bool) -> None:
    async with FakeTelegram(token, strict=strict, state=state, port=port) as fake:
        print(fake.url, flush=True)  # noqa: T201 -- tells the starting test where to go
        await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(description="A Telegram Bot API server for tests")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--state", type=Path)
    parser.add_argument("--token", default=TOKEN)
    parser.add_argument("--strict", action="store_true")
    args = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(args.port, args.state, args.token, args.strict))


if __name__ == "__main__":
    main()
