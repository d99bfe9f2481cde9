from __future__ import annotations

from asyncio import TimerHandle
from collections.abc import Callable, Sequence
from typing import Any, cast

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message

from gateway.conflating import Conflating
from gateway.conflation import Kept, keys
from gateway.hub import Delivery, Render
from gateway.sender import Counters
from services.batch import Batch

TOPIC = "readings"


class Client:
    """A sender whose client reads when it is told to."""

    def __init__(self) -> None:
        self.counters = Counters()
        self.messages: list[bytes] = []
        self.behind = False
        self.closed = 0
        self._to_tell: list[Callable[[], None]] = []

    def read(self) -> None:
        self.behind = False
        to_tell, self._to_tell = self._to_tell, []
        for then in to_tell:
            then()

    def once_drained(self, then: Callable[[], None]) -> None:
        assert self.behind
        self._to_tell.append(then)

    def deliver(self, delivery: Delivery, render: Render) -> None:
        self.messages += delivery.messages(render)
        self.counters.sent += delivery.count

    def join_turn(self) -> None: ...

    def send(self, message: bytes, publications: int = 0) -> None:
        self.messages.append(message)
        self.counters.sent += publications

    def close(self, code: int, reason: str) -> None:
        self.closed = code

    async def room(self) -> bool:
        return True

    async def receive(self) -> Message:
        raise NotImplementedError

    async def finish(self) -> None:
        raise NotImplementedError


class Timer:
    def __init__(self, ended: Callable[[], None]) -> None:
        self.ended = ended
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class Topic:
    """A topic with one subscriber, and the timers that it sets."""

    def __init__(self, interval_s: float = 0.0, most_bytes: int = 10_000) -> None:
        self.client = Client()
        self.top = 0
        self.timers: list[Timer] = []
        self.out = Conflating(TOPIC, self.client, _shown, keys, interval_s, most_bytes, self._later)

    def _later(self, _delay: float, callback: Callable[[], None], /) -> TimerHandle:
        self.timers.append(Timer(callback))
        return cast(TimerHandle, self.timers[-1])

    def pass_time(self) -> None:
        timers, self.timers = self.timers, []
        for timer in timers:
            if not timer.cancelled:
                timer.ended()

    def publish(self, *devices: str) -> None:
        payloads = [orjson.dumps({"device": device}) for device in devices]
        self.client.counters.matched += len(payloads)
        self.out.deliver(Delivery(TOPIC, Batch("E", 0, self.top + 1, payloads)), _plain)
        self.top += len(payloads)

    @property
    def got(self) -> list[tuple[str, int, int]]:
        """What the client got: device, offset, and how many were left out."""
        shown: list[Any] = [orjson.loads(message) for message in self.client.messages]
        return [tuple(one) for one in shown]


def _plain(_topic: str, batch: Batch) -> list[bytes]:
    return [
        orjson.dumps((orjson.loads(payload)["device"], offset, 0))
        for offset, payload in enumerate(batch.payloads, batch.first)
    ]


def _shown(kept: Sequence[Kept]) -> list[bytes]:
    return [orjson.dumps((orjson.loads(one.payload)["device"], one.offset, one.conflated)) for one in kept]


def test_who_keeps_up_gets_everything_at_once() -> None:
    topic = Topic()
    topic.publish("a", "a")
    topic.publish("a")
    assert topic.got == [("a", 1, 0), ("a", 2, 0), ("a", 3, 0)]


def test_who_falls_behind_gets_the_newest_of_each_device_once_it_has_read() -> None:
    topic = Topic()
    topic.client.behind = True
    topic.publish("a", "b", "a")
    topic.publish("c", "a")
    assert topic.got == []
    topic.client.read()
    assert topic.got == [("b", 2, 0), ("c", 4, 0), ("a", 5, 2)]
    topic.publish("a")
    assert topic.got[3:] == [("a", 6, 0)]


def test_a_sample_begins_at_once_and_goes_on_at_its_rate() -> None:
    topic = Topic(interval_s=0.5)
    topic.publish("a")
    assert topic.got == [("a", 1, 0)]
    topic.publish("a")
    topic.publish("a", "b")
    assert len(topic.got) == 1
    topic.pass_time()
    assert topic.got[1:] == [("a", 3, 1), ("b", 4, 0)]
    topic.pass_time()
    assert topic.timers == []
    topic.publish("b")
    assert topic.got[3:] == [("b", 5, 0)]


def test_a_sample_of_who_is_behind_waits_until_it_has_read() -> None:
    topic = Topic(interval_s=0.5)
    topic.publish("a")
    topic.client.behind = True
    topic.publish("a")
    topic.pass_time()
    topic.publish("a")
    assert len(topic.got) == 1
    topic.client.read()
    assert topic.got[1:] == [("a", 3, 1)]


@pytest.mark.parametrize("interval_s", [0.0, 1.0])
def test_what_was_missed_is_conflated_as_a_whole(interval_s: float) -> None:
    topic = Topic(interval_s)
    topic.out.hold()
    topic.publish("a", "b")
    topic.publish("a")
    assert topic.got == []
    topic.out.release()
    assert topic.got == [("b", 2, 0), ("a", 3, 1)]


def test_who_never_reads_is_slow_only_above_the_bound() -> None:
    topic = Topic(most_bytes=3_000)
    topic.client.behind = True
    for _ in range(1_000):
        topic.publish("a", "b")
    assert topic.client.closed == 0
    topic.publish(*(f"d{n}" for n in range(20)))
    assert topic.client.closed == 3008
    counters = topic.client.counters
    assert counters.slow == 1
    assert counters.matched == counters.sent + counters.conflated + counters.refused


def test_who_keeps_up_gets_more_than_the_bound_ahead_of_time() -> None:
    topic = Topic(interval_s=60, most_bytes=3_000)
    topic.publish("a")
    topic.publish(*(f"d{n}" for n in range(20)))
    assert (len(topic.got), topic.client.closed) == (21, 0)


async def test_a_long_history_goes_out_in_parts() -> None:
    topic = Topic(most_bytes=3_000)
    topic.client.behind = True
    topic.out.hold()
    for n in range(100):
        topic.publish(f"d{n}")
        assert await topic.out.room()
    topic.out.release()
    topic.client.read()
    assert len(topic.got) == 100


def test_once_ended_nothing_is_sent_and_no_timer_is_left() -> None:
    topic = Topic(interval_s=1)
    topic.publish("a")
    topic.publish("a")
    topic.out.end()
    assert all(timer.cancelled for timer in topic.timers)
    topic.publish("a")
    topic.client.read()
    assert len(topic.got) == 1
    assert (topic.client.counters.refused, topic.client.counters.matched) == (2, 3)


@given(
    interval_s=st.sampled_from([0.0, 1.0]),
    events=st.lists(
        st.one_of(
            st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=4).map(tuple),
            st.sampled_from(["behind", "read", "time", "hold", "release"]),
        )
    ),
)
def test_received_and_conflated_is_all_and_in_order(interval_s: float, events: list[Any]) -> None:
    topic = Topic(interval_s)
    for event in events:
        match event:
            case tuple():
                topic.publish(*event)
            case "behind":
                topic.client.behind = True
            case "read":
                topic.client.read()
            case "time":
                topic.pass_time()
            case "hold":
                topic.out.hold()
            case _:
                topic.out.release()
    topic.out.release()
    topic.client.read()
    topic.pass_time()
    counters = topic.client.counters
    offsets = [offset for _, offset, _ in topic.got]
    assert offsets == sorted(set(offsets))
    assert offsets[-1:] == ([topic.top] if topic.top else [])
    assert sum(1 + conflated for *_, conflated in topic.got) == topic.top
    assert counters.matched == counters.sent + counters.conflated
