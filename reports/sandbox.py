"""What an office's own templates may do: read the facts, choose, repeat; never reach into the
program, and never run on for ever or fill the memory, since a message is rendered while everybody
else waits for the same transaction.

Jinja2's sandbox keeps attributes and calls inside. Added here: a budget of steps (turns of loops,
calls) for each text, and an end to everything that makes much out of little.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from jinja2 import nodes
from jinja2.runtime import Context
from jinja2.sandbox import SandboxedEnvironment

# Turns of loops and calls in one text: a report of a province takes a few thousand.
STEPS = 100_000
# Letters a text may be made longest by multiplying or joining, and the longest range.
LONGEST = 200_000
MOST = 1_000
_COUNTED = "counted"
_BOUNDED = "bounded"
# Filters and methods that take a size, or make a text of any length out of a short one.
_FILTERS = frozenset(
    {"batch", "center", "format", "indent", "pprint", "random", "replace", "slice", "tojson",
     "urlize", "wordwrap", "xmlattr"}
)  # fmt: skip
_METHODS = frozenset(
    {"center", "encode", "expandtabs", "format", "format_map", "join", "ljust", "replace", "rjust",
     "translate", "zfill"}
)  # fmt: skip
_WIDE = re.compile(r"%[^a-zA-Z]*(?:\d{4}|\*)")

_left: ContextVar[list[int] | None] = ContextVar("steps left", default=None)


class TooMuch(Exception):
    """A template does more than any message needs; the text says what, in Vietnamese."""


@contextmanager
def budget(steps: int = STEPS) -> Iterator[None]:
    """Within it templates take so many steps altogether; one more raises TooMuch."""
    token = _left.set([steps])
    try:
        yield
    finally:
        _left.reset(token)


def _step() -> None:
    left = _left.get()
    if left is not None:
        left[0] -= 1
        if left[0] < 0:
            raise TooMuch("mẫu lặp quá nhiều lần")


def counted(found: Iterable[Any]) -> Iterator[Any]:
    """The same things; each costs a step."""
    for each in found:
        _step()
        yield each


def bounded(value: Any) -> Any:
    """The same text, unless it has become too long."""
    if isinstance(value, str | list | tuple) and len(value) > LONGEST:
        raise TooMuch("mẫu tạo ra đoạn văn quá dài")
    return value


def _short_range(*args: int) -> range:
    found = range(*args)
    if len(found) > MOST:
        raise TooMuch(f"range() chỉ đến {MOST} phần tử")
    return found


class OfficeEnvironment(SandboxedEnvironment):
    """For templates from `folder`, and ours where the office has none."""

    intercepted_binops = frozenset({"*", "**", "%", "+"})

    def __init__(self, built_in: Path, **options: Any) -> None:
        super().__init__(**options)
        self._built_in = built_in
        self.filters = {name: each for name, each in self.filters.items() if name not in _FILTERS}
        self.filters |= {_COUNTED: counted, _BOUNDED: bounded}
        self.globals["range"] = _short_range
        self.globals.pop("lipsum")

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        """Loops of the office's templates count their turns; texts put together are measured."""
        tree = super()._parse(source, name, filename)
        if filename is None or not Path(filename).is_relative_to(self._built_in):
            for loop in list(tree.find_all(nodes.For)):
                loop.iter = self._through(_COUNTED, loop.iter)
            for pair in list(tree.find_all(nodes.Concat)):
                pair.nodes = [self._through(_BOUNDED, each) for each in pair.nodes]
        return tree

    def _through(self, name: str, node: nodes.Node) -> nodes.Filter:
        made = nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)
        made.set_environment(self)
        return made

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        _step()
        return super().call(context, obj, *args, **kwargs)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        _step()
        numbers = [each for each in (left, right) if isinstance(each, int)]
        if operator == "**" and (not numbers or max(map(abs, numbers), default=0) > MOST):
            raise TooMuch("mẫu tính lũy thừa quá lớn")
        if operator == "*" and not _small(left, right):
            raise TooMuch("mẫu nhân đoạn văn quá nhiều lần")
        if operator == "%" and isinstance(left, str) and _WIDE.search(left):
            raise TooMuch("mẫu tạo ra đoạn văn quá dài")
        return bounded(super().call_binop(context, operator, left, right))

    def wrap_str_format(self, value: Any) -> None:
        """str.format is not offered in a safe form either: "{:>999999999}" fills the memory."""

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        if isinstance(obj, str) and attr in _METHODS:
            return False
        return super().is_safe_attribute(obj, attr, value)


def _small(left: Any, right: Any) -> bool:
    """Whether a product is a number, or a text that is not too long."""
    for many, times in ((left, right), (right, left)):
        if isinstance(many, str | list | tuple) and isinstance(times, int):
            return len(many) * times <= LONGEST
    return True
