"""uvicorn's server, stopped in two steps: first the rooms let their clients go, then it ends.

Signals come from the event loop and are not raised again when it is done. A second one ends the first step.
"""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import uvicorn


class Server(uvicorn.Server):
    """Calls `on_start` once it serves, and awaits `drain` before it stops."""

    def __init__(
        self, config: uvicorn.Config, on_start: Callable[[], None], drain: Callable[[], Awaitable[None]]
    ) -> None:
        super().__init__(config)
        self._on_start = on_start
        self._drain = drain
        self._draining: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and not self.should_exit:
            self._on_start()

    def stop_on_signals(self) -> None:
        """Listen to SIGINT and SIGTERM from now on."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stop, number)

    def _stop(self, number: signal.Signals) -> None:
        if self._draining is None:
            self._draining = asyncio.get_running_loop().create_task(self._stop_gently())
        else:
            self.handle_exit(number, None)

    async def _stop_gently(self) -> None:
        try:
            await self._drain()
        finally:
            self.should_exit = True

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
