"""One step of a delivery benchmark: publish at a rate, wait until everything is there, look at the clocks."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import orjson

from benchmarks.load_client import LoadClient
from benchmarks.servers import Server, free_port, redis_server, running
from benchmarks.systems.system import System
from services.errors import StartError

SETTLE_S = 1.0
LATE_S = 60.0
"""How long a publisher may take beyond its time."""
QUIET_S = 3.0
"""Without a message for so long nothing more is awaited: what is not there is lost."""


@dataclass(slots=True)
class Audience:
    """A system with its clients, all subscribed."""

    system: System
    server: Server
    load: LoadClient
    redis_url: str
    clients: int
    topics: int
    per_client: int
    connect_s: float
    bytes_per_client: float
    published: int = 0

    async def publish(self, rate: float, seconds: float) -> dict[str, float]:
        """Publish round the topics at `rate` messages a second; what the publisher says at its end."""
        options = {
            "--system": self.system.key,
            "--port": self.server.port,
            "--redis": self.redis_url,
            "--topics": self.topics,
            "--rate": rate,
            "--seconds": seconds,
            "--start-seq": self.published // self.topics + 1,
        }
        words = [str(word) for option in options.items() for word in option]
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "benchmarks.publish", *words, stdout=asyncio.subprocess.PIPE
        )
        try:
            async with asyncio.timeout(seconds + LATE_S):
                out, _ = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
        if process.returncode:
            raise StartError(f"the publisher for {self.system.name} ended with code {process.returncode}")
        said: dict[str, float] = orjson.loads(out)
        self.published += int(said["published"])
        return said

    async def step(self, rate: float, seconds: float) -> dict[str, float]:
        """The figures of one rate. The clock of the CPU stops once the last message is there."""
        await self.load.begin()
        cpu_s, load_cpu_s = self.server.cpu_s(), (await self.load.stats()).cpu_s
        said = await self.publish(rate, seconds)
        subscribers = self.clients * self.per_client / self.topics
        expected = round(said["published"] * subscribers)
        stats = await self.load.drained(expected, quiet_s=QUIET_S)
        cpu_s = self.server.cpu_s() - cpu_s
        took_s = max(stats.last_received_ns / 1e9 - said["began_s"], said["seconds"])
        return {
            "clients": self.clients,
            "topics": self.topics,
            "per_client": self.per_client,
            "messages_per_s": rate,
            "offered_per_s": rate * subscribers,
            "delivered_per_s": stats.received / took_s,
            "cpu_us": cpu_s / max(stats.received, 1) * 1e6,
            "cpu_share": cpu_s / took_s,
            "load_share": (stats.cpu_s - load_cpu_s) / took_s,
            "p50_ms": stats.p50_us / 1e3,
            "p99_ms": stats.p99_us / 1e3,
            "max_ms": stats.max_us / 1e3,
            "lost": expected - (stats.received - stats.repeated),
            "repeated": stats.repeated,
            "disordered": stats.disordered,
            "closed": stats.closed,
            "publisher_late_ms": said["late_ms"],
            "kb_per_client": self.bytes_per_client / 1e3,
        }


@asynccontextmanager
async def audience(system: System, clients: int, topics: int = 1, per_client: int = 1) -> AsyncIterator[Audience]:
    """Start Redis, the system and the clients; the block begins once all are subscribed."""
    port = free_port()
    async with redis_server(None) as (_, redis_url):
        command, environment = system.command(port, redis_url)
        async with running(command, port, environment, system.ready_path) as server:
            before = server.memory_bytes()
            async with await LoadClient.start(
                port=port,
                path=system.path,
                dialect=system.dialect,
                channel=system.channel,
                clients=clients,
                topics=topics,
                per_client=per_client,
            ) as load:
                ready = await load.wait_ready()
                await asyncio.sleep(SETTLE_S)
                grown = server.memory_bytes() - before
                heard = Audience(
                    system, server, load, redis_url, clients, topics, per_client, ready.seconds, grown / clients
                )
                # The first messages pay for what is built once.
                await heard.publish(max(20.0, topics * 2.0), 0.5)
                await load.drained(heard.published * clients * per_client // topics, quiet_s=QUIET_S)
                yield heard
