from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.conflation import Conflation, Kept, Key, keys, keys_in_envelopes
from services.batch import Batch

TOPIC = "readings"


def batch(first: int, devices: list[Key]) -> Batch:
    return Batch("E", 0, first, [orjson.dumps({"device": device, "n": first + n}) for n, device in enumerate(devices)])


@given(st.lists(st.lists(st.sampled_from(["a", "b", "c", None]), min_size=1, max_size=5)), st.sets(st.integers(0, 20)))
def test_what_is_taken_and_what_it_stands_for_is_everything_in_order(
    batches: list[list[Key]], taken_after: set[int]
) -> None:
    conflation = Conflation(TOPIC)
    offered: list[Key] = []
    taken: list[Kept] = []
    left_out = 0

    def take() -> None:
        newest = {key: offset for offset, key in enumerate(offered, 1) if offset > past}
        kept = conflation.take()
        assert [one.offset for one in kept] == sorted(newest.values())
        taken.extend(kept)

    past = 0
    for number, devices in enumerate(batches):
        one = batch(len(offered) + 1, devices)
        left_out += conflation.offer(one, keys(one))
        offered += devices
        if number in taken_after:
            take()
            past = len(offered)
    take()
    assert sum(1 + one.conflated for one in taken) == len(offered)
    assert sum(one.conflated for one in taken) == left_out
    assert (len(conflation), conflation.bytes) == (0, 0)
    # Whoever knew no epoch is told it once.
    assert [one.epoch for one in taken if one.epoch] == (["E"] if offered else [])


def test_it_tells_how_much_waits_and_forgets_what_was_left_out() -> None:
    conflation = Conflation(TOPIC)
    one = batch(1, ["a"])
    conflation.offer(one, keys(one))
    alone = conflation.bytes
    assert alone > len(one.payloads[0])
    two = batch(2, ["a"])
    assert conflation.offer(two, keys(two)) == 1
    assert conflation.bytes == alone


@pytest.mark.parametrize(
    ("payload", "key"),
    [
        (b'{"device":"a","values":{"t":1}}', "a"),
        (b'{"device":"","x":1}', ""),
        (b'{"device":7}', None),
        (b'{"name":"a"}', None),
        (b"[1]", None),
        (b'"device"', None),
        (b'{"device":"a","x":' + b"[" * 5_000 + b"]" * 5_000 + b"}", None),
        (b'{"device":"\xff"}', None),
    ],
)
def test_the_key_is_the_device_where_there_is_one(payload: bytes, key: Key) -> None:
    assert keys(Batch("E", 0, 1, [payload])) == [key]
    assert keys_in_envelopes(Batch("E", 0, 1, [b'{"data":%s}' % payload])) == [key]


def test_what_is_in_no_envelope_shares_one_key() -> None:
    assert keys_in_envelopes(Batch("E", 0, 1, [b'{"device":"a"}', b"7"])) == [None, None]
