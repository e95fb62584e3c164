"""The dialogs of the three roles on messengers that call us by webhook."""

from pathlib import Path

import pytest

from tests.called import CALLED
from tests.dialogs.test_dialogs import HERE, at_local, open_play, read_dialog
from tests.world import office

PLAYED = ("focal", "officer", "staff")


@pytest.mark.parametrize("messenger", CALLED)
@pytest.mark.parametrize("name", PLAYED)
async def test_dialog_by_webhook(name: str, messenger: str, tmp_path: Path) -> None:
    dialog = read_dialog(HERE / f"{name}.toml")
    async with CALLED[messenger]() as made:
        missing = set(dialog.get("needs", [])) - made.offers
        if missing:
            pytest.skip(f"{messenger} has no {', '.join(sorted(missing))}")
        begin = at_local(dialog["begin"])
        async with office(tmp_path, [made], begin, web=made.calling.web) as stage:
            play = await open_play(stage, dialog)
            for step in dialog["step"]:
                await play.step(step)
