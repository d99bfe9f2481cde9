"""One pub/sub connection to Redis: keeps a set of channels subscribed, hands over what comes.

redis-py's pub/sub costs 5 to 12 µs a message; feeding `hiredis.Reader` from an asyncio protocol costs
0.7 µs, and hands over all messages of one read in one event-loop turn, so that their frames can be joined.

Promises: after every (re)connection each wanted channel is reported to `on_subscribed` once its
subscription is confirmed; a connection on which nothing is heard for `silence_s` is given up. It does not
notice lost messages: that is for whoever listens.
"""

from __future__ import annotations

import asyncio
import random
import ssl
from collections.abc import Callable
from typing import Any, cast

import hiredis
from redis.asyncio.connection import SSLConnection, UnixDomainSocketConnection, parse_url

from services import logs
from services.redis import reason_of

log = logs.get("bus")

MOST_PER_COMMAND = 1_000
PAUSE_S = 0.05
"""Before the second try; it doubles up to a second while no subscription is confirmed."""


class Bus(asyncio.Protocol):
    """Runs until cancelled; `connected` tells whether Redis is heard."""

    def __init__(
        self,
        url: str,
        *,
        on_message: Callable[[bytes, bytes], None],
        on_subscribed: Callable[[bytes], None],
        on_lost: Callable[[], None],
        silence_s: float,
        on_read: Callable[[], None] = lambda: None,
    ) -> None:
        """`on_read` is called after the last message of each read."""
        self._url = url
        self._on_message = on_message
        self._on_subscribed = on_subscribed
        self._on_lost = on_lost
        self._on_read = on_read
        self._silence_s = silence_s
        self._wanted: dict[str, None] = {}
        self._transport: asyncio.Transport | None = None
        self._reader = hiredis.Reader()
        self._gone: asyncio.Future[str] | None = None
        self._greeting: tuple[str, ...] = ()
        self._heard = 0.0
        self.connected = False
        self.connections = 0

    def subscribe(self, channel: str) -> None:
        """Want `channel`, now and after every reconnection."""
        self._wanted[channel] = None
        self._command("SUBSCRIBE", channel)

    def unsubscribe(self, channel: str) -> None:
        """No longer want `channel`."""
        self._wanted.pop(channel, None)
        self._command("UNSUBSCRIBE", channel)

    async def run(self) -> None:
        """Connect, and connect again whenever the connection breaks or falls silent."""
        pause_s = PAUSE_S
        while True:
            try:
                await self._connect()
            except (OSError, TimeoutError, hiredis.HiredisError) as error:
                log.warning("cannot reach Redis for pub/sub", error=reason_of(error))
            else:
                reason = await self._watch()
                if self.connected:
                    pause_s = PAUSE_S
                log.warning("lost the pub/sub connection to Redis", reason=reason)
                self._on_lost()
            finally:
                self.connected = False
                if self._transport is not None:
                    self._transport.abort()
                    self._transport = None
            await asyncio.sleep(pause_s * random.uniform(0.5, 1.5))
            pause_s = min(pause_s * 2, 1.0)

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        target: dict[str, Any] = dict(parse_url(self._url))
        kind = target.get("connection_class")
        password, user = target.get("password"), target.get("username")
        self._greeting = ("AUTH", *([user] if user else []), password) if password is not None else ()
        self._reader = hiredis.Reader()
        self._gone = loop.create_future()
        async with asyncio.timeout(self._silence_s):
            if kind is UnixDomainSocketConnection:
                await loop.create_unix_connection(lambda: self, target["path"])
            else:
                secure = _context(target) if kind is SSLConnection else None
                host, port = target.get("host", "localhost"), target.get("port", 6379)
                await loop.create_connection(lambda: self, host, port, ssl=secure)
        self._heard = loop.time()
        channels = list(self._wanted)
        for start in range(0, len(channels), MOST_PER_COMMAND):
            self._command("SUBSCRIBE", *channels[start : start + MOST_PER_COMMAND])
        self.connections += 1

    async def _watch(self) -> str:
        """Wait for the end of the connection; give it up when it is silent. Returns the reason."""
        loop = asyncio.get_running_loop()
        assert self._gone is not None
        while not self._gone.done():
            left = self._heard + self._silence_s - loop.time()
            if left <= 0:
                return f"silent for {self._silence_s} s"
            await asyncio.wait([self._gone], timeout=left)
        return self._gone.result()

    def _command(self, *words: str) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(hiredis.pack_command(words))  # type: ignore[arg-type]  # any number of words

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        if self._greeting:
            self._command(*self._greeting)

    def data_received(self, data: bytes) -> None:
        self._heard = asyncio.get_running_loop().time()
        self._reader.feed(data)
        try:
            self._hand_over()
        except hiredis.ProtocolError as error:
            self._end(f"Redis sent what is not its protocol: {error}")
        self._on_read()

    def _hand_over(self) -> None:
        """All messages that are there."""
        gets = self._reader.gets
        while (reply := gets()) is not False:
            if isinstance(reply, hiredis.ReplyError):
                self._end(str(reply))
                return
            if not isinstance(reply, list):
                continue
            if reply[0] == b"message":
                self._on_message(reply[1], reply[2])
            elif reply[0] == b"subscribe":
                self.connected = True
                self._on_subscribed(reply[1])

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(str(exc) if exc else "closed by Redis")

    def _end(self, reason: str) -> None:
        if self._gone is not None and not self._gone.done():
            self._gone.set_result(reason)


def _context(target: dict[str, Any]) -> ssl.SSLContext:
    """TLS as the URL's `ssl_*` options ask for, with redis-py's names."""
    context = ssl.create_default_context(cafile=target.get("ssl_ca_certs"))
    if target.get("ssl_cert_reqs") in ("none", "optional"):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE if target["ssl_cert_reqs"] == "none" else ssl.CERT_OPTIONAL
    if target.get("ssl_certfile"):
        context.load_cert_chain(target["ssl_certfile"], target.get("ssl_keyfile"))
    return context
