"""Wrong usage ends in one Vietnamese line and exit code 2, whatever typer says of it."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import typer.main

from bot.cli import app
from bot.cli.usage import run

WRONG = {
    "status --nonsense": "Không có tùy chọn --nonsense.",
    "frobnicate": "Không có lệnh “frobnicate”.",
    "agencies nope": "Không có lệnh “nope”.",
    "letter": "Thiếu tùy chọn --agency.",
    "committees add": "Thiếu tham số TÊN_BAN.",
    "import x --isued 1/2/2026": "Không có tùy chọn --isued; có --issued",
    "import x --dry-run=1": "--dry-run không kèm giá trị",
    "agencies give abc --to X": "SỐ_VIỆC phải là số nguyên",
    "import a b c": "Thừa: b c;",
    "import x --issued 31/02/2026": "--issued phải là ngày có thật",
    "invite --role vua": "--role không nhận “vua”, chỉ nhận: 'focal'",
    "plan --from": "--from cần một giá trị",
    "audit export --out a.txt": "Tệp phải kết thúc bằng .csv",
}


@pytest.mark.parametrize("typed", WRONG)
def test_wrong_usage_is_one_vietnamese_line(typed: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(app, typed.split()) == 2
    said = capsys.readouterr().err
    assert said.startswith("Lỗi: ")
    assert WRONG[typed] in said
    assert len(said.splitlines()) == 1
    assert said.rstrip().endswith("--help")


def test_a_refusal_and_a_group_alone_keep_their_codes(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(app, ["deadline", "abc"]) == 1
    assert run(app, ["committees"]) == 2
    assert "committees" in capsys.readouterr().out


# What typer would write by itself: its titles, marks and the names of Python types.
ENGLISH = re.compile(
    r"usage|options?\b|arguments?|commands?\b|show this|exit\b|required|default|env var"
    r"|<\w+>|\bargs\b|path\b|integer|text\b|install|completion",
    re.IGNORECASE,
)
# Names of options and programs, which are what is typed.
TYPED = re.compile(r"DONDOC_\w+|--?[\w-]+|dondoc [\w-]+|\w+://\S+|\{[^}]*\}")


def pages() -> Iterator[tuple[str, Any]]:
    waiting = [("", typer.main.get_command(app))]
    while waiting:
        words, command = waiting.pop()
        yield words, command
        inside: dict[str, Any] = getattr(command, "commands", {})
        waiting += [(f"{words} {name}".strip(), each) for name, each in inside.items()]


def test_every_page_of_help_is_vietnamese(capsys: pytest.CaptureFixture[str]) -> None:
    """Who runs it is a Vietnamese administrator, and no option goes unexplained."""
    for words, command in pages():
        assert command.help, words
        for parameter in command.params:
            assert getattr(parameter, "help", ""), (words, parameter.name)
        assert run(app, [*words.split(), "--help"]) == 0
        said = capsys.readouterr().out
        assert said.startswith(f"Cách dùng: dondoc {words}".rstrip()), said
        listed = re.sub(r"(?m)^  [a-z-]+(?=  )", "", said)
        assert not ENGLISH.search(TYPED.sub("", listed)), said
