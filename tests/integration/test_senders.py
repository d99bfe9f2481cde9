"""The sockets on a server without our wire: plain ASGI sends, with the same bounds."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import uvicorn
from starlette.applications import Starlette
from websockets.asyncio.client import ClientConnection, connect

from gateway import app
from services.background import background
from services.redis import Client
from services.room import Shared
from services.web import status_routes
from tests.redis_server import RedisServer
from tests.waiting import until_found


class Gateway:
    def __init__(self, port: int) -> None:
        self.port = port

    async def metric(self, name: str) -> float:
        async with httpx.AsyncClient(trust_env=False) as http:
            lines = (await http.get(f"http://127.0.0.1:{self.port}/metrics")).text.splitlines()
        return float(next((line for line in lines if line.startswith(name + " ")), "0 0").split()[-1])

    def open(self, path: str, **options: Any) -> connect:
        return connect(f"ws://127.0.0.1:{self.port}{path}", proxy=None, **options)


@asynccontextmanager
async def serving(url: str, client: Client, **settings: str) -> AsyncIterator[Gateway]:
    environ = {f"WINDSOCK_{key.upper()}": value for key, value in settings.items()}
    shared = Shared.over(client, client, url, environ)
    room = app.build(shared)
    application = Starlette(routes=[*status_routes(shared.registry, lambda: []), *room.routes])
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        application, ws="websockets-sansio", ws_per_message_deflate=False, log_config=None, timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    async with background(shared.writer.run), room.running():
        task = asyncio.create_task(server.serve(sockets=[listener]))
        yield Gateway(listener.getsockname()[1])
        server.should_exit = True
        await task
        listener.close()


async def say(connection: ClientConnection, message: Any) -> Any:
    await connection.send(json.dumps(message))
    return json.loads(await connection.recv())


async def test_messages_arrive_in_order(common_redis: RedisServer, client: Client) -> None:
    async with serving(common_redis.url, client) as gateway, gateway.open("/ws/feed/x/") as one:
        assert [await say(one, n) for n in range(100)] == list(range(100))


async def test_a_client_that_does_not_read_loses_its_seat_and_the_others_go_on(
    common_redis: RedisServer, client: Client
) -> None:
    limits = {"outbox_bytes": "65536", "client_messages_per_s": "10000"}
    async with (
        serving(common_redis.url, client, **limits) as gateway,
        gateway.open("/ws/feed/loud/") as other,
        gateway.open("/ws/feed/loud/", max_queue=1) as lazy,
    ):

        async def slow() -> bool:
            await say(other, "x" * 50_000)
            return await gateway.metric("windsock_slow_clients_total") == 1

        async def left() -> bool:
            return await gateway.metric("windsock_connections") == 1

        await until_found(slow, "the client that never reads is not noticed", within_s=120)
        await until_found(left, "its seat does not come back")
        assert await say(other, 7) == 7
        lazy.transport.abort()


async def test_a_client_that_talks_too_fast_is_closed(common_redis: RedisServer, client: Client) -> None:
    limits = {"client_messages_per_s": "1"}
    async with serving(common_redis.url, client, **limits) as gateway, gateway.open("/ws/echo/") as one:
        for _ in range(10):
            await one.send("x")
        await one.wait_closed()
        assert one.close_code == 3013


async def test_the_books_balance_though_clients_go_in_the_middle(common_redis: RedisServer, client: Client) -> None:
    limits = {"outbox_bytes": "65536", "client_messages_per_s": "10000"}
    async with serving(common_redis.url, client, **limits) as gateway, gateway.open("/ws/feed/books/") as one:
        for messages in (1, 20, 300):
            lazy = await gateway.open("/ws/feed/books/", max_queue=1)
            for _ in range(messages):
                await say(one, "x" * 50_000)
            lazy.transport.abort()

        async def alone() -> bool:
            return await gateway.metric("windsock_connections") == 1

        await until_found(alone, "the others do not go")
        matched, sent, refused = [
            await gateway.metric(f"windsock_publications_{what}_total") for what in ("matched", "sent", "refused")
        ]
        assert matched == sent + refused
        assert refused > 0


async def test_who_asked_for_the_latest_may_read_late(common_redis: RedisServer, client: Client) -> None:
    limits = {"outbox_bytes": "65536", "client_messages_per_s": "10000", "ping_s": "3600"}
    async with (
        serving(common_redis.url, client, **limits) as gateway,
        gateway.open("/ws/feed/late/") as other,
        gateway.open("/connection/websocket", max_queue=1) as lazy,
    ):
        subscribe = {"channel": "feed:late", "data": {"delivery": "latest"}}
        await lazy.send('{"id":1,"connect":{}}\n' + json.dumps({"id": 2, "subscribe": subscribe}))
        while '"id":2' not in str(await lazy.recv()):
            pass
        said = 0

        async def conflated() -> bool:
            nonlocal said
            said += 1
            await say(other, {"n": said, "filling": "x" * 50_000})
            return await gateway.metric("windsock_publications_conflated_total") > 20

        await until_found(conflated, "nothing is conflated", within_s=120)
        assert await gateway.metric("windsock_slow_clients_total") == 0
        found = 0
        while found < said:
            pub = json.loads(await lazy.recv())["push"]["pub"]
            found += 1 + int(pub.get("tags", {}).get("conflated", 0))
        assert (found, pub["data"]["n"]) == (said, said)
