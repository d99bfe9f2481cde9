"""Idle subscribers: what they hold, how fast they come, come back with recovery, and leave without a trace."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from benchmarks.results import Row
from benchmarks.scenarios.delivery import Audience, audience
from benchmarks.systems.system import System

MISSED = 10
"""Publications that each client of the storm has missed."""


def rows(systems: Sequence[System], clients: int, topics: int, cycles: int) -> Iterator[Row]:
    """`clients` on a fresh server; then all drop at once and recover, again and again."""
    for system in systems:
        with audience(system, clients, topics) as heard:
            cpu_s = heard.server.cpu_s()
            figures = {
                "clients": float(clients),
                "kb_per_client": heard.bytes_per_client / 1e3,
                "connects_per_s": clients / heard.connect_s,
            }
            figures |= _storm(heard)
            figures["cpu_us_reconnect"] = (heard.server.cpu_s() - cpu_s) / clients * 1e6
            figures |= _cycles(heard, cycles)
        yield Row("connections", system.name, f"{clients:,} clients, {topics:,} topics", figures)


def _storm(heard: Audience) -> dict[str, float]:
    """Everybody loses the connection, misses something, and comes back for it."""
    heard.sockets.drop()
    heard.publish(2_000.0, MISSED * heard.topics / 2_000.0)
    heard.sockets.begin()
    ready = heard.sockets.connect()
    time.sleep(1.0)
    stats = heard.sockets.stats()
    return {
        "reconnects_per_s": heard.clients / ready["seconds"],
        "recovered": ready["recovered"],
        "not_recovered": ready["not_recovered"] + ready["failed"],
        "lost": heard.clients * MISSED - stats["received"],
        "repeated": stats["repeated"],
    }


def _cycles(heard: Audience, cycles: int) -> dict[str, float]:
    """Memory once all have left, after the first and after the last of so many cycles."""
    left: list[float] = []
    for _ in range(cycles):
        heard.sockets.drop()
        time.sleep(1.0)
        left.append(heard.server.memory_bytes() / 1e6)
        heard.sockets.connect()
    settled = left[min(2, cycles - 1)]
    return {"cycles": float(cycles), "mb_left_early": settled, "mb_left_last": left[-1]}
