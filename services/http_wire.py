"""uvicorn's HTTP protocol with two bounds that it lacks: open connections, and the time that a request's head takes."""

from __future__ import annotations

import asyncio
from typing import Any, Protocol, cast

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from services.errors import Overloaded, TooSlow, WindsockError
from services.metrics import Refusals


class Usual(Protocol):
    """A WebSocket protocol whose classmethod `usual` knows what to answer to the usual handshake, else says None."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """As of every protocol."""

    def begin(self, headers: list[tuple[bytes, bytes]], target: bytes, accept: bytes) -> None:
        """A handshake came that is answered with what `usual` said."""


def bounded(most: int, head_s: float, refusals: Refusals) -> type[asyncio.Protocol]:
    """The protocol class for a server with at most `most` connections, WebSockets included."""

    class Bounded(HttpToolsProtocol):
        """One connection until it becomes a WebSocket."""

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._head_timer: asyncio.TimerHandle | None = None
            self._await_head()
            if len(self.connections) > most:
                self._end(Overloaded(f"this service has its {most} connections", retry_after_s=5))

        def on_message_begin(self) -> None:
            super().on_message_begin()
            self._await_head()

        def on_headers_complete(self) -> None:
            self._head_is_there()
            super().on_headers_complete()

        def connection_lost(self, exc: Exception | None) -> None:
            self._head_is_there()
            super().connection_lost(exc)

        def handle_websocket_upgrade(self) -> None:
            cls = cast(Any, self.ws_protocol_class)
            accept = cls.usual(self.scope, self.url) if hasattr(cls, "usual") else None
            if accept is None:
                super().handle_websocket_upgrade()
            else:
                self.connections.discard(self)
                protocol: Usual = cls(config=self.config, server_state=self.server_state, app_state=self.app_state)
                protocol.connection_made(self.transport)
                protocol.begin(self.headers, self.url, accept)
                self.transport.set_protocol(cast(asyncio.BaseProtocol, protocol))
            # The parser and we hold each other, and only the garbage collector would find the two.
            self.parser = None  # type: ignore[assignment]

        def _await_head(self) -> None:
            if self._head_timer is None:
                self._head_timer = self.loop.call_later(head_s, self._too_slow)

        def _too_slow(self) -> None:
            self._end(TooSlow(f"the head of the request was not there within {head_s:g} s"))

        def _head_is_there(self) -> None:
            if self._head_timer is not None:
                self._head_timer.cancel()
                self._head_timer = None

        def _end(self, error: WindsockError) -> None:
            refusals.count("request", error.code)
            if self.cycle is None or self.cycle.response_complete:
                self.transport.write(_answer(error))
            self.transport.close()

    return Bounded


def _answer(error: WindsockError) -> bytes:
    body = orjson.dumps(error.problem())
    headers: dict[str, Any] = {
        **error.headers(),
        "Content-Type": "application/problem+json",
        "Content-Length": len(body),
        "Connection": "close",
    }
    lines = [f"HTTP/1.1 {error.status} {error.title}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body
