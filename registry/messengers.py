"""Names of channels. A channel is one bot: "zalo" the first on Zalo, "zalo-2" the second; what
people hear of is the messenger."""

import re

_NUMBER = re.compile(r"-\d+$")
_NAMES = {
    "telegram": "Telegram",
    "zalo": "Zalo",
    "zalo_oa": "Zalo OA",
    "console": "cửa sổ lệnh",
}


def messenger_of(channel: str) -> str:
    """The messenger a channel is a bot of: "zalo" for "zalo-2"."""
    return _NUMBER.sub("", channel)


def messenger_name(channel: str) -> str:
    """What people call the channel's messenger: "Zalo" for "zalo-2"."""
    kind = messenger_of(channel)
    return _NAMES.get(kind, kind)
