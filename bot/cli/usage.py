"""Wrong usage in one Vietnamese line, exit code 2: typer says it in English."""

import re

import typer

_OF = r"Invalid value for '(?P<x>.*?)':"
_VALUE = _OF + r".*'(?P<y>.*?)' "
# What typer says -> what we say, in the order tried.
_WORDS = (
    (
        r"No such option: (?P<x>[^\s.]+)\.? (?:\(Possible options: |Did you mean )(?P<y>[^)?]+).*",
        "Không có tùy chọn {x}; có {y}",
    ),
    (r"No such option: (?P<x>[^\s.]+).*", "Không có tùy chọn {x}"),
    (r"No such command '(?P<x>.*?)'.*", "Không có lệnh “{x}”"),
    (r"Missing option '?(?P<x>-[\w-]+).*", "Thiếu tùy chọn {x}"),
    (r"Missing argument '(?P<x>.*?)'.*", "Thiếu tham số {x}"),
    (r"Missing command.*", "Thiếu tên lệnh"),
    (
        r"Got unexpected extra argument(?:s|\(s\))? \((?P<x>.*)\)",
        "Thừa: {x}; tên có dấu cách phải đặt trong dấu ngoặc kép",
    ),
    (r"Option '?(?P<x>-[\w-]+)'? requires .*", "Tùy chọn {x} cần một giá trị"),
    (r"Option '?(?P<x>-[\w-]+)'? does not take a value.*", "Tùy chọn {x} không kèm giá trị"),
    (_VALUE + r"is not one of (?P<z>.*?)\.?", "{x} không nhận “{y}”, chỉ nhận: {z}"),
    (
        _VALUE + r"does not match the formats.*",
        "{x} phải là ngày có thật, viết như 31/12/2026, không phải “{y}”",
    ),
    (_VALUE + r"is not a valid (?:int|float|range).*", "{x} phải là số, không phải “{y}”"),
    (_OF + r".*(?:valid integer|valid number|unable to parse).*", "{x} phải là số nguyên"),
    (_OF + r" (?P<y>.*)", "Giá trị của {x} không dùng được: {y}"),
    (r"Invalid value: (?P<x>.*)", "{x}"),
)


def words(message: str, command: str) -> str:
    """The line for what typer says of a command ("dondoc import")."""
    said = " ".join(message.split())
    for pattern, ours in _WORDS:
        found = re.fullmatch(pattern, said)
        if found:
            said = ours.format_map(found.groupdict()).rstrip(".")
            break
    return f"Lỗi: {said[:1].upper()}{said[1:]}. Xem cách dùng: {command} --help"


def run(app: typer.Typer, arguments: list[str] | None = None) -> int:
    """The command line, the process's own unless `arguments` are given; its exit code."""
    try:
        return int(app(arguments, standalone_mode=False, prog_name="dondoc") or 0)
    except typer.Abort:
        typer.echo("Lỗi: Đã dừng theo yêu cầu.", err=True)
        return 1
    except Exception as error:
        # The classes of usage errors are no public part of typer in any of its versions.
        context = getattr(error, "ctx", None)
        if not hasattr(error, "format_message"):
            raise
        if type(error).__name__.startswith("NoArgsIsHelp"):
            typer.echo(context.get_help() if context else "")
        else:
            command = context.command_path if context else "dondoc"
            typer.echo(words(error.format_message(), command), err=True)
        return 2
