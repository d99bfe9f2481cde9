"""Fenced appends against a real Redis: what the holder of the lease writes, and that nobody else does."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest
from redis import Redis

from services import metrics, redis, topics, weather_status
from services.errors import Unavailable
from services.places import LEASE_KEY
from services.reading import Reading
from services.settings import StreamSettings
from services.stream import END, Stream
from services.weather_status import WeatherStatus
from tests.redis_server import RedisServer
from tests.waiting import until_found
from weather_poller.held import Held, LostError
from weather_poller.observations import Observations

STATE = WeatherStatus("berlin", 900.0, 2_000, "test", "open-meteo", 1_000, 1_001)


def reading(at_s: int, temperature: float = 3.4, place: str = "berlin") -> Reading:
    return Reading(place, {"temperature": temperature}, at_s * 1000, f"open-meteo:{at_s}")


@pytest.fixture
async def lease(client: redis.Client) -> Held:
    held = Held(client, LEASE_KEY, 60.0)
    assert await held.acquire()
    return held


def observations(client: redis.Client, lease: Held, **settings: Any) -> Observations:
    return Observations(client, lease, StreamSettings(**settings), metrics.registry())


async def stored(client: redis.Client, place: str = "berlin") -> list[int]:
    page = await Stream(client).read(topics.WEATHER + place, "up", END, 1_000)
    return [orjson.loads(payload)["ts"] // 1000 for batch in page.batches for payload in batch.payloads]


async def test_who_holds_the_lease_writes_observations_and_states_together(client: redis.Client, lease: Held) -> None:
    await observations(client, lease).write([reading(10), reading(20), reading(30, 5.5)], [STATE])
    assert await stored(client) == [10, 20, 30]
    assert await weather_status.read(client, ["berlin"]) == [STATE]
    (latest,) = await Stream(client).latest(["berlin"], topics.WEATHER)
    assert latest is not None
    assert (latest.ts, latest.values["temperature"]["value"]) == (30_000, 5.5)


@pytest.mark.parametrize("holder", [b"another's", None])
async def test_who_does_not_hold_it_writes_nothing(client: redis.Client, lease: Held, holder: bytes | None) -> None:
    await client.delete(LEASE_KEY)
    if holder is not None:
        await client.set(LEASE_KEY, holder)
    with pytest.raises(LostError):
        await observations(client, lease).write([reading(10)], [STATE])
    assert await stored(client) == []
    assert await weather_status.read(client, ["berlin"]) == [None]


@pytest.mark.parametrize(("then", "written"), [("another's", []), ("", []), ("mine", [10])])
async def test_a_lease_that_changes_between_look_and_write_stops_the_write_and_a_renewal_does_not(
    client: redis.Client,
    lease: Held,
    common_redis: RedisServer,
    monkeypatch: pytest.MonkeyPatch,
    then: str,
    written: list[int],
) -> None:
    meanwhile = [then]

    def epoch() -> str:
        if meanwhile:
            with Redis.from_url(common_redis.url) as other:
                value = meanwhile.pop()
                other.set(LEASE_KEY, (lease.value or "") if value == "mine" else value)
        return "epoch"

    monkeypatch.setattr("weather_poller.observations.fresh_epoch", epoch)
    writing = observations(client, lease).write([reading(10)], [STATE])
    if written:
        await writing
    else:
        with pytest.raises(LostError):
            await writing
    assert not meanwhile
    assert await stored(client) == written
    assert await weather_status.read(client, ["berlin"]) == [STATE if written else None]


async def test_a_lease_that_expires_before_the_write_stops_it(client: redis.Client, lease: Held) -> None:
    await client.pexpire(LEASE_KEY, 1)
    await until_found(lambda: expired(client), "the lease does not expire")
    with pytest.raises(LostError):
        await observations(client, lease).write([reading(10)], [STATE])


async def expired(client: redis.Client) -> bool:
    return await client.get(LEASE_KEY) is None


async def test_what_is_known_is_left_out_and_the_rest_is_stored(client: redis.Client, lease: Held) -> None:
    writer = observations(client, lease)
    await writer.write([reading(10), reading(10, place="london")], [])
    await writer.write([reading(10), reading(20), reading(10, place="london")], [STATE])
    assert await stored(client) == [10, 20]
    assert await stored(client, "london") == [10]
    await writer.write([reading(20)], [STATE])
    assert await stored(client) == [10, 20]


async def test_a_redis_that_is_full_is_trimmed_and_otherwise_stores_neither(client: redis.Client, lease: Held) -> None:
    writer = observations(client, lease, retention_s=60)
    stream = topics.stream_key("weather:berlin")
    await client.xadd(stream, {"d": b'{"ts":1}'}, id="1-1")
    await client.hset(topics.state_key("weather:berlin"), mapping={"offset": 1, "epoch": "e"})
    try:
        await client.config_set("maxmemory", 1)
        with pytest.raises(Unavailable, match="maxmemory"):
            await writer.write([reading(10)], [STATE])
        assert await client.xlen(stream) == 0  # what is past its retention made room, though not enough
        assert await weather_status.read(client, ["berlin"]) == [None]
    finally:
        await client.config_set("maxmemory", 0)
    await writer.write([reading(10)], [STATE])
    assert await stored(client) == [10]


async def test_states_alone_are_written_too(client: redis.Client, lease: Held) -> None:
    failing = replace(STATE, reason="open-meteo: status 500", failing_since_ms=5)
    await observations(client, lease).write([], [failing])
    assert await weather_status.read(client, ["berlin"]) == [failing]
