"""A WebSocket server that sends what a test tells it to, byte by byte if need be, and keeps what it hears."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

CONTINUED, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


def frame(opcode: int, payload: bytes, *, final: bool = True, reserved: int = 0) -> bytes:
    """A server's frame."""
    first = opcode | (128 if final else 0) | reserved
    if len(payload) < 126:
        return bytes((first, len(payload))) + payload
    if len(payload) < 65536:
        return bytes((first, 126)) + len(payload).to_bytes(2, "big") + payload
    return bytes((first, 127)) + len(payload).to_bytes(8, "big") + payload


class Peer:
    """One client, seen from the server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str) -> None:
        self._reader = reader
        self.writer = writer
        self.path = path
        self.heard: asyncio.Queue[tuple[int, bytes]] = asyncio.Queue()

    async def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.writer.write(data)
        await self.writer.drain()

    async def say(self, text: str) -> None:
        """Send a text frame."""
        await self.send(frame(TEXT, text.encode()))

    async def hear(self) -> bytes:
        """The payload of the next frame that it sent."""
        return (await asyncio.wait_for(self.heard.get(), 10))[1]

    async def listen(self) -> None:
        """Keep its frames until it is gone."""
        try:
            while True:
                first, second = await self._reader.readexactly(2)
                size = second & 127
                if size > 125:
                    size = int.from_bytes(await self._reader.readexactly(2 if size == 126 else 8), "big")
                mask = await self._reader.readexactly(4)
                payload = await self._reader.readexactly(size)
                unmasked = bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))
                self.heard.put_nowait((first & 15, unmasked))
        except (asyncio.IncompleteReadError, ConnectionError):
            self.writer.close()


async def nothing(_peer: Peer) -> None:
    """A welcome without a word."""


class WebSocketServer:
    """A server on a free port while the block runs. `refuse` tells the status for the n-th client (0...), or None."""

    def __init__(
        self,
        welcome: Callable[[Peer], Awaitable[None]] = nothing,
        refuse: Callable[[int], str | None] = lambda _: None,
    ) -> None:
        self._welcome = welcome
        self._refuse = refuse
        self._count = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self.peers: list[Peer] = []
        self.port = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0, backlog=1000)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._server.close()
        for peer in self.peers:
            peer.writer.transport.abort()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def send_all(self, data: bytes) -> None:
        """Send the same bytes to every client."""
        for peer in self.peers:
            await peer.send(data)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        status = self._refuse(self._count)
        self._count += 1
        if status is not None:
            writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())
            writer.close()
            return
        key = next(line.split(": ")[1] for line in head.splitlines() if line.startswith("Sec-WebSocket-Key"))
        digest = hashlib.sha1(key.encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
        accept = base64.b64encode(digest).decode()
        writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept.encode() + b"\r\n\r\n"
        )
        peer = Peer(reader, writer, head.split(" ")[1])
        listening = asyncio.create_task(peer.listen())
        self.peers.append(peer)
        await self._welcome(peer)
        await listening
