"""How plain sockets are let in: by the token of their handshake, or of their first message {"token": "<token>"}.

Where no token is needed, a first message with one still tells who the client is.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
from msgspec import Struct
from starlette.websockets import WebSocket, WebSocketState

from gateway.clients.door import Client, Door
from gateway.clients.visitor import Guests, Visitor
from services.bearer import subprotocol
from services.errors import Forbidden, Unauthorized
from services.tokens import Identity

AUTHENTICATED = b'{"authenticated":true}'
OPENS = "eyJ"
"""What every JSON Web Token begins with: an object in Base64 (RFC 7515, section 3)."""
NOBODY = Identity()


class _Introduction(Struct, forbid_unknown_fields=True):
    token: str


_introduction = msgspec.json.Decoder(_Introduction)


class Entrance:
    """A client has `hello_s` seconds for its first message if it must bring a token."""

    def __init__(self, door: Door, guests: Guests, hello_s: float) -> None:
        self._door = door
        self._guests = guests
        self._hello_s = hello_s

    @asynccontextmanager
    async def visited(self, socket: WebSocket, topic: str | None = None) -> AsyncIterator[tuple[Client, Visitor]]:
        """A client that may use `topic`, or simply be here. Its handshake may be yet to accept (`accept`)."""
        identities = self._guests.identities
        async with self._door.open(socket) as client:
            with self._guests.visitor(client.sender.close) as visitor:
                identity = await identities.claimed(socket)
                if identity is None and not identities.access.welcomes(topic):
                    await accept(socket)
                    await self._introduce(visitor, await client.first(self._hello_s), topic)
                    client.sender.send(AUTHENTICATED)
                else:
                    await visitor.come_as(identity, topic)
                yield client, visitor

    async def introduced(self, client: Client, visitor: Visitor, text: bytes, topic: str | None = None) -> bool:
        """Whether this message says who the client is, or that its token is renewed. Raises as `Visitor.come_as`.

        What is a token is taken for nothing else: it must not be sent on to others.
        """
        if _token_in(text) is None:
            return False
        await self._introduce(visitor, text, topic)
        client.sender.send(AUTHENTICATED)
        return True

    async def _introduce(self, visitor: Visitor, text: bytes, topic: str | None) -> None:
        token = _token_in(text)
        if token is None:
            raise Unauthorized('a token is needed: send {"token": "<token>"} first')
        identity = await self._guests.identities.verified(token)
        if visitor.identity != NOBODY and visitor.identity.user != identity.user:
            raise Unauthorized("this token is of another user")
        if topic is None and visitor.identity != NOBODY and visitor.identity.allow != identity.allow:
            raise Forbidden("this token opens other topics; connect again with it")
        await visitor.come_as(identity, topic)


async def accept(socket: WebSocket) -> None:
    """Complete the handshake, if it is not complete yet."""
    if socket.application_state is WebSocketState.CONNECTING:
        await socket.accept(subprotocol(socket.scope["subprotocols"]))


def _token_in(text: bytes) -> str | None:
    """The token of a message that is nothing but one: {"token": "<a JSON Web Token>"}."""
    try:
        token = _introduction.decode(text).token
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    return token if token.startswith(OPENS) and token.count(".") == 2 else None
