"""One derivation for all who follow a comparison: how it starts, fails and ends."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import Any, cast

import pytest

from gateway.comparison import Comparison
from gateway.hub import Delivery, Hub, Subscriber
from gateway.live_comparisons import LiveComparisons, Sides
from gateway.sender import Counters
from gateway.subscription import Subscription
from services import topics
from services.batch import Batch, Position
from services.errors import Unavailable
from services.stream import Page
from services.topics import Compared
from tests.waiting import until

TOPIC = "compare:greenhouse:berlin"
DEVICE, WEATHER = topics.compared(TOPIC).sources
NOW = 1_760_000_000_000


class Follower:
    def __init__(self) -> None:
        self.told: list[Any] = []

    def deliver(self, delivery: Delivery) -> None:
        self.told += map(json.loads, delivery.batch.payloads)

    passing = deliver

    def lost(self, topic: str, position: Position) -> None:
        raise AssertionError("nothing of a comparison is lost")

    def notice(self, topic: str, text: bytes) -> None:
        raise AssertionError("nothing is announced")


class World:
    """A hub without Redis, and what is read of both sides: `fails` is raised instead."""

    def __init__(self) -> None:
        self.hub = Hub(10_000)
        self.fails: list[Exception] = []
        self.open = asyncio.Event()
        self.open.set()
        self.reads = self.top = 0
        broker = SimpleNamespace(hub=self.hub, join=self._join, leave=self.hub.leave)
        self.comparisons = LiveComparisons(cast(Any, broker), cast(Sides, self), lambda: NOW)

    async def _join(self, topic: str, subscriber: Subscriber) -> None:
        self.hub.join(topic, subscriber)
        self.hub.located(topic, Position("E", 0))

    async def into(self, comparison: Comparison, compared: Compared) -> None:
        self.reads += 1
        await self.open.wait()
        if self.fails:
            raise self.fails.pop(0)

    async def follow(self) -> Follower:
        follower = Follower()
        await self.comparisons.join(TOPIC, follower)
        return follower

    def lose(self) -> None:
        """Ten publications of the device's topic, but the last one, are gone."""
        self.top += 10
        payload = json.dumps({"ts": NOW, "values": {"temperature": self.top}}).encode()
        batch = Batch("E", 0, self.top, [payload])
        self.hub.filled(DEVICE, Page(Position("E", self.top), [batch], more=False))

    def idle(self) -> bool:
        return dict(self.hub.subscribers()) == {} and len(self.comparisons) == 0


async def test_it_is_started_once_and_ends_with_the_last() -> None:
    world = World()
    world.open.clear()
    following = asyncio.gather(world.follow(), world.follow())
    await until(lambda: world.reads == 1, "it does not start")
    world.open.set()
    one, other = await following
    assert dict(world.hub.subscribers()) == {TOPIC: 2, DEVICE: 1, WEATHER: 1}
    world.comparisons.leave(TOPIC, one)
    assert len(world.comparisons) == 1
    world.comparisons.leave(TOPIC, other)
    assert world.idle()
    assert world.reads == 1


async def test_a_start_that_fails_leaves_nothing_behind_and_the_next_one_tries_again() -> None:
    world = World()
    world.fails = [Unavailable("Redis is away")]
    outcomes = await asyncio.gather(world.follow(), world.follow(), return_exceptions=True)
    assert [str(one) for one in outcomes] == ["Redis is away"] * 2
    assert world.idle()
    await world.follow()
    assert len(world.comparisons) == 1


async def test_who_goes_while_it_starts_does_not_stop_it_for_the_others() -> None:
    world = World()
    world.open.clear()
    first, second = asyncio.create_task(world.follow()), asyncio.create_task(world.follow())
    await until(lambda: world.reads == 1, "it does not start")
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    world.open.set()
    await second
    assert dict(world.hub.subscribers())[TOPIC] == 1


async def test_after_a_loss_it_is_read_again_until_that_succeeds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.live_comparisons.AGAIN_S", 0.01)
    world = World()
    await world.follow()
    world.fails = [Unavailable("Redis is away")]
    world.lose()
    await until(lambda: world.reads == 3, "it is not read again")


async def test_what_fails_unexpectedly_when_it_is_read_again_is_logged_and_the_next_loss_reads_again(
    capsys: pytest.CaptureFixture[str],
) -> None:
    world = World()
    follower = await world.follow()
    world.fails = [ValueError("what nobody thought of")]
    world.lose()
    logged = ""

    def is_logged() -> bool:
        nonlocal logged
        logged += "".join(capsys.readouterr())
        return "what nobody thought of" in logged

    await until(is_logged, "nothing is logged")
    assert TOPIC in logged
    world.lose()
    await until(lambda: world.reads == 3, "it is not read again")
    assert follower.told[-1]["value"] == 20


async def test_who_comes_is_shown_what_it_knows_when_nothing_is_new() -> None:
    world = World()
    told: list[Any] = []

    def render(_: str, batch: Batch) -> list[bytes]:
        return batch.payloads

    out = SimpleNamespace(counters=Counters(), deliver=lambda delivery, _: told.extend(delivery.batch.payloads))
    for _ in range(2):
        one = Subscription(TOPIC, cast(Any, out), render, lambda _: None, 1_000, render_passing=render)
        await world.comparisons.join(TOPIC, one)
        world.comparisons.begin(one)
    assert [json.loads(payload)["reason"] for payload in told] == ["no observation of berlin is known yet"] * 2
