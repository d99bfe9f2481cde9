"""uvicorn's sans-I/O WebSocket protocol with a door for finished frames, and bounds on what a client may send.

A server's uncompressed frames carry no mask, so one frame's bytes serve every client. `write_frames` hands
them to the transport without a copy, an `await` or a pass through the protocol's state for each client.
Compression must be off (`services.serve` does that).

An idle connection is kept small (benchmark "connections"): its attributes stand in slots, since a dict of as many
takes 1.6 KB; it waits with `gateway.waiting`; what only the handshake needs, its headers above all, is dropped
after it. An endpoint that wants a header must have read it by then. A connection gets an object of websockets once
something comes or goes that is unusual.
"""

from __future__ import annotations

import logging
import random
from asyncio import TimerHandle, Transport, get_running_loop
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import unquote

from uvicorn._types import ASGIReceiveEvent, ASGISendEvent
from uvicorn.config import Config
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol

from gateway import frames, handshake
from gateway.waiting import Gate, Inbox
from services import closes
from services.pace import Pace

EXTENSION = "windsock.wire"
"""Key in the ASGI scope's `extensions` under which an endpoint finds its wire."""

GRACE_S = 5.0
"""Seconds that a connection which closes gets to do so."""
PINGS_PER_S = 10.0
"""Most pings and pongs a second that a client may send, in bursts of twice that."""
MOST_FRAGMENTS = 1_000
"""Most frames of one message."""
PING = b"\x89\x04"
"""Opens a ping with four bytes."""

logger = logging.getLogger("uvicorn.error")


class WireProtocol(WebSocketsSansIOProtocol):
    """One client's connection."""

    __slots__ = (
        "_accept",
        "_conn",
        "_control_frames",
        "_high_bytes",
        "_paused_at",
        "_to_tell",
        # uvicorn's own
        "app",
        "app_state",
        "asgi_version",
        "client",
        "close_sent",
        "close_timeout",
        "close_timer",
        "config",
        "connections",
        "curr_msg_data_type",
        "default_headers",
        "disconnected",
        "frames",
        "handshake_complete",
        "handshake_initiated",
        "initial_response",
        "last_ping_rtt",
        "logger",
        "loop",
        "pending_ping_payload",
        "ping_interval",
        "ping_sent_at",
        "ping_timeout",
        "ping_timer",
        "pong_timer",
        "queue",
        "read_paused",
        "request",
        "response",
        "root_path",
        "scheme",
        "scope",
        "server",
        "tasks",
        "transport",
        "writable",
    )

    def __init__(self, config: Config, server_state: ServerState, app_state: dict[str, Any]) -> None:
        # uvicorn's own makes what nearly no connection needs.
        self.config = config
        self.app = config.loaded_app
        self.loop = get_running_loop()
        self.logger = logger
        self.root_path = config.root_path
        self.asgi_version = config.asgi_version
        self.app_state = app_state
        self.connections = server_state.connections
        self.tasks = server_state.tasks
        self.default_headers = server_state.default_headers
        self.queue: Inbox[ASGIReceiveEvent] = Inbox()  # type: ignore[assignment]
        self.writable: Gate = Gate()  # type: ignore[assignment]
        self.handshake_initiated = self.handshake_complete = False
        self.close_sent = self.disconnected = self.read_paused = False
        self.close_timer = self.ping_timer = self.pong_timer = None
        self.close_timeout = 10.0
        self.ping_interval = config.ws_ping_interval
        self.ping_timeout = config.ws_ping_timeout
        self.pending_ping_payload = None
        self.ping_sent_at = self.last_ping_rtt = 0.0
        self.initial_response = None
        self.request = self.response = None  # type: ignore[assignment]
        self.frames = []
        self.curr_msg_data_type = "bytes"
        self._accept: bytes | None = None
        """How the handshake is answered, if it came through `begin`."""
        self._conn: ServerProtocol | None = None
        self._control_frames = Pace(PINGS_PER_S, self.loop.time())
        self._paused_at: float | None = None
        self._high_bytes: int | None = None
        self._to_tell: list[Callable[[], None]] = []

    @property
    def conn(self) -> ServerProtocol:  # type: ignore[override]
        """What websockets knows of the connection: of messages that came whole, nothing."""
        if self._conn is None:
            state = State.OPEN if self.handshake_complete else State.CONNECTING
            self._conn = ServerProtocol(state=state, max_size=self.config.ws_max_size, logger=logger)
        return self._conn

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        # What refers to itself stays until the garbage collector comes, which is seldom (`services.serve`).
        if self._conn is not None:
            self._conn.parser.close()
        # A handshake that was refused had none.
        if (scope := getattr(self, "scope", None)) is not None:
            scope["extensions"].pop(EXTENSION, None)

    def data_received(self, data: bytes) -> None:
        if self.handshake_initiated and not self.handshake_complete:
            # A client waits for the answer to its handshake (RFC 6455, section 4.1).
            self.transport.abort()
            return
        if self._conn is None and self.handshake_complete:
            frame = frames.whole(data, self.config.ws_max_size)
            if frame is not None:
                self._take_whole(frame)
                return
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.handshake_initiated:
            # A handshake that no endpoint will see, and nobody else answers.
            self.transport.write(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
            self.transport.close()

    def _take_whole(self, frame: Frame) -> None:
        if frame.opcode is Opcode.TEXT:
            self.handle_text(frame)
        elif frame.opcode is Opcode.BINARY:
            self.handle_bytes(frame)
        else:
            self.handle_pong(frame)

    @staticmethod
    def usual(request: Mapping[str, Any], target: bytes) -> bytes | None:
        """How a handshake, as an ASGI scope, is answered that `begin` takes."""
        return handshake.accepted(request, target)

    def begin(self, transport: Transport, request: Mapping[str, Any], target: bytes, accept: bytes) -> None:
        """A handshake that HTTP's parser has read, as the ASGI scope of a request to `target`."""
        self.connections.add(self)
        self.transport = transport
        self.server, self.client = request["server"], request["client"]
        self.scheme = "wss" if request["scheme"] == "https" else "ws"
        self._accept = accept
        self.handshake_initiated = True
        raw_path, _, query_string = target.partition(b"?")
        offered = [value for name, value in request["headers"] if name == b"sec-websocket-protocol"]
        self.scope = {
            "type": "websocket",
            "asgi": {"version": self.asgi_version, "spec_version": "2.4"},
            "http_version": "1.1",
            "scheme": self.scheme,
            "server": self.server,
            "client": self.client,
            "root_path": self.root_path,
            "path": self.root_path + unquote(raw_path.decode("ascii")),
            "raw_path": self.root_path.encode("ascii") + raw_path,
            "query_string": query_string,
            "headers": request["headers"],
            "subprotocols": [one.strip() for one in offered[0].decode("latin-1").split(",")] if offered else [],
            "state": request["state"],
            "extensions": {"websocket.http.response": {}, EXTENSION: self},  # type: ignore[dict-item]
        }
        self.queue.put_nowait({"type": "websocket.connect"})
        task = self.loop.create_task(self.run_asgi())
        task.add_done_callback(self.on_task_complete)
        self.tasks.add(task)

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if not self.close_sent:
            extensions: dict[str, Any] = self.scope["extensions"]
            extensions[EXTENSION] = self

    async def send(self, message: ASGISendEvent) -> None:
        if message["type"] == "websocket.accept" and self._accept is not None and not self.disconnected:
            self._complete(self._accept, message.get("headers", ()), message.get("subprotocol"))
            return
        await super().send(message)
        if self.request is not None and self.handshake_complete:
            self._forget_handshake()
        if self.initial_response is not None and self.close_sent:
            # A finished HTTP refusal; uvicorn would log it as a handshake that was forgotten.
            self.handshake_complete = True

    def _complete(self, accept: bytes, headers: Iterable[tuple[bytes, bytes]], subprotocol: str | None) -> None:
        if self.handshake_complete or self.initial_response is not None:
            raise RuntimeError("the handshake was answered before")
        self._accept = None
        if not self.transport.is_closing():
            self.handshake_complete = True
            self.transport.write(handshake.response(accept, [*self.default_headers, *headers], subprotocol))
            self.start_keepalive()
            self._forget_headers()

    def _forget_headers(self) -> None:
        # A list that Starlette's `headers` share.
        self.scope["headers"].clear()  # type: ignore[attr-defined]

    def _forget_handshake(self) -> None:
        self.request = self.response = None  # type: ignore[assignment]
        self._forget_headers()
        if not self.close_sent and not self.conn.reader.buffer:
            # The parser that has read the request would keep it; from here on one that reads frames is enough.
            self.conn.parser = self.conn.parse()
            next(self.conn.parser)

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
        data = self.frames[0] if len(self.frames) == 1 else b"".join(self.frames)
        self.frames = []
        if self.close_sent:
            return
        if self.curr_msg_data_type == "text":
            try:
                text = data.decode()
            except UnicodeDecodeError:
                self.close_now(*closes.NOT_TEXT)
                return
            came: ASGIReceiveEvent = {"type": "websocket.receive", "text": text}
        else:
            came = {"type": "websocket.receive", "bytes": data}
        if not self.queue.awaited and not self.read_paused:
            # Who waits takes it at once: the kernel needs not hear of that.
            self.read_paused = True
            self.transport.pause_reading()
            self._paused_at = self.loop.time()
        self.queue.put_nowait(came)

    async def receive(self) -> ASGIReceiveEvent:
        # uvicorn's own would be a coroutine more for each connection that waits.
        while self.queue.empty():
            await self.queue.arrival()
        message = self.queue.take()
        if self.read_paused and self.queue.empty():
            self.read_paused = False
            self.transport.resume_reading()
        if self._paused_at is not None and not self.read_paused:
            # What waited comes all at once now.
            self._control_frames.excuse(self._paused_at, self.loop.time())
            self._paused_at = None
        return message

    def send_keepalive_ping(self) -> None:
        self.ping_timer = None
        if self.open:
            self.pending_ping_payload = random.randbytes(4)
            self.ping_sent_at = self.loop.time()
            self.transport.write(PING + self.pending_ping_payload)
            assert self.ping_timeout is not None
            self.pong_timer = self.loop.call_later(self.ping_timeout, self.keepalive_timeout)

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
