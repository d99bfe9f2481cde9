"""Puts the bridge together: a room that runs in a process of its own."""

from __future__ import annotations

import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ingest.formats.line_protocol import LineProtocol
from ingest.gate import build as build_gate
from ingest.intake import Intake
from ingest.mqtt.bridge import Bridge
from ingest.mqtt.broker import Broker
from ingest.mqtt.payloads import NAMES, Payloads
from ingest.mqtt.report import BridgeReport
from ingest.mqtt.templates import parse_all
from services import environment
from services.background import background
from services.errors import SettingError
from services.reading import Limits
from services.room import Room, Shared
from services.settings import IngestSettings, LineSettings, MqttSettings


def build(shared: Shared) -> Room:
    """The room "mqtt"; ready while it is subscribed and what comes is stored. Raises SettingError."""
    settings = environment.load(MqttSettings, shared.environ)
    limits = environment.load(IngestSettings, shared.environ)
    broker = Broker.at(settings.mqtt_url)
    line_settings = environment.load(LineSettings, shared.environ)
    lines = LineProtocol(line_settings.line_device.split(), line_settings.line_metric)
    gate = build_gate(shared)
    senders = gate.senders
    intake = Intake(shared.writer, limits, senders, group_topics=shared.streams.group_topics, registry=shared.registry)
    bridge = Bridge(
        broker,
        parse_all(settings.mqtt_topics, NAMES),
        Payloads(lines),
        _client_id(settings),
        settings,
        _tls(settings) if broker.tls else None,
        intake,
        senders,
        Limits(limits.batch_readings, limits.reading_metrics, limits.ts_ahead_s),
        BridgeReport(shared.registry),
    )

    @asynccontextmanager
    async def running() -> AsyncIterator[None]:
        await bridge.check()
        gate.access.say()
        async with background(gate.ring.watch, bridge.run):
            yield

    return Room("mqtt", [], running, bridge.unready, bridge.drain)


def _client_id(settings: MqttSettings) -> str:
    """A bridge alone is the same client wherever it runs; of several that share topics each is one of its own."""
    return settings.mqtt_client_id or (f"windsock-{socket.gethostname()}" if settings.mqtt_group else "windsock")


def _tls(settings: MqttSettings) -> ssl.SSLContext:
    path = settings.mqtt_ca_file
    try:
        return ssl.create_default_context(cafile=path or None)
    except OSError as error:
        reason = error.strerror or "it holds no certificate"
        raise SettingError(f"WINDSOCK_MQTT_CA_FILE={path!r} cannot be used: {reason}") from None
