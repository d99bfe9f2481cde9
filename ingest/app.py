"""Puts the ingest room together."""

from __future__ import annotations

from functools import partial

from ingest.bells import Bells
from ingest.commands import CommandDesk
from ingest.formats.line_protocol import LineProtocol
from ingest.influx import Influx
from ingest.intake import Intake
from ingest.readings import Readings
from ingest.senders import Senders
from ingest.thingsboard import Telemetry
from services import environment
from services.background import background
from services.commands import Commands
from services.room import Room, Shared
from services.settings import IngestSettings, LineSettings


def build(shared: Shared) -> Room:
    """The ingest room."""
    settings = environment.load(IngestSettings, shared.environ)
    senders = Senders()
    intake = Intake(
        shared.writer, settings, senders, group_topics=shared.streams.group_topics, registry=shared.registry
    )
    readings = Readings(intake, shared.writer, settings)
    line_settings = environment.load(LineSettings, shared.environ)
    lines = LineProtocol(line_settings.line_device.split(), line_settings.line_metric)
    influx = Influx(intake, shared.writer, settings, lines, shared.pulse.unready)
    telemetry = Telemetry(intake, shared.writer, settings)
    bells = Bells(shared.vital, shared.redis_url, settings.command_waiters)
    desk = CommandDesk(Commands(shared.redis), bells, settings, shared.registry)
    running = partial(background, bells.listen, bells.canary)
    routes = [*desk.routes(), *influx.routes(), *telemetry.routes()]
    return Room("ingest", routes, running, lanes=[*readings.lanes(), *influx.lanes()], drain=bells.close)
