from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import pytest

from services.errors import Unavailable
from services.names import ASKED_AT_ONCE, Names
from services.redis import Client, connect, text
from tests.redis_server import RedisServer


def names(client: Client, most: int = 3, kept_s: int = 100) -> Names:
    return Names(client, "windsock:test", most, kept_s, time.monotonic)


async def note(some: Names, *given: str) -> Mapping[int, str]:
    """Names of which each is a group."""
    return await some.note([(name,) for name in given])


async def let_in(client: Any) -> set[str]:
    return {text(name) for name in await client.zrange("windsock:test", 0, -1)}


async def test_names_are_let_in_until_there_is_no_room(client: Client) -> None:
    some = names(client)
    assert await note(some, "a", "b") == {}
    assert some.known(time.monotonic()) == {"a", "b"}
    assert await note(some, "a", "c") == {}
    assert await note(some, "b", "d") == {1: "d"}
    assert await note(some, "a", "b", "c") == {}


async def test_of_names_that_do_not_all_fit_none_is_let_in_and_all_that_are_too_many_are_told(client: Client) -> None:
    some = names(client)
    await note(some, "a", "b")
    assert await some.note([("a",), ("c", "d"), (), ("e", "d"), ("e",)]) == {1: "d", 3: "e", 4: "e"}
    assert await let_in(client) == some.known(time.monotonic()) == {"a", "b"}
    assert await note(some, "e") == {}
    assert await note(names(client), *"wxyz") == {3: "z"}


async def test_groups_that_fit_are_let_in_beside_those_that_do_not(client: Client) -> None:
    some = names(client, most=4)
    await note(some, "a")
    groups = [("b", "c"), ("d", "e"), ("a", "b"), ("d",), ("e", "a"), ("d", "c"), ("d", "e"), ()]
    assert await some.note(groups, each_alone=True) == {1: "e", 4: "e", 6: "e"}
    assert await let_in(client) == some.known(time.monotonic()) == set("abcd")
    assert await some.note(groups, each_alone=True) == {1: "e", 4: "e", 6: "e"}


async def test_more_names_than_one_question_takes_are_let_in_part_by_part(client: Client) -> None:
    some = names(client, most=2 * ASKED_AT_ONCE)
    groups = [tuple(f"{number}-{half}" for half in "ab") for number in range(ASKED_AT_ONCE + 500)]
    refused = await some.note(groups, each_alone=True)
    assert refused == {number: f"{number}-a" for number in range(ASKED_AT_ONCE, len(groups))}
    assert await client.zcard("windsock:test") == 2 * ASKED_AT_ONCE


async def test_one_who_brings_names_is_bounded_group_by_group(client: Client) -> None:
    some = Names(client, "windsock:test", 10, 100, time.monotonic, most_of_one=2)
    assert await some.note([("a",), ("b", "c"), ("b",)], "me", each_alone=True) == {1: "c"}
    assert await some.note([("d",)], "me", each_alone=True) == {0: "d"}
    assert await some.note([("d",)], "you", each_alone=True) == {}
    assert await some.note([("a", "d")], "me", each_alone=True) == {}


async def test_several_processes_share_the_bound(client: Client) -> None:
    many = [names(client, most=20) for _ in range(4)]
    found = await asyncio.gather(*(note(one, f"{n}-{m}") for n, one in enumerate(many) for m in range(10)))
    assert found.count({}) == 20
    assert await client.zcard("windsock:test") == 20


async def test_what_nobody_uses_any_more_makes_room(client: Client) -> None:
    old, new = names(client, most=1, kept_s=1), names(client, most=1, kept_s=1)
    assert await note(old, "a") == {}
    deadline = time.monotonic() + 20
    while await note(new, "b"):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)
    assert await note(old, "a") == {0: "a"}


async def test_what_is_used_stays_known(client: Client) -> None:
    some = names(client, most=1, kept_s=2)
    deadline = time.monotonic() + 4
    while time.monotonic() < deadline:
        assert await note(some, "a") == {}
        assert await note(names(client, most=1, kept_s=2), "b") == {0: "b"}
        await asyncio.sleep(0.05)


async def test_what_is_known_needs_no_redis_and_what_is_new_does(redis_server: RedisServer) -> None:
    async with connect(redis_server.url) as client:
        some = names(client)
        assert await note(some, "a") == {}
        redis_server.kill()
        assert await note(some, "a") == {}
        with pytest.raises(Unavailable):
            await note(some, "b")
