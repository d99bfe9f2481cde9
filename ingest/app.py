"""Puts the ingest room together."""

from __future__ import annotations

from functools import partial

from ingest.bells import Bells
from ingest.commands import CommandDesk
from ingest.intake import Intake
from ingest.readings import Readings
from ingest.senders import Senders
from services import environment
from services.background import background
from services.commands import Commands
from services.room import Room, Shared
from services.settings import IngestSettings


def build(shared: Shared) -> Room:
    """The ingest room."""
    settings = environment.load(IngestSettings, shared.environ)
    senders = Senders()
    intake = Intake(
        shared.writer, settings, senders, group_topics=shared.streams.group_topics, registry=shared.registry
    )
    readings = Readings(intake, shared.writer, settings)
    bells = Bells(shared.vital, shared.redis_url, settings.command_waiters)
    desk = CommandDesk(Commands(shared.redis), bells, settings, shared.registry)
    running = partial(background, bells.listen, bells.canary)
    return Room("ingest", desk.routes(), running, lanes=readings.lanes(), drain=bells.close)
