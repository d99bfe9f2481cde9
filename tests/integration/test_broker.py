"""Hub, bus and stream together on a real Redis: what is appended arrives, whatever happens to pub/sub."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from gateway.broker import Broker
from gateway.hub import Delivery
from services import redis, topics
from services.background import background
from services.batch import Position
from services.commit import Entry
from services.errors import Unavailable
from services.metrics import WriterReport
from services.redis import Client
from services.settings import GatewaySettings, StreamSettings
from services.stream import Stream
from services.writer import Writer
from tests.redis_server import RedisServer
from tests.waiting import until

TOPIC = "device:a"


class Recorder:
    def __init__(self) -> None:
        self.numbers: list[int] = []
        self.losses: list[Position] = []
        self.notices: list[bytes] = []
        self.passed: list[bytes] = []

    def deliver(self, delivery: Delivery) -> None:
        self.numbers += map(int, delivery.batch.payloads)

    def lost(self, topic: str, position: Position) -> None:
        self.losses.append(position)

    def notice(self, topic: str, text: bytes) -> None:
        self.notices.append(text)

    def passing(self, delivery: Delivery) -> None:
        self.passed += delivery.batch.payloads


class Running:
    def __init__(self, broker: Broker, writer: Writer) -> None:
        self.broker, self._writer, self._published = broker, writer, 0

    async def publish(self, count: int = 1, topic: str = TOPIC) -> None:
        for _ in range(count):
            await self._writer.append([Entry(topic, b"%d" % self._published)])
            self._published += 1


@asynccontextmanager
async def running(url: str, **settings: Any) -> AsyncIterator[Running]:
    limits = replace(GatewaySettings(), canary_s=0.1, canary_timeout_s=1.0, **settings)
    async with redis.connect(url) as client:
        writer = Writer(client, StreamSettings(), WriterReport(CollectorRegistry()))
        broker = Broker(client, url, Stream(client), limits)
        async with background(writer.run), broker.running():
            await until(lambda: not broker.unready(), "the broker does not get ready")
            yield Running(broker, writer)


@pytest.fixture
async def system(common_redis: RedisServer, client: Client) -> AsyncIterator[Running]:
    async with running(common_redis.url) as one:
        yield one


async def test_what_is_appended_after_the_join_arrives(system: Running) -> None:
    recorder = Recorder()
    await system.publish(3)
    await system.broker.join(TOPIC, recorder)
    await system.publish(3)
    await until(lambda: recorder.numbers == [3, 4, 5], "it does not arrive")


async def test_many_who_join_at_once_all_get_the_next(system: Running) -> None:
    recorders = [Recorder() for _ in range(50)]
    await asyncio.gather(*(system.broker.join(f"device:{n % 7}", recorders[n]) for n in range(50)))
    for n in range(7):
        await system.publish(topic=f"device:{n}")
    await until(lambda: all(len(recorder.numbers) == 1 for recorder in recorders), "somebody got nothing")


async def test_who_left_gets_nothing_and_the_topic_is_forgotten(system: Running) -> None:
    one, other = Recorder(), Recorder()
    for _ in range(3):
        await system.broker.join(TOPIC, one)
        system.broker.leave(TOPIC, one)
    assert len(system.broker.hub) == 0
    await system.broker.join(TOPIC, other)
    await system.publish()
    await until(lambda: other.numbers == [0], "it does not arrive")
    assert one.numbers == []


async def test_a_broken_pub_sub_connection_loses_and_repeats_nothing(system: Running, client: Client) -> None:
    recorder = Recorder()
    await system.broker.join(TOPIC, recorder)
    for round_ in range(5):
        await system.publish(10)
        await client.client_kill_filter(_type="pubsub")
        await system.publish(10)
        total = 20 * (round_ + 1)
        await until(lambda total=total: len(recorder.numbers) == total, "something is missing")  # type: ignore[misc]
    assert recorder.numbers == list(range(100))
    assert recorder.losses == []
    assert system.broker.bus.connections >= 6


async def test_a_lost_announcement_is_read_from_the_stream(system: Running, client: Client) -> None:
    recorder = Recorder()
    await system.broker.join(TOPIC, recorder)
    await system.publish()
    # What pub/sub does when it loses one: the entry is stored, nobody is told.
    await client.xadd(topics.stream_key(TOPIC), {"d": "77"}, id=f"{int(time.time() * 1000) + 5}-2")
    await client.hset(topics.state_key(TOPIC), "offset", "2")
    await system.publish()
    await until(lambda: recorder.numbers == [0, 77, 1], "the lost one is not read")
    assert system.broker.hub.gaps == 1


async def test_nonsense_on_a_channel_does_no_harm(system: Running, client: Client) -> None:
    recorder = Recorder()
    await system.broker.join(TOPIC, recorder)
    for nonsense in (b"", b"\xff", b"E 1-1 2\nx", b"a b c", b"[]", b"\x81"):
        await client.publish(topics.channel(TOPIC), nonsense)
        await client.publish(topics.channel("nobody"), nonsense)
    await system.publish()
    await until(lambda: recorder.numbers == [0], "it does not arrive")
    assert system.broker.bus.connections == 1


async def test_a_redis_that_lost_its_data_is_told_to_the_subscribers(system: Running, client: Client) -> None:
    recorder = Recorder()
    await system.broker.join(TOPIC, recorder)
    await system.publish(3)
    await until(lambda: len(recorder.numbers) == 3, "it does not arrive")
    await client.flushall()
    await system.publish(2)
    await until(lambda: recorder.numbers == [0, 1, 2, 3, 4], "it does not go on")
    assert [loss.offset for loss in recorder.losses] == [0]


async def test_what_an_outage_kept_back_arrives_afterwards(redis_server: RedisServer) -> None:
    async with running(redis_server.url) as system:
        recorder = Recorder()
        await system.broker.join(TOPIC, recorder)
        await system.publish()
        redis_server.kill()
        await until(lambda: bool(system.broker.unready()), "the outage is not noticed")
        redis_server.start()
        await until(lambda: not system.broker.unready(), "the broker does not get ready again")
        await system.publish()
        await until(lambda: recorder.numbers == [0, 1], "it does not arrive")
        assert recorder.losses == []


async def test_a_redis_that_hangs_is_noticed(redis_server: RedisServer) -> None:
    async with running(redis_server.url) as system:
        redis_server.send(signal.SIGSTOP)
        await until(lambda: bool(system.broker.unready()), "the silence is not noticed")
        redis_server.send(signal.SIGCONT)
        await until(lambda: not system.broker.unready(), "the broker does not get ready again")


async def test_a_join_that_redis_does_not_confirm_is_refused_and_leaves_nothing(redis_server: RedisServer) -> None:
    async with running(redis_server.url, subscribe_timeout_s=0.2) as system:
        redis_server.send(signal.SIGSTOP)
        with pytest.raises(Unavailable):
            await system.broker.join(TOPIC, Recorder())
        assert len(system.broker.hub) == 0
        redis_server.send(signal.SIGCONT)


async def test_a_password_is_used_for_pub_sub_too(redis_server: RedisServer) -> None:
    async with redis.connect(redis_server.url) as client:
        await client.config_set("requirepass", "s3cret")
    async with running(redis_server.url.replace("//", "//:s3cret@")) as system:
        recorder = Recorder()
        await system.broker.join(TOPIC, recorder)
        await system.publish()
        await until(lambda: recorder.numbers == [0], "it does not arrive")


async def test_what_was_published_while_pub_sub_was_away_arrives_though_nothing_follows(
    system: Running, client: Client
) -> None:
    recorder = Recorder()
    await system.broker.join(TOPIC, recorder)
    await client.client_kill_filter(_type="pubsub")
    await system.publish(3)
    await until(lambda: recorder.numbers == [0, 1, 2], "it does not arrive")
    assert recorder.losses == []


async def test_a_topic_that_cannot_be_read_keeps_no_other_from_its_clients(system: Running, client: Client) -> None:
    await client.set(topics.state_key("device:bad"), "not a hash")
    bad = asyncio.ensure_future(system.broker.join("device:bad", Recorder()))
    recorder = Recorder()
    await system.broker.join(TOPIC, recorder)
    await system.publish()
    await until(lambda: recorder.numbers == [0], "it does not arrive")
    assert not bad.done()
    await client.delete(topics.state_key("device:bad"))
    await bad


async def test_many_topics_are_settled_together_after_a_break(system: Running, client: Client) -> None:
    recorders = {f"device:{n}": Recorder() for n in range(300)}
    await asyncio.gather(*(system.broker.join(topic, recorder) for topic, recorder in recorders.items()))
    await client.client_kill_filter(_type="pubsub")
    await asyncio.gather(*(system.publish(2, topic) for topic in recorders))
    await until(lambda: all(len(one.numbers) == 2 for one in recorders.values()), "something is missing")
    assert not any(one.losses for one in recorders.values())


async def test_a_notice_reaches_all_subscribers_and_is_not_kept(system: Running) -> None:
    one, other = Recorder(), Recorder()
    await system.broker.join(TOPIC, one)
    await system.broker.join(TOPIC, other)
    await system.broker.announce(TOPIC, b"+{}")
    await until(lambda: one.notices == other.notices == [b"+{}"], "it does not arrive")
    assert not one.numbers
    assert not one.losses


async def test_what_one_read_brings_keeps_its_order_across_channels(system: Running, client: Client) -> None:
    recorder, order = Recorder(), []
    await system.broker.join(TOPIC, recorder)
    heard = asyncio.Event()
    system.broker.listen("windsock:test", lambda _: order.append(list(recorder.numbers)), heard.set)
    await heard.wait()
    await system.publish()
    await until(lambda: recorder.numbers == [0], "it does not arrive")
    # One script, so that both come in one read: an announcement as the append script makes it, then another message.
    position = system.broker.hub.position(TOPIC)
    announcement = f"{position.epoch} 1-{position.offset + 1} 1\n1"
    script = "redis.call('PUBLISH', ARGV[1], ARGV[2]) redis.call('PUBLISH', ARGV[3], 'x')"
    await client.eval(script, 0, topics.channel(TOPIC), announcement, "windsock:test")
    await until(lambda: bool(order), "the message does not arrive")
    assert order == [[0, 1]]


class LateStream(Stream):
    """Its positions are as old as `held` lets them be."""

    def __init__(self, client: Client) -> None:
        super().__init__(client)
        self.held = asyncio.Event()
        self.held.set()

    async def positions(self, names: Sequence[str]) -> list[Position | Unavailable]:
        found = await super().positions(names)
        await self.held.wait()
        return found


async def test_a_position_that_was_asked_for_before_the_connection_broke_settles_nothing(
    common_redis: RedisServer, client: Client
) -> None:
    stream = LateStream(client)
    limits = replace(GatewaySettings(), canary_s=0.1, canary_timeout_s=1.0)
    broker = Broker(client, common_redis.url, stream, limits)
    async with broker.running():
        await until(lambda: not broker.unready(), "the broker does not get ready")
        stream.held.clear()
        joining = asyncio.ensure_future(broker.join(TOPIC, Recorder()))
        await until(lambda: not broker._unsettled and TOPIC in broker._confirmed, "no position is asked for")
        broker._on_lost()
        stream.held.set()
        await broker.join("device:later", Recorder())  # topics are settled one round after the other
        assert not broker.hub.settled(TOPIC)
        await client.client_kill_filter(_type="pubsub")
        await joining
