from __future__ import annotations

from gateway.outbox import Outbox


def test_chunks_are_taken_joined_and_once() -> None:
    outbox = Outbox(100)
    assert outbox.push(b"ab", 0)
    assert outbox.push(b"c", 0)
    assert outbox.take() == b"abc"
    assert not outbox


def test_a_client_that_is_behind_is_slow_above_the_bound() -> None:
    outbox = Outbox(10)
    assert outbox.push(b"12345", 5)
    assert not outbox.push(b"6", 5)
    assert outbox.take() == b"12345"


def test_a_client_that_has_read_everything_gets_one_turn_of_any_size() -> None:
    outbox = Outbox(10)
    assert outbox.push(b"x" * 50, 0)
    assert not outbox.push(b"x", 1)
