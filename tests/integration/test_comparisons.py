"""Comparisons on a real Redis: derived from the topics beneath, once for all who follow them, told as they change."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from gateway.broker import Broker
from gateway.hub import Delivery
from gateway.live_comparisons import LiveComparisons, Sides
from gateway.reads import Reads
from gateway.sender import Counters
from gateway.sources import Sources
from gateway.subscription import Subscription
from services import redis, topics, weather_status
from services.background import background
from services.batch import Batch, Position
from services.commit import Entry, entry_of
from services.errors import Unavailable
from services.metrics import WriterReport
from services.reading import Reading
from services.redis import Client
from services.settings import GatewaySettings, StreamSettings
from services.stream import Stream
from services.weather_status import WeatherStatus
from services.writer import Writer
from tests.redis_server import RedisServer
from tests.waiting import until, until_found

TOPIC = "compare:greenhouse:7:berlin"
DEVICE, WEATHER = topics.compared(TOPIC).sources
NOW = 1_760_000_000_000


class Out:
    """Stands for a client's sender."""

    def __init__(self) -> None:
        self.counters = Counters()
        self.told: list[dict[str, Any]] = []

    def deliver(self, delivery: Delivery, render: Any) -> None:
        self.told += map(json.loads, delivery.messages(render))

    async def room(self) -> bool:
        return True

    @property
    def differences(self) -> list[float | None]:
        return [one["difference"] for one in self.told]


class System:
    """A gateway's parts; `now_ms` is the time there."""

    def __init__(self, client: Client, url: str, subscribe_timeout_s: float = 5.0) -> None:
        limits = replace(GatewaySettings(), canary_s=0.1, canary_timeout_s=1.0, subscribe_timeout_s=subscribe_timeout_s)
        self.now_ms = NOW
        self.client = client
        self.stream = Stream(client)
        self.writer = Writer(client, StreamSettings(), WriterReport(CollectorRegistry()))
        self.broker = Broker(client, url, self.stream, limits)
        self.comparisons = LiveComparisons(self.broker, Sides(client, self.stream), lambda: self.now_ms)
        self.sources = Sources(self.broker, self.comparisons, Reads(self.stream), 100)

    async def reading(self, value: float, ts: int = NOW) -> None:
        one = Reading("greenhouse:7", {"temperature": value}, ts)
        await self.writer.append([entry_of(one, group_topics=True)])

    async def damp(self, humidity: float) -> None:
        """A reading of another metric."""
        one = Reading("greenhouse:7", {"humidity": humidity}, NOW)
        await self.writer.append([entry_of(one, group_topics=True)])

    async def observation(self, value: float, ts: int = NOW) -> None:
        await self.writer.append([Entry(WEATHER, observed(value, ts).payload())])

    async def marked(self, value: float, ts: int, reason: str) -> None:
        """What repeats an observation that has become stale."""
        told = json.loads(observed(value, ts).payload()) | {"stale": True, "age_s": 4_000, "reason": reason}
        await self.broker.pass_on(WEATHER, json.dumps(told).encode())

    async def follow(self) -> tuple[Out, Callable[[], None]]:
        """What a client of the topic is told from now on, and what ends it."""
        out = Out()
        subscription = Subscription(TOPIC, out, payloads, lambda _: None, 65_536, render_passing=payloads)
        await self.sources.join(TOPIC, subscription)
        await self.sources.begin(subscription, Position("", 0), resuming=False)
        return out, lambda: self.sources.leave(TOPIC, subscription)

    def subscribers(self) -> dict[str, int]:
        return dict(self.broker.hub.subscribers())

    async def heard(self) -> list[int]:
        """How many connections listen to each topic beneath."""
        channels = [topics.channel(DEVICE), topics.channel(WEATHER)]
        return [count for _, count in await self.client.pubsub_numsub(*channels)]


def observed(value: float, ts: int) -> Reading:
    return Reading("berlin", {"temperature": value}, ts, units={"temperature": "°C"}, tags={"interval_s": "900"})


def payloads(_topic: str, batch: Batch) -> list[bytes]:
    return batch.payloads


@asynccontextmanager
async def running(url: str) -> AsyncIterator[System]:
    async with redis.connect(url) as client:
        system = System(client, url)
        async with background(system.writer.run), system.broker.running():
            await until(lambda: not system.broker.unready(), "the broker does not get ready")
            yield system


@pytest.fixture
async def system(common_redis: RedisServer, client: Client) -> AsyncIterator[System]:
    async with running(common_redis.url) as one:
        yield one


async def test_who_comes_is_told_the_present_state_and_then_each_change(system: System) -> None:
    await system.observation(3.4)
    await system.reading(21.4)
    out, _ = await system.follow()
    assert out.differences == [18.0]
    assert (out.told[0]["device"], out.told[0]["place"]) == ("greenhouse:7", "berlin")
    await system.reading(22.4, NOW + 1)
    await until(lambda: out.differences == [18.0, 19.0], "the reading is not told")
    await system.observation(2.4, NOW + 1)
    await until(lambda: out.differences == [18.0, 19.0, 20.0], "the observation is not told")


async def test_what_is_late_does_not_turn_it_back(system: System) -> None:
    await system.observation(3.4)
    await system.reading(21.4)
    out, _ = await system.follow()
    await system.reading(5, NOW - 1)
    await system.observation(30, NOW - 1)
    await system.reading(23.4, NOW + 1)
    await until(lambda: len(out.told) == 2, "the newer reading is not told")
    assert out.differences == [18.0, 20.0]


async def test_before_anything_is_known_one_is_told_so(system: System) -> None:
    out, _ = await system.follow()
    assert out.told[0]["reason"] == "no observation of berlin is known yet"
    await system.observation(3.4)
    await until(lambda: len(out.told) == 2, "the observation is not told")
    assert out.told[1]["reason"] == "greenhouse:7 has not reported temperature yet"
    await system.reading(21.4)
    await until(lambda: out.differences == [None, None, 18.0], "the reading is not told")


async def test_all_share_one_derivation_and_the_last_to_leave_ends_it(system: System) -> None:
    (one, end_one), (other, end_other) = await asyncio.gather(system.follow(), system.follow())
    assert system.subscribers() == {TOPIC: 2, DEVICE: 1, WEATHER: 1}
    assert await system.heard() == [1, 1]
    assert len(system.comparisons) == 1
    end_one()
    await system.reading(21.4)
    await until(lambda: len(other.told) == 2, "who stayed is not told")
    assert len(one.told) == 1
    end_other()
    assert system.subscribers() == {}
    assert len(system.comparisons) == 0
    await until_unheard(system)
    again, _ = await system.follow()
    assert again.told[0]["value"] == 21.4


async def until_unheard(system: System) -> None:
    async def unheard() -> bool:
        return await system.heard() == [0, 0]

    await until_found(unheard, "the topics beneath are still listened to")


async def test_others_who_follow_a_topic_beneath_are_not_disturbed(system: System) -> None:
    out = Out()
    own = Subscription(DEVICE, out, payloads, lambda _: None, 65_536)
    await system.sources.join(DEVICE, own)
    await system.sources.begin(own, system.broker.hub.position(DEVICE), resuming=False)
    _, end = await system.follow()
    end()
    assert system.subscribers() == {DEVICE: 1}
    await system.reading(21.4)
    await until(lambda: len(out.told) == 1, "the reading does not arrive")


async def test_an_observation_that_becomes_stale_is_told_with_its_reason(system: System) -> None:
    await system.observation(3.4)
    await system.reading(21.4)
    out, _ = await system.follow()
    await system.marked(3.4, NOW, "no provider answers")
    await until(lambda: len(out.told) == 2, "nothing is told")
    assert (out.told[1]["stale"], out.told[1]["stale_reason"]) == (True, "no provider answers")
    assert out.told[1]["difference"] == 18.0
    await system.observation(3.5, NOW + 1)
    await until(lambda: len(out.told) == 3, "the newer observation is not told")
    assert (out.told[2]["stale"], out.told[2]["stale_reason"]) == (False, None)


async def test_who_comes_to_a_stale_observation_is_told_so_and_with_him_the_others(system: System) -> None:
    await system.observation(3.4)
    status = WeatherStatus("berlin", 900, NOW, "p", "open-meteo", NOW, NOW, "no provider answers", NOW)
    await system.client.set(weather_status.status_key("berlin"), weather_status.encoded(status))
    one, _ = await system.follow()
    assert (one.told[0]["stale"], one.told[0]["stale_reason"]) == (False, None)
    system.now_ms = NOW + 1_800_001
    other, _ = await system.follow()
    assert len(other.told) == 1
    assert other.told == one.told[1:]
    assert (other.told[0]["stale"], other.told[0]["stale_reason"]) == (True, "no provider answers")


async def test_what_came_while_redis_was_not_heard_is_told(system: System) -> None:
    out, _ = await system.follow()
    await system.observation(3.4)
    await system.client.client_kill_filter(_type="pubsub")
    await system.reading(21.4)
    await until(lambda: out.differences[-1:] == [18.0], "something is missing")


async def test_after_a_loss_what_is_known_is_read_again(system: System) -> None:
    await system.observation(3.4)
    await system.damp(70)
    out, _ = await system.follow()
    # Another epoch begins, of which only the latest values show what went before.
    latest: dict[Any, Any] = {"epoch": "another", "m:temperature": f"[{NOW},21.4]"}
    await system.client.hset(topics.state_key(DEVICE), mapping=latest)
    await system.damp(71)
    await until(lambda: out.differences[-1:] == [18.0], "what was lost is not read")
    assert system.broker.hub.losses == 1


async def test_who_goes_while_it_starts_leaves_nothing_behind(system: System) -> None:
    for turns in range(5):
        follow = asyncio.create_task(system.follow())
        for _ in range(turns):
            await asyncio.sleep(0)
        follow.cancel()
        with pytest.raises(asyncio.CancelledError):
            await follow
        assert len(system.comparisons) == 0
    assert system.subscribers() == {}
    await until_unheard(system)
    out, _ = await system.follow()
    assert len(out.told) == 1


async def test_without_redis_nobody_is_let_in_and_nothing_left_behind(common_redis: RedisServer) -> None:
    async with redis.connect(common_redis.url) as client:
        system = System(client, "redis://127.0.0.1:9", subscribe_timeout_s=0.2)
        with pytest.raises(Unavailable):
            await system.follow()
        assert system.subscribers() == {}
        assert len(system.comparisons) == 0
