"""What a system under test is to the benchmark: one server process, one way to publish, one dialect of its clients."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

from benchmarks.load_client import Dialect

HOST = "127.0.0.1"
ROOT = Path(__file__).parents[2]


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


def missing(*modules: str) -> str | None:
    """Says what to do if one of the modules that a system needs is not installed."""
    absent = [module for module in modules if find_spec(module) is None]
    return f"{', '.join(absent)} not installed; `make .venv/bench.stamp` installs it" if absent else None


def environment(**variables: str) -> dict[str, str]:
    """The environment of this process without Windsock's settings, with `variables` and the way to `benchmarks`."""
    plain = {key: value for key, value in os.environ.items() if not key.startswith("WINDSOCK_")}
    return plain | {"PYTHONPATH": str(ROOT)} | variables


def uvicorn(application: str, port: int) -> list[str]:
    """The command that serves an application, after uvicorn's docs, 'Deployment'.

    With uvloop and httptools, which it takes when they are installed. It compresses only for clients that ask for it.
    """
    options = ["--host", HOST, "--port", str(port), "--log-level", "warning", "--no-access-log"]
    return [sys.executable, "-m", "uvicorn", *options, application]
