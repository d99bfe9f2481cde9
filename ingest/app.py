"""Puts the ingest room together."""

from __future__ import annotations

from functools import partial

from ingest.bells import Bells
from ingest.commands import CommandDesk
from ingest.intake import Intake
from ingest.readings import Readings
from ingest.senders import Senders
from ingest.sockets.conversation import Tools
from ingest.sockets.endpoint import DeviceSockets
from ingest.statements import Statements
from services import environment
from services.background import background
from services.commands import Commands
from services.room import Room, Shared
from services.settings import CommonSettings, GatewaySettings, IngestSettings


def build(shared: Shared) -> Room:
    """The ingest room."""
    settings = environment.load(IngestSettings, shared.environ)
    senders = Senders()
    intake = Intake(
        shared.writer, settings, senders, group_topics=shared.streams.group_topics, registry=shared.registry
    )
    readings = Readings(intake, shared.writer, settings)
    bells = Bells(shared.vital, shared.redis_url, settings.command_waiters)
    commands = Commands(shared.redis)
    statements = Statements(commands, shared.registry)
    desk = CommandDesk(commands, statements, bells, settings, shared.registry)
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
        environment.load(CommonSettings, shared.environ).host,
        shared.registry,
        partial(shared.refusals.count, "handshake"),
    )

    async def drain() -> None:
        await bells.close()
        await sockets.drain()

    running = partial(background, bells.listen, bells.canary)
    return Room("ingest", [*desk.routes(), *sockets.routes()], running, lanes=readings.lanes(), drain=drain)
