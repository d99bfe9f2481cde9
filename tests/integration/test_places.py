"""Places in Redis: who gets a slug, whose interest counts by which clock, and that nothing is kept for ever."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

import pytest

from services.places import INTEREST_KEY, KNOWN_S, LISTENERS_KEY, Place, Places, geocoder_key, name_key, place_key
from services.redis import Client

PARIS = Place("paris", "Paris", 48.85, 2.35, geocoder_id=2988507)
PARIS_IN_TEXAS = Place("paris", "Paris", 33.66, -95.56, geocoder_id=4717560)


@pytest.fixture
def places(client: Client) -> Places:
    return Places(client)


async def test_a_slug_that_is_taken_is_left_to_who_has_it(places: Places, client: Client) -> None:
    assert await places.register(PARIS, "Parigi") == PARIS
    assert await places.register(PARIS_IN_TEXAS, "Paris, Texas") == PARIS
    assert await places.get(["paris"]) == [PARIS]
    assert await places.lookup_id(4717560) is None
    assert await client.exists(name_key("Paris, Texas"), geocoder_key(4717560)) == 0
    assert await places.lookup("PARIGI") == PARIS


async def test_of_two_that_register_at_the_same_time_one_gets_the_slug(places: Places) -> None:
    for number in range(20):
        slug = f"town-{number}"
        pair = [replace(PARIS, place=slug), replace(PARIS_IN_TEXAS, place=slug)]
        one, other = await asyncio.gather(*map(places.register, pair))
        assert one == other
        assert await places.get([slug]) == [one]


async def test_a_place_of_the_settings_gets_its_slug_and_one_of_the_geocoder_that_is_near_is_that_place(
    places: Places,
) -> None:
    await places.register(PARIS)
    pinned = Place("paris", "Paris", 48.9, 2.3, pinned=True)
    await places.pin(["paris"])
    both = replace(pinned, geocoder_id=PARIS.geocoder_id)
    assert await places.register(pinned) == both
    assert await places.register(PARIS, "Parigi") == both
    assert await places.get(["paris"]) == [both]
    assert await places.register(PARIS_IN_TEXAS) == both


async def test_a_place_of_the_settings_keeps_its_id_when_it_is_registered_again_unless_it_lies_elsewhere(
    places: Places,
) -> None:
    pinned = Place("paris", "Paris", 48.9, 2.3, pinned=True)
    await places.pin(["paris"])
    await places.register(pinned)
    await places.register(PARIS)
    assert await places.register(pinned) == replace(pinned, geocoder_id=PARIS.geocoder_id)
    assert await places.lookup_id(2988507) == replace(pinned, geocoder_id=PARIS.geocoder_id)
    elsewhere = replace(pinned, latitude=33.66, longitude=-95.56)
    assert await places.register(elsewhere) == elsewhere
    assert await places.get(["paris"]) == [elsewhere]


async def test_what_the_settings_name_no_more_is_not_shown_as_theirs(places: Places) -> None:
    await places.pin(["paris"])
    await places.register(replace(PARIS, pinned=True))
    assert [place.pinned for place in await places.tracked()] == [True]
    await places.pin([])
    await places.touch(["paris"], 60, "gateway:a")
    assert [place.pinned for place in await places.tracked()] == [False]
    assert await places.lookup("paris") == PARIS


async def test_interest_is_by_the_clock_of_redis(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    await places.register(PARIS)
    ahead = time.time() + 3_600
    monkeypatch.setattr("time.time", lambda: ahead)
    assert await places.touch(["paris", "nowhere"], 60, "gateway:a") == ["nowhere"]
    assert await places.is_wanted("paris")
    assert await places.interested() == ["nowhere", "paris"]
    assert await places.listeners() == {"paris": ["gateway:a"], "nowhere": ["gateway:a"]}
    assert await places.tracked() == [PARIS]


async def test_interest_that_has_run_out_does_not_count_and_is_forgotten_without_a_poller(
    places: Places, client: Client
) -> None:
    await client.zadd(INTEREST_KEY, {"oslo": 1})
    await client.zadd(LISTENERS_KEY, {"oslo gateway:gone": 1})
    assert await places.interested() == []
    assert await places.listeners() == {}
    assert not await places.is_wanted("oslo")
    await places.touch(["paris"], 60, "gateway:a")
    assert await client.zrange(INTEREST_KEY, 0, -1) == [b"paris"]
    assert await client.zrange(LISTENERS_KEY, 0, -1) == [b"paris gateway:a"]


async def test_nothing_of_interest_is_kept_for_ever(places: Places, client: Client) -> None:
    await places.register(PARIS)
    await client.persist(place_key("paris"))
    await places.touch(["paris"], 60, "gateway:a")
    for key in (INTEREST_KEY, LISTENERS_KEY, place_key("paris")):
        assert 60 < await client.ttl(key) <= KNOWN_S
    await places.touch(["paris"], 2 * KNOWN_S, "gateway:a")
    assert await client.ttl(INTEREST_KEY) > KNOWN_S


async def test_a_shorter_interest_does_not_end_a_longer_one(places: Places, client: Client) -> None:
    await places.touch(["paris"], 600, "gateway:a")
    until = await client.zscore(INTEREST_KEY, "paris")
    await places.touch(["paris"], 6, "gateway:b")
    assert await client.zscore(INTEREST_KEY, "paris") == until
