"""Tokens and keys where a handshake or request can carry them.

    Authorization: Bearer <token>                     programs (RFC 6750)
    ?token=<token>                                    EventSource and WebSocket of a browser
    Sec-WebSocket-Protocol: windsock, bearer.<token>  WebSocket of a browser, where URLs are logged on the way

They are never logged.
"""

from __future__ import annotations

from collections.abc import Iterator

from starlette.requests import HTTPConnection

SUBPROTOCOL = "bearer."


def token_of(connection: HTTPConnection) -> str | None:
    """The first token that stands in a request or handshake; None if there is none."""
    return next(tokens_of(connection), None)


def tokens_of(connection: HTTPConnection) -> Iterator[str]:
    """All of them, in the order in which they count."""
    scheme, _, given = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and given:
        yield given.strip()
    for offered in connection.scope.get("subprotocols", ()):
        if offered.startswith(SUBPROTOCOL):
            yield str(offered.removeprefix(SUBPROTOCOL))
    if token := connection.query_params.get("token"):
        yield token


def subprotocol(offered: list[str]) -> str | None:
    """Which of the subprotocols that a client offers is chosen: a browser wants one, better not its token."""
    return next((one for one in offered if not one.startswith(SUBPROTOCOL)), offered[0] if offered else None)
