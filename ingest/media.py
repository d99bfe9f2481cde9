"""What a request says its body is."""

from __future__ import annotations

from starlette.requests import Request

from services.errors import UnsupportedMedia


def media_type(request: Request) -> str:
    """The media type of the body, in lower case; empty if it has none. Raises UnsupportedMedia."""
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding != "identity":
        raise UnsupportedMedia(f"content encoding {encoding[:32]!r} is not read here; send the body as it is")
    named = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not named and "origin" in request.headers:
        # A browser sends such a body for any page without asking us first (fetch.spec.whatwg.org, no-cors).
        raise UnsupportedMedia("a web page must name the media type; send Content-Type: application/json")
    return named
