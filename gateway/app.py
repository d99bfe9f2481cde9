"""Puts the gateway together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from gateway.api import ReadApi
from gateway.broker import Broker
from gateway.channels import Channels
from gateway.clients.centrifuge import shared as centrifuge
from gateway.clients.centrifuge.endpoint import CentrifugeSockets
from gateway.clients.centrifuge.pings import Pings
from gateway.clients.centrifuge.procedures import Procedures
from gateway.clients.door import Door
from gateway.clients.heartbeat import Heartbeat
from gateway.clients.plain import PlainSockets
from gateway.clients.sse import Events
from gateway.clients.weather import Cities
from gateway.jobs import Jobs
from gateway.mesh import Mesh
from gateway.presence import Presence
from gateway.report import GatewayReport
from gateway.roster import Roster
from gateway.server_api.endpoint import ServerApi
from gateway.server_api.fleet import Fleet
from gateway.server_api.keys import Keys
from gateway.server_api.methods import Methods
from gateway.server_api.publishing import Publishing
from gateway.sweep import sweep_for_ever
from services import environment
from services.background import background
from services.places import Places
from services.reading import Limits
from services.room import Room, Shared
from services.settings import ApiSettings, GatewaySettings, IngestSettings, TokenSettings
from services.tokens import Tokens

DASHBOARD = Path(__file__).parent / "dashboard"


def build(shared: Shared) -> Room:
    """The gateway room; ready while Redis pub/sub is heard."""
    limits = environment.load(GatewaySettings, shared.environ)
    intake = environment.load(IngestSettings, shared.environ)
    broker = Broker(shared.vital, shared.redis_url, shared.stream, limits)
    mesh = Mesh(shared.vital, broker)
    places = Places(shared.redis)
    cities = Cities(broker, mesh, shared.stream, places, limits)
    heartbeat = Heartbeat(lambda: not broker.unready(), limits.status_s)
    door = Door(limits, shared.refusals)
    sockets = PlainSockets(
        door,
        broker,
        shared.stream,
        shared.writer,
        cities,
        heartbeat,
        limits,
        limits=Limits(intake.batch_readings, intake.reading_metrics, intake.ts_ahead_s),
        group_topics=shared.streams.group_topics,
    )
    procedures = Procedures(shared.stream, cities, limits.devices_page)
    tokens = Tokens(environment.load(TokenSettings, shared.environ))
    channels, presence = Channels(limits.namespaces), Presence(shared.redis)
    roster, jobs, pings = Roster(), Jobs(), Pings(limits.ping_s, limits.pong_s)
    sdk_sockets = CentrifugeSockets(
        centrifuge.Shared(
            door,
            broker,
            mesh,
            shared.stream,
            shared.writer,
            procedures,
            channels,
            presence,
            tokens,
            roster,
            jobs,
            pings,
            limits,
        )
    )
    publishing = Publishing(channels, broker, shared.writer, shared.streams.commit_topics)
    fleet = Fleet(mesh, roster, broker.hub, channels, lambda: door.seats.taken)
    methods = Methods(publishing, fleet, channels, presence, shared.stream, limits.history_page, shared.registry)
    server_api = ServerApi(Keys(environment.load(ApiSettings, shared.environ)), methods, intake)
    events = Events(door, broker, shared.stream, limits)
    shared.registry.register(GatewayReport(broker, door))
    beside = (
        mesh.run,
        presence.keep,
        cities.keep_interest,
        heartbeat.run,
        pings.run,
        jobs.run,
        partial(sweep_for_ever, shared.stream),
    )

    @asynccontextmanager
    async def running() -> AsyncIterator[None]:
        async with broker.running(), background(*beside):
            yield

    api = ReadApi(shared.stream, places, limits)
    routes: list[BaseRoute] = [
        *api.routes(),
        *server_api.routes(),
        *sockets.routes(),
        *sdk_sockets.routes(),
        *events.routes(),
        *_page(),
    ]
    return Room("gateway", routes, running, broker.unready, door.drain, wire="gateway.wire:WireProtocol")


def _page() -> list[BaseRoute]:
    async def index(_request: Request) -> Response:
        return FileResponse(DASHBOARD / "index.html", headers={"Cache-Control": "no-cache"})

    return [Route("/", index), Mount("/static", StaticFiles(directory=DASHBOARD))]
