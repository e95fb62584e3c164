"""Every command, every role, in private and in a group: what `matrix.toml` says, and nothing else.
Each is really said to the product and judged by the answer and by the tables it writes."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from bot.commands import TABLE
from bot.dispatch import OPEN_IN_ANY_GROUP
from tests.security.scene import GROUP, ROLES, UNKNOWN_GROUP, Came, Scene

_TABLE: dict[str, Any] = tomllib.loads(
    (Path(__file__).parent / "matrix.toml").read_text(encoding="utf-8")
)
COMMANDS = {name: row for name, row in _TABLE.items() if name not in ("said", "pressed")}
ROWS: dict[str, Any] = {
    **{name: row | {"says": f"/{name} {row['says']}".strip()} for name, row in COMMANDS.items()},
    **{f"said.{name}": row for name, row in _TABLE["said"].items()},
    **{f"pressed.{name}": row for name, row in _TABLE["pressed"].items()},
}
IN_GROUP = ("stranger", "focal", "other", "staff")
# Of Sở Y tế, and nobody else's business; the titles of its duties, and what was written on them.
THEIRS = ("Kết nối bệnh án", "Số hóa hồ sơ", "thiếu kinh phí", "612/BC-SYT", "bao-cao.pdf")


def test_every_command_has_a_row() -> None:
    assert sorted(COMMANDS) == sorted(command.name for command in TABLE)


def expected(row: dict[str, Any]) -> list[tuple[str, str, str]]:
    """(who, group or "", what is to come of it)."""
    private = dict(zip(ROLES, row["private"].split(), strict=True))
    group = (
        dict(zip(IN_GROUP, row["group"].split(), strict=True))
        if "group" in row
        else {who: private[who] for who in IN_GROUP}
    )
    return [(who, "", cell) for who, cell in private.items()] + [
        (who, GROUP, cell) for who, cell in group.items()
    ]


def tried(scene: Scene, row: dict[str, Any], who: str, place: str) -> Came:
    if "presses" in row:
        return scene.presses(who, row["presses"], place)
    return scene.says(who, row["says"], place)


def refusals(scene: Scene) -> dict[str, str]:
    committee = scene.app.tools.settings.committee.name
    return {
        "forbid": scene.text_of("forbidden"),
        "greet": scene.text_of("start_stranger", committee=committee),
        "private": scene.text_of("private_only"),
        "group": scene.text_of("group_unknown", at=""),
        "silent": "",
    }


def none_of(scene: Scene, row: dict[str, Any], who: str, place: str) -> str:
    """What is answered where every number stands for nothing at all, the numbers left out."""
    words, here = dict(scene.words), scene.words
    numbers = {key: value for key, value in here.items() if value.isdecimal()}
    scene.words = here | dict.fromkeys(numbers, here["none"])
    try:
        said = tried(scene, row, who, place).answer
    finally:
        scene.words = words
    return said.replace(here["none"], "N")


def judge(scene: Scene, row: dict[str, Any], who: str, place: str, cell: str) -> None:
    came = tried(scene, row, who, place)
    known = refusals(scene)
    if cell in ("does", "own"):
        assert came.answer not in known.values() or row.get("later"), came.answer
        assert not row.get("later") or "mark" in came.written
        wanted = row.get("writes")
        assert (wanted in came.changed) if wanted else not came.changed, came.changed
    else:
        assert not came.changed, f"{cell}, and yet written: {came.changed}"
        assert not came.told, f"{cell}, and yet told: {came.told}"
    if cell in known:
        assert came.answer == known[cell]
    if cell == "none":
        shown = came.answer
        for word in ("duty", "done", "answered"):
            shown = shown.replace(scene.words[word], "N") if word in str(row) else shown
        assert shown == none_of(scene, row, who, place)
    if cell == "away":
        assert came.answer, "an answer in its own words"
        assert came.answer not in known.values()
    if cell not in ("does", "private"):
        assert not [word for word in THEIRS if word in came.answer], came.answer


@pytest.mark.parametrize("name", ROWS)
def test_who_may_do_what(scene: Scene, name: str) -> None:
    wrong = []
    for who, place, cell in expected(ROWS[name]):
        try:
            judge(scene, ROWS[name], who, place, cell)
        except AssertionError as error:
            wrong.append(f"{who}{' in the group' if place else ''} ({cell}): {error}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", ROWS)
def test_a_group_that_nobody_connected_is_told_nothing(scene: Scene, name: str) -> None:
    if name in OPEN_IN_ANY_GROUP:
        return
    came = tried(scene, ROWS[name], "staff", UNKNOWN_GROUP)
    assert came.answer in (refusals(scene)["group"], "")
    assert not came.changed
    assert not came.told
