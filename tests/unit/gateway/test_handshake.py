from __future__ import annotations

from typing import Any

import pytest
from websockets.datastructures import Headers
from websockets.http11 import Request as WebsocketsRequest
from websockets.server import ServerProtocol

from gateway.handshake import accepted, response

KEY = (b"sec-websocket-key", b"dGhlIHNhbXBsZSBub25jZQ==")
USUAL = [
    (b"host", b"127.0.0.1"),
    (b"upgrade", b"websocket"),
    (b"connection", b"Upgrade"),
    KEY,
    (b"sec-websocket-version", b"13"),
    (b"sec-websocket-extensions", b"permessage-deflate; client_max_window_bits"),
]


def scope(headers: list[tuple[bytes, bytes]], **other: str) -> dict[str, Any]:
    return {"method": "GET", "http_version": "1.1", "headers": headers, **other}


def changed(name: bytes, value: bytes | None) -> list[tuple[bytes, bytes]]:
    kept = [header for header in USUAL if header[0] != name]
    return kept if value is None else [*kept, (name, value)]


def test_the_answer_is_that_of_the_rfc() -> None:
    assert accepted(scope(USUAL), b"/") == b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


@pytest.mark.parametrize("connection", [b"Upgrade", b"keep-alive, Upgrade"])
def test_the_answer_is_that_of_websockets(connection: bytes) -> None:
    headers = changed(b"connection", connection)
    request = WebsocketsRequest("/", Headers([(name.decode(), value.decode()) for name, value in headers]))
    told = ServerProtocol().accept(request)
    accept = accepted(scope(headers), b"/")
    assert accept is not None
    _, *lines = response(accept, [(b"date", told.headers["Date"].encode())], None).decode().split("\r\n")
    names = {line.lower() for line in lines if line}
    assert names == {f"{name}: {value}".lower() for name, value in told.headers.raw_items()}


def test_the_answer_names_the_chosen_subprotocol() -> None:
    told = response(b"x", [(b"x-more", b"1")], "centrifuge-json")
    assert told.endswith(b"\r\nx-more: 1\r\nSec-WebSocket-Protocol: centrifuge-json\r\n\r\n")


@pytest.mark.parametrize(
    "headers",
    [
        changed(b"upgrade", b"h2c"),
        changed(b"connection", b"keep-alive"),
        changed(b"sec-websocket-version", b"8"),
        changed(b"sec-websocket-version", None),
        changed(b"sec-websocket-key", None),
        changed(b"sec-websocket-key", b"dGhl"),
        changed(b"sec-websocket-key", b"dGhlIHNhbXBsZSBub25jZQ"),
        changed(b"sec-websocket-key", b"not Base64 at all"),
        [*USUAL, KEY],
        [*USUAL, (b"content-length", b"2")],
        [*USUAL, (b"transfer-encoding", b"chunked")],
        [*USUAL, (b"cookie", b"x" * 8_001)],
        [*USUAL, *((b"x-%d" % number, b"") for number in range(100))],
    ],
)
def test_what_is_unusual_is_left_to_websockets(headers: list[tuple[bytes, bytes]]) -> None:
    assert accepted(scope(headers), b"/") is None


@pytest.mark.parametrize("target", [b"/" + b"x" * 8_001, "/ä".encode(), b"http://elsewhere/", b"*"], ids=range(4))
def test_unusual_targets_are_too(target: bytes) -> None:
    assert accepted(scope(USUAL), target) is None


@pytest.mark.parametrize("request_line", [{"method": "POST"}, {"http_version": "1.0"}])
def test_other_requests_are_too(request_line: dict[str, str]) -> None:
    assert accepted(scope(USUAL, **request_line), b"/") is None


@pytest.mark.parametrize(
    ("offered", "usual"),
    [
        (b"centrifuge-json", True),
        (b"centrifuge-json, bearer.abc", True),
        (b"a,b", True),
        (b', "x y', False),
        (b"", False),
        (b"a,,b", False),
        (b"a b", False),
    ],
)
def test_subprotocols_that_are_no_names_are_left_to_websockets(offered: bytes, usual: bool) -> None:
    found = accepted(scope(changed(b"sec-websocket-protocol", offered)), b"/")
    assert (found is not None) == usual


def test_a_long_name_is_not_usual() -> None:
    assert accepted(scope([*USUAL, (b"x" * 9_000, b"")]), b"/") is None
