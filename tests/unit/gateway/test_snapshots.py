from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, cast

import orjson
import pytest

from gateway.snapshots import Asked, Snapshot, Snapshots, Statuses
from services.batch import Batch, Position
from services.errors import Unavailable
from services.settings import GatewaySettings, StreamSettings
from services.stream import Bound, Direction, Latest, Page, Stream
from services.weather_status import WeatherStatus
from tests.waiting import until

NOW_MS = 1_000_000_000
TOPIC = "device:a"


class Topic:
    """The stream of one device's topic: a publication each second, the last one now."""

    def __init__(self, top: int, *, oldest: int = 1) -> None:
        self.top, self.oldest = top, oldest
        self.epochs = ["E"]
        self.reads = 0
        self.readers = self.most_readers = 0
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def latest_at(self, topic: str) -> tuple[Position, Latest | None]:
        return Position(self.epochs[0], self.top), Latest("a", NOW_MS, NOW_MS)

    async def read(self, topic: str, direction: Direction, bound: Bound, limit: int) -> Page:
        self.reads += 1
        self.readers += 1
        self.most_readers = max(self.readers, self.most_readers)
        await self.go_on.wait()
        self.readers -= 1
        self.epochs = self.epochs[1:] or self.epochs
        last = self.top if bound[0] == "end" else min(self.top, bound[1] - 1)
        first = max(self.oldest, last - limit + 1)
        batches = [
            Batch(self.epochs[0], _ms(offset, self.top), offset, [_payload(offset, self.top)])
            for offset in range(first, last + 1)
        ]
        return Page(Position(self.epochs[0], self.top), batches, more=first > self.oldest)

    async def devices(self, after: str, prefix: str, limit: int) -> list[str]:
        return ["a"]

    async def latest(self, devices: Sequence[str]) -> list[Latest | None]:
        return [None for _ in devices]


def _ms(offset: int, top: int) -> int:
    return NOW_MS - (top - offset) * 1000


def _payload(offset: int, top: int) -> bytes:
    return orjson.dumps({"device": "a", "ts": _ms(offset, top), "values": {"n": offset}})


async def no_statuses(places: Sequence[str]) -> list[WeatherStatus | None]:
    return [None for _ in places]


def snapshots(topic: Topic, statuses: Statuses = no_statuses, **settings: Any) -> Snapshots:
    gateway = GatewaySettings(**({"history_page": 10} | settings))
    streams = StreamSettings(retention_s=3_600)
    return Snapshots(cast(Stream, topic), gateway, streams, 100_000, statuses, now_ms=lambda: NOW_MS)


def window(snapshot: Snapshot) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(b"{%s}" % snapshot.members)["window"]
    return found


def shown(snapshot: Snapshot) -> list[int]:
    return [value for one in window(snapshot)["series"] for _, value in one["points"]]


@pytest.mark.parametrize("topic", [TOPIC, "readings"])
async def test_it_shows_the_window_up_to_its_position(topic: str) -> None:
    snapshot = await snapshots(Topic(100)).take(Asked(topic, 25, 500))
    assert snapshot.position == Position("E", 100)
    assert shown(snapshot) == list(range(75, 101))
    assert (window(snapshot)["from"], window(snapshot)["truncated"]) == (NOW_MS - 25_000, False)


@pytest.mark.parametrize(
    ("top", "oldest", "seconds", "publications", "complete_from"),
    [
        (100, 1, 60, 30, _ms(71, 100) + 1),
        (20, 1, 60, 30, NOW_MS - 60_000),
        (30, 1, 60, 30, NOW_MS - 60_000),
        (100, 81, 60, 30, _ms(81, 100) + 1),
        (0, 1, 60, 30, NOW_MS - 60_000),
        (100, 101, 60, 30, NOW_MS - 60_000),
        (100, 101, 7_200, 30, NOW_MS - 3_600_000),
    ],
)
async def test_it_tells_from_when_on_it_is_complete(
    top: int, oldest: int, seconds: int, publications: int, complete_from: int
) -> None:
    topic = Topic(top, oldest=oldest)
    snapshot = await snapshots(topic, snapshot_publications=publications).take(Asked(TOPIC, seconds, 500))
    assert window(snapshot)["from"] == complete_from
    assert window(snapshot)["truncated"] == (complete_from > NOW_MS - seconds * 1000)
    assert len(shown(snapshot)) <= publications


async def test_who_asks_for_the_same_shares_one() -> None:
    topic = Topic(5)
    one = snapshots(topic)
    topic.go_on.clear()
    asking = [asyncio.create_task(one.take(Asked(TOPIC, 60, 500))) for _ in range(10)]
    await asyncio.sleep(0)
    topic.go_on.set()
    assert len(set(map(id, await asyncio.gather(*asking)))) == 1
    assert topic.reads == 1
    await one.take(Asked(TOPIC, 60, 400))
    await one.take(Asked(TOPIC, 60, 500, lambda delivery: [], b"x"))
    assert topic.reads == 3


async def test_one_that_gives_up_takes_nobody_with_it() -> None:
    topic = Topic(5)
    one = snapshots(topic)
    topic.go_on.clear()
    first, second = (asyncio.create_task(one.take(Asked(TOPIC, 60, 500))) for _ in range(2))
    await until(lambda: topic.reads == 1, "it does not begin")
    first.cancel()
    topic.go_on.set()
    assert (await second).position == Position("E", 5)
    assert first.cancelled()


async def test_what_nobody_waits_for_any_more_gives_its_turn_away() -> None:
    topic = Topic(20)
    topic.go_on.clear()
    all_of_them = snapshots(topic)
    given_up = [asyncio.create_task(all_of_them.take(Asked(TOPIC, seconds, 500))) for seconds in range(1, 31)]
    await until(lambda: topic.reads == 1, "none is begun")
    for one in given_up:
        one.cancel()
    await asyncio.wait(given_up)
    topic.go_on.set()
    assert shown(await all_of_them.take(Asked(TOPIC, 60, 500))) == list(range(1, 21))
    assert topic.reads <= 1 + 2  # the one that was begun, and the pages of the last


async def test_few_are_made_at_once() -> None:
    topic = Topic(5)
    one = snapshots(topic)
    await asyncio.gather(*(one.take(Asked(TOPIC, 60, points)) for points in range(2, 60)))
    assert topic.most_readers == 1


async def test_a_topic_that_begins_anew_meanwhile_is_read_again() -> None:
    topic = Topic(5)
    topic.epochs = ["E", "F"]
    assert (await snapshots(topic).take(Asked(TOPIC, 60, 500))).position.epoch == "F"
    topic.epochs = [f"E{n}" for n in range(20)]
    with pytest.raises(Unavailable):
        await snapshots(topic).take(Asked(TOPIC, 60, 500))


async def test_nobody_waits_for_ever() -> None:
    topic = Topic(5)
    topic.go_on.clear()
    with pytest.raises(Unavailable):
        await snapshots(topic, subscribe_timeout_s=0.05).take(Asked(TOPIC, 60, 500))


async def test_of_weather_it_tells_how_fresh_it_is_whether_or_not_a_poller_has_told() -> None:
    async def statuses(places: Sequence[str]) -> list[WeatherStatus | None]:
        assert places == ["a"]
        return [WeatherStatus("a", 60, NOW_MS + 5, "p", "met-norway", NOW_MS - 121_000, NOW_MS - 9, "all fail")]

    class Observed(Topic):
        async def latest_at(self, topic: str) -> tuple[Position, Latest | None]:
            return Position("E", self.top), Latest("a", NOW_MS - 121_000, NOW_MS, tags={"interval_s": "60"})

    for source, provider, reason in ((statuses, "met-norway", "all fail"), (no_statuses, None, None)):
        snapshot = await snapshots(Observed(3), source).take(Asked("weather:a", 25, 500))
        told = orjson.loads(b"{%s}" % snapshot.members)["freshness"]
        assert (told["age_s"], told["stale"], told["interval_s"]) == (121, True, 60)
        assert (told["provider"], told["reason"]) == (provider, reason)
        assert told["next"] == (NOW_MS + 5 if provider else None)
    snapshot = await snapshots(Topic(3)).take(Asked(TOPIC, 25, 500))
    assert "freshness" not in orjson.loads(b"{%s}" % snapshot.members)
