"""What `--help` shows, in Vietnamese: typer's own pages say "Usage", "Options", "required" and the
names of Python types in English, and only some of these words can be translated through gettext.

Only what click documents of a command is used (its parameters, its formatter), nothing of the form
in which a version of typer keeps their types: those come from the function's own annotations.
"""

import enum
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import typer
from typer.core import TyperCommand, TyperGroup

_HELP = "Xem cách dùng."
# What stands for a value, by the type it is read into.
_KINDS: tuple[tuple[type, str], ...] = (
    (datetime, "NGÀY"),
    (Path, "TỆP"),
    (int, "SỐ"),
    (float, "SỐ"),
    (str, "CHỮ"),
)


class Page(TyperCommand):
    """A command whose page is ours."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        _write(self, ctx, formatter)


class Contents(TyperGroup):
    """A group of commands whose page is ours."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        _write(self, ctx, formatter)


class Pages(typer.Typer):
    """`typer.Typer` with such pages; without a command it shows its page."""

    def __init__(self, words: str, **more: Any) -> None:
        super().__init__(cls=Contents, help=words, no_args_is_help=True, **more)

    def command(self, name: str | None = None, **more: Any) -> Callable[..., Any]:
        return super().command(name, cls=Page, **more)


def _write(command: Any, ctx: Any, formatter: Any) -> None:
    shown = [each for each in command.params if not getattr(each, "hidden", False)]
    taken = [each for each in shown if each.param_type_name == "argument"]
    options = [each for each in shown if each.param_type_name == "option"]
    inside = [command.get_command(ctx, name) for name in _names(command, ctx)]
    kinds = dict(_kinds(command.callback))
    form = [*map(_called, taken), "[TÙY CHỌN]", *(["LỆNH …"] if inside else [])]
    formatter.write_usage(ctx.command_path, " ".join(form), prefix="Cách dùng: ")
    formatter.write_paragraph()
    formatter.write_text(" ".join((command.help or "").split()))
    rows = [(_name(each, kinds), _words(each)) for each in options]
    for title, lines in (
        ("Lệnh", [(each.name, _first(each)) for each in inside if each and not each.hidden]),
        ("Tham số", [(_called(each), _words(each)) for each in taken]),
        ("Tùy chọn", [*rows, ("--help", _HELP)]),
    ):
        if lines:
            with formatter.section(title):
                formatter.write_dl(lines)


def _names(command: Any, ctx: Any) -> list[str]:
    return list(command.list_commands(ctx)) if hasattr(command, "list_commands") else []


def _first(command: Any) -> str:
    return " ".join((command.help or "").split())


def _called(argument: Any) -> str:
    """The argument as usage names it: in brackets where it may be left out."""
    name = (argument.metavar or argument.name).upper() + (" …" if argument.nargs == -1 else "")
    return name if argument.required else f"[{name}]"


def _name(option: Any, kinds: dict[str, str]) -> str:
    names = ", ".join(option.opts)
    if option.secondary_opts:
        names += " / " + ", ".join(option.secondary_opts)
    value = option.metavar or kinds.get(option.name, "")
    return f"{names} {value}" if value and not option.is_flag else names


def _words(parameter: Any) -> str:
    """The parameter's help, with what is to be known of leaving it out."""
    said = [" ".join((getattr(parameter, "help", None) or "").split())]
    if parameter.required and parameter.param_type_name == "option":
        said.append("[bắt buộc]")
    if parameter.envvar:
        said.append(f"[biến môi trường: {parameter.envvar}]")
    given = _default(parameter)
    if given:
        said.append(f"[mặc định: {given}]")
    return " ".join(filter(None, said))


def _default(parameter: Any) -> str:
    """What holds where nothing is given; "" where that says nothing."""
    given = parameter.default
    if isinstance(given, bool):
        names = parameter.opts if given else parameter.secondary_opts
        return names[0] if parameter.secondary_opts and names else ""
    if isinstance(given, enum.Enum):
        return str(given.value)
    return str(given) if isinstance(given, (str, int)) and given != "" else ""


def _kinds(callback: Callable[..., Any] | None) -> Iterator[tuple[str, str]]:
    """What to write for each parameter's value, by the parameter's name."""
    for name, hint in get_type_hints(callback).items() if callback else ():
        yield name, _kind(hint)


def _kind(hint: Any) -> str:
    if get_origin(hint) in (Union, UnionType, list, tuple):
        return next(filter(None, map(_kind, get_args(hint))), "")
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return "|".join(str(each.value) for each in hint)
    if not isinstance(hint, type) or hint is bool:
        return ""
    return next((word for kind, word in _KINDS if issubclass(hint, kind)), "")
