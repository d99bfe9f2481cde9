"""What a system under test is to the benchmark: one server process, one way to publish, one dialect of its clients."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib.metadata import version
from typing import Protocol

from benchmarks.load_client import Dialect

HOST = "127.0.0.1"


class Publisher(Protocol):
    """Publishes from a process of its own, in the way that the system's docs advise."""

    async def publish(self, messages: Sequence[tuple[str, bytes]]) -> None:
        """Publish (topic name, payload) in order; returns once the system took them."""

    async def close(self) -> None:
        """Close its connections."""


class System(Protocol):
    """One row of the tables."""

    @property
    def name(self) -> str:
        """As the tables call it: `Django Channels, daphne`."""

    @property
    def key(self) -> str:
        """As the command line calls it: `channels-daphne`."""

    @property
    def dialect(self) -> Dialect:
        """What its clients speak; see the load client."""

    @property
    def path(self) -> str:
        """Where they connect; a `%04d` stands for the number of the topic."""

    @property
    def channel(self) -> str:
        """What they subscribe to; the same."""

    @property
    def ready_path(self) -> str | None:
        """Answers 200 once it serves. None: it serves once it accepts connections."""

    def unavailable(self) -> str | None:
        """Why it cannot run here; None if it can."""

    def versions(self) -> str:
        """What is measured: `channels 4.3.2, daphne 4.2.3`."""

    def command(self, port: int, redis_url: str) -> tuple[list[str], dict[str, str]]:
        """Arguments and environment of its one server process."""

    async def publisher(self, port: int, redis_url: str) -> Publisher:
        """A publisher that is connected."""


def versions_of(*packages: str) -> str:
    """The installed versions of Python packages."""
    return ", ".join(f"{package} {version(package)}" for package in packages)


def environment(**variables: str) -> dict[str, str]:
    """The environment of this process without Windsock's settings, with `variables`."""
    plain = {key: value for key, value in os.environ.items() if not key.startswith("WINDSOCK_")}
    return plain | variables
