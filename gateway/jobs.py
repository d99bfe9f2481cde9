"""Work that a message of another gateway asks for and nobody waits for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from services import logs

TOGETHER = 1_000
"""How many run at the same time."""
MOST_WAITING = 50_000

Job = Callable[[], Coroutine[Any, Any, None]]

log = logs.get("jobs")


class Jobs:
    """Begins jobs in the order in which they came, many at a time. A job deals with its own failures."""

    def __init__(self, together: int = TOGETHER, most_waiting: int = MOST_WAITING) -> None:
        self._waiting: asyncio.Queue[Job] = asyncio.Queue(most_waiting)
        self._room = asyncio.Semaphore(together)

    def start(self, job: Job) -> bool:
        """Do `job` soon; False if too many wait already, and it is left out."""
        try:
            self._waiting.put_nowait(job)
        except asyncio.QueueFull:
            log.error("too many jobs wait; one is left out")
            return False
        return True

    async def run(self) -> None:
        """Until cancelled, and the jobs with it."""
        async with asyncio.TaskGroup() as group:
            while True:
                job = await self._waiting.get()
                await self._room.acquire()
                group.create_task(self._do(job)).add_done_callback(lambda _: self._room.release())

    async def _do(self, job: Job) -> None:
        try:
            await job()
        except Exception:
            # The others go on.
            log.exception("a job failed")
