"""What the holder of the lease makes of what goes wrong: in a service, in Redis, or with who wants what."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from services.errors import Unavailable
from services.places import Place
from services.reading import Reading
from services.settings import WeatherSettings
from services.stream import Latest
from services.weather_status import WeatherStatus, encoded, status_key
from tests.waiting import until
from weather_poller import holder
from weather_poller.fetch import FetchError
from weather_poller.holder import Holder
from weather_poller.providers.provider import Ask, Calls, Found, Question

BERLIN, OSLO = Place("berlin", "Berlin", 52.5, 13.4), Place("oslo", "Oslo", 59.9, 10.7)
HOURS = 2


class Redis:
    """What is stored: readings and statuses. While it `refuses`, nothing is."""

    def __init__(self) -> None:
        self.readings: dict[str, list[Reading]] = {}
        self.statuses: dict[str, WeatherStatus] = {}
        self.refuses = False
        self.refused = 0
        self.may_tell_failures = asyncio.Event()
        self.may_tell_failures.set()

    async def write(self, readings: Sequence[Reading], states: Sequence[WeatherStatus]) -> None:
        if not readings:
            await self.may_tell_failures.wait()
        if self.refuses:
            self.refused += 1
            raise Unavailable("OOM command not allowed")
        for reading in readings:
            self.readings.setdefault(reading.device, []).append(reading)
        self.statuses |= {state.place: state for state in states}

    async def mget(self, keys: Sequence[str]) -> list[bytes | None]:
        by_key = {status_key(slug): encoded(state) for slug, state in self.statuses.items()}
        return [by_key.get(key) for key in keys]

    async def latest(self, slugs: Sequence[str], _prefix: str) -> list[Latest | None]:
        return [self._latest(slug) for slug in slugs]

    def _latest(self, slug: str) -> Latest | None:
        if slug not in self.readings:
            return None
        at_ms = max(reading.at_ms for reading in self.readings[slug])
        return Latest(slug, at_ms, round(time.time() * 1000), tags={"provider": "one"})

    def count(self, slug: str) -> int:
        return len(self.readings.get(slug, []))


class Wanted:
    """In place of the tracking: the test says what is tracked, and waits until that was looked at."""

    def __init__(self) -> None:
        self.tracked: dict[str, Place] = {}
        self.left_out: list[str] = []
        self.looks = 0

    async def resolve(self) -> None:
        pass

    async def look(self) -> None:
        self.looks += 1


class Service:
    """A weather service that tells past and present of every place, when its gate is open and it has no `error`."""

    name = "one"
    url = "http://nowhere.invalid"
    calls = Calls()
    places_per_request = 10

    def __init__(self) -> None:
        self.asked: list[tuple[list[str], int]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.error: FetchError | None = None

    def covers(self, _place: Place) -> bool:
        return True

    def observe(self, places: Sequence[Place], past_h: int = 0) -> Question[list[Found]]:
        self.asked.append(([place.place for place in places], past_h))
        yield Ask(self.url)
        if self.error is not None:
            raise self.error
        now_ms = round(time.time() * 1000)
        times = [now_ms - hour * 3_600_000 for hour in range(past_h, -1, -1)]
        slugs = [place.place for place in places]
        return [Found(slug, [Reading(slug, {"temperature": 1.0}, at) for at in times]) for slug in slugs]

    async def ask(self, _service: Any, question: Any) -> Any:
        """As a fetcher does."""
        next(question)
        await self.gate.wait()
        try:
            question.send(None)
        except StopIteration as end:
            return end.value


class World:
    """A holder, and what it sees."""

    def __init__(self) -> None:
        self.redis, self.wanted, self.service = Redis(), Wanted(), Service()
        doubles: Any = {"tracking": self.wanted, "fetcher": self.service, "providers": {"one": self.service}}
        stores: Any = {"observations": self.redis, "stream": self.redis, "redis": self.redis}
        settings = WeatherSettings(weather_history_h=HOURS, weather_jitter_s=0.0, weather_retry_s=0.1)
        self.holder = Holder(**doubles, **stores, order=["one"], settings=settings, retention_s=86_400.0, name="me")

    async def want(self, *places: Place, left_out: Sequence[str] = ()) -> None:
        """What is tracked from now on; returns once the holder has begun to look."""
        self.wanted.tracked = {place.place: place for place in places}
        self.wanted.left_out = list(left_out)
        await self.look()

    async def look(self) -> None:
        """Wait until a look has begun."""
        looks = self.wanted.looks
        self.holder.wake()
        await until(lambda: self.wanted.looks > looks, "it does not look")

    async def looked(self) -> None:
        """Wait until a look has begun and is over."""
        await self.look()
        await self.look()

    async def asked(self, times: int) -> None:
        await until(lambda: len(self.service.asked) >= times, f"not asked {times} times")


@asynccontextmanager
async def holding() -> AsyncIterator[World]:
    world = World()
    running = asyncio.create_task(world.holder.run())
    try:
        yield world
    finally:
        assert not running.done(), running
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def test_past_and_present_of_a_new_place_are_stored_and_its_status_is_told() -> None:
    async with holding() as world:
        await world.want(BERLIN)
        await until(lambda: world.redis.count("berlin") == HOURS + 1, "not stored")
        status = world.redis.statuses["berlin"]
        assert (status.provider, status.reason, status.poller) == ("one", None, "me")
        assert status.next_ms > time.time() * 1000


async def test_what_cannot_be_stored_is_asked_for_again_and_its_past_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holder, "WRITE_PAUSES_S", (0.01, 0.01))
    monkeypatch.setattr(holder, "LOST_S", 0.05)
    async with holding() as world:
        world.redis.refuses = True
        await world.want(BERLIN)
        await world.asked(2)
        assert world.redis.refused >= 2
        world.redis.refuses = False
        await until(lambda: world.redis.count("berlin") == HOURS + 1, "lost for good")
        assert {past_h for _, past_h in world.service.asked} == {HOURS}


async def test_a_write_that_succeeds_in_the_end_costs_no_second_question(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holder, "WRITE_PAUSES_S", (0.01,) * 1_000)
    async with holding() as world:
        world.redis.refuses = True
        await world.want(BERLIN)
        await until(lambda: world.redis.refused >= 3, "it does not try again")
        world.redis.refuses = False
        await until(lambda: world.redis.count("berlin") == HOURS + 1, "not stored")
        assert len(world.service.asked) == 1


async def test_the_past_comes_however_often_the_service_was_down() -> None:
    async with holding() as world:
        world.service.error = FetchError("status 503", status=503, wait_s=0.01)
        await world.want(BERLIN)
        await world.asked(4)
        world.service.error = None
        await until(lambda: world.redis.count("berlin") == HOURS + 1, "no past")


async def test_a_place_that_nobody_wants_when_its_answer_comes_is_stored_for_who_wants_it_next() -> None:
    async with holding() as world:
        world.service.gate.clear()
        await world.want(BERLIN)
        await world.asked(1)
        await world.want()
        await world.looked()
        world.service.gate.set()
        await until(lambda: world.redis.count("berlin") == HOURS + 1, "what was paid for is thrown away")
        await world.want(BERLIN)
        await world.looked()
        assert (len(world.service.asked), world.redis.count("berlin")) == (1, HOURS + 1)


async def test_a_place_that_is_pushed_out_while_it_is_asked_for_is_stored_and_told_as_left_out() -> None:
    async with holding() as world:
        world.service.gate.clear()
        await world.want(BERLIN)
        await world.asked(1)
        world.redis.may_tell_failures.clear()
        await world.want(OSLO, left_out=["berlin"])
        world.service.gate.set()
        for _ in range(50):  # both states of it are on their way, if they may be
            await asyncio.sleep(0)
        world.redis.may_tell_failures.set()
        await until(lambda: world.redis.count("berlin") > 0 and world.redis.count("oslo") > 0, "not stored")
        await world.looked()
        status = world.redis.statuses["berlin"]
        assert ("WINDSOCK_PLACES_MAX" in str(status.reason), status.observed_ms is not None) == (True, True)


async def failing(world: World) -> WeatherStatus:
    """The status of Berlin after its service failed; the next request waits for the gate, and will be answered."""
    world.service.error = FetchError("status 500", status=500, wait_s=0.2)
    await world.want(BERLIN)
    await until(lambda: "berlin" in world.redis.statuses, "the failure is not told")
    assert world.redis.statuses["berlin"].reason == "one: status 500"
    world.service.gate.clear()
    world.service.error = None
    return world.redis.statuses["berlin"]


async def test_a_place_that_is_being_asked_for_is_not_told_as_failing() -> None:
    async with holding() as world:
        told = await failing(world)
        await world.asked(2)
        await until(lambda: time.time() * 1000 > told.next_ms, "the clock stands still")
        await world.looked()
        assert world.redis.statuses["berlin"] == told


async def test_the_state_of_a_failure_never_overwrites_that_of_a_later_success() -> None:
    async with holding() as world:
        told = await failing(world)
        world.redis.may_tell_failures.clear()
        await world.asked(2)
        await until(lambda: time.time() * 1000 > told.next_ms, "the clock stands still")
        await world.look()
        world.service.gate.set()
        await until(lambda: world.redis.count("berlin") > 0, "not stored")
        world.redis.may_tell_failures.set()
        await world.looked()
        status = world.redis.statuses["berlin"]
        assert (status.reason, status.observed_ms is not None) == (None, True)
