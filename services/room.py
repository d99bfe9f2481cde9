"""How a process is put together: what it shares, and the rooms that run in it.

A room's `app.py` has one function `build(shared) -> Room`. One process may hold one room (a service
on its own) or all of them (`windsock up`); the rooms never know which.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from prometheus_client import CollectorRegistry
from starlette.routing import BaseRoute

from services.redis import Client
from services.settings import CommonSettings, StreamSettings
from services.stream import Stream
from services.writer import Writer


@dataclass(frozen=True, slots=True)
class Shared:
    """What the rooms of one process have in common. `writer` runs before and after every room."""

    environ: Mapping[str, str]
    common: CommonSettings
    streams: StreamSettings
    redis_url: str
    redis: Client
    stream: Stream
    writer: Writer
    registry: CollectorRegistry


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
    wire: str | None = None
    """Import string of a uvicorn WebSocket protocol class, if the room brings its own."""


Builder = Callable[[Shared], Room]
