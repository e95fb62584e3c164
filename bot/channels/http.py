"""The one HTTP client of all channels: aiohttp, with timeouts everywhere and no URL in any error.

Messengers put their token into the URL, so nothing here logs or repeats one.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace, TracebackType
from typing import Self

import aiohttp
from yarl import URL

from bot.channels.outside import PublicResolver, check_public

_CHUNK = 64 * 1024
_DOWNLOAD = 300.0  # seconds a whole file may take
_HOPS = 4
_REDIRECTS = (301, 302, 303, 307, 308)


class HttpError(Exception):
    """No usable answer came.

    sent: False where the request certainly never left (refused, unknown name, TLS, no free
    connection): it may be repeated at will. True where it may have been received and obeyed.
    """

    def __init__(self, text: str, *, sent: bool) -> None:
        super().__init__(text)
        self.text = text
        self.sent = sent


class TooLongError(HttpError):
    """The server has more to say than was wanted; the rest was not read."""

    def __init__(self) -> None:
        super().__init__("câu trả lời của máy chủ dài quá mức cho phép", sent=True)


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
        self._outside: aiohttp.ClientSession | None = None

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
        sessions = (self._session, self._outside)
        self._session = self._outside = None
        for session in sessions:
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

    async def download(self, url: str, most: int, *, public: bool = False) -> HttpAnswer:
        """GET at most `most` bytes, within five minutes; the answer, whatever its status.

        public: the address was named by somebody else. Only HTTPS to hosts on the public internet
        is asked, also after a redirect; without it no redirect is followed. Raises
        :class:`TooLongError`, and :class:`HttpError` where no whole answer came.
        """
        try:
            async with asyncio.timeout(_DOWNLOAD):
                return await (self._outside_answer(url, most) if public else self._get(url, most))
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            failure = HttpError(_describe(error), sent=True)
        # Raised out here: inside, it would carry aiohttp's exception, which names the URL.
        raise failure

    async def _get(self, url: str, most: int) -> HttpAnswer:
        async with self._open().get(
            url,
            allow_redirects=False,
            timeout=self._limits(self.timeout, _DOWNLOAD),
            trace_request_ctx=_Progress(),
        ) as response:
            return await self._answer(response, most)

    async def _outside_answer(self, url: str, most: int) -> HttpAnswer:
        """Redirects are followed by hand: each of them is an address that somebody else named."""
        limits = self._limits(self.timeout, _DOWNLOAD)
        for _ in range(_HOPS):
            check_public(url)
            session = self._open_outside()
            async with session.get(url, allow_redirects=False, timeout=limits) as response:
                onward = response.headers.get("Location")
                if onward is None or response.status not in _REDIRECTS:
                    return await self._answer(response, most)
                url = str(response.url.join(URL(onward)))
        raise aiohttp.ClientError("too many redirects")

    def _limits(self, wait: float, total: float | None = None) -> aiohttp.ClientTimeout:
        return aiohttp.ClientTimeout(
            total=total or self.connect_timeout + wait,
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

    def _open_outside(self) -> aiohttp.ClientSession:
        """For addresses others name: no name may lead to this machine or its network."""
        if self._outside is None or self._outside.closed:
            self._outside = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=4, resolver=PublicResolver()),
                trust_env=self._trust_env,
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._outside

    async def _answer(
        self, response: aiohttp.ClientResponse, most: int | None = None
    ) -> HttpAnswer:
        body = bytearray()
        longest = self._max_answer if most is None else most
        if most is not None and (response.content_length or 0) > most:
            raise TooLongError
        async for chunk in response.content.iter_chunked(_CHUNK):
            body += chunk
            if len(body) > longest:
                raise TooLongError
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
