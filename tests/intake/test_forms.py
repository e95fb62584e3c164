"""Directives of shapes that differ: headers of two rows, tables by week and by agency, days in
headings, bullets under a name, columns without lines. Each was written, with what is expected of
it, before it was first read; data/forms/expected.json holds the tasks in words of our own."""

import io
import json
import textwrap
import time as clock
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from rapidfuzz import fuzz

from deadlines.text import fold
from intake.importing import ImportOrder, draft_of, import_tasks, read_for
from intake.paper import Options
from intake.papers import read_pasted
from intake.source import source_of
from registry.agencies import Directory
from registry.clock import local_day
from registry.database import Database

NOW = datetime(2026, 1, 6, 2, tzinfo=UTC)
ORDER = ImportOrder("", None)
DATA = Path(__file__).parent / "data"
FORMS = json.loads((DATA / "forms" / "expected.json").read_text(encoding="utf-8"))
PASTED = [
    (DATA / folder / one["file"], one)
    for folder in ("forms", "directives")
    for one in json.loads((DATA / folder / "expected.json").read_text(encoding="utf-8"))
    if one["file"].endswith((".txt", ".md"))
]


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'test.db'}")
    database.migrate(NOW)
    yield database
    database.close()


def _plain(names: list[str]) -> list[str]:
    """Names without the titles of those who head them."""
    return [fold(name).replace("chu tich ", "").replace("giam doc ", "") for name in names]


def _told(task: dict[str, Any]) -> tuple[Any, ...]:
    return _plain(task["lead"]), _plain(task["coordinate"]), fold(task["deadline"])


@pytest.mark.parametrize("directive", FORMS, ids=lambda one: str(one["file"]))
def test_a_form_is_read_whole(db: Database, directive: dict[str, Any]) -> None:
    path = DATA / "forms" / directive["file"]
    read = import_tasks(db, path, ORDER, NOW, dry_run=True).to_contract()["tasks"]
    assert len(read) == len(directive["tasks"])
    for wanted in directive["tasks"]:
        title = fold(wanted["title"])
        best = max(read, key=lambda one: fuzz.ratio(title, fold(one["title"])))
        assert fuzz.partial_ratio(title, fold(best["title"])) > 85, wanted["title"]
        lead, coordinate, deadline = _told(wanted)
        got_lead, got_coordinate, got_deadline = _told(best)
        assert (got_lead, got_coordinate) == (lead, coordinate)
        assert got_deadline in {deadline, deadline.removeprefix("xong ")}


@pytest.mark.parametrize("width", [64, 90])
@pytest.mark.parametrize(("path", "directive"), PASTED, ids=lambda one: getattr(one, "name", ""))
def test_a_text_copied_out_of_a_viewer(
    db: Database, path: Path, directive: dict[str, Any], width: int
) -> None:
    """Lines broken at the width of a page, and no blank ones between paragraphs."""
    lines = [
        part
        for line in path.read_text(encoding="utf-8").splitlines()
        for part in textwrap.wrap(line, width)
    ]
    today = local_day(NOW)
    directory = db.read_now(Directory.on, today)
    source = source_of(read_pasted("\n".join(lines)), "dán", directory, today)
    assert len(draft_of(db, source, ORDER).tasks) == len(directive["tasks"])


def test_two_hundred_pages_are_quick(db: Database, tmp_path: Path) -> None:
    whole = pypdfium2.PdfDocument.new()
    names = ("bang-khong-ke.pdf", "bang-khong-ke-nhom.pdf", "bcd-theo-thanh-vien.pdf")
    parts = [pypdfium2.PdfDocument((DATA / "forms" / name).read_bytes()) for name in names]
    while len(whole) < 200:
        for part in parts:
            whole.import_pages(part)
    held = io.BytesIO()
    whole.save(held)
    path = tmp_path / "dai.pdf"
    path.write_bytes(held.getvalue())
    told: list[tuple[int, int]] = []
    start = clock.process_time()
    source = read_for(db, path, ORDER, NOW, Options(lambda done, all_: told.append((done, all_))))
    draft_of(db, source, ORDER)
    assert clock.process_time() - start < 10
    assert told[0] == (1, len(whole))
    assert told[-1] == (len(whole), len(whole))
