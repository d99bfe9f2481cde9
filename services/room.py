"""How a process is put together: what it shares, and the rooms that run in it.

A room's `app.py` has one function `build(shared) -> Room`. One process may hold one room (a service
on its own) or all of them (`windsock up`); the rooms never know which.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from prometheus_client import CollectorRegistry
from starlette.routing import BaseRoute

from services import environment, metrics
from services.background import background
from services.lane import Lane
from services.liveness import RedisPulse
from services.redis import Client
from services.settings import StreamSettings
from services.stream import Stream
from services.writer import Writer


@dataclass(frozen=True, slots=True)
class Shared:
    """What the rooms of one process have in common. `writer` and `pulse` run before and after every room.

    `vital` is a client for what must not wait behind reads: appends, pings, the canary.
    """

    environ: Mapping[str, str]
    streams: StreamSettings
    redis_url: str
    redis: Client
    vital: Client
    stream: Stream
    writer: Writer
    pulse: RedisPulse
    registry: CollectorRegistry
    refusals: metrics.Refusals

    @classmethod
    def over(cls, client: Client, vital: Client, redis_url: str, environ: Mapping[str, str]) -> Shared:
        """Everything over two clients of one Redis. Raises SettingError."""
        streams = environment.load(StreamSettings, environ)
        registry = metrics.registry()
        report = metrics.WriterReport(registry)
        writer = Writer(vital, streams, report)
        report.waiting.set_function(lambda: writer.waiting)
        refusals, pulse = metrics.Refusals(registry), RedisPulse(vital)
        return cls(environ, streams, redis_url, client, vital, Stream(client), writer, pulse, registry, refusals)


@dataclass(frozen=True, slots=True)
class Room:
    """One room of a process.

    `running` starts the room's tasks and stops them on exit; `unready` gives the reasons why it cannot
    work now, beside that Redis does not answer.
    """

    name: str
    routes: Sequence[BaseRoute]
    running: Callable[[], AbstractAsyncContextManager[None]] = background
    unready: Callable[[], Sequence[str]] = tuple
    drain: Callable[[], Awaitable[None]] | None = None
    """Lets clients go before the process stops."""
    wire: str | None = None
    """Import string of a uvicorn WebSocket protocol class, if the room brings its own."""
    lanes: Sequence[Lane] = ()
    """Routes with a short way through this process's own HTTP wire."""


Builder = Callable[[Shared], Room]
