"""Every message as people read it. DONDOC_GOLDEN=1 writes the files anew."""

import os
import re
import unicodedata
from pathlib import Path

import pytest

from deadlines.calendar import WorkCalendar
from reports.render import BUILT_IN, Renderer, plain_of
from reports.vietnamese import units
from tests.reports.build import Builder
from tests.reports.scenes import SCENES, World, make

UNTIDY = re.compile(r"(?<!\.)\.\.(?!\.)|[,;:]\.|\.\)\.|\.[,;]|\( | \)| [,;.](?=\s|$)")
GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture
def world(build: Builder, calendar: WorkCalendar) -> World:
    return make(build, calendar)


@pytest.mark.parametrize("name", SCENES)
def test_text_is_the_golden_one(name: str, world: World, renderer: Renderer) -> None:
    said = SCENES[name](renderer, world)
    for suffix, text in ((".html", said.html), (".txt", said.plain)):
        path = GOLDEN / f"{name}{suffix}"
        if os.environ.get("DONDOC_GOLDEN"):
            path.write_text(text + "\n", encoding="utf-8")
        assert path.read_text(encoding="utf-8") == text + "\n"


@pytest.mark.parametrize("name", SCENES)
def test_text_keeps_the_house_rules(name: str, world: World, renderer: Renderer) -> None:
    said = SCENES[name](renderer, world)
    for text in (said.html, said.plain):
        assert unicodedata.is_normalized("NFC", text)
        assert "\n\n\n" not in text
        assert not re.search(r"[ \t]$|  ", text, re.MULTILINE)
        assert text == text.strip()
        assert "None" not in text
        assert not UNTIDY.search(text)
    assert said.plain == plain_of(said.html)
    assert not re.search(r"</?(b|i|u|s|a|code)[ >]|&(lt|gt|amp|#\d+);", said.plain)
    for line in said.html.split("\n"):
        for tag in ("b", "i", "u", "s", "a", "code"):
            assert line.count(f"<{tag}>") + line.count(f"<{tag} ") == line.count(f"</{tag}>")


@pytest.mark.parametrize("name", [name for name in SCENES if name.startswith(("reminder", "urge"))])
def test_a_single_duty_is_complete_in_one_message(
    name: str, world: World, renderer: Renderer
) -> None:
    said = SCENES[name](renderer, world)
    assert units(said.plain) <= 1800
    assert "/visao" in said.plain
    assert "…" not in said.plain


def test_every_template_has_a_golden_text(world: World, renderer: Renderer) -> None:
    used: set[str] = set()
    seen = renderer.render

    class Watching(Renderer):
        def render(self, name: str, /, **context: object):  # type: ignore[no-untyped-def]
            used.add(name)
            return seen(name, **context)

    for scene in SCENES.values():
        scene(Watching(), world)
    ours = {
        f"messages/{path.name.removesuffix('.html.j2')}"
        for path in (BUILT_IN / "messages").iterdir()
    }
    assert used == ours


def test_no_golden_file_is_left_over() -> None:
    assert {path.stem for path in GOLDEN.iterdir()} == set(SCENES)
