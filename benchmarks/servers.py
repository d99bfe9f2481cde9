"""The processes under test: started fresh for each measurement, watched from outside, stopped.

CPU and memory are those that the kernel books to the process (`/proc`), so that a server cannot flatter itself.
"""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx
import psutil

from services import redis_binary
from services.errors import StartError

START_S = 30.0
STOP_S = 10.0
CONFIG = Path(__file__).parent.parent / "deploy" / "redis.conf"


class Server:
    """One process and its children."""

    def __init__(self, process: psutil.Popen, port: int) -> None:
        self._process = process
        self.port = port

    def cpu_s(self) -> float:
        """Seconds of processor time so far, in user and kernel mode; of children that have ended, too."""
        ended = self._process.cpu_times()
        running = sum(time.clock_gettime(_clock_of(process.pid)) for process in self._family())
        return float(running + ended.children_user + ended.children_system)

    def memory_bytes(self) -> int:
        """What it holds of the machine's memory."""
        return sum(process.memory_info().rss for process in self._family())

    def running(self) -> bool:
        return self._process.poll() is None

    def _family(self) -> list[psutil.Process]:
        return [self._process, *self._process.children(recursive=True)]


def _clock_of(pid: int) -> int:
    """The kernel's clock of a process (clock_getcpuclockid(3)); `/proc` counts hundredths of a second only."""
    return (~pid << 3) | 2


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@asynccontextmanager
async def running(
    command: Sequence[str], port: int, environment: Mapping[str, str] | None = None, ready_path: str | None = None
) -> AsyncIterator[Server]:
    """Run `command` until the block ends; it serves on `port` when the block begins. Raises StartError."""
    with tempfile.TemporaryFile() as output:
        process = psutil.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            if not await _serves(process, port, ready_path):
                output.seek(0)
                said = output.read()[-2_000:].decode(errors="replace")
                raise StartError(f"{' '.join(command)} does not serve on port {port}: {said or 'it says nothing'}")
            yield Server(process, port)
        finally:
            _stop(process)


@asynccontextmanager
async def redis_server(fsync: str | None) -> AsyncIterator[tuple[Server, str]]:
    """A Redis server without data, and its URL. Its files are on the disk of this project.

    `fsync`: as the deployment runs it, with this `appendfsync`; None: without files, so that no system is measured
    by the disk.
    """
    binary, port = redis_binary.find(), free_port()
    folder = Path(tempfile.mkdtemp(prefix=".redis-", dir=Path(__file__).parent))
    try:
        command = [binary.path, str(folder / "redis.conf"), "--port", str(port), "--bind", "127.0.0.1"]
        if fsync is None:
            command += ["--appendonly", "no"]
        else:
            command += ["--appendfsync", fsync]
        (folder / "redis.conf").write_text(CONFIG.read_text().replace("dir /data", f"dir {folder}"))
        async with running(command, port) as server:
            yield server, f"redis://127.0.0.1:{port}/0"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _serves(process: psutil.Popen, port: int, ready_path: str | None) -> bool:
    until = time.monotonic() + START_S
    async with httpx.AsyncClient(timeout=2.0, trust_env=False) as client:
        while time.monotonic() < until and process.poll() is None:
            with suppress(OSError, httpx.TransportError):
                if ready_path is None:
                    socket.create_connection(("127.0.0.1", port), 1.0).close()
                    return True
                if (await client.get(f"http://127.0.0.1:{port}{ready_path}")).is_success:
                    return True
            await asyncio.sleep(0.02)
    return False


def _stop(process: psutil.Popen) -> None:
    with suppress(psutil.NoSuchProcess):
        family = [process, *process.children(recursive=True)]
        process.terminate()
        _, left = psutil.wait_procs(family, STOP_S)
        for one in left:
            one.kill()
        process.wait()
