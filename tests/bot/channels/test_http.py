"""The HTTP client tells what certainly never left from what may have arrived."""

import asyncio
import socket
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from bot.channels.http import HttpClient, HttpError, Upload

PATH = "/bot1234567:SECRETSECRETSECRETSECRETSECRET/sendMessage"
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Raw = Callable[[Serve], Awaitable[str]]


@pytest.fixture
async def raw() -> AsyncIterator[Raw]:
    """Start servers that speak as badly as a test needs."""
    servers: list[asyncio.Server] = []

    async def start(serve: Serve) -> str:
        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await serve(reader, writer)
            finally:
                writer.close()

        server = await asyncio.start_server(handle, "127.0.0.1", 0)
        servers.append(server)
        return f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    yield start
    for server in servers:
        server.close()
        await server.wait_closed()


async def fails(http: HttpClient, url: str, **options: float) -> HttpError:
    with pytest.raises(HttpError) as caught:
        await http.request("POST", url + PATH, form={"text": "xong"}, **options)  # type: ignore[arg-type]
    shown = "".join(traceback.format_exception(caught.value))
    assert "SECRET" not in shown
    assert "127.0.0.1" not in shown
    return caught.value


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_a_refused_connection_was_not_sent(http: HttpClient) -> None:
    error = await fails(http, f"http://127.0.0.1:{free_port()}")
    assert not error.sent
    assert "không kết nối được máy chủ" in error.text


async def test_an_unknown_name_was_not_sent(http: HttpClient) -> None:
    error = await fails(http, "http://khong-co-may-chu.invalid")
    assert not error.sent


async def test_a_broken_address_was_not_sent(http: HttpClient) -> None:
    assert not (await fails(http, "http://[::1")).sent
    assert not (await fails(http, "không phải địa chỉ")).sent


async def test_a_failed_tls_handshake_was_not_sent(http: HttpClient, raw: Raw) -> None:
    async def no_tls(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    url = await raw(no_tls)
    error = await fails(http, url.replace("http:", "https:"))
    assert not error.sent


async def test_a_server_that_does_not_accept_was_not_sent(raw: Raw) -> None:
    """The handshake never ends: nothing of the request has left."""

    async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    url = await raw(silent)
    async with HttpClient(connect_timeout=0.2, timeout=5) as http:
        error = await fails(http, url.replace("http:", "https:"))
    assert not error.sent


async def test_a_full_pool_was_not_sent(raw: Raw) -> None:
    async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        while await reader.read(1000):
            pass

    url = await raw(silent)
    async with HttpClient(connect_timeout=0.2, timeout=2, connections=1) as http:
        first = asyncio.create_task(http.request("GET", url))
        await asyncio.sleep(0.05)
        error = await fails(http, url)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
    assert not error.sent


async def test_silence_after_the_request_is_uncertain(http: HttpClient, raw: Raw) -> None:
    async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        while await reader.read(1000):
            pass

    error = await fails(http, await raw(silent), timeout=0.2)
    assert error.sent
    assert "quá thời gian chờ máy chủ trả lời" in error.text


async def test_a_connection_cut_after_the_request_is_uncertain(http: HttpClient, raw: Raw) -> None:
    async def cut(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"xong")

    assert (await fails(http, await raw(cut))).sent


async def test_a_truncated_answer_is_uncertain(http: HttpClient, raw: Raw) -> None:
    async def truncate(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"xong")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")

    assert (await fails(http, await raw(truncate))).sent


async def test_noise_instead_of_http_is_uncertain(http: HttpClient, raw: Raw) -> None:
    async def noise(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"xong")
        writer.write(b"\x00\xff\x00\xff\r\n\r\n")

    assert (await fails(http, await raw(noise))).sent


async def test_an_endless_answer_is_given_up(raw: Raw) -> None:
    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"xong")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n" + b"x" * 90000)
        await writer.drain()

    async with HttpClient(max_answer=80_000) as http:
        assert (await fails(http, await raw(endless))).sent


async def test_redirects_are_answers_and_a_request_is_never_repeated(
    http: HttpClient, raw: Raw
) -> None:
    seen: list[bytes] = []

    async def redirect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n")

    answer = await http.request("POST", await raw(redirect), json={"a": 1})
    assert (answer.status, answer.body, answer.headers["location"]) == (302, b"", "/x")
    assert len(seen) == 1


async def test_files_travel_as_a_multipart_form(http: HttpClient, raw: Raw) -> None:
    seen: list[bytes] = []

    async def keep(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        seen.extend((head, await reader.readexactly(length)))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    upload = Upload("báo cáo.docx", b"PK\x03", "application/zip")
    answer = await http.request(
        "POST", await raw(keep), form={"a": "b"}, files={"document": upload}
    )
    assert answer.body == b"ok"
    assert b"multipart/form-data" in seen[0]
    assert b"PK\x03" in seen[1]


async def test_a_proxy_of_the_environment_is_used_only_when_asked(
    raw: Raw, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def direct(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    url = await raw(direct)
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    async with HttpClient() as http:
        assert (await http.request("GET", url)).status == 200
    async with HttpClient(proxy_from_environment=True) as http:
        assert not (await fails(http, url)).sent


async def test_a_closed_client_opens_again(http: HttpClient, raw: Raw) -> None:
    async def fine(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    url = await raw(fine)
    assert (await http.request("GET", url)).status == 200
    await http.close()
    await http.close()
    assert (await http.request("GET", url)).status == 200
