"""Writes to one client without ever waiting for it: finished frames on our wire, plain ASGI elsewhere."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Protocol

from starlette.websockets import WebSocket, WebSocketDisconnect

from gateway.hub import Delivery, Render, frame
from gateway.outbox import Outbox
from gateway.wire import EXTENSION, WireProtocol

SLOW = (3008, "slow")


class Counters:
    """What the senders of one gateway did."""

    def __init__(self) -> None:
        self.messages = 0
        self.bytes = 0
        self.slow = 0


class Sender(Protocol):
    """One client's way out. A client that falls behind its byte bound is closed with 3008."""

    def deliver(self, delivery: Delivery, render: Render) -> None:
        """Send a delivery's messages."""

    def send(self, message: bytes) -> None:
        """Send one message."""

    async def room(self) -> None:
        """Wait until less than half the bound waits for the client (or it is gone)."""

    async def finish(self) -> None:
        """Stop; nothing is sent afterwards."""


class Flusher:
    """Joins what one event-loop turn has for a client into one write."""

    def __init__(self) -> None:
        self._dirty: list[WireSender] = []

    def add(self, sender: WireSender) -> None:
        if not self._dirty:
            asyncio.get_running_loop().call_soon(self._flush)
        self._dirty.append(sender)

    def _flush(self) -> None:
        dirty, self._dirty = self._dirty, []
        for sender in dirty:
            sender.flush()


class WireSender:
    """Hands finished frames to the transport."""

    def __init__(self, wire: WireProtocol, limit_bytes: int, flusher: Flusher, counters: Counters) -> None:
        self._wire = wire
        self._outbox = Outbox(limit_bytes)
        self._limit_bytes = limit_bytes
        self._flusher = flusher
        self._counters = counters
        self._closed = False

    def deliver(self, delivery: Delivery, render: Render) -> None:
        self._push(delivery.frames(render), len(delivery.batch.payloads))

    def send(self, message: bytes) -> None:
        self._push(frame(message), 1)

    def _push(self, frames: bytes, count: int) -> None:
        if self._closed or not frames:
            return
        if not self._outbox:
            self._flusher.add(self)
        if self._outbox.push(frames, self._wire.buffered_bytes()):
            self._counters.messages += count
            self._counters.bytes += len(frames)
        else:
            self._closed = True
            self._counters.slow += 1
            self._wire.close_now(*SLOW)

    def flush(self) -> None:
        """Write what this turn gathered."""
        if self._outbox:
            self._wire.write_frames(self._outbox.take())

    async def room(self) -> None:
        await asyncio.sleep(0)
        while not self._closed and not self._wire.transport.is_closing():
            if self._wire.buffered_bytes() < self._limit_bytes // 2:
                return
            await self._wire.writable.wait()
            await asyncio.sleep(0)

    async def finish(self) -> None:
        self.flush()
        self._closed = True


class AsgiSender:
    """The same over any ASGI server: a bounded queue and a task that awaits each send."""

    def __init__(self, socket: WebSocket, limit_bytes: int, counters: Counters) -> None:
        self._socket = socket
        self._limit_bytes = limit_bytes
        self._counters = counters
        self._queue: deque[bytes] = deque()
        self._waiting = 0
        self._closed = False
        self._wake = asyncio.Event()
        self._eased = asyncio.Event()
        self._task = asyncio.create_task(self._run())

    def deliver(self, delivery: Delivery, render: Render) -> None:
        for message in delivery.messages(render):
            self.send(message)

    def send(self, message: bytes) -> None:
        if self._closed:
            return
        if self._queue and self._waiting + len(message) > self._limit_bytes:
            self._closed = True
            self._counters.slow += 1
            self._queue.clear()
        else:
            self._queue.append(message)
            self._waiting += len(message)
            self._counters.messages += 1
            self._counters.bytes += len(message)
        self._wake.set()

    async def _run(self) -> None:
        try:
            while not self._closed:
                await self._wake.wait()
                self._wake.clear()
                while self._queue:
                    message = self._queue.popleft()
                    await self._socket.send_text(message.decode())
                    self._waiting -= len(message)
                    if self._waiting < self._limit_bytes // 2:
                        self._eased.set()
            await self._socket.close(*SLOW)
        except (WebSocketDisconnect, RuntimeError, OSError):
            self._closed = True
        finally:
            self._eased.set()

    async def room(self) -> None:
        while not self._closed and self._waiting >= self._limit_bytes // 2:
            self._eased.clear()
            await self._eased.wait()

    async def finish(self) -> None:
        self._closed = True
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


def sender_for(socket: WebSocket, limit_bytes: int, flusher: Flusher, counters: Counters) -> Sender:
    """The best way to write to an accepted `socket` on this server."""
    wire = socket.scope.get("extensions", {}).get(EXTENSION)
    if isinstance(wire, WireProtocol):
        return WireSender(wire, limit_bytes, flusher, counters)
    return AsgiSender(socket, limit_bytes, counters)
