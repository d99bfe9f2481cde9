"""From a device's POST to its subscribers: ingest, Redis and a gateway, each a process of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from benchmarks.load_client import Done, LoadClient, posts
from benchmarks.results import Row
from benchmarks.servers import free_port, redis_server, running
from benchmarks.systems import windsock
from benchmarks.systems.intake import WindsockIngest

READINGS_PER_S = 1_000
CLIENTS = 100
CASES = (("device:bench-%04d", 50, "one of 50 devices each"), ("readings", 1, "all readings"))
"""Channel of the clients, devices that post, and how the table says it."""


async def rows(seconds: float) -> AsyncIterator[Row]:
    """`CLIENTS` who follow a device each, and as many who follow everything."""
    for channel, devices, case in CASES:
        ports = free_port(), free_port()
        async with redis_server(durable=True) as (_, redis_url):
            posting, pushing = WindsockIngest().command(ports[0], redis_url), windsock.JSON.command(ports[1], redis_url)
            async with (
                running(posting[0], ports[0], posting[1]),
                running(pushing[0], ports[1], pushing[1]),
                await LoadClient.start(
                    port=ports[1],
                    path=windsock.JSON.path,
                    dialect=windsock.JSON.dialect,
                    channel=channel,
                    clients=CLIENTS,
                    topics=devices,
                ) as load,
            ):
                await load.wait_ready()
                await _post(ports[0], devices, 1.0)
                await asyncio.sleep(0.5)
                await load.begin()
                done = await _post(ports[0], devices, seconds)
                await asyncio.sleep(0.5)
                stats = await load.stats()
        yield Row(
            "end to end",
            windsock.JSON.name,
            f"{READINGS_PER_S:,} readings/s, {CLIENTS} clients, {case}",
            {
                "posted_per_s": done.posts / done.seconds,
                "post_p50_ms": done.p50_us / 1e3,
                "delivered_per_s": stats.received / done.seconds,
                "p50_ms": stats.p50_us / 1e3,
                "p99_ms": stats.p99_us / 1e3,
                "max_ms": stats.max_us / 1e3,
                "lost": max(0.0, done.readings * CLIENTS / devices - stats.received),
            },
        )


async def _post(port: int, devices: int, seconds: float) -> Done:
    return await posts(port=port, connections=32, devices=devices, rate=READINGS_PER_S, seconds=seconds, mark=True)
