"""The load client against the real system: all of it arrives, also what was published while the clients were away."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from benchmarks.load_client import Dialect, LoadClient, posts
from tests.processes import Windsock

CLIENTS = 60
SDK = "/connection/websocket"


class Publisher:
    """Posts readings to each of the topics, numbered on from where it was."""

    def __init__(self, url: str, topics: int) -> None:
        self._url = url
        self._topics = topics
        self.seq = 0

    def publish(self, count: int) -> None:
        for _ in range(count):
            self.seq += 1
            readings = [self._reading(at) for at in range(self._topics)]
            httpx.post(f"{self._url}/v1/readings", json=readings, trust_env=False).raise_for_status()

    def _reading(self, at: int) -> dict[str, Any]:
        values = {"at": at, "seq": self.seq, "sent": time.monotonic_ns(), "temperature": 21.4}
        return {"device": f"bench-{at:04}", "values": values}


@pytest.mark.parametrize(
    ("dialect", "path", "topics", "per_client"),
    [
        ("centrifuge-json", SDK, 1, 1),
        ("centrifuge-json", SDK, 12, 5),
        ("centrifuge-protobuf", SDK, 12, 5),
        ("plain", "/ws/device/bench-%04d/", 12, 1),
    ],
)
async def test_everything_arrives_once_and_in_order_also_after_a_drop(
    dialect: Dialect, path: str, topics: int, per_client: int, tmp_path: Path
) -> None:
    subscriptions = CLIENTS * per_client
    with Windsock(tmp_path) as windsock:
        publisher = Publisher(windsock.url, topics)
        port = int(windsock.environment["WINDSOCK_PORT"])
        starting = LoadClient.start(
            port=port, path=path, dialect=dialect, clients=CLIENTS, topics=topics, per_client=per_client
        )
        async with await starting as client:
            await client.wait_ready()
            publisher.publish(10)
            await client.drained(10 * subscriptions, quiet_s=10)
            await client.drop()
            publisher.publish(7)
            ready = await client.connect()
            assert (ready.recovered, ready.not_recovered) == (subscriptions, 0)
            publisher.publish(3)
            stats = await client.drained(20 * subscriptions, quiet_s=10)
            assert stats.received == 20 * subscriptions
            assert (stats.missed, stats.repeated, stats.disordered, stats.foreign) == (0, 0, 0, 0)
            assert (stats.closed, stats.refused, stats.unsubscribed, stats.lowest_seq) == (0, 0, 0, 20)


async def test_what_is_posted_with_marks_reaches_the_sockets(tmp_path: Path) -> None:
    with Windsock(tmp_path) as windsock:
        port = int(windsock.environment["WINDSOCK_PORT"])
        starting = LoadClient.start(port=port, path=SDK, dialect="centrifuge-json", clients=20, topics=4)
        async with await starting as client:
            await client.wait_ready()
            done = await posts(port=port, connections=2, devices=4, seconds=1, rate=400, mark=True)
            assert done.statuses == {"202": done.posts}
            stats = await client.drained(done.readings * 5, quiet_s=10)
            assert (stats.received, stats.missed, stats.disordered) == (done.readings * 5, 0, 0)
            assert 0 < stats.p50_us < stats.max_us < 60e6
