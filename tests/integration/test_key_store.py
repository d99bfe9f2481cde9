from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from services import device_keys
from services.device_keys import DeviceKey, Scope
from services.errors import Conflict, NotFound, Unavailable
from services.key_store import KEYS, KeyStore
from services.redis import Client

NOW = 1_760_000_000_000


def store(client: Client, most: int = 10, now_ms: int = NOW) -> KeyStore:
    return KeyStore(client, most, lambda: now_ms)


def key(name: str = "one", expires: int | None = None) -> DeviceKey:
    return device_keys.made(Scope(), NOW, name=name, expires=expires)[0]


async def test_a_key_is_found_as_it_was_added_and_no_more_once_revoked(client: Client) -> None:
    keys, one = store(client), key()
    await keys.add(one)
    assert await keys.find(one.id) == one
    await keys.revoke(one.id)
    assert (await keys.find(one.id), await keys.all()) == (None, [])
    with pytest.raises(NotFound):
        await keys.revoke(one.id)


async def test_every_change_changes_the_version(client: Client) -> None:
    keys, one = store(client), key()
    seen: set[bytes] = set()
    changes: list[Callable[[], Awaitable[object]]] = [
        keys.version,
        lambda: keys.add(one),
        lambda: keys.rotate(one.id, None),
        lambda: keys.revoke_previous(one.id),
        lambda: keys.revoke(one.id),
    ]
    for change in changes:
        await change()
        seen.add(await keys.version())
    assert len(seen) == 5


async def test_there_is_a_bounded_number_of_keys_and_expired_ones_make_room(client: Client) -> None:
    keys = store(client, most=2)
    await keys.add(key("a"))
    await keys.add(key("b", expires=NOW + 5))
    with pytest.raises(Conflict, match="2 keys already"):
        await keys.add(key("c"))
    await store(client, most=2, now_ms=NOW + 5).add(key("c"))
    assert {one.name for one in await keys.all()} == {"a", "c"}


async def test_of_two_rotations_at_the_same_time_one_is_told(client: Client) -> None:
    keys, one = store(client), key()
    await keys.add(one)
    outcomes = await asyncio.gather(*(keys.rotate(one.id, 0) for _ in range(8)), return_exceptions=True)
    rotated = [outcome for outcome in outcomes if not isinstance(outcome, BaseException)]
    assert all(isinstance(outcome, tuple | Conflict) for outcome in outcomes)
    found = await keys.find(one.id)
    assert found is not None
    assert found.live(NOW)[-1] in [changed.secrets[-1] for changed, _ in rotated]


async def test_a_key_that_cannot_be_read_is_not_taken_for_none(client: Client) -> None:
    await client.hset(KEYS, "x" * 12, "{}")
    with pytest.raises(Unavailable):
        await store(client).find("x" * 12)
