"""The real channel of an Official Account before the fake one, and somebody to take its calls."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiohttp import web

from bot.channels.http import HttpClient
from bot.channels.zalo_oa import OaSetup, ZaloOaChannel
from bot.channels.zalo_oa_api import Hosts, OaApi
from bot.channels.zalo_oa_oauth import Consent, OaApp
from bot.channels.zalo_oa_templates import Templates
from bot.channels.zalo_oa_tokens import Disk, Grant, TokenFile
from bot.channels.zalo_oa_updates import Seal
from scheduler.channel import Store
from tests.fakes.zalo_oa_server import FakeZaloOa
from tests.fakes.zalo_oa_world import APP_ID, APP_SECRET, OA_ID, OA_KEY, Node

SEAL = Seal(APP_ID, OA_ID, (OA_KEY, APP_SECRET))
NAME = "zalo-oa-tokens.json"


def clock_of(oa: FakeZaloOa) -> Callable[[], datetime]:
    return lambda: datetime.fromtimestamp(oa.world.clock(), UTC)


def grant_of(said: Node, now: datetime) -> Grant:
    """A pair as the OAuth server words it, as we keep it."""
    life = timedelta(seconds=int(said["expires_in"]))
    return Grant(said["access_token"], said["refresh_token"], now, now + life)


def consent_on(oa: FakeZaloOa, http: HttpClient, folder: Path, disk: Disk | None = None) -> Consent:
    app = OaApp(APP_ID, APP_SECRET, oa.url)
    return Consent(app, TokenFile(folder / NAME, disk), http, clock_of(oa))


def channel_on(
    oa: FakeZaloOa,
    http: HttpClient,
    folder: Path,
    templates: Templates | None = None,
    *,
    granted: bool = True,
) -> ZaloOaChannel:
    """A channel that an administrator has given leave to."""
    clock = clock_of(oa)
    if granted:
        TokenFile(folder / NAME).write(grant_of(oa.world.grant(), clock()))
    consent = consent_on(oa, http, folder)
    secret = APP_SECRET if oa.world.switches.proof else ""
    api = OaApi(Hosts(oa.url, oa.url), consent, http, app_secret=secret)
    return ZaloOaChannel(OaSetup(SEAL, templates or Templates()), api, consent, http, clock)


def kept_in(folder: Path) -> Grant:
    """The pair in a folder."""
    grant = TokenFile(folder / NAME).read()
    assert grant is not None
    return grant


def unconnected() -> ZaloOaChannel:
    """A channel for what needs no network."""
    return channel_on(FakeZaloOa(), HttpClient(), Path("nowhere"), granted=False)


async def called(channel: ZaloOaChannel, oa: FakeZaloOa, store: Store) -> None:
    """Take the account's calls for the channel, as the web server does, until cancelled."""

    async def take(request: web.Request) -> web.Response:
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        if not channel.verify(headers, body):
            return web.Response(status=401)
        if found := channel.updates(body):
            await store(found)
        return web.Response()

    app = web.Application()
    app.router.add_post("/webhook/zalo-oa", take)
    runner = web.AppRunner(app, shutdown_timeout=0.5, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        oa.listen(f"http://127.0.0.1:{runner.addresses[0][1]}/webhook/zalo-oa")
        await channel.receive(store)
    finally:
        await asyncio.shield(runner.cleanup())
