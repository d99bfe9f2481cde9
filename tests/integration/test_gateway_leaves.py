"""What a connection leaves behind: nothing."""

from __future__ import annotations

import asyncio
import gc
import socket
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import uvicorn
from websockets.asyncio.client import connect

from gateway import app
from services.assembly import Assembly
from services.background import background
from services.redis import Client
from services.room import Shared
from tests.redis_server import RedisServer
from tests.waiting import until_found

CLIENTS = 20
KINDS = ("ServerProtocol", "Task", "TimerHandle", "async_generator", "coroutine", "generator")
MODULES = ("gateway", "services", "starlette.websockets", "uvicorn.protocols.websockets")


@asynccontextmanager
async def serving(url: str, client: Client) -> AsyncIterator[int]:
    shared = Shared.over(client, client, url, {})
    room = app.build(shared)
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        Assembly([room], shared).application,
        interface="asgi3",
        ws=room.wire or "",
        ws_per_message_deflate=False,
        log_config=None,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    async with background(shared.writer.run), room.running():
        task = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            await task
            listener.close()


def objects() -> Counter[str]:
    """How many there are of each type of ours, and of coroutines, tasks and timers by name."""
    gc.collect()
    return Counter(getattr(one, "__qualname__", type(one).__name__) for one in gc.get_objects() if _counts(one))


def _counts(one: object) -> bool:
    kind = type(one)
    return kind.__name__ in KINDS or str(kind.__module__).startswith(MODULES)


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/connection/websocket", '{"id":1,"connect":{}}\n{"id":2,"subscribe":{"channel":"device:a"}}'),
        ("/ws/device/a/", None),
        ("/ws/weather/?status=1", None),
    ],
)
async def test_clients_that_left_leave_nothing_behind(
    common_redis: RedisServer, client: Client, path: str, says: str | None
) -> None:
    async with serving(common_redis.url, client) as port:

        async def come_and_go(clients: int) -> None:
            sockets = [await connect(f"ws://127.0.0.1:{port}{path}", proxy=None) for _ in range(clients)]
            for one in sockets:
                if says is not None:
                    await one.send(says)
                    while '"id":2' not in str(await one.recv()):
                        pass
            for number, one in enumerate(sockets):
                if number % 2:
                    one.transport.abort()
                await one.close()
            del sockets

        await come_and_go(2)  # what is made once is there now
        before = objects()
        await come_and_go(CLIENTS)

        async def left() -> bool:
            return not {kind: count for kind, count in (objects() - before).items() if count >= CLIENTS // 2}

        await until_found(left, f"there is still {objects() - before}")
