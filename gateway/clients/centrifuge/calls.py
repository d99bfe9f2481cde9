"""Calls of procedures by one connection: the quick ones in their turn, the slow ones beside everything else.

A slow call is answered when its result is there, by its id, and keeps no other command waiting. How many run at
once is bounded; they end with the connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from gateway.clients.centrifuge import codes
from gateway.clients.centrifuge.answers import Answers
from gateway.clients.centrifuge.procedures import SLOW
from gateway.clients.centrifuge.steps import Call
from services import logs
from services.errors import Unavailable

log = logs.get("centrifuge")


class Calls:
    """Carries them out with `call`, which answers by itself, and raises Unavailable where Redis fails."""

    def __init__(self, call: Callable[[Call], Awaitable[None]], answers: Answers, most: int) -> None:
        self._call = call
        self._answers = answers
        self._most = most
        self._running: set[asyncio.Task[None]] = set()

    async def take(self, step: Call) -> None:
        """Carry out a call, or begin to."""
        if step.method not in SLOW:
            await self._call(step)
        elif len(self._running) >= self._most:
            self._answers.refuse(step.id, codes.LIMIT_EXCEEDED)
        else:
            task = asyncio.create_task(self._run(step))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def end(self) -> None:
        """Give up those that run."""
        running = list(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _run(self, step: Call) -> None:
        try:
            await self._call(step)
        except Unavailable:
            self._answers.refuse(step.id, codes.INTERNAL)
        except Exception:
            # Nobody awaits this task while the connection lives, so a fault must be told here.
            log.exception("a call failed", method=step.method)
            self._answers.refuse(step.id, codes.INTERNAL)
