from __future__ import annotations

import asyncio
import time

import pytest

from services.errors import Unavailable
from services.names import Names
from services.redis import Client, connect
from tests.redis_server import RedisServer


def names(client: Client, most: int = 3, kept_s: int = 100) -> Names:
    return Names(client, "windsock:test", most, kept_s, time.monotonic)


async def test_names_are_let_in_until_there_is_no_room(client: Client) -> None:
    some = names(client)
    assert await some.note(["a", "b"]) is None
    assert some.known(time.monotonic()) == {"a", "b"}
    assert await some.note(["a", "c"]) is None
    assert await some.note(["b", "d"]) == "d"
    assert await some.note(["a", "b", "c"]) is None


async def test_of_names_that_do_not_all_fit_none_is_let_in(client: Client) -> None:
    some = names(client)
    await some.note(["a", "b"])
    assert await some.note(["c", "d"]) == "d"
    assert await some.note(["e"]) is None
    assert await names(client).note(list("wxyz")) == "z"


async def test_several_processes_share_the_bound(client: Client) -> None:
    many = [names(client, most=20) for _ in range(4)]
    found = await asyncio.gather(*(one.note([f"{n}-{m}"]) for n, one in enumerate(many) for m in range(10)))
    assert found.count(None) == 20
    assert await client.zcard("windsock:test") == 20


async def test_what_nobody_uses_any_more_makes_room(client: Client) -> None:
    old, new = names(client, most=1, kept_s=1), names(client, most=1, kept_s=1)
    assert await old.note(["a"]) is None
    deadline = time.monotonic() + 20
    while await new.note(["b"]) is not None:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)
    assert await old.note(["a"]) == "a"


async def test_what_is_used_stays_known(client: Client) -> None:
    some = names(client, most=1, kept_s=2)
    deadline = time.monotonic() + 4
    while time.monotonic() < deadline:
        assert await some.note(["a"]) is None
        assert await names(client, most=1, kept_s=2).note(["b"]) == "b"
        await asyncio.sleep(0.05)


async def test_what_is_known_needs_no_redis_and_what_is_new_does(redis_server: RedisServer) -> None:
    async with connect(redis_server.url) as client:
        some = names(client)
        assert await some.note(["a"]) is None
        redis_server.kill()
        assert await some.note(["a"]) is None
        with pytest.raises(Unavailable):
            await some.note(["b"])
