"""How a request says who sends it: the text of a key, wherever the format's clients put it. Pure."""

from __future__ import annotations

import base64
import binascii
from urllib.parse import parse_qs

from services.lane import Headers


def credentials_of(headers: Headers, query: bytes = b"") -> str | None:
    """The key in `Authorization` (Bearer, Token, Basic's password), `X-API-Key`, or InfluxDB's `?p=`; None without.

    `query` is that of a path whose clients put it there.
    """
    scheme, _, said = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    said = said.strip()
    match scheme.lower():
        case "bearer":
            found = said
        case "token":
            # InfluxDB 2 takes the user and password of version 1 as a token, too.
            found = said.rpartition(":")[2]
        case "basic":
            found = _password(said)
        case _:
            found = headers.get(b"x-api-key", b"").decode("latin-1").strip()
    if not found and query:
        found = parse_qs(query.decode("latin-1"), max_num_fields=100).get("p", [""])[0]
    return found or None


def _password(said: str) -> str:
    try:
        return base64.b64decode(said, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""
