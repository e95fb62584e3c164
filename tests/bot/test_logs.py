"""No secret reaches a log, however it gets into a record."""

import io
import logging
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from urllib.parse import quote

import pytest

from bot.logs import Redactor, configure

TOKEN = "1234567890:AAEhBOweik6ad6PsVmGQ_-abcdefghijklmn"  # noqa: S105 -- made up
HALF = TOKEN.partition(":")[2]
PASSWORD = 'mật khẩu "rất" dài'  # noqa: S105 -- made up
LOGGER = logging.getLogger("dondoc.test")


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Logs as configured, and everything as it was afterwards."""
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    formatters = [handler.formatter for handler in handlers]
    hooks = sys.excepthook, threading.excepthook
    stream = io.StringIO()
    configure("DEBUG", [TOKEN, PASSWORD, ""], stream)
    yield stream
    logging.captureWarnings(capture=False)
    sys.excepthook, threading.excepthook = hooks
    root.handlers = handlers
    for handler, formatter in zip(handlers, formatters, strict=True):
        handler.setFormatter(formatter)
    root.setLevel(level)


def connect(text: str) -> None:
    raise ConnectionError(f"POST https://api.telegram.org/bot{text}/sendMessage")


def fail_with(text: str) -> None:
    try:
        try:
            connect(text)
        except ConnectionError as error:
            raise RuntimeError(f"không gửi được {text}") from error
    except RuntimeError:
        LOGGER.exception("gửi tin")


WAYS: dict[str, Callable[[], None]] = {
    "message": lambda: LOGGER.info(f"https://api.telegram.org/bot{TOKEN}/getMe"),  # noqa: G004
    "argument": lambda: LOGGER.warning("url %s", f"/bot{TOKEN}/getMe"),
    "object": lambda: LOGGER.warning("%r", {"token": TOKEN, "bytes": TOKEN.encode()}),
    "half": lambda: LOGGER.warning("khóa %s", HALF),
    "encoded": lambda: LOGGER.warning("url %s", quote(TOKEN, safe="")),
    "traceback": lambda: fail_with(TOKEN),
    "stack": lambda: LOGGER.warning("ở đây", stack_info=True, extra={"ignored": TOKEN}),
    "broken": lambda: LOGGER.warning("%d giây", TOKEN),
    "long": lambda: LOGGER.warning("%s", "x" * (20_000 - 20) + TOKEN),
    "password": lambda: LOGGER.warning("url %s %r", quote(PASSWORD), PASSWORD),
    "warning": lambda: warnings.warn(f"bot{TOKEN}", ResourceWarning, stacklevel=1),
    "library": lambda: logging.getLogger("httpx").warning("HTTP Request: bot%s", TOKEN),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_secret_is_masked(stream: io.StringIO, way: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        WAYS[way]()
    logged = stream.getvalue()
    assert logged
    for secret in (TOKEN, HALF, HALF[:20], quote(TOKEN, safe=""), PASSWORD, quote(PASSWORD)):
        assert secret not in logged


def test_the_rest_of_a_line_stays_readable(stream: io.StringIO) -> None:
    LOGGER.warning("gửi tới /bot%s/sendMessage chậm %d giây", TOKEN, 3)
    assert "WARNING dondoc.test: gửi tới /bot[đã che]/sendMessage chậm 3 giây" in stream.getvalue()
    assert "+07:00 " in stream.getvalue()


def test_a_token_of_another_bot_is_masked_too() -> None:
    stranger = "987654321:BBxyzBBxyzBBxyzBBxyzBBxyzBBxyzBBxyz"
    assert Redactor([])(f"a {stranger} b {quote(stranger, safe='')}") == "a [đã che] b [đã che]"


def test_ordinary_text_is_left_alone() -> None:
    text = "Hạn 24/12/2026 16:30:00, văn bản 45/BC-SYT, lần 127:2"
    assert Redactor(["", "  ", "127", TOKEN])(text) == text


def test_handlers_of_others_are_redacted_and_keep_their_format(stream: io.StringIO) -> None:
    theirs = io.StringIO()
    handler = logging.StreamHandler(theirs)
    handler.setFormatter(logging.Formatter("<<%(message)s>>"))
    library = logging.getLogger("some.library")
    library.addHandler(handler)
    try:
        configure("INFO", [TOKEN], stream)
        configure("INFO", [TOKEN, "bí-mật-mới"], stream)
        library.warning("%s và bí-mật-mới", TOKEN)
    finally:
        library.removeHandler(handler)
    assert theirs.getvalue() == "<<[đã che] và [đã che]>>\n"


def test_configuring_twice_writes_each_line_once(stream: io.StringIO) -> None:
    configure("INFO", [TOKEN], stream)
    LOGGER.warning("một lần")
    assert stream.getvalue().count("một lần") == 1


@pytest.mark.parametrize(
    "name", ["httpx", "httpcore.connection", "aiohttp.access", "telegram.Bot", "apscheduler"]
)
def test_talkative_libraries_are_quiet(stream: io.StringIO, name: str) -> None:
    logging.getLogger(name).info("nói nhiều")
    assert "nói nhiều" not in stream.getvalue()


def test_an_uncaught_exception_is_redacted() -> None:
    code = (
        "import threading; from bot.logs import configure\n"
        f"configure('INFO', [{TOKEN!r}])\n"
        f"t = threading.Thread(target=lambda: 1/0, name={TOKEN!r}); t.start(); t.join()\n"
        f"raise RuntimeError('bot' + {TOKEN!r})\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "RuntimeError: bot[đã che]" in done.stderr
    assert "ZeroDivisionError" in done.stderr
    assert HALF not in done.stderr + done.stdout


def test_a_stream_that_fails_does_not_show_the_line_elsewhere(
    stream: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    configure("INFO", [TOKEN], io.TextIOWrapper(io.BytesIO(), "ascii"))
    LOGGER.warning("tiếng Việt %s", TOKEN)
    shown = capsys.readouterr().err
    assert "không ghi được nhật ký" in shown
    assert HALF not in shown + stream.getvalue()


def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(ValueError, match="Unknown level"):
        configure("LOUD", [])
