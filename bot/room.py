"""Which bot a new person or group is sent to, and whether a bot has room for them."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.talk import Desk, Talk
from registry import budget
from registry.messengers import messenger_name, messenger_of
from registry.people import Refused
from scheduler.channel import ChannelInfo


@dataclass(frozen=True, slots=True)
class Door:
    """A bot as it is named to people. `link`: opens it with the code, or opens it for the code to
    be typed; "" where the messenger offers none."""

    messenger: str
    bot: str
    link: str
    carries_code: bool = False


def doors(talk: Talk, code: str, without: Sequence[str] = ()) -> list[Door]:
    """One bot of each messenger that is open: the one with the most room. `without`: messengers
    left out."""
    found: dict[str, str] = {}
    for channel in talk.desk.infos:
        kind = messenger_of(channel)
        if kind in without or kind == "console" or _room(talk, channel) <= 0:
            continue
        if kind not in found or _room(talk, channel) > _room(talk, found[kind]):
            found[kind] = channel
    return [_door(talk.desk, channel, code) for channel in found.values()]


def _door(desk: Desk, channel: str, code: str) -> Door:
    info = desk.infos.get(channel, ChannelInfo())
    link = info.invite_link
    return Door(
        messenger_name(channel), info.username, link.replace("{code}", code), "{code}" in link
    )


def _room(talk: Talk, channel: str) -> float:
    """The share of people that still fit: 1 where there is no limit."""
    most = talk.desk.settings.tariff(channel).users
    there = len(budget.bound(talk.session, channel, "private")) if most else 0
    return 1 - there / most if most else 1.0


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
        + _elsewhere(doors(talk, ""))
    )


def _elsewhere(open_doors: Sequence[Door]) -> str:
    if not open_doors:
        return "Đề nghị báo cơ quan thường trực mở thêm bot."
    named = " hoặc ".join(
        f"{door.messenger} “{door.bot}”{' (' + door.link + ')' if door.link else ''}"
        for door in open_doors
    )
    return f"Hãy mở {named} rồi gửi mã ở đó."
