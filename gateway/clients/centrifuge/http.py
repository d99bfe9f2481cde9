"""The protocol over HTTP, for where WebSockets are blocked: long responses that replies and pushes go in.

`/connection/http_stream` and `/connection/sse` speak both ways, with `/emulation` for what the client says later;
`/connection/uni_sse` and `/connection/uni_http_stream` take a connect request and only push.
"""

from __future__ import annotations

from contextlib import ExitStack, suppress

import msgspec
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import BaseRoute
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from gateway.clients.centrifuge import framing
from gateway.clients.centrifuge.commands import ConnectRequest, MalformedError
from gateway.clients.centrifuge.connection import Connection
from gateway.clients.centrifuge.emulation import BINARY, Emulation, is_binary
from gateway.clients.centrifuge.framing import Framing
from gateway.clients.centrifuge.http_sender import HttpSender
from gateway.clients.centrifuge.json_encoding import JsonEncoding, OneWayJsonEncoding
from gateway.clients.centrifuge.protobuf_encoding import ProtobufEncoding
from gateway.clients.centrifuge.replies import Encoding
from gateway.clients.centrifuge.shared import Shared
from gateway.clients.centrifuge.transport import Transport
from gateway.clients.cross_origin import CrossOrigin
from gateway.clients.door import address_of
from gateway.clients.streaming import HEADERS, respond
from services import closes
from services.errors import BadRequest, TooLarge, WindsockError
from services.web import read_body

JSON = JsonEncoding()
PROTOBUF = ProtobufEncoding()
ONE_WAY = OneWayJsonEncoding()
CONNECT = "cf_connect"
JSON_LINES = "application/json"
EVENTS = "text/event-stream"
OPENING = b"\r\n"
"""What an event stream begins with: no event, but the browser knows that it is open."""

_connect = msgspec.json.Decoder(ConnectRequest)


class CentrifugeStreams:
    """The endpoints."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._emulation = Emulation(shared.mesh, shared.settings)

    def routes(self) -> list[BaseRoute]:
        door = self._shared.door
        return [
            CrossOrigin(self._http_stream, door, ("POST",)).route("/connection/http_stream"),
            CrossOrigin(self._sse, door, ("GET",)).route("/connection/sse"),
            CrossOrigin(self._emulation, door, ("POST",)).route("/emulation"),
            CrossOrigin(self._uni_sse, door, ("GET", "POST")).route("/connection/uni_sse"),
            CrossOrigin(self._uni_http_stream, door, ("POST",)).route("/connection/uni_http_stream"),
        ]

    async def _http_stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        hello = await self._body(request)
        if is_binary(request):
            stream = _Stream(self._shared, PROTOBUF, framing.delimited, BINARY)
        else:
            stream = _Stream(self._shared, JSON, framing.lines, JSON_LINES)
        await self._both_ways(stream, hello, scope, receive, send)

    async def _sse(self, scope: Scope, receive: Receive, send: Send) -> None:
        hello = self._query(Request(scope))
        await self._both_ways(_Stream(self._shared, JSON, framing.events, EVENTS), hello, scope, receive, send)

    async def _uni_sse(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        connect = self._query(request) if scope["method"] == "GET" else await self._body(request)
        stream = _Stream(self._shared, ONE_WAY, framing.bare(framing.events), EVENTS)
        await self._one_way(stream, connect, scope, receive, send)

    async def _uni_http_stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        connect = await self._body(Request(scope, receive))
        stream = _Stream(self._shared, ONE_WAY, framing.bare(framing.lines), JSON_LINES)
        await self._one_way(stream, connect, scope, receive, send)

    async def _both_ways(self, stream: _Stream, hello: bytes, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            stream.encoding.decode(hello)
        except MalformedError as error:
            raise BadRequest(None, f"these are not commands of the protocol: {error}") from None
        with self._emulation.session(stream.sender) as transport:
            await stream.run(transport, hello, scope, receive, send)

    async def _one_way(self, stream: _Stream, connect: bytes, scope: Scope, receive: Receive, send: Send) -> None:
        connect = connect or b"{}"
        try:
            _connect.decode(connect)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise BadRequest(None, f"this is not a connect request: {error}") from None
        # Between JSON's tokens a line end is a space; inside a string there is none.
        hello = b'{"id":1,"connect":%s}' % connect.replace(b"\n", b" ")
        await stream.run(Transport(one_way=True), hello, scope, receive, send)

    async def _body(self, request: Request) -> bytes:
        settings = self._shared.settings
        return await read_body(request, settings.message_bytes, settings.hello_s)

    def _query(self, request: Request) -> bytes:
        said = request.query_params.get(CONNECT, "").encode()
        if len(said) > self._shared.settings.message_bytes:
            raise TooLarge(f"{CONNECT} has {len(said)} bytes; at most {self._shared.settings.message_bytes} are taken")
        return said


class _Stream:
    """One client."""

    def __init__(self, shared: Shared, encoding: Encoding, framed: Framing, media_type: str) -> None:
        settings = shared.settings
        self._shared = shared
        self._media_type = media_type
        self.encoding = encoding
        self.sender = HttpSender(encoding, framed, settings.outbox_bytes, settings.inbox_bytes, shared.door.counters)

    async def run(self, transport: Transport, hello: bytes, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve it until it ends; `hello` is what it said first."""
        door, sender = self._shared.door, self.sender
        with ExitStack() as stack:
            stack.enter_context(door.seats.one(address_of(Request(scope))))
            door.let_go_by(self, lambda: sender.close(*closes.SHUTDOWN))
            stack.callback(door.left, self)
            stack.callback(lambda: door.counters.count_close(sender.code))
            client = door.client(sender)
            connection = Connection(self._shared, client, self.encoding, transport)
            sender.take(hello)
            opening = OPENING if self._media_type == EVENTS else b""
            response = StreamingResponse(sender.chunks.body(opening), headers=HEADERS, media_type=self._media_type)
            try:
                await respond(sender.chunks, response, self._converse(connection), scope, receive, send)
            finally:
                await connection.leave_all()

    async def _converse(self, connection: Connection) -> None:
        try:
            with suppress(WebSocketDisconnect, WindsockError):
                await connection.run()
        finally:
            # Unless something else has ended it, it failed.
            self.sender.close(closes.SERVER_ERROR.code, closes.SERVER_ERROR.reason)
