"""The house rules of the design (docs/design.md, section 2), held by the test suite."""

import ast
import logging
import os
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports
from jinja2 import Environment, meta, nodes
from pydantic import BaseModel

from bot.commands import COMMANDS, INTENTS, QUESTIONS, TABLE
from bot.installation import SharedFile, read_installation
from bot.settings import Settings, load
from reports.samples import SAMPLES, check_templates
from reports.vietnamese import FILTERS

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("deadlines", "registry", "intake", "reports", "scheduler", "bot")
TEMPLATES = ROOT / "templates"
EXAMPLE = ROOT / "config.example.toml"
GUIDES = ("README.md", "docs/huong-dan.md")

# One library, one home. Sessions and `select` are spoken where rows are read (see SQL_AT_THE_EDGE).
HOMES = {
    "telegram": r"bot/channels/telegram\w*\.py",
    "aiohttp": r"bot/(channels/\w+|web/\w+)\.py",
    "yarl": r"bot/channels/(http|outside)\.py",
    "apscheduler": r"scheduler/ticks\.py",
    "jinja2": r"reports/\w+\.py",
    "alembic": r"registry/.*\.py",
    "sqlalchemy": r"(registry|reports)/.*\.py",
    "typer": r"bot/cli(\.py|/\w+\.py)",
    "rich": r"bot/(cli|demo)(\.py|/\w+\.py)",
    "docx": r"(intake|reports/papers)/\w+\.py",
    "openpyxl": r"(intake|reports|reports/papers)/\w+\.py",
    "PIL": r"(intake|reports)/\w+\.py",
    "holidays": r"deadlines/calendar\.py",
    "rapidfuzz": r"(registry|intake|bot/replies)/.*\.py|bot/replies/\w+\.py",
    "pydantic_settings": r"bot/settings\.py",
    "fastapi": r"bot/web/\w+\.py",
    "starlette": r"bot/web/\w+\.py",
    "uvicorn": r"bot/web/server\.py",
    "prometheus_client": r"bot/web/metrics\.py",
    "icalendar": r"reports/calendar_feed\.py",
    "matplotlib": r"reports/pictures\.py",
}
# What sqlmodel may be used for outside registry and reports: a session handed on, simple look-ups.
SQL_AT_THE_EDGE = {"Session", "select", "col", "or_", "update", "func"}


def modules() -> list[Path]:
    return sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports(path: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    """(module, names) for every import of a file, wherever it stands."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, ()) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(path)}: a relative import"
            yield node.module or "", tuple(alias.name for alias in node.names)


def test_imports_run_one_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    # The linter sets up logging anew and thereby silences every logger there is.
    loggers = [one for one in logging.root.manager.loggerDict.values() if hasattr(one, "disabled")]
    before = [one.disabled for one in loggers]
    try:
        done = lint_imports(config_filename="pyproject.toml", no_cache=True)
    finally:
        for one, disabled in zip(loggers, before, strict=True):
            one.disabled = disabled
    assert done == EXIT_STATUS_SUCCESS


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_each_library_stays_at_home(path: Path) -> None:
    for module, names in imports(path):
        library = module.split(".")[0]
        home = HOMES.get(library)
        assert home is None or re.fullmatch(home, name_of(path)), f"{library} is not at home here"
        if library == "sqlmodel" and not name_of(path).startswith(("registry/", "reports/")):
            assert set(names) <= SQL_AT_THE_EDGE, names


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_only_one_file_reads_the_clock(path: Path) -> None:
    found = [
        f"{node.value.id}.{node.attr}"
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    ]
    clocks = {
        "datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time",
        "time.localtime", "time.gmtime",
    }  # fmt: skip
    read = clocks & set(found)
    assert read == ({"datetime.now"} if name_of(path) == "bot/app.py" else set())


def test_there_is_no_drawer_for_odds_and_ends() -> None:
    odd = {"utils", "util", "helpers", "helper", "misc", "common"}
    assert [name_of(path) for path in modules() if path.stem in odd] == []


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_nothing_is_left_for_later(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"\b(TODO|FIXME|XXX|raise NotImplementedError)\b", text)


# -- templates ------------------------------------------------------------------------------------

SPEAKING = {"say", "say_rarely", "tell", "tell_staff", "tell_contact", "render"}
NOT_FACTS = {"buttons", "file"}


def templates(folder: str) -> list[str]:
    return sorted(
        path.name.removesuffix(".html.j2") for path in (TEMPLATES / folder).glob("*.html.j2")
    )


def spoken() -> Iterator[tuple[str, str, set[str] | None]]:
    """(file, template, facts given) for every place that says a reply; None where the facts are
    not spelt out."""
    for path in modules():
        for node in ast.walk(tree(path)):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            if node.func.attr not in SPEAKING:
                continue
            words = {each.value for arg in node.args for each in ast.walk(arg)
                     if isinstance(each, ast.Constant) and isinstance(each.value, str)}  # fmt: skip
            facts = {each.arg for each in node.keywords}
            given = None if None in facts else {each for each in facts if each} - NOT_FACTS
            # Sorted: every process of a run must find the same tests in the same order.
            for word in sorted(words):
                name = word.removeprefix("replies/")
                if name in templates("replies"):
                    yield f"{name_of(path)}:{node.lineno}", name, given


@cache
def wanted(template: str) -> frozenset[str]:
    """The facts a template and the pieces it includes need."""
    env = Environment(autoescape=True)
    env.filters.update(FILTERS)
    parsed = env.parse((TEMPLATES / template).read_text(encoding="utf-8"))
    names = set(meta.find_undeclared_variables(parsed))
    for included in parsed.find_all(nodes.Include):
        assert isinstance(included.template, nodes.Const)
        names |= wanted(included.template.value) - _set_in(parsed)
    return frozenset(names)


def _set_in(parsed: nodes.Template) -> set[str]:
    """Names a template gives to the pieces it includes (set, for, with)."""
    return {name.name for name in parsed.find_all(nodes.Name) if name.ctx == "store"}


def test_every_message_template_is_tried_by_the_doctor() -> None:
    assert sorted(SAMPLES) == [f"messages/{name}" for name in templates("messages")]
    assert check_templates(None) == []


def test_every_reply_template_is_said_somewhere() -> None:
    literals = {
        node.value
        for path in modules()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    said = {literal.removeprefix("replies/") for literal in literals}
    assert [name for name in templates("replies") if name not in said] == []


@pytest.mark.parametrize(("place", "name", "given"), list(spoken()))
def test_a_reply_is_given_the_facts_it_needs(place: str, name: str, given: set[str] | None) -> None:
    if given is not None:
        missing = wanted(f"replies/{name}.html.j2") - given
        assert not missing, f"{place} says {name} without {sorted(missing)}"


def test_every_piece_is_included_somewhere() -> None:
    texts = [path.read_text(encoding="utf-8") for path in TEMPLATES.rglob("*.j2")]
    pieces = [path.name for path in TEMPLATES.glob("_*.j2")]
    assert [piece for piece in pieces if not any(f'"{piece}"' in text for text in texts)] == []


# -- commands and settings ------------------------------------------------------------------------


@pytest.mark.parametrize("command", TABLE, ids=lambda each: each.name)
def test_every_command_is_explained(command: Any) -> None:
    assert command.help
    assert command.help == command.help.strip(" .")
    assert re.fullmatch(r"[a-z]{2,32}", command.name), "what Telegram takes for a command"


@pytest.mark.parametrize("guide", GUIDES)
def test_every_command_is_mentioned(guide: str) -> None:
    text = (ROOT / guide).read_text(encoding="utf-8")
    missing = [each.name for each in TABLE if not re.search(rf"/{each.name}\b", text)]
    assert missing == [], f"{guide} does not mention these commands"


def test_command_names_mean_one_thing() -> None:
    names = [name for command in TABLE for name in (command.name, *command.aliases)]
    assert len(set(names)) == len(names) == len(COMMANDS)
    assert INTENTS
    assert QUESTIONS


def keys(model: type[BaseModel], before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, each in model.model_fields.items():
        inner = each.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from keys(inner, (*before, name))
        else:
            yield (*before, name)


@pytest.mark.parametrize("key", list(keys(Settings)), ids=".".join)
def test_every_key_stands_in_the_example(key: tuple[str, ...]) -> None:
    """Set, or commented out where it has no default; with its environment variable."""
    text = EXAMPLE.read_text(encoding="utf-8")
    section, name = ".".join(key[:-1]), key[-1]
    found = re.search(rf"^\[{re.escape(section)}\](.*?)(?=^\[|\Z)", text, re.DOTALL | re.MULTILINE)
    assert found, f"no section [{section}]"
    assert re.search(rf"^#? ?{name} = ", found[1], re.MULTILINE), f"no key {name} in [{section}]"
    assert f"DONDOC_{'__'.join(key).upper()}" in found[1]


def test_the_example_of_an_installation_holds_the_defaults_and_every_key() -> None:
    example = ROOT / "installation.example.toml"
    written = tomllib.loads(example.read_text(encoding="utf-8"))
    assert written == SharedFile().model_dump(mode="json")
    assert read_installation(example).entries == ()


def test_the_example_holds_the_defaults_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in list(os.environ):
        if name.startswith("DONDOC_"):
            monkeypatch.delenv(name)
    config = tmp_path / "config.toml"
    config.write_text(EXAMPLE.read_text(encoding="utf-8"), encoding="utf-8")
    config.chmod(0o600)
    assert load(config).model_dump() == load(tmp_path / "none.toml").model_dump()
    written = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))
    flat = {(section, key) for section, table in written.items() for key in table}
    assert flat <= set(keys(Settings))
