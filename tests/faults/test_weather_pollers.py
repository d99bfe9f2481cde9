"""Several pollers on one Redis and one weather service: what is killed, stopped or slow costs nothing and doubles
nothing.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from starlette.requests import Request
from starlette.responses import Response

from services import redis, topics
from services.places import GROUP, REQUESTS_KEY, Places
from services.stream import END, Stream
from services.weather_status import WeatherStatus, read
from tests.processes import Windsock
from tests.redis_server import RedisServer
from tests.stand_ins.open_meteo import OpenMeteo
from tests.stand_ins.service import Endpoint
from tests.waiting import until, until_found, wait_until

SPOTS = {"berlin": "52.5200", "london": "51.5100", "new-york": "40.7100"}
PLACES = "Berlin=52.52,13.41;London=51.51,-0.13;New York=40.71,-74.01"
LEASE_S = 3.0
"""Long enough not to be lost on a machine that has much else to do."""


class Gated(OpenMeteo):
    """The stand-in, which answers while its gates are open and counts how many requests it has at the same time."""

    def __init__(self) -> None:
        self.forecast_gate, self.search_gate, get_gate = (threading.Event() for _ in range(3))
        self._gates = {"/v1/forecast": self.forecast_gate, "/v1/search": self.search_gate, "/v1/get": get_gate}
        for gate in self._gates.values():
            gate.set()
        self.at_once, self.most_together = 0, 0
        super().__init__()

    def _answering(self, path: str, endpoint: Endpoint) -> Callable[[Request], Any]:
        answering = super()._answering(path, endpoint)

        async def answer(request: Request) -> Response:
            return await self._gated(self._gates[path], answering(request))

        return answer

    async def _gated(self, gate: threading.Event, answering: Any) -> Response:
        self.at_once += 1
        self.most_together = max(self.most_together, self.at_once)
        try:
            answer: Response = await answering
            # An answer is as it was when the request came.
            await asyncio.to_thread(gate.wait)
            await asyncio.sleep(0.02)  # long enough for another one to come meanwhile, if one could
            return answer
        finally:
            self.at_once -= 1

    def asked_of(self) -> Counter[str]:
        """How often each place was asked for."""
        latitudes = (latitude for query in self.forecasts() for latitude in query["latitude"].split(","))
        return Counter(slug for latitude in latitudes for slug, its in SPOTS.items() if its == latitude)


@pytest.fixture
def weather() -> Iterator[Gated]:
    with Gated() as stand_in:
        yield stand_in


@pytest.fixture
def pollers(tmp_path: Path, redis_server: RedisServer, weather: Gated) -> Iterator[list[Windsock]]:
    settings = {
        "redis_url": redis_server.url,
        "places": PLACES,
        "open_meteo_url": weather.url,
        "geocoding_url": weather.url,
        "weather_lease_s": f"{LEASE_S:g}",
        "weather_retry_s": "0.1",
        "weather_request_s": "60",
    }
    three = [Windsock(tmp_path, "weather", **settings) for _ in range(3)]
    # Side by side: to start is what takes longest.
    with ThreadPoolExecutor() as starting, ExitStack() as stack:
        list(starting.map(stack.enter_context, three))
        yield three


@asynccontextmanager
async def looking(server: RedisServer) -> AsyncIterator[redis.Client]:
    async with redis.connect(server.url) as client:
        yield client


def held_by(poller: Windsock) -> bool:
    return poller.metrics()["windsock_weather_lease_held"] == 1


def holder_of(pollers: list[Windsock]) -> Windsock:
    """The one that holds the lease, once one does; those that have ended are passed over."""
    found: list[Windsock] = []

    def look() -> bool:
        found[:] = [poller for poller in pollers if not poller.ended() and held_by(poller)]
        return len(found) == 1

    wait_until(look, "not exactly one of them holds the lease")
    return found[0]


def kill(poller: Windsock) -> None:
    poller.send(signal.SIGKILL)
    poller.wait()


def stored(client: redis.Client, slug: str) -> Any:
    async def look() -> list[dict[str, Any]]:
        page = await Stream(client).read(topics.WEATHER + slug, "up", END, 100)
        return [orjson.loads(payload) for batch in page.batches for payload in batch.payloads]

    return look


async def states(client: redis.Client) -> list[WeatherStatus]:
    """The states of all places, or none until all are told."""
    told = [state for state in await read(client, list(SPOTS)) if state is not None]
    return told if len(told) == len(SPOTS) else []


async def test_each_place_is_asked_for_once_and_not_again_when_another_takes_over(
    pollers: list[Windsock], redis_server: RedisServer, weather: Gated
) -> None:
    async with looking(redis_server) as client:
        before = await until_found(lambda: states(client), "no states")
        first = holder_of(pollers)
        kill(first)
        second = holder_of([one for one in pollers if one is not first])
        wait_until(lambda: second.metrics()["windsock_weather_places"] == 3, "the places are not taken up")
        assert second.stop(signal.SIGTERM) == 0
        third = holder_of([one for one in pollers if not one.ended()])
        wait_until(lambda: third.metrics()["windsock_weather_places"] == 3, "the places are not taken up again")
        assert [state.next_ms for state in await states(client)] == [state.next_ms for state in before]
    assert weather.asked_of() == dict.fromkeys(SPOTS, 1)
    assert weather.most_together == 1


async def test_when_the_holder_is_killed_in_the_middle_of_a_request_another_goes_on(
    pollers: list[Windsock], redis_server: RedisServer, weather: Gated
) -> None:
    async with looking(redis_server) as client:
        await until_found(lambda: states(client), "no states")
        weather.forecast_gate.clear()
        asked = len(weather.forecasts())
        await Places(client).request("Paris", "test:answers", "token", 60)
        await until(lambda: len(weather.forecasts()) > asked, "Paris is not asked for")
        kill(holder_of(pollers))
        weather.forecast_gate.set()
        observations = await until_found(stored(client, "paris"), "nobody goes on")
        times = [observation["ts"] for observation in observations]
        # The past and the present came once, in order, though two have asked for them.
        assert len(times) == 25
        assert times == sorted(set(times))
        assert len(weather.forecasts()) == asked + 2


async def test_who_lost_the_lease_in_its_sleep_writes_nothing_when_it_wakes_up(
    pollers: list[Windsock], redis_server: RedisServer, weather: Gated
) -> None:
    async with looking(redis_server) as client:
        await until_found(lambda: states(client), "no states")
        sleeper = holder_of(pollers)
        weather.forecast_gate.clear()
        weather.values["temperature_2m"] = 99.0
        asked = len(weather.forecasts())
        await Places(client).request("Paris", "test:answers", "token", 60)
        await until(lambda: len(weather.forecasts()) > asked, "Paris is not asked for")
        sleeper.send(signal.SIGSTOP)
        try:
            weather.values["temperature_2m"] = 5.5
            weather.forecast_gate.set()  # the sleeper's answer waits for it
            holder_of([one for one in pollers if one is not sleeper])
            await until_found(stored(client, "paris"), "nobody goes on")
        finally:
            sleeper.send(signal.SIGCONT)
        await until(lambda: "lost the lease" in sleeper.log, "the sleeper does not notice")
        wait_until(lambda: not held_by(sleeper), "the sleeper believes that it holds the lease")
        told = await stored(client, "paris")()
        assert max(observation["values"]["temperature"] for observation in told) == 5.5
        assert len(told) == 25


async def test_what_a_killed_poller_had_taken_is_answered_by_the_others(
    pollers: list[Windsock], redis_server: RedisServer, weather: Gated
) -> None:
    cities = ("Paris", "Munich", "São Paulo", "Berlin, New Hampshire", "London, Ontario")
    async with looking(redis_server) as client, client.pubsub() as listener:
        await until_found(lambda: states(client), "no states")
        await listener.subscribe("test:answers")
        weather.search_gate.clear()
        for number in range(30):
            await Places(client).request(cities[number % len(cities)], "test:answers", f"{number}", 60)

        async def all_taken() -> bool:
            return bool((await client.xpending(REQUESTS_KEY, GROUP))["pending"] == 30)

        await until_found(all_taken, "they are not taken")
        kill(holder_of(pollers))
        weather.search_gate.set()
        answered: dict[str, Any] = {}
        async with asyncio.timeout(60):
            while len(answered) < 30:
                message = await listener.get_message(ignore_subscribe_messages=True, timeout=1.0)
                if message is not None:
                    body = orjson.loads(message["data"])["body"]
                    answered[body["token"]] = body.get("place")
        slugs = ("paris", "munich", "sao-paulo", "berlin-new-hampshire-us", "london-ontario-ca")
        assert answered == {f"{number}": slugs[number % len(slugs)] for number in range(30)}

        async def none_left() -> bool:
            return bool((await client.xpending(REQUESTS_KEY, GROUP))["pending"] == 0)

        await until_found(none_left, "requests are left")
        assert weather.most_together == 1
