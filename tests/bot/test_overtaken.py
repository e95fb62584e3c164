"""Zalo repeats a call for two hours: word that somebody left may come after word that they are
back."""

from datetime import datetime, timedelta
from pathlib import Path

from sqlmodel import select

from registry.clock import LOCAL
from registry.tables import Contact
from tests.fakes.zalo_oa_messenger import ZaloOaMessenger, on_zalo_oa
from tests.world import Office, office

BEGIN = datetime(2026, 9, 3, 9, tzinfo=LOCAL)


def closed(it: Office) -> bool:
    address = it.messenger.address("lan")
    found = it.app.db.read_now(
        lambda s: s.exec(select(Contact).where(Contact.address == address)).one()
    )
    return found.closed_at is not None


async def test_word_of_leaving_that_was_overtaken_closes_nobody(tmp_path: Path) -> None:
    async with on_zalo_oa() as made, office(tmp_path, [made], BEGIN) as it:
        assert isinstance(made, ZaloOaMessenger)
        made.person("lan", "Vũ Thị Lan")
        await it.bind("lan", "focal", "Sở Y tế")
        made.server.world.unfollow(made.ids["lan"])
        late = made._told.pop()
        it.clock.now += timedelta(minutes=1)
        await made.event("unblocks", "lan")
        it.clock.now += timedelta(hours=1)
        made._told.append(late)
        await made._arrive()
        await it.settle()
        assert not closed(it)
        await made.event("blocks", "lan")
        await it.settle()
        assert closed(it)
