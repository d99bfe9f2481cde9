"""What a result has to say of where it was measured."""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Sequence
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import psutil

from benchmarks.systems.system import System
from services.redis_binary import Binary

ROOT = Path(__file__).parent.parent
PACKAGES = ("uvicorn", "uvloop", "starlette", "websockets", "httptools", "orjson", "msgspec", "redis", "hiredis")


def described(redis: Binary, command: str, systems: Sequence[System]) -> dict[str, str]:
    """Hardware, versions, commit and command, as the head of a report shows them."""
    return {
        "date": datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z"),
        "command": command,
        "commit": _commit(),
        "processor": f"{_processor()}, {psutil.cpu_count()} cores",
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GB",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "redis": str(redis),
        "systems": "; ".join(f"{system.name}: {system.versions()}" for system in systems),
        "packages": ", ".join(f"{name} {version(name)}" for name in PACKAGES),
    }


def _processor() -> str:
    with open("/proc/cpuinfo") as lines:
        named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.machine()


def _commit() -> str:
    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()

    changed = " with uncommitted changes" if git("status", "--porcelain", "--untracked-files=no") else ""
    return git("rev-parse", "--short", "HEAD") + changed
