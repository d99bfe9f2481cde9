"""Plain Starlette: one task reads Redis pub/sub and sends each message to each client of its topic.

After Starlette's docs, 'WebSockets' and 'Lifespan', redis-py's 'Asyncio Examples: Pub/Sub Mode', and the connection
manager of FastAPI's docs, 'WebSockets: Handling disconnections and multiple clients'.
"""

from __future__ import annotations

import asyncio
import os
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from redis.asyncio import Redis
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

TOPICS = "bench-*"


class ConnectionManager:
    """The clients of each topic."""

    def __init__(self) -> None:
        self._clients: defaultdict[str, set[WebSocket]] = defaultdict(set)

    async def follow(self, socket: WebSocket) -> None:
        """Serve one client until it leaves."""
        clients = self._clients[socket.path_params["topic"]]
        await socket.accept()
        clients.add(socket)
        try:
            async for _ in socket.iter_text():
                pass
        finally:
            clients.discard(socket)

    async def broadcast(self, topic: str, text: str) -> None:
        """Send `text` to each client of the topic."""
        for socket in tuple(self._clients[topic]):
            try:
                await socket.send_text(text)
            except (WebSocketDisconnect, RuntimeError):
                self._clients[topic].discard(socket)

    async def listen(self) -> None:
        """Broadcast all that is published."""
        async with Redis.from_url(os.environ["REDIS_URL"]) as redis, redis.pubsub() as pubsub:
            await pubsub.psubscribe(TOPICS)
            async for message in pubsub.listen():
                if message["type"] == "pmessage":
                    await self.broadcast(message["channel"].decode(), message["data"].decode())


manager = ConnectionManager()


@asynccontextmanager
async def lifespan(_app: Starlette) -> AsyncIterator[None]:
    """Listen to Redis while the application runs."""
    listening = asyncio.create_task(manager.listen())
    yield
    listening.cancel()


app = Starlette(routes=[WebSocketRoute("/ws/{topic}/", manager.follow)], lifespan=lifespan)
