from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ingest.admission import MOST_BUCKETS, Bucket, Buckets
from services.errors import TooManyRequests
from services.settings.bounds import SLOWEST_PER_S


def let_in(bucket: Bucket, count: int, now: float) -> bool:
    if bucket.wait_s(now):
        return False
    bucket.take(count)
    return True


def test_a_bucket_lets_a_burst_of_twice_its_rate_in() -> None:
    bucket = Bucket(10, 0.0)
    assert [let_in(bucket, 1, 0.0) for _ in range(25)].count(True) == 20


def test_the_slowest_that_may_be_set_can_be_told() -> None:
    bucket = Bucket(SLOWEST_PER_S, 0.0)
    assert let_in(bucket, 1_000_000, 0.0)
    told = TooManyRequests("too fast", "key", SLOWEST_PER_S, bucket.wait_s(0.0)).headers()
    assert int(told["Retry-After"]) > 0
    assert told["RateLimit-Policy"] == '"key";q=1;w=10000'


def test_a_batch_larger_than_the_burst_is_let_in_and_made_up_for() -> None:
    bucket = Bucket(10, 0.0)
    assert let_in(bucket, 120, 0.0)
    assert bucket.wait_s(0.0) == 10.1
    assert not let_in(bucket, 1, 10.0)
    assert let_in(bucket, 1, 10.2)


def test_what_is_refused_costs_nothing() -> None:
    bucket = Bucket(1, 0.0)
    assert let_in(bucket, 2, 0.0)
    assert [let_in(bucket, 1, 0.5) for _ in range(100)].count(True) == 0
    assert let_in(bucket, 1, 1.0)


def test_a_rate_below_one_a_second_still_lets_one_in() -> None:
    bucket = Bucket(0.1, 0.0)
    assert let_in(bucket, 1, 0.0)
    assert not let_in(bucket, 1, 9.0)
    assert let_in(bucket, 1, 10.1)


def test_what_was_taken_and_not_used_is_given_back() -> None:
    bucket = Bucket(1, 0.0)
    bucket.take(2)
    bucket.give_back(2)
    assert bucket.is_full(0.0)


@given(st.lists(st.tuples(st.floats(0, 3), st.integers(1, 50)), max_size=60))
def test_over_time_no_more_than_the_limit_comes_in(posts: list[tuple[float, int]]) -> None:
    bucket, now, taken, largest = Bucket(10, 0.0), 0.0, 0, 0
    for after, count in posts:
        now += after
        if let_in(bucket, count, now):
            taken, largest = taken + count, max(largest, count)
    assert taken <= 20 + 10 * now + largest + 1e-6


def test_there_is_a_bounded_number_of_buckets_and_those_in_use_are_kept() -> None:
    buckets = Buckets(10)
    busy = buckets.of("busy", 0.0)
    busy.take(100)
    for number in range(MOST_BUCKETS + 100):
        buckets.of(f"idle {number}", 0.0)
    assert buckets.of("busy", 0.0) is busy
    assert len(buckets._of) <= MOST_BUCKETS


def test_however_many_are_busy_there_is_a_bound() -> None:
    buckets = Buckets(10)
    for number in range(MOST_BUCKETS + 100):
        buckets.of(f"busy {number}", 0.0).take(30)
    assert len(buckets._of) <= MOST_BUCKETS
    assert buckets.of(f"busy {MOST_BUCKETS + 99}", 0.0).wait_s(0.0) > 0
