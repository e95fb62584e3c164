"""How work that goes on side by side ends: by the first that ends, or when the process is told."""

import asyncio
import signal
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

ASKED_TO_STOP = (signal.SIGTERM, signal.SIGINT)


async def first_of(tasks: Sequence["asyncio.Task[Any]"], within: float) -> None:
    """Wait until one of them ends, then end the others, within so many seconds. Raises what the
    first one raised."""
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=within)


async def until_told(
    work: Sequence[Coroutine[Any, Any, None]],
    within: float,
    anew: Callable[[], None] | None = None,
) -> None:
    """Work until SIGTERM or SIGINT, or until one of it ends. `anew` is called on SIGHUP, where the
    system has it. Each piece of work may take `within` seconds to end."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in ASKED_TO_STOP:
        loop.add_signal_handler(each, stop.set)
    if anew is not None and hasattr(signal, "SIGHUP"):
        loop.add_signal_handler(signal.SIGHUP, anew)
    told = asyncio.create_task(_told(stop), name="stop")
    # What each waits for itself when it ends comes first.
    await first_of([told, *map(asyncio.create_task, work)], within + 0.5)


async def _told(stop: asyncio.Event) -> None:
    await stop.wait()
