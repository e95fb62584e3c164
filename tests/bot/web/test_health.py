"""Health and figures: what a monitor asks, and who may ask."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web as remote
from fastapi import Request
from prometheus_client.parser import text_string_to_metric_families

from bot import backups
from bot.channels.http import HttpClient
from bot.heartbeat import Heartbeat
from bot.web.health import may_read
from registry.notices import put_text
from registry.people import Chat, ensure_contact
from registry.types import NoticeKind
from scheduler.channel import ChannelInfo
from tests.bot.web.conftest import NOW, TELEGRAM, Running, bots, serving, update
from tests.fakes.databases import sqlite_only


def open_channels(web: Running) -> None:
    for name in web.app.channels:
        web.app.infos[name] = ChannelInfo(name)


async def reasons(web: Running, status: int) -> list[str]:
    answer = await web.http.request("GET", f"{web.url}/readyz")
    assert answer.status == status, answer.body
    assert answer.headers["content-type"] == "application/json"
    return list(json.loads(answer.body)["reasons"])


async def test_alive_says_so_whatever_the_state(web: Running) -> None:
    answer = await web.get("/healthz")
    assert (answer.status, answer.body) == (200, b"ok\n")
    assert (await web.http.request("HEAD", f"{web.url}/healthz")).status == 200


async def test_ready_once_the_ticks_run_and_the_channels_are_open(tmp_path: Path) -> None:
    now = [NOW]

    def clock() -> datetime:
        return now[0]

    async with HttpClient() as http, serving(tmp_path, bots(http), clock=clock) as web:
        assert await reasons(web, 503) == [
            "nhịp làm việc đã dừng", "kênh telegram: chưa mở được", "kênh zalo: chưa mở được",
        ]  # fmt: skip
        open_channels(web)
        await web.app.plan()
        assert await reasons(web, 200) == []
        web.app.standing["zalo"] = "Zalo từ chối (401)"
        assert await reasons(web, 503) == ["kênh zalo: đứng yên"]
        del web.app.standing["zalo"]
        now[0] += timedelta(seconds=91)
        assert await reasons(web, 503) == ["nhịp làm việc đã dừng"]
        await web.app.plan()
        assert await reasons(web, 200) == []


async def test_a_database_that_does_not_answer_is_told(web: Running) -> None:
    web.app.db._reader.dispose()
    web.app.db._reader.pool._creator = None  # type: ignore[attr-defined]
    assert "cơ sở dữ liệu không trả lời" in await reasons(web, 503)


async def figures(web: Running) -> dict[str, float]:
    answer = await web.get("/metrics")
    assert answer.status == 200
    found = {}
    for family in text_string_to_metric_families(answer.body.decode()):
        for sample in family.samples:
            labels = ",".join(f"{key}={value}" for key, value in sample.labels.items())
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


async def test_figures_of_what_happened(web: Running) -> None:
    open_channels(web)
    await web.post("/webhook/telegram", update(900), TELEGRAM)
    await web.app.plan()
    counts = web.app.deliverer.counts
    counts.sent, counts.failed, counts.uncertain = 5, 2, 1
    for seconds in (0.5, 5.0, 5.1, 1e9):
        counts.late.add(seconds)

    def queue(session: Any) -> None:
        contact = ensure_contact(session, Chat("telegram", "7", "private", "7"), NOW)
        put_text(session, NoticeKind.ANSWER, "a", "x", NOW, contact_id=contact.id)
        later = NOW + timedelta(hours=1)
        put_text(session, NoticeKind.ANSWER, "b", "x", later, contact_id=contact.id)

    await web.app.db.write(queue)
    seen = await figures(web)
    assert seen["dondoc_sent_total"] == 5
    assert seen["dondoc_failed_total"] == 2
    assert seen["dondoc_uncertain_total"] == 1
    assert seen["dondoc_queued"] == 2
    assert seen["dondoc_queued_due"] == 1
    assert seen["dondoc_inbound_total{channel=telegram}"] == 1
    assert seen["dondoc_inbound_waiting"] == 1
    assert seen["dondoc_channel_up{channel=zalo}"] == 1
    assert seen["dondoc_budget_left{channel=zalo}"] == 3000
    assert "dondoc_budget_left{channel=telegram}" not in seen
    assert seen["dondoc_tick_age_seconds"] == 0
    assert seen["dondoc_tick_seconds_count"] == 1
    assert "dondoc_backup_age_seconds" not in seen, "none was made"
    buckets = [
        seen[f"dondoc_lateness_seconds_bucket{{le={le}}}"] for le in ("1", "5", "15", "+Inf")
    ]
    assert buckets == [1, 2, 3, 4]
    assert seen["dondoc_lateness_seconds_count"] == 4


@sqlite_only
async def test_how_old_the_newest_backup_is(web: Running) -> None:
    backups.make(web.app.tools.settings, NOW - timedelta(hours=7))
    assert (await figures(web))["dondoc_backup_age_seconds"] == 7 * 3600


async def test_a_failed_tick_is_counted(web: Running) -> None:
    def drop(session: Any) -> None:
        session.connection().exec_driver_sql("DROP TABLE mark")

    await web.app.db.write(drop)
    with pytest.raises(Exception, match="mark"):
        await web.app.plan()
    assert web.app.vitals.failed_ticks == 1


@pytest.mark.parametrize("name", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
async def test_figures_are_not_for_who_comes_through_a_proxy(web: Running, name: str) -> None:
    answer = await web.http.request("GET", f"{web.url}/metrics", headers={name: "127.0.0.1"})
    assert answer.status == 404


async def test_figures_for_who_has_the_token(tmp_path: Path) -> None:
    token = "chi-prometheus-biet"  # noqa: S105 -- opens nothing but this test
    async with serving(tmp_path, {}, metrics_token=token) as web:
        for given, status in (("", 401), ("Bearer x", 401), ("chi-prometheus-biet", 401),
                              ("Bearer chi-prometheus-biet", 200)):  # fmt: skip
            headers = {"Authorization": given, "X-Forwarded-For": "1.2.3.4"}
            answer = await web.http.request("GET", f"{web.url}/metrics", headers=headers)
            assert answer.status == status, given


@pytest.mark.parametrize(
    ("host", "status"), [("127.0.0.1", 200), ("::1", 200), ("10.0.0.3", 404), ("?", 404)]
)
def test_figures_are_for_this_machine(host: str, status: int) -> None:
    scope = {"type": "http", "headers": [], "client": (host, 1)}
    assert may_read(Request(scope), "") == status


# -- a sign of life -------------------------------------------------------------------------------


@pytest.fixture
async def watchman() -> AsyncIterator[tuple[str, list[str]]]:
    """A server that hears the beats: its address, and what it heard."""
    heard: list[str] = []

    async def hear(request: remote.Request) -> remote.Response:
        heard.append(f"{request.method} {request.path}")
        return remote.Response(status=500 if "hong" in request.path else 200)

    app = remote.Application()
    app.router.add_route("*", "/{tail:.*}", hear)
    runner = remote.AppRunner(app, access_log=None)
    await runner.setup()
    site = remote.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}", heard
    await runner.cleanup()


async def settle(heart: Heartbeat) -> None:
    if heart._task is not None:
        await asyncio.wait([heart._task])


async def test_it_beats_at_most_so_often(watchman: tuple[str, list[str]]) -> None:
    url, heard = watchman
    async with HttpClient() as http:
        async with Heartbeat(http, f"{url}/ping/abc", every=60) as heart:
            for _ in range(3):
                heart.beat()
                await settle(heart)
            assert heard == ["GET /ping/abc"]
        async with Heartbeat(http, f"{url}/ping/abc", every=0) as heart:
            for _ in range(2):
                heart.beat()
                await settle(heart)
        async with Heartbeat(http, "") as heart:
            heart.beat()
    assert len(heard) == 3


async def test_a_silent_watchman_is_only_logged(
    watchman: tuple[str, list[str]], caplog: pytest.LogCaptureFixture
) -> None:
    url, _ = watchman
    async with HttpClient(connect_timeout=1) as http:
        for each in (f"{url}/hong", "http://127.0.0.1:9/bi-mat", "http://khong.invalid/bi-mat"):
            async with Heartbeat(http, each, every=0) as heart:
                heart.beat()
                await settle(heart)
    warned = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warned) == 3
    assert "bi-mat" not in caplog.text


async def test_it_beats_after_ticks_that_went_well(tmp_path: Path) -> None:
    beats: list[None] = []
    moments = [NOW]
    async with serving(tmp_path, {}, clock=lambda: moments[-1]) as web:
        web.app._beat = lambda: beats.append(None)
        await web.app.plan()
        assert len(beats) == 1
        web.app.db._writes.close()
        # Within five minutes a tick need not look where nothing was written.
        moments.append(NOW + timedelta(minutes=6))
        with pytest.raises(Exception, match="đóng"):
            await web.app.plan()
        assert len(beats) == 1
