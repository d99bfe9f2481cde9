"""Real `windsock` processes for tests: started with an environment of their own, awaited, stopped."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from tests.waiting import wait_until

COMMAND = str(Path(sys.executable).with_name("windsock"))
NOWHERE = "http://127.0.0.1:9"
READY_WITHIN_S = 90.0
"""To start takes processor time most of all: a second alone, and many on a machine that has much else to do."""


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(**settings: str) -> dict[str, str]:
    """This process's environment without its own settings, with those given; nothing asks the real weather."""
    plain = {key: value for key, value in os.environ.items() if not key.startswith("WINDSOCK_")}
    weather = {"WINDSOCK_OPEN_METEO_URL": NOWHERE, "WINDSOCK_GEOCODING_URL": NOWHERE}
    return plain | weather | {f"WINDSOCK_{key.upper()}": value for key, value in settings.items()}


def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run `windsock` with `arguments` to its end."""
    return subprocess.run(
        [COMMAND, *arguments],
        env=environment(**settings),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


class Command:
    """A `windsock` process that runs while the block does, its output kept in files."""

    def __init__(self, folder: Path, *arguments: str, **settings: str) -> None:
        self._arguments = arguments
        self.environment = environment(**settings)
        name = f"{arguments[0]}-{secrets.token_hex(4)}"
        self._out = folder / f"{name}.out"
        self._err = folder / f"{name}.err"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            # It runs, though it does not get ready.
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    @property
    def output(self) -> str:
        """What it wrote on standard output."""
        return self._out.read_text()

    @property
    def log(self) -> str:
        """What it wrote on standard error."""
        return self._err.read_text()

    def start(self) -> None:
        """Start the process, or start it again."""
        with self._out.open("ab") as out, self._err.open("ab") as err:
            self._process = subprocess.Popen(
                self.command(), env=self.environment, stdout=out, stderr=err, start_new_session=True
            )

    def command(self) -> list[str]:
        """What is run."""
        return [COMMAND, *self._arguments]

    def wait(self, within_s: float = 30.0) -> int:
        """Wait for its end; returns the exit code."""
        assert self._process is not None
        return self._process.wait(within_s)

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Signal it and wait for its end; returns the exit code."""
        self.send(number)
        return self.wait()

    def children(self) -> list[int]:
        """The processes that it started."""
        assert self._process is not None
        pid = self._process.pid
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def ended(self) -> bool:
        """Whether it has ended, or was never started."""
        return self._process is None or self._process.poll() is not None


class Windsock(Command):
    """A process that serves on `url`: by default `windsock up`. It is ready when the block begins."""

    def __init__(self, folder: Path, *arguments: str, **settings: str) -> None:
        port = settings.setdefault("port", str(free_port()))
        settings.setdefault("data_dir", str(folder / "data"))
        super().__init__(folder, *(arguments or ("up",)), **settings)
        self.url = f"http://127.0.0.1:{port}"
        self.ws = f"ws://127.0.0.1:{port}"

    def start(self) -> None:
        """Start the process, or start it again, and wait until it is ready."""
        super().start()
        wait_until(self._ready, f"{self._arguments} does not get ready", READY_WITHIN_S)

    def metrics(self) -> dict[str, float]:
        """Its metrics by name, labels included."""
        lines = httpx.get(f"{self.url}/metrics", trust_env=False).text.splitlines()
        samples = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
        return {name: float(value) for name, value in samples}

    def _ready(self) -> bool:
        assert not self.ended(), f"{self._arguments} ended: {self.log}"
        try:
            return httpx.get(self.url + "/readyz", timeout=2, trust_env=False).status_code == 200
        except httpx.TransportError:
            return False
