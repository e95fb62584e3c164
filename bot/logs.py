"""Logging for the whole process: one stream, local time, and no secret in any line.

Tokens hide in URLs, in exception texts and in tracebacks of libraries, so levels alone do not help:
what a handler is about to write is searched as a whole, and before it is shortened.
"""

import contextlib
import json
import logging
import re
import sys
import threading
from collections.abc import Iterable
from contextvars import ContextVar
from datetime import datetime
from types import TracebackType
from typing import TextIO
from urllib.parse import quote, quote_plus
from zoneinfo import ZoneInfo

_ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(committee)s%(message)s"
_MASK = "[đã che]"
_SHORTEST = 6  # masking shorter secrets would hide half of every line and protect nothing
_LONGEST_ENTRY = 20_000
# The shape of a messenger's bot token, ours or not, also percent-encoded.
_TOKEN_SHAPE = re.compile(r"\d{6,}(?::|%3[aA])[A-Za-z0-9_-]{30,}")
# These tell more than anybody asked for below WARNING; httpx prints whole URLs at INFO.
_QUIET = ("aiohttp", "alembic", "apscheduler", "asyncio", "httpcore", "httpx", "telegram")

_LOGGER = logging.getLogger(__name__)

# Whose work is being done, where a process serves several committees: tasks, threads and timers
# inherit it from whoever began them.
COMMITTEE: ContextVar[str] = ContextVar("committee", default="")


class Redactor:
    """Hides given secrets, their encoded forms and their halves, and anything shaped like a token.

    secrets: tokens, keys, passwords as configured; blank and very short ones are ignored.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {form for secret in secrets for form in _forms(secret.strip())}
        # Longest first, so that a token is masked whole before its half is looked for.
        ordered = sorted((form for form in forms if len(form) >= _SHORTEST), key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, ordered)) or r"(?!)")

    def __call__(self, text: str) -> str:
        return _TOKEN_SHAPE.sub(_MASK, self._known.sub(_MASK, text))


class SharedRedactor(Redactor):
    """Hides what is secret of a whole installation. A line of one committee's is searched for that
    committee's secrets and the shared ones, since no other's can be in it; a line of nobody's is
    searched for all of them."""

    def __init__(self, secrets: Iterable[str]) -> None:
        super().__init__(secrets)
        self._of: dict[str, Redactor] = {}

    def learn(self, committee: str, secrets: Iterable[str]) -> None:
        """What is secret of this committee from now on."""
        self._of[committee] = Redactor(secrets)

    def __call__(self, text: str) -> str:
        mine = self._of.get(COMMITTEE.get())
        for each in [mine] if mine is not None else list(self._of.values()):
            text = each(text)
        return super().__call__(text)


class RedactingFormatter(logging.Formatter):
    """Formats as another formatter does, then masks secrets, then cuts what is far too long."""

    def __init__(self, redact: Redactor, inner: logging.Formatter | None = None) -> None:
        super().__init__(_FORMAT)
        self._redact = redact
        self._inner = inner

    def format(self, record: logging.LogRecord) -> str:
        text = self._redact(self._format(record))
        spare = len(text) - _LONGEST_ENTRY
        return text if spare <= 0 else f"{text[:_LONGEST_ENTRY]}… (bớt {spare} ký tự)"

    def _format(self, record: logging.LogRecord) -> str:
        """The line as it would be; logging itself prints a record that does not format in full."""
        try:
            return super().format(record) if self._inner is None else self._inner.format(record)
        except Exception as error:  # noqa: BLE001 -- whatever a caller passed, a log must not fail
            return f"{record.name}: {record.msg!r} % {record.args!r} ({type(error).__name__})"

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        """With the committee in front, where there are several."""
        name = COMMITTEE.get()
        record.committee = f"[{name}] " if name else ""
        return super().formatMessage(record)

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: ARG002, N802
        """Local time with its offset, to the millisecond."""
        return datetime.fromtimestamp(record.created, _ZONE).isoformat(timespec="milliseconds")


def configure(
    level: int | str, secrets: Iterable[str] | Redactor, stream: TextIO | None = None
) -> Redactor:
    """Send every log of the process to `stream` (standard error), redacted; warnings and uncaught
    exceptions too. Handlers that others had put on any logger stay, redacted as well. `secrets`:
    what must never be printed, or who knows it.

    May be called again: the last call counts. Returns the redactor, for text that is no log.
    Raises ValueError for an unknown level.
    """
    redact = secrets if isinstance(secrets, Redactor) else Redactor(secrets)
    root = logging.getLogger()
    root.setLevel(level)
    for old in [handler for handler in root.handlers if isinstance(handler, _Ours)]:
        root.removeHandler(old)
    root.addHandler(_Ours(stream or sys.stderr))
    for handler in _all_handlers():
        protect(handler, redact)
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    logging.captureWarnings(capture=True)
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread
    return redact


def protect(handler: logging.Handler, redact: Redactor) -> None:
    """Make a handler that a library brought along mask secrets, keeping its own format."""
    inner = handler.formatter
    if isinstance(inner, RedactingFormatter):
        inner = inner._inner  # noqa: SLF001 -- the same class; the newest secrets count
    handler.setFormatter(RedactingFormatter(redact, inner))


class _Ours(logging.StreamHandler[TextIO]):
    """The handler `configure` made, told from others'."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Say that a line could not be written, and not, as logging does, the line itself."""
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write(f"{record.levelname} {record.name}: không ghi được nhật ký\n")


def _all_handlers() -> list[logging.Handler]:
    loggers = [logging.getLogger(), *logging.Logger.manager.loggerDict.values()]
    return [
        handler
        for logger in loggers
        if isinstance(logger, logging.Logger)
        for handler in logger.handlers
    ]


def _forms(secret: str) -> Iterable[str]:
    """A secret and its second half as text may hold them: raw, percent-encoded, JSON, repr."""
    half = secret.partition(":")[2]
    for text in (secret, half):
        if len(text) >= _SHORTEST:
            yield from (text, quote(text), quote(text, safe=""), quote_plus(text))
            yield from (json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1])
            yield repr(text)[1:-1]


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    _LOGGER.critical("lỗi không lường trước", exc_info=(kind, error, trace))


def _uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None:
        _uncaught(args.exc_type, args.exc_value, args.exc_traceback)
