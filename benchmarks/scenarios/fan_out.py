"""One topic with many subscribers: over messages per second, and over clients."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from benchmarks.results import Row
from benchmarks.scenarios.delivery import audience
from benchmarks.systems.system import System

SATURATED = 0.9
"""A system that delivers less of what is offered has reached its end: the next rate would only queue."""


async def over_rates(
    systems: Sequence[System], clients: int, rates: Sequence[float], seconds: float
) -> AsyncIterator[Row]:
    """Rising rates, up to the first that a system does not keep up with."""
    for system in systems:
        async with audience(system, clients) as heard:
            for rate in rates:
                figures = await heard.step(rate, seconds)
                yield Row("rates", system.name, f"{clients:,} clients, {rate:,g} messages/s", figures)
                if figures["delivered_per_s"] < SATURATED * figures["offered_per_s"] or not heard.server.running():
                    break


async def over_clients(
    systems: Sequence[System], clients: Sequence[int], rate: float, seconds: float
) -> AsyncIterator[Row]:
    """A steady rate for more and more clients, up to the first crowd that a system does not keep up with."""
    for system in systems:
        for count in clients:
            async with audience(system, count) as heard:
                figures = await heard.step(rate, seconds)
            yield Row("clients", system.name, f"{count:,} clients, {rate:g} messages/s", figures)
            if figures["delivered_per_s"] < SATURATED * figures["offered_per_s"]:
                break
