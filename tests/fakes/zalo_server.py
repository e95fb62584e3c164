"""A Zalo Bot Platform on 127.0.0.1, with disputed behaviours to switch and faults on demand.

In a test: `async with FakeZalo() as zalo:` and give the product `zalo.url` as base URL and
`zalo.token`. `zalo.world` plays people (`say`, `sticker`, `block` ...) and keeps what the bot sent;
`zalo.switch(queue="replay")` changes a behaviour (see Switches); `fail` makes calls go wrong.

As a process, for tests that kill the product: `python -m tests.fakes.zalo_server --port N --state
FILE [--switch NAME=VALUE ...]` appends every call and message to FILE as JSON lines, and obeys
POST /_control {"do": NAME, "args": {...}} with any name of CONTROLS.
"""

import argparse
import asyncio
import contextlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal, Self

from aiohttp import ClientError, ClientSession, web

from tests.fakes.zalo_world import METHODS, TOKEN, ApiError, Node, Switches, World

FaultKind = Literal["status", "html", "drop", "hang"]
_PAGE = (
    "<html>\r\n<head><title>{0}</title></head>\r\n<body><center>nginx</center></body></html>\r\n"
)


@dataclass
class Fault:
    """What goes wrong with the next `times` calls of a method (of any, for "*") to a chat (any, for
    ""): "status" answers an API error, "html" the gateway's page, "drop" cuts the connection,
    "hang" keeps silent for `seconds`. `after` lets the call take effect first."""

    kind: FaultKind
    method: str = "sendMessage"
    chat: str = ""
    times: int = 1
    after: bool = False
    status: int = 502
    description: str = ""
    seconds: float = 3600.0

    def hits(self, method: str, chat: object) -> bool:
        return self.times > 0 and self.method in ("*", method) and self.chat in ("", chat)


class FakeZalo:
    """The server."""

    def __init__(
        self,
        token: str = TOKEN,
        account: str = "bot.dondoc",
        display_name: str = "Bot Đôn Đốc",
        *,
        state: Path | None = None,
        port: int = 0,
    ) -> None:
        self.token = token
        # The fake world has a clock of its own, as Zalo has.
        self.world = World(account, display_name, time.time)  # noqa: TID251
        self.world.on_event = self._happened
        self.world.on_record = self._write
        self.calls: list[Node] = []
        self.faults: list[Fault] = []
        self.deliveries: list[int] = []
        self.photos: dict[str, bytes] = {}
        self.closing = asyncio.Event()
        self._port = port
        self._state = state
        self._news = asyncio.Event()
        self._poll = 0
        self._held_back: Node | None = None
        self._posts: set[asyncio.Task[None]] = set()
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
        app = web.Application()
        app.router.add_route("*", "/bot{token}/{method}", self._bot_call)
        app.router.add_get("/photos/{number}/{name}", self._photo)
        app.router.add_post("/_control", self._control)
        self._runner = web.AppRunner(app, shutdown_timeout=0.5, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_address=True)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Stop listening; calls that hang are cut."""
        self.closing.set()
        self._news.set()
        if self._posts:
            await asyncio.wait(self._posts, timeout=1)
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def switch(self, **values: Any) -> None:
        """Change behaviours; see :class:`Switches`. Raises TypeError for one there is not."""
        unknown = values.keys() - {each.name for each in fields(Switches)}
        if unknown:
            raise TypeError(f"no switch {sorted(unknown)}")
        for name, value in values.items():
            setattr(self.world.switches, name, value)

    def fail(self, kind: FaultKind, method: str = "sendMessage", **options: Any) -> None:
        """Make calls go wrong; see :class:`Fault`."""
        self.faults.append(Fault(kind, method, **options))

    def refuse(self, code: int, description: str = "", **options: Any) -> None:
        """Answer with an API error: refuse(403, "Internal server error")."""
        self.fail("status", status=code, description=description, **options)

    def heal(self) -> None:
        """Let everything work again."""
        self.faults.clear()

    def snapshot(self) -> Node:
        """All that the bot did so far, and how many events still wait for a poll."""
        world = self.world
        return {"sent": world.sent, "calls": self.calls, "waiting": len(world.events)}

    async def _bot_call(self, request: web.Request) -> web.StreamResponse:
        method, params = request.match_info["method"], await _params(request)
        self._note_call(method, params)
        if request.match_info["token"] != self.token:
            return self._refusal(ApiError(401, "Unauthorized: token is invalid"))
        fault = self._fault(method, params)
        if fault is not None and not fault.after:
            return await self._misbehave(fault, request)
        try:
            answer = self._success(await self._obey(method, params, request))
        except ApiError as error:
            answer = self._refusal(error, polling=method == "getUpdates")
        if fault is not None:
            return await self._misbehave(fault, request)
        return answer

    def hand(self, user: str, name: str, data: bytes, caption: str = "", chat: str = "") -> Node:
        """A person sends a file: of a picture (.jpg, .png) the bot gets an address, of anything
        else only word that there was something."""
        if not name.lower().endswith((".jpg", ".png")):
            return self.world.unsupported(user, chat)
        number = str(len(self.photos) + 1)
        self.photos[number] = data
        url = f"{self.url}/photos/{number}/x.{name.rpartition('.')[2]}"
        return self.world.image(user, url, caption, chat)

    async def _photo(self, request: web.Request) -> web.StreamResponse:
        """Bytes of a photo; faults of the method "photo"."""
        fault = self._fault("photo", {})
        if fault is not None:
            return await self._misbehave(fault, request)
        data = self.photos.get(request.match_info["number"])
        if data is None:
            return web.Response(status=404, text="gone")
        return web.Response(body=data, content_type="image/jpeg")

    async def _obey(self, method: str, params: Node, request: web.Request) -> Any:
        if method == "getUpdates":
            return self._shaped(await self._get_updates(params, request))
        if method not in METHODS:
            code = self.world.switches.unknown_method
            raise ApiError(code, "Not found" if code == 404 else "Bad request: unknown method")
        return METHODS[method](self.world, params)

    async def _get_updates(self, params: Node, request: web.Request) -> Node | None:
        """Long polling, one update at most. A new poll ends the one before."""
        if self.world.webhook:
            raise ApiError(400, "Bad request: getUpdates cannot be used while a webhook is set")
        self._poll += 1
        turn = self._poll
        self._news.set()
        loop = asyncio.get_running_loop()
        seconds = int(params.get("timeout") or 30) if self.world.switches.waits else 0
        end = loop.time() + seconds
        self.world.open_polls += 1
        try:
            while turn == self._poll and not _gone(request):
                update = self.world.take()
                left = end - loop.time()
                if update is not None:
                    return update
                if left <= 0 or self.closing.is_set():
                    break
                self._news.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._news.wait(), min(left, 0.2))
        finally:
            self.world.open_polls -= 1
        if self.world.switches.empty_idle:
            return None
        raise ApiError(408, "Request timeout")

    def _shaped(self, update: Node | None) -> Any:
        shape = self.world.switches.shape
        if update is None:
            return [] if shape == "list" else {}
        shapes = {"object": update, "list": [update], "wrapped": {"ok": True, "result": update}}
        return shapes[shape]

    def _fault(self, method: str, params: Node) -> Fault | None:
        chat = params.get("chat_id")
        fault = next((fault for fault in self.faults if fault.hits(method, chat)), None)
        if fault is not None:
            fault.times -= 1
        return fault

    async def _misbehave(self, fault: Fault, request: web.Request) -> web.StreamResponse:
        if fault.kind == "status":
            return self._refusal(ApiError(fault.status, fault.description or "Error"))
        if fault.kind == "html":
            page = _PAGE.format(fault.status)
            return web.Response(status=fault.status, text=page, content_type="text/html")
        if fault.kind == "hang":
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.closing.wait(), fault.seconds)
        if request.transport is not None:
            request.transport.abort()
        return web.Response()

    def _success(self, result: Any) -> web.Response:
        body: Node = {"ok": True} | ({"result": result} if result is not None else {})
        if self.world.switches.zero_code:
            body["error_code"] = 0
        return web.json_response(body)

    def _refusal(self, error: ApiError, *, polling: bool = False) -> web.Response:
        switches = self.world.switches
        code = str(error.code) if switches.code_as_text else error.code
        body = {"ok": False, "description": error.description, error.spelling: code}
        if polling and error.code == 408:
            return web.json_response(body, status=switches.idle_status)
        return web.json_response(body, status=error.code if switches.mirror_status else 200)

    # Webhooks

    def _happened(self, event: Node) -> None:
        self._news.set()
        if not self.world.webhook:
            return
        batch = [event]
        if self.world.switches.webhook_reorder:
            if self._held_back is None:
                self._held_back = event
                return
            batch = [event, self._held_back]
            self._held_back = None
        if self.world.switches.webhook_duplicates:
            batch += batch
        self._post([json.dumps(self._webhook_body(each)).encode() for each in batch])

    def _webhook_body(self, event: Node) -> Node:
        wrapped = self.world.switches.webhook_body == "wrapped"
        return {"ok": True, "result": event} if wrapped else event

    def probe(self) -> None:
        """Call the webhook with nothing in hand, as was seen once."""
        self._post([b""])

    def _post(self, bodies: list[bytes]) -> None:
        task = asyncio.get_running_loop().create_task(self._deliver(bodies))
        self._posts.add(task)
        task.add_done_callback(self._posts.discard)

    async def _deliver(self, bodies: list[bytes]) -> None:
        """One after the other; `deliveries` keeps the statuses, 0 for none."""
        async with ClientSession() as session:
            for body in bodies:
                headers = {"X-Bot-Api-Secret-Token": self.world.secret}
                headers |= {"Content-Type": "application/json"} if body else {}
                try:
                    url = self.world.webhook["url"]
                    async with session.post(url, data=body, headers=headers) as answer:
                        self.deliveries.append(answer.status)
                except (ClientError, OSError):
                    self.deliveries.append(0)

    # The control of a fake in another process

    async def _control(self, request: web.Request) -> web.Response:
        order = await request.json()
        try:
            result = CONTROLS[order["do"]](self)(**order.get("args", {}))
        except (KeyError, TypeError, ValueError) as error:
            return web.json_response({"ok": False, "error": repr(error)}, status=400)
        return web.json_response({"ok": True, "result": result})

    def _note_call(self, method: str, params: Node) -> None:
        row = {"method": method, "params": params, "at": self.world.clock()}
        self.calls.append(row)
        self._write("call", row)

    def _write(self, kind: str, row: Node) -> None:
        if self._state is not None:
            with self._state.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"event": kind, **row}, ensure_ascii=False) + "\n")


# What /_control may do: name -> the function, given the server.
CONTROLS: dict[str, Callable[[FakeZalo], Callable[..., Any]]] = {
    "user": lambda fake: fake.world.user,
    "group": lambda fake: fake.world.group,
    "say": lambda fake: fake.world.say,
    "image": lambda fake: fake.world.image,
    "sticker": lambda fake: fake.world.sticker,
    "voice": lambda fake: fake.world.voice,
    "unsupported": lambda fake: fake.world.unsupported,
    "block": lambda fake: fake.world.block,
    "unblock": lambda fake: fake.world.unblock,
    "kick": lambda fake: fake.world.kick,
    "push": lambda fake: fake.world.push,
    "texts": lambda fake: fake.world.texts,
    "probe": lambda fake: fake.probe,
    "switch": lambda fake: fake.switch,
    "fail": lambda fake: fake.fail,
    "refuse": lambda fake: fake.refuse,
    "heal": lambda fake: fake.heal,
    "snapshot": lambda fake: fake.snapshot,
}


def _gone(request: web.Request) -> bool:
    """Whether the client of a poll has died meanwhile."""
    return request.transport is None or request.transport.is_closing()


async def _params(request: web.Request) -> Node:
    """Parameters from the query, a JSON body or a form; a multipart body is not parsed."""
    params: Node = dict(request.query)
    if request.method != "POST":
        return params
    if request.content_type == "application/json":
        try:
            body = await request.json()
        except ValueError:
            return params
        return {**params, **body} if isinstance(body, dict) else params
    if request.content_type == "application/x-www-form-urlencoded":
        return {**params, **{key: str(value) for key, value in (await request.post()).items()}}
    return params


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


async def _serve(port: int, state: Path | None, token: str, switches: Node) -> None:
    async with FakeZalo(token, state=state, port=port) as fake:
        fake.switch(**switches)
        print(fake.url, flush=True)  # noqa: T201 -- tells the starting test where to go
        await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(description="A Zalo Bot Platform for tests")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--state", type=Path)
    parser.add_argument("--token", default=TOKEN)
    parser.add_argument("--switch", action="append", default=[], metavar="NAME=VALUE")
    args = parser.parse_args()
    switches = {name: _value(value) for name, _, value in (s.partition("=") for s in args.switch)}
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(args.port, args.state, args.token, switches))


if __name__ == "__main__":
    main()
