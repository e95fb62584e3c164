"""The one HTTP client of all channels: aiohttp, with timeouts everywhere and no URL in any error.

Messengers put their token into the URL, so nothing here logs or repeats one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace, TracebackType
from typing import Self

import aiohttp

_CHUNK = 64 * 1024


class HttpError(Exception):
    """No usable answer came.

    sent: False where the request certainly never left (refused, unknown name, TLS, no free
    connection): it may be repeated at will. True where it may have been received and obeyed.
    """

    def __init__(self, text: str, *, sent: bool) -> None:
        super().__init__(text)
        self.text = text
        self.sent = sent


@dataclass(frozen=True, slots=True)
class Upload:
    """One file of a multipart form."""

    name: str
    content: bytes
    mime: str = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What the server said, whatever the status. Header names are lower-case."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Progress:
    """How far a request got; aiohttp's tracing marks it just before the first byte is written."""

    left: bool = False


class HttpClient:
    """A pool of connections, opened with the first request and closed by :meth:`close`.

    connect_timeout and timeout are seconds: to get a connection, and to wait for the server
    between two pieces of its answer. `proxy_from_environment` honours HTTP(S)_PROXY and .netrc.
    """

    def __init__(
        self,
        *,
        connect_timeout: float = 10.0,
        timeout: float = 30.0,
        connections: int = 64,
        proxy_from_environment: bool = False,
        max_answer: int = 20 * 1024 * 1024,
    ) -> None:
        self.connect_timeout = connect_timeout
        self.timeout = timeout
        self._connections = connections
        self._trust_env = proxy_from_environment
        self._max_answer = max_answer
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every connection; a later request opens a new pool."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def request(
        self,
        method: str,
        url: str,
        *,
        json: object | None = None,
        form: Mapping[str, str] | None = None,
        files: Mapping[str, Upload] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 -- a socket timeout, told from a lost server
    ) -> HttpAnswer:
        """Send one request, follow no redirect, and return the answer whatever its status.

        Raises :class:`HttpError` where no whole answer came. Never repeats a request by itself.
        """
        progress = _Progress()
        wait = self.timeout if timeout is None else timeout
        try:
            async with self._open().request(
                method,
                url,
                json=json,
                data=_body(form, files),
                headers=headers,
                allow_redirects=False,
                timeout=self._limits(wait),
                trace_request_ctx=progress,
            ) as response:
                return await self._answer(response)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            failure = HttpError(_describe(error), sent=progress.left)
        # Raised out here: inside, it would carry aiohttp's exception, which names the URL.
        raise failure

    def _limits(self, wait: float) -> aiohttp.ClientTimeout:
        return aiohttp.ClientTimeout(
            total=self.connect_timeout + wait,
            connect=self.connect_timeout,
            sock_connect=self.connect_timeout,
            sock_read=wait,
        )

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            trace = aiohttp.TraceConfig()
            trace.on_request_headers_sent.append(_mark)
            self._session = aiohttp.ClientSession(
                # Servers keep idle connections for a minute or more; giving them up earlier
                # ourselves avoids writing into one that is just being closed.
                connector=aiohttp.TCPConnector(limit=self._connections, keepalive_timeout=15.0),
                trust_env=self._trust_env,
                trace_configs=[trace],
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session

    async def _answer(self, response: aiohttp.ClientResponse) -> HttpAnswer:
        body = bytearray()
        async for chunk in response.content.iter_chunked(_CHUNK):
            body += chunk
            if len(body) > self._max_answer:
                raise ValueError("answer too large")
        headers = {name.lower(): value for name, value in response.headers.items()}
        return HttpAnswer(response.status, bytes(body), headers)


async def _mark(
    _session: aiohttp.ClientSession,
    context: SimpleNamespace,
    _params: aiohttp.TraceRequestHeadersSentParams,
) -> None:
    context.trace_request_ctx.left = True


def _body(
    form: Mapping[str, str] | None, files: Mapping[str, Upload] | None
) -> Mapping[str, str] | aiohttp.FormData | None:
    if not files:
        return form
    # File names go out in UTF-8 as they are; percent-encoded, people would see them so.
    data = aiohttp.FormData(quote_fields=False)
    for name, value in (form or {}).items():
        data.add_field(name, value)
    for name, upload in files.items():
        data.add_field(name, upload.content, filename=upload.name, content_type=upload.mime)
    return data


_CAUSES: tuple[tuple[type[Exception], str], ...] = (
    (aiohttp.ClientConnectorDNSError, "không tìm thấy tên máy chủ"),
    (aiohttp.ClientSSLError, "chứng thư TLS của máy chủ không hợp lệ hoặc bắt tay TLS không thành"),
    (aiohttp.ClientProxyConnectionError, "không kết nối được máy chủ proxy"),
    (aiohttp.ClientConnectorError, "không kết nối được máy chủ"),
    (aiohttp.ConnectionTimeoutError, "quá thời gian chờ kết nối máy chủ"),
    (aiohttp.InvalidURL, "địa chỉ máy chủ không hợp lệ"),
    (aiohttp.ClientHttpProxyError, "máy chủ proxy từ chối"),
    (TimeoutError, "quá thời gian chờ máy chủ trả lời"),
    (aiohttp.ClientPayloadError, "câu trả lời của máy chủ bị đứt giữa chừng"),
    (aiohttp.ClientConnectionError, "máy chủ ngắt kết nối giữa chừng"),
    (ConnectionError, "máy chủ ngắt kết nối giữa chừng"),
    (Exception, "câu trả lời của máy chủ không đọc được"),
)


def _describe(error: Exception) -> str:
    """The cause in Vietnamese and the exception's class; never its text, which holds the URL."""
    words = next(words for kind, words in _CAUSES if isinstance(error, kind))
    return f"{words} ({type(error).__name__})"
