"""Who waits for commands is woken, over a real Redis."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from ingest import bells
from ingest.bells import Bell, Bells
from services import redis, topics
from services.background import background
from services.errors import Overloaded, Unavailable
from tests.redis_server import RedisServer
from tests.waiting import until_found


@asynccontextmanager
async def listening(url: str, most: int = 10) -> AsyncIterator[tuple[Bells, redis.Client]]:
    async with redis.connect(url) as client:
        some = Bells(client, url, most, 2)
        async with background(some.listen, some.canary):
            yield some, client


async def rings(bell: Bell, within_s: float = 0.2) -> bool:
    began = time.monotonic()
    await bell.wait(within_s, patient=True)
    return time.monotonic() - began < within_s


async def quiet(bell: Bell) -> None:
    """Wait until the bell is heard, and rang for that."""
    await bell.wait(10, patient=True)
    while await rings(bell):
        pass


async def publish(client: redis.Client, device: str) -> int:
    return int(await client.publish(topics.channel(topics.COMMAND + device), b"x"))


async def test_all_bells_of_a_device_ring_and_no_others(common_redis: RedisServer) -> None:
    async with listening(common_redis.url) as (some, client):
        with some.waiting("a") as one, some.waiting("a") as two, some.waiting("b") as other:
            for bell in (one, two, other):
                await quiet(bell)
            assert await publish(client, "a") == 1
            assert await rings(one, 5)
            assert await rings(two, 5)
            assert not await rings(other)


async def test_a_bell_rings_once_its_subscription_is_confirmed(common_redis: RedisServer) -> None:
    async with listening(common_redis.url) as (some, client):
        with some.waiting("c") as bell:
            assert await rings(bell, 5)
            assert await publish(client, "c") == 1


async def test_who_stops_waiting_is_listened_for_no_more(common_redis: RedisServer) -> None:
    async with listening(common_redis.url) as (some, client):
        with some.waiting("d") as bell:
            await quiet(bell)
        assert some.taken == 0

        async def unheard() -> bool:
            return await publish(client, "d") == 0

        await until_found(unheard, "it is listened for still")


async def test_bells_are_bounded(common_redis: RedisServer) -> None:
    async with listening(common_redis.url, most=1) as (some, _):
        with some.waiting("a"), pytest.raises(Overloaded):
            some.waiting("b").__enter__()
        with some.waiting("b"):
            pass


async def test_when_they_are_closed_all_ring_and_nobody_waits_any_more(common_redis: RedisServer) -> None:
    async with listening(common_redis.url) as (some, _):
        with some.waiting("a") as bell:
            await quiet(bell)
            await some.close()
            assert await rings(bell, 5)
            with pytest.raises(Unavailable):
                some.waiting("a").__enter__()


async def test_without_redis_one_looks_every_so_often_and_again_once_it_is_heard(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with listening(redis_server.url) as (some, client):
        with some.waiting("a") as bell:
            await quiet(bell)
            redis_server.kill()
            assert await rings(bell, 10)
            monkeypatch.setattr(bells, "UNHEARD_S", (0.05, 0.1))
            for _ in range(3):
                assert await rings(bell, 10)
            monkeypatch.setattr(bells, "UNHEARD_S", (30, 40))
            await asyncio.to_thread(redis_server.start)
            assert await rings(bell, 20)
            assert await publish(client, "a") == 1
            assert await rings(bell, 5)
