"""A WebSocket by hand: it says what no library would, and reads only when it is told to."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

KEY = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
UPGRADE = "Connection: Upgrade\r\nUpgrade: websocket\r\n"
MASK = b"\0\0\0\0"
TEXT, CONTINUED, CLOSE, PING = 1, 0, 8, 9


def handshaking(url: str, path: str) -> socket.socket:
    """A socket with small buffers that has asked for the handshake with `path` on the server at `url`."""
    parts = urlsplit(url)
    assert parts.hostname
    assert parts.port
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.settimeout(30)
    raw.connect((parts.hostname, parts.port))
    raw.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n{UPGRADE}{KEY}\r\n".encode())
    return raw


def upgraded(url: str, path: str) -> socket.socket:
    """The same after the handshake."""
    raw = handshaking(url, path)
    head = b""
    while b"\r\n\r\n" not in head:
        head += raw.recv(1)
    assert b" 101 " in head
    return raw


def frame(opcode: int, payload: bytes, *, final: bool = True) -> bytes:
    """A client's frame of at most 125 bytes, masked with zeros (RFC 6455, section 5.2)."""
    return bytes((opcode | (128 if final else 0), 128 | len(payload))) + MASK + payload


def close_code(raw: socket.socket) -> int:
    """Read server frames until the close frame; returns its code."""
    while True:
        opcode, payload = _next(raw)
        if opcode == CLOSE:
            return int.from_bytes(payload[:2])


def message(raw: socket.socket) -> bytes:
    """The next text or binary message."""
    while True:
        opcode, payload = _next(raw)
        assert opcode != CLOSE, payload
        if opcode < CLOSE:
            return payload


def _next(raw: socket.socket) -> tuple[int, bytes]:
    opcode, size = _exactly(raw, 1)[0] & 15, _exactly(raw, 1)[0]
    if size > 125:
        size = int.from_bytes(_exactly(raw, 2 if size == 126 else 8))
    return opcode, _exactly(raw, size)


def _exactly(raw: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = raw.recv(size - len(data))
        assert part, "the connection ended"
        data += part
    return data
