"""Puts the ingest room together."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from prometheus_client import Gauge

from ingest.bells import Bells
from ingest.commands import CommandDesk
from ingest.formats.line_protocol import LineProtocol
from ingest.influx import Influx
from ingest.intake import Intake
from ingest.key_ring import KeyRing
from ingest.keys import KeyDesk
from ingest.readings import Readings
from ingest.senders import Senders
from ingest.thingsboard import Telemetry
from services import environment
from services.api_key import ApiKey
from services.background import background
from services.commands import Commands
from services.device_access import DeviceAccess
from services.in_flight import InFlight
from services.key_store import KeyStore
from services.names import METRICS_KEY, Names
from services.room import Room, Shared
from services.settings import (
    ApiSettings,
    CommonSettings,
    DeviceSettings,
    IngestSettings,
    LineSettings,
    TokenSettings,
)


def build(shared: Shared) -> Room:
    """The ingest room."""
    settings = environment.load(IngestSettings, shared.environ)
    devices = environment.load(DeviceSettings, shared.environ)
    common = environment.load(CommonSettings, shared.environ)
    access = DeviceAccess(devices, environment.load(TokenSettings, shared.environ), common.host)
    store = KeyStore(shared.redis, devices.keys_max, _now_ms)
    kept_s = shared.streams.topic_ttl_s
    ring = KeyRing(store, shared.redis, devices, kept_s, shared.registry)
    metrics = Names(shared.redis, METRICS_KEY, devices.metrics_max, kept_s, time.monotonic)
    senders = Senders(ring, metrics, devices, needs_key=access.needs_key)
    intake = Intake(
        shared.writer, settings, senders, group_topics=shared.streams.group_topics, registry=shared.registry
    )
    readings = Readings(intake, shared.writer, settings)
    line_settings = environment.load(LineSettings, shared.environ)
    lines = LineProtocol(line_settings.line_device.split(), line_settings.line_metric)
    influx = Influx(intake, shared.writer, settings, lines, shared.pulse.unready)
    telemetry = Telemetry(intake, shared.writer, settings)
    bells = Bells(shared.vital, shared.redis_url, settings.command_waiters, settings.command_waiters_per_address)
    desk = CommandDesk(Commands(shared.redis), bells, senders, settings, shared.registry)
    keys = KeyDesk(store, ApiKey(environment.load(ApiSettings, shared.environ)), settings, _now_ms)
    in_flight = InFlight(devices.requests_in_flight)
    Gauge("windsock_requests_in_flight", "Posts of readings that are worked on", registry=shared.registry).set_function(
        lambda: in_flight.taken
    )

    @asynccontextmanager
    async def running() -> AsyncIterator[None]:
        access.say()
        async with background(bells.listen, bells.canary, ring.watch):
            yield

    lanes = [replace(lane, in_flight=in_flight) for lane in (*readings.lanes(), *influx.lanes())]
    routes = [*desk.routes(), *keys.routes(), *influx.routes(), *telemetry.routes()]
    return Room("ingest", routes, running, lanes=lanes, drain=bells.close)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
