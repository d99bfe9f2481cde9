"""The load client: many WebSocket clients, or many posting connections, in one process outside the server.

Owns: compiling the C program in `load/` when a source is newer than it, and talking to it.
Promises: counts are those of the program, which are exact (tests/benchmarks/test_load_client.py); what it complains of
is raised as `LoadError`.
Does not: judge the numbers, nor publish what the clients receive.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import msgspec

SOURCES = Path(__file__).with_name("load")
BINARY = SOURCES / "build" / "load"
FLAGS = ["-std=gnu11", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra"]

Dialect = Literal["plain", "text", "socketio", "centrifuge-json", "centrifuge-protobuf"]


class LoadError(Exception):
    """The load client could not be compiled, or said what is wrong and ended."""


class Ready(msgspec.Struct, frozen=True):
    """The end of connecting: `failed` clients were refused, the first of them for `reason`."""

    clients: int
    seconds: float
    failed: int
    recovered: int
    not_recovered: int
    reason: str


class Stats(msgspec.Struct, frozen=True):
    """What came since the last `begin`. The C program's tally.h says what each counter means."""

    clients: int
    received: int
    missed: int
    repeated: int
    disordered: int
    foreign: int
    closed: int
    refused: int
    unsubscribed: int
    recovered: int
    not_recovered: int
    bytes: int
    last_received_ns: int
    lowest_seq: int
    p50_us: float
    p90_us: float
    p99_us: float
    max_us: float
    cpu_s: float
    reason: str


class Done(msgspec.Struct, frozen=True):
    """What posting came to; durations are from sending a request to the whole answer."""

    posts: int
    readings: int
    seconds: float
    statuses: dict[str, int]
    p50_us: float
    p99_us: float
    max_us: float
    cpu_s: float


def compiler() -> list[str]:
    """The C compiler to use: `$CC`, `cc`, or the one that comes as the Python package ziglang."""
    named = shlex.split(os.environ.get("CC") or "cc")
    if shutil.which(named[0]):
        return named
    if importlib.util.find_spec("ziglang"):
        return [sys.executable, "-m", "ziglang", "cc"]
    raise LoadError(f"no C compiler: {named[0]} is not on the PATH, and the package ziglang (extra `bench`) is missing")


def compiled() -> Path:
    """The program, compiled anew if one of its sources is newer."""
    sources = sorted(SOURCES.glob("*.[ch]"))
    if BINARY.exists() and BINARY.stat().st_mtime > max(source.stat().st_mtime for source in sources):
        return BINARY
    BINARY.parent.mkdir(exist_ok=True)
    fresh = BINARY.with_name(f"load-{os.getpid()}")  # two at once do not run each other's half
    command = [*compiler(), *FLAGS, "-o", str(fresh), *(str(source) for source in sources if source.suffix == ".c")]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    if outcome.returncode != 0:
        raise LoadError(f"{' '.join(command[:3])} failed:\n{outcome.stderr}")
    fresh.replace(BINARY)
    return BINARY


def options(**values: str | float | bool) -> list[str]:
    """Command line options by their names in Python; False leaves a flag out."""
    words: list[str] = []
    for name, value in values.items():
        if value is False:
            continue
        words.append("--" + name.replace("_", "-"))
        if value is not True:
            words.append(str(value))
    return words


class LoadClient:
    """A running `load sockets`. Use it as `async with`, or call `quit` yourself; one call at a time."""

    def __init__(self, process: Process) -> None:
        self._process = process

    @classmethod
    async def start(
        cls,
        *,
        port: int,
        path: str,
        dialect: Dialect,
        clients: int,
        topics: int = 1,
        per_client: int = 1,
        in_flight: int = 200,
        channel: str | None = None,
        first_seq: int = 1,
        timeout: int = 30,
        host: str = "127.0.0.1",
    ) -> Self:
        """Begin to connect. `first_seq` is the number that every topic begins with; 0: whichever comes first."""
        arguments = options(
            host=host,
            port=port,
            path=path,
            dialect=dialect,
            clients=clients,
            topics=topics,
            per_client=per_client,
            in_flight=in_flight,
            channel=channel or False,
            first_seq=first_seq,
            timeout=timeout,
        )
        return cls(await launch("sockets", arguments))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.quit()

    @property
    def pid(self) -> int:
        """The process, to pin it to a processor or to measure it."""
        return self._process.pid

    async def wait_ready(self, *, all_of_them: bool = True) -> Ready:
        """Wait until every client is subscribed or refused. Refused ones are an error if it must be `all_of_them`."""
        ready = msgspec.convert(await self._heard("ready"), Ready)
        if all_of_them and ready.failed:
            raise LoadError(f"{ready.failed} clients did not get ready: {ready.reason}")
        return ready

    async def begin(self) -> None:
        """Forget what was counted; what each client has got last stays known."""
        self._say("begin")
        await self._heard("begun")

    async def stats(self) -> Stats:
        """What was counted since `begin`, or since the start."""
        self._say("stats")
        return msgspec.convert(await self._heard("stats"), Stats)

    async def drained(self, received: int, *, quiet_s: float = 2.0) -> Stats:
        """Wait until so many messages came, or none for `quiet_s`."""
        stats = await self.stats()
        quiet_since = asyncio.get_running_loop().time()
        while stats.received < received and asyncio.get_running_loop().time() - quiet_since < quiet_s:
            await asyncio.sleep(0.02)
            before, stats = stats, await self.stats()
            if stats.received > before.received:
                quiet_since = asyncio.get_running_loop().time()
        return stats

    async def drop(self) -> None:
        """Abort all sockets at once."""
        self._say("drop")
        await self._heard("dropped")

    async def connect(self, *, all_of_them: bool = True) -> Ready:
        """Connect all that are away, from their last positions where the dialect knows them, and wait."""
        self._say("connect")
        return await self.wait_ready(all_of_them=all_of_them)

    async def quit(self) -> None:
        """End the process; it has ended afterwards."""
        if self._process.returncode is None:
            self._say("quit")
        # Reads both pipes to their ends, so that their transports close.
        await self._process.communicate()

    def _say(self, command: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(command.encode() + b"\n")

    async def _heard(self, event: str) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        if not line:
            raise LoadError(await complaint(self._process))
        told: dict[str, Any] = msgspec.json.decode(line)
        if told["event"] != event:
            raise LoadError(f"expected {event}, and the load client said {line.decode()}")
        return told


async def posts(
    *,
    port: int,
    connections: int,
    seconds: float,
    path: str = "/v1/readings",
    readings_per_post: int = 1,
    devices: int = 500,
    metrics: int = 2,
    rate: float = 0,
    mark: bool = False,
    host: str = "127.0.0.1",
) -> Done:
    """Post readings for so many seconds: `rate` readings a second, or as fast as the server answers."""
    arguments = options(
        host=host,
        port=port,
        path=path,
        connections=connections,
        seconds=seconds,
        readings_per_post=readings_per_post,
        devices=devices,
        metrics=metrics,
        rate=rate,
        mark=mark,
    )
    process = await launch("posts", arguments)
    try:
        out, errors = await process.communicate()
    except asyncio.CancelledError:
        process.kill()
        await process.communicate()
        raise
    if process.returncode != 0:
        raise LoadError(errors.decode().strip())
    return msgspec.json.decode(out, type=Done)


async def launch(mode: str, arguments: Sequence[str]) -> Process:
    """Start the program, compiled if need be."""
    binary = await asyncio.to_thread(compiled)
    return await asyncio.create_subprocess_exec(binary, mode, *arguments, stdin=PIPE, stdout=PIPE, stderr=PIPE)


async def complaint(process: Process) -> str:
    """Why the process ended."""
    _, errors = await process.communicate()
    return errors.decode().strip() or f"the load client ended with code {process.returncode}"
