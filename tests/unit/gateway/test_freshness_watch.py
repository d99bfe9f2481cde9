from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import orjson
from prometheus_client import CollectorRegistry
from redis.exceptions import ConnectionError as NoConnection

from gateway.broker import Broker
from gateway.freshness_watch import FreshnessWatch, now_ms
from gateway.hub import Delivery, Hub
from gateway.reads import Reads
from services.batch import Batch, Position
from services.redis import Client
from services.stream import Bound, Direction, Page
from services.weather_status import WeatherStatus, encoded
from tests.waiting import until

TOPIC = "weather:berlin"
OLD_MS = 3_600_000


class Follower:
    def __init__(self) -> None:
        self.told: list[Any] = []

    def deliver(self, delivery: Delivery) -> None:
        self.told += map(orjson.loads, delivery.batch.payloads)

    passing = deliver

    def lost(self, topic: str, position: Position) -> None:
        raise AssertionError("nothing is lost")

    def notice(self, topic: str, text: bytes) -> None:
        raise AssertionError("nothing is announced")


class World:
    """A hub with a follower of Berlin, and what Redis says."""

    def __init__(self) -> None:
        self.hub, self.follower = Hub(10_000), Follower()
        self.stored: list[bytes] = []
        self.observe(age_ms=OLD_MS)
        self.hub.join(TOPIC, self.follower)
        self.hub.located(TOPIC, Position("E", 1))
        self.status: WeatherStatus | None = None
        self.silent = False
        self.held: asyncio.Event | None = None
        self.reads, self.rounds = 0, list[int]()
        broker = SimpleNamespace(hub=self.hub, on_joined=lambda _: None)
        self.watch = FreshnessWatch(
            cast(Client, self), cast(Broker, broker), cast(Reads, self), registry=CollectorRegistry()
        )

    def observe(self, age_ms: int = 0) -> int:
        ts = now_ms() - age_ms
        self.stored.append(orjson.dumps({"device": "berlin", "ts": ts, "values": {"n": len(self.stored) + 1}}))
        return ts

    def deliver(self) -> None:
        self.hub.receive(TOPIC, Batch("E", 0, len(self.stored), [self.stored[-1]]))

    async def mget(self, keys: Iterable[str]) -> list[bytes | None]:
        if self.silent:
            raise NoConnection("gone")
        found = [encoded(self.status) if self.status else None for _ in keys]
        self.rounds.append(len(found))
        held, self.held = self.held, None
        if held is not None:
            await held.wait()
        return found

    async def read(self, topic: str, direction: Direction, bound: Bound, limit: int) -> Page:
        self.reads += 1
        top = len(self.stored)
        return Page(Position("E", top), [Batch("E", 0, top, [self.stored[-1]])], more=False)

    async def look(self) -> list[Any]:
        """What is told by a look."""
        before = len(self.follower.told)
        await self.watch.look([TOPIC])
        return self.follower.told[before:]


async def test_an_observation_is_read_once_and_its_change_told_once() -> None:
    world = World()
    (mark,) = await world.look()
    assert (mark["stale"], mark["values"]) == (True, {"n": 1})
    assert await world.look() == []
    assert world.reads == 1


async def test_that_it_is_fresh_again_is_left_to_the_observation_that_is_on_its_way() -> None:
    world = World()
    await world.look()
    ts = world.observe()
    world.status = WeatherStatus("berlin", 900, ts, "p", observed_ms=ts)
    assert await world.look() == []
    world.deliver()
    assert "stale" not in world.follower.told[-1]
    assert await world.look() == []


async def test_without_redis_what_is_known_is_judged() -> None:
    world = World()
    ts = now_ms() - OLD_MS
    world.status = WeatherStatus("berlin", 2 * OLD_MS / 1000, ts, "p", observed_ms=ts, reason="down")
    (mark,) = await world.look()
    assert (mark["stale"], mark["reason"]) == (False, "down")
    world.silent = True
    assert await world.look() == []
    world.silent, world.status = False, None
    (mark,) = await world.look()
    assert (mark["stale"], mark["reason"]) == (True, None)


async def test_a_topic_of_which_nothing_is_known_yet_is_left_alone() -> None:
    world = World()
    world.hub.unsettle()
    assert await world.look() == []
    await world.watch.look(["weather:nowhere"])
    assert world.reads == 0


async def test_a_look_that_read_before_another_does_not_turn_back_what_that_told() -> None:
    world = World()
    ts = now_ms() - OLD_MS
    world.status = WeatherStatus("berlin", 2 * OLD_MS / 1000, ts, "p", observed_ms=ts)
    assert await world.look() == []
    held = world.held = asyncio.Event()
    slow = asyncio.create_task(world.watch.look([TOPIC]))
    await until(lambda: world.held is None, "the slow look does not read")
    world.status = replace(world.status, reason="down")
    (mark,) = await world.look()
    assert mark["reason"] == "down"
    held.set()
    await slow
    assert len(world.follower.told) == 1
    assert await world.look() == []


async def test_many_statuses_are_read_in_several_rounds() -> None:
    world = World()
    many = [f"weather:town-{number}" for number in range(1_200)]
    for topic in many:
        world.hub.join(topic, world.follower)
        world.hub.located(topic, Position("E", 0))
    await world.watch.look(many)
    assert world.rounds == [500, 500, 200]
    world.silent = True
    await world.watch.look(many)
    assert world.follower.told == []
