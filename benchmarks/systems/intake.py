"""Where readings are posted to: Windsock's ingest, and what one builds in an afternoon."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from benchmarks.systems.system import HOST, environment


class Intake(Protocol):
    """One server process that takes `POST /v1/readings`."""

    @property
    def name(self) -> str:
        """As the tables call it."""

    @property
    def takes_arrays(self) -> bool:
        """Whether one request may hold many readings."""

    def command(self, port: int, redis_url: str) -> tuple[list[str], dict[str, str]]:
        """Arguments and environment of the process."""


@dataclass(frozen=True, slots=True)
class WindsockIngest:
    """`windsock ingest` as it is shipped: validation, all topics, an answer once Redis has stored."""

    name: str = "Windsock"
    takes_arrays: bool = True

    def command(self, port: int, redis_url: str) -> tuple[list[str], dict[str, str]]:
        settings = {"WINDSOCK_HOST": HOST, "WINDSOCK_PORT": str(port), "WINDSOCK_REDIS_URL": redis_url}
        return [str(Path(sys.executable).with_name("windsock")), "ingest"], environment(**settings)


@dataclass(frozen=True, slots=True)
class StarletteIntake:
    """`benchmarks.peers.starlette_intake` on uvicorn: an await for each Redis command."""

    name: str = "Starlette, await redis.xadd"
    takes_arrays: bool = False

    def command(self, port: int, redis_url: str) -> tuple[list[str], dict[str, str]]:
        words = ["-m", "uvicorn", "benchmarks.peers.starlette_intake:app", "--host", HOST, "--port", str(port)]
        return [sys.executable, *words, "--log-level", "warning", "--no-access-log"], environment(REDIS_URL=redis_url)


INTAKES: tuple[Intake, ...] = (WindsockIngest(), StarletteIntake())
