"""What clients are shown of places: only those that they may use, with who wants them and how fresh they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import cast

import pytest

from gateway.shown_places import ShownPlaces
from services.access import Patterns
from services.batch import Position
from services.errors import NotFound
from services.places import Place, Places
from services.redis import Client
from services.stream import Latest, Stream
from services.weather_status import WeatherStatus, encoded

NOW = 1_760_000_000_000
BERLIN = Place("berlin", "Berlin", 52.52, 13.41, pinned=True)
PARIS = Place("paris", "Paris", 48.85, 2.35)
STATUS = WeatherStatus("berlin", 900, NOW + 60_000, "p", "open-meteo", NOW - 60_000, NOW - 50_000)


class World:
    """What is in Redis."""

    def __init__(self, latest: Latest | None = None) -> None:
        self.read: list[int] = []
        self._latest = latest
        stream, places = cast(Stream, self), cast(Places, self)
        self.shown = ShownPlaces(cast(Client, self), stream, places, lambda: NOW)

    async def tracked(self) -> list[Place]:
        return [BERLIN, PARIS]

    async def get(self, slugs: Sequence[str]) -> list[Place | None]:
        return [{"berlin": BERLIN, "paris": PARIS}.get(slug) for slug in slugs]

    async def listeners(self) -> dict[str, list[str]]:
        return {"paris": ["gateway:a", "gateway:b", "poller"]}

    async def mget(self, keys: Iterable[str]) -> list[bytes | None]:
        statuses = [encoded(STATUS) if key.endswith("berlin") else None for key in keys]
        self.read.append(len(statuses))
        return statuses

    async def latest_at(self, topic: str) -> tuple[Position, Latest | None]:
        return Position("E", 3), self._latest


async def test_all_are_shown_with_who_wants_them_and_their_status() -> None:
    berlin, paris = await World().shown.all(Patterns(["weather:*"]).permit)
    assert (berlin["topic"], berlin["wanted_by"]) == (
        "weather:berlin",
        {"settings": True, "gateways": 0, "poller": False},
    )
    assert (berlin["status"]["age_s"], berlin["status"]["stale"]) == (60, False)
    assert (paris["wanted_by"], paris["status"]) == ({"settings": False, "gateways": 2, "poller": True}, None)


async def test_of_what_a_client_may_not_use_nothing_is_read_or_shown() -> None:
    world = World()
    assert [one["place"] for one in await world.shown.all(Patterns(["weather:p*"]).permit)] == ["paris"]
    assert world.read == [1]


async def test_one_without_observations_has_no_latest_values() -> None:
    berlin = await World().shown.one("berlin")
    assert (berlin["latest"], berlin["position"]) == (None, "E.3")
    assert berlin["status"] == STATUS.shown(NOW)


async def test_one_that_no_poller_has_told_of_is_judged_by_its_newest_observation() -> None:
    world = World(Latest("paris", NOW - 100_000, tags={"interval_s": "40", "provider": "nws"}))
    paris = await world.shown.one("paris")
    told = {name: paris["status"][name] for name in ("age_s", "stale", "provider", "next")}
    assert told == {"age_s": 100, "stale": True, "provider": "nws", "next": None}


async def test_one_that_nobody_knows_is_not_found() -> None:
    with pytest.raises(NotFound, match="'atlantis'"):
        await World().shown.one("atlantis")
