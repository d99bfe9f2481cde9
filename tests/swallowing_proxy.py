"""A TCP proxy in front of Redis that passes commands on and, when told to, swallows the answers."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class SwallowingProxy(socketserver.ThreadingTCPServer):
    """Listens on `url` while its context is open. What it swallowed is lost, and so is the connection."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.url = f"redis://127.0.0.1:{self.server_address[1]}/0"
        self.port = port
        self.word = b""
        """Answers to what contains this are swallowed; empty: none."""
        self.swallowed = 0

    @contextmanager
    def running(self) -> Iterator[SwallowingProxy]:
        threading.Thread(target=self.serve_forever, daemon=True).start()
        try:
            yield self
        finally:
            self.shutdown()
            self.server_close()


class _Connection(socketserver.BaseRequestHandler):
    server: SwallowingProxy

    def handle(self) -> None:
        with socket.create_connection(("127.0.0.1", self.server.port)) as redis:
            swallowing = threading.Event()
            back = threading.Thread(target=self._answers, args=(redis, swallowing), daemon=True)
            back.start()
            while data := self._read(self.request):
                if self.server.word and self.server.word in data:
                    swallowing.set()
                redis.sendall(data)
            redis.shutdown(socket.SHUT_WR)
            back.join()

    def _answers(self, redis: socket.socket, swallowing: threading.Event) -> None:
        while data := self._read(redis):
            if swallowing.is_set():
                self.server.swallowed += 1
                self.request.shutdown(socket.SHUT_RDWR)
                return
            self.request.sendall(data)

    @staticmethod
    def _read(end: socket.socket) -> bytes:
        try:
            return end.recv(65_536)
        except OSError:
            return b""
