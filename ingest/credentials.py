"""The key that a request names, wherever the clients of some format put it. Pure.

    Authorization: Bearer <key>           programs (RFC 6750)
    Authorization: Token <key>            InfluxDB 2; `Token <user>:<key>` InfluxDB 1
    Authorization: Basic <user>:<key>     everything else, in Base64 (RFC 7617); the user's name says nothing
    X-API-Key: <key>
    ?u=<user>&p=<key>                     InfluxDB 1, where the format wants it

Keys are never logged.
"""

from __future__ import annotations

import base64
import binascii

from starlette.datastructures import QueryParams

from services.lane import Headers

LONGEST = 8_192
"""Bytes of a header, or of a query, that are looked into; no key is that long."""


def credentials_of(headers: Headers, query: bytes = b"") -> str | None:
    """The key that is named, whatever it is; None if there is none. `query` is looked into for `p`."""
    authorization = headers.get(b"authorization")
    if authorization and len(authorization) <= LONGEST:
        scheme, _, named = authorization.decode("latin-1").partition(" ")
        scheme, named = scheme.lower(), named.strip()
        if scheme == "bearer" and named:
            return named
        if scheme == "token" and named:
            return named.rpartition(":")[2] or None
        if scheme == "basic" and (password := _password(named)):
            return password
    given = headers.get(b"x-api-key")
    if given and len(given) <= LONGEST:
        return given.decode("latin-1").strip() or None
    if query and b"p=" in query and len(query) <= LONGEST:
        return QueryParams(query).get("p") or None
    return None


def _password(encoded: str) -> str:
    try:
        return base64.b64decode(encoded, validate=True).decode("utf-8", "replace").partition(":")[2]
    except (binascii.Error, ValueError):
        return ""
