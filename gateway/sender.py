"""Writes to one client without ever waiting for it: finished frames on our wire, plain ASGI elsewhere."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, Protocol, cast

from starlette.types import Message
from starlette.websockets import WebSocket, WebSocketDisconnect

from gateway.hub import Delivery, Render, frame
from gateway.wire import EXTENSION, GRACE_S, WireProtocol
from services.closes import COUNTED, GONE, SLOW


class Counters:
    """The books of one gateway: of the publications that were for its clients, what became of each.

    `matched` is `sent`, `conflated` and `refused` together, and what still waits; `filtered` ones were not
    wanted. What is read from history for one client counts like what is live.
    """

    def __init__(self) -> None:
        self.matched = 0
        self.filtered = 0
        self.sent = 0
        self.conflated = 0
        self.refused = 0
        self.bytes = 0
        self.slow = 0
        self.closed: Counter[str] = Counter()

    def count_close(self, code: int) -> None:
        """Count the end of a socket."""
        self.closed[str(code) if code in COUNTED else "other"] += 1


class Out(Protocol):
    """Where a subscription's publications go."""

    @property
    def counters(self) -> Counters:
        """Where it keeps its books."""

    def deliver(self, delivery: Delivery, render: Render) -> None:
        """Send a delivery's messages."""

    async def room(self) -> bool:
        """Wait until less than half the bound waits for the client; False if it is gone."""


class Sender(Out, Protocol):
    """One client's way out, and what it says. A client that falls behind its byte bound is closed with 3008."""

    def send(self, message: bytes, publications: int = 0) -> None:
        """Send one message, which holds so many publications."""

    def join_turn(self) -> None:
        """Write what follows in this turn of the loop together at its end, where that is less work."""

    @property
    def behind(self) -> bool:
        """Whether the client has not yet taken what earlier turns wrote."""

    def once_drained(self, then: Callable[[], None]) -> None:
        """Call `then` once it has, if it is `behind`; never if it goes before."""

    def close(self, code: int, reason: str) -> None:
        """Close once what was sent before is written; a client that does not read is cut off after `GRACE_S`."""

    async def receive(self) -> Message:
        """The next ASGI message of the client, or that it is gone."""

    async def finish(self) -> None:
        """Stop; nothing is sent afterwards."""


class Joiner:
    """Joins what several topics have for a client in one write, while its block runs.

    A write costs the kernel some microseconds however small it is; to join costs one more look at each client, so that
    the broker does it only when a read from Redis brought several topics (`make bench`, scenario "topics").
    """

    __slots__ = ("_senders", "joining")

    def __init__(self) -> None:
        self.joining = False
        self._senders: list[WireSender] = []

    def add(self, sender: WireSender) -> None:
        """Flush `sender` at the end of the block."""
        self._senders.append(sender)

    def __enter__(self) -> None:
        self.joining = True

    def __exit__(self, *_: object) -> None:
        self.joining = False
        senders, self._senders = self._senders, []
        for sender in senders:
            sender.flush()


class WireSender:
    """Hands finished frames to the transport, which tries to send them at once.

    A client of whom more than half the bound waits already is slow as soon as the whole is exceeded; others get one
    piece of any size (pieces are shared between clients, and bounded by what one read of Redis or of history brings).
    """

    __slots__ = (
        "_binary",
        "_closed",
        "_half_bytes",
        "_joiner",
        "_limit_bytes",
        "_pieces",
        "_publications",
        "_wire",
        "counters",
        "receive",
    )

    def __init__(
        self, wire: WireProtocol, limit_bytes: int, joiner: Joiner, counters: Counters, *, binary: bool
    ) -> None:
        self._wire = wire
        self._joiner = joiner
        self._pieces: list[bytes] = []
        self._publications = 0
        self._binary = binary
        # Not the socket's: Starlette adds a coroutine to each client that waits.
        self.receive = cast("Callable[[], Coroutine[Any, Any, Message]]", wire.receive)
        self.counters = counters
        self._limit_bytes = limit_bytes
        self._half_bytes = limit_bytes // 2
        # Above it, `writable` is cleared.
        wire.pause_above(self._half_bytes)
        self._closed = False

    def deliver(self, delivery: Delivery, render: Render) -> None:
        # Called once per delivery and client, whose objects are rarely in the processor's caches: no call and no
        # object more than needed (`make bench`, scenario "rates").
        frames = (delivery.binary if self._binary else delivery.text).get(render)
        if frames is None:
            frames = delivery.frames(render, binary=self._binary)
        self._write(frames, delivery.count)

    def send(self, message: bytes, publications: int = 0) -> None:
        self._write(frame(message, binary=self._binary), publications)

    def join_turn(self) -> None:
        if not self._joiner.joining:
            everyone, self._joiner = self._joiner, Joiner()
            self._joiner.joining = True
            asyncio.get_running_loop().call_soon(self._end_turn, everyone)

    def _end_turn(self, everyone: Joiner) -> None:
        self._joiner = everyone
        self.flush()

    def _write(self, frames: bytes, publications: int) -> None:
        if self._joiner.joining:
            if not self._pieces:
                self._joiner.add(self)
            self._pieces.append(frames)
            self._publications += publications
        else:
            self._hand_over(frames, publications)

    def _hand_over(self, frames: bytes, publications: int) -> None:
        wire = self._wire
        unsent = wire.transport.get_write_buffer_size()
        if unsent > self._half_bytes and unsent + len(frames) > self._limit_bytes:
            if not self._closed:
                self._closed = True
                self.counters.slow += 1
                wire.close_now(*SLOW)
        elif not self._closed and wire.write_frames(frames):
            self.counters.sent += publications
            self.counters.bytes += len(frames)
            return
        self.counters.refused += publications

    def flush(self) -> None:
        """Write what was joined."""
        if self._pieces:
            pieces, self._pieces = self._pieces, []
            publications, self._publications = self._publications, 0
            self._hand_over(pieces[0] if len(pieces) == 1 else b"".join(pieces), publications)

    @property
    def behind(self) -> bool:
        return self._wire.open and self._wire.buffered_bytes() > 0

    def once_drained(self, then: Callable[[], None]) -> None:
        self._wire.once_drained(then)

    def close(self, code: int, reason: str) -> None:
        self.flush()
        self._closed = True
        self._wire.close_now(code, reason)

    async def room(self) -> bool:
        await asyncio.sleep(0)  # others have their turns
        if not self._closed:
            await self._wire.writable.wait()
        return not self._closed and self._wire.open

    async def finish(self) -> None:
        self.flush()
        self._closed = True


class AsgiSender:
    """The same over any ASGI server: a bounded queue and a task that awaits each send."""

    def __init__(self, socket: WebSocket, limit_bytes: int, counters: Counters, *, binary: bool) -> None:
        self._socket = socket
        self._binary = binary
        self._limit_bytes = limit_bytes
        self.counters = counters
        self._queue: deque[tuple[bytes, int]] = deque()
        self._waiting = 0
        self._writing = False
        self._to_tell: list[Callable[[], None]] = []
        self._ending: tuple[int, str] | None = None
        self._wake = asyncio.Event()
        self._eased = asyncio.Event()
        self._task = asyncio.create_task(self._run())

    def deliver(self, delivery: Delivery, render: Render) -> None:
        *most, last = delivery.messages(render)
        for message in most:
            self.send(message)
        self.send(last, delivery.count)

    def send(self, message: bytes, publications: int = 0) -> None:
        if self._ending is not None or self._task.done():
            self.counters.refused += publications
            return
        if self._queue and self._waiting + len(message) > self._limit_bytes:
            self.counters.slow += 1
            self.counters.refused += publications
            self._refuse_queue()
            self.close(*SLOW)
            return
        self._queue.append((message, publications))
        self._waiting += len(message)
        self._wake.set()

    def join_turn(self) -> None:
        """The server's business."""

    @property
    def behind(self) -> bool:
        open_ = self._ending is None and not self._task.done()
        return open_ and (self._writing or self._waiting > self._limit_bytes // 2)

    def once_drained(self, then: Callable[[], None]) -> None:
        self._to_tell.append(then)

    def _refuse_queue(self) -> None:
        self.counters.refused += sum(publications for _, publications in self._queue)
        self._queue.clear()

    def close(self, code: int, reason: str) -> None:
        if self._ending is None:
            self._ending = (code, reason)
            self._wake.set()
            # Nobody else ends a send that the client never takes.
            asyncio.get_running_loop().call_later(GRACE_S, self._task.cancel)

    async def _run(self) -> None:
        with suppress(WebSocketDisconnect, OSError):
            while self._queue or self._ending is None:
                await self._wake.wait()
                self._wake.clear()
                while self._queue:
                    message, publications = self._queue.popleft()
                    self._writing = True
                    try:
                        await self._send(message)
                    except BaseException:
                        self.counters.refused += publications
                        raise
                    finally:
                        self._writing = False
                    self._waiting -= len(message)
                    self.counters.sent += publications
                    self.counters.bytes += len(message)
                    self._eased.set()
                    if not self._queue:
                        self._tell_drained()
            await self._socket.close(*self._ending)

    def _tell_drained(self) -> None:
        to_tell, self._to_tell = self._to_tell, []
        for then in to_tell:
            then()

    def _send(self, message: bytes) -> Awaitable[None]:
        return self._socket.send_bytes(message) if self._binary else self._socket.send_text(message.decode())

    async def receive(self) -> Message:
        if await self._sending_until(incoming := asyncio.ensure_future(self._socket.receive())):
            return incoming.result()
        return {"type": "websocket.disconnect", "code": (self._ending or GONE)[0]}

    async def room(self) -> bool:
        while not self._task.done() and self._waiting >= self._limit_bytes // 2:
            self._eased.clear()
            await self._sending_until(asyncio.ensure_future(self._eased.wait()))
        return self._ending is None and not self._task.done()

    async def _sending_until(self, event: asyncio.Future[Any]) -> bool:
        """Whether `event` came before the end of sending."""
        try:
            await asyncio.wait((event, self._task), return_when=asyncio.FIRST_COMPLETED)
            return event.done()
        finally:
            event.cancel()

    async def finish(self) -> None:
        if self._ending is None:
            self._task.cancel()
        await asyncio.wait((self._task,))
        self._refuse_queue()


def sender_for(socket: WebSocket, limit_bytes: int, joiner: Joiner, counters: Counters, *, binary: bool) -> Sender:
    """The best way to write to an accepted `socket` on this server."""
    wire = socket.scope.get("extensions", {}).get(EXTENSION)
    if isinstance(wire, WireProtocol):
        return WireSender(wire, limit_bytes, joiner, counters, binary=binary)
    return AsgiSender(socket, limit_bytes, counters, binary=binary)
