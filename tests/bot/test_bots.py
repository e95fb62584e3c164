"""Several bots on Zalo: settings, channels, secrets, and where new people are sent."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlmodel import Session

from bot.channels import make_channels
from bot.channels.http import HttpClient
from bot.room import doors
from bot.settings import ConfigTrouble, Settings, Zalo, ZaloBot, load
from registry.budget import Tariff
from registry.database import Database
from registry.messengers import messenger_name, messenger_of
from scheduler.channel import ChannelInfo
from tests.reports.build import Builder

NOW = datetime(2026, 9, 3, 2, tzinfo=UTC)
MORE = """[zalo]
token = "11:eins"
more = [{ token = "", link = "" }, { token = "33:drei", link = "https://zalo.me/s/drei" }]
"""


async def test_each_bot_is_a_channel_and_an_empty_place_stays_empty(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(MORE)
    config.chmod(0o600)
    settings = load(config)
    async with HttpClient() as http:
        made = make_channels(settings, http, lambda: NOW)
    assert {name: channel.name for name, channel in made.items()} == {
        "zalo": "zalo",
        "zalo-3": "zalo-3",
    }
    assert {"11:eins", "33:drei"} <= set(settings.secrets())
    assert "drei" not in repr(settings).replace("zalo.me/s/drei", "")
    assert settings.tariff("zalo-3") == settings.tariff("zalo") == Tariff(3000, 50, 3)
    assert settings.tariff("telegram") == settings.tariff("zalo-oa") == Tariff()
    assert settings.bot("zalo-3").shown_secret != settings.bot("zalo").shown_secret


def test_a_further_token_must_be_the_owners_alone(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(MORE.replace('token = "11:eins"\n', ""))
    config.chmod(0o644)
    with pytest.raises(ConfigTrouble, match="chmod 600"):
        load(config)


def test_people_hear_of_messengers_not_of_bots() -> None:
    names = {"zalo": "Zalo", "zalo-2": "Zalo", "zalo-12": "Zalo", "telegram": "Telegram"}
    assert {each: messenger_name(each) for each in names} == names
    assert messenger_of("zalo-2") == "zalo"
    assert messenger_of("zalo-oa") == "zalo-oa"


def fill(session: Session) -> None:
    build = Builder(session, NOW)
    agency = build.agency("Sở Y tế")
    for number, channel in enumerate(("zalo", "zalo", "zalo-2")):
        person = build.person(f"Cán bộ {number}")
        build.contact(person, channel=channel, address=f"a{number}")
        build.subscription(agency, key=f"p{number}", person_id=person.id)


def test_new_people_are_invited_to_the_bot_with_most_room(tmp_path: Path) -> None:
    db = Database(f"sqlite:///{tmp_path / 'dondoc.db'}")
    db.migrate(NOW)
    db.write_now(fill)
    more = (ZaloBot(token=SecretStr("2:b")), ZaloBot(token=SecretStr("3:c")))
    infos = {
        "telegram": ChannelInfo("dondoc_bot", "https://t.me/dondoc_bot?start={code}"),
        "zalo": ChannelInfo("Bot Một", "https://zalo.me/mot"),
        "zalo-2": ChannelInfo("Bot Hai", "https://zalo.me/hai"),
    }

    def offered(most: int, *without: str) -> list[tuple[str, str]]:
        settings = Settings(zalo=Zalo(token=SecretStr("1:a"), more=more, max_users=most))
        found = db.read_now(doors, settings, infos, "MÃ", without)
        return [(door.messenger, door.link) for door in found]

    telegram, second = ("Telegram", "https://t.me/dondoc_bot?start=MÃ"), "https://zalo.me/hai"
    assert offered(50) == [telegram, ("Zalo", second)]
    assert offered(2) == [telegram, ("Zalo", second)]
    assert offered(1) == [telegram], "where all are full, none is named"
    assert offered(0) == [telegram, ("Zalo", "https://zalo.me/mot")], "no limit: the first"
    assert offered(50, "telegram") == [("Zalo", second)]
    db.close()
