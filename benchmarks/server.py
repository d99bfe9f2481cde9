"""Starts a system's server process, waits until it serves, and stops it. Owns that process and nothing else."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from benchmarks.systems.system import HOST, System

START_S = 30.0
STOP_S = 10.0


class NotServing(Exception):
    """A server that ended or did not get ready; says what it wrote."""


@contextmanager
def serving(system: System, port: int, redis_url: str, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`system` on `port` while the block runs; it writes to `log`. Raises NotServing."""
    command, environment = system.command(port, redis_url)
    with log.open("wb") as out:
        process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    try:
        deadline = time.monotonic() + START_S
        while not _serves(system, port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise NotServing(f"{system.name} does not serve: {log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.05)
        yield process
    finally:
        _stop(process)


def _serves(system: System, port: int) -> bool:
    try:
        if system.ready_path is None:
            socket.create_connection((HOST, port), timeout=1).close()
            return True
        return httpx.get(f"http://{HOST}:{port}{system.ready_path}", timeout=2, trust_env=False).is_success
    except (OSError, httpx.TransportError):
        return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
