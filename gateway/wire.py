"""uvicorn's sans-I/O WebSocket protocol with a door for finished frames, and bounds on what a client may send.

A server's uncompressed frames carry no mask, so one frame's bytes serve every client. `write_frames` hands
them to the transport without a copy, an `await` or a pass through the protocol's state for each client.
Compression must be off (`services.serve` does that).
"""

from __future__ import annotations

from asyncio import BaseTransport, TimerHandle
from collections.abc import Callable
from typing import Any

from uvicorn._types import ASGIReceiveEvent, ASGISendEvent
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.http11 import Request

from gateway import closes
from services.pace import Pace

EXTENSION = "windsock.wire"
"""Key in the ASGI scope's `extensions` under which an endpoint finds its wire."""

GRACE_S = 5.0
"""Seconds that a connection which closes gets to do so."""
PINGS_PER_S = 10.0
"""Most pings and pongs a second that a client may send, in bursts of twice that."""
MOST_FRAGMENTS = 1_000
"""Most frames of one message."""


class WireProtocol(WebSocketsSansIOProtocol):
    """One client's connection."""

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)
        self._control_frames = Pace(PINGS_PER_S, self.loop.time())
        self._paused_at: float | None = None
        self._high_bytes: int | None = None
        self._to_tell: list[Callable[[], None]] = []

    def data_received(self, data: bytes) -> None:
        if self.handshake_initiated and not self.handshake_complete:
            # A client waits for the answer to its handshake (RFC 6455, section 4.1).
            self.transport.abort()
            return
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.handshake_initiated:
            # A handshake that no endpoint will see, and nobody else answers.
            self.transport.write(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
            self.transport.close()

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if not self.close_sent:
            extensions: dict[str, Any] = self.scope["extensions"]
            extensions[EXTENSION] = self

    async def send(self, message: ASGISendEvent) -> None:
        await super().send(message)
        if self.initial_response is not None and self.close_sent:
            # A finished HTTP refusal; uvicorn would log it as a handshake that was forgotten.
            self.handshake_complete = True

    @property
    def open(self) -> bool:
        """Whether what is written may still arrive."""
        return not self.close_sent and not self.transport.is_closing()

    def write_frames(self, frames: bytes) -> bool:
        """Send finished frames; False, and nothing sent, after a close."""
        if self.close_sent or self.transport.is_closing():
            return False
        self.transport.write(frames)
        return True

    def buffered_bytes(self) -> int:
        """What the kernel has not yet taken."""
        return self.transport.get_write_buffer_size()

    def pause_above(self, high_bytes: int) -> None:
        """From where on `writable` is cleared."""
        self._high_bytes = high_bytes
        self.transport.set_write_buffer_limits(high_bytes)

    def once_drained(self, then: Callable[[], None]) -> None:
        """Call `then` once the kernel has taken what is buffered now; never if the connection ends before."""
        self._to_tell.append(then)
        # With other limits a transport tells only who was above them.
        self.transport.set_write_buffer_limits(0)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._to_tell and not self.buffered_bytes():
            self.transport.set_write_buffer_limits(self._high_bytes)
            to_tell, self._to_tell = self._to_tell, []
            for then in to_tell:
                then()

    def close_now(self, code: int, reason: str) -> None:
        """Close from outside the endpoint; a client that does not read is cut off after `GRACE_S`."""
        if self.close_sent or self.transport.is_closing():
            return
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        if not self.handshake_complete:
            # There is no socket yet that could be closed.
            self.transport.abort()
            return
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self.close_timer = self._cut_off_later()

    def handle_ping(self) -> None:
        pong = b"".join(self.conn.data_to_send())
        if self._may_say_more():
            self.transport.write(pong)

    def handle_pong(self, event: Frame) -> None:
        if self._may_say_more():
            super().handle_pong(event)

    def _may_say_more(self) -> bool:
        """Count a control frame, which no endpoint sees; too many of them close the connection."""
        if self.close_sent:
            return False
        if not self._control_frames.allows(self.loop.time()):
            self.close_now(*closes.TOO_FAST)
        return not self.close_sent

    def handle_cont(self, event: Frame) -> None:
        if len(self.frames) < MOST_FRAGMENTS:
            super().handle_cont(event)
        else:
            self.close_now(*closes.TOO_LARGE)

    def send_receive_event_to_app(self) -> None:
        if self.curr_msg_data_type == "text" and not self.close_sent:
            self.frames = [b"".join(self.frames)]
            if not _is_utf8(self.frames[0]):
                self.frames = []
                self.close_now(*closes.NOT_TEXT)
                return
        super().send_receive_event_to_app()
        if self.read_paused and self._paused_at is None:
            self._paused_at = self.loop.time()

    async def receive(self) -> ASGIReceiveEvent:
        message = await super().receive()
        if self._paused_at is not None and not self.read_paused:
            # What waited comes all at once now.
            self._control_frames.excuse(self._paused_at, self.loop.time())
            self._paused_at = None
        return message

    def keepalive_timeout(self) -> None:
        if self.read_paused:
            # Its pong may wait behind a message that is being carried out.
            assert self.ping_timeout is not None
            self.pong_timer = self.loop.call_later(self.ping_timeout, self.keepalive_timeout)
            return
        super().keepalive_timeout()
        self._cut_off_later()

    def handle_close(self, event: Frame) -> None:
        super().handle_close(event)
        self._cut_off_later()

    def handle_parser_exception(self) -> None:
        super().handle_parser_exception()
        self._cut_off_later()

    def _cut_off_later(self) -> TimerHandle:
        """A transport that closes waits for as long as its peer takes to read what is left: not here."""
        return self.loop.call_later(GRACE_S, self.transport.abort)


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True
