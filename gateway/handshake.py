"""The opening handshake as clients send it (RFC 6455, section 4.2). Pure.

HTTP's parser has read the request already. uvicorn would write it down again for websockets to parse: a third of
what a WebSocket costs before its endpoint runs (benchmark "connections"). Whatever is unusual in a handshake still
goes that way, and is answered there.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha1
from typing import Any

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
CONNECTION = (b"upgrade", b"keep-alive, upgrade")
LONGEST_LINE = 8_000
"""websockets refuses lines above 8,192 bytes and more than 128 headers."""
MOST_HEADERS = 100

SUBPROTOCOLS = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+(?:, ?[!#$%&'*+.^_`|~0-9A-Za-z-]+)*").fullmatch
"""Names with commas between them (RFC 6455, section 11.3.4; tokens as in RFC 9110)."""
BODY = (b"content-length", b"transfer-encoding")


def accepted(request: Mapping[str, Any], target: bytes) -> bytes | None:
    """The value of Sec-WebSocket-Accept for a handshake (an ASGI scope) in which everything is as usual."""
    if request["method"] != "GET" or request["http_version"] != "1.1" or not target.startswith(b"/"):
        return None
    headers: Sequence[tuple[bytes, bytes]] = request["headers"]
    given = dict(headers)
    if len(given) != len(headers) or len(headers) > MOST_HEADERS or not target.isascii():
        return None
    if any(name in given for name in BODY):
        return None
    if len(target) > LONGEST_LINE or any(len(name) + len(value) > LONGEST_LINE for name, value in headers):
        return None
    if not SUBPROTOCOLS(given.get(b"sec-websocket-protocol", b"x")):
        return None
    if given.get(b"upgrade", b"").lower() != b"websocket" or given.get(b"connection", b"").lower() not in CONNECTION:
        return None
    key = given.get(b"sec-websocket-key", b"")
    if given.get(b"sec-websocket-version") != b"13" or not _is_key(key):
        return None
    return base64.b64encode(sha1(key + GUID, usedforsecurity=False).digest())


def response(accept: bytes, headers: Iterable[tuple[bytes, bytes]], subprotocol: str | None) -> bytes:
    """The answer that completes the handshake."""
    lines = [
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade",
        b"Sec-WebSocket-Accept: " + accept,
        *(b"%s: %s" % header for header in headers),
    ]
    if subprotocol:
        lines.append(b"Sec-WebSocket-Protocol: " + subprotocol.encode("latin-1"))
    return b"\r\n".join(lines) + b"\r\n\r\n"


def _is_key(key: bytes) -> bool:
    try:
        return len(binascii.a2b_base64(key, strict_mode=True)) == 16
    except binascii.Error:
        return False
