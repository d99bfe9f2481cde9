"""Rooms put together in one process, over one Redis, as one ASGI application; who serves it is another matter."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from importlib import import_module

from starlette.applications import Starlette
from starlette.routing import WebSocketRoute

from services import environment, logs, redis
from services.background import background
from services.lane import Lane
from services.room import Room, Shared
from services.settings import GROUPS, CommonSettings
from services.sockets import Sockets
from services.web import error_handlers, no_such_socket, status_routes

ROOMS = {"ingest": "ingest.app", "mqtt": "ingest.mqtt.app", "gateway": "gateway.app", "weather": "weather_poller.app"}
"""Room name → module with its `build`. Named, not imported: services knows no room."""


def checked(environ: Mapping[str, str], service: str) -> CommonSettings:
    """Read every setting before anything starts, and set up the logs. Raises SettingError."""
    environment.check_names(environ)
    for group in GROUPS:
        environment.load(group, environ)
    common = environment.load(CommonSettings, environ)
    logs.configure(common.log_level, service)
    return common


class Assembly:
    """Some rooms, built and not yet running."""

    def __init__(self, rooms: Sequence[Room], shared: Shared) -> None:
        self.rooms = rooms
        self.shared = shared
        self._stopping = False
        routes = [
            *status_routes(shared.registry, self._unready),
            *(lane.route() for lane in self.lanes),
            *(route for room in rooms for route in room.routes),
            WebSocketRoute("/{path:path}", no_such_socket),
        ]
        self.application = Sockets(Starlette(routes=routes, exception_handlers=error_handlers(shared.refusals)), routes)

    @property
    def lanes(self) -> list[Lane]:
        """The lanes of all rooms."""
        return [lane for room in self.rooms for lane in room.lanes]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run what the rooms do beside answering. One task that fails ends the body; its error is raised in a group."""
        async with background(self.shared.writer.run, self.shared.pulse.run), AsyncExitStack() as stack:
            for room in self.rooms:
                await stack.enter_async_context(room.running())
            yield

    async def drain(self) -> None:
        """Be unready from now on, and let the clients go."""
        self._stopping = True
        await asyncio.gather(*(room.drain() for room in self.rooms if room.drain is not None))

    def _unready(self) -> list[str]:
        if self._stopping:
            return ["the service is stopping"]
        return [*self.shared.pulse.unready(), *(reason for room in self.rooms for reason in room.unready())]


@asynccontextmanager
async def assembled(names: Sequence[str], environ: Mapping[str, str], redis_url: str) -> AsyncIterator[Assembly]:
    """The rooms `names` over the Redis at `redis_url`, which is checked. Raises StartError."""
    async with redis.connect(redis_url) as client, redis.connect(redis_url) as vital:
        await redis.check(vital, redis_url)
        shared = Shared.over(client, vital, redis_url, environ)
        yield Assembly([import_module(ROOMS[name]).build(shared) for name in names], shared)
