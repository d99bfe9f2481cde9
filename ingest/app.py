"""Puts the ingest room together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial

from prometheus_client import Gauge

from ingest.bells import Bells
from ingest.commands import CommandDesk
from ingest.formats.line_protocol import LineProtocol
from ingest.gate import build as build_gate
from ingest.gate import now_ms
from ingest.influx import Influx
from ingest.intake import Intake
from ingest.keys import KeyDesk
from ingest.readings import Readings
from ingest.sockets.conversation import Tools
from ingest.sockets.endpoint import DeviceSockets
from ingest.statements import Statements
from ingest.thingsboard import Telemetry
from services import environment
from services.api_key import ApiKey
from services.background import background
from services.commands import Commands
from services.in_flight import InFlight
from services.room import Room, Shared
from services.settings import (
    ApiSettings,
    CommonSettings,
    DeviceSettings,
    GatewaySettings,
    IngestSettings,
    LineSettings,
)


def build(shared: Shared) -> Room:
    """The ingest room."""
    settings = environment.load(IngestSettings, shared.environ)
    devices = environment.load(DeviceSettings, shared.environ)
    common = environment.load(CommonSettings, shared.environ)
    gate = build_gate(shared)
    senders = gate.senders
    intake = Intake(
        shared.writer, settings, senders, group_topics=shared.streams.group_topics, registry=shared.registry
    )
    readings = Readings(intake, shared.writer, settings)
    line_settings = environment.load(LineSettings, shared.environ)
    lines = LineProtocol(line_settings.line_device.split(), line_settings.line_metric)
    influx = Influx(intake, shared.writer, settings, lines, shared.pulse.unready)
    telemetry = Telemetry(intake, shared.writer, settings)
    bells = Bells(shared.vital, shared.redis_url, settings.command_waiters, settings.command_waiters_per_address)
    commands = Commands(shared.redis)
    statements = Statements(commands, shared.registry)
    desk = CommandDesk(commands, statements, bells, senders, settings, shared.registry)
    keys = KeyDesk(gate.store, ApiKey(environment.load(ApiSettings, shared.environ)), settings, now_ms)
    gateway = environment.load(GatewaySettings, shared.environ)
    sockets = DeviceSockets(
        Tools(
            intake,
            shared.writer,
            senders,
            commands,
            statements,
            settings,
            gateway.message_bytes,
            partial(shared.refusals.count, "message"),
        ),
        bells,
        gateway,
        common.host,
        shared.registry,
        partial(shared.refusals.count, "handshake"),
    )
    in_flight = InFlight(devices.requests_in_flight)
    Gauge("windsock_requests_in_flight", "Posts of readings that are worked on", registry=shared.registry).set_function(
        lambda: in_flight.taken
    )

    @asynccontextmanager
    async def running() -> AsyncIterator[None]:
        gate.access.say()
        async with background(bells.listen, bells.canary, gate.ring.watch, sockets.watch):
            yield

    async def drain() -> None:
        await bells.close()
        await sockets.drain()

    bounded = partial(replace, in_flight=in_flight)
    lanes = [bounded(lane) for lane in (*readings.lanes(), *influx.lanes())]
    telemetry_route = bounded(telemetry.lane()).route()
    routes = [*desk.routes(), *keys.routes(), *influx.routes(), telemetry_route, *sockets.routes()]
    return Room("ingest", routes, running, lanes=lanes, drain=drain)
