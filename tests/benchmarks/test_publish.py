"""The benchmarks' publisher: its schedule and messages, and what it says."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from redis import Redis

from benchmarks.messages import GRACE_S, SIZE, Number, Schedule, message
from services.topics import state_key
from tests.redis_server import RedisServer


def test_a_message_is_a_reading_of_the_agreed_size_whose_members_stand_in_order() -> None:
    text = message(12, 123, 1_760_000_000_123, 123_456_789_012_345)
    assert len(text) == SIZE
    assert b'"values":{"at":12,"seq":123,"sent":123456789012345,' in text
    reading = json.loads(text)
    assert (reading["device"], reading["ts"]) == ("bench-0012", 1_760_000_000_123)


def test_a_message_with_large_numbers_stays_whole() -> None:
    text = message(9_999, 10**12, 1_760_000_000_123, 10**18)
    assert json.loads(text)["values"]["seq"] == 10**12


def test_messages_are_due_one_after_another_and_go_round_the_topics() -> None:
    schedule = Schedule(topics=2, rate=10, seconds=0.4)
    assert schedule.take(0.0, most=500) == [Number(0, 1)]
    assert schedule.take(0.05, most=500) == []
    assert schedule.take(0.1, most=500) == [Number(1, 1)]
    assert schedule.take(0.3, most=500) == [Number(0, 2), Number(1, 2)]
    assert schedule.finished(0.3)


def test_a_schedule_tells_how_long_to_wait_and_how_late_it_is() -> None:
    schedule = Schedule(topics=1, rate=10, seconds=1)
    schedule.take(0.0, most=500)
    assert schedule.wait(0.04) == pytest.approx(0.06)
    assert schedule.late(0.04) == 0
    assert schedule.wait(0.25) == 0
    assert schedule.late(0.25) == pytest.approx(0.15)


def test_what_is_due_together_comes_in_parts() -> None:
    schedule = Schedule(topics=1, rate=1_000, seconds=1)
    assert [number.seq for number in schedule.take(0.5, most=3)] == [1, 2, 3]
    assert [number.seq for number in schedule.take(0.5, most=3)] == [4, 5, 6]


def test_every_topic_gets_the_same_number_of_messages() -> None:
    schedule = Schedule(topics=7, rate=10, seconds=1, start_seq=11)
    numbers = schedule.take(1.0, most=500)
    assert len(numbers) == schedule.taken == 7
    assert {number.seq for number in numbers} == {schedule.last_seq} == {11}


def test_who_is_too_slow_ends_soon_after_the_time_with_a_whole_round() -> None:
    schedule = Schedule(topics=3, rate=1_000, seconds=3)
    schedule.take(1.0, most=100)
    assert not schedule.finished(3.0 + GRACE_S - 0.01)
    assert not schedule.finished(3.0 + GRACE_S)
    assert len(schedule.take(3.0 + GRACE_S, most=100)) == 2
    assert schedule.finished(3.0 + GRACE_S)
    assert schedule.last_seq == 34


@pytest.fixture
def redis_url(common_redis: RedisServer) -> str:
    """An empty Redis."""
    with Redis.from_url(common_redis.url) as redis:
        redis.flushall()
    return common_redis.url


def test_the_publisher_says_how_it_went(redis_url: str) -> None:
    arguments = f"--system windsock-json --port 1 --redis {redis_url} --topics 2 --rate 500 --seconds 0.4 --start-seq 6"
    command = [sys.executable, "-m", "benchmarks.publish", *arguments.split()]
    said = json.loads(subprocess.run(command, capture_output=True, check=True, timeout=60).stdout)
    assert (said["published"], said["per_topic"]) == (200, 105)
    assert said["seconds"] >= 0.39
    assert said["cpu_s"] > 0
    with Redis.from_url(redis_url) as redis:
        offsets = [redis.hget(state_key(f"device:bench-000{at}"), "offset") for at in (0, 1)]
    assert offsets == [b"100", b"100"]
