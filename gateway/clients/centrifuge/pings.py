"""Pings: each connection gets one every so often, and is closed if it does not answer in time.

The first ping comes after half an interval to a whole one, at random, so that they are spread.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

from gateway.clients.centrifuge.session import Session
from gateway.sender import Sender

TICK_S = 0.5


class Pinged:
    """One connection's pings. Times are seconds of the caller's clock."""

    def __init__(
        self,
        session: Session,
        sender: Sender,
        ping: bytes,
        now: float,
        ping_s: float,
        pong_s: float,
        *,
        answered: bool = True,
    ) -> None:
        self._answered = answered
        self._session = session
        self._sender = sender
        self._ping = ping
        self._ping_s = ping_s
        self._pong_s = pong_s
        self._ping_at = now + ping_s * random.uniform(0.5, 1.0)
        self._pong_by = 0.0
        self._busy = False

    def busy(self) -> None:
        """The client's words are not read from here on: it cannot be blamed for a missing answer."""
        self._busy = True

    def listening(self, now: float) -> None:
        """They are read again; an answer may wait among them."""
        if self._busy:
            self._busy = False
            if self._pong_by < now:
                self._pong_by = now + self._pong_s

    def tick(self, now: float) -> None:
        """Send what is due at `now`."""
        waits = self._session.unanswered_pings > 0
        if waits and now >= self._pong_by and not self._busy:
            close = self._session.expire()
            self._sender.close(close.code, close.reason)
        elif now >= self._ping_at and (self._busy or not waits):
            # SDKs take silence for a lost connection, so a busy one is pinged all the same.
            if self._answered:
                self._session.pinged()
            self._sender.send(self._ping)
            self._ping_at, self._pong_by = now + self._ping_s, now + self._pong_s


class Pings:
    """The pings of all connections of a gateway."""

    def __init__(self, ping_s: float, pong_s: float) -> None:
        self.ping_s = ping_s
        self._pong_s = min(pong_s, ping_s)
        self._all: dict[Pinged, None] = {}

    def begin(self, session: Session, sender: Sender, ping: bytes, *, answered: bool = True) -> Pinged:
        """Ping a connection until `end`; `answered` if the client has to answer."""
        now = asyncio.get_running_loop().time()
        one = Pinged(session, sender, ping, now, self.ping_s, self._pong_s, answered=answered)
        self._all[one] = None
        return one

    def end(self, one: Pinged) -> None:
        """Ping it no more."""
        del self._all[one]

    async def run(self) -> None:
        """Ping until cancelled."""
        clock: Callable[[], float] = asyncio.get_running_loop().time
        while True:
            await asyncio.sleep(TICK_S)
            now = clock()
            for one in list(self._all):
                one.tick(now)
