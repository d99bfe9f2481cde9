"""A long HTTP response: what waits to be written to its client, bounded, and an end however it comes.

A client that does not read is ended once its bound is full; whoever feeds the chunks says with what last words.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from gateway.sender import Counters
from gateway.wire import GRACE_S

HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
"""No proxy may keep a chunk until there are more."""


class Chunks:
    """The queue between the hub and one response.

    `slow` is called when it overflows, and must call `end`; `done` once it has ended.
    """

    def __init__(
        self, limit_bytes: int, counters: Counters, slow: Callable[[], None], done: Callable[[], None] = lambda: None
    ) -> None:
        self.counters = counters
        self.ended = asyncio.Event()
        self._limit_bytes = limit_bytes
        self._slow = slow
        self._done = done
        self._chunks: list[bytes] = []
        self._waiting = 0
        self._publications = 0
        self._sending = False
        self._wake = asyncio.Event()
        self._eased = asyncio.Event()
        self._to_tell: list[Callable[[], None]] = []

    def push(self, chunk: bytes, publications: int = 0) -> None:
        """Add a chunk, which holds so many publications."""
        # Who has taken everything before gets one turn's chunks of any size.
        if self._sending and self._waiting + len(chunk) > self._limit_bytes and not self.ended.is_set():
            self.counters.slow += 1
            self._slow()
        if self.ended.is_set():
            self.counters.refused += publications
            return
        self._publications += publications
        self._chunks.append(chunk)
        self._waiting += len(chunk)
        self._wake.set()

    def close(self, last: bytes = b"") -> None:
        """Let the response end with `last`, once what waits is written."""
        if not self.ended.is_set():
            self._chunks.append(last)
            self.ended.set()
            self._wake.set()
            self._eased.set()
            self._done()

    def end(self, last: bytes = b"") -> None:
        """The same, and drop what waits."""
        self.counters.refused += self._publications
        self._chunks, self._publications = [], 0
        self.close(last)

    @property
    def behind(self) -> bool:
        """Whether the client has not yet taken the chunk before."""
        return self._sending and not self.ended.is_set()

    def once_drained(self, then: Callable[[], None]) -> None:
        """Call `then` once it has taken everything; never if it goes before."""
        self._to_tell.append(then)

    async def room(self) -> bool:
        """Wait until less than half the bound waits for the client; False if it is gone."""
        while self._waiting >= self._limit_bytes // 2 and not self.ended.is_set():
            self._eased.clear()
            await self._eased.wait()
        return not self.ended.is_set()

    async def body(
        self, opening: bytes = b"", heartbeat: bytes = b"", heartbeat_s: float | None = None
    ) -> AsyncIterator[bytes]:
        """The response's chunks; a heartbeat now and then, so that silence means a lost connection."""
        self._sending = True
        if opening:
            yield opening
        while self._chunks or not self.ended.is_set():
            self._sending = False
            if not self._chunks:
                to_tell, self._to_tell = self._to_tell, []
                for then in to_tell:
                    then()
            try:
                async with asyncio.timeout(heartbeat_s):
                    await self._wake.wait()
            except TimeoutError:
                self._sending = True
                yield heartbeat
                continue
            self._wake.clear()
            chunk, self._chunks, self._waiting = b"".join(self._chunks), [], 0
            publications, self._publications = self._publications, 0
            self._eased.set()
            if chunk:
                self._sending = True
                self.counters.sent += publications
                self.counters.bytes += len(chunk)
                yield chunk


async def respond(
    chunks: Chunks,
    response: StreamingResponse,
    feed: Coroutine[Any, Any, None],
    scope: Scope,
    receive: Receive,
    send: Send,
) -> None:
    """Send `response`, made of `chunks`, until it ends or its client is gone.

    `feed` runs beside it, and must end by itself once the chunks have: what it does is not broken off.
    """
    feeding = asyncio.create_task(feed)
    sending = asyncio.create_task(response(scope, receive, send))
    ended = asyncio.create_task(chunks.ended.wait())
    try:
        await asyncio.wait((sending, ended), return_when=asyncio.FIRST_COMPLETED)
        # Nobody else ends a send that the client never takes.
        await asyncio.wait((sending,), timeout=GRACE_S)
    finally:
        chunks.end()
        sending.cancel()
        ended.cancel()
        try:
            await asyncio.wait((sending, ended, feeding))
        finally:
            feeding.cancel()
    for task in (feeding, sending):
        if not task.cancelled() and (fault := task.exception()) is not None:
            raise fault
