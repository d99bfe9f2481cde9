"""The private Redis server of `windsock up`: started, watched, restarted when it dies, stopped.

Promises: it listens on a unix socket of this user only, keeps every acknowledged write as `fsync` says,
does not outlive this process (on Linux not even a kill -9), and is not reached by the terminal's Ctrl-C,
so that it stops after those who use it. Deliberately no pool, no data model: users connect to the URL.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import socket
import struct
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from urllib.parse import quote

from redis.exceptions import RedisError

from services import data_dir, logs, redis
from services.background import background
from services.errors import StartError
from services.redis_binary import Binary

READY_S = 60.0
"""How long loading the append-only file may take."""
STOP_S = 10.0
LOG_BYTES = 1_048_576
RESTART_MAX_S = 5.0
STEADY_S = 60.0
"""A server that ran so long is restarted without a wait."""

log = logs.get("embedded")


@asynccontextmanager
async def running(binary: Binary, data_path: str, fsync: str) -> AsyncIterator[str]:
    """Run the server while the block runs; gives its URL. Raises StartError if it cannot start."""
    with data_dir.owned(data_path) as folder:
        server = _Server(binary, folder, fsync)
        await server.start()
        try:
            async with background(server.watch):
                yield server.url
        finally:
            await server.stop()


def config_text(folder: Path, socket_path: Path, log_path: Path, fsync: str) -> str:
    """The server's configuration, which it reads from standard input."""
    return "\n".join(
        [
            "port 0",
            f"unixsocket {_quoted(socket_path)}",
            "unixsocketperm 700",
            f"dir {_quoted(folder)}",
            f"logfile {_quoted(log_path)}",
            "appendonly yes",
            f"appendfsync {fsync}",
            # As commands, which Redis and Valkey read from each other; of their snapshots only some versions.
            "aof-use-rdb-preamble no",
            'save ""',
            "maxmemory-policy noeviction",
            "daemonize no",
            "",
        ]
    )


def restart_delay_s(lived_s: float, failures: int) -> float:
    """How long to wait before the next start, after `failures` early deaths in a row."""
    return 0.0 if lived_s >= STEADY_S else min(RESTART_MAX_S, 0.05 * 2.0 ** min(failures, 20))


class _Server:
    def __init__(self, binary: Binary, folder: Path, fsync: str) -> None:
        # Redis 6 would not look into this directory, and begin empty.
        if binary.version < (7,) and (folder / "appendonlydir").exists():
            raise StartError(
                f"WINDSOCK_DATA_DIR={str(folder)!r} was written by Redis 7 or newer, and {binary.path} is older "
                f"({binary}); install redis-server 7, or name another directory"
            )
        self._binary = binary
        self._socket = data_dir.socket_path(folder)
        self._log = folder / "redis.log"
        self._config = config_text(folder, self._socket, self._log, fsync)
        self._process: asyncio.subprocess.Process | None = None
        self.url = f"unix://{quote(str(self._socket))}"

    async def start(self) -> None:
        """Start the server and wait until it answers."""
        await _end_orphan(self._socket)
        try:
            await self._launch()
        except BaseException:
            await self.stop()
            raise

    async def watch(self) -> None:
        """Start the server again whenever it dies, until cancelled."""
        clock = asyncio.get_running_loop().time
        failures = 0
        while True:
            assert self._process is not None
            began = clock()
            code = await self._process.wait()
            lived_s = clock() - began
            failures = 0 if lived_s >= STEADY_S else failures + 1
            delay_s = restart_delay_s(lived_s, failures)
            log.error("the private Redis server died; it is started again", code=code, delay_s=delay_s)
            await asyncio.sleep(delay_s)
            try:
                await self._launch()
            except StartError as error:
                log.error("the private Redis server did not start", reason=str(error))
                await self.stop()
            else:
                log.info("the private Redis server runs again", pid=self._process.pid)

    async def stop(self) -> None:
        """End the server, with force if it does not end by itself."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOP_S)
        except TimeoutError:
            log.error("the private Redis server does not stop; it is killed", pid=process.pid)
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _launch(self) -> None:
        try:
            if self._log.exists() and self._log.stat().st_size > LOG_BYTES:
                self._log.replace(self._log.with_suffix(".log.1"))
            with self._log.open("ab") as output:
                from_here = output.tell()
                self._process = process = await asyncio.create_subprocess_exec(
                    self._binary.path,
                    "-",
                    stdin=asyncio.subprocess.PIPE,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                    preexec_fn=_in_the_child(),
                )
            assert process.stdin is not None
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # its log says why it died
                process.stdin.write(self._config.encode("ascii"))
                await process.stdin.drain()
            process.stdin.close()
        except OSError as error:
            raise StartError(f"cannot start {self._binary.path}: {error}") from None
        await self._answers(process, from_here)

    async def _answers(self, process: asyncio.subprocess.Process, from_here: int) -> None:
        client = redis.connect(self.url)
        try:
            async with asyncio.timeout(READY_S):
                while process.returncode is None:
                    with contextlib.suppress(RedisError, OSError):
                        await client.ping()
                        return
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise StartError(
                f"the private Redis server ({self._binary}) did not answer within {READY_S:.0f} s; see {self._log}"
            ) from None
        finally:
            await client.aclose()
        raise StartError(
            f"the private Redis server ({self._binary}) ended at once: {self._last_words(from_here)}; see {self._log}"
        )

    def _last_words(self, from_here: int) -> str:
        with self._log.open("rb") as lines:
            lines.seek(max(from_here, self._log.stat().st_size - 4_096))
            said = [line for line in lines.read().decode("utf-8", "replace").splitlines() if line.strip()]
        return said[-1].partition(" # ")[2] or said[-1] if said else "it wrote no log"


def _quoted(path: Path) -> str:
    """`path` as one word of a Redis configuration."""
    plain = (
        chr(byte) if 0x20 <= byte < 0x7F and byte not in b'"\\' else f"\\x{byte:02x}" for byte in os.fsencode(path)
    )
    return f'"{"".join(plain)}"'


def _in_the_child() -> Callable[[], object]:
    """What the child runs before it becomes the server: its files are for this user; on Linux it dies with us."""
    if sys.platform != "linux":
        return partial(os.umask, 0o077)
    prctl = ctypes.CDLL(None).prctl  # looked up before the fork, where little is allowed
    parent = os.getpid()

    def ask() -> None:
        os.umask(0o077)
        set_parent_death_signal = 1
        prctl(set_parent_death_signal, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:  # it died in between
            os._exit(1)

    return ask


async def _end_orphan(path: Path) -> None:
    """End a server that an earlier windsock left on our socket. We hold the lock: nobody else uses it."""
    pid = await asyncio.to_thread(_listener_of, path)
    if pid is None:
        return
    log.warning("an earlier windsock left its Redis server behind; it is stopped", pid=pid)
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_S):
                while await asyncio.to_thread(_listener_of, path) == pid:  # noqa: ASYNC110 - it sends us no event
                    await asyncio.sleep(0.02)
            return
    raise StartError(f"process {pid} listens on {path} and does not end; end it")


def _listener_of(path: Path) -> int | None:
    """The process that listens on the socket `path`; None if nobody does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(2.0)
        try:
            probe.connect(os.fspath(path))
            if sys.platform == "linux":
                credentials = probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
                # 0: it lives in another container, out of our reach.
                return int(struct.unpack("3i", credentials)[0]) or None
            probe.sendall(b"INFO server\r\n")
            said = probe.recv(65_536)
        except OSError:
            return None
    pid = next((line for line in said.splitlines() if line.startswith(b"process_id:")), b":0").partition(b":")[2]
    return int(pid) or None
