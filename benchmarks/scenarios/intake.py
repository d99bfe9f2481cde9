"""Readings posted over HTTP: how many a second one ingest process takes, and what each costs it and Redis."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from benchmarks.load_client import Done, posts
from benchmarks.results import Row
from benchmarks.servers import free_port, redis_server, running
from benchmarks.systems.intake import Intake

WARM_S = 1.0


@dataclass(frozen=True, slots=True)
class Load:
    """How readings are posted: each connection sends its next request once the last one is answered."""

    connections: int
    readings_per_post: int
    devices: int

    def __str__(self) -> str:
        each = "single readings" if self.readings_per_post == 1 else f"arrays of {self.readings_per_post}"
        return f"{each}, {self.devices} devices, {self.connections} connections"


SINGLE = Load(128, 1, 500)
SPREAD = Load(8, 500, 500)
FEW_DEVICES = Load(8, 500, 50)
LOADS = (SINGLE, SPREAD, FEW_DEVICES)


async def rows(
    systems: Sequence[Intake], loads: Sequence[Load], fsyncs: Sequence[str], seconds: float
) -> AsyncIterator[Row]:
    """Each load on a fresh server and an empty Redis, with Redis' `appendfsync` as `fsyncs` says.

    `always`, before each answer, is what is shipped.
    """
    for system in systems:
        for fsync in fsyncs:
            for load in loads:
                if load.readings_per_post == 1 or system.takes_arrays:
                    figures = await _measured(system, load, fsync, seconds)
                    yield Row("intake", system.name, f"{load}, fsync {fsync}", figures)


async def _measured(system: Intake, load: Load, fsync: str, seconds: float) -> dict[str, float]:
    port = free_port()
    async with redis_server(fsync) as (redis, redis_url):
        command, environment = system.command(port, redis_url)
        async with running(command, port, environment) as server:

            async def posted(for_s: float) -> Done:
                return await posts(
                    port=port,
                    connections=load.connections,
                    readings_per_post=load.readings_per_post,
                    devices=load.devices,
                    seconds=for_s,
                )

            await posted(WARM_S)
            cpu_s, redis_cpu_s = server.cpu_s(), redis.cpu_s()
            done = await posted(seconds)
            cpu_s, redis_cpu_s = server.cpu_s() - cpu_s, redis.cpu_s() - redis_cpu_s
            return {
                "readings_per_post": load.readings_per_post,
                "devices": load.devices,
                "fsyncs": float(fsync == "always"),
                "posts_per_s": done.posts / done.seconds,
                "readings_per_s": done.readings / done.seconds,
                "cpu_us_post": cpu_s / done.posts * 1e6,
                "cpu_us_reading": cpu_s / done.readings * 1e6,
                "redis_us_reading": redis_cpu_s / done.readings * 1e6,
                "p50_ms": done.p50_us / 1e3,
                "p99_ms": done.p99_us / 1e3,
                "max_ms": done.max_us / 1e3,
                "load_share": done.cpu_s / done.seconds,
            }
