from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import cast

import pytest

from gateway.reads import TOGETHER, Reads
from services.background import background
from services.batch import Position
from services.errors import Unavailable
from services.stream import Asked, Page, Stream


class FakeStream:
    def __init__(self) -> None:
        self.rounds: list[list[Asked]] = []
        self.broken: set[str] = set()
        self.down = False
        self.begun = asyncio.Event()

    async def read_each(self, asked: Sequence[Asked]) -> list[Page | Unavailable]:
        self.rounds.append(list(asked))
        self.begun.set()
        await asyncio.sleep(0)
        if self.down:
            raise Unavailable("down")
        return [Unavailable(one[0]) if one[0] in self.broken else Page(Position(one[0], 7), [], False) for one in asked]


@pytest.fixture
def stream() -> FakeStream:
    return FakeStream()


def reads_of(stream: FakeStream) -> Reads:
    return Reads(cast(Stream, stream))


async def ask(reads: Reads, topic: str, offset: int = 0) -> Page:
    return await reads.read(topic, "up", ("offset", offset), 10)


async def test_what_is_asked_in_one_moment_is_read_together(stream: FakeStream) -> None:
    reads = reads_of(stream)
    async with background(reads.run):
        pages = await asyncio.gather(*(ask(reads, topic) for topic in "abc"))
    assert [page.top.epoch for page in pages] == ["a", "b", "c"]
    assert len(stream.rounds) == 1


async def test_what_many_ask_for_is_read_once(stream: FakeStream) -> None:
    reads = reads_of(stream)
    async with background(reads.run):
        pages = await asyncio.gather(*(ask(reads, "a") for _ in range(1_000)))
    assert len(stream.rounds[0]) == 1
    assert all(page is pages[0] for page in pages)


async def test_who_asks_while_the_same_is_being_read_gets_a_later_read(stream: FakeStream) -> None:
    reads = reads_of(stream)
    async with background(reads.run):
        first = asyncio.ensure_future(ask(reads, "a"))
        await stream.begun.wait()
        assert not first.done()
        assert await ask(reads, "a") is not await first
    assert len(stream.rounds) == 2


async def test_one_round_trip_brings_a_bounded_number(stream: FakeStream) -> None:
    reads = reads_of(stream)
    async with background(reads.run):
        await asyncio.gather(*(ask(reads, "a", offset) for offset in range(TOGETHER + 1)))
    assert [len(asked) for asked in stream.rounds] == [TOGETHER, 1]


async def test_a_topic_that_cannot_be_read_keeps_no_other_from_it(stream: FakeStream) -> None:
    stream.broken.add("b")
    reads = reads_of(stream)
    async with background(reads.run):
        one, other = await asyncio.gather(ask(reads, "a"), ask(reads, "b"), return_exceptions=True)
    assert isinstance(one, Page)
    assert isinstance(other, Unavailable)


async def test_when_redis_is_away_all_are_told_and_later_ones_are_read(stream: FakeStream) -> None:
    stream.down = True
    reads = reads_of(stream)
    async with background(reads.run):
        found = await asyncio.gather(ask(reads, "a"), ask(reads, "b"), return_exceptions=True)
        assert all(isinstance(one, Unavailable) for one in found)
        stream.down = False
        assert await ask(reads, "a")


async def test_who_does_not_wait_any_more_harms_nobody(stream: FakeStream) -> None:
    reads = reads_of(stream)
    async with background(reads.run):
        gone, stays = asyncio.ensure_future(ask(reads, "a")), asyncio.ensure_future(ask(reads, "a"))
        await stream.begun.wait()
        gone.cancel()
        assert (await stays).top.offset == 7


async def test_those_who_left_are_not_read_for(stream: FakeStream) -> None:
    reads = reads_of(stream)
    gone = [asyncio.create_task(ask(reads, "gone", offset)) for offset in range(3 * TOGETHER)]
    await asyncio.sleep(0)
    for task in gone:
        task.cancel()
    await asyncio.wait(gone)
    async with background(reads.run):
        page = await ask(reads, "here")
    assert page.top.epoch == "here"
    assert [[topic for topic, *_ in asked] for asked in stream.rounds] == [["here"]]


async def test_an_outage_is_told_to_all_who_wait_at_once(stream: FakeStream) -> None:
    reads, stream.down = reads_of(stream), True
    async with background(reads.run):
        told = await asyncio.gather(*(ask(reads, "a", n) for n in range(5 * TOGETHER)), return_exceptions=True)
    assert all(isinstance(one, Unavailable) for one in told)
    assert len(stream.rounds) == 1


async def test_what_cannot_be_understood_ends_only_those_who_asked(
    stream: FakeStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nonsense(_asked: Sequence[Asked]) -> list[Page | Unavailable]:
        raise ValueError("not an entry")

    reads = reads_of(stream)
    async with background(reads.run):
        with monkeypatch.context() as patched:
            patched.setattr(stream, "read_each", nonsense)
            with pytest.raises(Unavailable, match="ValueError"):
                await ask(reads, "a")
        assert (await ask(reads, "a")).top.epoch == "a"
