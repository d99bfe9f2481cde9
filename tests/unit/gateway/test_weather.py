"""Which place a client's city means, and who may cause a question to the pollers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import pytest

from gateway.clients.weather import ANY_PLACE, Cities, Wanted
from services.access import Patterns, Permits
from services.batch import Position
from services.errors import Ambiguous, Forbidden, Unavailable
from services.places import Place
from services.stream import Page

BERLIN = Place("berlin", "Berlin", 52.52, 13.41, geocoder_id=2950159)
LAIR = Place("secret-lair-nevada-us", "Secret Lair", 39.0, -117.0, geocoder_id=5509952)


class World:
    """Places that are known, and pollers that find what they are told to."""

    def __init__(self, *known: Place, wanted: Sequence[str] = ()) -> None:
        self._known = known
        self._wanted = wanted
        self.found: str | Exception = "berlin"
        self.asked: list[Wanted] = []
        self.cities = Cities(*cast(Any, [self] * 7))

    async def lookup(self, city: str) -> Place | None:
        return next((place for place in self._known if place.name == city), None)

    async def lookup_id(self, geocoder_id: int) -> Place | None:
        return next((place for place in self._known if place.geocoder_id == geocoder_id), None)

    async def is_wanted(self, slug: str) -> bool:
        return slug in self._wanted

    async def ask(self, city: str, geocoder_id: int | None = None) -> str:
        self.asked.append(Wanted(city, geocoder_id))
        if isinstance(self.found, Exception):
            raise self.found
        return self.found

    async def once(self, slug: str) -> None: ...

    async def read(self, *_: Any) -> Page:
        return Page(Position("E", 0), [], more=False)

    async def current(self, city: str, geocoder_id: int | None, *allow: str) -> str:
        """Of which place it says that there is no observation yet."""
        with pytest.raises(Unavailable) as told:
            await self.cities.current(city, geocoder_id, Patterns(allow).permit)
        return str(told.value).split("'")[1]


def allowed(*patterns: str) -> Permits:
    return Patterns(patterns).permit


async def test_an_id_that_nobody_has_asked_for_is_asked_for_those_only_who_may_use_every_place() -> None:
    world = World()
    with pytest.raises(Forbidden, match="'Berlin' with the id 5509952"):
        await world.cities.current("Berlin", LAIR.geocoder_id, allowed("weather:berlin", "weather:secret*"))
    assert world.asked == []
    world.found = LAIR.place
    assert await world.current("Berlin", LAIR.geocoder_id, "weather:*") == LAIR.place
    assert world.asked == [Wanted("Berlin", LAIR.geocoder_id)]


async def test_an_id_that_is_known_is_for_who_may_use_its_place() -> None:
    world = World(BERLIN, LAIR, wanted=[BERLIN.place, LAIR.place])
    assert await world.current("Berlin", BERLIN.geocoder_id, "weather:berlin") == "berlin"
    with pytest.raises(Forbidden) as told:
        await world.cities.current("Berlin", LAIR.geocoder_id, allowed("weather:berlin"))
    assert "secret" not in str(told.value)
    assert world.asked == []


async def test_what_a_name_turns_out_to_be_is_not_told_to_who_may_not_use_it() -> None:
    world = World()
    world.found = LAIR.place
    with pytest.raises(Forbidden) as told:
        await world.cities.current("Berlin", None, allowed("weather:berlin"))
    assert "secret" not in str(told.value)


@pytest.mark.parametrize(("pinned", "wanted", "asked"), [(True, [], 0), (False, ["berlin"], 0), (False, [], 1)])
async def test_a_place_that_is_known_is_asked_for_unless_it_is_tracked(
    pinned: bool, wanted: list[str], asked: int
) -> None:
    world = World(Place("berlin", "Berlin", 52.52, 13.41, pinned=pinned), wanted=wanted)
    assert await world.current("Berlin", None, "weather:berlin") == "berlin"
    assert len(world.asked) == asked


@pytest.mark.parametrize(("allow", "told"), [("weather:*", [{"id": 1}]), ("weather:b*", [])])
async def test_candidates_are_told_to_who_may_use_every_place(allow: str, told: list[Any]) -> None:
    world = World()
    world.found = Ambiguous("several", [{"id": 1}])
    with pytest.raises(Ambiguous) as refusal:
        await world.cities.current("Berlin", None, allowed(allow))
    assert refusal.value.candidates == told


@pytest.mark.parametrize(
    ("pattern", "every"), [("weather:*", True), ("*", True), ("weather:b*", False), ("weather:", False)]
)
def test_a_pattern_matches_any_place_if_it_matches_every_one(pattern: str, every: bool) -> None:
    assert allowed(pattern)(ANY_PLACE) is every
