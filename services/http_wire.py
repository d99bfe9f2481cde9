"""uvicorn's HTTP protocol with three bounds that it lacks (open connections, and the time and the bytes that a
request's head takes) and a short way for plain posts to a lane.

A post takes its lane if it names the lane's path as it is, tells its length, which is not too great, and asks for
nothing else; uvicorn's cycle, Starlette and a task are spared. All others go through the application, where they
get the same answers, or are refused. What a lane's request costs, `make bench` shows in the scenario "intake".
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol, cast

import msgspec
import orjson
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from services.addresses import Proxies
from services.commit import Appended
from services.errors import HeadTooLarge, Overloaded, TooSlow, WindsockError
from services.lane import Answer, Headers, Lane, Post, Work, headers_of, problem
from services.metrics import Refusals
from services.patience import NEVER, Patience
from services.web import OUR_FAULT, PROBLEM

SIZE_BYTES = 20
"""Of a chunk: its size in at most 16 hexadecimal digits, and two ends of lines (RFC 9112, section 7.1)."""
PIECE_BYTES = 4_096
"""Of a read in which a bound may be exceeded, so much is parsed before it is looked at again."""
NOT_PLAIN = (b"expect", b"transfer-encoding", b"upgrade")
"""Headers with which a request goes through the application."""


class Usual(Protocol):
    """A WebSocket protocol whose static method `usual` knows what to answer to the usual handshake, else says None."""

    def begin(self, transport: asyncio.Transport, request: Mapping[str, Any], target: bytes, accept: bytes) -> None:
        """A handshake came on a connection, as an ASGI scope; it is answered with what `usual` said."""


class _NobodyWaits:
    """Stands for the event of uvicorn's cycle."""

    def set(self) -> None:
        """Nobody waits for it."""


class Head(msgspec.Struct, frozen=True, gc=False):
    """The head of a request on a lane."""

    lane: Lane
    query: bytes
    headers: Headers
    length: int
    keep_alive: bool
    address: str


class Exchange:
    """A request on a lane, and its answer; to uvicorn's protocol it looks like one of its own cycles."""

    __slots__ = (
        "counted",
        "disconnected",
        "head",
        "keep_alive",
        "parts",
        "refused",
        "response_complete",
        "turn",
        "whole",
    )
    message_event = _NobodyWaits()

    def __init__(self, head: Head) -> None:
        self.head = head
        self.keep_alive = head.keep_alive
        self.parts: list[bytes] = []
        self.whole = False
        self.turn = False
        self.disconnected = False
        self.response_complete = False
        self.refused: WindsockError | None = None
        self.counted = False

    def begin(self) -> None:
        """Its turn has come. If too many are in flight it is refused, once all of it is there."""
        self.turn = True
        try:
            self.head.lane.in_flight.enter()
            self.counted = True
        except Overloaded as error:
            self.refused = error
            self.parts.clear()

    def post(self) -> Post:
        """The request, once it is whole."""
        body = self.parts[0] if len(self.parts) == 1 else b"".join(self.parts)
        return Post(self.head.query, self.head.headers, body, self.head.address, self.head.lane.path)

    def over(self) -> None:
        """It was answered, or nobody waits for that any more."""
        if self.counted:
            self.counted = False
            self.head.lane.in_flight.leave()


def bounded(
    most: int, head_s: float, head_bytes: int, refusals: Refusals, lanes: Sequence[Lane], proxies: Proxies
) -> type[asyncio.Protocol]:
    """The protocol class for a server with at most `most` connections, WebSockets included.

    A head may take `head_s` seconds and `head_bytes` (and up to `PIECE_BYTES` more). As many bytes may all that stands
    around the parts of a chunked body beside their sizes: extensions of these, and trailers, which are dropped.
    """
    lane_at = {lane.path.encode("ascii"): lane for lane in lanes}
    patience = Patience(head_s, *(lane.body_s for lane in lanes))

    class Bounded(HttpToolsProtocol):
        """One connection until it becomes a WebSocket."""

        deadline = NEVER
        cycle: Any  # uvicorn's, or an Exchange
        _running: RequestResponseCycle | None = None
        """The last one that was begun: `cycle` is the last one that came, which may have to wait."""
        _head_is_due = True
        _held: tuple[Exchange, bytes] | None = None
        """An answer that waits until the client reads."""
        _headlike_bytes = 0
        """Read since a request began, or its head ended, that is neither body nor the sizes of its parts."""

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            patience.begin(self)
            self.deadline = self.loop.time() + head_s
            if len(self.connections) > most:
                self._end(Overloaded(f"this service has its {most} connections", retry_after_s=5))

        def connection_lost(self, exc: Exception | None) -> None:
            patience.end(self)
            if isinstance(self.cycle, Exchange) and not self.cycle.whole and not self.cycle.response_complete:
                refusals.count("request", "gone")
            for one in (self.cycle, self._held[0] if self._held else None):
                if isinstance(one, Exchange):
                    one.over()
            if self._running is not None and not self._running.response_complete:
                self._running.disconnected = True
                self._running.message_event.set()
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            if self._headlike_bytes + len(data) <= head_bytes:
                self._parse(data)
                return
            for start in range(0, len(data), PIECE_BYTES):
                self._parse(data[start : start + PIECE_BYTES])
                if self.parser is None or self.transport.is_closing():
                    return

        def _parse(self, data: bytes) -> None:
            self._headlike_bytes += len(data)
            super().data_received(data)
            if self._headlike_bytes > head_bytes:
                self._headlike_bytes = 0
                what = "the head of the request" if self._head_is_due else "what stands around the parts of the body"
                self._end(HeadTooLarge(f"{what} has more than {head_bytes} bytes"))

        def on_header(self, name: bytes, value: bytes) -> None:
            if self._head_is_due:
                super().on_header(name, value)

        def handle_websocket_upgrade(self) -> None:
            self._headlike_bytes = 0
            patience.end(self)
            if self.cycle is not None and not self.cycle.response_complete:
                # Its answer would be written into the WebSocket.
                self.transport.close()
                return
            cls = cast(Any, self.ws_protocol_class)
            accept = cls.usual(self.scope, self.url) if hasattr(cls, "usual") else None
            if accept is None:
                super().handle_websocket_upgrade()
            else:
                self.connections.discard(self)
                protocol: Usual = cls(config=self.config, server_state=self.server_state, app_state=self.app_state)
                protocol.begin(self.transport, self.scope, self.url, accept)
                self.transport.set_protocol(cast(asyncio.BaseProtocol, protocol))
            # The parser and we hold each other, and only the garbage collector would find the two.
            self.parser = None  # type: ignore[assignment]

        def on_message_begin(self) -> None:
            self._headlike_bytes = 0
            super().on_message_begin()
            if not self._head_is_due:
                self._head_is_due = True
                self.deadline = self.loop.time() + head_s

        def on_headers_complete(self) -> None:
            self._headlike_bytes = 0
            self._head_is_due = False
            self.deadline = NEVER
            head = self._head_of_lane()
            if head is None:
                super().on_headers_complete()
                return
            earlier = self.cycle
            exchange = self.cycle = Exchange(head)
            if earlier is None or earlier.response_complete:
                self._take_turn(exchange)
            else:
                self.flow.pause_reading()
                self.pipeline.appendleft((exchange, self.app))  # type: ignore[arg-type]

        def _head_of_lane(self) -> Head | None:
            path, _, query = self.url.partition(b"?")
            lane = lane_at.get(path)
            if lane is None or self.parser.get_method() != b"POST" or b"#" in query:
                return None
            headers = headers_of(self.headers)
            length = headers.get(b"content-length", b"")
            if not length.isdigit() or int(length) > lane.body_bytes or any(name in headers for name in NOT_PLAIN):
                return None
            keep_alive = self.parser.get_http_version() != "1.0" and self.parser.should_keep_alive()
            address = proxies.client(self.client[0] if self.client else "", self.headers)
            return Head(lane, query, headers, int(length), keep_alive, address)

        def on_chunk_header(self) -> None:
            self._headlike_bytes = max(0, self._headlike_bytes - SIZE_BYTES)

        def on_body(self, body: bytes) -> None:
            # What came with the head was counted before the head's end, and is no credit.
            self._headlike_bytes = max(0, self._headlike_bytes - len(body))
            if isinstance(self.cycle, Exchange) and not self.cycle.whole:
                if self.cycle.refused is None:
                    self.cycle.parts.append(body)
            else:
                super().on_body(body)

        def on_message_complete(self) -> None:
            self._headlike_bytes = 0
            exchange = self.cycle
            if not isinstance(exchange, Exchange) or exchange.whole:
                # uvicorn's own, or an upgrade behind a post: it has no cycle.
                super().on_message_complete()
                return
            self.deadline = NEVER
            exchange.whole = True
            if exchange.turn and not exchange.response_complete:
                self._work(exchange)

        def _start_asgi_task(self, cycle: Any, app: Any) -> None:
            if isinstance(cycle, Exchange):
                # Not now: a thousand refusals in one read would be as many calls deep.
                self.loop.call_soon(self._take_turn, cycle)
            else:
                self._running = cycle
                super()._start_asgi_task(cycle, app)

        def _take_turn(self, exchange: Exchange) -> None:
            if self.transport.is_closing():
                return
            exchange.begin()
            if exchange.whole:
                self._work(exchange)
            else:
                self.deadline = self.loop.time() + exchange.head.lane.body_s

        def _work(self, exchange: Exchange) -> None:
            try:
                if exchange.refused is not None:
                    raise exchange.refused
                work = exchange.head.lane.work(exchange.post())
                if isinstance(work, Work):
                    self._submit(exchange, work)
                else:
                    task = self.loop.create_task(self._work_later(exchange, work))
                    self.tasks.add(task)
                    task.add_done_callback(self.tasks.discard)
            except WindsockError as error:
                self._refuse(exchange, error)
            except Exception as error:
                self._fail(exchange, error)

        async def _work_later(self, exchange: Exchange, work: Awaitable[Work]) -> None:
            try:
                self._submit(exchange, await work)
            except WindsockError as error:
                self._refuse(exchange, error)
            except Exception as error:
                self._fail(exchange, error)

        def _submit(self, exchange: Exchange, work: Work) -> None:
            exchange.head.lane.writer.submit(work.entries, partial(self._settle, exchange, work), work.once)

        def _settle(self, exchange: Exchange, work: Work, outcome: Sequence[Appended] | WindsockError) -> None:
            if isinstance(outcome, WindsockError):
                self._refuse(exchange, outcome)
                return
            try:
                answer = work.answer(outcome)
            except Exception as error:
                self._fail(exchange, error)
            else:
                self._answer(exchange, answer)

        def _fail(self, exchange: Exchange, error: Exception) -> None:
            self.logger.error("Exception in a lane", exc_info=error)
            self._refuse(exchange, WindsockError(OUR_FAULT))

        def _refuse(self, exchange: Exchange, error: WindsockError) -> None:
            refusals.count("request", error.code)
            try:
                answer = exchange.head.lane.refused(error)
            except Exception as bug:
                self.logger.error("Exception in a lane", exc_info=bug)
                answer = problem(WindsockError(OUR_FAULT))
            self._answer(exchange, answer)

        def _answer(self, exchange: Exchange, answer: Answer) -> None:
            lines = [STATUS_LINE[answer.status]]
            for name, value in self.server_state.default_headers:
                lines += (name, b": ", value, b"\r\n")
            head = ""
            if answer.status != 204:
                head = f"content-type: {answer.media_type}\r\ncontent-length: {len(answer.body)}\r\n"
            for key, text in answer.headers.items():
                head += f"{key.lower()}: {text}\r\n"
            if not exchange.keep_alive:
                head += "connection: close\r\n"
            lines += (head.encode("latin-1"), b"\r\n", answer.body)
            self._send(exchange, b"".join(lines))

        def _send(self, exchange: Exchange, answer: bytes) -> None:
            if self.flow.write_paused:
                # What follows is not begun before the client has room for this, so that no more has to be held.
                self._held = exchange, answer
                return
            exchange.response_complete = True
            exchange.over()
            if self.transport.is_closing():
                return
            self.transport.write(answer)
            if not exchange.keep_alive:
                self.transport.close()
            self.on_response_complete()

        def resume_writing(self) -> None:
            super().resume_writing()
            if self._held is not None:
                held, self._held = self._held, None
                self._send(*held)

        def on_response_complete(self) -> None:
            self.server_state.total_requests += 1
            if self.transport.is_closing():
                return
            if self.pipeline:
                # What waits is answered before more is read: a client may send requests faster than it takes answers.
                if len(self.pipeline) == 1:
                    self.flow.resume_reading()
                self._start_asgi_task(*self.pipeline.pop())
                return
            self.flow.resume_reading()
            if not self._head_is_due:
                self.deadline = self.loop.time() + self.timeout_keep_alive

        def overdue(self) -> None:
            """What was waited for did not come in time."""
            exchange = self.cycle
            if self._head_is_due:
                self._end(TooSlow(f"the head of the request was not there within {head_s:g} s"))
            elif isinstance(exchange, Exchange) and not exchange.response_complete:
                exchange.turn = exchange.keep_alive = False
                self._refuse(exchange, TooSlow(f"the body was not there within {exchange.head.lane.body_s:g} s"))
            else:
                self.timeout_keep_alive_handler()

        def _end(self, error: WindsockError) -> None:
            refusals.count("request", error.code)
            if self.cycle is None or self.cycle.response_complete:
                self.transport.write(_last_answer(error))
            elif isinstance(self.cycle, RequestResponseCycle) and not (self.cycle.response_started or self.pipeline):
                # The request is being worked on: nothing may be answered to it any more.
                self.cycle.disconnected = True
                self.cycle.message_event.set()
                self.transport.write(_last_answer(error))
            self.transport.close()

    return Bounded


def _last_answer(error: WindsockError) -> bytes:
    body = orjson.dumps(error.problem())
    headers: dict[str, Any] = {
        **error.headers(),
        "Content-Type": PROBLEM,
        "Content-Length": len(body),
        "Connection": "close",
    }
    lines = [f"HTTP/1.1 {error.status} {error.title}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body
