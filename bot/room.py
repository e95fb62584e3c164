"""Which bot a new person or group is sent to, and whether a bot has room for them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlmodel import Session

from bot.settings import Settings
from bot.talk import Desk, Talk
from registry import budget
from registry.budget import Tariff
from registry.messengers import messenger_name, messenger_of
from registry.people import Refused
from scheduler.channel import ChannelInfo
from scheduler.thrift import Level, level_of


@dataclass(frozen=True, slots=True)
class Door:
    """A bot as it is named to people. `link`: opens it with the code, or opens it for the code to
    be typed; "" where the messenger offers none."""

    messenger: str
    bot: str
    link: str
    carries_code: bool = False


def doors(
    session: Session,
    settings: Settings,
    infos: Mapping[str, ChannelInfo],
    code: str = "",
    without: Sequence[str] = (),
) -> list[Door]:
    """Of each messenger that is open (`infos`) the bot with the most room, none where all are full.
    `without`: messengers left out."""
    room = {channel: _room(session, settings, channel) for channel in infos}
    found: dict[str, str] = {}
    for channel in infos:
        kind = messenger_of(channel)
        if kind not in (*without, "console") and room[channel] > 0:
            found[kind] = max(found.get(kind, channel), channel, key=room.__getitem__)
    return [_door(channel, infos[channel], code) for channel in found.values()]


def _door(channel: str, info: ChannelInfo, code: str) -> Door:
    link = info.invite_link
    return Door(
        messenger_name(channel), info.username, link.replace("{code}", code), "{code}" in link
    )


def _room(session: Session, settings: Settings, channel: str) -> float:
    """The share of people that still fit: 1 where there is no limit."""
    most = settings.tariff(channel).users
    there = len(budget.bound(session, channel, "private")) if most else 0
    return 1 - there / most if most else 1.0


def mention(talk: Talk) -> str:
    """What a message in this group must begin with to be heard: "@Bot CĐS " on Zalo, where our own
    name is picked from a list; "" elsewhere, where a command is heard by itself."""
    info = talk.desk.infos.get(talk.chat.channel)
    heard_anyway = talk.private or messenger_of(talk.chat.channel) != "zalo"
    return "" if heard_anyway or info is None else f"@{info.username} "


def tariffs(desk: Desk) -> dict[str, Tariff]:
    """The tariffs of the open bots that have one."""
    known = {channel: desk.settings.tariff(channel) for channel in desk.infos}
    return {channel: tariff for channel, tariff in known.items() if tariff != Tariff()}


def spent(talk: Talk) -> list[str]:
    """The open bots that may send nothing more this month."""
    return [
        channel
        for channel, tariff in tariffs(talk.desk).items()
        if level_of(budget.budget_of(talk.session, channel, tariff.messages, talk.now))
        == Level.SPENT
    ]


def check_room(talk: Talk, channel: str, chat_kind: str, contact_id: int) -> None:
    """Raises Refused, with where to go instead, if a bot has no room for one more chat."""
    tariff = talk.desk.settings.tariff(channel)
    if not budget.full(talk.session, channel, tariff, chat_kind, contact_id):
        return
    if chat_kind == "group":
        raise Refused(
            f"Bot này đã ở đủ {tariff.groups} nhóm nên chưa kết nối được nhóm; mã vẫn còn giá trị. "
            "Đề nghị cơ quan thường trực mở thêm bot hoặc bỏ bớt nhóm (gõ /huydangky trong nhóm)."
        )
    raise Refused(
        f"Bot này đã đủ {tariff.users} người nên chưa kết nối được; mã vẫn còn giá trị. "
        + _elsewhere(doors(talk.session, talk.desk.settings, talk.desk.infos))
    )


def _elsewhere(open_doors: Sequence[Door]) -> str:
    if not open_doors:
        return "Đề nghị báo cơ quan thường trực mở thêm bot."
    named = " hoặc ".join(
        f"{door.messenger} “{door.bot}”{' (' + door.link + ')' if door.link else ''}"
        for door in open_doors
    )
    return f"Hãy mở {named} rồi gửi mã ở đó."
