"""How much of directives is read: tasks found, who leads, who coordinates, by when, and what is
false. Reads real imports as rehearsals, on an empty database and (with AGENCIES) on a loaded one.

    python bench/intake.py EXPECTED.json [AGENCIES.csv] [-v]

EXPECTED is a list of {"file", "tasks": [{"title", "deadline", "lead", "coordinate"}]}; the files
stand beside it. A task counts as found when some task read under a like title shares its
leads; its title alone is enough where it names none.
"""

import json
import re
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

# This folder holds benchmarks named after what they measure; the rooms themselves stand above it.
sys.path[0] = str(Path(__file__).resolve().parents[1])

from rapidfuzz import fuzz  # noqa: E402

from deadlines.text import fold  # noqa: E402
from intake.importing import ImportOrder, import_agencies, import_tasks  # noqa: E402
from registry.agencies import Directory  # noqa: E402
from registry.database import Database  # noqa: E402
from registry.naming import without_title  # noqa: E402

NOW = datetime(2026, 1, 6, 2, tzinfo=UTC)
_LIKE = 58
_FILLERS = re.compile(r"\b(?:cac|va|don vi|cap tinh|dong chi|tren dia ban tinh|ve)\b")


@dataclass
class Score:
    """Counts for one directive."""

    file: str
    expected: int = 0
    found: int = 0
    leads: int = 0
    coordinates: int = 0
    deadlines: int = 0
    read: int = 0
    extra: int = 0
    false_dated: int = 0

    def line(self) -> str:
        return (
            f"{self.file[:34]:34} tasks {self.found}/{self.expected}  leads {self.leads}"
            f"  coordinating {self.coordinates}  deadlines {self.deadlines}"
            f"  read {self.read}  extra {self.extra}  false with a deadline {self.false_dated}"
        )


def _keys(names: list[str]) -> set[str]:
    found = set()
    for name in names:
        words = re.sub(r"[^\w]+", " ", fold(without_title(name).replace("–", "-")))
        found.add(" ".join(_FILLERS.sub(" ", words).split()))
    return found


def _same(one: list[str], other: list[str]) -> bool:
    """The same names, but for titles, fillers and a letter or two."""
    mine, theirs = _keys(one), _keys(other)
    if len(mine) != len(theirs):
        return False
    return all(max((fuzz.partial_ratio(a, b) for b in theirs), default=0) >= 88 for a in mine)


def _meant(wanted: list[str], read: list[str], directory: Directory) -> bool:
    """The same names, or the same agencies under the names the list knows them by."""
    listed = [directory.find(name) for name in wanted]
    known = [
        match.name if match.found else name for match, name in zip(listed, wanted, strict=True)
    ]
    return _same(wanted, read) or _same(known, read)


def _when(text: str) -> str:
    words = fold(text).strip(" .;")
    words = re.sub(r"\s*neu tren$|^(?:hoan thanh |xong |dinh ky )", "", words)
    return words.split(";")[0]


def _likeness(wanted: dict[str, Any], task: dict[str, Any]) -> float:
    title = max(
        fuzz.token_set_ratio(fold(wanted["title"]), fold(task["title"])),
        fuzz.partial_ratio(fold(wanted["title"]), fold(task["title"])),
    )
    lead = 20 if _same(wanted["lead"], task["lead"]) else 0
    when = 15 if _when(wanted["deadline"]) == _when(task["deadline"]) else 0
    return title + lead + when


def _pairs(
    wanted: list[dict[str, Any]], read: list[dict[str, Any]]
) -> Iterator[tuple[dict[str, Any], dict[str, Any] | None]]:
    """Each expected task with the task read that is most like it, best pairs first."""
    ranked = sorted(
        ((_likeness(one, two), i, j) for i, one in enumerate(wanted) for j, two in enumerate(read)),
        reverse=True,
    )
    matched: dict[int, int] = {}
    for likeness, i, j in ranked:
        if i not in matched and j not in matched.values() and likeness >= _LIKE:
            matched[i] = j
    for i, one in enumerate(wanted):
        yield one, read[matched[i]] if i in matched else None


def measure(
    directive: dict[str, Any], folder: Path, db: Database, *, verbose: bool = False
) -> Score:
    """One directive against what is expected of it."""
    report = import_tasks(db, folder / directive["file"], ImportOrder("", None), NOW, dry_run=True)
    directory = db.read_now(Directory.on, report.source.reference)
    contract = report.to_contract()
    read = contract["tasks"]
    score = Score(directive["file"], expected=len(directive["tasks"]), read=len(read))
    used: list[int] = []
    for wanted, task in _pairs(directive["tasks"], read):
        if task is None:
            if verbose:
                print("  MISSED", wanted["lead"], wanted["title"][:70])
            continue
        used.append(id(task))
        marks = {
            "leads": _meant(wanted["lead"], task["lead"], directory),
            "coordinates": _meant(wanted.get("coordinate", []), task["coordinate"], directory),
            "deadlines": _when(wanted["deadline"]) == _when(task["deadline"]),
        }
        score.found += marks["leads"]
        for name, right in marks.items():
            setattr(score, name, getattr(score, name) + right)
            if verbose and not right:
                key = {"leads": "lead", "coordinates": "coordinate", "deadlines": "deadline"}[name]
                print(f"  {name}: {task['where']} {wanted.get(key)!r} read as {task[key]!r}")
    spare = [task for task in read if id(task) not in used]
    score.extra = len(spare)
    score.false_dated = sum(bool(task["due"]) for task in spare)
    if verbose:
        for task in spare:
            print(
                "  extra", task["where"], task["lead"], repr(task["deadline"]), task["title"][:60]
            )
    return score


def main(arguments: list[str]) -> None:
    """Print a line for each directive."""
    paths = [Path(one) for one in arguments if one != "-v"]
    if not paths:
        sys.exit(__doc__)
    expected = json.loads(paths[0].read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        db = Database(f"sqlite:///{folder}/bench.db")
        db.migrate(NOW)
        if len(paths) > 1:
            import_agencies(db, paths[1], NOW)
        for directive in (one for one in expected if (paths[0].parent / one["file"]).exists()):
            score = measure(directive, paths[0].parent, db, verbose="-v" in arguments)
            print(score.line())
        db.close()


if __name__ == "__main__":
    main(sys.argv[1:])
