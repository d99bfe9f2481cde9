"""Many topics with a few subscribers each: on sockets of their own, and many on one socket."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from benchmarks.results import Row
from benchmarks.scenarios.delivery import audience
from benchmarks.systems.system import System

SUBSCRIBERS = 10


async def rows(
    systems: Sequence[System], topics: int, per_client: Sequence[int], rate: float, seconds: float
) -> AsyncIterator[Row]:
    """`SUBSCRIBERS` of each topic; a client has so many of them as `per_client` says."""
    for system in systems:
        for subscriptions in per_client:
            async with audience(system, topics * SUBSCRIBERS // subscriptions, topics, subscriptions) as heard:
                figures = await heard.step(rate, seconds)
            case = f"{topics:,} topics × {SUBSCRIBERS}, {subscriptions} a client, {rate:,g} messages/s"
            yield Row("topics", system.name, case, figures)
