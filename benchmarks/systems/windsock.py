"""Windsock: `windsock gateway`, whose clients speak the Centrifuge protocol (JSON, Protobuf) or use plain sockets.

Published is as ingest and the server API do it: through the writer, group commit and append script, to topics with
history; only to the device's own topic, since that is what is subscribed to. The limit that spreads returning clients
over time is raised; all else is as it is shipped.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import CollectorRegistry

from benchmarks.load_client import Dialect
from benchmarks.systems.system import HOST, environment, versions_of
from services import redis, topics
from services.background import background
from services.commit import Entry
from services.metrics import WriterReport
from services.settings import StreamSettings
from services.writer import Writer

CONNECTS_PER_S = 100_000


class WindsockPublisher:
    """Appends to device topics."""

    def __init__(self, writer: Writer, stack: AsyncExitStack) -> None:
        self._writer = writer
        self._stack = stack

    @classmethod
    async def connected(cls, redis_url: str) -> WindsockPublisher:
        """A publisher whose writer runs."""
        async with AsyncExitStack() as stack:
            client = await stack.enter_async_context(redis.connect(redis_url))
            writer = Writer(client, StreamSettings(), WriterReport(CollectorRegistry()))
            await stack.enter_async_context(background(writer.run))
            return cls(writer, stack.pop_all())

    async def publish(self, messages: Sequence[tuple[str, bytes]]) -> None:
        await self._writer.append([Entry(topics.DEVICE + topic, payload) for topic, payload in messages])

    async def close(self) -> None:
        await self._stack.aclose()


@dataclass(frozen=True, slots=True)
class WindsockSystem:
    """One gateway process."""

    name: str
    key: str
    dialect: Dialect
    path: str
    channel: str = topics.DEVICE + "bench-%04d"
    ready_path: str | None = "/readyz"

    def unavailable(self) -> str | None:
        return None

    def versions(self) -> str:
        return versions_of("windsock", "uvicorn", "uvloop", "redis")

    def command(self, port: int, redis_url: str) -> tuple[list[str], dict[str, str]]:
        settings = {
            "WINDSOCK_HOST": HOST,
            "WINDSOCK_PORT": str(port),
            "WINDSOCK_REDIS_URL": redis_url,
            "WINDSOCK_CONNECTS_PER_S": str(CONNECTS_PER_S),
        }
        return [str(Path(sys.executable).with_name("windsock")), "gateway"], environment(**settings)

    async def publisher(self, port: int, redis_url: str) -> WindsockPublisher:
        return await WindsockPublisher.connected(redis_url)


JSON = WindsockSystem("Windsock, JSON", "windsock-json", "centrifuge-json", "/connection/websocket")
PROTOBUF = WindsockSystem("Windsock, Protobuf", "windsock-protobuf", "centrifuge-protobuf", "/connection/websocket")
PLAIN = WindsockSystem("Windsock, plain sockets", "windsock-plain", "plain", "/ws/device/bench-%04d/")
