"""One step of a delivery benchmark: publish at a rate, wait until everything is there, look at the clocks."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import orjson

from benchmarks.load_client import Sockets
from benchmarks.servers import Server, free_port, redis_server, running
from benchmarks.systems.system import System

SETTLE_S = 1.0
QUIET_S = 3.0
"""Without a message for so long nothing more is awaited: what is not there is lost."""
DRAIN_S = 20.0


@dataclass(slots=True)
class Audience:
    """A system with its clients, all subscribed."""

    system: System
    server: Server
    sockets: Sockets
    redis_url: str
    clients: int
    topics: int
    per_client: int
    connect_s: float
    bytes_per_client: float
    published: int = 0

    def publish(self, rate: float, seconds: float) -> dict[str, float]:
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
        done = subprocess.run([sys.executable, "-m", "benchmarks.publish", *words], stdout=subprocess.PIPE, check=True)
        said: dict[str, float] = orjson.loads(done.stdout)
        self.published += int(said["published"])
        return said

    def step(self, rate: float, seconds: float) -> dict[str, float]:
        """The figures of one rate. The clock of the CPU stops once the last message is there."""
        # Each topic gets as many, so that its sequence goes on where it ended.
        rounds = max(1, round(rate * seconds / self.topics))
        self.sockets.begin()
        cpu_s, load_cpu_s = self.server.cpu_s(), self.sockets.stats()["cpu_s"]
        said = self.publish(rate, rounds * self.topics / rate)
        subscribers = self.clients * self.per_client / self.topics
        expected = int(said["published"] * subscribers)
        stats = self._drained(expected)
        cpu_s = self.server.cpu_s() - cpu_s
        took_s = max(stats["last_received_ns"] / 1e9 - said["started_s"], 1e-3)
        received = stats["received"]
        return {
            "clients": self.clients,
            "topics": self.topics,
            "per_client": self.per_client,
            "offered_per_s": rate * subscribers,
            "messages_per_s": rate,
            "delivered_per_s": received / took_s,
            "cpu_us": cpu_s / max(received, 1) * 1e6,
            "cpu_share": cpu_s / took_s,
            "load_share": (stats["cpu_s"] - load_cpu_s) / took_s,
            "p50_ms": stats["p50_us"] / 1e3,
            "p99_ms": stats["p99_us"] / 1e3,
            "max_ms": stats["max_us"] / 1e3,
            "lost": max(0, expected - received),
            "repeated": stats["repeated"],
            "disordered": stats["disordered"],
            "closed": stats["closed"],
            "publisher_late_ms": said["late_ms"],
            "kb_per_client": self.bytes_per_client / 1e3,
        }

    def _drained(self, expected: int) -> dict[str, float]:
        until = time.monotonic() + DRAIN_S
        received, changed = -1.0, time.monotonic()
        while True:
            stats = self.sockets.stats()
            now = time.monotonic()
            if stats["received"] != received:
                received, changed = stats["received"], now
            if received >= expected or now > until or now - changed > QUIET_S:
                return stats
            time.sleep(0.05)


@contextmanager
def audience(system: System, clients: int, topics: int = 1, per_client: int = 1) -> Iterator[Audience]:
    """Start Redis, the system and the clients; the block begins once all are subscribed."""
    port = free_port()
    with redis_server(durable=False) as (_, redis_url):
        command, environment = system.command(port, redis_url)
        with running(command, port, environment) as server:
            before = server.memory_bytes()
            with Sockets(
                port=port,
                path=system.path,
                dialect=system.dialect,
                channel=system.channel,
                clients=clients,
                topics=topics,
                per_client=per_client,
            ) as sockets:
                ready = sockets.wait_ready()
                time.sleep(SETTLE_S)
                grown = server.memory_bytes() - before
                found = Audience(
                    system, server, sockets, redis_url, clients, topics, per_client, ready["seconds"], grown / clients
                )
                # The first messages pay for what is built once.
                found.publish(max(20.0, topics * 2.0), topics / max(20.0, topics * 2.0))
                time.sleep(SETTLE_S)
                yield found
