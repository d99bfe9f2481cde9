"""Scripts on a connection of their own, on a real Redis."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from redis.exceptions import ResponseError

from services.redis import Client
from services.script import Script

ECHO = "if KEYS[1] == 'bad' then return redis.error_reply('bad') end return {KEYS[1], ARGV[1]}"


@pytest.fixture
async def script(client: Client) -> AsyncIterator[Script]:
    one = Script(client, ECHO)
    yield one
    await one.close()


async def test_a_script_that_redis_does_not_know_is_loaded(client: Client, script: Script) -> None:
    assert await script(["a"], [b"1"]) == [b"a", b"1"]
    await client.script_flush()
    assert await script(["b"], [b"2"]) == [b"b", b"2"]


async def test_an_error_of_the_script_is_raised_and_the_next_call_answered(script: Script) -> None:
    with pytest.raises(ResponseError, match="bad"):
        await script(["bad"], [])
    assert await script(["a"], [b"1"]) == [b"a", b"1"]


async def test_a_connection_that_redis_closed_is_not_used_again(client: Client, script: Script) -> None:
    await script(["a"], [b"1"])
    await client.client_kill_filter(_type="normal", skipme=True)
    await client.ping()  # the kill has reached this process by now
    assert await script(["b"], [b"2"]) == [b"b", b"2"]


async def test_after_a_call_that_was_given_up_the_next_gets_its_own_answer(client: Client, script: Script) -> None:
    await script(["a"], [b"1"])
    await client.client_pause(200)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await script(["a"], [b"lost"])
    assert await script(["b"], [b"2"]) == [b"b", b"2"]


async def test_a_closed_script_begins_on_a_new_connection(script: Script) -> None:
    await script(["a"], [b"1"])
    await script.close()
    assert await script(["b"], [b"2"]) == [b"b", b"2"]
