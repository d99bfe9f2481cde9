from __future__ import annotations

from gateway.outbox import Outbox


def test_chunks_are_taken_joined_and_once() -> None:
    outbox = Outbox(100)
    assert outbox.push(b"ab", 2)
    assert not outbox.push(b"c", 1)
    assert outbox.publications == 3
    assert outbox.take(0) == b"abc"
    assert not outbox
    assert not outbox.publications


def test_a_client_that_is_behind_is_slow_above_the_bound() -> None:
    outbox = Outbox(10)
    outbox.push(b"12345", 1)
    assert outbox.take(5) == b"12345"
    outbox.push(b"12345", 1)
    outbox.push(b"6", 1)
    assert outbox.take(5) is None
    assert not outbox


def test_a_client_that_has_read_everything_gets_one_turn_of_any_size() -> None:
    outbox = Outbox(10)
    outbox.push(b"x" * 50, 1)
    assert outbox.take(0) == b"x" * 50
    outbox.push(b"x" * 50, 1)
    assert outbox.take(1) is None
