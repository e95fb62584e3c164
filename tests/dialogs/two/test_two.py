"""Conversations of people with two messengers, in the form of the other dialogs: "lan" writes on
the first, "lan@2" is the same human on the second. «first», «second»: their names, as typed."""

from pathlib import Path

import pytest

from tests.dialogs.test_dialogs import at_local, open_play, read_dialog
from tests.world import MESSENGERS, Both, office

HERE = Path(__file__).resolve().parent
PAIRS = (("telegram", "zalo"), ("zalo", "telegram"))
NAMES = {"telegram": "Telegram", "zalo": "Zalo"}


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
@pytest.mark.parametrize("file", sorted(HERE.glob("*.toml")), ids=lambda path: path.stem)
async def test_dialog_on_two(file: Path, pair: tuple[str, str], tmp_path: Path) -> None:
    dialog = read_dialog(file)
    begin = at_local(dialog["begin"])
    async with (
        MESSENGERS[pair[0]]() as first,
        MESSENGERS[pair[1]]() as second,
        office(tmp_path, [first, second], begin) as stage,
    ):
        stage.messenger = Both(first, second)
        play = await open_play(stage, dialog)
        play.words |= {"first": pair[0], "second": pair[1]}
        play.words |= {"First": NAMES[pair[0]], "Second": NAMES[pair[1]]}
        for number, step in enumerate(dialog["step"], start=1):
            try:
                await play.step(step)
            except (AssertionError, KeyError) as error:
                pytest.fail(f"{file.name}, step {number} ({step.get('says')}): {error}")
