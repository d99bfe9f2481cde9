"""What a request says its body is."""

from __future__ import annotations

from services.errors import UnsupportedMedia
from services.lane import Headers


def media_type(headers: Headers) -> str:
    """The media type of the body, in lower case; empty if it has none. Raises UnsupportedMedia."""
    encoding = headers.get(b"content-encoding", b"identity").strip().lower()
    if encoding != b"identity":
        shown = encoding.decode("latin-1")[:32]
        raise UnsupportedMedia(f"content encoding {shown!r} is not read here; send the body as it is")
    named = headers.get(b"content-type", b"").partition(b";")[0].strip().lower().decode("latin-1")
    if not named and b"origin" in headers:
        # A browser sends such a body for any page without asking us first (fetch.spec.whatwg.org, no-cors).
        raise UnsupportedMedia("a web page must name the media type; send Content-Type: application/json")
    return named
