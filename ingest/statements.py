"""Takes what devices say about commands, however it came, and counts it."""

from __future__ import annotations

import re

from prometheus_client import CollectorRegistry, Counter

from ingest.said import Statement
from services.commands import Commands
from services.errors import NotFound, WindsockError


class Statements:
    """Hands statements on to who waits for them."""

    def __init__(self, commands: Commands, registry: CollectorRegistry) -> None:
        self._commands = commands
        self._counter = Counter(
            "windsock_command_statements",
            "What devices said about commands, by status, and 'taken' or the error's code",
            ["status", "result"],
            registry=registry,
        )

    async def take(self, device: str, command: str, statement: Statement) -> None:
        """Take what `device` says. Raises NotFound, Conflict and Unavailable as `Commands.take` does."""
        try:
            if not re.fullmatch(r"[0-9a-f-]{36}", command):
                raise NotFound(f"{command[:64]!r} is not the id of a command")
            await self._commands.take(device, command, statement.said, statement.text)
        except WindsockError as error:
            self._counter.labels(statement.said, error.code).inc()
            raise
        self._counter.labels(statement.said, "taken").inc()
