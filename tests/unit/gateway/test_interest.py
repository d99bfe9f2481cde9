"""Which followed places are told, when again, and which of those that nobody knows are asked for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import cast

import pytest
from prometheus_client import CollectorRegistry

from gateway.broker import Broker
from gateway.interest import MOST_ASKED, Interest
from gateway.place_questions import PlaceQuestions
from services.background import background
from services.errors import NotFound, Unavailable
from services.places import Places
from tests.waiting import until


class World:
    """A gateway's topics, the places that pollers know, and what is told and asked."""

    def __init__(self, *known: str, interest_s: int = 300) -> None:
        self.known = set(known)
        self.topics: set[str] = set()
        self.told: list[list[str]] = []
        self.asked: list[tuple[str, int | None]] = []
        self.fails = 0
        self.registry = CollectorRegistry()
        self._joined: Callable[[str], None] | None = None
        hub = SimpleNamespace(subscribers=lambda: [(topic, 1) for topic in self.topics])
        broker = SimpleNamespace(hub=hub, on_joined=self._on_joined)
        self.interest = Interest(
            cast(Broker, broker), cast(Places, self), cast(PlaceQuestions, self), interest_s, "node", self.registry
        )

    def _on_joined(self, take: Callable[[str], None]) -> None:
        self._joined = take

    def follow(self, *topics: str) -> None:
        assert self._joined is not None
        self.topics.update(topics)
        for topic in topics:
            self._joined(topic)

    async def touch(self, slugs: Sequence[str], interest_s: int, who: str) -> list[str]:
        assert who == "gateway:node"
        if self.fails:
            self.fails -= 1
            raise Unavailable("Redis is away")
        self.told.append(list(slugs))
        return [slug for slug in slugs if slug not in self.known]

    async def ask(self, city: str, geocoder_id: int | None = None) -> str:
        self.asked.append((city, geocoder_id))
        slug = city.replace(" ", "-")
        if slug not in self.known:
            raise NotFound("no such place")
        return slug

    @property
    def slugs(self) -> list[str]:
        return [slug for some in self.told for slug in some]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with background(self.interest.run):
            yield


async def test_a_new_topic_of_weather_is_told_at_once_and_once() -> None:
    world = World("paris", "rome")
    async with world.running():
        world.follow("weather:paris", "device:paris")
        await until(lambda: world.told == [["paris"]], "it is not told")
        world.follow("weather:rome")
        await until(lambda: world.told == [["paris"], ["rome"]], "it is not told")
    assert world.asked == []


async def test_all_are_told_again_after_a_third_of_the_time() -> None:
    world = World("paris", interest_s=cast(int, 0.03))
    async with world.running():
        world.follow("weather:paris")
        await until(lambda: len(world.slugs) >= 3, "it is not renewed")
        world.topics.clear()
        told: list[int] = []

        def nothing_more() -> bool:
            told.append(len(world.told))
            return told[-10:] == [told[-1]] * 10 and len(told) > 10

        await until(nothing_more, "what nobody follows is still told")


async def test_what_redis_did_not_take_is_told_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.interest.AGAIN_S", 0.01)
    world = World("paris")
    world.fails = 2
    async with world.running():
        world.follow("weather:paris")
        await until(lambda: world.told == [["paris"]], "it is not told")


async def test_many_are_told_in_several_rounds() -> None:
    names = [f"p{number:04}" for number in range(1_100)]
    world = World(*names)
    async with world.running():
        world.follow(*(f"weather:{name}" for name in names))
        await until(lambda: len(world.slugs) == 1_100, "not all are told")
    assert [len(some) for some in world.told] == [500, 500, 100]


async def test_an_unknown_place_is_asked_for_by_what_a_client_called_it_else_by_its_slug() -> None:
    world = World()
    world.interest.call("springfield-illinois-us", "Springfield", 4250542)
    world.interest.call("springfield-illinois-us", "another name", None)
    world.topics = {"weather:springfield-illinois-us", "weather:new-york", "weather:x"}
    async with world.running():
        await until(lambda: len(world.asked) == 2, "they are not asked for")
    assert sorted(world.asked, key=str) == [("Springfield", 4250542), ("new york", None)]


async def test_what_was_asked_for_in_vain_is_left_alone_for_a_while() -> None:
    world = World(interest_s=cast(int, 0.03))
    async with world.running():
        world.follow("weather:atlantis")
        await until(lambda: world.slugs.count("atlantis") >= 5, "it is not renewed")
    assert world.asked == [("atlantis", None)]


async def test_too_many_at_a_time_are_counted_and_not_asked_for() -> None:
    world = World()
    world.topics = {f"weather:town-{number}" for number in range(MOST_ASKED + 7)}
    async with world.running():
        await until(lambda: len(world.asked) == MOST_ASKED, "they are not asked for")
    assert world.registry.get_sample_value("windsock_weather_not_asked_total") == 7


async def test_who_does_not_follow_is_interested_once() -> None:
    world = World("paris")
    await world.interest.once("paris")
    assert world.told == [["paris"]]
