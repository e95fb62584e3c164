"""One messenger: opened, listened to, and opened again when it stands still."""

import asyncio
import logging
from collections.abc import Sequence
from functools import partial

from bot.commands import TABLE
from bot.dispatch import Dispatcher
from bot.standby import while_mine
from bot.web.site import Vitals
from registry.posts import Posts, poller
from scheduler.channel import Channel, SendError, Update

log = logging.getLogger(__name__)

# Seconds between tries to open a messenger; the last one is kept to.
CHANNEL_PAUSES = (2.0, 5.0, 15.0, 60.0)


class Listener:
    """`vitals`: told which messengers are open, and why others stand still. `only`: there is no
    other messenger, so that a token that is refused at the start is the end."""

    def __init__(self, dispatcher: Dispatcher, posts: Posts, vitals: Vitals, *, only: bool) -> None:
        self._dispatcher = dispatcher
        self._posts = posts
        self._vitals = vitals
        self._only = only

    async def listen(self, name: str, channel: Channel) -> None:
        """Until cancelled; failures of one messenger never stop the others. Raises SendError where
        the token of the only one is refused at the start."""
        failures, vitals = 0, self._vitals
        while True:
            try:
                await self._open(name, channel)
                failures = 0
                receive = partial(channel.receive, partial(self._store, name))
                await while_mine(self._posts, poller(name), receive)
            except SendError as error:
                if error.auth and self._only and name not in vitals.infos:
                    raise
                vitals.standing[name] = error.text
                log.error("%s stands still: %s", name, error.text)  # noqa: TRY400 -- the text says it all
            except asyncio.CancelledError:
                raise
            except Exception as error:
                vitals.standing[name] = type(error).__name__
                log.exception("%s failed", name)
            await asyncio.sleep(CHANNEL_PAUSES[min(failures, len(CHANNEL_PAUSES) - 1)])
            failures += 1

    async def _open(self, name: str, channel: Channel) -> None:
        info = self._vitals.infos[name] = await channel.open()
        self._vitals.standing.pop(name, None)
        everybody = [(each.name, each.help) for each in TABLE if not each.roles]
        await channel.set_commands(None, everybody)
        log.info("%s is open as %s", name, info.username or "-")
        for note in info.notes:
            log.warning("%s: %s", name, note)

    async def _store(self, name: str, updates: Sequence[Update]) -> None:
        await self._dispatcher.store(name, list(updates))
