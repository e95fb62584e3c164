"""The server's own life: when it is loaded, where it listens, how it ends."""

import asyncio
import contextlib
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bot.settings import ConfigTrouble, Settings, load
from bot.web.server import WebServer, listen
from tests.bot.web.conftest import serving, settings_in
from tests.e2e.process import ROOT
from tests.world import eventually

HEAVY = ("fastapi", "starlette", "uvicorn", "prometheus_client", "icalendar")


def test_without_a_web_server_its_libraries_stay_out_of_memory() -> None:
    said = subprocess.run(
        [sys.executable, "-c", "import bot.app, bot.cli, sys; print(*sorted(sys.modules))"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert [name for name in HEAVY if name in said.stdout.split()] == []


def test_a_port_in_use_is_told_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigTrouble) as refusal:
            listen("127.0.0.1", port)
    text = str(refusal.value)
    assert str(port) in text
    assert "đổi [web] host, port" in text
    assert len(text.splitlines()) == 1


@pytest.mark.parametrize("host", ["192.0.2.1", "khong.co.invalid", "a" * 300])
def test_a_host_that_is_not_ours_is_told_in_one_line(host: str) -> None:
    with pytest.raises(ConfigTrouble, match="Không mở được cổng"):
        listen(host, 0)


async def test_it_leaves_signals_to_the_process(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)
    async with serving(tmp_path, {}) as web:
        assert (await web.get("/healthz")).status == 200
        assert signal.getsignal(signal.SIGTERM) is before


async def test_it_ends_in_time_with_a_caller_on_the_line(tmp_path: Path) -> None:
    async with serving(tmp_path, {}) as web:
        server = WebServer(web.app.site())
        running = asyncio.create_task(server.run())
        await eventually(lambda: server._server.started, "the server")
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"POST /webhook/telegram HTTP/1.1\r\nContent-Length: 99\r\n\r\n{")
        await writer.drain()
        began = time.monotonic()
        running.cancel()
        await asyncio.wait([running])
        assert time.monotonic() - began < 3.4
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", server.port)
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


# -- settings -------------------------------------------------------------------------------------


def loaded(folder: Path, text: str) -> Settings:
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return load(path)


@pytest.mark.parametrize(
    ("text", "trouble"),
    [
        ('[web]\npublic_url = "dondoc.vn"', "public_url"),
        ('[web]\npublic_url = "ftp://dondoc.vn"', "public_url"),
        ('[web]\npublic_url = "https://dondoc.vn/?a=1"', "public_url"),
        ('[web]\npublic_url = "https://ten:mk@dondoc.vn"', "public_url"),
        ("[web]\nport = 70000", "port"),
        ('[web]\nmode = "yes"', "mode"),
        ('[telegram]\nwebhook_secret = "ngan"', "webhook_secret"),
        ('[telegram]\nwebhook_secret = "có dấu và khoảng trắng"', "webhook_secret"),
        ('[telegram]\ntoken = "1:x"\nmode = "webhook"', 'mode = "on"'),
        ('[zalo]\ntoken = "1:x"\nmode = "webhook"\n[web]\nmode = "on"', "HTTPS"),
        (('[zalo]\ntoken = "1:x"\nmode = "webhook"\n'
          '[web]\nmode = "on"\npublic_url = "http://dondoc.vn"'), "HTTPS"),
    ],
)  # fmt: skip
def test_settings_that_cannot_work_are_told(tmp_path: Path, text: str, trouble: str) -> None:
    with pytest.raises(ConfigTrouble) as refusal:
        loaded(tmp_path, text)
    assert trouble in str(refusal.value)
    assert len(str(refusal.value).splitlines()) == 1


def test_a_secret_is_made_from_the_token_and_kept_from_logs(tmp_path: Path) -> None:
    text = (
        '[telegram]\ntoken = "1:x"\nmode = "webhook"\n[zalo]\ntoken = "1:y"\n[web]\nmode = "on"\n'
    )
    settings = loaded(tmp_path, text + 'public_url = "https://dondoc.vn/"')
    assert settings.web.public_url == "https://dondoc.vn"
    made = settings.telegram.shown_secret
    assert len(made) == 64
    assert made != settings.zalo.shown_secret
    assert made in settings.secrets()
    assert made not in repr(settings)
    assert settings_in(tmp_path).telegram.shown_secret == ""


def test_a_file_with_a_webhooks_secret_must_be_private(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    for text in ('[telegram]\nwebhook_secret = "abcdefghijklmnop"', '[web]\nmetrics_token = "x"',
                 '[web]\nping_url = "https://x.example/abc"'):  # fmt: skip
        path.write_text(text, encoding="utf-8")
        path.chmod(0o644)
        with pytest.raises(ConfigTrouble, match="chmod 600"):
            load(path)
