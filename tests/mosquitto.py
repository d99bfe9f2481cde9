"""A real mosquitto with a file for its sessions, to be stopped and started again."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from pathlib import Path

from tests.processes import free_port
from tests.waiting import wait_until

CONNECT = b"\x10\x0f\x00\x04MQTT\x04\x02\x00\x05\x00\x03ask"
"""MQTT 3.1.1, section 3.1, with the client id 'ask'."""


class Mosquitto:
    """Listens on `url` between `start` and `stop`; `users` (name → password) may connect, or everybody.

    `lines` are more of its configuration.
    """

    def __init__(self, folder: Path, users: dict[str, str] | None = None, *lines: str) -> None:
        folder.mkdir(exist_ok=True)
        # As root it would become a user who may not write here.
        binary = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
        assert binary, "no mosquitto on the PATH; `make test` installs it"
        self.port = free_port()
        self.url = f"mqtt://127.0.0.1:{self.port}"
        self._log = folder / "mosquitto.log"
        self._users = users
        file = folder / "mosquitto.conf"
        settings = [f"listener {self.port} 127.0.0.1", *lines, "user root", "max_queued_messages 0"]
        settings += ["persistence true", f"persistence_location {folder}/"]
        if users is None:
            settings.append("allow_anonymous true")
        else:
            passwords = folder / "passwords"
            passwords.touch()
            for name, password in users.items():
                subprocess.run(["mosquitto_passwd", "-b", str(passwords), name, password], check=True)
            settings += ["allow_anonymous false", f"password_file {passwords}"]
        file.write_text("\n".join([*settings, ""]))
        self._command = [binary, "-c", str(file)]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.start_blindly()
        wait_until(self._answers, "mosquitto does not start")

    def start_blindly(self) -> None:
        """Start it without waiting."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)

    def stop(self) -> None:
        """End it as a restart does: it writes its sessions down."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait()

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as probe:
                probe.sendall(CONNECT)
                return probe.recv(4)[:1] == b"\x20"
        except OSError:
            return False
