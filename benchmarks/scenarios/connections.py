"""Idle subscribers: what they hold, how fast they come, come back with recovery, and leave without a trace."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from benchmarks.results import Row
from benchmarks.scenarios.delivery import Audience, audience
from benchmarks.systems.system import System

MISSED = 10
"""Publications that each client of the storm has missed."""
LEAVE_S = 1.5
"""How long the server gets to see that they are gone."""


async def rows(systems: Sequence[System], clients: int, topics: int) -> AsyncIterator[Row]:
    """`clients` on a fresh server; then all drop at once and recover what they missed."""
    for system in systems:
        async with audience(system, clients, topics) as heard:
            figures = {
                "clients": float(clients),
                "kb_per_client": heard.bytes_per_client / 1e3,
                "connects_per_s": clients / heard.connect_s,
            }
            figures |= await _storm(heard)
        yield Row("connections", system.name, f"{clients:,} clients, {topics:,} topics", figures)


async def cycles(systems: Sequence[System], clients: int, times: int) -> AsyncIterator[Row]:
    """`clients` come and leave again and again: what the server holds once they have left."""
    for system in systems:
        async with audience(system, clients) as heard:
            with_them, left = heard.server.memory_bytes() / 1e6, []
            for _ in range(times):
                await heard.load.drop()
                await asyncio.sleep(LEAVE_S)
                left.append(heard.server.memory_bytes() / 1e6)
                await heard.load.connect(all_of_them=False)
        figures = {
            "clients": float(clients),
            "cycles": float(times),
            "mb_with_them": with_them,
            "mb_left_first": left[0],
            "mb_left_early": left[min(2, times - 1)],
            "mb_left_last": left[-1],
        }
        yield Row("connections", system.name, f"{clients:,} clients come and leave {times} times", figures)


async def _storm(heard: Audience) -> dict[str, float]:
    """Everybody loses the connection, misses something, and comes back for it."""
    await heard.load.drop()
    await heard.publish(2_000.0, MISSED * heard.topics / 2_000.0)
    await heard.load.begin()
    cpu_s, missed = heard.server.cpu_s(), heard.clients * MISSED
    ready = await heard.load.connect(all_of_them=False)
    stats = await heard.load.drained(missed)
    cpu_s = heard.server.cpu_s() - cpu_s
    return {
        "reconnects_per_s": heard.clients / ready.seconds,
        "recovered": ready.recovered,
        "not_recovered": ready.not_recovered + ready.failed,
        "cpu_us_reconnect": cpu_s / heard.clients * 1e6,
        "lost": missed - (stats.received - stats.repeated),
        "repeated": stats.repeated,
    }
