"""The project's examples, where the folder that holds them lies beside the checkout."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from deadlines import read
from deadlines.exam import answer_line

EXAMPLES = Path(__file__).parents[3] / "shared" / "deadline-examples.jsonl"
# These need the other deadlines of their document; test_cases.py gives them.
NEED_THEIR_DOCUMENT = {"sau 03 ngày theo thời gian quy định tại mục 2 nêu trên"}


def _examples() -> list[dict[str, Any]]:
    if not EXAMPLES.exists():
        return []
    lines = EXAMPLES.read_text(encoding="utf-8").splitlines()
    found = [json.loads(line) for line in lines if line.strip()]
    return [one for one in found if one["text"] not in NEED_THEIR_DOCUMENT]


@pytest.mark.skipif(not EXAMPLES.exists(), reason="the examples are not part of the project")
@pytest.mark.parametrize("example", _examples(), ids=lambda one: one["text"])
def test_example(example: dict[str, Any]) -> None:
    got = answer_line(example)
    assert {key: got[key] for key in ("kind", "due", "time")} == {
        key: example[key] for key in ("kind", "due", "time")
    }
    assert got["sure"] is (example["kind"] != "ambiguous")
    if "due_inclusive" in example:
        day = date.fromisoformat(example["reference"])
        due = read(example["text"], day, inclusive=True).due
        assert [one.isoformat() for one in due] == example["due_inclusive"]
