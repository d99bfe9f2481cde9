"""The key that a request names, wherever the clients of some format put it. Pure.

    Authorization: Bearer <key>           programs (RFC 6750)
    Authorization: Token <key>            InfluxDB 2; `Token <user>:<key>` InfluxDB 1
    Authorization: Basic <user>:<key>     everything else, in Base64 (RFC 7617); the user's name says nothing
    X-API-Key: <key>
    ?u=<user>&p=<key>                     InfluxDB 1, where the format wants it

Of several that are named the first that begins like a device key counts. Keys are never logged.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Iterator

from starlette.datastructures import QueryParams

from services.device_keys import looks_like_key
from services.lane import Headers

LONGEST = 8_192
"""Bytes of a header, or of a query, that are looked into; no key is that long."""


def credentials_of(headers: Headers, query: bytes = b"") -> str | None:
    """The key that is named, whatever it is; None if there is none. `query` is looked into for `p`."""
    return preferred(named_in(headers, query))


def preferred(named: Iterable[str]) -> str | None:
    """Of what is named in several places the first that is meant as a device key, else the first.

    A proxy or a page may have to send something of its own beside it.
    """
    first: str | None = None
    for one in named:
        if looks_like_key(one):
            return one
        first = first or one
    return first


def named_in(headers: Headers, query: bytes = b"") -> Iterator[str]:
    """All that is named, in the order above."""
    authorization = headers.get(b"authorization")
    if authorization and len(authorization) <= LONGEST:
        scheme, _, named = authorization.decode("latin-1").partition(" ")
        read = _SCHEMES.get(scheme.lower())
        if read is not None and (key := read(named.strip())):
            yield key
    given = headers.get(b"x-api-key")
    if given and len(given) <= LONGEST and (key := given.decode("latin-1").strip()):
        yield key
    if query and b"p=" in query and len(query) <= LONGEST and (password := QueryParams(query).get("p")):
        yield password


def _after_user(named: str) -> str:
    return named.rpartition(":")[2]


def _password(encoded: str) -> str:
    try:
        return base64.b64decode(encoded, validate=True).decode("utf-8", "replace").partition(":")[2]
    except (binascii.Error, ValueError):
        return ""


_SCHEMES: dict[str, Callable[[str], str]] = {"bearer": str, "token": _after_user, "basic": _password}
"""Scheme of `Authorization` → how what follows is read."""
