"""A client of plain sockets or event streams as a member of the roster: who it is, and until when."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from gateway.identities import Identities
from gateway.roster import Roster
from services import closes
from services.access import Permits
from services.batch import Position
from services.tokens import Grant, Identity

LONGEST_S = 30 * 86_400.0
"""Timers are not made for longer; whoever stays for so long comes again."""


class Guests:
    """What all visitors of a gateway have in common."""

    def __init__(self, identities: Identities, roster: Roster) -> None:
        self.identities = identities
        self.roster = roster

    @contextmanager
    def visitor(self, end: Callable[[int, str], None]) -> Iterator[Visitor]:
        """A client that `end` closes. It is nobody until it comes as somebody."""
        visitor = Visitor(self, end)
        try:
            yield visitor
        finally:
            visitor.leave()


class Visitor:
    """One of them."""

    client_id = ""

    def __init__(self, guests: Guests, end: Callable[[int, str], None]) -> None:
        self._guests = guests
        self.end = end
        self.identity = Identity()
        self.has_token = False
        self.permits: Permits = lambda _: False
        """Which topics it may use."""
        self.topics: list[str] = []
        """Those that it follows."""
        self._timer: asyncio.TimerHandle | None = None

    async def come_as(self, identity: Identity | None, topic: str | None = None) -> None:
        """It is somebody, or None: without a token; it wants `topic`, or nothing in particular.

        Raises Unauthorized or Forbidden if it may not, Unavailable if that cannot be told.
        """
        access = self._guests.identities.access
        access.admit(identity, topic)
        self.leave()
        self.has_token = identity is not None
        self.identity, self.permits = identity or Identity(), access.of(identity)
        self._guests.roster.add(self)
        self._end_at(self.identity.expires_at)
        await self._guests.identities.check(identity)

    def _end_at(self, moment: float | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if moment is not None:
            left_s = max(0.0, moment - time.time())
            self._timer = asyncio.get_running_loop().call_later(min(left_s, LONGEST_S), self.end, *closes.EXPIRED)

    def leave(self) -> None:
        """It is nobody any more."""
        self._end_at(None)
        self._guests.roster.remove(self)

    def channels(self) -> list[str]:
        return self.topics

    def grants(self) -> Mapping[str, Grant]:
        return {}

    def subscribe(self, channel: str, since: Position | None, info: bytes, data: bytes) -> None:
        """They follow what they asked for when they came."""

    def renew(self, expires_at: float | None) -> None:
        """They cannot be told, but stay so long."""
        self._end_at(expires_at)

    def unsubscribe(self, channel: str, code: int, reason: str) -> None:
        """These clients cannot be told that one topic ends, so all of it does."""
        if channel in self.topics:
            self.end(*closes.FORCED)
