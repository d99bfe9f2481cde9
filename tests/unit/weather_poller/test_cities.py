"""Which place a name or an id means, under which slug it is known, and how often the geocoder is asked."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any, cast

import pytest

from services.places import Place, Places, same_spot
from weather_poller.cities import AmbiguousCityError, Cities, UnknownCityError
from weather_poller.fetch import Fetcher, FetchError
from weather_poller.providers.geocoding import Candidate, Geocoder, Resolved

PARIS = Place("paris", "Paris", 48.85, 2.35, geocoder_id=2988507)
TEXAS = Place("paris", "Paris", 33.66, -95.56, geocoder_id=4717560)
NEAR_TEXAS = Place("paris", "Paris", 33.67, -95.57, geocoder_id=1)
SPRINGFIELD = Candidate(4250542, "Springfield", "Illinois", "United States", "US", 39.8, -89.6, 116565, "Springfield")


class World:
    """Places that are registered, and a geocoder that finds what it is told to, in its order."""

    def __init__(self, *finds: Resolved | Exception) -> None:
        self.finds = list(finds)
        self.asked: list[str] = []
        self.places: dict[str, Place] = {}
        self.names: dict[str, str] = {}
        geocoder = cast(Geocoder, self)
        self.cities = Cities(cast(Places, self), cast(Fetcher, self), geocoder)

    async def lookup(self, city: str) -> Place | None:
        return self.places.get(self.names.get(city.casefold(), ""))

    async def lookup_id(self, geocoder_id: int) -> Place | None:
        return next((place for place in self.places.values() if place.geocoder_id == geocoder_id), None)

    async def register(self, place: Place, *asked_as: str) -> Place:
        holder = self.places.setdefault(place.place, place)
        if same_spot(holder, place):
            self.names |= {name.casefold(): place.place for name in asked_as}
        return holder

    def search(self, name: str) -> str:
        return name

    def by_id(self, geocoder_id: int) -> str:
        return f"{geocoder_id}"

    async def ask(self, _: Any, question: str) -> Resolved:
        self.asked.append(question)
        await asyncio.sleep(0)
        found = self.finds.pop(0)
        if isinstance(found, Exception):
            raise found
        return found


async def test_a_name_is_looked_up_once() -> None:
    world = World(Resolved(PARIS))
    found = await asyncio.gather(*(world.cities.find(name) for name in ("Paris", " paris ", "PARIS")))
    assert found == [PARIS] * 3
    assert world.asked == ["Paris"]


async def test_places_of_one_slug_are_told_apart_by_their_ids() -> None:
    world = World(Resolved(PARIS), Resolved(TEXAS), Resolved(NEAR_TEXAS))
    slugs = [(await world.cities.find("Paris", place.geocoder_id)).place for place in (PARIS, TEXAS, NEAR_TEXAS)]
    assert slugs == ["paris", "paris-4717560", "paris-1"]


async def test_even_a_slug_with_an_id_may_be_anothers() -> None:
    world = World(Resolved(TEXAS))
    world.places = {"paris": PARIS, "paris-4717560": Place("paris-4717560", "Paris 4717560", 0, 0)}
    assert (await world.cities.find("Paris", TEXAS.geocoder_id)).place == "paris-4717560-2"


async def test_a_long_slug_keeps_its_id() -> None:
    long = replace(TEXAS, place="p" * 64)
    world = World(Resolved(long))
    world.places[long.place] = replace(PARIS, place=long.place)
    found = await world.cities.find("p", TEXAS.geocoder_id)
    assert found.place == "p" * 48 + "-4717560"


async def test_what_is_asked_for_by_id_does_not_take_the_name() -> None:
    world = World(Resolved(PARIS), Resolved(TEXAS))
    await world.cities.find("Paris", PARIS.geocoder_id)
    assert (await world.cities.find("Paris")).place == "paris-4717560"
    assert (await world.cities.find("Paris")).place == "paris-4717560"
    assert world.asked == ["2988507", "Paris"]


async def test_other_spellings_are_the_place_that_has_the_id() -> None:
    world = World(Resolved(PARIS), Resolved(replace(PARIS, place="parigi")))
    assert await world.cities.find("Paris") == await world.cities.find("Parigi") == PARIS


@pytest.mark.parametrize(
    ("found", "error"),
    [(Resolved(), UnknownCityError), (Resolved(candidates=(SPRINGFIELD,)), AmbiguousCityError)],
)
async def test_a_name_of_none_or_several_is_remembered(found: Resolved, error: type[Exception]) -> None:
    world = World(found)
    for name in ("Springfield", "SPRINGFIELD"):
        with pytest.raises(error):
            await world.cities.find(name)
    assert world.asked == ["Springfield"]


async def test_an_id_that_is_unknown_and_a_failure_are_not_remembered() -> None:
    world = World(Resolved(), FetchError("status 500"), Resolved(PARIS))
    with pytest.raises(UnknownCityError, match="no place with the id 7"):
        await world.cities.find("Paris", 7)
    with pytest.raises(FetchError):
        await world.cities.find("Paris")
    assert await world.cities.find("Paris") == PARIS
