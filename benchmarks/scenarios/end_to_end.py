"""From a device's POST to its subscribers: ingest, Redis and a gateway, each a process of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from benchmarks.load_client import Dialect, Done, LoadClient, posts
from benchmarks.results import Row
from benchmarks.servers import free_port, redis_server, running
from benchmarks.systems import windsock
from benchmarks.systems.intake import WindsockIngest

READINGS_PER_S = 1_000
CLIENTS = 100
DEVICES = 50


@dataclass(frozen=True, slots=True)
class Case:
    """What the clients follow: `followed` devices each, on `path`."""

    said: str
    dialect: Dialect
    path: str
    followed: int


CASES = (
    Case("an SDK on one device each", windsock.JSON.dialect, windsock.JSON.path, 1),
    Case("a plain socket on all readings each", windsock.PLAIN.dialect, "/ws/sensor/", DEVICES),
)


async def rows(seconds: float) -> AsyncIterator[Row]:
    """`CLIENTS` who follow one device each, and as many who follow everything."""
    for case in CASES:
        ports = free_port(), free_port()
        async with redis_server("always") as (_, redis_url):
            posting, pushing = WindsockIngest().command(ports[0], redis_url), windsock.JSON.command(ports[1], redis_url)
            async with (
                running(posting[0], ports[0], posting[1]),
                running(pushing[0], ports[1], pushing[1]),
                await LoadClient.start(
                    port=ports[1],
                    path=case.path,
                    dialect=case.dialect,
                    channel=windsock.JSON.channel,
                    clients=CLIENTS,
                    topics=DEVICES,
                    per_client=case.followed,
                ) as load,
            ):
                await load.wait_ready()
                await _post(ports[0], 1.0, mark=False)
                await asyncio.sleep(0.5)
                await load.begin()
                done = await _post(ports[0], seconds, mark=True)
                expected = done.readings * CLIENTS * case.followed // DEVICES
                stats = await load.drained(expected)
        yield Row(
            "end to end",
            "Windsock",
            f"{READINGS_PER_S:,} readings/s, {CLIENTS} clients: {case.said}",
            {
                "followed": case.followed,
                "posted_per_s": done.posts / done.seconds,
                "post_p50_ms": done.p50_us / 1e3,
                "delivered_per_s": stats.received / done.seconds,
                "p50_ms": stats.p50_us / 1e3,
                "p99_ms": stats.p99_us / 1e3,
                "max_ms": stats.max_us / 1e3,
                "lost": expected - (stats.received - stats.repeated),
            },
        )


async def _post(port: int, seconds: float, *, mark: bool) -> Done:
    return await posts(port=port, connections=32, devices=DEVICES, rate=READINGS_PER_S, seconds=seconds, mark=mark)
