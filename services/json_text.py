"""JSON that clients send, and JSON that waits to be stored."""

from __future__ import annotations

from typing import Any

import orjson

from services.errors import Fault, MalformedBody


def parsed(text: bytes) -> Any:
    """The value of a JSON text. Raises MalformedBody."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise MalformedBody([Fault(None, None, f"the JSON is malformed: {error}")]) from None


def compact(value: Any) -> bytes:
    """`value` as JSON in no more memory than it takes: orjson's own results keep 4 KiB for the shortest text."""
    return bytes(memoryview(orjson.dumps(value)))
