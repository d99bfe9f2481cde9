"""Readings in our own form: JSON, one or an array, or one per line."""

from __future__ import annotations

from ingest.formats.format import Format
from services.lane import Post
from services.reading import Decoded, Limits, decode


def _json(post: Post, limits: Limits, now_ms: int) -> Decoded:
    return decode(post.body, "json", limits, now_ms)


def _lines(post: Post, limits: Limits, now_ms: int) -> Decoded:
    return decode(post.body, "lines", limits, now_ms)


JSON = Format("json", _json, typed=True)
LINES = Format("lines", _lines, typed=True)
