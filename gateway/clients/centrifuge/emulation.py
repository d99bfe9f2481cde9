"""`POST /emulation`: commands of clients whose replies go in a long HTTP response, whichever gateway holds that.

Promise: commands that are posted one after the other are carried out in that order. They are answered with 204
once the gateway that holds the session has taken them, 404 if there is no such gateway or session.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakValueDictionary

import msgspec
from google.protobuf.message import DecodeError
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.clients.centrifuge import protocol_pb2 as pb
from gateway.clients.centrifuge.http_sender import HttpSender
from gateway.clients.centrifuge.transport import Transport
from gateway.mesh import Mesh
from services.errors import BadRequest, NotFound, TooLarge
from services.settings import GatewaySettings
from services.web import read_body

KIND = "emulation"
BINARY = "application/octet-stream"
NAME_CHARACTERS = 64
"""Most of a session's or a node's name."""
ESCAPED = 2
"""How much longer than its bytes a message may be within JSON."""


class _Posted(Struct):
    session: str
    node: str
    data: str


class _Forwarded(Struct):
    session: str
    data: bytes


_posted = msgspec.json.Decoder(_Posted)


class Emulation:
    """The sessions of one gateway, and the endpoint (an ASGI application)."""

    def __init__(self, mesh: Mesh, settings: GatewaySettings) -> None:
        self._mesh = mesh
        self._settings = settings
        self._sessions: dict[str, HttpSender] = {}
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        mesh.on(KIND, self._take_forwarded)

    @contextmanager
    def session(self, sender: HttpSender) -> Iterator[Transport]:
        """While the context is open, what is posted to the session of this transport goes to `sender`."""
        transport = Transport(secrets.token_urlsafe(24), self._mesh.node)
        self._sessions[transport.session] = sender
        try:
            yield transport
        finally:
            del self._sessions[transport.session]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        settings = self._settings
        request = Request(scope, receive)
        body = await read_body(request, settings.message_bytes * ESCAPED + 1_024, settings.hello_s)
        node, session, data = _read(body, binary=is_binary(request))
        if len(data) > settings.message_bytes:
            raise TooLarge(f"the commands have {len(data)} bytes; at most {settings.message_bytes} are taken")
        if not await self._hand_over(node, session, data):
            raise NotFound("there is no such session; connect again")
        await Response(status_code=204)(scope, receive, send)

    async def _hand_over(self, node: str, session: str, data: bytes) -> bool:
        if node == self._mesh.node:
            return self._take(session, data)
        if not (0 < len(node) <= NAME_CHARACTERS and 0 < len(session) <= NAME_CHARACTERS):
            return False
        turn = self._turns.setdefault(session, asyncio.Lock())
        async with turn:
            return bool(await self._mesh.ask(node, KIND, _Forwarded(session, data)))

    def _take_forwarded(self, body: Any) -> bool:
        try:
            forwarded = msgspec.convert(body, _Forwarded)
        except msgspec.ValidationError:
            return False  # of a gateway of another version
        return self._take(forwarded.session, forwarded.data)

    def _take(self, session: str, data: bytes) -> bool:
        sender = self._sessions.get(session)
        return sender is not None and sender.take(data)


def is_binary(request: Request) -> bool:
    """Whether a request's body is Protobuf."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == BINARY


def _read(body: bytes, *, binary: bool) -> tuple[str, str, bytes]:
    """The node, the session and the commands of a request. Raises BadRequest."""
    try:
        if binary:
            posted = pb.EmulationRequest.FromString(body)
            return posted.node, posted.session, posted.data
        said = _posted.decode(body)
        return said.node, said.session, said.data.encode()
    except (DecodeError, msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise BadRequest(None, f"not a request with session, node and data: {error}") from None
