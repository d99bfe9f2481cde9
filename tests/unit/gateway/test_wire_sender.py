from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

from gateway.hub import Delivery
from gateway.sender import Counters, Joiner, WireSender
from services.batch import Batch
from services.closes import SLOW


class Wire:
    """A wire whose client has taken all but `unsent` bytes."""

    def __init__(self) -> None:
        self.unsent = 0
        self.receive = None
        self.written: list[bytes] = []
        self.closed: list[tuple[int, str]] = []
        self.transport = SimpleNamespace(get_write_buffer_size=lambda: self.unsent)

    def pause_above(self, high_bytes: int) -> None:
        self.high_bytes = high_bytes

    def write_frames(self, frames: bytes) -> bool:
        if not self.closed:
            self.written.append(frames)
        return not self.closed

    def close_now(self, code: int, reason: str) -> None:
        self.closed.append((code, reason))


def a_sender(limit_bytes: int, joiner: Joiner | None = None) -> tuple[WireSender, Wire]:
    wire = Wire()
    return WireSender(cast(Any, wire), limit_bytes, joiner or Joiner(), Counters(), binary=False), wire


def delivery(size: int, count: int = 1) -> Delivery:
    return Delivery("device:a", Batch("E", 0, 1, [b"x" * size] * count))


def as_they_are(_topic: str, batch: Batch) -> list[bytes]:
    return batch.payloads


def test_a_delivery_is_framed_once_for_all_and_counted_for_each() -> None:
    (one, wire), (other, other_wire) = a_sender(100), a_sender(100)
    both = delivery(5, count=2)
    one.deliver(both, as_they_are)
    other.deliver(both, as_they_are)
    assert wire.written == [b"\x81\x05xxxxx\x81\x05xxxxx"]
    assert wire.written[0] is other_wire.written[0]
    assert (one.counters.sent, one.counters.bytes, one.counters.refused) == (2, 14, 0)


def test_a_client_of_whom_more_than_half_the_bound_waits_is_slow_above_the_bound() -> None:
    sender, wire = a_sender(100)
    wire.unsent = 60
    sender.deliver(delivery(38), as_they_are)
    assert len(wire.written) == 1
    sender.deliver(delivery(39), as_they_are)
    assert wire.closed == [SLOW]
    sender.deliver(delivery(1, count=3), as_they_are)
    assert (sender.counters.sent, sender.counters.refused, sender.counters.slow) == (1, 4, 1)


def test_a_client_that_keeps_up_gets_one_piece_of_any_size() -> None:
    sender, wire = a_sender(100)
    wire.unsent = 50
    sender.deliver(delivery(1_000), as_they_are)
    assert len(wire.written[0]) > 1_000
    assert not wire.closed


async def test_what_comes_after_the_end_is_refused_and_counted() -> None:
    sender, wire = a_sender(100)
    await sender.finish()
    sender.deliver(delivery(1, count=2), as_they_are)
    assert not wire.written
    assert sender.counters.refused == 2


def test_several_topics_of_one_read_are_one_write() -> None:
    joiner = Joiner()
    sender, wire = a_sender(100, joiner)
    with joiner:
        sender.deliver(delivery(2), as_they_are)
        sender.send(b"y")
        assert not wire.written
    assert wire.written == [b"\x81\x02xx\x81\x01y"]
    sender.deliver(delivery(1), as_they_are)
    assert len(wire.written) == 2
    assert (sender.counters.sent, sender.counters.refused) == (2, 0)


def test_what_was_joined_goes_before_the_end() -> None:
    joiner = Joiner()
    sender, wire = a_sender(100, joiner)
    with joiner:
        sender.deliver(delivery(2), as_they_are)
        sender.close(3000, "over")
        sender.deliver(delivery(2), as_they_are)
    assert wire.written == [b"\x81\x02xx"]
    assert (sender.counters.sent, sender.counters.refused) == (1, 1)


async def test_what_is_sent_in_a_turn_is_one_write_in_its_order() -> None:
    sender, wire = a_sender(100)
    sender.join_turn()
    sender.join_turn()
    sender.send(b"x")
    sender.deliver(delivery(2), as_they_are)
    assert not wire.written
    await asyncio.sleep(0)
    assert wire.written == [b"\x81\x01x\x81\x02xx"]
    sender.send(b"y")
    assert len(wire.written) == 2


async def test_what_was_sent_in_a_turn_goes_before_the_end() -> None:
    sender, wire = a_sender(100)
    sender.join_turn()
    sender.send(b"x")
    await sender.finish()
    assert wire.written == [b"\x81\x01x"]
