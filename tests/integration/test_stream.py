"""Appending and reading on a real Redis: offsets, epochs, deduplication, latest values, retention, pages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from services import topics
from services.background import background
from services.batch import Batch, Position, from_announcement
from services.commit import Appended, Entry, entry_of
from services.errors import Overloaded, TooLarge, Unavailable
from services.metrics import WriterReport
from services.reading import Reading
from services.redis import Client
from services.settings import StreamSettings
from services.stream import END, Bound, Direction, Page, Stream
from services.writer import Writer
from tests.redis_server import RedisServer

TOPIC = "device:a"


@asynccontextmanager
async def writing(client: Client, **settings: Any) -> AsyncIterator[Writer]:
    writer = Writer(client, replace(StreamSettings(), **settings), WriterReport(CollectorRegistry()))
    async with background(writer.run):
        yield writer


@pytest.fixture
async def writer(client: Client) -> AsyncIterator[Writer]:
    async with writing(client) as one:
        yield one


@pytest.fixture
def stream(client: Client) -> Stream:
    return Stream(client)


def entries(first: int, last: int, topic: str = TOPIC) -> list[Entry]:
    return [Entry(topic, b"%d" % number) for number in range(first, last + 1)]


def reading(ts: int, **values: float) -> Entry:
    return entry_of(Reading("a", dict(values), ts=ts))


def payloads(batches: Sequence[Batch]) -> list[int]:
    return [int(payload) for batch in batches for payload in batch.payloads]


async def read(stream: Stream, direction: Direction, bound: Bound, limit: int = 1_000) -> list[int]:
    return payloads((await stream.read(TOPIC, direction, bound, limit)).batches)


async def test_offsets_follow_each_other_within_one_epoch(writer: Writer, stream: Stream) -> None:
    one, two = await writer.append(entries(1, 2))
    (three,) = await writer.append(entries(3, 3))
    positions = [Position.parse(appended.position) for appended in (one, two, three)]
    assert [position.offset for position in positions] == [1, 2, 3]
    assert len({position.epoch for position in positions}) == 1
    assert await stream.position(TOPIC) == positions[2]


async def test_calls_made_together_are_stored_in_their_order(writer: Writer, stream: Stream) -> None:
    appended = await asyncio.gather(*(writer.append(entries(n, n)) for n in range(1, 301)))
    assert [Position.parse(one.position).offset for (one,) in appended] == list(range(1, 301))
    assert await read(stream, "up", END) == list(range(1, 301))


async def test_an_announcement_carries_the_batch_that_was_stored(client: Client, writer: Writer) -> None:
    async with client.pubsub() as listener:
        await listener.subscribe(topics.channel(TOPIC))
        await listener.get_message(timeout=5)
        await writer.append(entries(1, 3))
        message = await listener.get_message(timeout=5)
    assert message is not None
    batch = from_announcement(message["data"])
    assert (batch.first, payloads([batch])) == (1, [1, 2, 3])


async def test_an_id_is_stored_once_and_answered_with_its_first_position(writer: Writer, stream: Stream) -> None:
    first = await writer.append([Entry(TOPIC, b"1", id="x"), Entry(TOPIC, b"2")])
    again = await writer.append([Entry(TOPIC, b"3"), Entry(TOPIC, b"1", id="x"), Entry(TOPIC, b"4", id="y")])
    assert again[1] == Appended(first[0].position, duplicate=True)
    assert await read(stream, "up", END) == [1, 2, 3, 4]


async def test_one_who_fails_to_be_told_keeps_nobody_else_waiting(writer: Writer) -> None:
    def fails(_outcome: object) -> None:
        raise ZeroDivisionError

    writer.submit(entries(1, 1), fails)
    assert [one.position.partition(".")[2] for one in await writer.append(entries(2, 2))] == ["2"]
    assert len(await writer.append(entries(3, 3))) == 1


async def test_many_ids_in_one_commit(writer: Writer, stream: Stream) -> None:
    many = [Entry(TOPIC, b"%d" % n, id=str(n)) for n in range(2_500)]
    first = await writer.append(many)
    again = await writer.append(many)
    assert [one.position for one in again] == [one.position for one in first]
    assert all(one.duplicate for one in again)
    assert (await stream.position(TOPIC)).offset == 2_500


async def test_a_reading_reaches_every_group_topic(writer: Writer, stream: Stream) -> None:
    await writer.append([reading(1, t=5, h=6), reading(2, t=7)])
    tops = [await stream.position(topic) for topic in ("device:a", "readings", "metric:t", "metric:h", "metric:x")]
    assert [top.offset for top in tops] == [2, 2, 2, 1, 0]


async def test_the_latest_value_of_each_metric_is_the_newest_by_its_own_time(writer: Writer, stream: Stream) -> None:
    await writer.append([reading(2_000, t=20, h=40)])
    await writer.append([reading(1_000, t=10), reading(3_000, h=41)])
    (latest,) = await stream.latest(["a"])
    assert latest is not None
    assert latest.values == {"t": {"value": 20, "ts": 2_000}, "h": {"value": 41, "ts": 3_000}}
    assert latest.ts == 3_000
    assert [chunk async for chunk in stream.latest_of_metric("t")] == [[{"t": 20, "device": "a", "ts": 2_000}]]


async def test_of_too_many_metrics_the_oldest_are_forgotten(client: Client, stream: Stream) -> None:
    async with writing(client, device_metrics=3) as writer:
        await writer.append([reading(2, b=2.0), reading(1, a=1.0), reading(3, c=3.0)])
        await writer.append([reading(4, d=4.0)])
        (latest,) = await stream.latest(["a"])
        assert latest is not None
        assert sorted(latest.values) == ["b", "c", "d"]
        assert latest.ts == 4


async def test_devices_are_paged_by_name(writer: Writer, stream: Stream) -> None:
    await writer.append([entry_of(Reading(name, {"t": 1}, ts=1)) for name in ("b-2", "a", "b-1", "c", "b-3")])
    assert await stream.devices("", "", 10) == ["a", "b-1", "b-2", "b-3", "c"]
    assert await stream.devices("", "b", 2) == ["b-1", "b-2"]
    assert await stream.devices("b-2", "b", 2) == ["b-3"]
    assert await stream.devices("b-2", "", 10) == ["b-3", "c"]


async def test_a_device_whose_state_expired_leaves_the_indexes(client: Client, writer: Writer, stream: Stream) -> None:
    await writer.append([reading(1, t=1), entry_of(Reading("b", {"t": 2}, ts=1))])
    await client.delete(topics.state_key("device:a"))
    assert [chunk async for chunk in stream.latest_of_metric("t")] == [[{"t": 2, "device": "b", "ts": 1}]]
    await stream.forget_devices(["a", "b"])
    assert await stream.devices("", "", 10) == ["b"]
    assert await client.zrange(topics.members_key("metric:t"), 0, -1) == [b"b"]


async def test_history_is_paged_up_and_down_by_offset(writer: Writer, stream: Stream) -> None:
    for first in range(1, 300, 7):
        await writer.append(entries(first, first + 6))
    top = (await stream.position(TOPIC)).offset
    for after in (0, 1, 6, 7, 8, 150, top - 1, top, top + 1):
        assert await read(stream, "up", ("offset", after), 10) == list(range(after + 1, min(after + 10, top) + 1))
    for before in (top + 9, top + 1, top, 150, 8, 7, 2, 1, 0):
        last = min(before - 1, top)
        assert await read(stream, "down", ("offset", before), 10) == list(range(max(1, last - 9), last + 1))
    assert await read(stream, "down", END, 3) == [top - 2, top - 1, top]
    assert await read(stream, "up", END, 3) == [1, 2, 3]


async def test_a_page_tells_whether_it_stopped_early(writer: Writer, stream: Stream) -> None:
    await writer.append(entries(1, 10))
    assert (await stream.read(TOPIC, "up", END, 9)).more
    assert not (await stream.read(TOPIC, "up", ("offset", 5), 6)).more
    assert (await stream.read(TOPIC, "up", END, 0)).batches == []


async def test_a_page_is_not_full_of_what_lies_beyond_its_bound(writer: Writer, stream: Stream) -> None:
    await writer.append(entries(1, 3))
    await writer.append(entries(4, 6))
    (page,) = await stream.read_each([(TOPIC, "down", ("offset", 4), 10)], most_bytes=1)
    assert isinstance(page, Page)
    assert payloads(page.batches) == [1, 2, 3]


async def test_history_is_read_by_time_of_storage(client: Client, writer: Writer, stream: Stream) -> None:
    await writer.append(entries(1, 2))
    await asyncio.sleep(0.01)
    await writer.append(entries(3, 4))
    page = await stream.read(TOPIC, "up", END, 10)
    first, second = (batch.stored_ms for batch in page.batches)
    assert await read(stream, "up", ("time", second)) == [3, 4]
    assert await read(stream, "down", ("time", second)) == [1, 2]
    assert await read(stream, "down", ("time", first)) == []
    assert await read(stream, "down", ("time", 0)) == []
    assert await read(stream, "up", ("time", 0)) == [1, 2, 3, 4]
    assert await read(stream, "up", ("time", second + 1)) == []


async def test_time_does_not_go_backwards_when_the_clock_does(client: Client, writer: Writer, stream: Stream) -> None:
    await writer.append(entries(1, 1))
    ahead = (await stream.read(TOPIC, "up", END, 1)).batches[0].stored_ms + 3_600_000
    await client.xadd(topics.stream_key(TOPIC), {"d": "2"}, id=f"{ahead}-2")
    await client.hset(topics.state_key(TOPIC), "offset", "2")
    await writer.append(entries(3, 3))
    page = await stream.read(TOPIC, "up", END, 10)
    assert [batch.stored_ms for batch in page.batches][1:] == [ahead, ahead]
    assert payloads(page.batches) == [1, 2, 3]


async def test_a_topic_whose_state_is_gone_begins_another_epoch_without_the_old_entries(
    client: Client, writer: Writer, stream: Stream
) -> None:
    (before,) = await writer.append(entries(1, 1))
    await client.delete(topics.state_key(TOPIC))
    (after,) = await writer.append(entries(2, 2))
    assert Position.parse(after.position).offset == 1
    assert Position.parse(after.position).epoch != Position.parse(before.position).epoch
    assert await read(stream, "up", END) == [2]


@pytest.mark.parametrize("size", [1, 7, 60])
async def test_retention_by_count_keeps_at_least_what_is_promised_and_not_much_more(
    client: Client, stream: Stream, size: int
) -> None:
    async with writing(client, retention_publications=200) as writer:
        for first in range(1, 2_000, size):
            await writer.append(entries(first, first + size - 1))
        page = await stream.read(TOPIC, "up", END, 10_000)
        kept = payloads(page.batches)
    assert kept == list(range(kept[0], page.top.offset + 1))
    # Whole nodes of up to 100 entries are trimmed, at every tenth of the retention.
    assert 200 <= len(kept) <= 200 + 40 + 100 * size


async def test_retention_by_time(client: Client, stream: Stream) -> None:
    async with writing(client, retention_s=1) as writer:
        await writer.append(entries(1, 1))
        await asyncio.sleep(1.2)
        await writer.append(entries(2, 2))
        assert await read(stream, "up", END) == [2]
        assert 0 < await client.ttl(topics.stream_key(TOPIC)) <= 2


async def test_a_full_buffer_is_refused_at_once(redis_server: RedisServer, client: Client) -> None:
    writer = Writer(client, replace(StreamSettings(), append_buffer_items=3), WriterReport(CollectorRegistry()))
    waiting = asyncio.ensure_future(writer.append(entries(1, 2)))
    await asyncio.sleep(0)
    with pytest.raises(Overloaded):
        await writer.append(entries(3, 4))
    async with background(writer.run):
        assert len(await waiting) == 2


async def test_what_redis_does_not_acknowledge_is_refused_and_may_be_sent_again(client: Client) -> None:
    async with writing(client, append_timeout_s=0.3) as writer:
        await client.client_pause(1_000)
        with pytest.raises(Unavailable):
            await writer.append([Entry(TOPIC, b"1", id="x")])
        await client.client_unpause()
        await writer.append([Entry(TOPIC, b"1", id="x")])
        assert (await Stream(client).position(TOPIC)).offset == 1


async def test_what_waits_when_the_writer_stops_is_refused(client: Client) -> None:
    async with writing(client) as writer:
        await client.client_pause(500)
        waiting = [asyncio.ensure_future(writer.append(entries(n, n))) for n in range(3)]
        await asyncio.sleep(0.05)
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(isinstance(result, Unavailable) for result in results)


async def test_a_commit_that_redis_refuses_for_want_of_memory_stores_nothing(client: Client, stream: Stream) -> None:
    async with writing(client) as writer:
        await writer.append(entries(1, 1))
        await client.config_set("maxmemory", "1mb")
        try:
            with pytest.raises(Unavailable, match="maxmemory"):
                await writer.append([*entries(2, 2), Entry("device:b", b"x" * 2_000_000)])
        finally:
            await client.config_set("maxmemory", "0")
        tops = [await stream.position(topic) for topic in (TOPIC, "device:b")]
        assert [top.offset for top in tops] == [1, 0]


async def test_a_full_redis_refuses_new_topics_too(client: Client, stream: Stream) -> None:
    async with writing(client) as writer:
        await client.config_set("maxmemory", "1mb")
        try:
            with pytest.raises(Unavailable, match="maxmemory"):
                await writer.append(entries(1, 1, "device:new"))
        finally:
            await client.config_set("maxmemory", "0")
        assert (await stream.position("device:new")).offset == 0


async def test_a_full_redis_makes_room_of_what_is_outdated(client: Client, stream: Stream) -> None:
    async with writing(client, retention_s=1) as writer:
        await writer.append([Entry(TOPIC, b"x" * 1_000_000) for _ in range(20)])
        used = (await client.info("memory"))["used_memory"]
        await asyncio.sleep(1.1)
        await client.config_set("maxmemory", str(used - 10_000_000))
        try:
            await writer.append(entries(21, 21))
        finally:
            await client.config_set("maxmemory", "0")
    assert await read(stream, "up", END) == [21]


async def test_readings_for_too_many_topics_are_refused(client: Client) -> None:
    async with writing(client, commit_topics=100) as writer:
        await writer.append(entries(1, 50) + entries(1, 50, "device:b"))
        with pytest.raises(TooLarge, match="101 topics"):
            await writer.append([Entry(f"device:{n}", b"1") for n in range(101)])


async def test_more_readers_than_connections_wait_their_turn(writer: Writer, stream: Stream) -> None:
    await writer.append(entries(1, 3))
    tops = await asyncio.gather(*(stream.position(TOPIC) for _ in range(500)))
    assert {top.offset for top in tops} == {3}


async def test_batches_join_without_a_gap_whatever_the_page_size(writer: Writer, stream: Stream) -> None:
    for first in range(1, 100, 9):
        await writer.append(entries(first, first + 8))
    for limit in (1, 4, 9, 10, 1_000):
        at, seen = 0, []
        while True:
            page = await stream.read(TOPIC, "up", ("offset", at), limit)
            for one, two in pairwise(page.batches):
                assert two.first == one.last + 1
            seen += payloads(page.batches)
            if not page.more:
                break
            at = page.batches[-1].last
        assert seen == list(range(1, 100))


async def test_retention_by_bytes(client: Client, stream: Stream) -> None:
    async with writing(client, retention_bytes=65_536) as writer:
        for _ in range(300):
            await writer.append([Entry(TOPIC, b"x" * 1_000)])
    page = await stream.read(TOPIC, "up", END, 1_000)
    assert 65 <= sum(len(batch.payloads) for batch in page.batches) <= 65 + 20
    assert page.top.offset == 300


async def test_a_redis_that_lost_its_data_gets_its_indexes_anew(client: Client, stream: Stream) -> None:
    async with writing(client) as writer:
        await writer.append([reading(1, t=1)])
        await client.flushall()
        await writer.append([reading(2, t=2)])
        await writer.append([reading(3, t=3)])
        assert [chunk async for chunk in stream.latest_of_metric("t")] == [[{"t": 3.0, "device": "a", "ts": 3}]]


async def test_the_index_of_a_metric_expires(client: Client) -> None:
    async with writing(client, topic_ttl_s=60) as writer:
        await writer.append([reading(1, t=1)])
    assert 0 < await client.ttl(topics.members_key("metric:t")) <= 60
    # What is known of a topic outlives its history.
    assert await client.ttl(topics.state_key(TOPIC)) > await client.ttl(topics.stream_key(TOPIC))
