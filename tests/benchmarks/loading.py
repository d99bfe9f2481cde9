"""What tests of the load client share: messages, a started client, and its counts."""

from __future__ import annotations

import asyncio
import time

from benchmarks.load_client import Dialect, LoadClient, Stats
from tests.stand_ins.websocket_server import WebSocketServer


def message(seq: int, topic: int = 0, *, sent: int | None = None) -> str:
    sent = time.monotonic_ns() if sent is None else sent
    values = f'{{"at":{topic},"seq":{seq},"sent":{sent},"temperature":21.4,"humidity":40}}'
    return f'{{"device":"bench-{topic:04}","ts":1760000000123,"values":{values}}}'


async def started(
    server: WebSocketServer,
    dialect: Dialect = "plain",
    *,
    clients: int = 1,
    topics: int = 1,
    per_client: int = 1,
    in_flight: int = 200,
    first_seq: int = 1,
    timeout: int = 30,
) -> LoadClient:
    return await LoadClient.start(
        port=server.port,
        path="/x",
        dialect=dialect,
        clients=clients,
        topics=topics,
        per_client=per_client,
        in_flight=in_flight,
        first_seq=first_seq,
        timeout=timeout,
    )


async def counted(client: LoadClient, received: int) -> Stats:
    """What was counted once so many came; more would be counted too."""
    await client.drained(received, quiet_s=5)
    await asyncio.sleep(0.02)
    return await client.stats()


def faults(stats: Stats) -> tuple[int, int, int, int]:
    return stats.received, stats.missed, stats.repeated, stats.disordered
