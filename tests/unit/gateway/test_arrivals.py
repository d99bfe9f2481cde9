from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.arrivals import Arrivals
from services.batch import Batch


def batch(first: int, last: int, epoch: str = "E") -> Batch:
    return Batch(epoch, 0, first, [b"%d" % offset for offset in range(first, last + 1)])


def test_batches_that_follow_each_other_are_one() -> None:
    arrivals = Arrivals()
    for one in (batch(3, 4), batch(5, 5), batch(6, 9)):
        arrivals.add("a", one)
    arrivals.add("b", batch(1, 1))
    assert arrivals.take() == {"a": [batch(3, 9)], "b": [batch(1, 1)]}
    assert arrivals.take() == {}


def test_a_gap_a_repetition_and_another_epoch_stay_apart() -> None:
    arrivals = Arrivals()
    told = [batch(1, 2), batch(4, 5), batch(5, 6), batch(7, 7, "F")]
    for one in told:
        arrivals.add("a", Batch(one.epoch, 0, one.first, list(one.payloads)))
    assert arrivals.take()["a"] == told


def test_one_topic_can_be_taken_before_the_others() -> None:
    arrivals = Arrivals()
    arrivals.add("a", batch(1, 1))
    arrivals.add("b", batch(1, 1))
    assert arrivals.take_topic("a") == [batch(1, 1)]
    assert arrivals.take_topic("a") == []
    assert arrivals.take() == {"b": [batch(1, 1)]}


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 3), st.sampled_from("EF"))))
def test_nothing_is_lost_added_or_reordered(pieces: list[tuple[int, int, str]]) -> None:
    arrivals = Arrivals()
    given_ = [batch(first, first + more, epoch) for first, more, epoch in pieces]

    def numbered(batches: list[Batch]) -> list[tuple[str, int, bytes]]:
        return [(one.epoch, one.first + i, payload) for one in batches for i, payload in enumerate(one.payloads)]

    expected = numbered(given_)
    for one in given_:
        arrivals.add("a", one)
    assert numbered(arrivals.take().get("a", [])) == expected
