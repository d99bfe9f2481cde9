"""A client whose replies go in a long HTTP response, and whose commands come in requests of their own.

The promises are those of a socket: one that does not read is ended with 3008 within its byte bound, one that
says more than can wait with 3013. It is told so by a disconnect push, then the response ends.
"""

from __future__ import annotations

import asyncio

from starlette.types import Message

from gateway.clients.centrifuge.framing import Framing
from gateway.clients.centrifuge.replies import Encoding
from gateway.clients.streaming import Chunks
from gateway.hub import Delivery, Render
from gateway.sender import Counters
from services.closes import GONE, SLOW, TOO_FAST

OVERHEAD_BYTES = 100
"""What a waiting message costs beside its own bytes."""


class HttpSender:
    """A `Sender`. `chunks` are the response's."""

    def __init__(
        self, encoding: Encoding, framing: Framing, outbox_bytes: int, inbox_bytes: int, counters: Counters
    ) -> None:
        self.counters = counters
        self.chunks = Chunks(outbox_bytes, counters, self._slow, self._wake)
        self.room = self.chunks.room
        self.once_drained = self.chunks.once_drained
        self.code: int = GONE.code
        """Why it ended, or that it went by itself."""
        self._encoding = encoding
        self._framing = framing
        self._inbox: asyncio.Queue[bytes] = asyncio.Queue()
        self._inbox_bytes = inbox_bytes
        self._waiting = 0

    def deliver(self, delivery: Delivery, render: Render) -> None:
        *most, last = delivery.messages(render)
        for message in most:
            self.send(message)
        self.send(last, delivery.count)

    @property
    def behind(self) -> bool:
        return self.chunks.behind

    def send(self, message: bytes, publications: int = 0) -> None:
        self.chunks.push(self._framing(message), publications)

    def join_turn(self) -> None:
        """Chunks are joined anyway."""

    def close(self, code: int, reason: str) -> None:
        if not self.chunks.ended.is_set():
            self.code = code
            self.chunks.close(self._last_words(code, reason))

    def _slow(self) -> None:
        self.code = SLOW.code
        self.chunks.end(self._last_words(*SLOW))

    def _last_words(self, code: int, reason: str) -> bytes:
        return self._framing(self._encoding.disconnected(code, reason))

    def _wake(self) -> None:
        self._inbox.put_nowait(b"")

    def take(self, message: bytes) -> bool:
        """Take what the client said; False if it is gone."""
        if self.chunks.ended.is_set():
            return False
        size = len(message) + OVERHEAD_BYTES
        if self._waiting and self._waiting + size > self._inbox_bytes:
            self.close(*TOO_FAST)
            return True
        self._waiting += size
        self._inbox.put_nowait(message)
        return True

    async def receive(self) -> Message:
        message = await self._inbox.get()
        if self.chunks.ended.is_set():
            self._wake()
            return {"type": "websocket.disconnect", "code": self.code}
        self._waiting -= len(message) + OVERHEAD_BYTES
        return {"type": "websocket.receive", "bytes": message}

    async def finish(self) -> None:
        self.chunks.end()
