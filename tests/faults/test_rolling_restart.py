"""Two gateways are restarted one after the other under traffic: their SDK clients move over and lose nothing."""

from __future__ import annotations

import asyncio
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
import pytest

from tests.processes import Windsock
from tests.redis_server import RedisServer
from tests.sdk import Recorder, connected

CLIENTS = 300

pytestmark = [
    pytest.mark.usefixtures("forgiving_the_sdk"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


class Balancer:
    """What stands before the gateways: passes each connection on to the one with the fewest that takes it."""

    def __init__(self, ports: Sequence[int]) -> None:
        self._open = Counter(dict.fromkeys(ports, 0))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        """The WebSocket origin that it serves."""
        server = await asyncio.start_server(self._pass_on, "127.0.0.1", 0, backlog=1_000)
        async with server:
            yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for port in sorted(self._open, key=self._open.__getitem__):
            try:
                upstream, downstream = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                continue
            self._open[port] += 1
            try:
                await asyncio.gather(_copy(reader, downstream), _copy(upstream, writer))
            finally:
                self._open[port] -= 1
            return
        writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


async def test_a_rolling_restart_loses_nothing_and_repeats_nothing(tmp_path: Path, redis_server: RedisServer) -> None:
    url = redis_server.url
    with (
        Windsock(tmp_path, "ingest", redis_url=url) as ingest,
        Windsock(tmp_path, "gateway", redis_url=url, drain_s="2") as one,
        Windsock(tmp_path, "gateway", redis_url=url, drain_s="2") as other,
    ):
        ports = [int(gateway.url.rpartition(":")[2]) for gateway in (one, other)]
        async with AsyncExitStack() as stack:
            origin = await stack.enter_async_context(Balancer(ports).running())
            recorders = [Recorder() for _ in range(CLIENTS)]
            for recorder in recorders:
                client = await stack.enter_async_context(connected(origin))
                await client.new_subscription("device:x", events=recorder).subscribe()
            await _until(recorders, lambda recorder: bool(recorder.subscribed))

            stopping = asyncio.Event()
            posting = asyncio.create_task(_post(ingest, stopping))
            for gateway in (one, other):
                assert await asyncio.to_thread(gateway.stop, signal.SIGTERM) == 0
                await asyncio.to_thread(gateway.start)
            stopping.set()
            posted = await posting

            await _until(recorders, lambda recorder: len(recorder.publications) >= posted)
            assert posted > 10
            for recorder in recorders:
                assert recorder.numbers == list(range(posted))
                assert recorder.unsubscribed == []
            assert sum(len(recorder.subscribed) for recorder in recorders) >= 2 * CLIENTS, "nobody had to move"


async def _post(ingest: Windsock, stopping: asyncio.Event) -> int:
    """Post readings until told to stop; returns how many."""
    number = 0
    async with httpx.AsyncClient(trust_env=False, timeout=20) as http:
        while not stopping.is_set():
            reading = {"device": "x", "values": {"n": number}}
            answer = await http.post(f"{ingest.url}/v1/readings", json=reading)
            assert answer.status_code == 202, answer.text
            number += 1
            await asyncio.sleep(0.05)
    return number


async def _until(recorders: Sequence[Recorder], condition: Callable[[Recorder], bool], within_s: float = 60.0) -> None:
    deadline = time.monotonic() + within_s
    while not all(condition(recorder) for recorder in recorders):
        assert time.monotonic() < deadline, "not all clients got there"
        await asyncio.sleep(0.05)
