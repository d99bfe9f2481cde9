"""Tells clients that ask for it, in their own socket, whether the gateway hears Redis: `?status=1`.

A page cannot see WebSocket pings, and another gateway may answer its HTTP requests; silence on a socket that
beats means that what it shows is stale.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import orjson

from gateway.sender import Sender
from services.batch import Position

LIVE = b'{"status":"live"}'
STALE = b'{"status":"stale"}'


class Heartbeat:
    """Sends the status every `every_s` seconds."""

    def __init__(self, live: Callable[[], bool], every_s: float) -> None:
        self._live = live
        self._every_s = every_s
        self._senders: dict[Sender, None] = {}

    @contextmanager
    def beating(self, sender: Sender) -> Iterator[None]:
        """Send the status while the context is open."""
        self._senders[sender] = None
        try:
            yield
        finally:
            del self._senders[sender]

    async def run(self) -> None:
        """Beat until cancelled."""
        while True:
            await asyncio.sleep(self._every_s)
            status = self._status()
            for sender in list(self._senders):
                sender.send(status)

    def first(self, position: Position | None) -> bytes:
        """What a socket opens with: the status, and where to resume if nothing follows."""
        told = orjson.loads(self._status())
        return orjson.dumps(told | ({"position": str(position)} if position is not None else {}))

    def _status(self) -> bytes:
        return LIVE if self._live() else STALE
