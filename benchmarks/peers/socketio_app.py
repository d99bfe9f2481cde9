"""python-socketio: clients enter a room per topic; what another process emits to the room comes through Redis.

After python-socketio's docs, 'The Socket.IO Server': 'Rooms', 'Using a Message Queue', 'Uvicorn, Daphne, and other
ASGI servers'. Logging is off, which is its default.
"""

from __future__ import annotations

import os

import socketio

server = socketio.AsyncServer(async_mode="asgi", client_manager=socketio.AsyncRedisManager(os.environ["REDIS_URL"]))


@server.event  # type: ignore[untyped-decorator]  # python-socketio is not typed
async def subscribe(sid: str, topic: str) -> None:
    """Let a client into the room of a topic, and tell it so."""
    await server.enter_room(sid, topic)
    await server.emit("subscribed", topic, to=sid)


app = socketio.ASGIApp(server)
