"""Files that a messenger cannot carry and that no link can lead to: who can mend that is told how,
instead of being sent to ask the standing agency, which is themselves."""

from typing import Any

from bot.settings import Settings
from bot.talk import Talk
from registry.messengers import messenger_name, messenger_of
from registry.tables import StoredFile

# What a messenger carries by itself; any other file goes there as a link. None: everything.
_CARRIED: dict[str, str | None] = {"zalo": "", "zalo_oa": "image/"}


def unsendable(settings: Settings, channel: str, media_type: str) -> bool:
    """Whether such a file can reach nobody on the channel as the installation is set."""
    carried = _CARRIED.get(messenger_of(channel))
    if carried is None or (carried and media_type.startswith(carried)):
        return False
    web = settings.web
    return not (web.on and web.public_url and web.safe)


def say_file(talk: Talk, template: str, file: StoredFile, /, **facts: Any) -> None:
    """Answer with a file; staff whom it cannot reach read the words and how it could be sent."""
    if talk.actor.is_staff and unsendable(talk.desk.settings, talk.chat.channel, file.media_type):
        talk.say(template, **facts)
        say_how(talk, file.name)
    else:
        talk.say(template, file=file, **facts)


def say_how(talk: Talk, name: str) -> None:
    """What an administrator has to do, told to staff; others read what to do instead. `name`: ""
    for a picture that was not drawn."""
    here = messenger_of(talk.chat.channel)
    others = {each for each in map(messenger_of, talk.desk.infos) if each not in _CARRIED}
    talk.say(
        "file_how",
        name=name,
        here=messenger_name(here),
        others=sorted(map(messenger_name, others - {"console"})),
        staff=talk.actor.is_staff,
    )
