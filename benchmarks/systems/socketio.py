"""python-socketio's AsyncServer with AsyncRedisManager on uvicorn.

Published is by a write-only manager from another process, after python-socketio's docs, 'The Socket.IO Server:
Emitting from external processes'.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.load_client import Dialect
from benchmarks.systems.system import environment, missing, uvicorn, versions_of


class SocketioPublisher:
    """Emits to rooms."""

    def __init__(self, manager: Any) -> None:
        self._manager = manager

    async def publish(self, messages: Sequence[tuple[str, bytes]]) -> None:
        for topic, payload in messages:
            await self._manager.emit("reading", json.loads(payload), room=topic)

    async def close(self) -> None:
        if self._manager.redis is not None:
            await self._manager.redis.aclose()


@dataclass(frozen=True, slots=True)
class SocketioSystem:
    """One server process."""

    name: str = "python-socketio, uvicorn"
    key: str = "socketio"
    dialect: Dialect = "socketio"
    path: str = "/socket.io/?EIO=4&transport=websocket"
    channel: str = "bench-%04d"
    ready_path: str | None = None

    def unavailable(self) -> str | None:
        return missing("socketio")

    def versions(self) -> str:
        return versions_of("python-socketio", "uvicorn", "redis")

    def command(self, port: int, redis_url: str) -> tuple[list[str], dict[str, str]]:
        return uvicorn("benchmarks.peers.socketio_app:app", port), environment(REDIS_URL=redis_url)

    async def publisher(self, port: int, redis_url: str) -> SocketioPublisher:
        import socketio

        return SocketioPublisher(socketio.AsyncRedisManager(redis_url, write_only=True))


SOCKETIO = SocketioSystem()
