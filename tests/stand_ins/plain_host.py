"""A host that answers HTTP with the bytes that a test gives it, however wrong, and counts what it is asked."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections import deque
from types import TracebackType
from typing import Any, Self

DRIP_S = 0.05


def answer(body: Any, status: int = 200, **headers: str) -> bytes:
    """A whole answer; a body of bytes as it is, others as JSON."""
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [
        f"HTTP/1.1 {status} As-told",
        f"Content-Length: {len(text)}",
        "Content-Type: application/json",
        "Connection: close",
    ]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + text


class PlainHost:
    """`async with PlainHost() as host:` serves on `host.url`; `host.next(…)` are the next answers, then `{}`.

    While `host.go_on` is cleared, requests stay unanswered. `host.most_at_once` is how many there ever were together.
    """

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.netloc = self.url.removeprefix("http://")
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.now = self.most_at_once = 0
        self.go_on = asyncio.Event()
        self.go_on.set()
        self._answers: deque[tuple[bytes, str]] = deque()

    def next(self, *answers: bytes, how: str = "whole") -> None:
        """The next answers, sent 'whole', by 'drip', or followed by a 'reset' of the connection."""
        self._answers.extend((one, how) for one in answers)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, sock=self._listener)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.go_on.set()
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            fields = dict(line.split(": ", 1) for line in head[1:] if line)
            self.requests.append((head[0].split(" ")[1], {name.lower(): value for name, value in fields.items()}))
            self.now += 1
            self.most_at_once = max(self.most_at_once, self.now)
            try:
                await self._answer(reader, writer)
            finally:
                self.now -= 1
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        gone = asyncio.create_task(reader.read())
        going_on = asyncio.create_task(self.go_on.wait())
        try:
            await asyncio.wait([gone, going_on], return_when=asyncio.FIRST_COMPLETED)
            if gone.done():
                return
            text, how = self._answers.popleft() if self._answers else (answer({}), "whole")
            pieces = [text[at : at + 1] for at in range(len(text))] if how == "drip" else [text]
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                if how == "drip":
                    await asyncio.wait([gone], timeout=DRIP_S)
            if how == "reset":
                writer.transport.abort()
        finally:
            going_on.cancel()
            gone.cancel()
            await asyncio.wait([gone, going_on])
