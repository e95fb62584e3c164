"""Several processes on one PostgreSQL database: each does what posts it holds, and stands by for
the rest."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

from registry.database import Database, DatabaseTrouble
from registry.posts import SCHEDULER, SENDER, Alone, Posts, Shared, poller

log = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def posts_of(db: Database, channels: Iterable[str]) -> AsyncIterator[Posts]:
    """The posts of an installation with these channels."""
    if db.sqlite:
        yield Alone()
        return
    async with Shared(db.url, (SCHEDULER, SENDER, *map(poller, channels))) as posts:
        yield posts


async def while_mine(posts: Posts, post: str, work: Callable[[], Awaitable[None]]) -> None:
    """Do the work as long as the post is ours, and again when it becomes so again. What the work
    raises, or its end, is handed on."""
    while True:
        await posts.until(post, mine=True)
        working = asyncio.ensure_future(work())
        leaving = asyncio.ensure_future(posts.until(post, mine=False))
        try:
            await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                return working.result()
            log.warning("the post %s is lost: standing by", post)
        finally:
            await _ended(working, leaving)


async def _ended(*tasks: "asyncio.Future[None]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


async def ask_others(
    posts: Posts, asking: asyncio.Event, call: Callable[[], Awaitable[None]]
) -> None:
    """Whoever holds the post that goes on with something queued here hears of it now, not when it
    looks next."""
    while True:
        await asking.wait()
        asking.clear()
        if not (posts.mine(SENDER) and posts.mine(SCHEDULER)):
            with contextlib.suppress(DatabaseTrouble):
                await call()
