"""Requests that are done once, on a real Redis."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from prometheus_client import CollectorRegistry

from services import topics
from services.background import background
from services.commit import Appended, Entry, entry_of
from services.errors import Reused
from services.metrics import WriterReport
from services.once import Once
from services.reading import Reading
from services.redis import Client
from services.settings import StreamSettings
from services.stream import Stream
from services.writer import Writer

ONCE = Once(topics.request_key("-", "k"), "f")
OTHER = Once(topics.request_key("-", "k"), "g")
TOPIC = "device:a"


@pytest.fixture
async def writer(client: Client) -> AsyncIterator[Writer]:
    writer = Writer(client, StreamSettings(), WriterReport(CollectorRegistry()))
    async with background(writer.run):
        yield writer


async def stored(client: Client) -> int:
    return (await Stream(client).position(TOPIC)).offset


def entries(count: int, reading_id: str | None = None) -> list[Entry]:
    readings = [Reading("a", {"t": float(at)}, ts=1_700_000_000_000 + at, id=reading_id) for at in range(count)]
    return [entry_of(reading) for reading in readings]


async def test_a_request_that_comes_again_is_stored_once_and_told_the_same(client: Client, writer: Writer) -> None:
    first = await writer.append(entries(3), ONCE)
    assert await writer.append(entries(3), ONCE) == first
    assert [one.position.partition(".")[2] for one in first] == ["1", "2", "3"]
    assert not any(one.duplicate for one in first)
    assert await stored(client) == 3
    assert 0 < await client.ttl(ONCE.key) <= StreamSettings().dedupe_s


async def test_what_was_a_duplicate_the_first_time_is_told_as_one_again(client: Client, writer: Writer) -> None:
    known = await writer.append(entries(1, "x"))
    both = [*entries(1), *entries(1, "x"), *entries(1, "y"), *entries(1, "y")]
    first = await writer.append(both, ONCE)
    assert [one.duplicate for one in first] == [False, True, False, True]
    assert first[1].position == known[0].position
    assert await writer.append(both, ONCE) == first
    assert await stored(client) == 3


async def test_a_request_of_nothing_but_duplicates_is_remembered(client: Client, writer: Writer) -> None:
    await writer.append(entries(1, "x"))
    first = await writer.append(entries(1, "x"), ONCE)
    assert first[0].duplicate
    with pytest.raises(Reused):
        await writer.append(entries(1), OTHER)
    assert await stored(client) == 1


async def test_another_request_with_the_same_key_is_refused_beside_others(client: Client, writer: Writer) -> None:
    await writer.append(entries(1), ONCE)
    outcomes = await asyncio.gather(
        writer.append(entries(2)), writer.append(entries(1), OTHER), writer.append(entries(2)), return_exceptions=True
    )
    assert isinstance(outcomes[1], Reused)
    assert isinstance(outcomes[0], list)
    assert isinstance(outcomes[2], list)
    assert await stored(client) == 5


async def test_the_same_request_twice_at_once_is_stored_once(client: Client, writer: Writer) -> None:
    first, again, other = await asyncio.gather(
        writer.append(entries(2), ONCE),
        writer.append(entries(2), ONCE),
        writer.append(entries(2), Once(topics.request_key("-", "l"), "f")),
    )
    assert first == again != other
    assert await stored(client) == 4


async def test_many_requests_in_one_commit(client: Client, writer: Writer) -> None:
    def all_of_them() -> asyncio.Future[list[list[Appended]]]:
        calls = [Once(topics.request_key("-", str(number)), "f") for number in range(1_500)]
        return asyncio.gather(*(writer.append(entries(1), call) for call in calls))

    assert await all_of_them() == await all_of_them()
    assert await stored(client) == 1_500
