"""What the kernel takes for the deliveries of the other scenarios: a server in C that does nothing but send.

It calls `send()` once a message and client. No server can do with less that does not join messages.
"""

from __future__ import annotations

import asyncio
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Sequence

import msgspec

from benchmarks.load_client import LoadClient, compiled, options
from benchmarks.results import Row
from benchmarks.servers import free_port

NAME = "the kernel alone: send() in C"
QUIET_S = 3.0
BIND_S = 0.3
LATE_S = 60.0


class _Sent(msgspec.Struct):
    messages: int
    seconds: float
    cpu_s: float


async def over_rates(clients: int, rates: Sequence[float], seconds: float) -> AsyncIterator[Row]:
    """One topic, as `fan_out.over_rates`."""
    for rate in rates:
        figures = await _measured(clients, 1, rate, seconds)
        yield Row("rates", NAME, f"{clients:,} clients, {rate:,g} messages/s", figures)
        if figures["delivered_per_s"] < 0.9 * figures["offered_per_s"]:
            break


async def over_clients(crowds: Sequence[int], rate: float, seconds: float) -> AsyncIterator[Row]:
    """One topic, as `fan_out.over_clients`."""
    for clients in crowds:
        figures = await _measured(clients, 1, rate, seconds)
        yield Row("clients", NAME, f"{clients:,} clients, {rate:g} messages/s", figures)


async def over_topics(topics: int, subscribers: int, rate: float, seconds: float) -> AsyncIterator[Row]:
    """As `topics.rows`, with one subscription a client."""
    figures = await _measured(topics * subscribers, topics, rate, seconds)
    yield Row("topics", NAME, f"{topics:,} topics × {subscribers}, 1 a client, {rate:,g} messages/s", figures)


async def _measured(clients: int, topics: int, rate: float, seconds: float) -> dict[str, float]:
    port = free_port()
    arguments = options(port=port, clients=clients, groups=topics, rate=rate, seconds=seconds)
    server = await asyncio.create_subprocess_exec(compiled(), "blast", *arguments, stdin=PIPE, stdout=PIPE)
    assert server.stdout is not None
    try:
        await asyncio.sleep(BIND_S)
        async with await LoadClient.start(port=port, path="/", dialect="plain", clients=clients) as load:
            await load.wait_ready()
            async with asyncio.timeout(seconds + LATE_S):
                sent = msgspec.json.decode(await server.stdout.readline(), type=_Sent)
            stats = await load.drained(sent.messages, quiet_s=QUIET_S)
    finally:
        server.kill()
        await server.wait()
    return {
        "clients": clients,
        "topics": topics,
        "per_client": 1,
        "messages_per_s": rate,
        "offered_per_s": rate * clients / topics,
        "delivered_per_s": stats.received / sent.seconds,
        "cpu_us": sent.cpu_s / sent.messages * 1e6,
        "p50_ms": stats.p50_us / 1e3,
        "p99_ms": stats.p99_us / 1e3,
        "max_ms": stats.max_us / 1e3,
        "lost": sent.messages - (stats.received - stats.repeated),
        "closed": stats.closed,
    }
