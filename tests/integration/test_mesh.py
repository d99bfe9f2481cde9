"""Messages between gateways over a real Redis."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from gateway import mesh
from gateway.broker import Broker
from gateway.mesh import Mesh
from services import redis
from services.background import background
from services.errors import Unavailable
from services.redis import Client
from services.settings import GatewaySettings
from services.stream import Stream
from tests.redis_server import RedisServer
from tests.waiting import until


@asynccontextmanager
async def gateway(url: str) -> AsyncIterator[Mesh]:
    async with redis.connect(url) as client:
        broker = Broker(client, url, Stream(client), GatewaySettings())
        one = Mesh(client, broker)
        heard: list[None] = []
        one.on_heard(lambda: heard.append(None))
        async with broker.running(), background(one.run):
            await until(lambda: bool(heard), "the mesh is not heard")
            yield one


@pytest.fixture
async def two(client: Client, common_redis: RedisServer) -> AsyncIterator[tuple[Mesh, Mesh]]:
    async with gateway(common_redis.url) as one, gateway(common_redis.url) as other:
        yield one, other


async def test_one_gateway_is_told(two: tuple[Mesh, Mesh]) -> None:
    one, other = two
    told: list[object] = []
    other.on("note", told.append)
    assert await one.tell(other.node, "note", {"n": 1})
    await until(lambda: told == [{"n": 1}], "it is not told")


async def test_nobody_of_that_name_is_told(two: tuple[Mesh, Mesh]) -> None:
    assert not await two[0].tell("nobody", "note", {})


async def test_one_gateway_answers_a_question(two: tuple[Mesh, Mesh]) -> None:
    one, other = two
    other.on("sum", lambda body: body + 1)
    assert await one.ask(other.node, "sum", 10) == 11
    assert await one.ask("nobody", "sum", 10) is None


async def test_all_gateways_answer_a_question(two: tuple[Mesh, Mesh]) -> None:
    two[0].on("sum", lambda body: body)
    two[1].on("sum", lambda body: body + 1)
    assert sorted(await two[0].ask_all("sum", 10)) == [10, 11]
    assert sorted(await two[1].ask_all("sum", 20)) == [20, 21]


async def test_a_gateway_that_does_not_answer_is_told_of(
    two: tuple[Mesh, Mesh], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mesh, "ANSWERS_WITHIN_S", 0.3)
    two[0].on("known to one", lambda body: body)
    with pytest.raises(Unavailable):
        await two[0].ask_all("known to one", 1)


async def test_nonsense_does_no_harm(two: tuple[Mesh, Mesh], client: Client) -> None:
    told: list[object] = []
    two[0].on("note", told.append)
    for nonsense in (
        b"",
        b"\xff",
        b"[]",
        b"1",
        b"{}",
        b'{"kind":[]}',
        b'{"kind":"answer"}',
        b'{"kind":"answer","question":{}}',
    ):
        await client.publish(mesh.ALL, nonsense)
    assert await two[1].tell(two[0].node, "note", 7)
    await until(lambda: told == [7], "it is not told")
