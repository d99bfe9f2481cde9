"""What a request says its body is."""

from __future__ import annotations

from services.errors import UnsupportedMedia
from services.lane import Headers

SIMPLE = ("", "application/x-www-form-urlencoded", "multipart/form-data", "text/plain")
"""Types with which a browser sends a body for any page without asking us first (fetch.spec.whatwg.org, no-cors)."""


def media_type(headers: Headers) -> str:
    """The media type of the body, in lower case; empty if it has none. Raises UnsupportedMedia."""
    named = headers.get(b"content-type", b"").partition(b";")[0].strip().lower().decode("latin-1")
    if named in SIMPLE and b"origin" in headers:
        raise UnsupportedMedia("a web page must name the media type; send Content-Type: application/json")
    return named
