"""Fetchers with a real Redis, or none, and over HTTP a host that answers whatever it is told to."""

from __future__ import annotations

import asyncio
import gzip
import multiprocessing
import time
from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry

from services import redis
from services.errors import Unavailable
from services.settings import WeatherSettings
from tests.processes import NOWHERE
from tests.redis_server import RedisServer
from tests.stand_ins.plain_host import PlainHost, answer
from tests.waiting import until, until_found
from weather_poller.fetch import Fetcher, FetchError, NotAskedError
from weather_poller.hosts import TURN_S, Hosts, OwnHosts, SharedHosts, turn_key
from weather_poller.providers.provider import Answer, Ask, Calls, GarbledAnswerError, Question


@dataclass(frozen=True)
class Service:
    name: str = "one"
    calls: Calls = field(default_factory=Calls)


def settings_of(**changes: Any) -> WeatherSettings:
    quick: dict[str, Any] = {
        "weather_retry_s": 60.0,
        "weather_retry_max_s": 90.0,
        "weather_request_s": 3.0,
        "weather_body_bytes": 2_000,
        "weather_failures": 3,
    }
    return WeatherSettings(**quick | changes)


def asked(url: str, *paths: str, calls: float = 1.0) -> Question[list[Answer]]:
    """One request after the other; all their answers."""
    answers = []
    for path in paths or ("/",):
        answers.append((yield Ask(url + path, calls=calls)))
    return answers


class Running:
    """A fetcher."""

    def __init__(self, client: httpx.AsyncClient, hosts: Hosts, settings: WeatherSettings, metrics: CollectorRegistry):
        self.hosts = hosts
        self.metrics = metrics
        self.fetcher = Fetcher(client, hosts, settings, metrics)

    async def body(self, url: str, service: Service | None = None, *, calls: float = 1.0) -> Any:
        (only,) = await self.fetcher.ask(service or Service(), asked(url, calls=calls))
        return only.body

    def metric(self, name: str, **labels: str) -> float | None:
        return self.metrics.get_sample_value(name, {"provider": "one"} | labels)


@asynccontextmanager
async def fetcher(client: redis.Client | None, **changes: Any) -> AsyncIterator[Running]:
    settings, metrics = settings_of(**changes), CollectorRegistry()
    hosts: Hosts = OwnHosts(settings, metrics) if client is None else SharedHosts(client, settings, metrics)
    async with httpx.AsyncClient(timeout=5, follow_redirects=False) as http:
        yield Running(http, hosts, settings, metrics)


@pytest.fixture
async def host() -> AsyncIterator[PlainHost]:
    async with PlainHost() as host:
        yield host


@pytest.fixture(params=["shared", "own"])
async def running(request: pytest.FixtureRequest, client: redis.Client) -> AsyncIterator[Running]:
    async with fetcher(client if request.param == "shared" else None) as running:
        yield running


async def test_a_question_is_run_to_its_end(running: Running, host: PlainHost) -> None:
    host.next(answer({"a": 1}, Last_Modified="then"), answer({"b": 2}, 203), answer(b"", 304))
    before = time.time() * 1000
    one, two, three = await running.fetcher.ask(Service(), asked(host.url, "/1", "/2", "/3"))
    assert (one.status, one.body, one.headers["last-modified"]) == (200, {"a": 1}, "then")
    assert (two.status, two.body) == (203, {"b": 2})
    assert (three.status, three.body) == (304, None)
    assert before - 1 <= one.fetched_ms <= time.time() * 1000
    assert [path for path, _ in host.requests] == ["/1", "/2", "/3"]
    assert {headers["accept-encoding"] for _, headers in host.requests} == {"identity"}
    assert running.metric("windsock_weather_requests_total", result="ok") == 3
    assert running.metric("windsock_weather_last_success_timestamp_seconds") == pytest.approx(time.time(), abs=60)


async def test_parameters_and_headers_are_sent(running: Running, host: PlainHost) -> None:
    def question() -> Question[None]:
        yield Ask(host.url + "/path?of=its&own=query", headers={"User-Agent": "windsock a@b.c"})
        yield Ask(host.url + "/path", {"name": "São Paulo"}, {"If-Modified-Since": "then"})

    await running.fetcher.ask(Service(), question())
    (first, headers), (second, more) = host.requests
    assert (first, headers["user-agent"]) == ("/path?of=its&own=query", "windsock a@b.c")
    assert (second, more["if-modified-since"]) == ("/path?name=S%C3%A3o+Paulo", "then")


BROKEN = answer({"padding": "x" * 100})
FAULTS = {
    "status 500": (answer(b"oops", 500), "whole"),
    "status 503: The service is overloaded": (
        answer({"error": True, "reason": "The service is overloaded"}, 503),
        "whole",
    ),
    "status 500: Internal error": (answer({"cod": 500, "message": "Internal error"}, 500), "whole"),
    "status 502: try again later": (answer({"detail": "try\n again \x00later"}, 502), "whole"),
    "status 302: it redirects, which is not followed": (answer(b"", 302, Location="/"), "whole"),
    "status 204": (answer(b"", 204), "whole"),
    "its answer is empty": (answer(b""), "whole"),
    "its answer is not JSON: '<html>no weather</html>'": (answer(b"<html>no weather</html>"), "whole"),
    "its answer has more than 2000 bytes": (answer({"padding": "x" * 100_000}), "whole"),
    "its answer is compressed, which was not asked for": (
        answer(gzip.compress(b" " * 1_000_000), Content_Encoding="gzip"),
        "whole",
    ),
    "the connection broke off": (BROKEN[:-20], "whole"),
    "the connection broke off (": (BROKEN[:-30], "reset"),
    "no whole answer within 3 s": (BROKEN, "drip"),
}


@pytest.mark.parametrize("words", FAULTS)
async def test_each_fault_is_told_in_words_and_followed_by_a_pause(
    running: Running, host: PlainHost, words: str
) -> None:
    text, how = FAULTS[words]
    host.next(text, how=how)
    with pytest.raises(FetchError) as failed:
        await running.body(host.url)
    assert str(failed.value).startswith(words)
    assert 6 <= failed.value.wait_s <= 60
    with pytest.raises(NotAskedError, match=r"left alone for \d+ s since it failed: ") as refused:
        await running.body(host.url)
    assert 0 < refused.value.wait_s <= failed.value.wait_s
    assert len(host.requests) == 1


async def test_a_host_that_refuses_connections_says_so(running: Running) -> None:
    with pytest.raises(FetchError, match=r"^it refuses connections$"):
        await running.body(NOWHERE)


async def test_a_name_that_cannot_be_looked_up_says_so(running: Running) -> None:
    with pytest.raises(FetchError, match=r"^its name cannot be looked up \("):
        await running.body("http://weather.invalid")


async def test_an_address_that_makes_no_sense_says_so(running: Running) -> None:
    with pytest.raises(FetchError, match=r"^its address makes no sense"):
        await running.body("http://host:port/")


@pytest.mark.parametrize("status", [400, 404, 422])
async def test_a_refusal_of_a_place_is_no_failure_of_the_host(running: Running, host: PlainHost, status: int) -> None:
    host.next(answer({"reason": "no such place"}, status))
    with pytest.raises(FetchError, match=f"^status {status}: no such place$") as refused:
        await running.body(host.url)
    assert refused.value.is_refusal
    assert await running.body(host.url) == {}
    assert running.metric("windsock_weather_requests_total", result="refused") == 1


async def test_a_key_that_is_refused_makes_the_longest_pause(running: Running, host: PlainHost) -> None:
    host.next(answer({"message": "Invalid API key"}, 401))
    with pytest.raises(FetchError, match=r"^status 401: Invalid API key$") as refused:
        await running.body(host.url)
    assert refused.value.wait_s == 90


@pytest.mark.parametrize(
    ("headers", "least_s", "most_s"),
    [
        ({"Retry_After": "120"}, 120, 120),
        ({"Retry_After": "Wed, 01 Jan 2025 00:01:40 GMT", "Date": "Wed, 01 Jan 2025 00:00:00 GMT"}, 100, 100),
        ({"Retry_After": "999999999"}, 3_600, 3_600),
        ({"Retry_After": "soon"}, 6, 60),
        ({"Retry_After": "0"}, 6, 6),
        ({}, 6, 60),
    ],
)
async def test_the_pause_that_a_service_asks_for_is_kept(
    running: Running, host: PlainHost, headers: dict[str, str], least_s: float, most_s: float
) -> None:
    host.next(answer({"reason": "Too many concurrent requests"}, 429, **headers))
    with pytest.raises(FetchError) as refused:
        await running.body(host.url)
    assert least_s <= refused.value.wait_s <= most_s


async def test_calls_that_a_service_says_are_spent_are_so_until_the_day_ends(running: Running, host: PlainHost) -> None:
    host.next(answer({"reason": "Daily API request limit exceeded. Please try again tomorrow."}, 429))
    service = Service(calls=Calls(day=10_000))
    with pytest.raises(FetchError, match=r"^status 429: Daily") as refused:
        await running.body(host.url, service)
    assert refused.value.wait_s == pytest.approx(86_400 - time.time() % 86_400, abs=60)
    assert running.metric("windsock_weather_calls_left", window="day") == 0


async def test_an_answer_that_the_translation_refuses_is_a_failure(running: Running, host: PlainHost) -> None:
    def garbled(error: Exception) -> Question[None]:
        yield Ask(host.url)
        raise error

    with pytest.raises(FetchError, match=r"^no temperature$") as failed:
        await running.fetcher.ask(Service(), garbled(GarbledAnswerError("no temperature")))
    assert failed.value.wait_s > 0
    assert running.metric("windsock_weather_requests_total", result="failed") == 1
    with pytest.raises(FetchError, match=r"^its answer is not understood \(KeyError\)$"):
        await running.fetcher.ask(Service("other"), garbled(KeyError("current")))


async def test_a_question_may_make_do_without_an_answer(running: Running, host: PlainHost) -> None:
    def question() -> Generator[Ask, Answer, str]:
        try:
            yield Ask(host.url + "/first")
        except FetchError as error:
            found = yield Ask(host.url + "/second")
            return f"{error}, then {found.body}"
        return "no failure"

    host.next(answer({}, 404), answer(7))
    assert await running.fetcher.ask(Service(), question()) == "status 404, then 7"


async def test_a_failure_that_a_question_tells_later_counts_once(running: Running, host: PlainHost) -> None:
    def question() -> Generator[Ask, Answer, None]:
        try:
            yield Ask(NOWHERE)
        except FetchError as error:
            yield Ask(host.url)
            raise error

    with pytest.raises(FetchError, match="it refuses connections"):
        await running.fetcher.ask(Service(), question())
    assert await running.body(host.url) == {}
    assert running.metric("windsock_weather_requests_total", result="failed") == 1


@pytest.mark.parametrize("shared", [True, False])
async def test_the_breaker_opens_and_closes(client: redis.Client, host: PlainHost, shared: bool) -> None:
    host.next(*[answer({}, 500)] * 3)
    async with fetcher(client if shared else None, weather_retry_s=0.5, weather_retry_max_s=2.0) as running:

        async def tried() -> Any:
            try:
                return await running.body(host.url)
            except FetchError:
                return None

        async def has_opened() -> bool:
            await tried()
            return running.metric("windsock_weather_breaker_open") == 1

        await until_found(has_opened, "the breaker stays closed")
        assert len(host.requests) == 3
        await until(lambda: running.metric("windsock_weather_breaker_open") == 0, "the breaker stays open")
        assert len(host.requests) == 3
        assert await tried() == {}
        assert running.metric("windsock_weather_breaker_open") == 0


@pytest.mark.parametrize("last", [answer({}, 500), answer(b"")], ids=["status 500", "empty"])
async def test_a_question_that_always_fails_at_its_second_request_opens_the_breaker(
    host: PlainHost, last: bytes
) -> None:
    host.next(*[answer({}), last] * 3)
    async with fetcher(None, weather_retry_s=0.5, weather_retry_max_s=60.0) as running:

        async def has_opened() -> bool:
            with pytest.raises(FetchError):
                await running.fetcher.ask(Service(), asked(host.url, "/first", "/second"))
            return running.metric("windsock_weather_breaker_open") == 1

        await until_found(has_opened, "the breaker stays closed")
        assert [path for path, _ in host.requests] == ["/first", "/second"] * 3


async def test_a_question_that_ends_well_after_a_refusal_ends_the_failures_in_a_row(host: PlainHost) -> None:
    def question() -> Question[None]:
        try:
            yield Ask(host.url)
        except FetchError:
            return

    host.next(answer({}, 500), answer({}, 404), answer({}, 500))
    async with fetcher(None, weather_retry_s=3.0) as quick:
        with pytest.raises(FetchError, match="500"):
            await quick.body(host.url)

        async def has_asked() -> bool:
            await quick.fetcher.ask(Service(), question())
            return len(host.requests) == 2

        await until_found(has_asked, "it is never asked again")
        with pytest.raises(FetchError, match="500"):
            await quick.body(host.url)
        with pytest.raises(NotAskedError, match=r"since it failed: status 500"):
            await quick.body(host.url)


async def test_what_is_not_in_the_budget_is_not_asked_for(running: Running, host: PlainHost) -> None:
    service = Service(calls=Calls(day=3))
    await running.body(host.url, service, calls=2)
    with pytest.raises(NotAskedError, match="the 3 calls of this day are spent") as refused:
        await running.body(host.url, service, calls=2)
    assert (refused.value.calls, refused.value.calls_left) == (2, 1)
    assert refused.value.wait_s == pytest.approx(86_400 - time.time() % 86_400, abs=60)
    assert running.metric("windsock_weather_calls_left", window="day") == 1
    await running.body(host.url, service, calls=1)
    assert len(host.requests) == 2


async def test_failed_requests_count_as_calls(running: Running, host: PlainHost) -> None:
    host.next(answer({}, 404), answer({}, 404))
    service = Service(calls=Calls(day=2))
    for _ in range(2):
        with pytest.raises(FetchError, match="status 404"):
            await running.body(host.url, service)
    with pytest.raises(NotAskedError):
        await running.body(host.url, service)


async def test_one_service_at_a_host_is_not_paused_for_another(running: Running, host: PlainHost) -> None:
    host.next(answer({}, 500))
    with pytest.raises(FetchError):
        await running.body(host.url, Service("geocoder"))
    assert await running.body(host.url) == {}


async def test_one_request_at_a_time_goes_to_a_host(running: Running, host: PlainHost) -> None:
    host.go_on.clear()
    tasks = [asyncio.create_task(running.body(host.url, Service(name))) for name in ("one", "one", "two")]
    await until(lambda: host.now == 1, "no request")
    host.go_on.set()
    assert await asyncio.gather(*tasks) == [{}] * 3
    assert host.most_at_once == 1


async def test_who_waits_too_long_for_the_turn_does_not_ask(client: redis.Client, host: PlainHost) -> None:
    async with fetcher(client, weather_request_s=0.1) as running:
        await client.set(turn_key(host.netloc), "another's")
        with pytest.raises(NotAskedError, match=r"other requests to .* are under way"):
            await running.body(host.url)
        assert host.requests == []


async def test_several_fetchers_on_one_redis_ask_a_host_one_at_a_time(client: redis.Client, host: PlainHost) -> None:
    async with fetcher(client, weather_request_s=30.0) as one, fetcher(client, weather_request_s=30.0) as other:
        await asyncio.gather(*(each.body(host.url) for _ in range(8) for each in (one, other)))
    assert len(host.requests) == 16
    assert host.most_at_once == 1


async def test_a_turn_lasts_as_long_as_its_request(client: redis.Client, host: PlainHost) -> None:
    async with fetcher(client, weather_request_s=30.0) as one, fetcher(client, weather_request_s=30.0) as other:
        host.go_on.clear()
        first = asyncio.create_task(one.body(host.url))
        await until(lambda: host.now == 1, "no request")
        second = asyncio.create_task(other.body(host.url))
        began = time.monotonic()
        await until(lambda: time.monotonic() > began + TURN_S + 1, "time stands still")
        assert len(host.requests) == 1
        host.go_on.set()
        assert [await first, await second] == [{}, {}]
        assert host.most_at_once == 1


async def test_who_loses_the_turn_gives_its_request_up(client: redis.Client, host: PlainHost) -> None:
    async with fetcher(client, weather_request_s=30.0) as running:
        host.go_on.clear()
        task = asyncio.create_task(running.body(host.url))
        await until(lambda: host.now == 1, "no request")
        await client.set(turn_key(host.netloc), "another's")
        with pytest.raises(FetchError, match="the turn to ask it was lost"):
            await task
        await until(lambda: host.now == 0, "the request goes on")


async def test_fetchers_share_a_budget_which_outlives_them(client: redis.Client, host: PlainHost) -> None:
    service = Service(calls=Calls(day=4))
    async with fetcher(client) as one, fetcher(client) as other:
        for each in (one, other, one):
            await each.body(host.url, service)
    async with fetcher(client) as later:
        await later.body(host.url, service)
        with pytest.raises(NotAskedError):
            await later.body(host.url, service)
        assert later.metric("windsock_weather_calls_left", window="day") == 0
    assert len(host.requests) == 4


async def test_fetchers_share_a_pause(client: redis.Client, host: PlainHost) -> None:
    host.next(answer({}, 429, Retry_After="60"))
    async with fetcher(client) as one, fetcher(client) as other:
        with pytest.raises(FetchError):
            await one.body(host.url)
        with pytest.raises(NotAskedError) as refused:
            await other.body(host.url)
        assert refused.value.wait_s == pytest.approx(60, abs=30)


async def test_garbage_in_redis_begins_anew(client: redis.Client, host: PlainHost) -> None:
    async with fetcher(client) as running:
        await running.body(host.url)
        (key,) = [key async for key in client.scan_iter("windsock:{places}:host:*")]
        await client.set(key, b"\xff garbage")
        assert await running.body(host.url) == {}


async def test_without_redis_the_shared_fetcher_says_so(redis_server: RedisServer, host: PlainHost) -> None:
    async with redis.connect(redis_server.url) as client, fetcher(client) as running:
        redis_server.kill()
        with pytest.raises(Unavailable):
            await running.body(host.url)
        assert host.requests == []
        redis_server.start()
        assert await running.body(host.url) == {}


async def test_an_answer_is_good_although_redis_goes_while_it_is_under_way(
    redis_server: RedisServer, host: PlainHost
) -> None:
    host.next(answer({"a": 1}))
    host.go_on.clear()
    async with redis.connect(redis_server.url) as client, fetcher(client, weather_request_s=30.0) as running:
        task = asyncio.create_task(running.body(host.url))
        await until(lambda: host.now == 1, "no request")
        redis_server.kill()
        host.go_on.set()
        assert await task == {"a": 1}
        redis_server.start()


def _ask_for_ever(redis_url: str, url: str) -> None:
    async def ask() -> None:
        async with redis.connect(redis_url) as client, fetcher(client, weather_request_s=60.0) as running:
            await running.body(url)

    asyncio.run(ask())


async def test_the_turn_of_who_was_killed_is_free_soon(
    client: redis.Client, common_redis: RedisServer, host: PlainHost
) -> None:
    host.go_on.clear()
    killed = multiprocessing.get_context("spawn").Process(target=_ask_for_ever, args=(common_redis.url, host.url))
    killed.start()
    await until(lambda: host.now == 1, "no request")
    killed.kill()
    killed.join()
    host.go_on.set()
    began = time.monotonic()
    async with fetcher(client, weather_request_s=30.0) as running:
        assert await running.body(host.url, Service(calls=Calls(day=5))) == {}
    assert time.monotonic() - began < TURN_S + 20
    assert host.most_at_once == 1
