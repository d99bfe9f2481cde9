"""Tasks that run beside the body of a context and have ended when it is left."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from typing import Any

AGAIN_S = 0.5


@asynccontextmanager
async def background(*works: Callable[[], Coroutine[Any, Any, None]]) -> AsyncIterator[None]:
    """Run `works` while the context is open. One that fails ends the body, and its error is raised in a group."""
    async with asyncio.TaskGroup() as group:
        running = [group.create_task(work()) for work in works]
        try:
            yield
        finally:
            await _end(running)


async def _end(tasks: Iterable[asyncio.Task[None]]) -> None:
    # One cancellation may get lost: asyncio.wait_for() of Python 3.11 swallows it if the result is there.
    pending = {task for task in tasks if not task.done()}
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=AGAIN_S)
