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

from services import metrics, settings
from services.redis import Client
from services.settings import StreamSettings
from services.stream import Stream
from services.writer import Writer


@dataclass(frozen=True, slots=True)
class Shared:
    """What the rooms of one process have in common. `writer` runs before and after every room."""

    environ: Mapping[str, str]
    streams: StreamSettings
    redis_url: str
    redis: Client
    stream: Stream
    writer: Writer
    registry: CollectorRegistry
    refusals: metrics.Refusals

    @classmethod
    def over(cls, client: Client, redis_url: str, environ: Mapping[str, str]) -> Shared:
        """Everything over one Redis client. Raises SettingError."""
        streams = settings.load(StreamSettings, environ)
        registry = metrics.registry()
        report = metrics.WriterReport(registry)
        writer = Writer(client, streams, report)
        report.waiting.set_function(lambda: writer.waiting)
        return cls(environ, streams, redis_url, client, Stream(client), writer, registry, metrics.Refusals(registry))


@dataclass(frozen=True, slots=True)
class Room:
    """One room of a process.

    `running` starts the room's tasks and stops them on exit; `unready` gives the reasons why it cannot
    work now.
    """

    name: str
    routes: Sequence[BaseRoute]
    running: Callable[[], AbstractAsyncContextManager[None]]
    unready: Callable[[], Sequence[str]]
    drain: Callable[[], Awaitable[None]] | None = None
    """Lets clients go before the process stops."""
    wire: str | None = None
    """Import string of a uvicorn WebSocket protocol class, if the room brings its own."""


Builder = Callable[[Shared], Room]
