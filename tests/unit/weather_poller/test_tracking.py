from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from services.places import Place
from weather_poller.cities import AmbiguousCityError, UnknownCityError
from weather_poller.configured import Named
from weather_poller.fetch import FetchError
from weather_poller.tracking import Tracking

BERLIN = Place("berlin", "Berlin", 52.5, 13.4, pinned=True)


class Known:
    """In place of Redis: the places that are known, and who is wanted."""

    def __init__(self) -> None:
        self.places: dict[str, Place] = {}
        self.wanted: list[str] = []
        self.pinned: list[str] = []
        self.asked_as: dict[str, tuple[str, ...]] = {}

    async def interested(self) -> list[str]:
        return self.wanted

    async def get(self, slugs: Sequence[str]) -> list[Place | None]:
        return [self.places.get(slug) for slug in slugs]

    async def pin(self, slugs: Sequence[str]) -> None:
        self.pinned = list(slugs)

    async def register(self, place: Place, *asked_as: str) -> None:
        self.places[place.place] = place
        self.asked_as[place.place] = asked_as

    def want(self, *slugs: str) -> None:
        self.wanted = list(slugs)
        self.places |= {slug: Place(slug, slug.title(), 1, 1) for slug in slugs}


class Geocoded:
    """In place of the geocoder: every city is found, but for those that have an error."""

    def __init__(self, **errors: Exception) -> None:
        self.errors = errors
        self.asked: list[str] = []

    async def find(self, city: str) -> Place:
        self.asked.append(city)
        if city in self.errors:
            raise self.errors[city]
        return Place(city.lower(), city, 1, 1, geocoder_id=7)


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("weather_poller.tracking.LEAST_WAIT_S", 0.001)


def tracking_of(places: Known, *pinned: Place | Named, cities: Geocoded | None = None, most: int = 10) -> Tracking:
    redis: Any = places
    geocoder: Any = cities or Geocoded()
    return Tracking(redis, geocoder, pinned, most)


async def test_the_places_of_the_settings_are_tracked_before_those_that_somebody_wants() -> None:
    places = Known()
    tracking = tracking_of(places, BERLIN, most=2)
    places.want("oslo", "paris")
    await tracking.look()
    await tracking.look()
    assert (list(tracking.tracked), tracking.left_out) == (["berlin", "oslo"], ["paris"])
    places.want("paris", "oslo")
    await tracking.look()
    assert (list(tracking.tracked), tracking.left_out) == (["berlin", "oslo"], ["paris"])


async def test_names_are_looked_up_and_registered_as_they_were_called() -> None:
    places = Known()
    tracking = tracking_of(places, Named("Oslo", ("nws",)))
    await tracking.resolve()
    await tracking.look()
    await tracking.look()
    assert tracking.tracked == {"oslo": Place("oslo", "Oslo", 1, 1, geocoder_id=7, pinned=True, providers=("nws",))}
    assert (places.pinned, places.asked_as) == (["oslo"], {"oslo": ("Oslo",)})


@pytest.mark.parametrize("error", [UnknownCityError("none"), AmbiguousCityError("Cursed", [])])
async def test_a_name_that_is_none_or_several_is_asked_for_once(error: Exception) -> None:
    places, cities = Known(), Geocoded(Cursed=error)
    tracking = tracking_of(places, Named("Cursed"), Named("Oslo"), cities=cities)
    await tracking.resolve()
    await tracking.look()
    assert (places.pinned, cities.asked) == (["oslo"], ["Cursed", "Oslo"])


async def test_a_name_that_fails_again_and_again_keeps_no_other_waiting() -> None:
    places, cities = Known(), Geocoded(Cursed=FetchError("the matches cannot be read"))
    tracking = tracking_of(places, Named("Cursed"), Named("Oslo"), Named("Rome"), cities=cities)
    resolving = asyncio.create_task(tracking.resolve())
    async with asyncio.timeout(10):
        while not {"Oslo", "Rome"} <= set(cities.asked):
            await asyncio.sleep(0)
            assert cities.asked.count("Cursed") < 100
    cities.errors.clear()
    await asyncio.wait_for(resolving, 10)
    await tracking.look()
    assert sorted(places.pinned) == ["cursed", "oslo", "rome"]


async def test_a_redis_that_lost_its_data_is_told_again() -> None:
    places = Known()
    tracking = tracking_of(places, BERLIN)
    await tracking.look()
    places.places.clear()
    await tracking.look()
    await tracking.look()
    assert places.places == {"berlin": BERLIN}


async def test_a_name_may_be_found_while_places_are_registered() -> None:
    class Slow(Known):
        async def register(self, place: Place, *asked_as: str) -> None:
            await asyncio.sleep(0)
            await super().register(place, *asked_as)

    known = Slow()
    tracking = Tracking(known, Geocoded(), [BERLIN, Named("Oslo"), Named("Paris")], 10)  # type: ignore[arg-type]
    async with asyncio.TaskGroup() as group:
        group.create_task(tracking.resolve())
        await tracking.look()
    await tracking.look()
    assert tracking.tracked.keys() == {"berlin", "oslo", "paris"}
