"""What `make check` says of known weaknesses, and that a database out of reach fails nothing."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest

PATH = Path(__file__).resolve().parents[2] / ".ci" / "audit.py"


def verdict(found: Any) -> tuple[int, list[str]]:
    spec = importlib.util.spec_from_file_location("audit", PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    done: tuple[int, list[str]] = module.verdict(found)
    return done


SOUND = {"name": "a", "version": "1", "vulns": []}
WEAK = {"name": "b", "version": "2", "vulns": [{"id": "PYSEC-1", "fix_versions": ["3"]}]}
UNKNOWN = {"name": "c", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("found", "code", "words"),
    [
        (None, 0, "cannot be reached"),
        ({"dependencies": []}, 0, "cannot be reached"),
        ({"dependencies": [UNKNOWN, UNKNOWN]}, 0, "cannot be reached"),
        ({"dependencies": [SOUND, UNKNOWN]}, 0, "1 packages asked about, 1 unknown there, 0"),
        ({"dependencies": [SOUND, WEAK]}, 1, "b 2: PYSEC-1 (mended in 3)"),
    ],
)
def test_a_known_weakness_fails_and_silence_does_not(found: Any, code: int, words: str) -> None:
    got, lines = verdict(found)
    assert got == code
    assert words in " ".join(lines)
    assert got or len(lines) == 1
