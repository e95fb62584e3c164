"""The only Jinja2 environment: a template and its facts -> one text, as HTML and as plain text.

Templates are written once, in the HTML messengers understand (b, i, u, s, a, code; no tag spans a
line break); the plain text is what remains without the tags. An office may override any template
from a folder of its own; an override that fails is reported and the built-in one speaks instead.
"""

import html
import logging
import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import CodeType
from typing import Any

from jinja2 import BytecodeCache, ChoiceLoader, Environment, FileSystemLoader, StrictUndefined, meta
from jinja2.bccache import Bucket
from jinja2.sandbox import SandboxedEnvironment
from markupsafe import Markup

from reports.sandbox import OfficeEnvironment, budget
from reports.vietnamese import FILTERS, one_line

log = logging.getLogger(__name__)

BUILT_IN = Path(__file__).resolve().parents[1] / "templates"
SUFFIX = ".html.j2"

_TAG = re.compile(r"</?(?:b|i|u|s|a|code)(?: [^<>]*)?>")
_OPEN = re.compile(r'<(?:b|i|u|s|code|a href="[^"<>\n]*")>')
_LINK = re.compile(r'<a href="([^"<>]*)">(.*?)</a>')
_BLANK_LINES = re.compile(r"\n{3,}")


class BadMarkup(ValueError):
    """A text that messengers would refuse: a tag unknown, unclosed, or open across a line break."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """What is to be said, twice: as HTML and as the plain text derived from it."""

    html: str
    plain: str


@dataclass(frozen=True, slots=True)
class Problem:
    """A template that cannot be used, and why."""

    template: str
    reason: str


class Renderer:
    """Finds the words. `templates_dir`: the office's own folder, looked into first; where a
    template of its fails, the built-in one speaks, unless `strict` (to find out what fails)."""

    def __init__(self, templates_dir: Path | None = None, *, strict: bool = False) -> None:
        self._folder = templates_dir
        self._strict = strict
        self._built_in = _built_in()
        self._env = self._built_in
        if templates_dir is not None:
            self._env = _office(templates_dir)
        self._reported: set[tuple[str, str]] = set()

    def render(self, name: str, /, **context: Any) -> Rendered:
        """The template's text, e.g. render("messages/reminder", ...).

        Raises jinja2.TemplateError, ValueError or BadMarkup where the built-in template itself
        fails.
        """
        path = name.removesuffix(SUFFIX) + SUFFIX
        if self._folder is not None:
            try:
                with budget():
                    return _finish(self._env.get_template(path).render(context))
            except Exception as error:  # an office's own template may fail in any way
                if self._strict:
                    raise
                self._report(path, error)
        return _finish(self._built_in.get_template(path).render(context))

    def _report(self, path: str, error: Exception) -> None:
        """Say it once for each cause: a broken override fails a hundred times every morning."""
        cause = (path, repr(error))
        if cause not in self._reported:
            self._reported.add(cause)
            log.warning("template %s of templates_dir failed, using ours: %r", path, error)

    def problems(self) -> list[Problem]:
        """What can be said of the office's folder without rendering: files that cannot be read as
        templates, and files that override nothing (a misspelt name)."""
        if self._folder is None:
            return []
        if not self._folder.is_dir():
            return [Problem(str(self._folder), "không có thư mục này")]
        files = sorted(self._folder.rglob("*.j2"))
        names = [path.relative_to(self._folder).as_posix() for path in files]
        return [problem for name in names for problem in self._problems_of(name)]

    def _problems_of(self, name: str) -> list[Problem]:
        if not (BUILT_IN / name).is_file():
            return [Problem(name, "không thay cho mẫu nào; hãy kiểm tra lại tên tệp")]
        try:
            self._env.get_template(name)
        except Exception as error:  # noqa: BLE001 -- whatever fails is what is asked for
            return [Problem(name, f"{type(error).__name__}: {error}")]
        strange = self._names(self._env, name) - self._names(self._built_in, name)
        return [Problem(name, f"không có dữ liệu tên {each!r}") for each in sorted(strange)]

    @staticmethod
    def _names(env: Environment, name: str) -> set[str]:
        """The names a template expects to be given."""
        assert env.loader is not None  # noqa: S101 -- both environments are made with one  # nosec B101
        source, _, _ = env.loader.get_source(env, name)
        return meta.find_undeclared_variables(env.parse(source))


class _Compiled(BytecodeCache):
    """The code of templates, in memory: an office with a folder of its own needs its own copy of
    each template it uses, but of the built-in ones not its own code. Jinja's key is the template's
    name and file, so that nobody is given another office's."""

    def __init__(self) -> None:
        self._code: dict[str, tuple[str, CodeType | None]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        checksum, code = self._code.get(bucket.key, ("", None))
        if checksum == bucket.checksum:
            bucket.code = code

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._code[bucket.key] = (bucket.checksum, bucket.code)


@cache
def _built_in() -> Environment:
    """Our own words, compiled once for everybody in the process. Nothing in it can be changed by a
    template: it is sandboxed and has no globals of ours."""
    return _dressed(SandboxedEnvironment(loader=FileSystemLoader(BUILT_IN), **_OPTIONS))


def _office(folder: Path) -> Environment:
    """An office's words, and ours where it has none; the code of ours is shared."""
    loaders = ChoiceLoader([FileSystemLoader(folder), FileSystemLoader(BUILT_IN)])
    return _dressed(OfficeEnvironment(BUILT_IN, loader=loaders, **_OPTIONS))


def _dressed(env: Environment) -> Environment:
    env.filters.update(FILTERS)
    return env


def _finalize(value: Any) -> Any:
    """Every value printed stays on its line; a None printed is a mistake of the template."""
    if value is None:
        raise ValueError("a template prints a value that is not there")
    if isinstance(value, str) and not isinstance(value, Markup):
        return one_line(value)
    return value


_OPTIONS: dict[str, Any] = {
    "bytecode_cache": _Compiled(),
    "autoescape": True,
    "undefined": StrictUndefined,
    "trim_blocks": True,
    "lstrip_blocks": True,
    # A piece that is included must end its last line itself.
    "keep_trailing_newline": True,
    "finalize": _finalize,
    "auto_reload": False,
}


def plain_of(text: str) -> str:
    """What remains of a template's HTML without tags and entities; links keep their address."""
    linked = _LINK.sub(_spell_link, text)
    return html.unescape(_TAG.sub("", linked))


def _spell_link(match: re.Match[str]) -> str:
    address, words = match[1], match[2]
    return address if address == words else f"{words} ({address})"


def _finish(text: str) -> Rendered:
    lines = [line.rstrip() for line in unicodedata.normalize("NFC", text).splitlines()]
    squeezed = _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip("\n")
    check_markup(squeezed)
    return Rendered(squeezed, plain_of(squeezed))


def check_markup(text: str) -> None:
    """Raises BadMarkup unless each line closes, in order, the known tags it opens."""
    for line in text.split("\n"):
        bare = _TAG.sub("", line)
        if "<" in bare or ">" in bare:
            raise BadMarkup(f"a tag that messengers do not know: {line[:200]}")
        _check_nesting(line)


def _check_nesting(line: str) -> None:
    stack: list[str] = []
    for tag in _TAG.findall(line):
        name = tag.strip("</>").split(" ", 1)[0]
        if not tag.startswith("</"):
            if not _OPEN.fullmatch(tag):
                raise BadMarkup(f"an attribute that messengers do not know: {tag}")
            stack.append(name)
        elif not stack or stack.pop() != name:
            raise BadMarkup(f"a tag closed that is not open: {line[:200]}")
    if stack:
        raise BadMarkup(f"a tag left open at the end of a line: {line[:200]}")
