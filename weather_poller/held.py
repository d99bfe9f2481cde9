"""A key in Redis that one process at a time holds: the pollers' lease, and the turn at a host.

Promises: the value differs with each acquisition, so that a write can be fenced by comparing it; the holder stops
believing that it holds the key before Redis lets it go, since its deadline counts from before the command was sent.
"""

from __future__ import annotations

import asyncio
import math
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from services import logs
from services.errors import Unavailable
from services.redis import Client, answered

RENEWALS = 3
"""How often a key is renewed within its time."""
LEAST_S = 0.05
"""Shortest pause between two renewals."""
DRIFT = 0.01
"""Part of its time by which the holder lets go sooner: clocks do not run equally fast."""

RENEW = """
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 0
"""
RELEASE = """
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
"""

log = logs.get("held")


class LostError(Exception):
    """The key is no longer held: it could not be renewed in time, or Redis forgot it."""


class Held:
    """A key held for `ttl_s` seconds at a time; `who` stands in its value, for people."""

    def __init__(
        self, redis: Client, key: str, ttl_s: float, who: str = "", *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.key = key
        self.value: str | None = None
        """The value of the latest acquisition, to compare before a write; None after it was given or taken away."""
        self._redis = redis
        self._ttl_s = ttl_s
        self._who = who
        self._clock = clock
        self._until = -math.inf

    @property
    def left_s(self) -> float:
        """Seconds for which it is surely held."""
        return max(0.0, self._until - self._clock())

    @property
    def is_held(self) -> bool:
        """Whether it is surely held now."""
        return self.left_s > 0

    async def acquire(self) -> bool:
        """Take the key if nobody has it. Raises Unavailable."""
        value, began = f"{self._who} {secrets.token_hex(16)}", self._clock()
        async with answered():
            taken = await self._redis.set(self.key, value, nx=True, px=self._ttl_ms)
        if taken:
            self.value = value
            self._until = began + self._ttl_s * (1 - DRIFT)
        return self.is_held

    async def renew(self) -> bool:
        """Hold it longer; False if it is another's by now, or nobody's. Raises Unavailable."""
        if not self.is_held:
            return False
        began = self._clock()
        async with answered():
            kept: Any = await self._redis.eval(RENEW, 1, self.key, self.value or "", self._ttl_ms)
        if not kept:
            self._let_go()
            return False
        self._until = began + self._ttl_s * (1 - DRIFT)
        return self.is_held

    async def release(self) -> None:
        """Let others have it. Raises Unavailable; it is free when its time is over in any case."""
        value = self.value
        self._let_go()
        if value is not None:
            async with answered():
                await self._redis.eval(RELEASE, 1, self.key, value)

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Renew it while the context is open; what runs inside is cancelled once it is lost, and LostError raised.

        It must be held already, and is not released at the end.
        """
        try:
            async with asyncio.timeout(self.left_s) as limit:
                renewing = asyncio.create_task(self._renew(limit))
                try:
                    yield
                finally:
                    renewing.cancel()
                    await asyncio.wait([renewing])
        except TimeoutError:
            if not limit.expired():
                raise
            self._until = -math.inf
            raise LostError(f"{self.key} is no longer held") from None

    async def _renew(self, limit: asyncio.Timeout) -> None:
        loop = asyncio.get_running_loop()
        while self.is_held:
            await asyncio.sleep(max(LEAST_S, min(self._ttl_s / RENEWALS, self.left_s / 2)))
            try:
                await self.renew()
            except Unavailable as error:
                log.warning("a key in Redis cannot be renewed; trying again", key=self.key, error=str(error))
            if limit.expired():
                return
            limit.reschedule(loop.time() + self.left_s)

    def _let_go(self) -> None:
        self.value, self._until = None, -math.inf

    @property
    def _ttl_ms(self) -> int:
        return max(1, round(self._ttl_s * 1000))
