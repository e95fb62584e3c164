"""Wrong usage ends in one Vietnamese line and exit code 2, whatever typer says of it."""

import pytest

from bot.cli import app
from bot.cli.usage import run

WRONG = {
    "status --nonsense": "Không có tùy chọn --nonsense.",
    "frobnicate": "Không có lệnh “frobnicate”.",
    "agencies nope": "Không có lệnh “nope”.",
    "letter": "Thiếu tùy chọn --agency.",
    "committees add": "Thiếu tham số name.",
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
