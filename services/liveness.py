"""Whether Redis answers: asked every second, so that readiness never waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from redis.exceptions import RedisError

from services.redis import Client, reason_of


class RedisPulse:
    """Pings Redis in the background and remembers the last failure."""

    def __init__(self, redis: Client, every_s: float = 1.0) -> None:
        self._redis = redis
        self._every_s = every_s
        self._failure: str | None = None

    def unready(self) -> Sequence[str]:
        """Why Redis cannot be used now; empty while it answers."""
        return [f"Redis does not answer: {self._failure}"] if self._failure else []

    async def run(self) -> None:
        """Ping until cancelled."""
        while True:
            try:
                async with asyncio.timeout(self._every_s * 2):
                    await self._redis.ping()
                self._failure = None
            except (RedisError, OSError, TimeoutError) as error:
                self._failure = reason_of(error)
            await asyncio.sleep(self._every_s)
