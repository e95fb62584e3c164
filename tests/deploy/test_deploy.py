"""What lies in deploy/, checked by the programs that will read it, where they are installed."""

import asyncio
import contextlib
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.channels.http import HttpClient
from bot.web.answers import MOST_BODY
from tests.bot.web.conftest import SECRET, TELEGRAM, bots, parsed, serving, update
from tests.called import free_port
from tests.e2e.process import ROOT
from tests.world import eventually

DEPLOY = ROOT / "deploy"
SITE = DEPLOY / "nginx-dondoc.conf"
UNITS = ("dondoc.service",)
# Tenths of systemd's exposure level; docs/trien-khai.md names what was measured.
MOST_EXPOSED = {"dondoc.service": 15}


def needs(*programs: str) -> pytest.MarkDecorator:
    missing = [name for name in programs if shutil.which(name) is None]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")


@pytest.fixture
def units(tmp_path: Path) -> list[Path]:
    """The units with a program that exists in place of ours."""
    made = []
    for name in UNITS:
        text = (
            (DEPLOY / name).read_text("utf-8").replace("/opt/dondoc/venv/bin/dondoc", "/bin/true")
        )
        (tmp_path / name).write_text(text, "utf-8")
        made.append(tmp_path / name)
    return made


@needs("systemd-analyze")
def test_systemd_takes_the_units(units: list[Path]) -> None:
    said = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *map(str, units)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    ours = [line for line in said.stderr.splitlines() if "dondoc" in line]
    assert (said.returncode, ours) == (0, [])


@needs("systemd-analyze")
@pytest.mark.parametrize("name", MOST_EXPOSED)
def test_the_units_are_as_closed_as_the_guide_says(name: str, units: list[Path]) -> None:
    path = next(path for path in units if path.name == name)
    said = subprocess.run(
        ["systemd-analyze", "security", "--offline=true",
         f"--threshold={MOST_EXPOSED[name]}", str(path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if "unrecognized option" in said.stderr:
        pytest.skip("this systemd cannot look at a unit offline")
    assert said.returncode == 0, said.stdout.splitlines()[-1]


def nginx_conf(folder: Path, upstream: int, plain: int, secure: int) -> Path:
    """A whole configuration around the site, on ports and with a certificate of the test's own."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1",
         "-subj", "/CN=dondoc.example.gov.vn", "-keyout", str(folder / "key.pem"),
         "-out", str(folder / "cert.pem")],
        capture_output=True, check=True,
    )  # fmt: skip
    site = SITE.read_text("utf-8")
    for old, new in (
        ("/etc/ssl/dondoc/fullchain.pem", str(folder / "cert.pem")),
        ("/etc/ssl/dondoc/privkey.pem", str(folder / "key.pem")),
        ("/var/log/nginx/", f"{folder}/"),
        ("listen 80;", f"listen 127.0.0.1:{plain};"),
        ("listen [::]:80;", ""),
        ("listen 443 ssl;", f"listen 127.0.0.1:{secure} ssl;"),
        ("listen [::]:443 ssl;", ""),
        ("127.0.0.1:8080", f"127.0.0.1:{upstream}"),
    ):
        assert old in site, old
        site = site.replace(old, new)
    (folder / "site.conf").write_text(site, "utf-8")
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in
        ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )  # fmt: skip
    conf = folder / "nginx.conf"
    conf.write_text(
        f"pid {folder}/nginx.pid; worker_processes 1; error_log {folder}/error.log;"
        f"events {{ worker_connections 128; }}"
        f"http {{ {temporary} include {folder}/site.conf; }}",
        "utf-8",
    )
    return conf


@needs("nginx", "openssl")
def test_nginx_takes_the_site(tmp_path: Path) -> None:
    conf = nginx_conf(tmp_path, 8080, free_port(), free_port())
    said = subprocess.run(
        ["nginx", "-t", "-p", str(tmp_path), "-c", str(conf)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert said.returncode == 0, said.stderr
    assert "[warn]" not in said.stderr


@contextlib.asynccontextmanager
async def nginx(folder: Path, upstream: int) -> AsyncIterator[int]:
    """nginx in front of the server; the port of its HTTPS."""
    secure = free_port()
    conf = nginx_conf(folder, upstream, free_port(), secure)
    process = await asyncio.create_subprocess_exec(
        "nginx", "-p", str(folder), "-c", str(conf), "-g", "daemon off;"
    )
    try:
        await eventually((folder / "nginx.pid").exists, "nginx")
        yield secure
    finally:
        process.terminate()
        await process.wait()


async def ask(port: int, method: str, path: str, body: bytes = b"", **headers: str) -> int:
    """One request over TLS; the status."""
    trust = ssl.create_default_context()
    trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trust)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in named.items())
    head = f"{method} {path} HTTP/1.1\r\nHost: dondoc.example.gov.vn\r\nConnection: close\r\n"
    writer.write(f"{head}{lines}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    answer = parsed(await asyncio.wait_for(reader.read(), 10))
    writer.close()
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        await writer.wait_closed()
    return answer.status


@needs("nginx", "openssl")
async def test_behind_nginx_only_what_is_meant_for_the_world_is_open(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    async with (
        HttpClient() as http,
        serving(tmp_path_factory.mktemp("data"), bots(http)) as web,
        nginx(tmp_path, web.port) as port,
    ):
        secret = TELEGRAM["X-Telegram-Bot-Api-Secret-Token"]
        hook = "/webhook/telegram"
        assert secret == SECRET
        shown = {"X_Telegram_Bot_Api_Secret_Token": secret}
        assert await ask(port, "POST", hook, update(7), **shown) == 200
        assert await ask(port, "POST", hook, update(8)) == 401
        assert await ask(port, "POST", hook, b" " * (MOST_BODY + 1), **shown) == 413
        assert [key for _, key, _ in web.stored()] == ["7"]
        assert await ask(port, "GET", "/healthz") == 200
        for hidden in ("/metrics", "/readyz", "/", "/docs"):
            assert await ask(port, "GET", hidden) == 404, hidden
        assert await ask(port, "GET", "/tep/ma-cua-tep/ten.docx") == 404
        assert await ask(port, "POST", "/ical/ma-cua-lich.ics") == 403
        assert await ask(port, "GET", "/ical/ma-cua-lich.ics") == 404
    log = (tmp_path / "dondoc.log").read_text("utf-8")
    assert "/webhook/telegram 200" in log
    assert "/ical/- 404" in log
    assert "ma-cua" not in log
