"""A key held in a real Redis."""

from __future__ import annotations

import asyncio
import signal
import time

import pytest

from services import redis
from services.errors import Unavailable
from tests.redis_server import RedisServer
from tests.waiting import until, until_found
from weather_poller.held import Held, LostError

KEY = "test:held"


async def holder(client: redis.Client) -> str | None:
    value = await client.get(KEY)
    return None if value is None else redis.text(value)


async def test_one_at_a_time_holds_a_key(client: redis.Client) -> None:
    one, other = Held(client, KEY, 5.0, "one"), Held(client, KEY, 5.0, "other")
    assert await one.acquire()
    assert not await other.acquire()
    assert (one.is_held, other.is_held) == (True, False)
    assert await holder(client) == one.value
    await one.release()
    assert (one.is_held, one.value) == (False, None)
    assert await other.acquire()


async def test_the_value_differs_with_each_acquisition(client: redis.Client) -> None:
    held = Held(client, KEY, 5.0, "poller")
    values = set()
    for _ in range(3):
        assert await held.acquire()
        values.add(held.value)
        await held.release()
    assert len(values) == 3


async def test_what_is_not_renewed_is_free_when_its_time_is_over(client: redis.Client) -> None:
    one, other = Held(client, KEY, 0.3), Held(client, KEY, 5.0)
    assert await one.acquire()

    async def taken() -> bool:
        taken = await other.acquire()
        assert not (taken and one.is_held)
        return taken

    await until_found(taken, "it is never free")
    assert not await one.renew()
    await one.release()
    assert other.is_held
    assert await holder(client) == other.value


async def test_what_is_renewed_stays_and_its_deadline_counts_from_before_the_command(client: redis.Client) -> None:
    now = 100.0
    held = Held(client, KEY, 2.0, clock=lambda: now)
    assert await held.acquire()
    now += 1.5
    assert held.left_s == pytest.approx(0.48)
    await client.pexpire(KEY, 700)
    assert await held.renew()
    assert held.left_s == pytest.approx(1.98)
    assert await client.pttl(KEY) > 700
    now += 2
    assert not held.is_held
    assert not await held.renew()


async def test_a_key_that_another_has_by_now_is_neither_renewed_nor_released(client: redis.Client) -> None:
    held = Held(client, KEY, 5.0)
    assert await held.acquire()
    await client.set(KEY, "another's")
    assert not await held.renew()
    assert not held.is_held
    await held.release()
    assert await client.get(KEY) == b"another's"


async def test_what_is_kept_outlives_its_time(client: redis.Client) -> None:
    held = Held(client, KEY, 1.5)
    assert await held.acquire()
    began = time.monotonic()
    async with held.kept():
        await until(lambda: time.monotonic() > began + 3.2, "time stands still")
        assert held.is_held
    assert await holder(client) == held.value
    await held.release()
    assert await client.get(KEY) is None


async def test_who_loses_a_key_is_told_at_once(client: redis.Client) -> None:
    held = Held(client, KEY, 0.6)
    assert await held.acquire()

    async def work() -> None:
        async with held.kept():
            await client.set(KEY, "another's")
            await asyncio.Event().wait()

    with pytest.raises(LostError):
        await work()
    assert not held.is_held
    assert await client.get(KEY) == b"another's"


async def test_who_does_not_hold_a_key_cannot_keep_it(client: redis.Client) -> None:
    with pytest.raises(LostError):
        async with Held(client, KEY, 5.0).kept():
            await asyncio.Event().wait()


async def test_a_redis_that_hangs_costs_the_key_before_another_can_have_it(redis_server: RedisServer) -> None:
    async with redis.connect(redis_server.url) as client:
        held = Held(client, KEY, 1.0)
        assert await held.acquire()
        began = time.monotonic()
        redis_server.send(signal.SIGSTOP)
        try:
            with pytest.raises(LostError):
                async with held.kept():
                    await asyncio.Event().wait()
            assert time.monotonic() - began < 10.0
            assert not held.is_held
        finally:
            redis_server.send(signal.SIGCONT)


async def test_without_redis_nothing_is_acquired(redis_server: RedisServer) -> None:
    async with redis.connect(redis_server.url) as client:
        held = Held(client, KEY, 1.0)
        redis_server.kill()
        with pytest.raises(Unavailable):
            await held.acquire()
        assert not held.is_held


async def test_an_error_of_the_body_passes_and_a_cancellation_too(client: redis.Client) -> None:
    held = Held(client, KEY, 5.0)
    assert await held.acquire()
    with pytest.raises(TimeoutError):
        async with held.kept():
            raise TimeoutError
    assert held.is_held

    async def work() -> None:
        async with held.kept():
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await asyncio.wait([task], timeout=0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert held.is_held
