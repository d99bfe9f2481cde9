"""Plain Starlette with redis-py's pub/sub on uvicorn: what one writes without a library for real time.

Published is by Redis' own PUBLISH; several at once in one pipeline, after redis-py's docs, 'Asyncio Examples'.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from redis.asyncio import Redis

from benchmarks.load_client import Dialect
from benchmarks.systems.system import environment, uvicorn, versions_of


class RedisPublisher:
    """Publishes on Redis channels."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def publish(self, messages: Sequence[tuple[str, bytes]]) -> None:
        async with self._redis.pipeline(transaction=False) as pipeline:
            for topic, payload in messages:
                pipeline.publish(topic, payload)
            await pipeline.execute()

    async def close(self) -> None:
        await self._redis.aclose()


@dataclass(frozen=True, slots=True)
class StarletteSystem:
    """One server process."""

    name: str = "Starlette, redis-py, uvicorn"
    key: str = "starlette"
    dialect: Dialect = "plain"
    path: str = "/ws/bench-%04d/"
    channel: str = "bench-%04d"
    ready_path: str | None = None

    def unavailable(self) -> str | None:
        return None

    def versions(self) -> str:
        return versions_of("starlette", "uvicorn", "redis")

    def command(self, port: int, redis_url: str) -> tuple[list[str], dict[str, str]]:
        return uvicorn("benchmarks.peers.starlette_app:app", port), environment(REDIS_URL=redis_url)

    async def publisher(self, port: int, redis_url: str) -> RedisPublisher:
        return RedisPublisher(Redis.from_url(redis_url))


STARLETTE = StarletteSystem()
