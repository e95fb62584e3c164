"""Webhooks: verified, stored, answered in time; whatever goes wrong, the update comes again."""

import asyncio
import json
import logging
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from bot.channels.http import HttpClient
from bot.web.answers import MOST_BODY
from scheduler.channel import Channel, Update
from tests.bot.web.conftest import (
    SECRET,
    TELEGRAM,
    ZALO,
    Running,
    bots,
    call,
    closed,
    event,
    exchange,
    parsed,
    serving,
    update,
)
from tests.fakes.channel import FakeChannel


async def test_an_update_is_stored_before_it_is_answered(web: Running) -> None:
    answer = await web.post("/webhook/telegram", update(900, "xong 127 ạ"), TELEGRAM)
    assert answer.status == 200
    [(channel, key, raw)] = web.stored()
    assert (channel, key) == ("telegram", "900")
    assert json.loads(raw)["message"]["text"] == "xong 127 ạ"


@pytest.mark.parametrize(
    "headers",
    [{}, {"X-Telegram-Bot-Api-Secret-Token": ""}, {"X-Telegram-Bot-Api-Secret-Token": "khac"},
     {"X-Telegram-Bot-Api-Secret-Token": SECRET[:-1]}, {"X-Bot-Api-Secret-Token": SECRET},
     {"X-Telegram-Bot-Api-Secret-Token": "\xff" * 20}],
)  # fmt: skip
async def test_a_wrong_secret_is_refused_and_nothing_stored(
    web: Running, headers: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    path = "/webhook/telegram"
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    request = f"POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{head}Content-Length: 2\r\n"
    answer = await exchange(web.port, f"{request}\r\n{{}}".encode("latin-1"))
    assert answer.status == 401
    assert web.stored() == []
    assert SECRET not in caplog.text


async def test_zalo_flat_and_wrapped_are_the_same_update(web: Running) -> None:
    flat = event("0f1e")
    for body in (flat, {"ok": True, "result": flat}, flat):
        answer = await web.post("/webhook/zalo", json.dumps(body).encode(), ZALO)
        assert answer.status == 200
    assert [(channel, key) for channel, key, _ in web.stored()] == [("zalo", "0f1e")]
    incoming = web.app.channels["zalo"].parse(web.stored()[0][2])
    assert incoming is not None
    assert incoming.text == "xong 127"


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"[]", b"null", b"7", b"nonsense", b"\xff\xfe", b"[" * 50_000, b'{"ok":true}',
     b'{"ok":true,"result":{}}', b'{"update_id":"x"}', b'{"update_id":true,"x":{}}'],
)  # fmt: skip
@pytest.mark.parametrize("name", ["telegram", "zalo"])
async def test_probes_and_what_cannot_be_read_are_fine(
    web: Running, name: str, body: bytes
) -> None:
    headers = TELEGRAM if name == "telegram" else ZALO
    assert (await web.post(f"/webhook/{name}", body, headers)).status == 200
    assert web.stored() == []
    assert (await web.post(f"/webhook/{name}", body, {})).status == 401


async def test_unknown_events_are_fine_and_answered_by_nobody(web: Running) -> None:
    strange = b'{"update_id":901,"purchased_paid_media":{"x":1}}'
    assert (await web.post("/webhook/telegram", strange, TELEGRAM)).status == 200
    strange = b'{"event_name":"message.future.received"}'
    assert (await web.post("/webhook/zalo", strange, ZALO)).status == 200
    await web.app.dispatcher.drain()
    assert [raw for _, _, raw in web.stored()] == ["", ""]


async def test_duplicates_are_harmless(web: Running) -> None:
    answers = await asyncio.gather(
        *(web.post("/webhook/telegram", update(902), TELEGRAM) for _ in range(20))
    )
    assert {answer.status for answer in answers} == {200}
    assert len(web.stored()) == 1
    assert web.app.vitals.received["telegram"] == 1


async def test_too_much_is_refused_announced_or_not(web: Running) -> None:
    path, most = "/webhook/telegram", MOST_BODY
    assert (await web.post(path, b" " * most, TELEGRAM)).status == 200
    assert (await web.post(path, b" " * (most + 1), TELEGRAM)).status == 413
    piece = f"{60_000:x}\r\n".encode() + b" " * 60_000 + b"\r\n"
    chunked = TELEGRAM | {"Transfer-Encoding": "chunked"}
    fits = await call(web.port, "POST", path, piece * 17 + b"0\r\n\r\n", chunked)
    assert fits.status == 200
    over = await call(web.port, "POST", path, piece * 18 + b"0\r\n\r\n", chunked)
    assert over.status == 413
    huge = TELEGRAM | {"Content-Length": str(10**12)}
    head = "".join(f"{name}: {value}\r\n" for name, value in huge.items())
    request = f"POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{head}\r\n"
    assert (await exchange(web.port, request.encode())).status == 413
    assert web.stored() == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/webhook/telegram", 405), ("POST", "/webhook/khac", 404),
     ("POST", "/webhook/telegram/", 404), ("POST", "/webhook/", 404), ("POST", "/", 404),
     ("GET", "/docs", 404), ("GET", "/openapi.json", 404), ("GET", "/redoc", 404)],
)  # fmt: skip
async def test_there_is_nothing_else(web: Running, method: str, path: str, status: int) -> None:
    answer = await call(web.port, method, path, b"", {})
    assert answer.status == status
    assert b"Traceback" not in answer.body
    assert "server" not in answer.headers
    for name in ("x-content-type-options", "referrer-policy", "content-security-policy"):
        assert name in answer.headers


async def test_who_polls_is_not_called(tmp_path: Path) -> None:
    async with HttpClient() as http, serving(tmp_path, bots(http, active=False)) as web:
        assert (await web.post("/webhook/telegram", update(1), TELEGRAM)).status == 404


class Called(FakeChannel):
    """A messenger with a signature of its own, as an Official Account has."""

    webhook = True

    def verify(self, headers: Mapping[str, str], body: bytes) -> bool:
        return body == b"{}" or headers.get("x-signature") == f"mac={len(body)}"

    def updates(self, body: bytes) -> list[Update]:
        return [Update(str(each), "{}") for each in json.loads(body).get("all", ())]


async def test_any_channel_can_take_part(tmp_path: Path) -> None:
    channels: dict[str, Channel] = {"zalo_oa": Called("zalo_oa")}
    async with serving(tmp_path, channels) as web:
        assert (await web.post("/webhook/zalo-oa", b"{}", {})).status == 200
        body = b'{"all":[1,2,3]}'
        assert (await web.post("/webhook/zalo-oa", body, {"X-Signature": "mac=1"})).status == 401
        assert (await web.post("/webhook/zalo-oa", body, {"X-SIGNATURE": "mac=15"})).status == 200
        assert [key for _, key, _ in web.stored()] == ["1", "2", "3"]


# -- in time --------------------------------------------------------------------------------------


@pytest.fixture
def stopped(web: Running) -> Iterator[Running]:
    """Somebody else holds the database's lock."""
    with web.app.db._writer.connect():
        yield web


async def test_a_database_that_is_busy_is_answered_with_503_in_time(stopped: Running) -> None:
    began = time.monotonic()
    answer = await stopped.post("/webhook/telegram", update(903), TELEGRAM)
    assert answer.status == 503
    assert time.monotonic() - began < 2


async def test_what_came_too_late_is_still_stored_and_once(tmp_path: Path) -> None:
    async with HttpClient() as http, serving(tmp_path, bots(http), 0.2) as web:
        with web.app.db._writer.connect():
            assert (await web.post("/webhook/telegram", update(904), TELEGRAM)).status == 503
        assert (await web.post("/webhook/telegram", update(904), TELEGRAM)).status == 200
        assert [key for _, key, _ in web.stored()] == ["904"]


async def test_a_broken_database_is_answered_with_503(web: Running) -> None:
    def drop(session: object) -> None:
        session.connection().exec_driver_sql("DROP TABLE inbound")  # type: ignore[attr-defined]

    await web.app.db.write(drop)
    answer = await web.post("/webhook/telegram", update(905), TELEGRAM)
    assert answer.status == 503
    assert answer.body == b""


async def test_a_caller_who_dawdles_is_answered_in_time(web: Running) -> None:
    head = "".join(f"{name}: {value}\r\n" for name, value in TELEGRAM.items())
    reader, writer = await asyncio.open_connection("127.0.0.1", web.port)
    began = time.monotonic()
    writer.write(
        f"POST /webhook/telegram HTTP/1.1\r\nHost: x\r\n{head}Content-Length: 99\r\n\r\n{{".encode()
    )
    answer = parsed(await asyncio.wait_for(reader.read(), 5))
    assert answer.status == 503
    assert time.monotonic() - began < 2
    await closed(writer)
    assert web.stored() == []


async def test_a_caller_who_hangs_up_harms_nobody(web: Running) -> None:
    for request in (b"POST /webhook/telegram HTTP/1.1\r\nContent-Le", b"\x16\x03\x01\x02\x00"):
        _, writer = await asyncio.open_connection("127.0.0.1", web.port)
        writer.write(request)
        await writer.drain()
        await closed(writer)
    assert (await web.post("/webhook/telegram", update(906), TELEGRAM)).status == 200
