"""The benchmarks' publisher: its schedule and messages, and that what it publishes arrives.

Systems beside Windsock need packages of their own; the benchmark itself runs those.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from websockets.asyncio.client import connect

from benchmarks.messages import GRACE_S, SIZE, Number, Schedule, message
from benchmarks.server import serving
from benchmarks.systems import SYSTEMS
from benchmarks.systems.system import System
from tests.processes import free_port
from tests.redis_server import RedisServer
from tests.sdk import Recorder, connected
from tests.waiting import until

TOPICS, EACH = 2, 50


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
def started(
    request: pytest.FixtureRequest, tmp_path: Path, common_redis: RedisServer
) -> Iterator[tuple[System, int, str]]:
    """The system named by the test's parameter, on an empty Redis."""
    with Redis.from_url(common_redis.url) as redis:
        redis.flushall()
    system, port = SYSTEMS[request.param], free_port()
    with serving(system, port, common_redis.url, tmp_path / "server.log"):
        yield system, port, common_redis.url


async def published(system: System, port: int, redis_url: str) -> dict[str, Any]:
    """What the publisher says of `EACH` messages on each topic."""
    arguments = f"--system {system.key} --port {port} --redis {redis_url} --topics {TOPICS}"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.publish", *arguments.split()),
        *("--rate", "200", "--seconds", str(TOPICS * EACH / 200)),
        stdout=subprocess.PIPE,
    )
    out, _ = await process.communicate()
    said: dict[str, Any] = json.loads(out)
    return said


def arrived(recorder: Recorder) -> bool:
    return len(recorder.publications) >= EACH


@pytest.mark.parametrize("started", ["windsock-json", "windsock-protobuf"], indirect=True)
@pytest.mark.usefixtures("forgiving_the_sdk")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_an_sdk_gets_all_that_is_published_in_order(started: tuple[System, int, str]) -> None:
    system, port, redis_url = started
    async with connected(f"ws://127.0.0.1:{port}", protobuf=system.key.endswith("protobuf")) as client:
        recorders = [Recorder() for _ in range(TOPICS)]
        for at, recorder in enumerate(recorders):
            subscription = client.new_subscription(system.channel % at, events=recorder)
            await subscription.subscribe()
            await subscription.ready()
        said = await published(system, port, redis_url)
        assert (said["published"], said["per_topic"]) == (TOPICS * EACH, EACH)
        for at, recorder in enumerate(recorders):
            await until(partial(arrived, recorder), "not all arrived")
            values = [publication["values"] for publication in recorder.publications]
            assert [(value["at"], value["seq"]) for value in values] == [(at, seq) for seq in range(1, EACH + 1)]


@pytest.mark.parametrize("started", ["windsock-plain"], indirect=True)
async def test_a_plain_socket_gets_all_that_is_published_in_order(started: tuple[System, int, str]) -> None:
    system, port, redis_url = started
    async with connect(f"ws://127.0.0.1:{port}{system.path % 1}") as socket:
        said = await published(system, port, redis_url)
        assert said["per_topic"] == EACH
        async with asyncio.timeout(30):
            values = [json.loads(await socket.recv())["values"] for _ in range(EACH)]
    assert [(value["at"], value["seq"]) for value in values] == [(1, seq) for seq in range(1, EACH + 1)]
