"""What the load client posts, and what it says of the answers."""

from __future__ import annotations

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from benchmarks.load_client import LoadError, posts

Answer = Callable[[int], bytes]
ACCEPTED = b"HTTP/1.1 202 Accepted\r\ncontent-length: 14\r\n\r\n" + b'{"accepted":1}'


@asynccontextmanager
async def server(answer: Answer = lambda _: ACCEPTED) -> AsyncIterator[tuple[int, list[tuple[int, Any]]]]:
    """A server's port, and the bodies that it got with the number of their connection. An empty answer closes."""
    bodies: list[tuple[int, Any]] = []
    tasks: list[asyncio.Task[None]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: int) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                length = next(line.split(": ")[1] for line in head.splitlines() if line.startswith("Content-Length"))
                bodies.append((connection, json.loads(await reader.readexactly(int(length)))))
                reply = answer(len(bodies))
                for at in range(0, len(reply), 30):
                    writer.write(reply[at : at + 30])
                    await asyncio.sleep(0)
                if not reply:
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.append(asyncio.create_task(serve(reader, writer, len(tasks))))

    listening = await asyncio.start_server(connected, "127.0.0.1", 0)
    yield listening.sockets[0].getsockname()[1], bodies
    listening.close()
    await asyncio.gather(*tasks)


async def test_devices_take_turns_and_every_answer_is_counted() -> None:
    async with server() as (port, bodies):
        done = await posts(port=port, connections=3, seconds=0.3, devices=5, metrics=3)
    assert done.posts == done.readings == len(bodies) == done.statuses["202"]
    assert 0 < done.p50_us <= done.p99_us <= done.max_us < 1e6
    assert {body["device"] for _, body in bodies} == {f"bench-{device:04}" for device in range(5)}
    assert all(len(body["values"]) == 3 for _, body in bodies)
    assert all(abs(body["ts"] - time.time() * 1000) < 60_000 for _, body in bodies)


async def test_several_readings_are_an_array_that_goes_on_where_the_last_one_ended() -> None:
    async with server() as (port, bodies):
        done = await posts(port=port, connections=1, seconds=0.2, devices=5, readings_per_post=3)
    assert done.readings == 3 * done.posts
    devices = [reading["device"] for _, body in bodies for reading in body]
    assert devices == [f"bench-{at % 5:04}" for at in range(len(devices))]


@pytest.mark.parametrize(("per_post", "metrics"), [(1, 2), (4, 0)])
async def test_marks_number_the_readings_of_each_device_over_one_connection(per_post: int, metrics: int) -> None:
    begun = time.monotonic_ns()
    async with server() as (port, bodies):
        done = await posts(
            port=port, connections=3, seconds=0.2, mark=True, devices=7, readings_per_post=per_post, metrics=metrics
        )
    readings = [(connection, one) for connection, body in bodies for one in (body if per_post > 1 else [body])]
    assert len(readings) == done.readings
    seqs = defaultdict(list)
    for connection, reading in readings:
        values = reading["values"]
        assert list(values)[:3] == ["at", "seq", "sent"]
        assert len(values) == 3 + metrics
        assert reading["device"] == f"bench-{values['at']:04}"
        assert begun < values["sent"] < time.monotonic_ns()
        seqs[connection, values["at"]].append(values["seq"])
    assert {device for _, device in seqs} == set(range(7))
    assert len(seqs) == 7
    assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in seqs.values())


async def test_a_rate_is_kept() -> None:
    async with server() as (port, bodies):
        done = await posts(port=port, connections=10, seconds=1, readings_per_post=2, rate=200)
    assert 90 <= len(bodies) <= 100
    assert 180 <= done.readings <= 200


async def test_an_answer_that_is_not_2xx_is_an_error() -> None:
    refusal = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nfull"
    async with server(lambda count: refusal if count == 3 else ACCEPTED) as (port, _):
        with pytest.raises(LoadError, match="answered by 503: full"):
            await posts(port=port, connections=2, seconds=0.2)


async def test_a_connection_that_the_server_closes_is_an_error() -> None:
    async with server(lambda count: b"" if count == 5 else ACCEPTED) as (port, _):
        with pytest.raises(LoadError, match="the server closed a connection after 4 posts"):
            await posts(port=port, connections=1, seconds=5)


async def test_no_server_is_an_error() -> None:
    async with server() as (port, _):
        pass
    with pytest.raises(LoadError, match="Connection refused"):
        await posts(port=port, connections=2, seconds=1)
