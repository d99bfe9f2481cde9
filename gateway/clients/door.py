"""Where WebSocket clients come in: a seat for each, a bounded way out, and every end counted."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import NoReturn

import orjson
from starlette.requests import HTTPConnection
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from gateway.sender import Counters, Joiner, Sender, sender_for
from services import closes, logs
from services.admission import Origins, Seats
from services.closes import Close
from services.errors import Forbidden, Unauthorized, WindsockError
from services.metrics import Refusals
from services.pace import Pace
from services.settings import GatewaySettings
from services.web import problem_response

CLOSES: dict[type[WindsockError], Close] = {
    Unauthorized: closes.INVALID_TOKEN,
    Forbidden: closes.DENIED,
}
"""How a socket is closed for an error after its handshake, if not with `TRY_AGAIN`."""

PAUSE_S = 0.01
"""Longest pause between two clients that a stopping gateway closes."""

log = logs.get("door")

Endpoint = Callable[[WebSocket], Awaitable[None]]


def address_of(connection: HTTPConnection) -> str:
    """The network address that a client comes from; empty if it has none."""
    return connection.client.host if connection.client is not None else ""


class Client:
    """One client that came in: its way out, and what it says at a bounded pace."""

    def __init__(self, sender: Sender, messages_per_s: float) -> None:
        self.sender = sender
        self._clock = asyncio.get_running_loop().time
        self._pace = Pace(messages_per_s, self._clock())
        self._heard = self._clock()

    async def receive(self) -> bytes:
        """Its next message; raises WebSocketDisconnect once it is gone, or talks too fast."""
        self._pace.excuse(self._heard, self._clock())
        message = await self.sender.receive()
        self._heard = self._clock()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message["code"], message.get("reason"))
        self.count()
        text = message.get("text")
        return text.encode() if text is not None else bytes(message["bytes"])

    async def first(self, within_s: float) -> bytes:
        """Its first message; one that says nothing for so long is closed. Raises as `receive` does."""
        # Not asyncio.timeout, which costs each connect more.
        timer = asyncio.get_running_loop().call_later(within_s, self.sender.close, *closes.STALE)
        try:
            return await self.receive()
        finally:
            timer.cancel()

    def count(self) -> None:
        """Count something that it said; raises WebSocketDisconnect if that was too much."""
        if not self._pace.allows(self._clock()):
            self.end(*closes.TOO_FAST)

    def end(self, code: int, reason: str) -> NoReturn:
        """Close its socket; raises WebSocketDisconnect."""
        self.sender.close(code, reason)
        raise WebSocketDisconnect(code, reason)


class Door:
    """What all sockets of one gateway share, whatever they speak."""

    def __init__(self, settings: GatewaySettings, refusals: Refusals, joiner: Joiner, host: str) -> None:
        """`host` is the address that is listened on. Raises SettingError."""
        self._joiner = joiner
        self._outbox_bytes = settings.outbox_bytes
        self._messages_per_s = settings.client_messages_per_s
        self._refusals = refusals
        self._open: dict[object, Callable[[], None]] = {}
        self._origins = Origins(settings.origins, host)
        self._drain_s = settings.drain_s
        self.counters = Counters()
        self.seats = Seats(
            settings.connections, settings.connections_per_address, settings.connects_per_s, time.monotonic
        )

    def check_origin(self, connection: HTTPConnection) -> None:
        """Raises Forbidden for pages that may not connect."""
        self.check_origin_of(connection.headers.get("origin"), connection)

    def check_origin_of(self, origin: str | None, connection: HTTPConnection) -> None:
        """The same for `origin`, where a browser does not send it."""
        self._origins.check(origin, connection.headers.get("host"))

    def guarded(self, endpoint: Endpoint) -> Endpoint:
        """`endpoint` with a seat; what fails before the handshake is answered with an HTTP status."""

        async def guarded(socket: WebSocket) -> None:
            try:
                self.check_origin(socket)
                with self.seats.one(address_of(socket)):
                    await endpoint(socket)
            except WebSocketDisconnect as gone:
                self.counters.count_close(gone.code)
            except WindsockError as error:
                self._refusals.count("handshake", error.code)
                await socket.send_denial_response(problem_response(error))

        return guarded

    def open(self, socket: WebSocket, *, binary: bool = False) -> Opened:
        """A client on this socket; after the handshake, a failure is told to it before its socket closes."""
        sender = sender_for(socket, self._outbox_bytes, self._joiner, self.counters, binary=binary)
        return Opened(self, socket, sender)

    def client(self, sender: Sender) -> Client:
        """The client behind `sender`."""
        return Client(sender, self._messages_per_s)

    def let_go_by(self, one: object, end: Callable[[], None]) -> None:
        """From here on `end` is how a stopping gateway lets a client go, until it `left`."""
        self._open[one] = end

    def left(self, one: object) -> None:
        """It is gone."""
        del self._open[one]

    async def drain(self) -> None:
        """Admit nobody any more, and close every client, one after the other, within `drain_s`."""
        self.seats.close()
        clients = list(self._open.items())
        random.shuffle(clients)
        clock = asyncio.get_running_loop().time
        pause_s = min(self._drain_s / max(1, len(clients)), PAUSE_S)
        began = clock()
        log.info("the clients are let go", clients=len(clients))
        for number, (one, end) in enumerate(clients):
            await asyncio.sleep(max(0.0, began + number * pause_s - clock()))
            if one in self._open:
                end()

    def refused_request(self, code: str) -> None:
        """Count a request that was refused."""
        self._refusals.count("request", code)

    def refused_message(self, code: str) -> None:
        """Count a message that was refused."""
        self._refusals.count("message", code)


class Opened(AbstractAsyncContextManager[Client]):
    """A socket while its client is served. Not a generator: each connect opens one."""

    def __init__(self, door: Door, socket: WebSocket, sender: Sender) -> None:
        self._door = door
        self._socket = socket
        self._sender = sender

    async def __aenter__(self) -> Client:
        self._door.let_go_by(self, self._let_go)
        return self._door.client(self._sender)

    async def __aexit__(self, _kind: object, error: BaseException | None, _at: object) -> None:
        self._door.left(self)
        try:
            if isinstance(error, WindsockError) and self._socket.application_state is not WebSocketState.CONNECTING:
                self._tell(error)
        finally:
            await self._sender.finish()

    def _let_go(self) -> None:
        if self._socket.application_state is WebSocketState.CONNECTED:
            self._sender.close(*closes.SHUTDOWN)

    def _tell(self, error: WindsockError) -> NoReturn:
        close = CLOSES.get(type(error), closes.TRY_AGAIN)
        self._door.refused_message(error.code)
        self._sender.send(orjson.dumps(error.message()))
        self._sender.close(*close)
        raise WebSocketDisconnect(*close) from error
