"""Puts the ingest room together."""

from __future__ import annotations

from ingest.readings import ReadingsIntake
from services import environment
from services.room import Room, Shared
from services.settings import IngestSettings


def build(shared: Shared) -> Room:
    """The ingest room."""
    intake = ReadingsIntake(
        shared.writer,
        environment.load(IngestSettings, shared.environ),
        group_topics=shared.streams.group_topics,
        registry=shared.registry,
    )
    return Room("ingest", intake.routes())
