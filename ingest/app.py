"""Puts the ingest room together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ingest.readings import ReadingsIntake
from services import settings
from services.liveness import Pulse
from services.room import Room, Shared
from services.settings import IngestSettings


def build(shared: Shared) -> Room:
    """The ingest room; ready while Redis answers."""
    intake = ReadingsIntake(
        shared.writer,
        settings.load(IngestSettings, shared.environ),
        group_topics=shared.streams.group_topics,
        registry=shared.registry,
    )
    pulse = Pulse(shared.redis)

    @asynccontextmanager
    async def running() -> AsyncIterator[None]:
        async with pulse.running():
            yield

    return Room("ingest", intake.routes(), running, pulse.unready)
